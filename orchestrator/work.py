"""What runs in Ray's worker processes: drawing scenes, playing and recording them, checking and exporting recordings.

Everything here may be killed at any moment and done again, here or elsewhere: it reads the job and the store, and
what it writes to the store is determined by the job alone.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import traceback
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestrator.contact_sheet import make_contact_sheet
from orchestrator.events import Exported, Made
from orchestrator.failures import Failed, Kind
from orchestrator.formats import EXPORTS
from orchestrator.job import Job, Script, Task
from orchestrator.leases import scratch
from orchestrator.player import CarlaPlayer, Player, Unplayable, usage_of
from orchestrator.spec import GIB
from orchestrator.store import ExportReceipt, Receipt, Store, disk_is_full
from scenarios.oracle import OracleError, Verdict, judge
from scenarios.sampler import Scenario, ScenarioError, simulation_seed
from sensors.frames import Origin
from sensors.recording import Recording

TAKES = 20
"""Takes drawn for a scene whose script rejects scenes while they run, or whose event does not happen."""

MISSED = "event missed: "
"""How the reason begins for which a take is thrown away whose event did not happen; the clauses follow."""

COMPILED = 16
"""Scripts that a process keeps compiled; each takes tens of megabytes."""

WATCH = 0.5
"""[s] between looks at a server while it plays."""

ON_SHEET = 64
"""Recordings, evenly spread, among which the contact sheet looks for what is worth showing."""

MakePlayer = Callable[[Job, "str | None", "int | None"], Player]
"""From the job, the address of a server or None, and the GPU or None."""


def carla_player(job: Job, address: str | None, gpu: int | None) -> Player:
    """The player that jobs use."""
    return CarlaPlayer(job.rig, job.spec.server, job.spec.limits, address=address, gpu=gpu)


@dataclass(frozen=True)
class Order:
    """What every worker must know.

    Attributes:
        player, worker: who plays, and who does the work at all. key: of this order, so that workers notice another.
    """

    job: Job
    store: str
    player: MakePlayer = carla_player
    worker: Callable[[Order, Reports, str], Worker] | None = None
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class Wanted:
    """A scene to be drawn. ``take``: from 0; ``rejected``: what was thrown away before."""

    task: Task
    take: int = 0
    rejected: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawn:
    """A scene to be played. ``packed``: by ``Scenario.pack``; ``seconds``: that drawing took."""

    wanted: Wanted
    packed: bytes
    params: dict[str, Any]
    rejected: dict[str, int]
    seconds: float


class Reports:
    """A worker's word to the driver while it plays; the base class is for workers that nobody listens to."""

    def frames(self, scene_id: str, count: int) -> None:
        """That many frames of the scene are recorded; does not wait."""

    def last_words(self, scene_id: str, kind: Kind, message: str, log: str) -> None:
        """This worker is about to end itself, and why; waits until that is kept."""


