"""Tyres: Pacejka's curves. ``dynamics`` compiles these functions of plain numbers.

The curves and their numbers are those of Althoff and Würsching, "CommonRoad: Vehicle Models" (2020a), after Pacejka's
Magic Formula. Slip along and across share one curve by the similarity method (Pacejka, Tire and Vehicle Dynamics,
section 4.2): each direction keeps its own pure curve. Slip follows the motion over a relaxation length (section 5.2),
which makes the equations hold at rest, where slip itself has no meaning.
"""

from __future__ import annotations

import math

from simulator.world.published import BMW_320I

LONG_PEAK, LAT_PEAK = float(BMW_320I.tire.p_dx1), float(BMW_320I.tire.p_dy1)
"""Friction of the published tyre at its peak, on dry road, along and across."""
LONG_STIFFNESS, CORNERING = float(BMW_320I.tire.p_kx1), float(-BMW_320I.tire.p_ky1)
"""Force per load and slip of the published tyre, along [-] and across [1/rad]."""
_LONG_SHAPE, _LONG_CURVE = float(BMW_320I.tire.p_cx1), float(BMW_320I.tire.p_ex1)
_LAT_SHAPE, _LAT_CURVE = float(BMW_320I.tire.p_cy1), float(BMW_320I.tire.p_ey1)

PEAK_SLIP = 3.0
"""Slip, times stiffness over grip, at which both curves peak; a carcass bends no further than that."""
SLIP_FLOOR = 2.5
"""Rolling speed [m/s] below which a sliding tyre's slip is taken as if at it."""


def smoothing(share: float) -> float:
    """Fiala's cubic: rises with slope 1 from 0 to 1 at 3, then stays. PhysX takes the load's effect so."""
    share = min(share, 3.0)
    return share - share**2 / 3 + share**3 / 27


def secants(
    bent_x: float, bent_y: float, sliding_x: float, sliding_y: float,
    stiff_x: float, stiff_y: float, grip_x: float, grip_y: float,
) -> tuple[float, float]:  # fmt: skip
    """Force per slip of the carcass, along and across [N].

    Args: slips of the carcass, and those of the wheel's motion that count where they are larger: beyond the peak;
    stiffness [N] and grip [N]: force per slip at rest, and the largest force.
    """
    ratio_x, ratio_y = stiff_x / max(grip_x, 1e-9), stiff_y / max(grip_y, 1e-9)
    slip = math.hypot(ratio_x * bent_x, ratio_y * bent_y) + 1e-9
    reached = max(slip, math.hypot(ratio_x * sliding_x, ratio_y * sliding_y))
    x, y = reached / _LONG_SHAPE, reached / _LAT_SHAPE
    share_x = math.sin(_LONG_SHAPE * math.atan(x - _LONG_CURVE * (x - math.atan(x))))
    share_y = math.sin(_LAT_SHAPE * math.atan(y - _LAT_CURVE * (y - math.atan(y))))
    return stiff_x * share_x / slip, stiff_y * share_y / slip


def bend(slip_x: float, slip_y: float, stiff_x: float, stiff_y: float, grip_x: float, grip_y: float) -> float:
    """Factor that brings slips of the carcass back to its peak."""
    reached = math.hypot(stiff_x * slip_x / max(grip_x, 1e-9), stiff_y * slip_y / max(grip_y, 1e-9))
    return min(PEAK_SLIP / max(reached, 1e-9), 1.0)
