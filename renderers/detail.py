"""The one rule by which still things lose detail with distance: cameras and rays meet the same triangles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderers import bounds
from renderers.scene import Placement

NEAR = 130.0
"""[m] Nearer than this everything has its finest level: farther than LiDARs on cars see, so that what they meet does
not depend on where exactly a camera stands. Every doubling of the distance takes one level more."""


def levels(distance: NDArray[np.float64], available: NDArray[np.int64]) -> NDArray[np.int64]:
    """Levels of detail (N,), 0 the finest, of things at ``distance`` (N,) [m] with so many ``available`` (N,)."""
    return np.minimum(np.ceil(np.log2(np.maximum(distance / NEAR, 1.0))).astype(np.int64), available - 1)


def spheres(placement: Placement) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres (N, 3) and radii (N,) [m] of spheres around the copies; distances to them are told from the centres."""
    center, radius = bounds.sphere(placement.lods)
    linear = placement.world_from_mesh[:, :3, :3]
    return linear @ center + placement.world_from_mesh[:, :3, 3], bounds.largest_scale(linear) * radius
