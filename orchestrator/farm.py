"""Spreads scenes over the cores of this machine or the nodes of a Ray cluster, and carries on when workers die."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ray

from orchestrator import JobError
from orchestrator.job import Job, Task
from orchestrator.player import EmbeddedPlayer, Player, Unplayable
from orchestrator.store import disk_is_full, no_room
from scenarios.sampler import Scenario, ScenarioError, simulation_seed
from sensors.frames import Origin
from sensors.rig import Rig

ATTEMPTS = 3
"""Times a scene is tried, each time on a fresh server, before the job gives up on it."""

TAKES = 20
"""Takes drawn for a scene whose script rejects scenes while they run."""

POLL = 0.5
"""[s] between looks at the workers."""


@dataclass(frozen=True)
class Made:
    """A finished scene. ``rejected``: candidates and takes thrown away before it, by reason; ``seconds`` and
    ``encoding``: see ``simulator.session.Outcome``."""

    task: Task
    frames: int
    rejected: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    encoding: float = 0.0


@dataclass(frozen=True)
class Failed:
    """A scene that was not made. ``final``: it would fail again."""

    task: Task
    message: str
    log: str
    final: bool


class _Board:
    """What workers say while they play; they write, the driver reads."""

    def __init__(self) -> None:
        self._frames: dict[str, int] = {}
        self._last_words: dict[str, str] = {}

    def tell(self, scene_id: str, frames: int) -> None:
        self._frames[scene_id] = frames

    def frames(self) -> dict[str, int]:
        return self._frames

    def bury(self, scene_id: str, words: str) -> None:
        self._last_words[scene_id] = words

    def last_words(self, scene_id: str) -> str | None:
        return self._last_words.pop(scene_id, None)


class Reports:
    """A worker's pen for the board."""

    def __init__(self, board: Any) -> None:
        self._board = board

    def frames(self, scene_id: str, count: int) -> None:
        """That many frames of the scene are recorded; does not wait."""
        self._board.tell.remote(scene_id, count)

    def last_words(self, scene_id: str, words: str) -> None:
        """The server that played the scene died and left these; waits until they are kept."""
        ray.get(self._board.bury.remote(scene_id, words))


