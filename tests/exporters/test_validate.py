"""The validators find nothing in an export, and the right file and field in a spoilt one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from exporters import kitti, nuscenes
from exporters.nuscenes_tables import VERSION
from exporters.publish import ExportError
from exporters.validate import validate

from .conftest import Record

Spoil = Callable[[Path], None]


@pytest.fixture(scope="module")
def sound(record: Record, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("sound")
    kitti.export([record(), record(index=1)], root / "kitti")
    nuscenes.export([record("nuscenes"), record("nuscenes", index=1)], root / "nuscenes")
    return {name: root / name for name in ("kitti", "nuscenes")}


@pytest.mark.parametrize("name", ["kitti", "nuscenes"])
def test_exports_are_sound(name: str, sound: dict[str, Path]) -> None:
    assert validate(sound[name]) == []


def test_kitti_itself_has_no_image_sets(sound: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(sound["kitti"] / "training", tmp_path / "training")
    assert validate(tmp_path) == []
    (tmp_path / "training/velodyne/000003.bin").unlink()
    assert [problem.file for problem in validate(tmp_path)] == ["training/velodyne/000003.bin"]


def test_a_line_of_kitti_itself(sound: dict[str, Path], tmp_path: Path) -> None:
    """A label of KITTI's training set (frame 000001), with its two decimals, and a region that nobody looked at."""
    root = Path(shutil.copytree(sound["kitti"], tmp_path / "set"))
    lines = (
        "Cyclist 0.00 3 -1.65 176.60 23.95 188.98 53.93 1.86 0.60 2.02 4.59 1.32 45.84 -1.55\n"
        "DontCare -1 -1 -10 503.89 169.71 590.61 190.13 -1 -1 -1 -1000 -1000 -1000 -10\n"
    )
    (root / LABEL).write_text(lines)
    assert validate(root) == []


def test_a_folder_without_a_dataset(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="holds no dataset"):
        validate(tmp_path)


def remove(file: str) -> Spoil:
    return lambda root: (root / file).unlink()


def text(file: str, old: str, new: str) -> Spoil:
    def spoil(root: Path) -> None:
        content = (root / file).read_text()
        assert old in content
        (root / file).write_text(content.replace(old, new, 1))

    return spoil


def word(line: int, position: int, value: str) -> Spoil:
    """Puts another word into a label file."""

    def spoil(root: Path) -> None:
        path = root / "training/label_2/000002.txt"
        lines = [content.split(" ") for content in path.read_text().splitlines()]
        lines[line - 1][position] = value
        path.write_text("".join(" ".join(words) + "\n" for words in lines))

    return spoil


def cut(file: str, less: int) -> Spoil:
    return lambda root: (root / file).write_bytes((root / file).read_bytes()[:-less])


def point(file: str, position: int, value: float) -> Spoil:
    def spoil(root: Path) -> None:
        numbers = np.fromfile(root / file, np.float32)
        numbers[position] = value
        numbers.tofile(root / file)

    return spoil


def gap(root: Path) -> None:
    shutil.copy(root / "training/calib/000000.txt", root / "training/calib/000099.txt")


def merge(root: Path) -> None:
    """Says that all frames are of one scene."""
    lines = (root / "mapping.txt").read_text().splitlines()
    (root / "mapping.txt").write_text("".join(f"{line.split()[0]} boxes 0 abc {line.split()[-1]}\n" for line in lines))


LABEL, CALIB = "training/label_2/000002.txt", "training/calib/000002.txt"


