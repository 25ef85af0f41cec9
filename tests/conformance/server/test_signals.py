"""Traffic lights and signs through the real client, and the real Traffic Manager at them."""

from __future__ import annotations

import carla
import numpy as np
import pytest

from simulator.process import ServerProcess

from .clients import MAPS, fresh_world, settle, spawn, traffic_manager, wait_for
from .soak import Watch

TOWN = "Town10HD"
RED, YELLOW, GREEN = carla.TrafficLightState.Red, carla.TrafficLightState.Yellow, carla.TrafficLightState.Green

pytestmark = pytest.mark.skipif(not (MAPS / f"{TOWN}.xodr").exists(), reason="the town's OpenDRIVE file is not at hand")


@pytest.fixture(scope="module")
def server():
    with ServerProcess(TOWN, seed=3, maps=MAPS) as process:
        yield process


@pytest.fixture
def world(server):
    with fresh_world(server, TOWN) as (_, world):
        yield world


@pytest.fixture
def traffic(server):
    """World and Traffic Manager, both synchronous."""
    with fresh_world(server, TOWN) as (client, world), traffic_manager(client, world) as manager:
        yield world, manager


def lights_of(world):
    return sorted(world.get_actors().filter("traffic.traffic_light"), key=lambda light: light.id)


def states(lights):
    return [light.state for light in lights]


def run(world, seconds, step=0.05):
    for _ in range(round(seconds / step)):
        world.tick()


def before(light, metres):
    """A lane of a light, and a place that far before its stop line."""
    start = light.get_stop_waypoints()[0]
    end = start.next_until_lane_end(0.25)[-1]
    return end, end.previous(metres)[0]


def test_lights_are_actors_from_the_start_on_and_stay(world):
    lights = lights_of(world)
    types = sorted(actor.type_id for actor in world.get_actors().filter("traffic.*"))
    assert types == ["traffic.stop"] * 3 + ["traffic.traffic_light"] * 15 + ["traffic.yield"]
    assert not lights[0].destroy()
    place = lights[0].get_location()
    lights[0].set_location(carla.Location(0, 0, 0))
    world.tick()
    assert lights[0].get_location() == place and lights[0].is_alive


def test_each_light_finds_its_lanes_and_its_landmark(world):
    marks = {mark.id: mark for mark in world.get_map().get_all_landmarks_of_type("1000001")}
    for light in lights_of(world):
        name = light.get_opendrive_id()
        assert world.get_traffic_light_from_opendrive_id(name).id == light.id
        assert world.get_traffic_light(marks[name]).id == light.id
        stops = light.get_stop_waypoints()
        affected = {(point.road_id, point.lane_id) for point in light.get_affected_lane_waypoints() if point}
        assert stops and not any(stop.is_junction for stop in stops)
        for stop in stops:
            assert {(after.road_id, after.lane_id) for after in stop.next(8.0)} & affected
            assert light.id in {found.id for found in world.get_traffic_lights_from_waypoint(stop, 40.0)}
            junction = next(after for after in stop.next(8.0) if after.is_junction).junction_id
            assert {found.id for found in world.get_traffic_lights_in_junction(junction)} == {
                other.id for other in light.get_group_traffic_lights()
            }
        assert sorted(other.get_pole_index() for other in light.get_group_traffic_lights()) == list(
            range(len(light.get_group_traffic_lights()))
        )


def test_signs_are_found_by_their_landmarks(world):
    for code, kind in (("206", "traffic.stop"), ("205", "traffic.yield")):
        marks = world.get_map().get_all_landmarks_of_type(code)
        assert marks and {world.get_traffic_sign(mark).type_id for mark in marks} == {kind}


def test_one_phase_of_a_group_is_green_at_a_time(world):
    group = lights_of(world)[0].get_group_traffic_lights()
    seen = []
    for _ in range(1300):
        world.tick()
        now = states(group)
        assert sum(state != RED for state in now) <= 1
        if not seen or seen[-1] != now:
            seen.append(now)
    greens = [now.index(GREEN) for now in seen if GREEN in now]
    assert len(set(greens)) == len(group) and greens[: len(group)] != greens[1 : len(group) + 1]
    times = [(light.get_green_time(), light.get_yellow_time(), light.get_red_time()) for light in group]
    assert set(times) == {(10.0, 3.0, 2.0)}


