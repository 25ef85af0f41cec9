"""Bicycles and motorcycles with their riders."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets import finishes as f
from assets import store
from assets.bodywork import Pieces, Solid, box, lathe, solid
from assets.coachwork import add_plate, number_of
from assets.human import ARMS, LEGS, Person, clothed, skeleton
from assets.mesh import Material, Mesh
from assets.model import Model, Part
from assets.skeleton import Pose, pitch
from assets.solids import Ball, Field, simplified, unit
from assets.tags import Tag
from assets.wheels import Wheel, wheel

Size = tuple[float, float, float]
Point = tuple[float, float, float]
SEGMENTS = (10, 6, 4)
"""Corners of a tube at each level of detail."""


def rod(start: Point, end: Point, radius: float, segments: int) -> Solid:
    """A round bar between two points [m]."""
    a, b = np.array(start), np.array(end)
    axis = unit(b - a)
    side = unit(np.cross(axis, [0.0, 1.0, 0.0] if abs(axis[1]) < 0.9 else [1.0, 0.0, 0.0]))
    frame = np.stack([side, np.cross(axis, side), axis, a], axis=1)
    return Solid.cylinder(float(np.linalg.norm(b - a)), radius, circular_segments=segments).transform(frame)


def add_bars(pieces: Pieces, material: Material, segments: int, rods: list[tuple[Point, Point, float]]) -> None:
    """Round bars: (start, end, radius) [m]."""
    for start, end, radius in rods:
        pieces.add_solid(rod(start, end, radius, segments), material, crease=75 if segments > 4 else 0)


def add_flesh(pieces: Pieces, balls: list[Ball], material: Material, triangles: int) -> None:
    """A smooth part (a tank, a saddle) made as a body's flesh is made."""
    field = Field.of_balls(balls, 0.012)
    vertices, faces = simplified(*field.mesh(), triangles)
    solid(vertices, faces)
    pieces.add(vertices, faces.astype(np.int64), material, normals=field.gradient(vertices))


def both_bars(points: list[tuple[Point, Point, float]]) -> list[tuple[Point, Point, float]]:
    """The bars and their mirror images."""
    flipped = [((a[0], -a[1], a[2]), (b[0], -b[1], b[2]), r) for a, b, r in points]
    return [*points, *flipped]


# Bicycle: 28-inch wheels, a frame of 54 cm.
BICYCLE_AXLES = (0.56, -0.48)
BICYCLE_RADIUS = 0.34
CRANK = (-0.05, 0.0, 0.29)


def _bicycle_wheel(segments: int, spokes: int) -> Mesh:
    pieces = Pieces()
    angle = np.linspace(0, 2 * np.pi, 7 if segments > 16 else 5)
    tyre = [(-0.019 * np.sin(t), BICYCLE_RADIUS - 0.019 - 0.019 * np.cos(t)) for t in angle]
    vertices, faces, normals = lathe(tyre[::-1], segments)
    outward = np.einsum("vi,vi->v", normals, vertices * [1, 0, 1]).sum() > 0
    if not outward:
        faces, normals = faces[:, ::-1], -normals
    pieces.add(vertices, faces, f.RUBBER, normals=normals)
    inner = BICYCLE_RADIUS - 0.055
    rim = [(-0.012, inner + 0.02), (-0.010, inner), (0.010, inner), (0.012, inner + 0.02)]
    vertices, faces, normals = lathe(rim, segments)
    for turned, shaded in ((faces, normals), (faces[:, ::-1], -normals)):
        pieces.add(vertices, turned, f.ALLOY, normals=shaded)
    add_bars(pieces, f.ALLOY, 6, [((0, -0.05, 0), (0, 0.05, 0), 0.018)])
    for i in range(spokes):
        t = 2 * np.pi * i / spokes
        out = (inner * np.cos(t), 0.0, inner * np.sin(t))
        hub = (0.018 * np.cos(t + 1.2), 0.028 * (-1) ** i, 0.018 * np.sin(t + 1.2))
        add_bars(pieces, f.ALLOY, 3, [(hub, out, 0.0018)])
    return pieces.mesh()


@dataclass(frozen=True)
class Posture:
    """How a cyclist sits.

    Attributes:
        bars: points (x, share of the half width, z) [m, 1, m] of the handlebar from the stem to the grip.
        lean: of the back [rad].
        seat: of the hips [m].
    """

    bars: tuple[Point, ...]
    lean: float
    seat: Point = (-0.26, 0.0, 1.06)


