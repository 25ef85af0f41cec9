"""The street lamps that light a picture: those nearest to the eye."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderers.scene import Lights

MOST = 16
"""Lamps in one picture, as in surface.frag."""
INTENSITY = 4.2
"""Of a lamp of power 1 straight below it, over the square of metres: a pool of light under a lamp of 8 m that stands
out from the raised night sky of ``renderers.lighting`` as a low beam does."""


def uniforms(lights: Lights, eye: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """``lamp_places`` (4, MOST): relative to ``eye`` (3,), and 1 or 0 for none; ``lamp_powers`` (4, MOST): RGB."""
    places, powers = np.zeros((4, MOST)), np.zeros((4, MOST))
    relative = lights.places - eye
    nearest = np.argsort((relative**2).sum(axis=1), kind="stable")[:MOST]
    places[:3, : len(nearest)], places[3, : len(nearest)] = relative[nearest].T, 1.0
    powers[:3, : len(nearest)] = INTENSITY * lights.power[nearest].T
    return {"lamp_places": places, "lamp_powers": powers}
