"""What air does to a LiDAR's light: fog, rain and snow take from it and send some of it back.

A return's power is told in that of a white diffuse surface, met head on at 1 m: a surface of reflectance rho at an
angle has rho cos / r^2 exp(-2 extinction r) at r metres (Wagner et al., ISPRS J. 60, 2006).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FARTHEST = 60.0
"""[m] beyond which no drop, flake or fog is seen: its power falls faster than that of any surface."""
_PULSE = 3.0
"""Length [m] of air that answers at once: half of light's way in 20 ns, the pulse of Hahner et al. 2021."""
_CELL = 1.5
"""[m] of fog that fluctuates as one; speckle is exponential in power (Goodman, "Speckle Phenomena in Optics", 2007)."""
_OVERLAP = 15.0
"""[m] from which on a receiver sees the whole beam; before, its share grows with the square of the distance. No data
sheet tells it; with it and the next, a scanner sees fog, rain and snow about as far and as often as is reported."""
_LEAST = 0.1 / 50.0**2
"""Power of the weakest return from the air: a surface of 10 % at 50 m (HDL-64E data sheet's pavement)."""
_APERTURE, _SPREAD = 0.01, 0.003
"""Width of a beam at the scanner [m], and how it grows [rad]: VLP-16 user manual, 9.5 mm to 12.7 mm, 3 mrad."""
_CANDIDATES = 3
"""Drops or flakes that are looked at in one beam; more are never stronger than the strongest by much."""


@dataclass(frozen=True)
class Particles:
    """Drops or flakes whose number per volume and diameter D is ``density`` exp(-``slope`` D) [1/m^4], [1/m].

    ``reflectance`` is that of a diffuse disc of their size that would send back as much.
    """

    density: float
    slope: float
    reflectance: float

    @property
    def extinction(self) -> float:
        """[1/m]: they take away twice the light that meets them, as all bodies much larger than its waves do."""
        return float(np.pi * self.density / self.slope**3)


@dataclass(frozen=True)
class Air:
    """The air of one moment.

    Attributes:
        extinction: of fog and haze [1/m]; that of particles comes on top.
        backscatter: of fog [1/(m sr)].
    """

    extinction: float = 0.0
    backscatter: float = 0.0
    particles: tuple[Particles, ...] = ()

    @property
    def attenuation(self) -> float:
        """[1/m] of everything in it."""
        return self.extinction + sum(each.extinction for each in self.particles)

    @property
    def clear(self) -> bool:
        """Whether nothing in it sends light back."""
        return not (self.backscatter or self.particles)


def fog(extinction: float) -> Air:
    """Fog of an extinction [1/m]; its visibility (MOR) is ln 20 / extinction.

    Hahner, Sakaridis, Dai, Van Gool, "Fog Simulation on Real LiDAR Point Clouds for 3D Object Detection in Adverse
    Weather", ICCV 2021, table 1: backscatter 0.046 / MOR.
    """
    return Air(extinction, 0.046 * extinction / np.log(20.0))


def rain(rate: float) -> Particles:
    """Rain of a rate [mm/h]: Marshall and Palmer, J. Meteorol. 5, 1948: 8000 exp(-4.1 R^-0.21 D) [1/(m^3 mm)], D in mm.

    A drop sends back 1/18.8 of what it takes, per steradian (O'Connor, Illingworth, Hogan, J. Atmos. Oceanic Technol.
    21, 2004), as a diffuse disc of reflectance 2 pi / 18.8 does.
    """
    return Particles(8e6, 4100.0 * rate**-0.21, 2 * np.pi / 18.8)


def snow(rate: float) -> Particles:
    """Snowfall of a rate [mm/h of water]: Gunn and Marshall, J. Meteorol. 15, 1958.

    3800 R^-0.87 exp(-2.55 R^-0.48 D) [1/(m^3 mm)], D [mm] that of the melted flake; reflectance 0.9 as in Hahner et
    al., "LiDAR Snowfall Simulation for Robust 3D Object Detection", CVPR 2022, whose flakes follow the same law.
    """
    return Particles(3.8e6 * rate**-0.87, 2550.0 * rate**-0.48, 0.9)


def scattered(
    air: Air, reach: NDArray[np.floating], nearest: float, generator: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the air before surfaces sends back of pulses.

    Args:
        reach: (N,) [m], how far each pulse gets; inf for the sky.
        nearest: [m] from which on the scanner measures.

    Returns:
        distance [m] and power (K, N) of the strongest returns; power 0 is none.
    """
    found = []
    if air.backscatter:
        found.append(_fog_returns(air, reach, nearest, generator))
    for particles in air.particles:
        found += _particle_returns(air, particles, reach, nearest, generator)
    if not found:
        return np.zeros((0, len(reach)), np.float32), np.zeros((0, len(reach)), np.float32)
    distance, power = (np.stack(each).astype(np.float32) for each in zip(*found, strict=True))
    return distance, np.where((distance < reach) & (power >= _LEAST), power, np.float32(0))


def _answer(air: Air, distance: NDArray[Any]) -> NDArray[Any]:
    """What of a white disc as wide as the beam comes back from a distance [m], in the near share that is seen."""
    seen = np.minimum(1.0, (distance / _OVERLAP) ** 2)
    return np.exp(-2 * air.attenuation * distance) / distance**2 * seen


def _fog_returns(
    air: Air, reach: NDArray[np.floating], nearest: float, generator: np.random.Generator
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    start = np.arange(nearest, _FARTHEST / 2, _CELL, dtype=np.float32)[:, None]
    shape = (len(start), len(reach))
    distance = start + np.float32(_CELL) * generator.random(shape, np.float32)
    power = np.float32(np.pi * air.backscatter * _PULSE) * generator.standard_exponential(shape, np.float32)
    power *= _answer(air, distance)
    power[distance >= reach] = 0
    best = power.argmax(axis=0), np.arange(len(reach))
    return distance[best], power[best]


def _particle_returns(
    air: Air,
    particles: Particles,
    reach: NDArray[np.floating],
    nearest: float,
    generator: np.random.Generator,
) -> list[tuple[NDArray[np.floating], NDArray[np.floating]]]:
    grid = np.linspace(nearest, _FARTHEST, 400)
    width = _APERTURE + _SPREAD * grid
    smallest = width * np.sqrt(
        _LEAST / (particles.reflectance * _answer(air, grid))
    )  # diameter of which the scanner tells
    per_metre = np.pi / 4 * width**2 * particles.density / particles.slope * np.exp(-particles.slope * smallest)
    mean = np.concatenate([[0.0], np.cumsum((per_metre[1:] + per_metre[:-1]) / 2 * np.diff(grid))])
    within = np.interp(np.minimum(reach, _FARTHEST), grid, mean)
    number = generator.poisson(within)
    returns = []
    for candidate in range(_CANDIDATES):
        distance = np.interp(generator.random(len(reach)) * within, mean, grid)
        size = np.interp(distance, grid, smallest) + generator.standard_exponential(len(reach)) / particles.slope
        covered = np.minimum(size / (_APERTURE + _SPREAD * distance), 1.0) ** 2
        power = particles.reflectance * covered * _answer(air, distance) * (1 + 1e-6)
        returns.append((distance, np.where(number > candidate, power, 0.0)))
    return returns
