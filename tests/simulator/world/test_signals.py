"""Traffic lights and signs: where they stand, how they take turns, and which vehicles they tell of it."""

from __future__ import annotations

from pathlib import Path

import carla
import numpy as np
import pytest

from simulator.world.opendrive import read
from simulator.world.signage import STOP_GAP, Kind, signage
from simulator.world.signals import STANDING, State
from simulator.world.world import World

from .crossing import crossing, opendrive, road, signal
from .flat_town import FlatTown, at, car

MAPS = Path(__file__).parents[4] / "shared" / "data" / "opendrive"


def level(points, *_):
    return np.zeros(len(points)), np.tile([0.0, 0.0, 1.0], (len(points), 1)), np.zeros(len(points), np.int64)


def signs_of(text):
    return signage(read(text), level)


class SignedTown(FlatTown):
    def __init__(self, text):
        super().__init__()
        self.signage = signs_of(text)


def world_with(text, *poses):
    world = World(SignedTown(text), 0)
    for number, pose in enumerate(poses, 1):
        world.add_vehicle(number, car(), pose).simulate_physics = False
    return world


def run(world, seconds, dt=0.1):
    for _ in range(round(seconds / dt)):
        world.step(dt)


def states(world):
    return {name: light.state for name, light in world.signals.lights.items()}


def test_a_light_watches_the_lane_that_leads_into_its_junction():
    west = next(sign for sign in signs_of(crossing()).signs if sign.id == "w")
    (volume,) = west.volumes
    assert (volume.road, volume.lane, volume.turns) == ("1", -1, ("11",))
    assert volume.stop_line == pytest.approx([-10.0, -1.75, 0.0])
    assert volume.world_from_box[:3, 0] == pytest.approx([1.0, 0.0, 0.0])
    assert 2 * volume.half == pytest.approx([3.0, 1.75, 2.0])
    assert west.world_from_sign[:3, 0] == pytest.approx([0.0, -1.0, 0.0])  # to the right of the traffic
    assert west.world_from_post[:3, 0] == pytest.approx([-1.0, 0.0, 0.0])  # faces it
    assert west.arm == pytest.approx(3.25) and west.junction == "9" and not west.on_lane
    middle, size = west.box()
    assert size == pytest.approx([1.75, 3.0, 2.0])
    center = west.world_from_sign[:3, :3] @ middle + west.world_from_sign[:3, 3]
    assert center[:2] == pytest.approx([-10.0 - STOP_GAP - 1.5, -1.75])


def test_controllers_take_turns_in_their_sequence():
    world = world_with(crossing())
    assert states(world) == {"s": State.GREEN, "w": State.RED}
    seen = []
    for _ in range(310):
        world.step(0.1)
        now = states(world)
        assert State.RED in now.values()  # never two ways at once
        if not seen or seen[-1] != now:
            seen.append(now)
    colors = [(now["s"].name, now["w"].name) for now in seen]
    assert colors == [
        ("GREEN", "RED"), ("YELLOW", "RED"), ("RED", "RED"), ("RED", "GREEN"), ("RED", "YELLOW"), ("RED", "RED"),
        ("GREEN", "RED"),
    ]  # fmt: skip


def test_times_freezing_and_reset():
    world = world_with(crossing())
    (group,) = world.signals.groups
    world.signals.lights["s"].phase.times[State.GREEN] = 1.0
    run(world, 1.5)
    assert states(world)["s"] is State.YELLOW
    world.signals.freeze(True)
    elapsed = group.phases[0].elapsed
    run(world, 20.0)
    assert states(world)["s"] is State.YELLOW and group.phases[0].elapsed == elapsed > 0
    world.signals.freeze(False)
    run(world, 4.0)
    assert states(world)["s"] is State.RED
    world.signals.reset()
    assert states(world) == {"s": State.GREEN, "w": State.RED} and group.phases[0].elapsed == 0.0


def test_heads_show_what_the_light_says():
    world = world_with(crossing())
    light = world.signals.lights["w"]
    assert {head.lamps for head in light.heads} == {frozenset({"red"})}
    assert all(head in world.scene().bodies for head in light.heads) and len(light.heads) == 2
    light.state = State.GREEN
    assert {head.lamps for head in light.heads} == {frozenset({"green"})}
    light.state = State.OFF
    assert {head.lamps for head in light.heads} == {frozenset()}


def test_without_controllers_every_approach_has_its_turn():
    signs = signs_of(crossing(controlled=False))
    assert signs.groups == ((("w",), ("s",)),) and signs.junctions == ("9",)


