"""Coachwork: what makes a shell a car. Windows, pillars, lamps, grille, seams, mirrors, plates, wheels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from shapely import affinity
from shapely.geometry import MultiPolygon, Point, Polygon
from shapely.geometry import box as rectangle
from shapely.ops import unary_union

from assets import finishes as f
from assets.bodywork import FRONT, SIDE, TOP, Pieces, Skin, Solid, both, box, prism, solid
from assets.doors import GAP, LINING, Door, cabin, furnish, opening, side_doors
from assets.mesh import Material
from assets.model import Part
from assets.outfits import Outfit
from assets.outline import rounded, seam
from assets.shell import Shell
from assets.solids import simplified
from assets.tags import Tag
from assets.wheels import Wheel, wheel

BUDGETS = (3000, 1000, 240)
"""Triangles of the bare skin at each level of detail, before windows and the rest are cut."""


@dataclass(frozen=True)
class Cargo:
    """A truck's box: its extent in x and z, its half width [m], and what it is painted with."""

    rear: float
    front: float
    half: float
    low: float
    high: float
    finish: Material = f.WHITE


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
        bonnet: whether there is a bonnet to be outlined.
        glass_doors: (rear x, front x, lower z, upper z) of a bus's doors, on the right side.
        bed: (rear x, front x, half width, floor z) of a pickup's open bed.
        cargo: the box behind a truck's cab.
        stripes: livery on the flanks: (x, z) outlines and their material.
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
    bonnet: bool = True
    glass_doors: tuple[tuple[float, float, float, float], ...] = ()
    bed: tuple[float, float, float, float] | None = None
    cargo: Cargo | None = None
    stripes: tuple[tuple[tuple[tuple[float, float], ...], Material], ...] = ()


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
    nose, tail = shell.length / 2 - 0.46, -shell.length / 2 + 0.30
    inner, outer, low, high = face.lamps
    head = _lamp_outline(face.lamps, 0.025)
    middle, tall = (low + high) / 2 + 0.012, high - low
    if fine:
        for y, group in ((inner + 0.30 * (outer - inner), f.HIGH_BEAM), (inner + 0.56 * (outer - inner), f.LOW_BEAM)):
            circle = Point(y, middle).buffer(0.33 * tall, quad_segs=4)
            skin.imprint(prism(_pair(circle), FRONT, nose, 9), group)
        brow = head.intersection(affinity.translate(head, 0, -0.82 * tall))
        skin.imprint(prism(_pair(brow), FRONT, nose, 9), f.DAYTIME)
        blink = head.intersection(rectangle(outer - 0.21, 0, outer - 0.11, 9))
        skin.imprint(prism(blink, FRONT, nose, 9), f.LEFT)
        skin.imprint(prism(_mirrored(blink), FRONT, nose, 9), f.RIGHT)
        skin.imprint(prism(_pair(head), FRONT, nose, 9), f.LENS)
        fog = Point(inner + 0.20, low - 0.26).buffer(0.042, quad_segs=4)
        skin.imprint(prism(_pair(fog), FRONT, nose, 9), f.FOG)
    else:
        skin.imprint(prism(_pair(head), FRONT, nose, 9), f.LOW_BEAM)
    if face.cargo is not None:
        return
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


def _cut_seams(skin: Skin, shell: Shell, face: Face, doors: bool) -> None:
    """Seams of the doors (unless they are cut out), of the filler flap and of the bonnet."""
    gap = 0.010
    sill, top = face.skirt + 0.06, shell.height - 0.14
    lines = []
    for x in () if doors else face.doors:
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
    if face.doors and not doors:
        lines.append(seam([(face.doors[0], sill), (face.doors[-1] + 0.25, sill)], gap))
    lines.append(
        rectangle(-shell.length / 2 + 0.42, 0.80, -shell.length / 2 + 0.56, 0.94).exterior.buffer(gap / 2, quad_segs=1)
    )
    if not lines:
        return
    daylight, _ = _windows(shell, face)
    hidden = Polygon(shell.profile()).buffer(-0.05)
    doors = (
        unary_union(lines)
        .difference(daylight.buffer(0.01))
        .intersection(unary_union([hidden, rectangle(-9, 0, 9, max(face.belt) + 0.02)]))
    )
    skin.imprint(both(doors, 0.35, 2.0), f.SEAM)
    if not face.bonnet:
        return
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
        if face.cargo is not None:
            return
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


