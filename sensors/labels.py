"""Labels: what an object is doing, and how a camera sees it.

Views come from the drawn outlines (``renderers.scene.Silhouette``) where the server can draw them, and are estimated
from the boxes and the depth picture where it cannot.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderers.scene import Pinhole, Silhouette
from sensors.frames import Box2D, ObjectState, ObjectView
from sensors.geometry import box_outline, clip_box, inverse
from sensors.taxonomy import category as taxonomy_row

STILL = 0.2
"""Speed [m/s] below which an object counts as standing."""

_OCCLUDER_MARGIN = 0.1
"""Something must be this much [m] before an object's box to hide it: depth pictures and boxes are not exact."""


def object_state(
    track_id: int,
    category: str,
    type_id: str,
    world_from_box: NDArray[np.float64],
    size: tuple[float, float, float],
    velocity: ArrayLike,
    acceleration: ArrayLike,
    *,
    parked: bool = False,
    sitting: bool = False,
    with_rider: bool = True,
) -> ObjectState:
    """A labelled object; its attributes follow from its class and its speed.

    Args:
        parked: a vehicle that stands for the whole scene with nobody in it.
        sitting: a person who sits or lies.
        with_rider: whether somebody rides a cycle.
    """
    velocity = np.asarray(velocity, np.float64)
    nuscenes = taxonomy_row(category).nuscenes
    moving = bool(np.linalg.norm(velocity) > STILL)
    if nuscenes.startswith(("movable_object", "static_object")):
        attributes: tuple[str, ...] = ()
    elif nuscenes.startswith("human"):
        attributes = ("sitting",) if sitting else ("moving",) if moving else ("standing",)
    elif nuscenes == "animal":
        attributes = ("moving",) if moving else ("standing",)
    else:
        attributes = ("moving",) if moving else ("parked",) if parked else ("stopped",)
        if nuscenes in ("vehicle.bicycle", "vehicle.motorcycle"):
            attributes += ("with_rider",) if with_rider else ("without_rider",)
    return ObjectState(
        track_id, category, world_from_box, size, velocity, np.asarray(acceleration, np.float64), attributes, type_id
    )


@dataclass(frozen=True)
class Mask:
    """An object's visible mask: its size [px] and extent."""

    pixels: int
    box: Box2D


def masks(instance: NDArray[np.uint16]) -> dict[int, Mask]:
    """All objects' masks in an instance picture (H, W), by id, ascending; id 0 (the level) is left out.

    One pass over the picture: rows are cut into runs of one id, and only the runs are counted.
    """
    height, width = instance.shape
    begins = np.empty((height, width), np.bool_)
    begins[:, 0] = True
    np.not_equal(instance[:, 1:], instance[:, :-1], out=begins[:, 1:])
    start = np.flatnonzero(begins)
    length = np.diff(start, append=instance.size)
    identity = instance.reshape(-1)[start]
    seen = identity > 0
    start, length, identity = start[seen], length[seen], identity[seen]
    if not len(start):
        return {}
    order = np.argsort(identity, kind="stable")
    start, length, identity = start[order], length[order], identity[order]
    row, column = np.divmod(start, width)
    first = np.flatnonzero(np.diff(identity, prepend=0))
    pixels = np.add.reduceat(length, first)
    x0, x1 = np.minimum.reduceat(column, first), np.maximum.reduceat(column + length, first)
    y0, y1 = np.minimum.reduceat(row, first), np.maximum.reduceat(row, first) + 1
    return {
        int(key): Mask(int(count), (float(a), float(b), float(c), float(d)))
        for key, count, a, b, c, d in zip(identity[first], pixels, x0, y0, x1, y1, strict=True)
    }


def object_views(instance: NDArray[np.uint16], silhouettes: Mapping[int, Silhouette]) -> tuple[ObjectView, ...]:
    """How a camera sees objects whose outlines were drawn, by ascending id.

    Args:
        instance: (H, W) track ids.
        silhouettes: by track id. Objects without one, and objects whose outline lies wholly outside of the picture, get
            no view.
    """
    seen = masks(instance)
    views = []
    for track_id, outline in sorted(silhouettes.items()):
        if outline.pixels_inside == 0:
            continue
        mask = seen.get(track_id)
        visible = mask.pixels if mask else 0
        views.append(
            ObjectView(
                track_id=track_id,
                visible_pixels=visible,
                amodal_pixels=outline.pixels,
                visible_box=mask.box if mask else None,
                amodal_box=outline.box,
                visible_fraction=min(1.0, visible / outline.pixels_inside),
                truncation=1 - outline.pixels_inside / outline.pixels,
                estimated=False,
                occluders=_occluders(instance, track_id, outline) if visible < outline.pixels_inside else (),
                amodal_mask=outline.mask,
            )
        )
    return tuple(views)


