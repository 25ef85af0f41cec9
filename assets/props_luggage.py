"""What people carry and push: cases, bags, helmets, trolleys, a phone, a pushchair."""

from __future__ import annotations

import functools

import numpy as np

from assets.joinery import (
    BLACK,
    BLUE,
    CLOTH,
    CREAM,
    DARK,
    GREY,
    METAL,
    PAINTED,
    PLASTIC,
    RED,
    RUBBER,
    WHITE,
    YELLOW,
    Build,
    Kit,
    Recipe,
    lettered,
    placed,
)  # fmt: skip
from assets.tags import Tag

PI = np.pi
LEATHER = (92, 54, 32)


def briefcase(kit: Kit, variant: int) -> None:
    """A leather case with a handle."""
    kit.box((0.543, 0.17, 0.36), (0, 0, 0.18), CLOTH, LEATHER)
    kit.box((0.545, 0.181, 0.02), (0, 0, 0.27), METAL, (70, 40, 24))
    kit.pipe([(-0.09, 0, 0.36), (-0.08, 0, 0.42), (0.08, 0, 0.42), (0.09, 0, 0.36)], 0.013, CLOTH, BLACK)
    for x in (-0.17, 0.17):
        kit.box((0.05, 0.183, 0.04), (x, 0, 0.27), METAL, YELLOW)


def guitar_case(kit: Kit, variant: int) -> None:
    """A guitar's case lying against nothing: upright on its long side."""
    half = [(-0.62, 0.185), (-0.50, 0.247), (-0.28, 0.247), (-0.10, 0.178), (0.08, 0.203), (0.22, 0.086), (0.50, 0.062),
            (0.62, 0.086)]  # fmt: skip
    outline = [*((x, -y) for x, y in half), *half[::-1]]
    kit.plate(outline, 0.115, CLOTH, BLACK, placed((0, 0.0575, 0.247), 0, 0, PI / 2))
    kit.box((0.16, 0.125, 0.03), (-0.2, 0, 0.46), CLOTH, LEATHER)
    kit.box((0.03, 0.125, 0.30), (-0.02, 0, 0.247), METAL, GREY)


def travel_case(kit: Kit, variant: int) -> None:
    """A hard suitcase on wheels, its handle pulled out."""
    color = (BLUE, (120, 30, 60), (36, 38, 42))[variant % 3]
    kit.box((0.54, 0.29, 0.72), (0, 0, 0.43), PLASTIC, color)
    for x in np.linspace(-0.21, 0.21, 6):
        kit.box((0.025, 0.31, 0.66), (float(x), 0, 0.43), PLASTIC, color)
    kit.box((0.567, 0.015, 0.70), (0, 0, 0.43), METAL, GREY)
    for x in (-0.22, 0.22):
        for y in (-0.10, 0.10):
            kit.rod((x, y - 0.02, 0.035), (x, y + 0.02, 0.035), 0.035, RUBBER, BLACK)
    for x in (-0.12, 0.12):
        kit.rod((x, 0.10, 0.78), (x, 0.10, 1.24), 0.01, METAL, GREY)
    kit.box((0.28, 0.03, 0.035), (0, 0.10, 1.245), PLASTIC, BLACK)
    kit.box((0.20, 0.328, 0.02), (0, 0, 0.10), PLASTIC, BLACK)


def shopping_bag(kit: Kit, variant: int) -> None:
    """A paper bag with two cord handles."""
    color = (196, 60, 90)
    kit.box((0.42, 0.22, 0.46), (0, 0, 0.23), CLOTH, color)
    kit.box((0.474, 0.243, 0.02), (0, 0, 0.45), CLOTH, color)
    kit.box((0.40, 0.20, 0.01), (0, 0, 0.4605), CLOTH, BLACK)
    for y in (-0.11, 0.11):
        kit.pipe([(-0.10, y, 0.44), (-0.07, y, 0.60), (0.07, y, 0.60), (0.10, y, 0.44)], 0.006, CLOTH, WHITE)
    kit.picture(lettered("sale", "SALE", color, WHITE), (0, 0.1105, 0.24), (0.34, 0.17), PI / 2)


def purse(kit: Kit, variant: int) -> None:
    """A handbag with a long strap; along y."""
    kit.box((0.14, 0.31, 0.21), (0, 0, 0.105), CLOTH, (150, 44, 50))
    kit.box((0.159, 0.333, 0.08), (0, 0, 0.18), CLOTH, (126, 34, 40))
    kit.box((0.17, 0.05, 0.03), (0, 0, 0.14), METAL, YELLOW)
    kit.pipe([(0, -0.15, 0.20), (0, -0.10, 0.50), (0, 0, 0.575), (0, 0.10, 0.50), (0, 0.15, 0.20)], 0.009, CLOTH, BLACK)


