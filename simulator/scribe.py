"""Writes frames while the next ones are being made."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from sensors.frames import Frame
from sensors.recording import RecordingWriter

AHEAD = 2
"""Frames that may wait for their encoding; a frame of a surround rig takes some 90 MB."""


class Scribe:
    """A thread that writes frames to an open recording, in the order in which they are given. A context manager.

    What the recording raises, the next call raises here; after an error of ours, waiting frames are dropped.

    Args:
        writer: the open recording.
        on_frame: told the number of frames that are written, from the thread that calls.

    Attributes:
        frames: written so far. seconds: time spent encoding and writing, beside whatever else went on.
    """

    def __init__(self, writer: RecordingWriter, on_frame: Callable[[int], None]) -> None:
        self._writer, self._on_frame = writer, on_frame
        self._waiting: deque[Future[None]] = deque()
        self.frames = 0
        self.seconds = 0.0

    def write(self, frame: Frame) -> None:
        """Takes a frame, which must not change any more; waits while ``AHEAD`` others are unwritten."""
        while len(self._waiting) >= AHEAD:
            self._await_first()
        self._waiting.append(self._thread.submit(self._encode, frame))

    def _encode(self, frame: Frame) -> None:
        started = time.perf_counter()
        self._writer.write(frame)
        self.seconds += time.perf_counter() - started

    def _await_first(self) -> None:
        self._waiting.popleft().result()
        self.frames += 1
        self._on_frame(self.frames)

    def __enter__(self) -> Scribe:
        self._thread = ThreadPoolExecutor(1, "scribe")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            while kind is None and self._waiting:
                self._await_first()
        finally:
            self._thread.shutdown(cancel_futures=True)
