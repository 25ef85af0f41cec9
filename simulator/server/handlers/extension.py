"""Longtail's own methods (docs/rooms.md): what CARLA cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sensors.geometry import matrix_quaternion
from simulator.server import wire
from simulator.server.handlers.registry import extension
from simulator.server.sensors.cameras import Camera, outlines
from simulator.server.sensors.lidar import Lidar
from simulator.server.sensors.radar import Radar
from simulator.server.wire import Refusal, integer

if TYPE_CHECKING:
    from simulator.server.server import Server

VERSION = 3


@extension("longtail.hello")
def hello(server: Server) -> dict[str, int]:
    """Version of these methods."""
    return {"version": VERSION}


@extension("longtail.seed", integer)
def seed(server: Server, value: int) -> None:
    """Start the world's random draws anew."""
    if value < 0:
        raise Refusal(f"longtail.seed: a seed must not be negative, not {value}")
    server.episode.reseed(value)


@extension("longtail.act", integer, wire.text)
def act(server: Server, actor_id: int, name: str) -> None:
    """What a walker does whenever it stands: ``sit``, ``crouch``, ``wave``, ``halt``; ``""`` ends it."""
    try:
        server.episode.find(actor_id).walker().act(name)
    except ValueError as error:
        raise Refusal(f"longtail.act: {error}. Actor Id: {actor_id}") from error


@extension("longtail.labels", wire.each(integer), wire.each(integer), wire.each(integer))
def labels(server: Server, cameras: list[int], lidars: list[int], radars: list[int]) -> dict[str, Any]:
    """Objects, their outlines in cameras, and what LiDAR returns and radar detections met, all of the present frame."""
    if server.moment is None:
        raise Refusal("longtail.labels: there has been no tick in this episode")
    with server.stopwatch.stage("labels"):
        return {
            "frame": server.frame,
            "objects": _objects(server),
            "cameras": {actor_id: _outlines(server, actor_id) for actor_id in cameras},
            "lidars": {actor_id: _returns(server, actor_id) for actor_id in lidars},
            "radars": {actor_id: _detections(server, actor_id) for actor_id in radars},
        }


@extension("longtail.timings")
def timings(server: Server) -> dict[str, float]:
    """Wall time by stage [s] since the server started."""
    return server.stopwatch.seconds


def _objects(server: Server) -> list[list[float]]:
    ids = sorted(server.episode.world.bodies)
    boxes = [server.episode.world.box(actor_id) for actor_id in ids]
    if not boxes:
        return []
    quaternions = matrix_quaternion(np.array([pose for pose, _ in boxes]))
    return [
        [actor_id, *pose[:3, 3].tolist(), *map(float, size), *quaternion.tolist()]
        for actor_id, (pose, size), quaternion in zip(ids, boxes, quaternions, strict=True)
    ]


def _outlines(server: Server, actor_id: int) -> list[list[Any]]:
    actor = server.episode.find(actor_id)
    if not isinstance(actor.sensor, Camera):
        raise Refusal(f"longtail.labels: not a camera. Actor Id: {actor_id}")
    assert server.moment is not None
    own = actor.root.actor_id
    wanted = sorted(body_id for body_id in server.episode.world.bodies if body_id != own)
    drawn = outlines(server.moment, actor, actor.sensor, wanted)
    return [
        [
            *(object_id, outline.pixels, outline.pixels_inside, *map(float, outline.box)),
            np.packbits(outline.mask).tobytes(),
        ]
        for object_id, outline in sorted(drawn.items())
    ]


def _returns(server: Server, actor_id: int) -> dict[str, bytes]:
    sensor = server.episode.find(actor_id).sensor
    if not isinstance(sensor, Lidar):
        raise Refusal(f"longtail.labels: not a LiDAR. Actor Id: {actor_id}")
    sweep = sensor.sweep
    if sweep is None or sweep.frame != server.frame:
        raise Refusal(f"longtail.labels: the LiDAR has not measured in this frame. Actor Id: {actor_id}")
    return {
        "object_id": sweep.object_id.astype("<u4").tobytes(),
        "tag": sweep.tag.astype("u1").tobytes(),
        "time": sweep.time.astype("<f4").tobytes(),
        "ring": sweep.ring.astype("<u2").tobytes(),
        "echo": sweep.echo.astype("u1").tobytes(),
    }


def _detections(server: Server, actor_id: int) -> dict[str, bytes]:
    sensor = server.episode.find(actor_id).sensor
    if not isinstance(sensor, Radar):
        raise Refusal(f"longtail.labels: not a radar. Actor Id: {actor_id}")
    if sensor.scan is None or sensor.scan.frame != server.frame:
        raise Refusal(f"longtail.labels: the radar has not measured in this frame. Actor Id: {actor_id}")
    return {
        "object_id": sensor.scan.object_id.astype("<u4").tobytes(),
        "tag": sensor.scan.tag.astype("u1").tobytes(),
    }
