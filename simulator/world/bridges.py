"""Roads that pass over others: which stretches of them are bridges, and a bridge's sides, underside and rails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from assets import ground
from assets.pieces import Piece, box
from assets.tags import Tag
from simulator.world.junctions import Heights, triangles
from simulator.world.kerbs import edging
from simulator.world.lanes import Strip, tone
from simulator.world.obstacle import Obstacle

Array = NDArray[np.float64]

CLEARANCE = 3.0
"""Metres; what lies less far below is no road of its own."""

BELOW = 2.5
"""Metres in plan from one road to another that passes under it."""

SLOPE = 1.3
"""Metres of embankment in plan for each metre of height, beside the road below."""

GIRDER = 1.1
"""Metres from a deck's surface to its underside."""

RAIL_HEIGHT, POST_SPACING = 0.75, 4.0
"""Metres (e.g. EN 1317 W-beams: upper edge at 0.75 m, posts every 2 or 4 m)."""


_FLATTENED = np.array([1.0, 1.0, 6.0])
"""Scale in which a metre of height is as far as six along the road."""


@dataclass(frozen=True, eq=False)
class Bridges:
    """What carries roads over others: pieces with their tags, and the rails that stop cars."""

    pieces: list[tuple[Tag, Piece]]
    obstacles: list[Obstacle]


def find(strips: Sequence[Strip]) -> list[NDArray[np.bool_]]:
    """For each strip, where (N,) it is part of a bridge: over another road, and on either side of it as far as an
    embankment would reach down to that road; and where the file says so."""
    counts = [len(strip.s) for strip in strips]
    points = np.concatenate([strip.edges for strip in strips])
    told = np.concatenate([_told(strip) for strip in strips])
    if points[:, :, 2].max() - points[:, :, 2].min() < CLEARANCE:
        return list(np.split(told, np.cumsum(counts)[:-1]))
    samples = np.concatenate([points[:, 0], points[:, 1], points.mean(axis=1)])
    station = np.tile(np.arange(len(points)), 3)
    tree = cKDTree(samples[:, :2])
    reach = BELOW + SLOPE * 12.0
    highest = samples[:, 2] > samples[:, 2].min() + CLEARANCE
    near = cKDTree(samples[highest, :2]).sparse_distance_matrix(tree, reach, output_type="coo_matrix")
    above, below = np.flatnonzero(highest)[near.row], near.col
    height = samples[above, 2] - samples[below, 2]
    over = (height > CLEARANCE) & (near.data < BELOW + SLOPE * height)
    wide = np.zeros(len(points), bool)
    wide[station[above[over]]] = True
    seed = np.zeros(len(points), bool)
    seed[station[above[over & (near.data < BELOW)]]] = True
    middle = points.mean(axis=1)
    candidates = np.flatnonzero(wide)
    pairs = cKDTree(middle[candidates]).query_pairs(12.0, output_type="ndarray")
    steep = np.abs(np.diff(middle[candidates][pairs][:, :, 2], axis=1))[:, 0] > 2.0
    pairs = pairs[~steep]
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(candidates),) * 2)
    _, group = connected_components(links, directed=False)
    crossing = np.unique(group[seed[candidates]])
    decks = told.copy()
    decks[candidates[np.isin(group, crossing)]] = True
    return list(np.split(decks, np.cumsum(counts)[:-1]))


def _told(strip: Strip) -> NDArray[np.bool_]:
    here = np.zeros(len(strip.s), bool)
    for start, end in strip.road.bridges:
        here |= (strip.s >= start) & (strip.s <= end)
    return here


