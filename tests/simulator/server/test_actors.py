"""Spawning, moving and driving actors: through the real client."""

import math

import carla
import pytest

from simulator.world.spawns import ABOVE

from .helpers import blueprint, lifted, wait_for


def spawn(world, name, point=0, ahead=0.0, **attributes):
    at = lifted(world.get_map().get_spawn_points()[point], ahead=ahead)
    return world.spawn_actor(blueprint(world, name, **attributes), at)


def ticks(world, count):
    for _ in range(count):
        world.tick()


def test_a_car_settles_where_it_was_put_and_keeps_its_heading(world):
    point = world.get_map().get_spawn_points()[5]
    car = spawn(world, "vehicle.tesla.model3", 5, role_name="hero", color="10,20,30")
    assert car.get_transform().location.z == 0  # not in a snapshot yet
    ticks(world, 40)
    settled = car.get_transform().location
    assert math.dist((settled.x, settled.y), (point.location.x, point.location.y)) < 0.3
    assert settled.z == pytest.approx(point.location.z - ABOVE, abs=0.1)  # it has fallen onto its wheels
    assert abs((car.get_transform().rotation.yaw - point.rotation.yaw + 180) % 360 - 180) < 1
    assert car.get_velocity().length() < 0.3
    assert car.attributes["role_name"] == "hero" and car.attributes["color"] == "10,20,30"
    box = car.bounding_box
    assert 2 * box.extent.x == pytest.approx(4.792, abs=0.1) and 2 * box.extent.y == pytest.approx(2.163, abs=0.1)
    assert box.location.z == pytest.approx(box.extent.z, abs=0.05)


def test_a_second_body_in_the_same_place_is_refused(world):
    spawn(world, "vehicle.tesla.model3", 3)
    with pytest.raises(RuntimeError, match="Spawn failed because of collision at spawn position"):
        spawn(world, "vehicle.audi.tt", 3)
    assert (
        world.try_spawn_actor(
            blueprint(world, "vehicle.audi.tt"), lifted(world.get_map().get_spawn_points()[3], ahead=1.0)
        )
        is None
    )


def test_transforms_go_there_and_back(world):
    car = spawn(world, "vehicle.tesla.model3")
    car.set_simulate_physics(False)
    near = car.bounding_box.location  # an RPC: the actor is known
    assert near is not None
    wanted = carla.Transform(carla.Location(20, -30, 40), carla.Rotation(pitch=10, yaw=-120, roll=5))
    car.set_transform(wanted)
    world.tick()
    got = car.get_transform()
    assert got.location.distance(wanted.location) < 1e-3
    for axis in ("pitch", "yaw", "roll"):
        assert getattr(got.rotation, axis) == pytest.approx(getattr(wanted.rotation, axis), abs=1e-3)


def test_throttle_drives_and_positive_steer_turns_right(world):
    car = spawn(world, "vehicle.tesla.model3")
    ticks(world, 10)
    start = car.get_transform()
    car.apply_control(carla.VehicleControl(throttle=0.6))
    ticks(world, 40)
    way = car.get_transform().location - start.location
    ahead = start.get_forward_vector()
    assert way.x * ahead.x + way.y * ahead.y > 3
    control = car.get_control()
    assert control.throttle == pytest.approx(0.6) and control.steer == 0
    car.apply_control(carla.VehicleControl(throttle=0.3, steer=0.4))
    before = car.get_transform().rotation.yaw
    ticks(world, 20)
    turn = (car.get_transform().rotation.yaw - before + 180) % 360 - 180
    assert turn > 5  # CARLA's yaw grows to the right
    assert car.get_angular_velocity().z > 1
    assert car.get_control().steer == pytest.approx(0.4)
    assert car.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel) > 1


def test_physics_control_tells_four_wheels_in_centimetres(world):
    car = spawn(world, "vehicle.tesla.model3")
    ticks(world, 20)
    physics = car.get_physics_control()
    assert len(physics.wheels) == 4 and physics.mass > 800
    inverse = car.get_transform().get_inverse_matrix()
    places = []
    for wheel in physics.wheels:
        x, y, z = wheel.position.x / 100, wheel.position.y / 100, wheel.position.z / 100
        places.append([sum(row[k] * v for k, v in enumerate((x, y, z, 1))) for row in inverse[:3]])
    assert places[0][0] > 1 and places[2][0] < -1  # front, rear
    assert places[0][1] < 0 < places[1][1]  # left, right; CARLA's y is right
    physics.mass = 2000
    car.apply_physics_control(physics)
    assert car.get_physics_control().mass == pytest.approx(2000)


def test_ackermann_control_reaches_its_speed(world):
    car = spawn(world, "vehicle.tesla.model3")
    ticks(world, 10)
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=6.0))
    ticks(world, 200)
    assert car.get_velocity().length() == pytest.approx(6.0, abs=1.0)


def test_constant_velocity_and_impulse(world):
    car = spawn(world, "vehicle.tesla.model3")
    ticks(world, 20)
    car.enable_constant_velocity(carla.Vector3D(5, 0, 0))
    ticks(world, 10)
    assert car.get_velocity().length() == pytest.approx(5.0, abs=0.5)
    car.disable_constant_velocity()
    car.apply_control(carla.VehicleControl(brake=1.0))
    ticks(world, 60)
    assert car.get_velocity().length() < 0.1
    car.apply_control(carla.VehicleControl())
    forward = car.get_transform().get_forward_vector()
    car.add_impulse(forward * (car.get_physics_control().mass * 3.0))
    world.tick()
    assert car.get_velocity().length() == pytest.approx(3.0, abs=0.5)


