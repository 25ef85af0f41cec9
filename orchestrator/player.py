"""The one place where a worker meets a CARLA server: start it, play a scene on it, look at what it said, stop it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scenarios.sampler import Sample
from sensors.frames import Origin
from sensors.rig import Rig
from simulator.extension import Extension
from simulator.process import ServerProcess
from simulator.recorder import SessionError
from simulator.session import Outcome, Session

LOG_TAIL = 2000
"""Characters of a server's log that are worth quoting."""


class Unplayable(Exception):
    """The scene would fail in the same way on any fresh server; the message says what to do."""


class Player(Protocol):
    """Plays scenes, one after another. Anything but `Unplayable` that it raises is taken for a dead or sick server."""

    def play(self, sample: Sample, origin: Origin, path: Path, seed: int, on_frame: Callable[[int], None]) -> Outcome:
        """Plays a scene and writes its recording to ``path``, whole or not at all."""

    def alive(self) -> bool:
        """Whether the server runs; asked from another thread while a scene is played."""

    def log_tail(self) -> str:
        """The last lines that the server wrote."""

    def close(self) -> None:
        """Stops the server."""


@dataclass
class EmbeddedPlayer:
    """A player with an embedded server of its own, on a free port."""

    rig: Rig

    def __post_init__(self) -> None:
        self._server = ServerProcess().start()
        self._session = Session(self._server.host, self._server.port, self.rig)

    def play(self, sample: Sample, origin: Origin, path: Path, seed: int, on_frame: Callable[[int], None]) -> Outcome:
        """See `Player`."""
        try:
            return self._session.play(sample.scene, origin, path, simulation_seed=seed, on_frame=on_frame)
        except SessionError as error:
            raise Unplayable(str(error)) from error

    def timings(self) -> dict[str, float]:
        """Wall time [s] that the server has spent since it started, by stage."""
        with closing(Extension(self._server.host, self._server.port)) as extension:
            return extension.timings()

    def alive(self) -> bool:
        """See `Player`."""
        return self._server.alive

    def log_tail(self) -> str:
        """See `Player`."""
        return self._server.log[-LOG_TAIL:]

    def close(self) -> None:
        """See `Player`."""
        self._server.stop()
