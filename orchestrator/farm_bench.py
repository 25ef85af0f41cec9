"""What scheduling costs: scenes that take no time, through the real stages on real Ray."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import psutil
from pydantic import BaseModel
from rich.table import Column, Table

from orchestrator.events import Event, Made
from orchestrator.failures import Failed
from orchestrator.farm import farm
from orchestrator.job import Job, Script
from orchestrator.pipeline import Pipeline
from orchestrator.spec import Entry, JobSpec
from orchestrator.store import Receipt, Store
from orchestrator.work import Drawn, Order, Wanted, Worker
from sensors.rig import load_rig

WARM = 200
"""Scenes until Ray's workers have started and Python's memory has settled; they are not counted."""


class FarmMeasurement(BaseModel):
    """Figures of a farm that has nothing to do.

    Attributes:
        seconds_per_task: wall time of a scene through sampling and rendering.
        load: of the machine when it began, per core.
        memory_start, memory_end: of the driver [B], after the first scenes and after the last.
    """

    tasks: int
    cores: int
    machine: str
    load: float
    seconds_per_task: float
    memory_start: int
    memory_end: int


class _IdleWorker(Worker):
    """Draws and plays nothing."""

    def sample(self, wanted: Sequence[Wanted]) -> list[Drawn | Failed]:
        return [Drawn(one, bytes(280), {}, {}, 0.0) for one in wanted]

    def render(self, drawn: Drawn, address: str | None = None, gpu: int | None = None) -> Made:
        return Made(drawn.wanted.task, Receipt(sha256="0" * 64, bytes=1, frames=1), self._node, 1e-3)


def measure_farm(tasks: int) -> FarmMeasurement:
    """Takes scenes that do nothing through the stages, one worker per core."""
    script = Script(name="idle", path="idle.scenic", digest="idle", scenes=tasks + WARM)
    process, cores = psutil.Process(), os.cpu_count() or 1
    load = os.getloadavg()[0] / cores
    started, memory, made = 0.0, 0, 0

    def count(event: Event) -> None:
        nonlocal started, memory, made
        if isinstance(event, Made):
            made += 1
            if made == WARM:
                started, memory = time.perf_counter(), process.memory_info().rss

    with tempfile.TemporaryDirectory(prefix="longtail-bench-") as folder, farm(None):
        Path(folder, "out").mkdir()
        spec = JobSpec(scenarios=(Entry(scenario="idle", scenes=script.scenes),), output=str(Path(folder, "out")))
        job = Job(
            longtail=version("longtail"),
            scripts=(script,),
            seed=0,
            rig=load_rig("kitti"),
            server="embedded",
            spec=spec,
        )
        store = Store(spec.output)
        Pipeline(Order(job, store.url, worker=_IdleWorker), store, count).run(job.tasks(), job.total)
        seconds = time.perf_counter() - started
    return FarmMeasurement(
        tasks=tasks,
        cores=cores,
        machine=platform.machine(),
        load=load,
        seconds_per_task=seconds / tasks,
        memory_start=memory,
        memory_end=process.memory_info().rss,
    )


def table(result: FarmMeasurement) -> Table:
    """The figures as a table."""
    title = f"{result.tasks} scenes that do nothing, {result.cores} cores, load {result.load:.1f} a core before"
    shown = Table("measured", Column("", justify="right"), title=title, min_width=60)
    shown.add_row("a scene, through sampling and rendering", f"{1000 * result.seconds_per_task:.2f} ms")
    shown.add_row("the driver's memory, after the first", f"{result.memory_start / 2**20:.0f} MB")
    shown.add_row("the driver's memory, after the last", f"{result.memory_end / 2**20:.0f} MB")
    return shown
