"""Where people walk, seen from above: sidewalks, the corners that join them, crossings, verges, and the roads between.

Roads that pass over one another are kept apart as storeys, so that every area is a plain polygon.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.world.obstacle import Obstacle
from simulator.world.opendrive import Network, Road, Section

Array = NDArray[np.float64]

STEP = 2.5
"""Metres between cross-sections, as of the surface that is drawn."""

AGENT_RADIUS = 0.3
"""[m] that a walker's middle keeps away from where it cannot walk; a walker's radius in CARLA's client."""

KERBSTONE = 0.2
"""Width [m] along a kerb, where it slopes or steps down, that belongs to the road."""

VERGE = 2.0
"""Width [m] of what people walk on beside a road without a sidewalk."""

CORNER = 2.5
"""Width [m] of the piece that joins sidewalks around a junction."""

CROSSING = (0.5, 3.5)
"""Where crossings lie on a road [m from the junction], where the map names none."""

REACH = 4.0
"""A crosswalk's outline may end this far [m] from the sidewalk that it leads to."""

CLEARANCE = 2.5
"""Roads one above the other, further apart than this [m], are on different storeys."""

ISLAND = 60.0
"""Islands under this area [m^2] between lanes are paved over, as they are drawn."""

ISLET = 10.0
"""Nobody is put on a piece smaller than this [m^2] that no way leads to."""

SIDE = frozenset({"sidewalk", "walking"})
DRIVEN = frozenset({"driving", "bidirectional", "entry", "exit", "onRamp", "offRamp"})


@dataclass(frozen=True, eq=False)
class Ways:
    """The areas of one storey [m], which share borders and do not overlap; ``samples`` (S, 3) lie on its lanes."""

    sidewalk: shapely.Geometry
    crosswalk: shapely.Geometry
    road: shapely.Geometry
    grass: shapely.Geometry
    samples: Array


@dataclass(eq=False)
class _Strips:
    """A road's polygons by use, and points on its lanes."""

    driven: list[shapely.Geometry] = field(default_factory=list)
    beside: list[shapely.Geometry] = field(default_factory=list)
    sidewalk: list[shapely.Geometry] = field(default_factory=list)
    verge: list[shapely.Geometry] = field(default_factory=list)
    crossing: list[shapely.Geometry] = field(default_factory=list)
    samples: list[Array] = field(default_factory=list)


def storeys(network: Network, crosswalks: Sequence[Array], obstacles: Sequence[Obstacle]) -> Iterator[Ways]:
    """The areas of every storey.

    Args:
        crosswalks: outlines (N, 3) [m] that the map names. Without any, the arms of junctions get crossings by rule.
        obstacles: what people walk around.
    """
    roads = {road.id: _strips(road) for road in network.roads}
    plain = not any(strips.sidewalk for strips in roads.values())
    for members in _apart(network.roads, roads):
        yield _ways(members, roads, crosswalks, obstacles, plain)


# -- strips of lanes ---------------------------------------------------------------------------------------------------


def _strips(road: Road) -> _Strips:
    strips = _Strips()
    for section in road.sections:
        count = max(int(np.ceil((section.end - section.start) / STEP)), 1)
        s = np.linspace(section.start, section.end, count + 1)
        borders = road.borders(section, s)
        for side in (1, -1):
            _side(road, section, side, s, borders, strips)
        strips.samples.append(road.points(s, borders[0])[0])
    if road.junction == "-1" and strips.driven and road.kind != "motorway":
        strips.crossing = [_crossing(road, end) for end in (0.0, road.length) if road.length > 4 * CROSSING[1]]
    return strips


def _side(road: Road, section: Section, side: int, s: Array, borders: dict[int, Array], strips: _Strips) -> None:
    lanes = [section.lanes[key] for key in sorted((k for k in section.lanes if k * side > 0), key=abs)]
    while lanes and lanes[-1].kind == "none":  # beyond the last lane that is something lies the land
        lanes.pop()
    for lane in lanes:
        inner, outer = borders[lane.id - side], borders[lane.id]
        if np.abs(outer - inner).max() < 0.02:
            continue
        use = strips.sidewalk if lane.kind in SIDE else strips.driven if lane.kind in DRIVEN else strips.beside
        use.append(_ribbon(road, s, inner, outer))
        strips.samples.append(road.points(s, (inner + outer) / 2)[0])
    if road.junction == "-1" and not any(lane.kind in SIDE for lane in lanes):
        edge = borders[lanes[-1].id if lanes else 0]
        strips.verge.append(_ribbon(road, s, edge, edge + side * VERGE))


