"""Towns: buildings on their plots with forecourts and gardens, and what stands in the streets."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from assets import buildings, ground, masonry, street
from assets.noise import hashed
from assets.pieces import Piece, grid_faces, join
from assets.tags import Tag
from simulator.world import furnishing, plots, roadside
from simulator.world.chunks import CHUNK, placed
from simulator.world.footing import Footing
from simulator.world.furniture import Lamp, LightGroup
from simulator.world.obstacle import Obstacle, cylinder
from simulator.world.opendrive import Network
from simulator.world.plots import Plot
from simulator.world.road import Surface
from simulator.world.staging import Stage, matrices_at, on_ground

Array = NDArray[Any]

SLAB = 0.05
"""Height [m] of forecourts and paths above the land."""
DRIVEWAY, PATH = 2.8, 1.3
"""Metres across."""
WINDOWS = Lamp(LightGroup.BUILDING, masonry.WINDOW_LAMP, (0.0, 0.0, 3.0), 1000.0, (255, 226, 178), casts=False)
REACHES = {
    "street.bench": 140.0, "street.bin": 110.0, "street.hydrant": 90.0, "street.hedge": 220.0, "street.wall": 260.0,
    "street.fence": 170.0,
}  # fmt: skip
"""Metres beyond which small things are not there."""


def build(stage: Stage, network: Network, surface: Surface, footing: Footing, seed: int) -> shapely.Geometry:
    """Puts a town on the stage; returns the land that is built on, seen from above. A map that says itself where its
    buildings stand gets no others.
    """
    laid = [] if roadside.has_buildings(network) else plots.lay_out(network, surface, seed)
    yards = _Yards(footing)
    for number, plot in enumerate(laid):
        if not plot.rear:
            _front(stage, yards, footing, plot, number, seed)
    _buildings(stage, laid, footing)
    stage.extra.extend(yards.placements())
    for name in buildings.MODELS:
        stage.lamps[name] = WINDOWS
    stage.lamps["street.lamp"] = furnishing.LIGHT

    def put(name: str, variant: int, places: Array, headings: Array) -> None:
        if len(places):
            _put(stage, footing, name, variant, places, headings)

    furnishing.furnish(network, surface, seed, put)
    return shapely.unary_union([*(plot.footprint for plot in laid), *yards.shapes])


def _buildings(stage: Stage, laid: list[Plot], footing: Footing) -> None:
    if not laid:
        return
    # the door is level with the ground before it
    doors = np.array([p.origin + _ahead(p) * (p.size[0] / 2 + 0.3) for p in laid])
    heights = footing(doors)[0]
    feet = np.column_stack([[p.origin for p in laid], heights])
    matrices = matrices_at(feet, np.array([p.heading for p in laid]), np.ones(len(laid)))
    for name in buildings.MODELS:
        mine = [k for k, plot in enumerate(laid) if plot.building == name]
        if mine:
            stops = []
            for k in mine:
                plot = laid[k]
                high = buildings.MODELS[name](plot.variant, None).size[2]
                middle = np.array([*plot.center, heights[k] + high / 2 - buildings.FOOTING])
                stops.append((Obstacle(middle, (*plot.size, high), plot.heading, 0.0, Tag.BUILDINGS),))
            stage.put(name, np.array([laid[k].variant for k in mine]), matrices[mine], float("inf"), stops)


def _ahead(plot: Plot) -> Array:
    """Unit vector (2,) from a building to its street."""
    return np.array([np.cos(plot.heading), np.sin(plot.heading)])


class _Yards:
    """Paved land on plots, laid over the ground; gathered in chunks."""

    def __init__(self, footing: Footing) -> None:
        self._footing = footing
        self._chunks: dict[tuple[int, int], list[Piece]] = defaultdict(list)
        self.shapes: list[shapely.Polygon] = []

    def pave(self, plot: Plot, near: float, far: float, start: float, end: float) -> None:
        """A rectangle from ``near`` to ``far`` [m] behind the pavement, from ``start`` to ``end`` along the front."""
        if end - start < 0.5 or far - near < 0.5:
            return
        inward = -_ahead(plot)
        way = np.array([inward[1], -inward[0]])
        rows = np.linspace(near, far, max(int((far - near) / 1.5), 1) + 1)
        columns = np.linspace(start, end, max(int((end - start) / 1.5), 1) + 1)
        plane = (plot.start + rows[:, None, None] * inward + columns[:, None] * way).reshape(-1, 2)
        z = self._footing(plane)[0] + SLAB
        vertices = np.column_stack([plane, z])
        # columns run to the right of rows, seen from above
        faces = grid_faces(len(rows), len(columns))[:, ::-1]
        normals = np.tile([0.0, 0.0, 1.0], (len(plane), 1))
        colors = np.full((len(plane), 3), 236.0)
        piece = Piece(vertices, faces, normals, plane / ground.PLANE_TILE, colors, ground.paving())
        x, y = plane.mean(axis=0) // CHUNK
        self._chunks[int(x), int(y)].append(piece)
        corners = [plot.start + r * inward + c * way for r, c in ((near, start), (far, start), (far, end), (near, end))]
        self.shapes.append(shapely.Polygon(corners))

    def placements(self) -> list[Any]:
        """One a chunk."""
        return [placed(join(pieces), Tag.GROUND) for pieces in self._chunks.values()]


def _front(stage: Stage, yards: _Yards, footing: Footing, plot: Plot, number: int, seed: int) -> None:
    """What lies between a building and its street."""
    span = float(np.hypot(*(plot.end - plot.start)))
    draw = hashed(np.stack([np.full(6, number), np.arange(6)], -1), seed + 600)
    if plot.urban:
        yards.pave(plot, -0.1, plot.setback + plot.size[0] * 0.6, -0.4, span + 0.4)
        return
    inward = -_ahead(plot)
    way = np.array([inward[1], -inward[0]])
    door = float((plot.origin - plot.start) @ way)
    side = float((plot.center - plot.start) @ way) + plot.size[1] / 2  # where the house ends along the front
    lane = min(max(side + 0.2, span - DRIVEWAY - 0.4), span - DRIVEWAY)
    yards.pave(plot, -0.1, plot.setback + 3.5, lane, lane + DRIVEWAY)
    yards.pave(plot, -0.1, plot.setback + 1.2, door - PATH / 2, door + PATH / 2)
    if draw[0] < 0.55 and plot.setback > 4.9:
        place = plot.start + inward * (plot.setback - 2.4 + 2.0 * draw[1]) + way * (lane + DRIVEWAY / 2)
        car = furnishing.CARS[int(draw[2] * len(furnishing.CARS))]
        turn = np.array([plot.heading + (np.pi if draw[3] < 0.5 else 0.0)])
        _put(stage, footing, car, int(draw[4] * len(furnishing.PAINTS)), place[None], turn)
    kind = ("street.hedge", "street.fence", "street.wall", "street.hedge", "")[int(draw[5] * 5)]
    if kind:
        for a, b in ((0.2, door - PATH / 2 - 0.1), (door + PATH / 2 + 0.1, lane - 0.3)):
            _border(stage, footing, kind, plot.start + inward * 0.55 + way * a, plot.start + inward * 0.55 + way * b)
        # along the boundary with the neighbour
        corner = plot.start + way * 0.1 + inward * 0.55
        _border(stage, footing, kind, corner, corner + inward * (plot.setback + 4.0))
    if draw[1] < 0.5:
        at = door / 2 if draw[2] < 0.5 else (door + lane) / 2
        place = plot.start + inward * (plot.setback * 0.45) + way * at
        _put(stage, footing, "street.tree", int(draw[3] * 4), place[None], np.array([6.0 * draw[4]]))


def _border(stage: Stage, footing: Footing, name: str, start: Array, end: Array) -> None:
    """A line of hedge, wall or fence, piece after piece, each stretched a little and following the slope."""
    span = float(np.hypot(*(end - start)))
    count = round(span / street.SPAN)
    if count < 1:
        return
    points = start + np.linspace(0, 1, count + 1)[:, None] * (end - start)
    feet = on_ground(points, footing)
    along = np.diff(feet, axis=0)
    matrices = np.tile(np.eye(4), (count, 1, 1))
    matrices[:, :3, 1] = along / street.SPAN
    matrices[:, :2, 0] = np.stack([along[:, 1], -along[:, 0]], -1) / np.linalg.norm(along[:, :2], axis=1, keepdims=True)
    matrices[:, :3, 3] = feet[:-1]
    tag = {"street.hedge": Tag.VEGETATION, "street.wall": Tag.WALLS, "street.fence": Tag.FENCES}[name]
    thick = {"street.hedge": 0.6, "street.wall": 0.3, "street.fence": 0.1}[name]
    yaw = float(np.arctan2(*(end - start)[::-1]))
    stops = [
        (Obstacle((a + b) / 2 + [0, 0, 0.55], (float(np.hypot(*(b - a)[:2])), thick, 1.1), yaw, 0.0, tag),)
        for a, b in pairwise(feet)
    ]
    variant = int(np.abs(start).sum()) % 2
    stage.put(name, np.full(count, variant), matrices, REACHES[name], stops)


def _put(stage: Stage, footing: Footing, name: str, variant: int, places: Array, headings: Array) -> None:
    """Stands things on the ground, each with what of it stops a car."""
    feet = on_ground(places, footing)
    scale = np.ones(len(feet))
    if name.startswith("vehicle."):
        lods, (length, width, height) = furnishing.parked(name, variant)
        tag = furnishing.tag_of(name)
        stage.lods[name, variant] = lods, tag
        stops = [
            (Obstacle(foot + np.array([0.0, 0.0, height / 2]), (length, width, height), float(yaw), 0.0, tag),)
            for foot, yaw in zip(feet, headings, strict=True)
        ]
    elif name == "street.tree":
        name = "tree.broadleaf"
        scale = 0.52 + 0.2 * hashed(np.round(places * 10).astype(np.int64), 77)
        stops = [(cylinder(foot, 0.15, 2.6, Tag.VEGETATION),) for foot in feet]
    elif name == "street.lamp":
        stops = [(cylinder(foot, 0.11, street.LAMP_HEIGHT, Tag.POLES),) for foot in feet]
    else:
        model = street.MODELS[name](variant, None)
        length, width, height = model.size
        stops = []
        for foot, yaw in zip(feet, headings, strict=True):
            turn = np.array([np.cos(yaw), np.sin(yaw)])
            x, y = turn * model.center[0] + turn[::-1] * [-1, 1] * model.center[1]
            middle = foot + np.array([x, y, height / 2])
            stops.append((Obstacle(middle, (length, width, height), float(yaw), 0.0, model.parts[0].tag),))
    reach = REACHES.get(name, float("inf"))
    stage.put(name, np.full(len(feet), variant), matrices_at(feet, headings, scale), reach, stops)