@pytest.mark.parametrize(
    ("spoil", "file", "field"),
    [
        (remove("ImageSets/val.txt"), "ImageSets/val.txt", ""),
        (remove("training/calib/000002.txt"), CALIB, ""),
        (gap, "training/calib/000099.txt", ""),
        (cut("training/image_2/000002.png", 100), "training/image_2/000002.png", ""),
        (cut("training/velodyne/000002.bin", 4), "training/velodyne/000002.bin", ""),
        (point("training/velodyne/000002.bin", 9, np.nan), "training/velodyne/000002.bin", "point 2"),
        (point("training/velodyne/000002.bin", 3, 1.5), "training/velodyne/000002.bin", "reflectance"),
        (text(CALIB, "P2:", "P9:"), CALIB, "P2"),
        (text(CALIB, "P2: 1.4", "P2: -1.4"), CALIB, "P2"),
        (text(CALIB, "R0_rect: 1", "R0_rect: 2"), CALIB, "R0_rect"),
        (text(CALIB, "Tr_velo_to_cam: 0", "Tr_velo_to_cam: x"), CALIB, "Tr_velo_to_cam"),
        (text(LABEL, "Car 0.00", "Car"), LABEL, "line 1, the line"),
        (word(1, 0, "Spaceship"), LABEL, "line 1, type"),
        (word(1, 1, "1.2"), LABEL, "line 1, truncated"),
        (word(1, 2, "5"), LABEL, "line 1, occluded"),
        (word(2, 3, "1.0"), LABEL, "line 2, alpha"),
        (word(2, 4, "-3"), LABEL, "line 2, bbox left"),
        (word(2, 7, "75"), LABEL, "line 2, bbox top"),
        (word(2, 9, "0"), LABEL, "line 2, width"),
        (word(2, 11, "nan"), LABEL, "line 2, x"),
        (text("ImageSets/val.txt", "000006\n", "000002\n"), "ImageSets/val.txt", "000002"),
        (text("ImageSets/trainval.txt", "000002\n", ""), "ImageSets/trainval.txt", "000002"),
        (merge, "mapping.txt", "line 7"),
    ],
)
def test_spoilt_kitti(spoil: Spoil, file: str, field: str, sound: dict[str, Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(sound["kitti"], tmp_path / "set"))
    spoil(root)
    first = validate(root)[0]
    assert (first.file, first.field) == (file, field)
    assert str(first).startswith(file)


def row(table: str, **changes: Any) -> Spoil:
    """Changes fields of a table's second row."""

    def spoil(root: Path) -> None:
        path = root / VERSION / f"{table}.json"
        rows = json.loads(path.read_text())
        for field, value in changes.items():
            rows[1][field] = rows[1][value[1:]] if isinstance(value, str) and value.startswith("=") else value
        path.write_text(json.dumps(rows))

    return spoil


def drop(table: str) -> Spoil:
    """Takes a table's last row out."""

    def spoil(root: Path) -> None:
        path = root / VERSION / f"{table}.json"
        path.write_text(json.dumps(json.loads(path.read_text())[:-1]))

    return spoil


def first_file(pattern: str, change: Callable[[Path], None]) -> Spoil:
    return lambda root: change(sorted(root.glob(pattern))[0])


def shrink(path: Path) -> None:
    cv2.imwrite(str(path), cv2.imread(str(path))[::2])


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


@pytest.mark.parametrize(
    ("spoil", "file", "field"),
    [
        (lambda root: (root / VERSION / "log.json").unlink(), "v1.0-trainval/log.json", ""),
        (text("v1.0-trainval/map.json", "[", "{"), "v1.0-trainval/map.json", ""),
        (row("sample", token="x"), "v1.0-trainval/sample.json", ", next"),
        (row("sample_annotation", size=[1, 0, 2]), "v1.0-trainval/sample_annotation.json", ", size"),
        (row("sample_annotation", size=[1, 2]), "v1.0-trainval/sample_annotation.json", ", size"),
        (row("sample_annotation", rotation=[1, 1, 0, 0]), "v1.0-trainval/sample_annotation.json", ", rotation"),
        (row("sample_annotation", visibility_token="5"), "v1.0-trainval/sample_annotation.json", ", visibility_token"),
        (row("sample_annotation", num_lidar_pts=-1), "v1.0-trainval/sample_annotation.json", ", num_lidar_pts"),
        (
            row("sample_annotation", attribute_tokens=["x"]),
            "v1.0-trainval/sample_annotation.json",
            ", attribute_tokens",
        ),
        (row("sample_annotation", next="", prev="=token"), "v1.0-trainval/sample_annotation.json", ", next"),
        (
            row("calibrated_sensor", camera_intrinsic=[[1]]),
            "v1.0-trainval/calibrated_sensor.json",
            ", camera_intrinsic",
        ),
        (row("scene", nbr_samples=9), "v1.0-trainval/scene.json", ", nbr_samples"),
        (row("instance", nbr_annotations=9), "v1.0-trainval/instance.json", ", nbr_annotations"),
        (row("instance", last_annotation_token="=first_annotation_token"), "v1.0-trainval/instance.json", ", last_"),
        (row("sample", timestamp=0), "v1.0-trainval/sample.json", ", next"),
        (row("sample", scene_token=["x"]), "v1.0-trainval/sample.json", ", scene_token"),
        (row("sample_annotation", attribute_tokens=[[]]), "v1.0-trainval/sample_annotation.json", ", attribute_tokens"),
        (row("scene", name=3), "v1.0-trainval/scene.json", ", name"),
        (row("scene", name="scene-0002"), "v1.0-trainval/splits.json", "scene-0003"),
        (text("v1.0-trainval/map.json", '["', '["x", "'), "v1.0-trainval/map.json", ", log_tokens"),
        (drop("ego_pose"), "v1.0-trainval/sample_data.json", ", ego_pose_token"),
        (first_file("samples/CAM_BACK/*", Path.unlink), "samples/CAM_BACK/", ""),
        (first_file("samples/CAM_BACK/*", shrink), "samples/CAM_BACK/", ""),
        (first_file("sweeps/CAM_BACK/*", shorten), "sweeps/CAM_BACK/", ""),
        (first_file("sweeps/LIDAR_TOP/*", shorten), "sweeps/LIDAR_TOP/", ""),
        (first_file("maps/*", shorten), "maps/", ""),
        (first_file("can_bus/*_pose.json", Path.unlink), "can_bus/", ""),
        (first_file("can_bus/*_ms_imu.json", shorten), "can_bus/", ""),
        (text("can_bus/scene-0001_pose.json", '"vel": [', '"vel": [0, '), "can_bus/", "message 0, vel"),
        (text("can_bus/scene-0001_ms_imu.json", '"utime": ', '"utime": -'), "can_bus/", "message 0, utime"),
    ],
)
def test_spoilt_nuscenes(spoil: Spoil, file: str, field: str, sound: dict[str, Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(sound["nuscenes"], tmp_path / "set"))
    spoil(root)
    first = validate(root)[0]
    assert first.file.startswith(file)
    assert field in first.field
    assert str(first)


def test_spoilt_classes_of_returns(sound: dict[str, Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(sound["nuscenes"], tmp_path / "set"))
    short, strange, gone, *_ = sorted((root / "lidarseg" / VERSION).iterdir())
    short.write_bytes(short.read_bytes()[:-1])
    strange.write_bytes(b"\x63" + strange.read_bytes()[1:])
    gone.unlink()
    found = {(problem.file, problem.message.split(" ")[0]) for problem in validate(root)}
    name = f"lidarseg/{VERSION}/"
    assert {(name + short.name, "holds"), (name + strange.name, "holds"), (name + gone.name, "is")} <= found
    assert {Path(file).name[:32] for file, _ in found} == {path.name[:32] for path in (short, strange, gone)}