def helmet(kit: Kit, variant: int, *, full: bool) -> None:
    """A helmet on the ground: a motorcyclist's with a visor, or a cyclist's with vents; it faces +x."""
    if full:
        kit.ball((0, 0, 0.135), (0.10, 0.13, 0.13), PAINTED, (176, 26, 30))
        kit.ball((0.028, 0, 0.15), (0.078, 0.115, 0.05), PLASTIC, BLACK)
        kit.ball((0.05, 0, 0.06), (0.05, 0.10, 0.045), PAINTED, (176, 26, 30))
    else:
        kit.turned(
            [(1, 0), (0.97, 0.35), (0.75, 0.75), (0.35, 0.96), (0, 1)], PLASTIC, (40, 96, 160), scale=(0.093, 0.138)
        )
        made = kit.pieces[-1]
        kit.pieces[-1] = made.moved(np.diag([1, 1, 0.171, 1.0]))
        for y in (-0.07, -0.023, 0.023, 0.07):
            kit.beam((-0.07, y, 0.135 - 2.4 * y * y), (0.06, y, 0.145 - 2.4 * y * y), 0.02, 0.02, PLASTIC, BLACK)


def phone(kit: Kit, variant: int) -> None:
    """A mobile telephone standing on its edge."""
    kit.box((0.08, 0.007, 0.166), (0, 0, 0.083), PLASTIC, BLACK)
    kit.box((0.072, 0.0072, 0.150), (0, 0, 0.083), PLASTIC, (30, 44, 60))


def shopping_cart(kit: Kit, variant: int) -> None:
    """A supermarket trolley of wire, along y; its handle is at -y."""
    rows = (9, 5, 3)[kit.level]
    bottom, top = [(-0.20, -0.30), (0.20, -0.30), (0.17, 0.52), (-0.17, 0.52)], []
    top = [(-0.30, -0.45), (0.30, -0.45), (0.24, 0.60), (-0.24, 0.60)]
    ring = lambda corners, z: [(x, y, z) for x, y in [*corners, corners[0]]]  # noqa: E731
    for k in range(rows):
        share = k / (rows - 1)
        corners = [(a + share * (c - a), b + share * (d - b)) for (a, b), (c, d) in zip(bottom, top, strict=True)]
        kit.pipe(ring(corners, 0.50 + 0.45 * share), 0.006 if k < rows - 1 else 0.012, METAL, GREY)
    for k in range(4):
        (a, b), (c, d) = bottom[k], bottom[(k + 1) % 4]
        (e, f), (g, h) = top[k], top[(k + 1) % 4]
        for share in np.linspace(0, 1, (10, 6, 3)[kit.level])[:-1]:
            foot = (a + share * (c - a), b + share * (d - b), 0.50)
            kit.rod(foot, (e + share * (g - e), f + share * (h - f), 0.95), 0.004, METAL, GREY)
    kit.box((0.38, 0.80, 0.012), (0, 0.11, 0.505), METAL, GREY)
    for x in (-0.22, 0.22):
        kit.pipe(
            [(x, 0.50, 0.10), (x, -0.45, 0.14), (1.05 * x, -0.40, 0.55), (1.3 * x, -0.55, 1.02)], 0.014, METAL, GREY
        )
        for y in (-0.42, 0.50):
            kit.rod((x - 0.015, y, 0.06), (x + 0.015, y, 0.06), 0.06, RUBBER, BLACK)
    kit.rod((-0.334, -0.57, 1.05), (0.334, -0.57, 1.05), 0.02, PLASTIC, RED)


def shopping_trolley(kit: Kit, variant: int) -> None:
    """A soft bag on two wheels, pulled by a handle."""
    kit.box((0.40, 0.27, 0.62), (0, 0, 0.45), CLOTH, (52, 84, 128))
    for z in (0.25, 0.45, 0.65):
        kit.box((0.405, 0.272, 0.04), (0, 0, z), CLOTH, CREAM)
    kit.box((0.43, 0.30, 0.06), (0, 0, 0.78), CLOTH, (38, 62, 96))
    for x in (-0.17, 0.17):
        kit.rod((x, 0.14, 0.1), (0.7 * x, 0.15, 1.06), 0.011, METAL, GREY)
    kit.rod((-0.13, 0.15, 1.075), (0.13, 0.15, 1.075), 0.018, PLASTIC, BLACK)
    for x in (-0.235, 0.235):
        kit.rod((x - 0.018, 0.1, 0.09), (x + 0.018, 0.1, 0.09), 0.09, RUBBER, BLACK)


