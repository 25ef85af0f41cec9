"""The driver keeps to lane and speed, and brakes for what is in the way, on a kinematic single-track car."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from shapely.geometry import LineString, Point

from scenarios.driving import Attention, Driver, Steering

DT = 0.05
STEERING = Steering(wheelbase=2.9, lock=math.radians(70))


@dataclass
class Vec:
    x: float
    y: float


@dataclass
class Thing:
    """What the driver reads of a Scenic object."""

    position: Vec
    velocity: Vec = field(default_factory=lambda: Vec(0, 0))
    width: float = 0.5
    length: float = 1.6


class Car:
    """Kinematic single track; throttle gives up to 4 m/s^2 less drag, brake up to 8 m/s^2. Heading as Scenic counts."""

    def __init__(self, x: float, y: float, heading: float, speed: float) -> None:
        self.x, self.y, self.heading, self.speed = x, y, heading, speed

    def step(self, throttle: float, brake: float, steer: float) -> None:
        force = 4 * throttle - 8 * brake - 0.0006 * self.speed**2 - 0.15
        self.speed = max(self.speed + force * DT, 0.0)
        self.heading -= self.speed * math.tan(steer * STEERING.lock) / STEERING.wheelbase * DT
        self.x -= self.speed * math.sin(self.heading) * DT
        self.y += self.speed * math.cos(self.heading) * DT


def drive(driver: Driver, car: Car, seconds: float, things: list[Thing] | None = None) -> list[tuple[float, float]]:
    """Distance to the line and speed at each step."""
    trace = []
    for _ in range(round(seconds / DT)):
        for thing in things or []:
            thing.position.x += thing.velocity.x * DT
            thing.position.y += thing.velocity.y * DT
        car.step(*driver.pedals((car.x, car.y), car.heading, car.speed, list(things or [])))
        trace.append((driver.route.distance(Point(car.x, car.y)), car.speed))
    return trace


def bend(radius: float) -> LineString:
    """100 m straight to the north, then a left bend."""
    angles = np.linspace(0, 2, 200)
    arc = np.stack([radius * (np.cos(angles) - 1), 100 + radius * np.sin(angles)], axis=1)
    return LineString([(0, 0), *arc.tolist()])


STRAIGHT = LineString([(0, 0), (0, 1000)])


@pytest.mark.parametrize("speed", [8.0, 17.0, 25.0])
@pytest.mark.parametrize("radius", [200.0, 400.0])
def test_lane_and_speed_are_kept_through_a_bend(speed: float, radius: float) -> None:
    trace = drive(Driver(bend(radius), speed, STEERING, DT), Car(0.3, 0, 0, speed), 250 / speed)
    assert max(distance for distance, _ in trace) < 0.8
    assert all(abs(now - speed) < 1.5 for _, now in trace)
    assert abs(trace[-1][1] - speed) < 0.7


def test_an_offset_is_taken_out_without_swinging() -> None:
    trace = drive(Driver(STRAIGHT, 25, STEERING, DT), Car(1.0, 0, 0, 25), 8)
    assert trace[-1][0] < 0.05


def test_a_slow_start_reaches_the_speed() -> None:
    assert drive(Driver(STRAIGHT, 20, STEERING, DT), Car(0, 0, 0, 0), 20)[-1][1] == pytest.approx(20, abs=0.7)


@pytest.mark.parametrize(("reaction", "stops"), [(0.5, True), (None, False)])
def test_an_attentive_driver_stops_for_what_stands_in_the_lane(reaction: float | None, stops: bool) -> None:
    attention = None if reaction is None else Attention(reaction_time=reaction)
    car = Car(0, 0, 0, 20)
    trace = drive(Driver(STRAIGHT, 20, STEERING, DT, attention), car, 12, [Thing(Vec(0.5, 100))])
    assert (car.y < 97) is stops
    assert (trace[-1][1] < 0.5) is stops


def test_the_reaction_takes_its_time() -> None:
    def first_braking(reaction: float) -> float:
        driver, car = Driver(STRAIGHT, 20, STEERING, DT, Attention(reaction_time=reaction)), Car(0, 0, 0, 20)
        speeds = [speed for _, speed in drive(driver, car, 6, [Thing(Vec(0, 100))])]
        return next(k for k, speed in enumerate(speeds) if speed < 19) * DT

    assert first_braking(1.5) - first_braking(0.5) == pytest.approx(1.0, abs=DT * 1.5)


def test_somebody_who_will_be_in_the_lane_is_a_hazard_and_a_bystander_is_not() -> None:
    def slowest(thing: Thing) -> float:
        driver, car = Driver(STRAIGHT, 20, STEERING, DT, Attention()), Car(0, 0, 0, 20)
        return min(speed for _, speed in drive(driver, car, 4, [thing]))

    assert slowest(Thing(Vec(6, 60))) > 19
    assert slowest(Thing(Vec(3.5, 500), Vec(0, -20))) > 19  # oncoming, in its own lane
    assert slowest(Thing(Vec(9, 60), Vec(-4, 0))) < 15
    assert slowest(Thing(Vec(0, 30), Vec(0, 22))) > 19  # ahead and faster
