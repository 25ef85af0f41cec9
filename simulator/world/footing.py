"""Where a wheel or a foot stands: rays cast straight down on the very triangles that are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


Ground = tuple[Array, NDArray[np.int64], Array]
"""A mesh in the world frame: vertices (V, 3) [m], faces (F, 3), vertex normals (V, 3)."""


class Footing:
    """Heights, normals and kinds of ground under points, by Embree; exact to float32, about 60 us for 100 points."""

    def __init__(self, meshes: Sequence[Ground]) -> None:
        self._meshes = meshes
        vertices = np.concatenate([mesh[0] for mesh in meshes])
        self._middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
        self._top = float(vertices[:, 2].max() - self._middle[2] + 1)
        self._half = (vertices[:, :2].max(axis=0) - vertices[:, :2].min(axis=0)) / 2
        sizes = np.cumsum([0, *(len(mesh[1]) for mesh in meshes)])
        self._offset = sizes[:-1]
        offsets = np.cumsum([0, *(len(mesh[0]) for mesh in meshes)])
        faces = np.concatenate([mesh[1] + offset for mesh, offset in zip(meshes, offsets, strict=False)])
        self._corner_normals = np.concatenate([mesh[2] for mesh in meshes])[faces].astype(np.float32)

    @cached_property
    def _cast(self) -> Callable[[NDArray[np.float32]], dict[str, Any]]:
        """Casts rays (N, 6) at the meshes. Made on first use: Open3D takes a second to import."""
        import open3d as o3d

        scene = o3d.t.geometry.RaycastingScene(nthreads=1)
        tensor = o3d.core.Tensor.from_numpy
        for corners, faces, _ in self._meshes:
            scene.add_triangles(tensor((corners - self._middle).astype(np.float32)), tensor(faces.astype(np.uint32)))
        return lambda rays: scene.cast_rays(tensor(rays), nthreads=1)

    def __call__(self, points: Array) -> tuple[Array, Array, NDArray[np.int64]]:
        """Heights (N,) [m], unit normals (N, 3) and the mesh's number (N,) under ``points`` (N, 2) [m].

        Raises ValueError for points that lie beyond the horizon of the ground.
        """
        points = np.asarray(points, dtype=np.float64)
        rays = np.zeros((len(points), 6), np.float32)
        rays[:, :2] = points[:, :2] - self._middle[:2]
        rays[:, 2], rays[:, 5] = self._top, -1
        hits = self._cast(rays)
        distance = hits["t_hit"].numpy()
        if not np.isfinite(distance).all():
            lost = points[~np.isfinite(distance)][0]
            raise ValueError(f"no ground under ({lost[0]:.1f}, {lost[1]:.1f}) m: it lies beyond the map's horizon")
        mesh = hits["geometry_ids"].numpy().astype(np.int64)
        triangle = self._offset[mesh] + hits["primitive_ids"].numpy()
        u, v = hits["primitive_uvs"].numpy().T
        corners = self._corner_normals[triangle]
        weights = np.stack([1 - u - v, u, v], axis=1)[:, None]
        normal = (weights @ corners)[:, 0].astype(np.float64)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        return self._top - distance.astype(np.float64) + self._middle[2], normal, mesh
