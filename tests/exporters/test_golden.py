"""Tiny datasets that must not change unnoticed, one a feature: all their files, byte by byte.

They are made of a scene without rounding: poses whose rotations are fractions, pictures that are filled rectangles. Of
files that are compressed the content counts, so that another version of a codec is no failure, and of pictures their
mark too. To change a dataset on purpose, delete its folder and run this test twice: a missing one is written, and the
test fails once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from assets.tags import Tag
from exporters import coco, kitti, kitti_tracking, nuscenes
from exporters.card import FILES
from exporters.marks import read_mark
from exporters.publish import Summary
from exporters.validate import validate
from renderers.scene import Silhouette
from sensors.frames import RADAR_RETURN, RETURN, CameraFrame, Frame, ObjectState, RadarScan, SceneMeta, Sweep
from sensors.geometry import rigid
from sensors.labels import estimated_views, object_state, object_views
from sensors.recording import RecordingWriter
from sensors.rig import Rig
from sensors.specs import CameraSpec, LidarSpec, Mount, RadarSpec
from sensors.taxonomy import category

GOLDEN = Path(__file__).parent.parent / "conformance" / "export"
TICK = 0.5


FRONT = CameraSpec(
    name="CAM_FRONT", width=48, height=24, fx=24, fy=24, cx=23.5, cy=9.5, rate=2,
    mount=Mount(translation=(1.0, 0.0, 1.5), rotation=(0.5, -0.5, 0.5, -0.5)),
)  # fmt: skip
RIGHT = FRONT.model_copy(
    update={"name": "CAM_RIGHT", "mount": FRONT.mount.model_copy(update={"translation": (1.0, -0.5, 1.5)})}
)
LIDAR = LidarSpec(
    name="LIDAR_TOP", beam_table="VLP-16", columns=8, rate=2, range=100, reference=1.0,
    mount=Mount(translation=(0.0, 0.0, 2.0), rotation=(1, 0, 0, 0)),
)  # fmt: skip
OBJECTS = {  # class: size, place in the first frame, heading as a quaternion's (w, z)
    1: ("car", (4.0, 2.0, 1.5), (11.0, 3.0, 0.75), (1.0, 0.0)),
    2: ("adult", (0.5, 0.5, 1.75), (7.0, -2.0, 0.875), (0.8, 0.6)),
    3: ("animal.kangaroo", (1.5, 0.5, 1.5), (9.0, 0.0, 1.0), (0.6, -0.8)),
    4: ("traffic_cone", (0.25, 0.25, 0.5), (7.0, 1.0, 0.25), (1.0, 0.0)),
}


RADAR = RadarSpec(
    name="RADAR_FRONT", rate=2, range=100, horizontal_fov=120, vertical_fov=20, range_resolution=1,
    azimuth_resolution=3, velocity_resolution=0.1, mount=Mount(translation=(3.0, 0.0, 0.5), rotation=(1, 0, 0, 0)),
)  # fmt: skip


def rig(*cameras: CameraSpec, radars: tuple[RadarSpec, ...] = ()) -> Rig:
    return Rig(name="tiny", tick=TICK, keyframe_rate=2, cameras=cameras, lidars=(LIDAR,), radars=radars)


def frames(carried: Rig, *, estimated: bool) -> list[Frame]:
    """Three frames: the ego drives at 2 m/s, the car at 4 m/s, the kangaroo is in the air."""
    made = []
    for index in range(3):
        world_from_ego = rigid((1, 0, 0, 0), (index * 2 * TICK, 0, 0))
        objects = []
        for track_id, (name, size, place, (w, z)) in OBJECTS.items():
            speed = 4.0 if name == "car" else 0.0
            pose = rigid((w, 0, 0, z), np.add(place, (index * speed * TICK, 0, 0)))
            objects.append(object_state(track_id, name, f"made.up.{name}", pose, size, (speed, 0, 0), (0, 0, 0)))
        cameras = {spec.name: picture(spec, world_from_ego, objects, estimated=estimated) for spec in carried.cameras}
        sweep = Sweep("LIDAR_TOP", world_from_ego @ LIDAR.mount.matrix, returns(world_from_ego, objects))
        still = np.zeros(3)
        velocity = np.array([2.0, 0, 0])
        ego = (world_from_ego, velocity, still, still)
        frame = Frame(index, index * TICK, *ego, tuple(objects), cameras, {"LIDAR_TOP": sweep})
        for radar in carried.radars:
            frame.radars[radar.name] = scan(radar, world_from_ego, objects, index)
        made.append(frame)
    return made


def picture(
    spec: CameraSpec, world_from_ego: np.ndarray, objects: list[ObjectState], *, estimated: bool
) -> CameraFrame:
    """Objects as rectangles about their centres, the farther first, over a road below the horizon."""
    world_from_camera = world_from_ego @ spec.mount.matrix
    shape = (spec.height, spec.width)
    rows = np.arange(spec.height) - spec.cy
    depth = np.full(shape, np.inf, np.float32)
    depth[rows > 0] = (spec.fy * spec.mount.translation[2] / rows[rows > 0])[:, None]
    image = np.full((*shape, 3), (64, 128, 192), np.uint8)
    image[rows > 0] = (96, 96, 96)
    semantic = np.full(shape, Tag.SKY, np.uint8)
    semantic[rows > 0] = Tag.ROADS
    instance = np.zeros(shape, np.uint16)
    outlines = {}
    for state in sorted(objects, key=lambda state: -state.world_from_box[0, 3]):
        away, left, up = state.world_from_box[:3, 3] - world_from_camera[:3, 3]
        half = np.array([state.size[0] if state.size[0] < 2 else 2.0, state.size[2]]) / 2 * spec.fx / away
        middle = np.array([spec.cx - left * spec.fx / away, spec.cy - up * spec.fy / away]) + 0.5
        (x0, y0), (x1, y1) = np.floor(middle - half).astype(int), np.ceil(middle + half).astype(int)
        inside = (slice(max(y0, 0), max(y1, 0)), slice(max(x0, 0), max(x1, 0)))
        if instance[inside].size == 0:
            continue
        mask = np.ones((y1 - y0, x1 - x0), bool)
        box = (float(x0), float(y0), float(x1), float(y1))
        outlines[state.track_id] = Silhouette(mask.size, instance[inside].size, box, mask)
        instance[inside], depth[inside] = state.track_id, away
        semantic[inside] = category(state.category).tag
        image[inside] = (40 * state.track_id, 255 - 40 * state.track_id, 30)
    if estimated:
        views = estimated_views(instance, depth, spec.pinhole, world_from_camera, objects)
    else:
        views = object_views(instance, outlines)
    return CameraFrame(spec.name, world_from_camera, image, depth, semantic, instance, views)


def returns(world_from_ego: np.ndarray, objects: list[ObjectState]) -> np.ndarray:
    """A row of road, and three returns from each object: its middle and two points above and below."""
    rows = [(x, y, -2.0, 0.25, 0, Tag.ROADS) for x in range(2, 30, 2) for y in range(-3, 4)]
    for state in objects:
        x, y, z = state.world_from_box[:3, 3] - world_from_ego[:3, 3] - LIDAR.mount.translation
        tag = category(state.category).tag
        rows += [(x, y, z + step * state.size[2] / 4, 0.5, state.track_id, tag) for step in (-1, 0, 1)]
    made = np.zeros(len(rows), RETURN)
    for name, column in zip(("x", "y", "z", "intensity", "object_id", "tag"), zip(*rows, strict=True), strict=True):
        made[name] = column
    made["time"], made["ring"] = -np.arange(len(rows)) / 1024, np.arange(len(rows)) % 16
    return made


def scan(radar: RadarSpec, world_from_ego: np.ndarray, objects: list[ObjectState], index: int) -> RadarScan:
    """A return from the car, which is straight ahead as the radar sees it; none in the second frame."""
    car = objects[0]
    world_from_radar = world_from_ego @ radar.mount.matrix
    ahead = car.world_from_box[0, 3] - world_from_radar[0, 3]
    rows = [] if index == 1 else [(ahead, 0.0, 0.0, 2.0, 4.0, 0.0, 10.0, car.track_id, Tag.CAR)]
    return RadarScan(radar.name, world_from_radar, np.array(rows, RADAR_RETURN))


def meta(carried: Rig, *, exact: bool) -> SceneMeta:
    return SceneMeta(
        scene_id="0123456789abcdef", scenario="golden/scene", script="", title="Rectangles on a road", seed=1, index=0,
        params={}, generator="longtail test", rig=carried, map_name="straight",
        opendrive=(GOLDEN / "straight.xodr").read_text(), weather={}, ego_type="vehicle.made.up",
        ego_size=(4.0, 2.0, 1.5), exact=exact,
    )  # fmt: skip


FEATURES: dict[str, tuple[Callable[..., Summary], Rig, bool, str]] = {
    # folder: exporter, rig, whether labels are estimated, which of the files show it
    "kitti": (kitti.export, rig(FRONT), False, "**/*"),
    "kitti_stereo": (kitti.export, rig(FRONT, RIGHT), False, "training/[ci]*/*"),
    "kitti_strict_types": (partial(kitti.export, strict_types=True), rig(FRONT), False, "**/label_2/*"),
    "kitti_estimated": (kitti.export, rig(FRONT), True, "**/label_2/*"),
    "kitti_tracking": (kitti_tracking.export, rig(FRONT), False, "**/*"),
    "nuscenes": (nuscenes.export, rig(FRONT, radars=(RADAR,)), False, "**/*"),
    "coco": (coco.export, rig(FRONT), False, "**/*"),
    "coco_estimated": (coco.export, rig(FRONT), True, "annotations/*"),
}


def content(path: Path) -> Any:
    """A file's bytes; of a compressed one, what is in it."""
    if path.suffix in (".png", ".jpg"):
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        return pixels.dtype, pixels.shape, pixels.tobytes(), read_mark(path.read_bytes())
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return {name: (arrays[name].dtype, arrays[name].tobytes()) for name in arrays}
    return path.read_bytes()


@pytest.mark.parametrize("feature", FEATURES)
def test_golden_dataset(feature: str, tmp_path: Path) -> None:
    export, carried, estimated, pattern = FEATURES[feature]
    with RecordingWriter(tmp_path / "scene.mcap", meta(carried, exact=not estimated)) as writer:
        for frame in frames(carried, estimated=estimated):
            writer.write(frame)
    export([tmp_path / "scene.mcap"], tmp_path / "set")
    assert validate(tmp_path / "set") == []
    golden = GOLDEN / feature
    files = {path.relative_to(tmp_path / "set") for path in (tmp_path / "set").glob(pattern) if path.is_file()}
    files -= {Path(name) for name in FILES}  # they name the libraries at hand; tested in test_card.py
    if not golden.exists():
        for name in files:
            (golden / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tmp_path / "set" / name, golden / name)
        pytest.fail(f"{golden} was missing and has been written; look at it and keep it")
    assert files == {path.relative_to(golden) for path in golden.rglob("*") if path.is_file()}
    changed = [str(name) for name in sorted(files) if content(tmp_path / "set" / name) != content(golden / name)]
    assert not changed
