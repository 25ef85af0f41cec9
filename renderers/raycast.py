"""LiDAR, radar and lines of sight: rays against the scene through Embree.

The still level is one tree for each place that rays start from. Every moving mesh has a tree in its own frame, built
once; rays are moved into that frame at the pose that the body has when the ray is fired, which gives exact
rolling-shutter sweeps and rebuilds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
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
        self._bodies: list[_Body] = []
        self._shapes = bounds.BodyBounds()

    def update(self, scene: Scene) -> None:
        """Takes over the scene's state: the static tree when it is another level, new meshes, poses, skins."""
        if scene.static is not self._static_key:
            self._static_key, self._static = scene.static, Still(scene.static)
        parts = sorted(scene.bodies, key=lambda instance: instance.object_id)
        self._bodies = [
            _Body(object_id, [_Part(instance, self._tree(instance), self._shapes) for instance in group])
            for object_id, group in groupby(parts, key=lambda instance: instance.object_id)
        ]

    def warm_up(self, origin: NDArray[np.floating]) -> Iterator[None]:
        """Makes, one at a step, the still level's trees that the first cast from ``origin`` (3,) [m] would."""
        east, north = self._static.squares(origin[None])
        self._static.near((int(east[0]), int(north[0])))
        yield
        self._static.far()
        yield

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
        across = np.ascontiguousarray(rays.T)
        for body in self._bodies:
            body.cast(np.asarray(origins), rays, across, np.asarray(fraction), hits)
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


class _SweptBox:
    """A box about points (K, 3) [m], the ends of a part's way through the tick, along three axes (columns, unit).

    ``slack`` [m] is how far the way may bulge beyond its ends.
    """

    def __init__(self, points: NDArray[np.float64], axes: NDArray[np.float64], slack: float) -> None:
        center = (points.min(0) + points.max(0)) / 2
        along = (points - center) @ axes
        self._center, self._axes = center.astype(np.float32)[:, None], axes.T.astype(np.float32)
        self._low = (along.min(0) - slack - 1e-3).astype(np.float32)[:, None]
        self._high = (along.max(0) + slack + 1e-3).astype(np.float32)[:, None]

    def crossed(self, across: NDArray[np.float32], reach: NDArray[np.float32]) -> NDArray[np.int64]:
        """Which rays (6, N), as far as ``reach`` (N,), cross it (slabs; Kay and Kajiya 1986): (K,) ascending."""
        origin = self._axes @ (across[:3] - self._center)
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1 / (self._axes @ across[3:])
            low, high = (self._low - origin) * inverse, (self._high - origin) * inverse
        enter, leave = np.fmin(low, high).max(0), np.fmax(low, high).min(0)
        # Written so that what is not a number stays in.
        return np.flatnonzero(~(enter > np.minimum(leave, reach)) & ~(leave < 0))


class _Part:
    """One part of a moving body, with its way through the tick.

    Attributes:
        points: (K, 3) [m], of its hull at both ends of the way; axes: (3, 3), columns; slack: [m] that it may bulge.
    """

    def __init__(self, instance: Instance, tree: Tree, shapes: bounds.BodyBounds) -> None:
        self._tree = tree
        self._linear = instance.previous_world_from_mesh[:3, :3].astype(np.float64)
        self._start = instance.previous_world_from_mesh[:3, 3]
        self._move = instance.world_from_mesh[:3, 3] - self._start
        turn = instance.world_from_mesh[:3, :3] @ np.linalg.inv(self._linear)
        self._turn = Rotation.from_matrix(turn).as_rotvec()
        local = shapes.points(instance, instance.lods[0], instance.bones)
        ends = [local @ m[:3, :3].T + m[:3, 3] for m in (instance.previous_world_from_mesh, instance.world_from_mesh)]
        radius = float(np.linalg.norm(local, axis=1).max()) * float(bounds.largest_scale(self._linear[None])[0])
        self.points = np.concatenate(ends)
        # Along its axes half way through the tick. The arc of a point that turns by 0.5 rad rises 4 % of its radius;
        # what turns farther sweeps at most the sphere about its origin.
        self.axes = Rotation.from_rotvec(self._turn / 2).as_matrix() @ self._linear
        self.axes /= np.linalg.norm(self.axes, axis=0)
        self.slack = (0.04 if np.linalg.norm(self._turn) <= 0.5 else 2.0) * radius
        self._box = _SweptBox(self.points, self.axes, self.slack)

    def cast(
        self,
        object_id: int,
        origins: NDArray[np.floating],
        rays: NDArray[np.float32],
        fraction: NDArray[np.floating],
        near: NDArray[np.int64],
        across: NDArray[np.float32],
        hits: Hits,
    ) -> None:
        """Casts those of the rays ``near`` (K,), themselves ``across`` (6, K), that cross the swept box, and merges."""
        near = near[self._box.crossed(across, hits.distance[near])]
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
        _merge(hits, near, object_id, self._tree, *self._tree.cast(local))


class _Body:
    """The parts of one object, in a box about all of them."""

    def __init__(self, object_id: int, parts: list[_Part]) -> None:
        self._object_id, self._parts = object_id, parts
        points = np.concatenate([part.points for part in parts])
        self._box = _SweptBox(points, parts[0].axes, max(part.slack for part in parts))

    def cast(
        self,
        origins: NDArray[np.floating],
        rays: NDArray[np.float32],
        across: NDArray[np.float32],
        fraction: NDArray[np.floating],
        hits: Hits,
    ) -> None:
        """Casts those rays (N, 6), and the same ``across`` (6, N), that come near, and merges the hits."""
        near = self._box.crossed(across, hits.distance)
        if len(near):
            across = across[:, near]
            for part in self._parts:
                part.cast(self._object_id, origins, rays, fraction, near, across, hits)


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
