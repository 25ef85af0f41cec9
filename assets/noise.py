"""Seamless random fields for textures, and smooth random fields over the plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def tiled(random: np.random.Generator, shape: tuple[int, int], slope: float, low: float = 0.0) -> Array:
    """A field (H, W) that repeats without a seam, mean 0, deviation 1; power falls with frequency^(-2 ``slope``).

    ``low``: frequencies under this many cycles per tile are left out, so that the repetition does not show.
    """
    height, width = shape
    fy, fx = np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width)[None] * width
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(random.standard_normal(shape)) * frequency**-slope
    spectrum[frequency < max(low, 0.5)] = 0
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, shape)
    return field / field.std()


def hashed(cells: Array, seed: int) -> Array:
    """Even random numbers in [0, 1) for integer cells (..., 2): the same cell always gets the same number."""
    x, y = cells[..., 0].astype(np.uint64), cells[..., 1].astype(np.uint64)
    with np.errstate(over="ignore"):
        value = x * np.uint64(0x9E3779B97F4A7C15) ^ y * np.uint64(0xC2B2AE3D27D4EB4F) ^ np.uint64(seed * 0x165667B1 + 7)
        for shift in (33, 29, 32):  # splitmix64's finaliser
            value = (value ^ (value >> np.uint64(shift))) * np.uint64(0xFF51AFD7ED558CCD)
    return (value >> np.uint64(11)).astype(np.float64) / 2.0**53


def value_noise(points: Array, scale: float, seed: int) -> Array:
    """Smooth noise in [-1, 1] at ``points`` (N, 2) [m]; ``scale`` [m] is the size of its features."""
    scaled = points / scale
    cell = np.floor(scaled).astype(np.int64)
    f = scaled - cell
    f = f * f * f * (f * (f * 6 - 15) + 10)
    corner = [[hashed(cell + np.array([i, j]), seed) for j in (0, 1)] for i in (0, 1)]
    low = corner[0][0] * (1 - f[:, 0]) + corner[1][0] * f[:, 0]
    high = corner[0][1] * (1 - f[:, 0]) + corner[1][1] * f[:, 0]
    return 2 * (low * (1 - f[:, 1]) + high * f[:, 1]) - 1
