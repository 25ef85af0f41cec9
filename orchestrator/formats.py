"""The dataset formats that jobs export, by name."""

from __future__ import annotations

from collections.abc import Callable

from exporters import coco, kitti, kitti_tracking, nuscenes
from exporters.publish import Summary

EXPORTS: dict[str, Callable[..., Summary]] = {
    "kitti": kitti.export,
    "kitti_tracking": kitti_tracking.export,
    "nuscenes": nuscenes.export,
    "coco": coco.export,
}
