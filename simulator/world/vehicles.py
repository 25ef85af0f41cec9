"""Vehicles: what they are told, what they tell, and their step over the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.world.bodies import Array, Body, Surface, gathered, held_velocity, rotations
from simulator.world.drivetrain import best_gear, shift
from simulator.world.dynamics import STATE, WHEELS, Fleet, Ground
from simulator.world.encounters import Encounters
from simulator.world.physics import PHYSICS, TIRE_FRICTION, VehiclePhysics
from simulator.world.rigid import Motion

SUBSTEP = 0.01
"""Longest sub-step [s]."""
GROUND_INTERVAL = 5
"""Sub-steps for which the ground under a wheel is taken as the plane that it was found to be."""
CLEARANCE = 0.05
"""Hulls that are farther [m] above the ground under the wheels and the bumpers cannot touch it within a sub-step."""
HULL_FRICTION = 0.6
"""Of sheet metal, cones, bins and boxes, over that of tyres."""

CONTROL = np.dtype(
    [
        *((name, np.float64) for name in ("throttle", "steer", "brake")),
        *((name, np.bool_) for name in ("hand_brake", "reverse", "manual_gear_shift")),
        ("gear", np.int64),
    ]
)

DOORS = ("front_left", "front_right", "rear_left", "rear_right", "hood", "trunk")
"""In CARLA's order. The models' parts are called ``door_`` and one of these; their origins lie on the hinges."""
DOOR_OPEN = {"hood": 0.9, "trunk": 1.2}
SIDE_DOOR_OPEN = 1.15
"""Angles of open doors [rad]."""
DOOR_TIME = 1.0
"""From shut to open [s]."""
OVERTURNED = np.cos(np.radians(130.0))
"""Cosine of the tilt from which a vehicle counts as rolled over, as in CARLA, until it is within 30 degrees again."""
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
        self._previous_pose = self._articulation()
        self.wake()

    def equip(self, physics: VehiclePhysics) -> None:
        """Makes it of something else."""
        self.physics, self.mass = physics, physics.mass
        self._mass_center, self._inertia = physics.mass_center, physics.inertia
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
        wheels = self.forward_speed / np.array([wheel.radius for wheel in self.physics.wheels])
        self.state["omega"] = wheels
        row = self.physics.row
        if self.physics.gear_autobox and not self.control.manual_gear_shift and self.gear > 0:
            self.state["gear"] = best_gear(float(wheels.mean()), row)
        gear = self.gear
        if gear:
            ratio = row["ratio"][0, abs(gear) - 1] * row["final_ratio"][0] * np.sign(gear)
            self.state["engine"] = np.clip(ratio * wheels.mean(), 0.0, row["max_speed"][0])

    @property
    def asleep(self) -> bool:
        return super().asleep and self.control == self._obeyed

    def settle(self, dt: float) -> None:
        super().settle(dt)
        if self.control.throttle > 0 and not (self.control.brake > 0 or self.control.hand_brake):
            self.still = 0.0
        self._obeyed = self.control
        if self.asleep:
            for name in ("omega", "engine"):
                self.state[name] = 0.0

    def begin(self) -> None:
        super().begin()
        self._previous_pose = self._articulation()

    def finish(self, dt: float) -> None:
        super().finish(dt)
        if self.doors != self._wanted_doors:
            for name, angle in self.doors.items():
                reach = DOOR_OPEN.get(name, SIDE_DOOR_OPEN) * dt / DOOR_TIME
                self.doors[name] = angle + float(np.clip(self._wanted_doors[name] - angle, -reach, reach))
        up = self.world_from_body[2, 2]
        if up < OVERTURNED:
            self._overturned += dt
        elif up > np.cos(np.radians(30.0)):
            self._overturned = 0.0
        if not self.simulate_physics:
            self.state["travel"] = 0.0
            reach = self.physics.steer_rate * dt
            target = float(np.clip(self.control.steer, -1.0, 1.0))
            self.state["steer"] += np.clip(target - self.state["steer"], -reach, reach)
            self.state["angle"] = self.state["steer"] * np.array([w.max_steer_angle for w in self.physics.wheels])
            self.state["steer_angle"] = self.state["angle"][0, 0]
            self.state["omega"] = self.forward_speed / np.array([wheel.radius for wheel in self.physics.wheels])
            self.state["spin"] = np.mod(self.state["spin"] + dt * self.state["omega"], 2 * np.pi)
        elif self.posed_steer or self.posed_pitch:
            self.posed_steer, self.posed_pitch = {}, {}

    # -- looks --------------------------------------------------------------------------------------------------------

    def move_door(self, name: str, opened: bool) -> None:
        """Opens or shuts a door over the next ``DOOR_TIME``; KeyError when the model has none of that name."""
        if name not in self.doors:
            raise KeyError(f"{self.model.name} has no door {name}; it has {', '.join(self.doors) or 'none'}")
        self._wanted_doors[name] = DOOR_OPEN.get(name, SIDE_DOOR_OPEN) if opened else 0.0

    def wheel_angles(self) -> tuple[Array, Array]:
        """Of each wheel (4,) [rad]: about its upright, positive is left, and about its axle, as they are shown."""
        steer, pitch = self.state["angle"][0].copy(), self.state["spin"][0].copy()
        for wheel, angle in self.posed_steer.items():
            steer[wheel] = angle
        for wheel, angle in self.posed_pitch.items():
            pitch[wheel] = angle
        return steer, pitch

    def _articulation(self) -> tuple[Array, Array, Array, dict[str, float]]:
        """Angles about uprights and axles (4,) [rad] and travel (4,) [m] of the wheels; angles of the doors."""
        steer, pitch = self.wheel_angles()
        return steer, pitch, self.state["travel"][0].copy(), dict(self.doors)

    def _posed(self, articulation: tuple[Array, Array, Array, dict[str, float]]) -> Array:
        steer, pitch, travel, doors = articulation
        poses, index = self._rest.copy(), self._wheel_parts
        share = self._spots
        turned = rotations(share @ steer, pitch[share.argmax(axis=1)], np.zeros(len(index)))
        poses[index, :3, :3] = turned @ poses[index, :3, :3]
        poses[index, 2, 3] += share @ travel
        for name, angle in doors.items():
            if angle:
                part = self._door_parts[name]
                poses[part, :3, :3] = door_turn(name, angle) @ poses[part, :3, :3]
        return poses

    def part_poses(self) -> Array:
        return self._posed(self._articulation())

    def previous_part_poses(self) -> Array:
        return self._posed(self._previous_pose)


def door_turn(name: str, angle: float) -> Array:
    """Rotation (3, 3) of a door by ``angle`` [rad]: side doors about the vertical outwards, hood and trunk upwards."""
    yaw = {"front_left": -angle, "rear_left": -angle, "front_right": angle, "rear_right": angle}.get(name, 0.0)
    pitch = {"hood": -angle, "trunk": angle}.get(name, 0.0)
    return rotations(np.array([yaw]), np.array([pitch]), np.zeros(1))[0]


def wheel_spots(name: str) -> Array:
    """Shares (4,) of the wheels that the model rolls on in a wheel part: a two-wheeler's stands between a pair."""
    here = [wheel.startswith(name.removeprefix("wheel_")) for wheel in WHEELS]
    return np.array(here, dtype=np.float64) / max(sum(here), 1)


