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
    ]
)
"""One LiDAR return: x, y, z [m] in the LiDAR frame at the sweep's reference time (ego motion taken out), intensity in
[0, 1], time [s] of firing relative to the reference time, id of the object hit (0: level), ring (0 is the lowest beam),
semantic tag."""


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
    ``semantic`` (H, W) uint8 CARLA tags, ``instance`` (H, W) uint16 track ids (0: level)."""

    sensor: str
    world_from_camera: NDArray[np.float64]
    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    semantic: NDArray[np.uint8]
    instance: NDArray[np.uint16]
    views: tuple[ObjectView, ...]


@dataclass(frozen=True, eq=False)
class Sweep:
    """One LiDAR turn. ``returns`` (N,) of dtype RETURN, ``world_from_lidar`` (4, 4) at the reference time."""

    sensor: str
    world_from_lidar: NDArray[np.float64]
    returns: NDArray[np.void]

    def counts(self) -> dict[int, int]:
        """Returns from each object that was hit, by ascending track id; the level is left out."""
        ids, counts = np.unique(self.returns["object_id"], return_counts=True)
        return {int(track): int(count) for track, count in zip(ids, counts, strict=True) if track}


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
        cameras, sweeps: by sensor name; only the sensors whose exposure or reference time falls on this tick.
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
