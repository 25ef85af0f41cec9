"""Lanes as strips of surface: where their edges lie, and the triangles between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from assets import ground
from assets.noise import value_noise
from assets.pieces import Piece, grid_faces
from simulator.world.kerbs import WIDTH as KERB_WIDTH
from simulator.world.kerbs import edging, kerb, ridge
from simulator.world.opendrive import Lane, Road, Section
from simulator.world.paving import KERB, Paving, paving

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

FLAT = np.array([0.006, 0.006, 0.0006])
"""Metres (x, y, z) by which the middle of two cross-sections may be off when the one between them is left out."""

BEFORE = 1e-6
"""Metres: a section ends so much earlier, for its borders may jump where the next one begins."""

NARROWEST = 0.02

OVERLAP = 0.02
"""Metres by which a lane reaches under what comes after it."""

FADE = 18.0
"""Metres before a junction over which wheel tracks fade."""

RAIL_GAUGE, RAIL_HEAD = 1.435, 0.07


@dataclass(frozen=True, eq=False)
class Strip:
    """A lane of one section.

    Attributes:
        s: (N,) [m], where it is cut across.
        t: (N, 2) [m], its right and its left edge; lift: (N, 2) [m], how high they lie above the road.
        edges: (N, 2, 3) [m], those edges in the world.
        drop: how far [m] the neighbour's edge lies below, on the right and on the left; None: there is land.
        deck: (N,), where the road is a bridge; set once all strips are known.
    """

    road: Road
    lane: Lane
    paving: Paving
    s: Array
    t: Array
    lift: Array
    edges: Array
    drop: tuple[float | None, float | None]
    deck: Flags

    @property
    def in_junction(self) -> bool:
        """Whether its road is one of a junction's."""
        return self.road.junction != "-1"

    @property
    def grounded(self) -> Flags:
        """Where (N,) it lies on the land, to the very station at which a bridge begins."""
        flags = ~self.deck
        grown = flags.copy()
        grown[1:] |= flags[:-1]
        grown[:-1] |= flags[1:]
        return grown

    def brim(self) -> Array:
        """Points (M, 3) [m] on its two edges where it lies on the land, one a metre."""
        runs = _runs(self.grounded)
        return np.concatenate([np.zeros((0, 3)), *(_metres(self.edges[run, side]) for run in runs for side in (0, 1))])

    def polygon(self, chosen: Flags | None = None) -> shapely.Geometry:
        """What it covers, seen from above; of ``chosen`` (N,) stretches only."""
        if chosen is None or chosen.all():
            return _outline(self.edges)
        parts = [_outline(self.edges[run]) for run in _runs(chosen) if len(run) > 1]
        return shapely.union_all(parts) if parts else shapely.Polygon()


def _runs(flags: Flags) -> list[NDArray[np.int64]]:
    """Indices of flags (N,) that are set, in unbroken runs."""
    runs = np.split(np.arange(len(flags)), np.flatnonzero(np.diff(flags)) + 1)
    return [run for run in runs if flags[run[0]]]


def _metres(line: Array) -> Array:
    """Points (M, 3) along a polyline (N, 3), one a metre."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.append(np.arange(0.0, length[-1], 1.0), length[-1])
    return np.stack([np.interp(at, length, line[:, axis]) for axis in range(3)], -1)


def _outline(edges: Array) -> shapely.Geometry:
    ring = np.concatenate([edges[:, 0], edges[::-1, 1]])[:, :2]
    shape = shapely.Polygon(ring)
    return shape if shape.is_valid else shapely.make_valid(shape)


def strips(road: Road, step: float) -> Iterator[Strip]:
    """All lanes of a road that are paved and wider than 2 cm somewhere."""
    for section in road.sections:
        if section.end - section.start < 1e-3:
            continue
        s, borders, points = _stations(road, section, step)
        lifts = {number: _lift(lane, s - section.start) for number, lane in section.lanes.items()}
        for lane in section.lanes.values():
            kind = paving(lane.kind)
            inner = lane.id - int(np.sign(lane.id))
            right, left = (inner, lane.id) if lane.id > 0 else (lane.id, inner)
            if lane.id == 0 or kind is None or np.max(borders[left] - borders[right]) < NARROWEST:
                continue
            lift = lifts[lane.id]
            edges = np.stack([points[right], points[left]], 1)
            edges[:, :, 2] += lift
            drop = _drop(section, lifts, lane.id, 0), _drop(section, lifts, lane.id, 1)
            yield Strip(
                road,
                lane,
                kind,
                s,
                np.stack([borders[right], borders[left]], 1),
                lift,
                edges,
                drop,
                np.zeros(len(s), bool),
            )


def _drop(section: Section, lifts: dict[int, Array], lane: int, side: int) -> float | None:
    """How far [m] the surface beyond a lane's edge lies below; None where there is none. ``side``: 0 right, 1 left."""
    other = lane + (1 if side else -1)
    other += (1 if side else -1) * (other == 0)  # the centre has no width
    beyond = section.lanes.get(other)
    if beyond is None or paving(beyond.kind) is None:
        return None
    return float(np.mean(lifts[lane][:, side] - lifts[other][:, 1 - side]))


