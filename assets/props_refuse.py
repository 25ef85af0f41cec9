"""Rubbish and what it is thrown into: bins, containers, bags, boxes, cans, rubble."""

from __future__ import annotations

import functools

import numpy as np

from assets.joinery import (
    BLACK,
    BLUE,
    CARD,
    CARTON,
    CREAM,
    DARK,
    FILM,
    GREY,
    METAL,
    ORANGE,
    PAINTED,
    PALE_TIMBER,
    PLASTIC,
    RUBBER,
    STONE,
    WHITE,
    WOOD,
    Build,
    Color,
    Kit,
    Recipe,
    lettered,
    placed,
    shaded,
)  # fmt: skip
from assets.tags import Tag

PI = np.pi


def wheelie_bin(kit: Kit, variant: int, *, color: Color, lid: Color) -> None:
    """A two-wheeled plastic bin with a sloping lid; the wheels are at -x."""
    for low, high, wide, deep in ((0.05, 0.45, 0.40, 0.40), (0.45, 0.90, 0.47, 0.49)):
        kit.box((deep, wide, high - low), (0, 0, (low + high) / 2), PLASTIC, color)
    kit.box((0.54, 0.52, 0.06), (0.0, 0, 0.92), PLASTIC, color)
    kit.box((0.58, 0.50, 0.07), (0.02, 0, 0.985), PLASTIC, lid, tilt=0.12)
    kit.pipe([(-0.30, -0.2, 0.97), (-0.30, 0.2, 0.97)], 0.018, PLASTIC, lid)
    for y in (-0.22, 0.22):
        kit.rod((-0.20, y - 0.03, 0.10), (-0.20, y + 0.03, 0.10), 0.10, RUBBER, BLACK)


def container(kit: Kit, variant: int) -> None:
    """A large dumpster on castors with two sloping lids; along x."""
    outline = [(-0.40, 0.2), (0.38, 0.2), (0.50, 1.25), (0.30, 1.55), (-0.50, 1.55)]
    side = placed((-0.93, 0, 0)) @ placed((0, 0, 0), PI / 2, 0, PI / 2)
    kit.plate(outline, 1.86, PAINTED, (40, 88, 56), side)
    for x in (-0.47, 0.47):
        kit.box((0.92, 0.86, 0.04), (x, -0.08, 1.60), PLASTIC, (24, 54, 36), turn=0.0)
        kit.box((0.92, 0.36, 0.04), (x, 0.42, 1.44), PLASTIC, (24, 54, 36))
    for x in (-0.966, 0.966):
        kit.rod((x - 0.02, 0.0, 1.30), (x + 0.02, 0.0, 1.30), 0.06, METAL, GREY)
    for x in (-0.75, 0.75):
        for y in (-0.32, 0.30):
            kit.rod((x, y - 0.03, 0.09), (x, y + 0.03, 0.09), 0.09, RUBBER, BLACK)
            kit.box((0.08, 0.08, 0.10), (x, y, 0.17), METAL, GREY)
    kit.box((0.5, 0.02, 0.10), (0, -0.50, 1.714 - 0.05), PLASTIC, (24, 54, 36))


def cloth_container(kit: Kit, variant: int) -> None:
    """A steel box for old clothes with a chute; its front faces +x."""
    kit.box((1.10, 1.887, 1.62), (-0.06, 0, 0.87), PAINTED, (232, 186, 44))
    kit.box((1.18, 1.84, 0.10), (-0.03, 0, 1.74), PAINTED, (196, 152, 30))
    kit.box((0.16, 1.0, 0.34), (0.54, 0, 1.42), PAINTED, DARK)
    kit.box((0.08, 0.9, 0.05), (0.58, 0, 1.28), METAL, GREY)
    kit.picture(lettered("clothes", "CLOTHES\nSHOES", (232, 186, 44), BLUE), (0.495, 0, 0.75), (1.3, 0.6), 0.0)
    for x, y in ((-0.5, -0.8), (0.4, -0.8), (-0.5, 0.8), (0.4, 0.8)):
        kit.box((0.12, 0.12, 0.08), (x, y, 0.04), METAL, GREY)


