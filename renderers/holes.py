"""Holes in leaves and fences for rays: the texture's alpha at the place of a hit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Material, Mesh


class HoleTable:
    """For the faces of a tree: which have an alpha test, with what texture, and where on it.

    ``meshes``: (mesh, number of copies) in the order of the tree's faces.
    """

    def __init__(self, meshes: Sequence[tuple[Mesh, int]]) -> None:
        materials: dict[Material, int] = {}
        self._material = np.concatenate([np.tile(_holed(mesh, materials), copies) for mesh, copies in meshes])
        self.any = bool(materials)
        if not self.any:
            return
        # Copies share their mesh's texture coordinates: a face knows its row among the faces of distinct meshes.
        starts = np.cumsum([0] + [len(mesh.faces) for mesh, _ in meshes])
        self._row = np.concatenate(
            [
                np.tile(np.arange(start, start + len(mesh.faces), dtype=np.int32), copies)
                for start, (mesh, copies) in zip(starts, meshes, strict=False)
            ]
        )
        self._uvs = np.concatenate([mesh.uvs[mesh.faces] for mesh, _ in meshes])
        planes = [material.texture.pixels[:, :, 3] for material in materials if material.texture is not None]
        self._shape = np.array([plane.shape for plane in planes])
        self._start = np.concatenate(([0], np.cumsum([plane.size for plane in planes])))[:-1]
        self._alpha = np.concatenate([plane.reshape(-1) for plane in planes])
        self._cutoff = np.array([material.alpha_cutoff * 255 for material in materials])

    def pierced(self, rays: NDArray[np.int64], face: NDArray[np.int64], uv: NDArray[np.float32]) -> NDArray[np.int64]:
        """Those of ``rays`` (K,), indices into ``face`` (N,) and barycentric ``uv`` (N, 2), whose hit is a hole."""
        if not self.any:
            return rays[:0]
        material = self._material[face[rays]]
        holed = np.flatnonzero(material >= 0)
        rays, material = rays[holed], material[holed].astype(np.int64)
        corner, weight = self._uvs[self._row[face[rays]]], uv[rays]
        place = (
            corner[:, 0] + weight[:, :1] * (corner[:, 1] - corner[:, 0]) + weight[:, 1:] * (corner[:, 2] - corner[:, 0])
        )
        return rays[self._sample(material, place) < self._cutoff[material]]

    def _sample(self, material: NDArray[np.int64], place: NDArray[np.float32]) -> NDArray[np.float64]:
        """Bilinear alpha (K,) in [0, 255] at texture coordinates (K, 2), as OpenGL filters it."""
        size = self._shape[material][:, ::-1]
        texel = place.astype(np.float64) * size - 0.5
        low = np.floor(texel).astype(np.int64)
        share = texel - low
        total = np.zeros(len(material))
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            x, y = (low[:, 0] + dx) % size[:, 0], (low[:, 1] + dy) % size[:, 1]
            weight = np.abs(1 - dx - share[:, 0]) * np.abs(1 - dy - share[:, 1])
            total += weight * self._alpha[self._start[material] + y * size[:, 0] + x]
        return total


def _holed(mesh: Mesh, materials: dict[Material, int]) -> NDArray[np.int16]:
    """Number (F,) of each face's material among those with holes, new ones added to ``materials``; -1 is solid."""
    numbers = [
        materials.setdefault(m, len(materials)) if m.texture is not None and m.alpha_cutoff > 0 else -1
        for m in mesh.materials
    ]
    return np.array(numbers, np.int16)[mesh.face_materials]
