"""A dataset is complete or absent, and does not depend on the order in which recordings are given."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exporters import coco, kitti, kitti_tracking, nuscenes
from exporters.publish import ExportError, publish, sources
from exporters.validate import validate
from sensors import recording
from sensors.distortion import BrownConrady
from sensors.recording import RecordingError, RecordingWriter

from .conftest import Record
from .made_up import frames, meta, small_rig

_DRIVING = {"kitti": kitti.export, "kitti_tracking": kitti_tracking.export, "nuscenes": nuscenes.export}
_ALL = {**_DRIVING, "coco": coco.export}
DRIVING = pytest.mark.parametrize("export", _DRIVING.values(), ids=_DRIVING)
"""Formats that need both a camera and a LiDAR."""
EXPORTS = pytest.mark.parametrize("export", _ALL.values(), ids=_ALL)
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


@DRIVING
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


@DRIVING
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


@EXPORTS
def test_a_recording_that_is_cut_off(export: Export, record: Record, tmp_path: Path) -> None:
    (tmp_path / "cut.mcap").write_bytes(record("nuscenes", index=1).read_bytes()[:-2000])
    with pytest.raises(RecordingError, match=r"cut\.mcap"):
        export([record("nuscenes"), tmp_path / "cut.mcap"], tmp_path / "sets" / "set")
    assert not (tmp_path / "sets").exists()


@EXPORTS
def test_a_message_that_is_missing(export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    complete = recording.encoders

    def without_instances(*arguments: object) -> list[object]:
        return [job for job in complete(*arguments) if job[0] != "/CAM_FRONT/instance"]

    monkeypatch.setattr(recording, "encoders", without_instances)
    rig = small_rig("kitti")
    with RecordingWriter(tmp_path / "holed.mcap", meta(rig, "holed", 0)) as writer:
        for frame in frames(rig, 0.2):
            writer.write(frame)
    with pytest.raises(RecordingError, match=r"holed\.mcap.*/CAM_FRONT/instance"):
        export([tmp_path / "holed.mcap"], tmp_path / "sets" / "set")
    assert not list((tmp_path / "sets").iterdir())


@EXPORTS
def test_a_full_disk(export: Export, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, write, room = [record("nuscenes")], Path.write_bytes, [7]

    def write_while_there_is_room(path: Path, data: bytes) -> int:
        room[0] -= 1
        if room[0] < 0:
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", write_while_there_is_room)
    with pytest.raises(OSError, match="No space left"):
        export(given, tmp_path / "sets" / "set")
    assert not list((tmp_path / "sets").iterdir())
    monkeypatch.undo()
    export(given, tmp_path / "sets" / "set")
    assert validate(tmp_path / "sets" / "set") == []


@DRIVING
def test_a_lens_that_bends_lines(export: Export, tmp_path: Path) -> None:
    rig = small_rig("kitti")
    (camera,) = rig.cameras
    lens = BrownConrady(model="brown_conrady", k1=-0.05)
    rig = rig.model_copy(update={"cameras": (camera.model_copy(update={"distortion": lens}),)})
    with RecordingWriter(tmp_path / "bent.mcap", meta(rig, "bent", 0)) as writer:
        for frame in frames(rig, 0.2):
            writer.write(frame)
    with pytest.raises(ExportError, match=r"bent\.mcap: CAM_FRONT has a distorting lens"):
        export([tmp_path / "bent.mcap"], tmp_path / "sets" / "set")
    assert not (tmp_path / "sets").exists()
