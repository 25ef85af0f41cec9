"""What went wrong, whose fault it is, and what follows: another try elsewhere, quarantine, or the end of the job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.job import Task

STRIKES = 2
"""Failures of a scene's own, on different nodes where there are several, after which it is given up."""

DEATHS = 5
"""Workers and servers that may die under a scene before it is taken for what kills them. Nodes that are lost, and disks
that are full, count nowhere: no scene does that."""

HOPELESS = 5
"""Scenes given up before any was made, from which a job takes it that none will be."""


class Kind(str, Enum):
    """Whose fault a failure is."""

    scene = "scene"  # the script, the limits of a scene: it would fail so anywhere
    server = "server"  # a server or worker died or hung; perhaps the scene's doing, mostly not
    node = "node"  # a node was lost
    store = "store"  # the output is full, or does not answer
    job = "job"  # no scene of this job can be made


@dataclass(frozen=True)
class Failed:
    """A task that came to nothing.

    Attributes:
        message: one line. log: the server's last words. node: where, as Ray names it; empty where nobody knows.
    """

    task: Task
    kind: Kind
    message: str
    log: str = ""
    node: str = ""


class Verdict(Enum):
    """What follows from a failure."""

    again = "again"
    pause = "pause"
    quarantine = "quarantine"
    stop = "stop"


@dataclass
class _Record:
    strikes: int = 0
    deaths: int = 0
    nodes: tuple[str, ...] = ()


class Court:
    """Remembers failures and judges them.

    Args:
        total: scenes of the job.
        share: of them that may be given up.
    """

    def __init__(self, total: int, share: float) -> None:
        self._most = share * total
        self._records: dict[str, _Record] = {}
        self.made = 0
        self.quarantined = 0
        self.retries = 0

    def judge(self, failed: Failed) -> Verdict:
        """What follows from a failure, in the light of those before it."""
        if failed.kind is Kind.job:
            return Verdict.stop
        if failed.kind is Kind.store:
            return Verdict.pause
        self.retries += 1
        record = self._records.setdefault(failed.task.scene_id, _Record())
        if failed.node and failed.node not in record.nodes:
            record.nodes += (failed.node,)
        if failed.kind is Kind.scene:
            record.strikes += 1
        if failed.kind is Kind.server:
            record.deaths += 1
        if record.strikes < STRIKES and record.deaths < DEATHS:
            return Verdict.again
        self.retries -= 1
        self.quarantined += 1
        del self._records[failed.task.scene_id]
        return Verdict.quarantine

    def acquit(self, task: Task) -> None:
        """The scene was made after all."""
        self._records.pop(task.scene_id, None)
        self.made += 1

    def shunned(self, task: Task) -> tuple[str, ...]:
        """Nodes on which the scene has failed."""
        record = self._records.get(task.scene_id)
        return record.nodes if record else ()

    @property
    def hopeless(self) -> str:
        """Why the job should stop; empty while there is hope."""
        if self.made == 0 and self.quarantined >= HOPELESS:
            return f"the first {self.quarantined} scenes all failed and none was made"
        if self.quarantined > self._most:
            return f"{self.quarantined} scenes failed for good, more than limits.quarantined allows ({self._most:g})"
        return ""
