"""Made-up scenes with known poses: boxes around a car."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scenariogeneration import xodr

from assets.tags import Tag
from renderers.scene import Silhouette
from sensors.frames import RETURN, CameraFrame, Frame, SceneMeta, Sweep
from sensors.geometry import box_outline, clip_box, inverse, rigid, transformed
from sensors.labels import object_state, object_views
from sensors.rig import CameraSpec, Rig, load_rig
from sensors.taxonomy import category

OBJECTS: dict[str, tuple[tuple[float, float, float], tuple[float, float]]] = {
    # class: (length, width, height), how far ahead and to the left of the ego's first pose [m]
    "car": ((4.5, 1.9, 1.5), (14.0, 3.5)),
    "truck": ((8.0, 2.5, 3.2), (28.0, 4.5)),
    "bus": ((11.0, 2.6, 3.1), (-24.0, 4.0)),
    "trailer": ((9.0, 2.5, 3.4), (-14.0, -12.0)),
    "construction_vehicle": ((6.0, 2.4, 3.0), (10.0, -14.0)),
    "adult": ((0.6, 0.7, 1.75), (9.0, -4.0)),
    "motorcycle": ((2.1, 0.8, 1.5), (18.0, -2.0)),
    "bicycle": ((1.8, 0.6, 1.7), (-9.0, -3.0)),
    "traffic_cone": ((0.3, 0.3, 0.5), (8.0, 2.0)),
    "barrier": ((0.6, 2.2, 1.0), (16.0, -6.0)),
    "animal.kangaroo": ((1.4, 0.6, 1.6), (12.0, 0.5)),
}
"""All ten classes of nuScenes' detection task, and the animal. They stand, but for the car, which comes nearer."""

EGO_SPEED, CAR_SPEED = 5.0, -3.0

WORLD_FROM_START = rigid((np.cos(0.15), 0, 0, np.sin(0.15)), (-50.0, -30.0, 0.0))
"""The ego's first pose, on a road at 0.3 rad. The map lies partly at negative coordinates on purpose."""


@lru_cache
def opendrive() -> str:
    """A road from (-80, -40): 120 m straight, then 80 m of bend; two lanes and a pavement on each side."""
    road = xodr.create_road([xodr.Line(120), xodr.Arc(0.01, length=80)], 1, left_lanes=2, right_lanes=2)
    section = road.lanes.lanesections[0]
    section.add_left_lane(xodr.Lane(lane_type=xodr.LaneType.sidewalk, a=2.0))
    section.add_right_lane(xodr.Lane(lane_type=xodr.LaneType.sidewalk, a=2.0))
    road.planview.set_start_point(-80, -40, 0.3)
    document = xodr.OpenDrive("bend")
    document.add_road(road)
    document.adjust_roads_and_lanes()
    return ET.tostring(document.get_element(), encoding="unicode")