def test_states_times_freezing_and_reset(world):
    light = next(light for light in lights_of(world) if light.state == GREEN)
    light.set_green_time(4.0)
    begun = light.get_elapsed_time()
    run(world, 2.0)
    assert light.get_green_time() == 4.0 and light.state == GREEN
    assert light.get_elapsed_time() - begun == pytest.approx(2.0, abs=0.01)
    light.freeze(True)
    run(world, 6.0)
    assert light.is_frozen() and light.state == GREEN
    light.set_state(YELLOW)
    world.tick()
    assert light.state == YELLOW
    light.freeze(False)
    light.reset_group()
    world.tick()
    assert not light.is_frozen() and light.get_elapsed_time() < 0.11
    run(world, 30.0)
    world.reset_all_traffic_lights()
    world.tick()
    first = states(lights_of(world))
    run(world, 11.0)
    assert states(lights_of(world)) != first
    world.freeze_all_traffic_lights(True)
    world.tick()
    frozen = states(lights_of(world))
    run(world, 11.0)
    assert states(lights_of(world)) == frozen and all(light.is_frozen() for light in lights_of(world))


def test_every_episode_begins_with_the_same_lights(server):
    shown = []
    for _ in range(2):
        with fresh_world(server, TOWN) as (_, world):
            run(world, 13.0)
            shown.append([(light.id, light.get_opendrive_id(), light.state) for light in lights_of(world)])
    assert shown[0] == shown[1]


def test_a_replay_shows_the_lights_as_they_were(server, tmp_path):
    with fresh_world(server, TOWN) as (client, world):
        name = str(tmp_path / "lights.log")
        client.start_recorder(name)
        shown = []
        for _ in range(300):
            world.tick()
            shown.append(states(lights_of(world)))
        client.stop_recorder()
        run(world, 7.0)
        client.replay_file(name, 0.0, 0.0, 0)
        world.tick()
        for _ in range(230):  # 11.5 s: the first phases are yellow
            world.tick()
        assert states(lights_of(world)) in shown[225:235]
        client.stop_replayer(False)
        after = []
        for _ in range(16):
            run(world, 1.0)
            after.append(states(lights_of(world)))
        assert any(later != after[0] for later in after)  # their own time goes on


def test_a_vehicle_is_told_of_the_light_that_it_stands_at(world):
    light = lights_of(world)[0]
    end, spot = before(light, 5.0)
    place = spot.transform
    place.location.z += 0.3
    car = spawn(world, "vehicle.tesla.model3", place)
    world.freeze_all_traffic_lights(True)
    for state in (RED, GREEN):
        light.set_state(state)
        world.tick()
        assert car.is_at_traffic_light() and car.get_traffic_light().id == light.id
        assert car.get_traffic_light_state() == state
    away = end.previous(20.0)[0].transform
    away.location.z += 0.3
    car.set_transform(away)
    world.tick()
    assert not car.is_at_traffic_light() and car.get_traffic_light_state() == GREEN
    car.destroy()


def test_the_lit_lamp_is_seen_where_its_box_says(world):
    light = lights_of(world)[0]
    world.freeze_all_traffic_lights(True)
    box = light.get_light_boxes()[0]
    assert [round(2 * side, 1) for side in (box.extent.y, box.extent.z)] == [0.7, 1.4]
    facing = box.rotation.get_forward_vector()
    eye = carla.Location(box.location.x + 4 * facing.x, box.location.y + 4 * facing.y, box.location.z)
    view = carla.Transform(eye, carla.Rotation(yaw=box.rotation.yaw + 180))
    pictures = {}
    for kind in ("rgb", "instance_segmentation"):
        camera = spawn(world, f"sensor.camera.{kind}", view, image_size_x=200, image_size_y=200, fov=30)
        camera.listen(lambda image, kind=kind: pictures.__setitem__((kind, image.frame), image))
        for state in (RED, GREEN):
            light.set_state(state)
            frame = world.tick()
            wait_for(lambda kind=kind, frame=frame: (kind, frame) in pictures)
            pictures[kind, state] = (
                np.frombuffer(pictures[kind, frame].raw_data, np.uint8).reshape(200, 200, 4).astype(int)
            )
        camera.destroy()
    tag = pictures["instance_segmentation", RED]
    mine = (tag[..., 2] == int(carla.CityObjectLabel.TrafficLight)) & (tag[..., 1] + 256 * tag[..., 0] == light.id)
    assert mine.sum() > 3000
    change = pictures["rgb", RED] - pictures["rgb", GREEN]
    rows = np.arange(200)[:, None]
    red, green = (change[..., 2] > 60) & mine, (change[..., 1] < -60) & mine
    assert red.sum() > 150 and green.sum() > 150
    assert (rows * red).sum() / red.sum() < 90 and (rows * green).sum() / green.sum() > 110  # red is on top