def _occluders(instance: NDArray[np.uint16], track_id: int, outline: Silhouette) -> tuple[tuple[int, float], ...]:
    """What is seen instead of an object within its outline."""
    height, width = instance.shape
    x0, y0, x1, y1 = (int(value) for value in outline.box)
    left, top = max(x0, 0), max(y0, 0)
    window = instance[top : min(y1, height), left : min(x1, width)]
    covered = outline.mask[top - y0 :, left - x0 :][: window.shape[0], : window.shape[1]]
    return _shares(window[covered & (window != track_id)], outline.pixels_inside)


def _shares(hiding: NDArray[np.uint16], total: int) -> tuple[tuple[int, float], ...]:
    """Ids among ``hiding`` (N,) with their counts over ``total``, the largest first, then by id."""
    ids, counts = np.unique(hiding, return_counts=True)
    order = np.lexsort((ids, -counts))
    return tuple((int(ids[k]), float(counts[k] / total)) for k in order)


def estimated_views(
    instance: NDArray[np.uint16],
    depth: NDArray[np.float32],
    camera: Pinhole,
    world_from_camera: NDArray[np.float64],
    objects: Collection[ObjectState],
) -> tuple[ObjectView, ...]:
    """How a camera sees objects of which only the boxes are known, by ascending id; all marked ``estimated``.

    The outline is the hull of the projected box. A pixel of the hull hides the object when something else lies before
    the box there. The hull is larger than the object; since its slack is hidden like the object itself, the share of
    the hull that is not hidden is taken for the visible fraction, and the outline's size follows from it.

    Args:
        instance, depth: (H, W) track ids, and depths [m] along the axis.
    """
    seen = masks(instance)
    camera_from_world = inverse(world_from_camera)
    views = []
    for state in sorted(objects, key=lambda state: state.track_id):
        camera_from_box = camera_from_world @ state.world_from_box
        hull = box_outline(camera, camera_from_box, state.size)
        if hull is None:
            continue
        amodal = (*hull.min(axis=0).tolist(), *hull.max(axis=0).tolist())
        area, inside = _areas(hull, camera)
        if inside < 1:
            continue
        mask = seen.get(state.track_id)
        occluders = _hidden_by(instance, depth, camera, camera_from_box, state, amodal)
        shown = 1 - sum(share for _, share in occluders)
        visible = mask.pixels if mask else 0
        amodal_inside = visible / shown if visible and shown else inside
        views.append(
            ObjectView(
                track_id=state.track_id,
                visible_pixels=visible,
                amodal_pixels=max(visible, round(amodal_inside * area / inside)),
                visible_box=mask.box if mask else None,
                amodal_box=amodal,
                visible_fraction=shown if visible else 0.0,
                truncation=1 - inside / area,
                estimated=True,
                occluders=occluders,
            )
        )
    return tuple(views)


def _areas(hull: NDArray[np.float64], camera: Pinhole) -> tuple[float, float]:
    """Area [px] of a convex outline, and of its part inside the picture."""
    frame = np.array([[0, 0], [camera.width, 0], [camera.width, camera.height], [0, camera.height]], np.float32)
    outline = hull.astype(np.float32)
    area = cv2.contourArea(outline)
    inside, _ = cv2.intersectConvexConvex(outline, frame)
    return area, min(area, inside)


def _hidden_by(
    instance: NDArray[np.uint16],
    depth: NDArray[np.float32],
    camera: Pinhole,
    camera_from_box: NDArray[np.float64],
    state: ObjectState,
    amodal: Sequence[float],
) -> tuple[tuple[int, float], ...]:
    """What lies before the box: ids with their shares of the box's pixels inside the picture."""
    extent = clip_box((amodal[0], amodal[1], amodal[2], amodal[3]), camera.width, camera.height)
    if extent is None:
        return ()
    x0, y0, x1, y1 = int(extent[0]), int(extent[1]), int(np.ceil(extent[2])), int(np.ceil(extent[3]))
    ray_x = (np.arange(x0, x1) - camera.cx) / camera.fx
    ray_y = (np.arange(y0, y1) - camera.cy) / camera.fy
    # Slab test in the box's frame (Kay and Kajiya, 1986); a ray's parameter is its depth, as its z is 1.
    rotation = camera_from_box[:3, :3]
    origin = -rotation.T @ camera_from_box[:3, 3]
    enter = np.full((y1 - y0, x1 - x0), 0.0)
    leave = np.full_like(enter, np.inf)
    for axis in range(3):
        direction = rotation[0, axis] * ray_x + rotation[1, axis] * ray_y[:, None] + rotation[2, axis]
        direction = np.where(np.abs(direction) < 1e-12, 1e-12, direction)
        near, far = (
            (-state.size[axis] / 2 - origin[axis]) / direction,
            (state.size[axis] / 2 - origin[axis]) / direction,
        )
        enter = np.maximum(enter, np.minimum(near, far))
        leave = np.minimum(leave, np.maximum(near, far))
    met = enter < leave
    window = (slice(y0, y1), slice(x0, x1))
    hidden = met & (instance[window] != state.track_id) & (depth[window] < enter - _OCCLUDER_MARGIN)
    return _shares(instance[window][hidden], int(np.count_nonzero(met)))