def glass_container(kit: Kit, variant: int) -> None:
    """A bottle bank: a round-shouldered dome with holes."""
    body: Color = (36, 104, 64)
    kit.turned([(0, 0), (0.93, 0), (0.97, 0.08), (0.97, 0.95), (0.90, 1.30), (0.68, 1.58), (0.34, 1.72), (0, 1.75)],
               PLASTIC, body)  # fmt: skip
    for angle in (0.0, PI / 2, PI, 3 * PI / 2):
        c, s = float(np.cos(angle)), float(np.sin(angle))
        kit.rod((0.80 * c, 0.80 * s, 1.18), (0.985 * c, 0.985 * s, 1.18), 0.13, PLASTIC, DARK)
    kit.pipe([(-0.15, 0, 1.70), (-0.15, 0, 1.78), (0.15, 0, 1.78), (0.15, 0, 1.70)], 0.02, METAL, GREY)
    kit.picture(lettered("glass", "GLASS", body, WHITE), (0.975, 0, 0.62), (0.7, 0.35), 0.0)


def street_can(kit: Kit, variant: int) -> None:
    """A round steel basket with slats and a hood."""
    kit.turned([(0, 0.04), (0.22, 0.04), (0.25, 0.10), (0.25, 0.72), (0.20, 0.72), (0.2, 0.1)], METAL, GREY)
    for k in range((18, 10, 6)[kit.level]):
        a = 2 * PI * k / (18, 10, 6)[kit.level]
        kit.box((0.02, 0.05, 0.66), (0.268 * float(np.cos(a)), 0.268 * float(np.sin(a)), 0.40), WOOD, PALE_TIMBER, a)
    kit.turned([(0.28, 0.76), (0.30, 0.80), (0.10, 0.848), (0.0, 0.848)], PAINTED, DARK)
    kit.turned([(0, 0), (0.12, 0), (0.12, 0.04), (0, 0.04)], METAL, DARK)


def slot_can(kit: Kit, variant: int) -> None:
    """A square bin with slots below a flat roof."""
    kit.box((0.50, 0.50, 0.75), (0, 0, 0.40), PAINTED, (46, 60, 54))
    kit.box((0.44, 0.44, 0.03), (0, 0, 0.015), METAL, DARK)
    for x, y in ((-0.22, -0.22), (0.22, -0.22), (-0.22, 0.22), (0.22, 0.22)):
        kit.box((0.06, 0.06, 0.24), (x, y, 0.88), PAINTED, (46, 60, 54))
    kit.box((0.524, 0.514, 0.06), (0, 0, 1.015), PAINTED, (30, 42, 38))
    kit.turned([(0, 0.79), (0.19, 0.79), (0.0, 0.77)], PLASTIC, BLACK)
    kit.picture(lettered("litter", "LITTER", (46, 60, 54), WHITE), (0.252, 0, 0.55), (0.34, 0.17), 0.0)


def lidded_can(kit: Kit, variant: int) -> None:
    """A galvanised dustbin with ribs, handles and a lid."""
    kit.turned([(0, 0), (0.24, 0), (0.245, 0.03), (0.29, 0.78), (0.30, 0.80)], METAL, (150, 152, 152))
    if kit.fine:
        for k in range(20):
            a = 2 * PI * k / 20
            c, s = float(np.cos(a)), float(np.sin(a))
            kit.rod((0.245 * c, 0.245 * s, 0.04), (0.288 * c, 0.288 * s, 0.76), 0.008, METAL, (164, 166, 166))
    kit.turned([(0.31, 0.79), (0.31, 0.83), (0.20, 0.88), (0.0, 0.89)], METAL, (132, 134, 134))
    kit.pipe([(-0.08, 0, 0.88), (-0.06, 0, 0.925), (0.06, 0, 0.925), (0.08, 0, 0.88)], 0.012, METAL, GREY)
    for y in (-0.29, 0.29):
        kit.box((0.14, 0.04, 0.03), (0, 1.0 * y, 0.62), METAL, GREY)


