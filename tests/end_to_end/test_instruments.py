"""A rig with one sensor of every kind, from the server to the recording."""

from __future__ import annotations

import numpy as np
import pytest

from sensors.camera import project, unproject
from sensors.frames import Frame
from sensors.geometry import inside_box, inverse, transformed
from sensors.recording import Recording
from sensors.rig import Rig, load_rig

from .conftest import HERE, played


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig(HERE / "instruments.yaml")


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory, rig: Rig) -> list[Frame]:
    path = tmp_path_factory.mktemp("instruments") / "scene.mcap"
    script = HERE / "crossing.scenic"
    return list(Recording(played(script, rig, path, seed=3)).frames())


def test_the_lens_shows_objects_where_they_are(frames: list[Frame], rig: Rig) -> None:
    spec, seen = rig.cameras[0], 0
    for frame in frames:
        for shot in frame.cameras.values():
            for state in frame.objects:
                rows, columns = np.nonzero(shot.instance == state.track_id)
                if len(rows) < 10:
                    continue
                points = unproject(spec, np.stack([columns, rows], 1), shot.depth[rows, columns])
                world = transformed(shot.world_from_camera, points)
                assert inside_box(state.world_from_box, state.size, world, 0.4).mean() > 0.9
                middle = transformed(inverse(shot.world_from_camera), state.world_from_box[:3, 3])
                pixel, _ = project(spec, middle[None])
                assert np.abs(pixel[0] - (columns.mean(), rows.mean())).max() < 25
                seen += 1
    assert seen > 3


def test_lidar_echoes_and_snow(frames: list[Frame]) -> None:
    returns = np.concatenate([sweep.returns for frame in frames for sweep in frame.sweeps.values()])
    assert set(returns["echo"]) == {0, 1}
    air = (returns["tag"] == 0) & (returns["object_id"] == 0)
    assert 0.005 < air.mean() < 0.5
    assert (np.hypot(returns["x"], returns["y"])[air] < 40).all()


def test_radar_returns_are_of_what_moves_as_it_moves(frames: list[Frame]) -> None:
    found = 0
    for frame in frames:
        states = {state.track_id: state for state in frame.objects}
        for scan in frame.radars.values():
            assert (scan.returns["z"] == 0).all()
            assert np.bincount(scan.returns["object_id"])[1:].max(initial=0) <= 12  # clusters, also of a lorry
            for row in scan.returns:
                line = np.array([row["x"], row["y"]]) / np.hypot(row["x"], row["y"])
                over_ground = np.array([row["compensated_vx"], row["compensated_vy"]]) @ line
                if row["object_id"] == 0:
                    assert abs(over_ground) < 0.5  # the level stands still
                    continue
                state = states[row["object_id"]]
                true = scan.world_from_radar[:3, :3].T @ state.velocity
                if state.category == "car":
                    assert over_ground == pytest.approx(true[:2] @ line, abs=1.0)
                    found += 1
    assert found > 5


def test_inertial_units_fixes_and_the_estimated_pose(frames: list[Frame]) -> None:
    samples = [sample for frame in frames for sample in frame.imus.values()]
    assert len(samples) == len(frames)
    assert np.linalg.norm(samples[0].acceleration) < 15  # it was given its velocity at the start: no force
    assert not frames[0].ego_acceleration.any()
    felt = [sample.acceleration[2] for sample in samples[-8:]]  # by then it rolls on its wheels
    assert np.mean(felt) == pytest.approx(9.8, abs=1)
    for frame in frames:
        estimate = frame.estimated_world_from_ego
        assert estimate is not None
        assert 0 < np.linalg.norm(estimate[:3, 3] - frame.world_from_ego[:3, 3]) < 0.6
        assert estimate[:3, :3] == pytest.approx(frame.world_from_ego[:3, :3])
    fixes = [fix for frame in frames for fix in frame.fixes.values()]
    first, last = fixes[0], fixes[-1]
    way = last.world_from_antenna[:3, 3] - first.world_from_antenna[:3, 3]
    north = np.radians(last.latitude - first.latitude) * 6378137
    east = np.radians(last.longitude - first.longitude) * 6378137 * np.cos(np.radians(first.latitude))
    assert np.linalg.norm(way) > 5
    assert (east, north) == pytest.approx(tuple(way[:2]), abs=0.3)
