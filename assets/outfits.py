"""What makes a car a police car, a taxi, an ambulance, a fire engine: light bars, signs, liveries, ladders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assets import finishes as f
from assets.bodywork import Pieces, Solid, box
from assets.joinery import lettered
from assets.mesh import Material

Outfit = Callable[[Pieces, Solid, int], None]
"""(pieces of the body, its bare solid, level of detail): adds to the pieces."""

SPECIAL_BLUE = f.lamp("special1", (0.02, 0.06, 0.40), (0.2, 0.8, 9.0))
SPECIAL_RED = f.lamp("special2", (0.40, 0.01, 0.01), (9.0, 0.2, 0.1))
AMBER = Material("amber sign", (0.95, 0.62, 0.05), roughness=0.4, emission=(0.5, 0.3, 0.02), lidar_reflectance=0.6)
LIVERY = {
    "white": Material("white livery", (0.80, 0.80, 0.79), roughness=0.42, clear_coat=1.0, lidar_reflectance=0.6),
    "black": Material("black livery", (0.02, 0.02, 0.022), roughness=0.42, clear_coat=1.0, lidar_reflectance=0.12),
    "orange": Material("orange livery", (0.85, 0.20, 0.02), roughness=0.5, lidar_reflectance=2.0),
    "yellow": Material("yellow livery", (0.85, 0.62, 0.03), roughness=0.5, lidar_reflectance=2.0),
    "blue": Material("blue livery", (0.02, 0.10, 0.42), roughness=0.5, lidar_reflectance=1.5),
}


def roof(body: Solid, x: float) -> float:
    """Height [m] of the body's top at ``x``."""
    hits = body.ray_cast((x, 0.0, 20.0), (x, 0.0, 0.0))
    if not hits:
        raise ValueError(f"no roof at x = {x}")
    return 20.0 * (1 - min(hit.distance for hit in hits))


def light_bar(pieces: Pieces, body: Solid, x: float, half: float, level: int) -> None:
    """A bar of blue and red lamps across the roof at ``x``, ``half`` as wide as both sides [m]."""
    z = roof(body, x)
    for y in (-0.75 * half, 0.75 * half):
        pieces.add_solid(box((x - 0.06, y - 0.04, z - 0.06), (x + 0.06, y + 0.04, z + 0.03)), f.PLASTIC, crease=0)
    pieces.add_solid(box((x - 0.15, -half, z + 0.02), (x + 0.15, half, z + 0.055)), f.PLASTIC, crease=0)
    cells = (10, 6, 2)[level]
    edges = np.linspace(-half, half, cells + 1)
    for number, (low, high) in enumerate(zip(edges[:-1] + 0.012, edges[1:] - 0.012, strict=True)):
        lens = SPECIAL_RED if number < cells / 2 else SPECIAL_BLUE
        middle = cells > 2 and number in (cells // 2 - 1, cells // 2)
        pieces.add_solid(
            box((x - 0.14, float(low), z + 0.055), (x + 0.14, float(high), z + 0.125)),
            f.LENS if middle else lens,
            crease=0,
        )


def police(pieces: Pieces, body: Solid, level: int) -> None:
    """A light bar and a push bar."""
    light_bar(pieces, body, -0.30, 0.55, level)
    if level == 0:
        nose = max(v[0] for v in np.asarray(body.to_mesh().vert_properties)[:, :1])
        for y in (-0.28, 0.28):
            pieces.add_solid(box((nose - 0.10, y - 0.03, 0.30), (nose + 0.06, y + 0.03, 0.72)), f.PLASTIC, crease=0)
        for z in (0.38, 0.62):
            pieces.add_solid(box((nose + 0.03, -0.45, z), (nose + 0.07, 0.45, z + 0.05)), f.PLASTIC, crease=0)


def taxi(pieces: Pieces, body: Solid, level: int) -> None:
    """A lit sign on the roof."""
    z = roof(body, -0.25)
    pieces.add_solid(box((-0.38, -0.22, z - 0.03), (-0.12, 0.22, z + 0.02)), f.PLASTIC, crease=0)
    pieces.add_solid(box((-0.36, -0.20, z + 0.02), (-0.14, 0.20, z + 0.13)), AMBER, crease=0)
    if level == 0:
        sign = lettered("taxi", "TAXI", (236, 190, 60), (20, 20, 20), border=False)
        for x, side in ((-0.138, 1.0), (-0.362, -1.0)):
            picture(pieces, sign, (x, 0.0, z + 0.075), (0.0, side, 0.0), 0.36, 0.10)


def ambulance(pieces: Pieces, body: Solid, level: int) -> None:
    """Light bars in front and behind."""
    light_bar(pieces, body, 0.95, 0.70, level)
    light_bar(pieces, body, -2.25, 0.70, level)


def fire_engine(pieces: Pieces, body: Solid, level: int) -> None:
    """A light bar on the cab; shutters on the body and a ladder over it. For the measures of ``vehicles.TRUCK``."""
    light_bar(pieces, body, 2.75, 0.85, level)
    for side in (1.0, -1.0):
        low, high = sorted([side * 1.02, side * 1.035])
        for x in (-3.55, -2.25, -0.55, 0.75):
            pieces.add_solid(box((x, low, 1.35), (x + 1.10, high, 2.65)), f.ALLOY, crease=0)
            if level == 0:
                for z in np.arange(1.42, 2.62, 0.11):
                    edge = sorted([side * 1.03, side * 1.042])
                    pieces.add_solid(box((x, edge[0], z), (x + 1.10, edge[1], z + 0.02)), f.STEEL, crease=0)
    for y in (-0.30, 0.30):
        pieces.add_solid(box((-3.70, y - 0.03, 3.28), (2.9, y + 0.03, 3.40)), f.ALLOY, crease=0)
    if level < 2:
        for x in np.arange(-3.5, 2.9, 0.4):
            pieces.add_solid(box((x, -0.30, 3.30), (x + 0.05, 0.30, 3.35)), f.ALLOY, crease=0)
    for x in (-3.2, 1.4):
        pieces.add_solid(box((x, -0.45, 3.15), (x + 0.12, 0.45, 3.29)), f.STEEL, crease=0)


def cola(pieces: Pieces, body: Solid, level: int) -> None:
    """The soft drink's name on both sides of the box. For the measures of ``vehicles.TRUCK``."""
    sign = lettered("cola", "Carla Cola", (190, 12, 22), (245, 245, 245), border=False)
    for side in (1.0, -1.0):
        picture(pieces, sign, (-0.94, side * 1.0345, 2.2), (-side, 0.0, 0.0), 4.6, 1.5)


def picture(
    pieces: Pieces, material: Material, center: tuple[float, float, float], right: tuple[float, float, float],
    width: float, height: float,
) -> None:  # fmt: skip
    """An upright textured sheet [m]; ``right`` is where its right edge lies for who reads it."""
    across, up = np.array(right) * width / 2, np.array([0.0, 0.0, height / 2])
    corners = np.array(center) + np.array([-across - up, across - up, across + up, -across + up])
    normal = np.cross(across, up) / np.linalg.norm(np.cross(across, up))
    uvs = np.array([[0.001, 0.001], [0.999, 0.001], [0.999, 0.999], [0.001, 0.999]])
    pieces.add(corners, np.array([[0, 1, 2], [0, 2, 3]]), material, normals=np.tile(normal, (4, 1)), uvs=uvs)
