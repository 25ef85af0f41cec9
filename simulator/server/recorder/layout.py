"""The layout of CARLA's recorder files: packet numbers, records, strings.

A file is a header and packets: u8 number, u32 size, body. Most bodies are a u16 count and that many packed records.
All is little-endian and in Unreal's units: centimetres, degrees, left-handed, rotations as (roll, pitch, yaw).

Sources: CARLA's page "Recorder Binary File Format", and the record definitions of its server's recorder.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAGIC = "CARLA_RECORDER"
VERSION = 2
"""Since 0.9.16; version 1 counts the attributes' types from another number."""
VERSIONS = (1, 2)
CM = 100.0
"""Centimetres in a metre."""
NOBODY = 0xFFFFFFFF
"""In collisions: the level."""

HEADER = struct.Struct("<BI")
FRAME = struct.Struct("<Qdd")
"""Number, duration until the next frame [s] (-1 while unknown), time since the first frame [s]."""
FRAME_DURATION_AT = HEADER.size + 8
SECONDS = struct.Struct("<d")
_COUNT = struct.Struct("<H")


class Packet(IntEnum):
    """Packet numbers."""

    FRAME_START = 0
    FRAME_END = 1
    EVENT_ADD = 2
    EVENT_DEL = 3
    EVENT_PARENT = 4
    COLLISION = 5
    POSITION = 6
    STATE = 7
    ANIM_VEHICLE = 8
    ANIM_WALKER = 9
    VEHICLE_LIGHT = 10
    SCENE_LIGHT = 11
    KINEMATICS = 12
    BOUNDING_BOX = 13
    PLATFORM_TIME = 14
    PHYSICS_CONTROL = 15
    TRAFFIC_LIGHT_TIME = 16
    TRIGGER_VOLUME = 17
    FRAME_COUNTER = 18
    WALKER_BONES = 19
    VISUAL_TIME = 20
    ANIM_WHEELS = 21
    ANIM_BIKER = 22
    VEHICLE_DOOR = 23
    WEATHER = 24


class ActorKind(IntEnum):
    """Kinds of actors in EVENT_ADD."""

    OTHER = 0
    VEHICLE = 1
    WALKER = 2
    TRAFFIC_LIGHT = 3
    TRAFFIC_SIGN = 4
    SENSOR = 5


_VECTOR = ("<f4", (3,))
_WHEEL = np.dtype([("place", "u1"), ("steer", "<f4"), ("rotation", "<f4")])

RECORDS: dict[Packet, np.dtype[np.void]] = {
    Packet.EVENT_DEL: np.dtype([("id", "<u4")]),
    Packet.EVENT_PARENT: np.dtype([("id", "<u4"), ("parent", "<u4")]),
    Packet.COLLISION: np.dtype([("id", "<u4"), ("first", "<u4"), ("second", "<u4"), ("heroes", "?", (2,))]),
    Packet.POSITION: np.dtype([("id", "<u4"), ("location", *_VECTOR), ("rotation", *_VECTOR)]),
    Packet.STATE: np.dtype([("id", "<u4"), ("frozen", "?"), ("elapsed", "<f4"), ("state", "u1")]),
    Packet.ANIM_VEHICLE: np.dtype(
        [("id", "<u4"), ("steer", "<f4"), ("throttle", "<f4"), ("brake", "<f4"), ("hand_brake", "?"), ("gear", "<i4")]
    ),
    Packet.ANIM_WALKER: np.dtype([("id", "<u4"), ("speed", "<f4")]),
    Packet.ANIM_BIKER: np.dtype([("id", "<u4"), ("speed", "<f4"), ("engine", "<f4")]),
    Packet.VEHICLE_LIGHT: np.dtype([("id", "<u4"), ("flags", "<u4")]),
    Packet.VEHICLE_DOOR: np.dtype([("id", "<u4"), ("door", "u1"), ("open", "?")]),
    Packet.SCENE_LIGHT: np.dtype(
        [("id", "<i4"), ("intensity", "<f4"), ("color", "<f4", (4,)), ("on", "?"), ("group", "u1")]
    ),
    Packet.KINEMATICS: np.dtype([("id", "<u4"), ("velocity", *_VECTOR), ("angular_velocity", *_VECTOR)]),
    Packet.BOUNDING_BOX: np.dtype([("id", "<u4"), ("origin", *_VECTOR), ("extent", *_VECTOR)]),
    Packet.TRIGGER_VOLUME: np.dtype([("id", "<u4"), ("origin", *_VECTOR), ("extent", *_VECTOR)]),
    Packet.TRAFFIC_LIGHT_TIME: np.dtype([("id", "<u4"), ("green", "<f4"), ("yellow", "<f4"), ("red", "<f4")]),
    Packet.WEATHER: np.dtype([("parameters", "<f4", (14,))]),
}
"""Packets of fixed records; kinematics are in m/s and deg/s."""