def pedal_bin(kit: Kit, variant: int, *, color: Color) -> None:
    """A four-wheeled plastic container with a domed lid."""
    kit.box((0.74, 0.52, 0.72), (0, 0, 0.47), PLASTIC, color)
    kit.box((0.789, 0.58, 0.06), (0, 0, 0.85), PLASTIC, color)
    dome = [
        (0.39, 0.0),
        *((0.39 * np.cos(a), 0.136 * np.sin(a)) for a in np.linspace(0.15, PI - 0.15, 7)),
        (-0.39, 0.0),
    ]
    kit.plate(dome, 0.56, PLASTIC, shaded(color, 0.75), placed((0, 0.28, 0.88)) @ placed((0, 0, 0), 0, 0, PI / 2))
    for x in (-0.28, 0.28):
        for y in (-0.2, 0.2):
            kit.rod((x, y - 0.02, 0.055), (x, y + 0.02, 0.055), 0.055, RUBBER, BLACK)


def trash_bag(kit: Kit, variant: int) -> None:
    """A full black sack, tied at the neck."""
    color = ((26, 26, 28), (40, 58, 44), (58, 58, 62))[variant % 3]
    kit.ball((0, 0, 0.24), (0.20, 0.23, 0.27), FILM, color, 0.16)
    kit.turned([(0.09, 0.46), (0.035, 0.52), (0.03, 0.55), (0.09, 0.66), (0.0, 0.62)], FILM, color)


def plastic_bag(kit: Kit, variant: int) -> None:
    """A carrier bag that stands half full, its two handles up."""
    kit.ball((0, 0, 0.18), (0.15, 0.19, 0.22), FILM, (216, 218, 222), 0.14)
    for x in (-0.05, 0.05):
        kit.pipe([(x, -0.12, 0.32), (x, -0.07, 0.53), (x, 0.07, 0.53), (x, 0.12, 0.32)], 0.015, FILM, (216, 218, 222))


def carton(kit: Kit, variant: int, *, flaps: bool, tape: Color) -> None:
    """A cardboard box, closed with tape or with its flaps up."""
    height = 0.60 if flaps else 0.649
    kit.box((0.64, 0.64, height), (0, 0, height / 2), CARD, CARTON)
    kit.box((0.643, 0.07, 0.004), (0, 0, height), FILM, tape)
    kit.box((0.003, 0.07, 0.25), (0.321, 0, height - 0.125), FILM, tape)
    kit.picture(lettered("fragile", "FRAGILE", CARTON, (120, 30, 26)), (0.3215, 0.15, 0.22), (0.28, 0.14), 0.0)
    if flaps:
        for turn in (0.0, PI / 2, PI, -PI / 2):
            flap = Kit(kit.level, kit.random)
            flap.box((0.012, 0.60, 0.16), (0.322, 0, height + 0.04), CARD, (150, 110, 70), tilt=0.06)
            kit.pieces += [piece.moved(placed((0, 0, 0), turn)) for piece in flap.pieces]


def crushed_carton(kit: Kit, variant: int, *, length: float, height: float) -> None:
    """A flattened cardboard box: its walls folded over each other."""
    kit.box((length, 0.713, 0.012), (0, 0, 0.006), CARD, CARTON)
    steps = 4
    for k in range(steps):
        x0, x1 = length * (k / steps - 0.5), length * ((k + 1) / steps - 0.5)
        z0, z1 = ((height - 0.008) * (j % 2) + 0.012 * ((j + 1) % 2) for j in (k, k + 1))
        wide = 0.70 - 0.1 * (k % 2)
        kit.beam((x0, 0.01 * k, z0), (x1, -0.01 * k, z1), wide, 0.008, CARD, (156 + 6 * k, 116 + 5 * k, 74 + 4 * k))


