"""An episode: one world on one map, the actors in it, and its random draws."""

from __future__ import annotations

import numpy as np

from assets.model import Model
from simulator.server.actors import Actor, raised, tint_of, trigger_extent
from simulator.server.attachments import GHOST, RIGID, SPRING_ARM, Socket, SpringArm
from simulator.server.blueprints import SPECTATOR, Blueprint, Kind, number_of, traffic_sign
from simulator.server.drawing import Drawing
from simulator.server.road_map import RoadMap
from simulator.server.sensors import make_sensor
from simulator.server.skeleton import bones
from simulator.server.streams import StreamServer
from simulator.server.wire import Array, Refusal
from simulator.world import signage
from simulator.world.town import Town
from simulator.world.vehicles import VehicleControl
from simulator.world.walkers import WalkerBody
from simulator.world.world import World

DEPTH = 1e5
"""A body so far [m] below or above the ground has left the world."""
FASTEST = 1e4
"""[m/s, rad/s]"""
LARGEST_ID = 1 << 31
"""Wished ids stay below, so that counting on from them never ends."""

BURIAL = 10.0
"""Seconds of simulation that CARLA leaves the dead lying."""

ANIMAL = "walker.animal."
"""CARLA has no animals: ours fall whatever ``is_invincible`` says, and lie where they fell."""

_SIGN_IDS = {
    signage.Kind.LIGHT: "traffic.traffic_light",
    signage.Kind.STOP: "traffic.stop",
    signage.Kind.YIELD: "traffic.yield",
}

COLLISION_AT_SPAWN = "Spawn failed because of collision at spawn position"


def _socket(parent: Actor, name: str, bone_from_child: Array) -> Socket | None:
    """The parent's bone of that name, whatever its case; None, its origin, if it has none: as in Unreal."""
    try:
        names = [bone.lower() for bone in bones(parent).names]
    except Refusal:
        return None
    if name.lower() not in names:
        return None
    index = names.index(name.lower())
    return Socket(bone_from_child, lambda: bones(parent).world[index])


