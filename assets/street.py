"""What stands in streets: lamps, benches, bins, hydrants, shelters, hedges, walls, fences. The road is towards +x."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import foliage, masonry
from assets.mesh import Material, Mesh
from assets.model import Model
from assets.pieces import Piece, box, cards, join, rigid, tube
from assets.tags import Tag

Array = NDArray[Any]
Size = tuple[float, float, float] | None

LAMP_HEIGHT, LAMP_ARM = 8.2, 2.4
"""Metres of a street lamp's head above the ground and before its pole."""
LAMP = "street"
"""Lamp group of street lamps."""
SPAN = 2.0
"""Metres along y of one piece of hedge, wall or fence."""

_GLASS = Material(
    "street_lamp.glass", (0.75, 0.75, 0.72), 0.2, clear_coat=0.6, emission=(9.0, 6.6, 3.6), lamp=LAMP,
    lidar_reflectance=0.5,
)  # fmt: skip
_POLE = Material("street_lamp.pole", (0.16, 0.17, 0.18), 0.5, metallic=0.4, lidar_reflectance=0.35)
_WOOD = Material("bench.wood", (0.34, 0.21, 0.12), 0.7, lidar_reflectance=0.35)
_RED = Material("hydrant", (0.55, 0.05, 0.04), 0.45, clear_coat=0.3, lidar_reflectance=0.35)
_GREEN = Material("bin", (0.05, 0.12, 0.08), 0.5, clear_coat=0.2, lidar_reflectance=0.25)
_PANE = Material(
    "shelter.glass", (0.5, 0.6, 0.6), 0.05, metallic=0.5, clear_coat=1.0, opacity=0.4, lidar_reflectance=0.1
)
_LEAF = Material("hedge.core", (0.055, 0.085, 0.03), 1.0, lidar_reflectance=0.4)
_PICKET = Material("fence.picket", (0.80, 0.80, 0.78), 0.7, lidar_reflectance=0.6)
_WHITE = np.array([255.0, 255.0, 255.0])


def _refuse_size(name: str, size: Size) -> None:
    if size is not None:
        raise ValueError(f"{name} takes no size")


def _bar(start: tuple[float, float, float], end: tuple[float, float, float], radii: tuple[float, float], sides: int,
         material: Material) -> Piece:  # fmt: skip
    return tube(np.array([start, end], float), np.array(radii), sides, material, _WHITE)


def _boxes(material: Material, *parts: tuple[tuple[float, float, float], tuple[float, float, float]]) -> list[Piece]:
    """Boxes given by (size, centre)."""
    return [box(size, center, material, _WHITE) for size, center in parts]


@cache
def lamp(variant: int, size: Size = None) -> Model:
    """A street lamp: a tapered steel pole, a bent arm over the road and a flat head."""
    _refuse_size("street.lamp", size)

    def level(sides: int, steps: int) -> Mesh:
        bend = np.linspace(0, np.pi / 2, steps)
        path = np.concatenate(
            [[[0, 0, -0.3], [0, 0, LAMP_HEIGHT - 1.0]],
             np.stack([1.0 - np.cos(bend[1:]), 0 * bend[1:], LAMP_HEIGHT - 1.0 + np.sin(bend[1:])], -1),
             [[LAMP_ARM - 0.3, 0, LAMP_HEIGHT + 0.06]]]
        )  # fmt: skip
        radii = np.interp(np.arange(len(path)), [0, 1, len(path) - 1], [0.10, 0.065, 0.04])
        pieces = [tube(path, radii, sides, _POLE, _WHITE)]
        pieces += _boxes(
            _POLE, ((0.26, 0.26, 0.5), (0, 0, 0.05)), ((0.75, 0.3, 0.11), (LAMP_ARM, 0, LAMP_HEIGHT + 0.08))
        )
        pieces += _boxes(_GLASS, ((0.6, 0.22, 0.05), (LAMP_ARM + 0.02, 0, LAMP_HEIGHT + 0.01)))
        return join(pieces)

    return rigid("street.lamp", "static", (level(8, 6), level(4, 3)), Tag.POLES)


