"""Debug shapes: what clients draw into the scene, for as long as they asked.

Times as Unreal CARLA keeps them: a life of 0 is for ever. A negative one is for ever too for what hangs in the world
(its line batcher only counts down positive lives, whatever the documentation says), and one frame for what is drawn
over the picture: texts and HUD shapes.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderers.overlay import SEGMENT, Label, Marks
from simulator.server import wire
from simulator.server.wire import Array, Malformed

log = logging.getLogger(__name__)

MOST_SEGMENTS = 200_000
MOST_LABELS = 2_000
LONGEST_TEXT = 500
"""Limits that keep a client's drawings from taking all memory; beyond them the oldest go."""

POINT, FIRST_HUD = 0, 5
"""Among the kinds of shapes, which are point, line, arrow, box, string, and the first four over the picture."""


@dataclass(frozen=True, eq=False)
class Shape:
    """One debug shape.

    Attributes:
        lines: (K, 2, 3) [m], from and to, world; points begin where they end.
        width: [m], or [px] where ``in_pixels``. text: of a string, at the first line's start.
        color: sRGB. life: [s], as the client gave it.
    """

    lines: Array
    width: float
    in_pixels: bool
    on_top: bool
    color: tuple[int, int, int]
    life: float
    text: str | None = None
    shadow: bool = False


class Drawing:
    """All shapes of an episode that are not yet over. Memory is bounded."""

    def __init__(self) -> None:
        self._segments = np.zeros(64, SEGMENT)
        self._until = np.zeros(64)
        self._count = 0
        self._labels: deque[tuple[float, Label]] = deque(maxlen=MOST_LABELS)
        self._told = False

    def __bool__(self) -> bool:
        return bool(self._count or self._labels)

    def add(self, shape: Shape, now: float) -> None:
        """Draws a shape from the next frame on; ``now`` [s] is the simulation's time."""
        overlaid = shape.on_top or shape.text is not None
        if shape.life > 0:
            until = now + shape.life
        else:
            until = now if overlaid and shape.life < 0 else np.inf
        if shape.text is not None:
            x, y, z = shape.lines[0, 0].tolist()
            self._labels.append((until, Label((x, y, z), shape.text, shape.color, shape.shadow)))
            return
        count = len(shape.lines)
        self._make_room(count)
        new = slice(self._count, self._count + count)
        rows = self._segments[new]
        rows["start"], rows["end"] = shape.lines[:, 0], shape.lines[:, 1]
        rows["color"], rows["width"] = shape.color, shape.width
        rows["in_pixels"], rows["on_top"] = shape.in_pixels, shape.on_top
        self._until[new] = until
        self._count += count

    def _make_room(self, count: int) -> None:
        if self._count + count > MOST_SEGMENTS:
            if not self._told:
                log.warning("more than %d debug lines: the oldest go", MOST_SEGMENTS)
                self._told = True
            self._keep(np.arange(self._count) >= MOST_SEGMENTS // 4)
        if self._count + count > len(self._segments):
            more = min(2 * len(self._segments), MOST_SEGMENTS)
            self._segments = np.resize(self._segments, more)
            self._until = np.resize(self._until, more)

    def _keep(self, wanted: NDArray[np.bool_]) -> None:
        kept = np.flatnonzero(wanted)
        self._segments[: len(kept)] = self._segments[kept]
        self._until[: len(kept)] = self._until[kept]
        self._count = len(kept)

    def marks(self) -> Marks:
        """What is to be drawn now."""
        return Marks(self._segments[: self._count], [label for _, label in self._labels])

    def expire(self, following: float) -> None:
        """A frame was taken: forget what is over by the ``following`` one [s]. So every shape is in one at least."""
        if not self:
            return
        following -= 1e-6
        over = self._until[: self._count] < following
        if over.any():
            self._keep(~over)
        if self._labels:
            kept = [item for item in self._labels if item[0] >= following]
            if len(kept) < len(self._labels):
                self._labels = deque(kept, maxlen=MOST_LABELS)

    def clear_shapes(self) -> None:
        """Forgets all lines and points."""
        self._count = 0

    def clear_texts(self) -> None:
        """Forgets all texts."""
        self._labels.clear()


def decode_shape(value: Any) -> Shape:
    """The wire's DebugShape. Raises Malformed."""
    primitive, color, life, _persistent = wire.fields(value, 4)
    kind, body = wire.fields(primitive, 2)
    red, green, blue = (min(max(wire.integer(part), 0), 255) for part in wire.fields(color, 3))
    text, shadow = None, False
    hud = wire.integer(kind) >= FIRST_HUD
    match kind:
        case 0 | 5:
            place, size = wire.fields(body, 2)
            at = wire.vector(place)
            lines, width = np.array([[at, at]]), wire.number(size)
        case 1 | 6:
            start, end, thickness = wire.fields(body, 3)
            lines, width = np.array([[wire.vector(start), wire.vector(end)]]), wire.number(thickness)
        case 2 | 7:
            line, size = wire.fields(body, 2)
            start, end, thickness = wire.fields(line, 3)
            lines, width = _arrow(wire.vector(start), wire.vector(end), wire.number(size)), wire.number(thickness)
        case 3 | 8:
            box, rotation, thickness = wire.fields(body, 3)
            lines, width = _box(box, rotation), wire.number(thickness)
        case 4:
            place, content, shaded = wire.fields(body, 3)
            at = wire.vector(place)
            lines, width = np.array([[at, at]]), 0.0
            text, shadow = wire.text(content)[:LONGEST_TEXT], wire.flag(shaded)
        case _:
            raise Malformed(f"{kind!r} is no debug shape")
    # Unreal's points are sprites of so many pixels; CARLA hands them hundredths of what the client gives.
    in_pixels = hud or kind == POINT
    width = 100 * width if kind == POINT else width
    return Shape(lines, width, in_pixels, hud, (red, green, blue), wire.number(life), text, shadow)


def _arrow(start: Array, end: Array, size: float) -> Array:
    """A shaft, and four edges from a square ``size`` [m] behind the tip."""
    way = end - start
    length = float(np.linalg.norm(way))
    if length < 1e-9:
        return np.array([[start, end]])
    ahead = way / length
    aside = np.cross([0.0, 0.0, 1.0] if abs(ahead[2]) < 0.999 else [1.0, 0.0, 0.0], ahead)
    aside /= np.linalg.norm(aside)
    up = np.cross(ahead, aside)
    barbs = [end - size * ahead + size * (a * aside + b * up) for a in (1, -1) for b in (1, -1)]
    return np.array([[start, end], *([barb, end] for barb in barbs)])


_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
_EDGES = np.array([(a, b) for a in range(8) for b in range(a + 1, 8) if (a ^ b) in (1, 2, 4)])


def _box(box: Any, rotation: Any) -> Array:
    """The twelve edges of a box, turned by ``rotation`` about its middle; CARLA does not read the box's own."""
    location, extent, _, _ = wire.fields(box, 4)
    half = np.array([wire.number(part) for part in wire.fields(extent, 3)])
    return box_edges(wire.transform([location, rotation]), half)


def box_edges(world_from_box: Array, half: Array) -> Array:
    """Edges (12, 2, 3) [m] of a box of half sizes (3,)."""
    corners = (_CORNERS * half) @ world_from_box[:3, :3].T + world_from_box[:3, 3]
    return corners[_EDGES]
