"""``longtail render``: the short form of a job, written as words of a command instead of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestrator.spec import Entry, JobSpec


def short_form(
    scenarios: Sequence[str],
    *,
    scenes: int,
    rig: str,
    seed: int,
    workers: int,
    out: Path,
    exports: Sequence[str],
    strict_types: bool = False,
) -> JobSpec:
    """The job that ``longtail render`` with these words means; see ``longtail render --help``."""
    entries = tuple(Entry(scenario=name, scenes=scenes) for name in dict.fromkeys(scenarios))
    return JobSpec(
        scenarios=entries,
        seed=seed,
        rig=rig,
        workers=workers,
        output=str(out),
        exports=tuple(exports),
        strict_types=strict_types,
    )
