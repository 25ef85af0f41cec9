"""Vehicles: what they are told, what they are made of, and their step over the ground."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assets.model import Model
from simulator.world.bodies import Array, Body, Surface, angles, gathered, rotations
from simulator.world.dynamics import STATE, WHEELS, YAW_INERTIA, advance, shift, wheel_places

SUBSTEP = 0.01
"""Longest sub-step of the vehicle model [s]."""
GROUND_INTERVAL = 5
"""Sub-steps for which the ground under a wheel is taken as the plane that it was found to be."""

CONTROL = np.dtype(
    [
        *((name, np.float64) for name in ("throttle", "steer", "brake")),
        *((name, np.bool_) for name in ("hand_brake", "reverse", "manual_gear_shift")),
        ("gear", np.int64),
    ]
)

PHYSICS = np.dtype(
    [
        *((name, np.float64) for name in ("mass", "wheelbase", "track", "wheel_radius", "mass_height", "yaw_inertia")),
        *((name, np.float64) for name in ("max_steer_angle", "steer_rate", "power", "brake_deceleration", "drag_area")),
        *((name, np.float64) for name in ("tire_friction", "gravity")),
        ("gears", np.int64),
        ("gear_speeds", np.float64, 8),
        ("two_wheeler", np.bool_),
    ]
)


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


@dataclass(frozen=True)
class VehiclePhysics:
    """What a vehicle is made of. ``for_model`` scales the published BMW 320i to a model's size.

    Attributes:
        mass: [kg]. wheelbase, track, wheel_radius, mass_height: [m], the last of the centre of mass above the ground.
        max_steer_angle: of the front wheels [rad]. steer_rate: [rad/s].
        power: of the engine [W]. gear_speeds: road speed [m/s] at the engine's
            maximum speed, one for each forward gear, up to 8.
        brake_deceleration: with the pedal down on a dry road [m/s^2].
        drag_area: drag coefficient times frontal area [m^2].
        tire_friction: factor on the published tyre's peak friction.
        two_wheeler: leans into bends.
    """

    mass: float
    wheelbase: float
    track: float
    wheel_radius: float
    mass_height: float
    power: float
    gear_speeds: tuple[float, ...]
    drag_area: float
    brake_deceleration: float = 8.0
    max_steer_angle: float = 0.7
    steer_rate: float = 1.1
    tire_friction: float = 1.0
    two_wheeler: bool = False

    def __post_init__(self) -> None:
        for name in ("mass", "wheelbase", "track", "wheel_radius", "mass_height", "power", "steer_rate"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"vehicle physics: {name} must be positive, not {getattr(self, name)}")
        if not 1 <= len(self.gear_speeds) <= 8 or list(self.gear_speeds) != sorted(self.gear_speeds):
            raise ValueError(f"vehicle physics: gear_speeds must be 1 to 8 rising speeds, not {self.gear_speeds}")

    @property
    def yaw_inertia(self) -> float:
        """[kg m^2], scaled from the published car by mass and wheelbase."""
        return YAW_INERTIA * self.mass * self.wheelbase**2

    @classmethod
    def for_model(cls, model: Model, mass: float | None = None) -> VehiclePhysics:
        """From a model's wheels, size and category; ``mass`` [kg] is estimated from the size when not given.

        Raises ValueError for a model without wheels in front and behind.
        """
        wheels = {part.name: part for part in model.parts if part.name.startswith("wheel_")}
        front = [part for name, part in wheels.items() if name.startswith("wheel_front")]
        rear = [part for name, part in wheels.items() if name.startswith("wheel_rear")]
        if not front or not rear:
            raise ValueError(f"{model.name} cannot be a vehicle: it has no wheel_front* or no wheel_rear* part")
        length, width, height = model.size
        volume = length * width * height
        two_wheeler = "wheel_front" in wheels
        cycle = two_wheeler and "bicycle" in (model.name + model.category)
        # kg per m^3 of bounding box: cars, lorries and buses 110, mirrors in the box; rider and cycle 50
        mass = volume * (50.0 if cycle else 110.0) if mass is None else mass
        heavy = mass > 3500.0
        # W per kg and top speed of the last gear: car, lorry or bus, bicycle (a strong rider)
        specific_power, pace = (6.0, 0.25) if cycle else (15.0, 0.5) if heavy else (62.0, 1.0)
        across = [abs(float(part.body_from_part[1, 3])) for part in (*front, *rear)]
        return cls(
            mass=mass,
            wheelbase=float(
                np.mean([part.body_from_part[0, 3] for part in front])
                - np.mean([part.body_from_part[0, 3] for part in rear])
            ),
            track=max(2 * float(np.mean(across)), 0.4),
            wheel_radius=float(np.mean([part.body_from_part[2, 3] for part in (*front, *rear)])),
            mass_height=0.4 * height,
            power=specific_power * mass,
            gear_speeds=tuple(pace * speed for speed in (13.0, 22.0, 32.0, 44.0, 58.0, 75.0)),
            drag_area=(0.6 if heavy or two_wheeler else 0.32) * 0.85 * width * height,
            brake_deceleration=6.0 if heavy or two_wheeler else 8.0,
            two_wheeler=two_wheeler,
        )

    @functools.cached_property
    def row(self) -> NDArray[np.void]:
        """This as one ``PHYSICS`` entry (1,), but for ``gravity``."""
        row = np.zeros(1, PHYSICS)
        for name in set(PHYSICS.names or ()) - {"gears", "gear_speeds", "gravity"}:
            row[name] = getattr(self, name)
        row["gears"] = len(self.gear_speeds)
        row["gear_speeds"] = self.gear_speeds[-1]
        row["gear_speeds"][0, : len(self.gear_speeds)] = self.gear_speeds
        return row


@dataclass(eq=False)
class VehicleBody(Body):
    """A vehicle. ``steer_angle`` [rad] of the front wheels, positive is left; ``gear`` as in ``VehicleControl``."""

    physics: VehiclePhysics = field(kw_only=True)
    control: VehicleControl = field(default_factory=VehicleControl, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.state = np.zeros(1, STATE)
        names = [part.name for part in self.model.parts]
        self._wheel_parts = [index for index, name in enumerate(names) if name.startswith("wheel_")]
        self._spots = np.array([wheel_spots(names[index]) for index in self._wheel_parts]).reshape(-1, 4)
        self._steered = np.array([float(names[index].startswith("wheel_front")) for index in self._wheel_parts])
        self._previous_wheels = self._wheels()
        self.place(self.world_from_body)

    @property
    def steer_angle(self) -> float:
        return float(self.state["steer"][0])

    @property
    def gear(self) -> int:
        return int(self.state["gear"][0])

    def place(self, world_from_body: Array) -> None:
        super().place(world_from_body)
        for name, value in zip("xyz", self.world_from_body[:3, 3], strict=True):
            self.state[name] = value
        for name, angle in zip(("yaw", "pitch", "roll"), angles(self.world_from_body), strict=True):
            self.state[name] = angle
        self._take_velocity()

    def push(self, velocity_change: Array, yaw_rate_change: float) -> None:
        super().push(velocity_change, yaw_rate_change)
        self._take_velocity()

    def _take_velocity(self) -> None:
        """Writes the body's world velocity into the state."""
        cos, sin = np.cos(self.state["yaw"]), np.sin(self.state["yaw"])
        east, north, up = self.velocity
        self.state["vx"], self.state["vy"], self.state["vz"] = cos * east + sin * north, cos * north - sin * east, up
        self.state["yaw_rate"] = self.angular_velocity[2]

    def begin(self) -> None:
        super().begin()
        self.mass = self.physics.mass
        self._previous_wheels = self._wheels()

    def finish(self, dt: float) -> None:
        super().finish(dt)
        if not self.simulate_physics:
            self._take_velocity()
            self.state["travel"] = 0.0
            reach = self.physics.steer_rate * dt
            target = float(np.clip(self.control.steer, -1.0, 1.0)) * self.physics.max_steer_angle
            self.state["steer"] += np.clip(target - self.state["steer"], -reach, reach)
            self.state["spin"] = np.mod(
                self.state["spin"] + self.state["vx"] * dt / self.physics.wheel_radius, 2 * np.pi
            )

    def _wheels(self) -> tuple[float, Array, Array]:
        """Steer angle [rad], spin (4,) [rad] and travel (4,) [m] of the wheels."""
        return float(self.state["steer"][0]), self.state["spin"][0].copy(), self.state["travel"][0].copy()

    def _posed(self, wheels: tuple[float, Array, Array]) -> Array:
        steer, spin, travel = wheels
        poses, index = self._rest.copy(), self._wheel_parts
        turned = rotations(steer * self._steered, spin[self._spots.argmax(axis=1)], np.zeros(len(index)))
        poses[index, :3, :3] = turned @ poses[index, :3, :3]
        poses[index, 2, 3] += self._spots @ travel
        return poses

    def part_poses(self) -> Array:
        return self._posed(self._wheels())

    def previous_part_poses(self) -> Array:
        return self._posed(self._previous_wheels)


