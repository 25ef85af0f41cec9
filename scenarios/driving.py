"""The driver that the world model's ``DriveLane`` behaviour sits behind the wheel: steering, speed, and reactions.

Scenic's own ``FollowLaneBehavior`` is tuned for town speeds: at 80 km/h its steering swings, and its regulated action
never brakes (the brake is computed from a throttle already set to zero). This one steers by pure pursuit and brakes.
Everything goes out as CARLA vehicle controls, so it drives on any CARLA server.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from shapely.geometry import LineString, Point

STANDOFF = 6.0
"""Metres that a driver keeps to what it has stopped for."""


class Pedals(NamedTuple):
    """CARLA's vehicle control: throttle and brake in [0, 1], steer in [-1, 1], positive to the right."""

    throttle: float
    brake: float
    steer: float


@dataclass(frozen=True)
class Steering:
    """What a steering command of 1 does: ``wheelbase`` [m] and greatest angle of the front wheels ``lock`` [rad]."""

    wheelbase: float
    lock: float

    @classmethod
    def from_actor(cls, actor: Any) -> Steering:
        """Read from a ``carla.Vehicle``'s physics control (wheel positions are in centimetres there)."""
        wheels = actor.get_physics_control().wheels
        front, rear = wheels[0].position, wheels[2].position
        wheelbase = math.dist((front.x, front.y, front.z), (rear.x, rear.y, rear.z)) / 100.0
        return cls(wheelbase, math.radians(wheels[0].max_steer_angle))


@dataclass(frozen=True)
class Attention:
    """How a driver reacts to what is, or is about to be, in the way.

    Attributes:
        reaction_time: [s] from the moment at which a hazard could be seen to the foot on the brake.
        horizon: [s] time to collision below which something in the way is a hazard (nearer than STANDOFF always).
        half_width: [m] of the corridor that has to be free, to both sides of the driver's line.
        brake: pedal in [0, 1].
    """

    reaction_time: float = 0.9
    horizon: float = 3.0
    half_width: float = 1.8
    brake: float = 0.85


class Driver:
    """Follows a line at a speed. Feed it the car's state once a step; it answers with pedals.

    Args:
        route: (x, y) line [m], Scenic's world frame (right-handed, x east, y north).
        speed: wanted speed [m/s].
        steering: the car's.
        dt: step [s].
        attention: None for somebody who looks at the phone: never brakes for anybody.
    """

    LOOK_AHEAD = 0.9
    """[s] of travel to the point that is steered at; pure pursuit (Coulter 1992, CMU-RI-TR-92-01)."""

    def __init__(
        self, route: LineString, speed: float, steering: Steering, dt: float, attention: Attention | None = None
    ) -> None:
        self.route = route
        self.speed = speed
        self.steering = steering
        self.dt = dt
        self.attention = attention
        self._offset = 0.0
        self._seen_for = 0.0

    def pedals(self, position: tuple[float, float], heading: float, speed: float, others: list[Any]) -> Pedals:
        """The controls for this step.

        Args:
            position: (x, y) of the car's middle [m].
            heading: [rad], counter-clockwise from north.
            speed: [m/s].
            others: Scenic objects that might be in the way.
        """
        forward = np.array([-math.sin(heading), math.cos(heading)])
        throttle, brake = self._hold(speed)
        if self.attention is not None:
            danger = any(self._endangered(np.array(position), speed, other) for other in others)
            self._seen_for = self._seen_for + self.dt if danger else 0.0
            if self._seen_for > self.attention.reaction_time:
                throttle, brake, self._offset = 0.0, self.attention.brake, 0.0
        return Pedals(throttle, brake, self._steer(np.array(position), forward, speed))

    def _hold(self, speed: float) -> tuple[float, float]:
        """Throttle and brake that keep the speed: proportional, and an offset that learns the drag."""
        error = self.speed - speed
        self._offset = (
            float(np.clip(self._offset + 0.15 * error * self.dt, 0.0, 0.7)) if abs(error) < 3 else self._offset
        )
        pedal = 0.25 * error + self._offset
        if pedal >= 0:
            return float(min(pedal, 1.0)), 0.0
        return 0.0, float(np.clip(-pedal - 0.25, 0.0, 0.6))  # lift the foot first, then brake

    def _steer(self, position: np.ndarray, forward: np.ndarray, speed: float) -> float:
        rear = position - forward * self.steering.wheelbase / 2
        reach = float(np.clip(self.LOOK_AHEAD * speed, 5.0, 35.0))
        target = self.route.interpolate(self.route.project(Point(*rear)) + reach)
        ahead = np.array([target.x, target.y]) - rear
        distance = float(np.linalg.norm(ahead))
        if distance < 1.0:  # the route is at its end
            return 0.0
        left = np.array([-forward[1], forward[0]])
        curvature = 2.0 * float(ahead @ left) / distance**2
        return float(np.clip(-math.atan(self.steering.wheelbase * curvature) / self.steering.lock, -1.0, 1.0))

    def _endangered(self, position: np.ndarray, speed: float, other: Any) -> bool:
        """Whether the car and the other would meet within the driver's horizon if both went on as they do."""
        assert self.attention is not None
        where = Point(other.position.x, other.position.y)
        station, here = self.route.project(where), self.route.project(Point(*position))
        gap = station - here - (other.length + 4.5) / 2
        if station - here <= 0 or station >= self.route.length:
            return False
        along = np.subtract(self.route.interpolate(station).coords[0], self.route.interpolate(station - 0.5).coords[0])
        along = along[:2] / max(float(np.linalg.norm(along[:2])), 1e-6)
        left = np.array([-along[1], along[0]])
        velocity = np.array([other.velocity.x, other.velocity.y])
        closing = speed - float(velocity @ along)
        if gap > max(closing * self.attention.horizon, STANDOFF):
            return False
        nearest = self.route.interpolate(station)
        now = float((np.array([where.x, where.y]) - np.array([nearest.x, nearest.y])) @ left)
        then = now + float(velocity @ left) * max(gap, 0.0) / max(closing, 1.0)
        free = self.attention.half_width + other.width / 2
        return min(abs(now), abs(then)) < free or now * then < 0
