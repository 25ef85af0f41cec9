"""What happened, for machines: metrics as Prometheus scrapes them, the log, progress."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path

import pytest
import ray

from orchestrator.events import Again, Made, Paused, Quarantined, Second, Snapshot
from orchestrator.failures import Failed, Kind
from orchestrator.job import Script, Task
from orchestrator.journal import PROGRESS, Journal, Metrics
from orchestrator.progress import Pace
from orchestrator.store import Receipt, Store
from simulator.session import free_port

TASK = Task(Script(name="a", path="a.scenic", digest="d", scenes=3), 0, "00" * 8)
MADE = Made(TASK, Receipt(sha256="0", bytes=10, frames=3, core_seconds=2.0), "node", 1.5)
FAILED = Failed(TASK, Kind.server, "the server died", "its words", "node")


def test_metrics_reach_prometheus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    port = free_port()
    ray.init("local", num_cpus=1, include_dashboard=False, _metrics_export_port=port, logging_level="ERROR")
    try:
        metrics = Metrics()
        for event in (MADE, Again(FAILED), Snapshot({"render": (1, 2)}, 3, 1), Paused("full")):
            metrics(event)
        text, deadline = "", time.monotonic() + 90
        while "longtail_paused" not in text and time.monotonic() < deadline:
            time.sleep(0.5)
            try:
                text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
            except OSError:
                continue
    finally:
        ray.shutdown()
    values = {}
    for line in text.splitlines():
        if line.startswith("ray_longtail_") and "_bucket" not in line:
            labels = line[line.index("{") : line.rindex("}")]
            said = [word for word in ("made", "again", "waiting", "running") if f'"{word}"' in labels]
            values[(line.partition("{")[0], *said)] = float(line.rpartition(" ")[2])
    assert values[("ray_longtail_scenes_total", "made")] == 1
    assert values[("ray_longtail_scenes_total", "again")] == 1
    assert values[("ray_longtail_frames_total",)] == 3
    assert values[("ray_longtail_core_seconds_total",)] == 2
    assert values[("ray_longtail_scene_seconds_count",)] == 1
    assert values[("ray_longtail_tasks", "waiting")] == 1
    assert values[("ray_longtail_tasks", "running")] == 2
    assert values[("ray_longtail_paused",)] == 1


def test_the_log_has_a_line_for_every_event(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with Journal(store, Pace(3, 1)) as journal:
        for event in (MADE, Again(FAILED), Second(TASK, 9.0), Quarantined(FAILED, "longtail run x"), Paused("full")):
            journal(event)
        journal(Snapshot({"render": (1, 2)}, 3, 1))
        progress = json.loads(store.read(PROGRESS) or b"")
        assert progress["state"] == "paused"
        assert progress["stages"] == {"render": {"waiting": 1, "running": 2}}
        assert progress["this run"] == {"made": 1, "retries": 1, "quarantined": 1, "second tries": 1}
    [log] = (tmp_path / "farm" / "log").iterdir()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    told = ["started", "made", "again", "second try", "quarantined", "paused", "stages", "done"]
    assert [line["event"] for line in lines] == told
    assert lines[1]["core_seconds"] == 2.0
    assert lines[2]["log"] == "its words"
    assert lines[4]["reproduce"] == "longtail run x"


def test_a_run_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"), Journal(Store(tmp_path), Pace(3, 1)):
        raise ValueError("no")
    assert json.loads(Store(tmp_path).read(PROGRESS) or b"")["state"] == "stopped"