class Worker:
    """One server and whoever plays scenes on it; lives in a Ray actor.

    Args:
        player: makes a player, which starts its server.
        rig, seed: the job's.
        reports: told how far scenes are, and what a server that died wrote last.
    """

    def __init__(self, player: Callable[[Rig], Player], rig: Rig, seed: int, reports: Reports) -> None:
        self._make_player, self._rig, self._seed, self._reports = player, rig, seed, reports
        self._player: Player | None = None
        self._scenarios: dict[str, Scenario] = {}

    def make(self, task: Task, path: Path) -> Made | Failed:
        """Makes a scene; what goes wrong is returned, not raised, so that it crosses to the driver as it is."""
        try:
            scenario = self._scenario(task)
            if self._player is None:
                self._player = self._make_player(self._rig)
            with self._watch(self._player, task):
                return play(
                    self._player,
                    scenario,
                    task,
                    self._seed,
                    path,
                    lambda count: self._reports.frames(task.scene_id, count),
                )
        except (Unplayable, ScenarioError) as error:
            return Failed(task, str(error), "", final=True)
        except Exception as error:
            if disk_is_full(error):
                return Failed(task, no_room(path.parent), "", final=True)
            # Whatever it is, it may be the server's: the next attempt gets a fresh one.
            log = self._player.log_tail() if self._player is not None else ""
            self._drop_player()
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            return Failed(task, f"{type(error).__name__}: {error} ({place})", log, final=False)

    def close(self) -> None:
        """Stops the server."""
        self._drop_player()

    @contextlib.contextmanager
    def _watch(self, player: Player, task: Task) -> Iterator[None]:
        """Ends this worker when the server dies: CARLA's client would wait for it until its time-out, minutes later."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(POLL):
                if not player.alive():
                    self._reports.last_words(task.scene_id, player.log_tail())
                    os._exit(1)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _drop_player(self) -> None:
        player, self._player = self._player, None
        if player is not None:
            with contextlib.suppress(Exception):
                player.close()

    def _scenario(self, task: Task) -> Scenario:
        if task.script.name not in self._scenarios:
            scenario = Scenario(Path(task.script.path))
            if scenario.digest != task.script.digest:
                raise Unplayable(
                    f"{scenario.path} or the code that samples it differs between the machine that began the "
                    "job and one of its workers; install the same version everywhere and share the scripts"
                )
            self._scenarios[task.script.name] = scenario
        return self._scenarios[task.script.name]


def play(
    player: Player,
    scenario: Scenario,
    task: Task,
    seed: int,
    path: Path,
    on_frame: Callable[[int], None] = lambda count: None,
) -> Made:
    """Draws the task's scene and plays it; draws another take when a requirement fails while it runs.

    Raises:
        ScenarioError: no scene could be drawn, or every take was rejected.
        Exception: whatever the player raises.
    """
    rejected: Counter[str] = Counter()
    for take in range(TAKES):
        sample = scenario.sample(seed, task.index, take)
        rejected.update(sample.reasons)
        origin = Origin(
            task.scene_id,
            scenario.name,
            scenario.script,
            scenario.header.title,
            seed,
            task.index,
            sample.params,
            f"longtail {version('longtail')}",
        )
        outcome = player.play(sample, origin, path, simulation_seed(seed, f"{task.scene_id} {take}"), on_frame)
        if not outcome.rejected:
            return Made(task, outcome.frames, dict(rejected), outcome.seconds, outcome.encoding)
        rejected["failed while it ran"] += 1
    raise ScenarioError(
        f"{scenario.path}: a requirement failed while the scene ran, in all of {TAKES} takes of {task}; "
        "loosen the script's requirements that hold over time"
    )


_BOARD = ray.remote(num_cpus=0)(_Board)
_WORKER = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Worker)


@contextlib.contextmanager
def farm(workers: int, address: str | None = None) -> Iterator[None]:
    """Ray, started on this machine for ``workers`` workers, or joined at ``address``; left again at the end.

    Raises:
        JobError: there is no cluster at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address is None:
            # Mesa's software rasteriser takes all cores for each server; workers side by side share them instead.
            os.environ.setdefault("LP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
            ray.init("local", num_cpus=workers, include_dashboard=False, object_store_memory=100 * 2**20, **quiet)
        else:
            _knock(address)
            ray.init(address, **quiet)
    except (OSError, ValueError, RuntimeError) as error:
        what = f"join the Ray cluster at {address}" if address else "start Ray on this machine"
        hint = "check `ray status` and the --address, and set RAY_AUTH_MODE=token for a cluster that asks for a token"
        raise JobError(f"cannot {what}: {error}; {hint}") from error
    # Clusters and services end a job with SIGTERM; it is taken as Ctrl-C is, in place of Ray's stack trace.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        ray.shutdown()


def _knock(address: str) -> None:
    """Raises OSError when nothing listens there: Ray itself would try for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), 10).close()


class Progress:
    """Told what happens while a job runs; the base class keeps quiet."""

    def frames(self, counts: dict[str, int]) -> None:
        """Frames recorded so far of each scene that is or was being played, by scene id."""

    def made(self, made: Made) -> None:
        """A scene is finished."""

    def again(self, task: Task, why: str) -> None:
        """A worker or server died; the scene is tried again."""


def make_scenes(
    job: Job,
    tasks: Iterable[Task],
    path_of: Callable[[Task], Path],
    workers: int,
    progress: Progress | None = None,
    player: Callable[[Rig], Player] = EmbeddedPlayer,
) -> list[Made]:
    """Makes all the scenes, inside ``farm(...)``; recordings of finished scenes stay, whatever happens.

    Raises:
        JobError: a scene could not be made; the others that were under way are finished first.
    """
    return _Run(job, deque(tasks), path_of, progress or Progress(), player).run(workers)


class _Run:
    """The state of one ``make_scenes``."""

    def __init__(
        self,
        job: Job,
        waiting: deque[Task],
        path_of: Callable[[Task], Path],
        progress: Progress,
        player: Callable[[Rig], Player],
    ) -> None:
        self._job, self._waiting, self._path_of = job, waiting, path_of
        self._progress, self._player = progress, player
        self._board = _BOARD.remote()
        self._attempts: dict[Task, int] = {}
        self._running: dict[Any, tuple[Any, Task]] = {}
        self._failed: Failed | None = None
        self._made: list[Made] = []

    def run(self, workers: int) -> list[Made]:
        idle = [self._hire() for _ in range(min(workers, len(self._waiting)))]
        while self._running or (self._waiting and self._failed is None):
            while idle and self._waiting and self._failed is None:
                worker, task = idle.pop(), self._waiting.popleft()
                self._running[worker.make.remote(task, self._path_of(task))] = (worker, task)
            done, _ = ray.wait(list(self._running), timeout=POLL)
            self._progress.frames(ray.get(self._board.frames.remote()))
            for reference in done:
                worker, task = self._running.pop(reference)
                idle.append(self._take_in(reference, worker, task))
        closing = [worker.close.remote() for worker in idle]
        ray.wait(closing, num_returns=len(closing), timeout=20)
        if self._failed is not None:
            raise JobError(_account(self._failed, self._attempts.get(self._failed.task, 0)))
        return self._made

    def _hire(self) -> Any:
        return _WORKER.remote(self._player, self._job.rig, self._job.seed, Reports(self._board))

    def _take_in(self, reference: Any, worker: Any, task: Task) -> Any:
        """Takes in how a scene went; returns the worker that is now idle, another one where that one died."""
        try:
            result = ray.get(reference)
        except ray.exceptions.RayError as error:
            words = ray.get(self._board.last_words.remote(task.scene_id))
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            what = f"the worker died: {first}" if words is None else "the server died"
            result = Failed(task, what, words or "", final=False)
            ray.kill(worker)
            worker = self._hire()
        if isinstance(result, Made):
            self._made.append(result)
            self._progress.made(result)
            return worker
        self._attempts[task] = self._attempts.get(task, 0) + 1
        if result.final or self._attempts[task] >= ATTEMPTS:
            self._failed = self._failed or result
        else:
            self._progress.again(task, result.message)
            self._waiting.append(task)  # last, so that the others are safe by the time it fails for good
        return worker


def _account(failed: Failed, attempts: int) -> str:
    if failed.final:
        return f"{failed.task}: {failed.message}"
    log = f"\nthe server's last words:\n{failed.log.rstrip()}" if failed.log.strip() else ""
    return (
        f"{failed.task} failed {attempts} times, each time on a fresh server: {failed.message}{log}\n"
        "finished scenes are kept; run the same command again to go on, with fewer --workers if memory is short"
    )
