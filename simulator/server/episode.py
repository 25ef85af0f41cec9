"""An episode: one world on one map, the actors in it, and its random draws."""

from __future__ import annotations

from math import hypot

import numpy as np

from simulator.server.actors import Actor, raised, tint_of
from simulator.server.blueprints import SPECTATOR, Blueprint, Kind
from simulator.server.drawing import Drawing
from simulator.server.road_map import RoadMap
from simulator.server.sensors import make_sensor
from simulator.server.streams import StreamServer
from simulator.server.wire import Array, Refusal
from simulator.world.town import Town
from simulator.world.vehicles import VehicleControl
from simulator.world.world import World

LIMIT_SPACING = 3.0
"""Metres that a vehicle goes before its speed limit is looked up again."""

LARGEST_ID = 1 << 31
"""Wished ids stay below, so that counting on from them never ends."""

COLLISION_AT_SPAWN = "Spawn failed because of collision at spawn position"


class Episode:
    """Actor ids and random draws start afresh in every episode: a scene that is played on a used server runs as on a
    fresh one.

    Attributes:
        actors: by id, in the order of spawning.
        spectator: the one actor that is always there.
    """

    def __init__(self, episode_id: int, town: Town, seed: int, streams: StreamServer) -> None:
        self.episode_id = episode_id
        self.town = town
        self.road_map = RoadMap(town)
        self.world = World(town, seed)
        self.actors: dict[int, Actor] = {}
        self.announced = False
        self.drawing = Drawing()
        self._seed = seed
        self._streams = streams
        self._next_id = 1
        start = town.spawn_points[0].copy() if town.spawn_points else np.eye(4)
        start[2, 3] += 2.0
        self.spectator = self._add(SPECTATOR, {}, start)

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

    def spawn(
        self,
        blueprint: Blueprint,
        given: dict[str, str],
        pose: Array,
        parent: Actor | None = None,
        wished_id: int = 0,
        anywhere: bool = False,
    ) -> Actor:
        """A new actor at ``world_from_actor``, or at ``parent_from_actor``; of a wished id where that is free, and
        ``anywhere`` even within others. Raises Refusal in CARLA's words.
        """
        values = blueprint.complete(given)
        if blueprint.kind in (Kind.VEHICLE, Kind.WALKER, Kind.PROP):
            if parent is not None:
                raise Refusal(f"attaching {blueprint.type_id}: not supported by the embedded server")
            return self._spawn_body(blueprint, values, pose, wished_id, anywhere)
        sensor = None
        if blueprint.kind is Kind.SENSOR:
            sensor = make_sensor(blueprint.type_id, values, self._seed, self._next_id, self._streams)
        actor = self._add(blueprint, values, pose, parent, wished_id)
        actor.sensor = sensor
        return actor

    def _spawn_body(
        self, blueprint: Blueprint, values: dict[str, str], world_from_origin: Array, wished_id: int, anywhere: bool
    ) -> Actor:
        model = blueprint.model()
        height = model.center[2] if blueprint.kind is Kind.WALKER else 0.0
        world_from_body = raised(world_from_origin, -height).copy()
        # Clients place walkers' hips anywhere near the ground: like CARLA, lift what would stand in it.
        try:
            heights, _ = self.town.ground(world_from_body[None, :2, 3])
        except ValueError as error:
            raise Refusal(f"Spawn failed because of collision at spawn position: {error}") from error
        world_from_body[2, 3] = max(world_from_body[2, 3], float(heights[0]))
        if not anywhere and self.world.overlaps(model, world_from_body):
            raise Refusal(COLLISION_AT_SPAWN)
        tint = tint_of(values["color"]) if "color" in values else None
        actor = self._add(blueprint, values, world_from_origin, wished_id=wished_id)
        match blueprint.kind:
            case Kind.VEHICLE:
                actor.body = self.world.add_vehicle(actor.actor_id, model, world_from_body)
            case Kind.WALKER:
                actor.body = self.world.add_walker(actor.actor_id, model, world_from_body)
            case _:
                actor.body = self.world.add_prop(actor.actor_id, model, world_from_body)
        if tint is not None:
            actor.body.tint = tint
        return actor

    def place(self, actor: Actor, world_from_actor: Array) -> None:
        """Move an actor at once. An attached one takes the pose as relative to its parent, as in CARLA."""
        if actor.body is not None:
            self.world.teleport(actor.actor_id, raised(world_from_actor, -actor.origin_height))
        else:
            actor.pose = world_from_actor

    def destroy(self, actor_id: int) -> bool:
        """Remove an actor; its children stay, detached. False when there is none of that id."""
        actor = self.actors.get(actor_id)
        if actor is None or actor is self.spectator:
            return False
        for child in actor.children:
            child.pose = child.world_from_actor
            child.parent = None
        if actor.parent is not None:
            actor.parent.children.remove(actor)
        if actor.body is not None:
            self.world.remove(actor_id)
        if actor.sensor is not None:
            actor.sensor.close()
        del self.actors[actor_id]
        return True

    def before_step(self, dt: float) -> None:
        """What acts on bodies through a step."""
        for actor in self.actors.values():
            if actor.ackermann is not None:
                actor.ackermann.drive(actor.vehicle(), dt)

    def after_step(self) -> None:
        """What follows from where bodies came to stand."""
        for actor in self.actors.values():
            if actor.blueprint.kind is not Kind.VEHICLE:
                continue
            body = actor.vehicle()
            place = body.world_from_body[:3, 3]
            if actor.limit_at is None or hypot(*(place - actor.limit_at)) > LIMIT_SPACING:
                actor.limit_at, actor.speed_limit = place, self.road_map.speed_limit(place)
            if actor.values["sticky_control"].lower() == "false":
                body.control = VehicleControl()

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
