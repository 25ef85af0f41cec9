"""The renderers, made on first use: a server without cameras needs no OpenGL, and starts at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from renderers.raster import Raster
from renderers.raycast import RayCaster
from renderers.scene import Scene


class Renderers:
    """One raster and one ray caster for all sensors; to be used from the main thread."""

    def __init__(self) -> None:
        self._cast_scene: Scene | None = None

    @cached_property
    def raster(self) -> Raster:
        """Draws pictures."""
        return Raster()

    @cached_property
    def _caster(self) -> RayCaster:
        return RayCaster()

    def caster(self, scene: Scene) -> RayCaster:
        """Casts rays into a scene, which is taken over once."""
        if self._cast_scene is not scene:
            self._caster.update(scene)
            self._cast_scene = scene
        return self._caster

    def warm_up(self, scene: Scene, world_from_camera: NDArray[np.float64]) -> Iterator[None]:
        """Takes over a level, with nothing else in it, for pictures and rays from a place, in short steps."""
        raster = self.raster
        yield
        yield from raster.warm_up(scene, world_from_camera)
        caster = self.caster(scene)
        yield
        yield from caster.warm_up(world_from_camera[:3, 3])

    def close(self) -> None:
        """Release OpenGL."""
        if "raster" in self.__dict__:
            self.raster.close()
