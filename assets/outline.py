"""Plane curves: smooth outlines from few control points, their distance fields, and shapes cut from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import LineString, Polygon

Points = NDArray[np.float64]


def smoothed(corners: ArrayLike, rounds: int = 3) -> Points:
    """A closed curve (N, 2) that rounds off the polygon ``corners`` (M, 2) (Chaikin 1974: a quadratic B-spline).

    A corner named twice is kept sharper.
    """
    points = np.asarray(corners, dtype=np.float64)
    for _ in range(rounds):
        after = np.roll(points, -1, axis=0)
        points = np.stack([0.75 * points + 0.25 * after, 0.25 * points + 0.75 * after], axis=1).reshape(-1, 2)
    return points[np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1) > 1e-9]


def polygon_distance(points: ArrayLike, outline: Points) -> NDArray[np.float32]:
    """Exact signed distance (N,) [m] of ``points`` (N, 2) to a closed polygon ``outline`` (M, 2), negative inside."""
    p = np.asarray(points, dtype=np.float32)
    squared = np.full(len(p), np.inf, dtype=np.float32)
    inside = np.zeros(len(p), dtype=bool)
    ring = outline.astype(np.float32)
    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        edge, off = b - a, p - a
        along = np.clip((off @ edge) / max(float(edge @ edge), 1e-12), 0.0, 1.0)
        away = off - along[:, None] * edge
        squared = np.minimum(squared, (away * away).sum(axis=1))
        if a[1] != b[1]:
            crosses = (a[1] <= p[:, 1]) != (b[1] <= p[:, 1])
            inside ^= crosses & (p[:, 0] < a[0] + (p[:, 1] - a[1]) / (b[1] - a[1]) * edge[0])
    distance = np.sqrt(squared)
    return np.where(inside, -distance, distance).astype(np.float32)


def rounded(corners: Sequence[tuple[float, float]], radius: float) -> Polygon:
    """The polygon with its convex corners rounded by ``radius`` [m]."""
    return Polygon(corners).buffer(-radius, quad_segs=4).buffer(radius, quad_segs=4)


def seam(points: Sequence[tuple[float, float]], width: float) -> Polygon:
    """A thin strip of ``width`` [m] along a polyline."""
    return LineString(points).buffer(width / 2, cap_style="flat", join_style="mitre")
