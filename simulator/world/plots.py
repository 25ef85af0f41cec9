"""Where buildings stand: plots along the sidewalks, each with a front to its street, never on what is paved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets import buildings
from assets.noise import hashed, value_noise
from simulator.world.opendrive import Network
from simulator.world.road import Surface

Array = NDArray[Any]

STEP = 1.0
"""Metres between the places along a frontage at which a building may begin."""
CLEARANCE = 0.4
"""Metres that every building keeps from what is paved, and half of what it keeps from others."""
STRAIGHT = 1.6
"""Metres by which the frontage of a plot may bend."""
WALKED = frozenset({"sidewalk", "walking"})


@dataclass(frozen=True, eq=False)
class Plot:
    """A piece of land with a building.

    Attributes:
        building, variant: catalogue name and variant.
        origin: (2,) [m], of the building's model; center: (2,) [m], of its plan; heading: [rad], from it to the street.
        start, end: (2,) [m], of the frontage, with the building to the left of the way from start to end.
        setback: [m] between pavement and front.
        size: (depth, width) [m] of the building; urban: whether it stands at the sidewalk, without a garden.
        rear: whether it stands behind another, without a front to the street.
    """

    building: str
    variant: int
    origin: Array
    center: Array
    heading: float
    start: Array
    end: Array
    setback: float
    size: tuple[float, float]
    urban: bool
    rear: bool = False

    @property
    def footprint(self) -> shapely.Polygon:
        """The building's outline, seen from above."""
        return shapely.Polygon(_rectangle(self.center, self.heading, self.size[0] / 2, self.size[1] / 2))


def _rectangle(center: Array, heading: float, ahead: float, aside: float) -> Array:
    forward = np.array([np.cos(heading), np.sin(heading)])
    left = np.array([-forward[1], forward[0]])
    return np.array([center + a * ahead * forward + b * aside * left for a, b in ((1, 1), (-1, 1), (-1, -1), (1, -1))])


def lay_out(network: Network, surface: Surface, seed: int) -> list[Plot]:
    """The plots of a network; none where there are no sidewalks."""
    walks = _walks(network)
    if walks is None:
        return []
    city = _City(network, seed)
    shapely.prepare(surface.outline)
    plots: list[Plot] = []
    taken = _Taken()
    for number, ring in enumerate(shapely.get_parts(shapely.boundary(surface.outline))):
        _along(ring, number, surface, walks, city, taken, plots, seed)
    for number, plot in enumerate(list(plots)):
        _behind(plot, number, surface, taken, plots, seed)
    return plots


def _behind(plot: Plot, number: int, surface: Surface, taken: _Taken, plots: list[Plot], seed: int) -> None:
    """A second row: blocks and the town's rim are deeper than one house."""
    draw = hashed(np.stack([np.full(3, number), np.arange(3)], -1), seed + 91)
    if draw[0] > 0.7:
        return
    variant = int(draw[1] * buildings.VARIANTS[plot.building])
    low, high = _plan(plot.building, variant)
    depth, width = float(high[0] - low[0]), float(high[1] - low[1])
    ahead = np.array([np.cos(plot.heading), np.sin(plot.heading)])
    center = plot.center - ahead * (plot.size[0] / 2 + 9.0 + 8.0 * float(draw[2]) + depth / 2)
    shape = shapely.Polygon(_rectangle(center, plot.heading, depth / 2 + 2.0, width / 2 + 2.0))
    if surface.outline.distance(shape) > 4.0 and taken.free(shape, center):
        taken.add(shape, center)
        way = np.array([-ahead[1], ahead[0]])
        origin = center - ahead * (low[0] + high[0]) / 2 - way * (low[1] + high[1]) / 2
        plots.append(
            Plot(plot.building, variant, origin, center, plot.heading, plot.start, plot.end, plot.setback,
                 (depth, width), plot.urban, rear=True)
        )  # fmt: skip


def _walks(network: Network) -> cKDTree | None:
    """Points on the outer borders of all sidewalks."""
    points = []
    for road in network.roads:
        for section in road.sections:
            lanes = [lane for lane in section.lanes.values() if lane.kind in WALKED]
            if lanes:
                s = np.linspace(section.start, section.end, max(int((section.end - section.start) / STEP), 1) + 1)
                borders = road.borders(section, s)
                points += [road.points(s, borders[lane.id])[0][:, :2] for lane in lanes]
    return cKDTree(np.concatenate(points)) if points else None


