"""The recorder and the replayer: CARLA's binary files, written and played for the real client."""

import os
import re
import signal
import struct
import time
from itertools import pairwise
from types import SimpleNamespace

import carla
import numpy as np
import pytest

from simulator.process import ServerProcess
from simulator.server.actors import Actor
from simulator.server.blueprints import SPECTATOR
from simulator.server.recorder import Recorder, actors_blocked, collisions, file_info, layout
from simulator.server.recorder.layout import RECORDS, Damaged, Packet
from simulator.server.recorder.recording import Recording
from simulator.server.snapshot import Roster
from simulator.server.wire import Weather
from simulator.world.collisions import Contact

from .clients import MAP, STEP, along, connect, fresh_world, settle, spawn


@pytest.fixture(scope="module")
def server():
    with ServerProcess(MAP, seed=3) as process:
        yield process


@pytest.fixture
def client_and_world(server):
    with fresh_world(server) as pair:
        yield pair


@pytest.fixture
def drive(client_and_world, tmp_path):
    """A recording of two seconds: a hero that drives off with a camera on it, a walker, and where they were."""
    client, world = client_and_world
    points = world.get_map().get_spawn_points()
    path = str(tmp_path / "drive.log")
    car = spawn(world, "vehicle.tesla.model3", along(points[0]), role_name="hero")
    walker = spawn(world, "walker.pedestrian.*", along(points[3], height=1.0))
    camera = spawn(world, "sensor.camera.depth", carla.Transform(carla.Location(z=2.0)), car)
    assert client.start_recorder(path, True) == path
    car.apply_control(carla.VehicleControl(throttle=0.8, steer=0.1))
    car.set_light_state(carla.VehicleLightState(carla.VehicleLightState.LowBeam | carla.VehicleLightState.Fog))
    walker.apply_control(carla.WalkerControl(carla.Vector3D(1.0, 0.0, 0.0), 1.5))
    poses = []
    for _ in range(41):
        world.tick()
        poses.append((car.get_transform(), walker.get_transform()))
    client.stop_recorder()
    for actor in (camera, car, walker):
        actor.destroy()
    world.tick()
    return SimpleNamespace(client=client, world=world, path=path, poses=poses, ids=(car.id, walker.id))


def apart(first, second):
    """Distance [m] and the greatest angle [deg] between two transforms."""
    a, b = first.rotation, second.rotation
    turns = [(x - y + 180) % 360 - 180 for x, y in ((a.yaw, b.yaw), (a.pitch, b.pitch), (a.roll, b.roll))]
    return first.location.distance(second.location), max(map(abs, turns))


def actors_of(world):
    return tuple(next(iter(world.get_actors().filter(kind)), None) for kind in ("vehicle.*", "walker.*"))


def test_a_replay_is_where_the_recording_was(drive):
    told = drive.client.replay_file(drive.path, 0, 0, 0, False)
    assert "Total time recorded: 2\n" in told and "Replaying from 0 s - 2 s (2 s) at 1.0x" in told
    for car_pose, walker_pose in drive.poses[1:-1]:
        drive.world.tick()
        car, walker = actors_of(drive.world)
        assert max(apart(car.get_transform(), car_pose)) < 0.01
        assert max(apart(walker.get_transform(), walker_pose)) < 0.01
    assert (car.id, walker.id) == drive.ids
    assert car.type_id == "vehicle.tesla.model3" and car.attributes["role_name"] == "hero"
    assert car.get_light_state() == carla.VehicleLightState.LowBeam | carla.VehicleLightState.Fog
    assert car.get_control().throttle == pytest.approx(0.8) and car.get_control().steer == pytest.approx(0.1)
    recorded_speed = drive.poses[-2][0].location.distance(drive.poses[-3][0].location) / STEP
    assert car.get_velocity().length() == pytest.approx(recorded_speed, abs=0.05)
    assert not drive.world.get_actors().filter("sensor.*")  # sensors come back only when they are asked for
    for _ in range(60):
        drive.world.tick()
    assert car.is_alive and car.get_velocity().length() < 0.1  # left to physics, without throttle


