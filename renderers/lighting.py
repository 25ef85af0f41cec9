"""Light for one environment: sun, sky, clouds, fog and the exposure that a camera would choose.

Radiance is relative to a solar irradiance of 1 above the atmosphere, white-balanced to daylight, so that noon looks
neutral and the evening warm. The clear sky comes from ``renderers.atmosphere``; an overcast one follows the CIE's
standard overcast sky (CIE S 011:2003, type 1: three times as bright overhead as at the horizon).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderers.atmosphere import Array, Atmosphere
from renderers.scene import Environment

SKY_SIZE = (64, 64)
"""Rows and columns of the sky table."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
OVERCAST_SHARE = 0.22
"""Light under a closed deck of clouds over that of a clear sky: 10-25 klx over about 100 klx."""
NIGHT_SKY = np.array([0.6, 0.75, 1.0]) * 3e-4
"""Radiance of a moonlit sky over a lit town, raised far above nature's so that an 8-bit picture shows something."""
MOON = np.array([0.75, 0.85, 1.0]) * 2e-3
GROUND = np.array([0.24, 0.21, 0.17])
"""Albedo of what lies below the horizon, for light that comes from beneath."""
FOG_EXTINCTION = 0.12
"""[1/m] at a fog density of 1: Koschmieder's 3.9 / 0.12 is a visibility of 33 m; it goes with the density's square."""
CLEAR_VISIBILITY = 20e3


@dataclass(frozen=True, eq=False)
class Lighting:
    """What the shaders know of the weather.

    Attributes:
        sun_direction: (3,) world, towards the sun, or at night the moon.
        sun: (3,) irradiance across its beam at the ground, clouds and fog taken off.
        sky: SKY_SIZE + (3,) float32 radiance: rows by the root of elevation over a right angle, columns by azimuth
            from the sun's over pi; clouds not in it.
        harmonics: (9, 3) float32, irradiance over pi by normal: coefficients of the real spherical harmonics up to
            degree 2 (Ramamoorthi and Hanrahan 2001), the sky with its clouds above and the ground below.
        ground: (3,) radiance of the ground below the horizon.
        cloud: (3,) radiance of a sunlit cloud. fog: (3,) radiance of fog.
        fog_extinction: [1/m]; fog_height: [m] over which it falls by e; haze_extinction: (3,) [1/m] of the clear air.
        exposure: what radiance is multiplied by before the film curve.
        night: share of darkness in [0, 1].
    """

    sun_direction: Array
    sun: Array
    sky: NDArray[np.float32]
    harmonics: NDArray[np.float32]
    ground: Array
    cloud: Array
    fog: Array
    fog_extinction: float
    fog_height: float
    haze_extinction: Array
    exposure: float
    night: float


@lru_cache(maxsize=16)
def lighting(environment: Environment) -> Lighting:
    """The light of an environment; the same one, the same light."""
    altitude = environment.sun_altitude
    air = Atmosphere(haze=1.3 + 6.0 * environment.dust)
    balance = _daylight()
    rows, columns = SKY_SIZE
    elevation, azimuth = np.meshgrid(
        ((np.arange(rows) + 0.5) / rows) ** 2 * np.pi / 2, (np.arange(columns) + 0.5) / columns * np.pi, indexing="ij"
    )
    clear = air.sky(altitude, elevation, azimuth) / balance
    sun = air.sun(altitude) / balance
    up = max(np.sin(altitude), 0.0)
    clear_total = _flux(clear, elevation) + sun * up

    # Clouds: a broken deck leaves the sun alone, a closed one hides it and turns the sky into an even grey.
    closed = _smooth(0.45, 0.95, environment.cloudiness)
    grey = (clear_total @ LUMINANCE) * np.array([0.97, 1.0, 1.04]) * OVERCAST_SHARE
    overcast = grey * (1 + 2 * np.sin(elevation))[..., None] / (7 / 3 * np.pi)
    night = _smooth(0.02, -0.14, altitude)
    sky = clear * (1 - closed) + overcast * closed + NIGHT_SKY * night
    sun = sun * (1 - closed)

    extinction = FOG_EXTINCTION * environment.fog_density**2 + 0.004 * environment.dust**2
    height = 12.0 / max(environment.fog_falloff, 0.02)
    through = np.exp(-extinction * height / max(up, 0.15))
    lost = sun * up * (1 - through)
    sun = sun * through
    direction = np.array(
        [
            np.cos(environment.sun_azimuth) * np.cos(altitude),
            np.sin(environment.sun_azimuth) * np.cos(altitude),
            np.sin(altitude),
        ]
    )
    if altitude < -0.02:
        direction = np.array([-np.cos(environment.sun_azimuth) * 0.7, -np.sin(environment.sun_azimuth) * 0.7, 0.714])
        sun = MOON * night * (1 - closed) * through

    # The picture shows clouds as shapes; their light on the ground is their share of the sky.
    cloud = (sun * 0.28 + _flux(sky, elevation) / np.pi * 0.9) * (1 - closed) + overcast[-1, 0] * closed
    cover = 0.7 * environment.cloudiness * (1 - closed)
    lit = sky * (1 - cover) + cloud * cover + lost * 0.6 / np.pi
    total = _flux(lit, elevation) + sun * max(direction[2], 0.0)
    ground = GROUND * total / np.pi
    tan = np.array([1.0, 0.9, 0.72]) if environment.dust else np.ones(3)
    fog = tan**environment.dust * (total / np.pi * 0.72)
    metered = max(float((_flux(lit, elevation) + sun * max(direction[2], 0.38)) @ LUMINANCE), 0.0)
    return Lighting(
        sun_direction=direction,
        sun=sun,
        sky=sky.astype(np.float32),
        harmonics=_harmonics(lit, elevation, azimuth, environment.sun_azimuth, ground),
        ground=ground,
        cloud=cloud,
        fog=fog,
        fog_extinction=extinction,
        fog_height=height,
        haze_extinction=np.array([0.55, 0.8, 1.3]) * 3.9 / CLEAR_VISIBILITY * (1 + 2 * environment.dust),
        exposure=1.5 * np.pi / (metered + 0.03),
        night=night,
    )