FOUR_WHEELS = np.dtype([("id", "<u4"), ("count", "<u4"), ("wheels", _WHEEL, (4,))])
"""ANIM_WHEELS as we write it; its records vary with ``count``."""


class Damaged(ValueError):
    """A file, or what is left of it, that does not keep to the layout."""


class Header(NamedTuple):
    """Start of a file: date in seconds of the Unix epoch, map with CARLA's folder."""

    version: int
    date: int
    map_name: str


class Added(NamedTuple):
    """An actor that appears; location [cm], rotation (roll, pitch, yaw) [deg]."""

    actor_id: int
    kind: int
    location: tuple[float, float, float]
    rotation: tuple[float, float, float]
    uid: int
    type_id: str
    attributes: list[tuple[int, str, str]]


# Writing --------------------------------------------------------------------------------------------------------------


def text(value: str) -> bytes:
    """A string: u16 length and UTF-8."""
    data = value.encode()[:0xFFFF]
    return _COUNT.pack(len(data)) + data


def header(version: int, date: int, map_name: str) -> bytes:
    """The start of a file."""
    return _COUNT.pack(version) + text(MAGIC) + struct.pack("<q", date) + text(map_name)


def packet(kind: Packet, body: bytes = b"") -> bytes:
    """A packet."""
    return HEADER.pack(kind, len(body)) + body


def table(kind: Packet, records: NDArray[np.void]) -> bytes:
    """A packet of fixed records."""
    return packet(kind, _COUNT.pack(len(records)) + records.tobytes())


def counted(kind: Packet, records: list[bytes]) -> bytes:
    """A packet of records that differ in length."""
    return packet(kind, _COUNT.pack(len(records)) + b"".join(records))


def added(actor: Added) -> bytes:
    """A record of EVENT_ADD."""
    start = struct.pack("<IB6fI", actor.actor_id, actor.kind, *actor.location, *actor.rotation, actor.uid)
    attributes = [struct.pack("<B", kind) + text(name) + text(value) for kind, name, value in actor.attributes]
    return start + text(actor.type_id) + _COUNT.pack(len(attributes)) + b"".join(attributes)


# Reading --------------------------------------------------------------------------------------------------------------


class Reader:
    """Takes values off the front of bytes, ``at`` of which have been read. Raises Damaged when they end too soon."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, form: str) -> tuple[Any, ...]:
        """Values by ``struct``'s format, without the byte order."""
        layout = struct.Struct("<" + form)
        try:
            values = layout.unpack_from(self._data, self.at)
        except struct.error:
            raise Damaged("a packet is shorter than its records") from None
        self.at += layout.size
        return values

    def text(self) -> str:
        """A string."""
        (count,) = self.take("H")
        data = self._data[self.at : self.at + count]
        if len(data) < count:
            raise Damaged("a packet ends within a string")
        self.at += count
        return data.decode(errors="replace")

    def records(self, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        """Packed records."""
        size = dtype.itemsize * count
        if len(self._data) - self.at < size:
            raise Damaged("a packet is shorter than its records")
        self.at += size
        return np.frombuffer(self._data, dtype, count, self.at - size)


def read_table(kind: Packet, body: bytes) -> NDArray[np.void]:
    """The records of a packet of fixed records."""
    reader = Reader(body)
    (count,) = reader.take("H")
    return reader.records(RECORDS[kind], count)


def read_added(body: bytes) -> Iterator[Added]:
    """The actors of EVENT_ADD."""
    reader = Reader(body)
    for _ in range(reader.take("H")[0]):
        actor_id, kind, *pose, uid = reader.take("IB6fI")
        type_id = reader.text()
        attributes = [(reader.take("B")[0], reader.text(), reader.text()) for _ in range(reader.take("H")[0])]
        yield Added(actor_id, kind, (pose[0], pose[1], pose[2]), (pose[3], pose[4], pose[5]), uid, type_id, attributes)


def read_header(data: bytes) -> tuple[Header, int]:
    """The start of a file, and how many bytes it takes."""
    reader = Reader(data)
    try:
        (version,) = reader.take("H")
        if reader.text() != MAGIC:
            raise Damaged
        (date,) = reader.take("q")
        header = Header(version, date, reader.text())
    except Damaged:
        raise Damaged("File is not a CARLA recorder") from None
    if version not in VERSIONS:
        raise Damaged(f"File has version {version} of CARLA's recorder, which this server does not know")
    return header, reader.at
