"""Spinning LiDARs: CARLA's own model, and scanners from beam tables."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import fmod, pi, radians

import numpy as np
from numpy.typing import NDArray

from renderers.scene import Hits
from sensors.lidar import BEAM_TABLES, BeamTable, Firing, firing, measure
from simulator.server.actors import Actor
from simulator.server.sensors.sensor import Moment, Sensor
from simulator.server.streams import StreamServer
from simulator.server.wire import Array


@dataclass(frozen=True, eq=False)
class Sweep:
    """The returns of one tick, for ``longtail.labels``: (N,) each, in the order of the message's points.

    Attributes:
        frame: the tick.
        time: [s], relative to the tick's end.
        ring: 0 is the lowest beam.
    """

    frame: int
    object_id: NDArray[np.uint32]
    tag: NDArray[np.uint8]
    time: NDArray[np.float32]
    ring: NDArray[np.uint16]


class Lidar(Sensor):
    """sensor.lidar.ray_cast. Every ray is fired at its own time within the tick, from where the sensor is then; points
    are told in the sensor's frame at the tick's end, moving things where the rays met them.
    """

    code = 11
    stage = "lidars"

    def __init__(self, values: Mapping[str, str], seed: int, actor_id: int, streams: StreamServer) -> None:
        super().__init__(values, seed, actor_id, streams)
        name = values.get("beam_table", "")
        if name and name not in BEAM_TABLES:
            raise ValueError(f"no beam table {name!r}; there are {', '.join(BEAM_TABLES)}")
        self.beams = BEAM_TABLES[name] if name else self._even_beams()
        self.from_table = bool(name)
        self.fov = radians(self.number("horizontal_fov"))
        self.farthest = min(self.number("range"), self.beams.farthest)
        self.angle = 0.0  # [rad] that the head has turned, as in the message's header
        self.sweep: Sweep | None = None

    def _even_beams(self) -> BeamTable:
        channels = int(self.number("channels"))
        if channels < 1:
            raise ValueError("a LiDAR needs at least one channel")
        upper, lower = radians(self.number("upper_fov")), radians(self.number("lower_fov"))
        step = (upper - lower) / (channels - 1) if channels > 1 else 0.0
        farthest = self.number("range")
        return BeamTable(upper - step * np.arange(channels, dtype=np.float64), 0.0, 0.0, farthest, farthest)

    def measure(self, moment: Moment, actor: Actor) -> None:
        """Cast the tick's rays and send what returned."""
        rays = self._rays(moment.dt)
        directions, origins = _world_rays(actor, rays)
        hits = moment.renderers.caster(moment.scene).cast(origins, directions, rays.fraction, self.farthest)
        distance, intensity, returned = self._detect(hits)
        points = origins[returned] + directions[returned] * distance[returned, None]
        pose = actor.world_from_actor
        points = ((points - pose[:3, 3]) @ pose[:3, :3]).astype(np.float32)
        kept = np.flatnonzero(returned)
        self.sweep = Sweep(
            moment.frame,
            hits.object_id[kept],
            hits.tag[kept],
            ((rays.fraction[kept] - 1) * moment.dt).astype(np.float32),
            rays.ring[kept],
        )
        channels = self.beams.channels
        counts = np.bincount(channels - 1 - self.sweep.ring.astype(np.int64), minlength=channels).astype("<u4")
        self.send(
            moment,
            actor,
            struct.pack("<fI", self.angle, channels) + counts.tobytes() + self._encode(points, intensity, hits, kept),
        )

    def _rays(self, dt: float) -> Firing:
        channels = self.beams.channels
        columns = round(self.number("points_per_second") * dt / channels)
        turn = self.number("rotation_frequency") * self.fov * dt
        # CARLA's azimuth runs clockwise from the rear: fmod(angle + k * step, fov) - fov / 2.
        if self.fov < 2 * pi - 1e-6:
            rays = firing(self.beams, columns, 0.0, 0.0)
            azimuth = np.fmod(self.angle + turn * np.arange(columns) / max(columns, 1), self.fov) - self.fov / 2
            rays = _turned(rays, np.tile(azimuth, channels))
        else:
            rays = firing(self.beams, columns, pi - self.angle, turn)
        self.angle = fmod(self.angle + turn, self.fov)
        return rays

    def _detect(self, hits: Hits) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        if self.from_table:
            return measure(
                self.beams,
                hits.distance,
                hits.reflectance,
                hits.cos_incidence,
                self.random,
                farthest=self.number("range"),
                attenuation=self.number("atmosphere_attenuation_rate"),
            )
        return self._carla_detect(hits)

    def _carla_detect(self, hits: Hits) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """CARLA's model: exponential attenuation, rays lost at random, faint returns lost more often."""
        count = len(hits.distance)
        returned = hits.distance <= self.number("range")
        finite = np.where(returned, hits.distance, 0)
        intensity = np.exp(-self.number("atmosphere_attenuation_rate") * finite).astype(np.float32)
        returned &= self.random.random(count) >= self.number("dropoff_general_rate")
        limit, at_zero = self.number("dropoff_intensity_limit"), self.number("dropoff_zero_intensity")
        if limit > 0:
            keep = 1 - at_zero + at_zero / limit * intensity
            returned &= (intensity > limit) | (self.random.random(count) < keep)
        noise = self.random.standard_normal(count) * self.number("noise_stddev")
        return (hits.distance + noise).astype(np.float32), intensity, returned

    def _encode(
        self, points: NDArray[np.float32], intensity: NDArray[np.float32], hits: Hits, kept: NDArray[np.intp]
    ) -> bytes:
        table = np.empty((len(points), 4), "<f4")
        table[:, :3] = points * (1, -1, 1)
        table[:, 3] = intensity[kept]
        return table.tobytes()


