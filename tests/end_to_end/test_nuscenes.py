"""nuScenes, from the script to the official devkit's verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporters.validate import validate


def test_the_export_is_valid(kitti_car: Path) -> None:
    assert validate(kitti_car / "nuscenes") == []


def test_the_devkit_loads_and_scores_it(kitti_car: Path, devkit: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    said = devkit(kitti_car / "nuscenes", tmp_path, "train")
    assert (tmp_path / "sample.png").stat().st_size > 10_000
    assert said["tables"]["followed"] > 50
    scores = said["detection"]["train"]
    assert scores["present"], "no object of the devkit's ten detection classes"
    # Classes that do not occur count as 0 in the devkit's mean, so the mean itself says little of so short a scene.
    assert {name: scores["ap"][name] for name in scores["present"]} == pytest.approx(
        dict.fromkeys(scores["present"], 1.0)
    )
