"""Spinning LiDARs: beam tables, firing order and times, and what a return measures.

LiDAR frame: x forward, y left, z up. The head turns clockwise seen from above, as Velodyne's do. Channel 0 is the
highest beam (CARLA's order of points); ring 0 is the lowest (the recording's).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class BeamTable:
    """What is fixed by a scanner's construction.

    Attributes:
        elevations: (C,) float64 [rad] above the horizon, highest first.
        sigma: standard deviation of the range [m].
        nearest, farthest: ranges [m] between which it measures.
        reach: range [m] at which a surface of 10 % reflectance, met head on, would still just be returned; it may be
            larger than ``farthest``, and then only dark or grazing surfaces are lost before.
        white: what it tells, of 1, of a white diffuse surface; the rest of its scale is for retro-reflectors.
        azimuths: (C,) float64 [rad], where beams look beside the head's azimuth, counter-clockwise; empty: straight.
        delays: (C,) float64 [s], when they fire after the column's first; empty: all together.
    """

    elevations: NDArray[np.float64]
    sigma: float
    nearest: float
    farthest: float
    reach: float
    white: float = 1.0
    azimuths: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    delays: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def channels(self) -> int:
        """Number of beams."""
        return len(self.elevations)


def _degrees(*elevations: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.radians(np.concatenate(elevations))


def _reach(pavement: float) -> float:
    """Head-on reach [m] of a scanner on a car's roof (1.73 m) that sees pavement up to this range [m].

    Pavement is met at a grazing angle there, which costs a factor of height / range in power.
    """
    return pavement / np.sqrt(1.73 / pavement)


_ALPHA_PRIME = (
    -11.742,
    -1.99,
    3.4,
    -5.29,
    -0.78,
    4.61,
    -4.08,
    1.31,
    -6.5,
    -1.11,
    4.28,
    -4.41,
    0.1,
    6.48,
    -3.2,
    2.19,
    -3.86,
    1.53,
    -9.244,
    -1.77,
    2.74,
    -5.95,
    -0.56,
    4.83,
    -2.98,
    2.41,
    -6.28,
    -0.89,
    3.62,
    -5.07,
    0.32,
    7.58,
    -0.34,
    5.18,
    -3.64,
    1.75,
    -25,
    -2.43,
    2.96,
    -5.73,
    0.54,
    9.7,
    -2.76,
    2.63,
    -7.65,
    -1.55,
    3.84,
    -4.85,
    3.18,
    -5.51,
    -0.12,
    5.73,
    -4.3,
    1.09,
    -16.042,
    -2.21,
    4.06,
    -4.63,
    0.76,
    15,
    -3.42,
    1.97,
    -6.85,
    -1.33,
    -5.62,
    -0.23,
    5.43,
    -3.53,
    0.98,
    -19.582,
    -2.32,
    3.07,
    -4.74,
    0.65,
    11.75,
    -2.65,
    1.86,
    -7.15,
    -1.44,
    3.95,
    -2.1,
    3.29,
    -5.4,
    -0.01,
    4.5,
    -4.19,
    1.2,
    -13.565,
    -1.22,
    4.17,
    -4.52,
    0.87,
    6.08,
    -3.31,
    2.08,
    -6.65,
    1.42,
    -10.346,
    -1.88,
    3.51,
    -6.06,
    -0.67,
    4.72,
    -3.97,
    2.3,
    -6.39,
    -1,
    4.39,
    -5.18,
    0.21,
    6.98,
    -3.09,
    4.98,
    -3.75,
    1.64,
    -8.352,
    -2.54,
    2.85,
    -5.84,
    -0.45,
    8.43,
    -2.87,
    2.52,
    -6.17,
    -1.66,
    3.73,
    -4.96,
    0.43,
)
"""Elevations [deg] of the 128 lasers in their firing order."""


def _alpha_prime() -> BeamTable:
    """Velodyne VLS-128 (Alpha Prime), user manual 63-9480: angles of each laser, and firing order.

    Eight lasers fire together, 6.354 to -6.354 degrees beside each other; groups follow at 2.665 us, with a pause of as
    much after the eighth. (The same figures are in the calibration file of ROS's driver, VLS128.yaml, which counts
    azimuths clockwise and adds them to minus the head's.) Data sheet 63-9679: 0.5 m to 245 m, 3 cm, 220 m at 10 %.
    """
    laser = np.arange(128)
    beside = np.array([-6.354, -4.548, -2.732, -0.911, 0.911, 2.732, 4.548, 6.354])[laser % 8]
    group = laser // 8
    order = np.argsort(-np.array(_ALPHA_PRIME), kind="stable")
    return BeamTable(
        np.radians(np.array(_ALPHA_PRIME)[order]), 0.03, 0.5, 245.0, 220.0, _VELODYNE_WHITE,
        np.radians(beside)[order].astype(np.float64), (2.665e-6 * (group + group // 8).astype(np.float64))[order],
    )  # fmt: skip


_VELODYNE_WHITE = 100 / 255
"""Manuals of HDL-32E, VLP-16, VLS-128: 0 to 100 for diffuse surfaces of 0 % to 100 %, above for retro-reflectors."""

BEAM_TABLES: dict[str, BeamTable] = {
    # Velodyne HDL-64E S2 data sheet: +2 to -8 1/3 degrees in steps of 1/3, -8.83 to -24.33 in steps of 1/2; range
    # accuracy below 2 cm (1 sigma); 50 m on pavement (10 % reflectance), 120 m on cars and foliage (80 %).
    "HDL-64E": BeamTable(_degrees(2 - np.arange(32) / 3, -8.83 - np.arange(32) / 2), 0.02, 0.9, 120.0, _reach(50.0)),
    # Velodyne HDL-32E data sheet: +10.67 to -30.67 degrees in steps of 4/3; 2 cm (1 sigma); 1 m to 100 m. It tells
    # nothing of pavement; 40 m is about where rings on the road end in nuScenes.
    "HDL-32E": BeamTable(_degrees(32 / 3 - np.arange(32) * 4 / 3), 0.02, 1.0, 100.0, _reach(40.0), _VELODYNE_WHITE),
    # Velodyne VLP-16 data sheet: +15 to -15 degrees in steps of 2; 3 cm (typical); up to 100 m. Pavement as above.
    "VLP-16": BeamTable(_degrees(15.0 - np.arange(16) * 2), 0.03, 0.5, 100.0, _reach(40.0), _VELODYNE_WHITE),
    "VLS-128": _alpha_prime(),
}


@dataclass(frozen=True, eq=False)
class Firing:
    """The rays of one tick, grouped by channel: all columns of channel 0 (the highest), then of channel 1, ...

    Attributes:
        directions: (N, 3) float32, unit, LiDAR frame at each ray's own time.
        fraction: (N,) float32 in [0, 1), share of the tick that has passed when the ray is fired.
        ring: (N,) uint16, 0 is the lowest beam.
    """

    directions: NDArray[np.float32]
    fraction: NDArray[np.float32]
    ring: NDArray[np.uint16]


def firing(
    table: BeamTable, columns: int, start_azimuth: float, sweep: float = 2 * np.pi, duration: float = 0.1
) -> Firing:
    """Rays that the scanner fires while its head turns by ``sweep``.

    The head stands at ``start_azimuth - sweep * k / columns`` for column k, which begins to fire when ``k / columns``
    of the tick has passed; so the next tick starts at ``start_azimuth - sweep``. It turns on while beams wait.

    Args:
        columns: firings of each beam in this tick.
        start_azimuth: [rad] of the first column, counter-clockwise from x; pi looks back (CARLA's start).
        sweep: [rad] that the head turns in this tick, clockwise.
        duration: of the tick [s].
    """
    share: NDArray[np.float64] = (np.arange(columns) / columns)[None]
    if len(table.delays):
        share = np.minimum(share + table.delays[:, None] / duration, 1.0)
    azimuth = start_azimuth - sweep * share
    if len(table.azimuths):
        azimuth = azimuth + table.azimuths[:, None]
    level, height = np.cos(table.elevations)[:, None], np.sin(table.elevations)[:, None]
    directions = np.empty((table.channels, columns, 3), np.float32)
    directions[..., 0] = level * np.cos(azimuth)
    directions[..., 1] = level * np.sin(azimuth)
    directions[..., 2] = height
    ring = np.arange(table.channels - 1, -1, -1, dtype=np.uint16)
    return Firing(
        directions.reshape(-1, 3),
        np.broadcast_to(share, (table.channels, columns)).astype(np.float32).ravel(),
        np.repeat(ring, columns),
    )


def intensity(
    distance: NDArray[np.float32],
    reflectance: NDArray[np.float32],
    cos_incidence: NDArray[np.float32],
    attenuation: float = 0.0,
) -> NDArray[np.float32]:
    """Range-corrected power of returns, (N,) each; 1 is that of a white diffuse surface, met head on.

    The LiDAR equation for an extended Lambertian target (Wagner et al., ISPRS J. 60, 2006): the received power goes as
    reflectance * cos(incidence) * exp(-2 attenuation distance) / distance^2. Velodyne's calibrated output takes the
    inverse square out, which leaves the other factors.

    Args:
        attenuation: of the air [1/m], e.g. 0.004 (CARLA's) or 3.9 / visibility in fog (Koschmieder).
    """
    met = np.isfinite(distance)
    power = reflectance * cos_incidence * np.exp(-2 * attenuation * np.where(met, distance, 0))
    return np.where(met, power, 0).astype(np.float32)


def told(table: BeamTable, strength: NDArray[np.floating]) -> NDArray[np.float32]:
    """Intensity in [0, 1] that a scanner tells of range-corrected powers (N,), in its 255 steps.

    Diffuse surfaces have the scale's first part (``BeamTable.white``); from there it ends at twice a white surface's.
    """
    scale = np.where(
        strength <= 1, strength * table.white, table.white + (1 - table.white) * np.clip(strength - 1, 0, 1)
    )
    return (np.rint(np.clip(scale, 0, 1) * 255) / 255).astype(np.float32)


def measure(
    table: BeamTable,
    distance: NDArray[np.float32],
    reflectance: NDArray[np.float32],
    cos_incidence: NDArray[np.float32],
    generator: np.random.Generator,
    *,
    farthest: float,
    attenuation: float = 0.0,
    sigma: float | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """What the scanner makes of rays that met something, (N,) each.

    A ray returns when it lies within the scanner's limits and its power is that of a surface of 10 % reflectance at the
    table's ``reach`` or more. Every ray takes one draw, whether it returns or not, so that one object more does not
    change the noise of all others.

    Args:
        distance: [m], inf for none.
        farthest: [m], the rig's range; the table's own limit holds too.
        sigma: of the range noise [m]; default: the table's.

    Returns:
        measured range [m] with the scanner's Gaussian noise, intensity in [0, 1], and which rays returned.
    """
    noise = generator.standard_normal(len(distance), dtype=np.float32) * np.float32(
        table.sigma if sigma is None else sigma
    )
    strength = intensity(distance, reflectance, cos_incidence, attenuation)
    needed = 0.1 * np.square(np.where(np.isfinite(distance), distance, 0) / table.reach)
    returned = (distance >= table.nearest) & (distance <= min(farthest, table.farthest)) & (strength >= needed)
    return np.where(returned, distance + noise, np.float32(np.inf)), told(table, strength), returned
