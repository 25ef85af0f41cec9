"""Paint along the lanes' borders, in OpenDRIVE's types and colours; rows of dots where those mark the lane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets import ground
from assets.pieces import Piece
from simulator.world.lanes import BEFORE
from simulator.world.opendrive import Line, Mark, Road, Section
from simulator.world.paving import KERB, is_raised

Array = NDArray[np.float64]

PAINT = 0.006
"""Height [m] of paint above the road."""

LONGEST = 2.5
"""Metres of one quad of paint: a bend of 200 m radius is then true to 4 mm."""

DASH, GAP = 3.0, 4.5
"""Metres, of broken lines whose lengths the file does not tell."""

DOT_SPACING, DOT_RADIUS, DOT_HEIGHT = 1.2, 0.05, 0.018
"""Metres; Botts' dots (Caltrans standard plan A20A: 4 inches wide, 4 feet apart)."""

COLORS = {
    "white": (255, 255, 255),
    "yellow": (255, 190, 60),
    "blue": (90, 130, 230),
    "green": (70, 160, 90),
    "red": (220, 70, 60),
    "orange": (250, 140, 40),
    "violet": (150, 90, 190),
}


@dataclass(frozen=True, eq=False)
class Paint:
    """Quads of paint on a road: from ``starts`` to ``ends`` (N,) in s, at ``t`` (N, 2) there, ``width`` (N,) [m],
    ``lift`` (N,) [m] above the road, ``color`` (N, 3) in [0, 255]."""

    starts: Array
    ends: Array
    t: Array
    width: Array
    lift: Array
    color: Array


def pieces(road: Road) -> Iterator[Piece]:
    """All that is painted on, or stuck to, the borders of a road's lanes."""
    for section in road.sections:
        spans: list[tuple[int, Array, Array, float, float, float, tuple[int, int, int]]] = []
        for lane in section.lanes.values():
            ends = [*(mark.start for mark in lane.marks[1:]), section.end]
            for mark, end in zip(lane.marks, ends, strict=bool(lane.marks)):
                start, end = max(mark.start, section.start), min(end, section.end)
                if end - start < 0.1:
                    continue
                color, lift = COLORS.get(mark.color, COLORS["white"]), _lift(section, lane.id)
                if mark.kind == "botts dots":
                    yield _dots(road, section, lane.id, (start, end), lift, color)
                    continue
                for line in _lines(mark, lane.id, _is_edge(section, lane.id)):
                    starts, stops = dashes(start + line.start, end, line)
                    spans.append((lane.id, starts, stops, line.offset, line.width, lift, color))
        paint = _paint(road, section, spans)
        if len(paint.starts):
            yield _ribbons(road, paint)


def _is_edge(section: Section, lane: int) -> bool:
    """Whether nothing that is driven on lies beyond a lane's outer border."""
    beyond = section.lanes.get(lane + (1 if lane > 0 else -1))
    return lane != 0 and (beyond is None or beyond.kind == "none" or is_raised(beyond.kind))


def _lift(section: Section, lane: int) -> float:
    """Height [m] of the paint on a lane's outer border."""
    return PAINT + (KERB if lane and is_raised(section.lanes[lane].kind) else 0.0)


def _lines(mark: Mark, lane: int, edge: bool) -> list[Line]:
    """A mark's lines. Those of an edge lie inside of it; double ones lie one width apart, and the first one named is
    the inner one, or the left one on the road's centre (OpenDRIVE 1.6, 9.6.1)."""
    words = [word for word in mark.kind.split() if word in ("solid", "broken")]
    if mark.lines and (not words or len(mark.lines) >= len(words)):
        return list(mark.lines) if words or mark.kind == "custom" else []
    outward = 1.0 if lane > 0 else -1.0
    middle = -outward * mark.width / 2 if edge else 0.0
    told = next(iter(mark.lines), Line(0, 0, 0, DASH, GAP))
    dash, gap = (told.dash, told.gap) if told.gap > 0 else (DASH, GAP)
    lines = []
    for place, word in enumerate(words):
        apart = (2 * place - (len(words) - 1)) * mark.width
        lines.append(Line(mark.width, middle + outward * apart, 0.0, dash, gap if word == "broken" else 0.0))
    return lines