def _lift(lane: Lane, ds: Array) -> Array:
    """How high (N, 2) [m] a lane's right and left edge lie above the road."""
    kind = paving(lane.kind)
    if not len(lane.heights):
        return np.full((len(ds), 2), KERB if kind is not None and kind.raised else 0.0)
    index = np.clip(np.searchsorted(lane.heights[:, 0], ds + 1e-9, side="right") - 1, 0, None)
    inner_outer = lane.heights[index, 1:]
    return inner_outer if lane.id > 0 else inner_outer[:, ::-1]


def _stations(road: Road, section: Section, step: float) -> tuple[Array, dict[int, Array], dict[int, Array]]:
    """Where a section is cut across, and each border's offset t and its points there.

    Fewer cuts where it is straight: two neighbouring spans are one, twice over, where none of its borders bends.
    """
    count = max(int(np.ceil((section.end - section.start) / step)), 1)
    s = np.linspace(section.start, section.end - BEFORE, count + 1)
    borders = road.borders(section, s)
    stacked = np.stack(list(borders.values()))
    points, _ = road.points(np.tile(s, len(stacked)), stacked.ravel())
    points = points.reshape(len(stacked), len(s), 3)
    keep = np.arange(len(s))
    for _ in range(3):
        middles = keep[1:-1:2]
        before, after = keep[0:-2:2][: len(middles)], keep[2::2][: len(middles)]
        if not len(middles):
            break
        share = (s[middles] - s[before]) / (s[after] - s[before])
        chord = points[:, before] + share[:, None] * (points[:, after] - points[:, before])
        bent = (np.abs(points[:, middles] - chord) > FLAT).any(axis=(0, 2))
        keep = np.setdiff1d(keep, middles[~bent])
    numbers = list(borders)
    return (
        s[keep],
        {number: borders[number][keep] for number in numbers},
        {number: points[row][keep] for row, number in enumerate(numbers)},
    )


def tone(points: Array, base: float = 255.0) -> Array:
    """Vertex colours (N, 3): slow changes of brightness over tens of metres, which no texture could hold."""
    light = 0.90 + 0.06 * value_noise(points[:, :2], 37.0, 1) + 0.04 * value_noise(points[:, :2], 9.0, 2)
    return np.repeat((base * light)[:, None], 3, axis=1)


def _wear(across: Array, points: Array) -> Array:
    """Brightness (N,) of a driven lane: two polished wheel tracks and an oily middle, stronger here than there."""
    strength = 0.8 + 0.4 * value_noise(points[:, :2], 21.0, 3)
    tracks = np.exp(-(((across - 0.25) / 0.09) ** 2)) + np.exp(-(((across - 0.75) / 0.09) ** 2))
    return 1 - strength * (0.09 * tracks + 0.05 * np.exp(-(((across - 0.5) / 0.08) ** 2)))


def _settled(road: Road, s: Array) -> Array:
    """How much (N,) of a lane's wear shows: towards junctions, whose floors have none, it fades."""
    fade = np.ones_like(s)
    for link, away in ((road.before, s), (road.after, road.length - s)):
        if link is not None and link.kind == "junction":
            fade = np.minimum(fade, np.clip(away / FADE, 0.0, 1.0))
    return fade


