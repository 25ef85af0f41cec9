"""Cars: shells with windows, lamps, seams, wheels."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from shapely import affinity
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box as rectangle
from shapely.ops import unary_union

from assets import finishes as f
from assets import store
from assets.bodywork import FRONT, SIDE, TOP, Pieces, Skin, Solid, both, box, prism, solid
from assets.model import Model, Part
from assets.outline import rounded, seam
from assets.shell import Shell
from assets.solids import simplified
from assets.tags import Tag
from assets.wheels import Wheel, wheel

Size = tuple[float, float, float]
BUDGETS = (5200, 1700, 420)
"""Triangles of the bare skin at each level of detail, before windows and the rest are cut."""


@dataclass(frozen=True)
class Face:
    """What is on a car besides its shape; metres.

    Attributes:
        belt: height of the lower edge of the side windows at the cabin's front and rear.
        pillar: width of the frame around the side windows.
        posts: x of the middle of each black post between side windows, and its width.
        glazed: (rear end, front end) in x of the side windows; what lies outside is sheet metal (vans).
        doors: x of the seams: front edge, then rear edge of each door.
        screen: (lower edge, upper edge) of the windscreen.
        backlight: the same of the rear window; None has none.
        lamps: (inner y, outer y, lower z, upper z) of the head lamps.
        tails: the same of the tail lamps.
        grille: (half width, lower z, upper z).
        plates: height of the front and of the rear number plate.
        rim: spokes of the wheels.
        skirt: height up to which sills and bumpers are black plastic.
        cladding: width of the black plastic around the wheel arches; 0 has none.
        rails: whether there are roof rails.
    """

    belt: tuple[float, float]
    pillar: float
    posts: tuple[tuple[float, float], ...]
    doors: tuple[float, ...]
    screen: tuple[float, float]
    backlight: tuple[float, float] | None
    lamps: tuple[float, float, float, float]
    tails: tuple[float, float, float, float]
    grille: tuple[float, float, float]
    plates: tuple[float, float]
    glazed: tuple[float, float] = (-9.0, 9.0)
    rim: int = 5
    skirt: float = 0.27
    cladding: float = 0.0
    rails: bool = False


HATCHBACK = (
    Shell(
        length=4.28, width=1.79, height=1.48,
        hull=(
            (2.14, 0.30), (2.17, 0.48), (2.14, 0.68), (2.00, 0.80), (1.60, 0.90), (1.10, 0.965), (0.80, 0.99),
            (0.0, 0.97), (-1.4, 1.00), (-2.02, 1.02), (-2.08, 0.90), (-2.12, 0.76), (-2.18, 0.58), (-2.16, 0.34),
            (-2.02, 0.23), (-1.5, 0.19), (1.5, 0.17), (2.00, 0.19),
        ),
        cabin=(
            (1.28, 0.80), (1.12, 0.93), (0.62, 1.22), (0.20, 1.44), (-0.35, 1.505), (-1.10, 1.495), (-1.72, 1.425),
            (-1.90, 1.36), (-2.12, 0.98), (-2.08, 0.75),
        ),
        plan=(
            (2.16, 0.0), (2.14, 0.42), (2.06, 0.70), (1.80, 0.85), (1.30, 0.895), (0.3, 0.895), (-0.9, 0.898),
            (-1.6, 0.885), (-2.02, 0.80), (-2.15, 0.58), (-2.17, 0.0),
        ),
        section=((0.15, 0.10), (0.28, 0.035), (0.48, 0.012), (0.62, 0.0), (0.74, 0.006), (0.88, 0.035), (1.02, 0.09)),
        tumble=((0.85, 0.055), (1.00, 0.095), (1.25, 0.20), (1.50, 0.34)),
        axles=(1.28, -1.35), wheel_radius=0.317, wheel_width=0.21, track=1.54,
    ),
    Face(
        belt=(0.97, 1.03), pillar=0.055, posts=((-0.17, 0.07), (-1.22, 0.06)), doors=(0.86, -0.20, -1.25),
        screen=(1.0, 1.375), backlight=(1.06, 1.36), lamps=(0.46, 0.90, 0.615, 0.755), tails=(0.47, 0.95, 0.80, 0.98),
        grille=(0.42, 0.635, 0.70), plates=(0.42, 0.70),
    ),
)  # fmt: skip

SEDAN = (
    Shell(
        length=4.72, width=1.83, height=1.45,
        hull=(
            (2.36, 0.30), (2.39, 0.47), (2.36, 0.66), (2.22, 0.78), (1.75, 0.88), (1.20, 0.95), (0.85, 0.975),
            (0.0, 0.96), (-1.2, 1.00), (-1.75, 1.04), (-2.22, 1.05), (-2.36, 1.02), (-2.35, 0.85), (-2.40, 0.62),
            (-2.38, 0.36), (-2.24, 0.24), (-1.6, 0.18), (1.6, 0.16), (2.22, 0.19),
        ),
        cabin=(
            (1.30, 0.80), (1.15, 0.92), (0.60, 1.22), (0.18, 1.40), (-0.35, 1.475), (-0.90, 1.455), (-1.30, 1.355),
            (-1.86, 1.06), (-2.00, 0.90), (-1.9, 0.75),
        ),
        plan=(
            (2.38, 0.0), (2.35, 0.44), (2.26, 0.72), (1.96, 0.87), (1.40, 0.915), (0.3, 0.915), (-1.0, 0.917),
            (-1.75, 0.90), (-2.22, 0.81), (-2.37, 0.58), (-2.39, 0.0),
        ),
        section=((0.15, 0.10), (0.28, 0.035), (0.48, 0.012), (0.62, 0.0), (0.74, 0.006), (0.88, 0.035), (1.04, 0.10)),
        tumble=((0.85, 0.06), (1.00, 0.11), (1.25, 0.22), (1.48, 0.37)),
        axles=(1.40, -1.40), wheel_radius=0.328, wheel_width=0.22, track=1.58, bow=(0.17, 0.12),
    ),
    Face(
        belt=(0.965, 1.025), pillar=0.055, posts=((-0.18, 0.07), (-1.13, 0.05)), doors=(0.90, -0.21, -1.18),
        screen=(0.995, 1.345), backlight=(1.075, 1.345), lamps=(0.48, 0.92, 0.60, 0.73), tails=(0.40, 0.95, 0.80, 0.955),
        grille=(0.45, 0.54, 0.71), plates=(0.37, 0.60), rim=10,
    ),
)  # fmt: skip

SUV = (
    Shell(
        length=4.55, width=1.86, height=1.68,
        hull=(
            (2.26, 0.38), (2.31, 0.60), (2.28, 0.82), (2.16, 0.97), (1.70, 1.06), (1.20, 1.11), (0.85, 1.13),
            (0.0, 1.11), (-1.4, 1.14), (-2.12, 1.16), (-2.20, 1.02), (-2.25, 0.86), (-2.31, 0.66), (-2.28, 0.40),
            (-2.14, 0.29), (-1.6, 0.25), (1.6, 0.22), (2.12, 0.25),
        ),
        cabin=(
            (1.30, 0.95), (1.12, 1.06), (0.66, 1.38), (0.28, 1.61), (-0.30, 1.71), (-1.20, 1.705), (-1.90, 1.63),
            (-2.06, 1.56), (-2.26, 1.12), (-2.20, 0.9),
        ),
        plan=(
            (2.29, 0.0), (2.27, 0.46), (2.18, 0.75), (1.90, 0.89), (1.40, 0.93), (0.3, 0.93), (-1.0, 0.933),
            (-1.75, 0.92), (-2.16, 0.84), (-2.28, 0.60), (-2.30, 0.0),
        ),
        section=((0.20, 0.10), (0.34, 0.035), (0.56, 0.012), (0.74, 0.0), (0.88, 0.005), (1.02, 0.035), (1.16, 0.09)),
        tumble=((1.0, 0.055), (1.14, 0.095), (1.40, 0.19), (1.70, 0.32)),
        axles=(1.36, -1.32), wheel_radius=0.362, wheel_width=0.235, track=1.60, flare=0.022,
    ),
    Face(
        belt=(1.11, 1.175), pillar=0.06, posts=((-0.18, 0.08), (-1.22, 0.08)), doors=(0.88, -0.22, -1.26),
        screen=(1.145, 1.56), backlight=(1.215, 1.55), lamps=(0.50, 0.95, 0.80, 0.925), tails=(0.55, 1.0, 0.92, 1.10),
        grille=(0.47, 0.62, 0.88), plates=(0.50, 0.84), skirt=0.42, cladding=0.055, rails=True,
    ),
)  # fmt: skip

VAN = (
    Shell(
        length=5.35, width=2.00, height=2.35,
        hull=(
            (2.64, 0.36), (2.70, 0.55), (2.68, 0.80), (2.62, 0.98), (2.42, 1.16), (2.10, 1.28), (1.7, 1.32),
            (0.0, 1.30), (-2.60, 1.30), (-2.68, 1.20), (-2.70, 0.70), (-2.69, 0.42), (-2.60, 0.32), (-1.6, 0.28),
            (1.6, 0.26), (2.52, 0.28),
        ),
        cabin=(
            (2.35, 1.05), (2.24, 1.20), (1.92, 1.62), (1.55, 2.12), (1.20, 2.33), (0.6, 2.39), (-2.2, 2.38), (-2.60, 2.36),
            (-2.66, 2.30), (-2.68, 1.3), (-2.68, 1.0),
        ),
        plan=(
            (2.69, 0.0), (2.66, 0.52), (2.54, 0.86), (2.25, 0.97), (1.70, 1.0), (0.3, 1.0), (-1.8, 1.0),
            (-2.60, 1.0), (-2.69, 0.96), (-2.69, 0.7), (-2.69, 0.0),
        ),
        section=((0.22, 0.07), (0.36, 0.03), (0.60, 0.008), (0.80, 0.0), (1.0, 0.004), (1.3, 0.02)),
        tumble=((1.0, 0.005), (1.4, 0.03), (1.9, 0.08), (2.4, 0.16)),
        axles=(1.72, -1.55), wheel_radius=0.345, wheel_width=0.225, track=1.72, bow=(0.14, 0.0), crown=0.03, edge=0.12,
    ),
    Face(
        belt=(1.27, 1.27), pillar=0.075, posts=((1.62, 0.05),), doors=(1.98, 0.92, -0.35), screen=(1.36, 2.02),
        backlight=(1.40, 1.95), lamps=(0.60, 1.0, 0.86, 1.08), tails=(0.86, 1.02, 0.85, 1.35), grille=(0.52, 0.82, 0.96),
        plates=(0.55, 0.78), glazed=(1.00, 9.0), rim=8, skirt=0.48,
    ),
)  # fmt: skip


def _windows(shell: Shell, face: Face) -> tuple[Polygon, list[Polygon]]:
    """The side windows' outline in (x, z) and the posts before it."""
    inner = Polygon(shell.profile()).buffer(-face.pillar - 0.03, quad_segs=6)
    reach = shell.length
    front, rear = face.belt
    above = Polygon([(reach, front), (-reach, rear), (-reach, 9), (reach, 9)])
    daylight = inner.intersection(above).intersection(rectangle(face.glazed[0], 0, face.glazed[1], 9))
    daylight = daylight.buffer(-0.03, quad_segs=4).buffer(0.03, quad_segs=4)
    posts = [
        Polygon([(x + w / 2, 0), (x - w / 2, 0), (x - w / 2 - 0.06, 9), (x + w / 2 - 0.06, 9)]) for x, w in face.posts
    ]
    return daylight, posts


