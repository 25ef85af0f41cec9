"""Spinning LiDARs: CARLA's own model, and scanners from beam tables."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import fmod, pi, radians

import numpy as np
from numpy.typing import NDArray

from renderers.lighting import FOG_EXTINCTION
from renderers.scene import Hits
from sensors.air import Air, fog, rain, snow
from sensors.echoes import AIR, SUB_RAYS, Echoes, echoes, spread
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
        ring: 0 is the lowest beam. echo: 0 is a pulse's strongest.
    """

    frame: int
    object_id: NDArray[np.uint32]
    tag: NDArray[np.uint8]
    time: NDArray[np.float32]
    ring: NDArray[np.uint16]
    echo: NDArray[np.uint8]


DOWNPOUR = 50.0
"""[mm/h], a violent shower (UK Met Office): the rain of CARLA's precipitation of 100 %."""


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
        self.noise = self._given("range_noise")
        self.dropout, self.divergence = self._given("dropout") or 0.0, radians(self._given("divergence") or 0.0)
        self.most, self.snowfall = int(self._given("echoes") or 1), self._given("snowfall") or 0.0
        self.angle = 0.0  # [rad] that the head has turned, as in the message's header
        self.sweep: Sweep | None = None

    def _given(self, name: str) -> float | None:
        """One of Longtail's attributes, if it was set."""
        text = self.values.get(name, "")
        return float(text) if text else None

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
        if self.divergence:
            directions = spread(directions, self.divergence).reshape(-1, 3)
            origins = np.tile(origins, (SUB_RAYS, 1))
        fraction = np.tile(rays.fraction, len(origins) // max(len(rays.fraction), 1))
        hits = moment.renderers.caster(moment.scene).cast(origins, directions, fraction, self.farthest)
        found = self._detect(hits, len(rays.fraction), self._air(moment))
        pulses = len(rays.fraction)
        ray = np.where(found.source == AIR, 0, found.source) * pulses + found.pulse
        # A pulse is told along its middle, whichever of its sub-rays met something, as by a scanner.
        points = origins[found.pulse] + directions[found.pulse] * found.distance[:, None]
        pose = actor.world_from_actor
        points = ((points - pose[:3, 3]) @ pose[:3, :3]).astype(np.float32)
        surface = found.source != AIR
        self.sweep = Sweep(
            moment.frame,
            np.where(surface, hits.object_id[ray], 0).astype(np.uint32),
            np.where(surface, hits.tag[ray], 0).astype(np.uint8),
            ((rays.fraction[found.pulse] - 1) * moment.dt).astype(np.float32),
            rays.ring[found.pulse],
            found.number,
        )
        channels = self.beams.channels
        counts = np.bincount(channels - 1 - self.sweep.ring.astype(np.int64), minlength=channels).astype("<u4")
        body = self._encode(points, found.intensity, hits, ray)
        self.send(moment, actor, struct.pack("<fI", self.angle, channels) + counts.tobytes() + body)

    def _air(self, moment: Moment) -> Air:
        """What the weather puts into the air, as far as it is fog, rain or snow, and the attribute's haze."""
        weather = moment.world.environment
        misty = fog(FOG_EXTINCTION * weather.fog_density**2)
        falling = ((rain, weather.precipitation * DOWNPOUR), (snow, self.snowfall))
        return Air(
            misty.extinction + self.number("atmosphere_attenuation_rate"),
            misty.backscatter,
            tuple(kind(rate) for kind, rate in falling if rate > 0),
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
            rays = firing(self.beams, columns, pi - self.angle, turn, dt)
        self.angle = fmod(self.angle + turn, self.fov)
        return rays

    def _detect(self, hits: Hits, pulses: int, air: Air) -> Echoes:
        if not self.from_table:
            return _single(*self._carla_detect(hits))
        if air.clear and len(hits.distance) == pulses and self.most == 1 and not self.dropout:
            measured, intensity, returned = measure(
                self.beams,
                hits.distance,
                hits.reflectance,
                hits.cos_incidence,
                self.random,
                farthest=self.number("range"),
                attenuation=air.extinction,
                sigma=self.noise,
            )
            return _single(measured, intensity, returned)
        shape = (SUB_RAYS if self.divergence else 1, pulses)
        return echoes(
            self.beams,
            hits.distance.reshape(shape),
            hits.reflectance.reshape(shape),
            hits.cos_incidence.reshape(shape),
            self.random,
            farthest=self.number("range"),
            air=air,
            sigma=self.noise,
            dropout=self.dropout,
            most=self.most,
        )

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
        table[:, 3] = intensity
        return table.tobytes()


def _single(distance: NDArray[np.float32], intensity: NDArray[np.float32], returned: NDArray[np.bool_]) -> Echoes:
    """Echoes of rays (N,) each of which returns once or not at all."""
    pulse = np.flatnonzero(returned)
    none = np.zeros(len(pulse), np.int64)
    return Echoes(pulse, distance[pulse], intensity[pulse], none, none.astype(np.uint8))


_SEMANTIC_POINT = np.dtype([("point", "<f4", 3), ("cos", "<f4"), ("object_id", "<u4"), ("tag", "<u4")])


class SemanticLidar(Lidar):
    """sensor.lidar.ray_cast_semantic: no losses, no noise."""

    code = 10

    def _detect(self, hits: Hits, pulses: int, air: Air) -> Echoes:
        return _single(hits.distance, hits.cos_incidence, hits.distance <= self.farthest)

    def _air(self, moment: Moment) -> Air:
        return Air()

    def _encode(
        self, points: NDArray[np.float32], intensity: NDArray[np.float32], hits: Hits, kept: NDArray[np.intp]
    ) -> bytes:
        table = np.empty(len(points), _SEMANTIC_POINT)
        table["point"] = points * (1, -1, 1)
        table["cos"], table["object_id"], table["tag"] = intensity, hits.object_id[kept], hits.tag[kept]
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
    # Beams that fire together share a pose: one a column, or one for each of a column's delays.
    columns = len(rays.fraction) // int(rays.ring[0] + 1) if len(rays.ring) else 0
    from scipy.spatial.transform import Rotation, Slerp  # slow to import; not needed before the first sweep

    if not columns:
        return rays.directions, np.zeros((0, 3), np.float32)
    fraction = rays.fraction.reshape(-1, columns)
    _, first, group = np.unique(fraction[:, 0], return_index=True, return_inverse=True)
    share = fraction[first].ravel()
    turn = Slerp([0.0, 1.0], Rotation.from_matrix(np.stack([before[:3, :3], now[:3, :3]])))
    rotations = turn(share).as_matrix().astype(np.float32).reshape(-1, columns, 3, 3)
    places = (before[:3, 3] + share[:, None] * (now[:3, 3] - before[:3, 3])).astype(np.float32).reshape(-1, columns, 3)
    table = rays.directions.reshape(-1, columns, 3)
    if len(first) == 1:
        directions = np.einsum("kij,ckj->cki", rotations[0], table).reshape(-1, 3)
    else:
        directions = np.einsum("ckij,ckj->cki", rotations[group], table).reshape(-1, 3)
    return directions, places[group].reshape(-1, 3)
