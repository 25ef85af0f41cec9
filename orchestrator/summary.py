"""What a job took: ``summary.json``, and the lines at the end of a run."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel

from orchestrator.store import ExportReceipt, Receipt

EVENTS = {True: "happened", False: "missed", None: "not judged"}
"""What becomes of a scene's event; not judged is one that the script does not declare, or no camera could see."""


class Share(BaseModel):
    """A scenario's part of a dataset."""

    scenes: int = 0
    frames: int = 0
    bytes: int = 0
    core_seconds: float = 0.0


class Tally:
    """Adds up receipts; its size does not depend on how many."""

    def __init__(self) -> None:
        self.scenes = self.frames = self.bytes = 0
        self.core_seconds = self.cpu_seconds = 0.0
        self.seconds: dict[str, float] = {}
        self.rejected: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.scenarios: dict[str, Share] = {}

    def add(self, scenario: str, receipt: Receipt) -> None:
        """A scene of that scenario."""
        self.scenes += 1
        self.frames += receipt.frames
        self.bytes += receipt.bytes
        self.core_seconds += receipt.core_seconds
        self.cpu_seconds += receipt.cpu_seconds
        for stage, seconds in receipt.seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
        self.rejected.update(receipt.rejected)
        self.events[EVENTS[receipt.happened]] += 1
        share = self.scenarios.setdefault(scenario, Share())
        share.scenes += 1
        share.frames += receipt.frames
        share.bytes += receipt.bytes
        share.core_seconds += receipt.core_seconds


class Summary(BaseModel):
    """What lies in an output, and what it took to make, over all runs of the job.

    Attributes:
        scenes, frames, recording_bytes: of the dataset. quarantined: scenes that were given up.
        retries, wall_seconds: of the last run alone.
        core_seconds: cores held times time held, exports included. cpu_seconds: processor time used by scenes.
        cost: of the core-seconds at the job's price.
        stages: wall time by stage [s], summed over all scenes.
        rejected: candidates and takes that were thrown away, by reason.
        events: scenes by whether their script's event happened (``EVENTS``).
        scenarios, exports: their shares.
    """

    scenes: int
    frames: int
    quarantined: int
    retries: int
    wall_seconds: float
    recording_bytes: int
    bytes_per_frame: float
    core_seconds: float
    core_seconds_per_frame: float
    cpu_seconds: float
    cost: float
    stages: dict[str, float]
    rejected: dict[str, int]
    events: dict[str, int]
    scenarios: dict[str, Share]
    exports: dict[str, ExportReceipt]


def summarise(
    tally: Tally,
    exports: dict[str, ExportReceipt],
    *,
    quarantined: int,
    retries: int,
    wall_seconds: float,
    price: float,
) -> Summary:
    """``price``: of an hour of one core."""
    cores = tally.core_seconds + sum(receipt.core_seconds for receipt in exports.values())
    size = tally.bytes + sum(receipt.bytes for receipt in exports.values())
    frames = max(tally.frames, 1)
    return Summary(
        scenes=tally.scenes,
        frames=tally.frames,
        quarantined=quarantined,
        retries=retries,
        wall_seconds=wall_seconds,
        recording_bytes=tally.bytes,
        bytes_per_frame=size / frames,
        core_seconds=cores,
        core_seconds_per_frame=cores / frames,
        cpu_seconds=tally.cpu_seconds,
        cost=cores / 3600 * price,
        stages=tally.seconds,
        rejected=dict(tally.rejected.most_common()),
        events={name: tally.events[name] for name in EVENTS.values()},
        scenarios=tally.scenarios,
        exports=exports,
    )
