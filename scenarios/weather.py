"""Weather to draw from, as the field dictionaries that CARLA's ``WeatherParameters`` takes."""

from __future__ import annotations

from scenic.core.distributions import distributionFunction


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
