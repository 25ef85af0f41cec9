"""What stands on and beside sidewalks: lamps, trees, benches, bins, hydrants, bus shelters, parked cars."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from assets import catalog, street
from assets.mesh import Mesh
from assets.noise import hashed
from assets.pieces import Piece, join
from assets.tags import Tag
from simulator.world.furniture import Lamp, LightGroup
from simulator.world.opendrive import Network, Road, Section
from simulator.world.road import Surface

Array = NDArray[Any]

LAMP_SPACING, OPEN_LAMP_SPACING = 33.0, 48.0
"""Metres between the street lamps of one side; those of the other stand half way between them."""
TREE_SPACING = 11.0
JUNCTION = 9.0
"""Metres from a road's end that stay free, so that drivers see each other and walkers can cross."""
CAR_SPACING = 6.6
CROSSING = 15.0
"""Metres from a road's end in which nobody parks: turning lorries sweep wide there."""
PASSING = 0.4
"""[m] at least between a parked car's mirror and the driving lane."""
KERB = 0.1
"""[m] between a parked car and the kerb: a hand's breadth."""
BEND = 0.02
"""[1/m]; in sharper bends nobody parks."""
LIGHT = Lamp(LightGroup.STREET, street.LAMP, (street.LAMP_ARM, 0.0, street.LAMP_HEIGHT - 0.03), 6000.0, (255, 224, 176))
CARS = ("vehicle.sedan", "vehicle.hatchback", "vehicle.suv", "vehicle.sedan", "vehicle.pickup", "vehicle.van")
PAINTS = (
    (0.72, 0.72, 0.71), (0.016, 0.016, 0.018), (0.19, 0.20, 0.21), (0.38, 0.39, 0.40), (0.02, 0.06, 0.17),
    (0.26, 0.016, 0.02), (0.58, 0.46, 0.28),
)  # fmt: skip
"""Linear RGB of parked cars, roughly by their share of the market."""

Put = Callable[[str, int, Array, Array], None]
"""Takes (model name, variant, places (N, 2) [m], headings (N,) [rad] of their x axes)."""


def furnish(network: Network, surface: Surface, seed: int, put: Put) -> None:
    """Hands everything that stands along the roads of a network to ``put``."""
    shapely.prepare(surface.outline)
    for number, road in enumerate(network.roads):
        if road.junction != "-1":
            continue
        walked = any(lane.kind == "sidewalk" for section in road.sections for lane in section.lanes.values())
        if not walked and road.kind != "town":
            continue
        signs = np.array([signal.s for signal in road.signals], float)
        for side in (1, -1):
            _lamps(road, side, walked, signs, surface, put)
            if walked:
                _sidewalk(road, number, side, signs, seed, put)
            _parked(road, number, side, seed, put)


def _strip(road: Road, s: Array, side: int, kinds: frozenset[str]) -> tuple[Array, Array, Array]:
    """Inner and outer border t (N,), (N,) of the outermost lane of some kinds on a side, and whether there is one."""
    inner, outer, there = np.zeros(len(s)), np.zeros(len(s)), np.zeros(len(s), bool)
    for section in road.sections:
        chosen = (s >= section.start) & (s < section.end)
        lanes = [k for k, lane in section.lanes.items() if lane.kind in kinds and k * side > 0]
        if chosen.any() and lanes:
            lane = max(lanes, key=abs)
            borders = road.borders(section, s[chosen])
            inner[chosen], outer[chosen], there[chosen] = borders[lane - side], borders[lane], True
    return inner, outer, there


WALK = frozenset({"sidewalk", "walking"})


def _poses(road: Road, s: Array, t: Array, side: int) -> tuple[Array, Array]:
    """Places (N, 2) and headings (N,) towards the road's middle."""
    points, _ = road.points(s, t)
    return points[:, :2], road.reference(s)[2] - side * np.pi / 2


