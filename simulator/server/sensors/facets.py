"""Pictures through lenses that bend lines: drawn as one or five pinholes' pictures, and taken over pixel by pixel.

Every pixel of the lens's picture looks along one ray. Its labels are those of the pinhole's pixel that this ray goes
through, never mixed; its colour is interpolated. The pinholes are at least as sharp as the lens.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from assets.tags import Tag
from renderers.raster import Raster
from renderers.scene import Picture, Pinhole, Scene, Silhouette
from sensors.distortion import Distortion

Array = NDArray[np.float64]
Element = TypeVar("Element", bound=np.generic)

WIDEST = np.tan(np.radians(62))
"""Tangent of the angle from the axis up to which one pinhole will do; beyond it its picture grows too large."""
SHARPEST = 2.0
"""Largest focal length of the pinholes, in the lens's."""
BEYOND = 0.25
"""How far outlines are followed beyond the picture's border, in its width and height."""

_TURNS = tuple(
    np.array(rows, np.float64)
    for rows in (
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],  # ahead
        [[0, 0, 1], [0, 1, 0], [-1, 0, 0]],  # right
        [[0, 0, -1], [0, 1, 0], [1, 0, 0]],  # left
        [[1, 0, 0], [0, 0, 1], [0, -1, 0]],  # below
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]],  # above
    )
)
"""``camera_from_face`` (3, 3) of the faces of a cube, but for the one behind."""


@dataclass(frozen=True, eq=False)
class _Facet:
    """One pinhole and the pixels of the lens's canvas that look through it.

    Attributes:
        camera_from_facet: (4, 4).
        rows, columns: (K,) of the canvas.
        u, v: (K,) where those look in the pinhole's picture [px].
        stretch: (K,) depth along the lens's axis over that along the pinhole's.
        inside: (K,) whether they are of the picture, not of the canvas around it.
    """

    pinhole: Pinhole
    camera_from_facet: Array
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    u: NDArray[np.float32]
    v: NDArray[np.float32]
    stretch: NDArray[np.float32]
    inside: NDArray[np.bool_]