def can(kit: Kit, variant: int, *, color: Color, crushed: float = 0.0) -> None:
    """A drinks can, upright; ``crushed`` bends it in the middle."""
    waist = 0.034 * (1 - 0.35 * crushed)
    kit.turned([(0, 0), (0.026, 0), (0.034, 0.012), (waist, 0.055), (0.034, 0.098), (0.027, 0.108), (0.027, 0.110),
                (0.024, 0.107), (0, 0.107)], PAINTED, color)  # fmt: skip
    kit.rod((0.008, 0, 0.107), (0.008, 0, 0.109), 0.008, METAL, GREY)


def cup_lid(kit: Kit, variant: int) -> None:
    """A flat lid of a paper cup."""
    kit.turned([(0, 0), (0.0265, 0), (0.0265, 0.004), (0.023, 0.009), (0.0, 0.009)], PLASTIC, WHITE)


def paper_cup(kit: Kit, variant: int, *, color: Color) -> None:
    """A paper cup."""
    kit.turned([(0, 0), (0.021, 0), (0.0285, 0.074), (0.030, 0.076), (0.030, 0.079), (0.027, 0.079), (0.02, 0.01),
                (0.0, 0.008)], CARD, color)  # fmt: skip


def pizza_box(kit: Kit, variant: int) -> None:
    """An open flat box, its lid bent up."""
    kit.box((0.232, 0.233, 0.022), (0, 0, 0.011), CARD, CREAM)
    kit.beam((-0.11, 0, 0.022), (0.05, 0, 0.056), 0.22, 0.004, CARD, CARTON)


def crisp_packet(kit: Kit, variant: int) -> None:
    """A crumpled bag."""
    kit.ball((0, 0, 0.035), (0.18, 0.10, 0.038), FILM, (214, 70, 36), 0.3)


def refuse_heap(kit: Kit, variant: int) -> None:
    """A pallet's worth of mixed rubbish on the ground."""
    kit.box((3.4, 1.6, 0.03), (0, 0, 0.015), CARD, (112, 96, 78))
    tones = ((26, 26, 28), CARTON, (200, 200, 196), (60, 84, 64), (150, 60, 40), (70, 88, 120), WHITE, GREY)
    for k in range(26 if kit.fine else 12):
        x, y = kit.random.uniform(-1.6, 1.6), kit.random.uniform(-0.7, 0.7)
        size = kit.random.uniform(0.05, 0.15)
        color = tones[int(kit.random.integers(len(tones)))]
        if k % 3:
            kit.ball((x, y, 0.7 * size), (1.4 * size, 1.2 * size, size), FILM, color, 0.25)
        else:
            kit.box((2.2 * size, 1.8 * size, size), (x, y, 0.6 * size), CARD, color, turn=x * 9, tilt=0.15)
    kit.box((0.5, 0.4, 0.25), (0.4, 0.2, 0.19), CARD, CARTON, turn=0.4, tilt=0.1)


def tile(kit: Kit, variant: int, *, corners: tuple[tuple[float, float], ...]) -> None:
    """A broken roof tile."""
    kit.plate(corners, 0.009, STONE, (164, 82, 58))


