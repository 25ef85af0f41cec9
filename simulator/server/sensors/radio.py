"""How far a V2X broadcast carries: path loss and fading at some GHz between cars.

The models that CARLA names: WINNER II with ETSI's shadowing (ETSI TR 103 257-1), or two-ray interference, knife edges
of vehicles (ITU-R P.526) and the log-distance law behind buildings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import cos, hypot, inf, log10, pi, sin, sqrt

import numpy as np

LIGHT = 299_792_458.0
"""[m/s]."""
PERMITTIVITY = 1.02
"""Of the ground, relative (Sommer and Dressler 2011, fitted on roads)."""


class Sight(Enum):
    """What stands between two antennas."""

    CLEAR = 0
    VEHICLES = 1
    BUILDING = 2


_FADING = {  # ETSI TR 103 257-1, table 6; rural is not in it and taken from between the others
    Sight.CLEAR: {"highway": 3.3, "rural": 4.25, "urban": 5.2},
    Sight.VEHICLES: {"highway": 3.8, "rural": 4.55, "urban": 5.3},
    Sight.BUILDING: {"highway": 6.8, "rural": 6.8, "urban": 6.8},
}
"""Standard deviation [dB] of shadow fading."""


@dataclass(frozen=True)
class Path:
    """The way between two antennas.

    Attributes:
        distance: [m]. heights: [m] of both above the ground.
        sight: what is in between. edges: (distance from one antenna, from the other, height above the straight line)
            [m] of each vehicle in between.
    """

    distance: float
    heights: tuple[float, float]
    sight: Sight
    edges: tuple[tuple[float, float, float], ...] = ()


class Channel:
    """A receiver's propagation settings."""

    def __init__(self, values: Mapping[str, str]) -> None:
        number = {name: float(values[name]) for name in _NUMBERS}
        if number["frequency_ghz"] <= 0 or number["d_ref"] <= 0:
            raise ValueError("frequency_ghz and d_ref must be more than 0")
        self.power, self.sensitivity = number["transmit_power"], number["receiver_sensitivity"]
        self.farthest = number["filter_distance"]
        self._gain = number["combined_antenna_gain"]
        self._exponent, self._reference = number["path_loss_exponent"], number["d_ref"]
        self._gigahertz = number["frequency_ghz"]
        self._wave = LIGHT / (self._gigahertz * 1e9)
        self._scenario, self._model = values["scenario"], values["path_loss_model"]
        etsi = values["use_etsi_fading"].lower() in ("true", "1")
        self._fading = None if etsi else number["custom_fading_stddev"]

    def received(self, power: float, path: Path, random: np.random.Generator) -> float:
        """Power [dBm] that arrives of one sent with ``power`` [dBm]; -inf when the receiver does not hear it."""
        sigma = _FADING[path.sight][self._scenario] if self._fading is None else self._fading
        loss = self._loss(path) + sigma * float(random.standard_normal())
        arrived = power + self._gain - loss
        return arrived if arrived >= self.sensitivity else -inf

    def _loss(self, path: Path) -> float:
        distance = max(path.distance, 0.1)
        if self._model == "winner":
            return self._winner(distance, path.sight) + self._knife_edge(path)
        if path.sight is Sight.BUILDING:
            free = 20 * log10(4 * pi * self._reference / self._wave)
            return free + 10 * self._exponent * log10(distance / self._reference)
        if path.sight is Sight.VEHICLES:
            return 20 * log10(4 * pi * distance / self._wave) + self._knife_edge(path)
        return self._two_rays(distance, *path.heights)

    def _winner(self, distance: float, sight: Sight) -> float:
        """WINNER II's line fits, as ETSI TR 103 257-1 gives them."""
        if sight is Sight.BUILDING:
            return 36.85 + 30 * log10(distance) + 18.9 * log10(self._gigahertz)
        if self._scenario == "highway":
            return 32.4 + 20 * log10(distance) + 20 * log10(self._gigahertz)
        return 38.77 + 16.7 * log10(distance) + 18.2 * log10(self._gigahertz)

    def _two_rays(self, distance: float, first: float, second: float) -> float:
        """The straight ray and the one that the road throws back (Sommer and Dressler 2011)."""
        level = sqrt(max(distance**2 - (first - second) ** 2, 1e-4))
        bounced = hypot(level, first + second)
        sine, cosine = (first + second) / bounced, level / bounced
        root = sqrt(PERMITTIVITY - cosine**2)
        gamma = (sine - root) / (sine + root)
        phase = 2 * pi / self._wave * (distance - bounced)
        field = hypot(1 + gamma * cos(phase), gamma * sin(phase))
        return 20 * log10(4 * pi * level / self._wave / max(field, 1e-6))

    def _knife_edge(self, path: Path) -> float:
        """The worst edge's loss (ITU-R P.526, approximation of the single knife edge)."""
        worst = 0.0
        for near, far, height in path.edges:
            v = height * sqrt(2 * (near + far) / (self._wave * max(near, 0.1) * max(far, 0.1)))
            if v >= -0.78:
                worst = max(worst, 6.9 + 20 * log10(sqrt((v - 0.1) ** 2 + 1) + v - 0.1))
        return worst


_NUMBERS = (
    "transmit_power", "receiver_sensitivity", "frequency_ghz", "combined_antenna_gain", "path_loss_exponent", "d_ref",
    "filter_distance", "custom_fading_stddev",
)  # fmt: skip
