"""A dataset is complete or absent, and does not depend on the order in which recordings are given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exporters import kitti, nuscenes
from exporters.publish import ExportError, publish, sources
from sensors.recording import RecordingError, RecordingWriter

from .conftest import Record
from .made_up import frames, meta, small_rig

EXPORTS = pytest.mark.parametrize("export", [kitti.export, nuscenes.export], ids=["kitti", "nuscenes"])
Export = Callable[..., object]


def tree(folder: Path) -> dict[str, str]:
    """Every file of a folder by relative name, with a hash of its bytes; folders with an empty one."""
    return {
        str(path.relative_to(folder)): hashlib.md5(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }


def test_what_is_written_appears_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "set"
    with publish(out) as root:
        (root / "a.txt").write_text("a")
        assert not out.exists()
    assert tree(tmp_path / "deep").keys() == {"set", "set/a.txt"}


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), publish(tmp_path / "set") as root:
        (root / "a.txt").write_text("a")
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_what_a_killed_export_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".set.partial" / "training").mkdir(parents=True)
    (tmp_path / ".set.partial" / "old.txt").write_text("old")
    with publish(tmp_path / "set") as root:
        (root / "a.txt").write_text("a")
    assert tree(tmp_path).keys() == {"set", "set/a.txt"}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    with publish(tmp_path / "set") as root:  # an empty folder is no loss
        (root / "a.txt").write_text("a")
    with pytest.raises(ExportError, match="exists already"), publish(tmp_path / "set"):
        pass
    assert (tmp_path / "set" / "a.txt").read_text() == "a"


def test_two_exports_into_one_folder_do_not_mix(tmp_path: Path) -> None:
    with publish(tmp_path / "set") as root:
        (root / "a.txt").write_text("a")
        with pytest.raises(ExportError, match="another export"), publish(tmp_path / "set"):
            pass
    assert tree(tmp_path).keys() == {"set", "set/a.txt"}


def test_order_is_scenario_then_index(record: Record) -> None:
    given = [record(scenario="b"), record(scenario="a", index=10), record(scenario="a", index=2)]
    found = [(source.meta.scenario, source.meta.index, source.split) for source in sources(given)]
    assert found == [("a", 2, "train"), ("a", 10, "train"), ("b", 0, "val")]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """22 recordings without frames."""
    folder, rig = tmp_path_factory.mktemp("bare"), small_rig("kitti")
    for index in range(22):
        with RecordingWriter(folder / f"{index:02d}.mcap", meta(rig, "bare", index)):
            pass
    return sorted(folder.iterdir())


@pytest.mark.parametrize("count", range(1, 23))
def test_validation_is_about_a_fifth_and_never_empty_with_two_scenes(count: int, bare: list[Path]) -> None:
    kept = [source for source in sources(bare[:count]) if source.split == "val"]
    assert len(kept) == (max(1, count // 5) if count > 1 else 0)


def test_a_scene_and_its_refined_version_stay_together(bare: list[Path], tmp_path: Path) -> None:
    rig = small_rig("kitti")
    refined = []
    for index in (3, 4, 5):
        refined.append(tmp_path / f"{index}.mcap")
        with RecordingWriter(refined[-1], replace(meta(rig, "bare", index), generation=1, parent="0" * 64)):
            pass
    held_out = [(s.meta.index, s.meta.generation) for s in sources(bare[:9] + refined) if s.split == "val"]
    assert held_out == [(4, 0), (4, 1)]


@EXPORTS
def test_same_recordings_same_bytes_in_any_order(export: Export, record: Record, tmp_path: Path) -> None:
    given = [record("nuscenes"), record("nuscenes", index=1), record("nuscenes", "a", 7)]
    export(given, tmp_path / "one")
    export([given[2], given[0], given[1]], tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


@EXPORTS
def test_no_recordings(export: Export, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no recordings"):
        export([], tmp_path / "set")
    assert not list(tmp_path.iterdir())


@EXPORTS
def test_the_same_scene_twice(export: Export, record: Record, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="the same scene"):
        export([record(), record()], tmp_path / "set")
    assert not list(tmp_path.iterdir())


@EXPORTS
@pytest.mark.parametrize("missing", ["cameras", "lidars"])
def test_a_rig_without_the_sensors(export: Export, missing: str, record: Record, tmp_path: Path) -> None:
    rig = small_rig("kitti").model_copy(update={missing: ()})
    path = tmp_path / "bare.mcap"
    with RecordingWriter(path, meta(rig, "bare", 0)) as writer:
        for frame in frames(rig, 0.1):
            writer.write(frame)
    with pytest.raises(ExportError, match=r"has no (camera|LiDAR)") as caught:
        export([record(), path], tmp_path / "sets" / "set")
    assert "bare.mcap" in str(caught.value)
    assert not (tmp_path / "sets").exists()


@EXPORTS
def test_sensors_that_never_meet(export: Export, tmp_path: Path) -> None:
    rig = small_rig("kitti")
    path = tmp_path / "apart.mcap"
    with RecordingWriter(path, meta(rig, "apart", 0)) as writer:
        for frame in frames(rig, 0.3):
            frame.sweeps.clear()
            writer.write(frame)
    with pytest.raises(ExportError, match=r"apart\.mcap.*never measured"):
        export([path], tmp_path / "sets" / "set")
    assert not list((tmp_path / "sets").iterdir())


@EXPORTS
def test_a_damaged_recording(export: Export, record: Record, tmp_path: Path) -> None:
    data = bytearray(record("nuscenes", index=1).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    damaged = tmp_path / "damaged.mcap"
    damaged.write_bytes(data)
    with pytest.raises(RecordingError, match=r"damaged\.mcap"):
        export([record("nuscenes"), damaged], tmp_path / "sets" / "set")
    assert not list((tmp_path / "sets").iterdir())
