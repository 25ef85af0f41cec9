"""Projection through a rig's cameras, and CARLA's picture codecs, vectorised.

Pictures are (H, W, 4) uint8 BGRA, as a ``carla.Image``'s raw data.

Layout of the depth and instance pictures: CARLA 0.9.16 documentation, "Sensors reference".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sensors import geometry

if TYPE_CHECKING:
    from sensors.specs import CameraSpec  # by pydantic, which a server does without

FAR = 1000.0
"""Depth [m] of CARLA's far plane, which the sky has."""

_LEVELS = 2**24 - 1


def project(spec: CameraSpec, points: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Projects points (N, 3) of the camera frame through the camera's lens.

    Returns:
        pixels (N, 2) float64, the centre of the top-left pixel being (0, 0), and depths (N,) [m] along the axis. Pixels
        of points that no light reaches the picture from (behind it, outside the image circle) are NaN.
    """
    if spec.distortion is None:
        return geometry.project(spec.pinhole, points)
    pixels = spec.distortion.project(points) * (spec.fx, spec.fy) + (spec.cx, spec.cy)
    return pixels, np.asarray(points[:, 2], np.float64)


def unproject(spec: CameraSpec, pixels: NDArray[np.floating], depth: NDArray[np.floating]) -> NDArray[np.float64]:
    """Points (N, 3) of the camera frame [m] at pixels (N, 2) (centre convention) and depths (N,) [m] along the axis."""
    if spec.distortion is None:
        return geometry.unproject(spec.pinhole, pixels, depth)
    rays = spec.distortion.unproject((np.asarray(pixels, np.float64) - (spec.cx, spec.cy)) / (spec.fx, spec.fy))
    return rays / rays[:, 2:] * np.asarray(depth, np.float64)[:, None]


def bgra(raw: bytes | memoryview, width: int, height: int) -> NDArray[np.uint8]:
    """View (H, W, 4) of an image message's raw bytes, without a copy."""
    return np.frombuffer(raw, np.uint8).reshape(height, width, 4)


def decode_rgb(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB (H, W, 3), contiguous, of a colour picture."""
    return np.ascontiguousarray(picture[..., 2::-1])


def decode_depth(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Depth (H, W) float32 [m] along the optical axis of a depth picture; inf at the far plane (sky).

    depth = (R + 256 G + 65536 B) / (2^24 - 1) * 1000 m: steps of 0.06 mm.
    """
    level = np.ascontiguousarray(picture).view(">u4")[..., 0] >> 8
    metres = (level * (FAR / _LEVELS)).astype(np.float32)
    metres[level == _LEVELS] = np.inf
    return metres


def depth_picture(metres: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Depth picture (H, W, 4) BGRA of depths (H, W) [m]; what lies beyond the far plane is put on it."""
    level = np.rint(np.clip(metres, 0, FAR) * (_LEVELS / FAR)).astype(np.uint32)
    return ((level << 8) | 255).astype(">u4").view(np.uint8).reshape(*level.shape, 4)


def decode_normals(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """World normals (H, W, 3) float32, right-handed, unit, of a normals picture; its middle, the sky, is zeros.

    CARLA 0.9.16: x east, y south, z up, [-1, 1] as [0, 255].
    """
    vectors = (picture[..., 2::-1].astype(np.float32) - 127.5) / 127.5 * np.array([1, -1, 1], np.float32)
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 0.5, vectors / np.maximum(length, 1e-6), 0).astype(np.float32)


def decode_flow(picture: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Where each point was one tick ago, minus where it is now (H, W, 2) [px], of a flow picture (H, W, 2).

    CARLA 0.9.16: motion from the last tick to this in normalised device coordinates, y up; ``width`` and ``height`` are
    of the camera's whole picture.
    """
    return (picture * np.array([-width / 2, height / 2], np.float32)).astype(np.float32)


def decode_semantic(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Tags (H, W) uint8 of a semantic or instance picture: its red channel."""
    return np.ascontiguousarray(picture[..., 2])


def semantic_picture(tag: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Semantic picture (H, W, 4) BGRA of tags (H, W)."""
    picture = np.zeros((*tag.shape, 4), np.uint8)
    picture[..., 2] = tag
    picture[..., 3] = 255
    return picture


def decode_instance(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Tags (H, W) uint8 and actor ids (H, W) uint16 (their low 16 bits) of an instance picture.

    R is the tag, G the id's low byte, B its high byte.
    """
    identity = np.ascontiguousarray(picture).view(">u2")[..., 0].astype(np.uint16)
    return decode_semantic(picture), identity


def instance_picture(tag: NDArray[np.uint8], identity: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Instance picture (H, W, 4) BGRA of tags (H, W) and ids (H, W), of which the low 16 bits are kept."""
    picture = semantic_picture(tag)
    picture[..., 0] = identity >> 8 & 255
    picture[..., 1] = identity & 255
    return picture
