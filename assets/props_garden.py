"""Gardens and playgrounds: furniture, pots, games, trees."""

from __future__ import annotations

import functools
import itertools

import numpy as np

from assets.joinery import (
    BLACK,
    BLUE,
    CLOTH,
    CREAM,
    DARK,
    GREEN,
    GREY,
    METAL,
    PAINTED,
    PALE_TIMBER,
    PLASTIC,
    RED,
    RUBBER,
    STONE,
    STRAW,
    TIMBER,
    WHITE,
    WOOD,
    YELLOW,
    Color,
    Kit,
    Recipe,
    placed,
)  # fmt: skip
from assets.tags import Tag

PI = np.pi
TERRACOTTA: Color = (176, 96, 62)
SOIL: Color = (62, 46, 34)


def barbecue(kit: Kit, variant: int) -> None:
    """A kettle grill on three legs with a lid and a side shelf."""
    for a in (0.5, 2.6, 4.7):
        c, s = float(np.cos(a)), float(np.sin(a))
        kit.rod((0.24 * c + 0.1, 0.22 * s, 0), (0.14 * c + 0.1, 0.13 * s, 0.72), 0.014, METAL, GREY)
    kit.turned([(0, 0.66), (0.16, 0.70), (0.25, 0.84), (0.255, 0.88), (0, 0.88)], PAINTED, BLACK, (0.1, 0, 0))
    kit.turned([(0.255, 0.89), (0.24, 0.98), (0.14, 1.10), (0, 1.13)], PAINTED, (140, 24, 26), (0.1, 0, 0))
    kit.pipe([(0.04, 0, 1.12), (0.05, 0, 1.25), (0.15, 0, 1.25), (0.16, 0, 1.12)], 0.012, WOOD, TIMBER)
    kit.box((0.36, 0.42, 0.025), (-0.36, 0, 0.84), WOOD, PALE_TIMBER)
    for y in (-0.2, 0.2):
        kit.rod((0.02, y - 0.02, 0.09), (0.02, y + 0.02, 0.09), 0.09, RUBBER, BLACK)


def pergola(kit: Kit, variant: int) -> None:
    """Four posts, beams and rafters."""
    for x in (-2.1, 2.1):
        for y in (-2.1, 2.1):
            kit.box((0.18, 0.18, 3.2), (x, y, 1.6), WOOD, TIMBER)
            kit.box((0.30, 0.30, 0.15), (x, y, 0.075), STONE, GREY)
            for dx, dy in ((0.55, 0), (0, 0.55)):
                reach = (x - np.sign(x) * dx, y - np.sign(y) * dy)
                kit.beam((x, y, 2.55), (reach[0], reach[1], 3.18), 0.09, 0.09, WOOD, TIMBER)
    for y in (-2.1, 2.1):
        kit.box((5.029, 0.10, 0.22), (0, y, 3.27), WOOD, TIMBER)
    for x in np.linspace(-2.3, 2.3, 9):
        kit.box((0.07, 5.085, 0.17), (float(x), 0, 3.457), WOOD, PALE_TIMBER)


def plastic_chair(kit: Kit, variant: int) -> None:
    """A stackable garden chair with arms; it faces +x."""
    for x, y in ((-0.28, -0.28), (0.28, -0.28), (-0.28, 0.28), (0.28, 0.28)):
        kit.rod((1.2 * x, 1.2 * y, 0), (0.9 * x, 0.9 * y, 0.62), 0.03, PLASTIC, WHITE)
    kit.box((0.58, 0.56, 0.04), (0, 0, 0.62), PLASTIC, WHITE, tilt=-0.06)
    for y in (-0.2, -0.1, 0.0, 0.1, 0.2):
        kit.beam((-0.26, y, 0.62), (-0.36, 1.05 * y, 1.24), 0.075, 0.02, PLASTIC, WHITE)
    kit.beam((-0.36, -0.27, 1.235), (-0.36, 0.27, 1.235), 0.06, 0.07, PLASTIC, WHITE)
    for y in (-0.33, 0.33):
        kit.beam((-0.32, y, 0.94), (0.32, y, 0.90), 0.07, 0.03, PLASTIC, WHITE)
        kit.beam((0.30, y, 0.90), (0.30, 0.8 * y, 0.55), 0.05, 0.05, PLASTIC, WHITE)


