"""What the conformance tests of the server share: the real client, and a connection that can say anything."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import carla
import msgpack

from simulator.process import ServerProcess

MAP = "outback_road"
STEP = 0.05
_spawned: list[Any] = []


def connect(server: ServerProcess) -> Any:
    """A client."""
    client = carla.Client(server.host, server.port)
    client.set_timeout(60)
    return client


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
    client = connect(server)
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
