"""Sensors' streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.server.handlers.registry import query, unsupported
from simulator.server.wire import Refusal, integer

if TYPE_CHECKING:
    from simulator.server.server import Server


@query(integer)
def get_sensor_token(server: Server, stream_id: int) -> list[bytes]:
    """The token of a stream; the client asks for it before it subscribes."""
    try:
        return [server.streams.expect(stream_id)]
    except KeyError:
        raise Refusal(f"get_sensor_token: there is no stream {stream_id}") from None


@query(integer)
def is_sensor_enabled_for_ros(server: Server, stream_id: int) -> bool:
    """Never: the server has no ROS interface."""
    return False


@query(integer)
def are_gbuffers_enabled(server: Server, actor_id: int) -> bool:
    """Never: the renderer's buffers are no streams."""
    return False


unsupported(
    commands=("enable_sensor_for_ros", "disable_sensor_for_ros", "send", "set_ignored_vehicles", "enable_gbuffers"),
    queries=("get_gbuffer_token",),
)
