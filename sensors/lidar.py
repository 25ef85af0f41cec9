"""Spinning LiDARs: beam tables, firing order and times, and what a return measures.

LiDAR frame: x forward, y left, z up. The head turns clockwise seen from above, as Velodyne's do. Channel 0 is the
highest beam (CARLA's order of points); ring 0 is the lowest (the recording's).
"""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    elevations: NDArray[np.float64]
    sigma: float
    nearest: float
    farthest: float
    reach: float

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


BEAM_TABLES: dict[str, BeamTable] = {
    # Velodyne HDL-64E S2 data sheet: +2 to -8 1/3 degrees in steps of 1/3, -8.83 to -24.33 in steps of 1/2; range
    # accuracy below 2 cm (1 sigma); 50 m on pavement (10 % reflectance), 120 m on cars and foliage (80 %).
    "HDL-64E": BeamTable(_degrees(2 - np.arange(32) / 3, -8.83 - np.arange(32) / 2), 0.02, 0.9, 120.0, _reach(50.0)),
    # Velodyne HDL-32E data sheet: +10.67 to -30.67 degrees in steps of 4/3; 2 cm (1 sigma); 1 m to 100 m. It tells
    # nothing of pavement; 40 m is about where rings on the road end in nuScenes.
    "HDL-32E": BeamTable(_degrees(32 / 3 - np.arange(32) * 4 / 3), 0.02, 1.0, 100.0, _reach(40.0)),
    # Velodyne VLP-16 data sheet: +15 to -15 degrees in steps of 2; 3 cm (typical); up to 100 m. Pavement as above.
    "VLP-16": BeamTable(_degrees(15.0 - np.arange(16) * 2), 0.03, 0.5, 100.0, _reach(40.0)),
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


def firing(table: BeamTable, columns: int, start_azimuth: float, sweep: float = 2 * np.pi) -> Firing:
    """Rays that the scanner fires while its head turns by ``sweep``.

    A column's beams fire together. Column k looks at azimuth ``start_azimuth - sweep * k / columns`` and fires when
    ``k / columns`` of the tick has passed; so the next tick starts at ``start_azimuth - sweep``.

    Args:
        columns: firings of each beam in this tick.
        start_azimuth: [rad] of the first column, counter-clockwise from x; pi looks back (CARLA's start).
        sweep: [rad] that the head turns in this tick, clockwise.
    """
    share = np.arange(columns) / columns
    azimuth = start_azimuth - sweep * share
    level, height = np.cos(table.elevations)[:, None], np.sin(table.elevations)[:, None]
    directions = np.empty((table.channels, columns, 3), np.float32)
    directions[..., 0] = level * np.cos(azimuth)
    directions[..., 1] = level * np.sin(azimuth)
    directions[..., 2] = height
    ring = np.arange(table.channels - 1, -1, -1, dtype=np.uint16)
    return Firing(
        directions.reshape(-1, 3),
        np.tile(share.astype(np.float32), table.channels),
        np.repeat(ring, columns),
    )


def intensity(
    distance: NDArray[np.float32],
    reflectance: NDArray[np.float32],
    cos_incidence: NDArray[np.float32],
    attenuation: float = 0.0,
) -> NDArray[np.float32]:
    """Intensity in [0, 1] of returns from diffuse surfaces, (N,) each.

    The LiDAR equation for an extended Lambertian target (Wagner et al., ISPRS J. 60, 2006): the received power goes as
    reflectance * cos(incidence) * exp(-2 attenuation distance) / distance^2. Velodyne's calibrated output takes the
    inverse square out, which leaves the other factors.

    Args:
        attenuation: of the air [1/m], e.g. 0.004 (CARLA's) or 3.9 / visibility in fog (Koschmieder).
    """
    met = np.isfinite(distance)
    power = reflectance * cos_incidence * np.exp(-2 * attenuation * np.where(met, distance, 0))
    return np.where(met, np.clip(power, 0, 1), 0).astype(np.float32)


def measure(
    table: BeamTable,
    distance: NDArray[np.float32],
    reflectance: NDArray[np.float32],
    cos_incidence: NDArray[np.float32],
    generator: np.random.Generator,
    *,
    farthest: float,
    attenuation: float = 0.0,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """What the scanner makes of rays that met something, (N,) each.

    A ray returns when it lies within the scanner's limits and its power is that of a surface of 10 % reflectance at the
    table's ``reach`` or more. Every ray takes one draw, whether it returns or not, so that one object more does not
    change the noise of all others.

    Args:
        distance: [m], inf for none.
        farthest: [m], the rig's range; the table's own limit holds too.

    Returns:
        measured range [m] with the scanner's Gaussian noise, intensity in [0, 1], and which rays returned.
    """
    noise = generator.standard_normal(len(distance), dtype=np.float32) * np.float32(table.sigma)
    strength = intensity(distance, reflectance, cos_incidence, attenuation)
    needed = 0.1 * np.square(np.where(np.isfinite(distance), distance, 0) / table.reach)
    returned = (distance >= table.nearest) & (distance <= min(farthest, table.farthest)) & (strength >= needed)
    return np.where(returned, distance + noise, np.float32(np.inf)), strength, returned
