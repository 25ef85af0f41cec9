"""A synthetic scene: an ego on a straight road, a kangaroo that hops across, a car that comes. No server needed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from moto.server import ThreadedMotoServer
from scenariogeneration import xodr

from assets.tags import Tag
from orchestrator.store import Store
from sensors.frames import RETURN, CameraFrame, Frame, ObjectState, ObjectView, SceneMeta, Sweep
from sensors.geometry import box_outline, clip_box, inverse
from sensors.recording import RecordingWriter
from sensors.rig import Rig, load_rig

SKY, GROUND, ROAD = (150, 190, 230), (150, 110, 70), (90, 90, 95)


def _pose(x: float, y: float, z: float, yaw: float = 0.0) -> np.ndarray:
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    pose[:3, 3] = x, y, z
    return pose


def _objects(time: float) -> tuple[ObjectState, ...]:
    hop = abs(np.sin(time * 6)) * 0.6
    kangaroo = ObjectState(
        7,
        "animal.kangaroo",
        _pose(45 - 2 * time, -8 + 7 * time, 0.75 + hop, 1.8),
        (1.6, 0.5, 1.5),
        np.array([-2.0, 7, 0]),
        np.zeros(3),
        ("moving",),
        "walker.animal.kangaroo",
    )
    car = ObjectState(
        9,
        "car",
        _pose(70 - 15 * time, 3.5, 0.7, np.pi),
        (4.2, 1.9, 1.4),
        np.array([-15.0, 0, 0]),
        np.zeros(3),
        ("moving",),
        "vehicle.audi.tt",
    )
    return kangaroo, car


def synthetic_frame(rig: Rig, index: int) -> Frame:
    time = index * rig.tick
    world_from_ego = _pose(18 * time, 0, 0)
    objects = _objects(time)
    cameras = {}
    for spec in rig.cameras:
        world_from_camera = world_from_ego @ spec.mount.matrix
        image = np.full((spec.height, spec.width, 3), SKY, np.uint8)
        horizon = round(spec.cy)
        image[horizon:] = GROUND
        road = np.array([[spec.cx, horizon], [-300, spec.height + 60], [spec.width + 300, spec.height + 60]], np.int32)
        cv2.fillPoly(image, [road], ROAD)
        instance = np.zeros((spec.height, spec.width), np.uint16)
        views = []
        for state, color in zip(reversed(objects), ((180, 30, 30), (120, 80, 50)), strict=True):
            outline = box_outline(spec.pinhole, inverse(world_from_camera) @ state.world_from_box, state.size)
            if outline is None:
                continue
            mask = np.zeros(instance.shape, np.uint8)
            cv2.fillPoly(mask, [np.clip(outline, -1e4, 1e4).astype(np.int32)], 1)
            image[mask > 0], instance[mask > 0] = color, state.track_id
            box = (*outline.min(0).tolist(), *outline.max(0).tolist())
            pixels = int(mask.sum())
            views.append(
                ObjectView(
                    state.track_id,
                    pixels,
                    pixels,
                    clip_box(box, spec.width, spec.height) if pixels else None,
                    box,
                    1.0,
                    0.0,
                    False,
                )
            )
        cameras[spec.name] = CameraFrame(
            spec.name,
            world_from_camera,
            image,
            np.full(instance.shape, 20, np.float32),
            np.full(instance.shape, Tag.TERRAIN, np.uint8),
            instance,
            tuple(views),
        )
    sweeps = {}
    for lidar in rig.lidars:
        radius, azimuth = np.meshgrid(np.geomspace(4, 80, 40), np.linspace(-np.pi, np.pi, 1200))
        returns = np.zeros(radius.size, RETURN)
        returns["x"], returns["y"] = (radius * np.cos(azimuth)).ravel(), (radius * np.sin(azimuth)).ravel()
        returns["z"] = -lidar.mount.translation[2]
        world_from_lidar = world_from_ego @ lidar.mount.matrix
        on_kangaroo = np.zeros(60, RETURN)
        centre = (inverse(world_from_lidar) @ objects[0].world_from_box)[:3, 3]
        spread = np.random.default_rng(index).normal(0, (0.1, 0.2, 0.4), (60, 3))
        for k, axis in enumerate("xyz"):
            on_kangaroo[axis] = centre[k] + spread[:, k]
        on_kangaroo["object_id"] = 7
        sweeps[lidar.name] = Sweep(lidar.name, world_from_lidar, np.concatenate([returns, on_kangaroo]))
    return Frame(
        index, time, world_from_ego, np.array([18.0, 0, 0]), np.zeros(3), np.zeros(3), objects, cameras, sweeps
    )


def synthetic_meta(rig: Rig, index: int) -> SceneMeta:
    return SceneMeta(
        scene_id=f"{index:016x}",
        scenario="animals/kangaroo_crossing",
        script="ego = new EgoCar",
        title="Kangaroo",
        seed=3,
        index=index,
        params={},
        generator="longtail 0.1.0",
        rig=rig,
        map_name="flat",
        opendrive="<OpenDRIVE/>",
        weather={},
        ego_type="vehicle.tesla.model3",
        ego_size=(4.8, 2.2, 1.5),
        exact=True,
    )


@pytest.fixture(scope="session")
def make_recording() -> Callable[..., Path]:
    """Writes a synthetic recording: ``make_recording(folder, index, frames=10, rig="kitti", step=2)``."""

    def make(folder: Path, index: int, frames: int = 10, rig: str = "kitti", step: int = 2) -> Path:
        loaded = load_rig(rig)
        meta = synthetic_meta(loaded, index)
        path = folder / f"{meta.scene_id}.mcap"
        with RecordingWriter(path, meta) as writer:
            for k in range(frames):
                writer.write(synthetic_frame(loaded, k * step))
        return path

    return make


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small scenario on a small map."""
    folder = tmp_path_factory.mktemp("script")
    road = xodr.create_road([xodr.Line(300)], id=1, left_lanes=1, right_lanes=1, lane_width=3.5)
    opendrive = xodr.OpenDrive("straight")
    opendrive.add_road(road)
    opendrive.adjust_roads_and_lanes()
    opendrive.write_xml(str(folder / "straight.xodr"))
    path = folder / "straight.scenic"
    path.write_text(
        '"""Nothing happens"""\n'
        f'param map = "{folder / "straight.xodr"}"\n'
        "model scenarios.model\n"
        "offset = Range(0, 1)\n"
        "param offset = offset\n"
        "require offset > 0.2\n"
        "ego = new EgoCar at (100 + offset) @ -1.75\n"
    )
    return path


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """URL of a bucket on an S3 server of our own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        Store("s3://nights/any").fs.mkdir("nights")
        yield "s3://nights"
    server.stop()
