"""What roadworks and accidents put on a road: cones, barriers, warning signs, plates."""

from __future__ import annotations

import functools
import itertools

import cv2
import numpy as np

from assets.joinery import (
    BLACK,
    DARK,
    GREY,
    LANTERN,
    METAL,
    ORANGE,
    PAINTED,
    PLASTIC,
    REFLECTIVE,
    RUBBER,
    WHITE,
    YELLOW,
    Kit,
    Recipe,
    placed,
    printed,
)  # fmt: skip
from assets.mesh import Material
from assets.tags import Tag

PI = np.pi


def cone(kit: Kit, variant: int, *, base: float, foot: float, height: float, bands: int, square: bool = True) -> None:
    """A cone with reflective collars, on a square or a round foot."""
    if square:
        kit.box((2 * base, 2 * base, 0.05), (0, 0, 0.025), RUBBER, BLACK)
    else:
        kit.turned([(0, 0), (base, 0), (base, 0.05), (0, 0.06)], RUBBER, BLACK)
    tip, start = 0.16 * foot, 0.05
    edges = [start, *np.linspace(0.40 * height, 0.86 * height, 2 * bands + 1 if bands > 1 else 2), height]
    for number, (low, high) in enumerate(itertools.pairwise(edges)):
        inner, outer = (foot + (tip - foot) * (z - start) / (height - start) for z in (low, high))
        banded = number % 2 == 1
        material, color = (REFLECTIVE, WHITE) if banded else (RUBBER_ORANGE, ORANGE)
        kit.turned([(inner, low), (outer, high)], material, color)
    kit.turned([(tip, height - 0.001), (0, height)], RUBBER_ORANGE, ORANGE)


RUBBER_ORANGE = Material("rubber.orange", (0.95, 0.95, 0.95), 0.55, lidar_reflectance=0.5)


@functools.cache
def _stripes() -> Material:
    look = np.full((128, 512, 3), 235, np.uint8)
    for k in range(-1, 6):
        corners = np.array([[k * 110, 128], [k * 110 + 55, 128], [k * 110 + 155, 0], [k * 110 + 100, 0]])
        cv2.fillPoly(look, [corners], (206, 40, 30))
    return printed("barrier stripes", look, reflectance=3.0)


def barrier(kit: Kit, variant: int) -> None:
    """A folding barrier: a striped board and a lower rail on two trestles."""
    for x in (-0.5, 0.5):
        for y in (-0.16, 0.16):
            kit.beam((x, y, 0), (x, 0.2 * y, 0.92), 0.04, 0.05, PAINTED, YELLOW)
        kit.box((0.05, 0.36, 0.03), (x, 0, 0.015), RUBBER, BLACK)
    for z, tall in ((0.80, 0.24), (0.42, 0.14)):
        kit.box((1.215, 0.03, tall), (0, 0, z), PLASTIC, WHITE)
        for side in (1, -1):
            kit.picture(_stripes(), (0, 0.0165 * side, z), (1.20, tall - 0.01), side * PI / 2)
    for x in (-0.45, 0.45):
        kit.rod((x, -0.04, 1.0), (x, 0.04, 1.0), 0.065, LANTERN, YELLOW)
        kit.box((0.07, 0.06, 0.06), (x, 0, 0.945), PLASTIC, BLACK)


@functools.cache
def _sign(kind: str) -> Material:
    """A triangle with a red rim: a digging man, a crash, or an arrow."""
    look = np.full((512, 512, 3), (236, 150, 40), np.uint8)
    corners = np.array([[256, 30], [490, 450], [22, 450]])
    cv2.fillPoly(look, [corners], (206, 26, 30), cv2.LINE_AA)
    inner = np.array([[256, 105], [428, 415], [84, 415]])
    cv2.fillPoly(look, [inner], (245, 222, 90) if kind == "works" else (245, 245, 240), cv2.LINE_AA)
    ink = (18, 18, 20)
    if kind == "works":
        cv2.circle(look, (262, 195), 20, ink, -1, cv2.LINE_AA)
        for a, b, wide in (((255, 215), (215, 300), 30), ((215, 300), (190, 390), 20), ((220, 300), (260, 390), 20),
                           ((250, 235), (310, 300), 16), ((290, 270), (350, 385), 9)):  # fmt: skip
            cv2.line(look, a, b, ink, wide, cv2.LINE_AA)
        cv2.ellipse(look, (355, 398), (42, 26), 0, 180, 360, ink, -1, cv2.LINE_AA)
    else:
        cv2.rectangle(look, (150, 320), (240, 370), ink, -1)
        cv2.rectangle(look, (272, 320), (362, 370), ink, -1)
        for x in (170, 220, 292, 342):
            cv2.circle(look, (x, 376), 17, ink, -1, cv2.LINE_AA)
        for angle in np.arange(0, 2 * PI, PI / 4):
            tip = (int(256 + 52 * np.cos(angle)), int(270 + 52 * np.sin(angle)))
            cv2.line(look, (256, 270), tip, (206, 26, 30), 12, cv2.LINE_AA)
    return printed(f"warning {kind}", look, reflectance=3.0)


def warning(kit: Kit, variant: int, *, kind: str) -> None:
    """A warning board on a folding stand; it faces +x."""
    kit.box((0.04, 1.05, 1.20), (0.10, 0, 1.25), PAINTED, ORANGE, tilt=-0.12)
    kit.picture(_sign(kind), (0.124, 0, 1.25), (1.02, 1.17), 0.0, 0.12)
    for y in (-0.42, 0.42):
        kit.beam((0.62, y, 0.03), (0.05, 0.6 * y, 0.95), 0.05, 0.04, METAL, GREY)
        kit.beam((-0.64, y, 0.03), (0.03, 0.6 * y, 1.15), 0.05, 0.04, METAL, GREY)
    for x in (-0.62, 0.62):
        kit.box((0.06, 1.055, 0.06), (x, 0, 0.03), METAL, GREY)
        for y in (-0.40, 0.40):
            kit.box((0.30, 0.20, 0.10), (0.82 * x, y, 0.11), PLASTIC, ORANGE)


