"""Traffic lights and the signs of junctions. x forward: faces look that way; origin on the ground, of heads at their
middle."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import signs
from assets.finishes import lamp
from assets.mesh import Material, Mesh
from assets.model import Model
from assets.pieces import Piece, box, grid_faces, join, rigid, tube
from assets.tags import Tag

Array = NDArray[Any]
Size = tuple[float, float, float] | None

SECTION = 0.35
"""Height [m] of one lamp's section; the lens is 0.3 m across (EN 12368, and the larger size of the US MUTCD)."""
LENS_RADIUS = 0.15
DEPTH, WIDTH = 0.20, 0.34
"""Of the housing [m]."""
BACKPLATE = (0.66, 1.36)
"""Width and height [m]."""
POST_HEAD, ARM_HEAD = 2.9, 5.6
"""Heights [m] of the heads' middles above the ground: at least 2.1 m clear over a sidewalk, 4.9 m over a lane."""
ARM_STEP, LONGEST_ARM = 0.5, 10.5
"""Metres of arm a variant; no arm is longer."""
SHORTEST_ARM = 1.5

_SHELL = Material("signal.housing", (0.018, 0.018, 0.019), 0.6, lidar_reflectance=0.08)
_BORDER = Material("signal.border", (0.85, 0.62, 0.02), 0.4, lidar_reflectance=3.0)
_POST = Material("signal.post", (0.20, 0.21, 0.20), 0.5, metallic=0.4, lidar_reflectance=0.3)
_STEEL = Material("steel.galvanised", (0.55, 0.56, 0.57), 0.45, metallic=0.6, lidar_reflectance=0.4)
LENSES = {
    "red": lamp("red", (0.10, 0.006, 0.005), (2.6, 0.035, 0.02)),
    "yellow": lamp("yellow", (0.11, 0.06, 0.006), (2.4, 0.85, 0.015)),
    "green": lamp("green", (0.004, 0.07, 0.045), (0.02, 1.8, 0.75)),
}
"""From the top; dark glass while they are off."""

_NEUTRAL = np.array([255.0, 255.0, 255.0])


def mounts(variant: int) -> tuple[tuple[float, float, float], ...]:
    """Where the heads of a post of that variant are (x, y, z) [m]: one on the post, one at the end of its arm."""
    post = (0.24, 0.0, POST_HEAD)
    return (post,) if variant == 0 else (post, (0.20, -variant * ARM_STEP, ARM_HEAD))


def arm_variant(reach: float) -> int:
    """The post's variant for a lane whose middle lies ``reach`` [m] to the left, as its traffic sees it."""
    return round(reach / ARM_STEP) if SHORTEST_ARM <= reach <= LONGEST_ARM else 0


def _disc(x: float, z: float, radius: float, sides: int, bulge: float, material: Material) -> Piece:
    """A lens towards +x: a flat cone whose normals are a dome's."""
    angle = np.arange(sides) / sides * 2 * np.pi
    rim = np.column_stack([np.full(sides, x), radius * np.cos(angle), z + radius * np.sin(angle)])
    vertices = np.vstack([rim, [[x + bulge, 0.0, z]]])
    normals = np.vstack([np.column_stack([np.ones(sides), 0.5 * np.cos(angle), 0.5 * np.sin(angle)]), [[1.0, 0, 0]]])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    faces = np.array([[k, (k + 1) % sides, sides] for k in range(sides)])
    uvs = vertices[:, 1:] - [0.0, z] + 0.5
    return Piece(vertices, faces, normals, uvs, np.tile(_NEUTRAL, (sides + 1, 1)), material)


def _visor(x: float, z: float, sides: int) -> list[Piece]:
    """A hood over a lens, open below, longest at its top; seen from above and from below."""
    angle = np.linspace(-0.17 * np.pi, 1.17 * np.pi, sides + 1)
    length = 0.10 + 0.13 * np.clip(np.sin(angle), 0, None)
    ring = np.column_stack([np.zeros(sides + 1), np.cos(angle), np.sin(angle)])
    inner = ring * (LENS_RADIUS + 0.012) + [x, 0.0, z]
    vertices = np.concatenate([inner, inner + np.column_stack([length, np.zeros((sides + 1, 2))])])
    faces = grid_faces(2, sides + 1)
    colors = np.tile(_NEUTRAL, (len(vertices), 1))
    out = np.tile(ring, (2, 1))
    uvs = np.zeros((len(vertices), 2))
    thick = vertices + 0.006 * out
    return [
        Piece(thick, faces[:, ::-1], out, uvs, colors, _SHELL),
        Piece(vertices, faces, -out, uvs, colors, _SHELL),
    ]


