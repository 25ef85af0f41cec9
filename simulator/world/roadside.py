"""What a map itself says stands beside its roads: OpenDRIVE's objects (1.4 to 1.8, e_objectType and its subtypes)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from assets import barriers, buildings, street
from assets.noise import hashed
from assets.tags import Tag
from simulator.world.footing import Footing
from simulator.world.obstacle import Obstacle, cylinder
from simulator.world.opendrive import Network, RoadObject
from simulator.world.staging import Stage, matrices_at

Array = NDArray[Any]

LINES = {  # subtype or type -> model, its own height and thickness [m], tag
    "hedge": ("street.hedge", 1.15, 0.6, Tag.VEGETATION),
    "guardrail": ("barrier.guard_rail", 0.75, 0.3, Tag.GUARD_RAIL),
    "jerseybarrier": ("barrier.concrete", 0.81, 0.5, Tag.WALLS),
    "wall": ("street.wall", 0.98, 0.3, Tag.WALLS),
    "fence": ("street.fence", 1.0, 0.1, Tag.FENCES),
    "railing": ("barrier.railing", barriers.RAILING_HEIGHT, 0.1, Tag.FENCES),
    "noiseprotections": ("barrier.noise_wall", barriers.NOISE_HEIGHT, 0.2, Tag.WALLS),
    "soundbarrier": ("barrier.noise_wall", barriers.NOISE_HEIGHT, 0.2, Tag.WALLS),
    "barrier": ("barrier.guard_rail", 0.75, 0.3, Tag.GUARD_RAIL),
}
"""Things that stretch. A barrier that says no more is a guard rail."""
STRETCHABLE = frozenset({"street.hedge", "street.wall", "street.fence", "barrier.railing", "barrier.noise_wall"})
"""Those that are made in any height."""
POSTS = {  # subtype or type -> model, radius [m], height of the model [m]
    "streetlamp": ("street.lamp", 0.11, street.LAMP_HEIGHT),
    "powerpole": ("prop.pole", 0.16, 9.5),
    "permanentdelineator": ("prop.reflector_post", 0.05, 1.0),
    "bollard": ("prop.chainbarrierend", 0.08, 1.0),
    "pole": ("prop.pole", 0.16, 9.5),
}
TREE_HEIGHT, BUSH_HEIGHT = 10.0, 1.6
"""[m] of our models at scale 1."""
TREE_SPACING, BUSH_SPACING = 5.0, 1.6
"""[m] between the plants of a wood and a shrubbery."""
THIN = 1.5
"""[m]; what is narrower and longer is a line."""
OFF_THE_GROUND = 1.0
"""[m]; what the file puts further from the ground, on a bridge for example, stays where the file puts it."""
BLOCK = 2.5
"""[m] of an obstacle whose height is not told, at most."""


def build(stage: Stage, network: Network, footing: Footing, seed: int) -> list[shapely.Geometry]:
    """Puts all objects of a network on the stage; returns the land that they take, in plan."""
    taken = []
    for number, thing in enumerate(network.objects):
        if len(thing.outline) and np.isfinite(thing.outline).all():
            area = _put(stage, thing, footing, hashed(np.array([[number, 3]]), seed + 900)[0])
            if area is not None:
                taken.append(area)
    return taken


def has_buildings(network: Network) -> bool:
    """Whether the map itself says where its buildings stand."""
    return any(_key(thing) == "building" for thing in network.objects)


def _key(thing: RoadObject) -> str:
    """What a thing is: its subtype where we know it, else its type."""
    subkind, kind = thing.subkind.lower(), thing.kind.lower()
    if subkind in LINES or subkind in POSTS or subkind in ("bush", "forest", "tree", "building"):
        return subkind
    return kind


def _put(stage: Stage, thing: RoadObject, footing: Footing, draw: float) -> shapely.Geometry | None:
    key = _key(thing)
    plan = shapely.MultiPoint(thing.outline[:, :2]).convex_hull
    if key in LINES:
        for line in _lines(thing):
            _line(stage, key, thing.height, _standing(line, footing))
        return plan.buffer(0.5)
    if key in POSTS:
        name, radius, own = POSTS[key]
        foot = _standing(thing.outline.mean(axis=0)[None], footing)
        factor = np.array([thing.height / own if thing.height > 0.3 else 1.0])
        # a lamp's arm is over the road
        yaw = np.array([thing.heading + (-np.pi / 2 * thing.side if key == "streetlamp" else 0.0)])
        post = cylinder(foot[0], radius, own * float(factor[0]), Tag.POLES)
        stage.put(name, np.array([0]), matrices_at(foot, yaw, factor), float("inf"), [(post,)])
        return plan.buffer(0.5)
    if key in ("tree", "vegetation", "bush", "forest"):
        _plants(stage, thing, key, footing, draw)
        return plan.buffer(0.5)
    if key == "building":
        _building(stage, thing, footing, draw)
        return plan.buffer(1.0)
    if key == "obstacle":
        for line in _ring(thing.outline):
            _line(stage, "jerseybarrier", min(thing.height or BLOCK, BLOCK), _standing(line, footing))
        return plan.buffer(0.5)
    return None


def _lines(thing: RoadObject) -> Iterator[Array]:
    """Lines (N, 3) along which a thing stretches, the road on their right."""
    if thing.line is not None:
        line = thing.line
    else:
        frame = shapely.minimum_rotated_rectangle(shapely.MultiPoint(thing.outline[:, :2]))
        sides = np.hypot(*np.diff(shapely.get_coordinates(frame), axis=0).T)[:2] if frame.area > 0 else np.zeros(2)
        count = len(thing.outline)
        if len(sides) and sides.min() > THIN and not _ribbon(thing.outline):
            yield from _ring(thing.outline)
            return
        if count % 2 == 0 and count > 4:  # out along one side and back along the other
            line = (thing.outline[: count // 2] + thing.outline[: count // 2 - 1 : -1]) / 2
        else:
            corners = np.roll(thing.outline[:4], -int(np.argmin(_edges(thing.outline[:4])[:2])), axis=0)
            line = np.stack([corners[[0, 1]].mean(axis=0), corners[[2, 3 % len(corners)]].mean(axis=0)])
        forward = np.array([np.cos(thing.heading), np.sin(thing.heading)])
        if (line[-1, :2] - line[0, :2]) @ forward < 0:
            line = line[::-1]
    yield line if thing.side > 0 else line[::-1]


def _ribbon(outline: Array) -> bool:
    """Whether an outline goes out along one side and comes back close by along the other."""
    count = len(outline)
    if count % 2 or count < 6:
        return False
    return bool(np.hypot(*(outline[: count // 2] - outline[: count // 2 - 1 : -1])[:, :2].T).max() < THIN)


def _edges(outline: Array) -> Array:
    """Lengths (N,) [m] in plan from each corner to the next."""
    length: Array = np.hypot(*(np.roll(outline, -1, axis=0) - outline)[:, :2].T)
    return length


def _ring(outline: Array) -> Iterator[Array]:
    """The border of an area, its inside on the left."""
    if len(outline) < 3 or shapely.Polygon(outline[:, :2]).area < 0.01:
        return
    ring = outline if shapely.LinearRing(outline[:, :2]).is_ccw else outline[::-1]
    yield np.concatenate([ring, ring[:1]])


def _standing(points: Array, footing: Footing) -> Array:
    """Points (N, 3) brought down or up to the ground under them."""
    ground = footing(points)[0]
    near = np.abs(ground - points[:, 2]) < OFF_THE_GROUND
    return np.column_stack([points[:, :2], np.where(near, ground, points[:, 2])])


def _line(stage: Stage, key: str, height: float, line: Array) -> None:
    """A model of ``street.SPAN`` metres put up again and again along a line (N, 3), each stretched a little."""
    name, own, thick, tag = LINES[key]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line[:, :2], axis=0).T))])
    count = max(1, round(along[-1] / street.SPAN))
    if along[-1] < 0.3:
        return
    at = np.linspace(0, along[-1], count + 1)
    feet = np.column_stack([np.interp(at, along, column) for column in line.T])
    factor = height / own if height > 0.2 and name in STRETCHABLE else 1.0
    step = np.diff(feet, axis=0)
    matrices = np.tile(np.eye(4), (count, 1, 1))
    matrices[:, :3, 1] = step / street.SPAN
    matrices[:, :2, 0] = np.stack([step[:, 1], -step[:, 0]], -1) / np.linalg.norm(step[:, :2], axis=1, keepdims=True)
    matrices[:, 2, 2] = factor
    matrices[:, :3, 3] = feet[:-1]
    high = own * factor
    stops = [
        (
            Obstacle(
                (a + b) / 2 + [0, 0, high / 2],
                (float(np.hypot(*(b - a)[:2])), thick, high),
                float(np.arctan2(b[1] - a[1], b[0] - a[0])),
                0.0,
                tag,
            ),
        )
        for a, b in pairwise(feet)
    ]
    reach = float("inf") if high > 0.7 else 260.0
    turns = np.arange(count) % 2 if name in ("barrier.guard_rail", "barrier.concrete") else np.zeros(count, np.int64)
    stage.put(name, turns, matrices, reach, stops)


def _plants(stage: Stage, thing: RoadObject, key: str, footing: Footing, draw: float) -> None:
    """A tree or a bush; as many as fit where the outline is an area."""
    tree = key in ("tree", "forest") or (key == "vegetation" and thing.height > 3.0)
    spacing = TREE_SPACING if tree else BUSH_SPACING
    area = shapely.Polygon(thing.outline[:, :2]) if len(thing.outline) > 2 else shapely.Point(thing.outline[0, :2])
    area = area if area.is_valid else area.convex_hull
    places = thing.outline[:, :2].mean(axis=0)[None]
    if area.area > 2 * spacing**2 and key != "tree":
        x0, y0, x1, y1 = area.bounds
        grid = np.stack(np.meshgrid(np.arange(x0, x1, spacing), np.arange(y0, y1, spacing)), -1).reshape(-1, 2)
        cells = np.round(grid / spacing).astype(np.int64)
        grid = grid + spacing * 0.7 * np.stack([hashed(cells, 911), hashed(cells, 912)], -1)
        places = grid[shapely.contains_xy(area, grid)] if len(grid) else places
        places = places if len(places) else area.representative_point().coords[:]
    places = np.asarray(places, float)
    level = float(thing.outline[:, 2].mean())
    feet = _standing(np.column_stack([places, np.full(len(places), level)]), footing)
    chance = hashed(np.round(places * 10).astype(np.int64), 913)
    own = TREE_HEIGHT if tree else BUSH_HEIGHT
    scale = (thing.height / own if thing.height > 0.3 else 0.8) * (0.9 + 0.2 * chance)
    stops = [
        (cylinder(foot, 0.2 * float(k), 2.6 * float(k), Tag.VEGETATION),) for foot, k in zip(feet, scale, strict=True)
    ]
    variants = ((chance + draw) % 1 * 4).astype(np.int64)
    name = "tree.broadleaf" if tree else "bush.shrub"
    matrices = matrices_at(feet, 2 * np.pi * chance, scale)
    stage.put(name, variants, matrices, float("inf") if tree else 200.0, stops if tree else ())


def _building(stage: Stage, thing: RoadObject, footing: Footing, draw: float) -> None:
    """The built-in building that needs the least stretching to fill the outline's rectangle."""
    frame = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shapely.MultiPoint(thing.outline[:, :2])))
    if len(frame) < 5:
        return
    first, second = frame[1] - frame[0], frame[2] - frame[1]
    wide, deep = float(np.hypot(*first)), float(np.hypot(*second))
    if min(wide, deep) < 2.0:
        return
    middle = frame[:4].mean(axis=0)
    foot = _standing(np.array([[*middle, thing.outline[:, 2].mean()]]), footing)[0]
    best: tuple[float, str, int, tuple[float, float, float], float] | None = None
    for name, make in buildings.MODELS.items():
        for variant in range(4):
            model = make(variant, None)
            for turn in (0.0, np.pi / 2):
                length, width = (wide, deep) if turn == 0.0 else (deep, wide)
                high = thing.height if thing.height > 2.0 else model.size[2]
                factors = (length / model.size[0], width / model.size[1], high / model.size[2])
                cost = float(np.abs(np.log(factors)).max()) + 0.05 * ((draw * 7 + variant * 0.37) % 1)
                if best is None or cost < best[0]:
                    best = cost, name, variant, factors, turn
    assert best is not None
    _, name, variant, factors, turn = best
    model = buildings.MODELS[name](variant, None)
    yaw = float(np.arctan2(first[1], first[0])) + turn
    matrix = matrices_at(foot[None], np.array([yaw]), np.ones(1))
    matrix[0, :3, :3] = matrix[0, :3, :3] @ np.diag(factors)
    center = np.array([*model.center[:2], 0.0])
    matrix[0, :3, 3] -= matrix[0, :3, :3] @ center  # the models' origins lie at their doors
    high = model.size[2] * factors[2]
    middle_up = foot + np.array([0.0, 0.0, high / 2])
    stop = Obstacle(middle_up, (wide, deep, high), yaw - turn, 0.0, Tag.BUILDINGS)
    stage.put(name, np.array([variant]), matrix, float("inf"), [(stop,)])
