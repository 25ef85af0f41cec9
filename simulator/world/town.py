"""A place: what is drawn of it, where the ground lies, where vehicles may start and what stands in their way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assets import maps
from renderers.scene import Placement
from simulator.world import store
from simulator.world.biome import BIOMES
from simulator.world.footing import Footing, Ground
from simulator.world.generation import STANDARD, Generation
from simulator.world.obstacle import Obstacle
from simulator.world.opendrive import Network, read
from simulator.world.signage import Signage, signage
from simulator.world.spawns import spawn_points

Array = NDArray[np.float64]

ROAD_FRICTION = 0.9
"""Tyre friction coefficient of dry asphalt (e.g. Wong, Theory of Ground Vehicles, table 1.4: 0.8-0.9)."""


@dataclass(frozen=True, eq=False)
class Town:
    """The still part of the world, right-handed, z up.

    Attributes:
        name: the map's name; opendrive: its OpenDRIVE text.
        static: everything that is drawn and does not move.
        spawn_points: (4, 4) ``world_from_body`` each, half a metre above driving lanes, x along the traffic.
        geo_reference: (latitude, longitude) [deg] of the origin.
        obstacles: trunks, poles, posts.
        network: the roads, read. signage: traffic lights and signs.
        generation: how the place was made of them.
    """

    name: str
    opendrive: str
    static: tuple[Placement, ...]
    spawn_points: tuple[Array, ...]
    geo_reference: tuple[float, float]
    obstacles: tuple[Obstacle, ...]
    network: Network
    signage: Signage
    generation: Generation
    _footing: Footing = field(repr=False)
    _land_friction: float = field(repr=False)

    def ground(self, points: Array) -> tuple[Array, Array]:
        """Heights (N,) [m] and unit normals (N, 3) of what is drawn under ``points`` (N, 2 or 3) [m].

        With a third coordinate, the surface nearest below it: under a bridge the road there (``Footing``). Raises
        ValueError for points beyond the horizon, some 3 km away from the roads.
        """
        heights, normals, _ = self._footing(points)
        return heights, normals

    @property
    def ground_digest(self) -> bytes:
        """What tells this ground from any other."""
        return self._footing.digest

    def friction(self, points: Array) -> Array:
        """Tyre friction coefficient (N,) of the dry ground under ``points`` (N, 2 or 3) [m]."""
        return np.where(self._footing.kinds(points) == 0, ROAD_FRICTION, self._land_friction)


@dataclass(frozen=True, eq=False)
class _Place:
    """What is slow to build: placements, obstacles, signs, and (vertices, faces, normals) of pavement and land."""

    static: tuple[Placement, ...]
    ground: tuple[Ground, Ground]
    obstacles: tuple[Obstacle, ...]
    signage: Signage


def load_town(
    name: str | None = None, opendrive: str | None = None, seed: int = 0, generation: Generation = STANDARD
) -> Town:
    """The town of a built-in map by ``name``, or around any ``opendrive`` text, which may be given a name.

    ``seed`` draws the land's shape and all that grows on it. A text whose header names a built-in map gets its
    landscape. Raises ValueError for neither argument, unknown names, and text that is not OpenDRIVE.
    """
    if opendrive is None:
        if name is None:
            raise ValueError("give either the name of a built-in map or an OpenDRIVE text")
        if name not in maps.names():
            raise ValueError(f"no built-in map {name!r}; there are: {', '.join(maps.names())}")
        opendrive = maps.path(str(name)).read_text(encoding="utf-8")
    network = read(opendrive)
    biome = BIOMES[maps.biome(network.name) if network.name in maps.names() else "temperate"]

    def build() -> _Place:
        # imported here: a server that starts with a kept place does without
        from simulator.world import dressing, road, street_signs, terrain

        surface = road.build(network, generation)
        land = terrain.build(surface, biome, seed)
        ground = (surface.solid, (land.vertices, land.faces, land.normals))
        footing = Footing(ground)
        dressed = dressing.build(network, surface, footing, biome, seed)
        signs = signage(network, footing)
        lines = road.stop_lines(network, signs, surface)
        posts = street_signs.furniture(signs)
        placements = (*surface.placements, *lines, *land.placements, *dressed.placements, *posts)
        stops = (obstacle for post in posts for found in post.obstacles for obstacle in found)
        return _Place(placements, ground, (*surface.obstacles, *dressed.obstacles, *stops), signs)

    place = store.kept(opendrive, seed, generation, build)
    return Town(
        name=name or network.name or "OpenDriveMap",
        opendrive=opendrive,
        static=place.static,
        spawn_points=spawn_points(network, place.obstacles),
        geo_reference=network.origin,
        obstacles=place.obstacles,
        network=network,
        signage=place.signage,
        generation=generation,
        _footing=Footing(place.ground),
        _land_friction=biome.friction,
    )
