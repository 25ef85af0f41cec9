"""Walls with openings: quads in bulk, and storeys of windows with reveals, frames and sills.

A wall lies in a plane with coordinates u along it, to the right as seen from outside, z up, and w outwards.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import masonry
from assets.mesh import Material
from assets.pieces import Piece

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Plane:
    """A wall's frame: ``origin`` (3,) at u = w = z = 0 [m], ``along`` (3,) unit, level."""

    origin: Array
    along: Array

    def points(self, local: Array) -> Array:
        """Places (..., 3) of (u, w, z) (..., 3)."""
        return self.origin + local @ self.turn

    @cached_property
    def turn(self) -> Array:
        """(3, 3) whose rows are the axes u, w, z."""
        up = np.array([0.0, 0.0, 1.0])
        return np.stack([self.along, np.cross(self.along, up), up])


@dataclass(eq=False)
class Quads:
    """Collects quads by material."""

    held: dict[Material, list[tuple[Array, Array, Array, Array]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, material: Material, corners: Any, facing: Any, color: Any, uvs: Any) -> None:
        """Quads (N, 4, 3) that look along ``facing`` (3,) or (N, 3); ``color`` (3,) or (N, 3); ``uvs`` (N, 4, 2)."""
        corners = np.asarray(corners, float)
        shape = (len(corners), 3)
        held = (np.broadcast_to(facing, shape), np.broadcast_to(color, shape), np.asarray(uvs, float))
        self.held[material].append((corners, *held))

    def block(self, material: Material, plane: Plane, low: Any, high: Any, color: Any, tile: float = 4.0) -> None:
        """Boxes from ``low`` to ``high`` (N, 3) in (u, w, z), without their backs."""
        low, high = np.atleast_2d(np.asarray(low, float)), np.atleast_2d(np.asarray(high, float))
        for axis, side in ((1, 1), (0, 0), (0, 1), (2, 0), (2, 1)):
            a, b = (k for k in range(3) if k != axis)
            corners = np.empty((len(low), 4, 3))
            corners[:, :, axis] = (high if side else low)[:, None, axis]
            corners[:, :, a] = np.stack([low[:, a], high[:, a], high[:, a], low[:, a]], 1)
            corners[:, :, b] = np.stack([low[:, b], low[:, b], high[:, b], high[:, b]], 1)
            facing = plane.turn[axis] * (1.0 if side else -1.0)
            self.add(material, plane.points(corners), facing, color, corners[:, :, (a, b)] / tile)

    def rectangles(
        self, material: Material, plane: Plane, spans: Array, depth: float, color: Any, uvs: Array | None = None
    ) -> None:
        """Upright rectangles ``spans`` (N, 4), u0, u1, z0, z1 [m], at w = ``depth``."""
        u0, u1, z0, z1 = spans.T
        u, z = np.stack([u0, u1, u1, u0], 1), np.stack([z0, z0, z1, z1], 1)
        corners = np.stack([u, np.full_like(u, depth), z], -1)
        self.add(material, plane.points(corners), plane.turn[1], color,
                 np.stack([u, z], -1) / masonry.TILE if uvs is None else uvs)  # fmt: skip

    def pieces(self) -> list[Piece]:
        """One piece a material, every quad with its own corners."""
        made = []
        for material, parts in self.held.items():
            corners, facing, colors, uvs = (np.concatenate(column) for column in zip(*parts, strict=True))
            normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
            wrong = (normals * facing).sum(axis=1) < 0
            corners[wrong], uvs[wrong] = corners[wrong][:, ::-1], uvs[wrong][:, ::-1]
            normals[wrong] *= -1
            count = len(corners)
            faces = (np.arange(count)[:, None, None] * 4 + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3)
            made.append(
                Piece(
                    corners.reshape(-1, 3), faces, np.repeat(normals, 4, axis=0), uvs.reshape(-1, 2),
                    np.repeat(colors, 4, axis=0), material,
                )
            )  # fmt: skip
        return made


@dataclass(frozen=True)
class Windows:
    """How a storey's windows look [m].

    Attributes:
        width, height: of the opening; sill: its height above the storey's floor.
        recess: how deep the pane lies in the wall; bars: mullions across and along.
        office: curtain wall glass instead of panes before rooms.
        frame: sRGB of frames and sills; sills: whether they stand out.
    """

    width: float
    height: float
    sill: float
    recess: float = 0.14
    bars: tuple[int, int] = (1, 0)
    office: bool = False
    frame: tuple[float, float, float] = (235.0, 235.0, 230.0)
    sills: bool = True


@dataclass(frozen=True, eq=False)
class Storey:
    """One storey of a wall: from height ``floor`` to ``top`` [m], openings centred at ``places`` (N,) along u."""

    floor: float
    top: float
    places: Array
    windows: Windows


def wall(
    quads: Quads, plane: Plane, width: float, storeys: list[Storey], material: Material, color: Any,
    random: np.random.Generator, level: int, lit: float = 0.4,
) -> None:  # fmt: skip
    """A wall of ``width`` [m] with windows; ``level`` 0 is the finest, 2 has no reveals; ``lit``: share with lamps."""
    for storey in storeys:
        w = storey.windows
        left, right = storey.places - w.width / 2, storey.places + w.width / 2
        low, high = storey.floor + w.sill, storey.floor + w.sill + w.height
        holes = np.stack([left, right, np.full_like(left, low), np.full_like(left, high)], 1)
        glow = np.where(random.random(len(holes)) < lit, random.integers(1, 4, len(holes)), 0)
        cells = random.integers(0, masonry.PANES**2, len(holes))
        if not len(holes):
            quads.rectangles(material, plane, np.array([[0, width, storey.floor, storey.top]]), 0.0, color)
            continue
        piers = np.stack([np.concatenate([[0.0], right]), np.concatenate([left, [width]])], 1)
        solid = [[0, width, storey.floor, low], [0, width, high, storey.top]]
        solid += [[a, b, low, high] for a, b in piers]
        strips = np.array([row for row in solid if row[1] - row[0] > 1e-3 and row[3] - row[2] > 1e-3])
        quads.rectangles(material, plane, strips, 0.0, color)
        depth = -w.recess if level == 0 else -0.02
        _panes(quads, plane, holes, depth, w, glow, cells)
        if level == 0:
            _reveals(quads, plane, holes, w.recess, material, color)
            _frames(quads, plane, holes, -w.recess + 0.03, w)
            if w.sills:
                low_corner = np.column_stack(
                    [left - 0.06, np.full(len(left), -w.recess), np.full(len(left), low - 0.07)]
                )
                high_corner = np.column_stack([right + 0.06, np.full(len(left), 0.06), np.full(len(left), low + 0.012)])
                quads.block(masonry.TRIM, plane, low_corner, high_corner, w.frame)


def _panes(
    quads: Quads, plane: Plane, holes: Array, depth: float, w: Windows, glow: NDArray[np.int64],
    cells: NDArray[np.int64],
) -> None:  # fmt: skip
    corner = np.stack([cells % masonry.PANES, cells // masonry.PANES], -1) / masonry.PANES + 0.01
    end = corner + 1 / masonry.PANES - 0.02
    uvs = np.stack([corner, np.stack([end[:, 0], corner[:, 1]], -1), end, np.stack([corner[:, 0], end[:, 1]], -1)], 1)
    for number in range(4):
        chosen = glow == number
        if chosen.any():
            material = masonry.curtain_wall(number) if w.office else masonry.pane(number)
            quads.rectangles(material, plane, holes[chosen], depth, (255, 255, 255), uvs[chosen])


def _reveals(quads: Quads, plane: Plane, holes: Array, recess: float, material: Material, color: Any) -> None:
    """The four sides of each opening, a shade darker than the wall."""
    shade = np.asarray(color, float) * 0.86
    u0, u1, z0, z1 = holes.T
    zero, deep = np.zeros(len(holes)), np.full(len(holes), -recess)
    for u, sign in ((u0, 1.0), (u1, -1.0)):
        corners = np.stack([np.stack([u, w, z], -1) for w, z in ((deep, z0), (zero, z0), (zero, z1), (deep, z1))], 1)
        quads.add(material, plane.points(corners), plane.turn[0] * sign, shade, corners[:, :, 1:] / masonry.TILE)
    for z, sign in ((z0, 1.0), (z1, -1.0)):
        corners = np.stack([np.stack([u, w, z], -1) for u, w in ((u0, deep), (u1, deep), (u1, zero), (u0, zero))], 1)
        quads.add(material, plane.points(corners), plane.turn[2] * sign, shade, corners[:, :, :2] / masonry.TILE)


def _frames(quads: Quads, plane: Plane, holes: Array, depth: float, w: Windows) -> None:
    """Frames and mullions before the panes."""
    thick = 0.05 if w.office else 0.07
    u0, u1, z0, z1 = holes.T
    bars = [(u0, u0 + thick, z0, z1), (u1 - thick, u1, z0, z1), (u0, u1, z0, z0 + thick), (u0, u1, z1 - thick, z1)]
    for k in range(w.bars[0]):
        middle = u0 + (u1 - u0) * (k + 1) / (w.bars[0] + 1)
        bars.append((middle - thick / 2, middle + thick / 2, z0 + thick, z1 - thick))
    for k in range(w.bars[1]):
        middle = z0 + (z1 - z0) * (k + 1) / (w.bars[1] + 1)
        bars.append((u0 + thick, u1 - thick, middle - thick / 2, middle + thick / 2))
    spans = np.concatenate([np.stack(bar, 1) for bar in bars])
    quads.rectangles(masonry.TRIM, plane, spans, depth, w.frame)
