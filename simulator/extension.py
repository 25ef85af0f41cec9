"""Client of the embedded server's extra calls (docs/rooms.md), over an RPC connection of its own."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from renderers.scene import Silhouette
from sensors.geometry import rigid

TIMEOUT = 120.0
"""[s] for a call; labels of a surround rig take some seconds on a loaded CPU."""

CHUNK = 1 << 20
LARGEST_ANSWER = 1 << 30


class ExtensionError(RuntimeError):
    """A call failed; the message is the server's."""


@dataclass(frozen=True, eq=False)
class LabelledObject:
    """A body and the box around it: ``world_from_box`` (4, 4), ``size`` (length, width, height) [m]."""

    object_id: int
    world_from_box: NDArray[np.float64]
    size: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class LidarLabels:
    """What the returns of one tick met, (N,) each, in the order of the message's points.

    Attributes:
        object_id: uint32, 0 is the level. tag: uint8.
        time: float32 [s], relative to the tick's end. ring: uint16, 0 is the lowest beam.
        echo: uint8, 0 is a pulse's strongest, 1 its second.
    """

    object_id: NDArray[np.uint32]
    tag: NDArray[np.uint8]
    time: NDArray[np.float32]
    ring: NDArray[np.uint16]
    echo: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class RadarLabels:
    """What a radar's detections met, (N,) each, in the order of the message: uint32 (0 is the level), uint8."""

    object_id: NDArray[np.uint32]
    tag: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class FrameLabels:
    """Labels of one frame: objects; outlines by camera and object id; returns by LiDAR; detections by radar."""

    frame: int
    objects: tuple[LabelledObject, ...]
    cameras: dict[int, dict[int, Silhouette]]
    lidars: dict[int, LidarLabels]
    radars: dict[int, RadarLabels]


class Extension:
    """A connection to a CARLA server's RPC port.

    Raises OSError when there is no server; calls raise OSError when it goes away, ExtensionError when they fail.
    """

    def __init__(self, host: str, port: int, timeout: float = TIMEOUT) -> None:
        self._socket = socket.create_connection((host, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, max_buffer_size=LARGEST_ANSWER)
        self._number = 0

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def hello(self) -> int | None:
        """Version of the calls; None for a server that has none (Unreal CARLA, ``--strict``)."""
        try:
            return int(self._call("longtail.hello")["version"])
        except _NoSuchFunction:
            return None

    def seed(self, seed: int) -> None:
        """Start the world's random draws anew; ``seed`` is not negative."""
        self._call("longtail.seed", seed)

    def act(self, walker: int, name: str) -> None:
        """What a walker (actor id) does whenever it stands: sit, crouch, wave, halt; ``""`` ends it.

        Raises ExtensionError for what is no walker, or has no such action.
        """
        self._call("longtail.act", walker, name)

    def labels(self, cameras: list[int], lidars: list[int], radars: list[int]) -> FrameLabels:
        """Labels of the present frame for these sensors (actor ids)."""
        answer = self._call("longtail.labels", cameras, lidars, radars)
        return FrameLabels(
            answer["frame"],
            tuple(_object(row) for row in answer["objects"]),
            {key: {row[0]: _outline(row) for row in rows} for key, rows in answer["cameras"].items()},
            {key: _returns(row) for key, row in answer["lidars"].items()},
            {
                key: RadarLabels(np.frombuffer(row["object_id"], "<u4"), np.frombuffer(row["tag"], "u1"))
                for key, row in answer["radars"].items()
            },
        )

    def timings(self) -> dict[str, float]:
        """Wall time [s] that the server has spent since it started, by stage."""
        return dict(self._call("longtail.timings"))

    def _call(self, method: str, *arguments: Any) -> Any:
        self._number += 1
        self._socket.sendall(msgpack.packb([0, self._number, method, [[False], *arguments]]))
        _, number, error, result = self._receive()
        if number != self._number:
            raise ExtensionError(f"{method}: the server answered call {number}, expected {self._number}")
        if error is not None:
            raise _NoSuchFunction(f"{method}: {error}")
        succeeded, value = result[0]
        if not succeeded:
            raise ExtensionError(value[0])
        return value

    def _receive(self) -> Any:
        while True:
            for message in self._unpacker:
                return message
            data = self._socket.recv(CHUNK)
            if not data:
                raise ConnectionError("the server closed the connection")
            self._unpacker.feed(data)


class _NoSuchFunction(ExtensionError):
    """The server does not know the call."""


def _object(row: list[Any]) -> LabelledObject:
    length, width, height = row[4:7]
    return LabelledObject(row[0], rigid(row[7:11], row[1:4]), (length, width, height))


def _outline(row: list[Any]) -> Silhouette:
    x0, y0, x1, y1 = row[3:7]
    height, width = int(y1 - y0), int(x1 - x0)
    bits = np.unpackbits(np.frombuffer(row[7], np.uint8), count=height * width)
    return Silhouette(row[1], row[2], (x0, y0, x1, y1), bits.reshape(height, width).view(np.bool_))


def _returns(row: dict[str, bytes]) -> LidarLabels:
    return LidarLabels(
        np.frombuffer(row["object_id"], "<u4"),
        np.frombuffer(row["tag"], "u1"),
        np.frombuffer(row["time"], "<f4"),
        np.frombuffer(row["ring"], "<u2"),
        np.frombuffer(row["echo"], "u1"),
    )
