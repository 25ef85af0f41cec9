"""Traffic watched over minutes through the real client: who runs a red light, leaves the road, or stands too long."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import carla
import numpy as np

STEP = 0.05
STANDING = 0.1
"""[m/s]; slower is standing."""
CHECKED = 10
"""Ticks between two looks at which lane a car is in."""
ON_ROAD = (
    carla.LaneType.Driving
    | carla.LaneType.Bidirectional
    | carla.LaneType.Parking
    | carla.LaneType.Shoulder
    | carla.LaneType.Biking
)


@dataclass
class StopLine:
    """The end of a lane that a light guards: ``place`` and ``forward`` (2,) in CARLA's plane, ``half`` width [m]."""

    light: Any
    place: np.ndarray
    forward: np.ndarray
    half: float


@dataclass
class Findings:
    """What went wrong: (tick, vehicle id, what) each, and how much traffic there was."""

    red_runs: list[tuple[int, int, str]] = field(default_factory=list)
    off_road: list[tuple[int, int, str]] = field(default_factory=list)
    lost: list[tuple[int, int, str]] = field(default_factory=list)
    standing: dict[int, tuple[float, str]] = field(default_factory=dict)
    crossings: int = 0
    metres: dict[int, float] = field(default_factory=lambda: defaultdict(float))


def stop_lines(world: Any) -> list[StopLine]:
    """The stop lines of all lights, as the client tells them."""
    lines = []
    for light in world.get_actors().filter("traffic.traffic_light"):
        for start in light.get_stop_waypoints():
            ahead = start.next_until_lane_end(0.25)
            end = (ahead[-1] if ahead else start).transform
            forward = end.get_forward_vector()
            lines.append(
                StopLine(
                    light,
                    np.array([end.location.x, end.location.y]),
                    np.array([forward.x, forward.y]),
                    start.lane_width / 2,
                )
            )
    return lines


class Watch:
    """Looks at the vehicles after each tick."""

    def __init__(self, world: Any, vehicles: list[Any]) -> None:
        self.world, self.vehicles = world, vehicles
        self.map = world.get_map()
        self.findings = Findings()
        lines = stop_lines(world)
        self._lights = [line.light for line in lines]
        self._place = np.array([line.place for line in lines]).reshape(-1, 2)
        self._forward = np.array([line.forward for line in lines]).reshape(-1, 2)
        self._half = np.array([line.half for line in lines])
        boxes = [vehicle.bounding_box for vehicle in vehicles]
        self._reach = np.array([box.location.x + box.extent.x for box in boxes])
        self._red_for = np.zeros(len(lines))
        self._before: np.ndarray | None = None
        self._at: np.ndarray | None = None
        self._still = np.zeros(len(vehicles))
        self._off = np.zeros(len(vehicles))
        self._tick = 0

    def look(self) -> None:
        """After one tick."""
        self._tick += 1
        self._forget_lost()
        transforms = [vehicle.get_transform() for vehicle in self.vehicles]
        at = np.array([[t.location.x, t.location.y] for t in transforms])
        yaw = np.radians([t.rotation.yaw for t in transforms])
        ahead = np.column_stack([np.cos(yaw), np.sin(yaw)])
        self._lights_kept(at + self._reach[:, None] * ahead, ahead)
        if self._at is not None:
            for vehicle, way in zip(self.vehicles, np.linalg.norm(at - self._at, axis=1), strict=True):
                self.findings.metres[vehicle.id] += way
        self._at = at
        self._stands()
        if self._tick % CHECKED == 0:
            self._roads_kept(transforms)

    def _forget_lost(self) -> None:
        """Passes over vehicles that are gone: the Traffic Manager itself destroys those that block the way."""
        gone = [index for index, vehicle in enumerate(self.vehicles) if not vehicle.is_alive]
        if not gone:
            return
        self.findings.lost += [(self._tick, self.vehicles[index].id, self.vehicles[index].type_id) for index in gone]
        self.vehicles = [vehicle for index, vehicle in enumerate(self.vehicles) if index not in gone]
        self._reach, self._still, self._off, self._at = (
            None if values is None else np.delete(values, gone, axis=0)
            for values in (self._reach, self._still, self._off, self._at)
        )
        self._before = None

    def _lights_kept(self, noses: np.ndarray, ahead: np.ndarray) -> None:
        red = np.array([light.state == carla.TrafficLightState.Red for light in self._lights], bool)
        self._red_for = np.where(red, self._red_for + STEP, 0.0)
        gap = noses[:, None] - self._place
        past = np.einsum("vlk,lk->vl", gap, self._forward)
        aside = np.abs(gap[..., 0] * self._forward[:, 1] - gap[..., 1] * self._forward[:, 0])
        if self._before is not None:
            along = ahead @ self._forward.T > 0.8
            crossed = (self._before < 0) & (past >= 0) & (past < 1.5) & (aside < self._half) & along
            for v, line in np.argwhere(crossed):
                self.findings.crossings += 1
                light = self._lights[line]
                if self._red_for[line] > 1.5 * STEP:  # and has not turned in this very tick
                    place, pace = self.vehicles[v].get_location(), self.vehicles[v].get_velocity().length()
                    what = f"light {light.get_opendrive_id()}, red for {self._red_for[line]:.2f} s, {pace:.1f} m/s"
                    what += f" at {place.x:.1f}, {place.y:.1f}"
                    self.findings.red_runs.append((self._tick, self.vehicles[v].id, what))
        self._before = past

    def _stands(self) -> None:
        for index, vehicle in enumerate(self.vehicles):
            velocity = vehicle.get_velocity()
            waits = vehicle.is_at_traffic_light() and vehicle.get_traffic_light_state() != carla.TrafficLightState.Green
            if waits or np.hypot(velocity.x, velocity.y) > STANDING:
                self._still[index] = 0.0
                continue
            self._still[index] += STEP
            longest = self.findings.standing.get(vehicle.id, (0.0, ""))[0]
            if self._still[index] > longest:
                place = vehicle.get_location()
                self.findings.standing[vehicle.id] = (
                    float(self._still[index]),
                    f"{vehicle.type_id} at {place.x:.1f}, {place.y:.1f} tick {self._tick}",
                )

    def _roads_kept(self, transforms: list[Any]) -> None:
        for index, (vehicle, transform) in enumerate(zip(self.vehicles, transforms, strict=True)):
            if self.map.get_waypoint(transform.location, False, ON_ROAD) is not None:
                self._off[index] = 0
                continue
            self._off[index] += 1
            if self._off[index] == 3:
                place = transform.location
                what = f"{vehicle.type_id} at {place.x:.1f}, {place.y:.1f}, {place.z:.1f}"
                self.findings.off_road.append((self._tick, vehicle.id, what))
