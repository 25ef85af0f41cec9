"""Checks a dataset as its readers would: ``validate`` finds out which format a folder holds and what is wrong in it."""

from __future__ import annotations

from pathlib import Path

from exporters.problems import Problem
from exporters.publish import ExportError
from exporters.validate_kitti import validate_kitti
from exporters.validate_nuscenes import validate_nuscenes


def validate(path: Path) -> list[Problem]:
    """All problems of a KITTI or nuScenes dataset, in the order in which a reader meets them; empty when it is sound.

    Every file is opened and decoded.

    Raises:
        ExportError: the folder holds neither format.
    """
    path = Path(path)
    if (path / "ImageSets").is_dir() or (path / "training").is_dir():
        return validate_kitti(path)
    versions = sorted(table.parent for table in path.glob("*/sample.json"))
    if versions:
        return [problem for version in versions for problem in validate_nuscenes(path, version.name)]
    raise ExportError(
        f"{path} holds no dataset: neither KITTI's training/ and ImageSets/ nor nuScenes' <version>/sample.json; "
        "name the folder that an export wrote"
    )
