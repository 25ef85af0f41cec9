"""The promise in small, on the real server: kill workers and servers, a node, the driver; the dataset is the same."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from orchestrator.chaos import contents, kill_at_random, kill_driver, make, make_on_changing_nodes

from .conftest import HERE, render

SCENES = 3


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The job file of what the ``undisturbed`` fixture makes with ``longtail render``."""
    path = tmp_path / "job.yaml"
    entry = {"scenario": str(HERE / "crossing.scenic"), "scenes": SCENES}
    spec = {"scenarios": [entry], "rig": str(HERE / "small.yaml"), "seed": 3, "workers": 2, "output": "given"}
    path.write_text(yaml.safe_dump(spec))
    return path


def test_workers_and_servers_are_killed(job: Path, undisturbed: Path, tmp_path: Path) -> None:
    said = make(job, tmp_path / "out", lambda running: kill_at_random(running, random.Random(5), 8, SCENES))
    assert "0 workers" not in said
    assert "0 servers" not in said
    log = (tmp_path / "out.log").read_text()
    assert log.count("and is tried again") >= 2
    assert "Traceback" not in log
    assert contents(tmp_path / "out") == contents(undisturbed)


@pytest.mark.slow
def test_a_node_is_lost_and_another_added(job: Path, undisturbed: Path, tmp_path: Path) -> None:
    make_on_changing_nodes(job, tmp_path / "out", SCENES)
    assert contents(tmp_path / "out") == contents(undisturbed)


def test_the_driver_is_killed_and_resumed(job: Path, undisturbed: Path, tmp_path: Path) -> None:
    make(job, tmp_path / "out", lambda running: kill_driver(running, SCENES))
    assert " of 3 scenes are there already" in (tmp_path / "out.log").read_text()
    assert contents(tmp_path / "out") == contents(undisturbed)


def test_done_work_is_not_done_again(undisturbed: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*") if path.is_file()}
    render(undisturbed, rig=str(HERE / "small.yaml"), scenes=3, workers=2)
    after = {path: path.stat().st_mtime_ns for path in undisturbed.rglob("*") if path.is_file()}
    changed = {path.relative_to(undisturbed).as_posix() for path in before if before[path] != after.get(path)}
    assert changed <= {".lock", "job.json"}
