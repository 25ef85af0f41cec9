"""Walkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.server import wire
from simulator.server.handlers.registry import command
from simulator.server.wire import Array, Refusal, WalkerControl, integer, number, transform
from simulator.world import walkers as world_walkers

if TYPE_CHECKING:
    from simulator.server.server import Server


LEAP = 100.0
"""[m]; who is sent farther in one step is asked whether there is ground."""


@command(integer, wire.walker_control)
def apply_control_to_walker(server: Server, actor_id: int, control: WalkerControl) -> None:
    """Where to go and how fast."""
    x, y, z = (float(part) for part in control.direction)
    body = server.episode.find(actor_id).walker()
    body.control = world_walkers.WalkerControl((x, y, z), control.speed, control.jump)


def apply_walker_state(server: Server, actor_id: int, pose: Array, speed: float) -> None:
    """The client's walker AI moves its walkers itself, by their feet; a batch command only. Raises Refusal."""
    body = server.episode.find(actor_id).walker()
    if body.dead:
        raise Refusal(f"walker is dead. Actor Id: {actor_id}")
    if np.linalg.norm(pose[:3, 3] - body.world_from_body[:3, 3]) > LEAP:
        try:
            server.episode.town.ground(pose[None, :3, 3])
        except ValueError as error:
            raise Refusal(f"{error}. Actor Id: {actor_id}") from error
    x, y, z = (float(part) for part in pose[:3, 0])
    body.control = world_walkers.WalkerControl((x, y, z), speed)
    body.walk_to(pose, speed)


@command(integer)
def set_actor_dead(server: Server, actor_id: int) -> None:
    """A walker falls, lies there, and is gone ten seconds later, as in CARLA."""
    server.episode.find(actor_id).walker().die()


walker_state = (integer, transform, number)
"""How a batch's ApplyWalkerState is decoded."""