def dashes(start: float, end: float, line: Line) -> tuple[Array, Array]:
    """Starts and ends (N,) [m] of a line's painted pieces, none longer than ``LONGEST``."""
    if line.gap <= 0 and line.repeats:
        breaks = np.linspace(start, end, max(int(np.ceil((end - start) / LONGEST)), 1) + 1)
        return breaks[:-1], breaks[1:]
    period = line.dash + line.gap
    first = start + period * np.arange(int(np.ceil((end - start) / period)) if line.repeats else 1)
    count = max(int(np.ceil(line.dash / LONGEST)), 1)
    cuts = first[:, None] + np.linspace(0, line.dash, count + 1)
    starts, ends = cuts[:, :-1].ravel(), np.minimum(cuts[:, 1:].ravel(), end)
    painted = ends - starts > 1e-3
    return starts[painted], ends[painted]


def _paint(
    road: Road, section: Section, spans: list[tuple[int, Array, Array, float, float, float, tuple[int, int, int]]]
) -> Paint:
    counts = [len(span[1]) for span in spans]
    starts, ends = (np.concatenate([np.zeros(0), *(span[k] for span in spans)]) for k in (1, 2))
    borders = road.borders(section, np.minimum(np.concatenate([starts, ends]), section.end - BEFORE))
    lanes = np.repeat(np.array([span[0] for span in spans], int), counts)
    t = np.zeros(2 * len(starts))
    for lane in np.unique(lanes):
        chosen = np.tile(lanes == lane, 2)
        t[chosen] = borders[int(lane)][chosen]
    offset, width, lift = (np.repeat(np.array([span[k] for span in spans], float), counts) for k in (3, 4, 5))
    color = np.repeat(np.array([span[6] for span in spans], float).reshape(-1, 3), counts, axis=0)
    return Paint(starts, ends, t.reshape(2, -1).T + offset[:, None], width, lift, color)


def _ribbons(road: Road, paint: Paint) -> Piece:
    """A quad for each painted span: right start, right end, left start, left end."""
    s = np.stack([paint.starts, paint.ends, paint.starts, paint.ends], 1)
    aside = paint.width[:, None] / 2 * np.array([-1.0, -1.0, 1.0, 1.0])
    vertices, normals = road.points(s.ravel(), (paint.t[:, [0, 1, 0, 1]] + aside).ravel())
    vertices[:, 2] += np.repeat(paint.lift, 4)
    count = len(s)
    faces = (np.arange(count)[:, None, None] * 4 + np.array([[0, 1, 3], [0, 3, 2]])).reshape(-1, 3)
    uvs = np.stack([s.ravel() / 4, np.tile([0.0, 0.0, 0.25, 0.25], count)], -1)
    return Piece(vertices, faces, normals, uvs, np.repeat(paint.color, 4, axis=0), ground.paint())


def _dots(
    road: Road, section: Section, lane: int, span: tuple[float, float], lift: float, color: tuple[int, int, int]
) -> Piece:
    """Flat domes of eight sides."""
    s = np.arange(span[0] + DOT_SPACING / 2, span[1], DOT_SPACING)
    angle = np.arange(8) / 8 * 2 * np.pi
    around = s[:, None] + DOT_RADIUS * np.cos(angle)
    aside = road.borders(section, s)[lane]
    rim, up = road.points(around.ravel(), (aside[:, None] + DOT_RADIUS * np.sin(angle)).ravel(), lift - PAINT)
    top, top_up = road.points(s, aside, lift + DOT_HEIGHT)
    rim = rim.reshape(-1, 8, 3)
    normals = np.concatenate([rim - top[:, None], np.zeros((len(s), 1, 3))], 1)
    normals += np.concatenate([up.reshape(-1, 8, 3), top_up[:, None]], 1) * DOT_RADIUS
    vertices = np.concatenate([rim, top[:, None]], 1).reshape(-1, 3)
    normals = normals.reshape(-1, 3) / np.linalg.norm(normals.reshape(-1, 3), axis=1, keepdims=True)
    fan = np.stack([np.arange(8), (np.arange(8) + 1) % 8, np.full(8, 8)], 1)
    faces = (np.arange(len(s))[:, None, None] * 9 + fan).reshape(-1, 3)
    return Piece(
        vertices, faces, normals, vertices[:, :2], np.tile(np.array(color, float), (len(vertices), 1)), ground.paint()
    )