_SEMANTIC_POINT = np.dtype([("point", "<f4", 3), ("cos", "<f4"), ("object_id", "<u4"), ("tag", "<u4")])


class SemanticLidar(Lidar):
    """sensor.lidar.ray_cast_semantic: no losses, no noise."""

    code = 10

    def _detect(self, hits: Hits) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        return hits.distance, hits.cos_incidence, hits.distance <= self.farthest

    def _encode(
        self, points: NDArray[np.float32], intensity: NDArray[np.float32], hits: Hits, kept: NDArray[np.intp]
    ) -> bytes:
        table = np.empty(len(points), _SEMANTIC_POINT)
        table["point"] = points * (1, -1, 1)
        table["cos"], table["object_id"], table["tag"] = intensity[kept], hits.object_id[kept], hits.tag[kept]
        return table.tobytes()


def _turned(rays: Firing, azimuth: Array) -> Firing:
    """Rays that look ahead, turned clockwise by an azimuth (N,) [rad] each."""
    level, height = rays.directions[:, 0], rays.directions[:, 2]
    directions = np.stack([level * np.cos(azimuth), -level * np.sin(azimuth), height], axis=1).astype(np.float32)
    return Firing(directions, rays.fraction, rays.ring)


def _world_rays(actor: Actor, rays: Firing) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Directions and origins (N, 3), world, each with the sensor where it is when the ray is fired."""
    before, now = actor.previous_world_from_actor, actor.world_from_actor
    if np.array_equal(before, now):
        directions = rays.directions @ now[:3, :3].T.astype(np.float32)
        return directions, np.broadcast_to(now[:3, 3], directions.shape).astype(np.float32)
    # A column's beams fire together: interpolate once a column, for the first channel's rays.
    columns = len(rays.fraction) // int(rays.ring[0] + 1) if len(rays.ring) else 0
    share = rays.fraction[:columns]
    from scipy.spatial.transform import Rotation, Slerp  # slow to import; not needed before the first sweep

    turn = Slerp([0.0, 1.0], Rotation.from_matrix(np.stack([before[:3, :3], now[:3, :3]])))
    rotations = turn(share).as_matrix().astype(np.float32)
    places = (before[:3, 3] + share[:, None] * (now[:3, 3] - before[:3, 3])).astype(np.float32)
    table = rays.directions.reshape(-1, columns, 3)
    directions = np.einsum("kij,ckj->cki", rotations, table).reshape(-1, 3)
    return directions, np.tile(places, (len(table), 1))
