"""The land around the road: it meets the pavement's edge, drops into a shallow ditch and rolls away.

Triangles are small near the road and grow with distance from it. The same triangles are drawn, cast upon by rays and
stood upon by wheels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import splu
from scipy.spatial import Delaunay, cKDTree

from assets import ground
from assets.noise import hashed, value_noise
from assets.pieces import Piece, smooth_normals
from assets.tags import Tag
from renderers.scene import Placement
from simulator.world.biome import Biome
from simulator.world.chunks import placements
from simulator.world.road import Surface

Array = NDArray[np.float64]

REACH = 420.0
"""Metres of shaped land around the pavement; a coarse apron goes on to ``HORIZON``."""

HORIZON = 3000.0

CHUNK, COARSE = 128.0, 30.0
"""Metres: cells of the land that are culled as one, and the size of triangles that have eight times larger cells."""

HELD = 1.0
"""Metres from the pavement within which the land lies at the pavement's height."""

_RINGS = ((0.5, 2.0), (1.4, 2.0), (2.4, 2.2), (3.6, 2.5), (5.2, 3.0), (7.5, 3.6))
"""Lines of vertices that follow the pavement's edge: (distance from it, spacing) [m]."""

_GRIDS = ((3.5, 10.5, 24.0), (7.0, 24.0, 60.0), (14.0, 60.0, 140.0), (28.0, 140.0, REACH), (90.0, REACH, 900.0))
"""Jittered grids further out: (spacing, from, to) [m]."""

_TUCK = 0.15
"""The land reaches this far [m] under the pavement's edge, 4 cm below it, so that no crack shows."""


@dataclass(frozen=True, eq=False)
class Land:
    """The land's mesh: ``vertices`` (V, 3) [m], ``faces`` (F, 3), ``normals`` (V, 3); ``placements``: it in chunks."""

    vertices: Array
    faces: NDArray[np.int64]
    normals: Array
    placements: tuple[Placement, ...]


def build(surface: Surface, biome: Biome, seed: int) -> Land:
    """The land around a paved surface; bridges pass over it."""
    edge = _Edge(surface)
    plane = _layout(surface, seed)
    away = edge.distance(plane)
    faces = _up(Delaunay(plane).simplices.astype(np.int64), plane)
    z = edge.base(plane, away, faces) + relief(plane, away, biome, seed)
    vertices = np.column_stack([plane, z])
    normals = smooth_normals(vertices, faces)
    colors = _colors(plane, away, biome, seed)
    return Land(vertices, faces, normals, _chunks(vertices, faces, normals, colors))


class _Edge:
    """Distance to the pavement that lies on the land, and the height of its edges."""

    def __init__(self, surface: Surface) -> None:
        self.outline = surface.grounded
        shapely.prepare(self.outline)
        rings = shapely.get_parts(shapely.boundary(self.outline))
        self.border = _along(rings, 0.5)
        levels = cKDTree(surface.samples[:, :2])
        away, near = levels.query(self.border, k=2)
        weight = 1 / (away + 0.02)
        self.level = np.sum(weight * surface.samples[near, 2], axis=1) / weight.sum(axis=1)
        self._tree = cKDTree(self.border)

    def distance(self, points: Array) -> Array:
        """Distance (N,) [m] to the pavement's edge; negative inside."""
        away = self._tree.query(points)[0]
        return np.where(shapely.contains_xy(self.outline, points), -away, away)

    def base(self, points: Array, away: Array, faces: NDArray[np.int64]) -> Array:
        """Height (N,) [m] of a film stretched between the pavement's edges, on a mesh of ``points`` (N, 2)."""
        distance, near = self._tree.query(points, k=3)
        weight = 1 / (distance + 0.05) ** 2
        height = np.sum(weight * self.level[near], axis=1) / weight.sum(axis=1)
        free = np.flatnonzero(away > HELD)
        if np.ptp(self.level) < 1e-3 or not len(free):
            return np.asarray(height)
        ends = np.unique(np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], -1).reshape(-1, 2), axis=1), axis=0)
        stiff = 1 / np.maximum(np.hypot(*(points[ends[:, 0]] - points[ends[:, 1]]).T), 0.1)
        rows, columns = np.concatenate([ends, ends[:, ::-1]]).T
        links = csr_matrix((np.tile(stiff, 2), (rows, columns)), shape=(len(points),) * 2)[free]
        held = np.ones(len(points), bool)
        held[free] = False
        total = np.asarray(links.sum(axis=1)).ravel()
        pull = links[:, held] @ height[held]
        height[free] = splu((diags(total) - links[:, free]).tocsc()).solve(pull)
        return np.asarray(height)


def _along(rings: Array, spacing: float) -> Array:
    """Points (N, 2) evenly spaced along line strings."""
    points = [np.zeros((0, 2))]
    for ring in rings:
        corners = shapely.get_coordinates(ring)
        length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
        at = np.linspace(0, length[-1], max(int(length[-1] / spacing), 8), endpoint=False)
        points.append(np.stack([np.interp(at, length, corners[:, 0]), np.interp(at, length, corners[:, 1])], -1))
    return np.concatenate(points)