def _controls(vehicles: Sequence[VehicleBody]) -> NDArray[np.void]:
    control = np.array(
        [
            (c.throttle, c.steer, c.brake, c.hand_brake, c.reverse, c.manual_gear_shift, c.gear)
            for c in (body.control for body in vehicles)
        ],
        dtype=CONTROL,
    )
    for name, low in (("throttle", 0.0), ("brake", 0.0), ("steer", -1.0)):
        control[name] = np.clip(np.nan_to_num(control[name]), low, 1.0)
    return control


def move(bodies: Sequence[Body], surface: Surface, grip: float, dt: float, encounters: Encounters) -> None:
    """Moves rigid bodies by ``dt`` [s] in sub-steps of at most ``SUBSTEP``, with their collisions after each.

    ``grip`` is the weather's factor on friction. Vehicles are driven; the rest, props, only fall, slide and tumble.
    """
    vehicles = [body for body in bodies if isinstance(body, VehicleBody)]
    motion = Motion([*vehicles, *(body for body in bodies if not isinstance(body, VehicleBody))])
    encounters.join(motion)
    if not motion.bodies and not len(encounters.pairs):
        return
    count = max(1, int(np.ceil(dt / SUBSTEP - 1e-9)))
    step = dt / count
    friction = surface.friction(motion.center[:2].T) * grip if motion.bodies else np.zeros(0)
    fleet = _fleet(motion, vehicles, friction[: len(vehicles)], dt) if vehicles else None
    held = [(column, body) for column, body in enumerate(motion.bodies) if body.constant_velocity is not None]
    nothing = np.zeros_like(motion.velocity)
    for tick in range(count):
        if tick % GROUND_INTERVAL == 0 and motion.bodies:
            ground, highest = _ground(motion, fleet, surface)
        if fleet is not None:
            fleet.advance(ground, step)
        elif motion.bodies:
            motion.accelerate(nothing, nothing, step)
        if motion.bodies:
            motion.rest_on(surface, highest + CLEARANCE, HULL_FRICTION * friction, step)
            for column, body in held:
                velocity = motion.velocity[:, column]
                motion.velocity[:, column] = held_velocity(
                    motion.rotation[:, :, column], body.constant_velocity, velocity
                )
            motion.move(step)
        encounters.between()
    motion.straighten()
    poses = motion.poses()
    if fleet is not None:
        fleet.finish()
        for index, body in enumerate(vehicles):
            body.state = fleet.state[index : index + 1].copy()
    for index, body in enumerate(motion.bodies):
        if motion.awake[index]:
            if body.asleep:
                body.wake()
            body.world_from_body = poses[index]
            body.velocity, body.angular_velocity = motion.velocity[:, index].copy(), motion.spin[:, index].copy()
            body.settle(dt)


