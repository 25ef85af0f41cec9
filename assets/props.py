"""Things that stand beside roads: poles, posts, signs, fences, stones, cones. x forward, origin on the ground.

Signs show their face towards +x.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import ground, signs
from assets.mesh import Material, Mesh, Texture
from assets.model import Model
from assets.noise import tiled
from assets.pieces import Piece, box, join, rigid, smooth_normals, tube
from assets.tags import Tag

Array = NDArray[Any]
Size = tuple[float, float, float] | None

POLE_HEIGHT = 9.5
"""Metres of a power pole above the ground."""

WIRE_POINTS = ((0.0, -1.1, 9.0), (0.0, 0.0, 9.62), (0.0, 1.1, 9.0))
"""Where the wires hang on a pole [m], in its own frame: the crossbar lies along y."""

FENCE_SPAN = 8.0
"""Metres of one piece of fence, along x."""


def _refuse_size(name: str, size: Size) -> None:
    if size is not None:
        raise ValueError(f"{name} takes no size")


@cache
def _timber() -> Material:
    random = np.random.default_rng(61)
    grain = tiled(random, (256, 256), 0.7, 2).mean(axis=0)
    value = 1 + 0.10 * grain / grain.std() + 0.05 * tiled(random, (256, 256), 0.6)
    pixels = np.concatenate([(value[..., None] * [205, 200, 194]).clip(0, 255), np.full((256, 256, 1), 255.0)], -1)
    return Material("timber", (1.0, 1.0, 1.0), 0.95, lidar_reflectance=0.35, texture=Texture(pixels.astype(np.uint8)))


_STEEL = Material("steel.galvanised", (0.55, 0.56, 0.57), 0.45, metallic=0.6, lidar_reflectance=0.4)
_PLASTIC = Material("plastic.white", (0.80, 0.80, 0.78), 0.6, lidar_reflectance=0.6)
_PORCELAIN = Material("porcelain", (0.30, 0.18, 0.12), 0.25, lidar_reflectance=0.3)
_WHITE_REFLECTOR = Material("reflector.white", (0.90, 0.90, 0.92), 0.2, clear_coat=1.0, lidar_reflectance=8.0)
_RED_REFLECTOR = Material("reflector.red", (0.70, 0.03, 0.02), 0.2, clear_coat=1.0, lidar_reflectance=6.0)
_RUBBER = Material("rubber.orange", (0.85, 0.20, 0.03), 0.55, lidar_reflectance=0.5)
_BAND = Material("band.reflective", (0.85, 0.85, 0.85), 0.3, lidar_reflectance=5.0)
_BASE = Material("rubber.black", (0.03, 0.03, 0.03), 0.8, lidar_reflectance=0.1)
_WIRE = Material("wire", (0.16, 0.16, 0.17), 0.5, metallic=0.5, lidar_reflectance=0.2)

_NEUTRAL = np.array([255.0, 255.0, 255.0])


def _straight(foot: Array, top: Array, radius: float, sides: int, material: Material, color: Array = _NEUTRAL) -> Piece:
    return tube(np.array([foot, top], float), np.array([radius, radius]), sides, material, color)


def _cap(z: float, radius: float, sides: int, material: Material, color: Array) -> Piece:
    angle = np.arange(sides) / sides * 2 * np.pi
    vertices = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), np.full(sides, z)])
    faces = np.array([[0, k, k + 1] for k in range(1, sides - 1)])
    normals = np.tile([0.0, 0.0, 1.0], (sides, 1))
    return Piece(vertices, faces, normals, vertices[:, :2], np.tile(color, (sides, 1)), material)


@cache
def pole(variant: int, size: Size = None) -> Model:
    """A wooden power pole with one crossbar and three insulators; wires are hung by whoever sets poles in a row."""
    _refuse_size("prop.pole", size)
    random = np.random.default_rng([201, variant])
    color = np.array([168, 148, 126]) * random.uniform(0.85, 1.12)
    lean = random.normal(0, 0.03, 2)
    path = np.array([[0, 0, -0.5], [*(lean * 0.4), 3.5], [*lean, POLE_HEIGHT]])

    def level(sides: int, fine: bool) -> Mesh:
        pieces = [tube(path, np.array([0.17, 0.15, 0.115]), sides, _timber(), color, 2.0)]
        pieces.append(box((0.1, 2.5, 0.12), (lean[0] + 0.1, lean[1], 8.8), _timber(), color * 0.95))
        if fine:
            pieces.append(_cap(POLE_HEIGHT, 0.115, sides, _timber(), color * 0.8))
            for _, y, z in WIRE_POINTS:
                foot = np.array([lean[0] + (0.1 if y else 0.0), lean[1] + y, z - 0.14])
                pieces.append(_straight(foot, foot + np.array([0, 0, 0.14]), 0.045, 6, _PORCELAIN))
            for side in (-1, 1):
                start, end = np.array([0.06, 0.75 * side, 8.76]), np.array([0.06, 0.05 * side, 8.0])
                pieces.append(_straight(start, end, 0.02, 4, _STEEL))
        return join(pieces)

    return rigid("prop.pole", "static", (level(10, True), level(5, False), level(3, False)), Tag.POLES)


@cache
def reflector_post(variant: int, size: Size = None) -> Model:
    """A white flexible delineator, 1 m high; red reflector towards +x (the side one drives by), white one behind."""
    _refuse_size("prop.reflector_post", size)
    random = np.random.default_rng([211, variant])
    dirt = np.array([255, 247, 235]) * random.uniform(0.82, 1.0)

    def level(bands: bool) -> Mesh:
        pieces = [box((0.03, 0.11, 1.1), (0, 0, 0.48), _PLASTIC, dirt)]
        pieces.append(box((0.034, 0.114, 0.2), (0, 0, 0.05), _PLASTIC, dirt * [0.86, 0.72, 0.60]))
        if bands:
            pieces.append(box((0.006, 0.085, 0.18), (0.018, 0, 0.86), _RED_REFLECTOR, _NEUTRAL))
            pieces.append(box((0.006, 0.085, 0.18), (-0.018, 0, 0.86), _WHITE_REFLECTOR, _NEUTRAL))
        return join(pieces)

    return rigid("prop.reflector_post", "static", (level(True), level(False)), Tag.POLES)


def _plate(corners: Array, material: Material) -> list[Piece]:
    """A thin plate facing +x with ``corners`` (4, 3), counter-clockwise seen from its front, from (u, v) = (0, 0)."""
    face = np.array([[0, 1, 2], [0, 2, 3]])
    uvs = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])
    front = Piece(corners, face, np.tile([1.0, 0, 0], (4, 1)), uvs, np.tile(_NEUTRAL, (4, 1)), material)
    back = Piece(corners - [0.012, 0, 0], face[:, ::-1], np.tile([-1.0, 0, 0], (4, 1)), uvs, front.colors * 0.9, _STEEL)
    return [front, back]


def _sign(name: str, plate: list[Piece], height: float) -> Model:
    def level(sides: int) -> Mesh:
        foot, top = np.array([-0.045, 0.0, -0.4]), np.array([-0.045, 0.0, height])
        return join([*plate, _straight(foot, top, 0.032, sides, _STEEL)])

    return rigid(name, "static", (level(8), level(3)), Tag.TRAFFIC_SIGNS)


@cache
def sign_kangaroo(variant: int, size: Size = None) -> Model:
    """A yellow diamond with a kangaroo, 0.75 m along its edge, on a steel post."""
    _refuse_size("prop.sign_kangaroo", size)
    half, middle = 0.75 / np.sqrt(2), 2.05
    corners = np.array([[0, 0, middle - half], [0, half, middle], [0, 0, middle + half], [0, -half, middle]])
    return _sign("prop.sign_kangaroo", _plate(corners, signs.kangaroo()), middle + half - 0.1)


@cache
def cone(variant: int, size: Size = None) -> Model:
    """A traffic cone of 0.7 m with a reflective collar."""
    _refuse_size("prop.cone", size)

    def level(sides: int) -> Mesh:
        heights, radii = (
            np.array([0.03, 0.30, 0.30, 0.50, 0.50, 0.70]),
            np.array([0.15, 0.105, 0.107, 0.073, 0.072, 0.035]),
        )
        pieces = [box((0.38, 0.38, 0.035), (0, 0, 0.0175), _BASE, _NEUTRAL)]
        for part, material in ((slice(0, 2), _RUBBER), (slice(2, 4), _BAND), (slice(4, 6), _RUBBER)):
            path = np.column_stack([np.zeros((2, 2)), heights[part]])
            pieces.append(tube(path, radii[part], sides, material, _NEUTRAL))
        pieces.append(_cap(0.70, 0.035, sides, _RUBBER, _NEUTRAL))
        return join(pieces)

    return rigid("prop.cone", "traffic_cone", (level(20), level(8), level(4)), Tag.DYNAMIC)


@cache
def rock(variant: int, size: Size = None) -> Model:
    """A weathered stone, 0.3 to 0.6 m."""
    _refuse_size("prop.rock", size)
    random = np.random.default_rng([221, variant])
    squash = random.uniform([0.22, 0.16, 0.12], [0.32, 0.26, 0.22])
    planes = random.normal(0, 1, (9, 3))
    planes /= np.linalg.norm(planes, axis=1, keepdims=True)
    cuts = random.uniform(0.5, 0.85, 9)

    def level(subdivisions: int) -> Mesh:
        import trimesh  # slow to import; models in the cache need none of it

        sphere = trimesh.creation.icosphere(subdivisions)
        directions = np.asarray(sphere.vertices)
        reach = np.min(cuts / np.maximum(directions @ planes.T, 0.05), axis=1).clip(0.4, 1.05)  # cut flat by planes
        vertices = directions * reach[:, None] * squash + [0, 0, squash[2] * 0.45]
        faces = np.asarray(sphere.faces)
        normals = smooth_normals(vertices, faces)
        color = np.array([158, 110, 84]) * (0.85 + 0.25 * normals[:, 2:].clip(0))
        return join([Piece(vertices, faces, normals, vertices[:, :2] * 2, color, ground.earth())])

    return rigid("prop.rock", "static", (level(2), level(1), level(0)), Tag.TERRAIN)


@cache
def fence(variant: int, size: Size = None) -> Model:
    """``FENCE_SPAN`` metres of stock fence from x = 0: a timber post, a steel dropper, four wires."""
    _refuse_size("prop.fence", size)
    random = np.random.default_rng([231, variant])
    color = np.array([150, 136, 120]) * random.uniform(0.85, 1.1)

    def level(sides: int, wires: bool) -> Mesh:
        lean = random.normal(0, 0.02, 2) if wires else np.zeros(2)
        pieces = [_straight(np.array([0, 0, -0.3]), np.array([*lean, 1.2]), 0.06, sides, _timber(), color)]
        pieces.append(_cap(1.2, 0.06, sides, _timber(), color * 0.9))
        pieces.append(box((0.03, 0.03, 1.2), (FENCE_SPAN / 2, 0, 0.55), _STEEL, _NEUTRAL * 0.7))
        if wires:
            for z in (0.3, 0.58, 0.84, 1.08):
                pieces.append(_straight(np.array([0, 0, z]), np.array([FENCE_SPAN, 0, z]), 0.004, 3, _WIRE))
        return join(pieces)

    return rigid("prop.fence", "static", (level(8, True), level(3, False)), Tag.FENCES)


def wires(starts: Array, ends: Array, sag: float, steps: int = 8) -> Mesh:
    """Wires from ``starts`` to ``ends`` (N, 3) [m] that hang ``sag`` [m] lower in the middle (a parabola).

    They are as thick as aerial bundled cable: 4 cm.
    """
    t = np.linspace(0, 1, steps + 1)
    pieces = []
    for start, end in zip(starts, ends, strict=True):
        path = start + (end - start) * t[:, None] - np.array([0, 0, 4 * sag]) * (t * (1 - t))[:, None]
        pieces.append(tube(path, np.full(len(t), 0.02), 3, _WIRE, _NEUTRAL))
    return join(pieces)


MODELS: dict[str, Callable[[int, Size], Model]] = {
    "prop.pole": pole,
    "prop.reflector_post": reflector_post,
    "prop.sign_kangaroo": sign_kangaroo,
    "prop.cone": cone,
    "prop.rock": rock,
    "prop.fence": fence,
}
"""Catalogue name -> (variant, size) -> model."""