def _screen(shell: Shell, edges: tuple[float, float], frame: float) -> Polygon:
    """A windscreen's outline in (y, z): as wide as the cabin less its pillars."""
    low, high = edges
    bottom, top = shell.half_width(low) - frame, shell.half_width(high) - frame * 0.95
    return rounded([(-bottom, low), (bottom, low), (top, high), (-top, high)], 0.05)


def _lamp_outline(extent: tuple[float, float, float, float], slant: float) -> Polygon:
    inner, outer, low, high = extent
    return rounded(
        [(inner, low + slant * 0.2), (outer, low + slant), (outer, high + slant), (inner + 0.03, high)], 0.022
    )


def _mirrored(shape: Polygon) -> Polygon:
    return affinity.scale(shape, -1.0, 1.0, origin=(0, 0))


def _pair(shape: Polygon) -> MultiPolygon:
    return unary_union([shape, _mirrored(shape)])


def _cut_lamps(skin: Skin, shell: Shell, face: Face, fine: bool) -> None:
    nose, tail = shell.length / 2 - 0.75, -shell.length / 2 + 0.50
    inner, outer, low, high = face.lamps
    head = _lamp_outline(face.lamps, 0.025)
    middle, tall = (low + high) / 2 + 0.012, high - low
    if fine:
        for y, group in ((inner + 0.30 * (outer - inner), f.HIGH_BEAM), (inner + 0.56 * (outer - inner), f.LOW_BEAM)):
            circle = Point(y, middle).buffer(0.33 * tall, quad_segs=4)
            skin.imprint(prism(_pair(circle), FRONT, nose, 9), group)
        brow = head.intersection(affinity.translate(head, 0, -0.82 * tall))
        skin.imprint(prism(_pair(brow), FRONT, nose, 9), f.DAYTIME)
        blink = head.intersection(rectangle(outer - 0.15, 0, 9, 9))
        skin.imprint(prism(blink, FRONT, nose, 9), f.LEFT)
        skin.imprint(prism(_mirrored(blink), FRONT, nose, 9), f.RIGHT)
        skin.imprint(prism(_pair(head), FRONT, nose, 9), f.LENS)
        fog = Point(inner + 0.20, low - 0.26).buffer(0.042, quad_segs=4)
        skin.imprint(prism(_pair(fog), FRONT, nose, 9), f.FOG)
    else:
        skin.imprint(prism(_pair(head), FRONT, nose, 9), f.LOW_BEAM)
    inner, outer, low, high = face.tails
    lit = _lamp_outline(face.tails, 0.02)
    if fine:
        third = (high - low) / 3
        wide = outer - inner
        stop = lit.intersection(rectangle(inner + 0.22 * wide, low + 1.15 * third, 9, high - 0.25 * third))
        skin.imprint(prism(_pair(stop), FRONT, -9, tail), f.BRAKE)
        blink = lit.intersection(rectangle(inner + 0.30 * wide, low + 0.25 * third, 9, low + 1.0 * third))
        skin.imprint(prism(blink, FRONT, -9, tail), f.LEFT)
        skin.imprint(prism(_mirrored(blink), FRONT, -9, tail), f.RIGHT)
        back = lit.intersection(rectangle(inner + 0.03, low + 0.25 * third, inner + 0.27 * wide, low + 1.1 * third))
        skin.imprint(prism(_pair(back), FRONT, -9, tail), f.REVERSE)
    skin.imprint(prism(_pair(lit), FRONT, -9, tail), f.TAIL)


