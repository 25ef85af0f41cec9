"""Sensors of touch and of what is near: collision, obstacle."""

from __future__ import annotations

from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from assets.tags import Tag
from renderers.scene import Hits
from simulator.server import wire
from simulator.server.actors import Actor
from simulator.server.drawing import Shape
from simulator.server.sensors.sensor import Moment, Sensor
from simulator.server.wire import Array


def level_actor(tag: int) -> list[Any]:
    """The wire's Actor that stands for a piece of the level, named as CARLA does: ``static.building``."""
    name = Tag(tag).name.replace("_", "").lower().removesuffix("s")
    type_id = "static.unknown" if tag in (Tag.NONE, Tag.OTHER) else f"static.{name}"
    return [0, 0, [0, type_id, []], wire.EMPTY_BOX, bytes([tag]), b""]


def _other(moment: Moment, actor_id: int, tag: int) -> list[Any]:
    other = moment.actors.get(actor_id)
    return level_actor(tag) if other is None else other.encode()


class CollisionSensor(Sensor):
    """sensor.other.collision: one message a tick for each actor, or kind of level, that its parent touches."""

    code = 0

    def measure(self, moment: Moment, actor: Actor) -> None:
        """Tell the tick's contacts; those with the same other are one, with the sum of their impulses."""
        own = actor.root
        impulses: dict[tuple[int, int], Array] = {}
        for contact in moment.world.contacts:
            if contact.actor_id == own.actor_id:
                other, impulse = (contact.other_id, int(contact.other_tag)), contact.impulse
            elif contact.other_id == own.actor_id:
                other, impulse = (contact.actor_id, 0), -contact.impulse
            else:
                continue
            impulses[other] = impulses.get(other, 0) + impulse
        for (other_id, tag), impulse in impulses.items():
            event = [own.encode(), _other(moment, other_id, tag), wire.encode_vector(impulse)]
            self.send(moment, actor, msgpack.packb(event))


class ObstacleSensor(Sensor):
    """sensor.other.obstacle: the nearest thing that a ball of ``hit_radius`` meets on its way ahead.

    The ball is a bundle of parallel rays; its parent is not in its way.
    """

    code = 7
    RAYS = 16
    PIERCED = 8
    """Surfaces of its own parent that a ray goes through, at most."""
    STEP_ON = 0.01
    """[m] behind such a surface the ray goes on."""

    def measure(self, moment: Moment, actor: Actor) -> None:
        """Tell the nearest thing within ``distance``, if there is one."""
        pose, own = actor.world_from_actor, actor.root
        distance, radius = self.number("distance"), self.number("hit_radius")
        around = 2 * np.pi * np.arange(self.RAYS) / self.RAYS
        ring = np.stack([np.zeros(self.RAYS), np.cos(around), np.sin(around)], axis=1)
        offsets = np.concatenate([np.zeros((1, 3)), ring / 2, ring]) * radius
        # A ball's front is round: beside the middle it touches later.
        bulge = np.sqrt(np.maximum(radius**2 - (offsets**2).sum(axis=1), 0))
        origins = pose[:3, 3] + offsets @ pose[:3, :3].T
        reach, hits = self._pierce(moment, origins, pose[:3, 0], distance + radius, own.actor_id)
        way = np.maximum(reach - bulge, 0)
        wanted = way <= distance
        if self.flag("only_dynamics"):
            wanted &= hits.object_id != 0
        if self.flag("debug_linetrace"):
            end = pose[:3, 3] + pose[:3, 0] * (way[wanted].min() if wanted.any() else distance)
            color = (255, 0, 0) if wanted.any() else (0, 255, 0)
            trace = Shape(np.array([[pose[:3, 3], end]]), 2 * radius, False, False, color, moment.dt)
            moment.drawing.add(trace, moment.elapsed)
        if not wanted.any():
            return
        nearest = int(np.argmin(np.where(wanted, way, np.inf)))
        other = _other(moment, int(hits.object_id[nearest]), int(hits.tag[nearest]))
        self.send(moment, actor, msgpack.packb([own.encode(), other, float(way[nearest])]))

    def _pierce(
        self, moment: Moment, origins: Array, ahead: Array, farthest: float, own: int
    ) -> tuple[NDArray[np.float64], Hits]:
        """How far rays (N, 3) get before they meet anything but their own parent, and what they meet."""
        caster = moment.renderers.caster(moment.scene)
        directions = np.tile(ahead.astype(np.float32), (len(origins), 1))
        ends = np.ones(len(origins), np.float32)
        gone = np.zeros(len(origins))
        for _ in range(self.PIERCED):
            starts = (origins + ahead * gone[:, None]).astype(np.float32)
            hits = caster.cast(starts, directions, ends, farthest)
            through = (hits.object_id == own) & np.isfinite(hits.distance)
            if not through.any():
                break
            gone[through] += hits.distance[through] + self.STEP_ON
        return np.where(hits.object_id == own, np.inf, gone + hits.distance), hits
