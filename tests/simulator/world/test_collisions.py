"""Collisions: that bodies part, that impulses balance, and that both sides hear of it."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, translate
from shapely.geometry import Point
from shapely.geometry import box as rectangle

sys.path.insert(0, str(Path(__file__).parent))
from flat_town import FlatTown, at, car, cone, person

from assets.tags import Tag
from simulator.world.collisions import PRISM, meeting_points, overlap
from simulator.world.obstacle import Obstacle, cylinder
from simulator.world.vehicles import VehicleControl
from simulator.world.walkers import WalkerControl
from simulator.world.world import World


def prism(x, y, length, width, yaw):
    row = np.zeros(1, PRISM)
    row["center"] = x, y
    row["pivot"] = x, y, 0.0
    row["half"] = length / 2, width / 2
    row["axis"] = np.cos(yaw), np.sin(yaw)
    row["low"], row["high"] = -100.0, 100.0  # nothing gets out upward
    return row, translate(
        rotate(rectangle(-length / 2, -width / 2, length / 2, width / 2), yaw, use_radians=True), x, y
    )


sizes = st.floats(0.2, 5.0)


@settings(max_examples=150, deadline=None)
@given(st.floats(-4, 4), st.floats(-4, 4), sizes, sizes, st.floats(-4, 4), sizes, sizes, st.floats(-4, 4))
def test_rectangles_meet_when_shapely_says_so_and_part_along_the_normal(x, y, l1, w1, yaw1, l2, w2, yaw2):
    first, plan = prism(0.0, 0.0, l1, w1, yaw1)
    second, other = prism(x, y, l2, w2, yaw2)
    depth, normal = overlap(first, second)
    point = meeting_points(first, second, normal)
    if abs(depth[0]) > 1e-6:
        assert plan.intersects(other) == (depth[0] > 0)
    if depth[0] > 1e-6:
        moved = translate(other, *(normal[0, :2] * (depth[0] + 1e-6)))
        assert plan.intersection(moved).area < 1e-5
        assert plan.buffer(1e-6).distance(other.buffer(0)) == 0 and np.isfinite(point).all()


@settings(max_examples=100, deadline=None)
@given(st.floats(-4, 4), st.floats(-4, 4), sizes, sizes, st.floats(-4, 4), st.floats(0.1, 2.0), st.booleans())
def test_discs_meet_when_shapely_says_so(x, y, length, width, yaw, radius, swapped):
    box, plan = prism(0.0, 0.0, length, width, yaw)
    disc, _ = prism(x, y, 0.0, 0.0, 0.0)
    disc["radius"] = radius
    first, second = (disc, box) if swapped else (box, disc)
    depth, _ = overlap(first, second)
    gap = plan.distance(Point(x, y)) - radius
    if abs(gap) > 1e-6:
        assert (depth[0] > 0) == (gap < 0)


def test_a_bridge_is_not_what_passes_under_it():
    first, _ = prism(0.0, 0.0, 4.0, 2.0, 0.0)
    second, _ = prism(0.5, 0.0, 4.0, 2.0, 0.3)
    first["low"], first["high"], second["low"], second["high"] = 0.0, 1.0, 5.0, 6.0
    assert overlap(first, second)[0][0] < 0


def crash(speeds, models=(None, None), gap=6.0, offset=0.0):
    world = World(FlatTown(grip=0.02), 0)  # ice: the road takes next to no momentum
    bodies = [
        world.add_vehicle(1, models[0] or car(), at()),
        world.add_vehicle(2, models[1] or car(), at(gap, offset, yaw=np.pi)),
    ]
    for body, speed in zip(bodies, speeds, strict=True):
        body.target_velocity = np.array([speed, 0.0, 0.0])
    return world, bodies


@pytest.mark.parametrize("offset", [0.0, 0.9])
def test_head_on_crash_conserves_momentum_and_tells_both(offset):
    world, (first, second) = crash((15.0, -10.0), (car(), car(6.0, 2.2, 2.0, 3.5)), offset=offset)
    heard = {}
    energy = 0.5 * first.mass * 15.0**2 + 0.5 * second.mass * 10.0**2
    momentum = first.mass * 15.0 - second.mass * 10.0
    for _ in range(12):
        world.step(0.05)
        after = first.mass * first.velocity[0] + second.mass * second.velocity[0]
        road = 0.06 * 9.81 * (first.mass + second.mass) * 0.05  # friction, rolling and air in one step [N s]
        assert after == pytest.approx(momentum, abs=road)
        momentum = after
        for contact in world.contacts:
            heard.setdefault((contact.actor_id, contact.other_id), np.zeros(3))
            heard[contact.actor_id, contact.other_id] += contact.impulse
            assert contact.other_tag == Tag.CAR
    assert set(heard) == {(1, 2), (2, 1)}
    np.testing.assert_allclose(heard[1, 2], -heard[2, 1])
    assert heard[1, 2][0] < -0.5 * first.mass * 15.0
    kinetic = sum(0.5 * body.mass * float(body.velocity @ body.velocity) for body in (first, second))
    assert kinetic < 0.8 * energy
    nose, other = first.world_from_body[0, 3], second.world_from_body[0, 3]
    assert other - nose > 4.5 / 2 + 6.0 / 2 - 0.2 or offset > 0
    if offset > 0:
        assert abs(first.angular_velocity[2]) > 0.1


def test_a_car_stops_at_a_trunk_and_a_wall():
    wall = Obstacle(np.array([30.0, 20.0, 1.0]), (0.3, 10.0, 2.0), 0.0, 0.0, Tag.WALLS)
    world = World(FlatTown(obstacles=[cylinder(np.array([30.0, 0.3, 0.0]), 0.3, 8.0, Tag.VEGETATION), wall]), 0)
    tags = set()
    for actor_id, y in ((1, 0.0), (2, 20.0)):
        body = world.add_vehicle(actor_id, car(), at(0.0, y))
        body.target_velocity = np.array([30.0, 0.0, 0.0])
        body.control = VehicleControl(throttle=1.0)
    for _ in range(60):
        world.step(0.1)
        tags |= {(c.actor_id, c.other_id, c.other_tag) for c in world.contacts}
    assert {(1, 0, Tag.VEGETATION), (2, 0, Tag.WALLS)} <= tags
    assert world.bodies[2].world_from_body[0, 3] + 2.25 < 30.1


def test_a_struck_walker_is_thrown_down_and_comes_to_rest():
    world = World(FlatTown(), 0)
    body = world.add_vehicle(1, car(), at())
    body.target_velocity = np.array([12.0, 0.0, 0.0])
    body.control = VehicleControl(brake=1.0)
    walker = world.add_walker(2, person(), at(6.0, 0.2, yaw=np.pi / 2))
    seen = []
    for _ in range(100):
        world.step(0.05)
        seen += [(c.actor_id, c.other_id) for c in world.contacts]
    assert (1, 2) in seen and (2, 1) in seen
    assert walker.fallen and walker.world_from_body[0, 3] > 8.0 and not walker.velocity.any()
    pose, (length, width, height) = world.box(2)
    assert height < 0.8 and max(length, width) > 1.5 and pose[2, 3] - height / 2 > -0.05
    world.teleport(2, at(50.0, 0.0))
    assert not walker.fallen


def test_a_walker_does_not_pass_through_a_parked_car_and_a_cone_gives_way():
    world = World(FlatTown(), 0)
    parked = world.add_vehicle(1, car(), at(4.0, 0.0, yaw=np.pi / 2))
    parked.control = VehicleControl(hand_brake=True)
    walker = world.add_walker(2, person(), at())
    walker.control = WalkerControl((1.0, 0.0, 0.0), speed=1.4)
    for _ in range(120):
        world.step(0.05)
    assert 2.5 < walker.world_from_body[0, 3] < 4.0 - 0.9 and not walker.fallen
    assert np.linalg.norm(parked.world_from_body[:2, 3] - [4.0, 0.0]) < 0.05
    cone_body = world.add_prop(3, cone(), at(20.0, 20.0))
    rammer = world.add_vehicle(4, car(), at(14.0, 20.0))
    rammer.target_velocity = np.array([10.0, 0.0, 0.0])
    for _ in range(40):
        world.step(0.05)
    assert cone_body.world_from_body[0, 3] > 21.0 and rammer.velocity[0] > 7.0


def test_what_does_not_collide_passes():
    world, (first, second) = crash((15.0, 0.0))
    second.collides = False
    for _ in range(20):
        world.step(0.05)
        assert not world.contacts
    assert first.world_from_body[0, 3] > 10.0


@pytest.mark.parametrize("speed", [20.0, 55.6])
def test_nothing_passes_through_thin_things_at_200_km_h(speed):
    wall = Obstacle(np.array([20.0, 0.0, 1.0]), (0.05, 8.0, 2.0), 0.0, 0.0, Tag.WALLS)
    pole = cylinder(np.array([20.0, 30.2, 0.0]), 0.08, 6.0, Tag.POLES)
    world = World(FlatTown(obstacles=[wall, pole]), 0)
    world.add_vehicle(1, car(), at())
    world.add_vehicle(2, car(), at(0.0, 30.0))
    world.add_prop(3, cone(), at(0.0, 2.0))
    for body in world.bodies.values():
        body.target_velocity = np.array([speed, 0.0, 1.0 if body.actor_id == 3 else 0.0])
    heard = set()
    for _ in range(30):
        world.step(0.05)
        heard |= {(contact.actor_id, contact.other_tag) for contact in world.contacts}
        for actor_id, length in ((1, 4.5), (2, 4.5)):
            assert world.bodies[actor_id].world_from_body[0, 3] + length / 2 < 20.1
        assert world.bodies[3].world_from_body[0, 3] < 20.0
    assert {(1, Tag.WALLS), (2, Tag.POLES), (3, Tag.WALLS)} <= heard


def test_a_struck_cone_flies_tips_over_and_comes_to_rest_on_the_ground():
    world = World(FlatTown(), 0)
    prop = world.add_prop(1, cone(), at(5.0, 0.1))
    body = world.add_vehicle(2, car(), at())
    body.target_velocity = np.array([14.0, 0.0, 0.0])
    body.control = VehicleControl(brake=1.0)
    tilt = 1.0
    for _ in range(160):
        world.step(0.05)
        tilt = min(tilt, prop.world_from_body[2, 2])
    assert tilt < 0.7 and prop.asleep and prop.world_from_body[0, 3] > 6.0
    lowest = (prop.corners @ prop.world_from_body[:3, :3].T + prop.world_from_body[:3, 3])[:, 2].min()
    assert abs(lowest) < 0.03


def test_a_prop_stays_where_it_hangs_until_it_is_pushed_and_rests_on_what_it_falls_on():
    world = World(FlatTown(), 0)
    prop = world.add_prop(1, cone(), at(0.0, 0.0, 3.0))
    world.add_vehicle(2, car(), at())
    for _ in range(10):
        world.step(0.05)
    assert prop.world_from_body[2, 3] == 3.0
    prop.wake()
    for _ in range(60):
        world.step(0.05)
    assert prop.asleep and prop.world_from_body[2, 3] == pytest.approx(1.45, abs=0.1)


def test_a_friction_volume_lends_its_tyres():
    world = World(FlatTown(), 0)
    body = world.add_vehicle(1, car(), at())
    own = body.physics.wheels[0].tire_friction
    world.add_friction_volume(9, at(15.0, 0.0, 1.0), (5.0, 5.0, 2.0), 0.2)
    body.target_velocity = np.array([10.0, 0.0, 0.0])
    found = set()
    for _ in range(60):
        world.step(0.05)
        found.add((body.physics.wheels[0].tire_friction, bool(9.0 < body.world_from_body[0, 3] < 21.0)))
    assert {(own, False), (0.2, True)} <= found and body.physics.wheels[0].tire_friction == own