def _cut_seams(skin: Skin, shell: Shell, face: Face) -> None:
    gap = 0.010
    sill, top = face.skirt + 0.06, shell.height - 0.14
    lines = []
    for x in face.doors:
        arch = [a for a in shell.axles if abs(a - x) < shell.wheel_radius + 0.12]
        if arch:
            # A rear door's edge swings around the wheel arch.
            bend = shell.wheel_radius + 0.12
            turn = [
                (arch[0] + bend * np.cos(t), shell.wheel_radius + bend * np.sin(t)) for t in np.linspace(0.15, 1.25, 6)
            ]
            lines.append(seam([(arch[0] + bend, sill), *turn, (x, face.belt[1] - 0.02), (x - 0.06, top)], gap))
        else:
            lines.append(seam([(x, sill), (x, face.belt[0]), (x - 0.05, top)], gap))
    first, last = face.doors[0], face.doors[-1]
    lines.append(seam([(first, sill), (last + 0.25, sill)], gap))
    lines.append(
        rectangle(-shell.length / 2 + 0.42, 0.80, -shell.length / 2 + 0.56, 0.94).exterior.buffer(gap / 2, quad_segs=1)
    )
    daylight, _ = _windows(shell, face)
    hidden = Polygon(shell.profile()).buffer(-0.05)
    doors = (
        unary_union(lines)
        .difference(daylight.buffer(0.01))
        .intersection(unary_union([hidden, rectangle(-9, 0, 9, max(face.belt) + 0.02)]))
    )
    skin.imprint(both(doors, 0.35, 2.0), f.SEAM)
    # Bonnet: two lines along it and one across its front.
    cowl = min(face.doors[0] + 0.12, shell.axles[0])
    edge = shell.half_width(face.belt[0]) - 0.10
    nose = shell.length / 2 - 0.16
    bonnet = [(cowl, edge), (nose - 0.30, edge - 0.08), (nose - 0.04, edge - 0.32), (nose, 0)]
    across = [(x, -y) for x, y in bonnet[:3]][::-1]
    skin.imprint(prism(seam([*bonnet, *across], gap), TOP, face.lamps[3] - 0.02, 3), f.SEAM)


