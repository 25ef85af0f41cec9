"""KITTI tracking exports: layout, labels against the object export, and oxts against the devkit's formulas."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from exporters import kitti, kitti_tracking
from exporters.validate import validate
from sensors.frames import Frame
from sensors.geometry import rigid
from sensors.recording import Recording

from .conftest import Record


@pytest.fixture(scope="module")
def dataset(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tracking") / "set"
    summary = kitti_tracking.export([record(), record(index=1), record(scenario="a")], out)
    assert (summary.scenes, summary.frames) == (3, 18)
    return out / "training"


def test_every_sequence_is_whole(dataset: Path) -> None:
    for name in ("0000", "0001", "0002"):
        frames = [f"{number:06d}" for number in range(6)]
        assert sorted(path.stem for path in (dataset / "image_02" / name).iterdir()) == frames
        assert sorted(path.stem for path in (dataset / "velodyne" / name).iterdir()) == frames
        assert len((dataset / "oxts" / f"{name}.txt").read_text().splitlines()) == 6
    maps = {path.suffix[1:]: path.read_text().splitlines() for path in dataset.glob("evaluate_tracking.seqmap.*")}
    assert maps["training"] == sorted(maps["train"] + maps["val"])
    assert maps["val"] == ["0002 empty 000000 000006"]


def test_labels_are_those_of_the_object_export_with_tracks(dataset: Path, record: Record, tmp_path: Path) -> None:
    kitti.export([record()], tmp_path / "object")
    lines = [line.split(" ") for line in (dataset / "label_02" / "0001.txt").read_text().splitlines()]
    for number in range(6):
        text = (tmp_path / "object" / "training" / "label_2" / f"{number:06d}.txt").read_text()
        expected = [line.split(" ") for line in text.splitlines()]
        here = [line for line in lines if int(line[0]) == number]
        assert [[line[2], *line[4:]] for line in here] == [[line[0], *line[2:]] for line in expected]
        assert all(line[3] in ("0", "1", "2") for line in here)
        assert len({line[1] for line in here}) == len(here)
    tracks = {line[1]: line[2] for line in lines}
    assert all(tracks[line[1]] == line[2] for line in lines)  # one class a track


def test_calibration_has_the_tracking_benchmarks_names(dataset: Path) -> None:
    lines = [line.split() for line in (dataset / "calib" / "0000.txt").read_text().splitlines() if line]
    assert [line[0] for line in lines] == ["P0:", "P1:", "P2:", "P3:", "R_rect", "Tr_velo_cam", "Tr_imu_velo"]
    assert [len(line) - 1 for line in lines] == [12, 12, 12, 12, 9, 12, 12]


def test_a_sound_dataset_has_no_problems_and_a_spoilt_one_is_named(dataset: Path, tmp_path: Path) -> None:
    assert validate(dataset.parent) == []
    root = Path(shutil.copytree(dataset.parent, tmp_path / "copy"))
    labels = root / "training" / "label_02" / "0001.txt"
    first, *rest = labels.read_text().splitlines(keepends=True)
    labels.write_text("".join([first, first, *rest]))
    (root / "training" / "velodyne" / "0002" / "000003.bin").unlink()
    oxts = root / "training" / "oxts" / "0000.txt"
    oxts.write_text(oxts.read_text().replace(" 4 10 ", " 4 ", 1))
    assert [problem.file for problem in validate(root)] == [
        "training/oxts/0000.txt",
        "training/label_02/0001.txt",
        "training/velodyne/0002/000003.bin",
    ]


def poses(lines: list[str]) -> list[np.ndarray]:
    """World-from-IMU poses as KITTI's devkit computes them (``convertOxtsToPose``), but not relative to the first."""
    rows = [np.array(line.split(), float) for line in lines]
    scale = np.cos(rows[0][0] * np.pi / 180)
    result = []
    for row in rows:
        x = scale * row[1] * np.pi * 6378137 / 180
        y = scale * 6378137 * np.log(np.tan((90 + row[0]) * np.pi / 360))
        rx, ry, rz = row[3:6]
        turn_x = np.array([[1, 0, 0], [0, np.cos(rx), -np.sin(rx)], [0, np.sin(rx), np.cos(rx)]])
        turn_y = np.array([[np.cos(ry), 0, np.sin(ry)], [0, 1, 0], [-np.sin(ry), 0, np.cos(ry)]])
        turn_z = np.array([[np.cos(rz), -np.sin(rz), 0], [np.sin(rz), np.cos(rz), 0], [0, 0, 1]])
        pose = np.eye(4)
        pose[:3, :3] = turn_z @ turn_y @ turn_x
        pose[:3, 3] = (x, y, row[2])
        result.append(pose)
    return result


def test_oxts_gives_the_ego_poses_through_the_devkits_formulas(dataset: Path, record: Record) -> None:
    recorded = [frame.world_from_ego for frame in Recording(record()).frames() if frame.cameras]
    read = poses((dataset / "oxts" / "0001.txt").read_text().splitlines())
    for mine, theirs in zip(recorded, read, strict=True):
        expected, found = np.linalg.inv(recorded[0]) @ mine, np.linalg.inv(read[0]) @ theirs
        assert np.allclose(found, expected, atol=1e-3)


def test_oxts_of_a_tilted_ego() -> None:
    quaternion = (0.9, 0.1, -0.15, 0.3)
    pose = rigid(np.array(quaternion) / np.linalg.norm(quaternion), (30.0, -20.0, 4.0))
    frame = Frame(0, 0.0, pose, np.array([3.0, 1.0, 0.5]), np.zeros(3), np.array([0.1, 0.2, 0.3]), ())
    line = kitti_tracking.oxts_line(frame, (42.0, 2.0))
    row = np.array(line.split(), float)
    assert len(row) == 30
    assert np.allclose(poses([line])[0][:3, :3], pose[:3, :3], atol=1e-6)
    assert row[6:8] == pytest.approx((1.0, 3.0))  # north, east
    assert row[8:11] == pytest.approx(pose[:3, :3].T @ (3.0, 1.0, 0.5))
    assert np.linalg.norm(row[11:14]) == pytest.approx(9.81)  # at rest an accelerometer feels gravity
    assert row[14:17] == pytest.approx((0.0, 0.0, 9.81), abs=1e-6)
    assert row[17:20] == pytest.approx((0.1, 0.2, 0.3))
