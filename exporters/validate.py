"""Checks a dataset as its readers would: ``validate`` finds out which format a folder holds and what is wrong in it."""

from __future__ import annotations

from pathlib import Path

from exporters.problems import Problem
from exporters.publish import ExportError
from exporters.validate_coco import validate_coco
from exporters.validate_kitti import validate_kitti
from exporters.validate_kitti_tracking import validate_kitti_tracking
from exporters.validate_nuscenes import validate_nuscenes


def form_of(path: Path) -> str:
    """Which format a folder holds: ``kitti``, ``kitti_tracking``, ``nuscenes`` or ``coco``.

    Raises:
        ExportError: none of them.
    """
    if (path / "training" / "image_02").is_dir():
        return "kitti_tracking"
    if (path / "ImageSets").is_dir() or (path / "training").is_dir():
        return "kitti"
    if any((path / "annotations").glob("instances_*.json")):
        return "coco"
    if any(path.glob("*/sample.json")):
        return "nuscenes"
    raise ExportError(
        f"{path} holds no dataset: neither KITTI's training/ and ImageSets/, nor nuScenes' <version>/sample.json, nor "
        "COCO's annotations/instances_*.json; name the folder that an export wrote"
    )


def validate(path: Path) -> list[Problem]:
    """All problems of a KITTI, nuScenes or COCO dataset, in the order in which a reader meets them; empty when sound.

    Every file is opened and decoded.

    Raises:
        ExportError: the folder holds none of them.
    """
    path = Path(path)
    form = form_of(path)
    if form == "nuscenes":
        versions = sorted(table.parent.name for table in path.glob("*/sample.json"))
        return [problem for version in versions for problem in validate_nuscenes(path, version)]
    return {"kitti": validate_kitti, "kitti_tracking": validate_kitti_tracking, "coco": validate_coco}[form](path)
