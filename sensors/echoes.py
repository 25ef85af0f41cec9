"""What a scanner tells of a pulse: up to two echoes, of surfaces that a wide beam meets and of the air on its way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.air import Air, scattered
from sensors.lidar import BeamTable, intensity, told

SUB_RAYS = 7
"""Rays that stand for a beam with a width: its middle and a ring."""
_RING = 0.764
"""Radius of the ring in the cone's: with the middle it has an even disc's mean square, 1/2."""
PULSE = 0.9
"""[m] in range that two surfaces must be apart to be told apart: half of light's way in 6 ns, Velodyne's pulse."""

AIR = -1
"""``Echoes.source`` of what came from the air."""


@dataclass(frozen=True, eq=False)
class Echoes:
    """Returns of a tick's pulses, ordered by pulse, the strongest of a pulse first. (M,) each.

    Attributes:
        pulse: int64, which it was.
        distance: float32 [m], with noise. intensity: float32 in [0, 1], the scanner's scale.
        source: int64, the sub-ray that met what sent most of it back; ``AIR``.
        number: uint8, 0 is the pulse's strongest, 1 its second.
    """

    pulse: NDArray[np.int64]
    distance: NDArray[np.float32]
    intensity: NDArray[np.float32]
    source: NDArray[np.int64]
    number: NDArray[np.uint8]


def spread(directions: NDArray[np.float32], divergence: float) -> NDArray[np.float32]:
    """Directions (7, N, 3), unit, of the sub-rays of beams (N, 3) with a cone of ``divergence`` [rad], full angle."""
    level = np.stack([-directions[:, 1], directions[:, 0], np.zeros(len(directions), np.float32)], axis=1)
    level /= np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-6)
    upright = np.cross(directions, level)
    radius = _RING * divergence / 2
    rays = [directions]
    for turn in np.arange(SUB_RAYS - 1) * 2 * np.pi / (SUB_RAYS - 1):
        rays.append(directions + np.float32(radius) * (np.cos(turn) * level + np.sin(turn) * upright))
    whole = np.stack(rays).astype(np.float32)
    return whole / np.linalg.norm(whole, axis=2, keepdims=True)


def echoes(
    table: BeamTable,
    distance: NDArray[np.float32],
    reflectance: NDArray[np.float32],
    cos_incidence: NDArray[np.float32],
    generator: np.random.Generator,
    *,
    farthest: float,
    air: Air,
    sigma: float | None = None,
    dropout: float = 0.0,
    most: int = 1,
) -> Echoes:
    """What a scanner makes of pulses, of which sub-rays met something, (S, N) each.

    Sub-rays that meet surfaces within a pulse's length are one echo. An echo is told when it lies within the scanner's
    limits and its power is that of a surface of 10 % reflectance at the table's ``reach`` or more; of several, the
    strongest. All pulses take the same number of draws but for the air's.

    Args:
        distance: [m], inf for none.
        farthest: [m], the rig's range; the table's own limit holds too.
        sigma: of the range noise [m]; default: the table's.
        dropout: share of the echoes that are lost at random.
        most: echoes of a pulse, 1 or 2.
    """
    count, pulses = distance.shape
    noise = generator.standard_normal((most, pulses), dtype=np.float32)
    lost = generator.random((most, pulses), dtype=np.float32) < dropout
    least = 0.1 / table.reach**2
    met = np.isfinite(distance)
    reach = np.where(met, distance, np.float32(1))
    power = intensity(distance, reflectance, cos_incidence, air.attenuation) / (count * np.maximum(reach, 0.1) ** 2)
    places, powers, sources = _surfaces(distance, power)
    through = distance.min(axis=0)
    air_places, air_powers = scattered(air, through, table.nearest, generator)
    places, powers = np.concatenate([places, air_places]), np.concatenate([powers, air_powers])
    sources = np.concatenate([sources, np.full(air_places.shape, AIR)])
    limit = min(farthest, table.farthest)
    powers = np.where((powers >= least) & (places >= table.nearest) & (places <= limit), powers, 0)
    order = np.argsort(-powers, axis=0, kind="stable")[:most]
    column = np.arange(pulses)
    powers, places, sources = powers[order, column], places[order, column], sources[order, column]
    kept = (powers > 0) & ~lost[: len(order)]
    pulse, number = np.nonzero(kept.T)
    deviation = np.float32(table.sigma if sigma is None else sigma)
    here = (number, pulse)
    return Echoes(
        pulse,
        (places[here] + deviation * noise[here]).astype(np.float32),
        told(table, powers[here] * places[here] ** 2),
        sources[here],
        number.astype(np.uint8),
    )


def _surfaces(
    distance: NDArray[np.float32], power: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Distances, powers and strongest sub-rays (S, N) of what pulses meet; power 0 is none."""
    count = len(distance)
    if count == 1:
        return np.where(np.isfinite(distance), distance, 0), power, np.zeros(distance.shape, np.int64)
    order = np.argsort(distance, axis=0, kind="stable")
    near = np.take_along_axis(np.where(np.isfinite(distance), distance, np.float32(1e6)), order, 0)
    energy = np.take_along_axis(power, order, 0)
    group = np.concatenate([np.zeros((1, distance.shape[1]), np.int64), np.cumsum(np.diff(near, axis=0) > PULSE, 0)])
    places, powers, sources = [], [], []
    for number in range(count):
        mine = np.where(group == number, energy, 0)
        total = mine.sum(axis=0)
        places.append((mine * near).sum(axis=0) / np.maximum(total, 1e-20))
        powers.append(total)
        sources.append(np.take_along_axis(order, mine.argmax(axis=0)[None], 0)[0])
    return np.stack(places).astype(np.float32), np.stack(powers).astype(np.float32), np.stack(sources)
