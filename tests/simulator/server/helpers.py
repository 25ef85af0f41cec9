"""What the tests of the server share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import carla

MAP = "outback_road"
STEP = 0.05


def synchronous(world: Any, enabled: bool = True, delta: float | None = STEP) -> None:
    settings = world.get_settings()
    settings.synchronous_mode = enabled
    settings.fixed_delta_seconds = delta
    world.apply_settings(settings)


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for the client's callback threads."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.01)


def blueprint(world: Any, name: str, **attributes: object) -> Any:
    found = world.get_blueprint_library().find(name)
    for key, value in attributes.items():
        found.set_attribute(key, str(value))
    return found


def lifted(transform: Any, height: float = 0.3, ahead: float = 0.0) -> Any:
    """A copy of a transform, higher and further on."""
    forward = transform.get_forward_vector()
    place = transform.location + carla.Location(forward.x * ahead, forward.y * ahead, forward.z * ahead + height)
    return carla.Transform(place, transform.rotation)
