"""Reading a recorder file forward, packet by packet. A file that ends in the middle counts as far as it is whole."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from simulator.server.recorder import layout
from simulator.server.recorder.layout import Damaged, Packet

LONGEST_HEADER = 1 << 17
LARGEST_PACKET = 1 << 26
"""[B]; 65535 records of any kind fit."""


class Frame(NamedTuple):
    """One recorded tick: number, time since the first [s], and the bodies of the packets that were asked for."""

    number: int
    elapsed: float
    packets: list[tuple[Packet, bytes]]


class Recording:
    """A recorder file.

    Raises FileNotFoundError when there is no file, Damaged when it is none of CARLA's recorder.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():  # nor a pipe or a device, on which a server would hang
            raise FileNotFoundError(path)
        self.path = path
        with path.open("rb") as file:
            self.header, self._start = layout.read_header(file.read(LONGEST_HEADER))

    def frames(self, wanted: Collection[Packet] = ()) -> Iterator[Frame]:
        """All whole frames, with the packets that are ``wanted``. Raises Damaged where time runs backwards."""
        frame: Frame | None = None
        before = 0.0
        for kind, body in self._packets({Packet.FRAME_START, Packet.FRAME_END, *wanted}):
            if kind == Packet.FRAME_START:
                number, _, elapsed = layout.Reader(body).take("Qdd")
                if not (math.isfinite(elapsed) and elapsed >= before):
                    raise Damaged(f"frame {number} is at {elapsed} s")
                frame, before = Frame(number, elapsed, []), elapsed
            elif frame is not None and kind == Packet.FRAME_END:
                yield frame
                frame = None
            elif frame is not None:
                frame.packets.append((kind, body))

    def _packets(self, wanted: Collection[int]) -> Iterator[tuple[Packet, bytes]]:
        with self.path.open("rb", buffering=1 << 20) as file:
            size = file.seek(0, 2)
            at = file.seek(self._start)
            while at + layout.HEADER.size <= size:
                kind, length = layout.HEADER.unpack(file.read(layout.HEADER.size))
                at += layout.HEADER.size + length
                if at > size:  # whoever wrote it has died within this packet
                    return
                if kind in wanted:
                    if length > LARGEST_PACKET:
                        raise Damaged(f"a packet of {length} bytes")
                    yield Packet(kind), file.read(length)
                else:
                    file.seek(length, 1)

    def end(self) -> tuple[int, float]:
        """Number and time [s] of the last frame; (0, 0.0) for a file without frames."""
        last = Frame(0, 0.0, [])
        for last in self.frames():  # noqa: B007
            pass
        return last.number, last.elapsed
