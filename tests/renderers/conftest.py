"""One OpenGL context for all tests, and the scene that most of them look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from renderers.raster import Raster
from renderers.scene import Scene

from .shapes import street_scene


@pytest.fixture(scope="session")
def raster() -> Iterator[Raster]:
    raster = Raster()
    yield raster
    raster.close()


@pytest.fixture(scope="session")
def street() -> Scene:
    return street_scene()
