"""Colour of the clear sky and of the sun, from the scattering of light in air, haze and ozone.

The model and its constants are those of S. Hillaire, "A Scalable and Production Ready Sky and Atmosphere Rendering
Technique", EGSR 2020 (single scattering marched, all higher orders as an isotropic geometric series), on the CPU
since one sky serves a whole scene. Radiance is relative to a solar irradiance of 1 above the atmosphere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GROUND, TOP = 6360e3, 6460e3
RAYLEIGH = np.array([5.802e-6, 13.558e-6, 33.1e-6])
RAYLEIGH_HEIGHT = 8000.0
MIE_SCATTERING, MIE_ABSORPTION, MIE_HEIGHT, MIE_G = 3.996e-6, 4.40e-6, 1200.0, 0.8
OZONE = np.array([0.650e-6, 1.881e-6, 0.085e-6])
GROUND_ALBEDO = 0.3
OBSERVER = GROUND + 200.0


@dataclass(frozen=True)
class Atmosphere:
    """Air with ``haze`` times the aerosols of a clear day."""

    haze: float

    def sun(self, altitude: float) -> Array:
        """Solar irradiance (3,) across the beam at the ground, ``altitude`` [rad] above the horizon; 0 below it."""
        # The disc is half a degree wide and sets gradually.
        disc = float(np.clip((altitude + 0.0045) / 0.009, 0, 1))
        return disc * self._transmittance(np.array(OBSERVER), np.array(np.sin(max(altitude, 0.0))))

    def sky(self, sun_altitude: float, elevation: Array, azimuth: Array) -> Array:
        """Radiance (..., 3) of the sky at ``elevation`` [rad] > 0 and ``azimuth`` [rad] from the sun's, same shape."""
        sun = np.array([np.cos(sun_altitude), 0.0, np.sin(sun_altitude)])
        ray = np.stack(
            (np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)), -1
        )
        return self._march(np.array([0.0, 0.0, OBSERVER]), ray, sun, 40, True)[0]

    def _medium(self, radius: Array) -> tuple[Array, Array, Array]:
        """Rayleigh scattering (..., 3), Mie scattering (..., 1) and extinction (..., 3) [1/m] at a radius (...) [m]."""
        height = np.maximum(radius - GROUND, 0.0)[..., None]
        rayleigh = RAYLEIGH * np.exp(-height / RAYLEIGH_HEIGHT)
        density = self.haze * np.exp(-height / MIE_HEIGHT)
        ozone = OZONE * np.maximum(0.0, 1 - np.abs(height - 25e3) / 15e3)
        return rayleigh, MIE_SCATTERING * density, rayleigh + (MIE_SCATTERING + MIE_ABSORPTION) * density + ozone

    def _transmittance(self, radius: Array, mu: Array, steps: int = 40) -> Array:
        """Share of light (..., 3) that comes through from space, along a ray of zenith cosine ``mu``; 0 through the
        ground."""
        length = _to_sphere(radius, mu, TOP)
        t = (np.arange(steps) + 0.5) / steps
        along = length[..., None] * t**2  # denser where the air is
        width = length[..., None] * 2 * t / steps
        height = np.sqrt(np.maximum(radius[..., None] ** 2 + along**2 + 2 * (radius * mu)[..., None] * along, 0))
        depth = (self._medium(height)[2] * width[..., None]).sum(-2)
        blocked = (mu < 0) & (radius**2 * (1 - mu**2) < GROUND**2)
        return np.exp(-depth) * ~blocked[..., None]

    def _march(self, start: Array, ray: Array, sun: Array, steps: int, multiple: bool) -> tuple[Array, Array]:
        """Radiance (..., 3) that arrives at ``start`` against ``ray``, and the part that isotropic light would send."""
        radius, mu = np.linalg.norm(start, axis=-1), (start * ray).sum(-1) / np.linalg.norm(start, axis=-1)
        down = _to_ground(radius, mu)
        length = np.where(np.isfinite(down), down, _to_sphere(radius, mu, TOP))
        cosine = (ray * sun).sum(-1)[..., None, None]
        t = (np.arange(steps) + 0.5) / steps
        along = length[..., None] * t**2
        width = (length[..., None] * 2 * t / steps)[..., None]
        point = start[..., None, :] + ray[..., None, :] * along[..., None]
        height = np.linalg.norm(point, axis=-1)
        mu_sun = (point * sun).sum(-1) / height
        rayleigh, mie, extinction = self._medium(height)
        depth = np.cumsum(extinction * width, axis=-2) - extinction * width / 2
        arriving = np.exp(-depth)
        if not multiple:
            light = self._sunlight(height, mu_sun) * (rayleigh + mie) / (4 * np.pi)
            isotropic = (arriving * (rayleigh + mie) * width).sum(-2)
            bounced = self._sunlight(
                np.full_like(mu, GROUND), np.sum((start + ray * length[..., None]) * sun, -1) / GROUND
            )
            at_ground = np.clip(np.sum((start + ray * length[..., None]) * sun, -1) / GROUND, 0, 1)[..., None]
            ground = bounced * at_ground * GROUND_ALBEDO / np.pi * np.exp(-(extinction * width).sum(-2))
            return (arriving * light * width).sum(-2) + ground * np.isfinite(down)[..., None], isotropic
        g = MIE_G
        phase_rayleigh = 3 / (16 * np.pi) * (1 + cosine**2)
        # Cornette and Shanks 1992
        phase_mie = (
            3 / (8 * np.pi) * (1 - g * g) * (1 + cosine**2) / ((2 + g * g) * (1 + g * g - 2 * g * cosine) ** 1.5)
        )
        light = self._sunlight(height, mu_sun) * (rayleigh * phase_rayleigh + mie * phase_mie)
        light += self._scattered(height, mu_sun) * (rayleigh + mie)
        return (arriving * light * width).sum(-2), np.zeros(3)

    def _sunlight(self, radius: Array, mu: Array) -> Array:
        return _look_up(_transmittance_table(self), radius, mu)

    def _scattered(self, radius: Array, mu: Array) -> Array:
        return _look_up(_multiple_table(self), radius, mu)


