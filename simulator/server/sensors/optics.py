"""CARLA's post-processing attributes as settings of our cameras."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, log2

from renderers.optics import NEUTRAL, Exposure, FilmCurve, Focus, MotionBlur, Optics

BLUR_RATE = 30.0
"""[1/s]: Unreal's motion blur of 1 is a shutter that is open for one frame of a 30 Hz film."""
REFERENCE_WIDTH = 1920.0
"""[px] for which ``blur_radius`` is given."""
DARKEST, BRIGHTEST = 10.0, 12.0
"""CARLA's default limits of the metered brightness. They are put on the range from this renderer's darkest night to its
clear noon; beyond it nothing is limited, and neither is it by the defaults."""


def optics_of(values: Mapping[str, str]) -> Optics:
    """What a camera's attributes ask for. Raises ValueError for values that no camera has."""
    if values["enable_postprocess_effects"].lower() not in ("true", "1"):
        return NEUTRAL
    number = {name: float(values[name]) for name in _NUMBERS}
    for name in ("shutter_speed", "iso", "fstop", "min_fstop", "gamma", "calibration_constant", "blur_amount"):
        if number[name] <= 0:
            raise ValueError(f"{name} must be more than 0, not {values[name]}")
    darkest, brightest = number["exposure_min_bright"], number["exposure_max_bright"]
    if darkest > brightest:
        raise ValueError(f"exposure_min_bright is {darkest}, more than exposure_max_bright, {brightest}")
    span = BRIGHTEST - DARKEST
    manual = values["exposure_mode"] == "manual"
    fstop = max(number["fstop"], number["min_fstop"])
    return Optics(
        exposure=Exposure(
            compensation=number["exposure_compensation"],
            manual=log2(number["fstop"] ** 2 * number["shutter_speed"] * 100 / number["iso"]) if manual else None,
            floor=(darkest - DARKEST) / span if darkest > DARKEST else -inf,
            ceiling=(brightest - DARKEST) / span if brightest < BRIGHTEST else inf,
            speed_up=max(number["exposure_speed_up"], 0.0),
            speed_down=max(number["exposure_speed_down"], 0.0),
            calibration=number["calibration_constant"] / 16,
        ),
        motion_blur=MotionBlur(
            max(number["motion_blur_intensity"], 0.0) / BLUR_RATE,
            max(number["motion_blur_max_distortion"], 0.0) / 100,
            number["motion_blur_min_object_screen_size"] / 100,
        )
        if number["motion_blur_intensity"] > 0
        else MotionBlur(),
        focus=Focus(
            max(number["focal_distance"], 0.0) / 100,
            fstop,
            int(values["blade_count"]),
            max(number["blur_radius"], 0.0) / REFERENCE_WIDTH,
            number["blur_amount"] * 1000,
        ),
        bloom=max(number["bloom_intensity"], 0.0),
        flare=max(number["lens_flare_intensity"], 0.0),
        temperature=number["temp"],
        tint=number["tint"],
        film=FilmCurve(number["slope"], number["toe"], number["shoulder"], number["black_clip"], number["white_clip"]),
        gamma=number["gamma"],
    )


_NUMBERS = (
    "gamma", "motion_blur_intensity", "motion_blur_max_distortion", "motion_blur_min_object_screen_size",
    "lens_flare_intensity", "bloom_intensity", "exposure_compensation", "shutter_speed", "iso", "fstop",
    "exposure_min_bright", "exposure_max_bright", "exposure_speed_up", "exposure_speed_down", "calibration_constant",
    "focal_distance", "min_fstop", "blur_amount", "blur_radius", "slope", "toe", "shoulder", "black_clip", "white_clip",
    "temp", "tint",
)  # fmt: skip