def parasol_table(kit: Kit, variant: int) -> None:
    """A round plastic table with a parasol."""
    kit.turned([(0, 0.72), (0.55, 0.72), (0.57, 0.75), (0.55, 0.77), (0, 0.77)], PLASTIC, WHITE)
    for a in (0.8, 2.4, 3.9, 5.5):
        c, s = float(np.cos(a)), float(np.sin(a))
        kit.rod((0.48 * c, 0.48 * s, 0), (0.32 * c, 0.32 * s, 0.73), 0.03, PLASTIC, WHITE)
    kit.rod((0, 0, 0.03), (0, 0, 2.48), 0.025, METAL, WHITE)
    kit.turned([(0, 0), (0.24, 0), (0.22, 0.10), (0, 0.12)], STONE, GREY)
    for color, turn in ((BLUE, 0.0), (WHITE, PI / 4)):
        shade = Kit(kit.level, kit.random)
        shade.turned([(1.241, 1.92), (1.24, 1.97), (0, 2.44)], CLOTH, color, sides=4)
        shade.turned([(0, 2.42), (1.20, 1.95)], CLOTH, color, sides=4)
        kit.pieces += [piece.moved(placed((0, 0, 0), turn)) for piece in shade.pieces]


def slide(kit: Kit, variant: int) -> None:
    """A playground slide along y, its ladder at +y."""
    path = [(1.05, 1.42), (0.75, 1.40), (-1.2, 0.42), (-1.75, 0.25), (-2.06, 0.24)]
    for (y0, z0), (y1, z1) in itertools.pairwise(path):
        kit.beam((0, y0, z0), (0, y1, z1), 0.55, 0.04, METAL, (196, 198, 200))
        for x in (-0.29, 0.29):
            kit.beam((x, y0, z0 + 0.07), (x, y1, z1 + 0.07), 0.04, 0.18, PLASTIC, RED)
    kit.box((0.75, 0.70, 0.05), (0, 1.30, 1.40), PLASTIC, YELLOW)
    for x in (-0.43, 0.43):
        kit.rod((x, 2.06, 0), (0.8 * x, 1.62, 1.42), 0.035, METAL, BLUE)
        kit.pipe([(x, 1.62, 1.40), (x, 1.60, 1.94), (x, 1.0, 1.94), (x, 0.95, 1.42)], 0.035, METAL, BLUE)
        kit.rod((x, 1.05, 0), (x, 1.05, 1.40), 0.035, METAL, BLUE)
        kit.rod((0.6 * x, -1.7, 0), (0.6 * x, -1.7, 0.25), 0.03, METAL, BLUE)
    for k in range(5):
        z = 0.25 + 0.25 * k
        y = 2.06 - 0.44 * z / 1.42
        kit.rod((-0.42, y, z), (0.42, y, z), 0.025, METAL, YELLOW)


def swing(kit: Kit, variant: int) -> None:
    """A frame of steel tubes with two swings."""
    for x in (-1.85, 1.85):
        for y in (-0.74, 0.74):
            kit.rod((1.08 * x, y, 0), (x, 0, 2.53), 0.045, METAL, RED)
    kit.rod((-1.95, 0, 2.52), (1.95, 0, 2.52), 0.05, METAL, BLUE)
    for x in (-0.85, 0.85):
        for side in (-0.22, 0.22):
            kit.rod((x + side, 0, 0.5), (x + side, 0, 2.5), 0.012, METAL, GREY)
        kit.box((0.50, 0.22, 0.035), (x, 0, 0.5), RUBBER, BLACK)