def _cut_ends(skin: Skin, shell: Shell, face: Face, fine: bool) -> None:
    nose, tail = shell.length / 2 - 0.45, -shell.length / 2 + 0.40
    half, low, high = face.grille
    grille = rounded([(-half, high), (-half + 0.05, low), (half - 0.05, low), (half, high)], 0.025)
    intake_top = min(low - 0.10, face.plates[0] + 0.02)
    intake = rounded(
        [
            (-half - 0.10, face.skirt - 0.02),
            (half + 0.10, face.skirt - 0.02),
            (half + 0.02, intake_top),
            (-half - 0.02, intake_top),
        ],
        0.03,
    )
    if fine:
        badge = Point(0, (low + high) / 2).buffer(min(0.055, (high - low) * 0.45), quad_segs=4)
        skin.imprint(prism(badge, FRONT, nose, 9), f.CHROME)
        bars = [rectangle(-half, z - 0.006, half, z + 0.006) for z in np.arange(low + 0.03, high, 0.045)]
        skin.imprint(prism(unary_union(bars).intersection(grille.buffer(-0.012)), FRONT, nose, 9), f.CHROME)
    skin.imprint(prism(unary_union([grille, intake]), FRONT, nose, 9), f.PLASTIC)
    if fine:
        corner = face.lamps[0] + 0.11
        pocket = rounded(
            [
                (corner, face.lamps[2] - 0.33),
                (corner + 0.26, face.lamps[2] - 0.30),
                (corner + 0.24, face.lamps[2] - 0.19),
                (corner, face.lamps[2] - 0.21),
            ],
            0.02,
        )
        skin.imprint(prism(_pair(pocket), FRONT, nose, 9), f.PLASTIC)
        z = face.plates[1]
        recess = rounded([(-0.34, z - 0.09), (0.34, z - 0.09), (0.31, z + 0.09), (-0.31, z + 0.09)], 0.02)
        skin.imprint(prism(recess.exterior.buffer(0.005, quad_segs=1), FRONT, -9, tail), f.SEAM)
        handle = rectangle(-0.17, z + 0.095, 0.17, z + 0.125)
        skin.imprint(prism(handle, FRONT, -9, tail), f.CHROME)


