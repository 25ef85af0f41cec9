"""LiDAR, radar and lines of sight: rays against the scene through Embree.

The still level is one tree. Every moving mesh has a tree in its own frame, built once; rays are moved into that frame
at the pose that the body has when the ray is fired, which gives exact rolling-shutter sweeps and rebuilds nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import numpy as np
import open3d as o3d
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from assets.mesh import Mesh
from renderers import bounds
from renderers.holes import HoleTable
from renderers.scene import Hits, Instance, Placement, Scene

STATIC_TRIANGLES = 250_000
"""All copies of one thing may add so many triangles to the static tree before a coarser level of detail is taken."""
SKINNED_TRIANGLES = 6_000
"""Skinned meshes, whose tree is rebuilt each tick, use the finest level of detail with at most so many triangles."""
LAYERS = 12
"""How many holes in leaves a ray may pass before the next leaf counts as solid."""


class Tree:
    """Triangles that move as one, with what a hit on each tells.

    Attributes:
        tags: (F,) uint8. reflectances: (F,) float32.
    """

    def __init__(
        self,
        vertices: NDArray[np.float32],
        faces: NDArray[np.int32],
        tags: NDArray[np.uint8],
        reflectances: NDArray[np.float32],
        holes: HoleTable,
    ) -> None:
        self._scene = o3d.t.geometry.RaycastingScene()
        self._scene.add_triangles(
            o3d.core.Tensor.from_numpy(np.ascontiguousarray(vertices, np.float32)),
            o3d.core.Tensor.from_numpy(np.ascontiguousarray(faces, np.uint32)),
        )
        self.tags, self.reflectances, self._holes = tags, reflectances, holes
        self._nearest(np.array([[0, 0, 0, 0, 0, 1]], np.float32))  # Embree builds its tree on the first ray

    def cast(self, rays: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
        """Nearest solid hits of ``rays`` (N, 6), origin and direction: (N,) t (inf: none), faces, |cos incidence|."""
        distance, face, normal, uv = self._nearest(rays)
        pending = self._open(distance, face, uv)
        for _ in range(LAYERS):
            if not len(pending):
                break
            again = rays[pending].copy()
            passed = distance[pending] * (1 + 1e-5) + 1e-4
            again[:, :3] += again[:, 3:] * passed[:, None]
            further, face[pending], normal[pending], uv = self._nearest(again)
            distance[pending] = further + passed
            pending = pending[self._open(distance[pending], face[pending], uv)]
        cosine = np.abs(np.einsum("ni,ni->n", normal, rays[:, 3:]))
        length = np.sqrt(np.einsum("ni,ni->n", rays[:, 3:], rays[:, 3:]))
        return distance, face, np.minimum(cosine / np.maximum(length, 1e-12), 1.0).astype(np.float32)

    def _nearest(
        self, rays: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        answer = self._scene.cast_rays(o3d.core.Tensor.from_numpy(rays))
        face = answer["primitive_ids"].numpy().astype(np.int64)
        distance = answer["t_hit"].numpy()
        face[~np.isfinite(distance)] = 0
        return distance, face, answer["primitive_normals"].numpy(), answer["primitive_uvs"].numpy()

    def _open(
        self, distance: NDArray[np.float32], face: NDArray[np.int64], uv: NDArray[np.float32]
    ) -> NDArray[np.int64]:
        """Indices of the hits that fell into a hole."""
        return self._holes.pierced(np.flatnonzero(np.isfinite(distance)), face, uv)


class RayCaster:
    """Rays against a scene. ``update`` once a tick, then ``cast`` as often as wanted."""

    def __init__(self) -> None:
        self._static_key: tuple[Placement, ...] | None = None
        self._static: Tree | None = None
        self._rigid: dict[tuple[Mesh, int], Tree] = {}
        self._bodies: list[list[_Body]] = []
        self._shapes = bounds.BodyBounds()

    def update(self, scene: Scene) -> None:
        """Takes over the scene's state: the static tree when it is another level, new meshes, poses, skins."""
        if scene.static is not self._static_key:
            self._static_key, self._static = scene.static, _static_tree(scene.static)
        bodies = [_Body(instance, self._tree(instance), self._shapes) for instance in scene.bodies]
        bodies.sort(key=lambda body: body.object_id)
        self._bodies = [list(group) for _, group in groupby(bodies, key=lambda body: body.object_id)]

    def cast(
        self, origins: NDArray[np.floating], directions: NDArray[np.floating], fraction: NDArray[np.floating]
    ) -> Hits:
        """What rays (N, 3) [m], (N, 3) unit, fired at ``fraction`` (N,) of the tick, meet first.

        World frame. 0 is the previous pose, 1 the current one; a skinned body keeps its current pose of the limbs and
        moves as a whole. Raises ValueError on shapes that do not fit.
        """
        count = len(origins)
        if np.shape(origins) != (count, 3) or np.shape(directions) != (count, 3) or np.shape(fraction) != (count,):
            raise ValueError(
                f"rays must be (N, 3), (N, 3), (N,), not {np.shape(origins)}, {np.shape(directions)}, "
                f"{np.shape(fraction)}"
            )
        rays = np.concatenate((origins, directions), axis=1).astype(np.float32)
        hits = Hits(
            np.full(count, np.inf, np.float32),
            np.zeros(count, np.uint32),
            np.zeros(count, np.uint8),
            np.zeros(count, np.float32),
            np.zeros(count, np.float32),
        )
        if self._static is not None and count:
            _merge(hits, np.arange(count), 0, self._static, *self._static.cast(rays))
        for group, near in zip(self._bodies, _near(self._bodies, rays, hits.distance), strict=True):
            for body in group:
                body.cast(np.asarray(origins), rays, np.asarray(fraction), near, hits)
        return hits

    def _tree(self, instance: Instance) -> Tree:
        if instance.bones is not None:
            mesh = next((m for m in instance.lods if len(m.faces) <= SKINNED_TRIANGLES), instance.lods[-1])
            return _mesh_tree(mesh, mesh.posed(instance.bones), int(instance.tag))
        key = instance.lods[0], int(instance.tag)
        if key not in self._rigid:
            self._rigid[key] = _mesh_tree(key[0], key[0].vertices, key[1])
        return self._rigid[key]


