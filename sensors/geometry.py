"""Rotations, rigid transforms, boxes and pinhole projection.

Transforms are (4, 4) float64 named ``a_from_b``; quaternions are w, x, y, z. A box has its origin in its centre, x
forward, y left, z up, and a size (length, width, height) along these axes.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderers.scene import Pinhole

_SIGNS = np.array([[x, y, z] for x in (0.5, -0.5) for y in (0.5, -0.5) for z in (0.5, -0.5)])
_EDGES = np.array([[a, b] for a in range(8) for b in range(a + 1, 8) if np.sum(_SIGNS[a] != _SIGNS[b]) == 1])

NEAR = 0.05
"""Nearest depth [m] that is projected; what lies before it is cut off."""


def quaternion_matrix(quaternion: ArrayLike) -> NDArray[np.float64]:
    """Rotation matrix (..., 3, 3) of a quaternion (..., 4) w, x, y, z."""
    from scipy.spatial.transform import Rotation  # a fifth of a server's start, which can do without

    return Rotation.from_quat(np.asarray(quaternion, np.float64)[..., [1, 2, 3, 0]]).as_matrix()


def matrix_quaternion(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit quaternion (..., 4) w, x, y, z, w >= 0, of a rotation or rigid transform (..., 3|4, 3|4)."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_matrix(matrix[..., :3, :3]).as_quat(canonical=True)[..., [3, 0, 1, 2]]


def rigid(quaternion: ArrayLike, translation: ArrayLike) -> NDArray[np.float64]:
    """Rigid transform (4, 4) from a quaternion w, x, y, z and a translation (3,)."""
    transform = np.eye(4)
    transform[:3, :3] = quaternion_matrix(quaternion)
    transform[:3, 3] = translation
    return transform


def inverse(transform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of rigid transforms (..., 4, 4), by transposition."""
    rotation = np.swapaxes(transform[..., :3, :3], -1, -2)
    result = np.zeros_like(transform)
    result[..., :3, :3] = rotation
    result[..., :3, 3] = -(rotation @ transform[..., :3, 3, None])[..., 0]
    result[..., 3, 3] = 1
    return result


def transformed(a_from_b: NDArray[np.float64], points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Points (..., 3) of frame b in frame a."""
    return points @ a_from_b[:3, :3].T + a_from_b[:3, 3]


def yaw(world_from_body: NDArray[np.float64]) -> float:
    """Heading [rad] of a body's x axis in the ground plane, counter-clockwise from world x."""
    return float(np.arctan2(world_from_body[1, 0], world_from_body[0, 0]))


def box_corners(a_from_box: NDArray[np.float64], size: Sequence[float]) -> NDArray[np.float64]:
    """Corners (8, 3) of a box in frame a; front before back, left before right, top before bottom."""
    return transformed(a_from_box, _SIGNS * np.asarray(size, np.float64))


def inside_box(
    a_from_box: NDArray[np.float64], size: Sequence[float], points: NDArray[np.floating], margin: float = 0.0
) -> NDArray[np.bool_]:
    """Which points (N, 3) of frame a lie in the box, grown by a margin [m] on every side: (N,) bool."""
    local = transformed(inverse(a_from_box), points)
    return np.all(np.abs(local) <= np.asarray(size) / 2 + margin, axis=-1)


def project(camera: Pinhole, points: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Projects points (N, 3) of the camera frame.

    Returns:
        pixels (N, 2) float64, the centre of the top-left pixel being (0, 0), and depths (N,) [m]. Pixels of points at
        or behind the camera are NaN.
    """
    exact = points.astype(np.float64)
    depth = exact[:, 2]
    in_front = np.where(depth > 0, depth, np.nan)[:, None]
    return exact[:, :2] / in_front * (camera.fx, camera.fy) + (camera.cx, camera.cy), depth


def unproject(camera: Pinhole, pixels: NDArray[np.floating], depth: NDArray[np.floating]) -> NDArray[np.float64]:
    """Points (N, 3) of the camera frame [m] at pixels (N, 2) (centre convention) and depths (N,) [m]."""
    rays = (np.asarray(pixels, np.float64) - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
    return np.concatenate([rays, np.ones((len(rays), 1))], axis=1) * np.asarray(depth, np.float64)[:, None]


def box_outline(
    camera: Pinhole, camera_from_box: NDArray[np.float64], size: Sequence[float]
) -> NDArray[np.float64] | None:
    """Convex outline of a box's projection, its part before the near plane cut off.

    Returns:
        (K, 2) float64 [px], corner convention (pixel (u, v) is (u, v, u+1, v+1)), also beyond the picture's border;
        None when the box lies wholly behind the camera.
    """
    corners = box_corners(camera_from_box, size)
    start, end = corners[_EDGES[:, 0]], corners[_EDGES[:, 1]]
    crossing = (start[:, 2] < NEAR) != (end[:, 2] < NEAR)
    start, end = start[crossing], end[crossing]
    share = (NEAR - start[:, 2]) / (end[:, 2] - start[:, 2])
    points = np.concatenate([corners[corners[:, 2] >= NEAR], start + share[:, None] * (end - start)])
    if len(points) < 3:
        return None
    pixels = project(camera, points)[0] + 0.5
    return cv2.convexHull(pixels.astype(np.float32))[:, 0].astype(np.float64)


def clip_box(
    box: tuple[float, float, float, float], width: int, height: int
) -> tuple[float, float, float, float] | None:
    """The part of a 2D box (corner convention [px]) inside a picture, or None when it lies outside."""
    x0, y0, x1, y1 = max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(width)), min(box[3], float(height))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