def _mirrors(shell: Shell, face: Face, sides: Mapping[float, Pieces], fine: bool) -> None:
    """Mirrors, added to what carries them on each side."""
    large = not face.bonnet
    x = shell.axles[0] + 0.55 if large else face.doors[0] - 0.16
    if face.cargo is None and large:
        x = shell.length / 2 - 0.22
    z = face.belt[0] + (0.55 if large else 0.095)
    tall = 2.6 if large else 1.0
    for side, pieces in sides.items():
        y = side * (shell.half_width(z) + 0.125)
        shape = Solid.sphere(1.0, 20 if fine else 8).scale((0.085, 0.115, 0.075 * tall)).translate((x, y, z))
        housing = shape.trim_by_plane((1.0, 0.0, 0.0), x - 0.030)
        pieces.add_solid(housing, f.PLASTIC if large else f.PAINT, crease=50)
        if fine:
            glass = Solid.cylinder(0.004, 0.062, circular_segments=16).rotate((0, 90, 0)).scale((1, 1.5, 0.95 * tall))
            pieces.add_solid(glass.translate((x - 0.036, y, z)), f.GLASS, crease=50)
            arm = sorted([side * (shell.half_width(z) - 0.02), y])
            pieces.add_solid(box((x - 0.02, arm[0], z - 0.075), (x + 0.045, arm[1], z - 0.035)), f.PLASTIC, crease=0)


def _handle(face: Face, pieces: Pieces, surface: Solid, rear_edge: float, side: float) -> None:
    z = face.belt[0] - 0.105
    y = side * _reach(surface, (rear_edge + 0.16, 0, z), (0, side, 0))
    low, high = sorted([y - side * 0.02, y + side * 0.022])
    pieces.add_solid(box((rear_edge + 0.05, low, z - 0.013), (rear_edge + 0.25, high, z + 0.013)), f.PAINT, crease=0)


def _fittings(shell: Shell, face: Face, pieces: Pieces, surface: Solid, number: str) -> None:
    """Number plates, roof rails: what stands on the skin."""
    ends = ((face.plates[0], 1.0), (face.plates[1], -1.0))
    for z, side in ends if face.cargo is None else ends[:1]:
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


