"""Who waits at stop and yield signs, as CARLA's signs tell its vehicles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.world.bodies import Body
from simulator.world.signage import Kind, Signage
from simulator.world.zones import Plans, Zones

STOP_TIME = 2.0
"""[s] that a vehicle stays at a stop sign at least (UStopSignComponent)."""


class RightOfWay:
    """The stop and yield signs of a town during an episode."""

    def __init__(self, signage: Signage) -> None:
        signs = [sign for sign in signage.signs if sign.kind in (Kind.STOP, Kind.YIELD)]
        self._stops = np.array([sign.kind is Kind.STOP for sign in signs], bool)
        self._held = Zones([(volume.world_from_box, volume.half) for sign in signs for volume in sign.volumes])
        self._held_sign = np.repeat(np.arange(len(signs)), [len(sign.volumes) for sign in signs])
        self._watched = Zones([box for sign in signs for box in sign.watched])
        self._watched_sign = np.repeat(np.arange(len(signs)), [len(sign.watched) for sign in signs])
        self._since: dict[tuple[int, int], float] = {}

    def __bool__(self) -> bool:
        return len(self._held) > 0

    def step(self, vehicles: Sequence[Body], outlines: Plans, dt: float) -> frozenset[int]:
        """Actor ids of those that must wait: at a stop sign for its time, at both while others cross before them."""
        who, which = self._held.meets(outlines)
        facing = self._held.along(outlines, who, which) > 0
        pairs = sorted(set(zip(who[facing].tolist(), self._held_sign[which[facing]].tolist(), strict=True)))
        if not pairs:
            self._since = {}
            return frozenset()
        at_sign = {vehicle for vehicle, _ in pairs}
        others, zones = self._watched.meets(outlines)
        crossed = {
            sign
            for vehicle, sign in zip(others.tolist(), self._watched_sign[zones].tolist(), strict=True)
            if vehicle not in at_sign  # who waits at another sign does not cross
        }
        since: dict[tuple[int, int], float] = {}
        waiting = set()
        for vehicle, sign in pairs:
            key = vehicles[vehicle].actor_id, sign
            since[key] = self._since.get(key, -dt) + dt
            if sign in crossed or (self._stops[sign] and since[key] < STOP_TIME):
                waiting.add(key[0])
        self._since = since
        return frozenset(waiting)
