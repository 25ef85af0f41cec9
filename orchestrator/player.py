"""The one place where a worker meets a CARLA server: start it, play scenes on it, look at what it said, stop it."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import psutil

from orchestrator.leases import PortLease
from orchestrator.spec import GIB, Limits, ServerSpec
from sensors.frames import Origin
from sensors.rig import Rig
from simulator.extension import Extension
from simulator.process import ServerProcess
from simulator.recorder import SessionError
from simulator.session import Outcome, Session
from simulator.unreal import UnrealProcess

LOG_TAIL = 2000
"""Characters of a server's log that are worth quoting."""

KNOCK = 5.0
"""[s] between looks whether a server at an address is still there."""


class Unplayable(Exception):
    """The scene would fail in the same way on any fresh server; the message says what to do."""


class Player(Protocol):
    """Plays scenes, one after another. Anything but `Unplayable` that it raises is taken for a dead or sick server."""

    def play(self, scene: Any, origin: Origin, path: Path, seed: int, on_frame: Callable[[int], None]) -> Outcome:
        """Plays a Scenic scene and writes its recording to ``path``, whole or not at all."""

    def alive(self) -> bool:
        """Whether the server runs; asked from another thread while a scene is played."""

    def usage(self) -> tuple[int, float]:
        """What the server holds of memory [B] and has used of processor time [s]."""

    def worn(self) -> bool:
        """Whether the server should be started afresh before the next scene."""

    def log_tail(self) -> str:
        """The last lines that the server wrote."""

    def close(self) -> None:
        """Stops the server."""


class CarlaPlayer:
    """A player with a server of its own: embedded, Unreal, or one that runs already at an address.

    Args:
        rig: what the ego carries.
        server: which server. address: ``host:port``, when that says so.
        gpu: that draws; None is the first.

    Raises:
        simulator.process.ServerError: it does not start.
        orchestrator.leases.NoPort: there is no port for it.
    """

    def __init__(
        self,
        rig: Rig,
        server: ServerSpec | None = None,
        limits: Limits | None = None,
        *,
        address: str | None = None,
        gpu: int | None = None,
    ) -> None:
        self._spec = server or ServerSpec()
        self._played = 0
        self._lease: PortLease | None = None
        self._server: ServerProcess | None = None
        self._knocked = time.monotonic()
        if address is not None:
            host, _, port = address.rpartition(":")
            self._host, self._port = host, int(port)
        else:
            self._start(gpu)
        self._session = Session(self._host, self._port, rig, (limits or Limits()).ticks)

    def _start(self, gpu: int | None) -> None:
        spec, self._lease = self._spec, PortLease(self._spec.first_port)
        try:
            if spec.executable is None:
                server = ServerProcess(port=self._lease.port, gpu=gpu, log=self._lease.log, timeout=spec.start_timeout)
            else:
                server = UnrealProcess(
                    spec.executable,
                    self._lease.port,
                    quality=spec.quality,
                    arguments=spec.arguments,
                    gpu=gpu,
                    log=self._lease.log,
                    timeout=spec.start_timeout,
                )
            self._server = server.start()
            self._lease.note_server(server.pid)
        except BaseException:
            self._lease.release()
            raise
        self._host, self._port = server.host, server.port

    def play(self, scene: Any, origin: Origin, path: Path, seed: int, on_frame: Callable[[int], None]) -> Outcome:
        """See `Player`."""
        self._played += 1
        try:
            return self._session.play(scene, origin, path, simulation_seed=seed, on_frame=on_frame)
        except SessionError as error:
            raise Unplayable(str(error)) from error

    def timings(self) -> dict[str, float]:
        """Wall time [s] that the embedded server has spent since it started, by stage."""
        with closing(Extension(self._host, self._port)) as extension:
            return extension.timings()

    def alive(self) -> bool:
        """See `Player`."""
        if self._server is not None:
            return self._server.alive
        if time.monotonic() - self._knocked < KNOCK:
            return True
        self._knocked = time.monotonic()
        try:
            socket.create_connection((self._host, self._port), KNOCK).close()
        except OSError:
            return False
        return True

    def usage(self) -> tuple[int, float]:
        """See `Player`; of a server at an address nothing is known."""
        return (0, 0.0) if self._server is None or not self._server.alive else usage_of(self._server.pid)

    def worn(self) -> bool:
        """See `Player`."""
        if self._server is None:
            return False
        return self._played >= self._spec.restart_after or self.usage()[0] > self._spec.memory * GIB

    def log_tail(self) -> str:
        """See `Player`."""
        return "" if self._server is None else self._server.log[-LOG_TAIL:]

    def close(self) -> None:
        """See `Player`."""
        if self._server is not None:
            self._server.stop()
        if self._lease is not None:
            self._lease.release()
            self._lease = None


def usage_of(pid: int | None = None) -> tuple[int, float]:
    """Memory [B] and processor time [s] of a process and all below it; our own without its children for None."""
    memory, seconds = 0, 0.0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid or os.getpid())
        for one in [process, *(process.children(recursive=True) if pid else ())]:
            with contextlib.suppress(psutil.Error):
                times = one.cpu_times()
                memory, seconds = memory + one.memory_info().rss, seconds + times.user + times.system
    return memory, seconds
