"""The motion of road vehicles, all of them at once: one array entry a vehicle.

The equations are those of Althoff and Würsching, "CommonRoad: Vehicle Models" (2020a): the rigid-body equations and the
Pacejka tyre of the single-track drift model, whose linearisation is the single-track model. The package's functions
take one vehicle at a time and about 20 us a call; the same equations over arrays cost less for fifty vehicles than its
functions for five. The tests hold them against the package. Four springs carry the body over the ground.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vehiclemodels.parameters_vehicle2 import parameters_vehicle2

from simulator.world.bodies import GRAVITY, Array

STATE = np.dtype(
    [
        *((name, np.float64) for name in ("x", "y", "z", "yaw", "pitch", "roll")),  # of the body, world [m, rad]
        *((name, np.float64) for name in ("vx", "vy", "vz")),  # horizontal, along and across the heading; up [m/s]
        *((name, np.float64) for name in ("yaw_rate", "pitch_rate", "roll_rate")),  # [rad/s]
        ("steer", np.float64),  # of the front wheels, positive is left [rad]
        ("gear", np.int64),  # -1 reverse, 0 neutral
        ("since_shift", np.float64),  # [s]
        ("spin", np.float64, 4),  # angle of each wheel [rad]; order of WHEELS
        ("travel", np.float64, 4),  # how far each wheel stands above its place in the resting body [m]
    ]
)
"""One vehicle's motion. The centre of mass lies over the origin, midway between the axles."""

WHEELS = ("front_left", "front_right", "rear_left", "rear_right")
FORE = np.array([1.0, 1.0, -1.0, -1.0])
LEFT = np.array([1.0, -1.0, 1.0, -1.0])

_BMW = parameters_vehicle2()
PEAK_FRICTION = float(_BMW.tire.p_dy1)
"""Lateral friction of the published tyre at its peak, on dry road."""
CORNERING = float(-_BMW.tire.p_ky1)
"""Side force per load and slip angle of the published tyre [1/rad]."""
BRAKE_SPLIT = float(_BMW.T_sb)
"""Share of the brake force on the front axle."""
HEAVE_FREQUENCY = float(np.sqrt(2 * (_BMW.K_sf + _BMW.K_sr) / _BMW.m_s))
"""Of the published springs under the published sprung mass [rad/s]."""
HEAVE_DAMPING = float((_BMW.K_sdf + _BMW.K_sdr) / _BMW.m_s / HEAVE_FREQUENCY)
"""Damping ratio of the published dampers."""
ANTI_ROLL = float(-(_BMW.K_tsf + _BMW.K_tsr) * 2 / ((_BMW.K_sf + _BMW.K_sr) * _BMW.T_f**2 / 2))
"""Stiffness of the published anti-roll bars, relative to that of the springs in roll."""
YAW_INERTIA = float(_BMW.I_z / (_BMW.m * (_BMW.a + _BMW.b) ** 2))
PITCH_INERTIA = float(_BMW.I_y_s / (_BMW.m_s * (_BMW.a + _BMW.b) ** 2))
ROLL_INERTIA = float(_BMW.I_Phi_s / (_BMW.m_s * _BMW.T_f**2))
"""Inertia over mass and wheelbase (yaw, pitch) or track (roll) squared."""

ENGINE_SPEEDS = np.array([0.0, 0.15, 0.35, 0.5, 0.7, 0.85, 1.0, 1.1])
ENGINE_TORQUES = np.array([0.45, 0.7, 0.95, 1.0, 0.97, 0.9, 0.75, 0.0])
"""Full-load torque over its peak, against engine speed over its maximum: a petrol engine behind a torque converter."""
PEAK_POWER = float((ENGINE_SPEEDS * ENGINE_TORQUES).max())
"""Of that curve, over peak torque times maximum speed."""
ENGINE_DRAG = 0.3
"""Torque of the motored engine at maximum speed, over its peak torque."""
DRIVELINE_EFFICIENCY = 0.9
SHIFT_INTERVAL = 0.5
"""The automatic gearbox keeps a gear at least so long [s]."""
ROLLING_RESISTANCE = 0.012
AIR_DENSITY = 1.2

SLIP_FLOOR = 2.5
"""Below this wheel speed [m/s] slip angles are taken as if at it; the tyre equations are singular at rest."""
KINEMATIC, DYNAMIC = 1.0, 2.0
"""Speeds [m/s] up to which the wheels roll without side slip, and from which the tyres decide; blended between."""
BUMP_STOP = 0.10
"""Spring travel [m] beyond which the springs are ten times as stiff."""
LARGEST_TILT = 0.7
"""Pitch and roll [rad] at which bodies are held."""


