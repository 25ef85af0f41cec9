"""Where feet are and when: duty cycles, foot paths that do not slide, and the flight of a hop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GRAVITY = 9.81


def pulse(phase: float, center: float, width: float) -> float:
    """Smooth periodic bump in [0, 1]: 1 at ``center``, 0 beyond ``width`` cycles from it."""
    away = abs((phase - center + 0.5) % 1.0 - 0.5)
    return 0.0 if away >= width else 0.5 + 0.5 * float(np.cos(np.pi * away / width))


def wave(phase: float, shift: float = 0.0) -> float:
    """Sine of one cycle per phase."""
    return float(np.sin(2 * np.pi * (phase - shift)))


@dataclass(frozen=True)
class Step:
    """Where a foot is, relative to the middle of its stance.

    Attributes:
        forward: [m] in the body frame.
        lift: in [0, 1], share of the highest lift; 0 throughout the stance.
        stance: progress through the stance in [0, 1], or None in the air.
        swing: progress through the swing in [0, 1], or None on the ground.
    """

    forward: float
    lift: float
    stance: float | None
    swing: float | None


def step(phase: float, duty: float, stride: float) -> Step:
    """The step of a foot that lands at phase 0 and stays down for the fraction ``duty`` of the cycle.

    On the ground the foot moves backward at ground speed (``stride`` metres a cycle), so it does not slide; in the air
    it comes forward along a cubic that joins both ends without a jerk.
    """
    phase %= 1.0
    half = stride * duty / 2
    if phase < duty:
        progress = phase / duty
        return Step(half - 2 * half * progress, 0.0, progress, None)
    t = (phase - duty) / (1 - duty)
    slope = -stride * (1 - duty)
    forward = (
        -half * (2 * t**3 - 3 * t**2 + 1)
        + half * (3 * t**2 - 2 * t**3)
        + slope * (t**3 - 2 * t**2 + t)
        + slope * (t**3 - t**2)
    )
    return Step(forward, float(np.sin(np.pi * t) ** 1.2), None, t)


def flight(phase: float, duty: float, period: float) -> float:
    """Height [m] of a body's centre relative to touch-down, for a gait with one flight a cycle (landing at phase 0).

    In the air it is the parabola of free fall; on the ground half a sine that leaves with the same velocity.
    """
    phase %= 1.0
    air = (1 - duty) * period
    speed = GRAVITY * air / 2
    if phase < duty:
        return -speed * duty * period / np.pi * float(np.sin(np.pi * phase / duty))
    t = (phase - duty) * period
    return speed * t - GRAVITY * t * t / 2
