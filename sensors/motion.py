"""Scene flow and optical flow between two frames of a recording, from depth, instances, and the poses of what moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderers.scene import Pinhole
from sensors.frames import CameraFrame, ObjectState
from sensors.geometry import inverse, project, transformed, unproject
from sensors.taxonomy import category

HIDDEN = 0.02
"""Share of its depth by which a point must lie behind the later picture's surface to count as hidden there."""

_LIMBS = ("human", "animal")
"""Groups of nuScenes' categories whose bodies bend, so that a pose does not say where their points go."""


@dataclass(frozen=True, eq=False)
class Motion:
    """Where the points that a picture shows are at a later time.

    Attributes:
        scene_flow: (H, W, 3) float32 [m], world; NaN where it is not known: the sky, people and animals (their limbs
            move on their own), and objects that are gone.
        flow: (H, W, 2) float32 [px], to where the later picture has them; NaN where unknown or behind that camera.
        seen: (H, W), the later picture shows them too: inside of it, and hidden by nothing.
    """

    scene_flow: NDArray[np.float32]
    flow: NDArray[np.float32]
    seen: NDArray[np.bool_]


def motion(
    camera: Pinhole,
    now: CameraFrame,
    objects_now: tuple[ObjectState, ...],
    then: CameraFrame,
    objects_then: tuple[ObjectState, ...],
) -> Motion:
    """The motion of everything that ``now`` shows until ``then``, a later picture of the same camera.

    The level stands still and rigid objects move with their boxes; every pixel's point moves with its object.
    """
    height, width = now.depth.shape
    v, u = np.mgrid[:height, :width]
    pixels = np.stack([u, v], axis=-1).reshape(-1, 2)
    depth, instance = now.depth.reshape(-1), now.instance.reshape(-1)
    known = np.flatnonzero(np.isfinite(depth))
    points = transformed(now.world_from_camera, unproject(camera, pixels[known], depth[known]))
    moved = _moved(points, instance[known], objects_now, objects_then)
    local = transformed(inverse(then.world_from_camera), moved)
    scene_flow = np.full((height * width, 3), np.nan, np.float32)
    scene_flow[known] = moved - points
    flow = np.full((height * width, 2), np.nan, np.float32)
    seen = np.zeros(height * width, bool)
    ahead = np.flatnonzero(local[:, 2] > 0.1)  # NaN is not
    places, _ = project(camera, local[ahead])
    flow[known[ahead]] = places - pixels[known[ahead]]
    nearest = np.rint(np.clip(places, -1, max(height, width) + 1)).astype(np.int64)
    inside = np.flatnonzero(((nearest >= 0) & (nearest < (width, height))).all(axis=1))
    surface = then.depth[nearest[inside, 1], nearest[inside, 0]]
    seen[known[ahead[inside]]] = local[ahead[inside], 2] <= surface * (1 + HIDDEN) + HIDDEN
    shape = (height, width)
    return Motion(scene_flow.reshape(*shape, 3), flow.reshape(*shape, 2), seen.reshape(shape))


def _moved(
    points: NDArray[np.float64],
    instance: NDArray[np.uint16],
    objects_now: tuple[ObjectState, ...],
    objects_then: tuple[ObjectState, ...],
) -> NDArray[np.float64]:
    """World points (N, 3), each moved with the object (N,) that it belongs to; NaN where that is not known."""
    later = {state.track_id: state for state in objects_then}
    moved = points.copy()
    moved[instance > 0] = np.nan
    for state in objects_now:
        mine = np.flatnonzero(instance == state.track_id)
        if not len(mine) or state.track_id not in later or category(state.category).nuscenes.startswith(_LIMBS):
            continue
        then_from_now = later[state.track_id].world_from_box @ inverse(state.world_from_box)
        moved[mine] = transformed(then_from_now, points[mine])
    return moved
