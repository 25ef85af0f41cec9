"""Ackermann control: CARLA's two cascaded PID controllers, from target speed over acceleration to pedals.

The wanted acceleration is fed forward to the pedals, and CARLA's second controller only corrects it: our cars answer
their pedals at once, with which its gains alone would swing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simulator.server.wire import AckermannControl, AckermannSettings
from simulator.world.vehicles import VehicleBody, VehicleControl

STILL = 0.1
"""Target and actual speed [m/s] below which the vehicle is held with full brake, as in CARLA."""
HARDEST_BRAKING, HARDEST_ACCELERATION = 8.0, 3.0
"""[m/s^2], the limits of CARLA's controller where the client sets none."""


@dataclass
class _Pid:
    kp: float
    ki: float
    kd: float
    integral: float = 0.0
    last: float | None = None

    def step(self, error: float, dt: float) -> float:
        self.integral += error * dt
        slope = 0.0 if self.last is None else (error - self.last) / dt
        self.last = error
        return self.kp * error + self.ki * self.integral + self.kd * slope


@dataclass(eq=False)
class AckermannController:
    """Follows one vehicle's targets.

    Attributes:
        target: as told by the client.
        settings: the gains.
    """

    target: AckermannControl
    settings: AckermannSettings = field(default_factory=AckermannSettings)

    def __post_init__(self) -> None:
        gains = self.settings
        self._speed = _Pid(gains.speed_kp, gains.speed_ki, gains.speed_kd)
        self._acceleration = _Pid(gains.accel_kp, gains.accel_ki, gains.accel_kd)
        self._wanted = self._correction = 0.0  # [m/s^2]

    def drive(self, body: VehicleBody, dt: float) -> None:
        """Set the vehicle's control for the next step."""
        forward = body.world_from_body[:3, 0]
        speed, acceleration = float(body.velocity @ forward), float(body.acceleration @ forward)
        reverse = self.target.speed < 0
        goal = abs(self.target.speed)
        speed, acceleration = (-speed, -acceleration) if reverse else (speed, acceleration)
        steer = self._steer(body, dt)
        if goal < STILL and abs(speed) < STILL:
            body.control = VehicleControl(steer=steer, brake=1.0, hand_brake=True)
            self._wanted = self._correction = 0.0
            return
        limit = self.target.acceleration
        low, high = (-limit, limit) if limit > 0 else (-HARDEST_BRAKING, HARDEST_ACCELERATION)
        self._wanted = float(np.clip(self._wanted + self._speed.step(goal - speed, dt), low, high))
        self._correction += self._acceleration.step(self._wanted - acceleration, dt)
        self._correction = float(np.clip(self._correction, -HARDEST_ACCELERATION, HARDEST_ACCELERATION))
        pedals = self._wanted + self._correction
        throttle = min(max(pedals / HARDEST_ACCELERATION, 0.0), 1.0)
        brake = min(max(-pedals / HARDEST_BRAKING, 0.0), 1.0)
        body.control = VehicleControl(throttle=throttle, brake=brake, steer=steer, reverse=reverse)

    def _steer(self, body: VehicleBody, dt: float) -> float:
        """Share of full lock, left positive; ``steer_speed`` [rad/s] 0 is at once."""
        limit = body.physics.max_steer_angle
        goal = -self.target.steer
        if self.target.steer_speed > 0:
            reach = self.target.steer_speed * dt
            goal = body.control.steer * limit + float(np.clip(goal - body.control.steer * limit, -reach, reach))
        return float(np.clip(goal / limit, -1.0, 1.0))