def clip(values: Array, low: Array | float, high: Array | float) -> Array:
    """``numpy.clip`` in a fifth of its time, of which nearly all is its own checks for arrays so small."""
    return np.minimum(np.maximum(values, low), high)


def side_force(slip: Array, load: Array, friction: Array) -> Array:
    """Pacejka's lateral tyre force [N] at slip angles [rad] and loads [N]; ``friction`` scales the peak, not the slope.

    Pure side slip, no camber: ``vehiclemodels.utils.tire_model.formula_lateral``.
    """
    tire = _BMW.tire
    peak = PEAK_FRICTION * friction
    b = CORNERING / (tire.p_cy1 * peak) * slip
    return -peak * load * np.sin(tire.p_cy1 * np.arctan(b - tire.p_ey1 * (b - np.arctan(b))))


def single_track(
    velocity: tuple[Array, Array],
    yaw_rate: Array,
    steer: Array,
    wheelbase: Array,
    mass: Array,
    yaw_inertia: Array,
    loads: tuple[Array, Array],
    drives: tuple[Array, Array],
    friction: Array,
) -> tuple[Array, Array, Array]:
    """Accelerations by the tyres along and across the heading [m/s^2] and of yaw [rad/s^2]; no Coriolis terms.

    Args: ``velocity`` along and across the heading [m/s]; ``loads`` and ``drives``, vertical and longitudinal forces on
    the front and rear axle [N]. What an axle spends on drive or brakes, it lacks for the side (friction ellipse).
    """
    vx, vy = velocity
    arm = wheelbase / 2
    cos, sin = np.cos(steer), np.sin(steer)
    front_along, front_across = vx * cos + (vy + arm * yaw_rate) * sin, (vy + arm * yaw_rate) * cos - vx * sin
    sides = []
    for along, across, load, drive in zip(
        (front_along, vx), (front_across, vy - arm * yaw_rate), loads, drives, strict=True
    ):
        slip = np.arctan2(across, np.maximum(np.abs(along), SLIP_FLOOR))
        spent = np.minimum(np.abs(drive) / np.maximum(PEAK_FRICTION * friction * load, 1.0), 1.0)
        sides.append(side_force(slip, load, friction) * np.sqrt(1.0 - spent**2))
    front_x, front_y = drives[0] * cos - sides[0] * sin, sides[0] * cos + drives[0] * sin
    return (
        (front_x + drives[1]) / mass,
        (front_y + sides[1]) / mass,
        arm * (front_y - sides[1]) / yaw_inertia,
    )


def shift(state: NDArray[np.void], control: NDArray[np.void], physics: NDArray[np.void], dt: float) -> None:
    """Chooses the gears for this step, in place: by hand, or by engine speed and throttle."""
    gear = state["gear"]
    speeds = np.abs(state["vx"])
    engine = speeds / physics["gear_speeds"][np.arange(len(gear)), np.maximum(gear, 1) - 1]
    throttle = control["throttle"]
    ready = state["since_shift"] >= SHIFT_INTERVAL
    up = ready & (engine > 0.45 + 0.5 * throttle) & (gear < physics["gears"])
    down = ready & (engine < 0.2 + 0.3 * throttle) & (gear > 1)
    automatic = np.where(control["reverse"], -1, np.where(gear < 1, 1, gear + up - down))
    manual = np.where(control["reverse"], -1, clip(control["gear"], -1, physics["gears"]))
    chosen = np.where(control["manual_gear_shift"], manual, automatic)
    state["since_shift"] = np.where(chosen != gear, 0.0, state["since_shift"] + dt)
    state["gear"] = chosen


def engine_forces(state: NDArray[np.void], control: NDArray[np.void], physics: NDArray[np.void]) -> tuple[Array, Array]:
    """Drive force of the engine, signed, and the drag of the closed throttle, a magnitude, at the wheels [N]."""
    gear = state["gear"]
    limit = physics["gear_speeds"][np.arange(len(gear)), np.maximum(np.abs(gear), 1) - 1]
    engine = np.abs(state["vx"]) / limit
    # peak torque times (engine speed over road speed): the force at the wheels at the peak of the torque curve
    peak = np.where(gear == 0, 0.0, physics["power"] / PEAK_POWER / limit)
    torque = np.interp(engine, ENGINE_SPEEDS, ENGINE_TORQUES)
    drive = np.sign(gear) * peak * torque * control["throttle"] * DRIVELINE_EFFICIENCY
    drag = peak * ENGINE_DRAG * np.minimum(engine, 1.5) * (1.0 - control["throttle"])
    return drive, drag


