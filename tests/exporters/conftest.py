"""Made-up recordings."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

from sensors.recording import RecordingWriter

from .made_up import frames, meta, small_rig

Record = Callable[..., Path]


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """``record(rig="kitti", scenario="boxes", index=0, duration=0.5) -> Path`` writes it, once each."""

    @lru_cache
    def write(rig: str = "kitti", scenario: str = "boxes", index: int = 0, duration: float = 0.5) -> Path:
        path = tmp_path_factory.mktemp("recordings") / f"{scenario.replace('/', '-')}-{index}.mcap"
        carried = small_rig(rig)
        with RecordingWriter(path, meta(carried, scenario, index)) as writer:
            for frame in frames(carried, duration):
                writer.write(frame)
        return path

    return write