def _fleet(motion: Motion, vehicles: Sequence[VehicleBody], friction: Array, dt: float) -> Fleet:
    state = gathered((body.state for body in vehicles), STATE)
    physics = gathered((body.physics.row for body in vehicles), PHYSICS)
    control = _controls(vehicles)
    shift(state, control, physics, dt)
    return Fleet(motion, state, control, physics, friction)


def _ground(motion: Motion, fleet: Fleet | None, surface: Surface) -> tuple[Ground, Array]:
    """The planes under the wheels, and the highest ground (N,) [m] under or around each body."""
    vehicles = fleet.count if fleet is not None else 0
    x, y = motion.center[:2]
    places = [np.stack([x[vehicles:], y[vehicles:]])]
    if fleet is not None:
        rx, ry, _ = fleet.spots()
        # the wheels, and as far before and behind them as bumpers are
        ends = 0.8 * (rx[0::2] + rx[1::2]), 0.8 * (ry[0::2] + ry[1::2])
        wheels = np.stack([np.concatenate([rx, ends[0]]) + x[:vehicles], np.concatenate([ry, ends[1]]) + y[:vehicles]])
        places.insert(0, wheels.reshape(2, -1))
    heights, normals = surface.ground(np.concatenate(places, axis=1).T)
    under = heights[6 * vehicles :]
    if fleet is None:
        return Ground(*np.zeros((3, 4, 0)), np.zeros((3, 4, 0))), under  # type: ignore[arg-type]
    six = heights[: 6 * vehicles].reshape(6, vehicles)
    slopes = normals[: 4 * vehicles].T.reshape(3, 4, vehicles)
    ground = Ground(wheels[0, :4], wheels[1, :4], six[:4], slopes)
    return ground, np.concatenate([six.max(axis=0), under])


__all__ = ["DOORS", "TIRE_FRICTION", "VehicleBody", "VehicleControl", "VehiclePhysics", "move"]
