"""Boxes over lanes, and which vehicles stand in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.world.bodies import Body

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plans:
    """Boxes seen from above: centres (N, 2) [m], unit directions of their length (N, 2), half sizes (N, 2) [m], and
    heights (N,) [m] of their bottoms and tops."""

    center: Array
    forward: Array
    half: Array
    low: Array
    high: Array

    def __len__(self) -> int:
        return len(self.center)


def plans(bodies: Sequence[Body]) -> Plans:
    """The boxes of bodies as they stand now."""
    poses = np.array([body.world_from_body for body in bodies]).reshape(-1, 4, 4)
    centers = np.array([body.model.center for body in bodies]).reshape(-1, 3)
    sizes = np.array([body.model.size for body in bodies]).reshape(-1, 3)
    return _plans(poses, np.einsum("nij,nj->ni", poses[:, :3, :3], centers) + poses[:, :3, 3], sizes / 2)


def _plans(poses: Array, middles: Array, half: Array) -> Plans:
    forward = poses[:, :2, 0] / np.maximum(np.linalg.norm(poses[:, :2, 0], axis=1, keepdims=True), 1e-9)
    return Plans(middles[:, :2], forward, half[:, :2], middles[:, 2] - half[:, 2], middles[:, 2] + half[:, 2])


class Zones:
    """Boxes that do not move, given by ``world_from_box`` (4, 4) and half sizes (3,) [m]."""

    def __init__(self, boxes: Sequence[tuple[Array, Array]]) -> None:
        poses = np.array([pose for pose, _ in boxes]).reshape(-1, 4, 4)
        self._boxes = _plans(poses, poses[:, :3, 3], np.array([half for _, half in boxes]).reshape(-1, 3))
        self._reach = float(np.linalg.norm(self._boxes.half, axis=1).max()) if len(boxes) else 0.0

    def __len__(self) -> int:
        return len(self._boxes)

    @cached_property
    def _tree(self) -> cKDTree:
        from scipy.spatial import cKDTree  # slow to import; not needed before the first body

        return cKDTree(self._boxes.center)

    def meets(self, outlines: Plans) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Which outline (P,) overlaps which zone (P,); in the order of the outlines, then of the zones."""
        empty = np.zeros(0, np.intp)
        if not len(self._boxes) or not len(outlines):
            return empty, empty
        found = self._tree.query_ball_point(
            outlines.center, self._reach + np.linalg.norm(outlines.half, axis=1), return_sorted=True
        )
        who = np.repeat(np.arange(len(outlines)), [len(zones) for zones in found])
        if not len(who):
            return empty, empty
        which = np.concatenate(found).astype(np.intp)
        there = _overlap(outlines, who, self._boxes, which)
        return who[there], which[there]

    def along(self, outlines: Plans, who: NDArray[np.intp], which: NDArray[np.intp]) -> Array:
        """Cosines (P,) of the angles between the directions of outlines and of zones."""
        return np.einsum("pi,pi->p", outlines.forward[who], self._boxes.forward[which])

    def aside(self, outlines: Plans, who: NDArray[np.intp], which: NDArray[np.intp]) -> Array:
        """How far (P,) [m] zones lie to the side of the outlines' middle lines."""
        gap = self._boxes.center[which] - outlines.center[who]
        forward = outlines.forward[who]
        return np.abs(forward[:, 0] * gap[:, 1] - forward[:, 1] * gap[:, 0])


def _overlap(a: Plans, who: NDArray[np.intp], b: Plans, which: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether pairs (P,) overlap, by separating axes in plan and by height."""
    gap = b.center[which] - a.center[who]
    one, two = a.forward[who], b.forward[which]
    half, other = a.half[who], b.half[which]
    cos = np.abs(np.einsum("pi,pi->p", one, two))
    sin = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
    there = (a.low[who] < b.high[which]) & (b.low[which] < a.high[who])
    for forward, mine, yours in ((one, half, other), (two, other, half)):
        along = np.abs(np.einsum("pi,pi->p", forward, gap))
        across = np.abs(forward[:, 0] * gap[:, 1] - forward[:, 1] * gap[:, 0])
        there &= along < mine[:, 0] + yours[:, 0] * cos + yours[:, 1] * sin
        there &= across < mine[:, 1] + yours[:, 0] * sin + yours[:, 1] * cos
    return there