def swing_couch(kit: Kit, variant: int) -> None:
    """A padded couch that hangs under a canopy; along y."""
    for y in (-1.1, 1.1):
        for x in (-0.62, 0.62):
            kit.rod((x, y, 0), (0.15 * x, y, 2.0), 0.03, METAL, DARK)
        kit.rod((-0.62, y, 0.04), (0.62, y, 0.04), 0.03, METAL, DARK)
    kit.rod((0, -1.15, 2.0), (0, 1.15, 2.0), 0.03, METAL, DARK)
    for x, lean in ((0.33, 0.28), (-0.33, -0.28)):
        kit.box((0.70, 2.362, 0.03), (x, 0, 2.12), CLOTH, (60, 110, 84), tilt=lean)
    kit.box((0.03, 2.362, 0.14), (0.665, 0, 1.97), CLOTH, CREAM)
    kit.box((0.55, 1.75, 0.14), (0.02, 0, 0.52), CLOTH, CREAM)
    kit.box((0.14, 1.75, 0.55), (-0.30, 0, 0.80), CLOTH, CREAM, tilt=-0.25)
    for y in (-0.9, 0.9):
        kit.box((0.55, 0.06, 0.26), (0.02, y, 0.62), CLOTH, (60, 110, 84))
        kit.rod((-0.1, y, 0.7), (0, y, 2.0), 0.012, METAL, GREY)
        kit.rod((0.2, y, 0.7), (0, y, 2.0), 0.012, METAL, GREY)


def picnic_table(kit: Kit, variant: int) -> None:
    """A wooden table with its two benches."""
    for y in (-0.30, -0.15, 0.0, 0.15, 0.30):
        kit.box((2.156, 0.14, 0.045), (0, y, 0.8235), WOOD, PALE_TIMBER)
    for side in (-1, 1):
        for y in (0.82, 0.99):
            kit.box((2.156, 0.16, 0.045), (0, side * y, 0.45), WOOD, PALE_TIMBER)
    for x in (-0.75, 0.75):
        kit.box((0.05, 2.152, 0.10), (x, 0, 0.38), WOOD, TIMBER)
        kit.box((0.05, 0.72, 0.09), (x, 0, 0.76), WOOD, TIMBER)
        for side in (-1, 1):
            kit.beam((x + 0.05, side * 0.68, 0), (x + 0.05, side * 0.22, 0.80), 0.05, 0.10, WOOD, TIMBER)


def trampoline(kit: Kit, variant: int) -> None:
    """A round trampoline with padding and a net."""
    kit.turned([(1.72, 0.82), (1.72, 0.84), (0, 0.83)], RUBBER, BLACK)
    kit.turned([(1.70, 0.84), (2.04, 0.85), (2.066, 0.80), (2.0, 0.76), (1.7, 0.79)], PLASTIC, BLUE)
    count = 8
    for k in range(count):
        a = 2 * PI * (k + 0.5) / count
        c, s = float(np.cos(a)), float(np.sin(a))
        kit.rod((2.0 * c, 2.0 * s, 0), (2.0 * c, 2.0 * s, 2.8), 0.035, METAL, GREY)
        b = 2 * PI * (k + 1.5) / count
        d, t = float(np.cos(b)), float(np.sin(b))
        kit.rod((2.0 * c, 2.0 * s, 2.75), (2.0 * d, 2.0 * t, 2.75), 0.012, METAL, BLACK)
        if kit.level < 2:
            for j in range(1, 8):
                z = 0.85 + 0.24 * j
                kit.rod((1.97 * c, 1.97 * s, z), (1.97 * d, 1.97 * t, z), 0.006, CLOTH, BLACK)
                share = j / 8
                x, y = 1.97 * (c + share * (d - c)), 1.97 * (s + share * (t - s))
                kit.rod((x, y, 0.85), (x, y, 2.75), 0.006, CLOTH, BLACK)


def clothes_line(kit: Kit, variant: int) -> None:
    """Two T posts with lines between them and washing on one."""
    for x in (-3.25, 3.25):
        kit.rod((x, 0, 0), (x, 0, 2.03), 0.045, METAL, GREY)
        kit.rod((x, -0.559, 2.02), (x, 0.559, 2.02), 0.035, METAL, GREY)
    for y in (-0.5, -0.17, 0.17, 0.5):
        kit.rod((-3.25, y, 2.03), (3.25, y, 2.03), 0.006, METAL, WHITE)
    wash = ((-2.2, 0.9, 0.8, WHITE), (-1.1, 0.7, 0.55, BLUE), (-0.1, 0.6, 0.9, RED), (0.9, 0.8, 0.7, CREAM),
            (2.0, 1.0, 1.1, (120, 150, 110)))  # fmt: skip
    for x, wide, tall, color in wash:
        kit.box((wide, 0.012, tall), (x, 0.17, 2.03 - tall / 2), CLOTH, color)


