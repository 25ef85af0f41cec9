"""The still level for rays: a tree for each place that rays start from, and one of what lies far away."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Mesh
from renderers import detail
from renderers.rays import Limits, Surfaces, Tree, one_sided
from renderers.scene import Placement

CELL = 48.0
"""[m] Rays that start in one square of the ground share a tree."""
SURE = detail.NEAR
"""[m] Everything so near to a ray's origin is in its square's tree."""
KEPT = 4
"""How many squares' trees are kept."""


class Still:
    """Solid placements, cut into trees on demand. A tree depends on its square alone, never on what came before."""

    def __init__(self, placements: Sequence[Placement]) -> None:
        solid = [p for p in placements if p.solid and len(p.world_from_mesh)]
        self._levels = [[_Part(mesh) for mesh in p.lods] for p in solid]
        self._matrices = [p.world_from_mesh for p in solid]
        self._number = np.repeat(np.arange(len(solid)), [len(p.world_from_mesh) for p in solid])
        self._copy = np.concatenate([np.zeros(0, np.int64), *(np.arange(len(p.world_from_mesh)) for p in solid)])
        around = [detail.spheres(p) for p in solid]
        self._center = np.concatenate([np.zeros((0, 3)), *(center for center, _ in around)])
        self._radius = np.concatenate([np.zeros(0), *(radius for _, radius in around)])
        self._reach = np.array([p.reach for p in solid], float)[self._number]
        self._available = np.array([len(p.lods) for p in solid], np.int64)
        self._first = np.concatenate(([0], np.cumsum(self._available)))
        meshes = [(mesh, int(p.tag)) for p in solid for mesh in p.lods]
        self._surfaces = Surfaces(meshes) if meshes else None
        self._trees: OrderedDict[tuple[int, int], Tree | None] = OrderedDict()
        self._farther: list[Tree | None] = []

    def squares(self, origins: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The squares (N,), (N,), eastwards and northwards, in which ``origins`` (N, 3) lie."""
        east, north = (np.floor(np.asarray(origins)[:, axis] / CELL).astype(np.int64) for axis in (0, 1))
        return east, north

    def near(self, square: tuple[int, int]) -> Tree | None:
        """What rays from a square meet within ``SURE``, and some of what lies beyond."""
        if square not in self._trees:
            self._trees[square] = self._around((np.array(square) + 0.5) * CELL)
            while len(self._trees) > KEPT:
                self._trees.popitem(last=False)
        self._trees.move_to_end(square)
        return self._trees[square]

    def far(self) -> Tree | None:
        """The whole level at its coarsest, for what lies beyond ``SURE``."""
        if not self._farther:
            seen = np.flatnonzero(self._reach > SURE)
            self._farther.append(self._tree(seen, self._available[self._number[seen]] - 1))
        return self._farther[0]

    def _around(self, middle: NDArray[np.float64]) -> Tree | None:
        slack = CELL / 2 * 2**0.5
        away = np.linalg.norm(self._center[:, :2] - middle, axis=1)
        seen = np.flatnonzero((away < SURE + slack + self._radius) & (away < self._reach + slack))
        # Anything that may be near for a ray from the square's corner has the finest level.
        return self._tree(seen, detail.levels(away[seen] - slack, self._available[self._number[seen]]))

    def _tree(self, seen: NDArray[np.int64], level: NDArray[np.int64]) -> Tree | None:
        """The tree of the copies ``seen`` (K,) at levels (K,)."""
        if not len(seen) or self._surfaces is None:
            return None
        part = self._first[self._number[seen]] + level
        order = np.argsort(part, kind="stable")
        seen, part = seen[order], part[order]
        starts = np.flatnonzero(np.diff(part, prepend=-1))
        vertices, faces, rows, thing = [], [], [], []
        total = 0
        for start, end in zip(starts, np.append(starts[1:], len(seen)), strict=True):
            number = self._number[seen[start]]
            shape = self._levels[number][part[start] - self._first[number]]
            matrices = self._matrices[number][self._copy[seen[start:end]]]
            copies, count = end - start, len(shape.vertices)
            moved = np.matmul(shape.vertices, matrices[:, :3, :3].transpose(0, 2, 1)) + matrices[:, None, :3, 3]
            vertices.append(moved.reshape(-1, 3).astype(np.float32))
            faces.append(
                (shape.faces[None] + (total + np.arange(copies, dtype=np.int64) * count)[:, None, None]).reshape(-1, 3)
            )
            rows.append(np.tile((self._surfaces.first[part[start]] + shape.kept).astype(np.int32), copies))
            thing.append(np.repeat(np.arange(start, end, dtype=np.int32), len(shape.faces)))
            total += copies * count
        limits = Limits(
            self._center[seen].astype(np.float32), self._reach[seen].astype(np.float32), np.concatenate(thing)
        )
        return Tree(np.concatenate(vertices), np.concatenate(faces), self._surfaces, np.concatenate(rows), limits)


class _Part:
    """A mesh as rays meet it: vertices (V, 3) float64, faces (F', 3), their numbers in the mesh ``kept`` (F',)."""

    def __init__(self, mesh: Mesh) -> None:
        self.kept = one_sided(mesh)
        self.vertices, self.faces = mesh.vertices.astype(np.float64), mesh.faces[self.kept].astype(np.int64)
