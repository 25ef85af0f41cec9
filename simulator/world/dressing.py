"""What stands beside the road: plants, stones, posts, poles, wires, fences and signs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets import props
from assets.noise import hashed, value_noise
from assets.tags import Tag
from renderers.scene import Placement
from simulator.world import roadside, urban
from simulator.world.biome import Biome, Growth
from simulator.world.chunks import placed
from simulator.world.footing import Footing
from simulator.world.furniture import Furniture
from simulator.world.obstacle import Obstacle, cylinder
from simulator.world.opendrive import Network, Road
from simulator.world.road import Surface
from simulator.world.staging import Stage, matrices_at, on_ground
from simulator.world.terrain import cover

Array = NDArray[np.float64]

DELINEATOR_SPACING = 60.0
POLE_SPACING = 62.0
POLE_DISTANCE = 13.5
FENCE_DISTANCE = 22.0
SIGN_CLEARANCE = 1.8
"""Metres along the road and from the pavement's edge."""


@dataclass(frozen=True, eq=False)
class Dressing:
    """Placements to draw, and the obstacles among them."""

    placements: tuple[Placement, ...]
    obstacles: tuple[Obstacle, ...]


def build(network: Network, surface: Surface, footing: Footing, biome: Biome, seed: int) -> Dressing:
    """All that stands beside the roads of a network; the same seed gives the same."""
    stage = Stage()
    shapely.prepare(surface.outline)
    edge = cKDTree(shapely.get_coordinates(surface.outline.segmentize(1.0)))
    built = shapely.unary_union(
        [urban.build(stage, network, surface, footing, seed), *roadside.build(stage, network, footing, seed)]
    )
    for number, growth in enumerate(biome.growth):
        _grow(stage, growth, surface, edge, footing, biome, seed, 100 * (number + 1), built)
    for road in network.roads:
        if road.junction == "-1":
            _signs(stage, road, surface, footing)
            if biome.delineators:
                _delineators(stage, road, footing, surface)
            if biome.poles:
                _poles(stage, road, footing, surface)
            if biome.fence:
                _fences(stage, road, footing, surface, edge)
    placements = stage.placements()
    obstacles = [stop for p in placements if isinstance(p, Furniture) for group in p.obstacles for stop in group]
    return Dressing(placements, tuple(obstacles))


def _grow(
    stage: Stage, growth: Growth, surface: Surface, edge: cKDTree, footing: Footing, biome: Biome, seed: int,
    stream: int, built: shapely.Geometry,
) -> None:  # fmt: skip
    """Scatters one kind of plant over its band: one candidate per jittered cell, kept by chance and by patches."""
    spacing = growth.density**-0.5
    cell = _cells(growth, spacing, surface, edge)
    draw = [hashed(cell, seed * 1000 + stream + k) for k in range(6)]
    points = (cell + 0.5 + 0.95 * (np.stack(draw[:2], -1) - 0.5)) * spacing
    away = edge.query(points, distance_upper_bound=growth.far)[0]
    keep = (away >= growth.near) & (away < growth.far)
    keep &= ~shapely.contains_xy(surface.outline, points)
    points, draw, away = points[keep], [d[keep] for d in draw], away[keep]
    # crowns keep off walls, blades do not
    margin = 2.5 if growth.trunk > 0 else 0.4
    keep = (
        shapely.distance(built, shapely.points(points)) > margin if not built.is_empty else np.ones(len(points), bool)
    )
    if growth.model.startswith("grass"):
        patch = cover(points, np.maximum(away, 0), biome, seed)
        thin = 1 - 0.75 * np.clip((away - 0.45 * growth.far) / (0.55 * growth.far), 0, 1)  # the band's edge frays
    else:
        patch = (
            0.5 + 0.9 * value_noise(points, 38.0, seed + stream) + 0.4 * value_noise(points, 120.0, seed + stream + 1)
        )
        thin = np.ones(len(points))
    keep &= draw[2] < ((1 - growth.patchiness) + growth.patchiness * np.clip(patch, 0, 1)) * thin
    points, chosen, patch = points[keep], [d[keep] for d in draw], np.clip(patch[keep], 0, 1)
    if growth.trunk > 0 and len(points):
        pairs = cKDTree(points).query_pairs(3.5, output_type="ndarray")
        clear = np.ones(len(points), bool)
        clear[pairs.max(axis=1) if len(pairs) else []] = False
        points, chosen, patch = points[clear], [d[clear] for d in chosen], patch[clear]
    if not len(points):
        return
    scale = growth.scale[0] + (growth.scale[1] - growth.scale[0]) * chosen[3] ** 1.5 * (0.5 + 0.5 * patch)
    variant = (chosen[4] * growth.variants).astype(np.int64)
    feet = on_ground(points, footing)
    trunks = [
        (cylinder(foot, growth.trunk * factor, 3.0 * factor, Tag.VEGETATION),)
        for foot, factor in zip(feet, scale, strict=True)
        if growth.trunk > 0
    ]
    stage.put(growth.model, variant, matrices_at(feet, chosen[5] * 2 * np.pi, scale), growth.reach, trunks)


def _cells(growth: Growth, spacing: float, surface: Surface, edge: cKDTree) -> NDArray[np.int64]:
    """Cells (N, 2) of a grid of ``spacing`` [m] that may lie in a plant's band: whole blocks of cells at a time."""
    width = max(round(12 / spacing), 1)
    block = width * spacing
    low, high = np.array(surface.outline.bounds[:2]) - growth.far, np.array(surface.outline.bounds[2:]) + growth.far
    axes = [np.arange(np.floor(a / block), np.ceil(b / block)) for a, b in zip(low, high, strict=True)]
    blocks = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2).astype(np.int64)
    away = edge.query((blocks + 0.5) * block, distance_upper_bound=growth.far + block)[0]
    blocks = blocks[(away > growth.near - block) & (away < growth.far + block)]
    inner = np.stack(np.meshgrid(np.arange(width), np.arange(width), indexing="ij"), -1).reshape(-1, 2)
    return (blocks[:, None] * width + inner).reshape(-1, 2)


