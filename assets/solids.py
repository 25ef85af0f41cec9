"""Smooth closed surfaces from signed distance fields, and their simplification to levels of detail.

A field is sampled on a regular grid, negative inside; marching cubes finds its zero set, quadric decimation (Garland
and Heckbert 1997, through Open3D) thins it, and the normals are the field's own gradient, so that even a coarse level
of detail is shaded smoothly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.floating]


def smooth_min(a: FloatArray, b: FloatArray, blend: float) -> FloatArray:
    """Quadratic smooth minimum: a fillet of about ``blend`` metres where two solids meet (Quilez, "smooth minimum")."""
    h = np.maximum(blend - np.abs(a - b), 0.0) / blend
    return np.minimum(a, b) - h * h * (blend / 4)


def smooth_max(a: FloatArray, b: FloatArray, blend: float) -> FloatArray:
    """Quadratic smooth maximum: intersection with edges rounded over about ``blend`` metres."""
    return -smooth_min(-a, -b, blend)


@dataclass(frozen=True)
class Ball:
    """A tapered capsule, flattened sideways if wanted: the unit of flesh.

    Attributes:
        start, end: (3,) [m], ends of the axis.
        radii: [m] at start and end.
        flat: width over height of the cross-section, 1 is round.
        blend: [m], width of the fillet with what was laid down before.
    """

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radii: tuple[float, float]
    flat: float = 1.0
    blend: float = 0.04

    def distance(self, points: FloatArray) -> FloatArray:
        """Signed distance [m] from ``points`` (..., 3): exact for round untapered capsules, else a close bound."""
        a, b = np.asarray(self.start, dtype=points.dtype), np.asarray(self.end, dtype=points.dtype)
        axis = b - a
        along = np.clip((points - a) @ axis / max(float(axis @ axis), 1e-12), 0.0, 1.0)
        off = points - (a + along[..., None] * axis)
        # Flattening is measured across the axis, sideways in the body (y).
        side = off[..., 1] / self.flat
        reach = np.sqrt(off[..., 0] ** 2 + side**2 + off[..., 2] ** 2)
        distance: FloatArray = reach - (self.radii[0] + along * (self.radii[1] - self.radii[0]))
        return distance

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper corner (3,) [m]."""
        reach = np.array([1.0, max(self.flat, 1.0), 1.0]) * max(self.radii)
        ends = np.array([self.start, self.end])
        return ends.min(axis=0) - reach, ends.max(axis=0) + reach


@dataclass(frozen=True, eq=False)
class Field:
    """A signed distance field on a regular grid.

    Attributes:
        values: (X, Y, Z) float32 [m], negative inside.
        origin: (3,) [m], position of values[0, 0, 0].
        step: [m], grid spacing.
    """

    values: NDArray[np.float32]
    origin: FloatArray
    step: float

    @classmethod
    def of_balls(cls, balls: list[Ball], step: float) -> Field:
        """The smooth union of ``balls``, in their order. Each is worked out only in a box around itself."""
        lower = np.min([b.bounds[0] for b in balls], axis=0) - 4 * step
        upper = np.max([b.bounds[1] for b in balls], axis=0) + 4 * step
        shape = np.ceil((upper - lower) / step).astype(int) + 1
        values = np.full(shape, 1.0, dtype=np.float32)
        for ball in balls:
            near, far = ball.bounds
            margin = 2 * ball.blend + 2 * step
            first = np.maximum(np.floor((near - margin - lower) / step).astype(int), 0)
            last = np.minimum(np.ceil((far + margin - lower) / step).astype(int) + 1, shape)
            box = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
            axes = [(lower[i] + np.arange(first[i], last[i]) * step).astype(np.float32) for i in range(3)]
            points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
            values[box] = smooth_min(values[box], ball.distance(points), ball.blend)
        return cls(values, lower, step)

    def above(self, floor: float) -> Field:
        """The part of the solid above the height ``floor`` [m]."""
        z = (self.origin[2] + np.arange(self.values.shape[2]) * self.step).astype(np.float32)
        return Field(np.maximum(self.values, np.float32(floor) - z), self.origin, self.step)

    def mesh(self) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """The zero set: vertices (V, 3) [m] and faces (F, 3), counter-clockwise from outside, closed."""
        from skimage.measure import marching_cubes  # slow to import; models in the cache need none of it

        vertices, faces, _, _ = marching_cubes(self.values, 0.0)
        return vertices.astype(np.float64) * self.step + self.origin, np.ascontiguousarray(faces, dtype=np.int32)

    def sample(self, points: ArrayLike) -> NDArray[np.float64]:
        """Trilinear field value [m] at ``points`` (N, 3)."""
        from scipy.ndimage import map_coordinates

        grid = (np.asarray(points) - self.origin) / self.step
        sampled: NDArray[np.float64] = map_coordinates(self.values, grid.T, order=1, mode="nearest").astype(np.float64)
        return sampled

    def gradient(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Unit outward normals (N, 3) at ``points``, by central differences over one and a half grid steps."""
        reach = 1.5 * self.step
        slope = np.stack(
            [self.sample(points + reach * axis) - self.sample(points - reach * axis) for axis in np.eye(3)], axis=1
        )
        return unit(slope)


def unit(vectors: ArrayLike) -> NDArray[np.float64]:
    """Vectors (..., 3) scaled to length 1; a zero vector becomes up (0, 0, 1)."""
    array = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(array, axis=-1, keepdims=True)
    return np.where(length > 1e-12, array / np.maximum(length, 1e-12), np.array([0.0, 0.0, 1.0]))


def simplified(
    vertices: NDArray[np.float64], faces: NDArray[np.int32], triangles: int
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """At most about ``triangles`` faces, chosen to keep the shape; still closed if it was. Unused vertices are gone."""
    if len(faces) <= triangles:
        return vertices, faces
    import open3d as o3d  # takes a second to import, and models in the cache need none of it

    mesh = o3d.geometry.TriangleMesh(o3d.utility.Vector3dVector(vertices), o3d.utility.Vector3iVector(faces))
    mesh = mesh.simplify_quadric_decimation(triangles)
    mesh.remove_degenerate_triangles()
    mesh.remove_unreferenced_vertices()
    return np.asarray(mesh.vertices).copy(), np.asarray(mesh.triangles).astype(np.int32)


def smooth_normals(vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> NDArray[np.float64]:
    """Area-weighted vertex normals (V, 3)."""
    corners = vertices[faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(total, faces[:, corner], cross)
    return unit(total)
