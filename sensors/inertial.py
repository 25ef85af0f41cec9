"""Errors of inertial units, satellite receivers and localisers.

All are made of white noise and of parts that wander. An instance is one sensor in one scene; it is asked once a
measurement, in order, with a generator of its own.
"""

from __future__ import annotations

from math import exp, radians, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sensors.geometry import matrix_quaternion
from sensors.specs import EgoPoseError, GnssSpec, ImuSpec, InertialNoise

Array = NDArray[np.float64]

EARTH_RADIUS = 6378137.0
"""[m], WGS 84's equator, as CARLA takes it."""


class Triad:
    """Three accelerometers or gyroscopes: true + bias + white noise; the bias starts at random and walks.

    IEEE Std 952-1997, annex C: white noise of density N has a standard deviation of N / sqrt(dt) in samples dt apart;
    the Allan deviation is N / sqrt(tau) from it and K sqrt(tau / 3) from a random walk K of the bias.
    """

    def __init__(self, noise: InertialNoise, period: float, random: np.random.Generator) -> None:
        self._noise, self._period, self._random = noise, period, random
        self.bias = noise.bias * random.standard_normal(3)

    def measured(self, true: Array) -> Array:
        """(3,) what it tells of (3,)."""
        white, step = self._random.standard_normal((2, 3))
        result = true + self.bias + self._noise.white / sqrt(self._period) * white
        self.bias = self.bias + self._noise.walk * sqrt(self._period) * step
        return result


class Imu:
    """An inertial unit's errors; ``period`` [s] between measurements."""

    def __init__(self, spec: ImuSpec, period: float, random: np.random.Generator) -> None:
        self._spec, self._random = spec, random
        degrees = spec.gyroscope
        turning = InertialNoise(**{name: radians(value) for name, value in degrees.model_dump().items()})
        self._accelerometer = Triad(spec.accelerometer, period, random)
        self._gyroscope = Triad(turning, period, random)

    def measured(
        self, acceleration: Array, angular_velocity: Array, world_from_imu: Array
    ) -> tuple[Array, Array, Array]:
        """What it tells of the true specific force (3,) [m/s^2], angular velocity (3,) [rad/s] and pose (4, 4).

        Returns:
            both vectors, and the orientation (4,) quaternion w, x, y, z.
        """
        roll, pitch, heading = self._random.standard_normal(3)
        tilt, yaw = radians(self._spec.tilt_noise), radians(self._spec.heading_noise)
        level = Rotation.from_euler("xyz", [tilt * roll, tilt * pitch, 0.0]).as_matrix()
        turn = Rotation.from_euler("z", yaw * heading).as_matrix()
        orientation = matrix_quaternion(turn @ world_from_imu[:3, :3] @ level)
        return self._accelerometer.measured(acceleration), self._gyroscope.measured(angular_velocity), orientation


class Gnss:
    """A receiver's errors: white, and a first-order Gauss-Markov process for what the sky does to all fixes alike."""

    def __init__(self, spec: GnssSpec, period: float, random: np.random.Generator) -> None:
        self._random = random
        self._white = np.array([spec.horizontal_noise, spec.horizontal_noise, spec.vertical_noise])
        self._wander = np.array([spec.horizontal_wander, spec.horizontal_wander, spec.vertical_wander])
        self._memory = exp(-period / spec.wander_time)
        self._off = self._wander * random.standard_normal(3)

    def error(self) -> Array:
        """(3,) east, north, up [m] of the next fix."""
        white, step = self._random.standard_normal((2, 3))
        error = self._off + self._white * white
        self._off = self._memory * self._off + sqrt(1 - self._memory**2) * self._wander * step
        return error

    def measured(self, latitude: float, longitude: float, altitude: float) -> tuple[float, float, float]:
        """What it tells of a true place [deg, deg, m]."""
        east, north, up = self.error()
        metres = radians(1.0) * EARTH_RADIUS
        return (
            latitude + north / metres,
            longitude + east / (metres * np.cos(radians(latitude))),
            altitude + up,
        )


class Localiser:
    """The error of the ego's estimated pose: a random walk from zero, and white noise, both in the ego's frame."""

    def __init__(self, spec: EgoPoseError, random: np.random.Generator) -> None:
        self._random = random
        self._noise = np.repeat([spec.translation_noise, radians(spec.rotation_noise)], 3)
        self._drift = np.repeat([spec.translation_drift, radians(spec.rotation_drift)], 3)
        self._off, self._last = np.zeros(6), 0.0

    def estimated(self, world_from_ego: Array, time: float) -> Array:
        """The pose (4, 4) that it reports at a time [s]; times only grow."""
        white, step = self._random.standard_normal((2, 6))
        self._off = self._off + self._drift * sqrt(time - self._last) * step
        self._last = time
        error = self._off + self._noise * white
        ego_from_estimate = np.eye(4)
        ego_from_estimate[:3, 3] = error[:3]
        ego_from_estimate[:3, :3] = Rotation.from_rotvec(error[3:]).as_matrix()
        return world_from_ego @ ego_from_estimate
