"""Textures of leaves and blades, cut out by alpha: drawn leaf by leaf, nine cells on one picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from assets.mesh import Material, Texture

Array = NDArray[Any]

SIDE, CELLS = 512, 2
"""Texels along the picture; cells along it."""


def cell(index: Array) -> Array:
    """u0, v0, u1, v1 (N, 4) of cells by number (N,); half a texel is left at the rims."""
    column, row = index % CELLS, index // CELLS
    low = np.stack([column, row], -1) / CELLS + 1.0 / SIDE
    return np.concatenate([low, low + 1 / CELLS - 2.0 / SIDE], axis=-1)


def _material(name: str, seed: int, draw: Callable[[Array, np.random.Generator], None], mean: Array) -> Material:
    random = np.random.default_rng(seed)
    side = SIDE // CELLS
    picture = np.zeros((SIDE, SIDE, 4), np.uint8)
    for row in range(CELLS):
        for column in range(CELLS):
            tile = np.zeros((side * 2, side * 2, 4), np.uint8)  # drawn at twice the size: smooth edges
            draw(tile, random)
            small = cv2.resize(tile.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
            cover = small[..., 3:] / 255
            small[..., :3] = np.where(cover > 0.02, small[..., :3] / np.maximum(cover, 0.02), mean)
            view = picture[row * side : (row + 1) * side, column * side : (column + 1) * side]
            view[...] = small.clip(0, 255).astype(np.uint8)[::-1]  # row 0 is v = 0: the bottom
    return Material(
        name,
        (1.0, 1.0, 1.0),
        0.85,
        alpha_cutoff=0.4,
        lidar_reflectance=0.5,
        texture=Texture(np.ascontiguousarray(picture)),
    )


def _leaf(tile: Array, root: Array, heading: float, length: float, width: float, bend: float, color: Array) -> None:
    """A pointed leaf or blade from ``root`` (x, y) [texels, y down] along ``heading`` [rad, 0 is up]."""
    t = np.linspace(0, 1, 7)
    angle = heading + bend * t
    step = np.stack([np.sin(angle), -np.cos(angle)], -1) * length / 6
    spine = root + np.concatenate([[[0.0, 0.0]], np.cumsum(step[:-1], axis=0)])
    side = (
        np.stack([np.cos(angle), np.sin(angle)], -1) * (width / 2 * np.sin(np.pi * (0.12 + 0.88 * t)) ** 0.7)[:, None]
    )
    outline = np.concatenate([spine + side, (spine - side)[::-1]])
    paint = [float(c) for c in np.clip(color, 0, 255)] + [255.0]
    cv2.fillPoly(tile, [np.round(outline * 16).astype(np.int32)], paint, cv2.LINE_8, 4)


@cache
def gum_leaves() -> Material:
    """Sprigs of eucalypt: long narrow leaves that hang."""

    def draw(tile: Array, random: np.random.Generator) -> None:
        side = len(tile)
        for _ in range(7):
            root = np.array([random.normal(0.5, 0.15), random.uniform(0.06, 0.6)]) * side
            heading = np.pi + random.normal(0, 0.7)
            twig = root + np.array([np.sin(heading), -np.cos(heading)]) * side * 0.3
            cv2.line(tile, root.astype(int).tolist(), twig.astype(int).tolist(), (112, 92, 76, 255), 3)
            for place in np.linspace(0, 1, 11):
                color = np.array([196.0, 204.0, 170.0]) * random.uniform(0.62, 1.12) + random.normal(0, 6, 3)
                hang = np.pi + random.normal(0, 0.55)
                _leaf(
                    tile, root + (twig - root) * place, hang, side * random.uniform(0.13, 0.24), side * 0.032,
                    random.normal(0, 0.5), color,
                )  # fmt: skip

    return _material("leaves.eucalypt", 31, draw, np.array([170, 176, 146]))


@cache
def small_leaves() -> Material:
    """Twigs full of small oval leaves: saltbush and shrubs."""

    def draw(tile: Array, random: np.random.Generator) -> None:
        side = len(tile)
        for _ in range(16):
            root = np.array([0.5 + random.normal(0, 0.12), random.uniform(0.55, 0.98)]) * side
            heading = random.normal(0, 0.65)
            length = random.uniform(0.25, 0.5) * side
            tip = root + np.array([np.sin(heading), -np.cos(heading)]) * length
            cv2.line(tile, root.astype(int).tolist(), tip.astype(int).tolist(), (120, 100, 82, 255), 2)
            for place in np.linspace(0.15, 1, 13):
                color = np.array([205.0, 210.0, 196.0]) * random.uniform(0.6, 1.15) + random.normal(0, 6, 3)
                _leaf(
                    tile, root + (tip - root) * place, heading + random.normal(0, 0.9),
                    side * random.uniform(0.05, 0.09), side * 0.035, 0.0, color,
                )  # fmt: skip

    return _material("leaves.small", 32, draw, np.array([170, 174, 160]))


@cache
def broad_leaves() -> Material:
    """Boughs of a broad-leaved tree, dense."""

    def draw(tile: Array, random: np.random.Generator) -> None:
        side = len(tile)
        for _ in range(170):
            radius, angle = 0.43 * np.sqrt(random.random()), random.uniform(0, 2 * np.pi)
            root = (0.5 + radius * np.array([np.cos(angle), np.sin(angle)])) * side
            color = np.array([196.0, 208.0, 176.0]) * random.uniform(0.55, 1.15) + random.normal(0, 6, 3)
            heading = random.uniform(0, 2 * np.pi)
            _leaf(tile, root, heading, side * random.uniform(0.07, 0.12), side * 0.06, 0.2, color)

    return _material("leaves.broad", 33, draw, np.array([160, 170, 140]))


@cache
def blades() -> Material:
    """Tufts of grass from one foot at the middle of the bottom; straw or green by the vertex colour."""

    def draw(tile: Array, random: np.random.Generator) -> None:
        side = len(tile)
        for _ in range(80):
            root = np.array([0.5 + random.normal(0, 0.07), 1.0]) * side
            heading = random.normal(0, 0.34)
            length = side * random.uniform(0.25, 0.97) * np.cos(1.4 * heading)
            color = np.array([226.0, 214.0, 186.0]) * random.uniform(0.5, 1.1) + random.normal(0, 7, 3)
            _leaf(tile, root, heading, length, side * random.uniform(0.008, 0.018), random.normal(0, 0.6), color)

    return _material("grass.blades", 34, draw, np.array([190, 178, 152]))
