"""What goes wrong ends in one message that says what to do, and leaves no half scene behind."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import HERE, command

SMALL = str(HERE / "small.yaml")
SCENES = 30


def refused(words: list[str], code: int = 1) -> str:
    """The message of a command that fails as expected."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr


def interruptible() -> None:
    """Takes SIGINT again, which a shell has its background jobs (and so these tests, run as one) ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def under_way(out: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A job that has taken its output, of more scenes than any test waits for."""
    with log.open("wb") as output:
        job = subprocess.Popen(
            command(out, rig=SMALL, scenes=SCENES, workers=1),
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=interruptible,
        )
        try:
            deadline = time.monotonic() + 240
            while not (out / "job.json").exists():
                assert job.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield job
        finally:
            if job.poll() is None:
                job.kill()
                job.wait()


def test_an_interrupted_job_says_how_to_go_on(tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    with under_way(out, log) as job:
        assert "another run is writing" in refused(command(out, rig=SMALL, scenes=SCENES, workers=1))
        while f" of {SCENES} scenes" not in log.read_text():
            assert job.poll() is None, log.read_text()
            time.sleep(0.05)
        job.send_signal(signal.SIGINT)
        assert job.wait(60) == 130
    assert "the same command goes on from here" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert list((out / "recordings").glob(".*")) == []


def test_a_blueprint_that_the_server_lacks_is_named(tmp_path: Path) -> None:
    script = tmp_path / "unknown.scenic"
    crossing = (HERE / "crossing.scenic").read_text()
    script.write_text(crossing.replace("DriveLane(12)", 'DriveLane(12), with blueprint "vehicle.nope.nope"'))
    words = command(tmp_path / "out", rig=SMALL, scenes=1, workers=1)
    message = refused([str(script) if word.endswith("crossing.scenic") else word for word in words])
    assert "vehicle.nope.nope" in message
    assert list((tmp_path / "out" / "recordings").iterdir()) == []


@pytest.mark.parametrize("taken", [0, 1])
def test_a_port_in_use_is_named(taken: int) -> None:
    """Both the port that is asked for and the next, which takes the streams."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        words = [sys.executable, "-m", "simulator.server", "--port", str(port - taken)]
        message = refused(words, code=2)
    assert str(port) in message
    assert "choose another --port" in message
