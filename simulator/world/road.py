"""The road's surface and its paint, from OpenDRIVE: strips of lanes in chunks, junctions filled as one patch."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets import ground
from assets.mesh import Material, Mesh
from assets.noise import value_noise
from assets.pieces import Piece, grid_faces, join
from assets.tags import Tag
from renderers.scene import Placement
from simulator.world import markings
from simulator.world.opendrive import Lane, Network, Road, Section
from simulator.world.paving import KERB

Array = NDArray[np.float64]

STEP = 2.5
"""Metres between cross-sections: a bend of 200 m radius is then true to 4 mm."""

CHUNK = 80.0
"""Metres of road in one placement, so that what lies behind the camera is culled."""

RAISED = frozenset({"sidewalk", "walking", "curb", "median"})
BARE = frozenset({"none"})


@dataclass(frozen=True, eq=False)
class Surface:
    """All that is paved.

    Attributes:
        placements: what is drawn: ROADS, SIDEWALKS, ROAD_LINES.
        solid: (vertices (V, 3), faces (F, 3), normals (V, 3)) of all but the paint, in the world frame.
        outline: polygon(s) of all that is paved, seen from above.
        samples: (S, 3) points on the pavement's outer borders and in its midst [m], about every ``STEP``.
    """

    placements: tuple[Placement, ...]
    solid: tuple[Array, NDArray[np.int64], Array]
    outline: shapely.Geometry
    samples: Array


def build(network: Network) -> Surface:
    """The paved surface of a network."""
    chunks: dict[tuple[Tag, tuple[int, int]], list[Piece]] = defaultdict(list)
    outlines: list[shapely.Geometry] = []
    samples: list[Array] = []
    junctions: dict[str, list[tuple[shapely.Geometry, Array]]] = defaultdict(list)

    for road in network.roads:
        for section in road.sections:
            s = _stations(section)
            borders = road.borders(section, s)
            for lane in section.lanes.values():
                if lane.id == 0 or lane.kind in BARE:
                    continue
                inner, outer = borders[lane.id - int(np.sign(lane.id))], borders[lane.id]
                left, right = (outer, inner) if lane.id > 0 else (inner, outer)
                if np.max(left - right) < 0.02:
                    continue
                shape, edge = _outline(road, s, left, right)
                samples.append(edge)
                outlines.append(shape)
                if road.junction != "-1" and lane.kind not in RAISED:
                    junctions[road.junction].append((shape, edge))
                    continue
                tag = Tag.SIDEWALKS if lane.kind in RAISED else Tag.ROADS
                for piece in _strip(road, lane, s, left, right):
                    chunks[tag, _cell(piece)].append(piece)
        for piece in markings.pieces(road):
            chunks[Tag.ROAD_LINES, _cell(piece)].append(piece)
    for parts in junctions.values():
        piece, shape = _patch(parts)
        outlines.append(shape)
        chunks[Tag.ROADS, _cell(piece)].append(piece)

    placements, vertices, faces, normals, count = [], [], [], [], 0
    for (tag, _), pieces in chunks.items():
        mesh = join(pieces)
        placements.append(placed(mesh, tag))
        if tag != Tag.ROAD_LINES:
            vertices.append(mesh.vertices.astype(np.float64))
            faces.append(mesh.faces.astype(np.int64) + count)
            normals.append(mesh.normals.astype(np.float64))
            count += len(mesh.vertices)
    outline = shapely.unary_union([shapely.make_valid(shape) for shape in outlines]).buffer(0.05).buffer(-0.05)
    solid = (np.concatenate(vertices), np.concatenate(faces), np.concatenate(normals))
    return Surface(tuple(placements), solid, outline, np.concatenate(samples))


def placed(mesh: Mesh, tag: Tag) -> Placement:
    """A mesh in world coordinates as a placement about its own middle, where float32 is finer."""
    middle = np.round(mesh.vertices.astype(np.float64).mean(axis=0))
    local = Mesh(
        (mesh.vertices - middle).astype(np.float32), mesh.normals, mesh.faces, mesh.face_materials, mesh.materials,
        mesh.uvs, mesh.colors,
    )  # fmt: skip
    world_from_mesh = np.eye(4)
    world_from_mesh[:3, 3] = middle
    return Placement((local,), world_from_mesh[None], tag)


def _cell(piece: Piece) -> tuple[int, int]:
    x, y = piece.vertices[:, :2].mean(axis=0) // CHUNK
    return int(x), int(y)


def _stations(section: Section) -> Array:
    count = max(int(np.ceil((section.end - section.start) / STEP)), 1)
    return np.linspace(section.start, section.end, count + 1)


def _outline(road: Road, s: Array, left: Array, right: Array) -> tuple[shapely.Geometry, Array]:
    """A strip's polygon and points on its two long edges."""
    a, _ = road.points(s, left)
    b, _ = road.points(s, right)
    return shapely.make_valid(shapely.polygons(np.concatenate([a, b[::-1]])[:, :2])), np.concatenate([a, b])


