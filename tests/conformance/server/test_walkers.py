"""Walkers, through the real client: where they may go, the client's own AI, bones, death."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import carla
import numpy as np
import pytest

from simulator.process import ServerProcess

from .clients import MAPS, Raw, own_client
from .walker_soak import start_walkers

TOWN = MAPS / "Town10HD.xodr"
BONES = (
    "crl_root",
    "crl_hips__C",
    "crl_spine01__C",
    "crl_Head__C",
    "crl_handIndexEnd__R",
    "crl_leg__L",
    "crl_toeEnd__R",
)

pytestmark = pytest.mark.skipif(not TOWN.exists(), reason="needs CARLA's Town10HD.xodr")


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess(str(TOWN), seed=3) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARLA_CACHE_DIR", str(tmp_path_factory.mktemp("carla")))
        yield own_client(server)


@pytest.fixture
def world(client: Any) -> Iterator[Any]:
    world = client.get_world()
    before = {actor.id for actor in world.get_actors()}
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    world.tick()
    yield world
    for actor in world.get_actors():
        if actor.id not in before:
            actor.destroy()
    world.tick()


def ticks(world: Any, seconds: float) -> None:
    for _ in range(round(seconds / 0.05)):
        world.tick()


def person(world: Any, at: Any = None, name: str = "walker.pedestrian.0001", **attributes: str) -> Any:
    """Someone who stands somewhere on a sidewalk, or above ``at``."""
    kind = world.get_blueprint_library().find(name)
    for key, value in attributes.items():
        kind.set_attribute(key, value)
    place = at or world.get_random_location_from_navigation()
    walker = world.spawn_actor(kind, carla.Transform(place + carla.Location(z=1.1)))
    ticks(world, 0.6)
    return walker


def positions(bones: Any) -> dict[str, Any]:
    return {bone.name: bone.world.location for bone in bones.bone_transforms}


# -- the navigation mesh -----------------------------------------------------------------------------------------------


def test_the_mesh_is_a_file_whose_name_tells_its_content(client: Any) -> None:
    (name,) = client.get_required_files("Nav", False)
    assert name.startswith("Carla/Maps/Nav/Town10HD-") and name.endswith(".bin")
    assert client.get_required_files("Nav", False) == [name]
    assert set(client.get_required_files("", False)) == {name, "Carla/Maps/OpenDrive/Town10HD.xodr"}
    assert client.get_required_files("TM", False) == []


def test_random_places_are_on_sidewalks(world: Any) -> None:
    world.set_pedestrians_seed(5)
    places = [world.get_random_location_from_navigation() for _ in range(100)]
    assert all(place is not None for place in places)
    for place in places:
        lane = world.get_map().get_waypoint(place, lane_type=carla.LaneType.Sidewalk)
        assert lane.transform.location.distance(place) < lane.lane_width / 2 + 0.1
        ground = world.ground_projection(place + carla.Location(z=0.5), 2.0)
        assert abs(ground.location.z - place.z) < 0.05
    xs, ys = [place.x for place in places], [place.y for place in places]
    assert max(xs) - min(xs) > 200 and max(ys) - min(ys) > 200


# -- the client's AI ---------------------------------------------------------------------------------------------------


def test_ai_walkers_walk_on_foot_and_cross_at_crosswalks(world: Any) -> None:
    walkers = start_walkers(world, 12, seed=2, crossing=0.0)
    ticks(world, 1.0)
    town = world.get_map()
    corners = np.array([(corner.x, corner.y) for corner in town.get_crosswalks()])
    crossings = 0
    for _ in range(40):
        walkers.look()
        ticks(world, 1.0)
        for walker in walkers.people:
            place = walker.get_location()
            assert -0.05 < place.z - walker.bounding_box.extent.z < 0.2, "this town is flat"
            lane = town.get_waypoint(place, lane_type=carla.LaneType.Any)
            if lane.lane_type == carla.LaneType.Driving:
                crossings += 1
                assert np.hypot(*(corners - (place.x, place.y)).T).min() < 12.0, "on a road, but not at a crosswalk"
    assert crossings > 0, "nobody crossed a street"
    assert np.median(walkers.walked()) > 25
    assert walkers.leaps() < 3.0
    walkers.destroy()


def test_an_ai_walker_reaches_where_it_is_sent_and_stops(world: Any) -> None:
    world.set_pedestrians_seed(11)
    start = world.get_random_location_from_navigation()
    goal = next(
        place
        for place in (world.get_random_location_from_navigation() for _ in range(1000))
        if 10 < place.distance(start) < 25
    )
    walker = person(world, start)
    controller = world.spawn_actor(
        world.get_blueprint_library().find("controller.ai.walker"), carla.Transform(), walker
    )
    world.tick()
    controller.start()
    controller.go_to_location(goal)
    controller.set_max_speed(2.5)
    near = math.inf
    for _ in range(60):
        ticks(world, 0.5)
        near = min(near, walker.get_location().distance_2d(goal))
    assert near < 1.5
    controller.stop()
    ticks(world, 0.2)
    place = walker.get_location()
    ticks(world, 1.0)
    assert walker.get_location().distance(place) < 0.05


# -- direct control ----------------------------------------------------------------------------------------------------


def test_a_jump_is_a_throw(world: Any) -> None:
    walker = person(world)
    base = walker.get_location().z
    walker.apply_control(carla.WalkerControl(speed=0.0, jump=True))
    world.tick()
    walker.apply_control(carla.WalkerControl(speed=0.0))
    heights = []
    for _ in range(30):
        heights.append(walker.get_location().z - base)
        world.tick()
    assert 0.3 < max(heights) < 1.5
    rise = np.diff(heights[: int(np.argmax(heights)) + 1], 2) / 0.05**2
    assert np.allclose(rise, -9.81, atol=0.5)
    assert abs(heights[-1]) < 0.02


def test_the_dead_fall_and_are_gone_ten_seconds_later(world: Any, server: ServerProcess) -> None:
    walker = person(world)
    upright = positions(walker.get_bones())["crl_Head__C"].z
    walker.set_simulate_physics(False)  # as one under the client's AI
    ids = [walker.id]
    with Raw(server) as raw:  # the client's walker manager says so of one that a vehicle ran over
        assert raw.ask("set_actor_dead", walker.id) == [[False]]
    ticks(world, 2.0)
    assert positions(walker.get_bones())["crl_Head__C"].z < upright - 1.0
    ticks(world, 7.5)
    assert [actor.id for actor in world.get_actors(ids)] == ids
    ticks(world, 1.5)
    assert not [actor for actor in world.get_actors() if actor.id in ids]


def test_who_is_invincible_stays_on_their_feet(world: Any) -> None:
    heads = {}
    lane = world.get_map().get_spawn_points()[0]
    forward = lane.get_forward_vector()
    for attribute in ("true", "false"):
        walker = person(world, lane.location + 20 * forward, is_invincible=attribute)
        car = world.spawn_actor(world.get_blueprint_library().find("vehicle.tesla.model3"), lane)
        ticks(world, 0.5)
        car.set_target_velocity(12 * forward)
        feet = walker.get_location().z - walker.bounding_box.extent.z
        ticks(world, 3.0)
        heads[attribute] = positions(walker.get_bones())["crl_Head__C"].z - feet
        walker.destroy()
        car.destroy()
        world.tick()
    assert heads["true"] > 1.0
    assert heads["false"] < 0.7


# -- bones -------------------------------------------------------------------------------------------------------------


def test_bones_are_carlas_and_stand_in_their_places(world: Any) -> None:
    walker = person(world)
    bones = walker.get_bones().bone_transforms
    names = [bone.name for bone in bones]
    assert set(BONES) <= set(names) and len(names) == len(set(names)) == 66
    assert walker.get_bone_names() == names
    at = {bone.name: bone for bone in bones}
    feet = walker.get_location().z - walker.bounding_box.extent.z
    assert at["crl_root"].world.location.z == pytest.approx(feet, abs=0.05)
    assert at["crl_toe__L"].world.location.z < at["crl_leg__L"].world.location.z < at["crl_hips__C"].world.location.z
    assert at["crl_Head__C"].world.location.z > at["crl_neck__C"].world.location.z
    right = walker.get_transform().get_right_vector()
    across = at["crl_hand__R"].world.location - at["crl_hand__L"].world.location
    assert across.x * right.x + across.y * right.y > 0.2
    for bone, world_pose in zip(bones, walker.get_bone_world_transforms(), strict=True):
        assert bone.world.location.distance(world_pose.location) < 1e-4
        assert walker.get_transform().transform(bone.component.location).distance(bone.world.location) < 1e-3


def test_a_pose_shows_as_far_as_it_is_blended(world: Any) -> None:
    walker = person(world)
    before = positions(walker.get_bones())
    arm = next(bone for bone in walker.get_bones().bone_transforms if bone.name == "crl_arm__R")
    raised = arm.relative
    raised.rotation.pitch += 90
    control = carla.WalkerBoneControlIn()
    control.bone_transforms = [("crl_arm__R", raised), ("no_such_bone", raised)]
    walker.set_bones(control)
    world.tick()
    hidden = positions(walker.get_bones())
    assert hidden["crl_hand__R"].distance(before["crl_hand__R"]) < 0.1
    heights = []
    for share in (0.0, 0.5, 1.0):
        walker.blend_pose(share)
        world.tick()
        heights.append(positions(walker.get_bones())["crl_hand__R"].z)
    assert heights[0] + 0.05 < heights[1] < heights[2] - 0.05
    assert heights[2] - before["crl_hand__R"].z > 0.3
    walker.hide_pose()
    walker.get_pose_from_animation()
    walker.show_pose()
    world.tick()
    assert positions(walker.get_bones())["crl_hand__R"].distance(before["crl_hand__R"]) < 0.1


def test_vehicles_tell_their_parts(world: Any) -> None:
    car = world.spawn_actor(
        world.get_blueprint_library().find("vehicle.tesla.model3"), world.get_map().get_spawn_points()[3]
    )
    ticks(world, 0.5)
    names = car.get_bone_names()
    assert {"Vehicle_Base", "Wheel_Front_Left", "Wheel_Rear_Right"} <= set(names)
    poses = dict(zip(names, car.get_bone_relative_transforms(), strict=True))
    assert poses["Wheel_Front_Left"].location.x > 1 > -1 > poses["Wheel_Rear_Left"].location.x
    assert poses["Wheel_Front_Left"].location.y < 0 < poses["Wheel_Front_Right"].location.y
    assert len(car.get_vehicle_bone_world_transforms()) == len(names)
    assert (
        len(car.get_socket_names())
        == len(car.get_socket_world_transforms())
        == len(car.get_socket_relative_transforms())
    )
    assert any("Mesh" in name for name in car.get_component_names())
    lamp = car.get_component_relative_transform("front-blinker-r-1").location
    assert lamp.x > 1 and lamp.y > 0.3 and 0.3 < lamp.z < 1.2
    there = car.get_component_world_transform("front-blinker-r-1").location
    assert car.get_transform().transform(lamp).distance(there) < 1e-3
    with pytest.raises(RuntimeError):
        car.get_component_world_transform("no-such-part")