def advance(
    state: NDArray[np.void],
    control: NDArray[np.void],
    physics: NDArray[np.void],
    ground: tuple[Array, Array],
    friction: Array,
    dt: float,
) -> None:
    """One sub-step of ``dt`` [s], at most 0.01, of all vehicles, in place.

    Args:
        state, control, physics: (N,) of ``STATE``, ``vehicles.CONTROL``, ``vehicles.PHYSICS``.
        ground: height [m] and slope (d height / d world x, y) under each wheel *as of its present place*, (N, 4) and
            (N, 4, 2); see ``contact_heights``.
        friction: (N,), 1 is dry road.
    """
    heights, slopes = ground
    mass, wheelbase, track = physics["mass"], physics["wheelbase"], physics["track"]
    cos, sin = np.cos(state["yaw"]), np.sin(state["yaw"])
    vx, vy, yaw_rate = state["vx"], state["vy"], state["yaw_rate"]

    # steering
    target = control["steer"] * physics["max_steer_angle"]
    reach = physics["steer_rate"] * dt
    state["steer"] += clip(target - state["steer"], -reach, reach)

    # springs: compressed by as much as the ground stands above the wheel's place in the resting body
    forward, left = FORE * wheelbase[:, None] / 2, LEFT * track[:, None] / 2
    wheel_z = state["z"][:, None] - np.sin(state["pitch"])[:, None] * forward + np.sin(state["roll"])[:, None] * left
    wheel_vz = state["vz"][:, None] - state["pitch_rate"][:, None] * forward + state["roll_rate"][:, None] * left
    moved_x = (cos * vx - sin * vy)[:, None] - yaw_rate[:, None] * (sin[:, None] * forward + cos[:, None] * left)
    moved_y = (sin * vx + cos * vy)[:, None] + yaw_rate[:, None] * (cos[:, None] * forward - sin[:, None] * left)
    travel = heights - wheel_z
    rate = slopes[..., 0] * moved_x + slopes[..., 1] * moved_y - wheel_vz
    quarter = mass[:, None] / 4
    weight = quarter * GRAVITY * physics["gravity"][:, None]
    spring = quarter * HEAVE_FREQUENCY**2 * (travel + 9.0 * np.maximum(travel - BUMP_STOP, 0.0))
    load = np.maximum(weight + spring + quarter * 2 * HEAVE_DAMPING * HEAVE_FREQUENCY * rate, 0.0)
    axle = load[:, 0] + load[:, 1], load[:, 2] + load[:, 3]
    total = axle[0] + axle[1]
    bars = (spring * left).sum(axis=1) * ANTI_ROLL

    # along: drive and drag as they are; brakes, rolling and a closed throttle resist up to their strength, down to rest
    front_left, front_right, rear_left, rear_right = heights.T
    slope_x = (front_left + front_right - (rear_left + rear_right)) / 2 / wheelbase
    slope_y = (front_left + rear_left - (front_right + rear_right)) / 2 / track
    pull = np.minimum(total / mass, GRAVITY) / (1 + slope_x**2 + slope_y**2)
    downhill_x, downhill_y = -pull * slope_x, -pull * slope_y
    grips = tuple(PEAK_FRICTION * friction * np.minimum(part, 1.5 * mass * GRAVITY) for part in axle)
    drive, drag = engine_forces(state, control, physics)
    drives = tuple(clip(drive / 2, -grip, grip) for grip in grips)
    brake = control["brake"] * physics["brake_deceleration"] * mass
    locked = np.where(control["hand_brake"], grips[1], 0.0)
    resist = (
        np.minimum(brake * BRAKE_SPLIT + drag / 2, grips[0]),
        np.minimum(brake * (1 - BRAKE_SPLIT) + drag / 2 + locked, grips[1]),
    )
    rolling = ROLLING_RESISTANCE * total
    air = 0.5 * AIR_DENSITY * physics["drag_area"] * vx * np.abs(vx)
    strength = resist[0] + resist[1] + rolling
    free = mass * (vx / dt + downhill_x + vy * yaw_rate) + drives[0] + drives[1] - air
    share = clip(free / np.maximum(strength, 1e-9), -1.0, 1.0)
    forces = tuple(push - share * held for push, held in zip(drives, resist, strict=True))

    # across and yaw: the tyres
    loads = tuple(grip / (PEAK_FRICTION * np.maximum(friction, 1e-6)) for grip in grips)
    along, across, turning = single_track(
        (vx, vy), yaw_rate, state["steer"], wheelbase, mass, physics["yaw_inertia"], loads, forces, friction
    )
    new_vx = vx + dt * (along + downhill_x + vy * yaw_rate - (air + share * rolling) / mass)
    new_vx = np.where(np.abs(free) < strength, 0.0, new_vx)  # stopped within this sub-step, or held at rest
    new_vy = vy + dt * (across + downhill_y - vx * yaw_rate)
    new_yaw_rate = yaw_rate + dt * turning

    # near rest: rolling without side slip about the rear axle
    pace = np.abs(new_vx) + np.abs(new_vy) + np.abs(new_yaw_rate) * wheelbase / 2
    grounded = total > 0.1 * mass * GRAVITY
    kinematic = np.where(grounded, clip((DYNAMIC - pace) / (DYNAMIC - KINEMATIC), 0.0, 1.0), 0.0)
    rolling_yaw_rate = new_vx * np.tan(state["steer"]) / wheelbase
    state["vx"] = new_vx
    state["vy"] = new_vy + kinematic * (rolling_yaw_rate * wheelbase / 2 - new_vy)
    state["yaw_rate"] = new_yaw_rate + kinematic * (rolling_yaw_rate - new_yaw_rate)

    # up, pitch and roll
    lever = physics["mass_height"] * mass
    state["vz"] += dt * (total / mass - GRAVITY * physics["gravity"])
    state["pitch_rate"] += dt * (-(load * forward).sum(axis=1) - lever * along) / (PITCH_INERTIA * mass * wheelbase**2)
    state["roll_rate"] += dt * ((load * left).sum(axis=1) + bars + lever * across) / (ROLL_INERTIA * mass * track**2)
    # a rider settles into the lean that balances the bend within about half a second
    lean = -np.arctan(state["vx"] * state["yaw_rate"] / GRAVITY)
    state["roll_rate"] = np.where(physics["two_wheeler"], 5.0 * (lean - state["roll"]), state["roll_rate"])

    # places
    state["x"] += dt * (cos * state["vx"] - sin * state["vy"])
    state["y"] += dt * (sin * state["vx"] + cos * state["vy"])
    state["z"] += dt * state["vz"]
    for name in ("yaw", "pitch", "roll"):
        state[name] += dt * state[f"{name}_rate"]
    _limit(state, travel)
    state["travel"] = clip(travel, -BUMP_STOP, BUMP_STOP)
    turned = (state["vx"][:, None] - state["yaw_rate"][:, None] * left) * dt / physics["wheel_radius"][:, None]
    turned[:, 2:] *= ~control["hand_brake"][:, None]
    state["spin"] = np.mod(state["spin"] + turned, 2 * np.pi)


