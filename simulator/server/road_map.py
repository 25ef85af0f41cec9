"""What the official client's own map code tells of a map: speed limits and geographic places."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from xml.etree import ElementTree

import carla

from simulator.server.wire import Array
from simulator.world.town import Town

DEFAULT = 30.0
"""[km/h], CARLA's for roads that tell none."""

_KMH = {"km/h": 1.0, "mph": 1.609344, "m/s": 3.6}


class RoadMap:
    """A town's OpenDRIVE, read on first use."""

    def __init__(self, town: Town) -> None:
        self._town = town

    @cached_property
    def _map(self) -> Any:
        return carla.Map(self._town.name, self._town.opendrive)

    @cached_property
    def _roads(self) -> dict[int, list[tuple[float, float]]]:
        return _speeds(self._town.opendrive)

    def geolocation(self, position: Array) -> tuple[float, float, float]:
        """Latitude, longitude [deg] and altitude [m] of a position (3,) [m].

        The 0.9.16 client's ``transform_to_geolocation`` takes CARLA's y, which points south, for north; the map's own
        north, ours, is given here instead, so that GNSS and compass agree.
        """
        place = self._map.transform_to_geolocation(carla.Location(*(float(part) for part in position)))
        return place.latitude, place.longitude, place.altitude

    def speed_limit(self, position: Array) -> float:
        """Limit [km/h] by the ``<type><speed>`` records, on the driving lane nearest to a position (3,) [m]."""
        if not self._roads:
            return DEFAULT
        waypoint = self._map.get_waypoint(carla.Location(float(position[0]), -float(position[1]), float(position[2])))
        if waypoint is None:
            return DEFAULT
        limit = DEFAULT
        for start, value in self._roads.get(waypoint.road_id, ()):
            if start <= waypoint.s:
                limit = value
        return limit


def _speeds(opendrive: str) -> dict[int, list[tuple[float, float]]]:
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
