"""Synchronous and asynchronous, several clients and Traffic Managers, batches, settings, the spectator, commands."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import carla
import pytest

from simulator.extension import Extension
from simulator.process import ServerProcess

from .clients import MAP, STEP, Raw, along, connect, fresh_world, rested, settle, spawn, traffic_manager, wait_for

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def server():
    with ServerProcess(MAP, seed=3) as process:
        yield process


@pytest.fixture
def client_and_world(server):
    with fresh_world(server) as pair:
        yield pair


@pytest.fixture
def world(client_and_world):
    return client_and_world[1]


@pytest.fixture
def points(world):
    return world.get_map().get_spawn_points()


# Time -----------------------------------------------------------------------------------------------------------------


def test_without_synchronous_mode_the_world_keeps_up_with_the_clock(world):
    settle(world, False, None)
    first = world.wait_for_tick(10).timestamp
    time.sleep(2.0)
    last = world.wait_for_tick(10).timestamp
    passed, simulated = last.platform_timestamp - first.platform_timestamp, last.elapsed_seconds - first.elapsed_seconds
    assert 0.1 * passed < simulated < 1.3 * passed  # behind the clock on a busy machine, never ahead of it
    settle(world, False, 0.02)
    assert world.wait_for_tick(10).timestamp.delta_seconds == pytest.approx(0.02)


def test_callbacks_hear_every_tick(world):
    heard = []
    number = world.on_tick(lambda snapshot: heard.append(snapshot.frame))
    frames = [world.tick() for _ in range(20)]
    wait_for(lambda: frames[-1] in heard)
    world.remove_on_tick(number)
    assert [frame for frame in heard if frame in frames] == frames


def test_time_and_frames_rise_over_episodes(client_and_world):
    client, world = client_and_world
    before = world.get_snapshot()
    client.reload_world(False)
    world = client.get_world()
    world.tick()
    after = world.get_snapshot()
    assert after.frame > before.frame and after.timestamp.elapsed_seconds > before.timestamp.elapsed_seconds
    assert world.get_settings().synchronous_mode  # settings were kept


def test_whoever_ticks_ticks_for_all(server, world):
    others = [connect(server) for _ in range(3)]
    worlds = [other.get_world() for other in others]
    frames, lock = [world.get_snapshot().frame], threading.Lock()

    def tick(mine):
        for _ in range(30):
            frame = mine.tick()
            with lock:
                frames.append(frame)

    threads = [threading.Thread(target=tick, args=(mine,)) for mine in worlds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(frames) == 91
    assert world.tick() - frames[0] == 91  # not one tick too many
    assert sorted(frames) == list(range(frames[0], frames[0] + 91))


def test_a_synchronous_client_that_dies_leaves_the_server_usable(server, world):
    program = (
        f"import carla, os; c = carla.Client('{server.host}', {server.port}); c.set_timeout(20);"
        "w = c.get_world(); s = w.get_settings();"
        "s.synchronous_mode = True; s.fixed_delta_seconds = 0.05; w.apply_settings(s); w.tick(); os._exit(1)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 1
    late = connect(server).get_world()  # nobody ticks, and yet it gets in
    wait_for(lambda: late.get_snapshot().frame > 0)
    frame = late.get_snapshot().frame
    time.sleep(0.3)
    assert late.get_snapshot().frame == frame  # the server waits, as CARLA's does
    settle(late, False, None)
    assert late.wait_for_tick(10).frame > frame
    settle(late, True)


def test_modes_change_at_any_moment(world):
    for _ in range(5):
        settle(world, False, None)
        world.wait_for_tick(10)
        settle(world, True, 0.1)
        frame = world.get_snapshot().frame
        assert world.tick() == frame + 1
        assert world.get_snapshot().timestamp.delta_seconds == pytest.approx(0.1)


def test_settings_come_back_and_hold(world):
    changed = {
        "no_rendering_mode": True,
        "substepping": False,
        "max_substep_delta_time": 0.005,
        "max_substeps": 16,
        "max_culling_distance": 40.0,
        "deterministic_ragdolls": False,
        "tile_stream_distance": 1000.0,
        "actor_active_distance": 500.0,
        "spectator_as_ego": False,
    }
    settle(world, True, 0.02, **changed)
    settings = world.get_settings()
    assert {name: getattr(settings, name) for name in changed} == pytest.approx(changed)
    settle(world, True, STEP, no_rendering_mode=False, substepping=True, max_substep_delta_time=0.01, max_substeps=10)
    with pytest.raises(RuntimeError, match="fixed_delta_seconds"):
        settle(world, True, 50.0)


def test_without_rendering_cameras_send_nothing(world):
    camera = spawn(world, "sensor.camera.semantic_segmentation", carla.Transform(), image_size_x=64, image_size_y=48)
    inertial = spawn(world, "sensor.other.imu", carla.Transform())
    pictures, measurements = [], []
    camera.listen(pictures.append)
    inertial.listen(measurements.append)
    settle(world, True, STEP, no_rendering_mode=True)
    seen = len(pictures)
    for _ in range(5):
        world.tick()
    wait_for(lambda: len(measurements) >= 5)
    assert len(pictures) == seen
    settle(world, True, STEP, no_rendering_mode=False)
    world.tick()
    wait_for(lambda: len(pictures) > seen)
    for sensor in (camera, inertial):
        sensor.stop()
        sensor.destroy()


def test_shorter_sub_steps_are_taken_when_asked_for(world, points):
    """The same drive in other sub-steps ends nearly, but not to the bit, in the same place."""

    def drive(longest):
        settle(world, True, STEP, substepping=True, max_substep_delta_time=longest, max_substeps=16)
        car = spawn(world, "vehicle.tesla.model3", along(points[0]))
        car.apply_control(carla.VehicleControl(throttle=0.6, steer=0.2))
        for _ in range(30):
            world.tick()
        place = car.get_location()
        car.destroy()
        world.tick()
        return place

    coarse, fine, again = drive(0.01), drive(0.004), drive(0.01)
    assert coarse == again
    assert 0.0 < coarse.distance(fine) < 0.3
    settle(world, True, STEP, max_substep_delta_time=0.01, max_substeps=10)


def test_the_spectator_goes_where_it_is_put(world):
    spectator = world.get_spectator()
    here = carla.Transform(carla.Location(5, 6, 40), carla.Rotation(-30, 50, 0))
    spectator.set_transform(here)
    world.tick()
    assert spectator.get_transform().location.distance(here.location) < 1e-3
    assert spectator.get_transform().rotation.yaw == pytest.approx(50, abs=1e-3)
    assert spectator.id in [actor.id for actor in world.get_actors()]
    assert not spectator.destroy() or world.get_spectator().id == spectator.id  # it cannot be destroyed


# Batches --------------------------------------------------------------------------------------------------------------


def test_every_command_of_a_batch(server, client_and_world, points):
    client, world = client_and_world
    with traffic_manager(client, world) as manager:
        every_command(server, client, world, points, manager)


def every_command(server, client, world, points, manager):
    car = spawn(world, "vehicle.tesla.model3", along(points[0]))
    walker = spawn(world, "walker.pedestrian.*", along(points[3], height=1.0))
    doomed = spawn(world, "vehicle.audi.tt", along(points[5]))
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    world.tick()
    command, up = carla.command, carla.Vector3D(0, 0, 1)
    commands = [
        command.SpawnActor(blueprint, along(points[7])).then(command.SetSimulatePhysics(command.FutureActor, False)),
        command.DestroyActor(doomed),
        command.ApplyVehicleControl(car, carla.VehicleControl(throttle=0.5)),
        command.ApplyVehicleAckermannControl(car, carla.VehicleAckermannControl(speed=3.0)),
        command.ApplyWalkerControl(walker, carla.WalkerControl(speed=1.0)),
        command.ApplyVehiclePhysicsControl(car, car.get_physics_control()),
        command.ApplyTransform(car, along(points[9])),
        command.ApplyWalkerState(walker, walker.get_transform(), 1.0),
        command.ApplyTargetVelocity(car, up),
        command.ApplyTargetAngularVelocity(car, up),
        command.ApplyImpulse(car, up),
        command.ApplyForce(car, up),
        command.ApplyAngularImpulse(car, up),
        command.ApplyTorque(car, up),
        command.SetSimulatePhysics(car, True),
        command.SetEnableGravity(car, True),
        command.SetAutopilot(car, False, manager.get_port()),
        command.SetVehicleLightState(car.id, carla.VehicleLightState.Brake),
    ]
    answers = client.apply_batch_sync(commands, True)
    errors = {type(c).__name__: answer.error for c, answer in zip(commands, answers, strict=True) if answer.error}
    assert not errors
    with Raw(server) as raw:  # what Python's client has no class for
        place = points[9].location
        assert raw.ask("apply_batch", [[[19, [car.id, [place.x, place.y, place.z + 0.5]]]]], False) == [[[1, car.id]]]
        assert raw.ask("apply_batch", [[[17, [car.id, False]]]], False) == [[[1, car.id]]]
        [console] = raw.ask("apply_batch", [[[20, ["stat fps"]]]], False)
        assert console[0][0] == 0 and "ConsoleCommand" in str(console)  # there is no Unreal behind it
        [light] = raw.ask("apply_batch", [[[21, [car.id, 2]]]], False)
        assert light[0][0] == 0 and "not a traffic light" in str(light)
    made = world.get_actor(answers[0].actor_id)
    assert made.type_id == "vehicle.audi.tt"
    assert world.get_snapshot().find(doomed.id) is None
    assert car.get_light_state() == carla.VehicleLightState.Brake
    for actor in (car, walker, made):
        actor.destroy()


def test_a_command_that_fails_does_not_stop_the_others(client_and_world, points):
    client, world = client_and_world
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    command = carla.command
    answers = client.apply_batch_sync(
        [
            command.DestroyActor(424242),
            command.SpawnActor(blueprint, along(points[0])),
            command.SpawnActor(blueprint, along(points[0])),
            command.ApplyVehicleControl(424242, carla.VehicleControl()),
        ],
        True,
    )
    assert [answer.has_error() for answer in answers] == [True, False, True, True]
    assert "not found" in answers[0].error and "collision" in answers[2].error
    assert world.get_actor(answers[1].actor_id).destroy()


def test_orders_that_follow_a_spawn(client_and_world, points):
    client, world = client_and_world
    command, future = carla.command, carla.command.FutureActor
    library = world.get_blueprint_library()
    chain = command.SpawnActor(library.find("vehicle.tesla.model3"), along(points[0]))
    chain = chain.then(command.SetVehicleLightState(future, carla.VehicleLightState.Fog))
    chain = chain.then(command.ApplyTargetVelocity(future, points[0].get_forward_vector() * 7))
    chain = chain.then(command.SpawnActor(library.find("sensor.other.imu"), carla.Transform(), future))
    [answer] = client.apply_batch_sync([chain], True)
    car = world.get_actor(answer.actor_id)
    assert not answer.error and car.get_light_state() == carla.VehicleLightState.Fog
    assert car.get_velocity().length() > 5
    [imu] = world.get_actors().filter("sensor.other.imu")
    assert imu.parent.id == car.id
    for actor in (imu, car):
        actor.destroy()


def test_unknown_and_malformed_commands_are_errors_of_their_own(server, world):
    with Raw(server) as raw:
        answers = raw.ask("apply_batch", [[[22, [1]]], [[2, [1]]], [[1, []]], "x", [[2, [1, [1, 2]]]]], False)
        assert len(answers) in (1, 5) and all(answer[0][0] == 0 for answer in answers)
        assert raw.ask("version") == [[1, "0.9.16"]]


# Traffic Managers -----------------------------------------------------------------------------------------------------

DRIVERS = """
import carla, sys, socket
host, port, first = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
client = carla.Client(host, port); client.set_timeout(60)
world = client.get_world()
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0)); tm_port = probe.getsockname()[1]
manager = client.get_trafficmanager(tm_port)
points = world.get_map().get_spawn_points()[4 * first::8][:10]
blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
cars = [world.spawn_actor(blueprint, point) for point in points]
for car in cars: car.set_autopilot(True, tm_port)
starts = [point.location for point in points]
print("drives", flush=True)
sys.stdin.readline()
moved = [car.get_location().distance(start) for car, start in zip(cars, starts)]
print(sum(distance > 3 for distance in moved), manager.get_port() == tm_port, flush=True)
for car in cars: car.destroy()
manager.shut_down()
"""


def test_two_traffic_managers_of_two_processes_drive_ten_cars_each(server, world):
    settle(world, False, None)
    arguments = [sys.executable, "-c", DRIVERS, server.host, str(server.port)]
    processes = [
        subprocess.Popen([*arguments, str(first)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for first in (0, 1)
    ]
    try:
        for process in processes:
            assert process.stdout.readline() == "drives\n"
        start = world.get_snapshot().timestamp.elapsed_seconds
        wait_for(lambda: world.get_snapshot().timestamp.elapsed_seconds > start + 12, 120)
        assert len(world.get_actors().filter("vehicle.*")) == 20
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        told = [process.stdout.readline().split() for process in processes]
        assert all(int(moved) >= 8 and port == "True" for moved, port in told), told
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_a_traffic_managers_port_is_free_again_when_its_process_dies(server, world):
    with Raw(server) as raw:
        with Raw(server) as dies:
            assert dies.ask("add_traffic_manager_running", ["127.0.0.1", 18000]) == [[1, True]]
            assert raw.ask("add_traffic_manager_running", ["127.0.0.1", 18000]) == [[1, False]]
            assert raw.ask("get_traffic_manager_running", 18000) == [[1, ["127.0.0.1", 18000]]]
        wait_for(lambda: raw.ask("is_traffic_manager_running", 18000) == [[1, False]])
        assert raw.ask("add_traffic_manager_running", ["", 18001]) == [[1, True]]
        assert raw.ask("get_traffic_manager_running", 18001) == [[1, ["127.0.0.1", 18001]]]
        raw.ask("destroy_traffic_manager", 18001)
        assert raw.ask("is_traffic_manager_running", 18001) == [[1, False]]


# Endurance ------------------------------------------------------------------------------------------------------------


def memory(server):
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def churn(client, world, rounds):
    """Actors and streams come and go."""
    points = world.get_map().get_spawn_points()
    for turn in range(rounds):
        car = spawn(world, "vehicle.tesla.model3", along(points[turn % 10]))
        sensor = spawn(world, "sensor.other.imu", carla.Transform(), car)
        sensor.listen(lambda measurement: None)
        for _ in range(10):
            world.tick()
        sensor.stop()
        # not with a tick in it: the client keeps Python's lock through that, and its callbacks wait for the lock
        client.apply_batch_sync([carla.command.DestroyActor(actor) for actor in (sensor, car)], False)
        world.tick()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_thousand_ticks_of_coming_and_going_hold_no_memory(server, client_and_world):
    client, world = client_and_world
    rested(server)
    churn(client, world, 100)
    before = memory(server)
    churn(client, world, 900)
    assert memory(server) - before < 20 << 20
    assert Extension(server.host, server.port).timings()["world"] > 0


# The command ----------------------------------------------------------------------------------------------------------


def longtail(*arguments):
    code = "from orchestrator.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_command_cleanly(number):
    import signal

    process = longtail("serve", "--port", 0)
    line = process.stdout.readline()
    assert line.startswith("listening on 127.0.0.1:")
    port = int(line.rsplit(":", 1)[1])
    client = carla.Client("127.0.0.1", port)
    client.set_timeout(20)
    client.get_server_version()
    process.send_signal(getattr(signal, number))
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0 and "Traceback" not in errors
    again = longtail("serve", "--port", port)
    assert again.stdout.readline() == line  # the ports are free at once
    again.terminate()
    again.communicate(timeout=30)


def test_wrong_use_is_one_clear_line(server, tmp_path):
    (tmp_path / "broken.xodr").write_text("<OpenDRIVE>")
    runs = {
        "another --port": longtail("serve", "--port", server.port),
        "atlantis": longtail("serve", "--map", "atlantis", "--port", 0),
        "broken": longtail("serve", "--map", tmp_path / "broken.xodr", "--port", 0),
        "nowhere": longtail("serve", "--map", tmp_path / "nowhere.xodr", "--port", 0),
    }
    for told, process in runs.items():
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 2 and told in errors and output == "", (told, output, errors)
        assert errors.startswith("error: ") and errors.count("\n") == 1, errors
