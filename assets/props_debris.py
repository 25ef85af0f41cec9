"""Longtail's own: what falls off lorries and trees onto roads."""

from __future__ import annotations

import itertools

import numpy as np

from assets.joinery import (
    BLACK,
    BLUE,
    CARD,
    CARTON,
    CLOTH,
    CREAM,
    DARK,
    FILM,
    GREY,
    METAL,
    PAINTED,
    PALE_TIMBER,
    RED,
    RUBBER,
    STONE,
    WHITE,
    WOOD,
    Build,
    Kit,
    Recipe,
    placed,
)  # fmt: skip
from assets.tags import Tag

PI = np.pi


def tyre(kit: Kit, variant: int) -> None:
    """A car's tyre lying flat."""
    kit.turned([(0.20, 0.02), (0.30, 0.0), (0.325, 0.03), (0.33, 0.10), (0.325, 0.17), (0.30, 0.20), (0.20, 0.18),
                (0.23, 0.10), (0.20, 0.02)], RUBBER, (30, 30, 31))  # fmt: skip


def tread(kit: Kit, variant: int) -> None:
    """A strip of a lorry's tyre, curled up at its ends."""
    t = np.linspace(-0.9, 0.9, 9)
    path = np.column_stack([t, 0.12 * np.sin(2 * t), 0.02 + 0.16 * np.abs(t) ** 3])
    for a, b in itertools.pairwise(path):
        kit.beam(tuple(a), tuple(b), 0.24, 0.022, RUBBER, (26, 26, 27))
        for y in (-0.07, 0.07):
            kit.beam((a[0], a[1] + y, a[2] + 0.016), (b[0], b[1] + y, b[2] + 0.016), 0.05, 0.02, RUBBER, (38, 38, 39))


def mattress(kit: Kit, variant: int) -> None:
    """A mattress with a piped edge."""
    kit.box((1.98, 0.88, 0.20), (0, 0, 0.11), CLOTH, CREAM)
    for z in (0.02, 0.20):
        ring = [(-0.99, -0.44, z), (0.99, -0.44, z), (0.99, 0.44, z), (-0.99, 0.44, z), (-0.99, -0.44, z)]
        kit.pipe(ring, 0.014, CLOTH, (150, 160, 186))
    if kit.fine:
        for x in np.linspace(-0.8, 0.8, 7):
            for y in (-0.28, 0.0, 0.28):
                kit.ball((float(x), y, 0.207), (0.025, 0.025, 0.01), CLOTH, (150, 160, 186))


def ladder(kit: Kit, variant: int) -> None:
    """An aluminium ladder lying on the road."""
    for y in (-0.20, 0.20):
        kit.box((3.0, 0.025, 0.07), (0, y, 0.035), METAL, (180, 182, 184))
    for x in np.linspace(-1.35, 1.35, 10):
        kit.rod((float(x), -0.2, 0.04), (float(x), 0.2, 0.04), 0.016, METAL, (180, 182, 184))


def boxes(kit: Kit, variant: int) -> None:
    """A lost load: cartons that burst and slid apart."""
    for x, y, z, size, turn, tilt in (
        (0, 0, 0.3, 0.6, 0.2, 0.0), (0.75, 0.25, 0.25, 0.5, 0.9, 0.0), (-0.7, 0.3, 0.22, 0.44, -0.4, 0.0),
        (0.1, -0.75, 0.25, 0.5, 0.5, 0.0), (0.05, 0.05, 0.82, 0.42, 0.6, 0.08), (-0.55, -0.5, 0.3, 0.42, 0.2, 0.6),
    ):  # fmt: skip
        kit.box((size, 0.9 * size, size), (x, y, z), CARD, CARTON, turn, tilt)
        kit.box((size + 0.004, 0.06, size + 0.004), (x, y, z), FILM, (200, 176, 130), turn, tilt)
    kit.box((0.9, 0.5, 0.012), (0.6, -0.45, 0.01), CARD, (150, 112, 72), 0.7)


def pallet(kit: Kit, variant: int) -> None:
    """A Euro pallet."""
    for y in (-0.35, 0.0, 0.35):
        kit.box((1.2, 0.10, 0.022), (0, y, 0.011), WOOD, PALE_TIMBER)
        for x in (-0.53, 0.0, 0.53):
            kit.box((0.14, 0.10, 0.078), (x, y, 0.061), WOOD, PALE_TIMBER)
    for x in (-0.53, 0.0, 0.53):
        kit.box((0.145, 0.8, 0.022), (x, 0, 0.111), WOOD, PALE_TIMBER)
    for y in (-0.34, -0.17, 0.0, 0.17, 0.34):
        kit.box((1.2, 0.11, 0.022), (0, y, 0.133), WOOD, PALE_TIMBER)


