"""Plants: trunks and boughs of tubes, crowns of leaf cards, tufts of grass. All from seeded draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import foliage
from assets.mesh import Material, Texture
from assets.model import Model
from assets.noise import tiled
from assets.pieces import Piece, cards, join, rigid, tube
from assets.tags import Tag

Array = NDArray[Any]
Size = tuple[float, float, float] | None


@cache
def _bark() -> Material:
    """Smooth bark with long streaks, near white: the vertex colour tells the kind."""
    random = np.random.default_rng(41)
    shape = (256, 256)
    streaks = np.repeat(tiled(random, (256, 256), 0.8, 2).mean(axis=0, keepdims=True), 256, axis=0)
    streaks = streaks / streaks.std()
    value = 1 + 0.05 * streaks + 0.07 * tiled(random, shape, 1.0, 2) + 0.03 * tiled(random, shape, 0.2)
    pixels = np.concatenate([(value[..., None] * [210, 207, 202]).clip(0, 255), np.full((*shape, 1), 255.0)], -1)
    return Material("bark", (1.0, 1.0, 1.0), 0.9, lidar_reflectance=0.4, texture=Texture(pixels.astype(np.uint8)))


def _refuse_size(name: str, size: Size) -> None:
    if size is not None:
        raise ValueError(f"{name} takes no size")


def _leaves(
    centers: Array, outward: Array, extent: Array, tones: Array, material: Material, random: np.random.Generator,
    hang: float,
) -> Piece:  # fmt: skip
    """Cards at ``centers`` (N, 3), half as wide and high as ``extent`` (N,) [m], lit as their crown's surface is.

    ``outward`` (N, 3): away from the crown's middle; ``hang`` in [0, 1]: how upright the cards hang.
    """
    count = len(centers)
    facing = outward + random.normal(0, 0.6, (count, 3)) * [1, 1, 1 - hang]
    facing[:, 2] *= 1 - 0.7 * hang
    facing /= np.linalg.norm(facing, axis=1, keepdims=True)
    up = np.array([0.0, 0.0, 1.0]) + random.normal(0, 0.3 * (1.2 - hang), (count, 3))
    across = np.cross(up, facing)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    up = np.cross(facing, across)
    normals = outward * 0.7 + facing * 0.25 + [0, 0, 0.7]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    flip = np.where(random.random(count) < 0.5, -1.0, 1.0)[:, None]
    cells = foliage.cell(random.integers(0, foliage.CELLS**2, count))
    return cards(centers, across * extent[:, None] * flip, up * extent[:, None], normals, tones, cells, material)


def _limb(random: np.random.Generator, foot: Array, heading: Array, length: float, sag: float, steps: int) -> Array:
    """A wandering path (steps + 1, 3) [m] that bends upwards (``sag`` below 0) or down."""
    path, direction = [foot], heading / np.linalg.norm(heading)
    for _ in range(steps):
        direction = direction + random.normal(0, 0.16, 3) + [0, 0, -sag / steps]
        direction /= np.linalg.norm(direction)
        path.append(path[-1] + direction * length / steps)
    return np.array(path)


_BARKS = np.array([[232, 222, 206], [214, 196, 176], [236, 230, 220], [200, 184, 166], [222, 206, 190]], float)


@cache
def eucalypt(variant: int, size: Size = None) -> Model:
    """A river gum or ghost gum, 8 to 12 m: a smooth pale trunk that forks low, hanging leaves in separate clouds."""
    _refuse_size("tree.eucalypt", size)
    random = np.random.default_rng([101, variant])
    height = random.uniform(7.5, 12.0)
    bark = _BARKS[variant % len(_BARKS)]
    lean = random.normal(0, 0.12, 2)
    girth = 0.022 * height
    fork = height * random.uniform(0.22, 0.38)
    trunk = _limb(random, np.zeros(3), np.array([*lean, 1.0]), fork, 0.0, 5)
    trunk[0, 2] = -0.4
    limbs: list[tuple[Array, Array]] = [(trunk, np.linspace(1.25, 0.82, len(trunk)) * girth)]
    tips: list[Array] = []
    count = int(random.integers(3, 6))
    turn = random.uniform(0, 2 * np.pi)
    for number in range(count):
        angle = turn + 2 * np.pi * number / count + random.normal(0, 0.3)
        rise = random.uniform(0.9, 2.2)
        heading = np.array([np.cos(angle), np.sin(angle), rise])
        limb = _limb(random, trunk[-1], heading, (height - fork) * random.uniform(0.62, 0.9), -0.35, 6)
        limbs.append((limb, np.linspace(0.62, 0.16, len(limb)) * girth))
        for start in (3, 4, 5, 6):
            for _ in range(2):
                angle = random.uniform(0, 2 * np.pi)
                heading = np.array([np.cos(angle), np.sin(angle), random.uniform(-0.1, 0.9)])
                bough = _limb(random, limb[start], heading, height * random.uniform(0.10, 0.2), 0.3, 3)
                limbs.append((bough, np.linspace(0.2, 0.06, 4) * girth))
                tips.append(bough[-1])
                tips.append(bough[-2])
    crowns = np.array(tips)
    middle = crowns.mean(axis=0)
    tint = np.array([134, 138, 104]) * random.uniform(0.9, 1.1) + random.normal(0, 4, 3) + [0, 0, 6]

    def crown(per_tip: float, extent: float) -> Piece:
        draw = np.random.default_rng([102, variant])
        number = max(int(len(crowns) * per_tip), 1)
        chosen = np.arange(number) % len(crowns) if per_tip >= 1 else draw.permutation(len(crowns))[:number]
        away = draw.normal(0, 0.42 if per_tip >= 1 else 0.25, (number, 3)) * [1, 1, 0.75]
        centers = crowns[chosen] + away - [0, 0, 0.15]
        outward = 0.55 * away / 0.4 + (centers - middle) / (0.3 * height)
        outward /= np.linalg.norm(outward, axis=1, keepdims=True) + 1e-6
        # leaves inside and below the crown get less of the sky
        light = 0.72 + 0.28 * np.clip((centers[:, 2] - middle[2]) / (0.25 * height), -1, 1)
        light += draw.normal(0, 0.07, number)
        tones = np.clip(tint * light[:, None] * 1.35, 0, 255)
        sizes = extent * draw.uniform(0.8, 1.2, number)
        return _leaves(centers, outward, sizes, tones, foliage.gum_leaves(), draw, hang=0.75)

    def wood(sides: int, most: int) -> list[Piece]:
        pieces = []
        for index, (path, radii) in enumerate(limbs[:most]):
            keep = path if sides > 4 else path[[0, len(path) // 2, -1]]
            thick = radii if sides > 4 else radii[[0, len(radii) // 2, -1]]
            tone = bark * (1.0 if index < 1 + count else 0.9)
            shade = tone * np.where(keep[:, 2:] < 0.5, 0.8, 1.0)
            pieces.append(tube(keep, thick, sides if index < 1 + count else max(sides - 3, 3), _bark(), shade, 2.0))
        return pieces

    order = sorted(range(1, len(limbs)), key=lambda k: -float(limbs[k][1][0]))
    limbs = [limbs[0], *(limbs[k] for k in order)]
    lods = (
        join([*wood(6, 1 + count + 8), crown(3.2, 0.68)]),
        join([*wood(3, 1 + count), crown(0.9, 1.05)]),
        join([*wood(3, 3), crown(0.28, 1.7)]),
    )
    return rigid("tree.eucalypt", "vegetation", lods, Tag.VEGETATION)


@cache
def broadleaf(variant: int, size: Size = None) -> Model:
    """A temperate tree of 8 to 12 m with a dense round crown."""
    _refuse_size("tree.broadleaf", size)
    random = np.random.default_rng([111, variant])
    height = random.uniform(7.5, 12.0)
    girth, fork = 0.024 * height, height * random.uniform(0.25, 0.35)
    trunk = _limb(random, np.zeros(3), np.array([0.0, 0.0, 1.0]), fork, -2.0, 4)
    trunk[0, 2] = -0.4
    bark = np.array([128, 118, 104]) * random.uniform(0.85, 1.1)
    limbs = [(trunk, np.linspace(1.2, 0.9, len(trunk)) * girth)]
    for number in range(5):
        angle = 1.256 * number + random.normal(0, 0.2)
        limb = _limb(random, trunk[-1], np.array([np.cos(angle), np.sin(angle), 1.6]), height * 0.42, -0.2, 4)
        limbs.append((limb, np.linspace(0.55, 0.12, len(limb)) * girth))
    middle = np.array([trunk[-1, 0], trunk[-1, 1], height * 0.64])
    radii = np.array([0.27, 0.27, 0.36]) * height
    lumps = random.normal(0, 1, (14, 3))
    lumps /= np.linalg.norm(lumps, axis=1, keepdims=True)
    tint = np.array([104, 126, 62]) * random.uniform(0.85, 1.1) + random.normal(0, 5, 3)

    def crown(number: int, extent: float) -> Piece:
        draw = np.random.default_rng([112, variant])
        outward = 0.6 * lumps[draw.integers(0, len(lumps), number)] + draw.normal(0, 0.5, (number, 3))
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        depth = draw.uniform(0.62, 1.0, number) ** 0.6
        centers = middle + outward * radii * depth[:, None]
        light = 0.6 + 0.3 * depth + 0.15 * outward[:, 2] + draw.normal(0, 0.06, number)
        tones = np.clip(tint * light[:, None] * 1.3, 0, 255)
        return _leaves(
            centers, outward, extent * draw.uniform(0.8, 1.2, number), tones, foliage.broad_leaves(), draw, 0.2
        )

    def wood(sides: int, most: int) -> list[Piece]:
        return [tube(path, thick, sides, _bark(), bark, 2.0) for path, thick in limbs[:most]]

    lods = (
        join([*wood(6, 9), crown(200, 0.92)]),
        join([*wood(3, 1), crown(44, 1.75)]),
        join([*wood(3, 1), crown(16, 2.5)]),
    )
    return rigid("tree.broadleaf", "vegetation", lods, Tag.VEGETATION)


def _bush(name: str, seed: int, variant: int, tint: Array, height: tuple[float, float], width: float) -> Model:
    random = np.random.default_rng([seed, variant])
    tall = random.uniform(*height)
    wide = tall * width * random.uniform(0.8, 1.15)
    lumps = random.normal(0, 1, (6, 3)) * [0.45, 0.45, 0.2] + [0, 0, 0.35]
    tint = tint * random.uniform(0.88, 1.1) + random.normal(0, 4, 3)

    def crown(number: int, extent: float) -> Piece:
        draw = np.random.default_rng([seed + 1, variant])
        outward = draw.normal(0, 1, (number, 3))
        outward[:, 2] = np.abs(outward[:, 2]) * 0.9 - 0.15
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        lump = lumps[np.arange(number) % len(lumps)]
        depth = draw.uniform(0.5, 1.0, number)
        centers = (lump * 0.6 + outward * depth[:, None] * 0.55) * [wide / 2, wide / 2, tall * 0.75]
        centers[:, 2] = np.clip(centers[:, 2], extent * 0.45 * tall, None)
        light = 0.55 + 0.45 * np.clip(centers[:, 2] / (0.8 * tall), 0, 1) + draw.normal(0, 0.07, number)
        tones = np.clip(tint * light[:, None] * 1.3, 0, 255)
        return _leaves(
            centers, outward, extent * tall * draw.uniform(0.8, 1.2, number), tones, foliage.small_leaves(), draw, 0.35
        )

    return rigid(name, "vegetation", (join([crown(36, 0.28)]), join([crown(8, 0.5)])), Tag.VEGETATION)


@cache
def saltbush(variant: int, size: Size = None) -> Model:
    """A grey-green dome of 0.7 to 1.3 m."""
    _refuse_size("bush.saltbush", size)
    return _bush("bush.saltbush", 121, variant, np.array([142, 144, 116.0]), (0.7, 1.3), 1.7)


@cache
def shrub(variant: int, size: Size = None) -> Model:
    """A green shrub of 1 to 2 m."""
    _refuse_size("bush.shrub", size)
    return _bush("bush.shrub", 131, variant, np.array([100, 118, 60.0]), (1.0, 2.0), 1.2)


def _tufts(name: str, seed: int, variant: int, tint: Array, tall: float, spread: float, number: int) -> Model:
    """A clump of ``number`` tufts within ``spread`` [m] of its middle."""
    random = np.random.default_rng([seed, variant])
    angle, radius = random.uniform(0, 2 * np.pi, number), spread * np.sqrt(random.random(number))
    feet = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(number, -0.03)], -1)
    heights = tall * random.uniform(0.6, 1.25, number)
    tones = tint * random.uniform(0.82, 1.14, (number, 1)) + random.normal(0, 6, (number, 3))

    blades = 2  # cards a tuft
    foot, height = np.repeat(feet, blades, axis=0), np.repeat(heights, blades)
    draw = np.random.default_rng([seed + 1, variant])
    turn = np.pi * (np.arange(number * blades) % blades) / blades + draw.uniform(0, 6.3, number * blades) * 0.3
    facing = np.stack([np.cos(turn), np.sin(turn), np.zeros_like(turn)], -1)
    lean = facing * draw.normal(0, 0.22, (len(turn), 1)) + [0, 0, 1]
    across = np.stack([-np.sin(turn), np.cos(turn), np.zeros_like(turn)], -1) * (height * 0.5)[:, None]
    up = lean * height[:, None] / 2
    normals = np.array([0, 0, 1.0]) + 0.35 * np.clip(draw.normal(0, 1, (len(turn), 3)), -2, 2)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    cells = foliage.cell(draw.integers(0, foliage.CELLS**2, len(turn)))
    tone = np.clip(np.repeat(tones, blades, axis=0), 0, 255)
    piece = cards(foot + up, across, up, normals, tone, cells, foliage.blades())
    shade = np.tile([0.66, 0.66, 1.0, 1.0], len(turn))[:, None]  # little light reaches the foot
    # one level: grass is gone before anything loses detail
    clump = join([replace(piece, colors=piece.colors * shade)])
    return rigid(name, "vegetation", (clump,), Tag.VEGETATION)


@cache
def tuft(variant: int, size: Size = None) -> Model:
    """A clump of dry grass, straw to grey, 0.2 to 0.5 m high."""
    _refuse_size("grass.tuft", size)
    straw = np.array(
        [[238, 218, 180], [222, 202, 166], [248, 230, 194], [204, 194, 168], [232, 208, 164], [212, 206, 172]]
    )
    return _tufts("grass.tuft", 141, variant, straw[variant % len(straw)].astype(float), 0.42, 0.8, 7)


@cache
def meadow(variant: int, size: Size = None) -> Model:
    """A clump of green grass."""
    _refuse_size("grass.meadow", size)
    green = np.array([[112, 152, 60], [126, 158, 74], [104, 142, 58], [140, 160, 84]])
    return _tufts("grass.meadow", 151, variant, green[variant % len(green)].astype(float), 0.3, 0.7, 5)


MODELS: dict[str, Callable[[int, Size], Model]] = {
    "tree.eucalypt": eucalypt,
    "tree.broadleaf": broadleaf,
    "bush.saltbush": saltbush,
    "bush.shrub": shrub,
    "grass.tuft": tuft,
    "grass.meadow": meadow,
}
"""Catalogue name -> (variant, size) -> model."""
