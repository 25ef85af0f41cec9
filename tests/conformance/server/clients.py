"""What the conformance tests of the server share: the real client, and a connection that can say anything."""

from __future__ import annotations

import os
import queue
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import carla
import msgpack
import numpy as np

from simulator.process import ServerProcess
from simulator.session import free_port

MAP = "outback_road"
MAPS = Path(__file__).parents[4] / "shared" / "data" / "opendrive"
"""CARLA's towns, where they are at hand."""

STEP = 0.05
_spawned: list[Any] = []
_clients: list[Any] = []


def connect(server: ServerProcess) -> Any:
    """A new client. It lives as long as this process: the end of one races with its own streaming threads, and takes
    the process along every now and then.
    """
    client = carla.Client(server.host, server.port)
    client.set_timeout(60)
    _clients.append(client)
    return client


@cache
def own_client(server: ServerProcess) -> Any:
    """The one client that most tests of a server share."""
    return connect(server)


def processor_time(server: ServerProcess) -> float:
    """Processor time [s] that the server has used."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rested(server: ServerProcess) -> None:
    """Wait until the server has made ready in idle moments what it wants to: memory of its own."""
    before = processor_time(server)
    for _ in range(120):
        time.sleep(0.5)
        now = processor_time(server)
        if now - before < 0.05:
            return
        before = now
    raise AssertionError("the server never rests")


def settle(world: Any, synchronous: bool, delta: float | None = STEP, **others: object) -> None:
    """Change how the world runs."""
    settings = world.get_settings()
    settings.synchronous_mode = synchronous
    settings.fixed_delta_seconds = delta
    for name, value in others.items():
        setattr(settings, name, value)
    world.apply_settings(settings)


@contextmanager
def fresh_world(server: ServerProcess, name: str = MAP) -> Iterator[tuple[Any, Any]]:
    """Client and world of a fresh episode in synchronous mode; asynchronous again on leaving."""
    client = own_client(server)
    client.load_world(name)
    world = client.get_world()
    settle(world, True)
    world.tick()
    try:
        yield client, world
    finally:
        _clear_away()
        settle(world, False, None)


def spawn(world: Any, blueprint: str, transform: Any, parent: Any = None, **attributes: object) -> Any:
    """An actor; ``blueprint`` is an id or a pattern whose first is taken."""
    found = world.get_blueprint_library().filter(blueprint)[0]
    for name, value in attributes.items():
        found.set_attribute(name, str(value))
    actor = world.spawn_actor(found, transform, attach_to=parent)
    _spawned.append(actor)
    return actor


def _clear_away() -> None:
    """Stop and destroy what a test that failed has left: a callback that outlives its test may crash the client."""
    while _spawned:  # children come after their parents
        actor = _spawned.pop()
        with suppress(RuntimeError):
            if isinstance(actor, carla.Sensor) and actor.is_listening():
                actor.stop()
            if actor.is_alive:
                actor.destroy()


def along(transform: Any, ahead: float = 0.0, height: float = 0.3, right: float = 0.0) -> Any:
    """A transform moved along its own axes [m]."""
    forward, side = transform.get_forward_vector(), transform.get_right_vector()
    place = transform.location + forward * ahead + side * right + carla.Location(z=height)
    return carla.Transform(carla.Location(place.x, place.y, place.z), transform.rotation)


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for the client's callback threads."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.005)


class Tap:
    """A listening sensor and its messages."""

    def __init__(self, world: Any, name: str, parent: Any = None, at: Any = None, **attributes: object) -> None:
        self.actor = spawn(world, name, at or carla.Transform(), parent, **attributes)
        self.messages: queue.Queue[Any] = queue.Queue()
        self.actor.listen(self.messages.put)

    def take(self, frame: int) -> Any:
        """The message of a frame; earlier ones are dropped."""
        while (message := self.messages.get(timeout=60)).frame < frame:
            pass
        assert message.frame == frame
        return message

    def drained(self, seconds: float = 0.3) -> list[Any]:
        """All messages until none has come for a while."""
        found = []
        try:
            while True:
                found.append(self.messages.get(timeout=seconds))
        except queue.Empty:
            return found


def image(message: Any) -> np.ndarray:
    """(H, W, 4) uint8 of a picture."""
    return np.frombuffer(message.raw_data, np.uint8).reshape(message.height, message.width, 4)


@contextmanager
def traffic_manager(client: Any, world: Any, seed: int = 1) -> Iterator[Any]:
    """A synchronous Traffic Manager on a port of its own; in the end it and all vehicles go.

    One that lives on meets the next map, or a destroyed car, and ends the process.
    """
    manager = client.get_trafficmanager(free_port())
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(seed)
    yield manager
    for car in world.get_actors().filter("vehicle.*"):
        car.set_autopilot(False, manager.get_port())
        car.destroy()
    world.tick()
    manager.set_synchronous_mode(False)
    manager.shut_down()


class Raw:
    """An RPC connection that can say anything."""

    def __init__(self, server: ServerProcess, timeout: float = 30.0) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout)
        self._unpacker = msgpack.Unpacker(raw=False, strict_map_key=False)

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def ask(self, method: str, *arguments: object) -> Any:
        """The result of a request, in its envelope."""
        self.socket.sendall(msgpack.packb([0, 1, method, [[False], *arguments]]))
        return self.answer()[3]

    def answer(self) -> Any:
        """The next answer. Raises EOFError when the server has closed the connection."""
        while True:
            for message in self._unpacker:
                return message
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError
            self._unpacker.feed(data)
