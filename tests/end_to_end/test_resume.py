"""A killed job, run again, ends in the same bytes as one that nobody disturbed, however many workers shared it."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from .conftest import HERE, command, render


def digest(folder: Path) -> dict[str, str]:
    """Hash of every file below a folder, by relative path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_killed_half_way_and_run_again(undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = command(out, rig=str(HERE / "small.yaml"), scenes=3, workers=2)
    with (tmp_path / "log").open("wb") as log:
        job = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 600
        while not list((out / "recordings").glob("*.mcap")):
            assert job.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.1)
        os.kill(job.pid, signal.SIGKILL)
        job.wait()
    assert not (out / "kitti").exists()

    said = render(out, rig=str(HERE / "small.yaml"), scenes=3, workers=2)
    # A worker may have finished the scene it was at before it noticed that its job is gone.
    assert re.match("[12] of 3 scenes are there already", said)
    for part in ("recordings", "kitti", "nuscenes"):
        assert digest(out / part) == digest(undisturbed / part), part


def test_done_work_is_not_done_again(undisturbed: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*") if path.is_file()}
    render(undisturbed, rig=str(HERE / "small.yaml"), scenes=3, workers=1)
    after = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*") if path.is_file()}
    assert {p for p in before if before[p] != after.get(p)} <= {undisturbed / ".lock"}
