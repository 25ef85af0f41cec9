"""The level: objects of the map, rays through it, drawings for debugging."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.mesh import Mesh
from assets.tags import Tag
from renderers.scene import Placement
from simulator.server import wire
from simulator.server.handlers.registry import query, unsupported
from simulator.server.wire import Array, integer, number, vector

if TYPE_CHECKING:
    from simulator.server.server import Server

ANY = 255
STEP_ON = 0.01
"""How far [m] behind a surface the next ray of ``cast_ray`` begins."""


def _objects(server: Server, tag: int) -> Iterator[tuple[int, int, Placement, Array]]:
    """Number, copy's number, placement and pose of every solid copy of a tag."""
    for number_, placement in enumerate(server.episode.town.static):
        if placement.solid and tag in (ANY, placement.tag):
            for copy, pose in enumerate(placement.world_from_mesh):
                yield number_, copy, placement, pose


@lru_cache(maxsize=1024)
def _bounds(mesh: Mesh) -> tuple[Array, Array]:
    """Corners (3,) of a mesh's own box [m]; copies of it share them."""
    return mesh.vertices.min(axis=0).astype(np.float64), mesh.vertices.max(axis=0).astype(np.float64)


def _box(placement: Placement, pose: Array) -> list[Any]:
    low, high = _bounds(placement.lods[0])
    scale = np.linalg.norm(pose[:3, :3], axis=0)
    world_from_box = pose.copy()
    world_from_box[:3, 3] = pose[:3, :3] @ ((low + high) / 2) + pose[:3, 3]
    world_from_box[:3, :3] /= scale
    return wire.encode_box(world_from_box, (high - low) * scale)


@query(integer)
def get_all_level_BBs(server: Server, tag: int) -> list[Any]:
    """Boxes of the map's objects of a tag."""
    return [_box(placement, pose) for _, _, placement, pose in _objects(server, tag)]


@query(integer)
def get_environment_objects(server: Server, tag: int) -> list[Any]:
    """The map's objects of a tag."""
    return [
        [
            wire.encode_transform(pose),
            _box(placement, pose),
            number_ << 32 | copy + 1,
            f"{Tag(placement.tag).name.lower()}_{number_}_{copy}",
            int(placement.tag),
        ]
        for number_, copy, placement, pose in _objects(server, tag)
    ]


@query()
def get_names_of_all_objects(server: Server) -> list[str]:
    """Names as in ``get_environment_objects``."""
    return [f"{Tag(placement.tag).name.lower()}_{n}_{copy}" for n, copy, placement, _ in _objects(server, ANY)]


def _cast(server: Server, origin: Array, direction: Array) -> tuple[float, int]:
    """Distance [m] to the nearest surface, inf for none, and its tag."""
    scene = server.moment.scene if server.moment is not None else server.episode.world.scene()
    caster = server.renderers.caster(scene)
    hits = caster.cast(origin[None].astype(np.float32), direction[None].astype(np.float32), np.ones(1, np.float32))
    return float(hits.distance[0]), int(hits.tag[0])


@query(vector, vector, number)
def project_point(server: Server, origin: Array, direction: Array, distance: float) -> list[Any]:
    """The first surface on a ray."""
    length = float(np.linalg.norm(direction))
    reach, tag = _cast(server, origin, direction / length) if length else (np.inf, 0)
    if reach > distance:
        return [False, [[0.0, 0.0, 0.0], 0]]
    return [True, [wire.encode_vector(origin + direction / length * reach), tag]]


@query(vector, vector)
def cast_ray(server: Server, start: Array, end: Array) -> list[Any]:
    """All surfaces between two points, in order."""
    length = float(np.linalg.norm(end - start))
    points: list[Any] = []
    if not length:
        return points
    direction, gone = (end - start) / length, 0.0
    while gone < length:
        reach, tag = _cast(server, start + direction * gone, direction)
        gone += reach
        if gone > length:
            break
        points.append([wire.encode_vector(start + direction * gone), tag])
        gone += STEP_ON
    return points


unsupported(
    commands=(
        "apply_color_texture_to_objects",
        "apply_float_color_texture_to_objects",
        "enable_environment_objects",
        "set_annotations_traverse_translucency",
    ),
)
