"""How far a job is: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from orchestrator.farm import Made, Progress
from orchestrator.job import Task

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


class Display(Progress):
    """Shows a run on a console; a context manager."""

    def __init__(self, console: Console, total: int, before: int) -> None:
        self._console = console
        self.pace = Pace(total, before)
        self._bar = Bar(
            TextColumn("scenes"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._row = self._bar.add_task("scenes", total=total, completed=before, pace="starting")
        self._said = time.monotonic()

    def __enter__(self) -> Display:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def frames(self, counts: dict[str, int]) -> None:
        self.pace.frames = sum(counts.values())
        self._show()

    def made(self, made: Made) -> None:
        self.pace.finish(made.frames)
        self._show(now=True)

    def again(self, task: Task, why: str) -> None:
        self._console.print(
            f"{task} failed and is tried again on a fresh server: {why}", style="yellow", markup=False, soft_wrap=True
        )

    def _show(self, now: bool = False) -> None:
        if self._console.is_terminal:
            self._bar.update(self._row, completed=self.pace.scenes, pace=str(self.pace))
        elif now or time.monotonic() - self._said >= INTERVAL:
            self._said = time.monotonic()
            self._console.print(f"{self.pace.scenes} of {self.pace.total} scenes, {self.pace}", markup=False)
