"""Placement along lanes: points at a distance along a lane, exactly and without rejection sampling."""

from __future__ import annotations

import math
from typing import Any

from scenic.core.distributions import distributionFunction
from scenic.core.errors import InvalidScenarioError
from scenic.core.vectors import Vector
from shapely.geometry import LineString, Point
from shapely.ops import substring

MARGIN = 15.0
"""Metres at both ends of a lane that stay free, so that a whole vehicle fits between a place and the lane's end."""

WIDEST_ROAD = 60.0
"""Metres from a lane's middle within which the road's edge is looked for."""


def length_of(lane: Any) -> float:
    """Length [m] of a lane's centreline."""
    return float(lane.centerline.lineString.length)


def two_way_lanes(network: Any, length: float) -> list[Any]:
    """Lanes at least ``length`` [m] long that have traffic the other way beside them, in the map's order.

    Raises InvalidScenarioError when the map has none.
    """
    found = [lane for lane in network.lanes if lane.group._opposite is not None and length_of(lane) >= length]
    if not found:
        longest = max((length_of(lane) for lane in network.lanes), default=0.0)
        raise InvalidScenarioError(
            f"the map has no two-way road whose lanes are at least {length:.0f} m long (its longest lane has "
            f"{longest:.0f} m); choose another map or a shorter event"
        )
    return found


@distributionFunction
def place_on(lane: Any, share: float, room: float) -> float:
    """A station [m] along the lane, ``share`` in [0, 1] of the way, that leaves ``room`` [m] of lane ahead of it."""
    return MARGIN + share * max(length_of(lane) - 2 * MARGIN - room, 0.0)


def _point_at(line: LineString, station: float) -> Vector:
    point = line.interpolate(min(max(station, 0.0), line.length))
    return Vector(point.x, point.y, 0)


@distributionFunction(valueType=Vector)
def on_lane(lane: Any, station: float) -> Vector:
    """The point ``station`` [m] along the lane's centreline, clamped to its ends."""
    return _point_at(lane.centerline.lineString, station)


@distributionFunction(valueType=Vector)
def on_other_side(lane: Any, station: float) -> Vector:
    """The point on the nearest lane of the opposite traffic, level with ``station`` [m] of ``lane``.

    Kept ``MARGIN`` away from that lane's ends.
    """
    here = Point(*_point_at(lane.centerline.lineString, station)[:2])
    lines = [other.centerline.lineString for other in lane.group._opposite.lanes]
    line = min(lines, key=lambda candidate: candidate.distance(here))
    return _point_at(line, min(max(line.project(here), MARGIN), line.length - MARGIN))


def _heading_at(line: LineString, station: float) -> float:
    station = min(max(station, 0.5), line.length - 0.5)
    return float(_point_at(line, station - 0.5).azimuthTo(_point_at(line, station + 0.5)))


@distributionFunction(valueType=float)
def heading_of(lane: Any, station: float) -> float:
    """Direction of travel at ``station`` [m] of the lane: [rad], counter-clockwise from north, as Scenic counts."""
    return _heading_at(lane.centerline.lineString, station)


@distributionFunction(valueType=Vector)
def off_centre(lane: Any, station: float, right: float) -> Vector:
    """The point ``right`` [m] to the right of the lane's centreline at ``station`` [m]; negative is left."""
    here, heading = _point_at(lane.centerline.lineString, station), _heading_at(lane.centerline.lineString, station)
    return here + Vector(math.cos(heading) * right, math.sin(heading) * right, 0)


@distributionFunction(valueType=Vector)
def beside_road(lane: Any, station: float, side: int, verge: float) -> Vector:
    """The point ``verge`` [m] off the edge of the carriageway, level with ``station`` [m] of ``lane``.

    ``side`` is 1 for the right and -1 for the left of somebody who drives along the lane.
    """
    line = lane.centerline.lineString
    here, heading = _point_at(line, station), _heading_at(line, station)
    outward = Vector(math.cos(heading) * side, math.sin(heading) * side, 0)
    ray = LineString([here[:2], (here + outward * WIDEST_ROAD)[:2]])
    pieces = getattr(ray.intersection(lane.road.polygon), "geoms", None) or [ray.intersection(lane.road.polygon)]
    # A bend may bring the road back under the ray: the edge is where the piece that begins here ends.
    nearest = min(pieces, key=lambda piece: piece.distance(Point(*here[:2])))
    edge = max(math.dist(here[:2], corner[:2]) for corner in nearest.coords)
    return here + outward * (edge + verge)


def route_from(lane: Any, position: Vector, length: float) -> LineString:
    """The way a driver goes: the lane's centreline from ``position`` on, and the straightest lanes that follow.

    Ends after ``length`` [m] or where the road does.
    """
    line = lane.centerline.lineString
    start = line.project(Point(position.x, position.y))
    points = list(substring(line, start, line.length).coords)
    ahead = line.length - start
    while ahead < length:
        manoeuvres = sorted(lane.maneuvers, key=lambda manoeuvre: manoeuvre.type.value)
        if manoeuvres:
            following = [manoeuvres[0].connectingLane, manoeuvres[0].endLane]
        else:
            following = [lane._successor]
        following = [part for part in following if part is not None]
        if not following:
            break
        for part in following:
            points += list(part.centerline.lineString.coords)
            ahead += length_of(part)
        lane = following[-1]
    kept = [point[:2] for point in points[:1]]
    for point in points[1:]:
        if point[:2] != kept[-1]:
            kept.append(point[:2])
    return LineString(kept)


def route_against(lane: Any, position: Vector) -> LineString:
    """The way of somebody who drives against the lane's direction from ``position`` to the lane's beginning."""
    line = lane.centerline.lineString.reverse()
    return substring(LineString([point[:2] for point in line.coords]), line.project(Point(*position[:2])), line.length)
