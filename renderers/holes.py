"""Holes in leaves and fences for rays: the texture's alpha at the place of a hit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Material, Mesh


class HoleTable:
    """For the faces of ``meshes``, row after row: which have an alpha test, with what texture, and where on it."""

    def __init__(self, meshes: Sequence[Mesh]) -> None:
        materials: dict[Material, int] = {}
        self._material = np.concatenate([_holed(mesh, materials) for mesh in meshes])
        self.any = bool(materials)
        if not self.any:
            return
        self._uvs = np.concatenate([mesh.uvs[mesh.faces] for mesh in meshes]).astype(np.float32)
        planes = [material.texture.pixels[:, :, 3] for material in materials if material.texture is not None]
        self._shape = np.array([plane.shape for plane in planes], np.int32)
        self._start = np.concatenate(([0], np.cumsum([plane.size for plane in planes])))[:-1].astype(np.int32)
        self._alpha = np.concatenate([plane.reshape(-1) for plane in planes])
        self._cutoff = np.array([material.alpha_cutoff * 255 for material in materials], np.float32)

    def pierced(self, rows: NDArray[np.integer], uv: NDArray[np.float32], rays: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which hits on faces ``rows`` (K,) at the barycentric ``uv`` (N, 2) of their ``rays`` (K,) are holes: (K,)."""
        holes = np.zeros(len(rows), bool)
        if not self.any:
            return holes
        material = self._material[rows]
        holed = np.flatnonzero(material >= 0)
        material = material[holed].astype(np.int64)
        corner, weight = self._uvs[rows[holed]], uv[rays[holed]]
        place = (
            corner[:, 0] + weight[:, :1] * (corner[:, 1] - corner[:, 0]) + weight[:, 1:] * (corner[:, 2] - corner[:, 0])
        )
        holes[holed] = self._sample(material, place) < self._cutoff[material]
        return holes

    def _sample(self, material: NDArray[np.int64], place: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Alpha (K,) of the texel that holds the texture coordinates (K, 2), as the raster takes it."""
        height, width = self._shape[material].T
        column = ((place[:, 0] - np.floor(place[:, 0])) * width).astype(np.int32)
        row = ((place[:, 1] - np.floor(place[:, 1])) * height).astype(np.int32)
        return np.asarray(self._alpha[self._start[material] + row * width + column])


def _holed(mesh: Mesh, materials: dict[Material, int]) -> NDArray[np.int16]:
    """Number (F,) of each face's material among those with holes, new ones added to ``materials``; -1 is solid."""
    numbers = [
        materials.setdefault(m, len(materials)) if m.texture is not None and m.alpha_cutoff > 0 else -1
        for m in mesh.materials
    ]
    return np.array(numbers, np.int16)[mesh.face_materials]