def _beside(road: Road, s: Array, side: int, clearance: float) -> tuple[Array, Array]:
    """Points (N, 2) ``clearance`` [m] beyond the pavement on a side (1 left, -1 right), and the road's heading (N,)."""
    t = np.empty(len(s))
    for section in road.sections:
        inside = (s >= section.start) & (s <= section.end)
        if inside.any():
            borders = road.borders(section, s[inside])
            t[inside] = side * np.max([side * border for border in borders.values()], axis=0)
    points, _ = road.points(s, t + side * clearance)
    return points[:, :2], road.reference(s)[2]


def _free(points: Array, surface: Surface, clearance: float = 0.3) -> NDArray[np.bool_]:
    return np.asarray(shapely.distance(surface.outline, shapely.points(points)) > clearance)


def _delineators(stage: Stage, road: Road, footing: Footing, surface: Surface) -> None:
    s = np.arange(DELINEATOR_SPACING / 2, road.length, DELINEATOR_SPACING)
    for side in (1, -1):
        points, heading = _beside(road, s, side, 0.9)
        free = _free(points, surface)
        points, heading = points[free], heading[free]
        if not len(points):
            continue
        feet = on_ground(points, footing)
        # traffic that keeps to the right sees red beside it and white across the road
        yaw = heading + (np.pi if side < 0 else 0.0)
        lean = hashed(np.round(points * 10).astype(np.int64), 5)
        stage.put(
            "prop.reflector_post",
            (lean * 3).astype(np.int64),
            matrices_at(feet, yaw + 0.2 * (lean - 0.5), np.ones(len(feet))),
            160.0,
            [(cylinder(foot, 0.05, 1.0, Tag.POLES),) for foot in feet],
        )


def _poles(stage: Stage, road: Road, footing: Footing, surface: Surface) -> None:
    """A line of power poles along the left, with wires from each to the next of the same road."""
    count = max(int(road.length // POLE_SPACING), 1)
    s = (np.arange(count) + 0.5) * road.length / count
    points, heading = _beside(road, s, 1, POLE_DISTANCE)
    if not _free(points, surface, 2.0).all():
        return
    feet = on_ground(points, footing)
    variants = np.arange(count) % 3
    matrices = matrices_at(feet, heading, np.ones(count))
    trunks = [(cylinder(foot, 0.16, props.POLE_HEIGHT, Tag.POLES),) for foot in feet]
    stage.put("prop.pole", variants, matrices, float("inf"), trunks)
    hooks = np.einsum("nij,kj->nki", matrices, np.column_stack([props.WIRE_POINTS, np.ones(3)]))[:, :, :3]
    for first, second in pairwise(hooks):
        wire = placed(props.wires(first, second, 0.9), Tag.POLES)
        stage.extra.append(
            Placement(wire.lods, wire.world_from_mesh, Tag.POLES, reach=110.0)
        )  # thinner than a pixel beyond


def _fences(stage: Stage, road: Road, footing: Footing, surface: Surface, edge: cKDTree) -> None:
    """A stock fence on both sides, piece after piece; left out where it would come near another road."""
    for side in (1, -1):
        count = int(road.length // props.FENCE_SPAN)
        s = np.linspace(0, road.length, count + 1)
        points, _ = _beside(road, s, side, FENCE_DISTANCE)
        feet = on_ground(points, footing)
        along = np.diff(feet, axis=0)
        span = np.linalg.norm(along, axis=1)
        matrices = np.tile(np.eye(4), (count, 1, 1))
        # the piece is stretched to reach the next post and sheared to follow the slope; posts stay upright
        matrices[:, :3, 0] = along / props.FENCE_SPAN
        left = np.stack([-along[:, 1], along[:, 0]], -1) / np.linalg.norm(along[:, :2], axis=1, keepdims=True)
        matrices[:, :2, 1] = left
        matrices[:, :3, 3] = feet[:-1]
        clear = (edge.query(points[:-1])[0] > FENCE_DISTANCE - 3) & (span > 3)
        variants = (hashed(np.round(points[:-1]).astype(np.int64), 9) * 3).astype(np.int64)
        posts = [(cylinder(foot, 0.06, 1.2, Tag.FENCES),) for foot in feet[:-1][clear]]
        stage.put("prop.fence", variants[clear], matrices[clear], 170.0, posts)


_SIGNS = {"Kangaroos": "prop.sign_kangaroo"}
"""Model by an OpenDRIVE signal's name, of signs that nobody has to obey."""


def _signs(stage: Stage, road: Road, surface: Surface, footing: Footing) -> None:
    """The warnings that the OpenDRIVE text names, facing the traffic they are for."""
    for signal in road.signals:
        name = _SIGNS.get(signal.name)
        if name is None:
            continue
        side = -1 if signal.forward else 1
        point, heading = _beside(road, np.array([signal.s]), side, SIGN_CLEARANCE)
        if not _free(point, surface)[0]:
            continue
        foot = on_ground(point, footing)
        yaw = heading + (np.pi if signal.forward else 0.0)
        post = cylinder(foot[0], 0.04, 2.4, Tag.TRAFFIC_SIGNS)
        stage.put(name, np.array([0]), matrices_at(foot, yaw, np.ones(1)), float("inf"), [(post,)])
