"""Radars, inertial units and satellite receivers of a rig: CARLA's sensors measure, the rig's noise is put on here."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assets.tags import Tag
from sensors.frames import Frame, GnssFix, ImuSample, RadarScan
from sensors.geometry import inside_box, transformed
from sensors.inertial import Gnss, Imu, Localiser
from sensors.radar import RadarRays, Target, scan
from sensors.rig import GnssSpec, ImuSpec, RadarSpec, Rig
from sensors.specs import SensorSpec
from sensors.taxonomy import category
from simulator.extension import FrameLabels
from simulator.handedness import MIRROR

MARGIN = 0.2
"""[m] by which boxes are grown where a server does not tell what rays met."""
GROUND = 0.3
"""[m] above the ego's ground, below which the rest is taken for road there."""


class Tap(Protocol):
    """A CARLA sensor that hangs on the ego."""

    actor: Any

    def take(self, frame: int) -> Any:
        """Its message of that frame."""

    def close(self) -> None:
        """Takes it off."""


class Instruments:
    """The rig's radars, inertial units and receivers on one ego, and its localiser.

    Args:
        hang: makes a sensor of a blueprint's name, attributes and ``ego_from_sensor``.
        seed: of all noise; each sensor draws by its own name.
    """

    def __init__(self, rig: Rig, hang: Callable[[str, dict[str, object], NDArray[np.float64]], Tap], seed: int) -> None:
        self._rig = rig
        self.radars: dict[str, Tap] = {}
        self._others: dict[str, Tap] = {}
        for radar in rig.radars:
            attributes: dict[str, object] = {
                "range": radar.range,
                "horizontal_fov": radar.horizontal_fov,
                "vertical_fov": radar.vertical_fov,
                "points_per_second": round(radar.rays / rig.tick),
                "sensor_tick": self._period(radar),
            }
            self.radars[radar.name] = hang("sensor.other.radar", attributes, radar.mount.matrix)
        for kind, specs in (("imu", rig.imus), ("gnss", rig.gnss)):
            for spec in specs:
                tick: dict[str, object] = {"sensor_tick": self._period(spec)}
                self._others[spec.name] = hang(f"sensor.other.{kind}", tick, spec.mount.matrix)

        def random(name: str) -> np.random.Generator:
            return np.random.default_rng((seed, zlib.crc32(name.encode())))

        self._random = {radar.name: random(radar.name) for radar in rig.radars}
        self._imus = {imu.name: Imu(imu, self._period(imu), random(imu.name)) for imu in rig.imus}
        self._gnss = {each.name: Gnss(each, self._period(each), random(each.name)) for each in rig.gnss}
        error = rig.ego_pose_error
        self._localiser = Localiser(error, random("ego_pose_error")) if error else None

    def due(self, tick: int) -> bool:
        """Whether any of them measures in a tick."""
        return any(True for _ in self._due(tick, (*self._rig.radars, *self._rig.imus, *self._rig.gnss)))

    def radars_due(self, tick: int) -> list[int]:
        """Actor ids of the radars that measure in a tick."""
        return [self.radars[spec.name].actor.id for spec in self._due(tick, self._rig.radars)]

    def estimated(self, world_from_ego: NDArray[np.float64], time: float) -> NDArray[np.float64] | None:
        """The pose (4, 4) that the rig's localiser reports; None for a rig without an error of the pose."""
        return self._localiser.estimated(world_from_ego, time) if self._localiser else None

    def measure(self, tick: int, carla_frame: int, frame: Frame, marks: FrameLabels, spin: NDArray[np.float64]) -> None:
        """Adds what they measure in a tick to its frame; ``spin`` (3,) is the ego's, world [rad/s]."""
        for spec in self._due(tick, self._rig.radars):
            assert isinstance(spec, RadarSpec)
            frame.radars[spec.name] = self._scan(spec, carla_frame, frame, marks, spin)
        for spec in self._due(tick, self._rig.imus):
            assert isinstance(spec, ImuSpec)
            message, pose = self._others[spec.name].take(carla_frame), frame.world_from_ego @ spec.mount.matrix
            force, turn = MIRROR @ _vector(message.accelerometer), -MIRROR @ _vector(message.gyroscope)
            frame.imus[spec.name] = ImuSample(spec.name, pose, *self._imus[spec.name].measured(force, turn, pose))
        for spec in self._due(tick, self._rig.gnss):
            assert isinstance(spec, GnssSpec)
            message, pose = self._others[spec.name].take(carla_frame), frame.world_from_ego @ spec.mount.matrix
            true = float(message.latitude), float(message.longitude), float(message.altitude)
            frame.fixes[spec.name] = GnssFix(spec.name, pose, *self._gnss[spec.name].measured(*true))

    def close(self) -> None:
        """Takes them off the ego."""
        for tap in (*self.radars.values(), *self._others.values()):
            tap.close()

    def _scan(
        self, spec: RadarSpec, carla_frame: int, frame: Frame, marks: FrameLabels, spin: NDArray[np.float64]
    ) -> RadarScan:
        tap = self.radars[spec.name]
        velocity, azimuth, altitude, distance = (
            np.frombuffer(tap.take(carla_frame).raw_data, "<f4").reshape(-1, 4).astype(np.float64).T
        )
        world_from_radar = frame.world_from_ego @ spec.mount.matrix
        hits = marks.radars.get(tap.actor.id)
        if hits is None:
            ids, tags = _owners(frame, world_from_radar, -azimuth, altitude, distance)
        else:
            ids, tags = hits.object_id, hits.tag
        rays = RadarRays(distance, -azimuth, altitude, velocity, ids, tags)
        targets = {state.track_id: Target(state.category, state.world_from_box) for state in frame.objects}
        lever = world_from_radar[:3, 3] - frame.world_from_ego[:3, 3]
        own = world_from_radar[:3, :3].T @ (frame.ego_velocity + np.cross(spin, lever))
        returns = scan(spec, rays, targets, world_from_radar, own, self._random[spec.name])
        return RadarScan(spec.name, world_from_radar, returns)

    def _period(self, spec: SensorSpec) -> float:
        return self._rig.period_ticks(spec.rate) * self._rig.tick

    def _due(self, tick: int, specs: Sequence[SensorSpec]) -> Iterator[SensorSpec]:
        return (spec for spec in specs if tick % self._rig.period_ticks(spec.rate) == 0)


def _owners(
    frame: Frame,
    world_from_radar: NDArray[np.float64],
    azimuth: NDArray[np.float64],
    altitude: NDArray[np.float64],
    distance: NDArray[np.float64],
) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Ids and tags (N,) of what rays met, from the boxes and the ground alone."""
    level = np.cos(altitude)
    directions = np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(altitude)], axis=1)
    points = transformed(world_from_radar, directions * distance[:, None])
    ids = np.zeros(len(points), np.uint32)
    height = (points - frame.world_from_ego[:3, 3]) @ frame.world_from_ego[:3, 2]
    tags = np.where(height < GROUND, Tag.ROADS, Tag.STATIC).astype(np.uint8)
    for state in frame.objects:
        mine = inside_box(state.world_from_box, state.size, points, MARGIN)
        ids[mine], tags[mine] = state.track_id, category(state.category).tag
    return ids, tags


def _vector(v: Any) -> NDArray[np.float64]:
    return np.array([v.x, v.y, v.z], np.float64)