def add_plate(
    pieces: Pieces, center: tuple[float, float, float], side: float, number: str, half: float = 0.255
) -> None:
    """A plate ``2 half`` [m] wide that faces forward (``side`` +1) or backward (-1), to be read from outside."""
    x, y, z = center
    right = np.array([0.0, side, 0.0])
    up = np.array([0.0, 0.0, 1.0])
    corners = [
        np.array([x + side * 0.004, y, z]) + a * half * right + b * (half * 0.215) * up
        for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    uvs = np.array([[0.0, 0.0], [1, 0], [1, 1], [0, 1]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    normals = np.tile([side, 0.0, 0.0], (4, 1))
    pieces.add(np.array(corners), faces, f.plate(number), normals=normals, uvs=uvs * 0.998 + 0.001)
    low, high = sorted([x - side * 0.02, x + side * 0.003])
    pieces.add_solid(
        box((low, y - half - 0.005, z - half * 0.23), (high, y + half + 0.005, z + half * 0.23)), f.PLASTIC, crease=0
    )


def number_of(variant: int) -> str:
    """A made-up registration."""
    draw = np.random.default_rng([variant, 0x9A7E])
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    return "".join(letters[i] for i in draw.integers(0, len(letters), 3)) + f" {draw.integers(100, 999)}"


def _add_cargo(shell: Shell, cargo: Cargo, pieces: Pieces, fine: bool, number: str) -> None:
    """The box with its frame, the chassis below it, the rear lamps and the side guards."""
    rear, front, half, low, high = cargo.rear, cargo.front, cargo.half, cargo.low, cargo.high
    pieces.add_solid(box((rear, -half, low), (front, half, high)), cargo.finish, crease=0)
    pieces.add_solid(box((rear + 0.1, -0.45, 0.55), (front + 0.6, 0.45, low)), f.HOLLOW, crease=0)
    if not fine:
        for side in (1.0, -1.0):
            near, far = sorted([side * half * 0.55, side * half * 0.92])
            pieces.add_solid(box((rear - 0.02, near, 0.78), (rear + 0.08, far, 0.92)), f.TAIL, crease=0)
        return
    bar = 0.035
    for z in (low, high - 2 * bar):
        for x in (rear - 0.012, front - 0.05):
            pieces.add_solid(box((x, -half - 0.012, z), (x + 0.062, half + 0.012, z + 2 * bar)), f.STEEL, crease=0)
    for side in (1.0, -1.0):

        def lay(
            x: tuple[float, float],
            y: tuple[float, float],
            z: tuple[float, float],
            material: Material,
            side: float = side,
        ) -> None:
            near, far = sorted([side * y[0], side * y[1]])
            pieces.add_solid(box((x[0], near, z[0]), (x[1], far, z[1])), material, crease=0)

        for z in (low, high - 2 * bar):
            lay((rear, front), (half, half + 0.012), (z, z + 2 * bar), f.STEEL)
        for x in (rear, front - 0.05):
            lay((x, x + 0.05), (half, half + 0.012), (low, high), f.STEEL)
        lay((rear - 0.012, rear), (0.01, 0.022), (low, high), f.SEAM)
        lay((rear - 0.02, rear), (0.25, 0.28), (low + 0.1, high - 0.1), f.STEEL)
        guard = (shell.axles[1] + shell.wheel_radius + 0.15, shell.axles[0] - shell.wheel_radius - 0.35)
        for z in (0.48, 0.68):
            lay(guard, (half - 0.08, half - 0.04), (z, z + 0.11), f.STEEL)
        lay((shell.axles[1] - 0.62, shell.axles[1] + 0.62), (half - 0.55, half - 0.02), (1.03, 1.06), f.PLASTIC)
        lay((shell.axles[1] - 0.66, shell.axles[1] - 0.62), (half - 0.55, half - 0.02), (0.45, 1.06), f.PLASTIC)
        signal = f.LEFT if side > 0 else f.RIGHT
        for (a, b), lamp in zip(
            ((0.50, 0.62), (0.62, 0.74), (0.74, 0.88), (0.88, 0.95)), (f.REVERSE, f.BRAKE, f.TAIL, signal), strict=True
        ):
            lay((rear - 0.03, rear + 0.05), (half * a, half * b), (0.76, 0.90), lamp)
        lay((rear - 0.005, rear + 0.10), (0.0, half), (0.70, 0.95), f.PLASTIC)
        lay((rear - 0.01, rear + 0.10), (0.0, half * 0.95), (0.45, 0.57), f.STEEL)
    add_plate(pieces, (rear - 0.012, 0.0, 0.83), -1.0, number)


@dataclass(frozen=True, eq=False)
class Coach:
    """A body's levels of detail, finest first, and those of its doors, around their own hinges."""

    body: tuple[Pieces, ...]
    doors: tuple[tuple[Door, tuple[Pieces, ...]], ...]


def coach(shell: Shell, face: Face, number: str, *, open_doors: bool = False, outfit: Outfit | None = None) -> Coach:
    """The body, with doors of their own when they are to open, and with an outfit (``assets.outfits``) on it."""
    shape = shell.field(0.025 if shell.length < 5.6 else 0.04)
    surface = shape.mesh()
    sill = face.skirt + 0.06
    doors = side_doors(shell, face.doors, face.belt, sill) if open_doors else []
    hollow = cabin(shape, shell, face.doors, sill) if doors else None
    levels: list[Pieces] = []
    leaves: list[list[Pieces]] = [[] for _ in doors]
    for level, budget in enumerate(BUDGETS):
        fine = level == 0
        surface = simplified(*surface, budget)
        bare = solid(*surface)
        arches = _arches(shell, (8, 5, 3)[level])
        if face.bed is not None:
            rear, front_end, half, floor = face.bed
            arches.append(box((rear, -half, floor), (front_end, half, 9.0)).as_original())
        walls = {tool.original_id(): f.HOLLOW for tool in arches}
        skin = Skin(bare, shape)
        for tool in arches:
            skin.carve(tool)
        pieces = Pieces()
        for door, made in zip(doors, leaves, strict=True):
            assert hollow is not None
            leaf, edge = Skin(bare, shape), opening(door, shell, -GAP)
            leaf.rest = (bare ^ edge) - hollow
            _dress(leaf, shell, face, level, cut=True)
            made.append(Pieces())
            leaf.gather(made[-1], f.PAINT, {edge.original_id(): f.PLASTIC, hollow.original_id(): LINING})
        if hollow is not None:
            for tool in (hollow, *(opening(door, shell, GAP) for door in doors)):
                skin.carve(tool)
                walls[tool.original_id()] = LINING
            if level < 2:
                furnish(pieces, shell, face.doors, sill)
        _dress(skin, shell, face, level, cut=bool(doors))
        skin.gather(pieces, f.PAINT, walls)
        by_side = {door.side: made[-1] for door, made in zip(doors, leaves, strict=True) if "front" in door.name}
        if level < 2:
            _mirrors(shell, face, {side: by_side.get(side, pieces) for side in (1.0, -1.0)}, fine)
        if face.cargo is not None:
            _add_cargo(shell, face.cargo, pieces, fine, number)
        if fine:
            for row, rear_edge in enumerate(face.doors[1:3]):
                for side in (1.0, -1.0):
                    word = f"door_{('front', 'rear')[row]}"
                    on = (made[-1] for door, made in zip(doors, leaves, strict=True)
                          if door.name.startswith(word) and door.side == side)  # fmt: skip
                    _handle(face, next(on, pieces), bare, rear_edge, side)
            _fittings(shell, face, pieces, bare, number)
        if outfit is not None:
            outfit(pieces, bare, level)
        levels.append(pieces)
    return Coach(tuple(levels), tuple((door, tuple(made)) for door, made in zip(doors, leaves, strict=True)))


def _dress(skin: Skin, shell: Shell, face: Face, level: int, *, cut: bool) -> None:
    """Windows, lamps, seams and trim on a skin, at a level of detail; ``cut``: the doors are parts of their own."""
    fine = level == 0
    daylight, posts = _windows(shell, face)
    if fine:
        frames = unary_union(posts).intersection(daylight)
        if not frames.is_empty:
            skin.imprint(both(frames, 0.3, 2.0), f.TRIM)
    if face.glass_doors:
        panes = unary_union([rounded([(a, c), (b, c), (b, d), (a, d)], 0.04) for a, b, c, d in face.glass_doors])
        frames = unary_union([pane.exterior.buffer(0.035, quad_segs=1) for pane in getattr(panes, "geoms", [panes])])
        skin.imprint(prism(frames, SIDE, -3.0, -0.3), f.TRIM)
        skin.imprint(prism(panes, SIDE, -3.0, -0.3), f.GLASS)
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
        skin.imprint(prism(wipers, FRONT, 0.0, 9), f.HOLLOW)
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
        _cut_seams(skin, shell, face, cut)
    if face.cladding:
        ring = unary_union(
            [
                Point(a, shell.wheel_radius).buffer(shell.wheel_radius + 0.055 + face.cladding, quad_segs=8)
                for a in shell.axles
            ]
        )
        skin.imprint(both(ring, shell.track / 2 - 0.1, 2.0), f.PLASTIC)
    skin.imprint(box((-9, -9, -1), (9, 9, face.skirt)), f.PLASTIC)
    for outline, finish in face.stripes:
        skin.imprint(both(Polygon(outline), 0.3, 2.0), finish)


WHEELS = {
    "wheel_front_left": (0, 1.0),
    "wheel_front_right": (0, -1.0),
    "wheel_rear_left": (1, 1.0),
    "wheel_rear_right": (1, -1.0),
}


def wheel_parts(shell: Shell, measures: Wheel, tag: Tag, twin: bool) -> tuple[Part, ...]:
    """The four wheels, standing on z = 0; ``twin`` doubles the rear ones."""
    rear = replace(measures, width=1.9 * measures.width, twin=True) if twin else measures
    made = {(axle, side): wheel((measures, rear)[axle], side) for axle in (0, 1) for side in (1.0, -1.0)}
    parts = []
    for name, (axle, side) in WHEELS.items():
        place = np.eye(4)
        inward = (rear.width - measures.width) / 2 if axle else 0.0
        place[:3, 3] = shell.axles[axle], side * (shell.track / 2 - inward), measures.radius
        parts.append(Part(name, made[axle, side], place, tag))
    return tuple(parts)
