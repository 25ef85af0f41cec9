"""Lenses that do not draw straight: distortion of every camera's picture, and colour fringes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from renderers.scene import Picture

Element = TypeVar("Element", bound=np.generic)

CORNER = 0.5**0.5
"""From the middle, the picture's edges being 1 long."""
FRINGE = 0.01
"""Share of the half diagonal by which red is moved at the corners for an intensity of 1."""


class Lens:
    """Where in a straight picture each pixel of the lens's picture is taken from.

    CARLA's ``lens_k`` and ``lens_kcube`` are those of the cubic distortion known from film compositing (F. Tarlier's
    shader after SynthEyes): a point at d from the middle is taken from d (1 + k r^2 + kcube r^3), the picture's edges
    being 1 long. It is weighted by ``lens_x_size`` and ``lens_y_size`` along the axes, and by a circle: multiplier
    (r / corner)^falloff, at most 1. A multiplier of 0, CARLA's default, leaves a pinhole's picture. CARLA's own
    material is not published as a formula; this is the one its attributes are named after.
    """

    def __init__(self, values: Mapping[str, str], width: int, height: int) -> None:
        falloff, multiplier, k, kcube, x_size, y_size = (float(values[f"lens_{name}"]) for name in _NAMES)
        fringe = float(values.get("chromatic_aberration_intensity", 0.0))
        if values.get("enable_postprocess_effects", "true").lower() not in ("true", "1"):
            fringe = 0.0
        offset = min(max(float(values.get("chromatic_aberration_offset", 0.0)), 0.0), 0.99)
        self.bends = multiplier != 0 and (k != 0 or kcube != 0)
        self.fringes = fringe != 0
        if not (self.bends or self.fringes):
            return
        v, u = np.mgrid[0:height, 0:width].astype(np.float64)
        x, y = (u + 0.5) / width - 0.5, (v + 0.5) / height - 0.5
        r = np.hypot(x, y)
        bend = np.zeros_like(r)
        if self.bends:
            circle = np.clip(multiplier * (r / CORNER) ** falloff, 0, 1)
            bend = circle * (k * r**2 + kcube * r**3)
        strength = fringe * FRINGE * np.clip((r / CORNER - offset) / (1 - offset), 0, 1)
        self._maps: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
        for share in (1.0, 0.5, 0.0) if self.fringes else (0.0,):
            stretch = 1 - share * strength  # red lies outermost
            source_x, source_y = x * (1 + x_size * bend) * stretch, y * (1 + y_size * bend) * stretch
            self._maps.append(
                (
                    ((source_x + 0.5) * width - 0.5).astype(np.float32),
                    ((source_y + 0.5) * height - 0.5).astype(np.float32),
                )
            )
        columns, rows = (np.rint(part).astype(np.int64) for part in self._maps[-1])
        self._nearest = np.clip(rows, 0, height - 1) * width + np.clip(columns, 0, width - 1)

    def labels(self, picture: Picture) -> Picture:
        """All but the colours, taken from the nearest pixel: labels are never mixed."""
        if not self.bends:
            return picture
        return replace(
            picture,
            depth=self._taken(picture.depth),
            tag=self._taken(picture.tag),
            object_id=self._taken(picture.object_id),
            normal=self._taken(picture.normal),
            flow=self._taken(picture.flow),
        )

    def color(self, color: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """An RGB picture (H, W, 3) as the lens shows it."""
        if not (self.bends or self.fringes):
            return color
        if len(self._maps) == 1:
            return _remapped(color, self._maps[0])
        planes = [_remapped(color[..., channel], self._maps[channel]) for channel in range(3)]
        return np.stack(planes, axis=-1)

    def _taken(self, plane: NDArray[Element]) -> NDArray[Element]:
        return plane.reshape(-1, *plane.shape[2:])[self._nearest]


_NAMES = ("circle_falloff", "circle_multiplier", "k", "kcube", "x_size", "y_size")


def _remapped(plane: NDArray[np.uint8], source: tuple[Any, Any]) -> NDArray[np.uint8]:
    result = cv2.remap(np.ascontiguousarray(plane), *source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(result, np.uint8)
