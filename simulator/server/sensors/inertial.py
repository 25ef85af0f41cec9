"""GNSS and IMU."""

from __future__ import annotations

from math import pi

import msgpack
import numpy as np

from simulator.server.actors import Actor
from simulator.server.sensors.sensor import Moment, Sensor
from simulator.server.wire import Array, encode_axial, encode_vector


class Gnss(Sensor):
    """sensor.other.gnss."""

    code = 4

    def measure(self, moment: Moment, actor: Actor) -> None:
        """Latitude, longitude, altitude with the blueprint's noise."""
        true = moment.road_map.geolocation(actor.world_from_actor[:3, 3])
        draws = self.random.standard_normal(3)
        noisy = [
            value + self.number(f"noise_{axis}_bias") + self.number(f"noise_{axis}_stddev") * float(draw)
            for value, axis, draw in zip(true, ("lat", "lon", "alt"), draws, strict=True)
        ]
        self.send(moment, actor, msgpack.packb(noisy))


class Imu(Sensor):
    """sensor.other.imu: what an accelerometer feels, gravity included."""

    code = 5
    _velocity: Array | None = None
    _frame = -1

    def measure(self, moment: Moment, actor: Actor) -> None:
        """Accelerometer [m/s^2], gyroscope [rad/s] in the sensor's frame, compass [rad] clockwise from north."""
        pose, body = actor.world_from_actor, actor.root.body
        velocity = spin = np.zeros(3)
        if body is not None:
            spin = body.angular_velocity
            velocity = body.velocity + np.cross(spin, pose[:3, 3] - body.world_from_body[:3, 3])
        acceleration = np.zeros(3)  # a first measurement has none: a velocity set at the start is no force
        if self._velocity is not None and body is not None:
            acceleration = body.acceleration
            if self._frame == moment.frame - 1:
                acceleration = (velocity - self._velocity) / moment.dt  # at the sensor's place, off the centre
        self._velocity, self._frame = velocity, moment.frame
        actor_from_world = pose[:3, :3].T
        felt = actor_from_world @ (acceleration + np.array([0.0, 0.0, moment.gravity]))
        draws = self.random.standard_normal((2, 3))
        accelerometer, gyroscope = encode_vector(felt), encode_axial(actor_from_world @ spin)
        for k, axis in enumerate("xyz"):
            accelerometer[k] += self.number(f"noise_accel_stddev_{axis}") * float(draws[0, k])
            gyroscope[k] += self.number(f"noise_gyro_bias_{axis}")
            gyroscope[k] += self.number(f"noise_gyro_stddev_{axis}") * float(draws[1, k])
        self.send(moment, actor, msgpack.packb([accelerometer, gyroscope, compass(pose)]))


def compass(pose: Array) -> float:
    """Direction [rad] in which a pose (4, 4) looks, clockwise from north."""
    return (pi / 2 - float(np.arctan2(pose[1, 0], pose[0, 0]))) % (2 * pi)
