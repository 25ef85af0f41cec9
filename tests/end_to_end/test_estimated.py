"""A server without extension calls, as Unreal CARLA is: labels are estimated, and say so, down to the export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from assets.tags import Tag
from exporters import coco, kitti, nuscenes
from exporters.validate import validate
from sensors.geometry import inverse, project, transformed, unproject
from sensors.recording import Recording
from sensors.rig import load_rig

from .conftest import HERE, played


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("strict") / "scene.mcap"
    script, rig = HERE / "crossing.scenic", load_rig(HERE / "small.yaml")
    (camera,) = rig.cameras
    rig = rig.model_copy(update={"cameras": (camera.model_copy(update={"dense": ("normals", "flow")}),)})
    return played(script, rig, path, seed=3, strict=True)


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


def test_normals_and_flow_are_those_of_the_scene(recording: Path) -> None:
    """The road faces up, the sky has none; points of the level move in the picture as the camera does."""
    rig = Recording(recording).meta.rig
    (spec,) = rig.cameras
    off = []
    for frame in list(Recording(recording).frames())[2:]:
        camera = frame.cameras["CAM_FRONT"]
        assert camera.normals is not None and camera.flow is not None
        sky = np.isinf(camera.depth)
        assert (camera.normals[sky] == 0).all()
        assert np.linalg.norm(camera.normals[~sky], axis=-1) == pytest.approx(1, abs=1e-3)
        road = (camera.semantic == Tag.ROADS) & (camera.depth < 30)
        assert np.median(camera.normals[road][:, 2]) > 0.98
        v, u = np.nonzero(road)
        ego = frame.world_from_ego.copy()
        ego[:3, :3] @= Rotation.from_rotvec(-frame.ego_angular_velocity * rig.tick).as_matrix()
        ego[:3, 3] -= frame.ego_velocity * rig.tick
        before = ego @ spec.mount.matrix
        points = unproject(spec.pinhole, np.stack([u, v], axis=1), camera.depth[road])
        world = transformed(camera.world_from_camera, points)
        places, _ = project(spec.pinhole, transformed(inverse(before), world))
        expected = places - np.stack([u, v], axis=1)
        assert np.abs(expected).max() > 3
        off.append(np.abs(camera.flow[road] - expected).max(axis=1))
    assert np.median(np.concatenate(off)) < 0.3


def test_exports_are_valid_and_tell_what_they_do_not_know(recording: Path, tmp_path: Path) -> None:
    for name, export in (("kitti", kitti.export), ("nuscenes", nuscenes.export), ("coco", coco.export)):
        export([recording], tmp_path / name)
        assert validate(tmp_path / name) == []
    lines = [line for file in (tmp_path / "kitti").rglob("label_2/*.txt") for line in file.read_text().splitlines()]
    assert lines and {line.split()[2] for line in lines} == {"3"}  # KITTI's word for an unknown occlusion
