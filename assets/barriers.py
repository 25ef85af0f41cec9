"""What keeps traffic in its place: guard rails, concrete barriers, railings, noise walls.

Each is ``SPAN`` metres along y from y = 0, its face towards +x, to be put up piece after piece.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import masonry
from assets.mesh import Material, Mesh
from assets.model import Model
from assets.pieces import Piece, box, grid_faces, join, rigid, tube
from assets.street import SPAN
from assets.tags import Tag

Array = NDArray[Any]
Size = tuple[float, float, float] | None

W_BEAM = np.array(
    [(0.015, -0.156), (0.065, -0.145), (0.083, -0.115), (0.083, -0.078), (0.02, -0.028), (0.0, 0.0),
     (0.02, 0.028), (0.083, 0.078), (0.083, 0.115), (0.065, 0.145), (0.015, 0.156)]
)  # fmt: skip
"""x and z [m] of a W-beam's face: 312 mm high, 83 mm deep (AASHTO M 180)."""
BEAM_MIDDLE = 0.594
"""Height [m] of the beam's middle: its top at 0.75 m (EN 1317 systems)."""
JERSEY = np.array([(0.305, -0.3), (0.305, 0.075), (0.125, 0.33), (0.075, 0.81), (-0.075, 0.81), (-0.125, 0.33),
                   (-0.305, 0.075), (-0.305, -0.3)])  # fmt: skip
"""x and z [m] of the New Jersey barrier: toe 75 mm, 55 degrees up to 330 mm, 84 degrees up to 810 mm (FHWA)."""
RAILING_HEIGHT, NOISE_HEIGHT = 1.1, 3.0

_ZINC = Material("barrier.zinc", (0.56, 0.58, 0.60), 0.38, metallic=0.8, lidar_reflectance=0.6)
_REFLECTOR = Material("barrier.reflector", (0.9, 0.45, 0.05), 0.3, lidar_reflectance=2.0)
_WHITE = np.array([255.0, 255.0, 255.0])
_CONCRETE = np.array([196.0, 192, 184])


def _refuse_size(name: str, size: Size) -> None:
    if size is not None:
        raise ValueError(f"{name} takes no size")


def _swept(profile: Array, material: Material, color: Array) -> Piece:
    """A profile (P, 2) of x and z [m], drawn along y; flat-shaded; outside is to the right of the profile's way."""
    rows = np.repeat(profile, 2, axis=0)[1:-1]  # every edge has corners of its own
    vertices = np.concatenate([np.column_stack([rows[:, 0], np.full(len(rows), y), rows[:, 1]]) for y in (0.0, SPAN)])
    faces = grid_faces(2, len(rows))
    columns = faces % len(rows)
    faces = faces[(np.ptp(columns, axis=1) == 1) & (columns.min(axis=1) % 2 == 0)]
    edge = np.diff(profile, axis=0)
    normal = np.repeat(np.column_stack([edge[:, 1], np.zeros(len(edge)), -edge[:, 0]]), 2, axis=0)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*edge.T))])
    across = np.repeat(along, 2)[1:-1]
    uvs = np.concatenate([np.column_stack([np.full(len(rows), y), across]) for y in (0.0, SPAN)]) / masonry.TILE
    corner = vertices[faces]
    wound = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    against = np.einsum("ij,ij->i", wound, np.concatenate([normal, normal])[faces[:, 0]]) < 0
    faces[against] = faces[against, ::-1]
    return Piece(vertices, faces, np.concatenate([normal, normal]), uvs, np.tile(color, (len(vertices), 1)), material)


@cache
def guard_rail(variant: int, size: Size = None) -> Model:
    """A galvanised W-beam on a post with its spacer; every second one carries a reflector."""
    _refuse_size("barrier.guard_rail", size)

    def level(step: int) -> Mesh:
        face = W_BEAM[::step] + np.array([0.0, BEAM_MIDDLE])
        back = face[::-1] - [0.004, 0.0]
        pieces = [_swept(face, _ZINC, _WHITE), _swept(back, _ZINC, _WHITE)]
        pieces.append(box((0.10, 0.06, 1.15), (-0.15, SPAN / 2, 0.15), _ZINC, _WHITE))
        pieces.append(box((0.10, 0.08, 0.2), (-0.05, SPAN / 2, BEAM_MIDDLE), _ZINC, _WHITE))
        if variant % 2:
            pieces.append(box((0.015, 0.08, 0.06), (0.035, SPAN / 2, BEAM_MIDDLE), _REFLECTOR, _WHITE))
        return join(pieces)

    return rigid("barrier.guard_rail", "static", (level(1), level(5)), Tag.GUARD_RAIL)


@cache
def concrete(variant: int, size: Size = None) -> Model:
    """A length of New Jersey barrier."""
    _refuse_size("barrier.concrete", size)
    tone = _CONCRETE * (1.0 if variant % 2 == 0 else 0.93)
    return rigid("barrier.concrete", "static", (join([_swept(JERSEY, masonry.plaster(), tone)]),), Tag.WALLS)


@cache
def railing(variant: int, size: Size = None) -> Model:
    """A steel railing: a hand rail, a lower rail and bars between them."""
    _refuse_size("barrier.railing", size)

    def level(bars: int, sides: int) -> Mesh:
        def rod(start: tuple[float, float, float], end: tuple[float, float, float], radius: float) -> Piece:
            return tube(np.array([start, end]), np.array([radius, radius]), sides, masonry.DARK_METAL, _WHITE)

        pieces = [rod((0, 0, z), (0, SPAN, z), radius) for z, radius in ((RAILING_HEIGHT, 0.025), (0.12, 0.016))]
        pieces.append(rod((0, 0.02, -0.3), (0, 0.02, RAILING_HEIGHT), 0.024))
        pieces += [rod((0, y, 0.12), (0, y, RAILING_HEIGHT), 0.008) for y in (np.arange(bars) + 0.5) * SPAN / bars]
        return join(pieces)

    return rigid("barrier.railing", "static", (level(16, 5), level(8, 3)), Tag.FENCES)


@cache
def noise_wall(variant: int, size: Size = None) -> Model:
    """A noise wall: ribbed panels between steel posts."""
    _refuse_size("barrier.noise_wall", size)
    tone = np.array([150.0, 158, 138]) if variant % 2 == 0 else np.array([176.0, 164, 148])
    pieces = [box((0.12, SPAN, 0.5 + NOISE_HEIGHT), (0, SPAN / 2, (NOISE_HEIGHT - 0.5) / 2), masonry.plaster(), tone)]
    for z in np.arange(0.25, NOISE_HEIGHT, 0.5):
        pieces.append(box((0.17, SPAN, 0.3), (0, SPAN / 2, z), masonry.plaster(), tone * 0.94))
    pieces.append(box((0.24, 0.16, NOISE_HEIGHT + 0.6), (0, 0.08, NOISE_HEIGHT / 2 - 0.25), masonry.METAL, _WHITE))
    return rigid("barrier.noise_wall", "static", (join(pieces),), Tag.WALLS)


MODELS: dict[str, Callable[[int, Size], Model]] = {
    "barrier.guard_rail": guard_rail,
    "barrier.concrete": concrete,
    "barrier.railing": railing,
    "barrier.noise_wall": noise_wall,
}
"""Catalogue name -> (variant, size) -> model."""
