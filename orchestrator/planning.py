"""``longtail plan``, ``status`` and ``cancel``: what a job will take, how far it is, and stopping it."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from orchestrator import JobError
from orchestrator.claims import held
from orchestrator.estimate import estimate, figures_of
from orchestrator.job import resolve
from orchestrator.journal import PROGRESS
from orchestrator.pipeline import CANCEL
from orchestrator.progress import span
from orchestrator.quarantine import quarantined
from orchestrator.run import SUMMARY, run
from orchestrator.spec import GIB, JobSpec
from orchestrator.store import Store, load_job

CANCEL_PATIENCE = 120.0
"""[s] for a job to notice that it was cancelled."""


def show_plan(spec: JobSpec, console: Console, cores: int | None = None, measure: bool = False) -> None:
    """Says what a job will do, and what it will take.

    Args:
        cores: scenes at a time. measure: play one scene of each scenario that has no figures.

    Raises:
        JobError and others: the job is not valid, or there are no figures to estimate from.
    """
    job = resolve(spec)
    store = Store(spec.output)
    if measure:
        _measure(spec, console)
    table = Table(
        "scenario",
        Column("scenes", justify="right"),
        Column("frames", justify="right"),
        Column("core-s/frame", justify="right"),
        Column("MB/frame", justify="right"),
    )
    for script in job.scripts:
        figures = figures_of(job, script)
        if figures is None:
            table.add_row(script.name, f"{script.scenes:,}", "?", "?", "?")
            continue
        frames = max(figures.frames, 1)
        table.add_row(
            script.name,
            f"{script.scenes:,}",
            f"{figures.frames / figures.scenes * script.scenes:,.0f}",
            f"{figures.core_seconds / frames:.2f}",
            f"{figures.bytes / frames / 1e6:.2f}",
        )
    console.print(table)
    present = load_job(store)
    if present is not None and not present.difference(job):
        console.print(f"{len(store.finished()):,} of {job.total:,} scenes are there already")
    guess = estimate(job, store, cores=cores)
    if guess is None:
        raise JobError(
            "no scene of these scenarios with this rig was ever made here, so there is nothing to estimate from; "
            "`longtail plan --measure` plays one of each"
        )
    if guess.measured < guess.of:
        console.print(f"{guess.of - guess.measured} scenarios were never made here and are taken to be like the others")
    cost = f", cost {guess.cost:,.2f}" if spec.price else ""
    console.print(
        f"{guess.scenes:,} scenes, {guess.frames:,} frames, {', '.join(spec.exports) or 'no export'}: "
        f"{span(guess.seconds)}, {guess.bytes / GIB:,.2f} GiB, {guess.core_hours:,.1f} core-hours{cost}",
        soft_wrap=True,
    )
    free = store.free()
    if free is not None:
        enough = "" if guess.bytes <= free else ": not enough; the job will pause when they are used up"
        console.print(f"{free / GIB:,.2f} GiB are free in {store.url}{enough}", soft_wrap=True)


def _measure(spec: JobSpec, console: Console) -> None:
    job = resolve(spec)
    for entry, script in zip(spec.scenarios, job.scripts, strict=True):
        if figures_of(job, script) is None:
            one = entry.model_copy(update={"scenes": 1, "weight": None})
            with tempfile.TemporaryDirectory(prefix="longtail-plan-") as folder:
                alone = {"scenarios": (one,), "scenes": None, "output": str(Path(folder, "out")), "workers": 1}
                run(spec.model_copy(update=alone), console)


def show_status(output: str, console: Console) -> None:
    """Says how far a job is, from what lies in its output.

    Raises:
        JobError: there is no job.
    """
    store = Store(output)
    job = load_job(store)
    if job is None:
        raise JobError(f"{output} holds no job")
    finished = len(store.finished())
    running = held(store)
    progress = json.loads(store.read(PROGRESS) or b"{}")
    state = progress.get("state", "not started") if running else ("done" if store.read(SUMMARY) else "not running")
    console.print(f"{store.url}: {state}", markup=False, soft_wrap=True)
    console.print(f"{finished:,} of {job.total:,} scenes are complete")
    if running and progress:
        left = progress["seconds_left"]
        console.print(
            f"{progress['frames_per_second']:.2f} frames/s on {progress['nodes']} nodes"
            + (f", {span(left)} left" if left is not None else "")
            + f", as of {progress['updated']}"
        )
        for stage, counts in progress["stages"].items():
            console.print(f"  {stage}: {counts['running']} running, {counts['waiting']} waiting")
        if progress["why"]:
            console.print(f"paused: {progress['why']}", markup=False, soft_wrap=True)
    if progress:
        console.print("last run: " + ", ".join(f"{count} {what}" for what, count in progress["this run"].items()))
    for scene_id, why in quarantined(store).items():
        console.print(f"given up: {scene_id} {why}", markup=False, soft_wrap=True)
    if not running and finished < job.total:
        console.print(f"go on with: longtail resume {output}", markup=False, soft_wrap=True)


def cancel_job(output: str, console: Console) -> None:
    """Stops the job that is writing to an output, and waits until it has.

    Raises:
        JobError: there is no job, none runs, or it does not answer.
    """
    store = Store(output)
    if load_job(store) is None:
        raise JobError(f"{output} holds no job")
    if not held(store):
        raise JobError(f"no job is running in {output}")
    store.write(CANCEL, b"")
    deadline = time.monotonic() + CANCEL_PATIENCE
    while held(store):
        if time.monotonic() > deadline:
            raise JobError(f"the job in {output} has not stopped for {CANCEL_PATIENCE:.0f} s; end its driver by hand")
        time.sleep(0.5)
    console.print(f"cancelled; go on with: longtail resume {output}", markup=False, soft_wrap=True)
