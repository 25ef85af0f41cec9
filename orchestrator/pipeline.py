"""Takes scenes through the stages: sampling, then simulating and rendering. Refining will stand between these and
export.

The driver only keeps the books: how many tasks of a stage may be under way, so that none runs ahead of the next; which
failed and what follows. Which node runs a task, with which resources, is Ray's business. All that it knows it could
lose: the store says what is complete.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy, NodeLabelSchedulingStrategy, NotIn

from orchestrator import JobError
from orchestrator.claims import Claim
from orchestrator.events import Again, Event, Listener, Made, Paused, Quarantined, Resumed, Second, Snapshot, quiet
from orchestrator.failures import Court, Failed, Kind, Verdict
from orchestrator.farm import BOARD, RENDER, SAMPLE
from orchestrator.job import Task
from orchestrator.quarantine import quarantine, release
from orchestrator.spec import GIB, Limits, Resources
from orchestrator.store import Store
from orchestrator.work import Drawn, Order, Wanted

POLL = 0.5
"""[s] between looks at the workers' board, when nothing happens."""

LOOK = 2.0
"""[s] between looks at the cluster's size, the free space, and whether the job was cancelled."""

BATCH = 16
"""Scenes drawn by one task, at most: drawing one may be shorter than sending a task."""

AHEAD = 4
"""Tasks queued at Ray beyond what fits, so that no core waits for the driver."""

SLOW, SLOW_LEAST = 2.5, 30.0
"""A scene that takes longer than so many times the median, and than so many seconds, is tried beside, when all others
are done or under way."""

ENOUGH = 3
"""Scenes that must be finished before any is called slow."""

ROOM_AGAIN = 10.0
"""[s] until a stage that found the disk full tries again."""

CANCEL = "farm/cancel"


class Cancelled(JobError):
    """Somebody cancelled the job."""


@dataclass
class _Attempt:
    """A scene that is being rendered."""

    drawn: Drawn
    address: str | None
    started: float

    @property
    def task(self) -> Task:
        return self.drawn.wanted.task