class Facets:
    """How a lens's picture is put together. It is costly to make: use ``facets``, which remembers."""

    def __init__(self, camera: Pinhole, distortion: Distortion) -> None:
        self.camera, self.distortion = camera, distortion
        self.margin = round(BEYOND * camera.width), round(BEYOND * camera.height)
        across, down = self.margin
        v, u = np.mgrid[-down : camera.height + down, -across : camera.width + across].astype(np.float64)
        self._size = u.shape
        centre, focal = np.array([camera.cx, camera.cy]), np.array([camera.fx, camera.fy])
        rays = distortion.unproject((np.stack([u.ravel(), v.ravel()], 1) - centre) / focal)
        inside = np.zeros(u.shape, bool)
        inside[down : down + camera.height, across : across + camera.width] = True
        inside = inside.ravel()
        with np.errstate(invalid="ignore"):
            straight = rays[:, :2] / rays[:, 2:]
            one = np.nanmax(np.hypot(*straight[inside].T)) < WIDEST
        seen = np.isfinite(rays[:, 0])
        if one:
            which = np.where(seen, 0, -1)
        else:
            filled = np.where(seen[:, None], rays, (0, 0, 1))
            which = np.where(seen, np.argmax([filled @ turn[:, 2] for turn in _TURNS], axis=0), -1)
        cosine = (rays @ np.stack([turn[:, 2] for turn in _TURNS[: 1 if one else None]], 1)).max(axis=1)
        window = (slice(down, down + camera.height), slice(across, across + camera.width))
        focus = _sharpness(rays.reshape(*u.shape, 3)[window], cosine.reshape(u.shape)[window], camera)
        self._facets = tuple(
            self._facet(turn, np.flatnonzero(which == number), rays, inside, focus)
            for number, turn in enumerate(_TURNS)
            if (inside & (which == number)).any()
        )
        nearest = np.full(len(rays), -1, np.int64)  # which pixel of which facet, one behind another; -1: no light
        bend = np.zeros((len(rays), 2))  # where the lens shows the centre of that pixel
        stretch = np.ones(len(rays), np.float32)
        start = 0
        for facet in self._facets:
            column = np.clip(np.rint(facet.u), 0, facet.pinhole.width - 1).astype(np.int64)
            row = np.clip(np.rint(facet.v), 0, facet.pinhole.height - 1).astype(np.int64)
            where = facet.rows * self._size[1] + facet.columns
            nearest[where] = start + row * facet.pinhole.width + column
            stretch[where] = facet.stretch
            bend[where] = self._shown(facet, np.stack([column, row], 1))
            start += facet.pinhole.width * facet.pinhole.height
        shape = (camera.height, camera.width)
        self._nearest, self._stretch = nearest[inside].reshape(shape), stretch[inside].reshape(shape)
        self._bend = bend[inside]

    def _facet(
        self, turn: Array, which: NDArray[np.int64], rays: Array, inside: NDArray[np.bool_], focus: float
    ) -> _Facet:
        local = rays[which] @ turn
        a, b = local[:, 0] / local[:, 2] * focus, local[:, 1] / local[:, 2] * focus
        drawn = inside[which]
        left, top = np.floor(a[drawn].min()) - 2, np.floor(b[drawn].min()) - 2
        right, bottom = np.ceil(a[drawn].max()) + 2, np.ceil(b[drawn].max()) + 2
        pinhole = Pinhole(int(right - left) + 1, int(bottom - top) + 1, focus, focus, float(-left), float(-top))
        pose = np.eye(4)
        pose[:3, :3] = turn
        rows, columns = np.divmod(which, self._size[1])
        return _Facet(
            pinhole,
            pose,
            rows.astype(np.int32),
            columns.astype(np.int32),
            (a - left).astype(np.float32),
            (b - top).astype(np.float32),
            (rays[which, 2] / local[:, 2]).astype(np.float32),
            drawn,
        )

    @property
    def cameras(self) -> tuple[tuple[Pinhole, Array], ...]:
        """The pinholes to draw, each with ``camera_from_pinhole`` (4, 4)."""
        return tuple((facet.pinhole, facet.camera_from_facet) for facet in self._facets)

    def joined(self, pictures: Sequence[Picture], *, flow: bool) -> Picture:
        """The lens's picture of those of its pinholes, in their order; the motion of its pixels only with ``flow``."""
        normals = [
            picture.normal.reshape(-1, 3) @ facet.camera_from_facet[:3, :3].T.astype(np.float32)
            for facet, picture in zip(self._facets, pictures, strict=True)
        ]
        depth = self._taken([picture.depth.ravel() for picture in pictures], np.float32(np.inf)) * self._stretch
        motion = np.zeros((*depth.shape, 2), np.float32)
        if flow:
            motion = self._motion(self._taken([picture.flow.reshape(-1, 2) for picture in pictures], np.float32(0)))
        colored = all(picture.color is not None for picture in pictures)
        return Picture(
            color=self._color(pictures) if colored else None,
            depth=depth,
            tag=self._taken([picture.tag.ravel() for picture in pictures], np.uint8(Tag.NONE)),
            object_id=self._taken([picture.object_id.ravel() for picture in pictures], np.uint32(0)),
            normal=self._taken(normals, np.float32(0)),
            flow=motion,
            exposure=pictures[0].exposure,
        )

    def outlines(
        self, raster: Raster, scene: Scene, world_from_camera: Array, object_ids: Collection[int]
    ) -> dict[int, Silhouette]:
        """Outlines in the lens's picture and around it (``BEYOND``), as ``Raster.silhouettes`` has a pinhole's."""
        covered: dict[int, list[tuple[NDArray[np.int32], NDArray[np.int32]]]] = {}
        for facet in self._facets:
            silhouettes = raster.silhouettes(
                scene, facet.pinhole, world_from_camera @ facet.camera_from_facet, object_ids
            )
            column, row = np.rint(facet.u).astype(np.int64), np.rint(facet.v).astype(np.int64)
            for object_id, outline in silhouettes.items():
                x0, y0, x1, y1 = (int(edge) for edge in outline.box)
                near = np.flatnonzero((column >= x0) & (column < x1) & (row >= y0) & (row < y1))
                hit = near[outline.mask[row[near] - y0, column[near] - x0]]
                if len(hit):
                    covered.setdefault(object_id, []).append((facet.rows[hit], facet.columns[hit]))
        return {object_id: self._silhouette(pieces) for object_id, pieces in covered.items()}

    def _silhouette(self, pieces: list[tuple[NDArray[np.int32], NDArray[np.int32]]]) -> Silhouette:
        rows, columns = (np.concatenate(each) for each in zip(*pieces, strict=True))
        top, left = int(rows.min()), int(columns.min())
        mask = np.zeros((int(rows.max()) - top + 1, int(columns.max()) - left + 1), bool)
        mask[rows - top, columns - left] = True
        across, down = self.margin
        x0, y0 = left - across, top - down
        x, y = columns - across, rows - down
        inside = (x >= 0) & (x < self.camera.width) & (y >= 0) & (y < self.camera.height)
        box = (float(x0), float(y0), float(x0 + mask.shape[1]), float(y0 + mask.shape[0]))
        return Silhouette(len(rows), int(np.count_nonzero(inside)), box, mask)

    def _taken(self, planes: Sequence[NDArray[Element]], empty: Element) -> NDArray[Element]:
        whole = np.concatenate(planes)
        taken = whole[self._nearest]
        taken[self._nearest < 0] = empty
        return taken

    def _color(self, pictures: Sequence[Picture]) -> NDArray[np.uint8]:
        camera, (across, down) = self.camera, self.margin
        color = np.zeros((camera.height, camera.width, 3), np.uint8)
        for facet, picture in zip(self._facets, pictures, strict=True):
            assert picture.color is not None
            shape = (camera.height, camera.width)
            rows, columns = facet.rows[facet.inside] - down, facet.columns[facet.inside] - across
            u, v = np.full(shape, -9, np.float32), np.full(shape, -9, np.float32)
            u[rows, columns], v[rows, columns] = facet.u[facet.inside], facet.v[facet.inside]
            seen = cv2.remap(np.ascontiguousarray(picture.color), u, v, cv2.INTER_LINEAR)
            color[rows, columns] = seen[rows, columns]
        return color

    def _motion(self, flow: NDArray[np.float32]) -> NDArray[np.float32]:
        """Motion (H, W, 2) in the lens's pixels of that of the pinholes' pixels that it shows."""
        motion = np.zeros((flow.shape[0] * flow.shape[1], 2), np.float32)
        seen, start = self._nearest.ravel(), 0
        for facet in self._facets:
            pinhole = facet.pinhole
            local = np.flatnonzero((seen >= start) & (seen < start + pinhole.width * pinhole.height))
            row, column = np.divmod(seen[local] - start, pinhole.width)
            moved = self._shown(facet, np.stack([column, row], 1) + flow.reshape(-1, 2)[local])
            motion[local] = np.nan_to_num(moved - self._bend[local])
            start += pinhole.width * pinhole.height
        return motion.reshape(flow.shape)

    def _shown(self, facet: _Facet, pixels: NDArray[np.floating]) -> Array:
        """Where the lens shows pixels (K, 2) of a pinhole's picture, from its principal point [px]."""
        pinhole = facet.pinhole
        plane = (pixels - (pinhole.cx, pinhole.cy)) / (pinhole.fx, pinhole.fy)
        rays = np.concatenate([plane, np.ones((len(plane), 1))], axis=1) @ facet.camera_from_facet[:3, :3].T
        return self.distortion.project(rays) * (self.camera.fx, self.camera.fy)


@lru_cache(maxsize=32)
def facets(camera: Pinhole, distortion: Distortion) -> Facets:
    """The facets of a lens, made once."""
    return Facets(camera, distortion)


def _sharpness(rays: Array, cosine: Array, camera: Pinhole) -> float:
    """Focal length [px] at which pinholes are as sharp as the lens, at its sharpest (but for one pixel in a hundred).

    ``rays`` (H, W, 3) of the picture's pixels, ``cosine`` (H, W) of their angle from their pinhole's axis, which a
    pinhole's picture stretches by at least its inverse.
    """
    with np.errstate(invalid="ignore"):
        steps = [np.linalg.norm(np.diff(rays, axis=axis), axis=2) for axis in (0, 1)]
        stretched = np.concatenate([(steps[0] / cosine[1:]).ravel(), (steps[1] / cosine[:, 1:]).ravel()])
    return float(min(1 / np.nanpercentile(stretched, 1), SHARPEST * max(camera.fx, camera.fy)))