def test_a_light_of_no_junction_changes_by_itself():
    lone = opendrive([road(1, 0, 0, 0, 80, signals=signal("x", s=40, more='fromLane="-1" toLane="-1"'))])
    world = world_with(lone)
    light = world.signals.lights["x"]
    assert light.sign.volumes[0].stop_line[0] == pytest.approx(40.0)
    seen = []
    for _ in range(240):
        world.step(0.1)
        seen.append(light.state)
    assert [seen.count(state) for state in (State.GREEN, State.YELLOW, State.RED)] == pytest.approx(
        [110, 30, 100], abs=3
    )


def test_a_vehicle_is_at_the_light_from_its_volume_until_its_tail_has_left():
    # 4.5 m long; the volume lies from 4.5 to 1.5 m before the line at x = -10
    for x, there in ((-17.5, False), (-16.5, True), (-12.0, True), (-9.5, True), (-9.0, False)):
        world = world_with(crossing(), at(x, -1.75))
        world.step(0.1)
        assert (world.signals.at.get(1) is world.signals.lights["w"]) == there, x


def test_the_other_way_and_other_heights_do_not_count():
    for pose in (at(-13.0, 1.75, yaw=np.pi), at(-13.0, -1.75, 5.0), at(-13.0, -1.75, yaw=np.pi)):
        world = world_with(crossing(), pose)
        world.step(0.1)
        assert world.signals.at == {}


def test_a_stop_sign_holds_for_two_seconds_and_while_others_cross():
    stop = crossing(kinds=("206", "1000001"))
    world = world_with(stop, at(-13.0, -1.75))
    run(world, 1.5)
    assert world.signals.waiting == {1}
    run(world, 1.0)
    assert world.signals.waiting == frozenset()
    world.add_vehicle(2, car(), at(1.75, -5.0, yaw=np.pi / 2)).simulate_physics = False
    world.step(0.1)
    assert world.signals.waiting == {1}
    world.teleport(2, at(1.75, 60.0, yaw=np.pi / 2))
    world.step(0.1)
    assert world.signals.waiting == frozenset()


def test_a_yield_sign_holds_only_while_others_cross():
    world = world_with(crossing(kinds=("205", "1000001")), at(-13.0, -1.75))
    world.step(0.1)
    assert world.signals.waiting == frozenset()
    world.add_vehicle(2, car(), at(1.75, 0.0, yaw=np.pi / 2))
    world.step(0.1)
    assert world.signals.waiting == {1}


@pytest.mark.parametrize("crawls", [0, 20])
def test_who_comes_to_stand_after_a_green_is_at_no_light_for_one_step(crawls):
    """A Traffic Manager forgets the green then. Some crawl on for a while before they stand."""
    world = world_with(crossing(), at(-13.5, -1.75))
    signals, light, body = world.signals, world.signals.lights["w"], world.bodies[1]
    after, told = 0, []
    while light.state is not State.GREEN:
        signals.step([body], 0.1)
    while len(told) < crawls + 5:
        body.velocity[:] = [STANDING + 0.1 if after < crawls else 0.0, 0.0, 0.0]
        signals.step([body], 0.1)
        if light.state is State.GREEN:
            assert signals.at[1] is light
        else:
            after += 1
            told.append(1 in signals.at)
    assert told == [True] * crawls + [False] + [True] * 4


def test_speed_limits_know_their_number():
    text = opendrive(
        [road(1, 0, 0, 0, 80, signals=signal("v", "274", s=40, value=60, more='fromLane="-1" toLane="-1"'))]
    )
    (sign,) = signs_of(text).signs
    assert sign.kind is Kind.SPEED and sign.limit == 60


@pytest.mark.parametrize("name", ["Town01", "Town02", "Town10HD"])
def test_towns_agree_with_the_clients_own_map(name):
    path = MAPS / f"{name}.xodr"
    if not path.exists():
        pytest.skip("the town's OpenDRIVE file is not at hand")
    text = path.read_text(encoding="utf-8")
    signs, town = signs_of(text), carla.Map(name, text)
    marks = {mark.id: mark.transform for mark in town.get_all_landmarks()}
    lights = [sign for sign in signs.signs if sign.kind is Kind.LIGHT]
    assert sorted(light.id for light in lights) == sorted(n for group in signs.groups for phase in group for n in phase)
    for sign in signs.signs:
        place, yaw = marks[sign.id].location, np.radians(-marks[sign.id].rotation.yaw)
        assert sign.world_from_sign[:3, 3] == pytest.approx([place.x, -place.y, place.z], abs=0.05)
        assert sign.world_from_sign[:2, 1] == pytest.approx([np.cos(yaw), np.sin(yaw)], abs=0.01)
        assert not sign.on_lane and sign.volumes
        for volume in sign.volumes:
            x, y, z = volume.world_from_box[:3, 3]
            lane = town.get_waypoint(carla.Location(x, -y, z))
            assert (str(lane.road_id), lane.lane_id) == (volume.road, volume.lane) and not lane.is_junction
            turns = {str(after.road_id) for after in lane.next(8.0)}
            assert set(volume.turns) <= turns and volume.turns
