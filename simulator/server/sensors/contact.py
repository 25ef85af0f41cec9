"""Sensors of touch and of what is near: collision, obstacle."""

from __future__ import annotations

from typing import Any

import msgpack
import numpy as np

from assets.tags import Tag
from simulator.server import wire
from simulator.server.actors import Actor
from simulator.server.sensors.sensor import Moment, Sensor


def level_actor(tag: int) -> list[Any]:
    """The wire's Actor that stands for a piece of the level."""
    type_id = f"static.{Tag(tag).name.lower()}"
    return [0, 0, [0, type_id, []], wire.EMPTY_BOX, bytes([tag]), b""]


def _other(moment: Moment, actor_id: int, tag: int) -> list[Any]:
    other = moment.actors.get(actor_id)
    return level_actor(tag) if other is None else other.encode()


class CollisionSensor(Sensor):
    """sensor.other.collision: one message for each contact of its parent."""

    code = 0

    def measure(self, moment: Moment, actor: Actor) -> None:
        """Tell the tick's contacts."""
        own = actor.root
        for contact in moment.world.contacts:
            if contact.actor_id == own.actor_id:
                other, impulse = _other(moment, contact.other_id, contact.other_tag), contact.impulse
            elif contact.other_id == own.actor_id:
                other, impulse = _other(moment, contact.actor_id, 0), -contact.impulse
            else:
                continue
            self.send(moment, actor, msgpack.packb([own.encode(), other, wire.encode_vector(impulse)]))


class ObstacleSensor(Sensor):
    """sensor.other.obstacle: the nearest thing ahead, felt with a bundle of rays as thick as ``hit_radius``."""

    code = 7
    RAYS = 16

    def measure(self, moment: Moment, actor: Actor) -> None:
        """Tell the nearest thing within ``distance``, if there is one."""
        pose, own = actor.world_from_actor, actor.root
        around = 2 * np.pi * np.arange(self.RAYS) / self.RAYS
        ring = np.stack([np.zeros(self.RAYS), np.cos(around), np.sin(around)], axis=1)
        offsets = np.concatenate([np.zeros((1, 3)), ring / 2, ring]) * self.number("hit_radius")
        origins = (pose[:3, 3] + offsets @ pose[:3, :3].T).astype(np.float32)
        directions = np.tile(pose[:3, 0].astype(np.float32), (len(origins), 1))
        ends = np.ones(len(origins), np.float32)
        hits = moment.renderers.caster(moment.scene).cast(origins, directions, ends, self.number("distance"))
        wanted = (hits.distance <= self.number("distance")) & (hits.object_id != own.actor_id)
        if self.values["only_dynamics"].lower() == "true":
            wanted &= hits.object_id != 0
        if not wanted.any():
            return
        nearest = int(np.argmin(np.where(wanted, hits.distance, np.inf)))
        other = _other(moment, int(hits.object_id[nearest]), int(hits.tag[nearest]))
        self.send(moment, actor, msgpack.packb([own.encode(), other, float(hits.distance[nearest])]))