def dog_house(kit: Kit, variant: int) -> None:
    """A kennel with a gabled roof; its door faces +x."""
    kit.box((0.95, 0.95, 0.62), (0, 0, 0.33), WOOD, (168, 84, 56))
    gable = [(-0.475, 0.62), (0.475, 0.62), (0, 1.0)]
    kit.plate(gable, 0.95, WOOD, (168, 84, 56), placed((-0.475, 0, 0)) @ placed((0, 0, 0), PI / 2, 0, PI / 2))
    for side in (1, -1):
        kit.beam((0, 0, 1.06), (0, side * 0.636, 0.56), 1.079, 0.05, WOOD, DARK)
    door = [(-0.22, 0.05), (0.22, 0.05), *((0.22 * np.cos(a), 0.38 + 0.22 * np.sin(a)) for a in np.linspace(0, PI, 7))]
    kit.plate(door, 0.012, WOOD, (16, 12, 10), placed((0.473, 0, 0)) @ placed((0, 0, 0), PI / 2, 0, PI / 2))


def gnome(kit: Kit, variant: int) -> None:
    """A garden gnome with a red cap and a white beard."""
    for y in (-0.07, 0.07):
        kit.ball((0.05, y, 0.05), (0.13, 0.07, 0.055), STONE, (60, 38, 24))
        kit.rod((0.0, y, 0.05), (0, y, 0.26), 0.06, STONE, (96, 70, 46))
    kit.turned([(0.0, 0.22), (0.15, 0.22), (0.165, 0.32), (0.13, 0.46), (0.07, 0.54), (0, 0.55)], STONE, BLUE)
    kit.turned([(0.168, 0.30), (0.17, 0.33), (0.165, 0.34)], STONE, BLACK)
    kit.ball((0.01, 0, 0.60), (0.095, 0.09, 0.10), STONE, (226, 172, 142))
    kit.ball((0.09, 0, 0.49), (0.06, 0.085, 0.12), STONE, (236, 236, 232))
    kit.ball((0.11, 0, 0.60), (0.025, 0.022, 0.025), STONE, (222, 140, 116))
    kit.turned([(0, 0.63), (0.112, 0.63), (0.085, 0.70), (0.03, 0.86), (0, 0.883)], STONE, RED)
    for y in (-1, 1):
        kit.rod((0.0, y * 0.12, 0.46), (0.09, y * 0.17, 0.32), 0.045, STONE, BLUE)
        kit.ball((0.10, y * 0.165, 0.30), (0.035, 0.03, 0.035), STONE, (226, 172, 142))


def watering_can(kit: Kit, variant: int) -> None:
    """A small watering can, its spout along y."""
    kit.turned([(0, 0), (0.035, 0), (0.035, 0.09), (0.028, 0.10), (0.0, 0.10)], PAINTED, GREEN, (0, -0.03, 0))
    kit.rod((0, 0.0, 0.02), (0, 0.085, 0.105), 0.007, PAINTED, GREEN)
    kit.rod((0, 0.082, 0.102), (0, 0.097, 0.117), 0.008, PAINTED, GREEN, 0.018)
    kit.pipe([(0, -0.06, 0.03), (0, -0.097, 0.07), (0, -0.08, 0.13), (0, -0.03, 0.135), (0, -0.01, 0.10)], 0.005,
             PAINTED, GREEN)  # fmt: skip


def hay_bale(kit: Kit, variant: int, *, lying: bool) -> None:
    """A round bale, standing on its end or lying on its side; bound with net."""
    bale = Kit(kit.level, kit.random)
    bale.turned(
        [(0, 0), (0.56, 0), (0.60, 0.03), (0.61, 0.6), (0.60, 1.17), (0.56, 1.2), (0, 1.2)], STRAW, (196, 166, 96)
    )
    for z in np.linspace(0.1, 1.1, 7 if kit.level < 2 else 3):
        bale.turned([(0.612, z - 0.015), (0.618, z), (0.612, z + 0.015)], STRAW, (170, 140, 78))
    for k in range(4 if kit.level < 2 else 1):
        bale.turned([(0.12 * (k + 1), 1.201), (0.12 * (k + 1) + 0.05, 1.206), (0.12 * (k + 1) + 0.1, 1.201)], STRAW,
                    (164, 134, 72))  # fmt: skip
    place = placed((-0.6, 0, 0.61), 0, PI / 2) if lying else placed((0, 0, 0))
    kit.pieces += [piece.moved(place) for piece in bale.pieces]


