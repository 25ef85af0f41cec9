"""Areas that border on each other, cut into convex polygons that share their edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

GRID = 0.01
"""Corners lie on a grid of this width [m]: borders that two areas share are then the same to the bit."""

DETAIL = 0.15
"""Corners that matter less than a triangle of this width squared [m] are left out."""

MOST_CORNERS = 6


@dataclass(frozen=True, eq=False)
class Triangles:
    """Triangles (T, 3) over ``points`` (V, 2) [m], counter-clockwise; ``labels`` (T,) is the number of the area."""

    points: Array
    corners: Integers
    labels: Integers


@dataclass(frozen=True)
class Convex:
    """A convex polygon: its corners, counter-clockwise, the area's number, and the triangles it was made of."""

    corners: tuple[int, ...]
    label: int
    triangles: tuple[int, ...]


def triangulated(areas: Sequence[shapely.Geometry], spacing: float) -> Triangles:
    """Areas that do not overlap, as one triangulation whose borders have a corner every ``spacing`` [m] at least."""
    lines = shapely.unary_union([shapely.boundary(area) for area in areas], grid_size=GRID)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    middles = shapely.point_on_surface(faces)
    inside = np.stack([shapely.contains(_prepared(area), middles) for area in areas])
    kept = inside.any(axis=0) & (shapely.area(faces) > GRID)
    faces, labels = faces[kept], inside.argmax(axis=0)[kept]
    faces = shapely.segmentize(shapely.coverage_simplify(faces, DETAIL), spacing)
    parts, owner = shapely.get_parts(shapely.constrained_delaunay_triangles(faces), return_index=True)
    corners = np.round(shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3].reshape(-1, 2), 4)
    points, index = np.unique(corners, axis=0, return_inverse=True)
    triangles = index.reshape(-1, 3)
    double = cross(points[triangles[:, 1]] - points[triangles[:, 0]], points[triangles[:, 2]] - points[triangles[:, 0]])
    triangles[double < 0] = triangles[double < 0][:, ::-1]
    solid = np.abs(double) > 1e-7
    return Triangles(points, triangles[solid], labels[owner][solid])


def _prepared(area: shapely.Geometry) -> shapely.Geometry:
    shapely.prepare(area)
    return area


def cross(a: Array, b: Array) -> Array:
    """z of the cross product of plane vectors (..., 2)."""
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def merged(mesh: Triangles) -> list[Convex]:
    """Triangles of one area put together into convex polygons of up to six corners, longest common edges first."""
    edges = np.stack([mesh.corners, np.roll(mesh.corners, -1, axis=1)], axis=-1).reshape(-1, 2)
    triangle = np.repeat(np.arange(len(mesh.corners)), 3)
    key = np.sort(edges, axis=1)
    order = np.lexsort((key[:, 1], key[:, 0]))
    same = (key[order[:-1]] == key[order[1:]]).all(axis=1)
    first, second = triangle[order[:-1][same]], triangle[order[1:][same]]
    ends = key[order[:-1][same]]
    inner = mesh.labels[first] == mesh.labels[second]
    first, second, ends = first[inner], second[inner], ends[inner]
    length = np.hypot(*(mesh.points[ends[:, 0]] - mesh.points[ends[:, 1]]).T)
    longest = np.lexsort((ends[:, 1], ends[:, 0], -np.round(length, 3)))
    owner = list(range(len(mesh.corners)))
    polygons: list[list[int]] = mesh.corners.tolist()
    made_of = [[index] for index in owner]
    points = mesh.points.tolist()

    def root(index: int) -> int:
        while owner[index] != index:
            owner[index] = owner[owner[index]]
            index = owner[index]
        return index

    edges_in_turn = np.column_stack([first, second, ends])[longest].tolist()
    for one, other, a, b in edges_in_turn:
        one, other = root(one), root(other)
        if one == other:
            continue
        joined = _joined(polygons[one], polygons[other], a, b, points)
        if joined is not None:
            owner[other] = one
            polygons[one] = joined
            made_of[one] += made_of[other]
    return [
        Convex(tuple(polygons[index]), int(mesh.labels[index]), tuple(made_of[index]))
        for index in range(len(owner))
        if owner[index] == index
    ]


def _joined(first: list[int], second: list[int], a: int, b: int, points: list[list[float]]) -> list[int] | None:
    """Two polygons with the common edge a-b as one, or None when it would not be convex or have too many corners."""
    if len(first) + len(second) - 2 > MOST_CORNERS:
        return None
    i = first.index(a)
    if first[(i + 1) % len(first)] == b:
        a, b = b, a
        i = first.index(a)
    # first runs b -> a, second runs a -> b
    around = first[i:] + first[:i]
    j = second.index(b)
    other = second[j:] + second[:j]
    if around[-1] != b or other[-1] != a:
        return None
    ring = around + other[1:-1]
    if len(set(ring)) != len(ring):
        return None
    size = len(ring)
    for k in range(size):
        (px, py), (qx, qy), (rx, ry) = points[ring[k - 1]], points[ring[k]], points[ring[(k + 1) % size]]
        if (qx - px) * (ry - qy) - (qy - py) * (rx - qx) < -1e-3:
            return None
    return ring
