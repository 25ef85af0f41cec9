"""Things that stand in a town as copies of one model: what they are called, what stops a car, which light they give."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from renderers.scene import Placement
from simulator.world.obstacle import Obstacle


class LightGroup(IntEnum):
    """CARLA's ``rpc::LightState::LightGroup``."""

    NONE = 0
    VEHICLE = 1
    STREET = 2
    BUILDING = 3
    OTHER = 4


@dataclass(frozen=True)
class Lamp:
    """The light that a copy of a thing gives when it is lit.

    Attributes:
        group: CARLA's light group; glass: the lamp group of its materials that glow.
        place: (3,) [m] in the mesh's frame, where the light leaves it; it shines downwards.
        intensity: CARLA's figure for it [lm]; color: sRGB 0..255.
        casts: whether it lights what stands around; windows only glow.
    """

    group: LightGroup
    glass: str
    place: tuple[float, float, float]
    intensity: float
    color: tuple[int, int, int]
    casts: bool = True


@dataclass(frozen=True, eq=False)
class Furniture(Placement):
    """Copies of one thing, each of them an object of the level.

    Attributes:
        name: of the model; the copies are numbered.
        obstacles: what stops a car, by copy; empty when nothing does.
        lamp: its light, if it has one.
    """

    name: str = ""
    obstacles: tuple[tuple[Obstacle, ...], ...] = ()
    lamp: Lamp | None = None

    def obstacles_of(self, copy: int) -> tuple[Obstacle, ...]:
        """What of a copy stops a car."""
        return self.obstacles[copy] if self.obstacles else ()

    def lamp_places(self) -> NDArray[np.float64]:
        """World places (N, 3) [m] of the copies' lamps."""
        if self.lamp is None:
            return np.zeros((0, 3))
        return self.world_from_mesh[:, :3, :3] @ np.array(self.lamp.place) + self.world_from_mesh[:, :3, 3]
