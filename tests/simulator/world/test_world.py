"""The world's contract with the server: identity, order, determinism, spawn tests, the scene."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from flat_town import FlatTown, at, car, cone, hopper, person

from assets.tags import Tag
from simulator.world.obstacle import cylinder
from simulator.world.vehicles import VehicleControl
from simulator.world.walkers import WalkerControl
from simulator.world.weather import environment
from simulator.world.world import World


def busy_world(seed=3):
    rng = np.random.default_rng(1)
    poles = [cylinder(np.array([x, y, 0.0]), 0.2, 5.0, Tag.POLES) for x, y in rng.uniform(-40, 40, (60, 2))]
    world = World(FlatTown(0.02, poles), seed)
    for index in range(6):
        body = world.add_vehicle(index + 1, car(), at(index * 6.0, 0.0, index * 0.12))
        body.control = VehicleControl(throttle=0.2 * index, steer=0.1 * index - 0.2)
    for index in range(4):
        walker = world.add_walker(20 - index, hopper() if index % 2 else person(), at(index * 5.0, 8.0, yaw=index))
        walker.control = WalkerControl((0.0, -1.0, 0.0), speed=0.7 * index)
    world.add_prop(30, cone(), at(12.0, 1.0, 0.24))
    return world


def digest(world):
    parts = [digest_of for body in world.bodies.values() for digest_of in
             (body.world_from_body.tobytes(), body.velocity.tobytes(), body.acceleration.tobytes())]  # fmt: skip
    return hashlib.sha256(b"".join(parts)).hexdigest()


def test_same_calls_give_the_same_bytes():
    first, second = busy_world(), busy_world()
    for _ in range(200):
        first.step(0.05)
        second.step(0.05)
    assert digest(first) == digest(second)
    assert any(isinstance(body.velocity, np.ndarray) and body.velocity.any() for body in first.bodies.values())


def test_scene_has_every_part_with_its_pose_one_tick_ago():
    world = World(FlatTown(), 0)
    body = world.add_vehicle(7, car(), at())
    body.constant_velocity = np.array([10.0, 0.0, 0.0])
    for _ in range(5):
        world.step(0.05)
    scene = world.scene()
    assert [i.object_id for i in scene.bodies] == [7] * 5
    chassis = scene.bodies[0]
    moved = chassis.world_from_mesh[0, 3] - chassis.previous_world_from_mesh[0, 3]
    assert moved == pytest.approx(0.5, abs=0.01)
    wheel = scene.bodies[1]
    turned = wheel.previous_world_from_mesh[:3, :3].T @ wheel.world_from_mesh[:3, :3]
    assert np.arccos((np.trace(turned) - 1) / 2) == pytest.approx(0.5 / 0.33, abs=0.03)
    assert world.scene().bodies[0] is chassis


def test_long_steps_are_taken_in_parts():
    world = World(FlatTown(), 0)
    body = world.add_vehicle(7, car(), at())
    body.constant_velocity = np.array([10.0, 0.0, 0.0])
    before = body.world_from_body[0, 3]
    world.step(3.0)
    assert body.world_from_body[0, 3] - before == pytest.approx(30.0, abs=0.5)
    with pytest.raises(ValueError, match="at most"):
        world.step(11.0)


def test_spawn_overlap():
    world = World(FlatTown(obstacles=[cylinder(np.array([20.0, 0.0, 0.0]), 0.3, 5.0, Tag.POLES)]), 0)
    world.add_vehicle(1, car(), at())
    assert world.overlaps(car(), at(4.0, 0.0, 0.3))
    assert not world.overlaps(car(), at(5.0, 0.0, 0.5))
    assert world.overlaps(car(), at(18.0, 0.5))
    assert not world.overlaps(car(), at(20.0, 1.3))
    assert world.overlaps(person(), at(0.0, 1.0)) and not world.overlaps(person(), at(0.0, 1.3))


def test_ids_are_unique():
    world = World(FlatTown(), 0)
    world.add_prop(1, cone(), at())
    with pytest.raises(ValueError, match="in use"):
        world.add_prop(1, cone(), at(3.0))
    world.remove(1)
    with pytest.raises(KeyError):
        world.remove(1)


def test_a_vehicles_box_is_tight_and_turns_with_it():
    world = World(FlatTown(slope=0.1), 0)
    body = world.add_vehicle(1, car(), at(yaw=0.5))
    body.control = VehicleControl(hand_brake=True)
    for _ in range(60):
        world.step(0.05)
    world_from_box, size = world.box(1)
    np.testing.assert_allclose(size, (4.5, 1.8, 1.45), atol=0.02)
    np.testing.assert_allclose(world_from_box[:3, :3], body.world_from_body[:3, :3])
    middle = body.world_from_body @ np.array([0.0, 0.0, 1.45 / 2, 1.0])
    np.testing.assert_allclose(world_from_box[:3, 3], middle[:3], atol=0.02)


def test_wet_roads_lengthen_the_braking_distance():
    stops = []
    for wetness in (0.0, 1.0):
        world = World(FlatTown(grip=0.9), 0)
        world.environment = environment(sun_azimuth=0.0, sun_altitude=1.0, wetness=wetness)
        body = world.add_vehicle(1, car(), at())
        body.target_velocity = np.array([25.0, 0.0, 0.0])
        body.control = VehicleControl(brake=1.0)
        for _ in range(100):
            world.step(0.05)
        stops.append(body.world_from_body[0, 3])
    assert 1.03 < stops[1] / stops[0] < 1.4
    with pytest.raises(ValueError, match="wetness must be finite"):
        environment(sun_azimuth=0.0, sun_altitude=1.0, wetness=float("nan"))


def test_new_physics_and_reseeding_take_hold():
    world = World(FlatTown(), 0)
    body = world.add_vehicle(1, car(), at())
    body.equip(replace(body.physics, mass=900.0))
    walker = world.add_walker(2, hopper(), at(20.0))
    draws = []
    for seed in (5, 5, 6):
        world.reseed(seed)
        draws.append(walker.random.random())
    assert draws[0] == draws[1] != draws[2]
    world.step(0.05)
    assert body.mass == 900.0
    with pytest.raises(ValueError, match="at most"):
        world.step(50.0)
