"""Triangles for rays: Embree trees, with what a hit tells and what lets a ray through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import open3d as o3d
from numpy.typing import NDArray

from assets.mesh import Mesh
from renderers.holes import HoleTable

LAYERS = 64
"""How many holes, and things out of its reach, a ray may pass before the next counts as solid: a level ray skims a lot
of grass."""


class Surfaces:
    """What hits tell, a row for each face of each of some tagged meshes.

    Attributes:
        first: (M + 1,) int64, where each mesh's rows begin.
        tags: (R,) uint8. reflectances: (R,) float32.
        holes: which rows have holes.
    """

    def __init__(self, meshes: Sequence[tuple[Mesh, int]]) -> None:
        self.first = np.cumsum([0] + [len(mesh.faces) for mesh, _ in meshes])
        self.tags = np.repeat(np.array([tag for _, tag in meshes], np.uint8), np.diff(self.first))
        self.reflectances = np.concatenate(
            [np.array([m.lidar_reflectance for m in mesh.materials], np.float32)[mesh.face_materials]
             for mesh, _ in meshes]
        )  # fmt: skip
        self.holes = HoleTable([mesh for mesh, _ in meshes])


@dataclass(frozen=True, eq=False)
class Limits:
    """How far from a ray's origin faces are there at all.

    Attributes:
        center: (K, 3) float32 [m] of things; reach: (K,) float32 [m] of each; thing: (F,) int32, a face's.
    """

    center: NDArray[np.float32]
    reach: NDArray[np.float32]
    thing: NDArray[np.int32]

    def beyond(self, origins: NDArray[np.float32], face: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether faces (N,) are too far from ``origins`` (N, 3) to be met."""
        thing = self.thing[face]
        return ((self.center[thing] - origins) ** 2).sum(1) >= self.reach[thing] ** 2


class Tree:
    """Triangles that move as one: vertices (V, 3) [m], faces (F, 3), and each face's row (F,) in ``surfaces``."""

    def __init__(
        self,
        vertices: NDArray[np.float32],
        faces: NDArray[np.integer],
        surfaces: Surfaces,
        rows: NDArray[np.int32],
        limits: Limits | None = None,
    ) -> None:
        self._scene = o3d.t.geometry.RaycastingScene()
        self._scene.add_triangles(
            o3d.core.Tensor.from_numpy(np.ascontiguousarray(vertices, np.float32)),
            o3d.core.Tensor.from_numpy(np.ascontiguousarray(faces, np.uint32)),
        )
        self.surfaces, self._rows, self._limits = surfaces, rows, limits
        self._nearest(np.array([[0, 0, 0, 0, 0, 1]], np.float32))  # Embree builds its tree on the first ray

    def __len__(self) -> int:
        """The number of triangles."""
        return len(self._rows)

    def cast(
        self, rays: NDArray[np.float32], start: float = 0.0
    ) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]:
        """Nearest solid hits of ``rays`` (N, 6), origin and direction: (N,) t (inf: none), rows, |cos incidence|.

        What is nearer than t = ``start`` is passed over.
        """
        begun = rays
        if start:
            begun = rays.copy()
            begun[:, :3] += start * rays[:, 3:]
        distance, face, normal, uv = self._nearest(begun)
        distance += start
        pending = self._open(np.flatnonzero(np.isfinite(distance)), rays, face, uv)
        for _ in range(LAYERS):
            if not len(pending):
                break
            again = rays[pending]
            passed = distance[pending] * (1 + 1e-5) + 1e-4
            again[:, :3] += again[:, 3:] * passed[:, None]
            further, face[pending], normal[pending], uv[pending] = self._nearest(again)
            distance[pending] = further + passed
            pending = self._open(pending[np.isfinite(further)], rays, face, uv)
        cosine = np.abs(np.einsum("ni,ni->n", normal, rays[:, 3:]))
        length = np.sqrt(np.einsum("ni,ni->n", rays[:, 3:], rays[:, 3:]))
        return distance, self._rows[face], np.minimum(cosine / np.maximum(length, 1e-12), 1.0)

    def _nearest(
        self, rays: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        answer = self._scene.cast_rays(o3d.core.Tensor.from_numpy(np.ascontiguousarray(rays)))
        face = answer["primitive_ids"].numpy().astype(np.int64)
        distance = answer["t_hit"].numpy()
        face[~np.isfinite(distance)] = 0
        return distance, face, answer["primitive_normals"].numpy(), answer["primitive_uvs"].numpy()

    def _open(
        self, hit: NDArray[np.int64], rays: NDArray[np.float32], face: NDArray[np.int64], uv: NDArray[np.float32]
    ) -> NDArray[np.int64]:
        """Those of the rays ``hit`` (K,) that fell into a hole, or on what is too far from their origin to be there."""
        pierced = self.surfaces.holes.pierced(self._rows[face[hit]], uv, hit)
        if self._limits is not None:
            pierced |= self._limits.beyond(rays[hit, :3], face[hit])
        return hit[pierced]


def mesh_tree(mesh: Mesh, vertices: NDArray[np.float32], surfaces: Surfaces) -> Tree:
    """The tree of the one mesh of ``surfaces``, its vertices at ``vertices`` (V, 3)."""
    return Tree(vertices, mesh.faces, surfaces, np.arange(len(mesh.faces), dtype=np.int32))


def one_sided(mesh: Mesh) -> NDArray[np.int64]:
    """Faces (F',) of a mesh without the backs of leaf cards: rays hit both sides of a triangle."""
    return np.sort(np.unique(np.sort(mesh.faces, axis=1), axis=0, return_index=True)[1])
