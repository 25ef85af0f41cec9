"""Bounding spheres and boxes of meshes, also of skinned ones without posing their vertices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Mesh
from renderers.scene import Instance

_CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float64)


def corners(low: NDArray[np.floating], high: NDArray[np.floating]) -> NDArray[np.float64]:
    """The (..., 8, 3) corners of boxes given by their (..., 3) lower and upper ends."""
    return low[..., None, :] + (high - low)[..., None, :] * _CORNERS


def sphere(meshes: Sequence[Mesh]) -> tuple[NDArray[np.float64], float]:
    """Centre (3,) and radius [m] of a sphere around the rest pose of all ``meshes``; radius 0 without vertices."""
    filled = [m.vertices for m in meshes if len(m.vertices)]
    if not filled:
        return np.zeros(3), 0.0
    low, high = np.min([v.min(0) for v in filled], 0), np.max([v.max(0) for v in filled], 0)
    center = (low.astype(np.float64) + high) / 2
    return center, max(float(np.sqrt(((v - center) ** 2).sum(1).max())) for v in filled)


def largest_scale(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper bound (N,) of how much (N, 3, 3) matrices stretch; exact for a rotation times a scale along each axis."""
    gram = np.abs(np.einsum("nki,nkj->nij", matrices, matrices))
    return np.sqrt(gram.sum(2).max(1))


class BodyBounds:
    """Boxes around moving meshes, kept by the identity of the mesh."""

    def __init__(self) -> None:
        self._boxes: dict[Mesh, tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]] = {}

    def points(self, instance: Instance, mesh: Mesh, bones: NDArray[np.float32] | None) -> NDArray[np.float64]:
        """Points (K, 3) [m] in the mesh's frame whose convex hull holds ``mesh`` posed by ``bones``.

        A skinned vertex is a convex combination of the places where its bones would carry it, so the corners of each
        bone's box of vertices, carried by that bone, are enough.
        """
        if mesh not in self._boxes:
            self._boxes[mesh] = _boxes(mesh)
        low, high, bone = self._boxes[mesh]
        box = corners(low, high)
        if bones is None or mesh.bone_indices is None:
            return box.reshape(-1, 3)
        matrices = bones[bone].astype(np.float64)
        return (np.einsum("bij,bcj->bci", matrices[:, :3, :3], box) + matrices[:, None, :3, 3]).reshape(-1, 3)


def _boxes(mesh: Mesh) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Lower and upper ends (K, 3) and bones (K,) of the boxes around each bone's vertices; one box for a rigid mesh."""
    vertices = mesh.vertices.astype(np.float64)
    if mesh.bone_indices is None or mesh.bone_weights is None:
        return vertices.min(0)[None], vertices.max(0)[None], np.zeros(1, np.int64)
    used = mesh.bone_weights > 0
    corner = np.broadcast_to(vertices[:, None], (*used.shape, 3))[used]
    bone = mesh.bone_indices[used].astype(np.int64)
    count = int(bone.max()) + 1
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    np.minimum.at(low, bone, corner)
    np.maximum.at(high, bone, corner)
    present = np.flatnonzero(np.isfinite(low[:, 0]))
    return low[present], high[present], present