def test_lights(world):
    car = spawn(world, "vehicle.tesla.model3")
    state = carla.VehicleLightState(carla.VehicleLightState.LowBeam | carla.VehicleLightState.LeftBlinker)
    car.set_light_state(state)
    assert car.get_light_state() == state
    assert dict(world.get_vehicles_light_states()) == {car.id: state}


def test_a_walker_stands_on_the_ground_and_walks_where_it_is_told(world):
    point = world.get_map().get_spawn_points()[0]
    walker = spawn(world, "walker.pedestrian.0001")
    controller = world.spawn_actor(blueprint(world, "controller.ai.walker"), carla.Transform(), walker)
    ticks(world, 20)
    start = walker.get_transform().location
    half = walker.bounding_box.extent.z
    assert walker.bounding_box.location.z == pytest.approx(0, abs=1e-6) and 0.6 < half < 1.1
    assert start.z == pytest.approx(point.location.z - ABOVE + half, abs=0.1)  # the origin is at the hips
    assert controller.parent.id == walker.id
    walker.apply_control(carla.WalkerControl(carla.Vector3D(0, 1, 0), 1.5))
    ticks(world, 60)
    way = walker.get_transform().location - start
    assert way.y > 3 and abs(way.x) < 0.3
    assert walker.get_transform().rotation.yaw == pytest.approx(90, abs=3)
    assert walker.get_control().speed == pytest.approx(1.5)


def test_a_kangaroo_hops_away(world):
    kangaroo = spawn(world, "walker.animal.kangaroo")
    ticks(world, 5)
    start = kangaroo.get_location()
    kangaroo.apply_control(carla.WalkerControl(carla.Vector3D(1, 0, 0), 8.0))
    ticks(world, 60)
    assert kangaroo.get_location().x - start.x > 10


def test_the_clients_walker_ai_moves_its_walkers_itself(client, world):
    walker = spawn(world, "walker.pedestrian.0001")
    ticks(world, 10)
    at = walker.get_transform()
    for _ in range(20):
        at.location.x += 0.07
        client.apply_batch_sync([carla.command.ApplyWalkerState(walker.id, at, 1.4)], True)
    assert walker.get_transform().location.distance(at.location) < 0.1  # hips there and back, feet on the ground


def test_children_outlive_their_parent(world):
    car = spawn(world, "vehicle.tesla.model3")
    camera = world.spawn_actor(blueprint(world, "sensor.camera.rgb"), carla.Transform(carla.Location(z=2)), car)
    world.tick()
    place = camera.get_location()
    assert camera.parent.id == car.id
    assert place.z - car.get_location().z == pytest.approx(2, abs=1e-3)
    assert car.destroy()
    world.tick()
    assert camera.id in [actor.id for actor in world.get_actors()]
    assert camera.get_location().distance(place) < 1e-3
    assert camera.destroy()


def test_a_batch_goes_on_after_a_failure(client, world):
    points = world.get_map().get_spawn_points()
    car = blueprint(world, "vehicle.tesla.model3")
    spawn_command = carla.command.SpawnActor(car, lifted(points[0])).then(
        carla.command.ApplyVehicleControl(carla.command.FutureActor, carla.VehicleControl(throttle=1.0))
    )
    answers = client.apply_batch_sync(
        [
            spawn_command,
            carla.command.SpawnActor(car, lifted(points[0])),
            carla.command.DestroyActor(9999),
            carla.command.SpawnActor(car, lifted(points[4])),
        ],
        True,
    )
    assert [answer.has_error() for answer in answers] == [False, True, True, False]
    assert "collision" in answers[1].error
    ticks(world, 30)
    assert world.get_actor(answers[0].actor_id).get_velocity().length() > 1
    assert world.get_actor(answers[3].actor_id).get_velocity().length() < 0.1
    actors = [answers[0].actor_id, answers[3].actor_id]
    assert not any(a.has_error() for a in client.apply_batch_sync([carla.command.DestroyActor(x) for x in actors]))
    world.tick()
    assert not world.get_actors().filter("vehicle.*")


def test_the_traffic_manager_drives_along_the_lanes(client, world):
    manager = client.get_trafficmanager(_free_port())
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(1)
    points = world.get_map().get_spawn_points()
    cars = [spawn(world, "vehicle.tesla.model3", k) for k in range(0, len(points), max(1, len(points) // 6))]
    world.tick()
    for car in cars:
        car.set_autopilot(True, manager.get_port())
    ticks(world, 60)
    begin = [car.get_location() for car in cars]
    lane = world.get_map()
    for _ in range(200):
        world.tick()
        for car in cars:
            at = car.get_location()
            waypoint = lane.get_waypoint(at)
            assert at.distance(waypoint.transform.location) < 1.5, "off its lane"
    gone = [car.get_location().distance(start) for car, start in zip(cars, begin, strict=True)]
    assert min(gone) > 20
    for car in cars:
        forward = car.get_transform().get_forward_vector()
        along = lane.get_waypoint(car.get_location()).transform.get_forward_vector()
        assert forward.dot(along) > math.cos(math.radians(20))
        car.set_autopilot(False, manager.get_port())
    manager.set_synchronous_mode(False)
    manager.shut_down()
    wait_for(lambda: True)


def _free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
