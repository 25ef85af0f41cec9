"""What happened, for machines: a log of events (JSON lines), ``progress.json``, and Prometheus metrics."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence, Set
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from ray.util import metrics

from orchestrator.events import (
    Again,
    Damaged,
    Event,
    Exported,
    Listener,
    Made,
    Paused,
    Quarantined,
    Resumed,
    Second,
    Snapshot,
)
from orchestrator.progress import Pace
from orchestrator.store import Store

PROGRESS = "farm/progress.json"
INTERVAL = 10.0
"""[s] between progress files, and between lines about the stages."""
UPLOAD = 60.0
"""[s] between uploads of the log to a bucket, whose objects cannot grow."""


def all_of(listeners: Sequence[Listener]) -> Listener:
    """A listener that tells others, in order."""

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell


class Journal:
    """Writes ``farm/log/<when>.jsonl`` and ``farm/progress.json``; a context manager, and a listener.

    Times of day are for people; nothing is computed from them. A store that is full or does not answer loses lines, not
    the job.
    """

    def __init__(self, store: Store, pace: Pace) -> None:
        self._store, self._pace = store, pace
        self._name = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S.%f}.jsonl"
        self._counts = {"made": 0, "retries": 0, "quarantined": 0, "second tries": 0}
        self._wrote = self._uploaded = -INTERVAL
        self._paused = ""
        self._stages: Set[str] = set()

    def __enter__(self) -> Journal:
        if self._store.local is not None:
            folder = self._store.local / "farm" / "log"
            folder.mkdir(parents=True, exist_ok=True)
        else:
            self._scratch = tempfile.TemporaryDirectory(prefix="longtail-log-")
            folder = Path(self._scratch.name)
        self._path = folder / self._name
        self._file: IO[str] = self._path.open("w", encoding="utf-8", buffering=1)
        self._line("started", total=self._pace.total, there=self._pace.before)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        state = "done" if error is None else "stopped"
        self._line(state, **({"why": str(error) or kind.__name__} if kind else {}))
        self._write_progress(Snapshot(), state)
        self._upload()
        with suppress(OSError):
            self._file.close()
        if self._store.local is None:
            self._scratch.cleanup()

    def __call__(self, event: Event) -> None:
        """Takes in an event."""
        if isinstance(event, Snapshot):
            if time.monotonic() - self._wrote >= INTERVAL or event.stages.keys() != self._stages:
                self._wrote, self._stages = time.monotonic(), event.stages.keys()
                self._line("stages", **event.stages, frames=event.frames, nodes=event.nodes)
                self._write_progress(event, "paused" if self._paused else "running")
            if time.monotonic() - self._uploaded >= UPLOAD:
                self._uploaded = time.monotonic()
                self._upload()
            return
        name, facts = _facts(event)
        if isinstance(event, Made):
            self._counts["made"] += 1
        elif isinstance(event, Again):
            self._counts["retries"] += 1
        elif isinstance(event, Quarantined):
            self._counts["quarantined"] += 1
        elif isinstance(event, Second):
            self._counts["second tries"] += 1
        elif isinstance(event, (Paused, Resumed)):
            self._paused = event.why if isinstance(event, Paused) else ""
        self._line(name, **facts)

    @property
    def counts(self) -> dict[str, int]:
        """Of this run: scenes made, retries, quarantined, second tries."""
        return dict(self._counts)

    def _line(self, event: str, **facts: Any) -> None:
        line = {"time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), "event": event, **facts}
        with suppress(OSError):
            self._file.write(json.dumps(line) + "\n")

    def _write_progress(self, snapshot: Snapshot, state: str) -> None:
        pace = self._pace
        progress = {
            "state": state,
            "why": self._paused,
            "updated": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "scenes": pace.scenes,
            "total": pace.total,
            "frames_per_second": round(pace.rate, 3),
            "seconds_left": None if pace.left is None else round(pace.left),
            "stages": {name: {"waiting": w, "running": r} for name, (w, r) in snapshot.stages.items()},
            "nodes": snapshot.nodes,
            "this run": self._counts,
        }
        with suppress(Exception):  # each kind of store has errors of its own
            self._store.write(PROGRESS, json.dumps(progress, indent=2) + "\n")

    def _upload(self) -> None:
        if self._store.local is None:
            with suppress(Exception):
                self._store.put(self._path, f"farm/log/{self._name}")


def _facts(event: Event) -> tuple[str, dict[str, Any]]:
    if isinstance(event, Made):
        receipt = event.receipt.model_dump(exclude={"sha256", "rejected"})
        return "made", _scene(event) | {"node": event.node, "wall": round(event.wall, 3)} | receipt
    if isinstance(event, (Again, Quarantined)):
        failed = event.failed
        facts = {"scene": failed.task.scene_id, "scenario": failed.task.script.name, "index": failed.task.index}
        facts |= {"kind": failed.kind.value, "why": failed.message, "node": failed.node, "log": failed.log[-2000:]}
        return ("again", facts) if isinstance(event, Again) else ("quarantined", facts | {"reproduce": event.command})
    if isinstance(event, Second):
        return "second try", _scene(event) | {"after": round(event.after, 1)}
    if isinstance(event, Damaged):
        return "damaged", _scene(event)
    if isinstance(event, Paused):
        return "paused", {"why": event.why}
    if isinstance(event, Exported):
        return "exported", {"name": event.name, "frames": event.frames, "bytes": event.bytes}
    return "resumed", {}


def _scene(event: Made | Second | Damaged) -> dict[str, Any]:
    return {"scene": event.task.scene_id, "scenario": event.task.script.name, "index": event.task.index}


class Metrics:
    """A listener that counts for Ray's metrics agents, which Prometheus scrapes; inside ``farm(...)``."""

    def __init__(self) -> None:
        self._scenes = metrics.Counter("longtail_scenes", "Scenes by what became of them", ("outcome", "scenario"))
        self._frames = metrics.Counter("longtail_frames", "Frames of finished scenes", ("scenario",))
        self._bytes = metrics.Counter("longtail_recording_bytes", "Bytes of finished recordings", ("scenario",))
        self._cores = metrics.Counter("longtail_core_seconds", "Cores held, times time", ("scenario",))
        self._wall = metrics.Histogram(
            "longtail_scene_seconds", "Wall time of a scene", [1, 3, 10, 30, 100, 300, 1000, 3000], ("scenario",)
        )
        self._tasks = metrics.Gauge("longtail_tasks", "Tasks by stage", ("stage", "state"))
        self._paused = metrics.Gauge("longtail_paused", "1 while there is no room in the output")

    def __call__(self, event: Event) -> None:
        """Takes in an event."""
        if isinstance(event, Made):
            tags = {"scenario": event.task.script.name}
            self._scenes.inc(1, tags | {"outcome": "made"})
            for counter, amount in (
                (self._frames, event.receipt.frames),
                (self._bytes, event.receipt.bytes),
                (self._cores, event.receipt.core_seconds),
            ):
                if amount > 0:  # Ray's counters refuse an increment of 0
                    counter.inc(amount, tags)
            self._wall.observe(event.wall, tags)
        elif isinstance(event, (Again, Quarantined)):
            outcome = "again" if isinstance(event, Again) else "quarantined"
            self._scenes.inc(1, {"outcome": outcome, "scenario": event.failed.task.script.name})
        elif isinstance(event, (Paused, Resumed)):
            self._paused.set(float(isinstance(event, Paused)))
        elif isinstance(event, Snapshot):
            for stage, (waiting, running) in event.stages.items():
                self._tasks.set(waiting, {"stage": stage, "state": "waiting"})
                self._tasks.set(running, {"stage": stage, "state": "running"})