def small_rig(name: str) -> Rig:
    """A shipped rig with its cameras' pictures scaled down to a fifth."""

    def small(camera: CameraSpec) -> CameraSpec:
        size = {"width": camera.width // 5, "height": camera.height // 5}
        focus = {"fx": camera.fx / 5, "fy": camera.fy / 5}
        principal = {"cx": (camera.cx + 0.5) / 5 - 0.5, "cy": (camera.cy + 0.5) / 5 - 0.5}
        return camera.model_copy(update=size | focus | principal)

    rig = load_rig(name)
    return rig.model_copy(update={"cameras": tuple(small(camera) for camera in rig.cameras)})


def frames(rig: Rig, duration: float) -> list[Frame]:
    """What the rig measures among ``OBJECTS``: boxes drawn as their outlines, and returns from the boxes' surfaces."""
    random = np.random.default_rng(1)
    made = []
    for index in range(round(duration / rig.tick) + 1):
        time = index * rig.tick
        world_from_ego = WORLD_FROM_START.copy()
        world_from_ego[:3, 3] = transformed(WORLD_FROM_START, np.array([EGO_SPEED * time, 0, 0]))
        objects = []
        for track_id, (name, (size, (ahead, left))) in enumerate(OBJECTS.items(), start=1):
            speed = CAR_SPEED if name == "car" else 0.0
            place = transformed(WORLD_FROM_START, np.array([ahead + speed * time, left, size[2] / 2]))
            heading = 0.3 * track_id
            world_from_box = rigid((np.cos(heading / 2), 0, 0, np.sin(heading / 2)), place)
            velocity = WORLD_FROM_START[:3, :3] @ (speed, 0, 0)
            objects.append(object_state(track_id, name, f"made.up.{name}", world_from_box, size, velocity, (0, 0, 0)))
        cameras, sweeps = {}, {}
        for spec in rig.cameras:
            if index % round(1 / spec.rate / rig.tick) == 0:
                world_from_camera = world_from_ego @ spec.mount.matrix
                cameras[spec.name] = picture(spec, world_from_camera, objects)
        for lidar in rig.lidars:
            if index % round(1 / lidar.rate / rig.tick) == 0:
                world_from_lidar = world_from_ego @ lidar.mount.matrix
                sweeps[lidar.name] = Sweep(lidar.name, world_from_lidar, returns(random, world_from_lidar, objects))
        velocity = WORLD_FROM_START[:3, :3] @ (EGO_SPEED, 0, 0)
        still = np.zeros(3)
        made.append(Frame(index, time, world_from_ego, velocity, still, still, tuple(objects), cameras, sweeps))
    return made


def color(track_id: int) -> NDArray[np.int64]:
    """What colour an object has in the pictures."""
    return np.random.default_rng(track_id).integers(40, 255, 3)


def picture(spec: CameraSpec, world_from_camera: NDArray[np.float64], objects: list) -> CameraFrame:
    pinhole = spec.pinhole
    camera_from_world = inverse(world_from_camera)
    shape = (spec.height, spec.width)
    image = np.full((*shape, 3), 90, np.uint8)
    image[: int(spec.cy)] = (150, 180, 220)
    depth, semantic = np.full(shape, np.inf, np.float32), np.zeros(shape, np.uint8)
    instance = np.zeros(shape, np.uint16)
    outlines = {}
    for state in sorted(objects, key=lambda state: -(camera_from_world @ state.world_from_box)[2, 3]):
        outline = box_outline(pinhole, camera_from_world @ state.world_from_box, state.size)
        box = None if outline is None else (*outline.min(axis=0), *outline.max(axis=0))
        if outline is None or box is None or clip_box(box, spec.width, spec.height) is None:
            continue
        # the outline is followed one picture beyond the border, as the renderer does
        size = np.array([spec.width, spec.height])
        plane = np.zeros((3 * spec.height, 3 * spec.width), np.uint8)
        cv2.fillConvexPoly(plane, np.rint((outline + size - 0.5) * 16).astype(np.int32), 1, shift=4)
        seen = plane[spec.height : 2 * spec.height, spec.width : 2 * spec.width] > 0
        rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
        whole = plane[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(bool)
        low = np.array([columns[0], rows[0]]) - size
        outlines[state.track_id] = Silhouette(
            int(whole.sum()), int(seen.sum()), (*map(float, low), *map(float, low + whole.shape[::-1])), whole
        )
        instance[seen] = state.track_id
        depth[seen] = (camera_from_world @ state.world_from_box)[2, 3]
        semantic[seen] = category(state.category).tag
        image[seen] = color(state.track_id)
    return CameraFrame(spec.name, world_from_camera, image, depth, semantic, instance, object_views(instance, outlines))


def returns(random: np.random.Generator, world_from_lidar: NDArray[np.float64], objects: list) -> NDArray[np.void]:
    """40 returns from each object within 60 m, 200 from the ground: road ahead, grass behind."""
    lidar_from_world = inverse(world_from_lidar)
    points, ids = [random.uniform((-40, -40, -1.8), (40, 40, -1.75), (200, 3))], [np.zeros(200, np.uint32)]
    for state in objects:
        points.append(
            transformed(lidar_from_world @ state.world_from_box, random.uniform(-0.49, 0.49, (40, 3)) * state.size)
        )
        ids.append(np.full(40, state.track_id, np.uint32))
    made = np.zeros(sum(map(len, ids)), RETURN)
    made["x"], made["y"], made["z"] = np.concatenate(points).T
    made["object_id"] = np.concatenate(ids)
    made["intensity"] = random.uniform(0, 1, len(made))
    made["ring"] = random.integers(0, 32, len(made))
    made["tag"][:200] = np.where(made["x"][:200] > 0, Tag.ROADS, Tag.TERRAIN)
    for state in objects:
        made["tag"][made["object_id"] == state.track_id] = category(state.category).tag
    return made


def meta(rig: Rig, scenario: str, index: int) -> SceneMeta:
    """Metadata of a made-up scene."""
    return SceneMeta(
        scene_id=hashlib.md5(f"{scenario} {index}".encode()).hexdigest()[:12],
        scenario=scenario,
        script="",
        title="Boxes around a car",
        seed=1,
        index=index,
        params={},
        rig=rig,
        map_name="bend",
        opendrive=opendrive(),
        weather={},
        ego_type="vehicle.made.up",
        ego_size=(4.5, 1.8, 1.5),
        exact=True,
        generator="longtail test",
    )
