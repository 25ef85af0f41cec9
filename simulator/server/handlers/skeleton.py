"""Bones, components and sockets: what hangs on an actor, where it is, and a walker's own pose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.server import wire
from simulator.server.actors import Actor
from simulator.server.handlers.registry import command, query
from simulator.server.skeleton import bones, component, components, local_pose, rig_of
from simulator.server.wire import Array, encode_transform, fields, integer, number, transform
from simulator.world.vehicles import VehicleBody

if TYPE_CHECKING:
    from simulator.server.server import Server


def _bone(value: Any) -> tuple[str, Array]:
    name, pose = fields(value, 2)
    return wire.text(name), transform(pose)


bone_control = wire.struct(lambda named: named, wire.each(_bone))
"""``[[[name, transform], ...]]``."""


def _encoded(poses: Array) -> list[Any]:
    return [encode_transform(pose) for pose in poses]


def _named(actor: Actor) -> tuple[tuple[str, ...], Array, Array]:
    """Sockets: names, and their poses in the world and in the actor's frame. A skeleton's bones are its sockets."""
    if actor.body is None or (actor.body.model.skeleton is None and not isinstance(actor.body, VehicleBody)):
        return (), np.zeros((0, 4, 4)), np.zeros((0, 4, 4))
    named = bones(actor)
    return named.names, named.world, named.component


# -- a walker's pose ---------------------------------------------------------------------------------------------------


@query(integer)
def get_bones_transform(server: Server, actor_id: int) -> list[Any]:
    """Each bone's name, and its transform in the world, in the actor's frame and in its parent's."""
    actor = server.episode.find(actor_id)
    rig_of(actor)
    named = bones(actor)
    rows = zip(named.names, _encoded(named.world), _encoded(named.component), _encoded(named.relative), strict=True)
    return [[list(row) for row in rows]]


@command(integer, bone_control)
def set_bones_transform(server: Server, actor_id: int, wanted: list[tuple[str, Array]]) -> None:
    """Changes the walker's own pose, bone by bone in their parents' frames; what is not named stays. It shows as far as
    ``blend_pose`` says. Unknown names are passed over, as in CARLA."""
    body, rig = rig_of(server.episode.find(actor_id))
    pose = local_pose(body, rig) if body.snap is None else body.snap.copy()
    place = {name: index for index, name in enumerate(rig.names)}
    for name, relative in wanted:
        if name in place:
            pose[place[name]] = relative
    body.take_pose(pose, body.blend)


@command(integer, number)
def blend_pose(server: Server, actor_id: int, share: float) -> None:
    """How much of the walker's own pose shows: 0 is the animation alone, 1 the pose alone."""
    body, _ = rig_of(server.episode.find(actor_id))
    body.take_pose(body.snap, share)


@command(integer)
def get_pose_from_animation(server: Server, actor_id: int) -> None:
    """The pose that the walker has now becomes its own."""
    body, rig = rig_of(server.episode.find(actor_id))
    body.take_pose(local_pose(body, rig), body.blend)


# -- what any actor tells ----------------------------------------------------------------------------------------------


@query(integer)
def get_actor_bone_names(server: Server, actor_id: int) -> list[str]:
    """Names of its bones. Raises Refusal for an actor without."""
    return list(bones(server.episode.find(actor_id)).names)


@query(integer)
def get_actor_bone_world_transforms(server: Server, actor_id: int) -> list[Any]:
    """In the order of the names."""
    return _encoded(bones(server.episode.find(actor_id)).world)


@query(integer)
def get_actor_bone_relative_transforms(server: Server, actor_id: int) -> list[Any]:
    """In the actor's frame."""
    return _encoded(bones(server.episode.find(actor_id)).component)


@query(integer)
def get_vehicle_bone_world_transforms(server: Server, actor_id: int) -> list[Any]:
    """A vehicle's body and wheels."""
    actor = server.episode.find(actor_id)
    actor.vehicle()
    return _encoded(bones(actor).world)


@query(integer)
def get_actor_socket_names(server: Server, actor_id: int) -> list[str]:
    """A skeleton's bones are its sockets; other actors have none."""
    return list(_named(server.episode.find(actor_id))[0])


@query(integer)
def get_actor_socket_world_transforms(server: Server, actor_id: int) -> list[Any]:
    """In the order of the names."""
    return _encoded(_named(server.episode.find(actor_id))[1])


@query(integer)
def get_actor_socket_relative_transforms(server: Server, actor_id: int) -> list[Any]:
    """In the actor's frame."""
    return _encoded(_named(server.episode.find(actor_id))[2])


@query(integer)
def get_actor_component_names(server: Server, actor_id: int) -> list[str]:
    """The root first."""
    return list(components(server.episode.find(actor_id)))


@query(integer, wire.text)
def get_actor_component_world_transform(server: Server, actor_id: int, name: str) -> list[Any]:
    """Raises Refusal for an unknown name."""
    return encode_transform(component(server.episode.find(actor_id), name).world)


@query(integer, wire.text)
def get_actor_component_relative_transform(server: Server, actor_id: int, name: str) -> list[Any]:
    """In the frame of what it hangs on: for a root the world, or the parent actor. Raises Refusal for unknown names."""
    return encode_transform(component(server.episode.find(actor_id), name).relative)