def _lamps(road: Road, side: int, walked: bool, signs: Array, surface: Surface, put: Put) -> None:
    spacing = LAMP_SPACING if walked else OPEN_LAMP_SPACING
    s = np.arange(spacing * (0.25 if side > 0 else 0.75), road.length - 4, spacing)
    if road.length < 16 or not len(s):
        return
    if len(signs):  # a lamp does not stand in a sign's face
        s = np.where(np.abs(s[:, None] - signs).min(axis=1) < 3.0, s + np.where(s < road.length / 2, 4.0, -4.0), s)
    inner, outer, there = _strip(road, s, side, WALK)
    edge = _edge(road, s, side)
    t = np.where(there & (np.abs(outer - inner) > 1.2), inner + side * 0.45, edge + side * 0.9)
    places, headings = _poses(road, s, t, side)
    free = there | (shapely.distance(surface.outline, shapely.points(places)) > 0.4)
    put("street.lamp", 0, places[free], headings[free])


def _edge(road: Road, s: Array, side: int) -> Array:
    """The pavement's outer border t (N,)."""
    t = np.zeros(len(s))
    for section in road.sections:
        inside = (s >= section.start) & (s <= section.end)
        if inside.any():
            borders = road.borders(section, s[inside])
            t[inside] = side * np.max([side * border for border in borders.values()], axis=0)
    return t


def _sidewalk(road: Road, number: int, side: int, signs: Array, seed: int, put: Put) -> None:
    """Trees in the strip at the kerb, benches and bins between them, a hydrant and a bus shelter now and then."""
    if road.length < 3 * JUNCTION:
        return
    count = int((road.length - 2 * JUNCTION) / TREE_SPACING)
    s: Array = JUNCTION + (np.arange(count) + 0.5) * TREE_SPACING
    key = np.stack([np.full(count, number * 2 + (side > 0)), np.arange(count)], -1)
    draw = [hashed(key, seed + 500 + k) for k in range(4)]
    inner, outer, there = _strip(road, s, side, WALK)
    width = np.abs(outer - inner)
    first = LAMP_SPACING * (0.25 if side > 0 else 0.75)
    lamp = np.abs((s - first + LAMP_SPACING / 2) % LAMP_SPACING - LAMP_SPACING / 2) < 2.5
    clear = there & (width > 2.4) & ~lamp
    if len(signs):
        clear &= np.abs(s[:, None] - signs).min(axis=1) > 3.0
    shade = hashed(np.array([[number, side + 7]]), seed + 510)[0] < 0.72
    trees = clear & (draw[0] < 0.8) & shade & (width > 3.2)
    places, headings = _poses(road, s, inner + side * 0.85, side)
    for variant in range(4):
        mine = trees & ((draw[1] * 4).astype(int) == variant)
        put("street.tree", variant, places[mine], headings[mine] + 6.28 * draw[2][mine])

    between = s + TREE_SPACING / 2
    inner, outer, there = _strip(road, between, side, WALK)
    there &= between < road.length - JUNCTION
    if len(signs):
        there &= np.abs(between[:, None] - signs).min(axis=1) > 2.5
    first = LAMP_SPACING * (0.25 if side > 0 else 0.75)
    lamp = np.abs((between - first + LAMP_SPACING / 2) % LAMP_SPACING - LAMP_SPACING / 2) < 1.8
    kinds = np.digitize(draw[3], [0.16, 0.30, 0.38])
    for name, kind, inset in (("street.bench", 0, 0.75), ("street.bin", 1, 0.5), ("street.hydrant", 2, 0.4)):
        mine = there & ~lamp & (kinds == kind) & (np.abs(outer - inner) > 2.2)
        places, headings = _poses(road, between, inner + side * inset, side)
        # benches stand with their backs to the traffic
        put(name, 0, places[mine], headings[mine] + (np.pi if name == "street.bench" else 0.0))

    if road.length > 70:
        stop = np.array([0.36 * road.length if side < 0 else 0.64 * road.length])
        inner, outer, there = _strip(road, stop, side, WALK)
        chosen = there & (np.abs(outer - inner) > 3.0) & (hashed(np.array([[number, 3 + side]]), seed + 520) < 0.6)
        places, headings = _poses(road, stop, outer - side * 0.95, side)
        put("street.shelter", 0, places[chosen], headings[chosen])