def trough(kit: Kit, variant: int, *, length: float, width: float, height: float, color: Color, plants: bool) -> None:
    """A planter box filled with soil, and with plants."""
    wall = 0.04 * (1 if width > 0.2 else 0.4)
    deep = height * (0.62 if plants else 0.97)
    for y in (-1, 1):
        kit.box((length, wall, deep), (0, y * (width - wall) / 2, deep / 2), STONE, color)
    for x in (-1, 1):
        kit.box((wall, width - 2 * wall, deep), (x * (length - wall) / 2, 0, deep / 2), STONE, color)
    kit.box((length - 2 * wall, width - 2 * wall, 0.02), (0, 0, 0.9 * deep), STONE, SOIL)
    if plants:
        bush = height - 0.85 * deep
        for x in np.linspace(-0.5, 0.5, max(2, int(length / 0.35))) * (length - 0.3):
            kit.foliage((float(x), 0, deep + 0.35 * bush), (0.15, 0.4 * width, 0.55 * bush), 40, 0.07)


def pot(kit: Kit, variant: int, *, radius: float, height: float, color: Color, square: bool, plant: bool) -> None:
    """A flower pot, round or square, with a plant in it."""
    deep = height * (0.66 if plant else 1.0)
    profile = [(0, 0), (0.70 * radius, 0), (0.94 * radius, 0.86 * deep), (radius, 0.86 * deep), (radius, deep),
               (0.9 * radius, deep), (0.88 * radius, 0.9 * deep), (0, 0.9 * deep)]  # fmt: skip
    bench = Kit(kit.level, kit.random)
    bench.turned([(r * (1.41 if square else 1), z) for r, z in profile], STONE, color, sides=4 if square else None)
    kit.pieces += [piece.moved(placed((0, 0, 0), PI / 4 if square else 0)) for piece in bench.pieces]
    kit.turned([(0.85 * radius, 0.91 * deep), (0, 0.92 * deep)], STONE, SOIL)
    if plant:
        kit.foliage(
            (0, 0, 0.5 * (deep + height)), (0.9 * radius, 0.9 * radius, 0.55 * (height - deep)), 90, 0.3 * radius
        )


def flower_bed(kit: Kit, variant: int) -> None:
    """A long flat bed of plants behind a low kerb."""
    trough(kit, variant, length=4.967, width=0.737, height=0.125, color=(150, 146, 138), plants=False)
    for x in np.linspace(-2.2, 2.2, 10):
        kit.foliage((float(x), 0, 0.14), (0.22, 0.3, 0.06), 60, 0.06)


def broad_tree(kit: Kit, variant: int) -> None:
    """A tall tree with a round, layered crown."""
    kit.rod((0, 0, 0), (0, 0, 5.0), 0.34, WOOD, (98, 80, 62), 0.26)
    tips = []
    for k in range(9):
        a = 2 * PI * k / 9 + 0.4 * kit.random.normal()
        reach = kit.random.uniform(2.5, 4.4)
        tip = (reach * float(np.cos(a)), reach * float(np.sin(a)), kit.random.uniform(7.5, 12.5))
        kit.rod((0, 0, 4.2 + 0.08 * k), tip, 0.16, WOOD, (98, 80, 62), 0.05)
        tips.append(tip)
    kit.rod((0, 0, 5.0), (0.3, 0.2, 13.0), 0.26, WOOD, (98, 80, 62), 0.06)
    for x, y, z in [*tips, (0.3, 0.2, 13.2), (0, 0, 10.5)]:
        kit.foliage((x, y, z), (2.6, 2.6, 1.9), 190, 0.42, (86, 118, 58))


def cypress(kit: Kit, variant: int) -> None:
    """A narrow dark cypress, like a flame."""
    kit.rod((0, 0, 0), (0, 0, 9.0), 0.24, WOOD, (92, 76, 62), 0.08)
    for z in np.linspace(1.6, 14.2, 15):
        share = (z - 1.0) / 14.4
        wide = 2.2 * float(np.sin(PI * share**0.7)) ** 0.8 + 0.15
        kit.foliage((0, 0, float(z)), (wide, wide, 1.1), 130, 0.34, (54, 84, 52))