def _limit(state: NDArray[np.void], travel: Array) -> None:
    """Lifts what sank through its springs, and keeps bodies from rolling over, which these equations cannot tell."""
    if travel.max() > 3 * BUMP_STOP:
        sunk = np.maximum(travel.max(axis=1) - 3 * BUMP_STOP, 0.0)
        state["z"] += sunk
        state["vz"] = np.where(sunk > 0, np.maximum(state["vz"], 0.0), state["vz"])
    for name in ("pitch", "roll"):
        over = np.abs(state[name]) > LARGEST_TILT
        if over.any():
            state[name] = clip(state[name], -LARGEST_TILT, LARGEST_TILT)
            state[f"{name}_rate"] = np.where(over, 0.0, state[f"{name}_rate"])


def wheel_places(state: NDArray[np.void], physics: NDArray[np.void]) -> Array:
    """World x, y (N, 4, 2) [m] of the wheels."""
    forward, left = FORE * physics["wheelbase"][:, None] / 2, LEFT * physics["track"][:, None] / 2
    cos, sin = np.cos(state["yaw"])[:, None], np.sin(state["yaw"])[:, None]
    places = np.empty((len(state), 4, 2))
    places[..., 0] = state["x"][:, None] + cos * forward - sin * left
    places[..., 1] = state["y"][:, None] + sin * forward + cos * left
    return places
