"""Collisions of upright boxes and cylinders: who touches whom, and the impulses that part them.

Everything on a road stands upright and meets sideways, so shapes are upright prisms: a rectangle or a disc in plan and
a span of heights. Plans are tested by the separating axis theorem, all pairs at once. The ground is no obstacle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.tags import Tag
from simulator.world.bodies import Array
from simulator.world.obstacle import Obstacle

RESTITUTION = 0.1
"""Bodies and cars crumple; barriers give a little back."""
FRICTION = 0.4
SLOP = 0.01
"""Overlap [m] that is left alone, so that resting contacts stay contacts."""
CORNERS = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])


@dataclass(frozen=True)
class Contact:
    """A touch during the last step. ``impulse`` (3,) [N s] acts on ``actor_id``; ``other_id`` 0 is the level."""

    actor_id: int
    other_id: int
    other_tag: Tag
    impulse: Array
    point: Array


PRISM = np.dtype(
    [
        ("center", np.float64, 2),  # [m]
        ("half", np.float64, 2),  # half extents along and across [m]; 0 for a cylinder
        ("radius", np.float64),  # of a cylinder [m]; 0 for a box
        ("axis", np.float64, 2),  # unit, the box's length
        ("low", np.float64),  # [m]
        ("high", np.float64),
        ("velocity", np.float64, 2),  # [m/s]
        ("yaw_rate", np.float64),  # [rad/s]
        ("pivot", np.float64, 2),  # centre of mass in plan [m]
        ("inverse_mass", np.float64),  # [1/kg]; 0 is immovable
        ("inverse_inertia", np.float64),  # [1/(kg m^2)]
    ]
)
"""An upright prism and how it moves."""


def reach(prisms: NDArray[np.void]) -> Array:
    """Radius (N,) [m] of the circle around each plan."""
    return np.hypot(prisms["half"][:, 0], prisms["half"][:, 1]) + prisms["radius"]


def near_pairs(prisms: NDArray[np.void], margin: Array) -> NDArray[np.intp]:
    """Pairs (P, 2), rising, whose circles grown by ``margin`` (N,) [m] meet and of which at least one can move."""
    center, radius = prisms["center"], reach(prisms) + margin
    gap = center[:, None] - center[None]
    near = (gap**2).sum(axis=-1) < (radius[:, None] + radius[None]) ** 2
    movable = prisms["inverse_mass"] > 0
    return np.argwhere(np.triu(near & (movable[:, None] | movable[None]), 1))


class Level:
    """A town's obstacles as prisms, found by place."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        self.prisms = np.zeros(len(obstacles), PRISM)
        self.tags = [obstacle.tag for obstacle in obstacles]
        for index, obstacle in enumerate(obstacles):
            row = self.prisms[index]
            row["center"] = row["pivot"] = np.asarray(obstacle.center, dtype=np.float64)[:2]
            row["radius"] = obstacle.radius
            row["half"] = 0.0 if obstacle.radius > 0 else np.asarray(obstacle.size[:2], dtype=np.float64) / 2
            row["axis"] = np.cos(obstacle.yaw), np.sin(obstacle.yaw)
            row["low"] = obstacle.center[2] - obstacle.size[2] / 2
            row["high"] = obstacle.center[2] + obstacle.size[2] / 2
        # one tree for each size class: a single long wall must not widen the search for every pole
        classes = np.ceil(np.log2(np.maximum(reach(self.prisms), 0.5)))
        self._trees = [
            (2.0**size, index, cKDTree(self.prisms["center"][index]))
            for size in np.unique(classes)
            for index in [np.flatnonzero(classes == size)]
        ]

    def near(self, prisms: NDArray[np.void], margin: Array) -> NDArray[np.intp]:
        """Pairs (P, 2) of a prism and an obstacle whose circles, grown by ``margin`` (N,) [m], may meet; rising."""
        radius = reach(prisms) + margin
        pairs = [np.zeros((0, 2), dtype=np.intp)]
        for size, index, tree in self._trees:
            found = tree.query_ball_point(prisms["center"], radius + size)
            counts = [len(hits) for hits in found]
            if any(counts):
                who = np.repeat(np.arange(len(prisms)), counts)
                pairs.append(np.stack([who, index[np.concatenate(found).astype(np.intp)]], axis=1))
        joined = np.concatenate(pairs)
        return joined[np.lexsort((joined[:, 1], joined[:, 0]))]


