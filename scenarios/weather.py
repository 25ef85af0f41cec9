"""Weather to draw from, as the field dictionaries that CARLA's ``WeatherParameters`` takes."""

from __future__ import annotations

import math
from typing import Any

from scenic.core.distributions import Range, distributionFunction


@distributionFunction
def dry_weather(cloudiness: float, sun_azimuth: float, sun_altitude: float, wind: float) -> dict[str, float]:
    """Dry weather by day.

    Args:
        cloudiness, wind: [%].
        sun_azimuth: [deg], clockwise from CARLA's x axis (east).
        sun_altitude: [deg] above the horizon.
    """
    return {
        "cloudiness": float(cloudiness),
        "precipitation": 0.0,
        "precipitation_deposits": 0.0,
        "wind_intensity": float(wind),
        "sun_azimuth_angle": float(sun_azimuth),
        "sun_altitude_angle": float(sun_altitude),
        "fog_density": 0.0,
        "wetness": 0.0,
    }


@distributionFunction
def sky(
    sun_altitude: float,
    sun_azimuth: float,
    cloudiness: float,
    rain: float = 0.0,
    fog: float = 0.0,
    fog_distance: float = 0.0,
    wind: float = 10.0,
) -> dict[str, float]:
    """Any weather.

    Args:
        sun_altitude: [deg] above the horizon, negative by night.
        sun_azimuth: [deg], clockwise from CARLA's x axis (east).
        cloudiness, rain, fog, wind: [%]. Rain wets the road.
        fog_distance: [m] at which the fog begins.
    """
    return {
        "cloudiness": float(cloudiness),
        "precipitation": float(rain),
        "precipitation_deposits": float(rain) * 0.7,
        "wind_intensity": float(wind),
        "sun_azimuth_angle": float(sun_azimuth),
        "sun_altitude_angle": float(sun_altitude),
        "fog_density": float(fog),
        "fog_distance": float(fog_distance),
        "wetness": float(rain),
    }


def by_day() -> Any:
    """Dry, the sun well up."""
    return sky(Range(18, 75), Range(0, 360), Range(0, 70))


def at_dusk() -> Any:
    """Dry, the sun just above the horizon."""
    return sky(Range(1, 6), Range(0, 360), Range(20, 80))


def by_night() -> Any:
    """Dry and dark."""
    return sky(Range(-60, -15), Range(0, 360), Range(0, 60))


def in_rain() -> Any:
    """Rain by day under a closed sky."""
    return sky(Range(10, 40), Range(0, 360), Range(85, 100), Range(50, 90))


def in_fog() -> Any:
    """Fog by day that begins at the car."""
    return sky(Range(10, 40), Range(0, 360), Range(60, 100), 0, Range(25, 50))


@distributionFunction
def facing_sun(heading: float, off: float, altitude: float) -> dict[str, float]:
    """A low, clear sun in the eyes of a driver.

    Args:
        heading: [rad] of the drive, counter-clockwise from north.
        off: [deg] by which the sun stands beside that direction. altitude: [deg] above the horizon.
    """
    azimuth = math.degrees(math.atan2(-math.cos(heading), -math.sin(heading))) + off
    return dict(sky(altitude, azimuth % 360, 5.0))
