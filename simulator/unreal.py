"""Starts, watches and stops an Unreal CARLA server (0.9.16) on a machine without a screen."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import carla

from simulator.process import ServerError, ServerProcess

PORTS = 4
"""That a server takes: RPC, streaming and secondary servers on the next two, and one for luck (CARLA's documentation
has clients start servers four ports apart)."""

PROBE = 2.0
"""[s] for an answer to the question whether the server is ready."""


class UnrealProcess(ServerProcess):
    """A server from the user's own CARLA; a context manager, as `ServerProcess` is. It ends when we do.

    Args:
        executable: ``CarlaUE4.sh``.
        port: RPC port; this and the next three must be free.
        quality: ``Epic`` or ``Low``.
        arguments: more of them for the executable.
        gpu: graphics adapter, by Unreal's count; None is the first.
        log, timeout: as for `ServerProcess`.
    """

    def __init__(
        self,
        executable: Path,
        port: int,
        *,
        quality: str = "Epic",
        arguments: Sequence[str] = (),
        gpu: int | None = None,
        log: Path | None = None,
        timeout: float = 300.0,
    ) -> None:
        super().__init__(port=port, log=log, timeout=timeout)
        flags = ["-RenderOffScreen", "-nosound", f"-carla-rpc-port={port}", f"-quality-level={quality}"]
        flags += [] if gpu is None else [f"-graphicsadapter={gpu}"]
        self._executable = executable
        self._command = [sys.executable, "-m", "simulator.guard", str(executable), *flags, *arguments]

    def start(self) -> UnrealProcess:
        """Start it and wait until it answers. Raises ServerError."""
        if not self._executable.is_file():
            raise ServerError(f"no {self._executable} on this node; server.executable is the path of CarlaUE4.sh")
        super().start()
        return self

    def _listening(self) -> int | None:
        """The port, once the server answers there and is the one that we started."""
        client = carla.Client(self.host, self._port)
        client.set_timeout(PROBE)
        try:
            client.get_server_version()
        except RuntimeError:
            time.sleep(0.1)
            return None
        return self._port

    def stop(self) -> None:
        """End it and all that it started."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()  # the guard ends the group: politely, then by force
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
        super().stop()