class Episode:
    """Actor ids and random draws start afresh in every episode: a scene that is played on a used server runs as on a
    fresh one.

    Attributes:
        actors: by id, in the order of spawning.
        spectator: always there, as are the map's traffic lights and signs.
    """

    def __init__(self, episode_id: int, town: Town, seed: int, streams: StreamServer) -> None:
        self.episode_id = episode_id
        self.town = town
        self.road_map = RoadMap(town)
        self.world = World(town, seed)
        self.actors: dict[int, Actor] = {}
        self._hanging: dict[int, Actor] = {}
        self.announced = False
        self.drawing = Drawing()
        self.ros_streams: set[int] = set()
        self._seed = seed
        self._streams = streams
        self._next_id = 1
        start = town.spawn_points[0].copy() if town.spawn_points else np.eye(4)
        start[2, 3] += 2.0
        self.spectator = self._add(SPECTATOR, {}, start)
        for sign in town.signage.signs:
            self._add_sign(sign)

    def find(self, actor_id: int) -> Actor:
        """The actor of that id; raises Refusal."""
        actor = self.actors.get(actor_id)
        if actor is None:
            raise Refusal(f"unable to find actor. Actor Id: {actor_id}")
        return actor

    def _add(
        self,
        blueprint: Blueprint,
        values: dict[str, str],
        pose: Array,
        parent: Actor | None = None,
        wished_id: int = 0,
    ) -> Actor:
        actor_id = wished_id if 0 < wished_id < LARGEST_ID and wished_id not in self.actors else self._next_id
        actor = Actor(actor_id, blueprint, values, pose, parent)
        self._next_id = max(self._next_id, actor_id + 1)
        self.actors[actor.actor_id] = actor
        if parent is not None:
            parent.children.append(actor)
        return actor

    def _add_sign(self, sign: signage.Sign) -> None:
        type_id = _SIGN_IDS.get(sign.kind, f"traffic.speed_limit.{sign.limit}")
        actor = self._add(traffic_sign(type_id), {}, sign.world_from_sign)
        actor.sign, actor.light = sign, self.world.signals.lights.get(sign.id)
        if actor.light is not None:
            actor.light.actor_id = actor.actor_id

    def spawn(
        self,
        blueprint: Blueprint,
        given: dict[str, str],
        pose: Array,
        parent: Actor | None = None,
        attachment: int = RIGID,
        socket: str = "",
        wished_id: int = 0,
        anywhere: bool = False,
    ) -> Actor:
        """A new actor at ``world_from_actor``, or at ``parent_from_actor`` held by an attachment (CARLA's
        AttachmentType), rigid ones on a ``socket`` if the parent has one of that name; of a wished id where that is
        free, and ``anywhere`` even within others. Raises Refusal in CARLA's words.
        """
        if parent is not None and attachment not in (RIGID, SPRING_ARM, GHOST):
            raise Refusal(f"unable to attach actor: {attachment} is no attachment type")
        values = blueprint.complete(given)
        model = blueprint.model(values)
        if blueprint.kind is Kind.TRIGGER:
            half, friction = [trigger_extent(values, axis) for axis in "xyz"], number_of(values, "friction")
        tint = tint_of(values["color"]) if "color" in values else None
        if model is not None and parent is None:
            pose = self._standing(blueprint, model, pose, anywhere)
        sensor = None
        if blueprint.kind is Kind.SENSOR:
            sensor = make_sensor(blueprint.type_id, values, self._seed, self._next_id, self._streams)
        actor = self._add(blueprint, values, pose, parent, wished_id)
        actor.sensor = sensor
        if blueprint.kind is Kind.TRIGGER:
            self.world.add_friction_volume(actor.actor_id, actor.world_from_actor, half, friction)
        if parent is not None:
            if attachment != RIGID:
                actor.arm = SpringArm(pose, attachment == GHOST, self._heights, parent.world_from_actor)
            elif socket:
                actor.arm = _socket(parent, socket, pose)
            self._hanging[actor.actor_id] = actor
        if model is not None:
            self._embody(actor, model)
            if tint is not None:
                actor.require_body().tint = tint
        return actor

    def _heights(self, points: Array) -> Array:
        return self.town.ground(points)[0]

    def _standing(self, blueprint: Blueprint, model: Model, world_from_origin: Array, anywhere: bool) -> Array:
        """Where a free actor with a body comes to be: clients place walkers' hips anywhere near the ground; like CARLA,
        lift what would stand in it. Raises Refusal where something is in the way.
        """
        height = model.center[2] if blueprint.kind is Kind.WALKER else 0.0
        world_from_body = raised(world_from_origin, -height).copy()
        try:
            ground = float(self._heights(world_from_body[None, :3, 3])[0])
        except ValueError as error:
            raise Refusal(f"{COLLISION_AT_SPAWN}: {error}") from error
        world_from_body[2, 3] = max(world_from_body[2, 3], ground)
        if not anywhere and self.world.overlaps(model, world_from_body):
            raise Refusal(COLLISION_AT_SPAWN)
        return raised(world_from_body, height)

    def _embody(self, actor: Actor, model: Model) -> None:
        """Gives an actor its body in the world; one that hangs on another is moved by it alone, and touches nothing."""
        kind = actor.blueprint.kind
        world_from_body = raised(actor.hung, -model.center[2] if kind is Kind.WALKER else 0.0)
        match kind:
            case Kind.VEHICLE:
                actor.body = self.world.add_vehicle(actor.actor_id, model, world_from_body)
            case Kind.WALKER:
                actor.body = self.world.add_walker(actor.actor_id, model, world_from_body)
            case _:
                actor.body = self.world.add_prop(actor.actor_id, model, world_from_body)
        if isinstance(actor.body, WalkerBody) and not actor.blueprint.type_id.startswith(ANIMAL):
            actor.body.invincible = actor.values["is_invincible"].lower() == "true"
        if actor.parent is not None:
            actor.body.simulate_physics = actor.body.collides = False

    def hang(self, actor: Actor, parent: Actor) -> None:
        """Attach a free actor to another, rigidly, as they stand to each other now."""
        actor.pose = np.linalg.inv(parent.world_from_actor) @ actor.world_from_actor
        actor.parent = parent
        parent.children.append(actor)
        self._hanging[actor.actor_id] = actor
        if actor.body is not None:
            actor.body.simulate_physics = actor.body.collides = False

    def remove_lost(self) -> list[int]:
        """Destroy what has left the world, as Unreal does: bodies without ground under them, or that move
        faster than any number means. Their ids.
        """
        lost = []
        for actor_id, body in list(self.world.bodies.items()):
            place, motion = body.world_from_body[:3, 3], np.concatenate([body.velocity, body.angular_velocity])
            try:
                here = bool(
                    np.isfinite(place).all()
                    and np.abs(motion).max() < FASTEST
                    and abs(place[2] - self._heights(place[None, :2])[0]) < DEPTH
                )
            except ValueError:
                here = False
            if not here:
                lost.append(actor_id)
                self.destroy(actor_id)
        return lost

    def place(self, actor: Actor, pose: Array) -> None:
        """Move an actor at once. An attached one takes the pose as relative to its parent, as in CARLA.

        Raises Refusal for traffic lights and signs.
        """
        if actor.sign is not None:
            raise Refusal(f"traffic lights and signs stay where they are. Actor Id: {actor.actor_id}")
        if actor.parent is not None:
            actor.pose = pose
            if actor.arm is not None:
                actor.arm.reset(pose, actor.parent.world_from_actor)
            pose = actor.hung
        if actor.body is not None:
            self.world.teleport(actor.actor_id, raised(pose, -actor.origin_height))
        elif actor.parent is None:
            actor.pose = pose

    def destroy(self, actor_id: int) -> bool:
        """Remove an actor; its children stay, detached. False when there is none of that id."""
        actor = self.actors.get(actor_id)
        if actor is None or actor is self.spectator or actor.sign is not None:
            return False
        for child in actor.children:
            child.pose = child.world_from_actor
            child.parent = child.arm = None
            del self._hanging[child.actor_id]
            if child.body is not None:
                child.body.simulate_physics = child.body.collides = True
        if actor.parent is not None:
            actor.parent.children.remove(actor)
            del self._hanging[actor_id]
        if actor.body is not None:
            self.world.remove(actor_id)
        if actor.sensor is not None:
            actor.sensor.close()
        if actor.blueprint.kind is Kind.TRIGGER:
            self.world.remove_friction_volume(actor_id)
        del self.actors[actor_id]
        return True

    def before_step(self, dt: float) -> None:
        """What acts on bodies through a step."""
        for actor in self.actors.values():
            if actor.ackermann is not None:
                actor.ackermann.drive(actor.vehicle(), dt)

    def after_step(self, dt: float) -> None:
        """What follows from where bodies came to stand after a tick of ``dt`` [s]."""
        for actor in self._hanging.values():  # parents come before their children: they were spawned before
            parent = actor.parent
            if parent is not None and actor.arm is not None:
                actor.arm.follow(parent.world_from_actor, dt)
            if actor.body is not None:
                self.world.teleport(actor.actor_id, raised(actor.hung, -actor.origin_height))
                actor.body.finish(dt)
        signals = self.world.signals
        for actor in self.actors.values():
            if actor.blueprint.kind is not Kind.VEHICLE:
                continue
            body = actor.vehicle()
            actor.at_light, actor.held = signals.at.get(actor.actor_id), actor.actor_id in signals.waiting
            actor.speed_limit = signals.limits.get(actor.actor_id, actor.speed_limit)
            if actor.values["sticky_control"].lower() == "false":
                body.control = VehicleControl()
        self._bury()

    def _bury(self) -> None:
        """Takes the dead away after a while: whom clients declared dead, and people who were run over."""
        for actor in list(self.actors.values()):
            body = actor.body
            if not isinstance(body, WalkerBody) or body.lain <= BURIAL:
                continue
            if body.dead or not actor.blueprint.type_id.startswith(ANIMAL):
                self.destroy(actor.actor_id)

    def reseed(self, seed: int) -> None:
        """Start all random draws anew."""
        self._seed = seed
        self.world.reseed(seed)
        for actor in self.actors.values():
            if actor.sensor is not None:
                actor.sensor.seed(seed, actor.actor_id)

    def close(self) -> None:
        """End the streams of all sensors."""
        for actor in self.actors.values():
            if actor.sensor is not None:
                actor.sensor.close()