def rubble(kit: Kit, variant: int, *, seed: int, tone: Color, high: float) -> None:
    """A heap of earth and stones, flat at its rim."""
    draw = np.random.default_rng([seed, 77])
    rings = [(0.0, 0.0)]
    rings = [(0.93, 0.0), (0.70, 0.45 * high), (0.38, 0.85 * high), (0.0, high)]
    kit.turned(rings, STONE, tone, scale=(1.0, 0.81))
    for _k in range(34 if kit.fine else 10):
        angle, away = draw.uniform(0, 2 * PI), 0.88 * np.sqrt(draw.random())
        size = draw.uniform(0.02, 0.07) * (1.2 - 0.5 * away)
        z = high * (1 - away / 0.95) * 0.9
        shade = draw.uniform(0.7, 1.3)
        at = (away * np.cos(angle), 0.81 * away * np.sin(angle), max(z, 0.3 * size))
        kit.ball(at, (size * 1.3, size, size * 0.7), STONE, shaded(tone, shade), 0.3)


def _tile(*corners: tuple[float, float]) -> Recipe:
    return Recipe(functools.partial(tile, corners=corners), Tag.DYNAMIC, "debris", 1)


def _dynamic(build: Build, **choice: object) -> Recipe:
    made = functools.partial(build, **choice) if choice else build
    return Recipe(made, Tag.DYNAMIC, "debris")


RECIPES: dict[str, Recipe] = {
    "bin": Recipe(functools.partial(wheelie_bin, color=(52, 56, 60), lid=(96, 74, 40)), Tag.DYNAMIC, "pushable"),
    "container": Recipe(container, Tag.DYNAMIC, "static"),
    "clothcontainer": Recipe(cloth_container),
    "glasscontainer": Recipe(glass_container),
    "trashcan01": Recipe(street_can),
    "trashcan02": Recipe(slot_can),
    "trashcan03": Recipe(lidded_can, Tag.DYNAMIC, "pushable"),
    "trashcan04": Recipe(functools.partial(pedal_bin, color=(44, 96, 60)), Tag.DYNAMIC, "pushable"),
    "trashcan05": Recipe(functools.partial(pedal_bin, color=(214, 170, 30)), Tag.DYNAMIC, "pushable"),
    "trashbag": _dynamic(trash_bag),
    "plasticbag": _dynamic(plastic_bag),
    "box01": _dynamic(carton, flaps=True, tape=(190, 150, 96)),
    "box02": _dynamic(carton, flaps=False, tape=(206, 176, 120)),
    "box03": _dynamic(carton, flaps=False, tape=(60, 96, 150)),
    "creasedbox01": _dynamic(crushed_carton, length=0.809, height=0.118),
    "creasedbox02": _dynamic(crushed_carton, length=1.633, height=0.212),
    "creasedbox03": _dynamic(crushed_carton, length=1.669, height=0.022),
    "colacan": _dynamic(can, color=(196, 20, 28)),
    "garbage01": _dynamic(can, color=(30, 110, 60)),
    "garbage02": _dynamic(cup_lid),
    "garbage03": _dynamic(paper_cup, color=(210, 205, 190)),
    "garbage04": _dynamic(can, color=ORANGE, crushed=1.0),
    "garbage05": _dynamic(pizza_box),
    "garbage06": _dynamic(crisp_packet),
    "platformgarbage01": _dynamic(refuse_heap),
    "brokentile01": _tile((-0.067, -0.088), (0.05, -0.07), (0.067, 0.02), (0.01, 0.088), (-0.05, 0.05)),
    "brokentile02": _tile((-0.105, -0.05), (0.03, -0.076), (0.105, 0.01), (0.05, 0.076), (-0.07, 0.06)),
    "brokentile03": _tile((-0.077, -0.0725), (0.077, -0.03), (0.04, 0.0725), (-0.05, 0.04)),
    "brokentile04": _tile((-0.065, -0.04), (0.0, -0.063), (0.065, 0.02), (-0.01, 0.063), (-0.06, 0.03)),
    "dirtdebris01": _dynamic(rubble, seed=1, tone=(112, 88, 66), high=0.149),
    "dirtdebris02": _dynamic(rubble, seed=2, tone=(132, 122, 110), high=0.149),
    "dirtdebris03": _dynamic(rubble, seed=3, tone=(92, 78, 62), high=0.188),
}