def _head(sides: int, fine: bool) -> Mesh:
    width, height = BACKPLATE
    pieces = [box((DEPTH, WIDTH, 3 * SECTION), (0.0, 0.0, 0.0), _SHELL, _NEUTRAL)]
    pieces.append(box((0.012, width, height), (-0.04, 0.0, 0.0), _SHELL, _NEUTRAL))
    if fine:
        for side in (-1, 1):
            pieces.append(box((0.004, 0.05, height), (-0.032, side * (width / 2 - 0.025), 0.0), _BORDER, _NEUTRAL))
            pieces.append(
                box((0.004, width - 0.1, 0.05), (-0.032, 0.0, side * (height / 2 - 0.025)), _BORDER, _NEUTRAL)
            )
    for row, material in enumerate(LENSES.values()):
        z = (1 - row) * SECTION
        pieces.append(_disc(DEPTH / 2 + 0.004, z, LENS_RADIUS, sides, 0.02, material))
        if fine:
            pieces.extend(_visor(DEPTH / 2, z, sides // 2 + 2))
    if fine:  # the bracket to post or arm
        pieces.append(box((0.16, 0.06, 0.08), (-0.14, 0.0, 0.0), _POST, _NEUTRAL))
    return join(pieces)


@cache
def head(variant: int, size: Size = None) -> Model:
    """Three lamps above each other, lamp groups ``red``, ``yellow``, ``green``, on a backplate with a bright border."""
    if size is not None:
        raise ValueError("signal.head takes no size")
    return rigid("signal.head", "static", (_head(24, True), _head(10, False), _head(6, False)), Tag.TRAFFIC_LIGHT)


@cache
def post(variant: int, size: Size = None) -> Model:
    """The post of a traffic light, with an arm to its left of ``variant`` half metres; 0 is without."""
    if size is not None:
        raise ValueError("signal.post takes no size")
    reach = variant * ARM_STEP
    if not 0 <= reach <= LONGEST_ARM:
        raise ValueError(f"signal.post has variants 0 to {round(LONGEST_ARM / ARM_STEP)}")

    def level(sides: int, fine: bool) -> Mesh:
        top = ARM_HEAD + 0.25 if variant else POST_HEAD + 0.75
        radii = np.array([0.10, 0.10, 0.075])
        pieces = [tube(np.array([[0, 0, -0.4], [0, 0, 0.6], [0, 0, top]]), radii, sides, _POST, _NEUTRAL)]
        if fine:
            pieces.append(box((0.42, 0.42, 0.05), (0.0, 0.0, 0.01), _POST, _NEUTRAL * 0.8))
            pieces.append(box((0.16, 0.22, 0.34), (-0.14, 0.0, 1.15), _STEEL, _NEUTRAL * 0.85))
            pieces.append(box((0.17, 0.17, 0.03), (0.0, 0.0, top), _POST, _NEUTRAL))
        if variant:
            bend = np.array([[0, 0, ARM_HEAD], [0, -reach / 2, ARM_HEAD + 0.04], [0, -reach - 0.25, ARM_HEAD]])
            pieces.append(tube(bend, np.array([0.065, 0.055, 0.045]), sides, _POST, _NEUTRAL))
        return join(pieces)

    return rigid("signal.post", "static", (level(14, True), level(6, False), level(3, False)), Tag.POLES)


def _plate(outline: Array, material: Material, back: Material = _STEEL) -> list[Piece]:
    """A plate towards +x with an ``outline`` (N, 2) of y and z [m] about its middle; uv spans the outline's square."""
    count, half = len(outline), float(np.abs(outline).max())
    corners = np.column_stack([np.zeros(count), outline])
    faces = np.array([[0, k, k + 1] for k in range(1, count - 1)])
    uvs = outline / (2 * half) + 0.5
    colors = np.tile(_NEUTRAL, (count, 1))
    front = Piece(corners, faces, np.tile([1.0, 0, 0], (count, 1)), uvs, colors, material)
    rear = Piece(corners - [0.012, 0, 0], faces[:, ::-1], np.tile([-1.0, 0, 0], (count, 1)), uvs, colors * 0.9, back)
    return [front, rear]


def _regular(sides: int, turn: float, across: float) -> Array:
    """Corners (N, 2) of a regular polygon whose circumscribed circle is ``across`` [m] wide."""
    angle = turn + np.arange(sides) / sides * 2 * np.pi
    return across / 2 * np.column_stack([np.cos(angle), np.sin(angle)])


def _sign(name: str, outline: Array, material: Material, middle: float) -> Model:
    lift = np.eye(4)
    lift[2, 3] = middle

    def level(sides: int) -> Mesh:
        post = np.array([[-0.05, 0.0, -0.4], [-0.05, 0.0, middle + float(outline[:, 1].max()) - 0.06]])
        pieces = [piece.moved(lift) for piece in _plate(outline, material)]
        return join([*pieces, tube(post, np.array([0.035, 0.035]), sides, _STEEL, _NEUTRAL)])

    return rigid(name, "static", (level(10), level(3)), Tag.TRAFFIC_SIGNS)


@cache
def stop(variant: int, size: Size = None) -> Model:
    """A stop sign, 0.9 m over its flats, its middle 2.4 m above the ground."""
    if size is not None:
        raise ValueError("signal.stop takes no size")
    return _sign("signal.stop", _regular(8, np.pi / 8, 0.9 / np.cos(np.pi / 8)), signs.stop(), 2.4)


@cache
def give_way(variant: int, size: Size = None) -> Model:
    """A give-way sign, a triangle of 0.9 m on its point, its middle 2.4 m above the ground."""
    if size is not None:
        raise ValueError("signal.yield takes no size")
    return _sign("signal.yield", _regular(3, -np.pi / 2, 0.9 / np.cos(np.pi / 6)), signs.give_way(), 2.4)


@cache
def speed(variant: int, size: Size = None) -> Model:
    """A speed limit; ``variant`` is the number that it shows, up to 200; 0 is 50."""
    if size is not None:
        raise ValueError("signal.speed takes no size")
    if not 0 <= variant <= 200:
        raise ValueError("signal.speed has variants 0 to 200: the number that it shows")
    return _sign("signal.speed", _regular(4, -3 * np.pi / 4, 0.7 * np.sqrt(2)), signs.speed(variant or 50), 1.95)


MODELS = {
    "signal.head": head,
    "signal.post": post,
    "signal.stop": stop,
    "signal.yield": give_way,
    "signal.speed": speed,
}