class Pipeline:
    """One pass over a job's missing scenes, inside ``farm(...)``.

    Args:
        order: the job, its store, and who plays.
        store: the order's.
        listener: told what happens.
        hold: the claim on the store.
    """

    def __init__(self, order: Order, store: Store, listener: Listener = quiet, hold: Claim | None = None) -> None:
        self._order, self._store, self._listener, self._hold = order, store, listener, hold or Claim()
        self._spec = order.job.spec
        self.court = Court(order.job.total, self._spec.limits.quarantined)
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
        self._board = BOARD.options(scheduling_strategy=here).remote()
        self._order_ref = ray.put(order)
        self._again: deque[Wanted] = deque()
        self._fresh: Iterator[Task] = iter(())
        self._left = 0
        self._sampling: dict[Any, list[Wanted]] = {}
        self._drawn: deque[Drawn] = deque()
        self._rendering: dict[Any, _Attempt] = {}
        self._done: set[str] = set()
        self._tries: dict[str, list[Failed]] = {}
        self._times: deque[float] = deque(maxlen=200)
        self._addresses = deque(self._spec.server.addresses)
        self._capacity = 1
        self._nodes = 1
        self._looked = -LOOK
        self._full_until = 0.0
        self._full = ""
        self._paused = False
        self._stop = ""
        self._frames_done = 0
        self._shown = 0.0
        self._doubled: set[str] = set()

    def run(self, missing: Iterable[Task], count: int) -> None:
        """Makes the scenes. Those that are finished stay, whatever happens.

        Args:
            missing: the scenes; count: how many.

        Raises:
            JobError: none, or too few, can be made; the scenes that were under way are finished first.
            Cancelled: somebody cancelled the job.
        """
        self._fresh, self._left = iter(missing), count
        try:
            while True:
                self._look()
                if not self._stop:
                    self._fill()
                if not self._sampling and not self._rendering and (self._stop or not self._waiting):
                    break
                for reference, result in self._wait():
                    self._take_in(reference, result)
                self._show()
        except ray.exceptions.RayError as error:
            raise JobError(f"the Ray cluster is gone ({_first_line(error)}); start it again, then resume") from error
        finally:
            for reference in [*self._sampling, *self._rendering]:
                _cancel(reference)
        self._show(now=True)
        if self._stop:
            raise JobError(self._stop)

    @property
    def _waiting(self) -> int:
        return self._left + len(self._again) + len(self._drawn)

    # looking around

    def _look(self) -> None:
        """Now and then: is the store ours, is the job wanted, how large is the cluster, is there room."""
        now = time.monotonic()
        if now - self._looked < (LOOK if self._store.local is not None else 5 * LOOK):
            return
        self._looked = now
        self._hold.check()
        try:
            cancelled = self._store.read(CANCEL) is not None
            why = no_room(self._store, self._spec.limits)
        except Exception as error:  # each kind of store has errors of its own
            cancelled, why = False, f"{self._store.url} does not answer: {_first_line(error)}"
        if cancelled:
            raise Cancelled("cancelled; finished scenes are kept, and `longtail resume` goes on from here")
        have = ray.cluster_resources()
        self._nodes = sum(1 for node in ray.nodes() if node["Alive"])
        self._capacity = fits(have, self._spec.stages.render)
        why = why or (self._full if now < self._full_until else "")
        if why and not self._paused:
            self._tell(Paused(f"{why}; the job goes on by itself when that is over"))
        elif self._paused and not why:
            self._tell(Resumed())
        self._paused = bool(why)

    def _tell(self, event: Event) -> None:
        self._listener(event)

    def _show(self, now: bool = False) -> None:
        if not now and time.monotonic() - self._shown < POLL:
            return
        self._shown = time.monotonic()
        under_way = {attempt.task.scene_id for attempt in self._rendering.values()}
        frames = 0
        with suppress(ray.exceptions.RayError, TimeoutError):
            told = ray.get(self._board.frames.remote([i for i in self._done if i not in under_way]), timeout=5)
            frames = sum(count for scene_id, (count, _) in told.items() if scene_id in under_way)
        self._done.clear()
        running = min(len(self._rendering), self._capacity)
        stages = {
            "sample": (self._left + len(self._again), sum(map(len, self._sampling.values()))),
            "render": (len(self._drawn) + len(self._rendering) - running, running),
        }
        self._tell(Snapshot(stages, self._frames_done + frames, self._nodes))

    # sending out

    def _fill(self) -> None:
        if self._paused:
            return
        room = self._room
        while self._drawn and len(self._rendering) < room:
            self._send(self._drawn.popleft())
        # No more scenes drawn ahead than the next stage takes in soon.
        ahead = sum(map(len, self._sampling.values())) + len(self._drawn)
        while (self._left or self._again) and ahead < room + BATCH and len(self._sampling) < room:
            size = max(1, min(BATCH, self._left // (4 * room)))
            batch = [self._again.popleft()] if self._again else [Wanted(task) for task in self._next(size)]
            options = self._spec.stages.sample.options()
            self._sampling[SAMPLE.options(**options).remote(self._order_ref, self._board, batch)] = batch
            ahead += len(batch)
        if not self._waiting and not self._sampling:
            self._double(room)

    @property
    def _room(self) -> int:
        """How many scenes may be with Ray for rendering."""
        room, workers = self._capacity + AHEAD, self._spec.workers
        if workers is not None:  # more than fit ask an autoscaling cluster for nodes
            room = max(room, workers) if workers >= self._capacity else workers
        return min(room, len(self._spec.server.addresses)) if self._spec.server.addresses else room

    def _next(self, count: int) -> Iterator[Task]:
        for _ in range(count):
            task = next(self._fresh, None)
            if task is None:
                self._left = 0
                return
            self._left -= 1
            yield task

    def _send(self, drawn: Drawn) -> None:
        options: dict[str, Any] = self._spec.stages.render.options()
        if self._nodes > 1 and (shunned := self.court.shunned(drawn.wanted.task)):
            elsewhere = {"ray.io/node-id": NotIn(*shunned)}
            options["scheduling_strategy"] = NodeLabelSchedulingStrategy(hard={}, soft=elsewhere)
        address = self._addresses.popleft() if self._addresses else None
        reference = RENDER.options(**options).remote(self._order_ref, self._board, drawn, address)
        self._rendering[reference] = _Attempt(drawn, address, time.monotonic())

    def _double(self, room: int) -> None:
        """A second try beside the slowest scene, where there is room for it."""
        if len(self._times) < ENOUGH or len(self._rendering) >= min(room, self._capacity):
            return
        now, slow = time.monotonic(), max(SLOW * statistics.median(self._times), SLOW_LEAST)
        for attempt in sorted(self._rendering.values(), key=lambda attempt: attempt.started):
            if now - attempt.started > slow and attempt.task.scene_id not in self._doubled:
                self._doubled.add(attempt.task.scene_id)
                self._tell(Second(attempt.task, now - attempt.started))
                self._send(attempt.drawn)
                return

    # taking in

    def _wait(self) -> list[tuple[Any, Any]]:
        """Tasks that have ended, each with what it returned or the error that Ray has in place of that."""
        references = [*self._sampling, *self._rendering]
        if not references:
            time.sleep(POLL)  # there is no room on the disk
            return []
        done, rest = ray.wait(references, timeout=POLL)
        if rest:
            done += ray.wait(rest, num_returns=len(rest), timeout=0)[0]
        self._give_up_on_the_silent()
        try:
            return list(zip(done, ray.get(done), strict=True))  # one call for all, as long as all went well
        except ray.exceptions.RayError:
            return [(reference, _result_of(reference)) for reference in done]

    def _give_up_on_the_silent(self) -> None:
        """Ends tasks that should have ended themselves long ago: their whole process hangs."""
        longest = 2 * self._spec.limits.wall_time + 600
        for reference, attempt in self._rendering.items():
            if time.monotonic() - attempt.started > longest:
                _cancel(reference)

    def _take_in(self, reference: Any, result: Any) -> None:
        if reference in self._sampling:
            self._take_in_drawn(result, self._sampling.pop(reference))
            return
        attempt = self._rendering.pop(reference, None)
        if attempt is None:
            return  # its twin was quicker
        if attempt.address is not None:
            self._addresses.append(attempt.address)
        if isinstance(result, ray.exceptions.RayError):
            result = self._post_mortem(attempt.task, result)
        twins = [other for other, one in self._rendering.items() if one.task == attempt.task]
        if isinstance(result, Made):
            self._take_in_made(result, attempt, twins)
        elif isinstance(result, Wanted):
            if not twins:
                self._again.append(result)
        elif twins:
            self._tries.setdefault(attempt.task.scene_id, []).append(result)  # the other may still make it
        else:
            self._take_in_failed(result, attempt.drawn.wanted)

    def _take_in_drawn(self, results: Any, wanted: list[Wanted]) -> None:
        if isinstance(results, ray.exceptions.RayError):
            results = [self._post_mortem(one.task, results) for one in wanted]
        for one, result in zip(wanted, results, strict=True):
            if isinstance(result, Drawn):
                self._drawn.append(result)
            else:
                self._take_in_failed(result, one)

    def _take_in_made(self, made: Made, attempt: _Attempt, twins: list[Any]) -> None:
        for twin in twins:
            loser = self._rendering.pop(twin)
            if loser.address is not None:
                self._addresses.append(loser.address)
            _cancel(twin)
        scene_id = made.task.scene_id
        self.court.acquit(made.task)
        if self._tries.pop(scene_id, None):
            release(self._store, made.task)
        self._done.add(scene_id)
        self._frames_done += made.receipt.frames
        if made.wall:
            self._times.append(time.monotonic() - attempt.started)
        self._tell(made)

    def _post_mortem(self, task: Task, error: Exception) -> Failed:
        """What a worker that died has left to say; else what Ray says."""
        with suppress(ray.exceptions.RayError, TimeoutError):
            words = ray.get(self._board.last_words.remote(task.scene_id), timeout=5)
            if words is not None:
                kind, message, log, node = words
                return Failed(task, kind, message, log, node)
        lost = isinstance(error, (ray.exceptions.NodeDiedError, ray.exceptions.ObjectLostError))
        what = "the node was lost" if lost else "the worker died"
        return Failed(task, Kind.node if lost else Kind.server, f"{what}: {_first_line(error)}")

    def _take_in_failed(self, failed: Failed, wanted: Wanted) -> None:
        scene_id = failed.task.scene_id
        self._tries.setdefault(scene_id, []).append(failed)
        verdict = self.court.judge(failed)
        if verdict is Verdict.stop:
            self._stop = self._stop or f"{failed.task}: {failed.message}"
        elif verdict is Verdict.quarantine:
            command = quarantine(self._store, self._order.job, failed, self._tries.pop(scene_id))
            self._done.add(scene_id)
            self._tell(Quarantined(failed, command))
            if why := self.court.hopeless:
                self._stop = self._stop or _account(failed, why, command)
        else:
            if verdict is Verdict.pause:
                self._full_until, self._full, self._looked = time.monotonic() + ROOM_AGAIN, failed.message, -LOOK
            else:
                self._tell(Again(failed))
            self._again.append(wanted)


def no_room(store: Store, limits: Limits) -> str:
    """Why nothing new should be written to a store; empty when there is room, or nobody knows."""
    free = store.free()
    if free is None or free >= limits.free_space * GIB:
        return ""
    return f"{free / GIB:.1f} GiB are free in {store.url}, limits.free_space is {limits.free_space:g}"


def fits(have: dict[str, float], need: Resources) -> int:
    """How many tasks of a stage a cluster has room for."""
    rooms = [have.get("CPU", 0.0) / need.cpus]
    rooms += [have.get("GPU", 0.0) / need.gpus] if need.gpus else []
    rooms += [have.get("memory", 0.0) / (need.memory * GIB)] if need.memory else []
    return int(min(rooms) + 1e-9)


def _result_of(reference: Any) -> Any:
    """What a task returned, or the error that Ray has in place of that."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        return error


def _cancel(reference: Any) -> None:
    with suppress(Exception):  # it may be gone, or its node
        ray.cancel(reference, force=True)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _account(failed: Failed, why: str, command: str) -> str:
    log = f"\nthe server's last words:\n{failed.log.rstrip()}" if failed.log.strip() else ""
    return (
        f"{why}; the last was {failed.task}: {failed.message}{log}\n"
        f"reproduce it with: {command}\nfinished scenes are kept; run the same command again to go on"
    )
