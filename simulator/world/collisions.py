"""Collisions of upright boxes and cylinders: who touches whom, and the impulses that part them.

Nearly everything on a road stands upright, so shapes are upright prisms: a rectangle or a disc in plan and a span of
heights; what tumbles has the prism around it. Prisms are tested by the separating axis theorem, all pairs at once, over
the way that they have gone since the last look: nothing passes through anything between two looks. The impulses that
part them turn bodies about all their axes. The ground is no obstacle; ``rigid`` keeps hulls out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.tags import Tag
from simulator.world.bodies import Array
from simulator.world.obstacle import Obstacle

RESTITUTION = 0.1
"""Bodies and cars crumple; barriers give a little back."""
FRICTION = 0.4
SLOP = 0.005
"""Overlap [m] that is left alone, so that resting contacts stay contacts."""
BUMPER_HEIGHT = 0.46
"""Middle of the bumper zone of passenger cars [m], 16 to 20 inches: US 49 CFR 581.5."""
CORNERS = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])


Vector = tuple[float, float, float]


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
        ("walks", np.bool_),  # is pushed sideways only
        ("velocity", np.float64, 3),  # [m/s]
        ("spin", np.float64, 3),  # [rad/s]
        ("pivot", np.float64, 3),  # centre of mass [m]
        ("inverse_mass", np.float64),  # [1/kg]; 0 is immovable
        ("inverse_inertia", np.float64, (3, 3)),  # world [1/(kg m^2)]
    ]
)
"""An upright prism and how it moves."""


def reach(prisms: NDArray[np.void]) -> Array:
    """Radius (N,) [m] of the circle around each plan."""
    return np.hypot(prisms["half"][:, 0], prisms["half"][:, 1]) + prisms["radius"]


def near_pairs(prisms: NDArray[np.void], margin: Array, lively: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Pairs (P, 2), rising, whose circles grown by ``margin`` (N,) [m] meet, of which at least one can move and one is
    ``lively`` (N,)."""
    from simulator.world import touching

    keys = touching.near_pairs(prisms, margin, lively, np.argsort(prisms["center"][:, 0], kind="stable"))
    return _pairs(keys, len(prisms))


def _pairs(keys: NDArray[np.int64], base: int) -> NDArray[np.int64]:
    """Pairs (P, 2), rising, of their keys (P,): the first times ``base`` plus the second."""
    return np.stack(np.divmod(np.sort(keys), max(base, 1)), axis=1)


class Level:
    """A town's obstacles as prisms, found by place."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        self.prisms = np.zeros(len(obstacles), PRISM)
        self.tags = [obstacle.tag for obstacle in obstacles]
        for index, obstacle in enumerate(obstacles):
            row = self.prisms[index]
            row["pivot"] = np.asarray(obstacle.center, dtype=np.float64)
            row["center"] = row["pivot"][:2]
            row["radius"] = obstacle.radius
            row["half"] = 0.0 if obstacle.radius > 0 else np.asarray(obstacle.size[:2], dtype=np.float64) / 2
            row["axis"] = np.cos(obstacle.yaw), np.sin(obstacle.yaw)
            row["low"] = obstacle.center[2] - obstacle.size[2] / 2
            row["high"] = obstacle.center[2] + obstacle.size[2] / 2
        # by size classes: a single long wall must not widen the search for every pole
        classes = np.ceil(np.log2(np.maximum(reach(self.prisms), 0.5)))
        x, y = self.prisms["center"].T
        self._order = np.lexsort((x, classes))
        self._places = np.stack([x[self._order], y[self._order]])
        kinds, counts = np.unique(classes, return_counts=True)
        self._ends, self._sizes = np.cumsum(counts), 2.0**kinds

    def near(
        self, prisms: NDArray[np.void], margin: Array, asked: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Pairs (P, 2) of a prism, one of those ``asked`` (N,) for, and an obstacle whose circles, grown by ``margin``
        (N,) [m], may meet; rising."""
        from simulator.world import touching

        asked = np.ones(len(prisms), dtype=bool) if asked is None else asked
        found = touching.near_obstacles(prisms, margin, asked, self._order, self._places, self._ends, self._sizes)
        return _pairs(found, len(self._order))


