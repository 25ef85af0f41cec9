"""What a camera's shutter, lens and film do to the light, beyond what every picture gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from math import inf, log2

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SOLAR_ILLUMINANCE = 133e3
"""[lx] above the atmosphere: the renderers' unit of radiance is that of a surface of albedo pi under it [cd/m^2]."""
REFLECTED_LIGHT = 12.5
"""Calibration constant K of exposure meters [cd s/m^2 ISO] (ISO 2720): EV100 = log2(luminance * 100 / K)."""
MIDDLE_GREY = 0.27
NIGHT, NOON = 157.0, 4.3
"""The exposures that ``renderers.lighting`` chooses for the darkest night and for a clear noon."""
TABLE = 512
"""Entries of the film's table."""
TABLE_STOPS = (-14.0, 10.0)
"""Stops about 1 that the film's table covers."""


@dataclass(frozen=True)
class Exposure:
    """How bright a picture is made.

    Attributes:
        compensation: [stops].
        manual: EV100 of a fixed exposure, or None: metered.
        floor, ceiling: a metered exposure stays between those for the darkest night (0) and for a clear noon (1).
        speed_up, speed_down: [stops/s] at which a metered exposure follows light that grows, that fades.
        calibration: factor.
    """

    compensation: float = 0.0
    manual: float | None = None
    floor: float = -inf
    ceiling: float = inf
    speed_up: float = inf
    speed_down: float = inf
    calibration: float = 1.0


@dataclass(frozen=True)
class MotionBlur:
    """The shutter is open for ``exposure`` [s]; streaks end at ``longest`` (share of the picture's width); bodies that
    cover less than ``smallest`` (share of the width) are left sharp."""

    exposure: float = 0.0
    longest: float = 0.0
    smallest: float = 0.0


@dataclass(frozen=True)
class Focus:
    """Depth of field of a thin lens.

    Attributes:
        distance: [m] that is sharp; 0 is everything.
        fstop: focal length over aperture.
        blades: of the diaphragm.
        haze: radius [share of the width] by which the air blurs what is infinitely far; ``haze_distance`` [m] is where
            it is half of that.
    """

    distance: float = 0.0
    fstop: float = 1.4
    blades: int = 5
    haze: float = 0.0
    haze_distance: float = 1000.0


@dataclass(frozen=True)
class FilmCurve:
    """Epic's film curve: slope of its straight part, bends at the dark and the bright end, and what they cut off."""

    slope: float = 0.88
    toe: float = 0.55
    shoulder: float = 0.26
    black_clip: float = 0.0
    white_clip: float = 0.04


@dataclass(frozen=True)
class Optics:
    """A camera's settings. The defaults do nothing and cost nothing.

    Attributes:
        bloom, flare: strengths of the glow around bright light and of its mirror images.
        temperature: [K] of the light that is taken for white; tint: towards magenta (positive) or green.
        film: the curve, relative to the default one, which stands for the renderer's own.
        gamma: 2.2 is sRGB's; more is brighter.
    """

    exposure: Exposure = field(default_factory=Exposure)
    motion_blur: MotionBlur = field(default_factory=MotionBlur)
    focus: Focus = field(default_factory=Focus)
    bloom: float = 0.0
    flare: float = 0.0
    temperature: float = 6500.0
    tint: float = 0.0
    film: FilmCurve = field(default_factory=FilmCurve)
    gamma: float = 2.2

    @property
    def grades(self) -> bool:
        """Whether colours differ from the renderer's own."""
        return (self.temperature, self.tint, self.film, self.gamma) != (6500.0, 0.0, FilmCurve(), 2.2)


NEUTRAL = Optics()


@dataclass(frozen=True)
class Shot:
    """One picture of a camera: its settings; ``tick`` [s], over which things moved; the exposure of its last picture,
    None for the first, and the time [s] ``since`` then.
    """

    optics: Optics = NEUTRAL
    tick: float = 0.05
    last_exposure: float | None = None
    since: float = 0.0


PLAIN = Shot()


def exposure(settings: Exposure, metered: float, before: float | None, elapsed: float) -> float:
    """The factor on radiance for this picture.

    Args:
        metered: the factor that the renderer's own meter finds.
        before: the last picture's factor, None for the first; ``elapsed`` [s] since then.
    """
    gain = settings.calibration * 2.0**settings.compensation
    if settings.manual is not None:
        # ISO 2720: a meter set to EV100 makes a surface of luminance 2^EV K / 100 middle grey.
        luminance = 2.0**settings.manual * REFLECTED_LIGHT / 100
        return gain * MIDDLE_GREY * SOLAR_ILLUMINANCE / luminance
    span = log2(NIGHT / NOON)
    stops = log2(metered)
    dark, bright = log2(NIGHT) - settings.floor * span, log2(NIGHT) - settings.ceiling * span
    stops = max(min(stops, dark), bright)
    if before is not None:
        last = log2(before / gain)
        stops = min(max(stops, last - settings.speed_up * elapsed), last + settings.speed_down * elapsed)
    return gain * 2.0**stops


def circle_of_confusion(focus: Focus, depth: NDArray[np.floating], focal: float, width: int) -> NDArray[np.float64]:
    """Radius [px] of the disc that a point at ``depth`` [m] makes; ``focal`` is the focal length [px]."""
    near, scale = lens_scale(focus, focal, width)
    return np.asarray(scale * np.abs(1 / near - 1 / np.maximum(depth, 1e-3)))


