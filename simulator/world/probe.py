"""Rays through the level and the bodies in it: where they first meet each thing, to double precision.

Every thing is tested triangle by triangle (Moeller and Trumbore 1997) once the ray crosses the sphere around it.
That is slower than a tree, and exact; it is for the few rays that clients ask for.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Mesh
from renderers import bounds, detail
from renderers.holes import HoleTable
from renderers.scene import Instance, Placement
from simulator.world.level import is_cover

Array = NDArray[np.float64]
Meeting = tuple[float, int]
"""Distance [m] and semantic tag."""


class Probe:
    """Rays against still placements, all at their finest level; grass lets them through, as it has no body."""

    def __init__(self, static: Iterable[Placement]) -> None:
        self.static = static
        self._placements = [p for p in static if p.solid and len(p.world_from_mesh) and not is_cover(p)]
        around = [detail.spheres(placement) for placement in self._placements]
        self._center = np.concatenate([np.zeros((0, 3)), *(center for center, _ in around)])
        self._radius = np.concatenate([np.zeros(0), *(radius for _, radius in around)])
        counts = [len(placement.world_from_mesh) for placement in self._placements]
        self._placement = np.repeat(np.arange(len(counts)), counts)
        self._copy = np.concatenate([np.zeros(0, np.int64), *(np.arange(count) for count in counts)])
        self._shapes: dict[Mesh, _Shape] = {}

    def cast(self, start: Array, end: Array, bodies: Iterable[Instance] = ()) -> list[Meeting]:
        """Where the way from ``start`` to ``end`` (3,) [m] first meets each thing, in order."""
        way = end - start
        length = float(np.linalg.norm(way))
        if length == 0:
            return []
        found: list[Meeting] = []
        along = np.clip((self._center - start) @ way / length**2, 0.0, 1.0)
        gap = ((start + along[:, None] * way - self._center) ** 2).sum(axis=1)
        for row in np.flatnonzero(gap <= (self._radius + 1e-6) ** 2):
            placement = self._placements[self._placement[row]]
            mesh = placement.lods[0]
            if mesh not in self._shapes:
                self._shapes[mesh] = _Shape(mesh, mesh.vertices.astype(np.float64))
            share = self._shapes[mesh].meets(start, way, placement.world_from_mesh[self._copy[row]])
            if share is not None:
                found.append((share * length, int(placement.tag)))
        found += self._bodies(start, way, length, bodies)
        return sorted(found)

    def _bodies(self, start: Array, way: Array, length: float, bodies: Iterable[Instance]) -> list[Meeting]:
        """One meeting a body, however many parts it has."""
        nearest: dict[tuple[int, int], Meeting] = {}
        for number, body in enumerate(bodies):
            mesh = body.lods[0]
            skin = body.bones is not None
            if not skin:
                center, radius = bounds.sphere((mesh,))
                middle = body.world_from_mesh[:3, :3] @ center + body.world_from_mesh[:3, 3]
                reach = radius * float(bounds.largest_scale(body.world_from_mesh[None, :3, :3])[0])
                at = np.clip((middle - start) @ way / length**2, 0.0, 1.0)
                if np.linalg.norm(start + at * way - middle) > reach + 1e-6:
                    continue
            share = _Shape(mesh, mesh.posed(body.bones).astype(np.float64)).meets(start, way, body.world_from_mesh)
            if share is not None:
                key = (body.object_id, 0 if body.object_id else number)
                meeting = (share * length, int(body.tag))
                nearest[key] = min(nearest.get(key, meeting), meeting)
        return list(nearest.values())


class _Shape:
    """A mesh's triangles: first corners (F, 3), edges, and which have holes."""

    def __init__(self, mesh: Mesh, vertices: Array) -> None:
        corners = vertices[mesh.faces]
        self._corner, self._first, self._second = (
            corners[:, 0],
            corners[:, 1] - corners[:, 0],
            corners[:, 2] - corners[:, 0],
        )
        self._holes = HoleTable([mesh])

    def meets(self, start: Array, way: Array, world_from_mesh: Array) -> float | None:
        """Share of ``way`` (3,) from ``start`` (3,) at which the mesh at a pose is met; None when it is not."""
        inverse = np.linalg.inv(world_from_mesh)
        origin, ray = inverse[:3, :3] @ start + inverse[:3, 3], inverse[:3, :3] @ way
        across = np.cross(ray, self._second)
        area = (self._first * across).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            to = origin - self._corner
            u = (to * across).sum(axis=1) / area
            side = np.cross(to, self._first)
            v = side @ ray / area
            share = (self._second * side).sum(axis=1) / area
            hit = (np.abs(area) > 1e-15) & (u >= 0) & (v >= 0) & (u + v <= 1) & (share >= 0) & (share <= 1)
        rows = np.flatnonzero(hit)
        if len(rows):
            uv = np.stack([u[rows], v[rows]], axis=1).astype(np.float32)
            rows = rows[~self._holes.pierced(rows, uv, np.arange(len(rows)))]
        return float(share[rows].min()) if len(rows) else None
