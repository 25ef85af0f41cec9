"""Engine, clutch and gearbox: NVIDIA's PhysX vehicle model, whose parameters CARLA's are.

The clutch turns slip into torque in proportion; engine, clutch and wheels are solved together, implicitly, so that
stiff clutches and light wheels stay steady at any sub-step. Parts of ``dynamics``' compiled functions, for one vehicle
each: ``state``, ``control`` and ``physics`` are entries of ``STATE``, ``CONTROL`` and ``PHYSICS``.
"""

from __future__ import annotations

from typing import Any

from simulator.world.compiled import part
from simulator.world.physics import SAMPLES

SHIFT_INTERVAL = 0.5
"""The automatic gearbox keeps a gear at least so long [s]."""
EASY = 0.55
"""Shifting speeds with the pedal up, over those with it down."""
CLUTCH_OPENS = 0.12
"""Share of the engine's maximum speed, about idle, below which an automatic with the pedal up lets go of the wheels."""


@part
def ratio(gear: int, physics: Any) -> float:
    """Engine speed over mean wheel speed, signed; 0 in neutral."""
    if gear == 0:
        return 0.0
    size = physics.ratio[abs(gear) - 1] * physics.final_ratio
    return size if gear > 0 else -size


@part
def sampled(curve: Any, place: float) -> float:
    """The value of a curve (SAMPLES + 1,) at a place >= 0 of its range, 1 is the end."""
    spot = min(place, 1.0) * SAMPLES
    index = min(int(spot), SAMPLES - 1)
    return curve[index] + (spot - index) * (curve[index + 1] - curve[index])


@part
def shift(state: Any, control: Any, physics: Any, dt: float) -> None:
    """Chooses the gear for this step, in place: by hand, or by engine speed."""
    gear = state.gear
    if control.reverse:
        chosen = -1
    elif control.manual_gear_shift:
        chosen = min(max(control.gear, -1), physics.gears)
    elif gear < 1:
        chosen = 1
    else:
        chosen = gear
        if physics.autobox and state.since_shift >= max(SHIFT_INTERVAL, physics.gear_switch_time):
            # the shares count with the pedal down; an automatic shifts earlier the less throttle it is given
            share = state.engine / physics.max_speed / (EASY + (1 - EASY) * control.throttle)
            if share > physics.up[gear - 1] and gear < physics.gears:
                chosen = gear + 1
            elif share < physics.down[gear - 1] and gear > 1:
                chosen = gear - 1
    # the first gear is put in before the engine is needed: no waiting at the start
    state.since_shift = 0.0 if chosen != gear and gear > 0 else state.since_shift + dt
    state.gear = chosen


@part
def torque(
    state: Any, control: Any, physics: Any, ratio: float, rolling: float, ease: float, since: float, dt: float
) -> float:
    """Drive torque [N m] at all wheels together over ``dt`` [s]; changes the engine's speed.

    Args: ``rolling`` the mean speed [rad/s], by their shares of the torque, that wheels will have without torque, and
    ``ease`` what 1 N m of all adds to it; ``since`` the time [s] since the last shift.
    """
    top, inertia, throttle = physics.max_speed, physics.moi, control.throttle
    turning = ratio * rolling
    automatic = throttle == 0 and not control.manual_gear_shift and physics.autobox
    opened = since < physics.gear_switch_time or (automatic and turning < CLUTCH_OPENS * top)
    clutch = 0.0 if opened or state.gear == 0 else physics.clutch_strength
    lower = physics.damping_clutch_engaged if clutch > 0 else physics.damping_clutch_disengaged
    damping = physics.damping_full_throttle + (lower - physics.damping_full_throttle) * (1 - throttle)
    if since + dt < physics.gear_switch_time:
        throttle = 0.0
    speed = state.engine
    driven = throttle * sampled(physics.torque, speed / top) if speed < top else 0.0
    driven -= damping * speed
    passed = 0.0
    if clutch > 0:
        passed = (speed + dt * driven / inertia - turning) / (1 / max(clutch, 1e-9) + dt / inertia + ratio**2 * ease)
    state.engine = max(speed + dt * (driven - passed) / inertia, 0.0)
    return ratio * passed
