"""Materials of buildings: walls, roofs, glass, doors and shop signs.

Textures of walls are near white: the vertex colour tells the paint or the kind of brick. uv is metres over ``TILE``.
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
Color = tuple[float, float, float]

TILE = 4.0
"""Metres in one repeat of a wall's or a roof's texture."""

PANES = 4
"""Cells along the picture of what is seen behind window panes."""


def _texture(value: Array, warmth: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Texture:
    color = value[..., None] * np.array(warmth) if value.ndim == 2 else value
    opaque = np.full((*color.shape[:2], 1), 255.0)
    return Texture(np.concatenate([color.clip(0, 255), opaque], -1).astype(np.uint8))


@cache
def brick() -> Material:
    """Stretcher bond of 25 by 8.3 cm, every brick of its own tone, with pale mortar."""
    random, side = np.random.default_rng(301), 512
    rows, columns = 48, 16
    tone = 1 + 0.10 * random.standard_normal((rows, columns))
    y, x = np.mgrid[:side, :side] / side
    row = np.floor(y * rows).astype(int)
    across = x * columns + 0.5 * (row % 2)
    column = np.floor(across).astype(int) % columns
    value = tone[row, column] * (1 + 0.05 * tiled(random, (side, side), 0.3))
    mortar = (np.mod(y * rows, 1) < 0.13) | (np.mod(across, 1) < 0.045)
    color = np.where(mortar[..., None], np.array([214.0, 210, 202]) * 0.93, value[..., None] * [196.0, 190, 186])
    return Material("wall.brick", (1.0, 1.0, 1.0), 0.92, lidar_reflectance=0.4, texture=_texture(color))


@cache
def plaster() -> Material:
    """Painted render with streaks of weather."""
    random, shape = np.random.default_rng(302), (512, 512)
    streaks = np.repeat(tiled(random, shape, 0.8, 3).mean(axis=0, keepdims=True), 512, axis=0)
    value = 1 + 0.022 * tiled(random, shape, 0.9, 3) + 0.02 * tiled(random, shape, 0.0)
    value = value + 0.02 * streaks / streaks.std()
    return Material("wall.plaster", (1, 1, 1), 0.9, lidar_reflectance=0.6, texture=_texture(value * 222))


@cache
def siding() -> Material:
    """Painted boards of 16 cm, each with its shadow line."""
    random, side = np.random.default_rng(303), 512
    y = (np.arange(side) / side * 25) % 1
    shade = 0.96 + 0.06 * y - 0.42 * (y < 0.09)
    value = shade[:, None] * (1 + 0.02 * tiled(random, (side, side), 0.4))
    return Material("wall.siding", (1, 1, 1), 0.8, lidar_reflectance=0.6, texture=_texture(value * 222))


@cache
def concrete() -> Material:
    """Precast panels of 2 by 1 m with open joints."""
    random, side = np.random.default_rng(304), 512
    y, x = np.mgrid[:side, :side] / side
    panel = 1 + 0.035 * random.standard_normal((4, 2))
    value = panel[np.floor(y * 4).astype(int), np.floor(x * 2).astype(int)]
    value = value * (1 + 0.03 * tiled(random, (side, side), 0.8, 2) + 0.02 * tiled(random, (side, side), 0.0))
    value = np.where((np.mod(y * 4, 1) < 0.018) | (np.mod(x * 2, 1) < 0.009), value * 0.55, value)
    return Material("wall.concrete", (1, 1, 1), 0.88, lidar_reflectance=0.4, texture=_texture(value * 215))


@cache
def stone() -> Material:
    """Coursed ashlar, 80 by 40 cm."""
    random, side = np.random.default_rng(305), 512
    y, x = np.mgrid[:side, :side] / side
    row = np.floor(y * 10).astype(int)
    across = x * 5 + 0.5 * (row % 2)
    tone = 1 + 0.045 * random.standard_normal((10, 5))
    value = tone[row, np.floor(across).astype(int) % 5] * (1 + 0.04 * tiled(random, (side, side), 0.6, 3))
    value = np.where((np.mod(y * 10, 1) < 0.05) | (np.mod(across, 1) < 0.025), value * 0.72, value)
    return Material(
        "wall.stone", (1, 1, 1), 0.9, lidar_reflectance=0.45, texture=_texture(value * 212, (1.02, 1.0, 0.96))
    )


@cache
def roof_tiles() -> Material:
    """Courses of tiles of 33 cm; the vertex colour tells clay or slate."""
    random, side = np.random.default_rng(306), 512
    y, x = np.mgrid[:side, :side] / side
    row = np.floor(y * 12).astype(int)
    across = x * 16 + 0.5 * (row % 2)
    tone = 1 + 0.10 * random.standard_normal((12, 16))
    value = tone[row, np.floor(across).astype(int) % 16] * (0.82 + 0.24 * np.mod(y * 12, 1))
    value = np.where((np.mod(y * 12, 1) < 0.10) | (np.mod(across, 1) < 0.05), value * 0.62, value)
    return Material("roof.tiles", (1, 1, 1), 0.85, lidar_reflectance=0.3, texture=_texture(value * 215))


@cache
def roof_felt() -> Material:
    """Gravelled felt of flat roofs."""
    random, shape = np.random.default_rng(307), (512, 512)
    value = 1 + 0.07 * tiled(random, shape, 0.0) + 0.05 * tiled(random, shape, 0.9, 2)
    return Material("roof.felt", (0.42, 0.41, 0.39), 0.95, lidar_reflectance=0.25, texture=_texture(value * 220))


@cache
def _rooms() -> Texture:
    """What is seen behind panes: dark rooms, curtains, blinds, a lamp's lampshade; PANES x PANES cells."""
    random = np.random.default_rng(308)
    side = 512 // PANES
    picture = np.zeros((512, 512, 3))
    for cell in range(PANES * PANES):
        y, x = np.mgrid[:side, :side] / side
        room = np.array([58.0, 62, 66]) * random.uniform(0.6, 1.25) * (0.75 + 0.5 * y[..., None])
        kind = cell % 4
        cloth = np.array(
            [[214, 208, 196], [190, 182, 170], [206, 214, 216], [176, 152, 130]][random.integers(4)], float
        )
        if kind == 1:  # curtains drawn to the sides
            open_from, open_to = random.uniform(0.12, 0.34), random.uniform(0.66, 0.9)
            folds = 0.86 + 0.14 * np.sin(x * 90 + 3 * np.sin(y * 4))
            drawn = (x < open_from) | (x > open_to)
            room = np.where(drawn[..., None], cloth * 0.72 * folds[..., None], room)
        elif kind == 2:  # a blind part of the way down; v = 1 is the top
            down = y > random.uniform(0.35, 0.8)
            slats = 0.88 + 0.12 * (np.mod(y * 26, 1) < 0.75)
            room = np.where(down[..., None], cloth * 0.7 * slats[..., None], room)
        elif kind == 3:  # furniture
            for _ in range(3):
                left, top = random.uniform(0, 0.8), random.uniform(0.1, 0.5)
                inside = (x > left) & (x < left + random.uniform(0.1, 0.3)) & (y < top)
                room = np.where(inside[..., None], room * random.uniform(0.5, 1.6), room)
        row, column = divmod(cell, PANES)
        picture[row * side : (row + 1) * side, column * side : (column + 1) * side] = room
    return _texture(cv2.GaussianBlur(picture, (0, 0), 0.8))


