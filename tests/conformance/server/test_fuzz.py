"""Clients that send nonsense: the server lives on, the others notice nothing, memory and log stay bounded."""

import contextlib
import random
import socket
import struct
import threading
import time
from pathlib import Path

import carla
import msgpack
import pytest

from simulator.process import ServerProcess
from simulator.server.handlers import METHODS

from .clients import MAP, Raw, along, fresh_world, rested, spawn, wait_for

MEGABYTE = 1 << 20
SLOWEST_TICK = 1.0
SPAWNED = ("vehicle.audi.tt", "static.prop.streetbarrier", "walker.pedestrian.0002")
"""Blueprints that the fuzzer spawns."""


HARMFUL = {"load_new_episode", "set_episode_settings", "start_recorder", "destroy_actor", "destroy_traffic_manager"}
"""What others would rightly notice, or what leaves files behind. Among actors only the fuzzer's own are in reach."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ServerProcess(MAP, seed=3, log=tmp_path_factory.mktemp("fuzz") / "server.log") as process:
        rested(process)
        yield process


def resident(server):
    """Memory [B] that the server holds."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


class Witness(threading.Thread):
    """A client that behaves: it ticks, and keeps what it saw."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.slowest, self.ticks, self.error, self._over = world, 0.0, 0, None, False

    def run(self):
        try:
            last = self.world.get_snapshot().frame
            while not self._over:
                started = time.perf_counter()
                frame = self.world.tick(10)
                self.slowest = max(self.slowest, time.perf_counter() - started)
                self.ticks += 1
                assert frame > last
                last = frame
                time.sleep(0.005)
        except Exception as error:
            self.error = error

    def stop(self):
        self._over = True
        self.join(30)
        assert not self.is_alive() and self.error is None, self.error
        return self


@pytest.fixture
def witness(server):
    with fresh_world(server) as (_, world):
        points = world.get_map().get_spawn_points()
        for kind, place in zip(SPAWNED, points[1:], strict=False):  # what was never made on this machine takes seconds
            spawn(world, kind, along(place, height=1.0)).destroy()
        car = spawn(world, "vehicle.tesla.model3", along(points[0]))
        camera = spawn(world, "sensor.other.imu", carla.Transform(), car)
        heard = []
        camera.listen(lambda measurement: heard.append(measurement.frame))
        for _ in range(3):
            world.tick()  # the first imports what ticks need
        thread = Witness(world)
        thread.start()
        yield thread
        thread.stop()
        camera.stop()
        wait_for(lambda: len(heard) >= thread.ticks)
        assert thread.ticks > 5 and thread.slowest < SLOWEST_TICK
        for actor in (camera, car):
            actor.destroy()


# What is sent ---------------------------------------------------------------------------------------------------------

NUMBERS = (0, 1, -1, 2, 7, 255, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, -(2**63), 2**64 - 1, 0.5, -1e3, 1e30, 1e308)
ODD = (
    None,
    True,
    b"",
    b"\x00" * 24,
    "",
    "x",
    "\u2028\u00e4",
    "../../x",
    "\0",
    float("nan"),
    float("inf"),
    {},
    {"a": 1},
    [],
)


class Nonsense:
    """Requests from right to wild: right methods with wrong arguments, and the other way round."""

    def __init__(self, seed, ids):
        self.random, self.ids = random.Random(seed), ids
        self.methods = sorted(METHODS.keys() - HARMFUL)

    def number(self):
        return self.random.choice(NUMBERS) if self.random.random() < 0.2 else self.random.uniform(-200, 200)

    def vector(self):
        return [self.number() for _ in range(3)]

    def transform(self):
        return [self.vector(), self.vector()]

    def actor_id(self):
        return self.random.choice(self.ids) if self.random.random() < 0.8 else self.random.choice(NUMBERS)

    def flag(self):
        return self.random.random() < 0.5

    def control(self):
        return [
            self.number(),
            self.number(),
            self.number(),
            *(self.flag() for _ in range(3)),
            self.random.choice(NUMBERS),
        ]

    def description(self):
        name = self.random.choice(
            ("vehicle.tesla.model3", "walker.pedestrian.0001", "sensor.camera.rgb", "static.prop.box01")
        )
        return [
            self.random.randrange(200),
            name,
            [["color", 5, "1,2"], ["role_name", 4, "x"]][: self.random.randrange(3)],
        ]

    def command(self):
        payload = [self.actor_id(), *(self.value() for _ in range(self.random.randrange(4)))]
        index = self.random.choice([index for index in range(23) if index != 1])
        return [[index, payload]]

    def value(self, depth=0):
        kinds = (self.number, self.vector, self.transform, self.actor_id, self.flag, self.control, self.description)
        pick = self.random.random()
        if pick < 0.12:
            return self.random.choice(ODD)
        if pick < 0.15 and depth < 5:
            return [self.value(depth + 1) for _ in range(self.random.randrange(8))]
        if pick < 0.2:
            return [self.command() for _ in range(self.random.randrange(4))]
        return self.random.choice(kinds)()

    def request(self):
        """Bytes of one request whose frame is right."""
        method = self.random.choice(self.methods)
        likely = {
            "apply_control_to_vehicle": lambda: [self.actor_id(), self.control()],
            "set_actor_transform": lambda: [self.actor_id(), self.transform()],
            "set_actor_target_velocity": lambda: [self.actor_id(), self.vector()],
            "add_actor_impulse": lambda: [self.actor_id(), self.vector()],
            "apply_batch": lambda: [[self.command() for _ in range(self.random.randrange(6))], self.flag()],
        }
        if self.random.random() < 0.3:
            method = self.random.choice(list(likely))
        arguments = likely[method]() if method in likely else [self.value() for _ in range(self.random.randrange(5))]
        return msgpack.packb([0, self.random.randrange(2**32), method, [[self.flag()], *arguments]])

    def message(self):
        """A request, or bytes that are none."""
        data = self.request()
        pick = self.random.random()
        if pick < 0.9:
            return data
        if pick < 0.95:  # one byte turned
            place = self.random.randrange(len(data))
            return data[:place] + bytes([self.random.randrange(256)]) + data[place + 1 :]
        if pick < 0.98:
            return data[: self.random.randrange(len(data))]
        return self.random.randbytes(self.random.randrange(64))


def pelt(server, count, seed, ids):
    """Send messages on ever new connections; answers are read and thrown away."""
    nonsense = Nonsense(seed, ids)
    sent = 0
    while sent < count:
        with Raw(server) as raw, contextlib.suppress(ConnectionError, TimeoutError):
            raw.socket.setblocking(False)
            data = b""
            for _ in range(nonsense.random.randrange(1, 400)):
                data += nonsense.message()
                sent += 1
                with contextlib.suppress(BlockingIOError):
                    data = data[raw.socket.send(data) :]
                with contextlib.suppress(BlockingIOError):
                    if not raw.socket.recv(1 << 16):
                        break
            raw.socket.settimeout(0.2)
            if nonsense.flag():
                while raw.socket.recv(1 << 16):
                    pass


def pelted(server, count):
    """Sends nonsense at a car, a prop and a lidar that nobody else uses."""
    with Raw(server) as raw:
        points = raw.ask("get_map_info")[0][1][1]
        definitions = {row[1]: row for row in raw.ask("get_actor_definitions")[0][1]}
        ids = []
        for place, name in enumerate(SPAWNED):
            transform = [[points[3 + place][0][0], points[3 + place][0][1], points[3 + place][0][2] + 1], points[3][1]]
            ids.append(raw.ask("spawn_actor", [definitions[name][0], name, []], transform)[0][1][0])
    pelt(server, count, 5, ids)
    with Raw(server) as raw:
        for actor_id in ids:
            raw.ask("destroy_actor", actor_id)


def log_lines(server):
    return [line for line in server.log.splitlines() if "told once" in line]


def test_nonsense_hurts_nobody(server, witness):
    pelted(server, 2000)
    assert server.alive
    lines = log_lines(server)
    assert len(lines) == len(set(lines)) < 400


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_thousand_messages_hurt_nobody(server, witness):
    pelted(server, 10_000)
    before = resident(server)
    pelted(server, 100_000)
    assert server.alive and resident(server) - before < 200 * MEGABYTE
    assert len(log_lines(server)) < 1000


BOMBS = {
    "a string of 4 GB": b"\x94\x00\x01\xdb\xff\xff\xff\xff" + b"x" * 1000,
    "an array of 4 billion": b"\xdd\xff\xff\xff\xff",
    "arrays within arrays": b"\x91" * 100_000,
    "large arrays within arrays": b"\xdd\x00\x3f\xff\xff" * 500,
    "a binary of 4 GB": b"\xc6\xff\xff\xff\xff" + b"x" * 1000,
    "a map of 4 billion": b"\xdf\xff\xff\xff\xff",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_length_bombs_take_no_memory(server, bomb):
    rested(server)
    before = resident(server)
    with Raw(server, 1.0) as raw, contextlib.suppress(ConnectionError, TimeoutError, EOFError):
        raw.socket.sendall(bomb)
        raw.answer()
    with Raw(server) as raw:
        assert raw.ask("version") == [[1, "0.9.16"]]
    assert resident(server) - before < 300 * MEGABYTE


@pytest.mark.slow
def test_a_flood_of_small_objects_is_cut_off(server):
    """Sixty bytes of memory for a byte that is sent: 200 MB of them would be 13 GB."""
    before = peak = resident(server)
    with Raw(server, 5.0) as raw, contextlib.suppress(ConnectionError, TimeoutError):
        raw.socket.sendall(b"\xdd\x00\x3f\xff\xff")
        for _ in range(200):
            raw.socket.sendall((b"\xdd\x00\x00\xff\xff" + b"\x91\x90" * 0xFFFF) * 8)
            peak = max(peak, resident(server))
    assert peak - before < 1500 * MEGABYTE
    wait_for(lambda: resident(server) - before < 500 * MEGABYTE)


def test_streams_that_are_half_open_or_unread_hurt_nobody(server, witness):
    idle = [socket.create_connection((server.host, server.port + 1)) for _ in range(200)]
    for number, connection in enumerate(idle):
        connection.sendall(struct.pack("<I", number)[: number % 5])  # some say what they want, some half of it
    deaf = [socket.create_connection((server.host, server.port + 1)) for _ in range(20)]
    for connection in deaf:
        connection.sendall(struct.pack("<I", 1))
    ticks = witness.ticks
    wait_for(lambda: witness.ticks > ticks + 50)
    for connection in [*idle, *deaf]:
        connection.close()


def test_one_who_asks_without_pause_leaves_turns_to_others(server, witness):
    with Raw(server) as greedy:
        greedy.socket.setblocking(False)
        request = msgpack.packb([0, 1, "get_actor_definitions", [[False]]]) * 1000
        ticks, until = witness.ticks, time.monotonic() + 2
        while time.monotonic() < until:
            with contextlib.suppress(BlockingIOError):
                greedy.socket.send(request)
            with contextlib.suppress(BlockingIOError):
                greedy.socket.recv(1 << 20)
    assert witness.ticks > ticks + 20


def test_tokens_that_are_never_used_hold_up_no_ticks(server, witness):
    with Raw(server) as raw:
        definitions = {row[1]: row[0] for row in raw.ask("get_actor_definitions")[0][1]}
        imu = raw.ask("spawn_actor", [definitions["sensor.other.imu"], "sensor.other.imu", []], [[0, 0, 9], [0, 0, 0]])
        (stream_id,) = struct.unpack_from("<I", imu[0][1][5])
        raw.ask("get_sensor_token", stream_id)
        ticks = witness.ticks
        wait_for(lambda: witness.ticks > ticks + 1)
        ticks, until = witness.ticks, time.monotonic() + 1
        witness.slowest = 0.0  # the first wait is meant: who subscribes must not miss a tick
        while time.monotonic() < until:
            raw.ask("get_sensor_token", stream_id)
        assert witness.ticks > ticks + 20
        raw.ask("destroy_actor", imu[0][1][0])


def test_numbers_that_no_snapshot_can_hold_are_refused(server):
    with fresh_world(server) as (_, world), Raw(server) as raw:
        points = world.get_map().get_spawn_points()
        for kind, place in zip(SPAWNED, points[1:], strict=False):  # what was never made on this machine takes seconds
            spawn(world, kind, along(place, height=1.0)).destroy()
        car = spawn(world, "vehicle.tesla.model3", along(points[0]))
        answer = raw.ask("apply_control_to_vehicle", car.id, [1.0, 0.0, 0.0, False, False, False, 2**40])
        assert "32 bits" in str(answer)
        raw.ask("apply_control_to_vehicle", car.id, [1e308, -1e308, 0.0, False, False, False, 1])
        world.tick()
        assert world.get_snapshot().find(car.id)
        car.destroy()


def test_who_leaves_the_world_is_destroyed_and_the_others_go_on(server):
    with fresh_world(server) as (_, world):
        points = world.get_map().get_spawn_points()
        lost, there = (spawn(world, "vehicle.tesla.model3", along(points[k])) for k in (0, 3))
        there.set_target_velocity(carla.Vector3D(5.0, 0.0, 0.0))
        world.tick()
        lost.set_transform(carla.Transform(carla.Location(1e7, 1e7, 0)))
        start = there.get_location()
        for _ in range(20):
            world.tick()
        assert there.get_location().distance(start) > 1.0
        assert world.get_snapshot().find(lost.id) is None
        there.destroy()
