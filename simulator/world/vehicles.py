"""Vehicles: what they are told, how they stand, and what moves on them. ``simulation`` moves them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.world.bodies import Array, Body, rotations
from simulator.world.physics import VehiclePhysics
from simulator.world.vehicle_state import STATE, WHEELS

DOORS = ("front_left", "front_right", "rear_left", "rear_right", "hood", "trunk")
"""In CARLA's order. The models' parts are called ``door_`` and one of these; their origins lie on the hinges."""
DOOR_OPEN = {"hood": 0.9, "trunk": 1.2}
SIDE_DOOR_OPEN = 1.15
"""Angles of open doors [rad]."""
DOOR_TIME = 1.0
"""From shut to open [s]."""
OVERTURNED, RIGHTED = math.cos(math.radians(130.0)), math.cos(math.radians(30.0))
"""Cosines of the tilts from which and up to which, as in CARLA, a vehicle counts as rolled over and as righted."""
ROLLOVER_TIME = 5.0
"""Time [s] on its roof after which a vehicle tells that it has rolled over."""


@dataclass(frozen=True)
class VehicleControl:
    """What the driver does.

    Attributes:
        throttle, brake: in [0, 1]. steer: in [-1, 1], positive is left.
        gear: with ``manual_gear_shift``: -1 reverse, 0 neutral, 1 and up forward.
    """

    throttle: float = 0.0
    steer: float = 0.0
    brake: float = 0.0
    hand_brake: bool = False
    reverse: bool = False
    manual_gear_shift: bool = False
    gear: int = 0


@dataclass(eq=False)
class VehicleBody(Body):
    """A vehicle.

    Attributes:
        physics: what it is made of; ``equip`` changes it.
        gear: as in ``VehicleControl``. steer_angle: mean of the front wheels [rad], positive is left.
        doors: angle [rad] of each door that its model has, 0 is shut; ``move_door`` opens and shuts them.
        posed_steer, posed_pitch: angles [rad] of single wheels, shown while physics are off.
    """

    physics: VehiclePhysics = field(kw_only=True)
    control: VehicleControl = field(default_factory=VehicleControl, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.state = np.zeros(1, STATE)
        self.state["gear"] = 1
        self.state["since_shift"] = 1e3
        self._obeyed = self.control
        names = [part.name for part in self.model.parts]
        self._wheel_parts = [index for index, name in enumerate(names) if name.startswith("wheel_")]
        self._spots = np.array([wheel_spots(names[index]) for index in self._wheel_parts]).reshape(-1, 4)
        self._door_parts = {
            name.removeprefix("door_"): index for index, name in enumerate(names) if name.startswith("door_")
        }
        self.doors = {name: 0.0 for name in DOORS if name in self._door_parts}
        self._wanted_doors = dict(self.doors)
        self.posed_steer: dict[int, float] = {}
        self.posed_pitch: dict[int, float] = {}
        self._overturned = 0.0
        self.equip(self.physics)
        self._before = self.state, dict(self.doors)

    def equip(self, physics: VehiclePhysics) -> None:
        """Makes it of something else."""
        self.physics, self.mass = physics, physics.mass
        self._mass_center, self._inertia = physics.mass_center, physics.inertia
        self.revision += 1
        self.wake()

    @property
    def center_of_mass(self) -> Array:
        return self._mass_center

    @property
    def inertia(self) -> Array:
        return self._inertia

    @property
    def steer_angle(self) -> float:
        return float(self.state["steer_angle"][0])

    @property
    def gear(self) -> int:
        return int(self.state["gear"][0])

    @property
    def forward_speed(self) -> float:
        """[m/s]"""
        return float(self.velocity @ self.world_from_body[:3, 0])

    @property
    def rolled_over(self) -> bool:
        """Whether it has been lying on its roof for ``ROLLOVER_TIME``, and has not been righted since."""
        return self._overturned >= ROLLOVER_TIME

    # -- motion -------------------------------------------------------------------------------------------------------

    def place(self, world_from_body: Array) -> None:
        super().place(world_from_body)
        self.state = self.state.copy()
        for name in ("bend_x", "bend_y", "travel"):
            self.state[name] = 0.0
        self._overturned = 0.0
        self.wake()

    def take_targets(self) -> None:
        given = self.target_velocity is not None or self.constant_velocity is not None
        super().take_targets()
        if given and self.simulate_physics:
            self.roll_on()

    def roll_on(self) -> None:
        """Sets wheels and engine to the speed that the vehicle has: one that is given a speed rolls at it."""
        self.state = self.state.copy()
        wheels = self.forward_speed / np.array([wheel.radius for wheel in self.physics.wheels])
        self.state["omega"] = wheels
        row = self.physics.row
        if self.physics.gear_autobox and not self.control.manual_gear_shift and self.gear > 0:
            self.state["gear"] = _best_gear(float(wheels.mean()), row)
        gear = self.gear
        if gear:
            ratio = row["ratio"][0, abs(gear) - 1] * row["final_ratio"][0] * np.sign(gear)
            self.state["engine"] = np.clip(ratio * wheels.mean(), 0.0, row["max_speed"][0])

    def settle(self, calm: bool, dt: float) -> None:
        control = self.control
        held = control.throttle <= 0 or control.brake > 0 or control.hand_brake
        super().settle(calm and held, dt)
        self._obeyed = control
        if self.asleep:
            self.state = self.state.copy()
            self.state["omega"] = self.state["engine"] = 0.0

    def begin(self) -> None:
        super().begin()
        self._before = self.state, dict(self.doors) if self.doors else self.doors
        if self.asleep and self.control is not self._obeyed:
            if self.control != self._obeyed:
                self.wake()
            self._obeyed = self.control

    def finish(self, dt: float) -> None:
        super().finish(dt)
        if self.doors != self._wanted_doors:
            for name, angle in self.doors.items():
                reach = DOOR_OPEN.get(name, SIDE_DOOR_OPEN) * dt / DOOR_TIME
                self.doors[name] = angle + min(max(self._wanted_doors[name] - angle, -reach), reach)
        up = float(self.world_from_body[2, 2])
        if up < OVERTURNED:
            self._overturned += dt
        elif up > RIGHTED:
            self._overturned = 0.0
        if not self.simulate_physics:
            self._roll_along(dt)
        elif self.posed_steer or self.posed_pitch:
            self.posed_steer, self.posed_pitch = {}, {}

    def _roll_along(self, dt: float) -> None:
        """Turns the wheels of a vehicle that is moved from outside."""
        state = self.state = self.state.copy()
        state["travel"] = 0.0
        reach = self.physics.steer_rate * dt
        state["steer"] += np.clip(min(max(self.control.steer, -1.0), 1.0) - state["steer"], -reach, reach)
        state["angle"] = state["steer"] * np.array([wheel.max_steer_angle for wheel in self.physics.wheels])
        state["steer_angle"] = state["angle"][0, 0]
        state["omega"] = self.forward_speed / np.array([wheel.radius for wheel in self.physics.wheels])
        state["spin"] = np.mod(state["spin"] + dt * state["omega"], 2 * np.pi)

    # -- looks --------------------------------------------------------------------------------------------------------

    def move_door(self, name: str, opened: bool) -> None:
        """Opens or shuts a door over the next ``DOOR_TIME``; KeyError when the model has none of that name."""
        if name not in self.doors:
            raise KeyError(f"{self.model.name} has no door {name}; it has {', '.join(self.doors) or 'none'}")
        self._wanted_doors[name] = DOOR_OPEN.get(name, SIDE_DOOR_OPEN) if opened else 0.0

    def wheel_angles(self) -> tuple[Array, Array]:
        """Of each wheel (4,) [rad]: about its upright, positive is left, and about its axle, as they are shown."""
        return self._shown(self.state)

    def _shown(self, state: NDArray[np.void]) -> tuple[Array, Array]:
        steer, pitch = state["angle"][0], state["spin"][0]
        if self.posed_steer or self.posed_pitch:
            steer, pitch = steer.copy(), pitch.copy()
            for angles, posed in ((steer, self.posed_steer), (pitch, self.posed_pitch)):
                angles[list(posed)] = list(posed.values())
        return steer, pitch

    def _posed(self, state: NDArray[np.void], doors: dict[str, float]) -> Array:
        steer, pitch = self._shown(state)
        poses, index = self._rest.copy(), self._wheel_parts
        share = self._spots
        turned = rotations(share @ steer, pitch[share.argmax(axis=1)], np.zeros(len(index)))
        poses[index, :3, :3] = turned @ poses[index, :3, :3]
        poses[index, 2, 3] += share @ state["travel"][0]
        for name, angle in doors.items():
            if angle:
                part = self._door_parts[name]
                poses[part, :3, :3] = door_turn(name, angle) @ poses[part, :3, :3]
        return poses

    def part_poses(self) -> Array:
        return self._posed(self.state, self.doors)

    def previous_part_poses(self) -> Array:
        return self._posed(*self._before)


def _best_gear(wheel_speed: float, physics: NDArray[np.void]) -> int:
    """The lowest gear in which wheels that turn at ``wheel_speed`` [rad/s] keep the engine below its shifting speed."""
    engine = abs(wheel_speed) * physics["ratio"][0] * physics["final_ratio"][0] / physics["max_speed"][0]
    fits = np.flatnonzero(engine[: physics["gears"][0]] <= physics["up"][0, : physics["gears"][0]])
    return int(fits[0]) + 1 if len(fits) else int(physics["gears"][0])


def door_turn(name: str, angle: float) -> Array:
    """Rotation (3, 3) of a door by ``angle`` [rad]: side doors about the vertical outwards, hood and trunk upwards."""
    yaw = {"front_left": -angle, "rear_left": -angle, "front_right": angle, "rear_right": angle}.get(name, 0.0)
    pitch = {"hood": -angle, "trunk": angle}.get(name, 0.0)
    return rotations(np.array([yaw]), np.array([pitch]), np.zeros(1))[0]


def wheel_spots(name: str) -> Array:
    """Shares (4,) of the wheels that the model rolls on in a wheel part: a two-wheeler's stands between a pair."""
    here = [wheel.startswith(name.removeprefix("wheel_")) for wheel in WHEELS]
    return np.array(here, dtype=np.float64) / max(sum(here), 1)
