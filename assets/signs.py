"""Faces of road signs, drawn with polygons and letters."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from assets.mesh import Material, Texture

SIDE = 512

_KANGAROO = (
    (0.700, 0.235), (0.715, 0.175), (0.735, 0.165), (0.742, 0.215), (0.762, 0.170), (0.780, 0.172), (0.776, 0.228),
    (0.805, 0.258), (0.850, 0.292), (0.852, 0.315), (0.820, 0.325), (0.780, 0.325), (0.748, 0.345), (0.728, 0.400),
    (0.722, 0.450), (0.765, 0.470), (0.800, 0.500), (0.806, 0.525), (0.780, 0.522), (0.735, 0.500), (0.700, 0.500),
    (0.672, 0.560), (0.640, 0.610), (0.655, 0.650), (0.610, 0.720), (0.560, 0.770), (0.640, 0.800), (0.700, 0.815),
    (0.705, 0.835), (0.600, 0.832), (0.500, 0.815), (0.488, 0.790), (0.530, 0.720), (0.535, 0.690), (0.470, 0.680),
    (0.400, 0.650), (0.360, 0.640), (0.300, 0.690), (0.230, 0.765), (0.165, 0.810), (0.130, 0.815), (0.190, 0.745),
    (0.250, 0.660), (0.300, 0.570), (0.345, 0.490), (0.410, 0.420), (0.490, 0.375), (0.570, 0.350), (0.630, 0.330),
    (0.675, 0.300), (0.690, 0.270),
)  # fmt: skip
"""Outline (x, y down) of a hopping kangaroo, tail to the left."""


def _material(name: str, picture: NDArray[Any]) -> Material:
    noise = np.random.default_rng(51).normal(1, 0.012, (SIDE, SIDE, 1))
    color = np.clip(picture[::-1].astype(np.float64) * noise, 0, 255)
    opaque = np.full((SIDE, SIDE, 1), 255.0)
    pixels = np.concatenate([color, opaque], axis=-1).astype(np.uint8)
    return Material(name, (0.9, 0.9, 0.9), 0.45, lidar_reflectance=2.5, texture=Texture(np.ascontiguousarray(pixels)))


def _points(outline: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(outline * SIDE * 16).astype(np.int32)


@cache
def kangaroo() -> Material:
    """A yellow diamond with a kangaroo (Australia's W5-29); the texture is the plate's square, turned by 45 deg."""
    picture = np.full((SIDE, SIDE, 3), (246, 190, 20), np.uint8)
    cv2.rectangle(picture, (14, 14), (SIDE - 15, SIDE - 15), (16, 16, 16), 12)
    # the plate hangs on its corner: the animal is drawn turned against it
    turn = np.array([[np.cos(np.pi / 4), np.sin(np.pi / 4)], [-np.sin(np.pi / 4), np.cos(np.pi / 4)]])
    outline = (np.array(_KANGAROO) - [0.49, 0.5]) * 0.98 @ turn + 0.5
    cv2.fillPoly(picture, [_points(outline)], (16, 16, 16), cv2.LINE_AA, 4)
    return _material("sign.kangaroo", picture)


@cache
def speed(limit: int) -> Material:
    """A speed limit [km/h]: a red ring on white (Australia's R4-1)."""
    picture = np.full((SIDE, SIDE, 3), (240, 240, 236), np.uint8)
    cv2.rectangle(picture, (8, 8), (SIDE - 9, SIDE - 9), (20, 20, 20), 5)
    center = (SIDE // 2, SIDE // 2)
    cv2.circle(picture, center, 212, (200, 22, 30), 46, cv2.LINE_AA)
    text, font = str(limit), cv2.FONT_HERSHEY_DUPLEX
    scale = 6.6 if len(text) < 3 else 5.0
    (width, height), _ = cv2.getTextSize(text, font, scale, 26)
    at = (center[0] - width // 2, center[1] + height // 2)
    cv2.putText(picture, text, at, font, scale, (16, 16, 16), 26, cv2.LINE_AA)
    return _material(f"sign.speed_{limit}", picture)


@cache
def stop() -> Material:
    """White letters on a red octagon with a white rim, which fills the square."""
    picture = np.full((SIDE, SIDE, 3), (236, 236, 232), np.uint8)
    angle = np.pi / 8 + np.arange(8) * np.pi / 4
    rim = np.column_stack([np.cos(angle), np.sin(angle)]) / (2 * np.cos(np.pi / 8))
    cv2.fillPoly(picture, [_points(0.5 + 0.945 * rim)], (178, 14, 24), cv2.LINE_AA, 4)
    font, scale, thickness = cv2.FONT_HERSHEY_DUPLEX, 5.6, 24
    (width, height), _ = cv2.getTextSize("STOP", font, scale, thickness)
    letters = np.zeros((height + 2 * thickness, width + 2 * thickness), np.uint8)
    cv2.putText(letters, "STOP", (thickness, height + thickness), font, scale, 255, thickness, cv2.LINE_AA)
    tall = cv2.resize(letters, (round(0.80 * SIDE), round(0.36 * SIDE)), interpolation=cv2.INTER_AREA)
    top, left = (SIDE - tall.shape[0]) // 2, (SIDE - tall.shape[1]) // 2
    part = picture[top : top + tall.shape[0], left : left + tall.shape[1]]
    part[:] = part + (tall[..., None] / 255.0 * (np.array([236.0, 236.0, 232.0]) - part)).astype(np.int16)
    return _material("sign.stop", picture)


@cache
def give_way() -> Material:
    """A red-rimmed white triangle on its point; its corners lie on the circle that the square encloses."""
    picture = np.full((SIDE, SIDE, 3), (178, 14, 24), np.uint8)
    angle = np.pi / 2 + np.arange(3) * 2 * np.pi / 3  # y down: the first corner is the lowest
    corners = np.column_stack([np.cos(angle), np.sin(angle)]) / 2
    cv2.fillPoly(picture, [_points(0.5 + 0.66 * corners)], (236, 236, 232), cv2.LINE_AA, 4)
    return _material("sign.give_way", picture)
