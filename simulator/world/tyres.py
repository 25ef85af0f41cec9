"""Tyres, all wheels at once: Pacejka's curves, combined slip, and the carcass that gives before it slides.

The curves and their numbers are those of Althoff and Würsching, "CommonRoad: Vehicle Models" (2020a), after Pacejka's
Magic Formula. Slip along and across share one curve by the similarity method (Pacejka, Tire and Vehicle Dynamics,
section 4.2): each direction keeps its own pure curve. Slip follows the motion over a relaxation length (section 5.2),
which makes the equations hold at rest, where slip itself has no meaning.
"""

from __future__ import annotations

import numpy as np
from vehiclemodels.parameters_vehicle2 import parameters_vehicle2

from simulator.world.bodies import Array

_TIRE = parameters_vehicle2().tire
LONG_PEAK, LAT_PEAK = float(_TIRE.p_dx1), float(_TIRE.p_dy1)
"""Friction of the published tyre at its peak, on dry road, along and across."""
LONG_STIFFNESS, CORNERING = float(_TIRE.p_kx1), float(-_TIRE.p_ky1)
"""Force per load and slip of the published tyre, along [-] and across [1/rad]."""
_LONG_SHAPE, _LONG_CURVE = float(_TIRE.p_cx1), float(_TIRE.p_ex1)
_LAT_SHAPE, _LAT_CURVE = float(_TIRE.p_cy1), float(_TIRE.p_ey1)

PEAK_SLIP = 3.0
"""Slip, times stiffness over grip, at which both curves peak; a carcass bends no further than that."""
SLIP_FLOOR = 2.5
"""Rolling speed [m/s] below which a sliding tyre's slip is taken as if at it."""


def long_share(slip: Array) -> Array:
    """Share of the peak force along, at slips >= 0 times stiffness over grip."""
    b = slip / _LONG_SHAPE
    return np.sin(_LONG_SHAPE * np.arctan(b - _LONG_CURVE * (b - np.arctan(b))))


def lat_share(slip: Array) -> Array:
    """Share of the peak force across, likewise."""
    b = slip / _LAT_SHAPE
    return np.sin(_LAT_SHAPE * np.arctan(b - _LAT_CURVE * (b - np.arctan(b))))


def smoothing(share: Array) -> Array:
    """Fiala's cubic: rises with slope 1 from 0 to 1 at 3, then stays. PhysX takes the load's effect so."""
    share = np.minimum(share, 3.0)
    return share - share**2 / 3 + share**3 / 27


def secants(
    bent: tuple[Array, Array], sliding: tuple[Array, Array], stiffness: tuple[Array, Array], grip: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Force per slip of the carcass, along and across [N], each (4, N).

    Args: slips of the carcass, and those of the wheel's motion that count where they are larger: beyond the peak;
    ``stiffness`` [N] and ``grip`` [N]: force per slip at rest, and the largest force. Pairs are along, across.
    """
    grips = np.maximum(grip[0], 1e-9), np.maximum(grip[1], 1e-9)
    ratio_x, ratio_y = stiffness[0] / grips[0], stiffness[1] / grips[1]
    slip = np.sqrt((ratio_x * bent[0]) ** 2 + (ratio_y * bent[1]) ** 2) + 1e-9
    reached = np.maximum(slip, np.sqrt((ratio_x * sliding[0]) ** 2 + (ratio_y * sliding[1]) ** 2))
    return stiffness[0] * long_share(reached) / slip, stiffness[1] * lat_share(reached) / slip


def bend(slip_x: Array, slip_y: Array, stiffness: tuple[Array, Array], grip: tuple[Array, Array]) -> Array:
    """Factor (4, N) that brings slips of the carcass back to its peak."""
    x = stiffness[0] * slip_x / np.maximum(grip[0], 1e-9)
    y = stiffness[1] * slip_y / np.maximum(grip[1], 1e-9)
    return np.minimum(PEAK_SLIP / np.maximum(np.sqrt(x * x + y * y), 1e-9), 1.0)