def test_a_replay_between_ticks_and_in_part(drive):
    drive.client.set_replayer_time_factor(0.5)
    drive.client.replay_file(drive.path, 0.5, 1.0, 0, False)
    for half in range(1, 20):
        drive.world.tick()
        (before, _), (after, _) = drive.poses[10 + half // 2], drive.poses[10 + (half + 1) // 2]
        car, _ = actors_of(drive.world)
        assert car.get_location().distance((before.location + after.location) / 2) < 0.01
    drive.client.set_replayer_time_factor(1.0)
    drive.client.stop_replayer(False)
    drive.world.tick()
    assert actors_of(drive.world) == (None, None)
    drive.client.replay_file(drive.path, -0.5, 0, 0, False)  # the last half second
    drive.world.tick()
    assert actors_of(drive.world)[0].get_location().distance(drive.poses[31][0].location) < 0.01


def test_replays_leave_out_and_follow_what_they_are_told_to(drive):
    drive.client.set_replayer_ignore_hero(True)
    told = drive.client.replay_file(drive.path, 0, 0, 0, False)
    assert "Ignoring Hero vehicle" in told
    drive.world.tick()
    assert actors_of(drive.world)[0] is None and actors_of(drive.world)[1] is not None
    drive.client.set_replayer_ignore_hero(False)
    behind = carla.Transform(carla.Location(x=-6, z=3), carla.Rotation(pitch=-20))
    drive.client.replay_file(drive.path, 0, 0, drive.ids[0], True, behind)
    for _ in range(5):
        drive.world.tick()
    [camera] = drive.world.get_actors().filter("sensor.*")
    car, _ = actors_of(drive.world)
    assert camera.parent.id == car.id
    assert camera.get_transform().location.distance(car.get_transform().transform(carla.Location(z=2.0))) < 0.05
    seen = drive.world.get_spectator().get_transform()
    assert seen.location.distance(car.get_transform().transform(behind.location)) < 0.05
    drive.client.stop_replayer(False)
    drive.client.set_replayer_ignore_spectator(True)
    here = carla.Transform(carla.Location(1, 2, 30))
    drive.world.get_spectator().set_transform(here)
    drive.client.replay_file(drive.path, 0, 0, 0, False)
    drive.world.tick()
    drive.world.tick()
    assert drive.world.get_spectator().get_location().distance(here.location) < 0.01
    drive.client.set_replayer_ignore_spectator(False)


def test_a_replay_beside_living_actors_makes_new_ones(drive):
    car = spawn(drive.world, "vehicle.audi.tt", along(drive.world.get_map().get_spawn_points()[5]))
    drive.client.replay_file(drive.path, 0, 0, 0, False)
    drive.world.tick()
    assert len(drive.world.get_actors().filter("vehicle.*")) == 2 and car.type_id == "vehicle.audi.tt"


def test_what_a_file_tells(drive):
    told = drive.client.show_recorder_file_info(drive.path, False)
    for heading in (
        r"^Version: 2$",
        rf"^Map: Carla/Maps/{MAP}$",
        r"^Date: \S+ \S+$",
        r"^Frames: 41$",
        r"^Duration: 2 seconds$",
    ):
        assert re.search(heading, told, re.MULTILINE), heading
    assert f" Create {drive.ids[0]}: vehicle.tesla.model3 (1) at (" in told and "  role_name = hero\n" in told
    assert re.search(rf"Parenting \d+ with {drive.ids[0]} \(parent\)", told)
    everything = drive.client.show_recorder_file_info(drive.path, True)
    assert everything.count(" Positions: 3\n") == everything.count(" Dynamic actors: 2\n") == 41
    assert f"Id: {drive.ids[0]} LowBeam Fog" in everything and "Current platform time" in everything
    assert "Physics Control events: 1\n" in everything  # the car's, once


def test_collisions_and_standstill_are_told(client_and_world, tmp_path):
    client, world = client_and_world
    point = world.get_map().get_spawn_points()[0]
    client.start_recorder(str(tmp_path / "crash.log"))
    still = spawn(world, "vehicle.tesla.model3", along(point, ahead=14))
    fast = spawn(world, "vehicle.audi.tt", along(point), role_name="hero")
    fast.set_target_velocity(point.get_forward_vector() * 15)
    for _ in range(60):
        world.tick()
    client.stop_recorder()
    heroes = client.show_recorder_collisions(str(tmp_path / "crash.log"), "h", "v")
    assert re.search(
        rf"^ +\d+   v v +{fast.id} vehicle.audi.tt +{still.id} vehicle.tesla.model3 *$", heroes, re.MULTILINE
    )
    assert "vehicle" not in client.show_recorder_collisions(str(tmp_path / "crash.log"), "w", "w")
    blocked = client.show_recorder_actors_blocked(str(tmp_path / "crash.log"), 0.5, 100)
    assert re.search(rf"^ +\d+ +{still.id} vehicle.tesla.model3 +1$", blocked, re.MULTILINE)
    for actor in (still, fast):
        actor.destroy()


def test_what_is_no_recording_is_said(client_and_world, tmp_path):
    client, world = client_and_world
    assert "not found on server" in client.show_recorder_file_info("nowhere.log", True)
    assert "not found on server" in client.replay_file("/dev/zero", 0, 0, 0, False)  # nor does the server hang on it
    (tmp_path / "text.log").write_text("hello")
    (tmp_path / "future.log").write_bytes(layout.header(9, 0, "Carla/Maps/Town01"))
    (tmp_path / "elsewhere.log").write_bytes(layout.header(2, 0, "Carla/Maps/atlantis"))
    assert "not a CARLA recorder" in client.show_recorder_collisions(str(tmp_path / "text.log"), "a", "a")
    assert "version 9" in client.show_recorder_actors_blocked(str(tmp_path / "future.log"), 1, 1)
    assert "Could not load mapfile" in client.replay_file(str(tmp_path / "elsewhere.log"), 0, 0, 0, False)
    with pytest.raises(RuntimeError, match="cannot write"):
        client.start_recorder("/proc/nothing.log")
    with pytest.raises(RuntimeError, match="no name"):
        client.start_recorder("")
    client.stop_recorder()  # nothing is being recorded
    client.stop_replayer(True)
    world.tick()


def test_a_file_is_whole_up_to_the_tick_in_which_the_server_dies(tmp_path):
    with ServerProcess(MAP) as process:
        client = connect(process)
        world = client.get_world()
        settle(world, True)
        client.start_recorder(str(tmp_path / "dies.log"))
        for _ in range(20):
            world.tick()
        os.kill(process.pid, signal.SIGKILL)
    assert [frame.number for frame in Recording(tmp_path / "dies.log").frames()] == list(range(1, 21))


# Without a server -----------------------------------------------------------------------------------------------------


def made_up(path, actors, ticks, additional=False):
    """A recording of actors that stand still."""
    episode = SimpleNamespace(
        actors={actor.actor_id: actor for actor in actors},
        world=SimpleNamespace(contacts=[Contact(1, 0, 3, np.zeros(3), np.zeros(3))]),
    )
    recorder = Recorder(path, "Carla/Maps/Town01", additional)
    for tick in range(ticks):
        recorder.write(episode, Roster(actors).records(), Weather(), tick * STEP, STEP)
    recorder.close()
    return path


def test_golden_bytes(tmp_path):
    path = made_up(tmp_path / "golden.log", [Actor(1, SPECTATOR, {}, np.eye(4))], 2)
    data = path.read_bytes()
    assert data[:18] == b"\x02\x00" + b"\x0e\x00CARLA_RECORDER"
    assert abs(struct.unpack_from("<q", data, 18)[0] - time.time()) < 60
    assert data[26:45] == b"\x11\x00Carla/Maps/Town01"
    assert data[45:50] == b"\x00\x18\x00\x00\x00"  # frame start, 24 bytes
    assert struct.unpack_from("<Qdd", data, 50) == (1, STEP, 0.0)  # its duration is known once the next has come
    add = data.index(b"\x02", 74 + 13)
    assert struct.unpack_from("<BIH", data, add) == (2, 2 + 4 + 1 + 24 + 4 + 2 + 9 + 2, 1)
    assert struct.unpack_from("<IB6fIH9sH", data, add + 7) == (1, 0, *[0.0] * 6, 0, 9, b"spectator", 0)
    assert data.endswith(b"\x01\x00\x00\x00\x00")  # frame end
    sizes = {kind.name: RECORDS[kind].itemsize for kind in RECORDS}
    assert sizes == {
        "EVENT_DEL": 4, "EVENT_PARENT": 8, "COLLISION": 14, "POSITION": 28, "STATE": 10, "ANIM_VEHICLE": 21,
        "ANIM_WALKER": 8, "ANIM_BIKER": 12, "VEHICLE_LIGHT": 8, "VEHICLE_DOOR": 6, "SCENE_LIGHT": 26, "KINEMATICS": 28,
        "BOUNDING_BOX": 28, "TRIGGER_VOLUME": 28, "TRAFFIC_LIGHT_TIME": 16, "WEATHER": 56,
    }  # fmt: skip
    assert layout.FOUR_WHEELS.itemsize == 8 + 4 * 9


def test_a_file_that_ends_anywhere_counts_as_far_as_it_is_whole(tmp_path):
    whole = made_up(tmp_path / "whole.log", [Actor(k, SPECTATOR, {}, np.eye(4)) for k in (1, 2)], 3, True).read_bytes()
    part = tmp_path / "part.log"
    counts = []
    for size in [*range(0, len(whole), 7), len(whole)]:
        part.write_bytes(whole[:size])
        for told in (file_info(part, True), collisions(part, "a", "a"), actors_blocked(part, 0, 0)):
            assert told.endswith("\n")
        counts.append(int(told.partition("Frames: ")[2].split()[0]) if "Frames: " in told else 0)
    assert counts == sorted(counts) and counts[-1] == 3


def test_damage_is_said(tmp_path):
    whole = made_up(tmp_path / "whole.log", [Actor(1, SPECTATOR, {}, np.eye(4))], 3).read_bytes()
    random = np.random.default_rng(1)
    damaged = tmp_path / "damaged.log"
    for _ in range(300):
        data = bytearray(whole)
        for place in random.integers(45, len(data), 3):
            data[place] = random.integers(256)
        damaged.write_bytes(data)
        assert file_info(damaged, True).startswith("Version: 2\n")
    damaged.write_bytes(layout.header(2, 0, "x") + layout.packet(Packet.FRAME_START, struct.pack("<Qdd", 1, 0, np.nan)))
    with pytest.raises(Damaged):
        list(Recording(damaged).frames())
    assert "damaged behind this: frame 1 is at nan s" in file_info(damaged, False)


def test_unknown_packets_are_skipped_and_times_hold(tmp_path):
    path = tmp_path / "other.log"
    frames = [
        layout.packet(Packet.FRAME_START, struct.pack("<Qdd", number, 0.5, 0.5 * number))
        + b"\xc8\x03\x00\x00\x00abc"
        + layout.packet(Packet.FRAME_END)
        for number in range(3)
    ]
    path.write_bytes(layout.header(1, 0, "Carla/Maps/Town01") + b"".join(frames))
    times = [frame.elapsed for frame in Recording(path).frames()]
    assert Recording(path).header.version == 1 and [b - a for a, b in pairwise(times)] == [0.5, 0.5]


def test_writing_costs_little(tmp_path):
    actors = [Actor(k, SPECTATOR, {}, np.eye(4)) for k in range(1, 51)]
    started = time.perf_counter()
    made_up(tmp_path / "many.log", actors, 100)
    assert (time.perf_counter() - started) / 100 < 0.005  # 0.2 ms on a quiet machine, the table included
