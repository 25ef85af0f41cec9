"""A Ray cluster that runs already makes the same bytes as Ray started for the job."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.session import free_port

from .conftest import HERE, command
from .test_resume import digest

OPEN = os.environ | {"RAY_AUTH_MODE": "disabled"}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """Address of a Ray head node of our own."""
    port = free_port()
    words = ["start", "--head", "--block", f"--port={port}", "--num-cpus=2", "--include-dashboard=false"]
    with (tmp_path / "head.log").open("wb") as log:
        head = subprocess.Popen([Path(sys.executable).with_name("ray"), *words], stdout=log, stderr=log, env=OPEN)
    try:
        deadline = time.monotonic() + 90
        while "Ray runtime started" not in (tmp_path / "head.log").read_text():
            assert head.poll() is None and time.monotonic() < deadline, (tmp_path / "head.log").read_text()
            time.sleep(0.2)
        yield f"127.0.0.1:{port}"
    finally:
        head.terminate()
        head.wait(30)


def test_the_same_bytes_on_a_cluster(cluster: str, undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = [*command(out, rig=str(HERE / "small.yaml"), scenes=3, workers=2), "--address", cluster]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, env=OPEN)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert digest(out / "recordings") == digest(undisturbed / "recordings")
