"""Scenes that were given up: kept with all that somebody needs who wants to find out why."""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml

from orchestrator.failures import Failed
from orchestrator.job import Job, Task
from orchestrator.store import Store

FOLDER = "farm/quarantine"


def quarantine(store: Store, job: Job, failed: Failed, tries: list[Failed]) -> str:
    """Writes the record of a scene that was given up; returns the command that reproduces it.

    The folder holds ``why.txt``, ``server.log`` (of the last try), the script as it was, and ``job.yaml``: a job of
    this one scene, on any machine that has the script where it was.
    """
    task, folder = failed.task, f"{FOLDER}/{failed.task.scene_id}"
    command = f"longtail run {shlex.quote(f'{store.url}/{folder}/job.yaml')}"
    why = [f"{task}, seed {job.seed}: {failed.message}", "", "tries:"]
    why += [f"  {one.kind.value}: {one.message}" + (f" (node {one.node})" if one.node else "") for one in tries]
    why += ["", "reproduce it:", f"  {command}", ""]
    script = Path(task.script.path)
    if script.is_file():
        store.write(f"{folder}/{script.name}", script.read_bytes())
    store.write(f"{folder}/server.log", failed.log or "the server wrote nothing\n")
    store.write(f"{folder}/job.yaml", yaml.safe_dump(_alone(job, task), sort_keys=False, allow_unicode=True))
    store.write(f"{folder}/why.txt", "\n".join(why))
    return command


def release(store: Store, task: Task) -> None:
    """Removes the record of a scene that was made after all."""
    store.remove(f"{FOLDER}/{task.scene_id}")


def quarantined(store: Store) -> dict[str, str]:
    """Scene ids under quarantine, and why: the first line of each record."""
    found = {}
    for scene_id in store.names(FOLDER):
        why = store.read(f"{FOLDER}/{scene_id}/why.txt")
        if why is not None:  # it is written last
            found[scene_id] = why.decode(errors="replace").partition("\n")[0]
    return found


def _alone(job: Job, task: Task) -> dict[str, object]:
    """A job file of one scene."""
    spec = job.spec.model_dump(mode="json", exclude_defaults=True)
    entry: dict[str, object] = {"scenario": task.script.path, "scenes": 1, "first": task.index}
    if task.script.params:
        params = dict(task.script.params)
        weather = params.pop("weather", None)
        entry |= {"params": params} if params else {}
        entry |= {"weather": weather} if weather is not None else {}
    alone: dict[str, object] = {"scenarios": [entry], "seed": job.seed, "exports": []}
    alone["output"] = f"reproduce-{task.scene_id}"
    return alone | {name: spec[name] for name in ("rig", "server", "limits", "stages") if name in spec}
