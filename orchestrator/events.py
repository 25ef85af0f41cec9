"""What happens while a job runs, told by the farm to whoever listens: the terminal, the log, the metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.failures import Failed
from orchestrator.job import Task
from orchestrator.store import Receipt


@dataclass(frozen=True)
class Made:
    """A scene is complete. ``node``: where it was made; ``wall``: how long that took [s]."""

    task: Task
    receipt: Receipt
    node: str = ""
    wall: float = 0.0


@dataclass(frozen=True)
class Again:
    """A scene failed and is tried again."""

    failed: Failed


@dataclass(frozen=True)
class Quarantined:
    """A scene was given up; ``command`` reproduces it."""

    failed: Failed
    command: str


@dataclass(frozen=True)
class Second:
    """A scene takes far longer than others and is tried beside, ``after`` [s]."""

    task: Task
    after: float


@dataclass(frozen=True)
class Damaged:
    """A recording is not what its receipt says; the scene is made again."""

    task: Task


@dataclass(frozen=True)
class Paused:
    """Nothing new is started until there is room."""

    why: str


@dataclass(frozen=True)
class Resumed:
    """There is room again."""


@dataclass(frozen=True)
class Exported:
    """A dataset is complete."""

    name: str
    frames: int
    bytes: int
    objects: Mapping[str, int]


@dataclass(frozen=True)
class Snapshot:
    """How far the job is, about twice a second.

    Attributes:
        stages: tasks waiting and running, by stage.
        frames: recorded so far, of scenes under way too; None when that has not changed. nodes: alive.
    """

    stages: dict[str, tuple[int, int]] = field(default_factory=dict)
    frames: int | None = None
    nodes: int = 0


Event = Made | Again | Quarantined | Second | Damaged | Paused | Resumed | Exported | Snapshot
Listener = Callable[[Event], None]


def quiet(event: Event) -> None:
    """A listener that does not."""
