"""A server without extension calls, as Unreal CARLA is: labels are estimated, and say so, down to the export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporters import coco, kitti, nuscenes
from exporters.validate import validate
from orchestrator.farm import play
from orchestrator.job import plan
from orchestrator.player import EmbeddedPlayer
from scenarios.sampler import Scenario
from sensors.recording import Recording
from sensors.rig import load_rig
from simulator.process import ServerProcess
from simulator.session import Session

from .conftest import HERE


class StrictPlayer(EmbeddedPlayer):
    """A player whose server has no extension calls."""

    def __post_init__(self) -> None:
        self._server = ServerProcess(strict=True).start()
        self._session = Session(self._server.host, self._server.port, self.rig)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("strict") / "scene.mcap"
    script, rig = HERE / "crossing.scenic", load_rig(HERE / "small.yaml")
    [task] = plan([str(script)], 1, 3, rig).tasks()
    player = StrictPlayer(rig)
    try:
        play(player, Scenario(script), task, 3, path)
    finally:
        player.close()
    return path


def test_views_are_estimates_and_say_so(recording: Path) -> None:
    assert not Recording(recording).meta.exact
    seen = 0
    for frame in Recording(recording).frames():
        camera = frame.cameras["CAM_FRONT"]
        assert {state.category for state in frame.objects} == {"animal.kangaroo", "car"}
        for view in camera.views:
            assert view.estimated and view.amodal_mask is None
            rows, columns = np.nonzero(camera.instance == view.track_id)
            assert view.visible_pixels == len(rows)
            if len(rows) > 50:  # the box's outline holds nearly all of what is seen
                x0, y0, x1, y1 = view.amodal_box
                inside = (columns >= x0 - 1) & (columns <= x1) & (rows >= y0 - 1) & (rows <= y1)
                assert inside.mean() > 0.7
                seen += 1
    assert seen > 10


def test_returns_know_what_they_hit(recording: Path) -> None:
    hits = 0
    for frame in Recording(recording).frames():
        sweep = frame.sweeps["LIDAR_TOP"]
        assert len(sweep.returns) > 5000 and sweep.returns["intensity"].max() <= 1
        world = np.stack([sweep.returns[axis] for axis in "xyz"], axis=1) @ sweep.world_from_lidar[:3, :3].T
        world += sweep.world_from_lidar[:3, 3]
        for state in frame.objects:
            mine = world[sweep.returns["object_id"] == state.track_id]
            hits += len(mine)
            assert (np.linalg.norm(mine - state.world_from_box[:3, 3], axis=1) < 4).all()
    assert hits > 100


def test_exports_are_valid_and_tell_what_they_do_not_know(recording: Path, tmp_path: Path) -> None:
    for name, export in (("kitti", kitti.export), ("nuscenes", nuscenes.export), ("coco", coco.export)):
        export([recording], tmp_path / name)
        assert validate(tmp_path / name) == []
    lines = [line for file in (tmp_path / "kitti").rglob("label_2/*.txt") for line in file.read_text().splitlines()]
    assert lines and {line.split()[2] for line in lines} == {"3"}  # KITTI's word for an unknown occlusion