def wheel_spots(name: str) -> Array:
    """Shares (4,) of the wheels that the model rolls on in a wheel part: a two-wheeler's stands between a pair."""
    here = [wheel.startswith(name.removeprefix("wheel_")) for wheel in WHEELS]
    return np.array(here, dtype=np.float64) / max(sum(here), 1)


def drive(
    vehicles: Sequence[VehicleBody],
    surface: Surface,
    grip: float,
    dt: float,
    between: Callable[[NDArray[np.void]], None],
) -> None:
    """Moves vehicles by ``dt`` [s] in sub-steps of at most ``SUBSTEP``; ``between`` may change the states after each.

    ``grip`` is the weather's factor on friction. Sub-steps follow each other until ``dt`` is over, whatever it is.
    """
    count = max(1, int(np.ceil(dt / SUBSTEP - 1e-9)))
    if not vehicles:
        for _ in range(count):
            between(np.zeros(0, STATE))
        return
    state = gathered((body.state for body in vehicles), STATE)
    physics = gathered((body.physics.row for body in vehicles), PHYSICS)
    physics["gravity"] = [body.gravity for body in vehicles]
    control = np.array(
        [
            (c.throttle, c.steer, c.brake, c.hand_brake, c.reverse, c.manual_gear_shift, c.gear)
            for c in (body.control for body in vehicles)
        ],
        dtype=CONTROL,
    )
    for name, low in (("throttle", 0.0), ("brake", 0.0), ("steer", -1.0)):
        control[name] = np.clip(np.nan_to_num(control[name]), low, 1.0)
    friction = surface.friction(np.stack([state["x"], state["y"]], axis=1)) * physics["tire_friction"] * grip
    shift(state, control, physics, dt)
    for tick in range(count):
        here = wheel_places(state, physics)
        if tick % GROUND_INTERVAL == 0:
            places = here
            heights, normals = surface.ground(places.reshape(-1, 2))
            heights = heights.reshape(-1, 4)
            slopes = np.clip(-normals[:, :2] / np.maximum(normals[:, 2:], 1e-3), -1.0, 1.0).reshape(-1, 4, 2)
        risen = slopes * (here - places)
        advance(state, control, physics, (heights + risen[..., 0] + risen[..., 1], slopes), friction, dt / count)
        between(state)
    poses = np.zeros((len(state), 4, 4))
    poses[:, :3, :3] = rotations(state["yaw"], state["pitch"], state["roll"])
    poses[:, :3, 3] = np.stack([state["x"], state["y"], state["z"]], axis=1)
    poses[:, 3, 3] = 1.0
    cos, sin = np.cos(state["yaw"]), np.sin(state["yaw"])
    across = lambda x, y: (cos * x - sin * y, sin * x + cos * y)  # noqa: E731
    velocities = np.stack([*across(state["vx"], state["vy"]), state["vz"]], axis=1)
    turning = np.stack([*across(state["roll_rate"], state["pitch_rate"]), state["yaw_rate"]], axis=1)
    for index, body in enumerate(vehicles):
        body.state = state[index : index + 1].copy()
        body.world_from_body, body.velocity, body.angular_velocity = poses[index], velocities[index], turning[index]