def _arches(shell: Shell, quarter: int) -> list[Solid]:
    tools = []
    for axle in shell.axles:
        circle = Point(axle, shell.wheel_radius).buffer(shell.wheel_radius + 0.055, quad_segs=quarter)
        for near, far in ((shell.track / 2 - 0.20, 3.0), (-3.0, -shell.track / 2 + 0.20)):
            tools.append(prism(circle, SIDE, near, far).as_original())
    return tools


def _mirrors(shell: Shell, face: Face, pieces: Pieces, fine: bool) -> None:
    x = face.doors[0] - 0.16
    z = face.belt[0] + 0.095
    for side in (1.0, -1.0):
        y = side * (shell.half_width(z) + 0.125)
        shape = Solid.sphere(1.0, 20 if fine else 8).scale((0.085, 0.115, 0.075)).translate((x, y, z))
        housing = shape.trim_by_plane((1.0, 0.0, 0.0), x - 0.030)
        pieces.add_solid(housing, f.PAINT, crease=50)
        if fine:
            glass = Solid.cylinder(0.004, 0.062, circular_segments=16).rotate((0, 90, 0)).scale((1, 1.5, 0.95))
            pieces.add_solid(glass.translate((x - 0.036, y, z)), f.GLASS, crease=50)
            arm = sorted([side * (shell.half_width(z) - 0.02), y])
            pieces.add_solid(box((x - 0.02, arm[0], z - 0.075), (x + 0.045, arm[1], z - 0.035)), f.PLASTIC, crease=0)


