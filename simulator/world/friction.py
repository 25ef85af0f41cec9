"""Volumes that change the tyres of the vehicles in them: oil, ice, gravel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.world.bodies import Array, angles
from simulator.world.collisions import PRISM, overlap
from simulator.world.encounters import prisms
from simulator.world.physics import VehiclePhysics
from simulator.world.vehicles import VehicleBody


class FrictionVolume:
    """An upright box in which vehicles have tyres of ``friction`` (``physics.Wheel.tire_friction``).

    As in CARLA a vehicle gets them when it first touches the box and gets its own back when it has left.

    Args:
        world_from_box: (4, 4). half: half its edges (3,) [m].
    """

    def __init__(self, world_from_box: Array, half: Sequence[float], friction: float) -> None:
        self.friction = friction
        self._box = np.zeros(1, PRISM)
        yaw = angles(world_from_box)[0]
        center = world_from_box[:3, 3]
        self._box["center"], self._box["axis"] = center[:2], (np.cos(yaw), np.sin(yaw))
        self._box["half"] = half[:2]
        self._box["low"], self._box["high"] = center[2] - half[2], center[2] + half[2]
        self._inside: dict[int, VehiclePhysics] = {}

    def act(self, vehicles: Sequence[VehicleBody]) -> None:
        """Changes the tyres of those that have come in or gone out since the last time."""
        if not vehicles:
            return
        shapes = prisms(vehicles)
        depth, _ = overlap(np.repeat(self._box, len(shapes)), shapes)
        for body, deep in zip(vehicles, depth, strict=True):
            before = self._inside.get(body.actor_id)
            if deep > 0 and before is None:
                self._inside[body.actor_id] = body.physics
                body.equip(body.physics.with_friction(self.friction))
            elif deep <= 0 and before is not None:
                self._leave(body)
        here = {body.actor_id for body in vehicles}
        self._inside = {actor_id: own for actor_id, own in self._inside.items() if actor_id in here}

    def _leave(self, body: VehicleBody) -> None:
        own = self._inside.pop(body.actor_id)
        body.equip(body.physics.with_wheels_of(own))

    def end(self, vehicles: Sequence[VehicleBody]) -> None:
        """The volume goes: all get their own tyres back."""
        for body in vehicles:
            if body.actor_id in self._inside:
                self._leave(body)
