"""How long each stage of making a scene takes, on this machine, with one server and nothing beside it."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from pathlib import Path

from pydantic import BaseModel, computed_field
from rich.table import Column, Table

from orchestrator.formats import EXPORTS
from orchestrator.job import resolve
from orchestrator.player import CarlaPlayer
from orchestrator.spec import Entry, JobSpec
from orchestrator.work import Wanted, again, draw, play
from scenarios.catalog import find
from scenarios.sampler import Scenario
from sensors.rig import load_rig


class Measurement(BaseModel):
    """Wall time by stage [s] of one scene, and of making datasets of it.

    Attributes:
        frames: recorded. start: of the server; sample: drawing the scene; neither is counted per frame.
        driver: stages of the session, one after another: together the scene's whole time.
        server: the server's stages; ``labels`` is within the driver's ``label calls``, all others within its ``tick``.
        encoding: of the recording, on a thread beside the driver's stages.
        exports: by format.
        per_frame: scene and exports over the number of frames.
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
    encoding: float
    exports: dict[str, float]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def per_frame(self) -> float:
        return (sum(self.driver.values()) + sum(self.exports.values())) / max(self.frames, 1)

    @property
    def label_share(self) -> float:
        """Share of a frame's time that labels and datasets cost: the calls for labels and all exports."""
        return (self.driver.get("label calls", 0.0) + sum(self.exports.values())) / (
            self.per_frame * max(self.frames, 1)
        )


def measure(scenario: str, rig_name: str, seed: int) -> Measurement:
    """Plays scene 0 of a scenario into a temporary folder, and exports it to every format."""
    rig = load_rig(rig_name)
    job = resolve(JobSpec(scenarios=(Entry(scenario=scenario, scenes=1),), seed=seed, rig=rig_name, output="."))
    [task] = job.tasks()
    compiled = Scenario(find(scenario))
    drawn = draw(compiled, seed, Wanted(task))
    with tempfile.TemporaryDirectory(prefix="longtail-bench-") as folder:
        started = time.perf_counter()
        player = CarlaPlayer(rig)
        start = time.perf_counter() - started
        try:
            path = Path(folder, "scene.mcap")
            while (made := play(player, compiled, drawn, seed, path)).rejected:
                drawn = draw(compiled, seed, again(drawn, made.rejected))
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
        sample=drawn.seconds,
        driver=made.seconds,
        server=server,
        encoding=made.encoding,
        exports=exports,
    )


def table(result: Measurement) -> Table:
    """The measurement as a table whose plain rows add up to the last; dim rows are within the row above them."""
    title = f"{result.scenario}, rig {result.rig}, {result.frames} frames, {result.cores} cores"
    shown = Table("stage", Column("s", justify="right"), Column("ms/frame", justify="right"), title=title, min_width=60)
    frames = max(result.frames, 1)

    def add(stage: str, seconds: float, style: str | None = None) -> None:
        shown.add_row(stage, f"{seconds:.2f}", f"{1000 * seconds / frames:.1f}", style=style)

    shown.add_row("once: server start", f"{result.start:.2f}", "", style="dim")
    shown.add_row("once: draw scene", f"{result.sample:.2f}", "", style="dim", end_section=True)
    for stage, seconds in result.driver.items():
        add(stage, seconds)
        within = [name for name in result.server if WITHIN.get(name, "tick") == stage]
        for name in within:
            add(f"  server: {name}", result.server[name], "dim")
        if within:
            add("  on the way", seconds - sum(result.server[name] for name in within), "dim")
    for name, seconds in result.exports.items():
        add(f"export {name}", seconds)
    shown.add_section()
    add("all in", result.per_frame * frames, "bold")
    add("beside: encoding", result.encoding, "dim")
    return shown


WITHIN = {"labels": "label calls"}
"""The driver's stages within which the server's lie; its others lie within ``tick``."""
