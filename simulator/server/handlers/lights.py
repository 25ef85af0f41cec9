"""Traffic lights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.server import wire
from simulator.server.handlers.registry import command, query
from simulator.server.wire import Refusal, flag, integer, number
from simulator.world.bodies import bounds_box
from simulator.world.signals import Light, State

if TYPE_CHECKING:
    from simulator.server.server import Server


def _light(server: Server, actor_id: int) -> Light:
    light = server.episode.find(actor_id).light
    if light is None:
        raise Refusal(f"actor is not a traffic light. Actor Id: {actor_id}")
    return light


@command(integer, integer)
def set_traffic_light_state(server: Server, actor_id: int, state: int) -> None:
    """Switch one light; it lasts until its phase changes."""
    light = _light(server, actor_id)
    if state not in list(State):
        raise Refusal(f"there is no traffic light state {state}. Actor Id: {actor_id}")
    light.state = State(state)


def _set_time(server: Server, actor_id: int, state: State, seconds: float) -> None:
    light = _light(server, actor_id)
    if not 0 <= seconds < float("inf"):
        raise Refusal(f"a light's time must be 0 s or more, not {seconds}. Actor Id: {actor_id}")
    light.phase.times[state] = seconds


@command(integer, number)
def set_traffic_light_green_time(server: Server, actor_id: int, seconds: float) -> None:
    """How long it and those that change with it are green [s]."""
    _set_time(server, actor_id, State.GREEN, seconds)


@command(integer, number)
def set_traffic_light_yellow_time(server: Server, actor_id: int, seconds: float) -> None:
    """How long it and those that change with it are yellow [s]."""
    _set_time(server, actor_id, State.YELLOW, seconds)


@command(integer, number)
def set_traffic_light_red_time(server: Server, actor_id: int, seconds: float) -> None:
    """How long [s] the junction stays all red after its turn."""
    _set_time(server, actor_id, State.RED, seconds)


@command(integer, flag)
def freeze_traffic_light(server: Server, actor_id: int, frozen: bool) -> None:
    """Stop the clock of its group, or let it run."""
    _light(server, actor_id).phase.group.frozen = frozen


@command(integer)
def reset_traffic_light_group(server: Server, actor_id: int) -> None:
    """Start its group's cycle anew."""
    _light(server, actor_id).phase.group.reset()


@query(integer)
def get_group_traffic_lights(server: Server, actor_id: int) -> list[int]:
    """The lights of its junction, itself among them."""
    return [light.actor_id for light in _light(server, actor_id).phase.group.lights]


@query(integer)
def get_light_boxes(server: Server, actor_id: int) -> list[Any]:
    """The boxes of its heads, in the world."""
    boxes = []
    for head in _light(server, actor_id).heads:
        box, size = bounds_box(head.lods[0].vertices.astype(np.float64), head.world_from_mesh)
        boxes.append(wire.encode_box(box, size, actor_id))
    return boxes


@command(flag)
def freeze_all_traffic_lights(server: Server, frozen: bool) -> None:
    """Stop the clocks of all groups, or let them run."""
    server.episode.world.signals.freeze(frozen)


@command()
def reset_all_traffic_lights(server: Server) -> None:
    """Start all cycles anew; the Traffic Manager calls it when it is reset."""
    server.episode.world.signals.reset()
