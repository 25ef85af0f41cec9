"""All that is paved, from OpenDRIVE: strips of lanes, floors of junctions, kerbs, paint, bridges and walls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from assets.pieces import Piece
from assets.tags import Tag
from renderers.scene import Placement
from simulator.world import bridges, figures, junctions, kerbs, lanes, markings, walls
from simulator.world.chunks import CHUNK, placements
from simulator.world.footing import Footing, Ground
from simulator.world.generation import STANDARD, Generation
from simulator.world.lanes import Strip
from simulator.world.obstacle import Obstacle
from simulator.world.opendrive import Network
from simulator.world.signage import Kind, Signage

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Surface:
    """All that is paved.

    Attributes:
        placements: what is drawn: ROADS, SIDEWALKS, ROAD_LINES, GROUND, BRIDGE, GUARD_RAIL, RAIL_TRACK, WALLS.
        solid: (vertices (V, 3), faces (F, 3), normals (V, 3)) of what can be stood upon, in the world frame.
        outline: polygon(s) of all that is paved, seen from above; grounded: of what lies on the land, not on bridges.
        samples: (S, 3) points [m] on the grounded pavement's borders, about one a metre.
        obstacles: rails and walls.
    """

    placements: tuple[Placement, ...]
    solid: Ground
    outline: shapely.Geometry
    grounded: shapely.Geometry
    samples: Array
    obstacles: tuple[Obstacle, ...]


def build(network: Network, generation: Generation = STANDARD) -> Surface:
    """The paved surface of a network. Raises ValueError when nothing of it is paved."""
    strips = _strips(network, generation)
    pavement = _union([strip.polygon() for strip in strips])
    grounded = [strip.polygon(strip.grounded) for strip in strips]
    floors = _floors(strips, pavement, generation)
    paved: list[tuple[Tag, Piece]] = []
    below = {id(strip) for _, mine in floors for strip in mine}
    samples = [strip.brim() for strip in strips if id(strip) not in below]
    open_ground = [shape for shape in grounded if not shape.is_empty]
    for shape, mine in floors:
        floor = junctions.floor(shape, mine)
        paved += [(Tag.ROADS, floor), (Tag.ROADS, kerbs.skirt(floor))]
        decks = _union([strip.polygon(strip.deck) for strip in mine if strip.deck.any()])
        open_ground.append(shape if decks.is_empty else shape.difference(decks.buffer(0.6)))
        brim = junctions.brim(shape, mine)
        samples.append(brim[~shapely.dwithin(decks, shapely.points(brim[:, :2]), 1.0)])
    driven = {road: _union([s.polygon() for s in mine]) for road, mine in _by_junction(strips).items()}
    for strip in strips:
        if id(strip) not in below:
            kept = _clear(strip, driven) if strip.in_junction and strip.paving.raised else None
            paved.extend((strip.paving.tag, piece) for piece in lanes.surface(strip, kept))
    land = _union(open_ground)
    bridge = bridges.build(strips, land)
    walled = walls.build(strips, pavement, generation.wall_height)
    solid = _ground([*(piece for _, piece in paved)])
    footing = Footing([solid])
    paint = _paint(network, footing)
    drawn = [*paved, *((Tag.ROAD_LINES, piece) for piece in paint)] if generation.visible else []
    return Surface(
        placements=placements([*drawn, *bridge.pieces, *walled.pieces], generation.max_road_length),
        solid=solid,
        outline=_closed([pavement, *(shape for shape, _ in floors)]),
        grounded=_closed([land]),
        samples=np.concatenate(samples),
        obstacles=(*bridge.obstacles, *walled.obstacles),
    )


def stop_lines(network: Network, signs: Signage, surface: Surface) -> tuple[Placement, ...]:
    """Lines where vehicles stop at lights and stop signs, but where the network tells of one itself."""
    told = [thing.outline for thing in network.objects if "stopline" in thing.name.lower()]
    there = _union([shapely.LineString(line[:, :2]).buffer(4.0) for line in told if len(line) > 1])
    lines = [
        (volume.stop_line, volume.world_from_box[:2, 1], volume.width)
        for sign in signs.signs
        if sign.kind in (Kind.LIGHT, Kind.STOP)
        for volume in sign.volumes
    ]
    if not lines:
        return ()
    paint = figures.stop_lines(lines, Footing([surface.solid]).nearest, there)
    return placements([(Tag.ROAD_LINES, piece) for piece in paint], CHUNK)


def _strips(network: Network, generation: Generation) -> list[Strip]:
    strips = [strip for road in network.roads for strip in lanes.strips(road, generation.vertex_distance)]
    if not strips:
        raise ValueError("no lane of the OpenDRIVE network is paved")
    for strip, deck in zip(strips, bridges.find(strips), strict=True):
        strip.deck[:] = deck
    return strips


def _by_junction(strips: Sequence[Strip]) -> dict[str, list[Strip]]:
    """The level lanes of each junction."""
    found: dict[str, list[Strip]] = defaultdict(list)
    for strip in strips:
        if strip.in_junction and not strip.paving.raised:
            found[strip.road.junction].append(strip)
    return found


def _floors(
    strips: Sequence[Strip], pavement: shapely.Geometry, generation: Generation
) -> list[tuple[shapely.Geometry, list[Strip]]]:
    """Junctions' floors and the lanes that they replace."""
    if not generation.smooth_junctions:
        return []
    members = list(_by_junction(strips).values())
    shapes = [junctions.outline(mine, generation.additional_width) for mine in members]
    return list(zip(junctions.islands(pavement, shapes), members, strict=True))


def _clear(strip: Strip, driven: dict[str, shapely.Geometry]) -> NDArray[np.bool_]:
    """Where (N,) a junction's sidewalk does not lie across the lanes of its junction."""
    lanes_there = driven.get(strip.road.junction)
    if lanes_there is None:
        return np.ones(len(strip.s), bool)
    middle = strip.edges.mean(axis=1)[:, :2]
    inside = shapely.contains_xy(lanes_there.buffer(-0.3), middle)
    return np.asarray(~inside)


def _union(shapes: Sequence[shapely.Geometry]) -> shapely.Geometry:
    return shapely.union_all(list(shapes), grid_size=1e-3) if len(shapes) else shapely.Polygon()


def _closed(shapes: Sequence[shapely.Geometry]) -> shapely.Geometry:
    """The union, without cracks."""
    return _union(shapes).buffer(0.05, quad_segs=2).buffer(-0.05, quad_segs=2)


def _ground(pieces: Sequence[Piece]) -> Ground:
    offsets = np.cumsum([0, *(len(piece.vertices) for piece in pieces)])
    return (
        np.concatenate([piece.vertices for piece in pieces]),
        np.concatenate([piece.faces + offset for piece, offset in zip(pieces, offsets, strict=False)]),
        np.concatenate([piece.normals for piece in pieces]),
    )


def _paint(network: Network, footing: Footing) -> Iterable[Piece]:
    """Lines along lanes and painted figures; in junctions, where lanes cross, they are laid on the common floor."""

    def under(points: Array) -> Array:
        return footing.nearest(points)

    for road in network.roads:
        for piece in markings.pieces(road):
            if road.junction == "-1":
                yield piece
                continue
            piece.vertices[:, 2] = under(piece.vertices) + markings.PAINT
            yield piece
    yield from figures.pieces(network, under)
