"""Traffic lights and street lights: the maps have none yet.

Traffic lights will be actors that the episode makes from the map's signals; their states belong into the snapshot, and
into the records of the vehicles in their trigger volumes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.server import wire
from simulator.server.handlers.registry import command, query
from simulator.server.wire import Refusal, flag, integer, number

if TYPE_CHECKING:
    from simulator.server.server import Server


def _no_light(server: Server, actor_id: int) -> Refusal:
    server.episode.find(actor_id)
    return Refusal(f"actor is not a traffic light. Actor Id: {actor_id}")


@command(integer, integer)
def set_traffic_light_state(server: Server, actor_id: int, state: int) -> None:
    """Switch a light."""
    raise _no_light(server, actor_id)


@command(integer, number)
def set_traffic_light_green_time(server: Server, actor_id: int, seconds: float) -> None:
    """How long it is green."""
    raise _no_light(server, actor_id)


@command(integer, number)
def set_traffic_light_yellow_time(server: Server, actor_id: int, seconds: float) -> None:
    """How long it is yellow."""
    raise _no_light(server, actor_id)


@command(integer, number)
def set_traffic_light_red_time(server: Server, actor_id: int, seconds: float) -> None:
    """How long it is red."""
    raise _no_light(server, actor_id)


@command(integer, flag)
def freeze_traffic_light(server: Server, actor_id: int, frozen: bool) -> None:
    """Stop its clock."""
    raise _no_light(server, actor_id)


@command(integer)
def reset_traffic_light_group(server: Server, actor_id: int) -> None:
    """Start its group's cycle anew."""
    raise _no_light(server, actor_id)


@query(integer)
def get_group_traffic_lights(server: Server, actor_id: int) -> list[int]:
    """The lights of its junction."""
    raise _no_light(server, actor_id)


@query(integer)
def get_light_boxes(server: Server, actor_id: int) -> list[Any]:
    """The boxes of its heads."""
    raise _no_light(server, actor_id)


@command(flag)
def freeze_all_traffic_lights(server: Server, frozen: bool) -> None:
    """All of none."""


@command()
def reset_all_traffic_lights(server: Server) -> None:
    """All of none; the Traffic Manager calls it when it starts."""

