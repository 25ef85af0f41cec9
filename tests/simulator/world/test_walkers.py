"""Walkers: where they go, how they turn, and that feet, hops and boxes follow."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from flat_town import FlatTown, at, hopper, person

from assets import catalog
from assets.skeleton import roll
from assets.tags import Tag
from simulator.world.bodies import angles
from simulator.world.obstacle import Obstacle
from simulator.world.rig import rig_of
from simulator.world.walkers import WalkerControl
from simulator.world.world import World


def walking(model, control=None, pose=None, town=None, seed=0):
    world = World(town or FlatTown(), seed)
    body = world.add_walker(1, model, at() if pose is None else pose)
    if control is not None:
        body.control = control
    return world, body


def run(world, seconds, dt=0.05):
    for _ in range(round(seconds / dt)):
        world.step(dt)


def test_reaches_the_speed_and_faces_the_direction_without_a_jerk():
    world, body = walking(person(), WalkerControl((0.0, 2.0, 0.0), speed=1.5))
    turns, speeds = [0.0], [0.0]
    for _ in range(40):
        world.step(0.05)
        turns.append(angles(body.world_from_body)[0])
        speeds.append(float(np.hypot(*body.velocity[:2])))
    assert turns[-1] == pytest.approx(math.pi / 2) and speeds[-1] == pytest.approx(1.5)
    assert max(np.diff(turns)) <= 4.0 * 0.05 + 1e-9
    assert max(np.diff(speeds)) <= 4.0 * 0.05 + 1e-9
    assert body.world_from_body[0, 3] == pytest.approx(0.0) and body.world_from_body[1, 3] > 2.0


def test_feet_stay_on_the_ground_and_the_gait_follows_the_way():
    world, body = walking(person(), WalkerControl((1.0, 0.0, 0.0), speed=1.2), town=FlatTown(slope=0.1))
    run(world, 2.0)
    name, phase = body.gait
    start = body.world_from_body[0, 3]
    run(world, 1.0)
    gone = body.world_from_body[0, 3] - start
    assert name == "walk" and gone == pytest.approx(1.2)
    assert body.gait[1] == pytest.approx((phase + gone / 1.4) % 1.0, abs=1e-6)
    assert body.world_from_body[2, 3] == pytest.approx(0.1 * body.world_from_body[0, 3])
    body.control = WalkerControl((1.0, 0.0, 0.0), speed=4.0)
    run(world, 2.0)
    assert body.gait[0] == "run"
    body.control = WalkerControl()
    run(world, 3.0)
    assert body.gait[0] == "stand" and not body.velocity.any()


def test_motions_fade_into_each_other():
    world, body = walking(hopper(), WalkerControl((1.0, 0.0, 0.0), speed=6.0))
    lifts = []
    for tick in range(160):
        if tick == 80:
            body.control = WalkerControl()
        world.step(0.025)
        lifts.append(world.box(1)[0][2, 3] - 0.75)
    # a hop of 3 m at 6 m/s lifts 0.6 m in a quarter second; a cut from the top would show as a jump
    assert max(lifts) > 0.5 and lifts[-1] == pytest.approx(0.0, abs=1e-6)
    assert np.abs(np.diff(lifts)).max() < 0.2


def test_the_box_of_a_hopping_kangaroo_leaves_the_ground():
    model = catalog.model("animal.kangaroo")
    world, _ = walking(model, WalkerControl((1.0, 1.0, 0.0), speed=8.0))
    run(world, 1.0)
    lows = []
    for _ in range(40):
        world.step(0.025)
        world_from_box, (length, width, height) = world.box(1)
        lows.append(world_from_box[2, 3] - height / 2)
        np.testing.assert_allclose(world_from_box[:3, 2], [0, 0, 1], atol=1e-12)
        heading = math.atan2(world_from_box[1, 0], world_from_box[0, 0])
        assert heading == pytest.approx(math.pi / 4, abs=1e-6)
        assert length > width and 0.5 < height < 3.0
    assert min(lows) < 0.1 and max(lows) > 0.15
    instance = world.scene().bodies[0]
    assert instance.bones is not None and not np.array_equal(instance.bones, instance.previous_bones)


def test_animals_graze_now_and_then_by_the_seed():
    def motions(seed):
        world, body = walking(hopper(), seed=seed)
        shown = []
        for _ in range(240):
            world.step(0.25)
            shown.append(body.gait[0])
        return shown

    first = motions(1)
    assert {"stand", "graze"} == set(first)
    assert first == motions(1) and first != motions(2)


def test_jumps_and_falls():
    world, body = walking(person(), pose=at(z=1.0))
    run(world, 1.0)
    assert body.world_from_body[2, 3] == 0.0
    body.control = WalkerControl(jump=True)
    heights = []
    for tick in range(20):
        world.step(0.05)
        heights.append(body.world_from_body[2, 3])
        if tick == 2:
            body.control = WalkerControl()
    assert 0.3 < max(heights) < 0.7 and heights[-1] == 0.0


def test_the_clients_walker_ai_moves_it():
    world, body = walking(person(), town=FlatTown(slope=0.05))
    body.simulate_physics = False
    for tick in range(1, 30):
        body.walk_to(at(0.06 * tick, 0.0, 5.0, yaw=0.5), 1.2)
        world.step(0.05)
    assert body.world_from_body[0, 3] == pytest.approx(0.06 * 29)
    assert body.world_from_body[2, 3] == pytest.approx(0.05 * 0.06 * 29)
    assert body.velocity[0] == pytest.approx(1.2) and body.gait[0] == "walk"
    assert angles(body.world_from_body)[0] == pytest.approx(0.5)
    world.step(0.05)
    assert not body.velocity.any()


def test_the_dead_lie_and_do_not_get_up():
    world, body = walking(catalog.model("person.adult"))
    body.simulate_physics = False
    body.die()
    run(world, 2.0)
    assert body.dead and body.lain == pytest.approx(2.0)
    (_, _, height), tall = body.box()[1], body.model.size[2]
    assert height < tall / 2
    world.teleport(1, at(5.0))
    run(world, 0.5)
    assert body.fallen and body.world_from_body[0, 3] == pytest.approx(5.0)


def test_a_blow_throws_down_only_who_can_fall():
    for invincible in (False, True):
        world, body = walking(person())
        body.invincible = invincible
        world.step(0.05)
        world.add_impulse(1, np.array([4.0 * body.mass, 0.0, 0.0]))
        run(world, 1.0)
        assert body.fallen is not invincible


def test_nobody_walks_through_a_wall():
    wall = Obstacle(np.array([3.0, 0.0, 1.0]), (0.3, 20.0, 2.0), 0.0, 0.0, Tag.WALLS)
    world, body = walking(person(), WalkerControl((1.0, 0.0, 0.0), speed=3.0), town=FlatTown(obstacles=(wall,)))
    run(world, 4.0)
    assert 2.0 < body.world_from_body[0, 3] < 2.9


def test_one_who_is_put_beyond_the_ground_does_not_stop_the_others():
    class Island(FlatTown):
        def ground(self, points):
            if np.abs(points[:, 0]).max() > 100:
                raise ValueError("no ground")
            return super().ground(points)

    world, body = walking(person(), WalkerControl((1.0, 0.0, 0.0), speed=1.0), town=Island())
    lost = world.add_walker(2, person(), at(0.0, 5.0))
    lost.simulate_physics = False
    lost.walk_to(at(1e6, 0.0, 7.0), 1.0)
    run(world, 1.0)
    assert body.world_from_body[0, 3] > 0.5 and lost.world_from_body[0, 3] == 1e6
    with pytest.raises(ValueError, match="finite"):
        lost.walk_to(at(math.nan), 1.0)


def test_a_pose_of_ones_own_bends_the_mesh_and_its_box():
    world, body = walking(catalog.model("person.adult"))
    rig = body.rig
    pose = rig.relative(rig.posed(body.bones))
    side = rig.names.index("crl_arm__L")
    pose[side, :3, :3] = roll(math.pi / 2) @ pose[side, :3, :3]
    _, (_, before, _) = body.box()
    widths = []
    for share in (0.0, 0.5, 1.0):
        body.take_pose(pose, share)
        widths.append(body.box()[1][1])
    assert widths[0] == pytest.approx(before)
    assert widths[0] + 0.2 < widths[1] < widths[2] - 0.05
    world.step(0.05)
    assert body.previous_bones == pytest.approx(rig.skinning(pose))
    assert np.linalg.det(body.bones[:, :3, :3]) == pytest.approx(np.ones(len(body.bones)), abs=1e-4)


def test_a_rigs_poses_are_those_of_the_mesh():
    for name in ("person.adult", "person.child", "animal.kangaroo"):
        model = catalog.model(name)
        skinning = model.gait(2.0).pose(0.3)
        rig = rig_of(model.skeleton)
        poses = rig.posed(skinning)
        assert rig.composed(rig.relative(poses)) == pytest.approx(poses)
        for bone, place in enumerate(rig.drivers):
            if place >= 0:
                joint = skinning[place] @ np.append(rig.joints[bone], 1.0)
                assert poses[bone, :3, 3] == pytest.approx(joint[:3], abs=1e-5)


def test_does_what_it_is_told_whenever_it_stands():
    world, body = walking(catalog.model("person.adult", variant=1003))
    before = body.random.bit_generator.state
    with pytest.raises(ValueError, match="cannot 'graze'; it can sit"):
        body.act("graze")
    body.act("sit")
    run(world, 12.0)
    assert body.gait[0] == body.action == "sit"
    assert body.random.bit_generator.state == before, "no draw is spent while it is told what to do"
    body.control = WalkerControl((1.0, 0.0, 0.0), speed=1.2)
    run(world, 1.0)
    assert body.gait[0] == "walk"
    body.control = WalkerControl()
    run(world, 2.0)
    assert body.gait[0] == "sit"
    body.act("")
    run(world, 20.0)
    assert body.gait[0] == "stand", "nobody sits down unasked"