def overlap(first: NDArray[np.void], second: NDArray[np.void]) -> tuple[Array, Array]:
    """Depth (P,) [m] of prisms in others, <= 0 is apart, and normals (P, 2) from first to second.

    Depth is the shortest way out in plan; prisms one above the other are apart.
    """
    gap = second["center"] - first["center"]
    sides = []
    for prism in (first, second):
        across = np.stack([-prism["axis"][:, 1], prism["axis"][:, 0]], axis=-1)
        sides += [prism["axis"], across]
    # the way from a disc's centre to the nearest point of the other plan is a candidate axis too
    sides.append(_toward_disc(first, second, gap))
    axes = np.stack(sides, axis=1)
    distance = np.einsum("pai,pi->pa", axes, gap)
    separation = np.abs(distance) - _shadow(first, axes) - _shadow(second, axes)
    best = separation.argmax(axis=1)
    rows = np.arange(len(gap))
    depth = -separation[rows, best]
    height = np.minimum(first["high"], second["high"]) - np.maximum(first["low"], second["low"])
    depth = np.where(height > 0, depth, np.minimum(depth, height))
    normal = axes[rows, best] * np.where(distance[rows, best] < 0, -1.0, 1.0)[:, None]
    return depth, normal


def _shadow(prism: NDArray[np.void], axes: Array) -> Array:
    """Half the length (P, A) [m] of each plan's shadow on axes (P, A, 2)."""
    along = np.abs(np.einsum("pai,pi->pa", axes, prism["axis"]))
    across = np.abs(axes[..., 1] * prism["axis"][:, None, 0] - axes[..., 0] * prism["axis"][:, None, 1])
    return along * prism["half"][:, None, 0] + across * prism["half"][:, None, 1] + prism["radius"][:, None]


def _frame(prism: NDArray[np.void], points: Array) -> Array:
    """Vectors (P, ..., 2) in each plan's own axes."""
    axis = prism["axis"].reshape(len(prism), *([1] * (points.ndim - 2)), 2)
    return np.stack(
        [points[..., 0] * axis[..., 0] + points[..., 1] * axis[..., 1],
         points[..., 1] * axis[..., 0] - points[..., 0] * axis[..., 1]], axis=-1,
    )  # fmt: skip


def _toward_disc(first: NDArray[np.void], second: NDArray[np.void], gap: Array) -> Array:
    """Unit axes (P, 2) between a disc's centre and the other plan's nearest point; the first's axis for two boxes."""
    box = np.where(second["radius"] > 0, first, second)
    local = _frame(box, np.where((second["radius"] > 0)[:, None], gap, -gap))
    away = local - np.clip(local, -box["half"], box["half"])
    length = np.hypot(away[:, 0], away[:, 1])
    usable = (length > 1e-9) & ((first["radius"] > 0) | (second["radius"] > 0))
    unit = away / np.maximum(length, 1e-9)[:, None]
    axis = box["axis"]
    world = np.stack(
        [unit[:, 0] * axis[:, 0] - unit[:, 1] * axis[:, 1], unit[:, 0] * axis[:, 1] + unit[:, 1] * axis[:, 0]], axis=-1
    )
    return np.where(usable[:, None], world, first["axis"])


def meeting_points(first: NDArray[np.void], second: NDArray[np.void], normal: Array) -> Array:
    """Middle (P, 2) of the corners of either plan that lie in the other; else midway between the facing sides."""
    total, count = np.zeros_like(normal), np.zeros(len(normal))
    for prism, other, direction in ((first, second, normal), (second, first, -normal)):
        across = np.stack([-prism["axis"][:, 1], prism["axis"][:, 0]], axis=-1)
        corners = (
            prism["center"][:, None]
            + CORNERS[None, :, :1] * (prism["half"][:, None, :1] * prism["axis"][:, None])
            + CORNERS[None, :, 1:] * (prism["half"][:, None, 1:] * across[:, None])
            + (prism["radius"][:, None] * direction)[:, None]
        )
        local = np.abs(_frame(other, corners - other["center"][:, None]))
        beyond = np.maximum(local - other["half"][:, None], 0.0)
        inside = np.hypot(beyond[..., 0], beyond[..., 1]) <= other["radius"][:, None] + 1e-9
        total += (corners * inside[..., None]).sum(axis=1)
        count += inside.sum(axis=1)
    shadow = _shadow(first, normal[:, None])[:, 0]
    fallback = first["center"] + normal * shadow[:, None]
    return np.where((count > 0)[:, None], total / np.maximum(count, 1)[:, None], fallback)


