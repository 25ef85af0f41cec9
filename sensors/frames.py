"""What a recording holds: the values that the session writes and the exporters read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.rig import Rig

RETURN = np.dtype(
    [
        ("x", "<f4"),
        ("y", "<f4"),
        ("z", "<f4"),
        ("intensity", "<f4"),
        ("time", "<f4"),
        ("object_id", "<u4"),
        ("ring", "<u2"),
        ("tag", "u1"),
        ("echo", "u1"),
    ]
)
"""One LiDAR return: x, y, z [m] in the LiDAR frame at the sweep's reference time (ego motion taken out), intensity in
[0, 1], time [s] of firing relative to the reference time, id of the object hit (0: level), ring (0 is the lowest beam),
semantic tag (0 for rain, snow and fog), echo (0: the pulse's strongest return, 1: its second)."""

RADAR_RETURN = np.dtype(
    [
        ("x", "<f4"),
        ("y", "<f4"),
        ("z", "<f4"),
        ("radial_velocity", "<f4"),
        ("compensated_vx", "<f4"),
        ("compensated_vy", "<f4"),
        ("rcs", "<f4"),
        ("object_id", "<u4"),
        ("tag", "u1"),
    ]
)
"""One radar return: x, y, z [m] in the radar frame (x forward, y left, z up; z is 0 for a radar that measures no
elevation), radial_velocity [m/s] as measured (negative: approaching), compensated_vx, compensated_vy [m/s] the radial
velocity with the ego's own motion taken out, as a vector along the line of sight (nuScenes' vx_comp, vy_comp), rcs
[dBsm], id of the object that reflects most in the cell (0: level), its semantic tag."""


@dataclass(frozen=True, eq=False)
class ObjectState:
    """A labelled object at one time, seen or not.

    Attributes:
        track_id: unique and constant within the scene.
        category: taxonomy class (``sensors.taxonomy``).
        world_from_box: (4, 4) float64; origin in the box's centre, x forward, y left, z up.
        size: (length, width, height) [m], tight to the posed mesh.
        velocity, acceleration: (3,) float64 world [m/s], [m/s^2].
        attributes: what it does: ``moving``, ``stopped``, ``parked``, ``standing``, ``sitting``, ``with_rider``, ...
        type_id: the CARLA blueprint.
    """

    track_id: int
    category: str
    world_from_box: NDArray[np.float64]
    size: tuple[float, float, float]
    velocity: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    attributes: tuple[str, ...]
    type_id: str


Box2D = tuple[float, float, float, float]
"""(x0, y0, x1, y1) [px], corner convention: a single pixel (u, v) is (u, v, u+1, v+1)."""


@dataclass(frozen=True)
class ObjectView:
    """An object as one camera sees it.

    Attributes:
        track_id: the object's.
        visible_pixels, amodal_pixels: size of the visible mask; of the whole outline, outside of the picture included.
        visible_box: extent of the visible mask, or None when nothing is visible.
        amodal_box: extent of the whole outline, beyond the picture's border too.
        visible_fraction: visible pixels over the outline's pixels inside the picture, in [0, 1].
        truncation: share of the outline's pixels outside the picture, in [0, 1].
        estimated: the outline is estimated, not drawn (a server without the extension calls).
        occluders: (track id, share) of what hides it, the largest first: the share of the outline's pixels inside the
            picture at which that object is seen instead; id 0 is the level. With ``visible_fraction`` they sum to 1.
        amodal_mask: (H, W) the whole outline over ``amodal_box``; None where it is estimated.
    """

    track_id: int
    visible_pixels: int
    amodal_pixels: int
    visible_box: Box2D | None
    amodal_box: Box2D
    visible_fraction: float
    truncation: float
    estimated: bool
    occluders: tuple[tuple[int, float], ...] = ()
    amodal_mask: NDArray[np.bool_] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, eq=False)
class CameraFrame:
    """One exposure. ``image`` (H, W, 3) uint8 RGB, ``depth`` (H, W) float32 [m] along the axis (inf: sky),
    ``semantic`` (H, W) uint8 CARLA tags, ``instance`` (H, W) uint16 track ids (0: level).

    Where the rig asks for them, else None: ``normals`` (H, W, 3) float32, unit vectors in the world, zeros at the sky,
    to half a degree; ``flow`` (H, W, 2) float32 [px], where the point seen now was one tick ago, minus where it is now.
    """

    sensor: str
    world_from_camera: NDArray[np.float64]
    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    semantic: NDArray[np.uint8]
    instance: NDArray[np.uint16]
    views: tuple[ObjectView, ...]
    normals: NDArray[np.float32] | None = None
    flow: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class Sweep:
    """One LiDAR turn. ``returns`` (N,) of dtype RETURN, ``world_from_lidar`` (4, 4) at the reference time."""

    sensor: str
    world_from_lidar: NDArray[np.float64]
    returns: NDArray[np.void]

    def counts(self) -> dict[int, int]:
        """Returns from each object that was hit, by ascending track id; the level is left out."""
        return _counts(self.returns["object_id"])


