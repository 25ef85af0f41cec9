"""Names for the conditions under which something is seen: range, occlusion, light, weather; and for people's groups."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

RANGE_EDGES = (10.0, 20.0, 40.0, 60.0)
RANGES = ("0-10 m", "10-20 m", "20-40 m", "40-60 m", "over 60 m")

OCCLUSIONS = ("visible", "partly hidden", "mostly hidden", "LiDAR only")
"""From 90 % of the outline visible, from 50 %, below (the levels of the KITTI export), and seen by no camera."""

LIGHTS = ("day", "low sun", "twilight", "night")
"""By the sun's altitude: from 15 degrees, from 0, from -6 (civil twilight ends), below."""

WEATHERS = ("clear", "overcast", "wet road", "rain", "fog", "dust")

PEOPLE: Mapping[str, str] = {
    "adult": "adults",
    "child": "children",
    "police_officer": "police officers",
    "construction_worker": "construction workers",
    "wheelchair": "people in wheelchairs",
    "stroller": "people with strollers",
    "personal_mobility": "people on scooters and the like",
}
"""The taxonomy's classes of people, in words."""


def range_of(distance: float) -> str:
    """Name of a distance [m]."""
    return RANGES[bisect_right(RANGE_EDGES, distance)]


def occlusion_of(visible_fraction: float | None) -> str:
    """Name of a visible share in [0, 1]; None: no camera sees it."""
    if visible_fraction is None:
        return OCCLUSIONS[3]
    return OCCLUSIONS[0 if visible_fraction >= 0.9 else 1 if visible_fraction >= 0.5 else 2]


def light_of(weather: Mapping[str, float]) -> str:
    """Name of the light under CARLA's weather fields; ``unknown`` where they do not tell the sun's altitude [deg]."""
    altitude = weather.get("sun_altitude_angle")
    if altitude is None:
        return "unknown"
    return LIGHTS[0 if altitude >= 15 else 1 if altitude >= 0 else 2 if altitude >= -6 else 3]


def weather_of(weather: Mapping[str, float]) -> str:
    """Name of what CARLA's weather fields [%] make: the most disturbing thing that is strong enough to be noticed."""
    if not weather:
        return "unknown"

    def strength(field: str) -> float:
        return weather.get(field, 0.0)

    if strength("precipitation") >= 5:
        return "rain"
    if strength("fog_density") >= 10:
        return "fog"
    if strength("dust_storm") >= 10:
        return "dust"
    if max(strength("wetness"), strength("precipitation_deposits")) >= 20:
        return "wet road"
    return "overcast" if strength("cloudiness") >= 60 else "clear"