def pushchair(kit: Kit, variant: int) -> None:
    """A child's pushchair; it faces +x."""
    for y in (-0.25, 0.25):
        kit.pipe([(0.40, y, 0.10), (-0.05, y, 0.50), (-0.55, y, 1.02)], 0.014, METAL, GREY)
        kit.pipe([(-0.30, y, 0.12), (0.10, y, 0.62)], 0.014, METAL, GREY)
        for x, r in ((0.40, 0.10), (-0.30, 0.13)):
            kit.rod((x, y - 0.02, r), (x, y + 0.02, r), r, RUBBER, BLACK)
            kit.rod((x, y - 0.024, r), (x, y + 0.024, r), 0.55 * r, PLASTIC, GREY)
    kit.rod((-0.55, -0.27, 1.02), (-0.55, 0.27, 1.02), 0.02, RUBBER, BLACK)
    kit.box((0.38, 0.36, 0.06), (0.02, 0, 0.46), CLOTH, (54, 70, 96))
    kit.box((0.06, 0.36, 0.50), (-0.18, 0, 0.70), CLOTH, (54, 70, 96), tilt=-0.3)
    kit.turned(
        [(0.30, 0.0), (0.28, 0.12), (0.18, 0.24), (0, 0.29)], CLOTH, (196, 60, 60), (-0.16, 0, 0.80), scale=(1, 0.7)
    )
    kit.box((0.20, 0.34, 0.03), (0.30, 0, 0.22), PLASTIC, DARK)


def wheelchair(kit: Kit, variant: int) -> None:
    """A wheelchair without anyone in it; it faces +x."""
    chair(kit)


def chair(kit: Kit) -> None:
    """The wheelchair's pieces: big wheels under the seat, castors in front, a cloth seat 0.50 m high."""
    for y in (-0.29, 0.29):
        wheel = [
            (0.30 * float(np.cos(a)), 0.30 + 0.30 * float(np.sin(a))) for a in np.linspace(0, 2 * PI, kit.sides + 1)
        ]
        kit.pipe([(x - 0.14, y, z) for x, z in wheel], 0.016, RUBBER, BLACK)
        kit.pipe([(0.9 * x - 0.14, 1.12 * y, 0.03 + 0.9 * z) for x, z in wheel], 0.008, METAL, GREY)
        if kit.level < 2:
            for k in range(0, kit.sides, 2):
                kit.rod((-0.14, y, 0.30), (wheel[k][0] - 0.14, y, wheel[k][1]), 0.004, METAL, GREY)
        kit.rod((-0.14, y - 0.03, 0.30), (-0.14, y + 0.03, 0.30), 0.03, METAL, GREY)
        low = 0.76 * y
        kit.pipe([(-0.26, low, 0.30), (-0.26, low, 0.98), (-0.36, low, 0.98)], 0.014, METAL, BLACK)
        kit.pipe([(-0.26, low, 0.48), (0.22, low, 0.48), (0.36, 0.7 * low, 0.10)], 0.014, METAL, BLACK)
        kit.pipe([(-0.26, low, 0.70), (0.14, low, 0.70), (0.18, low, 0.48)], 0.014, METAL, BLACK)
        kit.box((0.30, 0.06, 0.03), (-0.06, low, 0.72), CLOTH, BLACK)
        kit.rod((0.24, low - 0.015, 0.08), (0.24, low + 0.015, 0.08), 0.08, RUBBER, BLACK)
        kit.rod((0.24, low, 0.12), (0.20, low, 0.46), 0.012, METAL, GREY)
        kit.box((0.20, 0.14, 0.015), (0.42, 0.55 * low, 0.10), METAL, GREY, tilt=-0.2)
    kit.box((0.46, 0.42, 0.045), (-0.04, 0, 0.49), CLOTH, BLACK)
    kit.box((0.035, 0.42, 0.46), (-0.25, 0, 0.74), CLOTH, BLACK)


def _carried(build: Build, category: str = "debris", **choice: object) -> Recipe:
    made = functools.partial(build, **choice) if choice else build
    return Recipe(made, Tag.DYNAMIC, category)


RECIPES: dict[str, Recipe] = {
    "briefcase": _carried(briefcase),
    "guitarcase": _carried(guitar_case),
    "travelcase": _carried(travel_case),
    "shoppingbag": _carried(shopping_bag),
    "purse": _carried(purse),
    "motorhelmet": _carried(helmet, full=True),
    "bike_helmet": _carried(helmet, full=False),
    "mobile": _carried(phone),
    "shoppingcart": _carried(shopping_cart, "pushable"),
    "shoppingtrolley": _carried(shopping_trolley, "pushable"),
    "pushchair": _carried(pushchair, "pushable"),
    "wheelchair": _carried(wheelchair, "pushable"),
}
