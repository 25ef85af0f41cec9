"""How fast the embedded server answers, ticks and sends: the real client, one server, nothing beside."""

from __future__ import annotations

import logging
import multiprocessing
import os
import platform
import socket
import statistics
import struct
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import carla
import msgpack
from pydantic import BaseModel
from rich.table import Column, Table

from simulator.extension import Extension
from simulator.process import ServerError, ServerProcess
from simulator.server.faults import Faults
from simulator.server.handlers.session import VERSION
from simulator.server.streams import StreamServer

STEP = 0.05
ROUND_TRIPS, TICKS, TRAFFIC_TICKS, WARM_TICKS, PICTURES = 3000, 2000, 300, 60, 300
CARS = (20, 100)
PICTURE = (1242, 375)
"""KITTI's."""


class Traffic(BaseModel):
    """Synchronous ticks with Traffic-Manager cars.

    Attributes:
        cpu: the server's processor time for a tick [s]; other load on the machine hardly changes it.
        server: seconds of a tick by the server's stages.
    """

    cars: int
    ticks_per_second: float
    cpu: float
    server: dict[str, float]


class ServerMeasurement(BaseModel):
    """Figures of one server.

    Attributes:
        start: until it listened [s]. round_trip: median of ``get_server_version`` [s].
        round_trip_cpu: the server's processor time for one [s].
        round_trip_floor: the same call by the same client, answered by a process that does nothing else [s]: what
            client and machine take, whatever the server. Figures of two machines compare by it.
        idle: synchronous ticks per second without actors. idle_cpu: the server's processor time for one [s].
        pictures: 1242 x 375 pictures per second over loopback, without drawing them.
        memory: that the server held at the end [B].
    """

    map_name: str
    cores: int
    machine: str
    start: float
    round_trip: float
    round_trip_cpu: float
    round_trip_floor: float
    idle: float
    idle_cpu: float
    traffic: list[Traffic]
    pictures: float
    memory: int


def measure_server(map_name: str | None, seed: int) -> ServerMeasurement:
    """Plays on a server of its own. Raises ServerError."""
    started = time.perf_counter()
    with ServerProcess(map_name, seed=seed) as server:
        start = time.perf_counter() - started
        client = carla.Client(server.host, server.port)
        client.set_timeout(600)  # a model that is used for the first time is built then
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, STEP
        world.apply_settings(settings)
        for _ in range(WARM_TICKS):
            world.tick()
        used = _processor_time(server.pid)
        idle = _ticks_per_second(world, TICKS)
        idle_cpu, used = (_processor_time(server.pid) - used) / TICKS, _processor_time(server.pid)
        round_trip = _round_trip(client)
        round_trip_cpu = (_processor_time(server.pid) - used) / ROUND_TRIPS
        traffic = [_traffic(client, world, server, cars, seed) for cars in CARS]
        name = world.get_map().name.rsplit("/", 1)[-1]
        settings.synchronous_mode, settings.fixed_delta_seconds = False, None
        world.apply_settings(settings)
        memory = _resident(server.pid)
    return ServerMeasurement(
        map_name=name,
        cores=os.cpu_count() or 1,
        machine=platform.machine(),
        start=start,
        round_trip=round_trip,
        round_trip_cpu=round_trip_cpu,
        round_trip_floor=_round_trip_floor(),
        idle=idle,
        idle_cpu=idle_cpu,
        traffic=traffic,
        pictures=_pictures_per_second(),
        memory=memory,
    )


