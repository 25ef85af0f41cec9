"""Figures painted on the road: crosswalks, stop lines, arrows, hatched areas, lines of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import affinity, ops

from assets import ground
from assets.pieces import Piece
from simulator.world.markings import COLORS, DASH, GAP
from simulator.world.opendrive import MARK_WIDTH, Network, Road, RoadObject

Array = NDArray[np.float64]
Color = tuple[int, int, int]

LIFT = 0.009
"""Height [m] above the road: figures lie over the lines that they cross."""

STRIPE, STRIPE_GAP = 0.5, 0.6
"""Metres, of zebra stripes (Germany's Zeichen 293: 0.5 m and 0.5 m; the MUTCD allows 0.3 to 0.6 m and 0.3 to 1.5 m)."""

EDGE = 0.25
"""Metres, width of the lines along crosswalks."""

STOP_LINE = 0.4
"""Metres wide (MUTCD 3B.16: 12 to 24 inches)."""

HATCH, HATCH_GAP = 0.4, 1.4


def pieces(network: Network, ground_under: Callable[[Array], Array]) -> Iterator[Piece]:
    """All figures that a network's objects tell; ``ground_under``: heights (N,) of the road under points (N, 3)."""
    roads = {road.id: road for road in network.roads}
    for thing in network.objects:
        if len(thing.outline) < 2 or not np.isfinite(thing.outline).all():
            continue
        shape, color = _figure(thing, roads.get(thing.road))
        if shape is not None and not shape.is_empty:
            piece = draped(shape, float(thing.outline[:, 2].mean()), color, ground_under)
            if piece is not None:
                yield piece


def draped(shape: shapely.Geometry, level: float, color: Color, ground_under: Callable[[Array], Array]) -> Piece | None:
    """A figure, given in plan, laid on the road near the height ``level`` [m]; None when nothing is left of it."""
    parts = shapely.get_parts(shapely.segmentize(shape, 2.0))
    parts = parts[(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 1e-3)]
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(parts))
    if not len(triangles):
        return None
    plane = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3].reshape(-1, 2)
    plane, index = np.unique(plane, axis=0, return_inverse=True)
    faces = index.reshape(-1, 3)
    a, b, c = (plane[faces[:, k]] for k in range(3))
    clockwise = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) < (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    faces[clockwise] = faces[clockwise, ::-1]
    points = np.column_stack([plane, np.full(len(plane), level)])
    points[:, 2] = ground_under(points) + LIFT
    normals = np.tile([0.0, 0.0, 1.0], (len(plane), 1))
    return Piece(points, faces, normals, plane / 4, np.tile(np.array(color, float), (len(plane), 1)), ground.paint())


def _figure(thing: RoadObject, road: Road | None) -> tuple[shapely.Geometry | None, Color]:
    """What an object looks like in plan; None for what is no figure."""
    name = thing.name.lower()
    color = next((COLORS[word] for word in COLORS if word in name), COLORS["white"])
    plane = thing.outline[:, :2]
    if thing.kind == "crosswalk":
        return _crosswalk(plane, name), color
    if "stopline" in name:
        return _line(plane, STOP_LINE), color
    if name.startswith("solid"):
        return _line(plane, MARK_WIDTH), color
    if name.startswith("dashed"):
        short = 0.3 if "short" in name else 1.0
        return _dashed(plane, DASH * short, GAP * short), color
    if len(plane) > 2 and ("chevronregion" in name or "crosshatchregion" in name):
        return _hatched(plane, crossed="cross" in name), color
    if len(plane) == 4 and "arrow" in name and road is not None:
        return _arrow(plane, road, name), color
    return None, color


def _frame(plane: Array) -> tuple[Array, float, float, Array]:
    """Middle (2,), length and width [m] and the long axis (2,) of the least rectangle around points."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shapely.MultiPoint(plane)))
    if len(corners) < 4:
        return plane.mean(axis=0), 0.0, 0.0, np.array([1.0, 0.0])
    first, second = corners[1] - corners[0], corners[2] - corners[1]
    if np.hypot(*first) < np.hypot(*second):
        first, second = second, first
    length = float(np.hypot(*first))
    return corners[:4].mean(axis=0), length, float(np.hypot(*second)), first / max(length, 1e-9)


def _bars(plane: Array, width: float, gap: float, turn: float) -> shapely.Geometry:
    """Parallel bars over the least rectangle around points, ``turn`` [rad] from its short axis."""
    middle, length, breadth, axis = _frame(plane)
    reach = float(np.hypot(length, breadth))
    count = int(reach / (width + gap)) + 1
    at = (np.arange(count) - (count - 1) / 2) * (width + gap)
    bars = shapely.union_all(shapely.box(at - width / 2, -reach, at + width / 2, reach))
    angle = np.arctan2(axis[1], axis[0]) + turn
    return affinity.translate(affinity.rotate(bars, angle, origin=(0, 0), use_radians=True), *middle)


def _crosswalk(plane: Array, name: str) -> shapely.Geometry | None:
    """Stripes along the traffic, lines along the walkers' way, or both (the MUTCD's continental, simple, ladder)."""
    if len(plane) < 3:
        return None
    area = shapely.make_valid(shapely.Polygon(plane))
    stripes = area.intersection(_bars(plane, STRIPE, STRIPE_GAP, 0.0))
    if "simple" not in name and "ladder" not in name:
        return stripes
    middle, length, breadth, axis = _frame(plane)
    across = np.array([-axis[1], axis[0]]) * (breadth - EDGE) / 2
    lines = shapely.union_all(
        [
            shapely.LineString([middle + side * across - axis * length, middle + side * across + axis * length])
            .buffer(EDGE / 2, cap_style="flat")
            .intersection(area)
            for side in (-1, 1)
        ]
    )  # fmt: skip
    return lines if "simple" in name else shapely.union_all([lines, stripes])


def _line(plane: Array, width: float) -> shapely.Geometry:
    return shapely.LineString(plane).buffer(width / 2, cap_style="flat", join_style="mitre")


def _dashed(plane: Array, dash: float, gap: float) -> shapely.Geometry:
    line = shapely.LineString(plane)
    starts = np.arange(0.0, line.length, dash + gap)
    parts = [ops.substring(line, start, min(start + dash, line.length)) for start in starts]
    return shapely.union_all([part.buffer(MARK_WIDTH / 2, cap_style="flat") for part in parts if part.length > 0.05])


def _hatched(plane: Array, crossed: bool) -> shapely.Geometry:
    area = shapely.make_valid(shapely.Polygon(plane))
    bars = [_bars(plane, HATCH, HATCH_GAP, turn) for turn in ((np.pi / 4, -np.pi / 4) if crossed else (np.pi / 4,))]
    border = area.boundary.buffer(MARK_WIDTH)
    return shapely.union_all([shapely.union_all(bars), border]).intersection(area)


_SHAFT = shapely.box(-0.5, -0.05, 0.15, 0.05)
_HEAD = shapely.Polygon([(0.15, -0.16), (0.5, 0.0), (0.15, 0.16)])
_TURN = shapely.union_all(
    [
        shapely.box(-0.5, -0.05, -0.02, 0.05),
        shapely.LineString([(-0.05, 0.0), (0.12, 0.06), (0.18, 0.2)]).buffer(0.05, cap_style="flat"),
        shapely.Polygon([(0.02, 0.18), (0.34, 0.18), (0.18, 0.5)]),
    ]
)
"""Arrows along x, one metre long and wide; the turning one turns left."""


def _arrow(plane: Array, road: Road, name: str) -> shapely.Geometry:
    """An arrow in the object's rectangle, along the traffic of the road's side that it lies on."""
    middle = plane.mean(axis=0)
    s = np.linspace(0, road.length, max(int(road.length), 2))
    x, y, heading = road.reference(s)
    near = int(np.argmin((x - middle[0]) ** 2 + (y - middle[1]) ** 2))
    forward = np.array([np.cos(heading[near]), np.sin(heading[near])])
    left = np.array([-forward[1], forward[0]])
    way = -1.0 if (middle - [x[near], y[near]]) @ left > 0 else 1.0  # left lanes run against s
    _, length, breadth, _ = _frame(plane)
    kind = name.rpartition("arrowtype")[2]
    parts = [_TURN] if "l" in kind else []
    parts += [affinity.scale(_TURN, 1, -1, origin=(0, 0))] if "r" in kind else []
    parts += [shapely.union_all([_SHAFT, _HEAD])] if "s" in kind or not parts else []
    shape = affinity.scale(shapely.union_all(parts), length, max(breadth, 1.2), origin=(0, 0))
    angle = np.arctan2(*(way * forward)[::-1])
    return affinity.translate(affinity.rotate(shape, angle, origin=(0, 0), use_radians=True), *middle)


def stop_lines(
    lines: Iterable[tuple[Array, Array, float]], ground_under: Callable[[Array], Array], there: shapely.Geometry
) -> Iterator[Piece]:
    """Lines before which vehicles stop: middle (3,), direction across (2,) and width [m] of each; none where another
    figure lies already (``there``)."""
    placed: list[shapely.Geometry] = []
    for middle, across, width in lines:
        half = across / np.hypot(*across) * width / 2
        shape = _line(np.array([middle[:2] - half, middle[:2] + half]), STOP_LINE)
        if shape.intersects(there) or any(shape.intersection(other).area > 0.2 for other in placed):
            continue
        placed.append(shape)
        piece = draped(shape, float(middle[2]), COLORS["white"], ground_under)
        if piece is not None:
            yield piece
