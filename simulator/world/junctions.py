"""Floors of junctions: one surface over all connecting lanes of a junction, whose heights blend theirs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets import ground
from assets.pieces import Piece, smooth_normals
from simulator.world.lanes import Strip, tone

Array = NDArray[np.float64]

CELL = 4.0
"""Metres: a floor has a vertex at least this often, so that it follows slopes and shades of grey."""

SLIT = 0.6
"""Metres; gaps between lanes up to twice as wide are closed."""

OVERLAP = 0.05
"""Metres by which a floor lies under what adjoins it, so that no crack shows."""

ISLAND = 150.0
"""m^2; lesser holes of the pavement beside a junction are paved."""

_NEAREST = 10
_QUANTUM = 1e-4


def outline(strips: Sequence[Strip], wider: float) -> shapely.Geometry:
    """What a junction's floor covers, seen from above: its lanes, ``wider`` m to the sides, without slits."""
    union = shapely.union_all([strip.polygon() for strip in strips], grid_size=_QUANTUM)
    return union.buffer(SLIT + wider, quad_segs=4).buffer(OVERLAP - SLIT, quad_segs=4)


def islands(pavement: shapely.Geometry, floors: Sequence[shapely.Geometry]) -> list[shapely.Geometry]:
    """The ``floors`` with the small holes of all ``pavement`` that lie beside them."""
    closed = pavement.buffer(0.3, quad_segs=2).buffer(-0.3, quad_segs=2)
    rings = [ring for polygon in shapely.get_parts(closed) for ring in polygon.interiors]
    holes = [hole for hole in map(shapely.Polygon, rings) if hole.area < ISLAND]
    if not holes or not floors:
        return list(floors)
    tree = shapely.STRtree(floors)
    owner = tree.query_nearest(holes, max_distance=2.0, all_matches=False)
    grown: dict[int, list[shapely.Geometry]] = {}
    for hole, floor in owner.T.tolist():
        grown.setdefault(floor, []).append(holes[hole].buffer(0.3 + OVERLAP, quad_segs=2))
    return [
        shapely.union_all([floor, *grown[number]], grid_size=_QUANTUM) if number in grown else floor
        for number, floor in enumerate(floors)
    ]


def floor(shape: shapely.Geometry, strips: Sequence[Strip]) -> Piece:
    """The surface over ``shape``, at the heights of the lanes nearby."""
    plane, faces = triangles(shape)
    vertices = np.column_stack([plane, Heights(strips)(plane)])
    normals = smooth_normals(vertices, faces)
    return Piece(vertices, faces, normals, plane / ground.PLANE_TILE, tone(vertices), ground.asphalt())


def brim(shape: shapely.Geometry, strips: Sequence[Strip]) -> Array:
    """Points (N, 3) [m] on a floor's border, one a metre."""
    plane = shapely.get_coordinates(shapely.segmentize(shape.boundary, 1.0))
    return np.column_stack([plane, Heights(strips)(plane)])


def triangles(shape: shapely.Geometry) -> tuple[Array, NDArray[np.int64]]:
    """Points (V, 2) and triangles (F, 3), counter-clockwise; cut along a grid, with corners on common edges shared."""
    low, high = np.floor(np.array(shape.bounds[:2]) / CELL), np.ceil(np.array(shape.bounds[2:]) / CELL)
    east, north = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]), indexing="ij")
    x, y = east.ravel() * CELL, north.ravel() * CELL
    shapely.prepare(shape)
    boxes = shapely.box(x, y, x + CELL, y + CELL)
    boxes = boxes[shapely.intersects(shape, boxes)]
    parts = shapely.get_parts(shapely.intersection(boxes, shape))
    parts = parts[shapely.area(parts) > _QUANTUM]
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(parts))
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3].reshape(-1, 2)
    _, first, index = np.unique(np.round(corners / _QUANTUM), axis=0, return_index=True, return_inverse=True)
    plane, faces = corners[first], index.reshape(-1, 3)
    a, b, c = (plane[faces[:, k]] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    faces[area < 0] = faces[area < 0][:, ::-1]
    return plane, faces[np.abs(area) > 1e-9]


class Heights:
    """Heights between lanes that cross: a plane through what lies nearest, the nearer the more it counts."""

    def __init__(self, strips: Sequence[Strip]) -> None:
        lattice = [np.concatenate([strip.edges, strip.edges.mean(axis=1, keepdims=True)], 1) for strip in strips]
        self._points = np.concatenate([points.reshape(-1, 3) for points in lattice])
        self._tree = cKDTree(self._points[:, :2])

    def __call__(self, plane: Array) -> Array:
        """Heights (N,) [m] at points (N, 2)."""
        count = min(_NEAREST, len(self._points))
        distance, near = self._tree.query(plane, k=count)
        near, distance = near.reshape(-1, count), distance.reshape(-1, count)
        weight = 1 / (distance**2 + 0.01)
        weight /= weight.sum(axis=1, keepdims=True)
        offset = self._points[near, :2] - plane[:, None]
        z = self._points[near, 2]
        middle = (weight * z).sum(axis=1, keepdims=True)
        basis = np.concatenate([np.ones((*distance.shape, 1)), offset], axis=2)
        # a little stiffness against slopes, where all that is near lies in one line
        normal = np.einsum("nk,nki,nkj->nij", weight, basis, basis) + np.diag([0.0, 0.05, 0.05])
        right = np.einsum("nk,nki,nk->ni", weight, basis, z - middle)
        level = np.linalg.solve(normal, right[..., None])[:, 0, 0] + middle[:, 0]
        return np.asarray(np.clip(level, z.min(axis=1) - 0.5, z.max(axis=1) + 0.5))
