"""What a vehicle has beside its body's motion, as tables that the equations work on."""

from __future__ import annotations

import numpy as np

WHEELS = ("front_left", "front_right", "rear_left", "rear_right")

STATE = np.dtype(
    [
        ("steer", np.float64),  # of full lock, positive is left
        ("steer_angle", np.float64),  # mean of the front wheels [rad]
        ("gear", np.int64),  # -1 reverse, 0 neutral
        ("since_shift", np.float64),  # [s]
        ("engine", np.float64),  # [rad/s]
        ("drag", np.float64),  # of the air [N]
        ("angle", np.float64, 4),  # of each wheel about its upright [rad], positive is left
        # speed [rad/s], what the carcass has given way along and across [m], how far the wheel stands above its place
        # in the resting body [m], angle [rad]
        *((name, np.float64, 4) for name in ("omega", "bend_x", "bend_y", "travel", "spin")),
        # of the last sub-step: load and forces [N], torque [N m], slip [-], slip angle [rad], friction [-]
        *((name, np.float64, 4) for name in ("load", "long_force", "lat_force", "torque", "long_slip", "lat_slip")),
        ("grip", np.float64, 4),
    ]
)
"""Wheels in the order of WHEELS."""

CONTROL = np.dtype(
    [
        *((name, np.float64) for name in ("throttle", "steer", "brake")),
        *((name, np.bool_) for name in ("hand_brake", "reverse", "manual_gear_shift")),
        ("gear", np.int64),
    ]
)
"""``vehicles.VehicleControl``."""

EFFORT = np.dtype(
    [
        ("ratio", np.float64),  # engine speed over mean wheel speed, signed; 0 in neutral
        ("lock", np.float64),  # factor on the steering angles at this speed
        ("brake", np.float64, 4),  # torque at most [N m]
        ("grip", np.float64, 4),  # friction over that of the published tyre
    ]
)
"""What stays the same over a step."""