UPRIGHT = Posture(((0.36, 0.0, 1.0), (0.36, 0.5, 1.0), (0.31, 1.0, 1.01)), 0.62)
DUTCH = Posture(((0.35, 0.0, 1.0), (0.37, 0.45, 1.10), (0.16, 1.0, 1.13)), 0.16, (-0.27, 0.0, 1.05))
RACING = Posture(((0.37, 0.0, 0.99), (0.38, 1.0, 0.99), (0.50, 1.0, 0.98), (0.47, 1.0, 0.88)), 1.0)


def _bicycle_frame(level: int, half: float, posture: Posture) -> Mesh:
    pieces, n = Pieces(), SEGMENTS[level]
    bar = [(x, share * (half - 0.02), z) for x, share, z in posture.bars]
    near, far = np.array(bar[-2]), np.array(bar[-1])
    x, y, z = (0.4 * near + 0.6 * far).tolist()
    sleeve = (x, y, z)
    rear, front = (BICYCLE_AXLES[1], 0.0, BICYCLE_RADIUS), (BICYCLE_AXLES[0], 0.0, BICYCLE_RADIUS)
    seat, head, fork = (-0.21, 0.0, 0.80), (0.37, 0.0, 0.86), (0.42, 0.0, 0.70)
    frame = [
        (CRANK, seat, 0.016), (seat, head, 0.015), (CRANK, (0.40, 0.0, 0.75), 0.018), (head, fork, 0.019),
        *both_bars([((CRANK[0], 0.03, CRANK[2]), (rear[0], 0.055, rear[2]), 0.009),
                ((seat[0], 0.015, seat[2]), (rear[0], 0.055, rear[2]), 0.008),
                ((fork[0], 0.045, fork[2]), (front[0], 0.050, front[2]), 0.011)]),
    ]  # fmt: skip
    add_bars(pieces, f.PAINT, n, frame)
    add_bars(
        pieces,
        f.TRIM,
        n,
        [
            (seat, (-0.25, 0.0, 0.93), 0.013), (head, (0.35, 0.0, 0.98), 0.014),
            *both_bars([(a, b, 0.012) for a, b in itertools.pairwise(bar)]), ((fork[0], -0.055, fork[2]),
            (fork[0], 0.055, fork[2]), 0.014),
            *both_bars([(sleeve, bar[-1], 0.018)]),
        ],
    )  # fmt: skip
    saddle = [
        Ball((-0.34, 0, 0.945), (-0.26, 0, 0.945), (0.035, 0.030), 2.0),
        Ball((-0.28, 0, 0.945), (-0.10, 0, 0.95), (0.028, 0.018), 1.2),
    ]
    add_flesh(pieces, saddle, f.PLASTIC, (240, 90, 40)[level])
    add_bars(pieces, f.STEEL, max(n, 6), [((CRANK[0], -0.062, CRANK[2]), (CRANK[0], -0.055, CRANK[2]), 0.085)])
    add_bars(pieces, f.STEEL, max(n, 6), [((rear[0], -0.055, rear[2]), (rear[0], -0.045, rear[2]), 0.04)])
    cranks: list[tuple[Point, Point, float]] = [
        ((CRANK[0], 0.07, CRANK[2]), (CRANK[0] + 0.165, 0.08, CRANK[2] - 0.03), 0.011),
        ((CRANK[0], -0.07, CRANK[2]), (CRANK[0] - 0.165, -0.08, CRANK[2] + 0.03), 0.011),
        ((CRANK[0] - 0.01, 0.0, CRANK[2] - 0.08), (rear[0], -0.05, rear[2] - 0.035), 0.004),
        ((CRANK[0] - 0.01, -0.05, CRANK[2] + 0.08), (rear[0], -0.05, rear[2] + 0.035), 0.004),
    ]
    add_bars(pieces, f.TRIM, n, cranks)
    for side in (1.0, -1.0):
        x, z = CRANK[0] + side * 0.165, CRANK[2] - side * 0.03
        low, high = sorted([side * 0.08, side * 0.17])
        pieces.add_solid(box((x - 0.045, low, z - 0.012), (x + 0.045, high, z + 0.012)), f.PLASTIC, crease=0)
    pieces.add_solid(box((0.40, -0.03, 0.90), (0.45, 0.03, 0.95)), f.LOW_BEAM, crease=0)
    pieces.add_solid(box((-0.29, -0.03, 0.80), (-0.265, 0.03, 0.85)), f.TAIL, crease=0)
    return pieces.mesh()


