"""Other motorcycles than the roadster: with a fairing, a cruiser, a scooter."""

from __future__ import annotations

import functools
from collections.abc import Callable

from assets import finishes as f
from assets.bodywork import Pieces, Solid, box
from assets.coachwork import add_plate, number_of
from assets.model import Model, Part
from assets.solids import Ball
from assets.two_wheelers import (
    MOTORCYCLE_AXLES,
    MOTORCYCLE_WHEELS,
    SEGMENTS,
    Point,
    Size,
    add_bars,
    add_flesh,
    both_bars,
    machine,
    motorcycle_body,
    motorcyclist,
    rider,
    two_wheeler,
)  # fmt: skip
from assets.wheels import Wheel

Bars = list[tuple[Point, Point, float]]


def _sport(variant: int, half: float) -> tuple[Part, ...]:
    """A full fairing; the rider lies on the tank."""
    bars: Bars = [((0.38, 0.08, 0.95), (0.30, half - 0.02, 0.93), 0.018)]
    levels = []
    for level in range(3):
        pieces = motorcycle_body(level, number_of(variant), bars)
        share = (700, 260, 80)[level]
        nose = [
            Ball((0.30, 0, 0.80), (0.58, 0, 0.88), (0.17, 0.13), 1.05, 0.05),
            Ball((0.55, 0, 0.88), (0.70, 0, 0.82), (0.13, 0.07), 1.1, 0.05),
        ]
        belly = [
            Ball((0.38, 0, 0.62), (0.30, 0, 0.42), (0.19, 0.17), 1.15, 0.05),
            Ball((0.30, 0, 0.40), (-0.18, 0, 0.36), (0.17, 0.13), 1.2, 0.05),
        ]
        screen = [Ball((0.40, 0, 1.06), (0.56, 0, 0.97), (0.06, 0.07), 1.6, 0.03)]
        hump = [Ball((-0.56, 0, 0.90), (-0.84, 0, 0.98), (0.07, 0.03), 1.3, 0.03)]
        for balls, material in ((nose, f.PAINT), (belly, f.PAINT), (hump, f.PAINT), (screen, f.GLASS)):
            add_flesh(pieces, balls, material, share)
        for side in (1.0, -1.0):
            low, high = sorted([side * 0.03, side * 0.12])
            pieces.add_solid(box((0.70, low, 0.82), (0.745, high, 0.87)), f.LOW_BEAM, crease=0)
        levels.append(pieces.mesh())
    pedals = ((-0.20, 0.20, 0.40), (-0.20, -0.20, 0.40))
    astride = rider(motorcyclist(variant), variant, (-0.34, 0.0, 0.95), 0.85, (0.31, half - 0.06, 0.95), pedals)
    return machine(tuple(levels), MOTORCYCLE_WHEELS, MOTORCYCLE_AXLES, astride)


CRUISER_AXLES = (0.86, -0.72)
CRUISER_WHEELS = (Wheel(0.32, 0.11, 0.24, 9), Wheel(0.315, 0.20, 0.20, 9))


def _cruiser(variant: int, half: float) -> tuple[Part, ...]:
    """Long fork, high bars, saddle bags; the rider sits upright, feet forward."""
    bars: Bars = [
        ((0.38, 0.08, 1.0), (0.34, 0.24, 1.20), 0.015),
        ((0.34, 0.24, 1.20), (0.14, half - 0.02, 1.22), 0.016),
        ((0.20, half - 0.08, 1.215), (0.11, half - 0.02, 1.222), 0.021),
    ]
    levels = []
    for level in range(3):
        pieces, n = motorcycle_body(level, number_of(variant), bars), SEGMENTS[level]
        add_bars(pieces, f.CHROME, n, both_bars([((0.42, 0.085, 0.94), (CRUISER_AXLES[0], 0.085, 0.32), 0.028)]))
        add_bars(pieces, f.CHROME, n, [((-0.10, -0.22, 0.34), (-0.92, -0.22, 0.36), 0.05)])
        add_flesh(
            pieces, [Ball((0.98, 0, 0.62), (0.66, 0, 0.66), (0.05, 0.06), 1.5, 0.02)], f.PAINT, (300, 110, 50)[level]
        )
        add_flesh(
            pieces, [Ball((-0.58, 0, 0.66), (-1.00, 0, 0.55), (0.10, 0.06), 1.2, 0.02)], f.PAINT, (300, 110, 50)[level]
        )
        for side in (1.0, -1.0):
            low, high = sorted([side * 0.15, side * 0.30])
            pieces.add_solid(box((-0.95, low, 0.46), (-0.52, high, 0.76)), f.PLASTIC, crease=0)
            pegs = sorted([side * 0.10, side * 0.28])
            pieces.add_solid(box((0.38, pegs[0], 0.32), (0.46, pegs[1], 0.35)), f.PLASTIC, crease=0)
        levels.append(pieces.mesh())
    pedals = ((0.44, 0.22, 0.38), (0.44, -0.22, 0.38))
    astride = rider(motorcyclist(variant), variant, (-0.30, 0.0, 0.90), 0.05, (0.17, half - 0.06, 1.24), pedals)
    return machine(tuple(levels), CRUISER_WHEELS, CRUISER_AXLES, astride)


