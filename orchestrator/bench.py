"""How long each stage of making a scene takes, on this machine, with one server and nothing beside it."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from pathlib import Path

from pydantic import BaseModel
from rich.table import Table

from orchestrator.farm import play
from orchestrator.job import plan
from orchestrator.player import EmbeddedPlayer
from orchestrator.render import EXPORTS
from scenarios.catalog import find
from scenarios.sampler import Scenario
from sensors.rig import load_rig


class Measurement(BaseModel):
    """Wall time by stage [s]; ``server`` is a share of ``driver``'s waiting, seen from the other side.

    Attributes:
        frames: recorded; driver: stages of the session; server: stages of the server; exports: by format.
    """

    scenario: str
    rig: str
    seed: int
    frames: int
    cores: int
    machine: str
    start: float
    sample: float
    driver: dict[str, float]
    server: dict[str, float]
    exports: dict[str, float]


def measure(scenario: str, rig_name: str, seed: int) -> Measurement:
    """Plays scene 0 of a scenario into a temporary folder, and exports it to every format."""
    rig = load_rig(rig_name)
    job = plan([scenario], 1, seed, rig)
    [task] = job.tasks()
    compiled = Scenario(find(scenario))
    started = time.perf_counter()
    compiled.sample(seed, 0)
    sampled = time.perf_counter() - started
    with tempfile.TemporaryDirectory(prefix="longtail-bench-") as folder:
        started = time.perf_counter()
        player = EmbeddedPlayer(rig)
        start = time.perf_counter() - started
        try:
            made = play(player, compiled, task, seed, Path(folder, "scene.mcap"))
            server = player.timings()
        finally:
            player.close()
        exports = {}
        for name, export in EXPORTS.items():
            started = time.perf_counter()
            export([Path(folder, "scene.mcap")], Path(folder, name))
            exports[name] = time.perf_counter() - started
    return Measurement(
        scenario=compiled.name,
        rig=rig.name,
        seed=seed,
        frames=made.frames,
        cores=os.cpu_count() or 1,
        machine=platform.machine(),
        start=start,
        sample=sampled,
        driver=made.seconds,
        server=server,
        exports=exports,
    )


def table(result: Measurement) -> Table:
    """The measurement as a table: seconds, and milliseconds a frame."""
    shown = Table(
        "where",
        "stage",
        "s",
        "ms/frame",
        title=f"{result.scenario}, rig {result.rig}, {result.frames} frames, {result.cores} cores",
    )
    once = [("driver", "server start", result.start), ("driver", "draw scene", result.sample)]
    for where, stage, seconds in once:
        shown.add_row(where, stage, f"{seconds:.2f}", "")
    for where, stages in (("driver", result.driver), ("server", result.server), ("export", result.exports)):
        for stage, seconds in stages.items():
            shown.add_row(
                where,
                stage,
                f"{seconds:.2f}",
                f"{1000 * seconds / max(result.frames, 1):.1f}",
                style="bold" if stage == "total" else None,
            )
    return shown
