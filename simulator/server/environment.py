"""CARLA's weather parameters as the renderers' environment."""

from __future__ import annotations

from math import radians

from renderers.scene import Environment
from simulator.server.wire import Weather
from simulator.world.weather import environment


def environment_of(weather: Weather) -> Environment:
    """Percentages become fractions; the azimuth [deg, clockwise from CARLA's x] the direction to the sun, ours."""
    return environment(
        sun_azimuth=-radians(weather.sun_azimuth),
        sun_altitude=radians(weather.sun_altitude),
        cloudiness=weather.cloudiness / 100,
        precipitation=weather.precipitation / 100,
        puddles=weather.precipitation_deposits / 100,
        wetness=weather.wetness / 100,
        wind=weather.wind_intensity / 100,
        dust=weather.dust_storm / 100,
        fog_density=weather.fog_density / 100,
        fog_distance=weather.fog_distance,
        fog_falloff=weather.fog_falloff,
    )
