"""Datasets made by the real command on the real server, shared by the tests of this folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.job import Script, Task
from orchestrator.player import CarlaPlayer
from orchestrator.work import make
from scenarios.sampler import Scenario
from sensors.rig import Rig
from simulator.process import ServerProcess

HERE = Path(__file__).parent
COMMAND = [sys.executable, "-m", "orchestrator.cli", "render"]


def command(out: Path, *, rig: str, scenes: int, workers: int) -> list[str]:
    """The ``longtail render`` command for the tests' short scene."""
    options = {"--rig": rig, "--scenes": scenes, "--workers": workers, "--seed": 3, "--out": out}
    return [*COMMAND, str(HERE / "crossing.scenic"), *(str(word) for pair in options.items() for word in pair)]


def render(out: Path, *, rig: str, scenes: int, workers: int) -> str:
    """Runs it to its end and returns what it printed."""
    done = subprocess.run(
        command(out, rig=rig, scenes=scenes, workers=workers), capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def played(script: Path, rig: Rig, path: Path, *, seed: int, strict: bool = False) -> Path:
    """The recording of a script's scene 0 on a server of its own; ``strict``: one without extension calls."""
    scenario = Scenario(script)
    name = Script(name=scenario.name, path=str(script), digest=scenario.digest, scenes=1)
    with ServerProcess(strict=strict) as server:
        player = CarlaPlayer(rig, address=f"{server.host}:{server.port}")
        try:
            make(player, scenario, Task(name, 0, "0" * 16), seed, path)
        finally:
            player.close()
    return path


@pytest.fixture(scope="session")
def kitti_car(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Output folder of one scene with the kitti rig."""
    out = tmp_path_factory.mktemp("kitti-car") / "out"
    render(out, rig="kitti", scenes=1, workers=1)
    return out


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Output folder of three scenes with the small rig, made in one go by one worker."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    render(out, rig=str(HERE / "small.yaml"), scenes=3, workers=1)
    return out
