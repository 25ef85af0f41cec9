"""Ray: joined or started, and the tasks that its workers run. Where a task runs is Ray's decision."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import ray

from orchestrator import JobError
from orchestrator.events import Exported, Made
from orchestrator.failures import Failed, Kind
from orchestrator.work import Checked, Drawn, Order, Reports, Wanted, Worker, check, export, show

PATIENCE = 10.0
"""[s] that a dying worker waits for its last words to be kept."""


class _Board:
    """What workers say while they play; they write, the driver reads. Nothing depends on it: it may die, too."""

    def __init__(self) -> None:
        self._frames: dict[str, tuple[int, str]] = {}
        self._last_words: dict[str, tuple[Kind, str, str, str]] = {}

    def tell(self, scene_id: str, frames: int, node: str) -> None:
        self._frames[scene_id] = frames, node

    def frames(self, done: Sequence[str]) -> dict[str, tuple[int, str]]:
        for scene_id in done:
            self._frames.pop(scene_id, None)
        return self._frames

    def bury(self, scene_id: str, kind: Kind, message: str, log: str, node: str) -> None:
        self._last_words[scene_id] = kind, message, log, node

    def last_words(self, scene_id: str) -> tuple[Kind, str, str, str] | None:
        return self._last_words.pop(scene_id, None)


class _Pen(Reports):
    """Writes on the board."""

    def __init__(self, board: Any, node: str) -> None:
        self._board, self._node = board, node

    def frames(self, scene_id: str, count: int) -> None:
        self._board.tell.remote(scene_id, count, self._node)

    def last_words(self, scene_id: str, kind: Kind, message: str, log: str) -> None:
        with contextlib.suppress(ray.exceptions.RayError, TimeoutError):
            ray.get(self._board.bury.remote(scene_id, kind, message, log, self._node), timeout=PATIENCE)


_worker: Worker | None = None
"""This process', kept from task to task with its server and its compiled scripts."""


def _worker_for(order: Order, board: Any) -> Worker:
    global _worker
    if _worker is None or _worker.order.key != order.key:
        if _worker is not None:
            _worker.close()
        node = ray.get_runtime_context().get_node_id()
        _worker = (order.worker or Worker)(order, _Pen(board, node), node)
    return _worker


def _sample(order: Order, board: Any, wanted: Sequence[Wanted]) -> list[Drawn | Failed]:
    return _worker_for(order, board).sample(wanted)


def _render(order: Order, board: Any, drawn: Drawn, address: str | None) -> Made | Wanted | Failed:
    gpus = ray.get_gpu_ids()
    return _worker_for(order, board).render(drawn, address, int(gpus[0]) if gpus else None)


def _check(store_url: str, scene_ids: Sequence[str]) -> Checked:
    return check(store_url, scene_ids)


def _export(
    store_url: str, name: str, scene_ids: Sequence[str], scenes: str, cpus: float, strict_types: bool
) -> Exported:
    return export(store_url, name, scene_ids, scenes, cpus, strict_types)


def _show(store_url: str, scene_ids: Sequence[str]) -> None:
    show(store_url, scene_ids)


# Ray tries nothing again by itself: whose fault a failure was decides what follows (orchestrator.failures). GPU tasks
# would get a new process each by default, and with it a new server.
_TASK: dict[str, Any] = {"max_retries": 0, "max_calls": 0}
BOARD = ray.remote(num_cpus=0, max_restarts=-1)(_Board)
SAMPLE = ray.remote(**_TASK)(_sample)
RENDER = ray.remote(**_TASK)(_render)
CHECK = ray.remote(**_TASK)(_check)
EXPORT = ray.remote(**_TASK)(_export)
SHOW = ray.remote(**_TASK)(_show)


@contextlib.contextmanager
def farm(workers: int | None, address: str | None = None) -> Iterator[None]:
    """Ray, started on this machine for ``workers`` tasks at a time (None: one per core), or joined at ``address``; left
    again at the end.

    Raises:
        JobError: there is no cluster at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address is None:
            cores = os.cpu_count() or 1
            # Mesa's software rasteriser takes all cores for each server; workers side by side share them instead.
            os.environ.setdefault("LP_NUM_THREADS", str(max(1, cores // (workers or cores))))
            ray.init(
                "local", num_cpus=workers or cores, include_dashboard=False, object_store_memory=100 * 2**20, **quiet
            )
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
