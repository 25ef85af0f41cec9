"""CARLA 0.9.16's structures: msgpack arrays to Python values in our frame and back.

Decoders take what msgpack made of a request and raise ``Malformed``; encoders return plain lists. CARLA's left-handed
frame, degrees and centimetres end here: decoded poses, points and vectors are ours (``simulator.handedness``).
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.handedness import carla_from_matrix, matrix_from_carla

Array = NDArray[np.float64]
Decoder = Callable[[Any], Any]


class Malformed(ValueError):
    """A request whose arguments do not have the shape of CARLA 0.9.16's structure."""


class Refusal(Exception):
    """A request that cannot be fulfilled; its text goes to the client as a CARLA error."""


# Result envelopes -----------------------------------------------------------------------------------------------------


def success(value: Any) -> list[Any]:
    """``Response<T>`` that holds ``value``."""
    return [[1, value]]


def failure(message: str) -> list[Any]:
    """``Response<T>`` that holds an error."""
    return [[0, [message]]]


def done() -> list[Any]:
    """``Response<void>`` without an error."""
    return [[False]]


def undone(message: str) -> list[Any]:
    """``Response<void>`` that holds an error."""
    return [[True, [message]]]


# Scalars --------------------------------------------------------------------------------------------------------------


def brief(value: Any) -> str:
    """A value as it may stand in a message, however large or deep it is."""
    return reprlib.repr(value)


LARGEST = (2.0 - 2.0**-23) * 2.0**127
"""Of the 32-bit floats, in which snapshots tell most numbers."""


def number(value: Any) -> float:
    """Any finite number that a 32-bit float can hold, as float."""
    if not isinstance(value, (int, float)) or not -LARGEST <= value <= LARGEST:
        raise Malformed(f"{brief(value)} is not a finite number of 32 bits")
    return float(value)


def integer(value: Any) -> int:
    """An integer."""
    if not isinstance(value, int):
        raise Malformed(f"{brief(value)} is not an integer")
    return int(value)


def int32(value: Any) -> int:
    """An integer of 32 bits, with or without a sign."""
    if not -(1 << 31) <= integer(value) < 1 << 32:
        raise Malformed(f"{value} does not fit into 32 bits")
    return int(value)


def flag(value: Any) -> bool:
    """A boolean."""
    if not isinstance(value, (bool, int)):
        raise Malformed(f"{brief(value)} is not a boolean")
    return bool(value)


def text(value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise Malformed(f"{brief(value)} is not a string")
    return value


def anything(value: Any) -> Any:
    """An argument that is not read."""
    return value


# Composites -----------------------------------------------------------------------------------------------------------


def fields(value: Any, count: int) -> Sequence[Any]:
    """The elements of a struct that must have ``count`` fields."""
    if not isinstance(value, (list, tuple)) or len(value) != count:
        raise Malformed(f"expected {count} fields, not {brief(value)}")
    return value


def each(decode: Decoder) -> Decoder:
    """An array of any length."""

    def decode_array(value: Any) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise Malformed(f"expected an array, not {brief(value)}")
        return [decode(item) for item in value]

    return decode_array


def optional(decode: Decoder) -> Decoder:
    """``[false]`` or ``[true, value]``."""

    def decode_optional(value: Any) -> Any:
        if isinstance(value, (list, tuple)) and len(value) == 1 and not value[0]:
            return None
        return decode(fields(value, 2)[1])

    return decode_optional


def struct(kind: Callable[..., Any], *decoders: Decoder) -> Decoder:
    """An array of fields in order, made into ``kind(*fields)``."""
    count = len(decoders)

    def decode_struct(value: Any) -> Any:
        return kind(*[decode(item) for decode, item in zip(decoders, fields(value, count))])  # noqa: B905 ``fields`` counts

    return decode_struct


# Geometry -------------------------------------------------------------------------------------------------------------


def vector(value: Any) -> Array:
    """A location, velocity or force (3,) -> ours; units stay."""
    x, y, z = fields(value, 3)
    return np.array([number(x), -number(y), number(z)])


def axial(value: Any) -> Array:
    """An axial vector (angular velocity [deg/s], torque) (3,) -> ours [rad/s].

    Mirroring y turns the sense of rotation: axial vectors change the signs that polar vectors keep.
    """
    x, y, z = fields(value, 3)
    return np.radians([-number(x), number(y), -number(z)])


def transform(value: Any) -> Array:
    """A transform -> our pose (4, 4)."""
    (x, y, z), (pitch, yaw, roll) = (fields(part, 3) for part in fields(value, 2))
    return matrix_from_carla(*(number(part) for part in (x, y, z, pitch, yaw, roll)))


def encode_vector(value: Sequence[float] | Array) -> list[float]:
    """Our (3,) -> CARLA's vector; units stay."""
    return [float(value[0]), -float(value[1]), float(value[2])]


def encode_axial(value: Sequence[float] | Array) -> list[float]:
    """Our axial vector (3,) -> CARLA's; units stay."""
    return [-float(value[0]), float(value[1]), -float(value[2])]


def encode_transform(pose: Array) -> list[list[float]]:
    """Our pose (4, 4) -> CARLA's transform."""
    x, y, z, pitch, yaw, roll = carla_from_matrix(pose)
    return [[x, y, z], [pitch, yaw, roll]]


def encode_box(pose: Array, size: Sequence[float], actor_id: int = 0) -> list[Any]:
    """Our box (pose of its centre (4, 4), whole sizes [m]) -> CARLA's (half sizes)."""
    location, rotation = encode_transform(pose)
    return [location, [float(edge) / 2 for edge in size], rotation, actor_id]


EMPTY_BOX = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 0]


