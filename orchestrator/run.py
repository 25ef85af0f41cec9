"""The whole of a job: make what is missing, check, export, sum up. ``longtail run``, ``render``, ``resume``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import ray
from rich.console import Console
from rich.table import Table

from orchestrator import JobError
from orchestrator.claims import Claim, claim
from orchestrator.delivery import Delivery, complete, exported
from orchestrator.estimate import estimate, remember
from orchestrator.events import Event, Listener, Made
from orchestrator.farm import farm
from orchestrator.job import Job, resolve
from orchestrator.journal import Journal, Metrics, all_of
from orchestrator.pipeline import CANCEL, Pipeline, fits
from orchestrator.progress import Display, Pace, span
from orchestrator.quarantine import quarantined
from orchestrator.spec import GIB, JobSpec
from orchestrator.store import Finished, Store, claim_job, disk_is_full
from orchestrator.summary import Summary, Tally, summarise
from orchestrator.work import MISSED, MakePlayer, Order, carla_player

ROUNDS = 3
"""Times that damaged recordings are made again, before the disk is taken for broken."""

SUMMARY = "summary.json"


def run(spec: JobSpec, console: Console, address: str | None = None, player: MakePlayer = carla_player) -> None:
    """Makes what a job asks for. What lies complete in the output is left alone, so running a job again resumes it.

    Args:
        address: of a Ray cluster; None starts Ray on this machine.
        player: plays the scenes, in the workers.

    Raises:
        JobError, ScenarioError, RigError, UnknownScenario, ExportError: each with what to do.
    """
    job = resolve(spec)
    store = Store(spec.output)
    try:
        with claim(store) as hold:
            claim_job(store, job)
            store.sweep()
            store.remove(CANCEL)
            try:
                _Run(job, store, console, hold, address, player).run()
            finally:
                with contextlib.suppress(OSError):
                    store.sweep()
    except OSError as error:
        if not disk_is_full(error):
            raise
        raise JobError(
            f"no space left to write to {store.url}; make room and run the same command again: finished scenes are kept"
        ) from error


class _Run:
    """One run of a job whose store is ours."""

    def __init__(
        self, job: Job, store: Store, console: Console, hold: Claim, address: str | None, player: MakePlayer
    ) -> None:
        self._job, self._store, self._console, self._hold = job, store, console, hold
        self._address, self._order = address, Order(job, store.url, player)

    def run(self) -> None:
        finished = self._store.finished()
        there = sum(1 for task in self._job.tasks() if task.scene_id in finished)
        pace = Pace(self._job.total, there)
        if there:
            self._console.print(f"{there} of {self._job.total} scenes are there already")
        if there == self._job.total and complete(self._store, self._job.spec, there):
            for name in self._job.spec.exports:
                self._console.print(f"{name}: there already")
            self._console.print(self._store.url, markup=False, soft_wrap=True)
            return
        self._warn_of_space(self._job.total - there)
        with (
            Journal(self._store, pace) as journal,
            farm(self._job.spec.workers, self._address),
            Display(self._console, pace) as display,
        ):
            self._check_room()
            listener = all_of([display, Metrics(), journal])
            tally = self._make(finished, listener, pace)
            tasks = (task for task in self._job.tasks() if task.scene_id in self._made)
            Delivery(self._job, self._store, listener).export(tasks)
        self._sum_up(tally, pace, journal)

    def _make(self, finished: Finished, listener: Listener, pace: Pace) -> Tally:
        """Makes what is missing until every recording is what its receipt says; returns what they took."""
        for _ in range(ROUNDS):
            missing = sum(1 for task in self._job.tasks() if task.scene_id not in finished)
            if missing:
                absent = (task for task in self._job.tasks() if task.scene_id not in finished)
                count = _Count(listener)
                Pipeline(self._order, self._store, count, self._hold).run(absent, missing)
                self._console.print(
                    f"{count.scenes} scenes, {count.frames} frames in {span(pace.seconds)} ({pace.rate:.2f} frames/s)"
                )
                finished = self._store.finished()
            self._made = finished
            tasks = (task for task in self._job.tasks() if task.scene_id in finished)
            tally, damaged = Delivery(self._job, self._store, listener).check(tasks)
            if not damaged:
                return tally
            finished = self._store.finished()
        raise JobError(
            f"recordings in {self._store.url} were damaged {ROUNDS} times; look for what writes there, or at the disk"
        )

    def _check_room(self) -> None:
        """On one machine it is known at once whether a task will ever fit."""
        if self._address is None:
            have = ray.cluster_resources()
            for name, stage in self._job.spec.stages:
                if fits(have, stage) < 1:
                    needs = f"{stage.cpus:g} cores, {stage.gpus:g} GPUs, {stage.memory:g} GiB"
                    raise JobError(
                        f"this machine has no room for a task of stages.{name}, which needs {needs}; "
                        "ask for less there, raise workers, or join a cluster with --address"
                    )

    def _warn_of_space(self, missing: int) -> None:
        free = self._store.free()
        guess = estimate(self._job, self._store, missing)
        if free is not None and guess is not None and guess.bytes > free:
            self._console.print(
                f"about {guess.bytes / GIB:.2f} GiB will be needed, {free / GIB:.2f} are free in {self._store.url}; "
                "the job will pause when they are used up",
                style="yellow",
                markup=False,
                soft_wrap=True,
            )

    def _sum_up(self, tally: Tally, pace: Pace, journal: Journal) -> None:
        found = ((name, exported(self._store, name, self._job.spec)) for name in self._job.spec.exports)
        given_up = len(quarantined(self._store))
        summary = summarise(
            tally,
            {name: receipt for name, receipt in found if receipt is not None},
            quarantined=given_up,
            retries=journal.counts["retries"],
            wall_seconds=pace.seconds,
            price=self._job.spec.price,
        )
        self._store.write(SUMMARY, summary.model_dump_json(indent=2) + "\n")
        remember(self._job, summary)
        for line in _account(summary, self._job):
            self._console.print(line, markup=False, soft_wrap=True)
        if summary.rejected:
            table = Table("rejected candidates", "because of", title=None)
            for reason, count in summary.rejected.items():
                table.add_row(str(count), reason)
            self._console.print(table)
        self._console.print(self._store.url, markup=False, soft_wrap=True)


class _Count:
    """A listener that counts what one pass made, and passes everything on."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.scenes = self.frames = 0

    def __call__(self, event: Event) -> None:
        if isinstance(event, Made):
            self.scenes += 1
            self.frames += event.receipt.frames
        self._listener(event)


def _account(summary: Summary, job: Job) -> Iterator[str]:
    """What a job took, in lines."""
    cost = f", cost {summary.cost:.2f} at {job.spec.price:g} a core-hour" if job.spec.price else ""
    yield (
        f"all in all {summary.scenes} scenes, {summary.frames} frames: "
        f"{summary.core_seconds_per_frame:.2f} core-seconds and {summary.bytes_per_frame / 1e6:.2f} MB a frame, "
        f"{summary.core_seconds / 3600:.2f} core-hours{cost}"
    )
    if total := sum(summary.stages.values()):
        stages = sorted(summary.stages.items(), key=lambda stage: -stage[1])
        yield "where the time went: " + ", ".join(f"{name} {100 * s / total:.0f} %" for name, s in stages[:6])
    if summary.scenes > summary.events["not judged"]:
        again = sum(count for reason, count in summary.rejected.items() if reason.startswith(MISSED))
        kept = f"; {summary.events['missed']} without it were kept" if summary.events["missed"] else ""
        yield f"the event happened in {summary.events['happened']} scenes, {again} without it were drawn anew{kept}"
    if summary.quarantined:
        yield f"{summary.quarantined} scenes were given up: farm/quarantine has why, and how to reproduce them"
