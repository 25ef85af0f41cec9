"""KITTI as others read and score it: MMDetection3D's loader, and its port of the official evaluation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporters import kitti
from sensors.frames import Frame, Sweep
from sensors.geometry import rigid
from sensors.labels import object_state
from sensors.recording import RecordingWriter

from .made_up import meta, picture, returns, small_rig

pytestmark = pytest.mark.timeout(900)  # the judge's environment is downloaded once

FRAMES = 46
"""The evaluation looks at 41 levels of recall: with fewer objects of a class not even the truth scores 100."""

NEAR = {
    "car": ((4.0, 1.8, 1.6), (9.0, 3.2)),
    "adult": ((0.6, 0.7, 1.8), (7.0, -2.4)),
    "bicycle": ((1.8, 0.6, 1.8), (6.5, 0.5)),
}
"""All large enough in the picture for KITTI's level "easy" (40 px), and side by side."""


def write(path: Path) -> None:
    rig = small_rig("kitti")
    (camera,) = rig.cameras
    camera = camera.model_copy(update={"fx": 300.0, "fy": 300.0, "cx": 200.0, "cy": 60.0, "width": 400, "height": 150})
    rig = rig.model_copy(update={"cameras": (camera,)})
    random = np.random.default_rng(3)
    with RecordingWriter(path, meta(rig, "near", 0)) as writer:
        for index in range(FRAMES):
            world_from_ego = rigid((1, 0, 0, 0), (index * 0.5, 0, 0))
            objects = []
            for track_id, (name, (size, (ahead, left))) in enumerate(NEAR.items(), start=1):
                heading = random.uniform(-3, 3) if name == "adult" else random.uniform(-0.1, 0.1)
                place = (index * 0.5 + ahead + random.uniform(0, 0.5), left, size[2] / 2)
                pose = rigid((np.cos(heading / 2), 0, 0, np.sin(heading / 2)), place)
                objects.append(object_state(track_id, name, "made.up", pose, size, (0, 0, 0), (0, 0, 0)))
            at = {"camera": world_from_ego @ camera.mount.matrix, "lidar": world_from_ego @ rig.lidars[0].mount.matrix}
            writer.write(
                Frame(
                    index * 2, index * 2 * rig.tick, world_from_ego, np.zeros(3), np.zeros(3), np.zeros(3),
                    tuple(objects), {"CAM_FRONT": picture(camera, at["camera"], objects)},
                    {"LIDAR_TOP": Sweep("LIDAR_TOP", at["lidar"], returns(random, at["lidar"], objects))},
                )
            )  # fmt: skip


@pytest.fixture(scope="module")
def verdict(kitti_judge: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("near")
    write(folder / "near.mcap")
    kitti.export([folder / "near.mcap"], folder / "kitti")
    return kitti_judge(folder / "kitti")


def test_the_loader_reads_everything(verdict: dict[str, Any]) -> None:
    assert verdict["frames"] == FRAMES
    assert verdict["shape"] == [150, 400]
    assert verdict["points"] == 200 + 3 * 40
    assert verdict["P2"] == [[300, 0, 200, 0], [0, 300, 60, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert verdict["plane"][1] == pytest.approx(-1, abs=0.01)
    assert verdict["objects"] == dict.fromkeys(("Car", "Pedestrian", "Cyclist"), FRAMES)


@pytest.mark.parametrize("name", ["Car", "Pedestrian", "Cyclist"])
def test_ground_truth_scores_100(verdict: dict[str, Any], name: str) -> None:
    """Boxes in the picture, from above and in 3D, at all three difficulties and both strictnesses."""
    own = {key: value for key, value in verdict["scores"].items() if key.startswith(f"KITTI/{name}_")}
    assert len(own) >= 18
    assert own == pytest.approx(dict.fromkeys(own, 100.0))
