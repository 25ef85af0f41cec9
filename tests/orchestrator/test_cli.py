"""The ``longtail`` command: quick to answer, and every mistake ends in one message without a traceback."""

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from typer.testing import CliRunner, Result

from orchestrator.cli import app

ROOT = Path(__file__).parents[2]


def longtail(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refused(result: Result) -> str:
    """The message of a run that ended in an expected error."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert result.stderr.count("error: ") == 1
    return result.stderr


def on_a_full_disk(*arguments: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_help_needs_no_heavy_library() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from orchestrator.cli import app; "
        "print(CliRunner().invoke(app, ['render', '--help']).output); "
        "print(sorted({'ray', 'scenic', 'carla', 'cv2', 'numpy', 'open3d'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.rstrip().endswith("[]")
    for option in ("--scenes", "--rig", "--seed", "--workers", "--out", "--export", "--address"):
        assert option in run.stdout


def test_a_missing_script(tmp_path: Path) -> None:
    message = refused(longtail("render", "animals/kangaro_crossing", "--out", tmp_path / "out"))
    assert "did you mean animals/kangaroo_crossing?" in message
    assert not (tmp_path / "out").exists()


def test_a_broken_script(tmp_path: Path) -> None:
    script = tmp_path / "broken.scenic"
    script.write_text("x = 1\nego = new Object at\n")
    message = refused(longtail("render", script, "--out", tmp_path / "out"))
    assert f"{script}:2: " in message
    assert not (tmp_path / "out").exists()


def test_a_script_that_is_no_text(tmp_path: Path) -> None:
    script = tmp_path / "binary.scenic"
    script.write_bytes(b"x = 1\n\xff\xfe")
    assert f"{script}: " in refused(longtail("render", script, "--out", tmp_path / "out"))


def test_an_unknown_rig(script: Path, tmp_path: Path) -> None:
    message = refused(longtail("render", script, "--rig", "kiti", "--out", tmp_path / "out"))
    assert "kitti, nuscenes" in message
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written(script: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    message = refused(longtail("render", script, "--out", tmp_path / "file" / "out"))
    assert "cannot write to" in message


def test_no_cluster(script: Path, tmp_path: Path) -> None:
    message = refused(longtail("render", script, "--out", tmp_path / "out", "--address", "ray://127.0.0.1:1"))
    assert "cannot join the Ray cluster" in message
    assert list((tmp_path / "out" / "recordings").iterdir()) == []


def test_an_unknown_format_is_a_usage_error(script: Path, tmp_path: Path) -> None:
    result = longtail("render", script, "--out", tmp_path / "out", "--export", "kitti,tfrecord")
    assert result.exit_code == 2
    assert "tfrecord" in result.output


def test_finished_scenes_are_exported_without_a_farm(
    script: Path, tmp_path: Path, make_recording: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies complete in the folder is not made again: here all of it, so that no Ray is started."""
    from orchestrator import render
    from orchestrator.job import plan
    from sensors.rig import load_rig

    def no_farm(*arguments: object) -> None:
        raise AssertionError("a farm was started")

    monkeypatch.setattr(render, "farm", no_farm)
    out = tmp_path / "out"
    (out / "recordings").mkdir(parents=True)
    for task in plan([str(script)], 2, 0, load_rig("kitti")).tasks():
        recording = make_recording(tmp_path, task.index, frames=2)
        recording.rename(out / "recordings" / f"{task.scene_id}.mcap")
    command = ("render", script, "--scenes", 2, "--export", "kitti", "--out", out)
    with monkeypatch.context() as patch:
        patch.setitem(render.EXPORTS, "kitti", on_a_full_disk)
        assert "make room" in refused(longtail(*command))
    result = longtail(*command)
    assert result.exit_code == 0, result.output
    assert "2 of 2 scenes are there already" in result.output
    assert sorted(path.name for path in out.iterdir()) == ["contact_sheet.png", "job.json", "kitti", "recordings"]
    types = longtail(*command, "--export", "kitti_tracking", "--strict-types")
    assert types.exit_code == 0, types.output
    assert "Animal" not in types.output and "Misc" in types.output
    again = longtail(*command)
    assert again.exit_code == 0
    assert "kitti: there already" in again.output
    assert "seed is 0, not 5" in refused(longtail(*command, "--seed", 5))
    assert longtail("validate", out / "kitti").exit_code == 0
    next((out / "kitti" / "training" / "label_2").glob("*.txt")).write_text("Kangaroo\n")
    assert "problems" in refused(longtail("validate", out / "kitti"))


def test_lists() -> None:
    assert "animals/kangaroo_crossing" in longtail("scenarios").output
    assert "trafficcone" in longtail("classes").output
    rigs = longtail("rigs").output
    assert "kitti" in rigs
    assert "nuscenes" in rigs


def test_a_folder_without_a_dataset(tmp_path: Path) -> None:
    assert "no dataset" in refused(longtail("validate", tmp_path))