@dataclass
class Touch:
    """One pair in contact: rows of the two prisms, unit normal (2,) from first to second, point (2,), depth [m].

    ``pressed`` and ``rubbed`` are the impulses [N s] on the second along the normal and along the tangent to its left.
    """

    first: int
    second: int
    normal: tuple[float, float]
    point: tuple[float, float]
    depth: float
    pressed: float = 0.0
    rubbed: float = 0.0

    @property
    def impulse(self) -> Array:
        """(2,) [N s] on the second."""
        (nx, ny), normal, tangent = self.normal, self.pressed, self.rubbed
        return np.array([nx * normal - ny * tangent, ny * normal + nx * tangent])


class _Mover:
    """A prism's plan motion as plain numbers: a contact is too small a sum for arrays."""

    def __init__(self, row: NDArray[np.void]) -> None:
        self.vx, self.vy = row["velocity"].tolist()
        self.x, self.y = row["pivot"].tolist()
        self.yaw_rate = float(row["yaw_rate"])
        self.ease, self.twist = float(row["inverse_mass"]), float(row["inverse_inertia"])
        self.moved_x = self.moved_y = 0.0

    def speed(self, x: float, y: float, nx: float, ny: float) -> float:
        """Of its point (x, y) along (nx, ny) [m/s]."""
        return (self.vx - self.yaw_rate * (y - self.y)) * nx + (self.vy + self.yaw_rate * (x - self.x)) * ny

    def give(self, x: float, y: float, nx: float, ny: float) -> float:
        """Speed [m/s] that an impulse of 1 N s along (nx, ny) gives its point (x, y)."""
        return self.ease + self.twist * ((x - self.x) * ny - (y - self.y) * nx) ** 2

    def take(self, x: float, y: float, jx: float, jy: float) -> None:
        """An impulse (jx, jy) [N s] at (x, y)."""
        self.vx += jx * self.ease
        self.vy += jy * self.ease
        self.yaw_rate += self.twist * ((x - self.x) * jy - (y - self.y) * jx)


def separate(prisms: NDArray[np.void], touches: Sequence[Touch]) -> None:
    """Changes ``velocity``, ``yaw_rate``, ``center`` and ``pivot`` of touching prisms in place so that they part.

    Sequential impulses (Catto, "Iterative Dynamics with Temporal Coherence", 2005) with Newton's restitution and
    Coulomb friction; what still overlaps is moved apart by inverse mass, without velocity. Fills in the impulses.
    """
    movers = {row: _Mover(prisms[row]) for touch in touches for row in (touch.first, touch.second)}
    bounces = []
    for touch in touches:
        a, b = movers[touch.first], movers[touch.second]
        closing = b.speed(*touch.point, *touch.normal) - a.speed(*touch.point, *touch.normal)
        bounces.append(-RESTITUTION * closing if closing < -1.0 else 0.0)
    for _ in range(4):
        for touch, bounce in zip(touches, bounces, strict=True):
            a, b = movers[touch.first], movers[touch.second]
            (x, y), (nx, ny) = touch.point, touch.normal
            closing = b.speed(x, y, nx, ny) - a.speed(x, y, nx, ny)
            before = touch.pressed
            touch.pressed = max(before + (bounce - closing) / (a.give(x, y, nx, ny) + b.give(x, y, nx, ny)), 0.0)
            push = touch.pressed - before
            a.take(x, y, -push * nx, -push * ny)
            b.take(x, y, push * nx, push * ny)
            tx, ty = -ny, nx
            sliding = b.speed(x, y, tx, ty) - a.speed(x, y, tx, ty)
            before, limit = touch.rubbed, FRICTION * touch.pressed
            touch.rubbed = before - sliding / (a.give(x, y, tx, ty) + b.give(x, y, tx, ty))
            touch.rubbed = min(max(touch.rubbed, -limit), limit)
            rub = touch.rubbed - before
            a.take(x, y, -rub * tx, -rub * ty)
            b.take(x, y, rub * tx, rub * ty)
    for touch in touches:
        a, b = movers[touch.first], movers[touch.second]
        apart = 0.8 * max(touch.depth - SLOP, 0.0) / (a.ease + b.ease)
        for mover, signed in ((a, -apart), (b, apart)):
            mover.moved_x += signed * mover.ease * touch.normal[0]
            mover.moved_y += signed * mover.ease * touch.normal[1]
    for index, mover in movers.items():
        row = prisms[index]
        row["velocity"] = mover.vx, mover.vy
        row["yaw_rate"] = mover.yaw_rate
        row["center"] += mover.moved_x, mover.moved_y
        row["pivot"] += mover.moved_x, mover.moved_y