def _tone(points: Array, base: float = 255.0) -> Array:
    """Vertex colours (N, 3): slow changes of brightness over tens of metres, which no texture could hold."""
    light = 0.90 + 0.06 * value_noise(points[:, :2], 37.0, 1) + 0.04 * value_noise(points[:, :2], 9.0, 2)
    return np.repeat((base * light)[:, None], 3, axis=1)


def _wear(across: Array, points: Array) -> Array:
    """Brightness (N,) of a driven lane: two polished wheel tracks and an oily middle, stronger here than there."""
    strength = 0.8 + 0.4 * value_noise(points[:, :2], 21.0, 3)
    tracks = np.exp(-(((across - 0.25) / 0.09) ** 2)) + np.exp(-(((across - 0.75) / 0.09) ** 2))
    return 1 - strength * (0.09 * tracks + 0.05 * np.exp(-(((across - 0.5) / 0.08) ** 2)))


def _strip(road: Road, lane: Lane, s: Array, left: Array, right: Array) -> list[Piece]:
    """A lane's surface, cut along s; driven lanes show wheel tracks, sidewalks get a kerb on both sides."""
    pieces = []
    driven = lane.kind in ("driving", "bidirectional", "entry", "exit", "onRamp", "offRamp")
    raised = lane.kind in RAISED
    material: Material = ground.lane_asphalt() if driven else ground.paving() if raised else ground.asphalt()
    per_chunk = max(int(CHUNK / STEP), 1)
    for first in range(0, len(s) - 1, per_chunk):
        part = slice(first, min(first + per_chunk, len(s) - 1) + 1)
        lift = KERB if raised else 0.0
        across = np.linspace(0, 1, 9 if driven else 2)
        rows = np.repeat(s[part], len(across))
        t = (right[part, None] + across * (left - right)[part, None]).ravel()
        vertices, normals = road.points(rows, t, lift)
        colors = _tone(vertices)
        if driven:
            along = s[part, None] / ground.LANE_TILE + 0.37 * lane.id  # neighbours do not show the same stains
            uvs = np.stack(np.broadcast_arrays(across, along), -1).reshape(-1, 2)
            colors *= _wear(np.tile(across, len(s[part])), vertices)[:, None]
        else:
            uvs = vertices[:, :2] / ground.PLANE_TILE
        faces = _upward(grid_faces(len(s[part]), len(across)), vertices)  # rows along s, columns from right to left
        pieces.append(Piece(vertices, faces, normals, uvs, colors, material))
        a, b = vertices[len(across) - 1 :: len(across)], vertices[:: len(across)]
        if raised:
            for edge, outward in ((a, 1.0), (b, -1.0)):
                pieces.append(_wall(edge, outward, KERB + 0.2, material))
    return pieces


def _upward(faces: NDArray[np.int64], vertices: Array) -> NDArray[np.int64]:
    """Faces without those that look down: a strip folds where its bend is tighter than its inner border is away."""
    a, b, c = (vertices[faces[:, k], :2] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    return faces[area > 1e-9]


def _wall(edge: Array, outward: float, depth: float, material: Material) -> Piece:
    """An upright face under ``edge`` (N, 3); ``outward`` is 1 when it looks to the left of the edge's direction."""
    along = np.gradient(edge, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0], np.zeros(len(edge))], -1) * outward
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    vertices = np.stack([edge, edge - [0, 0, depth]], 1).reshape(-1, 3)
    faces = grid_faces(len(edge), 2)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(edge, axis=0), axis=1))])
    uvs = np.stack(np.broadcast_arrays(length[:, None], [[0.5, 0.5 - depth]]), -1).reshape(-1, 2) / ground.PLANE_TILE
    faces = faces if outward > 0 else faces[:, ::-1]
    return Piece(vertices, faces, np.repeat(normal, 2, axis=0), uvs, _tone(vertices, 235.0), material)


def _patch(parts: list[tuple[shapely.Geometry, Array]]) -> tuple[Piece, shapely.Geometry]:
    """One surface over all connecting lanes of a junction, slits and islands under 60 m^2 closed."""
    union = shapely.unary_union([shape for shape, _ in parts]).buffer(0.6).buffer(-0.55)
    polygons = [p for p in shapely.get_parts(union) if p.area > 0.5]
    filled = [
        shapely.Polygon(p.exterior, [hole for hole in p.interiors if shapely.Polygon(hole).area > 60]) for p in polygons
    ]
    shape = shapely.unary_union(filled).segmentize(STEP)
    samples = np.concatenate([edge for _, edge in parts])
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(shape))
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3].reshape(-1, 2)
    plane, index = np.unique(corners, axis=0, return_inverse=True)
    faces = index.reshape(-1, 3)
    a, b, c = (plane[faces[:, k]] for k in range(3))
    clockwise = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) < (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    faces[clockwise] = faces[clockwise, ::-1]
    distance, near = cKDTree(samples[:, :2]).query(plane, k=3)
    weight = 1 / (distance + 0.01) ** 2
    z = np.sum(weight * samples[near, 2], axis=1) / weight.sum(axis=1)
    vertices = np.column_stack([plane, z])
    normals = np.tile([0.0, 0.0, 1.0], (len(plane), 1))
    piece = Piece(vertices, faces, normals, plane / ground.PLANE_TILE, _tone(vertices), ground.asphalt())
    return piece, shape