# Motorcycle: a roadster of about 600 cm3.
MOTORCYCLE_AXLES = (0.70, -0.70)
MOTORCYCLE_WHEELS = (Wheel(0.305, 0.12, 0.222, 5), Wheel(0.315, 0.17, 0.222, 5))


def motorcycle_body(level: int, number: str, bars: list[tuple[Point, Point, float]]) -> Pieces:
    """A motorcycle's body with one side's ``bars`` for a handlebar."""
    pieces, n = Pieces(), SEGMENTS[level]
    front, rear = MOTORCYCLE_AXLES
    shares = ((900, 300, 90), (500, 160, 60), (400, 140, 50), (260, 90, 40))
    tank = [
        Ball((0.02, 0, 0.80), (0.26, 0, 0.84), (0.105, 0.125), 1.05, 0.05),
        Ball((0.26, 0, 0.85), (0.36, 0, 0.82), (0.105, 0.07), 1.1, 0.05),
    ]
    tail = [
        Ball((-0.40, 0, 0.74), (-0.66, 0, 0.83), (0.075, 0.05), 1.2, 0.04),
        Ball((-0.66, 0, 0.83), (-0.82, 0, 0.87), (0.05, 0.03), 1.4, 0.04),
    ]
    seat = [
        Ball((-0.02, 0, 0.775), (-0.36, 0, 0.775), (0.065, 0.07), 1.7, 0.04),
        Ball((-0.38, 0, 0.82), (-0.66, 0, 0.88), (0.045, 0.035), 2.2, 0.04),
    ]
    guard = [Ball((front + 0.17, 0, 0.575), (front - 0.20, 0, 0.565), (0.045, 0.045), 1.5, 0.02)]
    for balls, material, share in zip(
        (tank, tail, seat, guard), (f.PAINT, f.PAINT, f.PLASTIC, f.PAINT), shares, strict=True
    ):
        add_flesh(pieces, balls, material, share[level])
    # Engine with cooling fins, gearbox, frame beams.
    pieces.add_solid(box((-0.16, -0.17, 0.26), (0.26, 0.17, 0.46)), f.STEEL, crease=0)
    pieces.add_solid(box((-0.02, -0.14, 0.44), (0.28, 0.14, 0.68)), f.BRAKE_DISC, crease=0)
    if level == 0:
        for z in np.arange(0.47, 0.66, 0.032):
            pieces.add_solid(box((-0.03, -0.155, z), (0.29, 0.155, z + 0.012)), f.STEEL, crease=0)
    pieces.add_solid(box((0.30, -0.15, 0.42), (0.34, 0.15, 0.70)), f.BRAKE_DISC, crease=0)
    steering = (0.42, 0.0, 0.92)
    add_bars(
        pieces,
        f.TRIM,
        n,
        [
            *both_bars([((0.40, 0.03, 0.84), (-0.22, 0.13, 0.50), 0.030),
                    ((-0.20, 0.12, 0.50), (-0.55, 0.09, 0.78), 0.022),
                    ((-0.20, 0.13, 0.40), (rear, 0.125, 0.315), 0.028)]),
            ((-0.30, 0.16, 0.33), (-0.02, 0.20, 0.33), 0.015), ((-0.30, -0.16, 0.33), (-0.02, -0.20, 0.33), 0.015),
            (steering, (0.36, 0.0, 1.02), 0.03), ((0.36, -0.10, 1.02), (0.36, 0.10, 1.02), 0.016),
            *both_bars([*bars, ((0.31, 0.24, 1.05), (0.33, 0.31, 1.20), 0.007)]),
        ],
    )  # fmt: skip
    add_bars(pieces, f.CHROME, n, both_bars([((0.40, 0.095, 0.94), (front, 0.095, 0.305), 0.026)]))
    add_bars(
        pieces,
        f.CHROME,
        n,
        [((0.33, -0.08, 0.45), (0.20, -0.14, 0.24), 0.025), ((0.20, -0.14, 0.24), (-0.25, -0.19, 0.27), 0.028),
         ((-0.25, -0.19, 0.27), (-0.78, -0.21, 0.46), 0.055)],
    )  # fmt: skip
    lamp = Solid.sphere(1.0, 16 if level == 0 else 8).scale((0.09, 0.095, 0.095)).translate((0.50, 0, 0.90))
    lens, shell = lamp.split_by_plane((1.0, 0.0, 0.0), 0.54)
    pieces.add_solid(shell, f.TRIM, crease=50)
    pieces.add_solid(lens, f.LOW_BEAM, crease=50)
    pieces.add_solid(box((-0.87, -0.07, 0.84), (-0.82, 0.07, 0.89)), f.BRAKE, crease=0)
    pieces.add_solid(box((-0.85, -0.09, 0.81), (-0.80, 0.09, 0.84)), f.TAIL, crease=0)
    for side, signal in ((1.0, f.LEFT), (-1.0, f.RIGHT)):
        for x, z in ((0.46, 0.82), (-0.80, 0.78)):
            low, high = sorted([side * 0.12, side * 0.19])
            pieces.add_solid(box((x - 0.03, low, z - 0.025), (x + 0.03, high, z + 0.025)), signal, crease=0)
        mirror = Solid.sphere(1.0, 12 if level == 0 else 6).scale((0.018, 0.075, 0.045))
        pieces.add_solid(mirror.translate((0.33, side * 0.34, 1.22)), f.TRIM, crease=50)
    if level == 0:
        add_bars(pieces, f.TRIM, 6, [((-0.80, 0.0, 0.80), (-0.93, 0.0, 0.62), 0.02)])
        add_plate(pieces, (-0.94, 0.0, 0.64), -1.0, number, half=0.14)
    return pieces


