"""Which upright prisms meet, compiled: the search for near pairs, and the test of each by separating axes.

Prisms are entries of ``collisions.PRISM``; what bodies are like and how they move is as in ``rigid.Motion``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.world.bodies import Array
from simulator.world.compiled import (
    FLAGS,
    INDICES,
    INDICES_2,
    PRISMS,
    REAL,
    REAL_2,
    REAL_3,
    boolean,
    compiled,
    part,
)

UPRIGHT = 0.95
"""Cosine of the tilt up to which a body's prism is its upright box; tumbling bodies have the prism around theirs."""
AXES = 6
"""Tested for a pair: both boxes' sides, the way from a disc to the other, and the vertical."""

Indices = NDArray[np.int64]


@part
def _reach(prism: Any) -> float:
    """Radius [m] of the circle around its plan."""
    return math.hypot(prism.half[0], prism.half[1]) + prism.radius


@part
def _grown(keys: Indices) -> Indices:
    """A copy, twice as long."""
    longer = np.empty(2 * len(keys), np.int64)
    for row in range(len(keys)):
        longer[row] = keys[row]
    return longer


@compiled(PRISMS, REAL, FLAGS, INDICES)
def near_pairs(prisms: Any, margin: Array, lively: NDArray[np.bool_], order: Indices) -> Indices:
    """The first times N plus the second of each pair, in no order, of ``collisions.near_pairs``. ``order`` (N,) has the
    prisms by rising x."""
    count = len(prisms)
    x, radius = np.empty(count), np.empty(count)
    widest = 0.0
    for n in range(count):
        x[n], radius[n] = prisms[n].center[0], _reach(prisms[n]) + margin[n]
        widest = max(widest, radius[n])
    keys, found = np.empty(64, np.int64), 0
    for i in range(count):
        a = order[i]
        for j in range(i + 1, count):
            b = order[j]
            gap_x = x[b] - x[a]
            if gap_x >= radius[a] + widest:
                break
            if not ((lively[a] or lively[b]) and (prisms[a].inverse_mass > 0 or prisms[b].inverse_mass > 0)):
                continue
            gap_y = prisms[b].center[1] - prisms[a].center[1]
            if gap_x**2 + gap_y**2 < (radius[a] + radius[b]) ** 2:
                if found == len(keys):
                    keys = _grown(keys)
                keys[found] = min(a, b) * count + max(a, b)
                found += 1
    return keys[:found]


@compiled(PRISMS, REAL, FLAGS, INDICES, REAL_2, INDICES, REAL)
def near_obstacles(
    prisms: Any, margin: Array, asked: NDArray[np.bool_], order: Indices, places: Array, ends: Indices, sizes: Array
) -> Indices:
    """The prism times O plus the obstacle of each pair, in no order, of ``collisions.Level.near``.

    Obstacles: ``order`` (O,) tells their numbers and ``places`` (2, O) their centres [m], by size classes and rising x
    in each; ``ends`` (C,) is where classes end, and ``sizes`` (C,) [m] the radius of the largest in each.
    """
    keys, found = np.empty(64, np.int64), 0
    for n in range(len(prisms)):
        if not asked[n]:
            continue
        x, y = prisms[n].center[0], prisms[n].center[1]
        start = 0
        for size in range(len(ends)):
            radius = _reach(prisms[n]) + margin[n] + sizes[size]
            row, end = start, ends[size]
            while row < end:  # bisection
                half_way = (row + end) // 2
                if places[0, half_way] < x - radius:
                    row = half_way + 1
                else:
                    end = half_way
            while row < ends[size] and places[0, row] <= x + radius:
                if (places[0, row] - x) ** 2 + (places[1, row] - y) ** 2 <= radius**2:
                    if found == len(keys):
                        keys = _grown(keys)
                    keys[found] = n * len(order) + order[row]
                    found += 1
                row += 1
            start = ends[size]
    return keys[:found]


