"""Still things that stop a car."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.tags import Tag


@dataclass(eq=False)
class Obstacle:
    """An upright cylinder (``radius`` above 0) or box.

    Attributes:
        center: (3,) [m], its middle.
        size: (length, width, height) [m].
        yaw: [rad], direction of the length.
        radius: [m]; 0 is a box.
        tag: semantic tag.
    """

    center: NDArray[np.float64]
    size: tuple[float, float, float]
    yaw: float
    radius: float
    tag: Tag


def cylinder(foot: NDArray[np.float64], radius: float, height: float, tag: Tag) -> Obstacle:
    """A cylinder that stands on ``foot`` (3,) [m]."""
    center = np.array([foot[0], foot[1], foot[2] + height / 2])
    return Obstacle(center, (2 * radius, 2 * radius, height), 0.0, radius, tag)
