"""The same commands give the same simulation: vehicles, collisions, sensors; and every vehicle can start anywhere.

Our own counterparts of CARLA's smoke tests of determinism, sensor determinism, collision determinism, sensor ticks,
sticky controls and spawn points.
"""

from __future__ import annotations

import math
import queue
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import carla
import numpy as np
import pytest

from simulator.process import ServerProcess

from .clients import STEP, along, fresh_world, own_client, settle, spawn

Run = list[tuple[float, ...]]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("outback_road", seed=7) as server:
        yield server


def states(actors: list[Any]) -> tuple[float, ...]:
    """Poses and velocities of all actors."""
    found: list[float] = []
    for actor in actors:
        pose, speed = actor.get_transform(), actor.get_velocity()
        place, turn = pose.location, pose.rotation
        found += [place.x, place.y, place.z, turn.pitch, turn.yaw, turn.roll, speed.x, speed.y, speed.z]
    return tuple(found)


def played(server: ServerProcess, scene: Callable[[Any], list[Any]], count: int) -> Run:
    """A scene in a fresh episode, tick by tick."""
    with fresh_world(server) as (_, world):
        actors = scene(world)
        run = []
        for _ in range(count):
            world.tick()
            run.append(states(actors))
        return run


def start(world: Any) -> Any:
    return world.get_map().get_spawn_points()[4]


def driving(world: Any) -> list[Any]:
    cars = [spawn(world, "vehicle.tesla.model3", along(start(world), ahead=12.0 * k)) for k in range(3)]
    for number, car in enumerate(cars):
        car.apply_control(carla.VehicleControl(throttle=0.5 + 0.1 * number, steer=0.05 * number))
    return cars


def head_on(world: Any) -> list[Any]:
    here = start(world)
    there = along(here, ahead=25.0)
    there.rotation.yaw += 180
    cars = [spawn(world, "vehicle.tesla.model3", here), spawn(world, "vehicle.audi.tt", there)]
    world.tick()
    for car in cars:
        car.set_target_velocity(10.0 * car.get_transform().get_forward_vector())
    return cars


def into_a_bicycle(world: Any) -> list[Any]:
    here = start(world)
    across = along(here, ahead=14.0)
    across.rotation.yaw += 90
    car, cycle = spawn(world, "vehicle.tesla.model3", here), spawn(world, "vehicle.bh.crossbike", across)
    world.tick()
    car.set_target_velocity(12.0 * car.get_transform().get_forward_vector())
    return [car, cycle]


def into_a_walker(world: Any) -> list[Any]:
    here = start(world)
    car = spawn(world, "vehicle.tesla.model3", here)
    walker = spawn(world, "walker.pedestrian.0001", along(here, ahead=14.0, height=1.0), is_invincible="false")
    world.tick()
    car.set_target_velocity(12.0 * car.get_transform().get_forward_vector())
    return [car, walker]


@pytest.mark.parametrize("scene", [driving, head_on, into_a_bicycle, into_a_walker])
def test_a_scene_plays_the_same_every_time(server: ServerProcess, scene: Callable[[Any], list[Any]]) -> None:
    first, second = (played(server, scene, 60) for _ in range(2))
    assert first == second
    moved = [math.dist(first[-1][k : k + 3], first[0][k : k + 3]) for k in range(0, len(first[0]), 9)]
    assert max(moved) > 3


def test_a_collision_stops_who_collides(server: ServerProcess) -> None:
    """So that the runs above are of collisions indeed."""
    for scene in (head_on, into_a_bicycle):
        run = played(server, scene, 60)
        fastest = max(math.hypot(*state[6:9]) for state in run)
        assert fastest > 8
        lost = [math.hypot(*a[6:9]) - math.hypot(*b[6:9]) for a, b in pairwise(run)]
        assert max(lost) > 0.5  # m/s in one tick, which brakes cannot do


@pytest.mark.parametrize(
    ("sensor", "attributes", "columns"),
    [
        ("sensor.lidar.ray_cast", {"points_per_second": 40000, "rotation_frequency": 20, "noise_stddev": 0.02}, 4),
        ("sensor.lidar.ray_cast_semantic", {"points_per_second": 40000, "rotation_frequency": 20}, 6),
        ("sensor.other.radar", {"points_per_second": 4000, "noise_seed": 3}, 4),
    ],
)
def test_sensors_measure_the_same_every_time(
    server: ServerProcess, sensor: str, attributes: dict[str, Any], columns: int
) -> None:
    def measured() -> list[bytes]:
        with fresh_world(server) as (_, world):
            cars = driving(world)
            eye = spawn(world, sensor, carla.Transform(carla.Location(z=2.0)), cars[0], **attributes)
            heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
            eye.listen(heard.put)
            found = []
            for _ in range(10):
                frame = world.tick()
                message = heard.get(timeout=20)
                assert message.frame == frame
                found.append(bytes(message.raw_data))
            eye.stop()
            eye.destroy()
            return found

    first, second = measured(), measured()
    assert first == second
    assert sum(map(len, first)) > 100 * 4 * columns
    assert len({*first}) > 5  # and it moves


@pytest.mark.parametrize("period", [0.1, 0.25])
def test_a_sensors_period_is_kept(server: ServerProcess, period: float) -> None:
    with fresh_world(server) as (_, world):
        meter = spawn(world, "sensor.other.imu", start(world), sensor_tick=period)
        heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        meter.listen(heard.put)
        frames = [world.tick() for _ in range(40)]
        due = frames[:: round(period / STEP)]
        assert [heard.get(timeout=10).frame for _ in due] == due
        meter.stop()
        meter.destroy()
        assert heard.empty()


def test_a_control_sticks_unless_it_is_told_not_to(server: ServerProcess) -> None:
    def distance(sticky: str, again: bool) -> float:
        with fresh_world(server) as (_, world):
            car = spawn(world, "vehicle.tesla.model3", start(world), sticky_control=sticky)
            for _ in range(10):
                world.tick()
            begin = car.get_location()
            car.apply_control(carla.VehicleControl(throttle=1.0))
            world.tick()
            for _ in range(40):
                if again:
                    car.apply_control(carla.VehicleControl(throttle=1.0))
                world.tick()
            return float(car.get_location().distance(begin))

    held = distance("true", again=True)
    assert held > 5
    assert distance("true", again=False) == held == distance("false", again=True)
    assert distance("false", again=False) < 0.5 * held


def test_every_vehicle_starts_at_every_spawn_point(server: ServerProcess) -> None:
    """All points at once with each kind in turn, so that every kind meets a share of them."""
    client = own_client(server)
    client.load_world("outback_road")
    world = client.get_world()
    settle(world, True, no_rendering_mode=True)
    kinds = sorted(blueprint.id for blueprint in world.get_blueprint_library().filter("vehicle.*"))
    points = world.get_map().get_spawn_points()
    assert len(kinds) == 41
    for first in range(0, len(kinds), len(points)):
        cars = [spawn(world, kind, point) for kind, point in zip(kinds[first:], points, strict=False)]
        for _ in range(30):
            world.tick()
        for car, point in zip(cars, points, strict=False):
            here = car.get_location()
            assert np.hypot(here.x - point.location.x, here.y - point.location.y) < 0.5, car.type_id
            car.destroy()
    settle(world, False, None, no_rendering_mode=False)