@part
def _stand(prism: Any, rotation: Array, origin: tuple[float, float, float], middle: Array, half: Array) -> None:
    """Writes the place of the prism around a box of half sizes (3,) about ``middle`` (3,) in a body."""
    x = rotation[0, 0] * middle[0] + rotation[0, 1] * middle[1] + rotation[0, 2] * middle[2] + origin[0]
    y = rotation[1, 0] * middle[0] + rotation[1, 1] * middle[1] + rotation[1, 2] * middle[2] + origin[1]
    z = rotation[2, 0] * middle[0] + rotation[2, 1] * middle[1] + rotation[2, 2] * middle[2] + origin[2]
    ahead, aside = rotation[0, 0], rotation[1, 0]
    length = math.hypot(ahead, aside)
    long, wide, height = half[0], half[1], half[2]
    if rotation[2, 2] < UPRIGHT:
        if length < 0.5:  # on its nose: the width tells the direction
            ahead, aside = rotation[0, 1], rotation[1, 1]
            length = math.hypot(ahead, aside)
        long, wide, height = 0.0, 0.0, 0.0
        for i in range(3):
            long += half[i] * abs(rotation[0, i] * ahead + rotation[1, i] * aside) / length
            wide += half[i] * abs(rotation[1, i] * ahead - rotation[0, i] * aside) / length
            height += half[i] * abs(rotation[2, i])
    prism.center[0], prism.center[1] = x, y
    prism.axis[0], prism.axis[1] = ahead / length, aside / length
    prism.half[0], prism.half[1] = long, wide
    prism.low, prism.high = z - height, z + height


@compiled(PRISMS, REAL_3, REAL_2, REAL_2)
def stand(prisms: Any, poses: Array, middle: Array, half: Array) -> None:
    """Writes the places of prisms (N,) around boxes of half sizes (N, 3) about ``middle`` (N, 3) in bodies at poses
    (N, 4, 4)."""
    for n in range(len(prisms)):
        origin = poses[n, 0, 3], poses[n, 1, 3], poses[n, 2, 3]
        _stand(prisms[n], poses[n, :3, :3], origin, middle[n], half[n])
        for i in range(3):
            prisms[n].pivot[i] = origin[i]


@compiled(PRISMS, INDICES, INDICES, REAL_2, REAL_2, REAL_2, REAL_3, REAL_2, REAL_2, REAL_2, REAL, REAL_2)
def follow(
    prisms: Any, rows: Indices, columns: Indices, middle: Array, half: Array, center: Array, rotation: Array,
    velocity: Array, spin: Array, offset: Array, mass: Array, inertia: Array,
) -> None:  # fmt: skip
    """Brings the prisms ``rows`` (R,) up to the bodies ``columns`` (R,) of a motion, whose boxes are of half sizes
    (R, 3) about ``middle`` (R, 3)."""
    turn, origin = np.empty((3, 3)), np.empty(3)
    for r in range(len(rows)):
        prism, n = prisms[rows[r]], columns[r]
        for i in range(3):
            origin[i] = center[i, n]
            for j in range(3):
                turn[i, j] = rotation[i, j, n]
                origin[i] -= turn[i, j] * offset[j, n]
        _stand(prism, turn, (origin[0], origin[1], origin[2]), middle[r], half[r])
        prism.inverse_mass = 1 / mass[n]
        for i in range(3):
            prism.pivot[i], prism.velocity[i], prism.spin[i] = center[i, n], velocity[i, n], spin[i, n]
            for j in range(3):
                prism.inverse_inertia[i, j] = (
                    turn[i, 0] * turn[j, 0] / inertia[0, n]
                    + turn[i, 1] * turn[j, 1] / inertia[1, n]
                    + turn[i, 2] * turn[j, 2] / inertia[2, n]
                )


@part
def _shadow(prism: Any, x: float, y: float) -> float:
    """Half the length [m] of its plan's shadow on a unit axis."""
    along = abs(x * prism.axis[0] + y * prism.axis[1])
    across = abs(y * prism.axis[0] - x * prism.axis[1])
    return along * prism.half[0] + across * prism.half[1] + prism.radius


@part
def _toward_disc(first: Any, second: Any, x: float, y: float) -> tuple[float, float]:
    """Unit axis between a disc's centre and the other plan's nearest point; the first's axis for two boxes.

    ``x`` and ``y`` [m] are from the first's centre to the second's.
    """
    if first.radius > 0 or second.radius > 0:
        box = first if second.radius > 0 else second
        sign = 1.0 if second.radius > 0 else -1.0
        ax, ay = box.axis[0], box.axis[1]
        u, v = sign * (x * ax + y * ay), sign * (y * ax - x * ay)
        u -= min(max(u, -box.half[0]), box.half[0])
        v -= min(max(v, -box.half[1]), box.half[1])
        length = math.hypot(u, v)
        if length > 1e-9:
            return (u * ax - v * ay) / length, (u * ay + v * ax) / length
    return first.axis[0], first.axis[1]