class _Body:
    """One part of a moving body, with its way through the tick."""

    def __init__(self, instance: Instance, tree: Tree, shapes: bounds.BodyBounds) -> None:
        self.object_id, self._tree = instance.object_id, tree
        self._linear = instance.previous_world_from_mesh[:3, :3].astype(np.float64)
        self._start = instance.previous_world_from_mesh[:3, 3]
        self._move = instance.world_from_mesh[:3, 3] - self._start
        turn = instance.world_from_mesh[:3, :3] @ np.linalg.inv(self._linear)
        self._turn = Rotation.from_matrix(turn).as_rotvec()
        local = shapes.points(instance, instance.lods[0], instance.bones)
        ends = [local @ m[:3, :3].T + m[:3, 3] for m in (instance.previous_world_from_mesh, instance.world_from_mesh)]
        self._local_radius = float(np.linalg.norm(local, axis=1).max())
        scale = float(bounds.largest_scale(self._linear[None])[0])
        both = np.concatenate(ends)
        # A box about all that the body sweeps, along its axes half way through the tick.
        self._axes = Rotation.from_rotvec(self._turn / 2).as_matrix() @ self._linear
        self._axes /= np.linalg.norm(self._axes, axis=0)
        if np.linalg.norm(self._turn) > 0.5:  # turns far within the tick: all that its origin's sphere sweeps
            self.center = self._start + self._move / 2
            self.radius = self._local_radius * scale + float(np.linalg.norm(self._move)) / 2
            self._low, self._high = np.full(3, -self.radius), np.full(3, self.radius)
        else:
            self.center = (both.min(0) + both.max(0)) / 2
            sagitta = 0.04 * self._local_radius * scale  # of the arc that a point describes while turning 0.5 rad
            self.radius = float(np.linalg.norm(both - self.center, axis=1).max()) + sagitta
            along = (both - self.center) @ self._axes
            self._low, self._high = along.min(0) - sagitta - 1e-3, along.max(0) + sagitta + 1e-3

    def _crossing(self, rays: NDArray[np.float32], reach: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which rays (N, 6), as far as ``reach`` (N,), cross the swept box (slabs; Kay and Kajiya 1986)."""
        axes = self._axes.astype(np.float32)
        origin, direction = (rays[:, :3] - self.center.astype(np.float32)) @ axes, rays[:, 3:] @ axes
        with np.errstate(divide="ignore", invalid="ignore"):
            low = (self._low.astype(np.float32) - origin) / direction
            high = (self._high.astype(np.float32) - origin) / direction
        enter, leave = np.fmin(low, high).max(1), np.fmax(low, high).min(1)
        return ~(enter > np.minimum(leave, reach)) & ~(leave < 0)  # written so that what is not a number stays in

    def cast(
        self,
        origins: NDArray[np.floating],
        rays: NDArray[np.float32],
        fraction: NDArray[np.floating],
        near: NDArray[np.int64],
        hits: Hits,
    ) -> None:
        """Casts those of the rays ``near`` that pass the swept bounds, in the body's frame, and merges the hits."""
        if not len(near):
            return
        near = near[_touching(rays[near], self.center[None], np.array([self.radius]), hits.distance[near])[0]]
        near = near[self._crossing(rays[near], hits.distance[near])]
        if not len(near):
            return
        share = fraction[near].astype(np.float64)
        origin = origins[near] - (self._start + share[:, None] * self._move)
        direction = rays[near, 3:].astype(np.float64)
        if self._turn.any():
            back = Rotation.from_rotvec(-share[:, None] * self._turn)
            origin, direction = back.apply(origin), back.apply(direction)
        inverse = np.linalg.inv(self._linear).T
        local = np.concatenate((origin @ inverse, direction @ inverse), axis=1).astype(np.float32)
        _merge(hits, near, self.object_id, self._tree, *self._tree.cast(local))


def _merge(
    hits: Hits,
    where: NDArray[np.int64],
    object_id: int,
    tree: Tree,
    distance: NDArray[np.float32],
    face: NDArray[np.int64],
    cosine: NDArray[np.float32],
) -> None:
    """Enters those hits of rays ``where`` that are nearer than what is known."""
    nearer = distance < hits.distance[where]
    where, face = where[nearer], face[nearer]
    hits.distance[where], hits.cos_incidence[where] = distance[nearer], cosine[nearer]
    hits.object_id[where] = object_id
    hits.tag[where], hits.reflectance[where] = tree.tags[face], tree.reflectances[face]


def _touching(
    rays: NDArray[np.float32], centers: NDArray[np.float64], radii: NDArray[np.float64], reach: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Which of B spheres are touched by which rays (N, 6), as far as those ``reach`` (N,): (B, N)."""
    anchor = rays[0, :3]  # keeps float32 sharp far from the world's origin
    origin, direction = np.ascontiguousarray((rays[:, :3] - anchor).T), np.ascontiguousarray(rays[:, 3:].T)
    center = (centers - anchor).astype(np.float32)
    radius = (radii * 1.001 + 0.01).astype(np.float32)[:, None]
    along = center @ direction
    along -= (origin * direction).sum(0)
    square = center @ (-2 * origin)
    square += (origin * origin).sum(0)
    square += ((center * center).sum(1)[:, None] - radius**2) - along * along
    touching = square <= 0
    touching &= along >= -radius
    touching &= along <= reach + radius
    return touching


def _near(groups: list[list[_Body]], rays: NDArray[np.float32], reach: NDArray[np.float32]) -> list[NDArray[np.int64]]:
    """For each object, the rays that touch a sphere around the spheres of its parts."""
    if not groups or not len(rays):
        return [np.zeros(0, np.int64) for _ in groups]
    centers, radii = [], []
    for group in groups:
        center = np.mean([body.center for body in group], axis=0)
        centers.append(center)
        radii.append(max(float(np.linalg.norm(body.center - center)) + body.radius for body in group))
    touching = _touching(rays, np.array(centers), np.array(radii), reach)
    return [np.flatnonzero(row) for row in touching]


def _mesh_tree(mesh: Mesh, vertices: NDArray[np.float32], tag: int) -> Tree:
    return Tree(
        vertices, mesh.faces, np.full(len(mesh.faces), tag, np.uint8), _reflectances(mesh), HoleTable([(mesh, 1)])
    )


def _reflectances(mesh: Mesh) -> NDArray[np.float32]:
    return np.array([m.lidar_reflectance for m in mesh.materials], np.float32)[mesh.face_materials]


def _static_tree(placements: Sequence[Placement]) -> Tree | None:
    vertices, faces, tags, reflectances, meshes = [], [], [], [], []
    total = 0
    solid = [p for p in placements if p.solid and len(p.world_from_mesh)]
    crowd: Counter[Mesh] = Counter()  # towns come in tiles: a thing may be placed in many of them
    for placement in solid:
        crowd[placement.lods[0]] += len(placement.world_from_mesh)
    for placement in solid:
        copies, everywhere = len(placement.world_from_mesh), crowd[placement.lods[0]]
        fitting = (mesh for mesh in placement.lods if len(mesh.faces) * everywhere <= STATIC_TRIANGLES)
        mesh = next(fitting, placement.lods[-1])
        moved = np.einsum("nij,vj->nvi", placement.world_from_mesh[:, :3, :3], mesh.vertices)
        vertices.append((moved + placement.world_from_mesh[:, None, :3, 3]).reshape(-1, 3).astype(np.float32))
        starts = total + np.arange(copies) * len(mesh.vertices)
        faces.append((mesh.faces[None] + starts[:, None, None]).reshape(-1, 3))
        tags.append(np.full(copies * len(mesh.faces), placement.tag, np.uint8))
        reflectances.append(np.tile(_reflectances(mesh), copies))
        meshes.append((mesh, copies))
        total += copies * len(mesh.vertices)
    if not meshes:
        return None
    return Tree(
        np.concatenate(vertices),
        np.concatenate(faces),
        np.concatenate(tags),
        np.concatenate(reflectances),
        HoleTable(meshes),
    )
