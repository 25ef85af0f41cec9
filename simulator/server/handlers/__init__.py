"""What the server answers: one handler a method, by theme. Importing this package fills the table."""

from simulator.server.handlers import (
    actors,
    batch,
    debug,
    extension,
    level,
    lights,
    navigation,
    recorder,
    sensors,
    session,
    skeleton,
    street_lights,
    traffic_manager,
    vehicles,
    walkers,
)
from simulator.server.handlers.registry import EXTENSION_METHODS, METHODS

__all__ = [
    "EXTENSION_METHODS",
    "METHODS",
    "actors",
    "batch",
    "debug",
    "extension",
    "level",
    "lights",
    "navigation",
    "recorder",
    "sensors",
    "session",
    "skeleton",
    "street_lights",
    "traffic_manager",
    "vehicles",
    "walkers",
]