def overlap(first: NDArray[np.void], second: NDArray[np.void], moved: Array | None = None) -> tuple[Array, Array]:
    """Depth (P,) [m] of prisms in others, <= 0 is apart, and unit normals (P, 3) from first to second.

    ``moved`` (P, 3) [m] is how far the second has gone past the first since both were last looked at, rotation aside.
    Prisms that were apart then have met along the axis on which they met last, even if they are past each other now;
    of those that touched already, or without ``moved``, the depth is the shortest way out.
    """
    from simulator.world import touching

    depth, normal = np.empty(len(first)), np.empty((len(first), 3))
    way = np.zeros((len(first), 3)) if moved is None else np.ascontiguousarray(moved)
    touching.overlaps(np.ascontiguousarray(first), np.ascontiguousarray(second), way, moved is not None, depth, normal)
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


def meeting_points(first: NDArray[np.void], second: NDArray[np.void], normal: Array) -> Array:
    """Where prisms touch (P, 3) [m], with unit normals (P, 3).

    Sideways: the middle of the corners of either plan that lie in the other, else of the facing sides, as high as
    bumpers where both reach up to there. One on the other: under the upper one's centre of mass, or as near as the
    lower one reaches.
    """
    points = np.empty((len(normal), 3))
    points[:, :2] = _plan_points(first, second, normal[:, :2])
    base, top = np.maximum(first["low"], second["low"]), np.minimum(first["high"], second["high"])
    points[:, 2] = np.minimum((base + top) / 2, base + BUMPER_HEIGHT)
    for flat, upper, lower in (
        (np.flatnonzero(normal[:, 2] > 0), second, first),
        (np.flatnonzero(normal[:, 2] < 0), first, second),
    ):
        if len(flat):
            below, over = lower[flat], upper[flat]
            local = _frame(below, over["pivot"][:, :2] - below["center"])
            local = np.clip(local, -below["half"] - below["radius"][:, None], below["half"] + below["radius"][:, None])
            axis = below["axis"]
            points[flat, 0] = below["center"][:, 0] + local[:, 0] * axis[:, 0] - local[:, 1] * axis[:, 1]
            points[flat, 1] = below["center"][:, 1] + local[:, 0] * axis[:, 1] + local[:, 1] * axis[:, 0]
            points[flat, 2] = below["high"]
    return points


def _plan_points(first: NDArray[np.void], second: NDArray[np.void], normal: Array) -> Array:
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
    """One pair in contact: rows of the two prisms, unit normal (3,) from first to second, point (3,), depth [m].

    ``pressed`` and ``rubbed`` are the impulses [N s] on the second along the normal and along the two ``tangents``.
    """

    first: int
    second: int
    normal: Vector
    point: Vector
    depth: float
    pressed: float = 0.0
    rubbed: tuple[float, float] = (0.0, 0.0)

    @property
    def tangents(self) -> tuple[Vector, Vector]:
        """Across the normal, unit: level and upward, or east and north."""
        x, y, z = self.normal
        return ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)) if z else ((-y, x, 0.0), (0.0, 0.0, 1.0))

    @property
    def impulse(self) -> Array:
        """(3,) [N s] on the second."""
        first, second = self.tangents
        return np.array(
            [
                n * self.pressed + a * self.rubbed[0] + b * self.rubbed[1]
                for n, a, b in zip(self.normal, first, second, strict=True)
            ]
        )


