"""Sensors' streams and switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.server.handlers.registry import command, query
from simulator.server.sensors.cameras import ColorCamera
from simulator.server.sensors.gbuffers import GBuffer
from simulator.server.sensors.sensor import Sensor
from simulator.server.sensors.v2x import CustomRadio
from simulator.server.wire import Refusal, each, flag, integer, text

if TYPE_CHECKING:
    from simulator.server.server import Server


@query(integer)
def get_sensor_token(server: Server, stream_id: int) -> list[bytes]:
    """The token of a stream; the client asks for it before it subscribes."""
    try:
        return [server.streams.expect(stream_id)]
    except KeyError:
        raise Refusal(f"get_sensor_token: there is no stream {stream_id}") from None


def _sensor(server: Server, actor_id: int) -> Sensor:
    sensor = server.episode.find(actor_id).sensor
    if sensor is None:
        raise Refusal(f"actor is not a sensor of the server's. Actor Id: {actor_id}")
    return sensor


def _color_camera(server: Server, actor_id: int) -> ColorCamera:
    sensor = _sensor(server, actor_id)
    if not isinstance(sensor, ColorCamera):
        raise Refusal(f"only sensor.camera.rgb has G-buffers. Actor Id: {actor_id}")
    return sensor


@command(integer, flag)
def enable_gbuffers(server: Server, actor_id: int, enabled: bool) -> None:
    """Switch a camera's G-buffers."""
    _color_camera(server, actor_id).gbuffers_enabled = enabled


@query(integer)
def are_gbuffers_enabled(server: Server, actor_id: int) -> bool:
    """Whether a camera's G-buffers are switched on."""
    return _color_camera(server, actor_id).gbuffers_enabled


@query(integer, integer)
def get_gbuffer_token(server: Server, actor_id: int, number: int) -> bytes:
    """The token of one of a camera's G-buffers; the client asks for it before it subscribes, and to end it."""
    if not 0 <= number < len(GBuffer):
        raise Refusal(f"get_gbuffer_token: there is no G-buffer {number}. Actor Id: {actor_id}")
    return server.streams.expect(_color_camera(server, actor_id).gbuffer(number).stream_id)


@command(integer, text)
def send(server: Server, actor_id: int, message: str) -> None:
    """Broadcast a message from a custom V2X sensor in the next tick."""
    sensor = _sensor(server, actor_id)
    if not isinstance(sensor, CustomRadio):
        raise Refusal(f"only sensor.other.v2x_custom sends. Actor Id: {actor_id}")
    sensor.queue(message)


@command(integer, each(integer))
def set_ignored_vehicles(server: Server, actor_id: int, vehicles: list[int]) -> None:
    """Leave vehicles out of what a sensor.camera.cosmos_visualization shows; other kinds remember and show them."""
    _sensor(server, actor_id).ignored = frozenset(vehicles)


@command(integer)
def enable_sensor_for_ros(server: Server, stream_id: int) -> None:
    """Remember that a sensor is wanted on ROS; this server has no ROS bridge, so nothing is published."""
    server.episode.ros_streams.add(stream_id)


@command(integer)
def disable_sensor_for_ros(server: Server, stream_id: int) -> None:
    """Forget that a sensor is wanted on ROS."""
    server.episode.ros_streams.discard(stream_id)


@query(integer)
def is_sensor_enabled_for_ros(server: Server, stream_id: int) -> bool:
    """Whether a sensor was asked for on ROS."""
    return stream_id in server.episode.ros_streams
