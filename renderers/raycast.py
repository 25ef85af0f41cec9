"""LiDAR, radar and lines of sight: rays against the scene through Embree.

The still level is one tree for each place that rays start from. Every moving mesh has a tree in its own frame, built
once; rays are moved into that frame at the pose that the body has when the ray is fired, which gives exact
rolling-shutter sweeps and rebuilds nothing.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from assets.mesh import Mesh
from renderers import bounds
from renderers.rays import Surfaces, Tree, mesh_tree
from renderers.scene import Hits, Instance, Placement, Scene
from renderers.still import SURE, Still

SKINNED_TRIANGLES = 6_000
"""Skinned meshes, whose tree is rebuilt each tick, use the finest level of detail with at most so many triangles."""


class RayCaster:
    """Rays against a scene. ``update`` once a tick, then ``cast`` as often as wanted."""

    def __init__(self) -> None:
        self._static_key: tuple[Placement, ...] | None = None
        self._static = Still(())
        self._skins: dict[tuple[Mesh, int], Surfaces] = {}
        self._rigid: dict[tuple[Mesh, int], Tree] = {}
        self._bodies: list[list[_Body]] = []
        self._shapes = bounds.BodyBounds()

    def update(self, scene: Scene) -> None:
        """Takes over the scene's state: the static tree when it is another level, new meshes, poses, skins."""
        if scene.static is not self._static_key:
            self._static_key, self._static = scene.static, Still(scene.static)
        bodies = [_Body(instance, self._tree(instance), self._shapes) for instance in scene.bodies]
        bodies.sort(key=lambda body: body.object_id)
        self._bodies = [list(group) for _, group in groupby(bodies, key=lambda body: body.object_id)]

    def cast(
        self,
        origins: NDArray[np.floating],
        directions: NDArray[np.floating],
        fraction: NDArray[np.floating],
        farthest: float = np.inf,
    ) -> Hits:
        """What rays (N, 3) [m], (N, 3) unit, fired at ``fraction`` (N,) of the tick, meet first.

        World frame. 0 is the previous pose, 1 the current one; a skinned body keeps its current pose of the limbs and
        moves as a whole. What lies beyond ``farthest`` [m] may be missed. Raises ValueError on shapes that do not fit.
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
        self._cast_still(rays, hits, farthest)
        for group, near in zip(self._bodies, _near(self._bodies, rays, hits.distance), strict=True):
            for body in group:
                body.cast(np.asarray(origins), rays, np.asarray(fraction), near, hits)
        return hits

    def _cast_still(self, rays: NDArray[np.float32], hits: Hits, farthest: float) -> None:
        east, north = self._static.squares(rays)
        pending = np.arange(len(rays))
        while len(pending):  # mostly once: one scanner's rays start within one square
            key = int(east[pending[0]]), int(north[pending[0]])
            same = (east[pending] == key[0]) & (north[pending] == key[1])
            mine = pending if same.all() else pending[same]
            pending = pending[~same]
            tree = self._static.near(key)
            if tree is not None:
                _merge(hits, mine, 0, tree, *tree.cast(rays if len(mine) == len(rays) else rays[mine]))
        beyond = np.flatnonzero(hits.distance > SURE)
        far = self._static.far() if farthest > SURE and len(beyond) else None
        if far is not None:
            distance, row, cosine = far.cast(rays[beyond], SURE)
            _merge(hits, beyond, 0, far, distance, row, cosine)

    def _tree(self, instance: Instance) -> Tree:
        if instance.bones is not None:
            mesh = next((m for m in instance.lods if len(m.faces) <= SKINNED_TRIANGLES), instance.lods[-1])
            key = mesh, int(instance.tag)
            if key not in self._skins:
                self._skins[key] = Surfaces([key])
            return mesh_tree(mesh, mesh.posed(instance.bones), self._skins[key])
        key = instance.lods[0], int(instance.tag)
        if key not in self._rigid:
            self._rigid[key] = mesh_tree(key[0], key[0].vertices, Surfaces([key]))
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
        axes = self._axes.T.astype(np.float32)
        origin = axes @ (rays[:, :3] - self.center.astype(np.float32)).T
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1 / (axes @ rays[:, 3:].T)
            low = (self._low.astype(np.float32)[:, None] - origin) * inverse
            high = (self._high.astype(np.float32)[:, None] - origin) * inverse
        enter, leave = np.fmin(low, high).max(0), np.fmax(low, high).min(0)
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
    row: NDArray[np.int32],
    cosine: NDArray[np.float32],
) -> None:
    """Enters those hits of rays ``where`` that are nearer than what is known."""
    nearer = np.flatnonzero(distance < hits.distance[where])
    where, row = where[nearer], row[nearer]
    hits.distance[where], hits.cos_incidence[where] = distance[nearer], cosine[nearer]
    hits.object_id[where] = object_id
    hits.tag[where], hits.reflectance[where] = tree.surfaces.tags[row], tree.surfaces.reflectances[row]


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