def rider(person: Person, seed: int, seat: Point, lean: float, grips: Point, pedals: tuple[Point, Point]) -> Part:
    """A person astride: hips at ``seat``, hands at ``grips``, the balls of the feet at ``pedals`` (left,
    right); rigid."""
    bones = skeleton(person)
    shift = np.array(seat) - bones.joints[0]
    tilt: dict[str, NDArray[np.float64]] = {
        "pelvis": pitch(lean * 0.7),
        "spine": pitch(lean * 0.25),
        "chest": pitch(lean * 0.05),
        "neck": pitch(-lean * 0.35),
        "head": pitch(-lean * 0.55),
    }
    pose = Pose(bones, tilt, (float(shift[0]), float(shift[1]), float(shift[2])))
    for leg, (x, y, z) in zip(LEGS, pedals, strict=True):
        pose.plant(leg, np.array([x, y, z]), 0.15, 0.15)
    for arm, side in zip(ARMS, (1.0, -1.0), strict=True):
        pose.plant(arm, np.array(grips) * [1.0, side, 1.0], -1.15, -1.15)
    matrices = pose.matrices()
    lods = tuple(_baked(mesh, matrices) for mesh in clothed(person, seed))
    return Part("rider", lods, np.eye(4), Tag.RIDER)


def _baked(mesh: Mesh, matrices: NDArray[np.float32]) -> Mesh:
    assert mesh.bone_indices is not None and mesh.bone_weights is not None
    turns = np.einsum("vk,vkij->vij", mesh.bone_weights, matrices[mesh.bone_indices][:, :, :3, :3])
    normals = unit(np.einsum("vij,vj->vi", turns, mesh.normals)).astype(np.float32)
    return replace(mesh, vertices=mesh.posed(matrices), normals=normals, bone_indices=None, bone_weights=None)


def _at(name: str, lods: tuple[Mesh, ...], x: float, z: float, tag: Tag) -> Part:
    place = np.eye(4)
    place[:3, 3] = x, 0.0, z
    return Part(name, lods, place, tag)


def _bicycle(posture: Posture, variant: int, half: float) -> tuple[Part, ...]:
    wheels = tuple(_bicycle_wheel(segments, spokes) for segments, spokes in ((28, 18), (16, 8), (10, 0)))
    person = replace(Person.adult(variant), skirt=False, coat=False, helmet=(0.75, 0.75, 0.73) if variant % 3 else None)
    x, _, z = CRANK
    forward, share, high = posture.bars[-1]
    grip = (forward + 0.01, share * (half - 0.02) - 0.02, high + 0.02)
    pedals = ((x + 0.185, 0.115, z - 0.005), (x - 0.145, -0.115, z + 0.055))
    return (
        Part("body", tuple(_bicycle_frame(level, half, posture) for level in range(3)), np.eye(4), Tag.BICYCLE),
        _at("wheel_front", wheels, BICYCLE_AXLES[0], BICYCLE_RADIUS, Tag.BICYCLE),
        _at("wheel_rear", wheels, BICYCLE_AXLES[1], BICYCLE_RADIUS, Tag.BICYCLE),
        rider(person, variant, posture.seat, posture.lean, grip, pedals),
    )


def motorcyclist(variant: int) -> Person:
    """Someone dressed to ride."""
    helmet = ((0.06, 0.06, 0.07), (0.80, 0.80, 0.80), (0.55, 0.06, 0.05))[variant % 3]
    return replace(
        Person.adult(variant), skirt=False, shorts=False, coat=False, sleeves=1.0, helmet=helmet, style="full"
    )


