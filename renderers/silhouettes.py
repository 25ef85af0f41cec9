"""Outlines of single objects with nothing before them: each drawn alone into its own window of one atlas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from renderers.bounds import BodyBounds
from renderers.context import Context
from renderers.geometry import Materials, Pool
from renderers.painter import Painter
from renderers.scene import Instance, Pinhole, Silhouette
from renderers.visibility import BodyCopies, View

NEAR = 0.1
"""[m], as in geometry.vert."""
BEYOND = 1
"""An outline is followed so many picture widths and heights beyond the border; what lies farther out is not counted.
It bounds the work for an object that passes right beside the camera, whose outline has no end."""
PAGE = 4096
"""Side of the atlas [px]; outlines that do not fit together are drawn on several pages one after the other."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class _Window:
    """Where on the picture plane an object may appear: (x0, y0, x1, y1) [px], and where in the atlas that lies."""

    object_id: int
    parts: list[Instance]
    box: Box
    place: tuple[int, int] = (0, 0)

    @property
    def size(self) -> tuple[int, int]:
        return self.box[2] - self.box[0], self.box[3] - self.box[1]


class Silhouettes:
    """Draws outlines with the meshes, levels of detail and pixel grid of the picture."""

    def __init__(self, context: Context, pools: list[Pool], materials: Materials, shapes: BodyBounds) -> None:
        self._context, self._pools, self._materials, self._shapes = context, pools, materials, shapes
        self._painters = [Painter(context, pool, "geometry.vert", "outline.frag") for pool in pools]
        self._pages: dict[tuple[int, int], moderngl.Framebuffer] = {}

    def of(
        self,
        bodies: Sequence[Instance],
        camera: Pinhole,
        world_from_camera: NDArray[np.float64],
        uniforms: dict[str, Any],
        prepare: Callable[[NDArray[np.float32]], None],
    ) -> dict[int, Silhouette]:
        """Silhouettes of all objects among ``bodies``, by object id; objects without a pixel are left out."""
        view = View.of_camera(camera, world_from_camera)
        parts: dict[int, list[Instance]] = {}
        for body in bodies:
            parts.setdefault(body.object_id, []).append(body)
        windows = [
            window
            for object_id in sorted(parts)
            if (window := self._window(object_id, parts[object_id], camera, world_from_camera)) is not None
        ]
        found: dict[int, Silhouette] = {}
        for page in _pages(windows):
            found.update(self._draw(page, view, camera, uniforms, prepare))
        return dict(sorted(found.items()))

    def _window(
        self, object_id: int, parts: list[Instance], camera: Pinhole, world_from_camera: NDArray[np.float64]
    ) -> _Window | None:
        inverse = np.linalg.inv(world_from_camera)
        corners = []
        for part in parts:
            matrix = inverse @ part.world_from_mesh
            # All levels of detail, since a coarse one may stick out of a fine one.
            local = np.concatenate([self._shapes.points(part, mesh, part.bones) for mesh in part.lods])
            corners.append(_in_front(local @ matrix[:3, :3].T + matrix[:3, 3]))
        points = np.concatenate(corners)
        if not len(points):
            return None
        pixels = points[:, :2] / points[:, 2:] * (camera.fx, camera.fy) + (camera.cx + 0.5, camera.cy + 0.5)
        size = np.array([camera.width, camera.height])
        low = np.clip(np.floor(pixels.min(0)) - 1, -BEYOND * size, (1 + BEYOND) * size).astype(int)
        high = np.clip(np.ceil(pixels.max(0)) + 1, -BEYOND * size, (1 + BEYOND) * size).astype(int)
        if (high <= low).any():
            return None
        return _Window(object_id, parts, (int(low[0]), int(low[1]), int(high[0]), int(high[1])))

    def _draw(
        self,
        page: list[_Window],
        view: View,
        camera: Pinhole,
        uniforms: dict[str, Any],
        prepare: Callable[[NDArray[np.float32]], None],
    ) -> dict[int, Silhouette]:
        gl = self._context.gl
        width = max(window.place[0] + window.size[0] for window in page)
        height = max(window.place[1] + window.size[1] for window in page)
        frame = self._frame((width, height))
        frame.use()
        frame.viewport = (0, 0, width, height)
        frame.clear()
        gl.enable_only(moderngl.NOTHING)
        gl.front_face = "cw"
        for window in page:
            (x0, y0, _, _), size = window.box, window.size
            frame.viewport = (*window.place, *size)
            projection = (camera.fx, camera.fy, camera.cx + 0.5 - x0, camera.cy + 0.5 - y0)
            copies = BodyCopies(window.parts, view, self._shapes, cull=False)
            batches = [copies.batch(pool, self._materials) for pool in self._pools]
            prepare(copies.bones)
            for painter, batch in zip(self._painters, batches, strict=True):
                painter.draw(batch, {**uniforms, "projection": projection, "size": size})
        covered = np.frombuffer(frame.read((0, 0, width, height), components=1), np.uint8).reshape(height, width) > 0
        found = {}
        for window in page:
            (x, y), (w, h) = window.place, window.size
            silhouette = _measure(covered[y : y + h, x : x + w], window.box, camera)
            if silhouette is not None:
                found[window.object_id] = silhouette
        return found

    def _frame(self, size: tuple[int, int]) -> moderngl.Framebuffer:
        fitting = (-(-size[0] // 1024) * 1024, -(-size[1] // 1024) * 1024)
        if fitting not in self._pages:
            self._pages[fitting] = self._context.gl.framebuffer(self._context.gl.texture(fitting, 1))
        return self._pages[fitting]


def _in_front(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (K, 3) whose hull is that of ``points`` (camera frame) cut at the near plane; none when all behind."""
    front, back = points[points[:, 2] >= NEAR], points[points[:, 2] < NEAR]
    if not len(front) or not len(back):
        return front
    share = (NEAR - back[None, :, 2]) / (front[:, None, 2] - back[None, :, 2])
    crossing = back[None] + share[..., None] * (front[:, None] - back[None])
    crossing[..., 2] = NEAR
    return np.concatenate((front, crossing.reshape(-1, 3)))


def _pages(windows: list[_Window]) -> list[list[_Window]]:
    """Windows placed on shelves, tall ones first, on as few pages as that takes."""
    pages: list[list[_Window]] = []
    x = y = shelf = 0
    for window in sorted(windows, key=lambda w: (-w.size[1], w.object_id)):
        width, height = window.size
        if pages and x + width > PAGE:
            x, y, shelf = 0, y + shelf, 0
        if not pages or y + height > PAGE:
            pages.append([])
            x = y = shelf = 0
        pages[-1].append(_Window(window.object_id, window.parts, window.box, (x, y)))
        x, shelf = x + width, max(shelf, height)
    return pages


def _measure(covered: NDArray[np.bool_], box: Box, camera: Pinhole) -> Silhouette | None:
    """What a mask (H, W) over ``box`` of the picture plane holds; None when it is empty."""
    columns, rows = np.flatnonzero(covered.any(0)), np.flatnonzero(covered.any(1))
    if not len(columns):
        return None
    x0, y0 = box[0], box[1]
    inside = covered[max(0, -y0) : max(0, camera.height - y0), max(0, -x0) : max(0, camera.width - x0)]
    return Silhouette(
        pixels=int(covered.sum()),
        pixels_inside=int(inside.sum()),
        box=(float(x0 + columns[0]), float(y0 + rows[0]), float(x0 + columns[-1] + 1), float(y0 + rows[-1] + 1)),
        mask=covered[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy(),
    )