def _fittings(shell: Shell, face: Face, pieces: Pieces, surface: Solid, number: str) -> None:
    """Handles, number plates, roof rails: what stands on the skin."""
    for rear_edge in face.doors[1:3]:
        z = face.belt[0] - 0.105
        for side in (1.0, -1.0):
            y = side * _reach(surface, (rear_edge + 0.16, 0, z), (0, side, 0))
            low, high = sorted([y - side * 0.02, y + side * 0.022])
            pieces.add_solid(
                box((rear_edge + 0.05, low, z - 0.013), (rear_edge + 0.25, high, z + 0.013)), f.PAINT, crease=0
            )
    for z, side in ((face.plates[0], 1.0), (face.plates[1], -1.0)):
        x = side * _reach(surface, (0, 0, z), (side, 0, 0))
        add_plate(pieces, (x + side * 0.006, 0.0, z), side, number)
    if face.rails:
        for side in (1.0, -1.0):
            y = side * (shell.half_width(shell.height) - 0.02)
            pieces.add_solid(
                box((-1.65, y - 0.018, shell.height - 0.075), (0.05, y + 0.018, shell.height - 0.012)), f.TRIM, crease=0
            )


def _reach(surface: Solid, start: tuple[float, float, float], towards: tuple[float, float, float]) -> float:
    """How far out the skin lies along a ray [m]."""
    away = 20.0
    outside = tuple(s + away * t for s, t in zip(start, towards, strict=True))
    hits = surface.ray_cast(outside, start)
    if not hits:
        raise ValueError(f"no bodywork from {start} towards {towards}")
    first = min(hit.distance for hit in hits)
    return away * (1 - first)