WINDOW_LAMP = "window"
"""Lamp group of the windows behind which somebody is at home."""

_GLOWS: tuple[Color, ...] = ((0.0, 0.0, 0.0), (0.62, 0.40, 0.19), (0.34, 0.21, 0.09), (0.46, 0.44, 0.38))


@cache
def pane(glow: int) -> Material:
    """Window glass before a room; 0 stays dark at night, 1 to 3 are lit with the lamp group ``window``."""
    return Material(
        f"window.{glow}", (0.62, 0.66, 0.70), 0.06, metallic=0.35, clear_coat=1.0, emission=_GLOWS[glow],
        lamp=WINDOW_LAMP if glow else None, lidar_reflectance=0.1, texture=_rooms(),
    )  # fmt: skip


@cache
def curtain_wall(glow: int) -> Material:
    """Coated glass of offices, which mirrors the sky."""
    r, g, b = _GLOWS[glow]
    return Material(
        f"curtain_wall.{glow}", (0.34, 0.42, 0.46), 0.05, metallic=0.8, clear_coat=1.0,
        emission=(0.8 * r, 0.8 * g, 0.8 * b), lamp=WINDOW_LAMP if glow else None, lidar_reflectance=0.08,
    )  # fmt: skip


TRIM = Material("trim", (0.82, 0.82, 0.80), 0.6, lidar_reflectance=0.6)
"""Frames, sills, cornices; the vertex colour tells their paint."""
DOOR = Material("door", (0.8, 0.8, 0.8), 0.45, clear_coat=0.4, lidar_reflectance=0.3)
METAL = Material("metal", (0.42, 0.43, 0.44), 0.45, metallic=0.5, lidar_reflectance=0.4)
DARK_METAL = Material("metal.dark", (0.055, 0.06, 0.062), 0.5, metallic=0.3, lidar_reflectance=0.2)
CANVAS = Material("canvas", (0.85, 0.85, 0.85), 0.9, lidar_reflectance=0.5)

NAMES = ("CAFE", "BAKERY", "BOOKS", "PHARMACY", "FLOWERS", "MARKET", "BARBER", "PIZZA", "BIKES", "HARDWARE")


@cache
def shop_sign(number: int) -> Material:
    """A shop's fascia, four times as wide as high."""
    random = np.random.default_rng([309, number])
    text = NAMES[number % len(NAMES)]
    ground = np.array([[24, 62, 44], [120, 28, 30], [28, 44, 86], [236, 230, 214], [40, 38, 36], [178, 120, 32]][
        random.integers(6)
    ])  # fmt: skip
    ink = (30, 28, 26) if ground.mean() > 150 else (244, 240, 228)
    picture = np.empty((128, 512, 3), np.uint8)
    picture[:] = ground
    scale = min(2.9, 430 / (len(text) * 19.0 + 8))
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 5)
    at = ((512 - width) // 2, (128 + height) // 2)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_DUPLEX, scale, ink, 5, cv2.LINE_AA)
    cv2.rectangle(picture, (5, 5), (506, 122), ink, 2, cv2.LINE_AA)
    return Material(
        f"shop_sign.{number}", (1, 1, 1), 0.6, lidar_reflectance=0.5, texture=_texture(picture[::-1].astype(float))
    )
