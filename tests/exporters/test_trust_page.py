"""The page on trust: its commands run as they are written, and the command tells by its exit code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from exporters import kitti, manifest
from orchestrator.marks_bench import measure_marks, table

from .conftest import Record
from .test_mix import as_if_real

PAGE = Path(__file__).parents[2] / "docs" / "trust.md"


def run(words: str, folder: Path) -> tuple[int, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path}
    done = subprocess.run(
        ["bash", "-c", words], cwd=folder, capture_output=True, text=True, timeout=120, env=environment
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def output(record: Record, tmp_path: Path) -> Path:
    """A folder with ``roos`` and ``real/kitti``, as the page has them."""
    recordings = tmp_path / "roos" / "recordings"
    recordings.mkdir(parents=True)
    for index in range(2):
        (recordings / f"{index}.mcap").write_bytes(record(index=index).read_bytes())
    kitti.export(sorted(recordings.iterdir()), tmp_path / "roos" / "kitti")
    kitti.export([record("kitti", "street")], tmp_path / "real" / "kitti")
    as_if_real(tmp_path / "real" / "kitti")
    return tmp_path


def test_its_commands_run(output: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    commands = [line.split("   #")[0].strip() for block in blocks for line in block.splitlines()]
    assert len(commands) == 7
    for command in commands:
        code, said = run(command, output)
        assert code == 0, f"{command}\n{said}"
    assert len((output / "mixed/joint/frames.csv").read_text().splitlines()) == 1 + 6 + 6
    assert (output / "staged/2-real/weights.txt").exists()


def test_exit_codes(output: Path) -> None:
    assert run("longtail verify roos/kitti", output)[0] == 0
    (output / "roos/kitti/training/label_2/000001.txt").write_text("")
    code, said = run("longtail verify roos/kitti", output)
    assert code == 1 and "training/label_2/000001.txt: was changed" in said
    assert run("longtail verify nowhere", output)[0] == 2
    (output / "roos/kitti" / manifest.NAME).unlink()
    assert run("longtail verify roos", output)[0] == 1


@pytest.mark.parametrize(
    "command",
    [
        "longtail sign roos/kitti -o signed --certificate none.pem --key none.pem",
        "longtail mix --synthetic roos/kitti -o mixed",
    ],
)
def test_errors_are_one_message(command: str, output: Path) -> None:
    code, said = run(command, output)
    assert code == 1
    assert said.startswith("error: ") and "Traceback" not in said


def test_the_bench_measures_each_step() -> None:
    result = measure_marks(2)
    assert list(result.processor) == [
        f"{kind}: {step}" for kind in ("PNG", "JPEG") for step in ("mark", "sign", "verify")
    ]
    assert all(spent > 0 for spent in result.wall.values())
    assert table(result).row_count == 6
