"""Pieces of triangle meshes with one material each, and joining them into a mesh."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Material, Mesh
from assets.model import Model, Part
from assets.tags import Tag

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Piece:
    """Triangles of one material.

    Attributes:
        vertices: (V, 3) [m]; faces: (F, 3), counter-clockwise seen from outside.
        normals: (V, 3) unit; uvs: (V, 2); colors: (V, 3) in [0, 255], sRGB.
    """

    vertices: Array
    faces: Array
    normals: Array
    uvs: Array
    colors: Array
    material: Material

    def moved(self, matrix: Array) -> Piece:
        """The piece after a rigid motion or an even scaling ``matrix`` (4, 4)."""
        turned = self.normals @ matrix[:3, :3].T
        turned /= np.linalg.norm(turned, axis=1, keepdims=True)
        return replace(self, vertices=self.vertices @ matrix[:3, :3].T + matrix[:3, 3], normals=turned)


def join(pieces: Iterable[Piece]) -> Mesh:
    """One mesh of all pieces; pieces of the same material object share it."""
    held = list(pieces)
    materials = tuple(dict.fromkeys(piece.material for piece in held))
    offsets = np.cumsum([0, *(len(piece.vertices) for piece in held)])
    faces = [piece.faces + offset for piece, offset in zip(held, offsets, strict=False)]
    indices = [np.full(len(piece.faces), materials.index(piece.material)) for piece in held]
    return Mesh(
        vertices=np.concatenate([piece.vertices for piece in held]).astype(np.float32),
        normals=np.concatenate([piece.normals for piece in held]).astype(np.float32),
        faces=np.concatenate(faces).astype(np.int32),
        face_materials=np.concatenate(indices).astype(np.uint8),
        materials=materials,
        uvs=np.concatenate([piece.uvs for piece in held]).astype(np.float32),
        colors=np.concatenate([piece.colors for piece in held]).clip(0, 255).astype(np.uint8),
    )


def grid_faces(rows: int, columns: int) -> Array:
    """Triangles (F, 3) of a grid of rows x columns vertices, row by row; outside is rows x columns (right-handed)."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    a, b, c, d = corner, corner + columns, corner + columns + 1, corner + 1
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


def smooth_normals(vertices: Array, faces: Array) -> Array:
    """Unit vertex normals (V, 3), faces weighted by their area."""
    corners = vertices[faces]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    # each face's vector onto its three corners, as sums by index (np.add.at takes ten times as long)
    index, spread = faces.ravel(), np.repeat(face, 3, axis=0)
    normals = np.stack([np.bincount(index, spread[:, k], len(vertices)) for k in range(3)], -1)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 1e-12, normals / np.maximum(length, 1e-12), [0.0, 0.0, 1.0])


def tube(path: Array, radii: Array, sides: int, material: Material, colors: Array, repeat: float = 1.0) -> Piece:
    """A bent tapered tube through ``path`` (N, 3) [m] with ``radii`` (N,) [m]; ``colors`` (N, 3) or (3,).

    ``repeat``: metres of length per unit of v. The ends are open.
    """
    path = np.asarray(path, float)
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    helper = np.where(np.abs(tangent[:, 2:]) > 0.9, [[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]])
    first = np.cross(helper, tangent)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(tangent, first)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    normals = first[:, None] * np.cos(angle)[:, None] + second[:, None] * np.sin(angle)[:, None]
    vertices = path[:, None] + np.asarray(radii, float)[:, None, None] * normals
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]) / repeat
    uvs = np.stack(np.broadcast_arrays(angle / (2 * np.pi), along[:, None]), -1)
    colors = np.broadcast_to(np.asarray(colors, float).reshape(-1, 1, 3), vertices.shape)
    faces = grid_faces(len(path), sides + 1)[:, ::-1]
    return Piece(
        vertices.reshape(-1, 3), faces, normals.reshape(-1, 3), uvs.reshape(-1, 2), colors.reshape(-1, 3), material
    )


def box(
    size: tuple[float, float, float], center: tuple[float, float, float], material: Material, color: Array
) -> Piece:
    """An axis-aligned box of ``size`` [m] around ``center`` [m], every face with its own corners and uv in [0, 1]."""
    vertices, normals, uvs = [], [], []
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for sign in (1.0, -1.0):
            corner = np.zeros((4, 3))
            corner[:, axis], corner[:, u], corner[:, v] = sign / 2, square[:, 0] * sign, square[:, 1]
            vertices.append(corner * size + center)
            normals.append(np.tile(np.eye(3)[axis] * sign, (4, 1)))
            uvs.append(square + 0.5)
    faces = np.concatenate([np.array([[0, 1, 2], [0, 2, 3]]) + 4 * side for side in range(6)])
    colors = np.tile(np.asarray(color, float), (24, 1))
    return Piece(np.concatenate(vertices), faces, np.concatenate(normals), np.concatenate(uvs), colors, material)


def cards(
    centers: Array, across: Array, up: Array, normals: Array, colors: Array, cells: Array, material: Material
) -> Piece:
    """Leaves and blades: flat quads that show both sides, lit by the same normals from both.

    ``centers`` and half-axes ``across``, ``up`` (N, 3) [m]; shading ``normals`` and ``colors`` (N, 3);
    ``cells`` (N, 4): u0, v0, u1, v1 of each card's part of the texture. Every quad is there twice, wound both ways:
    one that is marked double-sided would be lit from below when seen from its back.
    """
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    vertices = centers[:, None] + across[:, None] * signs[:, :1] + up[:, None] * signs[:, 1:]
    uvs = np.stack([cells[:, [0, 2, 2, 0]], cells[:, [1, 1, 3, 3]]], -1)
    quad = np.array([[0, 1, 2], [0, 2, 3], [2, 1, 0], [3, 2, 0]])
    faces = (np.arange(len(centers))[:, None, None] * 4 + quad).reshape(-1, 3)
    repeated = [np.repeat(values, 4, axis=0) for values in (normals, colors)]
    return Piece(vertices.reshape(-1, 3), faces, repeated[0], uvs.reshape(-1, 2), repeated[1], material)


def rigid(name: str, category: str, lods: Iterable[Mesh], tag: Tag) -> Model:
    """A model of one rigid part named ``body``."""
    held = tuple(lods)
    low, high = held[0].vertices.min(axis=0).astype(float), held[0].vertices.max(axis=0).astype(float)
    length, width, height = (float(extent) for extent in high - low)
    x, y, z = (float(middle) for middle in (low + high) / 2)
    return Model(name, category, (Part("body", held, np.eye(4), tag),), (length, width, height), (x, y, z))