class _City:
    """What is built where: the wider the streets, the higher the houses."""

    def __init__(self, network: Network, seed: int) -> None:
        points, lanes = [], []
        for road in network.roads:
            s = np.linspace(0, road.length, max(int(road.length / 8), 1) + 1)
            count = max(
                sum(lane.kind in ("driving", "bidirectional") for lane in section.lanes.values())
                for section in road.sections
            )
            points.append(road.points(s, np.zeros(len(s)))[0][:, :2])
            lanes.append(np.full(len(s), count if road.junction == "-1" else 0))
        self._tree, self._lanes, self._seed = cKDTree(np.concatenate(points)), np.concatenate(lanes), seed

    def building(self, place: Array, draw: float) -> str:
        """The kind of building for a place (2,), by a number ``draw`` in [0, 1)."""
        near = self._tree.query_ball_point(place, 40.0)
        wide = int(self._lanes[near].max(initial=0)) >= 4
        district = float(value_noise(place[None], 130.0, self._seed + 71)[0])
        if wide:
            shares = (("office", 0.30), ("apartments", 0.68), ("shop", 1.0))
        elif district > 0.12:
            shares = (("shop", 0.52), ("apartments", 0.78), ("house", 1.0))
        else:
            shares = (("house", 0.88), ("shop", 0.94), ("apartments", 1.0))
        return next(f"building.{name}" for name, limit in shares if draw < limit)


class _Taken:
    """Footprints so far, found by place."""

    def __init__(self) -> None:
        self._shapes: list[shapely.Polygon] = []
        self._centers: list[Array] = []

    def free(self, shape: shapely.Polygon, center: Array) -> bool:
        """Whether a footprint meets no other."""
        if not self._shapes:
            return True
        away = np.hypot(*(np.array(self._centers) - center).T)
        near = np.flatnonzero(away < 50.0)
        return not shapely.intersects(np.array([self._shapes[k] for k in near], object), shape).any()

    def add(self, shape: shapely.Polygon, center: Array) -> None:
        """Takes a footprint."""
        self._shapes.append(shape)
        self._centers.append(center)


def _along(
    ring: shapely.LinearRing, number: int, surface: Surface, walks: cKDTree, city: _City, taken: _Taken,
    plots: list[Plot], seed: int,
) -> None:  # fmt: skip
    """Places buildings one after the other along one edge of the pavement."""
    corners = shapely.get_coordinates(ring)
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    count = int(length[-1] / STEP)
    if count < 20:
        return
    at = np.arange(count) * STEP
    points = np.stack([np.interp(at, length, corners[:, 0]), np.interp(at, length, corners[:, 1])], -1)
    along = np.roll(points, -2, axis=0) - np.roll(points, 2, axis=0)
    left = np.stack([-along[:, 1], along[:, 0]], -1) / np.linalg.norm(along, axis=1, keepdims=True)
    # the pavement must lie to the right of the way
    if shapely.contains_xy(surface.outline, points + 0.5 * left).mean() > 0.5:
        points = points[::-1]
    walked = walks.query(points)[0] < 1.5
    k = 0
    while k < count:
        if not walked[k]:
            k += 3
            continue
        draw = hashed(np.stack([number * 8 + np.arange(4), np.full(4, k)], -1), seed + 81)
        plot = _plot(points, k, walked, city, draw)
        if plot is not None:
            shape = shapely.Polygon(
                _rectangle(plot.center, plot.heading, plot.size[0] / 2 + CLEARANCE, plot.size[1] / 2 + CLEARANCE)
            )
            if not surface.outline.intersects(shape) and taken.free(shape, plot.center):
                taken.add(shape, plot.center)
                plots.append(plot)
                k += int(np.hypot(*(plot.end - plot.start)) / STEP) + 1
                continue
        k += 3


def _plot(points: Array, k: int, walked: NDArray[np.bool_], city: _City, draw: Array) -> Plot | None:
    """The plot whose frontage begins at place ``k``, or None where the edge bends or is not walked along."""
    name = city.building(points[k], float(draw[0]))
    variant = int(draw[1] * buildings.VARIANTS[name])
    low, high = _plan(name, variant)
    depth, width = float(high[0] - low[0]), float(high[1] - low[1])
    urban = name != "building.house"
    gap = 0.9 + 1.2 * float(draw[2]) if urban else 3.6 + 3.5 * float(draw[2])
    last = k + int(np.ceil((width + gap) / STEP))
    if last >= len(points) or walked[k : last + 1].mean() < 0.9:
        return None
    start, end = points[k], points[last]
    span = float(np.hypot(*(end - start)))
    if span < width:
        return None
    way = (end - start) / span
    inward = np.array([-way[1], way[0]])
    bend = (points[k : last + 1] - start) @ inward
    if bend.max() - bend.min() > STRAIGHT:
        return None
    setback = (0.9 + 0.8 * float(draw[3]) if urban else 4.5 + 3.0 * float(draw[3])) + float(bend.max())
    aside = 0.0 if urban else (span - width) / 2 - 0.5  # a house leaves room for a driveway at its plot's end
    center = (start + end) / 2 - way * aside + inward * (setback + depth / 2)
    # the model's middle is not its origin: steps and awnings stand out before the front
    middle = (low + high) / 2
    origin = center + inward * middle[0] + way * middle[1] * -1.0
    heading = float(np.arctan2(-inward[1], -inward[0]))
    return Plot(name, variant, origin, center, heading, start, end, setback, (depth, width), urban)


def _plan(name: str, variant: int) -> tuple[Array, Array]:
    """Corners (2,), (2,) of a model in plan [m]."""
    vertices = buildings.MODELS[name](variant, None).parts[0].lods[0].vertices
    return vertices[:, :2].min(axis=0).astype(float), vertices[:, :2].max(axis=0).astype(float)