class Worker:
    """What a process keeps between tasks: a player with its server.

    Args:
        order: the job's.
        reports: told how far scenes are.
        node: this node's id.
    """

    def __init__(self, order: Order, reports: Reports, node: str = "") -> None:
        self.order, self._reports, self._node = order, reports, node
        self._store = Store(order.store)
        self._player: Player | None = None
        self._placed: tuple[str | None, int | None] = (None, None)

    def sample(self, wanted: Sequence[Wanted]) -> list[Drawn | Failed]:
        """Draws scenes; what goes wrong is returned, not raised, so that it crosses to the driver as it is."""
        return [self._sample(one) for one in wanted]

    def _sample(self, wanted: Wanted) -> Drawn | Failed:
        started = time.perf_counter()
        task = wanted.task
        try:
            scenario = _scenario(task.script)
            return draw(scenario, self.order.job.seed, wanted, started)
        except _OtherCode as error:
            return Failed(task, Kind.job, str(error), node=self._node)
        except ScenarioError as error:
            return Failed(task, Kind.scene, str(error), node=self._node)
        except Exception as error:
            return Failed(task, Kind.scene, _in_words(error), node=self._node)

    def render(self, drawn: Drawn, address: str | None = None, gpu: int | None = None) -> Made | Wanted | Failed:
        """Plays a scene and publishes its recording; `Wanted` when it was rejected while it ran. Nothing is done for a
        scene that lies complete in the store."""
        task = drawn.wanted.task
        try:
            with _answering(self._store):
                present = self._store.receipt(task.scene_id)
                whole = present is not None and self._store.fs.exists(
                    self._store.path(f"recordings/{task.scene_id}.mcap")
                )
            if present is not None and whole:
                return Made(task, present, self._node)
            return self._render(drawn, address, gpu)
        except _OtherCode as error:
            return Failed(task, Kind.job, str(error), node=self._node)
        except (Unplayable, ScenarioError, OracleError) as error:
            return Failed(task, Kind.scene, str(error), self._log(), self._node)
        except _NoStore as error:
            return Failed(task, Kind.store, str(error), node=self._node)
        except Exception as error:
            if disk_is_full(error):
                where = getattr(error, "filename", None) or self._store.url
                return Failed(task, Kind.store, f"no space left to write to {where}", node=self._node)
            # Whatever it is, it may be the server's: the next attempt gets a fresh one.
            log = self._log()
            self.close()
            return Failed(task, Kind.server, _in_words(error), log, self._node)

    def _render(self, drawn: Drawn, address: str | None, gpu: int | None) -> Made | Wanted:
        started, used = time.perf_counter(), time.process_time()
        task, job = drawn.wanted.task, self.order.job
        scenario = _scenario(task.script)
        player = self._ready(address, gpu)
        served = player.usage()[1]
        with scratch() as folder, self._watched(player, task):
            path = folder / f"{task.scene_id}.mcap"
            outcome = play(
                player, scenario, drawn, job.seed, path, lambda count: self._reports.frames(task.scene_id, count)
            )
            wall = time.perf_counter() - started
            if outcome.rejected:
                return again(drawn, outcome.rejected)
            began = time.perf_counter()
            verdict = verdict_on(path, scenario)
            looked = time.perf_counter() - began
            if verdict is not None and not verdict.happened and not job.spec.keep_missed:
                return again(drawn, f"{MISSED}{verdict.missing or scenario.header.event}")
            with _answering(self._store):
                receipt = self._store.publish(
                    task,
                    path,
                    frames=outcome.frames,
                    rejected=drawn.rejected,
                    happened=None if verdict is None else verdict.happened,
                    seconds={"sample": drawn.seconds} | outcome.seconds | {"judge": looked},
                    encoding=outcome.encoding,
                    core_seconds=wall * job.spec.stages.render.cpus + drawn.seconds * job.spec.stages.sample.cpus,
                    cpu_seconds=time.process_time() - used + player.usage()[1] - served,
                )
        return Made(task, receipt, self._node, wall)

    def close(self) -> None:
        """Stops the server."""
        player, self._player = self._player, None
        if player is not None:
            with contextlib.suppress(Exception):
                player.close()

    def _ready(self, address: str | None, gpu: int | None) -> Player:
        """The player, on the server and the GPU where it should be, fresh if it was worn."""
        if self._player is not None and (
            self._placed != (address, gpu) or self._player.worn() or not self._player.alive()
        ):
            self.close()
        if self._player is None:
            self._player, self._placed = self.order.player(self.order.job, address, gpu), (address, gpu)
        return self._player

    def _log(self) -> str:
        return self._player.log_tail() if self._player is not None else ""

    @contextlib.contextmanager
    def _watched(self, player: Player, task: Task) -> Iterator[None]:
        """Ends this process when the server dies or a limit is passed: CARLA's client would wait for its time-out."""
        done, limits = threading.Event(), self.order.job.spec.limits
        deadline = time.monotonic() + limits.wall_time

        def trouble() -> tuple[Kind, str] | None:
            if not player.alive():
                return Kind.server, "the server died"
            if time.monotonic() > deadline:
                return Kind.scene, f"took more than limits.wall_time, {limits.wall_time:g} s"
            if (held := player.usage()[0] + usage_of()[0]) > limits.memory * GIB:
                return Kind.scene, f"took {held / GIB:.1f} GiB, more than limits.memory, {limits.memory:g} GiB"
            return None

        def watch() -> None:
            while not done.wait(WATCH):
                if (found := trouble()) is not None:
                    self._reports.last_words(task.scene_id, *found, player.log_tail())
                    os._exit(1)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()


_compiled: OrderedDict[str, Scenario] = OrderedDict()
"""This process' scripts, by digest, the latest last."""


def _scenario(script: Script) -> Scenario:
    found = _compiled.pop(script.digest, None)
    if found is None:
        found = Scenario(Path(script.path), script.params)
        if found.digest != script.digest:
            raise _OtherCode(
                f"{found.path} or the code that samples it differs between the machine that began the "
                "job and one of its workers; install the same version everywhere and share the scripts"
            )
    _compiled[script.digest] = found
    if len(_compiled) > COMPILED:
        _compiled.popitem(last=False)
    return found


class _NoStore(Exception):
    """The output does not answer, or does not take anything."""


@contextlib.contextmanager
def _answering(store: Store) -> Iterator[None]:
    """Around calls to the store: whatever they raise but for a full disk is the store's fault, not a server's. Each
    kind of store has errors of its own."""
    try:
        yield
    except Exception as error:
        if disk_is_full(error):
            raise
        raise _NoStore(f"{store.url} does not answer: {_in_words(error)}") from error


class _OtherCode(Exception):
    """This node has another version of a script or of Longtail."""


