"""What the official client's own map code tells of a map: geographic places."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import carla

from simulator.server.wire import Array
from simulator.world.town import Town


class RoadMap:
    """A town's OpenDRIVE, read on first use."""

    def __init__(self, town: Town) -> None:
        self._town = town

    @cached_property
    def _map(self) -> Any:
        return carla.Map(self._town.name, self._town.opendrive)

    def geolocation(self, position: Array) -> tuple[float, float, float]:
        """Latitude, longitude [deg] and altitude [m] of a position (3,) [m].

        The 0.9.16 client's ``transform_to_geolocation`` takes CARLA's y, which points south, for north; the map's own
        north, ours, is given here instead, so that GNSS and compass agree.
        """
        place = self._map.transform_to_geolocation(carla.Location(*(float(part) for part in position)))
        return place.latitude, place.longitude, place.altitude
