"""CARLA's frame (left-handed, y right, degrees) to ours (right-handed, y left, radians) and back. Nowhere else."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MIRROR = np.diag([1.0, -1.0, 1.0])
"""Its own inverse: v_ours = MIRROR @ v_carla, R_ours = MIRROR @ R_carla @ MIRROR."""


def matrix_from_carla(x: float, y: float, z: float, pitch: float, yaw: float, roll: float) -> NDArray[np.float64]:
    """CARLA transform [m, deg] -> our pose (4, 4) float64.

    The rotation is Unreal's: roll about x, then pitch about y, then yaw about z, as ``carla.Transform.get_matrix``.
    """
    p, w, r = math.radians(pitch), math.radians(yaw), math.radians(roll)
    cp, sp, cy, sy, cr, sr = math.cos(p), math.sin(p), math.cos(w), math.sin(w), math.cos(r), math.sin(r)
    # Unreal's matrix with the signs of MIRROR on both sides already worked in.
    return np.array(
        [
            [cp * cy, -(cy * sp * sr - sy * cr), -cy * sp * cr - sy * sr, x],
            [-cp * sy, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr, -y],
            [sp, cp * sr, cp * cr, z],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )


def carla_from_matrix(pose: NDArray[np.float64]) -> tuple[float, float, float, float, float, float]:
    """Our pose (4, 4) -> CARLA's x, y, z [m], pitch, yaw, roll [deg]."""
    pitch = math.asin(max(-1.0, min(1.0, float(pose[2, 0]))))
    yaw = math.atan2(-pose[1, 0], pose[0, 0])
    roll = math.atan2(pose[2, 1], pose[2, 2])
    x, y, z = (float(v) for v in pose[:3, 3])
    return x, -y, z, math.degrees(pitch), math.degrees(yaw), math.degrees(roll)
