"""Where vehicles may start: on driving lanes outside junctions, so far apart that buses fit on all at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.world.obstacle import Obstacle
from simulator.world.opendrive import Network, Road, Section

Array = NDArray[np.float64]

ABOVE = 0.5
"""Height [m] above the road, about CARLA's; a vehicle drops onto its wheels."""

SPACING = 16.0
"""Metres between starts along a lane: with it CARLA's towns get about as many as CARLA gives them."""

MOST = 400
"""Of more starts only every second, third ... one is kept."""

LENGTH, WIDTH, HEIGHT = 12.5, 3.0, 3.5
"""Metres that each start has to itself: those of a bus."""

NARROWEST = 2.4
"""Metres, the least width of a lane to start on."""

_LANES = frozenset({"driving", "bidirectional"})


def spawn_points(network: Network, obstacles: tuple[Obstacle, ...]) -> tuple[Array, ...]:
    """Poses (4, 4) ``world_from_body``, x along the traffic, in the order of roads and lanes."""
    poses = [pose for road in network.roads if road.junction == "-1" for pose in _on(road)]
    if not poses:
        poses = [pose for road in network.roads for pose in _on(road)]
    if not poses:
        return ()
    stacked = np.stack(poses)
    footprints = _rectangles(stacked[:, :2, 3], stacked[:, :2, 0], LENGTH, WIDTH)
    free = ~_blocked(stacked, footprints, obstacles)
    first, second = shapely.STRtree(footprints).query(footprints, predicate="intersects")
    near = (first > second) & (np.abs(stacked[first, 2, 3] - stacked[second, 2, 3]) < HEIGHT)
    for one, other in zip(first[near].tolist(), second[near].tolist(), strict=True):  # ascending: the earlier one stays
        if free[one] and free[other]:
            free[one] = False
    kept = np.flatnonzero(free)
    return tuple(poses[number] for number in kept[:: max(int(np.ceil(len(kept) / MOST)), 1)])


def _rectangles(middle: Array, along: Array, length: float | Array, width: float | Array) -> NDArray[np.object_]:
    """Rectangles (N,) about points (N, 2), turned along directions (N, 2)."""
    along = along / np.linalg.norm(along, axis=1, keepdims=True) * np.reshape(length, (-1, 1)) / 2
    aside = np.stack([-along[:, 1], along[:, 0]], -1)
    aside *= np.reshape(width, (-1, 1)) / np.maximum(np.reshape(length, (-1, 1)), 1e-9)
    corners = [middle + a * along + b * aside for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return np.asarray(shapely.polygons(np.stack(corners, axis=1)))


def _blocked(poses: Array, footprints: NDArray[np.object_], obstacles: tuple[Obstacle, ...]) -> NDArray[np.bool_]:
    """Whether (N,) something stands where a bus would."""
    blocked = np.zeros(len(poses), bool)
    if obstacles:
        center = np.array([item.center for item in obstacles])
        size = np.array([item.size for item in obstacles])
        yaw = np.array([item.yaw for item in obstacles])
        along = np.stack([np.cos(yaw), np.sin(yaw)], -1)
        things = _rectangles(center[:, :2], along, size[:, 0], size[:, 1])
        which, thing = shapely.STRtree(things).query(footprints, predicate="intersects")
        low, high = center[thing, 2] - size[thing, 2] / 2, center[thing, 2] + size[thing, 2] / 2
        level = poses[which, 2, 3]
        blocked[which[(high > level - 1.0) & (low < level + HEIGHT)]] = True
    return blocked


def _on(road: Road) -> Iterator[Array]:
    """Starts on one road, lane by lane, ``SPACING`` apart."""
    count = int((road.length - LENGTH) // SPACING) + 1 if road.length >= LENGTH else 0
    s = LENGTH / 2 + (np.arange(count) + 0.5) * (road.length - LENGTH) / max(count, 1)
    for section in road.sections:
        inside = (s >= section.start) & (s < section.end)
        if inside.any():
            yield from _in_section(road, section, s[inside])


def _in_section(road: Road, section: Section, s: Array) -> Iterator[Array]:
    borders = road.borders(section, s)
    _, _, heading = road.reference(s)
    for lane in section.lanes.values():
        if lane.kind not in _LANES or lane.id == 0:
            continue
        inner = borders[lane.id - int(np.sign(lane.id))]
        wide = np.abs(borders[lane.id] - inner) >= NARROWEST
        position, up = road.points(s, (borders[lane.id] + inner) / 2, ABOVE)
        way = -1.0 if lane.id > 0 else 1.0  # as CARLA's client reads it, right lanes run along s on every map
        forward = np.stack([np.cos(heading), np.sin(heading), np.zeros_like(heading)], -1) * way
        left = np.cross(up, forward)
        left /= np.linalg.norm(left, axis=1, keepdims=True)
        forward = np.cross(left, up)
        poses = np.tile(np.eye(4), (len(s), 1, 1))
        poses[:, :3] = np.stack([forward, left, up, position], axis=-1)
        yield from poses[wide]
