"""The stage after all scenes: recordings checked against their receipts, datasets made of them, the contact sheet."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import ray

from orchestrator import JobError
from orchestrator.events import Damaged, Exported, Listener, Paused, Resumed, Snapshot
from orchestrator.farm import CHECK, EXPORT, SHOW
from orchestrator.job import Job, Task
from orchestrator.pipeline import ROOM_AGAIN, fits, no_room
from orchestrator.spec import JobSpec
from orchestrator.store import ExportReceipt, Receipt, Store, disk_is_full
from orchestrator.summary import Tally

T = TypeVar("T")

SUMS = "SHA256SUMS"

BATCH = 32
"""Recordings checked by one task."""

TRIES = 5
"""Workers that may die under a task of this stage."""


class Delivery:
    """Makes of a store's recordings what the job promised, inside ``farm(...)``."""

    def __init__(self, job: Job, store: Store, listener: Listener) -> None:
        self._job, self._store, self._listener = job, store, listener
        self._options = job.spec.stages.export.options()

    def check(self, tasks: Iterable[Task]) -> tuple[Tally, list[Task]]:
        """Reads all recordings. Those that are damaged are taken back, to be made again; when there are none, the
        checksums of all are written. Returns what the whole ones took to make, and the damaged."""
        tally, damaged, lines = Tally(), [], []
        window = 2 * max(1, fits(ray.cluster_resources(), self._job.spec.stages.export))
        waiting: deque[tuple[list[Task], Any]] = deque()
        batches = _batches(tasks, BATCH)
        while True:
            while len(waiting) < window and (batch := next(batches, None)):
                waiting.append((batch, self._send_check(batch)))
            if not waiting:
                break
            batch, reference = waiting.popleft()
            self._listener(Snapshot({"check": (0, len(waiting) + 1)}, nodes=len(ray.nodes())))
            checked = self._get(lambda batch=batch: self._send_check(batch), reference)  # type: ignore[misc]
            receipts: dict[str, Receipt] = dict(checked.receipts)
            for task in batch:
                if task.scene_id in receipts:
                    tally.add(task.script.name, receipts[task.scene_id])
                    lines.append(f"{receipts[task.scene_id].sha256}  recordings/{task.scene_id}.mcap\n")
                else:
                    damaged.append(task)
        for task in damaged:
            self._store.discard(task.scene_id)
            self._listener(Damaged(task))
        if not damaged:
            sums = "".join(lines)
            if self._store.read(SUMS) != sums.encode():
                self._store.write(SUMS, sums)
        return tally, damaged

    def _send_check(self, batch: list[Task]) -> Any:
        return CHECK.options(**self._options).remote(self._store.url, [task.scene_id for task in batch])

    def export(self, tasks: Iterable[Task]) -> None:
        """Makes the datasets that are not there yet, side by side, and the contact sheet."""
        scene_ids = [task.scene_id for task in tasks]
        shared = ray.put(scene_ids)
        cpus = self._job.spec.stages.export.cpus

        def send(name: str) -> Any:
            made_of, strict = contents(self._store, name, self._job.spec), self._job.spec.strict_types
            return EXPORT.options(**self._options).remote(self._store.url, name, shared, made_of, cpus, strict)

        def send_sheet() -> Any:
            return SHOW.options(**self._options).remote(self._store.url, shared)

        stale = [name for name in self._job.spec.exports if not exported(self._store, name, self._job.spec)]
        sent = {name: send(name) for name in stale}
        self._listener(Snapshot({"export": (0, len(sent))}, nodes=len(ray.nodes())))
        sheet = send_sheet() if stale or not self._store.fs.exists(self._store.path("contact_sheet.png")) else None
        for name, reference in sent.items():
            result: Exported = self._get(lambda name=name: send(name), reference)  # type: ignore[misc]
            self._listener(result)
        if sheet is not None:
            self._get(send_sheet, sheet)

    def _get(self, send: Callable[[], Any], reference: Any) -> Any:
        """What a task returns; sends it again when its worker or node died, or when there is room on the disk again."""
        deaths = 0
        while True:
            try:
                return ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                if not disk_is_full(error.cause):
                    raise error.cause from None
                self._wait_for_room(str(error.cause))
            except ray.exceptions.RayError as error:
                deaths += 1
                if deaths >= TRIES:
                    raise JobError(f"workers died {TRIES} times under the export: {error}") from error
            reference = send()

    def _wait_for_room(self, why: str) -> None:
        self._listener(Paused(f"no space left to export to {self._store.url} ({why}); make room and the job goes on"))
        time.sleep(ROOM_AGAIN)
        while no_room(self._store, self._job.spec.limits):
            time.sleep(ROOM_AGAIN)
        self._listener(Resumed())


def contents(store: Store, name: str, spec: JobSpec) -> str:
    """What an export is made of: a hash of the checked recordings, and how it was asked for; empty while they are not
    checked."""
    sums = store.read(SUMS)
    strict = " strict types" if spec.strict_types and name.startswith("kitti") else ""
    return "" if sums is None else hashlib.sha256(sums).hexdigest() + strict


def exported(store: Store, name: str, spec: JobSpec) -> ExportReceipt | None:
    """The receipt of an export that holds what the store does now; None when there is none."""
    data = store.read(f"farm/exports/{name}.json")
    if data is None or not store.fs.exists(store.path(name)):
        return None
    receipt = ExportReceipt.model_validate_json(data)
    return receipt if receipt.scenes == contents(store, name, spec) else None


def complete(store: Store, spec: JobSpec, scenes: int) -> bool:
    """Whether nothing is left to do for a job whose scenes, so many, are all there."""
    sums = store.read(SUMS)
    if sums is None or sums.count(b"\n") != scenes:
        return False
    return store.fs.exists(store.path("contact_sheet.png")) and all(exported(store, n, spec) for n in spec.exports)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
