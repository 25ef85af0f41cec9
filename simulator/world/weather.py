"""Weather: from CARLA's fields to the renderers' environment, and what it does to the road's grip."""

from __future__ import annotations

import numpy as np

from renderers.scene import Environment

WET_GRIP = 0.75
"""Grip of a wet road over that of a dry one; 0.7-0.8 over 0.8-1.0: Wallman and Astrom, VTI 911A (2001)."""


def environment(
    *,
    sun_azimuth: float,
    sun_altitude: float,
    cloudiness: float = 0.0,
    precipitation: float = 0.0,
    puddles: float = 0.0,
    wetness: float = 0.0,
    wind: float = 0.0,
    dust: float = 0.0,
    fog_density: float = 0.0,
    fog_distance: float = 0.75,
    fog_falloff: float = 0.2,
) -> Environment:
    """Light and weather from CARLA's fields, percentages as fractions, the sun's direction in our frame [rad].

    Fractions are clipped to [0, 1], as CARLA does. Raises ValueError for values that are not finite.
    """
    fields = {name: float(value) for name, value in locals().items()}
    for name, value in fields.items():
        if not np.isfinite(value):
            raise ValueError(f"weather: {name} must be finite, not {value}")
    for name in ("cloudiness", "precipitation", "puddles", "wetness", "wind", "dust", "fog_density"):
        fields[name] = min(max(fields[name], 0.0), 1.0)
    for name in ("fog_distance", "fog_falloff"):
        fields[name] = max(fields[name], 0.0)
    return Environment(**fields)


def grip(weather: Environment) -> float:
    """Factor on the road's friction: 1 is dry, ``WET_GRIP`` wet through; standing water counts as wet."""
    return 1.0 - (1.0 - WET_GRIP) * max(weather.wetness, weather.puddles)