def arrow_trailer(kit: Kit, variant: int) -> None:
    """A trailer with a raised board of lamps that form an arrow; it faces +x."""
    kit.box((1.9, 1.5, 0.18), (-0.1, 0, 0.62), PAINTED, ORANGE)
    kit.box((0.9, 0.9, 0.55), (-0.45, 0, 0.98), PAINTED, ORANGE)
    for y in (-0.82, 0.82):
        kit.rod((-0.2, y - 0.1, 0.34), (-0.2, y + 0.1, 0.34), 0.34, RUBBER, BLACK)
        kit.rod((-0.2, y - 0.105, 0.34), (-0.2, y + 0.105, 0.34), 0.2, METAL, WHITE)
    kit.beam((0.8, 0, 0.55), (1.18, 0, 0.5), 0.12, 0.1, METAL, DARK)
    kit.rod((1.1, 0, 0.0), (1.1, 0, 0.55), 0.04, METAL, GREY)
    for y in (-0.3, 0.3):
        kit.beam((0.15, y, 0.7), (0.15, y, 3.3), 0.10, 0.10, METAL, GREY)
    kit.box((0.12, 2.871, 1.55), (0.25, 0, 2.79), PAINTED, BLACK)
    spots = [(y, 2.79) for y in np.linspace(-1.15, 1.15, 9)]
    spots += [(1.15 - d, 2.79 + s * d) for d in (0.2, 0.4, 0.6) for s in (1, -1)]
    for y, z in spots:
        kit.rod((0.31, y, z), (0.35, y, z), 0.075, LANTERN, YELLOW)


def plank(kit: Kit, variant: int) -> None:
    """A steel plate with a pattern of ribs over a hole in the road."""
    kit.box((1.452, 1.174, 0.016), (0, 0, 0.008), METAL, (112, 96, 84))
    if kit.level < 2:
        for i in range(9):
            for j in range(7):
                at = (-0.65 + i * 0.1625, -0.51 + j * 0.17, 0.0185)
                kit.box((0.09, 0.014, 0.005), at, METAL, (128, 110, 96), turn=PI / 4 * (1 if (i + j) % 2 else -1))


def barrel(kit: Kit, variant: int) -> None:
    """An oil drum with two rolled hoops."""
    profile = [(0, 0), (0.23, 0), (0.23, 0.03), (0.222, 0.04), (0.222, 0.26), (0.232, 0.275), (0.222, 0.29),
               (0.222, 0.51), (0.232, 0.525), (0.222, 0.54), (0.222, 0.77), (0.23, 0.78), (0.23, 0.807), (0.215, 0.807),
               (0.215, 0.79), (0, 0.79)]  # fmt: skip
    kit.turned(profile, PAINTED, ((38, 78, 128), (150, 58, 34), (60, 84, 56))[variant % 3])
    kit.rod((0.12, 0.05, 0.79), (0.12, 0.05, 0.805), 0.03, METAL, GREY)


def calibrator(kit: Kit, variant: int) -> None:
    """A board of black and white squares on a low stand, for cameras."""
    look = np.kron(np.indices((6, 12)).sum(axis=0) % 2, np.ones((32, 32)))[:128, :256]
    kit.box((1.548, 0.69, 0.06), (0, 0, 0.17), PLASTIC, WHITE)
    sheet = printed("checkerboard", np.repeat((look[..., None] * 225 + 15).astype(np.uint8), 3, axis=-1))
    board = Kit(kit.level, kit.random)
    board.picture(sheet, (0, 0, 0), (1.50, 0.65), PI / 2, PI / 2)
    kit.pieces += [piece.moved(placed((0, 0, 0.202))) for piece in board.pieces]
    for x in (-0.7, 0.7):
        for y in (-0.28, 0.28):
            kit.rod((x, y, 0), (x, y, 0.15), 0.03, METAL, GREY)


def _cone(base: float, foot: float, height: float, bands: int, square: bool = True) -> Recipe:
    made = functools.partial(cone, base=base, foot=foot, height=height, bands=bands, square=square)
    return Recipe(made, Tag.DYNAMIC, "traffic_cone")


RECIPES: dict[str, Recipe] = {
    "constructioncone": _cone(base=0.172, foot=0.13, height=0.586, bands=1),
    "trafficcone01": _cone(base=0.44, foot=0.30, height=1.133, bands=2),
    "trafficcone02": _cone(base=0.21, foot=0.16, height=1.183, bands=3, square=False),
    "streetbarrier": Recipe(barrier, Tag.DYNAMIC, "barrier"),
    "warningconstruction": Recipe(functools.partial(warning, kind="works"), Tag.DYNAMIC, "barrier"),
    "warningaccident": Recipe(functools.partial(warning, kind="accident"), Tag.DYNAMIC, "barrier"),
    "trafficwarning": Recipe(arrow_trailer, Tag.DYNAMIC, "barrier"),
    "ironplank": Recipe(plank, Tag.DYNAMIC, "debris"),
    "barrel": Recipe(barrel, Tag.DYNAMIC, "debris"),
    "calibrator": Recipe(calibrator, Tag.DYNAMIC),
}
