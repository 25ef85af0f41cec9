"""The promise, tried: the same job undisturbed, with workers and servers killed, with a node lost and another added,
with its driver killed and resumed. All four outputs must hold the same bytes.

Each way is the real command in a process of its own, on a Ray cluster of its own on this machine.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import yaml
from rich.console import Console

from orchestrator import JobError
from orchestrator.progress import span
from orchestrator.store import Store, sha256_of

BOOKS = frozenset({"farm", "job.json", "summary.json", ".lock"})
"""What in an output tells about the making, and may differ."""

LONGEST = 4 * 3600.0
"""[s] for one way, after which it is taken to hang."""

Disturb = Callable[["Job"], str]


class Job:
    """A job that runs as a command.

    Attributes:
        output: its folder. process: the driver. log: what it has said.
    """

    def __init__(self, file: Path, output: Path, log: Path, address: str | None = None) -> None:
        self.output, self.log = output, log
        words = [sys.executable, "-m", "orchestrator.cli", "run", str(file), "--out", str(output)]
        self._words = [*words, *(() if address is None else ("--address", address))]
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(self._words, stdout=log, stderr=log, start_new_session=True, env=environment())

    @property
    def finished(self) -> int:
        """Scenes that are complete."""
        return len(Store(self.output).finished())

    @property
    def runs(self) -> bool:
        """Whether the driver does."""
        return self.process.poll() is None

    def restart(self) -> None:
        """Starts the driver again, after its end."""
        self.process.wait()
        self.process = self._start()

    def wait_for(self, scenes: int) -> None:
        """Until that many are complete, or the driver has ended."""
        deadline = time.monotonic() + LONGEST
        while self.runs and self.finished < scenes and time.monotonic() < deadline:
            time.sleep(0.2)


def environment() -> dict[str, str]:
    """For drivers and nodes: clusters of our own on this machine need no token."""
    return os.environ | {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}


def prove(scenario: str, rig: str, scenes: int, seed: int, every: float, keep: Path | None, console: Console) -> None:
    """Makes a job in all ways and compares.

    Args:
        every: mean seconds between two kills. keep: folder for the outputs; None throws them away.

    Raises:
        JobError: a way did not end well, or its bytes are others.
    """
    with contextlib.ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="longtail-chaos-")))
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "job.yaml"
        entry = {"scenario": str(Path(scenario).resolve()) if Path(scenario).is_file() else scenario, "scenes": scenes}
        rig = str(Path(rig).resolve()) if Path(rig).is_file() else rig
        spec = {"scenarios": [entry], "rig": rig, "seed": seed, "workers": 2, "output": "given"}
        file.write_text(yaml.safe_dump(spec))
        draw = random.Random(seed)
        wanted = None
        for name, way in (
            ("undisturbed", lambda: make(file, folder / "undisturbed", lambda job: "")),
            ("killed", lambda: make(file, folder / "killed", lambda job: kill_at_random(job, draw, every, scenes))),
            ("nodes", lambda: make_on_changing_nodes(file, folder / "nodes", scenes)),
            ("driver", lambda: make(file, folder / "driver", lambda job: kill_driver(job, scenes))),
        ):
            started = time.monotonic()
            what = way()
            found = contents(folder / name)
            wanted = found if wanted is None else wanted
            if found != wanted:
                others = sorted(path for path in found.keys() | wanted.keys() if found.get(path) != wanted.get(path))
                raise JobError(f"{name}: {len(others)} files differ from the undisturbed run: {', '.join(others[:5])}")
            console.print(f"{name}: {len(found)} files, the same bytes; {what}{span(time.monotonic() - started)}")


def make(file: Path, output: Path, disturb: Disturb, address: str | None = None) -> str:
    """Runs a job, disturbs it, and waits for its end; says what was done to it.

    Raises:
        JobError: it failed.
    """
    job = Job(file, output, output.with_suffix(".log"), address)
    try:
        said = disturb(job)
        code = job.process.wait(LONGEST)
    finally:
        if job.runs:
            job.process.kill()
            job.process.wait()
    if code:
        raise JobError(f"{output.name}: the job ended with code {code}:\n{job.log.read_text()[-2000:]}")
    return said


def kill_at_random(job: Job, draw: random.Random, every: float, scenes: int) -> str:
    """SIGKILLs workers and servers, as many in all as there are scenes: more would be what a scene that kills its
    servers looks like, and be quarantined."""
    killed = {"worker": 0, "server": 0}
    while job.runs and sum(killed.values()) < scenes:
        time.sleep(draw.expovariate(1 / every) if sum(killed.values()) > 1 else 1.0)
        # First one of each kind, so that a short job has met both.
        kind = next((kind for kind, count in killed.items() if not count), draw.choice(sorted(killed)))
        victims = sorted(victims_of(job.process.pid, kind))
        if job.runs and victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(draw.choice(victims), signal.SIGKILL)
                killed[kind] += 1
    return f"{killed['worker']} workers and {killed['server']} servers killed; "


def victims_of(driver: int, kind: str) -> Iterator[int]:
    """Processes below a driver that play scenes: Ray's workers at a task, or CARLA servers."""
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(driver).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                words = " ".join(process.cmdline())
                if kind == "server" and "simulator.server" in words:
                    yield process.pid
                if kind == "worker" and words.startswith("ray::_render"):
                    yield process.pid


def kill_driver(job: Job, scenes: int) -> str:
    """SIGKILLs the driver when the first scene is there, and when half of them are; starts it again."""
    for count in sorted({1, max(1, scenes // 2)}):
        job.wait_for(count)
        if job.runs:
            os.kill(job.process.pid, signal.SIGKILL)
            job.restart()
    return "the driver killed and resumed; "


def make_on_changing_nodes(file: Path, output: Path, scenes: int) -> str:
    """Runs a job on a cluster of two nodes, of which one is killed and another is added."""
    with head_node() as address, node(address) as doomed:

        def disturb(job: Job) -> str:
            job.wait_for(1)
            kill_node(doomed)
            stack.enter_context(node(address))
            return "a node killed, another added; "

        with contextlib.ExitStack() as stack:
            return make(file, output, disturb, address)


@contextmanager
def head_node(cpus: int = 1) -> Iterator[str]:
    """A Ray cluster of our own on this machine; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with _ray("--head", f"--port={port}", f"--num-cpus={cpus}", "--include-dashboard=false"):
        yield f"127.0.0.1:{port}"


@contextmanager
def node(address: str, cpus: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """One more node of it."""
    with _ray(f"--address={address}", f"--num-cpus={cpus}") as process:
        yield process


def kill_node(process: subprocess.Popen[bytes]) -> None:
    """SIGKILLs a node with everything on it, as a power failure does."""
    whole = psutil.Process(process.pid)
    for one in [*whole.children(recursive=True), whole]:
        with contextlib.suppress(psutil.Error):
            one.kill()
    process.wait()


@contextmanager
def _ray(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.NamedTemporaryFile(prefix="longtail-node-", suffix=".log") as log:
        command = [str(Path(sys.executable).with_name("ray")), "start", "--block", *words]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment())
        try:
            deadline = time.monotonic() + 120
            while b"Ray runtime started" not in Path(log.name).read_bytes():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise JobError(f"a Ray node did not start:\n{Path(log.name).read_text()[-2000:]}")
                time.sleep(0.2)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                kill_node(process)


def contents(output: Path) -> dict[str, str]:
    """Hash of every file of a dataset by its path, all but the books."""
    paths = (path.relative_to(output) for path in sorted(output.rglob("*")) if path.is_file())
    return {str(path): sha256_of(output / path) for path in paths if path.parts[0] not in BOOKS}
