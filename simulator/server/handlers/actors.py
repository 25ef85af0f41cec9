"""Actors of all kinds: definitions, spawning, moving, pushing, boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.server import wire
from simulator.server.actors import Actor
from simulator.server.attachments import RIGID
from simulator.server.handlers.registry import command, query
from simulator.server.wire import Array, Description, Refusal, axial, flag, integer, transform, vector

if TYPE_CHECKING:
    from simulator.server.server import Server

SQUARE_CENTIMETRE = 1e-4
"""[m^2]"""


@query()
def get_actor_definitions(server: Server) -> list[Any]:
    """The blueprint library."""
    return server.library.definitions


@query()
def get_spectator(server: Server) -> list[Any]:
    """The spectator."""
    return server.episode.spectator.encode()


@query(wire.each(integer))
def get_actors_by_id(server: Server, ids: list[int]) -> list[Any]:
    """Those that there are."""
    actors = server.episode.actors
    return [actors[actor_id].encode() for actor_id in ids if actor_id in actors]


def spawn(
    server: Server,
    description: Description,
    pose: Array,
    parent_id: int = 0,
    attachment: int = RIGID,
    socket: str = "",
) -> Actor:
    """A new actor. Raises Refusal."""
    parent = None
    if parent_id:
        parent = server.episode.actors.get(parent_id)
        if parent is None:
            raise Refusal("unable to attach actor: parent actor not found")
    return server.episode.spawn(
        server.library.find(description), description.attributes, pose, parent, attachment, socket
    )


@query(wire.description, transform)
def spawn_actor(server: Server, description: Description, pose: Array) -> list[Any]:
    """A free actor."""
    return spawn(server, description, pose).encode()


@query(wire.description, transform, integer, integer, wire.text)
def spawn_actor_with_parent(
    server: Server, description: Description, pose: Array, parent_id: int, attachment: int, socket: str
) -> list[Any]:
    """An actor on another one, or on a bone of it; an unknown bone is its origin, as in CARLA."""
    return spawn(server, description, pose, parent_id, attachment, socket).encode()


@query(integer)
def destroy_actor(server: Server, actor_id: int) -> bool:
    """Remove an actor."""
    if not server.episode.destroy(actor_id):
        raise Refusal("unable to destroy actor: not found")
    return True


@command(integer, vector)
def set_actor_location(server: Server, actor_id: int, location: Array) -> None:
    """Move, keeping the orientation."""
    actor = server.episode.find(actor_id)
    pose = actor.world_from_actor.copy() if actor.parent is None else actor.pose.copy()
    pose[:3, 3] = location
    server.episode.place(actor, pose)


@command(integer, transform)
def set_actor_transform(server: Server, actor_id: int, pose: Array) -> None:
    """Move and turn."""
    server.episode.place(server.episode.find(actor_id), pose)


@command(integer, vector)
def set_actor_target_velocity(server: Server, actor_id: int, velocity: Array) -> None:
    """World velocity [m/s], taken over at the next tick."""
    server.episode.find(actor_id).require_body().target_velocity = velocity


@command(integer, axial)
def set_actor_target_angular_velocity(server: Server, actor_id: int, velocity: Array) -> None:
    """Angular velocity [deg/s on the wire], taken over at the next tick."""
    server.episode.find(actor_id).require_body().target_angular_velocity = velocity


@command(integer, vector)
def enable_actor_constant_velocity(server: Server, actor_id: int, velocity: Array) -> None:
    """Velocity in the vehicle's frame [m/s], held."""
    server.episode.find(actor_id).require_body().constant_velocity = velocity


@command(integer)
def disable_actor_constant_velocity(server: Server, actor_id: int) -> None:
    """Let it go."""
    server.episode.find(actor_id).require_body().constant_velocity = None


@command(integer, vector)
def add_actor_impulse(server: Server, actor_id: int, impulse: Array) -> None:
    """Impulse [N s] on the centre of mass."""
    server.episode.find(actor_id).require_body()
    server.episode.world.add_impulse(actor_id, impulse)


@command(integer, vector, vector)
def add_actor_impulse_at_location(server: Server, actor_id: int, impulse: Array, location: Array) -> None:
    """Impulse [N s] at a world point."""
    server.episode.find(actor_id).require_body()
    server.episode.world.add_impulse(actor_id, impulse, location)


@command(integer, vector)
def add_actor_force(server: Server, actor_id: int, force: Array) -> None:
    """Force [N] on the centre of mass for one tick."""
    add_actor_impulse(server, actor_id, force * server.step_length)


@command(integer, vector, vector)
def add_actor_force_at_location(server: Server, actor_id: int, force: Array, location: Array) -> None:
    """Force [N] at a world point for one tick."""
    add_actor_impulse_at_location(server, actor_id, force * server.step_length, location)


@command(integer, axial)
def add_actor_angular_impulse(server: Server, actor_id: int, impulse: Array) -> None:
    """Angular impulse [kg cm^2/s and degrees for radians, on the wire: CARLA hands it to Unreal as it is]."""
    server.episode.find(actor_id).require_body()
    server.episode.world.add_angular_impulse(actor_id, impulse * SQUARE_CENTIMETRE)


@command(integer, axial)
def add_actor_torque(server: Server, actor_id: int, torque: Array) -> None:
    """Torque for one tick, likewise."""
    add_actor_angular_impulse(server, actor_id, torque * server.step_length)


@command(integer, flag)
def set_actor_simulate_physics(server: Server, actor_id: int, enabled: bool) -> None:
    """Whether physics moves it."""
    actor = server.episode.find(actor_id)
    if actor.body is not None:
        if enabled and not actor.body.simulate_physics:
            actor.body.wake()
        actor.body.simulate_physics = enabled


@command(integer, flag)
def set_actor_collisions(server: Server, actor_id: int, enabled: bool) -> None:
    """Whether it touches others."""
    actor = server.episode.find(actor_id)
    if actor.body is not None:
        actor.body.collides = enabled


@command(integer, flag)
def set_actor_enable_gravity(server: Server, actor_id: int, enabled: bool) -> None:
    """Whether it falls."""
    body = server.episode.find(actor_id).require_body()
    if body.gravity != enabled:
        body.wake()
    body.gravity = enabled


@query(integer)
def get_actor_bounding_box(server: Server, actor_id: int) -> list[Any]:
    """Empty for actors that have gone: an error would end the client's Traffic Manager, and the client with it."""
    actor = server.episode.actors.get(actor_id)
    return wire.EMPTY_BOX if actor is None else actor.bounding_box()
