"""How the navigation mesh of a town is made of its roads and of the ground."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulator.world import walkways
from simulator.world.detour import Area, Mesh
from simulator.world.navigation import Town
from simulator.world.tessellation import Convex, Triangles, merged, triangulated

Array = NDArray[np.float64]

SPACINGS = (12.0, 6.0, 3.0)
"""Metres between corners along borders: the first one whose heights are true is taken."""

TRUE = 0.03
"""[m] that a sidewalk's polygon may be above or below the ground between its corners."""

INSIDE = 0.15
"""Corners take the height of the ground this far [m] inside their own area: at a kerb two heights meet."""

ELSEWHERE = 0.8
"""Ground that lies further [m] from the road's own height than this is that of another storey."""

LABELS = (Area.SIDEWALK, Area.CROSSWALK, Area.ROAD, Area.GRASS)


def build(town: Town) -> bytes:
    """Detour's tile set of sidewalks, crosswalks, roads and verges of a town, however it is to be used."""
    crosswalks = [thing.outline for thing in town.network.objects if thing.kind == "crosswalk"]
    pieces = []
    for ways in walkways.storeys(town.network, crosswalks, town.obstacles):
        areas = [ways.sidewalk, ways.crosswalk, ways.road, ways.grass]
        if all(area.is_empty for area in areas):
            continue
        for spacing in SPACINGS:
            plan = triangulated(areas, spacing)
            heights = _Heights(town, ways.samples, plan)
            if heights.error() < TRUE:
                break
        pieces.append((plan, heights))
    return _assembled(pieces).encode() if pieces else b""


class _Heights:
    """Heights of a triangulation's corners, for each area of its own."""

    def __init__(self, town: Town, samples: Array, plan: Triangles) -> None:
        self._town, self._samples, self._tree, self._plan = town, samples, cKDTree(samples[:, :2]), plan
        pairs = np.stack([plan.corners.ravel(), np.repeat(plan.labels, 3)], axis=-1)
        self.pairs, index = np.unique(pairs, axis=0, return_inverse=True)
        self.corners = index.reshape(-1, 3)
        middles = np.repeat(plan.points[plan.corners].mean(axis=1), 3, axis=0)
        count = np.bincount(index.ravel())
        towards = np.stack([np.bincount(index.ravel(), middles[:, k]) / count for k in (0, 1)], axis=-1)
        points = plan.points[self.pairs[:, 0]]
        towards -= points
        towards *= INSIDE / np.maximum(np.hypot(*towards.T), INSIDE)[:, None]
        heights, normals = self._ground(points + towards)
        heights += (normals[:, :2] * towards).sum(axis=1) / np.maximum(normals[:, 2], 0.5)
        self.vertices = np.column_stack([points, heights])

    def _ground(self, points: Array) -> tuple[Array, Array]:
        _, near = self._tree.query(points)
        lane = self._samples[near, 2]
        heights, normals = self._town.ground(np.column_stack([points, lane]))
        elsewhere = np.abs(heights - lane) > ELSEWHERE
        return np.where(elsewhere, lane, heights), np.where(elsewhere[:, None], [0.0, 0.0, 1.0], normals)

    def error(self) -> float:
        """How far [m] the ground is from all but a few sidewalks' triangles, at their middles."""
        chosen = self._plan.labels == LABELS.index(Area.SIDEWALK)
        if not chosen.any():
            return 0.0
        corners = self.vertices[self.corners[chosen]]
        long = np.concatenate([(corners + np.roll(corners, -1, axis=1)).reshape(-1, 3) / 2, corners.mean(axis=1)])
        inside = 0.98 * long + 0.02 * np.concatenate([np.repeat(corners.mean(axis=1), 3, axis=0), corners.mean(axis=1)])
        heights, _ = self._ground(inside[:, :2])
        return float(np.quantile(np.abs(heights - inside[:, 2]), 0.98))


def _assembled(pieces: Sequence[tuple[Triangles, _Heights]]) -> Mesh:
    """All storeys in one mesh. Polygons that share an edge in plan are neighbours, whatever their areas' heights."""
    vertices: list[Array] = []
    polygons: list[tuple[int, ...]] = []
    neighbours: list[tuple[int, ...]] = []
    areas: list[Area] = []
    triangles: list[list[tuple[int, int, int]]] = []
    count = 0
    for plan, heights in pieces:
        convex = merged(plan)
        beyond = _beyond(convex)
        number = {(int(point), int(label)): index + count for index, (point, label) in enumerate(heights.pairs)}
        first = len(polygons)
        for index, polygon in enumerate(convex):
            polygons.append(tuple(number[corner, polygon.label] for corner in polygon.corners))
            neighbours.append(tuple(other + first if other >= 0 else -1 for other in beyond[index]))
            areas.append(LABELS[polygon.label])
            place = {corner: k for k, corner in enumerate(polygon.corners)}
            triangles.append([tuple(place[c] for c in plan.corners[t].tolist()) for t in polygon.triangles])  # type: ignore[misc]
        vertices.append(heights.vertices)
        count += len(heights.vertices)
    return Mesh(np.concatenate(vertices), polygons, neighbours, areas, triangles)


def _beyond(polygons: Sequence[Convex]) -> list[list[int]]:
    """What lies beyond each polygon's edges: a polygon's number, or -1."""
    sides: dict[tuple[int, int], int] = {}
    for index, polygon in enumerate(polygons):
        for a, b in zip(polygon.corners, (*polygon.corners[1:], polygon.corners[0]), strict=True):
            sides[a, b] = index
    return [
        [
            sides.get((b, a), -1)
            for a, b in zip(polygon.corners, (*polygon.corners[1:], polygon.corners[0]), strict=True)
        ]
        for polygon in polygons
    ]