@cache
def bench(variant: int, size: Size = None) -> Model:
    """A wooden bench of 1.8 m with iron legs, seat towards +x."""
    _refuse_size("street.bench", size)
    parts = [((0.09, 1.8, 0.04), (x, 0.0, 0.45)) for x in (-0.13, -0.02, 0.09, 0.20)]
    parts += [((0.04, 1.8, 0.09), (-0.24 - 0.03 * k, 0.0, 0.60 + 0.13 * k)) for k in range(3)]
    pieces = _boxes(_WOOD, *parts)
    for y in (-0.75, 0.75):
        pieces += _boxes(
            masonry.DARK_METAL, ((0.5, 0.05, 0.04), (0.0, y, 0.41)), ((0.05, 0.05, 0.45), (0.2, y, 0.2)),
            ((0.05, 0.05, 0.9), (-0.27, y, 0.42)),
        )  # fmt: skip
    return rigid("street.bench", "static", (join(pieces),), Tag.STATIC)


@cache
def bin_(variant: int, size: Size = None) -> Model:
    """A litter bin with a domed lid."""
    _refuse_size("street.bin", size)

    def level(sides: int) -> Mesh:
        heights, radii = np.array([-0.05, 0.1, 0.8, 0.82, 0.95, 1.04]), np.array([0.22, 0.24, 0.26, 0.29, 0.26, 0.04])
        path = np.column_stack([np.zeros((len(heights), 2)), heights])
        pieces = [tube(path, radii, sides, _GREEN, _WHITE)]
        pieces += _boxes(masonry.DARK_METAL, ((0.03, 0.26, 0.12), (0.25, 0, 0.72)))
        return join(pieces)

    return rigid("street.bin", "static", (level(14), level(6)), Tag.STATIC)


@cache
def hydrant(variant: int, size: Size = None) -> Model:
    """A fire hydrant."""
    _refuse_size("street.hydrant", size)

    def level(sides: int) -> Mesh:
        heights = np.array([-0.05, 0.05, 0.06, 0.52, 0.53, 0.58, 0.68, 0.74])
        radii = np.array([0.17, 0.17, 0.11, 0.11, 0.15, 0.15, 0.11, 0.03])
        pieces = [tube(np.column_stack([np.zeros((8, 2)), heights]), radii, sides, _RED, _WHITE)]
        pieces.append(_bar((0, -0.2, 0.42), (0, 0.2, 0.42), (0.06, 0.06), sides, _RED))
        pieces.append(_bar((0, 0, 0.42), (0.2, 0, 0.42), (0.075, 0.075), sides, _RED))
        return join(pieces)

    return rigid("street.hydrant", "static", (level(12), level(5)), Tag.STATIC)


@cache
def shelter(variant: int, size: Size = None) -> Model:
    """A bus shelter, 4 m long, open towards +x, with a bench, a lit poster and the stop's post."""
    _refuse_size("street.shelter", size)
    pieces = _boxes(
        masonry.DARK_METAL,
        ((1.7, 4.3, 0.1), (0.1, 0, 2.5)), ((0.08, 0.08, 2.5), (-0.6, -2.0, 1.2)), ((0.08, 0.08, 2.5), (-0.6, 2.0, 1.2)),
        ((0.08, 0.08, 2.5), (0.6, -2.0, 1.2)), ((0.08, 0.08, 2.5), (0.6, 2.0, 1.2)),
        ((0.05, 4.0, 0.06), (-0.6, 0, 0.18)), ((0.05, 0.06, 2.3), (-0.6, 0, 1.3)),
    )  # fmt: skip
    pieces += _boxes(_PANE, ((0.02, 3.9, 2.15), (-0.6, 0, 1.3)), ((1.1, 0.02, 2.15), (0, -2.0, 1.3)))
    pieces += _boxes(masonry.METAL, ((1.2, 0.16, 2.0), (0, 2.0, 1.25)))
    pieces += _boxes(masonry.shop_sign(0), ((0.9, 0.18, 1.6), (0, 2.0, 1.3)))
    pieces += _boxes(_WOOD, ((0.4, 2.6, 0.05), (-0.32, -0.3, 0.48)))
    pieces += _boxes(
        masonry.DARK_METAL, ((0.3, 0.06, 0.46), (-0.32, -1.4, 0.23)), ((0.3, 0.06, 0.46), (-0.32, 0.8, 0.23))
    )
    pieces.append(_bar((1.0, 2.7, -0.2), (1.0, 2.7, 2.9), (0.035, 0.035), 6, masonry.METAL))
    pieces += _boxes(
        Material("stop.sign", (0.9, 0.72, 0.05), 0.5, lidar_reflectance=2.0), ((0.03, 0.5, 0.5), (1.0, 2.7, 2.7))
    )
    return rigid("street.shelter", "static", (join(pieces),), Tag.STATIC)


