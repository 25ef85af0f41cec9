"""Ackermann control: CARLA's cascade of two PID controllers, from target speed over acceleration to pedals.

Its two outputs are added up, tick by tick, into the wanted acceleration and the wanted pedal, as in CARLA's controller,
so that gains tuned there work here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.server.wire import AckermannControl, AckermannSettings
from simulator.world.vehicles import VehicleBody, VehicleControl

STILL = 0.1
"""Speed [m/s] below which a vehicle counts as standing."""
HARDEST_BRAKING, HARDEST_ACCELERATION = 8.0, 3.0
"""[m/s^2], the limits of CARLA's controller where the client sets none."""
UNLIMITED = 1e-4
"""An acceleration target [m/s^2] below this is none."""
IMMEDIATE = 1e-3
"""A steering speed [rad/s] below this is at once."""
SMOOTHING = 0.8
"""Share of the last acceleration in the filtered one."""


def clamp(value: float, low: float, high: float) -> float:
    """``value`` in [low, high]."""
    return min(max(value, low), high)


@dataclass
class _Pid:
    """Output and integral are held in [-1, 1]; the derivative is that of the measured value."""

    kp: float
    ki: float
    kd: float
    integral: float = 0.0
    last: float = 0.0

    def step(self, target: float, value: float, dt: float) -> float:
        self.integral = clamp(self.integral + self.ki * (target - value) * dt, -1.0, 1.0)
        slope = (value - self.last) / dt
        self.last = value
        return clamp(self.kp * (target - value) + self.integral - self.kd * slope, -1.0, 1.0)


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
        self._speed_pid = _Pid(gains.speed_kp, gains.speed_ki, gains.speed_kd)
        self._acceleration_pid = _Pid(gains.accel_kp, gains.accel_ki, gains.accel_kd)
        self._speed = self._acceleration = 0.0  # [m/s], filtered [m/s^2]
        self._wanted = self._pedal = 0.0  # [m/s^2], -1 full brake to 1 full throttle
        self._reverse = False

    def tune(self, settings: AckermannSettings) -> None:
        """Changes the gains and keeps the state."""
        self.settings = settings
        for pid, gains in (
            (self._speed_pid, (settings.speed_kp, settings.speed_ki, settings.speed_kd)),
            (self._acceleration_pid, (settings.accel_kp, settings.accel_ki, settings.accel_kd)),
        ):
            pid.kp, pid.ki, pid.kd = gains

    def drive(self, body: VehicleBody, dt: float) -> None:
        """Set the vehicle's control for the next step."""
        before, self._speed = self._speed, body.forward_speed
        self._acceleration = SMOOTHING * self._acceleration + (1 - SMOOTHING) * (self._speed - before) / dt
        steer = self._steer(body, dt)
        standing = abs(self._speed) < STILL
        if standing and abs(self.target.speed) < STILL:
            body.control = VehicleControl(steer=steer, brake=1.0, reverse=self._reverse)
            return
        goal = self.target.speed
        if standing:
            self._reverse = goal < 0
        elif self._speed * goal < 0:  # first to a stop, then the other way
            goal = 0.0
        limit = abs(self.target.acceleration)
        low, high = (-HARDEST_BRAKING, HARDEST_ACCELERATION) if limit < UNLIMITED else (-limit, limit)
        self._wanted = clamp(self._wanted + self._speed_pid.step(goal, self._speed, dt), low, high)
        change = self._acceleration_pid.step(self._wanted, self._acceleration, dt)
        self._pedal = clamp(self._pedal + change, -1.0, 1.0)
        pedal = -self._pedal if self._reverse else self._pedal
        body.control = VehicleControl(
            throttle=max(pedal, 0.0), brake=max(-pedal, 0.0), steer=steer, reverse=self._reverse
        )

    def _steer(self, body: VehicleBody, dt: float) -> float:
        """Share of full lock, left positive; the wire's angle is right positive."""
        limit = body.physics.max_steer_angle
        if limit <= 0:
            return 0.0
        goal = clamp(-self.target.steer, -limit, limit)
        rate = abs(self.target.steer_speed)
        if rate >= IMMEDIATE:
            now = body.control.steer * limit
            goal = now + clamp(goal - now, -rate * dt, rate * dt)
        return goal / limit