def _step(value: Array, low: float, high: float) -> Array:
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def relief(points: Array, away: Array, biome: Biome, seed: int) -> Array:
    """Height (N,) [m] of the land over the film between the pavement's edges: verge, ditch, then hills."""
    verge = -0.04 - 0.05 * _step(away, 0.3, 1.5)
    ditch = -biome.ditch * (_step(away, 1.2, 3.6) - _step(away, 4.2, 9.0))
    bumps = 0.03 * _step(away, 0.5, 2.0) * value_noise(points, 2.3, seed + 1)
    bumps += 0.16 * _step(away, 2.0, 14.0) * value_noise(points, 9.0, seed + 2)
    hills = 0.15 * biome.relief * _step(away, 8, 70) * value_noise(points, 45.0, seed + 3)
    hills += biome.relief * _step(away, 25, 330) * (value_noise(points, 160.0, seed + 4) + 0.25)
    hills += 4 * biome.relief * _step(away, 250, 1800) * (value_noise(points, 900.0, seed + 5) + 0.1)
    return np.where(away > -1, verge + ditch + bumps + hills, -0.6)


def _layout(surface: Surface, seed: int) -> Array:
    """Where the vertices lie (N, 2)."""
    outline = surface.grounded
    hidden = _along(_rings(outline.buffer(-3.0)), 5.0)
    points = [hidden, _along(_rings(outline.buffer(-_TUCK)), 2.0)]
    for distance, spacing in _RINGS:
        points.append(_along(_rings(outline.buffer(distance, quad_segs=4)), spacing))
    low, high = np.array(outline.bounds[:2]), np.array(outline.bounds[2:])
    tree = cKDTree(_along(_rings(outline), 2.0))
    for spacing, near, far in _GRIDS:
        axes = [
            np.arange(np.floor((a - far) / spacing), np.ceil((b + far) / spacing))
            for a, b in zip(low, high, strict=True)
        ]
        cell = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2).astype(np.int64)
        jitter = np.stack([hashed(cell, seed + 11), hashed(cell, seed + 12)], -1) - 0.5
        grid = (cell + 0.7 * jitter) * spacing
        away = tree.query(grid, distance_upper_bound=far + 1)[0]
        grid = grid[(away > near) & (away <= far)]
        points.append(grid[~shapely.contains_xy(outline, grid)])
    middle, span = (low + high) / 2, (high - low).max() / 2
    for radius in (span + 1400, span + HORIZON):
        angle = np.arange(24) / 24 * 2 * np.pi
        points.append(middle + radius * np.stack([np.cos(angle), np.sin(angle)], -1))
    return np.concatenate(points)


def _rings(shape: shapely.Geometry) -> Array:
    return np.asarray(shapely.get_parts(shapely.boundary(shape)))


def _up(faces: NDArray[np.int64], plane: Array) -> NDArray[np.int64]:
    a, b, c = (plane[faces[:, k]] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    faces = faces[np.abs(area) > 1e-6]
    flip = area[np.abs(area) > 1e-6] < 0
    faces[flip] = faces[flip, ::-1]
    return faces


def cover(points: Array, away: Array, biome: Biome, seed: int) -> Array:
    """How much of the ground is covered by grass, (N,) in [0, 1]: the same patches that the tufts grow in."""
    field = 0.6 * value_noise(points, 14.0, seed + 21) + 0.4 * value_noise(points, 4.5, seed + 22)
    field += 0.35 * value_noise(points, 70.0, seed + 23)
    threshold = 0.55 * (1 - 2 * biome.cover_share)
    return _step(field, threshold - 0.25, threshold + 0.25) * _step(away, 0.6, 2.2)


def _colors(points: Array, away: Array, biome: Biome, seed: int) -> Array:
    """Vertex colours (N, 3): gravel beside the pavement, then earth, darker places, and grass."""
    dark = _step(value_noise(points, 23.0, seed + 31) + 0.5 * value_noise(points, 6.0, seed + 32), -0.3, 0.9)
    color = np.array(biome.earth, float) * (1 - dark[:, None]) + np.array(biome.earth_dark, float) * dark[:, None]
    covered = 0.8 * cover(points, away, biome, seed)[:, None]
    color = color * (1 - covered) + np.array(biome.cover, float) * covered
    gravel = (1 - _step(away + 0.5 * value_noise(points, 3.0, seed + 33), 0.6, 2.4))[:, None]
    color = color * (1 - gravel) + np.array(biome.gravel, float) * gravel
    light = 1 + 0.07 * value_noise(points, 3.1, seed + 34) + 0.05 * value_noise(points, 31.0, seed + 35)
    return color * light[:, None]


def _chunks(vertices: Array, faces: NDArray[np.int64], normals: Array, colors: Array) -> tuple[Placement, ...]:
    extent = np.ptp(vertices[faces][:, :, :2], axis=1).max(axis=1)
    made: list[Placement] = []
    for size, chosen in ((CHUNK, extent <= COARSE), (8 * CHUNK, extent > COARSE)):  # big triangles in big chunks
        piece = Piece(vertices, faces[chosen], normals, vertices[:, :2] / ground.PLANE_TILE, colors, ground.earth())
        made += placements([(Tag.TERRAIN, piece)], size)
    return tuple(made)
