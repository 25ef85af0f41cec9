"""Checks a dataset as its readers would: ``validate`` finds out which format a folder holds and what is wrong in it."""

from __future__ import annotations

from pathlib import Path

from exporters.problems import Problem
from exporters.publish import ExportError
from exporters.validate_coco import validate_coco
from exporters.validate_kitti import validate_kitti
from exporters.validate_kitti_tracking import validate_kitti_tracking
from exporters.validate_nuscenes import validate_nuscenes


def validate(path: Path) -> list[Problem]:
    """All problems of a KITTI, nuScenes or COCO dataset, in the order in which a reader meets them; empty when sound.

    Every file is opened and decoded.

    Raises:
        ExportError: the folder holds none of them.
    """
    path = Path(path)
    if (path / "training" / "image_02").is_dir():
        return validate_kitti_tracking(path)
    if (path / "ImageSets").is_dir() or (path / "training").is_dir():
        return validate_kitti(path)
    if any((path / "annotations").glob("instances_*.json")):
        return validate_coco(path)
    versions = sorted(table.parent for table in path.glob("*/sample.json"))
    if versions:
        return [problem for version in versions for problem in validate_nuscenes(path, version.name)]
    raise ExportError(
        f"{path} holds no dataset: neither KITTI's training/ and ImageSets/, nor nuScenes' <version>/sample.json, nor "
        "COCO's annotations/instances_*.json; "
        "name the folder that an export wrote"
    )
