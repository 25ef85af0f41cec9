"""Walkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.server import wire
from simulator.server.actors import raised
from simulator.server.handlers.registry import command, unsupported
from simulator.server.wire import Array, WalkerControl, integer, number, transform
from simulator.world import walkers as world_walkers

if TYPE_CHECKING:
    from simulator.server.server import Server


@command(integer, wire.walker_control)
def apply_control_to_walker(server: Server, actor_id: int, control: WalkerControl) -> None:
    """Where to go and how fast."""
    x, y, z = (float(part) for part in control.direction)
    body = server.episode.find(actor_id).walker()
    body.control = world_walkers.WalkerControl((x, y, z), control.speed, control.jump)


def apply_walker_state(server: Server, actor_id: int, pose: Array, speed: float) -> None:
    """The client's walker AI moves its walkers itself; a batch command only. Raises Refusal."""
    actor = server.episode.find(actor_id)
    actor.walker().walk_to(raised(pose, -actor.origin_height), speed)


walker_state = (integer, transform, number)
"""How a batch's ApplyWalkerState is decoded."""

unsupported(commands=("set_bones_transform", "blend_pose", "get_pose_from_animation"), queries=("get_bones_transform",))