_RADII = GROUND + (np.linspace(0, 1, 24) ** 2) * (TOP - GROUND) * 0.999 + 1.0
_MUS = np.sin(np.linspace(-1, 1, 65) ** 3 * np.pi / 2)  # dense at the horizon


@lru_cache(maxsize=8)
def _transmittance_table(air: Atmosphere) -> Array:
    radius, mu = np.meshgrid(_RADII, _MUS, indexing="ij")
    return air._transmittance(radius, mu)


@lru_cache(maxsize=8)
def _multiple_table(air: Atmosphere) -> Array:
    """Radiance of second and higher orders, per steradian of isotropic light (Hillaire's psi), on the same grid."""
    index = np.arange(64) + 0.5
    z, angle = 1 - 2 * index / 64, index * np.pi * (1 + 5**0.5)  # a spiral of even directions
    ray = np.stack((np.sqrt(1 - z * z) * np.cos(angle), np.sqrt(1 - z * z) * np.sin(angle), z), -1)
    coarse_r, coarse_mu = _RADII[::3], _MUS[::4]
    out = np.zeros((len(coarse_r), len(coarse_mu), 3))
    for j, mu in enumerate(coarse_mu):
        sun = np.array([np.sqrt(1 - mu * mu), 0.0, mu])
        start = np.zeros((len(coarse_r), 1, 3))
        start[:, 0, 2] = coarse_r
        second, isotropic = air._march(start, np.broadcast_to(ray, (len(coarse_r), 64, 3)), sun, 20, False)
        out[:, j] = second.mean(1) / (1 - isotropic.mean(1))
    rows = np.stack([[np.interp(_MUS, coarse_mu, out[i, :, c]) for c in range(3)] for i in range(len(coarse_r))])
    return np.stack(
        [[np.interp(_RADII, coarse_r, rows[:, c, k]) for k in range(len(_MUS))] for c in range(3)]
    ).transpose(2, 1, 0)


def _look_up(table: Array, radius: Array, mu: Array) -> Array:
    """Bilinear value (..., 3) of a (24, 65, 3) table at radii and zenith cosines."""
    i = np.clip(np.sqrt(np.clip((radius - GROUND - 1) / ((TOP - GROUND) * 0.999), 0, 1)) * 23, 0, 22.999)
    j = np.clip((np.cbrt(np.arcsin(np.clip(mu, -1, 1)) * 2 / np.pi) + 1) / 2 * 64, 0, 63.999)
    i0, j0 = i.astype(np.int64), j.astype(np.int64)
    a, b = (i - i0)[..., None], (j - j0)[..., None]
    return (1 - a) * ((1 - b) * table[i0, j0] + b * table[i0, j0 + 1]) + a * (
        (1 - b) * table[i0 + 1, j0] + b * table[i0 + 1, j0 + 1]
    )


def _to_sphere(radius: Array, mu: Array, sphere: float) -> Array:
    """Distance [m] from inside to the far wall of a sphere about the earth's centre."""
    return -radius * mu + np.sqrt(np.maximum(sphere**2 - radius**2 * (1 - mu**2), 0.0))


def _to_ground(radius: Array, mu: Array) -> Array:
    """Distance [m] to the ground, inf for rays that miss it."""
    inside = GROUND**2 - radius**2 * (1 - mu**2)
    hits = (mu < 0) & (inside >= 0)
    return np.where(hits, -radius * mu - np.sqrt(np.maximum(inside, 0.0)), np.inf)