SENSOR_WIDTH = 24.576e-3
"""[m], Unreal's default (DepthOfFieldSensorWidth)."""


def lens_scale(focus: Focus, focal: float, width: int) -> tuple[float, float]:
    """Distance in focus [m] and c, with a radius of c |1 / distance - 1 / depth| [px]: the thin lens."""
    metres_per_pixel = SENSOR_WIDTH / width
    length = focal * metres_per_pixel
    aperture = length / focus.fstop
    image = length * focus.distance / max(focus.distance - length, 1e-6)  # behind the lens
    return focus.distance, 0.5 * aperture * image / metres_per_pixel


# -- colour ------------------------------------------------------------------------------------------------------------

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_XYZ_FROM_RGB = np.array(
    [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923], [0.0193308, 0.1191948, 0.9505322]]
)


@lru_cache(maxsize=16)
def white_balance(temperature: float, tint: float) -> Array:
    """Matrix (3, 3) on linear sRGB that turns light of a temperature [K] white, from its neutral at 6500 K.

    Chromatic adaptation by Bradford's cones; ``tint`` moves the white across the locus of black bodies, 0.05 in
    CIE 1960 (u, v) for 1, which turns the picture magenta; negative, green.
    """
    neutral, white = _white(6500.0, 0.0), _white(temperature, tint)
    gains = (_BRADFORD @ neutral) / (_BRADFORD @ white)
    adapt = np.linalg.inv(_BRADFORD) @ np.diag(gains) @ _BRADFORD
    return np.asarray(np.linalg.inv(_XYZ_FROM_RGB) @ adapt @ _XYZ_FROM_RGB)


def _white(temperature: float, tint: float) -> Array:
    """XYZ (3,) at Y = 1 of a white: a temperature [K], moved by ``tint`` across the locus, towards green."""
    place = _locus(temperature)
    along = _locus(temperature * 1.01) - place
    across = np.array([along[1], -along[0]]) / np.hypot(*along)
    u, v = place + tint * 0.05 * across * np.sign(across[1])
    x, y = 3 * u / (2 * u - 8 * v + 4), 2 * v / (2 * u - 8 * v + 4)
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _locus(temperature: float) -> Array:
    """CIE 1960 (u, v) of a black body, in polynomials (Kim et al., US patent 7024034)."""
    t = float(np.clip(temperature, 1667.0, 25000.0))
    if t < 4000:
        x = -0.2661239e9 / t**3 - 0.2343589e6 / t**2 + 0.8776956e3 / t + 0.179910
    else:
        x = -3.0258469e9 / t**3 + 2.1070379e6 / t**2 + 0.2226347e3 / t + 0.240390
    if t < 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif t < 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    return np.array([4 * x, 6 * y]) / (12 * y - 2 * x + 3)


@lru_cache(maxsize=16)
def film_table(curve: FilmCurve) -> NDArray[np.float32]:
    """(TABLE,) float32: by stops about 1 (``TABLE_STOPS``), the stops to which the film moves an exposure.

    A light x is put where the default curve gives what ``curve`` gives for x, so the default moves nothing and the
    renderer's own film follows after it.
    """
    stops = np.linspace(*TABLE_STOPS, TABLE)
    own, default = _film(curve, stops), _film(FilmCurve(), stops)
    # Strictly rising, so that it can be read backwards.
    default = default + np.linspace(0, 1e-6, TABLE)
    return np.interp(own, default, stops).astype(np.float32)


def _film(curve: FilmCurve, stops: Array) -> Array:
    """Epic's curve (Unreal Engine 4.15's filmic tonemapper, public documentation): output by stops about 1.

    Against the decimal logarithm of the input: a straight line of ``slope`` through middle grey, and a logistic bend at
    either end that starts where the line has covered what toe and shoulder leave, and flattens at the clips.
    """
    slope = max(curve.slope, 1e-3)
    low_end, high_end = 1 + curve.black_clip - curve.toe, 1 + curve.white_clip - curve.shoulder
    low_end, high_end = max(low_end, 1e-3), max(high_end, 1e-3)
    grey = 0.18
    if curve.toe > 0.8:  # no straight part is left: the line passes grey
        toe_at = (1 - curve.toe - 0.18) / slope + np.log10(grey)
    else:
        bend = float(np.clip((curve.black_clip + 0.18) / low_end - 1, -0.999, 0.999))
        toe_at = np.log10(grey) - 0.5 * np.log((1 + bend) / (1 - bend)) * (low_end / slope)
    line_at = (1 - curve.toe) / slope - toe_at
    shoulder_at = curve.shoulder / slope - line_at
    x = stops * np.log10(2.0)
    straight = slope * (x + line_at)
    toe = -curve.black_clip + 2 * low_end / (1 + np.exp(-2 * slope / low_end * (x - toe_at)))
    shoulder = (1 + curve.white_clip) - 2 * high_end / (1 + np.exp(2 * slope / high_end * (x - shoulder_at)))
    toe = np.where(x < toe_at, toe, straight)
    shoulder = np.where(x > shoulder_at, shoulder, straight)
    t = np.clip((x - toe_at) / (shoulder_at - toe_at), 0, 1)
    t = 1 - t if shoulder_at < toe_at else t
    t = (3 - 2 * t) * t * t
    return np.asarray(toe + (shoulder - toe) * t)
