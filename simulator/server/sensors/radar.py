"""Radar: rays spread at random over its field of view, with the speed of what they meet."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians, tan

import numpy as np
from numpy.typing import NDArray

from renderers.scene import Hits
from simulator.server.actors import Actor
from simulator.server.sensors.sensor import Moment, Sensor
from simulator.server.wire import Array

LAYERS, BEHIND = 8, 0.002
"""Surfaces of its own car that a ray passes at most, and how far [m] behind each it goes on."""


@dataclass(frozen=True, eq=False)
class Scan:
    """What the detections of a tick met, (N,) each, in the order of the message."""

    frame: int
    object_id: NDArray[np.uint32]
    tag: NDArray[np.uint8]


class Radar(Sensor):
    """sensor.other.radar."""

    code = 9
    scan: Scan | None = None

    def measure(self, moment: Moment, actor: Actor) -> None:
        """Velocity [m/s, negative: approaching], azimuth (right positive), altitude [rad], depth [m] per detection."""
        count = int(self.number("points_per_second") * moment.dt)
        pose = actor.world_from_actor
        # As CARLA's, the rays gather in the middle of the ellipse across the view: radius and turn are drawn evenly.
        radius, turn = self.random.random(count), 2 * np.pi * self.random.random(count)
        right = radius * np.cos(turn) * tan(radians(self.number("horizontal_fov")) / 2)
        up = radius * np.sin(turn) * tan(radians(self.number("vertical_fov")) / 2)
        rays = np.stack([np.ones(count), -right, up], axis=1)
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        directions = (rays @ pose[:3, :3].T).astype(np.float32)
        origins = np.broadcast_to(pose[:3, 3].astype(np.float32), directions.shape)
        hits = self._through_its_car(moment, actor, origins, directions)
        seen = hits.distance <= self.number("range")
        self.scan = Scan(moment.frame, hits.object_id[seen], hits.tag[seen])
        velocity = _velocities(
            moment, hits.object_id[seen], origins[seen] + directions[seen] * hits.distance[seen, None]
        )
        own = actor.root
        if own.body is not None:
            velocity -= own.body.velocity + np.cross(
                own.body.angular_velocity, pose[:3, 3] - own.body.world_from_body[:3, 3]
            )
        table = np.empty((np.count_nonzero(seen), 4), "<f4")
        table[:, 0] = np.einsum("ij,ij->i", velocity, directions[seen])
        table[:, 1] = np.arctan2(-rays[seen, 1], rays[seen, 0])
        table[:, 2] = np.arcsin(rays[seen, 2])
        table[:, 3] = hits.distance[seen]
        self.send(moment, actor, table.tobytes())

    def _through_its_car(
        self, moment: Moment, actor: Actor, origins: NDArray[np.float32], directions: NDArray[np.float32]
    ) -> Hits:
        """What rays (N, 3) meet beyond the car that carries the radar, whose bumper is no obstacle to it."""
        caster, farthest, own = moment.renderers.caster(moment.scene), self.number("range"), actor.root.actor_id
        hits = caster.cast(origins, directions, np.ones(len(origins), np.float32), farthest)
        for _ in range(LAYERS):
            blocked = np.flatnonzero((hits.object_id == own) & np.isfinite(hits.distance))
            if not len(blocked):
                break
            gone = hits.distance[blocked] + np.float32(BEHIND)
            starts = origins[blocked] + directions[blocked] * gone[:, None]
            beyond = caster.cast(starts, directions[blocked], np.ones(len(blocked), np.float32), farthest)
            hits.distance[blocked] = gone + beyond.distance
            for name in ("object_id", "tag", "cos_incidence", "reflectance"):
                getattr(hits, name)[blocked] = getattr(beyond, name)
        hits.distance[hits.object_id == own] = np.inf
        return hits


def _velocities(moment: Moment, object_ids: NDArray[np.uint32], points: NDArray[np.floating]) -> Array:
    """Velocities (N, 3) [m/s] of points (N, 3) on objects; those on the level are still."""
    velocity = np.zeros(points.shape)
    for object_id in np.unique(object_ids[object_ids != 0]):
        body = moment.world.bodies.get(int(object_id))
        if body is None:  # a traffic light's
            continue
        on = object_ids == object_id
        velocity[on] = body.velocity + np.cross(body.angular_velocity, points[on] - body.world_from_body[:3, 3])
    return velocity
