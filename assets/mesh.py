"""Triangle meshes, materials and textures: the form in which all content is handed to the renderers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Texture:
    """A picture that repeats over uv in [0, 1).

    Attributes:
        pixels: (H, W, 4) uint8, sRGB colour and linear alpha; H and W are powers of two, row 0 is v = 0.
    """

    pixels: NDArray[np.uint8]

    def __post_init__(self) -> None:
        height, width, channels = self.pixels.shape
        if self.pixels.dtype != np.uint8 or channels != 4 or height & (height - 1) or width & (width - 1):
            raise ValueError(f"texture must be (2^m, 2^n, 4) uint8, not {self.pixels.shape} {self.pixels.dtype}")


@dataclass(frozen=True, eq=False)
class Material:
    """A metallic-roughness surface.

    Attributes:
        base_color: linear RGB in [0, 1]; multiplied by the mesh's vertex colour and by the texture.
        roughness, metallic, clear_coat: in [0, 1].
        opacity: 1 is opaque; below 1 glass: drawn over what lies behind, but solid in all label targets.
        alpha_cutoff: texels with alpha below this are holes, in pictures, labels and rays; 0 is no test.
        double_sided: leaves and blades; everything else is closed and culled from behind.
        paint: whether an instance's ``tint`` multiplies the base colour.
        emission: linear RGB radiance, 1 is the radiance of a white diffuse surface in full sun.
        lamp: name of the lamp group that switches the emission (``low_beam``, ``brake``, ...); None is always on.
        lidar_reflectance: Lambertian reflectance at 905 nm in [0, 1]; above 1 is retro-reflective.
        texture: optional colour and alpha.
    """

    name: str
    base_color: tuple[float, float, float] = (0.5, 0.5, 0.5)
    roughness: float = 0.8
    metallic: float = 0.0
    clear_coat: float = 0.0
    opacity: float = 1.0
    alpha_cutoff: float = 0.0
    double_sided: bool = False
    paint: bool = False
    emission: tuple[float, float, float] = (0.0, 0.0, 0.0)
    lamp: str | None = None
    lidar_reflectance: float = 0.3
    texture: Texture | None = None


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles with materials, rigid or skinned. Identity is the key under which renderers keep it.

    Attributes:
        vertices: (V, 3) float32 [m], in the part's frame.
        normals: (V, 3) float32, unit.
        faces: (F, 3) int32, counter-clockwise seen from outside.
        face_materials: (F,) uint8, index into ``materials``.
        uvs: (V, 2) float32.
        colors: (V, 3) uint8, sRGB; multiplies the material (255 is neutral).
        bone_indices: (V, 4) uint8, or None for a rigid mesh.
        bone_weights: (V, 4) float32, rows sum to 1, or None for a rigid mesh.
    """

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    faces: NDArray[np.int32]
    face_materials: NDArray[np.uint8]
    materials: tuple[Material, ...]
    uvs: NDArray[np.float32]
    colors: NDArray[np.uint8]
    bone_indices: NDArray[np.uint8] | None = field(default=None)
    bone_weights: NDArray[np.float32] | None = field(default=None)

    def __post_init__(self) -> None:
        count = len(self.vertices)
        shapes: dict[str, tuple[NDArray[Any], tuple[int, ...], Any]] = {
            "vertices": (self.vertices, (count, 3), np.float32),
            "normals": (self.normals, (count, 3), np.float32),
            "uvs": (self.uvs, (count, 2), np.float32),
            "colors": (self.colors, (count, 3), np.uint8),
            "faces": (self.faces, (len(self.faces), 3), np.int32),
            "face_materials": (self.face_materials, (len(self.faces),), np.uint8),
        }
        if (self.bone_indices is None) != (self.bone_weights is None):
            raise ValueError("a skinned mesh needs both bone indices and bone weights")
        if self.bone_indices is not None and self.bone_weights is not None:
            shapes["bone_indices"] = (self.bone_indices, (count, 4), np.uint8)
            shapes["bone_weights"] = (self.bone_weights, (count, 4), np.float32)
        for name, (array, shape, dtype) in shapes.items():
            if array.shape != shape or array.dtype != dtype:
                raise ValueError(f"mesh {name} must be {shape} {np.dtype(dtype)}, not {array.shape} {array.dtype}")
        if len(self.faces) and (self.faces.min() < 0 or self.faces.max() >= count):
            raise ValueError("mesh faces name vertices that do not exist")
        if len(self.faces) and int(self.face_materials.max()) >= len(self.materials):
            raise ValueError("mesh faces name materials that do not exist")

    def posed(self, bones: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """Vertices (V, 3) float32 [m] after linear blend skinning with ``bones`` (B, 4, 4); None is the rest pose."""
        if bones is None or self.bone_indices is None or self.bone_weights is None:
            return self.vertices
        blended = np.einsum("vk,vkij->vij", self.bone_weights, bones[self.bone_indices][:, :, :3, :])
        return (np.einsum("vij,vj->vi", blended[:, :, :3], self.vertices) + blended[:, :, 3]).astype(np.float32)
