"""Skinned bodies: balls of flesh along the bones of a skeleton, meshed, coloured and weighted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Material, Mesh
from assets.skeleton import Skeleton, mirrored
from assets.solids import Ball, Field, simplified

Painter = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]], NDArray[np.float64]]
"""(vertices (V, 3), normals (V, 3), index of the nearest bit of flesh (V,)) -> sRGB colours (V, 3) in [0, 1]."""


@dataclass(frozen=True)
class Bit:
    """One ball of flesh.

    Attributes:
        bone: whose motion it follows.
        ball: its shape, rest pose.
        kind: what it is for the painter (``fur``, ``belly``, ``ear``, ``shirt``, ...).
    """

    bone: str
    ball: Ball
    kind: str


def both_sides(bits: list[Bit]) -> list[Bit]:
    """The bits, each one of a ``.L`` bone or off the middle plane followed by its mirror image."""
    result: list[Bit] = []
    for bit in bits:
        result.append(bit)
        (ax, ay, az), (bx, by, bz) = bit.ball.start, bit.ball.end
        if ay or by:
            twin = replace(bit.ball, start=(ax, -ay, az), end=(bx, -by, bz))
            result.append(Bit(mirrored(bit.bone), twin, bit.kind))
    return result


def skinned_levels(
    skeleton: Skeleton,
    bits: list[Bit],
    painter: Painter,
    material: Material,
    *,
    step: float,
    triangles: tuple[int, ...],
    floor: float | None = None,
    details: tuple[Bit, ...] = (),
    detail_material: Material | None = None,
) -> tuple[Mesh, ...]:
    """Levels of detail of a body, finest first, all weighted to the same bones (at most four a vertex).

    Args:
        skeleton: whose bones the bits name.
        bits: the flesh, laid down in this order.
        painter: colours the vertices.
        material: of the flesh.
        step: [m], grid on which the flesh is meshed.
        triangles: budget of each level.
        floor: height [m] at which the flesh is cut off flat (a hem, a cuff); None leaves it whole.
        details: small hard balls (eyes, a nose) kept apart from the flesh, in the finer levels only.
        detail_material: of the details.
    """
    field = Field.of_balls([bit.ball for bit in bits], step)
    if floor is not None:
        field = field.above(floor)
    vertices, faces = field.mesh()
    bones = np.array([skeleton.index(bit.bone) for bit in bits])
    finest: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    levels = []
    for number, budget in enumerate(triangles):
        vertices, faces = simplified(vertices, faces, budget)
        normals = field.gradient(vertices)
        distances = np.stack([bit.ball.distance(vertices) for bit in bits], axis=1)
        nearest = distances.argmin(axis=1)
        colors = painter(vertices, normals, nearest)
        if finest is None:
            weights = _diffused(np.eye(len(skeleton.names))[bones[nearest]], faces, rounds=10)
            finest = vertices, weights
        else:
            from scipy.spatial import cKDTree  # slow to import; models in the cache need none of it

            _, index = cKDTree(finest[0]).query(vertices, k=3)
            weights = finest[1][index].mean(axis=1)
        mesh = _assembled(vertices, normals, faces, colors, weights, material)
        if number + 1 < len(triangles) or len(triangles) == 1:
            for detail in details:
                mesh = _with_detail(mesh, detail, skeleton.index(detail.bone), painter, detail_material or material)
        levels.append(mesh)
    return tuple(levels)


def joined(meshes: list[Mesh]) -> Mesh:
    """One skinned mesh of several over the same bones."""
    listed: list[Material] = []
    for mesh in meshes:
        listed += [material for material in mesh.materials if material not in listed]
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    tables = [np.array([listed.index(m) for m in mesh.materials], dtype=np.uint8) for mesh in meshes]
    return Mesh(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        normals=np.concatenate([mesh.normals for mesh in meshes]),
        faces=np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]).astype(np.int32),
        face_materials=np.concatenate([t[mesh.face_materials] for t, mesh in zip(tables, meshes, strict=True)]),
        materials=tuple(listed),
        uvs=np.concatenate([mesh.uvs for mesh in meshes]),
        colors=np.concatenate([mesh.colors for mesh in meshes]),
        bone_indices=np.concatenate([mesh.bone_indices for mesh in meshes if mesh.bone_indices is not None]),
        bone_weights=np.concatenate([mesh.bone_weights for mesh in meshes if mesh.bone_weights is not None]),
    )


def _diffused(weights: NDArray[np.float64], faces: NDArray[np.int32], rounds: int) -> NDArray[np.float64]:
    """Weights (V, B) after ``rounds`` of averaging along edges, so that joints bend softly."""
    from scipy import sparse

    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    count = len(weights)
    near = sparse.coo_matrix((np.ones(2 * len(edges)), (edges.T.ravel(), edges[:, ::-1].T.ravel())), (count, count))
    near = near.tocsr()
    near.data[:] = 1.0
    average = sparse.diags(1.0 / np.maximum(np.asarray(near.sum(axis=1)).ravel(), 1.0)) @ near
    for _ in range(rounds):
        weights = 0.4 * weights + 0.6 * (average @ weights)
    return weights


def _assembled(
    vertices: NDArray[np.float64],
    normals: NDArray[np.float64],
    faces: NDArray[np.int32],
    colors: NDArray[np.float64],
    weights: NDArray[np.float64],
    material: Material,
) -> Mesh:
    strongest = np.argsort(-weights, axis=1, kind="stable")[:, :4]
    share = np.take_along_axis(weights, strongest, axis=1)
    share /= share.sum(axis=1, keepdims=True)
    return Mesh(
        vertices=vertices.astype(np.float32),
        normals=normals.astype(np.float32),
        faces=faces.astype(np.int32),
        face_materials=np.zeros(len(faces), dtype=np.uint8),
        materials=(material,),
        uvs=vertices[:, [0, 2]].astype(np.float32),
        colors=(np.clip(colors, 0, 1) * 255 + 0.5).astype(np.uint8),
        bone_indices=strongest.astype(np.uint8),
        bone_weights=share.astype(np.float32),
    )


def _with_detail(mesh: Mesh, detail: Bit, bone: int, painter: Painter, material: Material) -> Mesh:
    """The mesh with a small round ball added that follows one bone."""
    ball = detail.ball
    directions, faces = _icosphere()
    center = (np.asarray(ball.start) + np.asarray(ball.end)) / 2
    vertices = center + directions * np.array([1.0, ball.flat, 1.0]) * ball.radii[0]
    count = len(vertices)
    colors = painter(vertices, directions, np.full(count, -1))
    materials = mesh.materials if material in mesh.materials else (*mesh.materials, material)
    assert mesh.bone_indices is not None and mesh.bone_weights is not None
    return Mesh(
        vertices=np.concatenate([mesh.vertices, vertices.astype(np.float32)]),
        normals=np.concatenate([mesh.normals, directions.astype(np.float32)]),
        faces=np.concatenate([mesh.faces, faces + len(mesh.vertices)]).astype(np.int32),
        face_materials=np.concatenate(
            [mesh.face_materials, np.full(len(faces), materials.index(material), dtype=np.uint8)]
        ),
        materials=materials,
        uvs=np.concatenate([mesh.uvs, vertices[:, [0, 2]].astype(np.float32)]),
        colors=np.concatenate([mesh.colors, (np.clip(colors, 0, 1) * 255 + 0.5).astype(np.uint8)]),
        bone_indices=np.concatenate([mesh.bone_indices, np.full((count, 4), bone, dtype=np.uint8)]),
        bone_weights=np.concatenate([mesh.bone_weights, np.tile(np.array([1, 0, 0, 0], dtype=np.float32), (count, 1))]),
    )


def _icosphere() -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Unit sphere of 80 triangles."""
    import trimesh

    sphere = trimesh.creation.icosphere(subdivisions=1)
    return np.asarray(sphere.vertices), np.asarray(sphere.faces).astype(np.int32)
