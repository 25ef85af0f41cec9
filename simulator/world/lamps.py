"""The lights of a town: street lamps and windows, what clients set of them, and night and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderers.scene import Lights, Placement
from simulator.world.furniture import Furniture, LightGroup

Array = NDArray[np.float64]

DUSK = 0.0
"""Sun altitude [rad] under which lamps go on; CARLA's night begins where the sun sets."""
CANDELA = 1.0 / 6000.0
"""Radiant intensity in the renderer's unit for a lumen: a street lamp of 6000 lm has 1."""


@dataclass(frozen=True)
class LightState:
    """One light. ``intensity`` [lm], ``color`` sRGB 0..255, ``group``: CARLA's number of a ``LightGroup``."""

    intensity: float
    group: int
    color: tuple[int, int, int]
    active: bool


class Lamps:
    """The lights of a town's things, numbered from 1 in the order of the town's placements.

    Attributes:
        places: (N, 3) [m]. rows: (N,) the copy of the level that each belongs to.
        states: what each is set to.
        automatic: whether they follow the sun.
    """

    def __init__(self, static: Sequence[Placement], first: NDArray[np.int64]) -> None:
        places, rows = [np.zeros((0, 3))], [np.zeros(0, np.int64)]
        self.states: list[LightState] = []
        casts: list[bool] = []
        for number, placement in enumerate(static):
            if isinstance(placement, Furniture) and placement.lamp is not None:
                lamp, count = placement.lamp, len(placement.world_from_mesh)
                places.append(placement.lamp_places())
                rows.append(first[number] + np.arange(count))
                casts += [lamp.casts] * count
                self.states += [LightState(lamp.intensity, int(lamp.group), lamp.color, False)] * count
        self.places: Array = np.concatenate(places)
        self.rows: NDArray[np.int64] = np.concatenate(rows)
        self.automatic = True
        self._casts = np.array(casts, bool)
        self._night = False
        self._lights: Lights | None = None

    def follow(self, sun_altitude: float) -> bool:
        """Switches all at dusk and dawn; whether anything changed."""
        night = sun_altitude < DUSK
        if night == self._night or not self.automatic:
            return False
        self._night = night
        kept = (int(LightGroup.STREET), int(LightGroup.BUILDING))
        self.states = [
            LightState(state.intensity, state.group, state.color, night) if state.group in kept else state
            for state in self.states
        ]
        self._lights = None
        return bool(self.states)

    def set(self, number: int, state: LightState) -> bool:
        """Sets a light by its number; False when there is none."""
        if not 1 <= number <= len(self.states):
            return False
        self.states[number - 1] = state
        self._lights = None
        return True

    @property
    def lit(self) -> NDArray[np.bool_]:
        """Which (N,) are on."""
        return np.array([state.active and state.intensity > 0 for state in self.states], bool)

    def lights(self, there: NDArray[np.bool_]) -> Lights:
        """What lights the scene: the lamps that are on, of copies that are ``there`` (rows of the level)."""
        if self._lights is None:
            on = np.flatnonzero(self.lit & self._casts & there[self.rows])
            color = np.array([self.states[k].color for k in on], float).reshape(-1, 3) / 255
            intensity = np.array([self.states[k].intensity for k in on]) * CANDELA
            self._lights = Lights(self.places[on], color**2.2 * intensity[:, None])
        return self._lights

    def forget(self) -> None:
        """To be called when what is there has changed."""
        self._lights = None
