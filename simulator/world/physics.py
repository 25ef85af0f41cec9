"""What a vehicle is made of: engine, gearbox, wheels, body. The fields are those of CARLA's physics control, in SI."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets.model import Model
from simulator.world.bodies import GRAVITY, Array
from simulator.world.published import BMW_320I
from simulator.world.tyres import CORNERING, LONG_STIFFNESS, smoothing

YAW_INERTIA = float(BMW_320I.I_z / (BMW_320I.m * (BMW_320I.a + BMW_320I.b) ** 2))
PITCH_INERTIA = float(BMW_320I.I_y_s / (BMW_320I.m_s * (BMW_320I.a + BMW_320I.b) ** 2))
ROLL_INERTIA = float(BMW_320I.I_Phi_s / (BMW_320I.m_s * BMW_320I.T_f**2))
"""Inertia over mass and wheelbase (yaw, pitch) or track (roll) squared, of the published BMW 320i."""
WHEEL_INERTIA = float(BMW_320I.I_y_w / (BMW_320I.m * BMW_320I.R_w**2))
"""Of one wheel, over the car's mass and the wheel's radius squared."""
BRAKE_SPLIT = float(BMW_320I.T_sb)
"""Share of the brake force on the front axle."""

ROLL_STABILITY = 1.3
"""Half the track over the height of the centre of mass, at least: passenger cars have 1.3 to 1.5 (NHTSA's static
stability factor). Vans and lorries have less, but CARLA's do not tip over under its Traffic Manager, which drives all
alike through bends at 0.6 g."""
TIRE_FRICTION = 3.5
"""CARLA's cars have this; it stands for the published tyre, and others for as many times its grip."""
LAT_STIFF_MAX_LOAD = 2.0
LAT_STIFF_VALUE = float(CORNERING / smoothing(3.0 / LAT_STIFF_MAX_LOAD))
"""The side stiffness that gives the published tyre's under its resting load."""

ENGINE_SPEEDS = (0.0, 0.15, 0.35, 0.5, 0.7, 0.85, 1.0)
ENGINE_TORQUES = (0.45, 0.7, 0.95, 1.0, 0.97, 0.9, 0.75)
"""Full-load torque over its peak, against engine speed over its maximum: a petrol engine behind a torque converter."""
PEAK_POWER = max(speed * torque for speed, torque in zip(ENGINE_SPEEDS, ENGINE_TORQUES, strict=True))
"""Of that curve, over peak torque times maximum speed."""
ENGINE_DRAG = 0.3
"""Torque of the motored engine at maximum speed, over its peak torque."""
DRIVELINE_EFFICIENCY = 0.9
MAX_RPM, FINAL_RATIO = 6000.0, 4.0
ENGINE_INERTIA = 6e-4
"""[kg m^2] per N m of peak torque; 0.15 for a car of 250 N m."""

TALL = 1.45
"""Height of a car [m], whose centre of mass lies at 0.4 of it (the BMW's 0.574 m); what vans and buses have above is
lighter: an empty van's lies 0.7 to 0.8 m high (NHTSA light vehicle inertial database)."""
MOST_GEARS = 32
SAMPLES = 64
"""Of the curves, evenly spread."""

PHYSICS = np.dtype(
    [
        *((name, np.float64) for name in ("mass", "wheelbase", "steer_rate", "drag", "steer_top", "final_ratio")),
        *((name, np.float64) for name in ("max_speed", "moi", "clutch_strength", "gear_switch_time")),
        *((name, np.float64) for name in ("damping_full_throttle", "damping_clutch_engaged")),
        ("damping_clutch_disengaged", np.float64),
        ("gears", np.int64),
        *((name, np.float64, MOST_GEARS) for name in ("ratio", "down", "up")),
        ("torque", np.float64, SAMPLES + 1),
        ("steering", np.float64, SAMPLES + 1),
        ("autobox", np.bool_),
        ("two_wheeler", np.bool_),
        *((name, np.float64, 4) for name in ("radius", "inertia", "friction", "damping", "max_steer")),
        *((name, np.float64, 4) for name in ("brake", "hand_brake", "max_load", "lat_stiff", "long_stiff")),
        *((name, np.float64, 4) for name in ("fore", "left", "below", "rest_load", "fore_of_axis")),
    ]
)
"""One vehicle as the equations want it. Wheels: front left, front right, rear left, rear right."""


