"""Speed limits: what the road under a vehicle allows, which CARLA tells in every snapshot."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import carla

from simulator.server.wire import Array
from simulator.world.town import Town

DEFAULT = 30.0
"""[km/h], CARLA's for roads that tell none."""

_KMH = {"km/h": 1.0, "mph": 1.609344, "m/s": 3.6}


class SpeedLimits:
    """The ``<type><speed>`` records of a map's roads, found by the official client's own map code."""

    def __init__(self, town: Town) -> None:
        self._roads = _read(town.opendrive)
        # Without records the map need not be read, which takes long for a large one.
        self._map: Any = carla.Map(town.name, town.opendrive) if self._roads else None

    def at(self, position: Array) -> float:
        """Limit [km/h] on the driving lane nearest to a position (3,) [m]."""
        if self._map is None:
            return DEFAULT
        waypoint = self._map.get_waypoint(carla.Location(float(position[0]), -float(position[1]), float(position[2])))
        if waypoint is None:
            return DEFAULT
        limit = DEFAULT
        for start, value in self._roads.get(waypoint.road_id, ()):
            if start <= waypoint.s:
                limit = value
        return limit


def _read(opendrive: str) -> dict[int, list[tuple[float, float]]]:
    """Road id -> (s [m], limit [km/h]), ascending."""
    roads = {}
    for road in ElementTree.fromstring(opendrive).iter("road"):
        limits = []
        for kind in road.findall("type"):
            speed = kind.find("speed")
            if speed is not None and speed.get("max", "").replace(".", "", 1).isdigit():
                limits.append((float(kind.get("s", 0)), float(speed.get("max", 0)) * _KMH[speed.get("unit", "m/s")]))
        if limits:
            roads[int(road.get("id", 0))] = sorted(limits)
    return roads