def _motorcycle(variant: int, half: float) -> tuple[Part, ...]:
    bars: list[tuple[Point, Point, float]] = [
        ((0.36, 0.10, 1.02), (0.28, half - 0.04, 1.05), 0.014),
        ((0.31, half - 0.13, 1.045), (0.275, half - 0.02, 1.052), 0.021),
    ]
    body = tuple(motorcycle_body(level, number_of(variant), bars).mesh() for level in range(3))
    pedals = ((-0.02, 0.20, 0.37), (-0.02, -0.20, 0.37))
    astride = rider(motorcyclist(variant), variant, (-0.24, 0.0, 0.93), 0.40, (0.29, half - 0.08, 1.06), pedals)
    return machine(body, MOTORCYCLE_WHEELS, MOTORCYCLE_AXLES, astride)


def machine(
    body: tuple[Mesh, ...], wheels: tuple[Wheel, Wheel], axles: tuple[float, float], astride: Part
) -> tuple[Part, ...]:
    """The parts of a motorcycle: body, wheels (front, rear) on axles at x [m], rider."""
    tag = Tag.MOTORCYCLE
    front, rear = wheels
    return (
        Part("body", body, np.eye(4), tag),
        _at("wheel_front", wheel(front, 1.0), axles[0], front.radius, tag),
        _at("wheel_rear", wheel(rear, 1.0), axles[1], rear.radius, tag),
        astride,
    )


def _fitted(made: tuple[Part, ...], size: Size) -> tuple[Part, ...]:
    """Machine and rider stretched to ``size``, wheels kept round and on the ground, the box centred."""
    have = store.model("", "", made)
    tall, wide = size[2] / have.size[2], size[1] / have.size[1]
    long = size[0] / have.size[0]
    for _ in range(20):  # what stands out in front and behind may be a wheel, which grows with the height
        parts = _stretched(made, long, wide, tall)
        now = store.model("", "", parts)
        long *= 1 + 1.4 * (size[0] / now.size[0] - 1)
    shift = np.array([now.center[0], now.center[1], 0.0])
    return tuple(replace(part, body_from_part=_shifted(part.body_from_part, -shift)) for part in parts)


def _shifted(pose: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    moved = pose.copy()
    moved[:3, 3] += by
    return moved


def _stretched(made: tuple[Part, ...], long: float, wide: float, tall: float) -> tuple[Part, ...]:
    parts = []
    for part in made:
        factor = np.array([tall, wide, tall] if part.name.startswith("wheel") else [long, wide, tall])
        place = part.body_from_part.copy()
        place[:3, 3] *= [long, wide, tall]
        lods = tuple(replace(mesh, vertices=(mesh.vertices * factor).astype(np.float32)) for mesh in part.lods)
        parts.append(replace(part, lods=lods, body_from_part=place))
    return tuple(parts)


def two_wheeler(
    name: str,
    category: str,
    build: Callable[[int, float], tuple[Part, ...]],
    half: float,
    variant: int,
    size: Size | None,
) -> Model:
    """The model from a maker of its parts by (variant, half width of the handlebar), as broad as ``half`` [m] by
    itself; see ``assets.catalog.model``."""
    if size is not None and (len(size) != 3 or min(size) < 0.3):
        raise ValueError(f"{name}: size is (length, width, height) in metres, not {size}")

    def parts() -> tuple[Part, ...]:
        return build(variant, half) if size is None else _fitted(build(variant, size[1] / 2), size)

    return store.model(
        name, category, store.parts(name, variant, size, parts, getattr(build, "func", build).__module__)
    )


MODELS: dict[str, Callable[[int, Size | None], Model]] = {
    "vehicle.bicycle": functools.partial(
        two_wheeler, "vehicle.bicycle", "bicycle", functools.partial(_bicycle, UPRIGHT), 0.307
    ),
    "vehicle.city_bike": functools.partial(
        two_wheeler, "vehicle.city_bike", "bicycle", functools.partial(_bicycle, DUTCH), 0.32
    ),
    "vehicle.road_bike": functools.partial(
        two_wheeler, "vehicle.road_bike", "bicycle", functools.partial(_bicycle, RACING), 0.24
    ),
    "vehicle.motorcycle": functools.partial(two_wheeler, "vehicle.motorcycle", "motorcycle", _motorcycle, 0.40),
}
"""Name -> model of (variant: the rider and the number plate, size); without a size as broad as is common."""
