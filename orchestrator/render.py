"""The whole of ``longtail render``: plan, make what is missing, export, show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from exporters import coco, kitti, kitti_tracking, nuscenes
from exporters.publish import Summary
from orchestrator import JobError
from orchestrator.contact_sheet import make_contact_sheet
from orchestrator.farm import Made, farm, make_scenes
from orchestrator.job import Job, Task, plan
from orchestrator.player import EmbeddedPlayer, Player
from orchestrator.progress import Display, span
from orchestrator.store import Store, disk_is_full, no_room, open_store
from sensors.rig import Rig, load_rig

EXPORTS: dict[str, Callable[..., Summary]] = {
    "kitti": kitti.export,
    "kitti_tracking": kitti_tracking.export,
    "nuscenes": nuscenes.export,
    "coco": coco.export,
}


@dataclass(frozen=True)
class Order:
    """What the user asked for; see ``longtail render --help``."""

    scenarios: tuple[str, ...]
    scenes: int
    rig: str
    seed: int
    workers: int
    out: Path
    exports: tuple[str, ...]
    address: str | None
    strict_types: bool = False


def render(order: Order, console: Console, player: Callable[[Rig], Player] = EmbeddedPlayer) -> None:
    """Makes a dataset. Done work in the output folder is left alone, so running an order again resumes it.

    Raises:
        JobError, ScenarioError, RigError, UnknownScenario, ExportError: each with what to do.
    """
    job = plan(order.scenarios, order.scenes, order.seed, load_rig(order.rig))
    try:
        _make(order, job, console, player)
    except OSError as error:
        if not disk_is_full(error):
            raise
        raise JobError(no_room(order.out)) from error


def _make(order: Order, job: Job, console: Console, player: Callable[[Rig], Player]) -> None:
    with open_store(order.out, job) as store:
        tasks = list(job.tasks())
        missing = [task for task in tasks if not store.finished(task)]
        if len(missing) < len(tasks):
            console.print(f"{len(tasks) - len(missing)} of {len(tasks)} scenes are there already")
        if missing:
            with farm(order.workers, order.address), Display(console, len(tasks), len(tasks) - len(missing)) as display:
                made = make_scenes(job, missing, store.recording, order.workers, display, player)
            console.print(
                f"{len(made)} scenes, {display.pace.frames} frames in {span(display.pace.seconds)} "
                f"({display.pace.rate:.2f} frames/s)"
            )
            _tell_rejections(made, console)
        _deliver(store, tasks, order, console)


def _options(name: str, order: Order) -> dict[str, bool]:
    """What an export is told beyond where its recordings are and where it goes."""
    return {"strict_types": True} if order.strict_types and name.startswith("kitti") else {}


def _tell_rejections(made: Sequence[Made], console: Console) -> None:
    reasons: Counter[str] = Counter()
    for one in made:
        reasons.update(one.rejected)
    if reasons:
        table = Table("rejected candidates", "because of", title=None)
        for reason, count in reasons.most_common():
            table.add_row(str(count), reason)
        console.print(table)


def _deliver(store: Store, tasks: Sequence[Task], order: Order, console: Console) -> None:
    """Exports and contact sheet, from the recordings."""
    recordings = [store.recording(task) for task in tasks]
    for name in order.exports:
        if store.exported(name):
            console.print(f"{name}: there already")
            continue
        with console.status(f"exporting {name}"):
            summary = EXPORTS[name](recordings, store.export(name), **_options(name, order))
        objects = ", ".join(f"{count} {kind}" for kind, count in sorted(summary.objects.items()))
        console.print(
            f"{name}: {summary.frames} frames, {summary.bytes / 1e6:.1f} MB; {objects or 'no objects'}", markup=False
        )
    if not store.contact_sheet.exists():
        make_contact_sheet(recordings, store.contact_sheet)
    console.print(f"{store.folder}", markup=False, soft_wrap=True)