def branch(kit: Kit, variant: int) -> None:
    """A bough with its leaves, torn off by wind."""
    t = np.linspace(0, 1, 6)
    path = np.column_stack([3.2 * t - 1.6, 0.35 * np.sin(3 * t), 0.09 + 0.10 * t])
    for k, (a, b) in enumerate(itertools.pairwise(path)):
        kit.rod(tuple(a), tuple(b), 0.075 - 0.011 * k, WOOD, (104, 84, 64), 0.064 - 0.011 * k)
    for k in range(7):
        foot = path[1 + k % 5]
        angle = 0.5 + 0.25 * k
        side = 1 if k % 2 else -1
        tip = foot + np.array([0.7 * np.cos(angle), side * 0.75 * np.sin(angle), kit.random.uniform(0.0, 0.45)])
        kit.rod(tuple(foot), tuple(tip), 0.025, WOOD, (104, 84, 64), 0.008)
        kit.foliage(tuple(tip), (0.55, 0.5, 0.26), 110, 0.11)


def fallen_tree(kit: Kit, variant: int) -> None:
    """A whole tree across the road: roots at -x, its crown at +x."""
    t = np.linspace(0, 1, 6)
    path = np.column_stack([8.0 * t - 4.5, 0.25 * np.sin(2 * t), 0.55 + 0.5 * t])
    for k, (a, b) in enumerate(itertools.pairwise(path)):
        kit.rod(tuple(a), tuple(b), 0.32 - 0.04 * k, WOOD, (100, 82, 64), 0.28 - 0.04 * k)
    kit.ball((-4.6, 0, 0.75), (0.35, 0.95, 0.85), STONE, (84, 66, 50), 0.35)
    for k in range(9):
        a = 2 * PI * k / 9
        tip = (-4.9, 1.3 * float(np.cos(a)), 0.8 + 1.2 * float(np.sin(a)))
        kit.rod((-4.5, 0, 0.6), (tip[0], tip[1], max(tip[2], 0.05)), 0.09, WOOD, (92, 74, 58), 0.02)
    for k in range(11):
        foot = path[2 + k % 4]
        a = 2 * PI * k / 11
        tip = foot + np.array([1.6, 1.9 * np.cos(a), 1.1 + 1.2 * np.sin(a)])
        tip[2] = max(tip[2], 0.35)
        kit.rod(tuple(foot), tuple(tip), 0.09, WOOD, (100, 82, 64), 0.025)
        kit.foliage(tuple(tip), (1.5, 1.2, 0.9), 220, 0.2)


def boulder(kit: Kit, variant: int) -> None:
    """A rock that rolled down a cutting, with splinters around it."""
    kit.ball((0, 0, 0.36), (0.52, 0.44, 0.40), STONE, (136, 124, 110), 0.28)
    for k in range(7):
        a, away, size = 0.9 * k, 0.6 + 0.08 * (k % 3), 0.05 + 0.02 * (k % 4)
        kit.ball((away * float(np.cos(a)), away * float(np.sin(a)), 0.6 * size), (1.3 * size, size, 0.8 * size), STONE,
                 (124, 112, 100), 0.3)  # fmt: skip


def couch(kit: Kit, variant: int) -> None:
    """A sofa on its feet, upright on the road; it faces +x."""
    color = ((104, 72, 60), (70, 84, 104))[variant % 2]
    kit.box((0.85, 1.9, 0.30), (0, 0, 0.25), CLOTH, color)
    for y in (-0.42, 0.42):
        kit.box((0.66, 0.80, 0.16), (0.08, y, 0.47), CLOTH, color)
        kit.box((0.20, 0.78, 0.45), (-0.24, y, 0.68), CLOTH, color, tilt=-0.15)
    kit.box((0.22, 1.9, 0.72), (-0.36, 0, 0.50), CLOTH, color, tilt=-0.08)
    for y in (-0.92, 0.92):
        kit.box((0.85, 0.18, 0.52), (0, y, 0.38), CLOTH, color)
    for x in (-0.35, 0.35):
        for y in (-0.85, 0.85):
            kit.rod((x, y, 0), (x, y, 0.12), 0.03, WOOD, DARK)