def _ribbon(road: Road, s: Array, first: Array, second: Array) -> shapely.Geometry:
    a, _ = road.points(s, first)
    b, _ = road.points(s, second)
    return shapely.make_valid(shapely.polygons(np.concatenate([a, b[::-1]])[:, :2]))


def _crossing(road: Road, end: float) -> shapely.Geometry:
    """Across a road near one of its ends, from the middle of one sidewalk or verge to that of the other."""
    s = np.abs(end - np.array(CROSSING))
    section = road.sections[0] if end == 0 else road.sections[-1]
    borders = road.borders(section, s)
    reach = {}
    for side in (1, -1):
        paved = [k for k in section.lanes if k * side > 0 and section.lanes[k].kind not in (*SIDE, "none")]
        reach[side] = borders[side * max((abs(k) for k in paved), default=0)] + side * VERGE / 2
    return _ribbon(road, s, reach[1], reach[-1])


# -- storeys -----------------------------------------------------------------------------------------------------------


def _apart(roads: Sequence[Road], strips: dict[str, _Strips]) -> list[list[Road]]:
    """Roads by storey: no two of a storey cross one above the other."""
    shapes = [shapely.unary_union([*strips[r.id].driven, *strips[r.id].beside, *strips[r.id].sidewalk]) for r in roads]
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    above: dict[int, set[int]] = defaultdict(set)
    for a, b in zip(first, second, strict=True):
        if a < b and _gap(shapes[a], shapes[b], strips[roads[a].id], strips[roads[b].id]) > CLEARANCE:
            above[int(a)].add(int(b))
            above[int(b)].add(int(a))
    storey: dict[int, int] = {}
    for index in range(len(roads)):
        taken = {storey[other] for other in above[index] if other in storey}
        storey[index] = next(level for level in range(len(roads)) if level not in taken)
    return [
        [road for index, road in enumerate(roads) if storey[index] == level] for level in sorted(set(storey.values()))
    ]


def _gap(first: shapely.Geometry, second: shapely.Geometry, a: _Strips, b: _Strips) -> float:
    """Difference in height [m] of two roads where they overlap in plan."""
    common = shapely.intersection(first, second)
    if common.area < 1.0:
        return 0.0
    middle = shapely.get_coordinates(shapely.point_on_surface(common))[0]
    heights = [
        samples[np.argmin(((samples[:, :2] - middle) ** 2).sum(axis=1)), 2]
        for samples in (np.concatenate(a.samples), np.concatenate(b.samples))
    ]
    return abs(float(heights[0] - heights[1]))


# -- areas -------------------------------------------------------------------------------------------------------------


def _ways(
    members: Sequence[Road],
    roads: dict[str, _Strips],
    crosswalks: Sequence[Array],
    obstacles: Sequence[Obstacle],
    plain: bool,
) -> Ways:
    chosen = [roads[road.id] for road in members]
    samples = np.concatenate([np.concatenate(strips.samples) for strips in chosen])
    driven = _closed(shapely.unary_union([shape for strips in chosen for shape in strips.driven]))
    beside = shapely.unary_union([shape for strips in chosen for shape in strips.beside])
    sidewalk = shapely.unary_union([shape for strips in chosen for shape in strips.sidewalk])
    roadway = shapely.unary_union([driven, beside])
    sidewalk = _opened(_closed(sidewalk) - roadway.buffer(KERBSTONE))
    verge = shapely.unary_union([shape for strips in chosen for shape in strips.verge])
    verge = _opened(verge - roadway - sidewalk.buffer(0.3))
    paved = _filled(_closed(shapely.unary_union([roadway, sidewalk.buffer(KERBSTONE)])))
    walked = shapely.unary_union([sidewalk, verge])
    junctions: dict[str, list[shapely.Geometry]] = defaultdict(list)
    for road in members:
        if road.junction != "-1":
            junctions[road.junction] += roads[road.id].driven
    junction_areas = [_filled(_closed(shapely.unary_union(shapes))) for shapes in junctions.values() if shapes]
    for area in junction_areas:
        for corner in _corners(area, walked, roadway):
            if plain or not corner.intersects(verge.buffer(0.1)):
                sidewalk = sidewalk | corner
            else:
                verge = verge | corner
    if plain:  # nowhere else could people go
        sidewalk, verge = _closed(sidewalk | verge), shapely.Polygon()
    verge = verge - sidewalk
    ground = _closed(shapely.unary_union([paved, sidewalk, verge]))
    walked = shapely.unary_union([sidewalk, verge])
    near = _here(crosswalks, samples)
    if len(crosswalks):
        strips = [shapely.minimum_rotated_rectangle(shapely.MultiPoint(outline[:, :2])) for outline in near]
        pieces = [_led(strip, walked, ground) for strip in strips]
    else:
        ends = shapely.unary_union(junction_areas).buffer(CROSSING[0] + 1.0)
        arms = [shape for strips in chosen for shape in strips.crossing if shape.intersects(ends)]
        pieces = [shape & ground for shape in arms if len(shapely.get_parts(shape & walked)) > 1]
    crosswalk = _opened(shapely.unary_union(pieces) - walked)
    room = ground.buffer(-AGENT_RADIUS, join_style="mitre") - _blocked(ground, obstacles)
    on_foot = shapely.get_parts(shapely.unary_union([walked, crosswalk]) & room)
    room = room - shapely.unary_union(on_foot[shapely.area(on_foot) < ISLET])
    return Ways(
        sidewalk=sidewalk & room,
        crosswalk=crosswalk & room,
        road=(room - walked) - crosswalk,
        grass=verge & room,
        samples=samples,
    )