def build(strips: Sequence[Strip], grounded: shapely.Geometry) -> Bridges:
    """Sides, undersides, abutments and rails of the strips that are on bridges; ``grounded``: all other pavement."""
    decks = [strip for strip in strips if strip.deck.any()]
    made = Bridges([], [])
    if not decks:
        return made
    shapes = [strip.polygon(strip.deck) for strip in decks]
    edges = np.concatenate([strip.edges[strip.grounded].reshape(-1, 3) for strip in strips])
    on_land = cKDTree(edges * _FLATTENED) if len(edges) else None
    union = shapely.union_all(shapes, grid_size=1e-3).buffer(0.3, quad_segs=2).buffer(-0.3, quad_segs=2)
    for polygon in shapely.get_parts(union):
        if polygon.area < 4:
            continue
        mine = [strip for strip, shape in zip(decks, shapes, strict=True) if shape.intersects(polygon)]
        heights = Heights(mine)
        plane, faces = triangles(polygon)
        vertices = np.column_stack([plane, heights(plane) - GIRDER + 0.05])
        normals = np.tile([0.0, 0.0, -1.0], (len(plane), 1))
        made.pieces.append(
            (
                Tag.BRIDGE,
                Piece(
                    vertices, faces[:, ::-1], normals, plane / ground.PLANE_TILE, tone(vertices, 215.0),
                    ground.concrete(),
                ),
            )
        )  # fmt: skip
        open_to = grounded if not grounded.is_empty else shapely.Polygon()
        polygon = shapely.geometry.polygon.orient(polygon)  # the deck lies to the left of all its rings
        for ring in (polygon.exterior, *polygon.interiors):
            _around(made, ring, heights, open_to, on_land)
    return made


def _around(
    made: Bridges, ring: shapely.Geometry, heights: Heights, grounded: shapely.Geometry, on_land: cKDTree | None
) -> None:
    """A deck's side along its border; a rail too, but not where the road goes on."""
    corners = shapely.get_coordinates(shapely.segmentize(ring, POST_SPACING))
    edge = np.column_stack([corners, heights(corners)])
    along = np.diff(edge[:, :2], axis=0)
    length = np.hypot(*along.T)
    middle = (edge[1:] + edge[:-1]) / 2
    outward = np.stack([along[:, 1], -along[:, 0]], -1) / np.maximum(length, 1e-9)[:, None]
    joined = np.asarray(shapely.dwithin(grounded, shapely.points(middle[:, :2] + 0.4 * outward), 0.35))
    if on_land is not None and joined.any():  # a road that passes below does not join it
        joined &= on_land.query(middle * _FLATTENED)[0] < 8.0
    made.pieces.append((Tag.BRIDGE, edging(edge - np.array([0, 0, 0.01]), -1.0, tone, GIRDER)))
    for number in np.flatnonzero(joined & (length > 0.3)):
        wall = np.stack([edge[number], edge[number + 1]])
        made.pieces.append((Tag.BRIDGE, edging(wall - [0, 0, GIRDER * 0.9], -1.0, tone, 9.0)))
    for number in np.flatnonzero(~joined & (length > 0.3)):
        _rail(made, edge[number], edge[number + 1], outward[number], length[number])


def _rail(made: Bridges, start: Array, end: Array, outward: Array, length: float) -> None:
    inset = np.array([*(-0.12 * outward), 0.0])
    yaw = float(np.arctan2(*(end - start)[1::-1]))
    slope = float(np.arctan2(end[2] - start[2], length))
    c, s, k, m = np.cos(yaw), np.sin(yaw), np.cos(slope), np.sin(slope)
    world = np.eye(4)
    world[:3, :3] = np.array([[c * k, -s, -c * m], [s * k, c, -s * m], [m, 0.0, k]])
    world[:3, 3] = (start + end) / 2 + inset
    color = np.full(3, 255.0)
    beam = box((length + 0.02, 0.06, 0.31), (0.0, 0.0, RAIL_HEIGHT - 0.155), ground.steel(), color)
    post = box((0.12, 0.1, RAIL_HEIGHT), (-length / 2, 0.0, RAIL_HEIGHT / 2), ground.steel(), color * 0.85)
    made.pieces.extend((Tag.GUARD_RAIL, piece.moved(world)) for piece in (beam, post))
    center = world[:3, 3] + [0.0, 0.0, RAIL_HEIGHT / 2]
    made.obstacles.append(Obstacle(center, (length, 0.15, RAIL_HEIGHT), yaw, 0.0, Tag.GUARD_RAIL))