def exhaust(kit: Kit, variant: int) -> None:
    """A silencer with its pipe, lost by a car."""
    kit.rod((-0.25, 0, 0.09), (0.25, 0, 0.09), 0.09, METAL, (120, 104, 92))
    kit.pipe([(0.25, 0, 0.09), (0.6, 0.05, 0.07), (0.95, -0.05, 0.04)], 0.025, METAL, (120, 104, 92))
    kit.pipe([(-0.25, 0.03, 0.09), (-0.45, 0.03, 0.05)], 0.025, METAL, (140, 130, 124))


def bumper(kit: Kit, variant: int) -> None:
    """A car's front bumper, torn off."""
    t = np.linspace(-0.85, 0.85, 9)
    path = np.column_stack([-0.35 * np.abs(t) ** 3, t, 0.16 + 0.05 * t])
    for a, b in itertools.pairwise(path):
        kit.beam(tuple(a), tuple(b), 0.05, 0.28, PAINTED, (150, 24, 28))
        kit.beam((a[0] + 0.03, a[1], a[2] - 0.06), (b[0] + 0.03, b[1], b[2] - 0.06), 0.03, 0.10, PAINTED, BLACK)


def wheel_trim(kit: Kit, variant: int) -> None:
    """A hub cap."""
    kit.turned([(0.185, 0), (0.19, 0.015), (0.12, 0.04), (0, 0.05)], METAL, GREY)


def tarpaulin(kit: Kit, variant: int) -> None:
    """A crumpled tarpaulin."""
    kit.ball((0, 0, 0.10), (1.2, 0.8, 0.14), FILM, BLUE, 0.45)


def football(kit: Kit, variant: int) -> None:
    """A ball, a child likely behind it."""
    kit.ball((0, 0, 0.11), (0.11, 0.11, 0.11), RUBBER, WHITE)
    for k in range(6):
        direction = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]][k]) * 0.079
        kit.ball((direction[0], direction[1], 0.11 + direction[2]), (0.036, 0.036, 0.036), RUBBER, BLACK)


def bicycle_fallen(kit: Kit, variant: int) -> None:
    """A child's bicycle lying on its side."""
    bike = Kit(kit.level, kit.random)
    for x in (-0.42, 0.42):
        ring = [
            (x + 0.25 * float(np.cos(a)), 0, 0.25 + 0.25 * float(np.sin(a)))
            for a in np.linspace(0, 2 * PI, kit.sides + 1)
        ]
        bike.pipe(ring, 0.018, RUBBER, BLACK)
        for k in range(0, kit.sides, 2):
            bike.rod((x, 0, 0.25), ring[k], 0.003, METAL, GREY)
    for a, b in (((-0.42, 0.25), (0.0, 0.26)), ((-0.42, 0.25), (-0.12, 0.55)), ((0.0, 0.26), (-0.14, 0.62)),
                 ((-0.12, 0.55), (0.30, 0.58)), ((0.0, 0.26), (0.31, 0.52)), ((0.42, 0.25), (0.28, 0.72))):  # fmt: skip
        bike.rod((a[0], 0, a[1]), (b[0], 0, b[1]), 0.016, PAINTED, RED)
    bike.rod((0.28, -0.22, 0.73), (0.28, 0.22, 0.73), 0.012, METAL, GREY)
    bike.ball((-0.15, 0, 0.65), (0.11, 0.05, 0.03), RUBBER, BLACK)
    bike.rod((0, -0.1, 0.26), (0, 0.1, 0.26), 0.02, METAL, GREY)
    kit.pieces += [piece.moved(placed((0, 0.3, 0.1), 0, 0, PI / 2 - 0.15)) for piece in bike.pieces]


def _debris(build: Build, category: str = "debris", tag: Tag = Tag.DYNAMIC) -> Recipe:
    return Recipe(build, tag, category)


RECIPES: dict[str, Recipe] = {
    "debris_tyre": _debris(tyre),
    "debris_tread": _debris(tread),
    "debris_mattress": _debris(mattress),
    "debris_ladder": _debris(ladder),
    "debris_boxes": _debris(boxes),
    "debris_pallet": _debris(pallet),
    "debris_branch": _debris(branch),
    "debris_tree": _debris(fallen_tree, tag=Tag.VEGETATION),
    "debris_rock": _debris(boulder),
    "debris_couch": _debris(couch),
    "debris_exhaust": _debris(exhaust),
    "debris_bumper": _debris(bumper),
    "debris_hubcap": _debris(wheel_trim),
    "debris_tarpaulin": _debris(tarpaulin),
    "debris_ball": _debris(football),
    "debris_bicycle": _debris(bicycle_fallen),
}
