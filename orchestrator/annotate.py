"""Draws what a frame's labels say into its pictures: boxes, names, visible shares, LiDAR returns."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from renderers.scene import Pinhole
from sensors.frames import CameraFrame, Frame, ObjectState, ObjectView, Sweep
from sensors.geometry import NEAR, box_corners, inverse, project, transformed
from sensors.rig import CameraSpec

Picture = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""
Color = tuple[int, int, int]

FONT = cv2.FONT_HERSHEY_DUPLEX
FEWEST_PIXELS = 8
"""Visible pixels below which an object is not drawn: its name would hide more than the box shows."""

ANIMALS: Color = (255, 150, 20)
VEHICLES: Color = (70, 200, 255)
PEOPLE: Color = (255, 90, 180)
THINGS: Color = (240, 230, 70)

_PEOPLE = {"adult", "child", "police_officer", "construction_worker", "wheelchair", "stroller", "personal_mobility"}
_THINGS = {"traffic_cone", "barrier", "pushable", "debris", "bicycle_rack"}

_RING = ((0, 1), (1, 3), (3, 2), (2, 0))
_EDGES = (*_RING, *((a + 4, b + 4) for a, b in _RING), *((a, a + 4) for a in range(4)), (0, 3), (1, 2))
"""Pairs of ``box_corners``; the last two cross out the front face, so that the heading can be seen."""


def color_of(category: str) -> Color:
    """The colour (RGB) of a class: animals, vehicles, people, things."""
    if category.startswith("animal"):
        return ANIMALS
    if category in _PEOPLE:
        return PEOPLE
    return THINGS if category in _THINGS else VEHICLES


@dataclass(frozen=True)
class Canvas:
    """A picture enlarged or reduced to a width, with the camera that fits it."""

    pixels: Picture
    camera: Pinhole
    scale: float

    @classmethod
    def of(cls, image: Picture, spec: CameraSpec, width: int) -> Canvas:
        """The image of a camera at ``width`` [px]."""
        scale = width / spec.width
        size = (width, round(spec.height * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        camera = Pinhole(
            *size, spec.fx * scale, spec.fy * scale, (spec.cx + 0.5) * scale - 0.5, (spec.cy + 0.5) * scale - 0.5
        )
        return cls(np.ascontiguousarray(cv2.resize(image, size, interpolation=method)), camera, scale)


def draw_objects(canvas: Canvas, frame: Frame, picture: CameraFrame) -> None:
    """Draws 3D boxes, visible 2D boxes, and names with distance and visible share, far objects first."""
    states = {state.track_id: state for state in frame.objects}
    shown = [
        (states[view.track_id], view)
        for view in picture.views
        if view.track_id in states and view.visible_pixels >= FEWEST_PIXELS and view.visible_box is not None
    ]
    shown.sort(key=lambda pair: (-_distance(pair[0], picture), pair[0].track_id))
    camera_from_world = inverse(picture.world_from_camera)
    for state, _ in shown:
        _draw_box(canvas, camera_from_world @ state.world_from_box, state)
    for _, view in shown:
        x0, y0, x1, y1 = (round(v * canvas.scale) for v in view.visible_box or (0, 0, 0, 0))
        cv2.rectangle(canvas.pixels, (x0, y0), (x1, y1), (255, 255, 255), 1)
    taken: list[tuple[int, int, int, int]] = []
    for state, view in reversed(shown):
        _draw_name(canvas, state, view, _distance(state, picture), taken)


def draw_returns(canvas: Canvas, frame: Frame, picture: CameraFrame, sweep: Sweep) -> None:
    """Draws a sweep over the darkened picture: the level by distance, objects in their class' colour."""
    canvas.pixels[:] = canvas.pixels // 4
    points = np.stack([sweep.returns[axis] for axis in "xyz"], axis=1)
    camera_from_lidar = inverse(picture.world_from_camera) @ sweep.world_from_lidar
    pixels, depth = project(canvas.camera, transformed(camera_from_lidar, points))
    inside = (depth > NEAR) & np.all(
        (pixels >= 0) & (pixels <= (canvas.camera.width - 1, canvas.camera.height - 1)), axis=1
    )
    classes = {state.track_id: state.category for state in frame.objects}
    ids = sweep.returns["object_id"]
    on_object = np.isin(ids, list(classes)) & inside
    level = inside & ~on_object
    u, v = np.round(pixels[level]).astype(int).T
    near_first = np.clip(np.log(np.maximum(depth[level], 3) / 3) / np.log(80 / 3), 0, 1)
    shades = cv2.applyColorMap(((1 - near_first) * 255).astype(np.uint8)[:, None], cv2.COLORMAP_TURBO)[:, 0, ::-1]
    for dv, du in ((0, 0), (0, 1)):
        canvas.pixels[np.minimum(v + dv, canvas.camera.height - 1), np.minimum(u + du, canvas.camera.width - 1)] = (
            shades
        )
    for (x, y), track_id in zip(np.round(pixels[on_object]).astype(int), ids[on_object], strict=True):
        cv2.circle(canvas.pixels, (int(x), int(y)), 2, color_of(classes[int(track_id)]), -1, cv2.LINE_AA)


def write_text(
    pixels: Picture, text: str, at: tuple[int, int], color: Color = (235, 235, 235), size: float = 0.5
) -> None:
    """Writes ASCII text, its baseline's left end at (x, y) [px]."""
    cv2.putText(pixels, text, at, FONT, size, color, 1, cv2.LINE_AA)


def _distance(state: ObjectState, picture: CameraFrame) -> float:
    return float(np.linalg.norm(state.world_from_box[:3, 3] - picture.world_from_camera[:3, 3]))


def _draw_box(canvas: Canvas, camera_from_box: NDArray[np.float64], state: ObjectState) -> None:
    corners = box_corners(camera_from_box, state.size)
    color = color_of(state.category)
    for a, b in _EDGES:
        start, end = sorted((corners[a], corners[b]), key=lambda corner: float(corner[2]))
        if end[2] <= NEAR:
            continue
        if start[2] < NEAR:
            start = start + (end - start) * (NEAR - start[2]) / (end[2] - start[2])
        ends = np.clip(project(canvas.camera, np.stack([start, end]))[0], -1e5, 1e5)
        p, q = (tuple(np.round(point * 16).astype(int).tolist()) for point in ends)
        cv2.line(canvas.pixels, p, q, color, 1, cv2.LINE_AA, shift=4)


def _draw_name(
    canvas: Canvas, state: ObjectState, view: ObjectView, distance: float, taken: list[tuple[int, int, int, int]]
) -> None:
    name = state.category.removeprefix("animal.").replace("_", " ")
    text = f"{name} {distance:.0f} m, {100 * view.visible_fraction:.0f} %{' ~' if view.estimated else ''}"
    (wide, high), _ = cv2.getTextSize(text, FONT, 0.4, 1)
    x0, y0, x1, _ = (v * canvas.scale for v in view.visible_box or view.amodal_box)
    left = round(min(max((x0 + x1 - wide) / 2 - 3, 0), canvas.camera.width - wide - 6))
    top = round(max(y0 - high - 10, 0))
    while top > 0 and any(left < r and left + wide + 6 > l and top < b and top + high + 6 > t for l, t, r, b in taken):  # noqa: E741
        top = max(top - 4, 0)
    taken.append((left, top, left + wide + 6, top + high + 6))
    cv2.rectangle(canvas.pixels, (left, top), (left + wide + 6, top + high + 6), (25, 25, 25), -1)
    write_text(canvas.pixels, text, (left + 3, top + high + 2), color_of(state.category), 0.4)
