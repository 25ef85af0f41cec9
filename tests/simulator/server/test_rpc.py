"""The RPC and stream ports against clients that do not behave: raw sockets."""

import contextlib
import socket
import struct
import time

import carla
import msgpack
import pytest

from .helpers import blueprint, lifted, synchronous, wait_for


class Raw:
    """An RPC connection that can say anything."""

    def __init__(self, server):
        self.socket = socket.create_connection((server.host, server.port), 30)
        self.unpacker = msgpack.Unpacker(raw=False, strict_map_key=False)

    def send(self, data):
        self.socket.sendall(data)

    def ask(self, method, *arguments, number=1):
        self.send(msgpack.packb([0, number, method, [[False], *arguments]]))
        return self.answer()

    def answer(self):
        while True:
            for message in self.unpacker:
                return message
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError
            self.unpacker.feed(data)


@pytest.fixture
def raw(server):
    connection = Raw(server)
    yield connection
    connection.socket.close()


def test_a_request_may_come_in_pieces_and_many_in_one(raw):
    request = msgpack.packb([0, 5, "version", [[False]]])
    for byte in request:
        raw.send(bytes([byte]))
    assert raw.answer() == [1, 5, None, [[1, "0.9.16"]]]
    raw.send(b"".join(msgpack.packb([0, number, "version", [[False]]]) for number in range(200)))
    assert [raw.answer()[1] for _ in range(200)] == list(range(200))  # in order


def test_an_unknown_method_is_rpclibs_error(raw):
    kind, number, error, result = raw.ask("no_such_thing", number=9)
    assert (kind, number, result) == (1, 9, None) and "no_such_thing" in error


def test_requests_of_the_wrong_shape_are_answered(raw):
    assert "arguments" in raw.ask("spawn_actor", 1)[3][0][1][0]
    assert raw.ask("get_actor_bounding_box", 4242)[3] == [[1, [[0, 0, 0], [0, 0, 0], [0, 0, 0], 0]]]
    assert raw.ask("set_actor_transform", 4242, [[0, 0, 0], [0, 0, 0]])[3][0][0] is True
    assert raw.ask("destroy_actor", 4242)[3] == [[0, ["unable to destroy actor: not found"]]]
    assert raw.ask("apply_batch", [[[1, [4242]]], [[99, [1]]]], False)[3][1][0][0] == 0
    assert raw.ask("version")[3] == [[1, "0.9.16"]]  # still there


NONSENSE = [
    b"\xc1" * 10,  # never used by msgpack
    b"GET / HTTP/1.1\r\n\r\n",
    b"\xdd\xff\xff\xff\xff",  # an array of 4 billion elements
    msgpack.packb({"jsonrpc": "2.0"}),
    msgpack.packb([0, "one", "version", []]),
    msgpack.packb([0, 1, b"\xff\xfe", [[False]]]),
]


@pytest.mark.parametrize("data", NONSENSE)
def test_nonsense_ends_its_own_connection_only(server, raw, data):
    bad = Raw(server)
    with contextlib.suppress(ConnectionError, EOFError):
        bad.send(data)
        bad.answer()
        pytest.fail("nonsense was answered")
    assert raw.ask("version")[3] == [[1, "0.9.16"]]


def test_a_client_that_dies_within_a_request_hurts_nobody(server, raw):
    for _ in range(20):
        bad = Raw(server)
        bad.send(msgpack.packb([0, 1, "copy_opendrive_to_file", [[False], "x" * 100000, []]])[:50000])
        bad.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not an end
        bad.socket.close()
    assert raw.ask("version")[3] == [[1, "0.9.16"]]


def test_a_client_that_does_not_read_stops_nobody(server, raw):
    deaf = Raw(server)
    request = msgpack.packb([0, 1, "get_map_data", [[False]]])
    deaf.socket.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        for _ in range(300):
            deaf.send(request)
    started = time.monotonic()
    assert raw.ask("version")[3] == [[1, "0.9.16"]]
    assert time.monotonic() - started < 10
    deaf.socket.close()


