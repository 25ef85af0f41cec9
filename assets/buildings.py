"""Buildings: detached houses, shops, apartment blocks, offices. The street is towards +x, the origin on the ground.

Walls go 1.5 m into the ground, so that a slope does not show a gap. Every variant is another building.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import masonry
from assets.facades import Plane, Quads, Storey, Windows, wall
from assets.mesh import Material
from assets.model import Model
from assets.pieces import join, rigid
from assets.tags import Tag

Array = NDArray[Any]
Size = tuple[float, float, float] | None
Color = tuple[float, float, float]

FOOTING = 1.5
"""Metres that walls go into the ground."""

_PAINTS: tuple[Color, ...] = (
    (246, 238, 220), (238, 222, 190), (226, 206, 176), (214, 220, 214), (232, 214, 204), (244, 244, 240),
    (206, 212, 222), (222, 196, 158), (196, 204, 188), (238, 226, 206),
)  # fmt: skip
_BRICKS: tuple[Color, ...] = ((192, 142, 124), (172, 122, 106), (202, 164, 140), (164, 132, 120), (222, 204, 180))
_ROOFS: tuple[Color, ...] = ((172, 118, 98), (120, 116, 116), (98, 94, 94), (152, 108, 90), (134, 116, 104))
_DOORS: tuple[Color, ...] = ((120, 44, 40), (44, 70, 92), (60, 84, 62), (92, 66, 46), (36, 38, 42), (150, 120, 60))
_FRAMES: tuple[Color, ...] = ((240, 240, 236), (88, 74, 62), (70, 74, 78), (240, 238, 228))


def _pick(random: np.random.Generator, colors: tuple[Color, ...]) -> Color:
    r, g, b = np.array(colors[random.integers(len(colors))]) * random.uniform(0.94, 1.03)
    return float(r), float(g), float(b)


def _walls(width: float, depth: float) -> tuple[Plane, Plane, Plane, Plane]:
    """Front, left, back and right walls of a block ``width`` along y and ``depth`` along x [m]."""
    x, y = depth / 2, width / 2
    return (
        Plane(np.array([x, -y, 0.0]), np.array([0.0, 1.0, 0.0])),
        Plane(np.array([x, y, 0.0]), np.array([-1.0, 0.0, 0.0])),
        Plane(np.array([-x, y, 0.0]), np.array([0.0, -1.0, 0.0])),
        Plane(np.array([-x, -y, 0.0]), np.array([1.0, 0.0, 0.0])),
    )


def _bays(width: float, spacing: float, margin: float = 0.9) -> Array:
    """Middles of openings, evenly spread along a wall [m]."""
    count = max(int((width - 2 * margin) / spacing), 1)
    pitch = (width - 2 * margin) / count
    return margin + (np.arange(count) + 0.5) * pitch


def _base(quads: Quads, plane: Plane, width: float, height: float, material: Material, color: Color) -> None:
    """The plinth: from under the ground to ``height`` [m], a little proud of the wall."""
    quads.block(material, plane, [0.0, -0.3, -FOOTING], [width, 0.04, height], np.array(color) * 0.62)


def _door(quads: Quads, plane: Plane, u: float, floor: float, color: Color, frame: Color, double: bool = False) -> None:
    """A door with its frame, a step and a canopy, at u [m] in a wall; its sill lies at ``floor``."""
    half = 0.95 if double else 0.5
    quads.block(masonry.TRIM, plane, [u - half - 0.14, 0.0, floor], [u + half + 0.14, 0.07, floor + 2.42], frame)
    for side in (-1, 0) if double else (-0.5,):
        left = u + side * half * (1 if double else 2)
        right = left + half * (1 if double else 2)
        quads.block(masonry.DOOR, plane, [left + 0.02, 0.0, floor + 0.02], [right - 0.02, 0.10, floor + 2.28], color)
        spans = np.array([[left + 0.16, right - 0.16, floor + 1.25, floor + 2.05]])
        quads.rectangles(masonry.pane(1), plane, spans, 0.105, (255, 255, 255), np.zeros((1, 4, 2)) + 0.06)
        quads.block(
            masonry.METAL, plane, [right - 0.12, 0.1, floor + 1.0], [right - 0.09, 0.16, floor + 1.16], (255, 255, 255)
        )
    quads.block(masonry.concrete(), plane, [u - half - 0.4, 0.0, -0.6], [u + half + 0.4, 0.9, floor], (214, 210, 204))
    if floor > 0.25:
        low, high = [u - half - 0.4, 0.9, -0.6], [u + half + 0.4, 1.22, floor * 0.5]
        quads.block(masonry.concrete(), plane, low, high, (214, 210, 204))


def _canopy(quads: Quads, plane: Plane, u: float, z: float, half: float, reach: float, color: Color) -> None:
    quads.block(masonry.TRIM, plane, [u - half, 0.0, z], [u + half, reach, z + 0.12], color)


def _slope(quads: Quads, corners: Array, color: Color) -> None:
    """A roof surface (4, 3), eaves first, with its underside."""
    corners = np.asarray(corners, float)
    run = np.linalg.norm(corners[3] - corners[0])
    u = np.concatenate([[0.0], [np.linalg.norm(corners[1] - corners[0])]])
    lean = (corners[3] - corners[0]) @ (corners[1] - corners[0]) / max(u[1], 1e-6)
    top = lean + np.linalg.norm(corners[2] - corners[3])
    height = np.sqrt(max(run**2 - lean**2, 1e-6))
    uvs = np.array([[[0, 0], [u[1], 0], [top, height], [lean, height]]]) / masonry.TILE
    quads.add(masonry.roof_tiles(), corners[None], (0, 0, 1), color, uvs)
    quads.add(masonry.TRIM, corners[None] - [0, 0, 0.14], (0, 0, -1), (190, 186, 178), uvs)
    edge = np.stack([corners[0], corners[1], corners[1] - [0, 0, 0.14], corners[0] - [0, 0, 0.14]])
    outward = np.cross(corners[1] - corners[0], [0, 0, 1.0])
    if outward @ (corners[0] - corners[3]) < 0:
        outward = -outward
    quads.add(masonry.TRIM, edge[None], outward, (226, 224, 216), np.zeros((1, 4, 2)))


def _gable(
    quads: Quads, width: float, depth: float, eaves: float, pitch: float, over: float, color: Color,
    gable: tuple[Material, Color],
) -> None:  # fmt: skip
    """A roof with its ridge along y and its gable walls."""
    x, y = depth / 2, width / 2
    ridge = eaves + pitch * x
    low = eaves - pitch * over
    for side in (1.0, -1.0):
        ends = np.array([-1.0, 1.0]) * (y + over)
        if side < 0:
            ends = ends[::-1]
        _slope(
            quads,
            np.array(
                [[side * (x + over), ends[0], low], [side * (x + over), ends[1], low], [0, ends[1], ridge],
                 [0, ends[0], ridge]]
            ),
            color,
        )  # fmt: skip
        corners = np.array([[[x, side * y, eaves], [-x, side * y, eaves], [0, side * y, ridge], [0, side * y, ridge]]])
        corners[0, 3] = [0.001, side * y, ridge]
        quads.add(gable[0], corners, (0, side, 0), gable[1], corners[:, :, (0, 2)] / masonry.TILE)
        board = np.array([(x + over, low), (0.0, ridge), (-x - over, low)])
        for a, b in ((0, 1), (2, 1)):
            (xa, za), (xb, zb) = board[a], board[b]
            at = side * (y + over)
            strip = np.array([[[xa, at, za], [xb, at, zb], [xb, at, zb - 0.16], [xa, at, za - 0.16]]])
            quads.add(masonry.TRIM, strip, (0, side, 0), (236, 234, 228), np.zeros((1, 4, 2)))


def _hip(quads: Quads, width: float, depth: float, eaves: float, pitch: float, over: float, color: Color) -> None:
    """A hipped roof; the ridge runs along the longer side."""
    x, y = depth / 2 + over, width / 2 + over
    low, run = eaves - pitch * over, min(x, y)
    top = low + pitch * run
    rx, ry = x - run, y - run
    rx, ry = max(rx, 0.02), max(ry, 0.02)
    corner = np.array([[x, -y], [x, y], [-x, y], [-x, -y]])
    ridge = np.array([[rx, -ry], [rx, ry], [-rx, ry], [-rx, -ry]])
    for k in range(4):
        a, b = k, (k + 1) % 4
        _slope(quads, np.array([[*corner[a], low], [*corner[b], low], [*ridge[b], top], [*ridge[a], top]]), color)


def _chimney(quads: Quads, x: float, y: float, low: float, high: float, color: Color) -> None:
    for plane, width in zip(_walls(0.55, 0.8), (0.55, 0.8, 0.55, 0.8), strict=True):
        moved = Plane(plane.origin + np.array([x, y, 0.0]), plane.along)
        quads.rectangles(masonry.brick(), moved, np.array([[0, width, low, high]]), 0.0, color)
    corners = np.array([[[x - 0.4, y - 0.28, high], [x + 0.4, y - 0.28, high], [x + 0.4, y + 0.28, high],
                         [x - 0.4, y + 0.28, high]]])  # fmt: skip
    quads.add(masonry.DARK_METAL, corners, (0, 0, 1), (255, 255, 255), np.zeros((1, 4, 2)))


def _flat_roof(
    quads: Quads, width: float, depth: float, top: float, parapet: float, material: Material, color: Color,
    random: np.random.Generator, level: int,
) -> None:  # fmt: skip
    """Felt behind a parapet with a coping, a stair house and machines."""
    x, y = depth / 2, width / 2
    deck = np.array([[[-x, -y, top], [x, -y, top], [x, y, top], [-x, y, top]]])
    quads.add(masonry.roof_felt(), deck, (0, 0, 1), (255, 255, 255), deck[:, :, :2] / masonry.TILE)
    for plane, length in zip(_walls(width, depth), (width, depth, width, depth), strict=True):
        quads.rectangles(material, plane, np.array([[0, length, top, top + parapet]]), 0.0, color)
        quads.block(
            masonry.TRIM, plane, [-0.05, -0.3, top + parapet], [length + 0.05, 0.07, top + parapet + 0.1],
            (206, 204, 198),
        )  # fmt: skip
        inner = Plane(plane.origin - plane.turn[1] * 0.28, plane.along)
        back = np.array([[[0, 0, top], [length, 0, top], [length, 0, top + parapet], [0, 0, top + parapet]]])
        quads.add(material, inner.points(back), -plane.turn[1], color, back[:, :, (0, 2)] / masonry.TILE)
    blocks = [(random.uniform(-0.2, 0.2) * depth, random.uniform(-0.25, 0.25) * width, 3.0, 4.2, 2.6)]
    if level == 0:
        for _ in range(int(random.integers(2, 5))):
            blocks.append(
                (random.uniform(-0.35, 0.35) * depth, random.uniform(-0.4, 0.4) * width, 1.2, 1.6,
                 random.uniform(0.7, 1.2))
            )  # fmt: skip
    for number, (bx, by, length, across, height) in enumerate(blocks):
        for plane, side in zip(_walls(across, length), (across, length, across, length), strict=True):
            moved = Plane(plane.origin + np.array([bx, by, top]), plane.along)
            made = material if number == 0 else masonry.METAL
            quads.rectangles(made, moved, np.array([[0, side, 0, height]]), 0.0, color if number == 0 else (205,) * 3)
        lid = np.array([[bx, by, top + height]]) + np.array(
            [[-length / 2, -across / 2, 0], [length / 2, -across / 2, 0], [length / 2, across / 2, 0],
             [-length / 2, across / 2, 0]]
        )  # fmt: skip
        quads.add(masonry.roof_felt(), lid[None], (0, 0, 1), (235, 235, 235), lid[None, :, :2] / masonry.TILE)


def _levels(build: Callable[[int], Quads], name: str) -> Model:
    return rigid(name, "static", [join(build(level).pieces()) for level in (0, 1)], Tag.BUILDINGS)


def _refuse_size(name: str, size: Size) -> None:
    if size is not None:
        raise ValueError(f"{name} takes no size")


@cache
def house(variant: int, size: Size = None) -> Model:
    """A detached house of one or two storeys under a pitched roof."""
    _refuse_size("building.house", size)

    def build(level: int) -> Quads:
        random, quads = np.random.default_rng([311, variant]), Quads()
        width, depth = random.uniform(9.0, 13.0), random.uniform(8.0, 10.5)
        storeys = 1 if variant % 3 == 2 else 2
        bricks = variant % 2 == 0
        material = masonry.brick() if bricks else (masonry.plaster(), masonry.siding())[variant // 2 % 2]
        color = _pick(random, _BRICKS if bricks else _PAINTS)
        frame, roof, door = _pick(random, _FRAMES), _pick(random, _ROOFS), _pick(random, _DOORS)
        floor, height = 0.35, 2.9
        look = Windows(random.uniform(1.1, 1.5), random.uniform(1.25, 1.5), 0.85, 0.12, (1, int(random.integers(2))),
                       frame=frame)  # fmt: skip
        door_at = width / 2
        for number, plane in enumerate(_walls(width, depth)):
            length = (width, depth)[number % 2]
            _base(quads, plane, length, floor, masonry.concrete(), (220, 214, 204))
            rows = []
            for storey in range(storeys):
                low = floor + storey * height
                places = _bays(length, 2.9 if number % 2 == 0 else 4.2, 1.1)
                if number == 0 and storey == 0:
                    places = places[np.abs(places - door_at) > 1.6]
                rows.append(Storey(low, low + height, places, look))
            wall(quads, plane, length, rows, material, color, random, level)
        front = _walls(width, depth)[0]
        _door(quads, front, door_at, floor, door, frame)
        _canopy(quads, front, door_at, floor + 2.5, 0.95, 1.1, frame)
        if level == 0:
            for side in (-0.85, 0.85):
                quads.block(
                    masonry.TRIM, front, [door_at + side - 0.06, 0.95, floor],
                    [door_at + side + 0.06, 1.07, floor + 2.5], frame,
                )  # fmt: skip
        eaves, pitch = floor + storeys * height, random.uniform(0.6, 0.9)
        if variant % 4 == 1:
            pitch = 0.55
            _hip(quads, width, depth, eaves, pitch, 0.45, roof)
        else:
            _gable(quads, width, depth, eaves, pitch, 0.4, roof, (material, color))
        _chimney(quads, -0.12 * depth, 0.3 * width, eaves, eaves + pitch * depth / 2 + 0.4, _BRICKS[variant % 5])
        return quads

    return _levels(build, "building.house")


@cache
def shop(variant: int, size: Size = None) -> Model:
    """Two or three storeys over a shop with its windows, sign and awning."""
    _refuse_size("building.shop", size)

    def build(level: int) -> Quads:
        random, quads = np.random.default_rng([321, variant]), Quads()
        width, depth = random.uniform(9.5, 15.0), random.uniform(11.0, 14.0)
        upper = 1 + variant % 3
        material = (masonry.brick(), masonry.plaster(), masonry.stone())[variant % 3]
        color = _pick(random, _BRICKS if variant % 3 == 0 else _PAINTS)
        frame, trim, door = _pick(random, _FRAMES), _pick(random, _DOORS), _pick(random, _DOORS)
        ground, height = 3.9, random.uniform(3.0, 3.3)
        look = Windows(random.uniform(1.0, 1.3), random.uniform(1.5, 1.9), 0.75, 0.16, (1, 1), frame=frame)
        shop_bays = _bays(width, 3.4, 0.5)
        pitch = shop_bays[1] - shop_bays[0] if len(shop_bays) > 1 else 3.0
        front_look = Windows(pitch - 0.45, 2.35, 0.45, 0.22, (1, 0), frame=trim)
        door_at = float(shop_bays[len(shop_bays) // 2])
        for number, plane in enumerate(_walls(width, depth)):
            length = (width, depth)[number % 2]
            _base(quads, plane, length, 0.12 if number == 0 else 0.4, masonry.stone(), (200, 196, 188))
            if number == 0:
                rows = [Storey(0.12, ground, shop_bays[shop_bays != door_at], front_look)]
            else:
                rows = [Storey(0.12, ground, _bays(length, 4.6, 1.2), replace(look, sill=1.2))]
            for storey in range(upper):
                low = ground + storey * height
                rows.append(Storey(low, low + height, _bays(length, 2.3 if number % 2 == 0 else 4.0), look))
            wall(quads, plane, length, rows, material, color, random, level)
            for storey in range(upper) if level == 0 else ():
                low = ground + storey * height
                quads.block(masonry.TRIM, plane, [0.0, 0.0, low - 0.1], [length, 0.09, low + 0.08], frame)
        front = _walls(width, depth)[0]
        _door(quads, front, door_at, 0.12, door, trim, double=True)
        low, high = ground - 0.95, ground - 0.25
        quads.block(masonry.TRIM, front, [0.15, 0.0, low], [width - 0.15, 0.14, high], trim)
        half = (high - low - 0.06) * 2
        sign = np.array([[width / 2 - half, width / 2 + half, low + 0.03, high - 0.03]])
        uvs = np.array([[[0, 0], [1, 0], [1, 1], [0, 1.0]]])
        quads.rectangles(masonry.shop_sign(variant), front, sign, 0.16, (255, 255, 255), uvs)
        if variant % 2 == 0:
            _awning(quads, front, 0.3, width - 0.3, low - 0.02, trim)
        _flat_roof(quads, width, depth, ground + upper * height, 0.7, material, color, random, level)
        return quads

    return _levels(build, "building.shop")


def _awning(quads: Quads, plane: Plane, start: float, end: float, z: float, color: Color) -> None:
    """Striped canvas that slopes from the wall over the sidewalk."""
    count = max(int((end - start) / 0.5), 1)
    edges = np.linspace(start, end, count + 1)
    for number, (a, b) in enumerate(pairwise(edges)):
        tone = color if number % 2 else (240.0, 236.0, 226.0)
        local = np.array([[[a, 0.02, z], [b, 0.02, z], [b, 1.15, z - 0.45], [a, 1.15, z - 0.45]]])
        for facing in (plane.turn[1] + [0, 0, 1], -plane.turn[1] - [0, 0, 1]):
            quads.add(masonry.CANVAS, plane.points(local), facing, tone, np.zeros((1, 4, 2)))
        hem = np.array([[[a, 1.15, z - 0.45], [b, 1.15, z - 0.45], [b, 1.15, z - 0.65], [a, 1.15, z - 0.65]]])
        for facing in (plane.turn[1], -plane.turn[1]):
            quads.add(masonry.CANVAS, plane.points(hem), facing, tone, np.zeros((1, 4, 2)))


@cache
def apartments(variant: int, size: Size = None) -> Model:
    """An apartment block of four to seven storeys with balconies."""
    _refuse_size("building.apartments", size)

    def build(level: int) -> Quads:
        random, quads = np.random.default_rng([331, variant]), Quads()
        width, depth = random.uniform(16.0, 25.0), random.uniform(12.0, 15.0)
        storeys = 4 + variant % 4
        material = (masonry.plaster(), masonry.brick(), masonry.concrete())[variant % 3]
        color = _pick(random, _BRICKS if variant % 3 == 1 else _PAINTS)
        frame = _pick(random, _FRAMES)
        floor, height = 0.5, 2.95
        look = Windows(random.uniform(1.3, 1.8), 1.55, 0.8, 0.16, (1, 0), frame=frame)
        tall = replace(look, height=2.1, sill=0.25)
        door_at = width / 2
        panel = _pick(random, _PAINTS)
        for number, plane in enumerate(_walls(width, depth)):
            length = (width, depth)[number % 2]
            _base(quads, plane, length, floor, masonry.stone(), (196, 192, 186))
            bays = _bays(length, 3.1 if number % 2 == 0 else 4.6, 1.0)
            rows = []
            for storey in range(storeys):
                low = floor + storey * height
                places = bays[np.abs(bays - door_at) > 1.7] if number == 0 and storey == 0 else bays
                balcony = number in (0, 2) and storey > 0
                rows.append(Storey(low, low + height, places, tall if balcony else look))
            tone = np.array(color) * (0.9 if number % 2 else 1.0)
            wall(quads, plane, length, rows, material, tone, random, level)
            if number in (0, 2):
                chosen = bays[variant % 2 :: 2]
                floors = floor + np.arange(1, storeys) * height
                u, z = (part.ravel() for part in np.meshgrid(chosen, floors))
                _balconies(quads, plane, u, z, 2.9, panel, level)
        _door(quads, _walls(width, depth)[0], door_at, floor, _pick(random, _DOORS), frame, double=True)
        _canopy(quads, _walls(width, depth)[0], door_at, floor + 2.55, 1.7, 1.5, frame)
        _flat_roof(quads, width, depth, floor + storeys * height, 0.8, material, color, random, level)
        return quads

    return _levels(build, "building.apartments")


def _balconies(quads: Quads, plane: Plane, u: Array, z: Array, width: float, color: Color, level: int) -> None:
    """Slabs with a parapet of panels; ``u``, ``z`` (N,): middle and floor of each [m]."""
    reach, half = 1.25, width / 2

    def boxes(u0: float, w0: float, z0: float, u1: float, w1: float, z1: float) -> tuple[Array, Array]:
        return (
            np.stack([u + u0, np.full_like(u, w0), z + z0], -1),
            np.stack([u + u1, np.full_like(u, w1), z + z1], -1),
        )

    quads.block(masonry.concrete(), plane, *boxes(-half, 0.0, -0.16, half, reach, 0.0), color=(222, 220, 214))
    quads.block(masonry.TRIM, plane, *boxes(-half, reach - 0.05, 0.1, half, reach, 0.95), color=color)
    for side in (-half, half - 0.05):
        quads.block(masonry.TRIM, plane, *boxes(side, 0.0, 0.1, side + 0.05, reach, 0.95), color=color)
    # the panels' inner sides, which are seen from above
    low, high = boxes(-half, reach - 0.05, 0.1, half, reach - 0.05, 0.95)
    corners = np.stack(
        [low, np.column_stack([high[:, :2], low[:, 2]]), high, np.column_stack([low[:, :2], high[:, 2]])], 1
    )
    quads.add(masonry.TRIM, plane.points(corners), -plane.turn[1], color, np.zeros((len(low), 4, 2)))
    if level == 0:
        quads.block(masonry.METAL, plane, *boxes(-half, reach - 0.07, 0.95, half, reach + 0.02, 1.03), color=(235,) * 3)


@cache
def office(variant: int, size: Size = None) -> Model:
    """An office block of five to eleven storeys: bands of glass or a grid of deep windows."""
    _refuse_size("building.office", size)

    def build(level: int) -> Quads:
        random, quads = np.random.default_rng([341, variant]), Quads()
        width, depth = random.uniform(20.0, 30.0), random.uniform(17.0, 22.0)
        storeys = 5 + 2 * (variant % 4)
        material = masonry.concrete() if variant % 2 else masonry.stone()
        color = _pick(random, _PAINTS[3:])
        frame = _pick(random, ((70, 74, 78), (52, 54, 56), (200, 202, 204)))
        ground, height = 4.4, 3.5
        bay = 1.5 if variant % 2 else 2.6
        look = Windows(bay - 0.10 if variant % 2 else bay - 0.8, 2.35, 0.65, 0.18 if variant % 2 else 0.4,
                       (0, 0), office=True, frame=frame, sills=False)  # fmt: skip
        lobby = Windows(2.6, 3.4, 0.15, 0.3, (1, 0), office=True, frame=frame, sills=False)
        for number, plane in enumerate(_walls(width, depth)):
            length = (width, depth)[number % 2]
            _base(quads, plane, length, 0.15, masonry.stone(), (190, 188, 184))
            places = _bays(length, 3.2, 0.6)
            if number == 0:
                places = places[np.abs(places - width / 2) > 1.9]
            rows = [Storey(0.15, ground, places, lobby)]
            for storey in range(storeys):
                low = ground + storey * height
                rows.append(Storey(low, low + height, _bays(length, bay, 0.5), look))
            wall(quads, plane, length, rows, material, color, random, level, lit=0.3)
        front = _walls(width, depth)[0]
        _door(quads, front, width / 2, 0.15, (90, 94, 98), frame, double=True)
        _canopy(quads, front, width / 2, 3.2, 3.0, 2.2, frame)
        _flat_roof(quads, width, depth, ground + storeys * height, 1.1, material, color, random, level)
        return quads

    return _levels(build, "building.office")


MODELS: dict[str, Callable[[int, Size], Model]] = {
    "building.house": house,
    "building.shop": shop,
    "building.apartments": apartments,
    "building.office": office,
}
"""Catalogue name -> (variant, size) -> model."""

VARIANTS = {"building.house": 12, "building.shop": 10, "building.apartments": 8, "building.office": 6}
"""How many of each there are to draw from."""
