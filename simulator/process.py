"""Starts, watches and stops an embedded server in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

START_TIMEOUT = 120.0
"""[s]; a map that is used for the first time is built then."""

STOP_TIMEOUT = 10.0
"""[s] from asking a server to end to killing it."""

_READY = re.compile(r"^listening on (\S+):(\d+)$", re.MULTILINE)
_TAIL = 2000


class ServerError(RuntimeError):
    """The server did not start; the message ends with the tail of its log."""


class ServerProcess:
    """An embedded server. A context manager: started on entering, stopped on leaving; it also ends when we do.

    Args:
        map_name: the map to start with, or an OpenDRIVE file; None is the server's default.
        maps: folder of OpenDRIVE files that can be loaded too.
        port: RPC port; 0 picks a free one.
        strict: without Longtail's extension calls.
        gpu: EGL device that draws, by its index; None is the first.
        log: file that takes the server's output; None is a temporary one.
    """

    def __init__(
        self,
        map_name: str | None = None,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        strict: bool = False,
        seed: int = 0,
        maps: Path | None = None,
        gpu: int | None = None,
        log: Path | None = None,
        timeout: float = START_TIMEOUT,
    ) -> None:
        self.host = host
        self._port = port
        self._timeout = timeout
        self._log = log
        self._gpu = gpu
        self._process: subprocess.Popen[bytes] | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._command = [sys.executable, "-m", "simulator.server", "--owned", "--host", host, "--port", str(port)]
        self._command += ["--seed", str(seed)]
        self._command += [] if map_name is None else ["--map", map_name]
        self._command += [] if maps is None else ["--maps", str(maps)]
        self._command += ["--strict"] if strict else []

    def start(self) -> ServerProcess:
        """Start it and wait until it listens. Raises ServerError."""
        if self._process is not None:
            raise ServerError("this server has been started already")
        if self._log is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="longtail-server-")
            self._log = Path(self._temporary.name) / "server.log"
        with self._log.open("wb") as output:
            # Its standard input is a pipe that we hold: however we end, it reads the end and stops.
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(self._gpu),
            )
        deadline = time.monotonic() + self._timeout
        while (port := self._listening()) is None:
            if self._process.poll() is not None:
                self._fail(f"the server ended with code {self._process.returncode}")
            if time.monotonic() > deadline:
                self._fail(f"the server was not ready after {self._timeout:.0f} s")
            time.sleep(0.02)
        self._port = port
        return self

    def _listening(self) -> int | None:
        """The port on which it listens, once it does."""
        ready = _READY.search(self.log)
        return int(ready[2]) if ready else None

    def _fail(self, what: str) -> None:
        tail = self.log[-_TAIL:].strip()
        self.stop()
        raise ServerError(f"{what}; its log ends with:\n{tail}" if tail else f"{what} and wrote nothing")

    @property
    def port(self) -> int:
        """RPC port, once started."""
        return self._port

    @property
    def pid(self) -> int:
        """Process id. Raises ServerError before the start."""
        if self._process is None:
            raise ServerError("this server has not been started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text(errors="replace") if self._log is not None and self._log.exists() else ""

    def stop(self) -> None:
        """End it: politely, then by force. Does nothing when it does not run."""
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = self._log = None

    def __enter__(self) -> ServerProcess:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _environment(gpu: int | None) -> dict[str, str]:
    """Ours, with this package's root on the path (for checkouts) and the EGL device for glcontext."""
    root = str(Path(__file__).parents[1])
    device = {} if gpu is None else {"GLCONTEXT_DEVICE_INDEX": str(gpu)}
    return {**os.environ, **device, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
