"""How rigid bodies move, compiled. Arrays are those of ``rigid.Motion``: (3, N), rotations (3, 3, N)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.world.bodies import CREEP, Array
from simulator.world.compiled import FLAGS, REAL, REAL_2, REAL_3, compiled, float64

FASTEST_SPIN = 40.0
"""[rad/s]; nothing on a road turns faster for long."""


@compiled(REAL_2, REAL_3, REAL_2, REAL_2, float64)
def move(center: Array, rotation: Array, velocity: Array, spin: Array, dt: float) -> None:
    """Moves and turns bodies by their velocities, over ``dt`` [s]."""
    for n in range(center.shape[1]):
        rate = math.sqrt(spin[0, n] ** 2 + spin[1, n] ** 2 + spin[2, n] ** 2)
        if rate > FASTEST_SPIN:
            for i in range(3):
                spin[i, n] *= FASTEST_SPIN / rate
            rate = FASTEST_SPIN
        for i in range(3):
            center[i, n] += dt * velocity[i, n]
        angle = max(rate * dt, 1e-9)
        once, twice = math.sin(angle) / angle, (1 - math.cos(angle)) / angle**2
        x, y, z = dt * spin[0, n], dt * spin[1, n], dt * spin[2, n]
        for j in range(3):  # Rodrigues' formula
            a, b, c = rotation[0, j, n], rotation[1, j, n], rotation[2, j, n]
            e, f, g = y * c - z * b, z * a - x * c, x * b - y * a
            rotation[0, j, n] += once * e + twice * (y * g - z * f)
            rotation[1, j, n] += once * f + twice * (z * e - x * g)
            rotation[2, j, n] += once * g + twice * (x * f - y * e)


@compiled(REAL_2, REAL_3, REAL_3, REAL, FLAGS)
def sinking(
    center: Array, rotation: Array, corners: Array, highest: Array, awake: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which bodies (N,) are awake and have a corner (3, K, N) below ``highest`` (N,) [m]."""
    low = np.zeros(len(highest), np.bool_)
    for n in range(len(highest)):
        if awake[n]:
            room = highest[n] - center[2, n]
            for k in range(corners.shape[1]):
                height = (
                    rotation[2, 0, n] * corners[0, k, n]
                    + rotation[2, 1, n] * corners[1, k, n]
                    + rotation[2, 2, n] * corners[2, k, n]
                )
                if height < room:
                    low[n] = True
                    break
    return low


@compiled(REAL_2, REAL_3, REAL_2, REAL_2, REAL_2, REAL_3, FLAGS)
def settle(
    center: Array, rotation: Array, velocity: Array, spin: Array, offset: Array, poses: Array, calm: NDArray[np.bool_]
) -> None:
    """Makes rotations true ones again, as small errors add up over sub-steps; fills in world_from_body (N, 4, 4), and
    which bodies are as good as at rest."""
    for n in range(center.shape[1]):
        a, b, c = rotation[0, 0, n], rotation[1, 0, n], rotation[2, 0, n]
        size = math.sqrt(a * a + b * b + c * c)
        a, b, c = a / size, b / size, c / size
        x, y, z = rotation[0, 1, n], rotation[1, 1, n], rotation[2, 1, n]
        e, f, g = b * z - c * y, c * x - a * z, a * y - b * x
        size = math.sqrt(e * e + f * f + g * g)
        e, f, g = e / size, f / size, g / size
        rotation[0, 0, n], rotation[1, 0, n], rotation[2, 0, n] = a, b, c
        rotation[0, 1, n], rotation[1, 1, n], rotation[2, 1, n] = f * c - g * b, g * a - e * c, e * b - f * a
        rotation[0, 2, n], rotation[1, 2, n], rotation[2, 2, n] = e, f, g
        moving, turning = 0.0, 0.0
        for i in range(3):
            moving += velocity[i, n] ** 2
            turning += spin[i, n] ** 2
            at = center[i, n]
            for j in range(3):
                poses[n, i, j] = rotation[i, j, n]
                at -= rotation[i, j, n] * offset[j, n]
            poses[n, i, 3] = at
            poses[n, 3, i] = 0.0
        poses[n, 3, 3] = 1.0
        calm[n] = moving < CREEP**2 and turning < (5 * CREEP) ** 2
