"""Frames written beside the simulation: in order, all of them, or none after an error."""

import threading

import pytest

from simulator.laps import Laps
from simulator.scribe import AHEAD, Scribe


class Writer:
    """Takes numbers for frames; waits for ``gate``, and fails at ``bad``."""

    def __init__(self, bad=None):
        self.written, self.bad, self.gate = [], bad, threading.Event()

    def write(self, frame):
        assert self.gate.wait(10)
        if frame == self.bad:
            raise ValueError(f"frame {frame}")
        self.written.append(frame)


def test_frames_are_written_in_order_and_counted_once_written():
    writer, counts = Writer(), []
    writer.gate.set()
    with Scribe(writer, counts.append) as scribe:
        for frame in range(20):
            scribe.write(frame)
            assert len(counts) >= frame + 1 - AHEAD
    assert writer.written == list(range(20))
    assert counts == list(range(1, 21)) and scribe.frames == 20


def test_the_caller_is_not_held_up_by_the_first_frames():
    writer = Writer()
    with Scribe(writer, lambda count: None) as scribe:
        for frame in range(AHEAD):
            scribe.write(frame)
        assert not writer.written
        writer.gate.set()
    assert writer.written == list(range(AHEAD))


def test_an_error_of_the_recording_surfaces():
    writer = Writer(bad=1)
    writer.gate.set()
    with pytest.raises(ValueError, match="frame 1"), Scribe(writer, lambda count: None) as scribe:
        for frame in range(10):
            scribe.write(frame)
    assert writer.written[0] == 0 and len(writer.written) < 10


def test_an_error_in_the_last_frame_surfaces_at_the_end():
    writer = Writer(bad=0)
    writer.gate.set()
    with pytest.raises(ValueError, match="frame 0"), Scribe(writer, lambda count: None) as scribe:
        scribe.write(0)


def test_an_error_of_the_driver_goes_on_up():
    writer = Writer()
    writer.gate.set()
    with pytest.raises(KeyError), Scribe(writer, lambda count: None) as scribe:
        scribe.write(0)
        raise KeyError("ego")


def test_laps_add_up(monkeypatch):
    times = iter([10.0, 11.0, 13.0, 16.0])
    monkeypatch.setattr("simulator.laps.time.perf_counter", lambda: next(times))
    laps = Laps()
    for stage in ("tick", "labels", "tick"):
        laps.end(stage)
    assert laps.seconds == {"tick": 4.0, "labels": 2.0}
