"""Players that need no server, and jobs for them."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator.events import Event
from orchestrator.job import Job, resolve
from orchestrator.player import Unplayable
from orchestrator.spec import Entry, JobSpec
from simulator.session import Outcome


def job_of(script: Path, scenes: int, out: Path, **fields: Any) -> Job:
    """A job of that many scenes of a script."""
    return resolve(spec_of(script, scenes, out, **fields))


def spec_of(script: Path, scenes: int, out: Path | str, **fields: Any) -> JobSpec:
    """The job file of ``job_of``."""
    defaults: dict[str, Any] = {"seed": 7, "exports": (), "output": str(out), "workers": 2}
    return JobSpec(scenarios=(Entry(scenario=str(script), scenes=scenes),), **(defaults | fields))


def player_that(
    mishaps: dict[int, str], folder: Path, record: Callable[[Path, Any], None] | None = None
) -> Callable[..., Any]:
    """Makes players that write a line in place of a recording. ``mishaps``: what goes wrong with which scene.

    ``kill``, ``dead``, ``sick``: once; the worker dies, its server dies, its server fails. ``stuck``: once,
    for ever. ``full``: while there is a file ``full`` in the folder. ``broken``: always; ``deadly``: kills each worker.
    ``slow``: takes 5 s.
    ``unplayable``: for good. ``record``: writes the recording.
    """

    def say(path: Path, origin: Any) -> None:
        path.write_text(f"{origin.scene_id} {origin.params}")

    writes = record or say

    class Player:  # inside the function, so that it travels to the workers by value
        def __init__(self, job: Any, address: str | None, gpu: int | None) -> None:
            self.dead = False
            (folder / f"player-{os.getpid()}-{time.monotonic_ns()}").touch()

        def play(self, scene: Any, origin: Any, path: Path, seed: int, on_frame: Callable[[int], None]) -> Any:
            (folder / f"try-{origin.index}-{time.monotonic_ns()}").touch()
            mishap = mishaps.get(origin.index, "")
            first = not (folder / f"{mishap}-{origin.index}").exists()
            (folder / f"{mishap}-{origin.index}").touch()
            if (mishap == "kill" and first) or mishap == "deadly":
                os.kill(os.getpid(), signal.SIGKILL)
            if mishap == "dead" and first:
                self.dead = True
                time.sleep(600)
            if mishap == "slow":
                time.sleep(5)
            if mishap == "stuck" and first:
                time.sleep(600)
            if (mishap == "sick" and first) or mishap == "broken":
                raise RuntimeError("time-out while waiting for the simulator")
            if mishap == "full" and (folder / "full").exists():
                raise OSError(errno.ENOSPC, "No space left on device")
            if mishap == "unplayable":
                raise Unplayable("no blueprint walker.animal.kangaroo; import it")
            for count in range(1, 4):
                on_frame(count)
            writes(path, origin)
            return Outcome(3, "", {"total": 0.1})

        def alive(self) -> bool:
            return not self.dead

        def usage(self) -> tuple[int, float]:
            return 0, 0.0

        def worn(self) -> bool:
            return False

        def log_tail(self) -> str:
            return "out of memory, said the server"

        def close(self) -> None:
            pass

    return Player


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def digest(folder: Path) -> dict[str, str]:
    """Hash of every file of a dataset, by path: all of an output but its bookkeeping."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not keeps_books(path.relative_to(folder))
    }


def keeps_books(path: Path) -> bool:
    """Whether a file of an output tells about the making, not about what was made."""
    return path.parts[0] in ("farm", "job.json", "summary.json", ".lock")


def descendants(pid: int) -> set[int]:
    """All processes below one."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
