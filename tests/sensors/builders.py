"""Frames and metas for the tests of this folder."""

from __future__ import annotations

import numpy as np

from renderers.scene import Silhouette
from sensors.frames import (
    RADAR_RETURN,
    RETURN,
    CameraFrame,
    Frame,
    GnssFix,
    ImuSample,
    RadarScan,
    SceneMeta,
    Sweep,
)
from sensors.geometry import rigid
from sensors.labels import object_state, object_views
from sensors.rig import CameraSpec, GnssSpec, ImuSpec, LidarSpec, Mount, RadarSpec, Rig

LEVEL = Mount(translation=(1.0, 0.0, 1.6), rotation=(0.5, -0.5, 0.5, -0.5))


def small_rig(width: int = 40, height: int = 24) -> Rig:
    """A rig with two small cameras, a small LiDAR, and one sensor of each other kind."""
    camera = CameraSpec(
        name="CAM_FRONT", width=width, height=height, fx=30, fy=30, cx=19.5, cy=11.5, rate=10, mount=LEVEL
    )
    lidar = LidarSpec(
        name="LIDAR_TOP",
        beam_table="VLP-16",
        columns=8,
        rate=10,
        range=100,
        reference=0.5,
        mount=Mount(translation=(0, 0, 1.7), rotation=(1, 0, 0, 0)),
    )
    back = camera.model_copy(update={"name": "CAM_BACK", "rate": 5.0})
    at = Mount(translation=(3, 0, 0.5), rotation=(1, 0, 0, 0))
    radar = RadarSpec(
        name="RADAR_FRONT",
        rate=10,
        mount=at,
        range=100,
        horizontal_fov=90,
        vertical_fov=20,
        range_resolution=0.4,
        azimuth_resolution=2,
        velocity_resolution=0.1,
    )
    return Rig(
        name="small",
        tick=0.05,
        keyframe_rate=5,
        cameras=(camera, back),
        lidars=(lidar,),
        radars=(radar,),
        imus=(ImuSpec(name="IMU", rate=20, mount=at),),
        gnss=(GnssSpec(name="GNSS", rate=10, mount=at),),
    )


def meta(rig: Rig) -> SceneMeta:
    """A scene's description."""
    return SceneMeta(
        scene_id="0123abcd",
        scenario="kangaroo",
        script="model longtail\nego = Car\n",
        title="A kangaroo crosses",
        seed=7,
        index=3,
        params={"speed": 7.25, "names": ["a", "b"], "nested": {"x": None}},
        rig=rig,
        map_name="outback",
        opendrive="<OpenDRIVE/>",
        weather={"cloudiness": 10.0},
        ego_type="vehicle.tesla.model3",
        ego_size=(4.7, 1.9, 1.4),
        exact=True,
        generator="longtail 0.1.0",
    )


def frame(
    rig: Rig, index: int, generator: np.random.Generator, *, points: int = 50, cameras: tuple[str, ...] | None = None
) -> Frame:
    """A frame full of noise."""

    def vector() -> np.ndarray:
        return generator.normal(0, 10, 3)

    def pose() -> np.ndarray:
        quaternion = generator.normal(size=4)
        return rigid(quaternion / np.linalg.norm(quaternion), vector())

    objects = tuple(
        object_state(key, name, "vehicle.any.car", pose(), (4.0, 2.0, 1.5), vector(), vector())
        for key, name in ((3, "car"), (9, "animal.kangaroo"), (65535, "child"))
    )
    shots = {}
    for spec in rig.cameras:
        if cameras is not None and spec.name not in cameras:
            continue
        shape = (spec.height, spec.width)
        depth = generator.exponential(30, shape).astype(np.float32)
        depth[0] = np.inf
        instance = generator.choice(np.array([0, 0, 0, 3, 9, 65535], np.uint16), shape)
        ragged = generator.random((20, 33)) < 0.8
        outlines = {
            3: Silhouette(int(ragged.sum()), int(ragged[:, 3:].sum()), (-3.0, 0.0, 30.0, 20.0), ragged),
            9: Silhouette(10, 10, (0.0, 0.0, 5.0, 2.0), np.ones((2, 5), bool)),
        }
        shots[spec.name] = CameraFrame(
            sensor=spec.name,
            world_from_camera=pose(),
            image=generator.integers(0, 256, (*shape, 3), np.uint8),
            depth=depth,
            semantic=generator.integers(0, 29, shape, np.uint8),
            instance=instance,
            views=object_views(instance, outlines),
        )
    returns = np.zeros(points, RETURN)
    for name in ("x", "y", "z", "intensity", "time"):
        returns[name] = generator.normal(0, 20, points)
    returns["object_id"] = generator.integers(0, 2**32, points)
    returns["ring"] = generator.integers(0, 64, points)
    returns["tag"] = generator.integers(0, 29, points)
    sweeps = {spec.name: Sweep(spec.name, pose(), returns) for spec in rig.lidars}
    echoes = np.zeros(points, RADAR_RETURN)
    for name in ("x", "y", "z", "radial_velocity", "compensated_vx", "compensated_vy", "rcs"):
        echoes[name] = generator.normal(0, 20, points)
    echoes["object_id"] = generator.integers(0, 2**32, points)
    return Frame(
        index,
        index * rig.tick,
        pose(),
        vector(),
        vector(),
        vector(),
        objects,
        shots,
        sweeps,
        {spec.name: RadarScan(spec.name, pose(), echoes) for spec in rig.radars},
        {spec.name: ImuSample(spec.name, pose(), vector(), vector(), generator.normal(size=4)) for spec in rig.imus},
        {spec.name: GnssFix(spec.name, pose(), *generator.normal(0, 50, 3).tolist()) for spec in rig.gnss},
        pose() if index % 4 == 0 else None,
    )
