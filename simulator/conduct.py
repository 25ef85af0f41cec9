"""What objects do that no single tick shows: which vehicles are parked, and which people sit or lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.taxonomy import category as taxonomy_row

MOVED = 0.1
"""[m] over the ground from where it was first met, beyond which a vehicle is not parked."""

LYING = 0.6
"""Share of its standing height below which a person sits or lies."""


@dataclass
class _Met:
    actor: Any
    place: NDArray[np.float64] | None = None
    moved: bool = False


class Conduct:
    """Remembers the actors of a scene, as the official client knows them."""

    def __init__(self) -> None:
        self._met: dict[int, _Met] = {}

    def meet(self, actor: Any) -> None:
        """Remembers an actor."""
        self._met[actor.id] = _Met(actor)

    def states(
        self, actor_id: int, category: str, world_from_box: NDArray[np.float64], size: tuple[float, float, float]
    ) -> dict[str, bool]:
        """``parked`` and ``sitting`` for `sensors.labels.object_state`, of an actor that was met.

        Parked: it has not moved since it was first asked for, and nobody has a foot on its pedals.
        """
        met, group = self._met[actor_id], taxonomy_row(category).nuscenes
        if group.startswith("vehicle"):
            place = world_from_box[:2, 3]
            met.place = place if met.place is None else met.place
            met.moved = met.moved or bool(np.linalg.norm(place - met.place) > MOVED)
            return {"parked": not met.moved and _unattended(met.actor.get_control())}
        if group.startswith("human"):
            standing = 2 * met.actor.bounding_box.extent.z
            return {"sitting": category == "wheelchair" or size[2] < LYING * standing}
        return {}


def _unattended(control: Any) -> bool:
    return control.throttle == 0 and (control.brake == 0 or control.hand_brake)
