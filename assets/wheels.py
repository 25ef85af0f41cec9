"""Wheels: tyre, rim with spokes, brake disc; axle along y, the outer side towards +y (left) or -y (right)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from shapely import affinity
from shapely.geometry import Point, Polygon
from shapely.ops import unary_union

from assets.bodywork import SIDE, Pieces, lathe, prism
from assets.finishes import ALLOY, BRAKE_DISC, RUBBER
from assets.mesh import Material, Mesh


@dataclass(frozen=True)
class Wheel:
    """A wheel's measures.

    Attributes:
        radius, width: of the tyre [m].
        rim: radius of the rim [m].
        spokes: how many.
        material: of the rim.
        twin: whether two tyres sit side by side (trucks, rear), ``width`` being that of both.
    """

    radius: float
    width: float
    rim: float
    spokes: int = 5
    material: Material = ALLOY
    twin: bool = False


def wheel(measures: Wheel, side: float) -> tuple[Mesh, ...]:
    """Three levels of detail; ``side`` is +1 for a left wheel and -1 for a right one."""
    levels = [_level(measures, segments, detail) for segments, detail in ((30, 2), (14, 1), (10, 0))]
    return tuple(levels if side > 0 else [_flipped(mesh) for mesh in levels])


def _level(w: Wheel, segments: int, detail: int) -> Mesh:
    half, wall = w.width / 2, w.radius - w.rim
    pieces = Pieces()
    shoulder = [(0.86, 0.985), (0.62, 1.0)] if detail else [(0.75, 1.0)]
    flank = [(0.82, 0.0), (1.0, 0.45), *((y, 1 - (1 - r) * w.radius / wall) for y, r in shoulder)]
    profile = [(-y * half, w.rim + r * wall) for y, r in flank]
    if w.twin:
        profile += [(-0.12 * half, w.radius * 0.99), (0.0, w.radius * 0.93), (0.12 * half, w.radius * 0.99)]
    profile += [(y * half, w.rim + r * wall) for y, r in flank[::-1]]
    _turned(pieces, profile, segments, RUBBER)
    lip, face = 0.80 * half, 0.62 * half
    if not detail:
        _turned(pieces, [(lip, w.rim), (face, 0.0)], segments, w.material, 0.75)
    else:
        _turned(pieces, [(lip, w.rim), (lip, w.rim * 0.93), (face * 0.1, w.rim * 0.88)], segments, w.material, 0.8)
        _turned(pieces, [(face * 0.1, w.rim * 0.88), (face * 0.1, 0.0)], segments, BRAKE_DISC)
        spokes = _spokes(w, segments)
        pieces.add_solid(prism(spokes, SIDE, face * 0.55, face), w.material, crease=0)
    _turned(pieces, [(-face * 0.6, 0.0), (-lip, w.rim)], segments, BRAKE_DISC)
    return pieces.mesh()


def _spokes(w: Wheel, segments: int) -> Polygon:
    wide = min(2.1 * w.rim / w.spokes, 0.6 * w.rim)
    blade = Polygon(
        [
            (0, -0.38 * wide),
            (0.5 * w.rim, -0.27 * wide),
            (0.94 * w.rim, -0.40 * wide),
            (0.94 * w.rim, 0.40 * wide),
            (0.5 * w.rim, 0.27 * wide),
            (0, 0.38 * wide),
        ]
    )
    blades = [affinity.rotate(blade, 360 * i / w.spokes + 90, origin=(0, 0)) for i in range(w.spokes)]
    ring = Point(0, 0).buffer(0.95 * w.rim, quad_segs=segments // 4)
    rim = ring.difference(Point(0, 0).buffer(0.88 * w.rim, quad_segs=segments // 4))
    return unary_union([*blades, rim, Point(0, 0).buffer(0.24 * w.rim, quad_segs=segments // 8)])


def _turned(
    pieces: Pieces, profile: list[tuple[float, float]], segments: int, material: Material, shade: float = 1.0
) -> None:
    vertices, faces, normals = lathe(profile, segments)
    real = np.linalg.norm(
        np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]]), axis=1
    )
    pieces.add(vertices, faces[real > 1e-10], material, normals=normals, shade=shade)


def _flipped(mesh: Mesh) -> Mesh:
    mirror = np.array([1, -1, 1], dtype=np.float32)
    return replace(
        mesh,
        vertices=mesh.vertices * mirror,
        normals=mesh.normals * mirror,
        faces=np.ascontiguousarray(mesh.faces[:, ::-1]),
    )