def add_plate(pieces: Pieces, center: tuple[float, float, float], side: float, number: str) -> None:
    """A number plate facing forward (``side`` +1) or backward (-1), lettered so as to be read from outside."""
    x, y, z = center
    right = np.array([0.0, side, 0.0])
    up = np.array([0.0, 0.0, 1.0])
    corners = [
        np.array([x + side * 0.004, y, z]) + a * 0.255 * right + b * 0.055 * up
        for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    uvs = np.array([[0.0, 0.0], [1, 0], [1, 1], [0, 1]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    normals = np.tile([side, 0.0, 0.0], (4, 1))
    pieces.add(np.array(corners), faces, f.plate(number), normals=normals, uvs=uvs * 0.998 + 0.001)
    low, high = sorted([x - side * 0.02, x + side * 0.003])
    pieces.add_solid(box((low, y - 0.26, z - 0.058), (high, y + 0.26, z + 0.058)), f.PLASTIC, crease=0)


def number_of(variant: int) -> str:
    """A made-up registration."""
    draw = np.random.default_rng([variant, 0x9A7E])
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    return "".join(letters[i] for i in draw.integers(0, len(letters), 3)) + f" {draw.integers(100, 999)}"


def body(shell: Shell, face: Face, number: str) -> tuple[Pieces, ...]:
    """The body's levels of detail, finest first."""
    shape = shell.field()
    dense = shape.mesh()
    daylight, posts = _windows(shell, face)
    levels = []
    for level, budget in enumerate(BUDGETS):
        fine = level == 0
        bare = solid(*simplified(*dense, budget))
        arches = _arches(shell, (8, 5, 3)[level])
        skin = Skin(bare, shape)
        for tool in arches:
            skin.carve(tool)
        if fine:
            frames = unary_union(posts).intersection(daylight)
            if not frames.is_empty:
                skin.imprint(both(frames, 0.3, 2.0), f.TRIM)
        skin.imprint(both(daylight.simplify((0.002, 0.006, 0.02)[level]), 0.3, 2.0), f.GLASS)
        front = _screen(shell, face.screen, 0.10)
        if fine:
            low = face.screen[0]
            wipers = unary_union(
                [
                    seam([(-0.05, low + 0.035), (-0.58, low + 0.055)], 0.022),
                    seam([(0.5, low + 0.035), (0.0, low + 0.06)], 0.022),
                ]
            )
            skin.imprint(prism(wipers, FRONT, 0.0, 9), f.PLASTIC)
            if face.backlight is not None:
                stop = rectangle(-0.17, face.backlight[1] - 0.035, 0.17, face.backlight[1] - 0.01)
                skin.imprint(prism(stop, FRONT, -9, -0.8), f.BRAKE)
        skin.imprint(prism(front, FRONT, 0.0, 9), f.GLASS)
        if face.backlight is not None:
            skin.imprint(prism(_screen(shell, face.backlight, 0.12), FRONT, -9, -0.8), f.GLASS)
        _cut_lamps(skin, shell, face, fine)
        if level < 2:
            _cut_ends(skin, shell, face, fine)
        if fine:
            _cut_seams(skin, shell, face)
        if face.cladding:
            ring = unary_union(
                [
                    Point(a, shell.wheel_radius).buffer(shell.wheel_radius + 0.055 + face.cladding, quad_segs=8)
                    for a in shell.axles
                ]
            )
            skin.imprint(both(ring, shell.track / 2 - 0.1, 2.0), f.PLASTIC)
        skin.imprint(box((-9, -9, -1), (9, 9, face.skirt)), f.PLASTIC)
        pieces = Pieces()
        skin.gather(pieces, f.PAINT, f.HOLLOW, [tool.original_id() for tool in arches])
        if level < 2:
            _mirrors(shell, face, pieces, fine)
        if fine:
            _fittings(shell, face, pieces, bare, number)
        levels.append(pieces)
    return tuple(levels)


WHEELS = {
    "wheel_front_left": (0, 1.0),
    "wheel_front_right": (0, -1.0),
    "wheel_rear_left": (1, 1.0),
    "wheel_rear_right": (1, -1.0),
}


def wheel_parts(shell: Shell, measures: Wheel, tag: Tag) -> tuple[Part, ...]:
    """The four wheels, standing on z = 0."""
    made = {side: wheel(measures, side) for side in (1.0, -1.0)}
    parts = []
    for name, (axle, side) in WHEELS.items():
        place = np.eye(4)
        place[:3, 3] = shell.axles[axle], side * shell.track / 2, measures.radius
        parts.append(Part(name, made[side], place, tag))
    return tuple(parts)


def _build(shell: Shell, face: Face, tag: Tag, variant: int, size: Size | None) -> tuple[Part, ...]:
    levels = tuple(pieces.mesh() for pieces in body(shell, face, number_of(variant)))
    rim = Wheel(shell.wheel_radius, shell.wheel_width, 0.68 * shell.wheel_radius, face.rim)
    return (Part("body", levels, np.eye(4), tag), *wheel_parts(shell, rim, tag))


def _fitted(build: Callable[[Shell], tuple[Part, ...]], shell: Shell, size: Size | None) -> tuple[Part, ...]:
    """Parts whose outer box is ``size`` and stands centred over the origin."""
    made = build(shell)
    if size is None:
        return _centred(made, None)
    true = store.model("", "", _centred(made, None)).size
    shell = shell.scaled(*(want / have for want, have in zip(size, true, strict=True)))
    return _centred(build(shell), size)


def _centred(made: tuple[Part, ...], size: Size | None) -> tuple[Part, ...]:
    """Shifts the parts so that their box is centred over the origin; stretches the body the last millimetres to ``size``."""
    whole = store.model("", "", made)
    have = whole.size
    factor = np.ones(3) if size is None else np.divide(size, have)
    shift = np.array([whole.center[0], whole.center[1], 0.0])
    parts = []
    for part in made:
        place = part.body_from_part.copy()
        if part.name.startswith("wheel"):
            place[:3, 3] = (place[:3, 3] - shift) * np.array([factor[0], factor[1], 1.0])
            parts.append(replace(part, body_from_part=place))
            continue
        lods = tuple(
            replace(mesh, vertices=((mesh.vertices - shift) * factor).astype(np.float32)) for mesh in part.lods
        )
        parts.append(replace(part, lods=lods))
    return tuple(parts)


def _car(name: str, category: str, tag: Tag, spec: tuple[Shell, Face], variant: int, size: Size | None) -> Model:
    if size is not None and (len(size) != 3 or min(size) <= 0.5):
        raise ValueError(f"{name}: size is (length, width, height) in metres, not {size}")
    shell, face = spec

    def build(shape: Shell) -> tuple[Part, ...]:
        return _build(shape, face, tag, variant, size)

    made = store.parts(name, variant, size, lambda: _fitted(build, shell, size), __name__)
    return store.model(name, category, made)


MODELS: dict[str, Callable[[int, Size | None], Model]] = {
    "vehicle.hatchback": functools.partial(_car, "vehicle.hatchback", "car", Tag.CAR, HATCHBACK),
    "vehicle.sedan": functools.partial(_car, "vehicle.sedan", "car", Tag.CAR, SEDAN),
    "vehicle.suv": functools.partial(_car, "vehicle.suv", "car", Tag.CAR, SUV),
    "vehicle.van": functools.partial(_car, "vehicle.van", "vehicle.van", Tag.CAR, VAN),
}