def _parked(road: Road, number: int, side: int, seed: int, put: Put) -> None:
    """Cars on parking lanes, and on shoulders before sidewalks where they do not stand in the driving lane."""
    count = int((road.length - 2 * CROSSING) / CAR_SPACING)
    if count < 1:
        return
    s: Array = CROSSING + (np.arange(count) + 0.5) * CAR_SPACING
    turned = road.reference(s + CAR_SPACING / 2)[2] - road.reference(s - CAR_SPACING / 2)[2]
    straight = np.abs(np.sin(turned)) < BEND * CAR_SPACING
    key = np.stack([np.full(count, number * 2 + (side > 0)), np.arange(count)], -1)
    draw = [hashed(key, seed + 540 + k) for k in range(4)]
    model, paint = (draw[2] * len(CARS)).astype(int), (draw[3] * len(PAINTS)).astype(int)
    width = np.array([parked(CARS[kind], 0)[1][1] for kind in range(len(CARS))])[model]
    for section in road.sections:
        chosen = (s > section.start + 4) & (s < section.end - 4) & straight & (draw[0] < 0.6)
        lanes = _parking(section, side)
        if not lanes or not chosen.any():
            continue
        borders = road.borders(section, s)
        inner, outer = borders[lanes[0] - side], borders[lanes[-1]]
        fits = chosen & (np.abs(outer - inner) > width + PASSING + KERB)
        if not fits.any():
            continue
        middle: Array = (np.abs(outer) - KERB - width / 2) * side
        places, _ = road.points(s, middle)
        # right-hand traffic: lanes right of the centre go along s
        headings = road.reference(s)[2] + (np.pi if side > 0 else 0.0) + 0.02 * (draw[1] - 0.5)
        for kind, color in sorted(set(zip(model[fits].tolist(), paint[fits].tolist(), strict=True))):
            mine = fits & (model == kind) & (paint == color)
            put(CARS[kind], color, places[mine, :2], headings[mine])


def _parking(section: Section, side: int) -> list[int]:
    """Lanes between driving lane and kerb that cars park on, from the inside; none on the shoulders of open roads."""
    mine = sorted((k for k in section.lanes if k * side > 0), key=abs)
    kinds = [section.lanes[k].kind for k in mine]
    kerb = next((number for number, kind in enumerate(kinds) if kind in WALK), len(kinds))
    if kerb == len(kinds) and "parking" not in kinds:
        return []
    return [k for k, kind in zip(mine[:kerb], kinds, strict=False) if kind in ("parking", "shoulder")]


@cache
def parked(name: str, color: int) -> tuple[tuple[Mesh, ...], tuple[float, float, float]]:
    """A car that stays where it is, as one mesh a level in one of ``PAINTS``; and its size [m].

    The catalogue's second level is the finest here: hundreds of them stand in a town.
    """
    from dataclasses import replace

    model = catalog.model(name)
    painted: dict[Any, Any] = {}
    levels = []
    for level in (1, 2):
        pieces = []
        for part in model.parts:
            mesh = part.lods[min(level, len(part.lods) - 1)]
            matrix = part.body_from_part
            vertices = mesh.vertices @ matrix[:3, :3].T + matrix[:3, 3]
            normals = mesh.normals @ matrix[:3, :3].T
            for number, material in enumerate(mesh.materials):
                faces = mesh.faces[mesh.face_materials == number]
                if not len(faces):
                    continue
                if material not in painted:
                    r, g, b = material.base_color
                    tint = PAINTS[color]
                    painted[material] = (
                        replace(material, base_color=(r * tint[0], g * tint[1], b * tint[2]), paint=False)
                        if material.paint
                        else material
                    )
                used, local = np.unique(faces, return_inverse=True)
                pieces.append(
                    Piece(
                        vertices[used], local.reshape(-1, 3), normals[used], mesh.uvs[used],
                        mesh.colors[used].astype(float), painted[material],
                    )
                )  # fmt: skip
        levels.append(join(pieces))
    return tuple(levels), model.size


def tag_of(name: str) -> Tag:
    """The tag of a parked vehicle."""
    return catalog.model(name).parts[0].tag
