"""What a job will take: time, bytes, core-hours, from what scenes have taken before.

Figures come from the job's own output as far as it has got, else from earlier jobs on this machine, which leave
theirs in the user's cache. Nothing is counted scene by scene: a million cost what one does.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path
from pydantic import BaseModel, ValidationError

from orchestrator.job import Job, Script
from orchestrator.store import Store, write_text
from orchestrator.summary import Summary


class Figures(BaseModel):
    """What scenes of one scenario with one rig have taken: sums over ``scenes`` of them."""

    scenes: int
    frames: int
    core_seconds: float
    bytes: int


class Ledger(BaseModel):
    """Figures by scenario and rig; bytes and core-seconds of exports, per frame of their recordings, by format and
    rig."""

    scenes: dict[str, Figures] = {}
    exports: dict[str, tuple[float, float]] = {}


class Estimate(BaseModel):
    """What scenes will take.

    Attributes:
        seconds: with as many cores as asked for. core_hours: of scenes and exports.
        measured: of the scenarios, how many have figures of their own; the others are taken to be like those.
    """

    scenes: int
    frames: int
    seconds: float
    core_hours: float
    bytes: int
    cost: float
    measured: int
    of: int


def estimate(job: Job, store: Store, scenes: int | None = None, cores: int | None = None) -> Estimate | None:
    """What a job will take; None when none of its scenarios has ever been made here with its rig.

    Args:
        scenes: of it, evenly from all scenarios; None is all.
        cores: that work at a time; None is the job's workers, else those of this machine.
    """
    ledger = _read()
    own = _own(store)
    found = {script.digest: figures_of(job, script, ledger, own) for script in job.scripts}
    known = [figures for figures in found.values() if figures is not None]
    if not known:
        return None
    alike = Figures(
        scenes=sum(f.scenes for f in known),
        frames=sum(f.frames for f in known),
        core_seconds=sum(f.core_seconds for f in known),
        bytes=sum(f.bytes for f in known),
    )
    part = 1.0 if scenes is None else scenes / max(job.total, 1)
    frames = core_seconds = size = 0.0
    for script in job.scripts:
        figures = found[script.digest] or alike
        count = script.scenes * part / max(figures.scenes, 1)
        frames, size = frames + figures.frames * count, size + figures.bytes * count
        core_seconds += figures.core_seconds * count
    for name in job.spec.exports:
        per_frame = ledger.exports.get(_export_key(name, job), (0.0, 0.0))
        size, core_seconds = size + per_frame[0] * frames, core_seconds + per_frame[1] * frames
    cores = cores or job.spec.workers or os.cpu_count() or 1
    return Estimate(
        scenes=round(job.total * part),
        frames=round(frames),
        seconds=core_seconds / (cores * job.spec.stages.render.cpus),
        core_hours=core_seconds / 3600,
        bytes=round(size),
        cost=core_seconds / 3600 * job.spec.price,
        measured=len(known),
        of=len(found),
    )


def figures_of(job: Job, script: Script, ledger: Ledger | None = None, own: Summary | None = None) -> Figures | None:
    """What scenes of a script have taken with the job's rig; None when none has been made."""
    if own is not None and (share := own.scenarios.get(script.name)) is not None and share.scenes:
        return Figures(**share.model_dump())
    return (_read() if ledger is None else ledger).scenes.get(_scene_key(script, job))


def remember(job: Job, summary: Summary) -> None:
    """Leaves a finished job's figures for later estimates."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        ledger = _read()
        for script in job.scripts:
            if (share := summary.scenarios.get(script.name)) is not None and share.scenes:
                ledger.scenes[_scene_key(script, job)] = Figures(**share.model_dump())
        for name, receipt in summary.exports.items():
            frames = max(summary.frames, 1)
            ledger.exports[_export_key(name, job)] = (receipt.bytes / frames, receipt.core_seconds / frames)
        write_text(path, ledger.model_dump_json(indent=2) + "\n")


def _own(store: Store) -> Summary | None:
    data = store.read("summary.json")
    try:
        return None if data is None else Summary.model_validate_json(data)
    except ValidationError:
        return None


def _read() -> Ledger:
    try:
        return Ledger.model_validate_json(_path().read_bytes())
    except (OSError, ValidationError):  # none yet, or another version's
        return Ledger()


def _path() -> Path:
    return user_cache_path("longtail") / "figures.json"


def _scene_key(script: Script, job: Job) -> str:
    """By name, not by digest: a script that was edited a little is still the best guess."""
    return f"{script.name}|{_rig_key(job)}|{job.server}"


def _export_key(name: str, job: Job) -> str:
    return f"{name}|{_rig_key(job)}"


def _rig_key(job: Job) -> str:
    return hashlib.sha256(job.rig.model_dump_json().encode()).hexdigest()[:12]
