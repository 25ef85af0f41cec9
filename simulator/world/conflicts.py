"""Which lanes of a junction cross which, and where to look before driving off at a stop or yield sign."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.world.opendrive import Road

Array = NDArray[np.float64]
Box = tuple[Array, Array]

FILL = 0.9
"""Part of a lane's width that the watched squares cover, as in CARLA's check boxes."""
AHEAD = 6.0
"""Metres before a junction in which who comes counts as crossing already."""
HEIGHT = 1.6
OVERLAP = 1.0
"""[m^2]; lanes that share less only touch."""


def watched(roads: Mapping[str, Road], junction: str, turns: Collection[str], approaches: Collection[str]) -> list[Box]:
    """Squares (pose (4, 4), half sizes (3,) [m]) on the lanes that cross the ``turns`` of a junction.

    Roads that start at the ``approaches`` (ids of the roads on which the sign stands) do not count.
    """
    mine = [area for turn in turns for _, area in lanes(roads[turn])]
    if not mine:
        return []
    area = shapely.unary_union(mine)
    boxes: list[Box] = []
    for road in roads.values():
        if road.junction != junction or road.id in turns:
            continue
        for lane, shape in lanes(road):
            link = road.before if lane < 0 else road.after
            if link is not None and link.id in approaches:
                continue
            if shapely.intersection(shape, area).area < OVERLAP:
                continue
            boxes.extend(_squares(road, lane, 0.0, road.length))
            if link is not None and link.id in roads:
                boxes.extend(_before(road, lane, roads[link.id], link.contact))
    return boxes


def _before(road: Road, lane: int, approach: Road, contact: str) -> list[Box]:
    held = road.sections[0 if lane < 0 else -1].lanes.get(lane)
    number = None if held is None else held.before if lane < 0 else held.after
    if number is None or number not in approach.sections[0 if contact == "start" else -1].lanes:
        return []
    span = (0.0, AHEAD) if contact == "start" else (approach.length - AHEAD, approach.length)
    return _squares(approach, number, max(span[0], 0.0), min(span[1], approach.length))


def lanes(road: Road) -> Iterator[tuple[int, shapely.Geometry]]:
    """Driving lanes of a road, section by section: id and outline from above."""
    for section in road.sections:
        s = np.linspace(section.start, section.end, max(int((section.end - section.start) / 2), 2) + 1)
        borders = road.borders(section, s)
        for lane in section.lanes.values():
            if lane.kind == "driving":
                left, _ = road.points(s, borders[lane.id])
                right, _ = road.points(s, borders[lane.id - int(np.sign(lane.id))])
                yield lane.id, shapely.make_valid(shapely.polygons(np.concatenate([left, right[::-1]])[:, :2]))


def _squares(road: Road, lane: int, first: float, last: float) -> list[Box]:
    boxes: list[Box] = []
    for section in road.sections:
        start, end = max(section.start, first), min(section.end, last)
        if end <= start or lane not in section.lanes:
            continue
        width = float(section.lanes[lane].width(np.array([(start + end) / 2 - section.start]))[0])
        if width < 0.1:
            continue
        count = max(round((end - start) / (FILL * width)), 1)
        s = start + (np.arange(count) + 0.5) * (end - start) / count
        borders = road.borders(section, s)
        points, _ = road.points(s, (borders[lane] + borders[lane - int(np.sign(lane))]) / 2, HEIGHT / 2)
        heading = road.reference(s)[2]
        for point, yaw in zip(points, heading, strict=True):
            frame = np.eye(4)
            frame[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
            frame[:3, 3] = point
            boxes.append((frame, np.array([FILL * width / 2, FILL * width / 2, HEIGHT / 2])))
    return boxes