@cache
def hedge(variant: int, size: Size = None) -> Model:
    """``SPAN`` metres of clipped hedge along y from y = 0."""
    _refuse_size("street.hedge", size)
    random = np.random.default_rng([401, variant])
    high, half = 1.15, 0.36

    def level(number: int, extent: float) -> Mesh:
        draw = np.random.default_rng([402, variant])
        side = draw.integers(0, 3, number)
        y = draw.uniform(0.0, SPAN, number)
        z = np.where(side == 2, high, draw.uniform(0.12, high, number))
        x = np.where(side == 2, draw.uniform(-half, half, number), np.where(side == 0, half, -half))
        outward = np.stack([np.where(side == 2, 0.0, np.sign(x)), np.zeros(number), np.where(side == 2, 1.0, 0.25)], -1)
        facing = outward + draw.normal(0, 0.45, (number, 3))
        facing /= np.linalg.norm(facing, axis=1, keepdims=True)
        across = np.cross(np.array([0.0, 0.0, 1.0]) + draw.normal(0, 0.2, (number, 3)), facing)
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        up = np.cross(facing, across)
        tone = np.array([98.0, 122, 58]) * random.uniform(0.85, 1.1) * draw.uniform(0.75, 1.2, (number, 1))
        tone = tone * (0.65 + 0.35 * z / high)[:, None]
        normals = outward + np.array([0, 0, 0.4])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        leaves = cards(
            np.stack([x, y, z], -1), across * extent, up * extent, normals, np.clip(tone * 1.25, 0, 255),
            foliage.cell(draw.integers(0, foliage.CELLS**2, number)), foliage.small_leaves(),
        )  # fmt: skip
        core = box((2 * half - 0.16, SPAN + 0.02, high + 0.3), (0, SPAN / 2, high / 2 - 0.24), _LEAF, _WHITE)
        return join([leaves, core])

    return rigid("street.hedge", "vegetation", (level(64, 0.2), level(14, 0.36)), Tag.VEGETATION)


@cache
def wall(variant: int, size: Size = None) -> Model:
    """``SPAN`` metres of a low garden wall with a coping along y from y = 0; brick or stone."""
    _refuse_size("street.wall", size)
    material = masonry.brick() if variant % 2 == 0 else masonry.stone()
    tone = np.array([186.0, 134, 116]) if variant % 2 == 0 else np.array([222.0, 216, 204])
    body = box((0.24, SPAN, 1.4), (0, SPAN / 2, 0.2), material, tone)
    body.uvs[:] = np.where(
        np.abs(body.normals[:, :1]) > 0.5, body.vertices[:, 1:], body.vertices[:, :2]
    ) / masonry.TILE  # fmt: skip
    coping = box((0.34, SPAN, 0.09), (0, SPAN / 2, 0.94), masonry.TRIM, np.array([206.0, 202, 194]))
    return rigid("street.wall", "static", (join([body, coping]),), Tag.WALLS)


@cache
def picket_fence(variant: int, size: Size = None) -> Model:
    """``SPAN`` metres of a white picket fence along y from y = 0."""
    _refuse_size("street.fence", size)

    def level(pickets: int) -> Mesh:
        pieces = _boxes(_PICKET, ((0.1, 0.1, 1.5), (0, 0.05, 0.35)))
        pieces += _boxes(_PICKET, *[((0.04, SPAN, 0.08), (-0.03, SPAN / 2, z)) for z in (0.3, 0.8)])
        width = SPAN / pickets
        for k in range(pickets):
            pieces += _boxes(_PICKET, ((0.025, width * 0.55, 0.95), (0.0, (k + 0.5) * width, 0.52)))
        return join(pieces)

    return rigid("street.fence", "static", (level(13), level(4)), Tag.FENCES)


MODELS: dict[str, Callable[[int, Size], Model]] = {
    "street.lamp": lamp,
    "street.bench": bench,
    "street.bin": bin_,
    "street.hydrant": hydrant,
    "street.shelter": shelter,
    "street.hedge": hedge,
    "street.wall": wall,
    "street.fence": picket_fence,
}
"""Catalogue name -> (variant, size) -> model."""
