"""How far a job is: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from orchestrator.events import (
    Again,
    Damaged,
    Event,
    Exported,
    Made,
    Paused,
    Quarantined,
    Resumed,
    Second,
    Snapshot,
)

INTERVAL = 10.0
"""[s] between plain lines."""


def span(seconds: float) -> str:
    """A time as people say it: ``45 s``, ``3 min 05 s``, ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Pace:
    """Frames per second and time left, from what this run has done so far.

    Args:
        total: scenes of the job; ``before``: of these, already finished when the run began.
    """

    def __init__(self, total: int, before: int) -> None:
        self.total, self.before = total, before
        self.scenes = before
        self.frames = 0
        self._of_finished = 0
        self._started = time.monotonic()

    def finish(self, frames: int) -> None:
        """A scene of that many frames is finished."""
        self.scenes += 1
        self._of_finished += frames

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._started

    @property
    def rate(self) -> float:
        """Frames per second over the whole run."""
        return self.frames / max(self.seconds, 1e-9)

    @property
    def left(self) -> float | None:
        """Seconds to go; None while no scene of this run is finished."""
        done = self.scenes - self.before
        if done == 0 or self.rate == 0:
            return None
        expected = self._of_finished / done * (self.total - self.before)
        return max(expected - self.frames, 0.0) / self.rate

    def __str__(self) -> str:
        if self.frames == 0:
            return "servers are starting; on their first run they build the map and the bodies"
        left = "" if self.left is None or self.scenes == self.total else f", {span(self.left)} left"
        return f"{self.frames} frames, {self.rate:.2f} frames/s{left}"


class Display:
    """Shows a run on a console; a context manager, and a listener."""

    def __init__(self, console: Console, pace: Pace) -> None:
        self._console = console
        self.pace = pace
        self._bar = Bar(
            TextColumn("scenes"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._row = self._bar.add_task("scenes", total=pace.total, completed=pace.before, pace="starting")
        self._said = time.monotonic()
        self._stages = ""
        self._trouble: Counter[str] = Counter()

    def __enter__(self) -> Display:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Takes in an event."""
        if isinstance(event, Snapshot):
            if event.frames is not None:
                self.pace.frames = event.frames
            self._stages = _stages(event)
            self._show()
        elif isinstance(event, Made):
            self.pace.finish(event.receipt.frames)
            self._show(now=True)
        elif isinstance(event, Again):
            self._trouble["retried"] += 1
            self._say(f"{event.failed.task} failed and is tried again: {event.failed.message}")
        elif isinstance(event, Quarantined):
            self._trouble["quarantined"] += 1
            failed = event.failed
            self._say(f"{failed.task} is given up: {failed.message}; reproduce it with: {event.command}")
        elif isinstance(event, Second):
            self._say(f"{event.task} has taken {span(event.after)} so far and is tried a second time, beside")
        elif isinstance(event, Damaged):
            self.pace.scenes -= 1
            self._say(f"{event.task}: its recording is not what its receipt says; it is made again")
        elif isinstance(event, Paused):
            self._say(f"paused: {event.why}")
        elif isinstance(event, Resumed):
            self._say("going on")
        elif isinstance(event, Exported):
            objects = ", ".join(f"{count} {kind}" for kind, count in sorted(event.objects.items()))
            text = f"{event.name}: {event.frames} frames, {event.bytes / 1e6:.1f} MB; {objects or 'no objects'}"
            self._console.print(text, markup=False)

    def _say(self, text: str) -> None:
        self._console.print(text, style="yellow", markup=False, soft_wrap=True)

    def _show(self, now: bool = False) -> None:
        trouble = "".join(f", {count} {what}" for what, count in sorted(self._trouble.items()))
        pace = f"{self.pace}{trouble}{self._stages}"
        if self._console.is_terminal:
            self._bar.update(self._row, completed=self.pace.scenes, pace=pace)
        elif now or time.monotonic() - self._said >= INTERVAL:
            self._said = time.monotonic()
            self._console.print(f"{self.pace.scenes} of {self.pace.total} scenes, {pace}", markup=False, soft_wrap=True)


def _stages(snapshot: Snapshot) -> str:
    busy = [
        f"{stage} {running}" + (f"+{waiting}" if waiting else "")
        for stage, (waiting, running) in snapshot.stages.items()
        if running or waiting
    ]
    return f" ({', '.join(busy)})" if busy else ""