@part
def _meet(
    first: Any, second: Any, moved: tuple[float, float, float], swept: bool, table: Array
) -> tuple[float, float, float, float]:
    """Depth [m] of the first in the second, <= 0 is apart, and the unit normal from first to second.

    ``moved`` [m] is as in ``collisions.overlap``, if it counts: ``swept``. ``table`` (5, AXES) is to write in.
    """
    x, y = second.center[0] - first.center[0], second.center[1] - first.center[1]
    way_x, way_y, distance, size, gone = table
    way_x[0], way_y[0] = first.axis[0], first.axis[1]
    way_x[1], way_y[1] = -first.axis[1], first.axis[0]
    way_x[2], way_y[2] = second.axis[0], second.axis[1]
    way_x[3], way_y[3] = -second.axis[1], second.axis[0]
    way_x[4], way_y[4] = _toward_disc(first, second, x, y)
    for k in range(AXES - 1):
        distance[k] = way_x[k] * x + way_y[k] * y
        size[k] = _shadow(first, way_x[k], way_y[k]) + _shadow(second, way_x[k], way_y[k])
        gone[k] = way_x[k] * moved[0] + way_y[k] * moved[1]
    distance[5] = (second.low + second.high - first.low - first.high) / 2
    size[5] = (first.high - first.low + second.high - second.low) / 2
    gone[5] = moved[2]
    ways = AXES - 1 if first.walks or second.walks else AXES  # who walks is pushed sideways only
    best, separation, apart = 0, -np.inf, False
    for k in range(AXES):
        between = abs(distance[k]) - size[k]
        if k < ways and between > separation:
            best, separation = k, between
        apart = apart or abs(distance[k] - gone[k]) - size[k] > 0
    high = abs(distance[5]) - size[5]
    depth = -separation if high < 0 else -high
    side = -1.0 if distance[best] < 0 else 1.0
    if swept and apart:
        # shares of the way at which each axis's shadows begin and cease to meet
        last, enters, leaves = 0, -np.inf, np.inf
        for k in range(AXES):
            safe = 1e-12 if abs(gone[k]) < 1e-12 else gone[k]
            before = distance[k] - gone[k]
            one, other = (-size[k] - before) / safe, (size[k] - before) / safe
            leaves = min(leaves, max(one, other))
            if min(one, other) > enters:
                last, enters = k, min(one, other)
        if enters <= 1 and enters <= leaves and leaves >= 0:
            best, side = last, -1.0 if distance[last] - gone[last] < 0 else 1.0
            depth = size[last] - side * distance[last]
        else:
            depth = min(depth, 0.0)
    if best == 5:
        return depth, 0.0, 0.0, side
    return depth, way_x[best] * side, way_y[best] * side, 0.0


@compiled(PRISMS, PRISMS, REAL_2, boolean, REAL, REAL_2)
def overlaps(first: Any, second: Any, moved: Array, swept: bool, depth: Array, normal: Array) -> None:
    """Fills in what ``collisions.overlap`` tells of pairs (P,)."""
    table = np.empty((5, AXES))
    for row in range(len(first)):
        way = moved[row, 0], moved[row, 1], moved[row, 2]
        depth[row], normal[row, 0], normal[row, 1], normal[row, 2] = _meet(first[row], second[row], way, swept, table)


@compiled(PRISMS, REAL_2)
def middles(prisms: Any, places: Array) -> None:
    """Fills in the middles (N, 3) [m] of prisms."""
    for n in range(len(prisms)):
        places[n, 0], places[n, 1] = prisms[n].center[0], prisms[n].center[1]
        places[n, 2] = (prisms[n].low + prisms[n].high) / 2


@compiled(PRISMS, INDICES_2, REAL_2)
def touching(prisms: Any, pairs: Indices, before: Array) -> tuple[Indices, Array, Array]:
    """Which of the pairs (P, 2) touch, rising, with depths [m] and unit normals from first to second.

    ``before`` (N, 3) [m] is where the prisms' middles were at the last look.
    """
    table = np.empty((5, AXES))
    hits, depths, normals = np.empty(len(pairs), np.int64), np.empty(len(pairs)), np.empty((len(pairs), 3))
    found = 0
    for row in range(len(pairs)):
        a, b = pairs[row, 0], pairs[row, 1]
        first, second = prisms[a], prisms[b]
        gap_x, gap_y = second.center[0] - first.center[0], second.center[1] - first.center[1]
        x, y = gap_x - before[b, 0] + before[a, 0], gap_y - before[b, 1] + before[a, 1]
        if gap_x**2 + gap_y**2 >= (_reach(first) + _reach(second) + math.hypot(x, y)) ** 2:
            continue
        z = (second.low + second.high - first.low - first.high) / 2 - before[b, 2] + before[a, 2]
        depth, normal_x, normal_y, normal_z = _meet(first, second, (x, y, z), True, table)
        if depth > 0:
            hits[found], depths[found] = row, depth
            normals[found, 0], normals[found, 1], normals[found, 2] = normal_x, normal_y, normal_z
            found += 1
    return hits[:found], depths[:found], normals[:found]
