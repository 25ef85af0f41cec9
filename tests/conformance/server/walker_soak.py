"""AI walkers through the real client: starting them, and how they get on over minutes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import carla
import numpy as np


@dataclass
class Walkers:
    """Walkers under the client's own AI.

    Attributes:
        places: where each was at each look [m], CARLA's frame, feet; one look a second of simulation.
        states: for each look, whether the client still knew it.
    """

    world: Any
    people: list[Any]
    controllers: list[Any]
    places: list[list[tuple[float, float, float]]] = field(default_factory=list)

    def look(self) -> None:
        """Notes where all are now."""
        self.places.append([(p.x, p.y, p.z) for p in (person.get_location() for person in self.people)])

    def walked(self) -> np.ndarray:
        """Metres that each has gone, (N,)."""
        return self._steps().sum(axis=0)

    def longest_stand(self, pace: float = 0.2) -> np.ndarray:
        """The most looks in a row between which each went less than ``pace`` [m], (N,)."""
        slow = self._steps() < pace
        longest = np.zeros(slow.shape[1], dtype=int)
        current = np.zeros_like(longest)
        for row in slow:
            current = np.where(row, current + 1, 0)
            longest = np.maximum(longest, current)
        return longest

    def leaps(self) -> float:
        """The farthest that anyone went between two looks [m]."""
        return float(self._steps().max())

    def _steps(self) -> np.ndarray:
        return np.linalg.norm(np.diff(np.array(self.places)[..., :2], axis=0), axis=-1)

    def destroy(self) -> None:
        for controller in self.controllers:
            controller.stop()
            controller.destroy()
        for person in self.people:
            person.destroy()
        self.world.tick()


def start_walkers(world: Any, count: int, seed: int = 1, crossing: float = 0.5, speed: float = 1.4) -> Walkers:
    """``count`` people at random places of the navigation mesh, who go from one random place to the next.

    The world is synchronous; it is ticked. Places that are taken are passed over, so there may be fewer.
    """
    draw = random.Random(seed)
    world.set_pedestrians_seed(seed)
    world.set_pedestrians_cross_factor(crossing)
    library = world.get_blueprint_library()
    kinds = sorted(library.filter("walker.pedestrian.*"), key=lambda kind: kind.id)
    people = []
    for _ in range(3 * count):
        place = world.get_random_location_from_navigation()
        kind = draw.choice(kinds)
        kind.set_attribute("is_invincible", "false")
        person = world.try_spawn_actor(kind, carla.Transform(place + carla.Location(z=1.0)))
        people += [person] if person is not None else []
        if len(people) == count:
            break
    controllers = [
        world.spawn_actor(library.find("controller.ai.walker"), carla.Transform(), person) for person in people
    ]
    world.tick()
    for controller in controllers:
        controller.start()
        controller.go_to_location(world.get_random_location_from_navigation())
        controller.set_max_speed(speed)
    return Walkers(world, people, controllers)
