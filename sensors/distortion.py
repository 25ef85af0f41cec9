"""Lenses that bend lines: Brown-Conrady's and Kannala-Brandt's models, as OpenCV defines them.

Both tell where the ray from a direction (x right, y down, z forward) meets the picture, in units of the focal length
("normalised": pixel = focal length * normalised + principal point), and back. Formulas: OpenCV 4 documentation, modules
calib3d (Brown-Conrady with the rational extension) and fisheye (Kannala and Brandt, "A Generic Camera Model and
Calibration Method for Conventional, Wide-Angle, and Fish-Eye Lenses", PAMI 2006).
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from renderers.scene import Pinhole

Array = NDArray[np.float64]

_STEPS = 20
"""Of Newton's method; it ends long before wherever the lens does not fold."""
_WIDEST = 8.0
"""Tangent of the widest angle (83 degrees) at which a Brown-Conrady lens is looked at."""


class BrownConrady(BaseModel):
    """Radial polynomial (k1 to k3 over k4 to k6) and decentring (p1, p2); for pictures up to some 120 degrees wide."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Literal["brown_conrady"]
    k1: float = 0.0
    k2: float = 0.0
    k3: float = 0.0
    k4: float = 0.0
    k5: float = 0.0
    k6: float = 0.0
    p1: float = 0.0
    p2: float = 0.0

    @property
    def coefficients(self) -> tuple[float, ...]:
        """In OpenCV's order: k1, k2, p1, p2, k3, and k4, k5, k6 where the lens has them."""
        rational = (self.k4, self.k5, self.k6)
        return (self.k1, self.k2, self.p1, self.p2, self.k3, *(rational if any(rational) else ()))

    @property
    def foxglove_name(self) -> str:
        """The model's name in ``foxglove.CameraCalibration`` and ROS."""
        return "rational_polynomial" if len(self.coefficients) > 5 else "plumb_bob"

    def project(self, directions: NDArray[np.floating]) -> Array:
        """Normalised coordinates (N, 2) of directions (N, 3); NaN behind the camera and where the lens folds."""
        exact = np.asarray(directions, np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            straight = exact[:, :2] / np.where(exact[:, 2] > 0, exact[:, 2], np.nan)[:, None]
        straight = np.where((np.hypot(*straight.T) <= self._fold)[:, None], straight, np.nan)
        return self._bent(straight)

    def unproject(self, normalised: NDArray[np.floating]) -> Array:
        """Directions (N, 3), unit, of normalised coordinates (N, 2); NaN where no ray arrives."""
        wanted = np.asarray(normalised, np.float64)
        straight = wanted / np.maximum(1.0, np.hypot(*wanted.T) / self._fold)[:, None]
        for _ in range(_STEPS):
            x, y = straight.T
            square = x * x + y * y
            radial, slope = self._radial(square), self._slope(square)
            error_x, error_y = (self._bent(straight) - wanted).T
            xx = radial + 2 * x * x * slope + 2 * self.p1 * y + 6 * self.p2 * x
            yy = radial + 2 * y * y * slope + 6 * self.p1 * y + 2 * self.p2 * x
            xy = 2 * x * y * slope + 2 * self.p1 * x + 2 * self.p2 * y
            with np.errstate(divide="ignore", invalid="ignore"):
                determinant = xx * yy - xy * xy
                move = np.stack([error_x * yy - error_y * xy, error_y * xx - error_x * xy], 1) / determinant[:, None]
            size = np.hypot(*move.T)
            straight = straight - move * np.minimum(1.0, 0.5 / np.maximum(size, 1e-12))[:, None]
            if np.nanmax(np.where(np.hypot(*straight.T) <= self._fold, size, 0.0), initial=0.0) < 1e-12:
                break
        with np.errstate(invalid="ignore"):
            found = (np.abs(self._bent(straight) - wanted).max(axis=1) < 1e-9) & (np.hypot(*straight.T) <= self._fold)
        rays = np.concatenate([straight, np.ones((len(straight), 1))], axis=1)
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        return np.where(found[:, None], rays, np.nan)

    def check(self, camera: Pinhole) -> None:
        """Raises ValueError when a part of the picture has no ray."""
        if np.isnan(self.unproject(_rim(camera))).any():
            raise ValueError(
                "these coefficients fold the picture before its border: check their signs and order (k1, k2, k3 are "
                "radial, p1, p2 decentring), or use kannala_brandt for a fisheye"
            )

    def _bent(self, straight: Array) -> Array:
        x, y = straight.T
        square = x * x + y * y
        radial = self._radial(square)
        return np.stack(
            [
                x * radial + 2 * self.p1 * x * y + self.p2 * (square + 2 * x * x),
                y * radial + self.p1 * (square + 2 * y * y) + 2 * self.p2 * x * y,
            ],
            axis=1,
        )

    def _radial(self, square: Array) -> Array:
        above = 1 + square * (self.k1 + square * (self.k2 + square * self.k3))
        below = 1 + square * (self.k4 + square * (self.k5 + square * self.k6))
        with np.errstate(divide="ignore", invalid="ignore"):
            return above / below

    def _slope(self, square: Array) -> Array:
        """Derivative of ``_radial`` with respect to the squared radius."""
        above = 1 + square * (self.k1 + square * (self.k2 + square * self.k3))
        below = 1 + square * (self.k4 + square * (self.k5 + square * self.k6))
        rise = self.k1 + square * (2 * self.k2 + square * 3 * self.k3)
        fall = self.k4 + square * (2 * self.k5 + square * 3 * self.k6)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (rise * below - above * fall) / below**2

    @cached_property
    def _fold(self) -> float:
        """Tangent of the angle from which on points would move inwards again."""
        radius = np.linspace(0, _WIDEST, 8001)
        outwards = np.diff(radius * self._radial(radius * radius)) > 0
        return float(radius[-1] if outwards.all() else radius[int(np.argmin(outwards))])


class KannalaBrandt(BaseModel):
    """A fisheye: the distance from the principal point is a polynomial of the angle from the axis.

    What lies farther from the axis than ``half_fov`` does not reach the picture, which is black there. It is less than
    a right angle since depth is told along the axis.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Literal["kannala_brandt"]
    k1: float = 0.0
    k2: float = 0.0
    k3: float = 0.0
    k4: float = 0.0
    half_fov: float = Field(88.0, gt=0, le=89, description="radius of the image circle [deg]")

    @property
    def coefficients(self) -> tuple[float, ...]:
        """k1, k2, k3, k4, OpenCV's order."""
        return (self.k1, self.k2, self.k3, self.k4)

    @property
    def foxglove_name(self) -> str:
        """The model's name in ``foxglove.CameraCalibration``."""
        return "kannala_brandt"

    def project(self, directions: NDArray[np.floating]) -> Array:
        """Normalised coordinates (N, 2) of directions (N, 3); NaN outside the image circle."""
        x, y, z = np.asarray(directions, np.float64).T
        across = np.hypot(x, y)
        angle = np.arctan2(across, z)
        with np.errstate(divide="ignore", invalid="ignore"):
            stretch = np.where(across > 0, self._distance(angle) / across, 0.0)
        stretch = np.where(angle <= np.radians(self.half_fov), stretch, np.nan)
        return np.stack([x * stretch, y * stretch], axis=1)

    def unproject(self, normalised: NDArray[np.floating]) -> Array:
        """Directions (N, 3), unit, of normalised coordinates (N, 2); NaN outside the image circle."""
        x, y = np.asarray(normalised, np.float64).T
        distance = np.hypot(x, y)
        edge = np.radians(self.half_fov)
        inside = distance <= self._distance(edge)
        angle = np.minimum(distance, edge)
        for _ in range(_STEPS):
            slope = 1 + sum((2 * n + 1) * k * angle ** (2 * n) for n, k in enumerate(self.coefficients, 1))
            move = (self._distance(angle) - distance) / slope
            angle = np.clip(angle - move, 0, edge)
            if np.abs(np.where(inside, move, 0.0)).max(initial=0.0) < 1e-13:
                break
        with np.errstate(divide="ignore", invalid="ignore"):
            stretch = np.where(distance > 0, np.sin(angle) / distance, 0.0)
        rays = np.stack([x * stretch, y * stretch, np.cos(angle)], axis=1)
        return np.where(inside[:, None], rays, np.nan)

    def check(self, camera: Pinhole) -> None:
        """Raises ValueError when the distance does not grow with the angle all the way to the image circle."""
        if (np.diff(self._distance(np.linspace(0, np.radians(self.half_fov), 1000))) <= 0).any():
            raise ValueError("these coefficients fold the picture inside the image circle: lower half_fov or mend them")

    def _distance(self, angle: Array | float) -> Array:
        square = np.asarray(angle, np.float64) ** 2
        return angle * (1 + square * (self.k1 + square * (self.k2 + square * (self.k3 + square * self.k4))))


Distortion = BrownConrady | KannalaBrandt


def parse(text: str) -> Distortion:
    """A lens from its JSON text, as CARLA attributes carry it. Raises ValueError."""
    return _LENS.validate_json(text)


_LENS: TypeAdapter[Distortion] = TypeAdapter(Annotated[Distortion, Field(discriminator="model")])


def _rim(camera: Pinhole) -> Array:
    """Normalised coordinates (N, 2) of points around a picture's border."""
    u, v = np.linspace(-0.5, camera.width - 0.5, 64), np.linspace(-0.5, camera.height - 0.5, 64)
    low, right, high, left = np.full(64, -0.5), camera.width - 0.5, camera.height - 0.5, -0.5
    pixels = np.concatenate(
        [
            np.stack([u, low], 1),
            np.stack([u, np.full(64, high)], 1),
            np.stack([np.full(64, left), v], 1),
            np.stack([np.full(64, right), v], 1),
        ]
    )
    return (pixels - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
