"""Scenes small enough to know their answer by heart."""

from __future__ import annotations

import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.mesh import Material, Mesh, Texture
from assets.tags import Tag
from renderers.scene import Instance, Pinhole, Placement, Scene

CAMERA = Pinhole(320, 160, 200.0, 190.0, 150.5, 70.25)
GREY = Material("grey", (0.4, 0.4, 0.4))


def mesh_of(shape: trimesh.Trimesh, material: Material = GREY) -> Mesh:
    """A flat-shaded mesh; uv is the vertex's x and y."""
    vertices = shape.vertices[shape.faces].reshape(-1, 3).astype(np.float32)
    faces = np.arange(len(vertices), dtype=np.int32).reshape(-1, 3)
    return Mesh(
        vertices=vertices,
        normals=np.repeat(shape.face_normals, 3, axis=0).astype(np.float32),
        faces=faces,
        face_materials=np.zeros(len(faces), np.uint8),
        materials=(material,),
        uvs=np.ascontiguousarray(vertices[:, :2]),
        colors=np.full((len(vertices), 3), 255, np.uint8),
    )


def box(size: tuple[float, float, float], material: Material = GREY) -> Mesh:
    return mesh_of(trimesh.creation.box(size), material)


def ball(radius: float, detail: int) -> Mesh:
    return mesh_of(trimesh.creation.icosphere(detail, radius))


def plane(half: float, cells: int, material: Material = GREY) -> Mesh:
    """A square of two triangles a cell, facing up."""
    line = np.linspace(-half, half, cells + 1)
    x, y = np.meshgrid(line, line, indexing="ij")
    vertices = np.stack((x.ravel(), y.ravel(), np.zeros(x.size)), axis=1)
    i = np.arange(cells * cells)
    a = (i // cells) * (cells + 1) + i % cells
    faces = np.concatenate((np.stack((a, a + cells + 1, a + cells + 2), 1), np.stack((a, a + cells + 2, a + 1), 1)))
    return mesh_of(trimesh.Trimesh(vertices, faces, process=False), material)


def skinned_strip() -> Mesh:
    """An upright column of two bones that meet at 1 m."""
    shape = trimesh.creation.box((0.4, 0.4, 2.0)).subdivide().subdivide()
    rigid = mesh_of(shape.apply_translation((0, 0, 1.0)))
    share = np.clip(rigid.vertices[:, 2] - 0.5, 0, 1)
    weights = np.zeros((len(share), 4), np.float32)
    weights[:, 0], weights[:, 1] = 1 - share, share
    indices = np.zeros((len(share), 4), np.uint8)
    indices[:, 1] = 1
    return Mesh(
        rigid.vertices,
        rigid.normals,
        rigid.faces,
        rigid.face_materials,
        rigid.materials,
        rigid.uvs,
        rigid.colors,
        indices,
        weights,
    )


def bent(angle: float) -> NDArray[np.float32]:
    """Bones of the strip, its upper half leaning towards +y about 1 m."""
    bones = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
    c, s = np.cos(angle), np.sin(angle)
    bones[1, 1:3, 1:3] = [[c, s], [-s, c]]
    bones[1, :3, 3] = np.array([0, 0, 1]) - bones[1, :3, :3] @ np.array([0, 0, 1])
    return bones


def leaf() -> Material:
    """Left half of every tile of one metre is a hole."""
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[:, :32, 3] = 0
    return Material("leaf", (0.1, 0.4, 0.1), double_sided=True, alpha_cutoff=0.5, texture=Texture(pixels))


def pose(x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw: float = 0.0) -> NDArray[np.float64]:
    matrix = np.eye(4)
    c, s = np.cos(yaw), np.sin(yaw)
    matrix[:2, :2] = [[c, -s], [s, c]]
    matrix[:3, 3] = x, y, z
    return matrix


def looking(
    x: float = 0.0, y: float = 0.0, z: float = 1.65, yaw: float = 0.0, pitch: float = 0.0
) -> NDArray[np.float64]:
    """``world_from_camera`` of a camera looking along ``yaw`` from east and ``pitch`` upwards."""
    forward = np.array([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), np.sin(pitch)])
    right = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack((right, np.cross(forward, right), forward), axis=1)
    matrix[:3, 3] = x, y, z
    return matrix


def body(
    mesh: Mesh,
    world: NDArray[np.float64],
    object_id: int,
    tag: Tag = Tag.CAR,
    previous: NDArray[np.float64] | None = None,
) -> Instance:
    return Instance((mesh,), world, world if previous is None else previous, object_id, tag)


def street_scene() -> Scene:
    """Ground, a row of posts, a fence of leaves, three cars of which one is partly hidden, and a bent column."""
    posts = np.stack([pose(6 + 5 * i, 4 if i % 2 else -4, 1.5) for i in range(20)])
    fence = np.eye(4)[None].copy()
    fence[0, :3, :3] = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    fence[0, :3, 3] = 14.0, 5.0, 1.5
    still = (
        Placement((plane(300, 60),), np.eye(4)[None], Tag.GROUND),
        Placement((box((0.3, 0.3, 3.0)),), posts, Tag.POLES),
        Placement((plane(1.5, 1, leaf()),), fence, Tag.VEGETATION),
    )
    column = skinned_strip()
    bodies = [
        body(box((4.0, 1.8, 1.4)), pose(9, -0.5, 0.7, 0.2), 7, previous=pose(8.5, -0.5, 0.7, 0.1)),
        body(box((4.0, 1.8, 1.4)), pose(16, 0.6, 0.7), 4_000_000_000, Tag.TRUCK),
        body(ball(0.8, 3), pose(12, 2.8, 0.8), 12, Tag.DYNAMIC),
        Instance((column,), pose(7, 1.8, 0), pose(7, 1.8, 0), 13, Tag.PEDESTRIANS, bent(0.6), bent(0.3)),
    ]
    return Scene(still, bodies)


def pixel_rays(camera: Pinhole, world_from_camera: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Origins (N, 3), unit directions (N, 3) of the pixels' centres, and each ray's length at unit depth (N,)."""
    v, u = np.mgrid[: camera.height, : camera.width].reshape(2, -1)
    local = np.stack(((u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones(u.size)), axis=1)
    length = np.linalg.norm(local, axis=1)
    directions = (local / length[:, None]) @ world_from_camera[:3, :3].T
    return np.broadcast_to(world_from_camera[:3, 3], directions.shape), directions, length


def project(
    camera: Pinhole, world_from_camera: NDArray[np.float64], points: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Pixels (N, 2) of world points (N, 3)."""
    local = (points - world_from_camera[:3, 3]) @ world_from_camera[:3, :3]
    return local[:, :2] / local[:, 2:] * (camera.fx, camera.fy) + (camera.cx, camera.cy)


def away_from_edges(labels: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Pixels whose eight neighbours carry the same label."""
    same = np.zeros(labels.shape, bool)
    middle = labels[1:-1, 1:-1]
    same[1:-1, 1:-1] = np.all(
        [
            labels[1 + dy : labels.shape[0] - 1 + dy, 1 + dx : labels.shape[1] - 1 + dx] == middle
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
        ],
        axis=0,
    )
    return same
