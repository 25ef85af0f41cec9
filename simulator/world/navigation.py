"""The navigation mesh: where CARLA's client lets its pedestrians walk. Kept in the cache; ``navmesh`` makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.world import store
from simulator.world.generation import Generation
from simulator.world.obstacle import Obstacle
from simulator.world.opendrive import Network

Array = NDArray[np.float64]

MODULES = (
    "assets.tags",
    *(f"simulator.world.{name}" for name in (
        "curves", "detour", "navmesh", "obstacle", "opendrive", "tessellation", "walkways"
    )),
)  # fmt: skip
"""The code that shapes a mesh."""


class Town(Protocol):
    """What is needed of a town."""

    @property
    def opendrive(self) -> str: ...

    @property
    def generation(self) -> Generation: ...

    @property
    def network(self) -> Network: ...

    @property
    def obstacles(self) -> Sequence[Obstacle]: ...

    @property
    def ground_digest(self) -> bytes: ...

    def ground(self, points: Array) -> tuple[Array, Array]: ...


def mesh(town: Town) -> bytes:
    """Detour's tile set of sidewalks, crosswalks, roads and verges of a town, built or from the cache; b"" for a town
    that is not to be walked upon. Raises RuntimeError when the cached file is damaged."""
    if not town.generation.walkable:
        return b""

    def build() -> bytes:
        from simulator.world import navmesh  # slow to import; a mesh in the cache needs none of it

        return navmesh.build(town)

    return store.filed("navigation", _fingerprint(town), MODULES, build)


def _fingerprint(town: Town) -> bytes:
    """What shapes the mesh: roads, obstacles and the ground."""
    things = np.array([(*thing.center, *thing.size, thing.yaw, thing.radius) for thing in town.obstacles])
    return b"".join((town.opendrive.encode(), repr(town.generation).encode(), town.ground_digest, things.tobytes()))
