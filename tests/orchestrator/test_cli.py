"""The ``longtail`` command: quick to answer, and every mistake ends in one message without a traceback."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from orchestrator import claims
from orchestrator.cli import app
from orchestrator.job import Job, resolve
from orchestrator.run import run
from orchestrator.spec import load_spec
from orchestrator.store import Store

from .fakes import player_that, spec_of

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
    assert "did you mean animals/kangaroo_crossing or " in message
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
    assert "kitti, kitti_stereo, nuscenes" in message
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


def fill(store: Store, job: Job, make_recording: Callable[..., Path], folder: Path) -> None:
    """Synthetic recordings for all scenes of a job, as its workers would publish them."""
    for task in job.tasks():
        recording = make_recording(folder, task.index, frames=2)
        store.publish(task, recording, frames=2, core_seconds=3.0, seconds={"tick": 2.5})
        recording.unlink()


def test_a_job_from_file_to_dataset_and_what_becomes_of_it_later(
    script: Path, tmp_path: Path, make_recording: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All scenes lie there, so that no server is started: checks, exports and books are what is left."""
    out, cache = tmp_path / "out", tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    file = tmp_path / "job.yaml"
    file.write_text(
        f"scenarios: [{{scenario: {script}, scenes: 2}}]\nexports: [kitti]\nworkers: 1\noutput: {out}\nprice: 0.5\n"
    )
    assert "plays one of each" in refused(longtail("plan", file))
    job = resolve(load_spec(str(file)))
    fill(Store(out), job, make_recording, tmp_path)

    result = longtail("run", file)
    assert result.exit_code == 0, result.output
    assert "2 of 2 scenes are there already" in result.output
    assert "kitti: 4 frames" in result.output
    kept = ["SHA256SUMS", "contact_sheet.png", "farm", "job.json", "kitti", "recordings", "summary.json"]
    assert sorted(path.name for path in out.iterdir()) == kept
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=out, check=True)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["frames"] == 4
    assert summary["core_seconds"] >= 6.0
    assert summary["cost"] == pytest.approx(summary["core_seconds"] / 3600 * 0.5)
    assert summary["scenarios"]["straight"]["scenes"] == 2
    [log] = (out / "farm" / "log").iterdir()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["event"] for line in lines if line["event"] != "stages"] == ["started", "exported", "done"]

    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    result = longtail("resume", out)
    assert "kitti: there already" in result.output
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path != out}.items() <= before.items()
    command = ("render", script, "--scenes", 2, "--export", "kitti", "--out", out)
    assert "kitti: there already" in longtail(*command).output  # the same job, in its short form
    types = longtail(*command, "--export", "kitti_tracking", "--strict-types")
    assert types.exit_code == 0, types.output
    assert "Animal" not in types.output and "Misc" in types.output
    assert "seed is 0, not 5" in refused(longtail(*command, "--seed", 5))
    assert longtail("validate", out / "kitti").exit_code == 0

    assert "2 of 2 scenes are complete" in longtail("status", out).output
    assert "no job is running" in refused(longtail("cancel", out))
    assert "holds no job" in refused(longtail("resume", tmp_path / "elsewhere"))
    said = longtail("plan", file).output
    assert "2 of 2 scenes are there already" in said
    file.write_text(file.read_text().replace("scenes: 2", "scenes: 1000000").replace(str(out), str(tmp_path / "huge")))
    said = longtail("plan", file, "--cores", 64).output
    assert "1,000,000 scenes, 2,000,000 frames, kitti" in said
    assert "core-hours, cost" in said


def test_a_damaged_recording_is_made_again(
    script: Path, tmp_path: Path, make_recording: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    spec = spec_of(script, 2, tmp_path / "out", exports=("kitti",))
    job, store = resolve(spec), Store(tmp_path / "out")
    fill(store, job, make_recording, tmp_path)
    [first, _] = job.tasks()
    path = tmp_path / "out" / "recordings" / f"{first.scene_id}.mcap"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")
    (tmp_path / "whole").write_bytes(whole)
    good = tmp_path / "whole"

    def copy(target: Path, origin: object) -> None:
        target.write_bytes(good.read_bytes())

    console = Console(file=io.StringIO(), width=200)
    run(spec, console, player=player_that({}, tmp_path, copy))
    assert path.read_bytes() == whole
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "straight #0: its recording is not what its receipt says; it is made again" in said
    assert "kitti: 4 frames" in said


def test_a_job_into_a_bucket(
    script: Path, bucket: str, tmp_path: Path, make_recording: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(claims, "BEAT", 0.3)
    out = f"{bucket}/{tmp_path.name}"
    spec = spec_of(script, 2, out, exports=("kitti",))
    job, store = resolve(spec), Store(out)
    fill(store, job, make_recording, tmp_path)
    [first, _] = job.tasks()
    good = tmp_path / "good"
    good.write_bytes(store.fs.cat_file(store.path(f"recordings/{first.scene_id}.mcap")))
    store.discard(first.scene_id)

    def copy(target: Path, origin: object) -> None:
        target.write_bytes(good.read_bytes())

    run(spec, Console(file=io.StringIO()), player=player_that({}, tmp_path, copy))
    assert len(store.finished()) == 2
    assert store.names("kitti/training/label_2") == [f"{number:06d}.txt" for number in range(4)]
    assert store.read("contact_sheet.png")
    assert json.loads(store.read("summary.json") or b"")["scenes"] == 2
    [log] = store.names("farm/log")
    assert b'"event": "made"' in (store.read(f"farm/log/{log}") or b"")
    assert store.read(claims.CLAIM) is None
    assert "2 of 2 scenes are complete" in longtail("status", out).output


def test_lists() -> None:
    assert "animals/kangaroo_crossing" in longtail("scenarios").output
    assert "trafficcone" in longtail("classes").output
    rigs = longtail("rigs").output
    assert "kitti" in rigs
    assert "nuscenes" in rigs


def test_a_folder_without_a_dataset(tmp_path: Path) -> None:
    assert "no dataset" in refused(longtail("validate", tmp_path))
