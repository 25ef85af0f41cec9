"""Plays library scripts with a small camera and judges each scene by its oracle: does the rare event happen?"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel
from rich.table import Table

from orchestrator.job import Script, Task
from orchestrator.player import CarlaPlayer
from orchestrator.work import make
from scenarios.catalog import find
from scenarios.oracle import Verdict, judge, parse
from scenarios.sampler import Scenario, scene_ids
from sensors.recording import Recording
from sensors.rig import CameraSpec, Mount, Rig

SKETCH = Rig(
    name="sketch",
    tick=0.05,
    keyframe_rate=5,
    cameras=(
        CameraSpec(
            name="CAM_FRONT", width=480, height=270, fx=360, fy=360, cx=239.5, cy=134.5, rate=5,
            mount=Mount(translation=(1.03, 0.06, 1.65), rotation=(0.5, -0.5, 0.5, -0.5)),
        ),
    ),
    lidars=(),
)  # fmt: skip
"""One small camera: enough to see whether something happened."""


class Row(BaseModel):
    """One scene: its script, its index, whether its event happened, the oracle's words, wall time [s]."""

    scenario: str
    index: int
    happened: bool
    said: str
    seconds: float


def sketch(player: CarlaPlayer, scenario: Scenario, seed: int, index: int, path: Path) -> Verdict:
    """Plays one scene with the `SKETCH` rig into ``path`` and judges it.

    Raises:
        ScenarioError: no scene can be drawn. OracleError: the script declares no event. Unplayable: see there.
    """
    script = Script(name=scenario.name, path=str(scenario.path), digest=scenario.digest, scenes=1, first=index)
    [scene_id] = scene_ids(scenario.digest, SKETCH, seed, [index])
    make(player, scenario, Task(script, index, scene_id), seed, path)
    recording = Recording(path)
    return judge(recording.meta, recording.frames())


def measure_scenarios(names: Sequence[str], scenes: int, seed: int) -> Iterator[Row]:
    """Scenes of each script in turn, on one server."""
    compiled = [Scenario(find(name)) for name in names]
    for scenario in compiled:
        parse(scenario.script)  # a script without an event is told before a server starts
    player = CarlaPlayer(SKETCH)
    try:
        with tempfile.TemporaryDirectory(prefix="longtail-bench-") as folder:
            for scenario in compiled:
                for index in range(scenes):
                    started = time.perf_counter()
                    verdict = sketch(player, scenario, seed, index, Path(folder, "scene.mcap"))
                    seconds = time.perf_counter() - started
                    yield Row(
                        scenario=scenario.name,
                        index=index,
                        happened=verdict.happened,
                        said=str(verdict),
                        seconds=seconds,
                    )
    finally:
        player.close()


def table(rows: Sequence[Row]) -> Table:
    """In how many scenes of each script the event happened, and why it did not elsewhere."""
    shown = Table("scenario", "event happened", "s/scene", "where it did not")
    for name in dict.fromkeys(row.scenario for row in rows):
        mine = [row for row in rows if row.scenario == name]
        missed = "\n".join(f"#{row.index} {row.said}" for row in mine if not row.happened)
        happened = sum(row.happened for row in mine)
        shown.add_row(name, f"{happened} of {len(mine)}", f"{sum(r.seconds for r in mine) / len(mine):.1f}", missed)
    return shown