def _ticks_per_second(world: Any, count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        world.tick()
    return count / (time.perf_counter() - started)


def _round_trip(client: Any) -> float:
    times = []
    for _ in range(ROUND_TRIPS):
        started = time.perf_counter()
        client.get_server_version()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _round_trip_floor() -> float:
    """Median [s] of ``get_server_version`` where nothing but a constant stands behind it."""
    context = multiprocessing.get_context("spawn")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        echo = context.Process(target=_answer_versions, args=(listener,), daemon=True)
        echo.start()
        client = carla.Client("127.0.0.1", listener.getsockname()[1])
        client.set_timeout(60)
        floor = _round_trip(client)
        del client
        echo.join()
    return floor


def _answer_versions(listener: socket.socket) -> None:
    """Answers every request of one client with a version, until it goes."""
    connection, _ = listener.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connection.recv(4096):
            _, number, _, _ = msgpack.unpackb(data)
            connection.sendall(msgpack.packb([1, number, None, [[1, VERSION]]]))


def _traffic(client: Any, world: Any, server: ServerProcess, cars: int, seed: int) -> Traffic:
    blueprints = [b for b in world.get_blueprint_library().filter("vehicle.*") if b.get_attribute("base_type") == "car"]
    points = world.get_map().get_spawn_points()
    if len(points) < cars:
        raise ServerError(f"the map has {len(points)} spawn points, {cars} cars need as many; choose another --map")
    commands = [carla.command.SpawnActor(blueprints[k % len(blueprints)], points[k]) for k in range(cars)]
    ids = [answer.actor_id for answer in client.apply_batch_sync(commands, True) if not answer.error]
    with socket.socket() as probe:  # a port of its own: another Traffic Manager may run on this machine
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    manager = client.get_trafficmanager(port)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(seed)
    for actor in world.get_actors(ids):
        actor.set_autopilot(True, port)
    for _ in range(WARM_TICKS):
        world.tick()
    extension = Extension(server.host, server.port)
    before, used = extension.timings(), _processor_time(server.pid)
    rate = _ticks_per_second(world, TRAFFIC_TICKS)
    after, cpu = extension.timings(), (_processor_time(server.pid) - used) / TRAFFIC_TICKS
    extension.close()
    manager.set_synchronous_mode(False)
    client.apply_batch_sync([carla.command.DestroyActor(actor_id) for actor_id in ids], True)
    manager.shut_down()
    stages = {stage: (after[stage] - before.get(stage, 0.0)) / TRAFFIC_TICKS for stage in after}
    shown = {stage: seconds for stage, seconds in stages.items() if seconds > 1e-6}
    return Traffic(cars=len(ids), ticks_per_second=rate, cpu=cpu, server=shown)


def _pictures_per_second() -> float:
    """How many pictures a second the streaming port hands to a reader in another process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        streams = StreamServer(listener, Faults(logging.getLogger(__name__)))
        stream = streams.open()
        payload = bytes(48 + 12 + 4 * PICTURE[0] * PICTURE[1])
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe(duplex=False)
        port = listener.getsockname()[1]
        reader = context.Process(target=_read, args=(port, stream.stream_id, PICTURES, there), daemon=True)
        reader.start()
        while not stream.heard:
            streams.poll(0.1)
        for _ in range(PICTURES):
            stream.send(payload, lossless=True)
        seconds = float(here.recv())
        reader.join()
        streams.close()
    return (PICTURES - 1) / seconds


def _read(port: int, stream_id: int, count: int, done: Connection) -> None:
    """Reads messages; sends the seconds from the first to the last."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(struct.pack("<I", stream_id))
        buffer = bytearray(1 << 22)
        started = 0.0
        for number in range(count):
            connection.recv_into(buffer, 4, socket.MSG_WAITALL)
            (size,) = struct.unpack_from("<I", buffer)
            connection.recv_into(buffer, size, socket.MSG_WAITALL)
            started = started if number else time.perf_counter()
        done.send(time.perf_counter() - started)


def _processor_time(pid: int) -> float:
    """Processor time [s] that a process has used, all threads together; 0 where the system does not tell."""
    try:
        spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> int:
    """Memory [B] of a process; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)


def table(result: ServerMeasurement) -> Table:
    """The figures as a table; dim rows are parts of, or floors under, the row above them."""
    title = f"server on {result.map_name}, {result.cores} cores"
    shown = Table("measured", Column("", justify="right"), title=title, min_width=60)
    shown.add_row("start", f"{result.start:.2f} s")
    shown.add_row("RPC round trip", f"{result.round_trip * 1e6:.0f} µs")
    shown.add_row("  server: processor time", f"{result.round_trip_cpu * 1e6:.0f} µs", style="dim")
    shown.add_row("  of a server that does nothing", f"{result.round_trip_floor * 1e6:.0f} µs", style="dim")
    shown.add_row("synchronous ticks, nothing there", f"{result.idle:.0f} /s")
    shown.add_row("  server: processor time", f"{result.idle_cpu * 1e3:.2f} ms", style="dim")
    for traffic in result.traffic:
        shown.add_row(f"synchronous ticks, {traffic.cars} cars", f"{traffic.ticks_per_second:.0f} /s")
        shown.add_row("  server: processor time", f"{traffic.cpu * 1e3:.2f} ms", style="dim")
        for stage, seconds in traffic.server.items():
            shown.add_row(f"  server: {stage}", f"{seconds * 1e3:.2f} ms", style="dim")
    shown.add_row(f"pictures {PICTURE[0]}×{PICTURE[1]} over loopback", f"{result.pictures:.0f} /s")
    shown.add_row("memory", f"{result.memory >> 20} MB")
    return shown