@lru_cache(maxsize=1)
def _daylight() -> Array:
    """White balance (3,): what lights a level surface with the sun at 50 degrees, at unit luminance."""
    air = Atmosphere(haze=1.3)
    elevation, azimuth = np.meshgrid(
        (np.arange(16) + 0.5) / 16 * np.pi / 2, (np.arange(16) + 0.5) / 16 * np.pi, indexing="ij"
    )
    sky = air.sky(np.radians(50), elevation, azimuth)
    total = (sky * (np.sin(elevation) * np.cos(elevation))[..., None]).mean((0, 1)) * np.pi**2
    total += air.sun(np.radians(50)) * np.sin(np.radians(50))
    return np.asarray(total / (total @ LUMINANCE))


def _solid_angle(elevation: Array) -> Array:
    """Solid angle (R, C) [sr] of the sky table's cells, both halves of the sky counted."""
    rows, columns = elevation.shape
    edges = np.sin((np.arange(rows + 1) / rows) ** 2 * np.pi / 2)
    return np.repeat(np.diff(edges)[:, None], columns, axis=1) * 2 * np.pi / columns


def _flux(radiance: Array, elevation: Array) -> Array:
    """Irradiance (3,) of a level surface under a sky table (R, C, 3)."""
    return np.asarray((radiance * (_solid_angle(elevation) * np.sin(elevation))[..., None]).sum((0, 1)))


def basis(n: Array) -> Array:
    """Real spherical harmonics (..., 9) up to degree 2 of unit vectors (..., 3)."""
    x, y, z = n[..., 0], n[..., 1], n[..., 2]
    return np.stack(
        (
            0.282095 * np.ones_like(x),
            0.488603 * y,
            0.488603 * z,
            0.488603 * x,
            1.092548 * x * y,
            1.092548 * y * z,
            0.315392 * (3 * z * z - 1),
            1.092548 * x * z,
            0.546274 * (x * x - y * y),
        ),
        -1,
    )


def _harmonics(sky: Array, elevation: Array, azimuth: Array, sun_azimuth: float, ground: Array) -> NDArray[np.float32]:
    total = np.zeros((9, 3))
    weight = _solid_angle(elevation)[..., None] / 2
    for side in (azimuth, -azimuth):
        turn = side + sun_azimuth
        above = np.stack((np.cos(elevation) * np.cos(turn), np.cos(elevation) * np.sin(turn), np.sin(elevation)), -1)
        total += np.einsum("rck,rcb->kb", basis(above), sky * weight)
        below = above * np.array([1, 1, -1])
        total += np.einsum("rck,rcb->kb", basis(below), np.broadcast_to(ground, sky.shape) * weight)
    falloff = np.array([1, 2 / 3, 2 / 3, 2 / 3, 0.25, 0.25, 0.25, 0.25, 0.25])  # clamped cosine over pi
    return (total * falloff[:, None]).astype(np.float32)


def _smooth(low: float, high: float, value: float) -> float:
    t = float(np.clip((value - low) / (high - low), 0, 1))
    return t * t * (3 - 2 * t)
