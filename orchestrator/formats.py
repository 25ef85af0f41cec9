"""The dataset formats that jobs export, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from exporters import coco, kitti, kitti_tracking, nuscenes
from exporters.publish import Summary

Export = Callable[[Sequence[Path], Path], Summary]

EXPORTS: dict[str, Export] = {
    "kitti": kitti.export,
    "kitti_tracking": kitti_tracking.export,
    "nuscenes": nuscenes.export,
    "coco": coco.export,
}
STRICT: dict[str, Export] = {
    "kitti": partial(kitti.export, strict_types=True),
    "kitti_tracking": partial(kitti_tracking.export, strict_types=True),
}
"""With the format's own types only, where Longtail's have more."""


def exporter(name: str, strict_types: bool) -> Export:
    """What writes a format."""
    return STRICT.get(name, EXPORTS[name]) if strict_types else EXPORTS[name]


def made_of(scenes: str, name: str, strict_types: bool) -> str:
    """What a dataset of a format was made of: the hash of the scenes, and in which types where there is a choice."""
    return f"{scenes} strict types" if strict_types and name in STRICT else scenes