def _closed(shape: shapely.Geometry) -> shapely.Geometry:
    """Cracks between neighbouring lanes filled."""
    return shape.buffer(0.3, join_style="mitre").buffer(-0.3, join_style="mitre")


def _opened(shape: shapely.Geometry) -> shapely.Geometry:
    """Slivers taken away."""
    return shape.buffer(-0.1, join_style="mitre").buffer(0.1, join_style="mitre")


def _filled(shape: shapely.Geometry) -> shapely.Geometry:
    """Small islands paved over."""
    return shapely.unary_union(
        [
            shapely.Polygon(part.exterior, [h for h in part.interiors if shapely.Polygon(h).area > ISLAND])
            for part in shapely.get_parts(shape)
            if isinstance(part, shapely.Polygon)
        ]
    )


def _corners(junction: shapely.Geometry, walked: shapely.Geometry, road: shapely.Geometry) -> list[shapely.Geometry]:
    """Pieces along a junction's border that join sidewalks or verges which do not meet there."""
    around = junction.buffer(CORNER)
    walked = walked & around.buffer(1.0)
    local = [part for part in shapely.get_parts(walked) if part.area > 0.5]
    band = (around - shapely.clip_by_rect(road, *around.bounds)) - walked
    joined = []
    for part in shapely.get_parts(band):
        if isinstance(part, shapely.Polygon) and sum(part.distance(other) < 0.1 for other in local) > 1:
            joined.append(part.buffer(0.1, join_style="mitre") - road)
    return joined


def _led(strip: shapely.Geometry, walked: shapely.Geometry, ground: shapely.Geometry) -> shapely.Geometry:
    """A crosswalk's rectangle, made longer at both ends until it meets where people walk."""
    corners = shapely.get_coordinates(strip)[:4]
    sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    long = int(np.argmax(lengths[:2]))
    unit = sides[long] / lengths[long]
    longer = corners.copy()
    longer[[(long + 1) % 4, (long + 2) % 4]] += REACH * unit
    longer[[long, (long + 3) % 4]] -= REACH * unit
    pieces = shapely.get_parts((shapely.Polygon(longer) & ground) - walked)
    core = strip.buffer(-0.2)
    return shapely.unary_union([piece for piece in pieces if piece.intersects(core)])


def _here(outlines: Sequence[Array], samples: Array) -> list[Array]:
    """Those crosswalks that lie on this storey."""
    kept = []
    for outline in outlines:
        middle = outline.mean(axis=0)
        nearest = samples[np.argmin(((samples[:, :2] - middle[:2]) ** 2).sum(axis=1))]
        if np.hypot(*(nearest[:2] - middle[:2])) < 30 and abs(nearest[2] - middle[2]) < CLEARANCE:
            kept.append(outline)
    return kept


def _blocked(ground: shapely.Geometry, obstacles: Sequence[Obstacle]) -> shapely.Geometry:
    """Rectangles around the obstacles that stand on the ground, and a walker's radius around them."""
    if not obstacles:
        return shapely.Polygon()
    centers = np.array([obstacle.center[:2] for obstacle in obstacles])
    radii = np.array([obstacle.radius for obstacle in obstacles])
    sides = np.where(radii[:, None] > 0, radii[:, None], np.array([obstacle.size[:2] for obstacle in obstacles]) / 2)
    yaw = np.array([obstacle.yaw for obstacle in obstacles])
    half = sides + AGENT_RADIUS
    along = np.stack([np.cos(yaw), np.sin(yaw)], -1) * half[:, :1]
    across = np.stack([-np.sin(yaw), np.cos(yaw)], -1) * half[:, 1:]
    plans = shapely.polygons(np.stack([centers + i * along + j * across for i, j in _SQUARE], axis=1))
    shapely.prepare(ground)
    return shapely.unary_union(plans[shapely.intersects(ground, plans)])


_SQUARE = ((1, 1), (-1, 1), (-1, -1), (1, -1))