def palm(kit: Kit, variant: int) -> None:
    """A coconut palm: a bent ringed trunk and drooping fronds."""
    t = np.linspace(0, 1, (14, 8, 5)[kit.level])
    trunk = np.column_stack([1.6 * t**2 - 0.8, 0.4 * t**2, 17.6 * t])
    for k, (a, b) in enumerate(itertools.pairwise(trunk)):
        kit.rod(tuple(a), tuple(b), 0.30 - 0.010 * k, WOOD, (142, 124, 102), 0.25 - 0.009 * k)
    top = trunk[-1]
    for k in range((20, 14, 9)[kit.level]):
        a = 2.4 * k
        rise = 1.6 * (1 - (k % 7) / 3.5)
        path = [top + np.array([r * np.cos(a), r * np.sin(a), rise * r / 2.4 + 0.9 * np.sin(1.1 * r) - 0.16 * r * r])
                for r in np.linspace(0, 3.9, 6)]  # fmt: skip
        for p, q in itertools.pairwise(path):
            kit.beam(tuple(p), tuple(q), 0.55 if p is not path[0] else 0.12, 0.03, WOOD, (84, 122, 54))
    for k in range(6):
        a = PI * k / 3
        kit.ball((float(top[0] + 0.3 * np.cos(a)), float(top[1] + 0.3 * np.sin(a)), 17.3), (0.15, 0.15, 0.18), WOOD,
                 (96, 92, 48))  # fmt: skip


def _pot(**measures: object) -> Recipe:
    return Recipe(functools.partial(pot, **measures), Tag.DYNAMIC)  # type: ignore[arg-type]


def _trough(length: float, width: float, height: float, color: Color) -> Recipe:
    made = functools.partial(trough, length=length, width=width, height=height, color=color, plants=True)
    return Recipe(made, Tag.DYNAMIC)


RECIPES: dict[str, Recipe] = {
    "barbeque": Recipe(barbecue, Tag.DYNAMIC),
    "pergola": Recipe(pergola),
    "plasticchair": Recipe(plastic_chair, Tag.DYNAMIC, "debris"),
    "plastictable": Recipe(parasol_table, Tag.DYNAMIC),
    "slide": Recipe(slide),
    "swing": Recipe(swing),
    "swingcouch": Recipe(swing_couch, Tag.DYNAMIC),
    "table": Recipe(picnic_table),
    "trampoline": Recipe(trampoline, Tag.DYNAMIC),
    "clothesline": Recipe(clothes_line),
    "doghouse": Recipe(dog_house, Tag.DYNAMIC),
    "gnome": Recipe(gnome, Tag.DYNAMIC),
    "wateringcan": Recipe(watering_can, Tag.DYNAMIC, "debris"),
    "haybale": Recipe(functools.partial(hay_bale, lying=True), Tag.DYNAMIC, "debris"),
    "haybalelb": Recipe(functools.partial(hay_bale, lying=False), Tag.DYNAMIC, "debris"),
    "plantpot01": _trough(1.089, 0.476, 0.557, TERRACOTTA),
    "plantpot02": _trough(1.051, 0.431, 0.487, (150, 148, 142)),
    "plantpot03": _trough(1.051, 0.431, 0.487, (110, 78, 52)),
    "plantpot04": Recipe(flower_bed),
    "plantpot05": _pot(radius=0.2, height=0.28, color=TERRACOTTA, square=False, plant=False),
    "plantpot06": _pot(radius=0.79, height=0.85, color=(168, 164, 156), square=False, plant=True),
    "plantpot07": _pot(radius=0.24, height=0.557, color=(70, 74, 78), square=True, plant=True),
    "plantpot08": _pot(radius=0.265, height=0.489, color=(186, 120, 84), square=False, plant=True),
    "aporosatree": Recipe(broad_tree, Tag.VEGETATION),
    "cypresstree": Recipe(cypress, Tag.VEGETATION),
    "coconutpalm": Recipe(palm, Tag.VEGETATION),
}