def _counts(object_ids: NDArray[np.uint32]) -> dict[int, int]:
    ids, counts = np.unique(object_ids, return_counts=True)
    return {int(track): int(count) for track, count in zip(ids, counts, strict=True) if track}


@dataclass(frozen=True, eq=False)
class RadarScan:
    """One cycle of a radar. ``returns`` (N,) of dtype RADAR_RETURN, ``world_from_radar`` (4, 4) at its time."""

    sensor: str
    world_from_radar: NDArray[np.float64]
    returns: NDArray[np.void]

    def counts(self) -> dict[int, int]:
        """Returns from each object that was hit, by ascending track id; the level is left out."""
        return _counts(self.returns["object_id"])


@dataclass(frozen=True, eq=False)
class ImuSample:
    """One measurement of an inertial unit, with the noise that the rig asks for.

    Attributes:
        world_from_imu: (4, 4) its true pose.
        acceleration: (3,) specific force in the sensor's frame [m/s^2]: at rest it feels +g upwards.
        angular_velocity: (3,) sensor frame [rad/s].
        orientation: (4,) quaternion w, x, y, z, ``world_from_imu`` as the unit itself reports it.
    """

    sensor: str
    world_from_imu: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    angular_velocity: NDArray[np.float64]
    orientation: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GnssFix:
    """One fix of a satellite receiver, with the noise that the rig asks for.

    Attributes:
        world_from_antenna: (4, 4) its true pose.
        latitude, longitude: WGS 84 [deg], as receivers tell and maps' geo references are.
        altitude: [m].
    """

    sensor: str
    world_from_antenna: NDArray[np.float64]
    latitude: float
    longitude: float
    altitude: float


@dataclass(frozen=True, eq=False)
class Frame:
    """All that was measured at one simulation time.

    Attributes:
        index: tick since the scene's first frame, from 0.
        time: [s] since the scene's first frame.
        world_from_ego: (4, 4) float64.
        ego_velocity: (3,) world [m/s]; ego_acceleration: (3,) world [m/s^2].
        ego_angular_velocity: (3,) ego frame [rad/s].
        objects: every labelled object but the ego.
        cameras, sweeps, radars, imus, fixes: by sensor name; only the sensors whose exposure or reference time falls on
            this tick.
        estimated_world_from_ego: (4, 4) the ego's pose as its localiser would report it, when the rig asks for an error
            of the pose; None: the exact one.
    """

    index: int
    time: float
    world_from_ego: NDArray[np.float64]
    ego_velocity: NDArray[np.float64]
    ego_acceleration: NDArray[np.float64]
    ego_angular_velocity: NDArray[np.float64]
    objects: tuple[ObjectState, ...]
    cameras: dict[str, CameraFrame] = field(default_factory=dict)
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    radars: dict[str, RadarScan] = field(default_factory=dict)
    imus: dict[str, ImuSample] = field(default_factory=dict)
    fixes: dict[str, GnssFix] = field(default_factory=dict)
    estimated_world_from_ego: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class FrameLabels:
    """What a frame says without its pictures and points.

    Attributes:
        index, time, world_from_ego, ego_velocity, ego_acceleration, objects: as in ``Frame``.
        views: by camera; without masks.
        returns: by LiDAR, how often each track was hit; tracks that were not hit are absent.
    """

    index: int
    time: float
    world_from_ego: NDArray[np.float64]
    ego_velocity: NDArray[np.float64]
    ego_acceleration: NDArray[np.float64]
    objects: tuple[ObjectState, ...]
    views: dict[str, tuple[ObjectView, ...]]
    returns: dict[str, dict[int, int]]


@dataclass(frozen=True)
class Origin:
    """Where a scene comes from; what is known before it is played.

    Attributes:
        scene_id: short hash of scenario source and parameters, rig, seed, index and package version.
        scenario: name of the script without folder and ending; script: its full text; title: its first docstring line.
        seed, index: the job's seed and the scene's number within the scenario.
        params: what the script drew (JSON values).
        generator: e.g. ``longtail 0.1.0``.
    """

    scene_id: str
    scenario: str
    script: str
    title: str
    seed: int
    index: int
    params: dict[str, Any]
    generator: str


@dataclass(frozen=True)
class SceneMeta(Origin):
    """How a recording came to be; everything needed to make it again.

    Attributes:
        rig: the rig's full definition.
        map_name, opendrive: the road network's name and text.
        weather: CARLA weather fields.
        ego_type: the ego's blueprint; ego_size: (length, width, height) [m].
        exact: labels came from the server's extension calls, not from estimates.
        generation: 0 rendered, 1 refined (``sensors.provenance``).
        parent: of a refined scene: SHA-256 (hex) of the recording it was made from; None for a rendered one.
    """

    rig: Rig
    map_name: str
    opendrive: str
    weather: dict[str, float]
    ego_type: str
    ego_size: tuple[float, float, float]
    exact: bool
    generation: int = 0
    parent: str | None = None
