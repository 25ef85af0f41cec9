"""What stands beside the road: plants, stones, posts, poles, wires, fences and signs."""

from __future__ import annotations

from dataclasses import dataclass

from renderers.scene import Placement
from simulator.world.biome import Biome
from simulator.world.footing import Footing
from simulator.world.obstacle import Obstacle
from simulator.world.opendrive import Network
from simulator.world.road import Surface


@dataclass(frozen=True, eq=False)
class Dressing:
    """Placements to draw, and the obstacles among them."""

    placements: tuple[Placement, ...]
    obstacles: tuple[Obstacle, ...]


def build(network: Network, surface: Surface, footing: Footing, biome: Biome, seed: int) -> Dressing:
    return Dressing((), ())
