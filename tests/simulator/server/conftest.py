"""One embedded server for all tests; each test gets a fresh episode and the real CARLA client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import carla
import pytest

from simulator.process import ServerProcess

from .helpers import MAP, synchronous


@pytest.fixture(scope="session")
def server() -> Iterator[ServerProcess]:
    with ServerProcess(MAP, seed=7) as process:
        yield process


@pytest.fixture(scope="session")
def client(server: ServerProcess) -> Any:
    assert server.alive, server.log
    client = carla.Client(server.host, server.port)
    client.set_timeout(120)
    return client


@pytest.fixture
def world(client: Any) -> Iterator[Any]:
    """A fresh episode in synchronous mode."""
    client.load_world(MAP)
    world = client.get_world()
    synchronous(world)
    world.tick()
    yield world
    synchronous(world, False, None)
