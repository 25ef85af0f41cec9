"""Kerbstones with a face, a rounded edge and a top; the plain edges of raised pavement; walls along roads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from assets import ground
from assets.mesh import Material
from assets.pieces import Piece, grid_faces
from simulator.world.opendrive import Road
from simulator.world.paving import KERB

Array = NDArray[np.float64]

WIDTH = 0.15
"""Metres, of the stone's top."""

_BATTER, _ROUND = 0.012, 0.03
"""Metres by which the face leans back, and of the rounded edge (e.g. EN 1340, type with a chamfered edge)."""

_BURIED = 0.06


def kerb(
    road: Road, s: Array, t: Array, lift: Array, inward: Array, drop: float, tone: Callable[[Array, float], Array]
) -> Piece:
    """A kerbstone along ``t`` (N,) at ``s`` (N,): its top lies ``lift`` (N,) above the road and reaches ``inward``
    (N,) [m, signed] from there; the road beside it lies ``drop`` m below."""
    sign = np.sign(inward.sum() or 1.0)
    width = np.abs(inward)[:, None]
    rounding = min(_ROUND, drop / 2)
    aside = np.minimum(np.array([0.0, _BATTER, _BATTER + rounding, WIDTH]), np.maximum(width, 1e-4))
    down = np.array([-drop - _BURIED, -rounding, 0.0, 0.0])
    count = aside.shape[1]
    vertices, up = road.points(np.repeat(s, count), (t[:, None] + sign * aside).ravel())
    vertices[:, 2] += (lift[:, None] + down).ravel()
    _, _, heading = road.reference(s)
    outward = -sign * np.stack([-np.sin(heading), np.cos(heading), np.zeros_like(s)], -1)
    normals = up.reshape(-1, count, 3).copy()
    normals[:, :2] = outward[:, None]
    faces = grid_faces(len(s), count)
    faces = faces if sign > 0 else faces[:, ::-1]
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(vertices[::count], axis=0), axis=1))])
    v = np.array([-drop, 0.0, 0.02, WIDTH])
    uvs = np.stack(np.broadcast_arrays(along[:, None], v), -1).reshape(-1, 2) / ground.PLANE_TILE
    shade = tone(vertices, 255.0).reshape(-1, count, 3) * np.array([0.8, 0.97, 1.0, 1.0])[:, None]  # dirt at the foot
    return Piece(vertices, faces, normals.reshape(-1, 3), uvs, shade.reshape(-1, 3), ground.kerbstone())


def ridge(
    road: Road, s: Array, t: Array, lift: Array, sign: float, tone: Callable[[Array, float], Array]
) -> Iterator[Piece]:
    """A kerbstone beyond a road's edge at ``t`` (N,), with land behind it; ``sign`` is 1 on the right of the road."""
    yield kerb(road, s, t, lift + KERB, np.full(len(s), -sign * WIDTH), KERB, tone)
    back, _ = road.points(s, t - sign * WIDTH)
    back[:, 2] += lift + KERB
    yield edging(back, -sign, tone, KERB + 0.25, ground.kerbstone())


def edging(
    edge: Array,
    outward: float,
    tone: Callable[[Array, float], Array],
    depth: float = 0.35,
    material: Material | None = None,
) -> Piece:
    """An upright face under ``edge`` (N, 3), of concrete unless told otherwise; ``outward`` is 1 when it looks to the
    left of the edge's direction."""
    along = np.gradient(edge, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0], np.zeros(len(edge))], -1) * outward
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    vertices = np.stack([edge, edge - [0, 0, depth]], 1).reshape(-1, 3)
    faces = grid_faces(len(edge), 2)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(edge, axis=0), axis=1))])
    uvs = np.stack(np.broadcast_arrays(length[:, None], [[0.5, 0.5 - depth]]), -1).reshape(-1, 2) / ground.PLANE_TILE
    faces = faces if outward > 0 else faces[:, ::-1]
    return Piece(
        vertices, faces, np.repeat(normal, 2, axis=0), uvs, tone(vertices, 235.0), material or ground.concrete()
    )


def skirt(piece: Piece, depth: float = 0.35) -> Piece:
    """An upright face all around a surface, under its border, so that no slit shows where the land lies lower."""
    edges = np.concatenate([piece.faces[:, [0, 1]], piece.faces[:, [1, 2]], piece.faces[:, [2, 0]]])
    _, first, times = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
    start, end = (piece.vertices[edges[first[times == 1], k]] for k in (0, 1))
    down = np.array([0.0, 0.0, depth])
    vertices = np.stack([start, end, end - down, start - down], 1).reshape(-1, 3)
    along = end - start
    normals = np.stack([along[:, 1], -along[:, 0], np.zeros(len(along))], -1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    faces = (np.arange(len(start))[:, None, None] * 4 + np.array([[0, 3, 2], [0, 2, 1]])).reshape(-1, 3)
    length = np.linalg.norm(along, axis=1)
    u = np.stack([np.zeros_like(length), length, length, np.zeros_like(length)], 1).ravel()
    uvs = np.stack([u, np.tile([0.0, 0.0, depth, depth], len(start))], -1) / ground.PLANE_TILE
    colors = np.full((len(vertices), 3), 200.0)
    return Piece(vertices, faces, np.repeat(normals, 4, axis=0), uvs, colors, piece.material)