def draw(scenario: Scenario, seed: int, wanted: Wanted, started: float | None = None) -> Drawn:
    """Draws a scene. ``started``: when, by ``time.perf_counter``. Raises ScenarioError."""
    started = time.perf_counter() if started is None else started
    if wanted.take >= TAKES:
        why = "; ".join(f"{count} x {reason}" for reason, count in Counter(wanted.rejected).most_common(3))
        raise ScenarioError(
            f"{scenario.path}: all of {TAKES} takes of {wanted.task} were thrown away ({why or 'no reason told'}); "
            "loosen the script's requirements that hold over time, give its objects more room, or mend its `Event:`"
        )
    sample = scenario.sample(seed, wanted.task.index, wanted.take)
    rejected = dict(Counter(wanted.rejected) + Counter(sample.reasons))
    return Drawn(wanted, scenario.pack(sample), sample.params, rejected, time.perf_counter() - started)


def play(
    player: Player,
    scenario: Scenario,
    drawn: Drawn,
    seed: int,
    path: Path,
    on_frame: Callable[[int], None] = lambda count: None,
) -> Any:
    """Plays a drawn scene; returns its `simulator.session.Outcome`. Raises whatever the player raises."""
    task = drawn.wanted.task
    origin = Origin(
        task.scene_id,
        scenario.name,
        scenario.script,
        scenario.header.title,
        seed,
        task.index,
        drawn.params,
        f"longtail {version('longtail')}",
    )
    scene_seed = simulation_seed(seed, f"{task.scene_id} {drawn.wanted.take}")
    return player.play(scenario.unpack(drawn.packed), origin, path, scene_seed, on_frame)


def verdict_on(path: Path, scenario: Scenario) -> Verdict | None:
    """Whether the script's event happened in a recording; None where the script declares none, or no camera looked.

    Raises:
        OracleError: the event names what the recording has not.
    """
    if not scenario.header.event:
        return None
    recording = Recording(path)
    if not recording.meta.rig.cameras:
        return None
    return judge(recording.meta, recording.frames(), scenario.script)


def again(drawn: Drawn, reason: str) -> Wanted:
    """The next take of a scene whose last one was thrown away, and why."""
    rejected = dict(Counter(drawn.rejected) + Counter({reason: 1}))
    return Wanted(drawn.wanted.task, drawn.wanted.take + 1, rejected)


def make(player: Player, scenario: Scenario, task: Task, seed: int, path: Path) -> Any:
    """Draws a scene and plays it, until it can be played to its end, whether or not its event happens; its
    `simulator.session.Outcome`. For whoever needs one scene, without a job. Raises ScenarioError, and whatever the
    player raises."""
    drawn = draw(scenario, seed, Wanted(task))
    while (outcome := play(player, scenario, drawn, seed, path)).rejected:
        drawn = draw(scenario, seed, again(drawn, outcome.rejected))
    return outcome


@dataclass(frozen=True)
class Checked:
    """Recordings as they lie in the store: the receipts of those that are whole, and the ids of those that are not."""

    receipts: tuple[tuple[str, Receipt], ...]
    damaged: tuple[str, ...]


def check(store_url: str, scene_ids: Sequence[str]) -> Checked:
    """Reads recordings and compares them with their receipts."""
    store, whole, damaged = Store(store_url), [], []
    for scene_id in scene_ids:
        receipt = store.receipt(scene_id)
        if receipt is None or store.damaged(scene_id):
            damaged.append(scene_id)
        else:
            whole.append((scene_id, receipt))
    return Checked(tuple(whole), tuple(damaged))


def export(
    store_url: str, name: str, scene_ids: Sequence[str], scenes: str, cpus: float, strict_types: bool = False
) -> Exported:
    """Makes a dataset of the scenes. On a disk it appears by a rename; in a bucket its receipt comes last.

    Args:
        scenes: what it is made of, for its receipt. cpus: that this task holds.
        strict_types: KITTI's own eight types only.
    """
    started, store = time.perf_counter(), Store(store_url)
    store.remove(f"farm/exports/{name}.json")
    store.remove(name)
    with scratch() as folder:
        recordings = [store.fetch(scene_id, folder) for scene_id in scene_ids]
        out = folder / name if store.local is None else store.local / name
        options = {"strict_types": True} if strict_types and name.startswith("kitti") else {}
        summary = EXPORTS[name](recordings, out, **options)
        if store.local is None:
            store.fs.put(f"{out}/", f"{store.path(name)}/", recursive=True)
    receipt = ExportReceipt(
        scenes=scenes,
        frames=summary.frames,
        bytes=summary.bytes,
        objects=dict(sorted(summary.objects.items())),
        core_seconds=(time.perf_counter() - started) * cpus,
    )
    store.write(f"farm/exports/{name}.json", receipt.model_dump_json())
    return Exported(name, summary.frames, summary.bytes, receipt.objects)


def show(store_url: str, scene_ids: Sequence[str]) -> None:
    """Makes the contact sheet."""
    store = Store(store_url)
    step = max(1, -(-len(scene_ids) // ON_SHEET))
    with scratch() as folder:
        recordings = [store.fetch(scene_id, folder) for scene_id in scene_ids[::step]]
        make_contact_sheet(recordings, folder / "sheet.png")
        store.put(folder / "sheet.png", "contact_sheet.png")


def _in_words(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
