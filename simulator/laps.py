"""Where the driver's time goes."""

from __future__ import annotations

import time


class Laps:
    """Wall time by stage [s] without gaps: each lap begins where the last one ended, so that the stages add up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def end(self, stage: str) -> None:
        """Counts the time since the last call as that stage's."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now
