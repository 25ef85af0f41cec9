"""Makes ready in idle moments what the first vehicle, picture and scan need, which takes seconds.

Clients of CARLA commonly wait two seconds for a tick. Nothing that is sent depends on how far this has come.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from renderers import GraphicsError
from renderers.scene import Scene
from simulator.server.sensors.cameras import world_from_camera

if TYPE_CHECKING:
    from simulator.server.server import Server

QUIET = 0.01
"""[s] without a request, after which the server counts as idle."""
SLICE = 0.05
"""[s] of work at a time; the longest piece takes about 0.3 s on a slow core, and no request waits longer."""


def _import() -> None:
    for module in ("world.dynamics", "world.motion", "world.touching", "server.sensors.renderers"):
        import_module(f"simulator.{module}")


class Warming:
    """The physics of a server, compiled, and its renderers, made and given the level bit by bit: imports on a thread,
    the rest in slices."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._imports = Thread(target=_import, daemon=True)
        self._scene: Scene | None = None
        self._steps: Iterator[None] | None = None

    def begin(self) -> None:
        """There is a new level."""
        level, environment = self._server.episode.world.level, self._server.episode.world.environment
        self._scene = Scene(level.static, [], environment)
        self._steps = None

    @property
    def pending(self) -> bool:
        """Whether there is something to do in idle moments."""
        drawn = self._scene is not None and not self._server.settings.no_rendering
        return drawn or self._imports.ident is None

    def go_on(self) -> None:
        """A slice of the work. Without OpenGL there is none: the first camera will tell."""
        if self._imports.ident is None:
            self._imports.start()
        if self._imports.is_alive() or self._scene is None or self._server.settings.no_rendering:
            return
        if self._scene.static is not self._server.episode.world.level.static:
            self.begin()
        try:
            until = time.perf_counter() + SLICE
            while time.perf_counter() < until:
                if self._steps is None:
                    eye = world_from_camera(self._server.episode.spectator)
                    self._steps = self._server.renderers.warm_up(self._scene, eye)
                next(self._steps)
        except StopIteration:
            self._scene = self._steps = None
        except Exception as error:
            self._scene = self._steps = None
            self._server.faults.tell("the renderers", error, bug=not isinstance(error, GraphicsError))