@dataclass(frozen=True)
class Gear:
    """A forward gear: its ratio, and the engine speeds, over the maximum, below and above which it is left."""

    ratio: float
    down: float = 0.4
    up: float = 0.9


@dataclass(frozen=True)
class Wheel:
    """A wheel and its tyre.

    Attributes:
        tire_friction: ``TIRE_FRICTION`` is the published tyre. damping_rate: [N m s]. max_steer_angle: [rad].
        radius: [m]. max_brake_torque, max_handbrake_torque: [N m].
        lat_stiff_max_load: load over the resting load from which the side stiffness grows no more.
        lat_stiff_value: side stiffness [1/rad] over the resting load, as PhysX counts it.
        long_stiff_value: force per slip over gravity under the resting load [kg].
    """

    tire_friction: float
    damping_rate: float
    max_steer_angle: float
    radius: float
    max_brake_torque: float
    max_handbrake_torque: float
    lat_stiff_max_load: float
    lat_stiff_value: float
    long_stiff_value: float


@dataclass(frozen=True)
class VehiclePhysics:
    """What a vehicle is made of. ``for_model`` scales the published BMW 320i to a model's size.

    Attributes:
        torque_curve: (engine speed [1/min], full-load torque [N m]), rising speeds. max_rpm: [1/min].
        moi: of the engine [kg m^2]. damping_*: of the engine [N m s]. gear_autobox: whether it shifts by itself.
        gear_switch_time: without drive at a shift [s]. clutch_strength: torque per slip [N m s].
        final_ratio: of the axle. forward_gears: from the first; reverse is as short as the first.
        mass: [kg]. drag_coefficient: over ``frontal_area`` [m^2].
        center_of_mass: offset (3,) [m], body frame, from where the model has it (``mass_place`` (3,) [m]).
        steering_curve: (speed [km/h], factor on the steering angles), rising speeds.
        wheels: front left, front right, rear left, rear right; a two-wheeler has pairs in one place.
        sweep_wheels: taken over; a wheel always meets the ground as a column under it.
        places: (x, y) [m] of the wheels, body frame. steer_rate: full lock in a second is 1 [1/s].
        inertia: about the body's axes [kg m^2] for ``mass``; scales with a changed mass.
        two_wheeler: leans into bends, held up by its rider.
    """

    torque_curve: tuple[tuple[float, float], ...]
    max_rpm: float
    moi: float
    damping_full_throttle: float
    damping_clutch_engaged: float
    damping_clutch_disengaged: float
    gear_autobox: bool
    gear_switch_time: float
    clutch_strength: float
    final_ratio: float
    forward_gears: tuple[Gear, ...]
    mass: float
    drag_coefficient: float
    center_of_mass: tuple[float, float, float]
    steering_curve: tuple[tuple[float, float], ...]
    wheels: tuple[Wheel, Wheel, Wheel, Wheel]
    sweep_wheels: bool
    places: tuple[tuple[float, float], ...]
    mass_place: tuple[float, float, float]
    specific_inertia: tuple[float, float, float]
    frontal_area: float
    steer_rate: float = 1.1 / 0.7
    two_wheeler: bool = False

    def __post_init__(self) -> None:
        for name in ("mass", "max_rpm", "moi"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"vehicle physics: {name} must be positive, not {getattr(self, name)}")
        if len(self.wheels) != 4 or not all(wheel.radius > 0 for wheel in self.wheels):
            raise ValueError("vehicle physics: there must be four wheels, each with a positive radius")
        if not 1 <= len(self.forward_gears) <= MOST_GEARS:
            raise ValueError(f"vehicle physics: there must be 1 to {MOST_GEARS} forward gears")
        for name in ("torque_curve", "steering_curve"):
            speeds = [speed for speed, _ in getattr(self, name)]
            if speeds != sorted(speeds):
                raise ValueError(f"vehicle physics: the speeds of {name} must rise, not {speeds}")

    @property
    def wheelbase(self) -> float:
        """[m]"""
        return self.places[0][0] - self.places[2][0]

    @property
    def track(self) -> float:
        """[m]; 0 for two-wheelers."""
        return self.places[0][1] - self.places[1][1]

    @property
    def wheel_radius(self) -> float:
        """Of the front wheels [m]."""
        return self.wheels[0].radius

    @property
    def max_steer_angle(self) -> float:
        """Of the wheel that turns farthest [rad]."""
        return max(wheel.max_steer_angle for wheel in self.wheels)

    @property
    def mass_center(self) -> Array:
        """Centre of mass (3,) [m], body frame."""
        return np.array(self.mass_place) + np.array(self.center_of_mass)

    @property
    def inertia(self) -> Array:
        """About the body's axes (3,) [kg m^2]."""
        return self.mass * np.array(self.specific_inertia)

    @property
    def yaw_inertia(self) -> float:
        """[kg m^2]"""
        return float(self.inertia[2])

    def with_friction(self, tire_friction: float) -> VehiclePhysics:
        """This on other tyres."""
        wheels = tuple(replace(wheel, tire_friction=tire_friction) for wheel in self.wheels)
        return replace(self, wheels=wheels)  # type: ignore[arg-type]

    def with_wheels_of(self, other: VehiclePhysics) -> VehiclePhysics:
        """This with the tyre friction of another's wheels."""
        wheels = tuple(
            replace(wheel, tire_friction=own.tire_friction)
            for wheel, own in zip(self.wheels, other.wheels, strict=True)
        )
        return replace(self, wheels=wheels)  # type: ignore[arg-type]

    @classmethod
    def for_model(cls, model: Model, mass: float | None = None) -> VehiclePhysics:
        """From a model's wheels, size and category; ``mass`` [kg] is estimated from the size when not given.

        Raises ValueError for a model without wheels in front and behind.
        """
        wheels = {part.name: part for part in model.parts if part.name.startswith("wheel_")}
        ends = [
            [part.body_from_part for name, part in wheels.items() if name.startswith(f"wheel_{end}")]
            for end in ("front", "rear")
        ]
        if not all(ends):
            raise ValueError(f"{model.name} cannot be a vehicle: it has no wheel_front* or no wheel_rear* part")
        length, width, height = model.size
        two_wheeler = "wheel_front" in wheels
        cycle = two_wheeler and "bicycle" in (model.name + model.category)
        # kg per m^3 of bounding box: cars, lorries and buses 110, mirrors in the box; rider and cycle 50
        mass = length * width * height * (50.0 if cycle else 110.0) if mass is None else mass
        heavy = mass > 3500.0
        # W per kg and top speed of the last gear: car, lorry or bus, bicycle (a strong rider)
        specific_power, pace = (6.0, 0.25) if cycle else (15.0, 0.5) if heavy else (75.0, 1.0)
        xs = [float(np.mean([pose[0, 3] for pose in poses])) for poses in ends]
        half_track = 0.0 if two_wheeler else float(np.mean([abs(pose[1, 3]) for poses in ends for pose in poses]))
        radius = float(np.mean([pose[2, 3] for poses in ends for pose in poses]))
        wheelbase, spread = xs[0] - xs[1], 2 * half_track or 0.8
        power = specific_power * mass * DRIVELINE_EFFICIENCY
        top = MAX_RPM * np.pi / 30
        peak = power / PEAK_POWER / top
        drag = (0.0 if cycle else ENGINE_DRAG) * peak / top  # cycles have freewheels
        speeds = [pace * speed for speed in (13.0, 22.0, 32.0, 44.0, 58.0, 75.0)]  # at the engine's maximum [m/s]
        split = 0.75 if two_wheeler else BRAKE_SPLIT  # riders spare the wheel behind, which hardly bears
        braking = (4.0 if two_wheeler else 6.0 if heavy else 8.0) * mass * radius
        steer = 0.7
        mass_height = 0.4 * min(height, TALL) + 0.2 * max(height - TALL, 0.0)
        if not two_wheeler:
            mass_height = min(mass_height, half_track / ROLL_STABILITY)

        def wheel(front: bool) -> Wheel:
            return Wheel(
                tire_friction=TIRE_FRICTION,
                damping_rate=0.25 * min(mass / 1500.0, 1.0),
                max_steer_angle=steer if front else 0.0,
                radius=radius,
                max_brake_torque=braking * (split if front else 1 - split) / 2,
                max_handbrake_torque=0.0 if front else braking / 2,
                lat_stiff_max_load=LAT_STIFF_MAX_LOAD,
                lat_stiff_value=LAT_STIFF_VALUE,
                long_stiff_value=LONG_STIFFNESS * mass / 4,
            )

        return cls(
            torque_curve=tuple(
                (share * MAX_RPM, torque * peak) for share, torque in zip(ENGINE_SPEEDS, ENGINE_TORQUES, strict=True)
            ),
            max_rpm=MAX_RPM,
            moi=ENGINE_INERTIA * peak,
            damping_full_throttle=0.03 * drag,
            damping_clutch_engaged=drag,
            damping_clutch_disengaged=0.3 * drag,
            gear_autobox=True,
            gear_switch_time=0.2,
            clutch_strength=10.0 * peak / 250.0,
            final_ratio=FINAL_RATIO,
            forward_gears=tuple(Gear(top * radius / speed / FINAL_RATIO) for speed in speeds),
            mass=mass,
            drag_coefficient=0.6 if heavy or two_wheeler else 0.32,
            center_of_mass=(0.0, 0.0, 0.0),
            steering_curve=((0.0, 1.0), (200.0, 1.0)),
            wheels=(wheel(True), wheel(True), wheel(False), wheel(False)),
            sweep_wheels=False,
            places=tuple((x, side * half_track) for x in xs for side in (1, -1)),
            mass_place=((xs[0] + xs[1]) / 2, 0.0, mass_height),
            specific_inertia=(
                ROLL_INERTIA * spread**2,
                PITCH_INERTIA * wheelbase**2,
                YAW_INERTIA * wheelbase**2,
            ),
            frontal_area=0.85 * width * height,
            two_wheeler=two_wheeler,
        )

    @functools.cached_property
    def row(self) -> NDArray[np.void]:
        """This as one ``PHYSICS`` entry (1,)."""
        row = np.zeros(1, PHYSICS)
        for name in ("mass", "wheelbase", "steer_rate", "final_ratio", "moi", "clutch_strength", "gear_switch_time"):
            row[name] = getattr(self, name)
        for name in ("damping_full_throttle", "damping_clutch_engaged", "damping_clutch_disengaged", "two_wheeler"):
            row[name] = getattr(self, name)
        row["drag"] = 0.5 * AIR_DENSITY * self.drag_coefficient * self.frontal_area
        row["autobox"], row["gears"] = self.gear_autobox, len(self.forward_gears)
        for index, gear in enumerate(self.forward_gears):
            row["ratio"][0, index], row["down"][0, index], row["up"][0, index] = gear.ratio, gear.down, gear.up
        row["max_speed"] = self.max_rpm * np.pi / 30
        row["torque"] = _sampled(self.torque_curve, self.max_rpm, 0.0)
        top = max((speed for speed, _ in self.steering_curve), default=0.0) or 1.0
        row["steer_top"], row["steering"] = top / 3.6, _sampled(self.steering_curve, top, 1.0)
        columns = [
            *("tire_friction", "damping_rate", "max_steer_angle", "radius", "max_brake_torque"),
            *("max_handbrake_torque", "lat_stiff_max_load", "lat_stiff_value", "long_stiff_value"),
        ]
        names = (
            "friction",
            "damping",
            "max_steer",
            "radius",
            "brake",
            "hand_brake",
            "max_load",
            "lat_stiff",
            "long_stiff",
        )
        for name, column in zip(names, columns, strict=True):
            row[name] = [getattr(wheel, column) for wheel in self.wheels]
        row["friction"] /= TIRE_FRICTION
        row["inertia"] = WHEEL_INERTIA * self.mass * row["radius"] ** 2
        center = self.mass_center
        row["fore"] = [x - center[0] for x, _ in self.places]
        row["left"] = [y - center[1] for _, y in self.places]
        row["below"] = -center[2]
        row["fore_of_axis"] = [y for _, y in self.places]
        # resting loads from the lever arms of the centre of mass; each axle, then each side
        front = np.clip((center[0] - self.places[2][0]) / self.wheelbase, 0.05, 0.95)
        left = 0.5 if not self.track else np.clip((center[1] - self.places[1][1]) / self.track, 0.05, 0.95)
        shares = np.array([front * left, front * (1 - left), (1 - front) * left, (1 - front) * (1 - left)])
        row["rest_load"] = self.mass * GRAVITY * shares
        return row


AIR_DENSITY = 1.2
"""[kg/m^3]"""


def _sampled(curve: tuple[tuple[float, float], ...], top: float, empty: float) -> Array:
    """Values (SAMPLES + 1,) of a curve at even steps from 0 to ``top``."""
    if not curve:
        return np.full(SAMPLES + 1, empty)
    xs, ys = np.array(curve, dtype=np.float64).T
    return np.interp(np.linspace(0.0, top, SAMPLES + 1), xs, ys)
