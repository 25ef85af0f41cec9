"""Engine, clutch and gearbox, of all vehicles at once: NVIDIA's PhysX vehicle model, whose parameters CARLA's are.

The clutch turns slip into torque in proportion; engine, clutch and wheels are solved together, implicitly, so that
stiff clutches and light wheels stay steady at any sub-step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.world.bodies import Array
from simulator.world.physics import SAMPLES

SHIFT_INTERVAL = 0.5
"""The automatic gearbox keeps a gear at least so long [s]."""
EASY = 0.55
"""Shifting speeds with the pedal up, over those with it down."""
CLUTCH_OPENS = 0.12
"""Share of the engine's maximum speed, about idle, below which an automatic with the pedal up lets go of the wheels."""


def ratios(gear: NDArray[np.int64], physics: NDArray[np.void]) -> Array:
    """Engine speed over mean wheel speed (N,), signed; 0 in neutral."""
    index = np.maximum(np.abs(gear), 1) - 1
    return np.sign(gear) * physics["ratio"][np.arange(len(gear)), index] * physics["final_ratio"]


def shift(state: NDArray[np.void], control: NDArray[np.void], physics: NDArray[np.void], dt: float) -> None:
    """Chooses the gears for this step, in place: by hand, or by engine speed."""
    gear, rows = state["gear"], np.arange(len(state))
    index = np.maximum(gear, 1) - 1
    # the shares count with the pedal down; an automatic shifts earlier the less throttle it is given
    share = state["engine"] / physics["max_speed"] / (EASY + (1 - EASY) * control["throttle"])
    ready = physics["autobox"] & (state["since_shift"] >= np.maximum(SHIFT_INTERVAL, physics["gear_switch_time"]))
    up = ready & (share > physics["up"][rows, index]) & (gear < physics["gears"])
    down = ready & (share < physics["down"][rows, index]) & (gear > 1) & ~up
    automatic = np.where(control["reverse"], -1, np.where(gear < 1, 1, gear + up - down))
    manual = np.where(control["reverse"], -1, np.clip(control["gear"], -1, physics["gears"]))
    chosen = np.where(control["manual_gear_shift"], manual, automatic)
    # the first gear is put in before the engine is needed: no waiting at the start
    waits = (chosen != gear) & (gear > 0)
    state["since_shift"] = np.where(waits, 0.0, state["since_shift"] + dt)
    state["gear"] = chosen


def best_gear(wheel_speed: float, physics: NDArray[np.void]) -> int:
    """The lowest gear in which wheels that turn at ``wheel_speed`` [rad/s] keep the engine below its shifting speed."""
    engine = abs(wheel_speed) * physics["ratio"][0] * physics["final_ratio"][0] / physics["max_speed"][0]
    fits = np.flatnonzero(engine[: physics["gears"][0]] <= physics["up"][0, : physics["gears"][0]])
    return int(fits[0]) + 1 if len(fits) else int(physics["gears"][0])


class Drivetrain:
    """The engines over one step. ``speed`` (N,) [rad/s] is the engines', changed by ``torques``."""

    def __init__(self, state: NDArray[np.void], control: NDArray[np.void], physics: NDArray[np.void]) -> None:
        self.speed = state["engine"].copy()
        self.ratio = ratios(state["gear"], physics)
        self._top, self._inertia = physics["max_speed"], physics["moi"]
        self._table, self._rows = physics["torque"], np.arange(len(state))
        self._throttle = control["throttle"]
        self._since, self._switch = state["since_shift"].copy(), physics["gear_switch_time"]
        self._clutch = np.where(state["gear"] == 0, 0.0, physics["clutch_strength"])
        self._automatic = (self._throttle == 0) & ~control["manual_gear_shift"] & physics["autobox"]
        full, idle = physics["damping_full_throttle"], 1 - self._throttle
        self._engaged = full + (physics["damping_clutch_engaged"] - full) * idle
        self._free = full + (physics["damping_clutch_disengaged"] - full) * idle

    def torques(self, share: Array, rolling: Array, ease: Array, dt: float) -> Array:
        """Drive torques (4, N) [N m] at the wheels over ``dt`` [s].

        Args: ``share`` (4, N) of the torque that each wheel gets, sum 1 or, with none, 0; ``rolling`` and ``ease``
        (4, N), the speed [rad/s] that each wheel will have without torque, and what 1 N m adds.
        """
        turning = self.ratio * (share * rolling).sum(axis=0)
        opened = (self._since < self._switch) | (self._automatic & (turning < CLUTCH_OPENS * self._top))
        self._since = self._since + dt
        clutch = np.where(opened, 0.0, self._clutch)
        closed = clutch > 0
        throttle = np.where(self._since < self._switch, 0.0, self._throttle)
        place = np.minimum(self.speed / self._top, 1.0) * SAMPLES
        index = np.minimum(place.astype(np.int64), SAMPLES - 1)
        low = self._table[self._rows, index]
        full = low + (place - index) * (self._table[self._rows, index + 1] - low)
        damping = np.where(closed, self._engaged, self._free)
        torque = np.where(self.speed < self._top, throttle * full, 0.0) - damping * self.speed
        stiff = 1 / np.maximum(clutch, 1e-9) + dt / self._inertia + self.ratio**2 * (share**2 * ease).sum(axis=0)
        passed = np.where(closed, (self.speed + dt * torque / self._inertia - turning) / stiff, 0.0)
        self.speed = np.maximum(self.speed + dt * (torque - passed) / self._inertia, 0.0)
        return share * (self.ratio * passed)
