"""The dynamic vision sensor: events where a pixel's brightness crosses thresholds between two pictures.

After H. Rebecq, D. Gehrig and D. Scaramuzza, "ESIM: an Open Event Camera Simulator" (2018), as CARLA's.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from renderers.scene import Picture
from simulator.server.actors import Actor
from simulator.server.sensors.cameras import ColorCamera
from simulator.server.sensors.sensor import Moment
from simulator.server.streams import StreamServer

EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("pol", "?")])
"""An event of the message: pixel, nanoseconds of simulation time, brighter."""

STEADY = 1e-6
"""Changes below this are none."""
LEAST_CONTRAST = 0.01
"""A noisy threshold does not fall below this."""
LUMA = np.array([0.2989, 0.587, 0.114], np.float32)


class EventCamera(ColorCamera):
    """sensor.camera.dvs."""

    code = 3

    def __init__(self, values: Mapping[str, str], seed: int, actor_id: int, streams: StreamServer) -> None:
        super().__init__(values, seed, actor_id, streams)
        thresholds = (self.number("positive_threshold"), self.number("negative_threshold"))
        if min(thresholds) <= 0:
            raise ValueError(f"thresholds must be more than 0, not {thresholds}")
        if self.flag("use_log") and self.number("log_eps") <= 0:
            raise ValueError("log_eps must be more than 0")
        self._before: NDArray[np.float64] | None = None
        self._crossed = np.empty(0)  # the last threshold that each pixel has passed
        self._fired = np.empty(0, np.int64)  # when each last fired [ns]; 0 is never
        self._time = 0

    def expose(self, moment: Moment, actor: Actor, picture: Picture) -> None:
        """Send the events since the last picture; nothing when nothing changed, as CARLA."""
        assert picture.color is not None
        self._last = picture.exposure, moment.elapsed
        gray = self.lens.color(picture.color) @ LUMA
        level = np.log(self.number("log_eps") + gray / 255.0) if self.flag("use_log") else gray.astype(np.float64)
        events = self.simulate(level, round(moment.elapsed * 1e9))
        if len(events):
            self.send(moment, actor, self.header() + events.tobytes())

    def simulate(self, level: NDArray[np.float64], now: int) -> NDArray[np.void]:
        """Events (N,) of ``EVENT``, in time order, of brightness (H, W) at ``now`` [ns]; none for the first picture."""
        before, then = self._before, self._time
        self._before, self._time = level, now
        if before is None or before.shape != level.shape:
            self._crossed, self._fired = level.ravel().copy(), np.zeros(level.size, np.int64)
            return np.empty(0, EVENT)
        width = level.shape[1]
        start, end = before.ravel(), level.ravel()
        pixels = np.flatnonzero(np.abs(end - start) > STEADY)
        start, end = start[pixels], end[pixels]
        rising = end >= start
        step = np.where(rising, self._thresholds("positive", len(pixels)), -self._thresholds("negative", len(pixels)))
        tables = []
        while len(pixels):
            crossing = self._crossed[pixels] + step
            # A threshold that is not between the two pictures ends the pixel's events.
            passed = np.where(rising, (crossing > start) & (crossing <= end), (crossing < start) & (crossing >= end))
            pixels, start, end = pixels[passed], start[passed], end[passed]
            step, rising, crossing = step[passed], rising[passed], crossing[passed]
            if not len(pixels):
                break
            time = then + ((crossing - start) * ((now - then) / (end - start))).astype(np.int64)
            fired = self._fired[pixels]
            rested = (fired == 0) | (time - fired >= self.number("refractory_period_ns"))
            self._crossed[pixels] = crossing
            firing = pixels[rested]
            self._fired[firing] = time[rested]
            table = np.empty(len(firing), EVENT)
            table["x"], table["y"], table["t"] = firing % width, firing // width, time[rested]
            table["pol"] = rising[rested]
            tables.append(table)
        if not tables:
            return np.empty(0, EVENT)
        events = np.concatenate(tables)
        return events[np.argsort(events["t"], kind="stable")]

    def _thresholds(self, sign: str, count: int) -> NDArray[np.float64]:
        """Contrast thresholds (count,), with the noise that the blueprint asks for."""
        mean, sigma = self.number(f"{sign}_threshold"), self.number(f"sigma_{sign}_threshold")
        if sigma <= 0:
            return np.full(count, mean)
        return np.maximum(mean + sigma * self.random.standard_normal(count), LEAST_CONTRAST)
