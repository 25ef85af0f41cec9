"""What of a scene a view can see, and at which level of detail. All on the CPU, vectorised over copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderers import bounds, detail
from renderers.geometry import INSTANCE, Materials, Pool
from renderers.scene import Instance, Pinhole, Placement

PIXELS_PER_TRIANGLE = 1.0
"""A level of detail is fine enough when it has a triangle for so many pixels of its bounding disc. Visible fractions
are then those of rays against the finest meshes (``longtail bench labels``); at 12 pixels, small cars were off by 1.5 %
for a few percent less of a picture's time."""

TILE = 48.0
"""[m]"""


@dataclass(frozen=True, eq=False)
class View:
    """A convex region seen from somewhere.

    Attributes:
        eye: (3,) float64 world position that copies are taken relative to.
        planes: (K, 4) float64, inward unit normals and offsets [m] in the world relative to ``eye``.
        focal: [px] of the sharper axis: pixels that a metre takes at a metre's distance, at any when ``parallel``.
        parallel: rays run parallel, so that sizes do not shrink with the distance.
    """

    eye: NDArray[np.float64]
    planes: NDArray[np.float64]
    focal: float
    parallel: bool = False

    @staticmethod
    def of_camera(camera: Pinhole, world_from_camera: NDArray[np.float64]) -> View:
        """The camera's frustum: four sides and the plane of the pinhole; nothing bounds it in the distance."""
        sides = np.array(
            [
                [camera.fx, 0, camera.cx + 0.5],
                [-camera.fx, 0, camera.width - 0.5 - camera.cx],
                [0, camera.fy, camera.cy + 0.5],
                [0, -camera.fy, camera.height - 0.5 - camera.cy],
                [0, 0, 1],
            ],
            dtype=np.float64,
        )
        sides /= np.linalg.norm(sides, axis=1, keepdims=True)
        planes = np.concatenate((sides @ world_from_camera[:3, :3].T, np.zeros((5, 1))), axis=1)
        return View(world_from_camera[:3, 3].astype(np.float64), planes, max(camera.fx, camera.fy))

    def holds(self, relative: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which spheres (N, 3), (N,) about points relative to the eye touch the region."""
        return (relative @ self.planes[:, :3].T + self.planes[:, 3] >= -radius[:, None]).all(1)

    def triangles_wanted(self, relative: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many triangles (N,) spheres deserve by their size on the picture."""
        distance = np.linalg.norm(relative, axis=1)
        nearest = 1.0 if self.parallel else np.maximum(distance - radius, 0.1)
        return np.pi * (radius * self.focal / nearest) ** 2 / PIXELS_PER_TRIANGLE


@dataclass(frozen=True, eq=False)
class Batch:
    """Instances to draw from one pool, in runs of one mesh each, the nearest first within a run.

    Attributes:
        rows: (N,) of dtype INSTANCE.
        meshes, counts, starts: (R,) int64 mesh number, length and first row of each run.
    """

    rows: NDArray[np.void]
    meshes: NDArray[np.int64]
    counts: NDArray[np.int64]
    starts: NDArray[np.int64]

    @staticmethod
    def of(rows: NDArray[np.void], meshes: NDArray[np.int64], distance: NDArray[np.float64]) -> Batch:
        """Sorts ``rows`` (N,) by mesh number and distance (N,)."""
        order = np.lexsort((distance, meshes))
        meshes = meshes[order]
        starts = np.flatnonzero(np.diff(meshes, prepend=-1))
        counts = np.diff(starts, append=len(meshes))
        return Batch(rows[order], meshes[starts], counts, starts)


@dataclass(frozen=True, eq=False)
class _Spheres:
    """Centres (N, 3) [m] in the world, radii (N,) [m], and how far each is drawn (N,) [m]."""

    center: NDArray[np.float64]
    radius: NDArray[np.float64]
    reach: NDArray[np.float64]

    def seen(
        self, view: View, reach: float | None, among: NDArray[np.int64], slack: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Those of ``among`` (K,) that ``view`` may see; ``slack`` (K,) [m] is added to their reach."""
        relative, own = self.center[among] - view.eye, self.reach[among]
        keep = (relative**2).sum(1) < (own + slack) ** 2 if reach is None else own >= reach
        keep &= view.holds(relative, self.radius[among])
        return among[keep]


def _tiles(copies: _Spheres) -> tuple[NDArray[np.int64], _Spheres]:
    """Squares of the ground by which copies are culled before one by one: the tile (N,) of each, and their spheres."""
    keys = np.column_stack((np.floor(copies.center[:, :2] / TILE), copies.reach))
    found, tile = np.unique(keys, axis=0, return_inverse=True)
    tile = tile.reshape(-1)
    count = np.maximum(np.bincount(tile, minlength=len(found)), 1)
    center = np.column_stack([np.bincount(tile, copies.center[:, k], len(found)) / count for k in range(3)])
    radius = np.zeros(len(found))
    np.maximum.at(radius, tile, np.linalg.norm(copies.center - center[tile], axis=1) + copies.radius)
    return tile, _Spheres(center, radius, found[:, 2])


class StaticCopies:
    """All copies of all placements of one level, as arrays. Adds the meshes to the pool."""

    def __init__(self, placements: tuple[Placement, ...], pool: Pool, materials: Materials) -> None:
        levels = max((len(p.lods) for p in placements), default=1)
        self._meshes = np.zeros((len(placements), levels), np.int64)
        self._levels = np.array([len(p.lods) for p in placements], np.int64)
        counts = [len(p.world_from_mesh) for p in placements]
        centers, radii = [np.zeros((0, 3))], [np.zeros(0)]
        for number, placement in enumerate(placements):
            for level, mesh in enumerate(placement.lods):
                if mesh.bone_indices is not None:
                    raise ValueError("a still placement cannot hold a skinned mesh")
                self._meshes[number, level] = pool.number(mesh)
            center, radius = detail.spheres(placement)
            centers.append(center)
            radii.append(radius)
        self._copies = _Spheres(
            np.concatenate(centers),
            np.concatenate(radii),
            np.repeat([p.reach for p in placements], counts).astype(float),
        )
        self._tile, self._tiles = _tiles(self._copies)
        matrices = np.concatenate([np.zeros((0, 4, 4)), *(p.world_from_mesh for p in placements)])
        self._linear, self._translation = matrices[:, :3, :3].astype(np.float32), matrices[:, :3, 3]
        self._placement = np.repeat(np.arange(len(placements)), counts)
        self._tag = np.repeat([int(p.tag) for p in placements], counts).astype(np.uint32)
        self._lamps = np.repeat([materials.lamp_mask(p.lamps) for p in placements], counts).astype(np.uint32)

    def visible(self, view: View, *, reach: float | None = None) -> Batch:
        """Copies that ``view`` may see. ``reach`` keeps those whose own reach is at least that far (for shadows, which
        nothing should lose as the camera moves); by default each is held to its own reach from the eye."""
        tiles = np.zeros(len(self._tiles.radius), bool)
        tiles[self._tiles.seen(view, reach, np.arange(len(tiles)), self._tiles.radius)] = True
        chosen = np.flatnonzero(tiles[self._tile])
        chosen = self._copies.seen(view, reach, chosen, np.zeros(len(chosen)))
        relative, placement = self._copies.center[chosen] - view.eye, self._placement[chosen]
        distance = np.linalg.norm(relative, axis=1)
        level = detail.levels(distance, self._levels[placement])
        rows = np.zeros(len(chosen), INSTANCE)
        rows["current"][:, :, :3] = self._linear[chosen]
        rows["current"][:, :, 3] = self._translation[chosen] - view.eye
        rows["previous"] = rows["current"]
        rows["ids"][:, 1], rows["ids"][:, 2] = self._tag[chosen], self._lamps[chosen]
        rows["tint"] = 1
        return Batch.of(rows, self._meshes[placement, level], distance)


def levels_of_detail(triangles: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.int64]:
    """Coarsest level (N,) that has the triangles ``wanted`` (N,), else the finest, from counts (N, L), -1 for none."""
    return np.maximum((triangles >= wanted[:, None]).sum(1) - 1, 0)


class BodyCopies:
    """The bodies of one tick as instances. ``bones`` (K, 3, 4) float32 belongs to the skinned ones."""

    def __init__(self, bodies: list[Instance], view: View, shapes: bounds.BodyBounds, *, cull: bool = True) -> None:
        self.bones: NDArray[np.float32] = np.zeros((0, 3, 4), np.float32)
        self.shown: list[tuple[Instance, int]] = []
        if not bodies:
            return
        hulls = [shapes.points(body, body.lods[0], body.bones) for body in bodies]
        low, high = np.array([h.min(0) for h in hulls]), np.array([h.max(0) for h in hulls])
        matrices = np.array([body.world_from_mesh for body in bodies])
        center = (low + high) / 2
        relative = np.einsum("nij,nj->ni", matrices[:, :3, :3], center) + matrices[:, :3, 3] - view.eye
        radius = np.linalg.norm(high - low, axis=1) / 2 * bounds.largest_scale(matrices[:, :3, :3])
        counts = np.full((len(bodies), max(len(body.lods) for body in bodies)), -1.0)
        for number, body in enumerate(bodies):
            counts[number, : len(body.lods)] = [len(mesh.faces) for mesh in body.lods]
        level = levels_of_detail(counts, view.triangles_wanted(relative, radius))
        keep = view.holds(relative, radius) if cull else np.ones(len(bodies), bool)
        self.shown = [(bodies[i], int(level[i])) for i in np.flatnonzero(keep)]
        self._distance = np.linalg.norm(relative, axis=1)[keep]
        self._eye = view.eye

    def batch(self, pool: Pool, materials: Materials) -> Batch:
        """Those that belong to ``pool``; fills ``bones`` when it is the skinned one."""
        mine = [i for i, (body, level) in enumerate(self.shown) if (body.bones is not None) == pool.skinned]
        rows, meshes = np.zeros(len(mine), INSTANCE), np.zeros(len(mine), np.int64)
        palette: list[NDArray[np.float32]] = []
        total = 0
        for row, index in enumerate(mine):
            body, level = self.shown[index]
            meshes[row] = pool.number(body.lods[level])
            for name, matrix in (("current", body.world_from_mesh), ("previous", body.previous_world_from_mesh)):
                rows[name][row, :, :3] = matrix[:3, :3]
                rows[name][row, :, 3] = matrix[:3, 3] - self._eye
            first = 0
            if body.bones is not None:
                previous = body.bones if body.previous_bones is None else body.previous_bones
                palette += [body.bones[:, :3], previous[:, :3]]
                first = total | (total + len(body.bones)) << 16
                total += 2 * len(body.bones)
            rows["ids"][row] = body.object_id, body.tag, materials.lamp_mask(body.lamps), first
            rows["tint"][row, :3] = body.tint
        if total > 0xFFFF:
            raise ValueError("more than 65535 bones in one picture")
        if pool.skinned and palette:
            self.bones = np.ascontiguousarray(np.concatenate(palette), dtype=np.float32)
        return Batch.of(rows, meshes, self._distance[mine] if mine else np.zeros(0))
