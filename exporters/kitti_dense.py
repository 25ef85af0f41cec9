"""KITTI's pictures of depth, flow, classes and instances, encoded as its development kits tell.

Depth: Uhrig et al., "Sparsity Invariant CNNs", 3DV 2017. Flow: Menze and Geiger, "Object Scene Flow for Autonomous
Vehicles", CVPR 2015. Classes and instances: Alhaija et al., "Augmented Reality Meets Computer Vision", IJCV 2018, with
the class numbers of Cityscapes (Cordts et al., CVPR 2016).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from exporters.publish import ExportError
from sensors.frames import CameraFrame
from sensors.motion import Motion
from sensors.taxonomy import CITYSCAPES

DEPTH_STEPS = 256
"""To a metre; 0 is no value, so depths end at 255.996 m."""

FLOW_STEPS, FLOW_ZERO = 64, 1 << 15
"""To a pixel; flows reach from -512 to 512 px."""

LARGEST_INSTANCE = 255

_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]

_CITYSCAPES = np.zeros(256, np.uint8)
for _tag, _number in CITYSCAPES.items():
    _CITYSCAPES[_tag] = _number


def depth_png(depth: NDArray[np.float32]) -> bytes:
    """16 bits, 256 to a metre along the optical axis; 0 for the sky and for what lies beyond 255.99 m."""
    levels = np.rint(np.where(np.isfinite(depth), depth, 0) * DEPTH_STEPS)
    return _png(np.where(levels < 1 << 16, levels, 0).astype(np.uint16))


def flow_png(motion: Motion, *, occluded: bool) -> bytes:
    """3 x 16 bits: u and v (64 to a pixel, 2^15 is none), and 1 where they hold.

    Args:
        occluded: they also hold where the later picture does not show the point (KITTI's ``flow_occ``), but inside of
            it; otherwise only where it does (``flow_noc``).
    """
    height, width = motion.seen.shape
    v, u = np.mgrid[:height, :width]
    levels = np.rint(np.nan_to_num(motion.flow, nan=1e6) * FLOW_STEPS) + FLOW_ZERO
    held = ((levels >= 0) & (levels < 1 << 16)).all(axis=-1)
    place = np.nan_to_num(motion.flow, nan=-1e6) + np.stack([u, v], axis=-1)
    held &= ((place > -0.5) & (place < (width - 0.5, height - 0.5))).all(axis=-1) if occluded else motion.seen
    picture = np.zeros((height, width, 3), np.uint16)
    # OpenCV writes blue, green, red: valid, v, u.
    picture[..., 0] = held
    picture[..., 2], picture[..., 1] = (np.where(held, levels[..., axis], 0) for axis in (0, 1))
    return _png(picture)


def semantic(view: CameraFrame) -> NDArray[np.uint8]:
    """Cityscapes' class numbers (H, W)."""
    return _CITYSCAPES[view.semantic]


def semantic_png(view: CameraFrame) -> bytes:
    """8 bits, Cityscapes' class numbers."""
    return _png(semantic(view))


def instance_png(view: CameraFrame) -> bytes:
    """16 bits: the class times 256, plus a number for each object of the picture, by rising track id from 1.

    Raises ExportError for a picture with more than 255 objects.
    """
    shown = sorted(one.track_id for one in view.views if one.visible_pixels > 0)
    if len(shown) > LARGEST_INSTANCE:
        raise ExportError(f"{view.sensor}: a picture shows {len(shown)} objects; KITTI's instances end at 255")
    number = np.zeros(1 << 16, np.uint16)
    number[shown] = np.arange(1, len(shown) + 1)
    return _png(semantic(view).astype(np.uint16) * np.uint16(256) + number[view.instance])


def _png(picture: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    return cv2.imencode(".png", picture, _PNG)[1].tobytes()