# Structures with names ------------------------------------------------------------------------------------------------


class VehicleControl(NamedTuple):
    """Pedals and wheel as on the wire, steer positive to the RIGHT."""

    throttle: float = 0.0
    steer: float = 0.0
    brake: float = 0.0
    hand_brake: bool = False
    reverse: bool = False
    manual_gear_shift: bool = False
    gear: int = 0


class AckermannControl(NamedTuple):
    """Steer [rad on the wire, right positive], its speed, target speed [m/s], acceleration [m/s^2], jerk."""

    steer: float
    steer_speed: float
    speed: float
    acceleration: float
    jerk: float


class AckermannSettings(NamedTuple):
    """Gains of the two controllers; the defaults are CARLA's."""

    speed_kp: float = 0.15
    speed_ki: float = 0.0
    speed_kd: float = 0.25
    accel_kp: float = 0.01
    accel_ki: float = 0.0
    accel_kd: float = 0.01


class WalkerControl(NamedTuple):
    """Direction (3,) in our frame, speed [m/s], jump."""

    direction: Array
    speed: float
    jump: bool


class EpisodeSettings(NamedTuple):
    """How the simulation runs; the defaults are CARLA's."""

    synchronous: bool = False
    no_rendering: bool = False
    fixed_delta: float | None = None
    substepping: bool = True
    max_substep_delta: float = 0.01
    max_substeps: int = 10
    max_culling_distance: float = 0.0
    deterministic_ragdolls: bool = True
    tile_stream_distance: float = 3000.0
    actor_active_distance: float = 2000.0
    spectator_as_ego: bool = True

    def encode(self) -> list[Any]:
        """The wire's array."""
        delta = [False] if self.fixed_delta is None else [True, self.fixed_delta]
        return [self.synchronous, self.no_rendering, delta, *self[3:]]


class Weather(NamedTuple):
    """CARLA's weather parameters; the defaults are its ``ClearNoon``, with which a server starts."""

    cloudiness: float = 5.0
    precipitation: float = 0.0
    precipitation_deposits: float = 0.0
    wind_intensity: float = 10.0
    sun_azimuth: float = -1.0
    sun_altitude: float = 45.0
    fog_density: float = 2.0
    fog_distance: float = 0.75
    fog_falloff: float = 0.1
    wetness: float = 0.0
    scattering_intensity: float = 1.0
    mie_scattering_scale: float = 0.03
    rayleigh_scattering_scale: float = 0.0331
    dust_storm: float = 0.0


class Description(NamedTuple):
    """What is to be spawned: blueprint number, its id, and the attributes that the client sends back."""

    uid: int
    type_id: str
    attributes: dict[str, str]


def _description(uid: int, type_id: str, attributes: list[tuple[str, str]]) -> Description:
    return Description(uid, type_id, dict(attributes))


vehicle_control = struct(VehicleControl, number, number, number, flag, flag, flag, int32)
ackermann_control = struct(AckermannControl, number, number, number, number, number)
ackermann_settings = struct(AckermannSettings, *[number] * 6)
walker_control = struct(WalkerControl, vector, number, flag)
weather = struct(Weather, *[number] * 14)
episode_settings = struct(
    EpisodeSettings, flag, flag, optional(number), flag, number, integer, number, flag, number, number, flag
)
_attribute = struct(lambda name, kind, value: (name, value), text, integer, text)
description = struct(_description, integer, text, each(_attribute))
light_state = struct(lambda flags: flags, integer)
generation = struct(lambda *values: values, number, number, number, number, flag, flag, flag)
