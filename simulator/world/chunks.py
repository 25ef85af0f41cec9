"""Pieces of meshes sorted into placements by where they lie, so that what is behind a camera is culled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Mesh
from assets.pieces import Piece, join
from assets.tags import Tag
from renderers.scene import Placement

CHUNK = 80.0
"""Metres of a cell, where nobody asks for another."""


def placed(mesh: Mesh, tag: Tag) -> Placement:
    """A mesh in world coordinates [m] as a placement about its own middle, where float32 is finer."""
    middle = np.round(mesh.vertices.astype(np.float64).mean(axis=0))
    return _about(middle, mesh, (mesh.vertices - middle).astype(np.float32), tag)


def _about(middle: NDArray[np.float64], mesh: Mesh, vertices: NDArray[np.float32], tag: Tag) -> Placement:
    local = Mesh(
        vertices, mesh.normals, mesh.faces, mesh.face_materials, mesh.materials, mesh.uvs, mesh.colors
    )  # fmt: skip
    world_from_mesh = np.eye(4)
    world_from_mesh[:3, 3] = middle
    return Placement((local,), world_from_mesh[None], tag)


def placements(pieces: Iterable[tuple[Tag, Piece]], size: float) -> tuple[Placement, ...]:
    """Pieces in world coordinates, cut along a grid of ``size`` [m] into one placement a cell and tag."""
    cells: dict[tuple[Tag, int, int], list[Piece]] = defaultdict(list)
    for tag, piece in pieces:
        if not len(piece.faces):
            continue
        cell = np.floor(piece.vertices[piece.faces][:, :, :2].mean(axis=1) / size).astype(np.int64)
        if (cell == cell[0]).all():
            cells[tag, int(cell[0, 0]), int(cell[0, 1])].append(piece)
            continue
        which, group = np.unique(cell, axis=0, return_inverse=True)
        for number, (east, north) in enumerate(which.tolist()):
            faces = piece.faces[group.ravel() == number]
            used, local = np.unique(faces, return_inverse=True)
            cells[tag, east, north].append(
                Piece(
                    piece.vertices[used], local.reshape(-1, 3), piece.normals[used], piece.uvs[used],
                    piece.colors[used], piece.material,
                )
            )  # fmt: skip
    made = []
    for (tag, east, north), parts in sorted(cells.items(), key=lambda item: item[0]):
        middle = np.round(np.array([(east + 0.5) * size, (north + 0.5) * size, parts[0].vertices[0, 2]]))
        mesh = join([Piece(p.vertices - middle, p.faces, p.normals, p.uvs, p.colors, p.material) for p in parts])
        made.append(_about(middle, mesh, mesh.vertices, tag))
    return tuple(made)