class _Mover:
    """A prism's motion as plain numbers: a contact is too small a sum for arrays."""

    def __init__(self, row: NDArray[np.void]) -> None:
        self.velocity, self.spin = row["velocity"].tolist(), row["spin"].tolist()
        self.pivot = row["pivot"].tolist()
        self.ease, self.twist = float(row["inverse_mass"]), row["inverse_inertia"].tolist()
        self.moved = [0.0, 0.0, 0.0]

    def speed(self, point: Vector, way: Vector) -> float:
        """Of its point along ``way`` [m/s]."""
        x, y, z = self._turn(point, way)
        vx, vy, vz = self.velocity
        wx, wy, wz = self.spin
        return vx * way[0] + vy * way[1] + vz * way[2] + wx * x + wy * y + wz * z

    def _turn(self, point: Vector, way: Vector) -> Vector:
        """Angular impulse of a unit impulse along ``way``."""
        px, py, pz = self.pivot
        rx, ry, rz = point[0] - px, point[1] - py, point[2] - pz
        return ry * way[2] - rz * way[1], rz * way[0] - rx * way[2], rx * way[1] - ry * way[0]

    def _twisted(self, x: float, y: float, z: float) -> Vector:
        a, b, c = self.twist
        return (
            a[0] * x + a[1] * y + a[2] * z,
            b[0] * x + b[1] * y + b[2] * z,
            c[0] * x + c[1] * y + c[2] * z,
        )

    def give(self, point: Vector, way: Vector) -> float:
        """Speed [m/s] that an impulse of 1 N s along ``way`` gives its point."""
        x, y, z = self._turn(point, way)
        tx, ty, tz = self._twisted(x, y, z)
        return self.ease + x * tx + y * ty + z * tz

    def take(self, point: Vector, way: Vector, impulse: float) -> None:
        """An impulse [N s] along ``way`` at the point."""
        x, y, z = self._turn(point, way)
        turns = self._twisted(x, y, z)
        for i in range(3):
            self.velocity[i] += impulse * way[i] * self.ease
            self.spin[i] += impulse * turns[i]


def separate(prisms: NDArray[np.void], touches: Sequence[Touch]) -> None:
    """Changes ``velocity``, ``spin``, ``center``, ``pivot``, ``low`` and ``high`` of touching prisms in place so that
    they part.

    Sequential impulses (Catto, "Iterative Dynamics with Temporal Coherence", 2005) with Newton's restitution and
    Coulomb friction; what still overlaps is moved apart by inverse mass, without velocity. Fills in the impulses.
    """
    movers = {row: _Mover(prisms[row]) for touch in touches for row in (touch.first, touch.second)}
    bounces, eases = [], []
    for touch in touches:
        a, b = movers[touch.first], movers[touch.second]
        closing = b.speed(touch.point, touch.normal) - a.speed(touch.point, touch.normal)
        bounces.append(-RESTITUTION * closing if closing < -1.0 else 0.0)
        ways = (touch.normal, *touch.tangents)
        eases.append([(way, a.give(touch.point, way) + b.give(touch.point, way)) for way in ways])
    for _ in range(4):
        for touch, bounce, ease in zip(touches, bounces, eases, strict=True):
            a, b, point = movers[touch.first], movers[touch.second], touch.point
            way, give = ease[0]
            closing = b.speed(point, way) - a.speed(point, way)
            before = touch.pressed
            touch.pressed = max(before + (bounce - closing) / give, 0.0)
            a.take(point, way, before - touch.pressed)
            b.take(point, way, touch.pressed - before)
            limit, rubbed = FRICTION * touch.pressed, []
            for (way, give), before in zip(ease[1:], touch.rubbed, strict=True):
                sliding = b.speed(point, way) - a.speed(point, way)
                rub = min(max(before - sliding / give, -limit), limit)
                a.take(point, way, before - rub)
                b.take(point, way, rub - before)
                rubbed.append(rub)
            touch.rubbed = rubbed[0], rubbed[1]
    for touch in touches:
        a, b = movers[touch.first], movers[touch.second]
        apart = max(touch.depth - SLOP, 0.0) / (a.ease + b.ease)
        for mover, signed in ((a, -apart), (b, apart)):
            for i in range(3):
                mover.moved[i] += signed * mover.ease * touch.normal[i]
    for index, mover in movers.items():
        row = prisms[index]
        row["velocity"], row["spin"] = mover.velocity, mover.spin
        row["center"] += mover.moved[:2]
        row["pivot"] += mover.moved
        row["low"] += mover.moved[2]
        row["high"] += mover.moved[2]