def test_a_traffic_managers_registration_ends_with_its_connection(server, raw):
    owner = Raw(server)
    assert owner.ask("add_traffic_manager_running", ["10.0.0.1", 8123])[3] == [[1, True]]
    assert owner.ask("add_traffic_manager_running", ["10.0.0.2", 8123])[3] == [[1, False]]
    assert raw.ask("is_traffic_manager_running", 8123)[3] == [[1, True]]
    assert raw.ask("get_traffic_manager_running", 8123)[3] == [[1, ["10.0.0.1", 8123]]]
    owner.socket.close()
    wait_for(lambda: raw.ask("is_traffic_manager_running", 8123)[3] == [[1, False]])


def subscribe(server, stream_id):
    connection = socket.create_connection((server.host, server.port + 1), 30)
    connection.sendall(struct.pack("<I", stream_id))
    return connection


def message(connection):
    def exactly(count):
        data = b""
        while len(data) < count:
            data += connection.recv(count - len(data)) or pytest.fail("the stream ended")
        return data

    return exactly(struct.unpack("<I", exactly(4))[0])


def test_a_new_subscriber_gets_the_last_snapshot_at_once(server, world, raw):
    frame = world.tick()
    token = raw.ask("get_episode_info")[3][0][1][1][0]
    stream_id, port, protocol, kind = struct.unpack_from("<IHBB", token)
    assert (port, protocol, kind, len(token)) == (server.port + 1, 1, 0, 24)
    with subscribe(server, stream_id) as connection:
        first = message(connection)
        assert struct.unpack_from("<QQ", first) == (17, frame)
        assert (len(first) - 48 - 36) % 119 == 0


def test_the_clock_waits_for_the_client_that_has_loaded_a_map(server, world, raw):
    """A snapshot between its leaving the old episode and its joining the new one would crash it."""
    stream_id = struct.unpack_from("<I", raw.ask("get_episode_info")[3][0][1][1][0])[0]
    synchronous(world, False, None)
    with subscribe(server, stream_id) as other:
        message(other)
        assert raw.ask("load_new_episode", "", False, 65535)[3] == [[False]]
        episode = raw.ask("get_episode_info")[3][0][1][0]
        other.settimeout(0.4)  # eight ticks
        with pytest.raises(TimeoutError):
            while struct.unpack_from("<Q", message(other), 48)[0] != episode:
                pass
        with subscribe(server, stream_id) as joined:
            assert struct.unpack_from("<Q", message(joined), 48)[0] == episode


def test_a_new_subscriber_sees_nothing_of_the_last_episode(server, world, raw):
    stream_id = struct.unpack_from("<I", raw.ask("get_episode_info")[3][0][1][1][0])[0]
    old = raw.ask("get_episode_info")[3][0][1][0]
    assert raw.ask("load_new_episode", "", False, 65535)[3] == [[False]]
    with subscribe(server, stream_id) as connection:
        frame = raw.ask("tick_cue")[3][0][1]
        first = message(connection)
        assert struct.unpack_from("<QQ", first) == (17, frame)
        assert struct.unpack_from("<Q", first, 48)[0] == old + 1
        assert struct.unpack_from("<I", first, 48 + 32)[0] == 1  # the map has changed
        ids = [struct.unpack_from("<I", first, at)[0] for at in range(48 + 36, len(first), 119)]
        kinds = {actor[2][1].split(".")[0] for actor in raw.ask("get_actors_by_id", ids)[3][0][1]}
        assert kinds == {"spectator", "traffic"}  # nothing that was spawned


def test_a_subscriber_that_does_not_read_stops_nobody(server, world, raw):
    car = world.spawn_actor(blueprint(world, "vehicle.tesla.model3"), lifted(world.get_map().get_spawn_points()[0]))
    camera = world.spawn_actor(
        blueprint(world, "sensor.camera.semantic_segmentation", image_size_x=1600, image_size_y=900),
        carla.Transform(),
        car,
    )
    token = raw.ask("get_actors_by_id", [camera.id])[3][0][1][0][5]
    (stream_id,) = struct.unpack_from("<I", token)
    with subscribe(server, stream_id) as deaf:
        frames = [world.tick() for _ in range(4)]  # 5.8 MB each: more than any socket buffer holds
        # lossless in synchronous mode: all of them wait for the reader
        assert [struct.unpack_from("<QQ", message(deaf)) for _ in frames][-2:] == [(14, frame) for frame in frames][-2:]
        assert raw.ask("version")[3] == [[1, "0.9.16"]]


def test_a_subscriber_of_a_gone_stream_is_left_waiting(server, world):
    with subscribe(server, 999999) as connection:
        world.tick()
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
