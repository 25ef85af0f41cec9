"""Materials of the ground: asphalt, paint, paving and earth, with textures made from noise.

Textures are near white where the colour is told by vertex colours, and hold no low frequencies, so that their
repetition does not show.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from assets.mesh import Material, Texture
from assets.noise import tiled

Array = NDArray[Any]

LANE_TILE = 16.0
"""Metres along the lane in one repeat of ``lane_asphalt``'s texture; across, one repeat is one lane."""

PLANE_TILE = 6.0
"""Metres in one repeat of ``asphalt``, ``paving`` and ``earth``."""


def _texture(color: Array) -> Texture:
    opaque = np.full((*color.shape[:2], 1), 255.0)
    return Texture(np.concatenate([color.clip(0, 255), opaque], -1).astype(np.uint8))


def _aggregate(random: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Chip seal: fine stones, some light, some dark; brightness (H, W) around 1."""
    fine = tiled(random, shape, 0.2, 12)
    stones = tiled(random, shape, 0.0)
    return 1 + 0.05 * fine + 0.09 * np.clip(stones - 1.2, 0, 2) - 0.07 * np.clip(-stones - 1.2, 0, 2)


def _cracks(random: np.random.Generator, shape: tuple[int, int], count: int, step: float) -> Array:
    """Darkness (H, W) in [0, 1] of wandering cracks, seamless: drawn on a torus."""
    height, width = shape
    canvas = np.zeros((3 * height, 3 * width), np.float32)
    for _ in range(count):
        heading = random.normal(random.choice([0, np.pi / 2]), 0.4) + 0.25 * np.cumsum(random.standard_normal(60)) * 0.5
        path = np.cumsum(np.stack([np.sin(heading), np.cos(heading)], -1) * step, axis=0)
        start = random.uniform([0, 0], [height, width])
        path = path[: random.integers(15, 60)] + start + [height, width]
        points = path[None, :, ::-1].astype(np.int32)
        cv2.polylines(canvas, list(points), False, float(random.uniform(0.4, 1.0)), 1, cv2.LINE_AA)
    folded = canvas.reshape(3, height, 3, width).max(axis=(0, 2))
    return np.asarray(folded)


@cache
def lane_asphalt() -> Material:
    """A driven lane, one texture width across: polished wheel tracks, an oil stripe between, cracks and repairs."""
    random, shape = np.random.default_rng(11), (512, 512)
    u = (np.arange(shape[1]) + 0.5) / shape[1]
    wander = 0.015 * tiled(random, shape, 1.6)
    track = sum(np.exp(-(((u + wander - place) / 0.085) ** 2)) for place in (0.26, 0.74))
    oil = np.exp(-(((u + wander - 0.5) / 0.07) ** 2))
    value = _aggregate(random, shape) * (1 - 0.04 * track - 0.03 * oil * (0.7 + 0.3 * tiled(random, shape, 1.2, 3)))
    value += 0.035 * tiled(random, shape, 0.9, 3)
    for _ in range(3):  # bitumen repairs: darker, with a ragged edge
        center, extent = random.uniform([60, 80], [450, 430]), random.uniform([15, 40], [50, 130])
        rows, columns = np.mgrid[: shape[0], : shape[1]]
        away = np.maximum(np.abs(rows - center[0]) / extent[0], np.abs(columns - center[1]) / extent[1])
        value *= 1 - 0.09 / (1 + np.exp(np.minimum((away - 1 + 0.05 * tiled(random, shape, 1.0, 6)) * 40, 50)))
    value *= 1 - 0.35 * _cracks(random, shape, 16, 5.0)
    warmth = np.array([1.03, 1.0, 0.955])
    return Material(
        "asphalt.lane",
        (0.40, 0.385, 0.37),
        0.92,
        lidar_reflectance=0.14,
        texture=_texture(value[..., None] * warmth * 200),
    )


@cache
def asphalt() -> Material:
    """Asphalt without wheel tracks, for shoulders and junctions; uv in metres over ``PLANE_TILE``."""
    random, shape = np.random.default_rng(12), (512, 512)
    value = _aggregate(random, shape) + 0.03 * tiled(random, shape, 0.9, 4)
    value *= 1 - 0.3 * _cracks(random, shape, 10, 8.0)
    warmth = np.array([1.03, 1.0, 0.955])
    return Material(
        "asphalt", (0.40, 0.385, 0.37), 0.95, lidar_reflectance=0.14, texture=_texture(value[..., None] * warmth * 200)
    )


@cache
def paint() -> Material:
    """Worn road paint with glass beads; the vertex colour says white or yellow; u runs along the line [m / 4]."""
    random, shape = np.random.default_rng(13), (64, 512)
    wear = tiled(random, shape, 0.6, 2)
    value = 1 + 0.03 * tiled(random, shape, 0.2) - 0.30 / (1 + np.exp(-(wear - 1.5) * 5))
    return Material(
        "paint.road",
        (0.82, 0.82, 0.82),
        0.7,
        lidar_reflectance=0.65,
        texture=_texture(value[..., None] * [225, 225, 220]),
    )


@cache
def paving() -> Material:
    """Concrete slabs of 1.5 m and kerbs."""
    random, shape = np.random.default_rng(14), (512, 512)
    value = 1 + 0.04 * tiled(random, shape, 0.7, 3) + 0.03 * tiled(random, shape, 0.0)
    joint = np.arange(512) % 128 < 2
    value[joint] *= 0.7
    value[:, joint] *= 0.7
    return Material(
        "paving", (0.5, 0.49, 0.46), 0.9, lidar_reflectance=0.35, texture=_texture(value[..., None] * [205, 203, 198])
    )


@cache
def earth() -> Material:
    """Bare ground with pebbles and litter; the vertex colour tells which."""
    random, shape = np.random.default_rng(15), (512, 512)
    value = 1 + 0.055 * tiled(random, shape, 0.8, 5) + 0.04 * tiled(random, shape, 0.1)
    from scipy.ndimage import gaussian_filter  # slow to import; a start from the cache needs none of it

    pebbles = gaussian_filter(random.random(shape), 1.6, mode="wrap")
    pebbles = (pebbles - pebbles.mean()) / pebbles.std()
    value += 0.12 * np.clip(pebbles - 1.7, 0, 1) - 0.10 * np.clip(-pebbles - 1.7, 0, 1)
    return Material(
        "earth", (1.0, 1.0, 1.0), 1.0, lidar_reflectance=0.35, texture=_texture(value[..., None] * [215, 215, 215])
    )


def _stone(name: str, seed: int, color: tuple[float, float, float], grain: float, roughness: float) -> Material:
    """Cast stone: a colour, stains of all sizes, and pores; uv in metres over ``PLANE_TILE``."""
    random, shape = np.random.default_rng(seed), (256, 256)
    value = 1 + grain * tiled(random, shape, 0.8, 3) + 0.03 * tiled(random, shape, 0.0)
    texture = _texture(value[..., None] * np.array([215, 213, 208]))
    return Material(name, color, roughness, lidar_reflectance=0.4, texture=texture)


@cache
def kerbstone() -> Material:
    """Pale concrete of kerbs."""
    return _stone("kerbstone", 16, (0.62, 0.61, 0.58), 0.05, 0.85)


@cache
def concrete() -> Material:
    """Cast concrete of bridges, walls and medians."""
    return _stone("concrete", 17, (0.56, 0.55, 0.52), 0.07, 0.9)


@cache
def cycleway() -> Material:
    """Red asphalt of cycle lanes."""
    random, shape = np.random.default_rng(18), (256, 256)
    value = _aggregate(random, shape)
    texture = _texture(value[..., None] * np.array([205, 150, 135]))
    return Material("asphalt.red", (0.42, 0.33, 0.31), 0.95, lidar_reflectance=0.18, texture=texture)


@cache
def ballast() -> Material:
    """Crushed stone under rails."""
    random, shape = np.random.default_rng(19), (256, 256)
    value = 1 + 0.22 * tiled(random, shape, 0.5, 12)
    texture = _texture(value[..., None] * np.array([200, 192, 182]))
    return Material("ballast", (0.44, 0.41, 0.38), 1.0, lidar_reflectance=0.3, texture=texture)


@cache
def steel() -> Material:
    """Galvanised rails and posts."""
    return Material("steel", (0.52, 0.53, 0.54), 0.45, metallic=0.7, lidar_reflectance=0.5)