def surface(strip: Strip, kept: Flags | None = None) -> Iterator[Piece]:
    """A strip's surface; driven lanes show wheel tracks, raised ones get kerbs. ``kept`` (N,): the stations to use."""
    if kept is not None and not kept.all():
        for run in _runs(kept):
            if len(run) > 1:
                yield from surface(_part(strip, run))
        return
    width = strip.t[:, 1] - strip.t[:, 0]
    inset = np.zeros((len(strip.s), 2))
    for side, drop in enumerate(strip.drop):
        sign = 1.0 if side == 0 else -1.0
        if drop is None:
            raised = strip.lift.max() > 0.02
            yield edging(strip.edges[:, side], -sign, tone, material=None if raised else ground.asphalt())
            outer = (strip.lane.id > 0) == (side == 1)
            if outer and not raised and any(mark.kind == "curb" for mark in strip.lane.marks):
                yield from ridge(strip.road, strip.s, strip.t[:, side], strip.lift[:, side], sign, tone)
        elif drop > 0.02:
            inset[:, side] = np.minimum(KERB_WIDTH, 0.4 * width)
            lifted = strip.road, strip.s, strip.t[:, side], strip.lift[:, side]
            yield kerb(*lifted, sign * inset[:, side], drop, tone)
    yield _slab(strip, strip.t[:, 0] + inset[:, 0], strip.t[:, 1] - inset[:, 1])
    if strip.lift.max() > 0.02:
        for end, outward in ((0, 1.0), (-1, -1.0)):
            yield edging(strip.edges[end], outward, tone)
    if strip.lane.kind in ("tram", "rail"):
        middle = strip.t.mean(axis=1)
        for side in (-1, 1):
            rail = middle + side * RAIL_GAUGE / 2
            points, normals = strip.road.points(
                np.repeat(strip.s, 2), (rail[:, None] + np.array([-0.5, 0.5]) * RAIL_HEAD).ravel(), 0.012
            )
            uvs = np.zeros((len(points), 2))
            yield Piece(
                points, grid_faces(len(strip.s), 2), normals, uvs, np.full((len(points), 3), 255.0), ground.steel()
            )


def _part(strip: Strip, run: NDArray[np.int64]) -> Strip:
    return Strip(
        strip.road, strip.lane, strip.paving, strip.s[run], strip.t[run], strip.lift[run], strip.edges[run], strip.drop,
        strip.deck[run],
    )  # fmt: skip


def _slab(strip: Strip, right: Array, left: Array) -> Piece:
    driven = strip.paving.driven
    across = np.linspace(0, 1, 9 if driven else 2)
    rows = np.repeat(strip.s, len(across))
    t = right[:, None] + across * (left - right)[:, None]
    lift = strip.lift[:, :1] + across * (strip.lift[:, 1:] - strip.lift[:, :1])
    vertices, normals = strip.road.points(rows, t.ravel())
    vertices[:, 2] += lift.ravel()
    _overlap(vertices.reshape(len(strip.s), len(across), 3))
    colors = tone(vertices)
    if driven:
        along = strip.s[:, None] / ground.LANE_TILE + 0.37 * strip.lane.id  # neighbours do not show the same stains
        uvs = np.stack(np.broadcast_arrays(across, along), -1).reshape(-1, 2)
        wear = _wear(np.tile(across, len(strip.s)), vertices)
        colors *= 1 - ((1 - wear) * _settled(strip.road, rows))[:, None]
    else:
        uvs = vertices[:, :2] / ground.PLANE_TILE
    faces = upward(grid_faces(len(strip.s), len(across)), vertices)  # rows along s, columns from right to left
    return Piece(vertices, faces, normals, uvs, colors, strip.paving.material())


def _overlap(rows: Array) -> None:
    """Moves the first and last row of (N, M, 3) outward, so that a ray down between two roads finds no crack."""
    for end, before in ((0, 1), (-1, -2)):
        along = rows[end] - rows[before]
        rows[end] += along * (OVERLAP / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), OVERLAP))


def upward(faces: NDArray[np.int64], vertices: Array) -> NDArray[np.int64]:
    """Faces without those that look down: a strip folds where its bend is tighter than its inner border is away."""
    a, b, c = (vertices[faces[:, k], :2] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    return faces[area > 1e-9]