def test_traffic_manager_stops_at_red_and_goes_at_green(traffic):
    world, manager = traffic
    world.freeze_all_traffic_lights(True)
    world.tick()
    cars = []
    lights = lights_of(world)[:4]
    for light in lights:
        light.set_state(RED)
        _, spot = before(light, 30.0)
        place = spot.transform
        place.location.z += 0.3
        cars.append(spawn(world, "vehicle.tesla.model3", place))
    world.tick()
    for car in cars:
        car.set_autopilot(True, manager.get_port())
    watch = Watch(world, cars)

    def noses():
        """Metres that each car's front is past its stop line."""
        past = []
        for light, car in zip(lights, cars, strict=True):
            line = before(light, 1.0)[0].transform
            nose = car.get_transform().transform(
                carla.Location(x=car.bounding_box.location.x + car.bounding_box.extent.x)
            )
            forward = line.get_forward_vector()
            past.append((nose.x - line.location.x) * forward.x + (nose.y - line.location.y) * forward.y)
        return np.array(past)

    def drive(seconds):
        for _ in range(round(seconds / 0.05)):
            world.tick()
            watch.look()

    drive(14.0)
    waiting = noses()
    assert (waiting < 0).all() and (waiting > -6).all(), waiting
    assert all(car.get_velocity().length() < 0.1 and car.is_at_traffic_light() for car in cars)
    drive(5.0)
    assert noses() == pytest.approx(waiting, abs=0.1)
    for light in lights:
        light.set_state(GREEN)
    drive(6.0)
    assert (noses() > 2).all(), noses()
    assert not watch.findings.red_runs and watch.findings.crossings == len(cars)


def test_traffic_manager_stops_at_a_stop_sign_and_goes_on(traffic):
    world, manager = traffic
    mark = world.get_map().get_all_landmarks_of_type("206")[0]
    sign = world.get_traffic_sign(mark)
    box = sign.bounding_box
    middle = sign.get_transform().transform(box.location)
    lane = world.get_map().get_waypoint(middle)
    assert not lane.is_junction
    place = lane.previous(20.0)[0].transform
    place.location.z += 0.3
    car = spawn(world, "vehicle.tesla.model3", place)
    world.tick()
    car.set_autopilot(True, manager.get_port())
    told, stood, crossed = False, 0, False
    for _ in range(600):
        world.tick()
        told |= car.get_traffic_light_state() == RED and not car.is_at_traffic_light()
        near = car.get_location().distance(middle) < 12
        stood += near and car.get_velocity().length() < 0.1
        crossed |= world.get_map().get_waypoint(car.get_location()).is_junction
    assert told and stood * 0.05 > 1.0 and crossed


def test_a_light_without_a_junction_and_generated_worlds(server):
    from tests.simulator.world.crossing import opendrive, road, signal  # made-up maps are shared

    text = opendrive([road(1, 0, 0, 0, 80, signals=signal("10", s=40, t=-5, more='fromLane="-1" toLane="-1"'))])
    with fresh_world(server, TOWN) as (client, _):
        world = client.generate_opendrive_world(text)
        settle(world, True)
        world.tick()
        (light,) = lights_of(world)
        assert light.get_opendrive_id() == "10"
        for state in (GREEN, YELLOW, RED):
            light.set_state(state)
            world.tick()
            assert light.state == state
        settle(world, False, None)