SCOOTER_AXLES = (0.62, -0.56)
SCOOTER_WHEELS = (Wheel(0.235, 0.11, 0.14, 5), Wheel(0.235, 0.11, 0.14, 5))


def _scooter_body(level: int, number: str, half: float) -> Pieces:
    pieces, n = Pieces(), SEGMENTS[level]
    share = (600, 220, 80)[level]
    for balls, material in (
        ([Ball((-0.08, 0, 0.31), (0.36, 0, 0.29), (0.075, 0.07), 2.2, 0.04)], f.PAINT),
        ([Ball((0.36, 0, 0.33), (0.50, 0, 0.86), (0.07, 0.085), 2.7, 0.04)], f.PAINT),
        (
            [
                Ball((-0.14, 0, 0.48), (-0.60, 0, 0.52), (0.15, 0.16), 1.15, 0.05),
                Ball((-0.60, 0, 0.52), (-0.74, 0, 0.60), (0.15, 0.07), 1.1, 0.05),
            ],
            f.PAINT,
        ),
        ([Ball((-0.12, 0, 0.745), (-0.62, 0, 0.765), (0.065, 0.05), 2.0, 0.04)], f.PLASTIC),
        ([Ball((0.74, 0, 0.40), (0.52, 0, 0.46), (0.06, 0.07), 1.2, 0.02)], f.PAINT),
        ([Ball((0.43, 0, 1.03), (0.51, 0, 1.02), (0.075, 0.075), 1.3, 0.02)], f.PAINT),
    ):
        add_flesh(pieces, balls, material, share)
    bars: Bars = [((0.45, 0.0, 1.04), (0.38, half - 0.05, 1.05), 0.017)]
    bars += [((0.40, half - 0.14, 1.05), (0.375, half - 0.02, 1.05), 0.021)]
    bars += [((0.42, 0.22, 1.05), (0.40, 0.30, 1.20), 0.007)]
    add_bars(pieces, f.TRIM, n, both_bars(bars))
    add_bars(pieces, f.TRIM, n, [((0.47, 0.0, 0.90), (SCOOTER_AXLES[0], 0.0, 0.24), 0.03)])
    add_bars(pieces, f.STEEL, n, [((-0.30, -0.16, 0.22), (-0.70, -0.18, 0.30), 0.05)])
    add_bars(pieces, f.STEEL, n, [((-0.25, 0.10, 0.30), (SCOOTER_AXLES[1], 0.08, 0.235), 0.07)])
    lens = Solid.sphere(1.0, 16 if level == 0 else 8).scale((0.03, 0.06, 0.06)).translate((0.565, 0, 1.02))
    pieces.add_solid(lens, f.LOW_BEAM, crease=50)
    pieces.add_solid(box((-0.83, -0.06, 0.62), (-0.78, 0.06, 0.68)), f.BRAKE, crease=0)
    pieces.add_solid(box((-0.82, -0.08, 0.58), (-0.77, 0.08, 0.62)), f.TAIL, crease=0)
    for side, signal in ((1.0, f.LEFT), (-1.0, f.RIGHT)):
        for x, z in ((0.555, 0.80), (-0.78, 0.55)):
            low, high = sorted([side * 0.10, side * 0.16])
            pieces.add_solid(box((x - 0.025, low, z - 0.02), (x + 0.025, high, z + 0.02)), signal, crease=0)
        mirror = Solid.sphere(1.0, 12 if level == 0 else 6).scale((0.018, 0.07, 0.045))
        pieces.add_solid(mirror.translate((0.40, side * 0.32, 1.22)), f.TRIM, crease=50)
    if level == 0:
        add_plate(pieces, (-0.84, 0.0, 0.46), -1.0, number, half=0.12)
    return pieces


def _scooter(variant: int, half: float) -> tuple[Part, ...]:
    """Step-through, small wheels, a leg shield; the rider sits as on a chair."""
    levels = tuple(_scooter_body(level, number_of(variant), half).mesh() for level in range(3))
    feet = ((0.20, 0.12, 0.39), (0.20, -0.12, 0.39))
    astride = rider(motorcyclist(variant), variant, (-0.30, 0.0, 0.90), 0.10, (0.39, half - 0.07, 1.07), feet)
    return machine(levels, SCOOTER_WHEELS, SCOOTER_AXLES, astride)


MODELS: dict[str, Callable[[int, Size | None], Model]] = {
    name: functools.partial(two_wheeler, name, "motorcycle", build, half)
    for name, build, half in (
        ("vehicle.sport_bike", _sport, 0.36),
        ("vehicle.cruiser", _cruiser, 0.40),
        ("vehicle.scooter", _scooter, 0.36),
    )
}
