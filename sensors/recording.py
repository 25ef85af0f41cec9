"""Recordings: one MCAP file a scene. The format is specified in docs/recording.md."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.reader import FOOTER_SIZE
from mcap.records import (
    Attachment,
    AttachmentIndex,
    Channel,
    Chunk,
    ChunkIndex,
    Footer,
    Message,
    MessageIndex,
    Statistics,
)
from mcap.stream_reader import MAGIC_SIZE, StreamReader, breakup_chunk
from mcap.writer import MCAP0_MAGIC, Writer

from sensors.frames import RADAR_RETURN, RETURN, Frame, FrameLabels, SceneMeta
from sensors.messages import FRAME, LABELS, decode, decode_labels, encoders, nanoseconds_of, topics
from sensors.provenance import digital_source_type
from sensors.rig import Rig

FORMAT = 3
"""Version of the recording format."""

_PICTURES: dict[str, tuple[str, tuple[int, ...]]] = {
    "image": ("uint8", (3,)), "depth": ("float32", ()), "semantic": ("uint8", ()), "instance": ("uint16", ()),
    "normals": ("float32", (3,)), "flow": ("float32", (2,)),
}  # fmt: skip
"""What a camera frame holds: type and channels."""

_SCENE = "scene.json"
_ENCODING_THREADS = 3
_RECORD_HEAD = 9  # opcode and length of an MCAP record
_READ = 1 << 14  # bytes of a chunk read at a time when only labels are wanted
_DAMAGE = (McapError, ValueError, struct.error, zstandard.ZstdError, MemoryError)


class RecordingError(Exception):
    """A recording that cannot be read, or a frame that cannot be written; the message names the file."""


class RecordingWriter:
    """Writes a recording; a context manager.

    The file appears under its name when the block ends without an error, whole and on disk; after an error nothing is
    left of it.

    Args:
        path: of the file, usually ``<scene id>.mcap``; its folder must exist.
        meta: how the scene came to be.

    Raises:
        RecordingError: a refined scene does not name its parent, or a rendered one does.
    """

    def __init__(self, path: Path | str, meta: SceneMeta) -> None:
        self.path = Path(path)
        self.meta = meta
        if (meta.generation > 0) != (meta.parent is not None):
            raise RecordingError(
                f"{self.path}: generation {meta.generation} with parent {meta.parent}: a refined scene names the "
                "SHA-256 of the recording it was made from, and a rendered one has none"
            )
        self._partial = self.path.with_name(f".{self.path.name}.partial")
        self._frames = 0
        self._last = -1

    def __enter__(self) -> RecordingWriter:
        with ExitStack() as undo:
            self._file = undo.enter_context(self._partial.open("wb"))
            undo.callback(self._partial.unlink, missing_ok=True)
            self._writer = Writer(self._file)
            self._writer.start(library=self.meta.generator)
            scene = json.dumps(_meta_fields(self.meta), allow_nan=False).encode()
            self._writer.add_attachment(0, 0, _SCENE, "application/json", scene)
            about = {"scene_id": self.meta.scene_id, "scenario": self.meta.scenario, "title": self.meta.title}
            self._writer.add_metadata("longtail", {"format": str(FORMAT), **about, **_lineage(self.meta)})
            schemas: dict[str, int] = {}
            self._channels: dict[str, int] = {}
            for topic in topics(self.meta.rig):
                if topic.schema not in schemas:
                    schemas[topic.schema] = self._writer.register_schema(
                        topic.schema, topic.schema_encoding, topic.schema_data
                    )
                self._channels[topic.name] = self._writer.register_channel(
                    topic.name, topic.encoding, schemas[topic.schema]
                )
            self._pool = ThreadPoolExecutor(_ENCODING_THREADS)
            self._undo = undo.pop_all()
        return self

    def write(self, frame: Frame) -> None:
        """Appends a frame; frames come in the order of their index.

        Raises:
            RecordingError: the frame does not fit the rig or does not follow the one before.
        """
        self._check(frame)
        time = nanoseconds_of(frame.time)
        jobs = [(topic, self._pool.submit(encode)) for topic, encode in encoders(frame, self.meta.rig)]
        messages = [
            (topic, job.result()) for topic, job in jobs
        ]  # before the first is written: a frame is whole or absent
        for topic, message in messages:
            self._writer.add_message(self._channels[topic], time, message, time, self._frames)
        self._frames += 1
        self._last = frame.index

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        with self._undo as undo:
            if kind is None:
                self._writer.finish()
                self._file.flush()
                os.fsync(self._file.fileno())
                self._partial.replace(self.path)
                _sync_folder(self.path.parent)
                undo.pop_all()
                self._file.close()

    def _check(self, frame: Frame) -> None:
        if frame.index <= self._last:
            raise RecordingError(
                f"{self.path}: frame {frame.index} comes after frame {self._last}; write them in order"
            )
        rig = self.meta.rig
        cameras = {spec.name: spec for spec in rig.cameras}
        carried = (
            (frame.cameras, rig.cameras),
            (frame.sweeps, rig.lidars),
            (frame.radars, rig.radars),
            (frame.imus, rig.imus),
            (frame.fixes, rig.gnss),
        )
        if strangers := sorted(name for has, specs in carried for name in has.keys() - {spec.name for spec in specs}):
            raise RecordingError(
                f"{self.path}: frame {frame.index} has {', '.join(strangers)}, which the rig {rig.name} does not carry"
            )
        for name, camera in frame.cameras.items():
            shape = (cameras[name].height, cameras[name].width)
            for target, (dtype, channels) in _PICTURES.items():
                array, expected = getattr(camera, target), shape + channels
                if target in ("normals", "flow") and target not in cameras[name].dense:
                    if array is None:
                        continue
                    raise RecordingError(f"{self.path}: frame {frame.index}, {name}: the rig does not ask for {target}")
                if array is None or array.shape != expected or array.dtype != dtype:
                    found = "missing" if array is None else f"{array.dtype} {array.shape}"
                    raise RecordingError(
                        f"{self.path}: frame {frame.index}, {name}, {target} is {found}; it must be {dtype} {expected}"
                    )
        for name, sweep in frame.sweeps.items():
            if sweep.returns.dtype != RETURN or sweep.returns.ndim != 1:
                raise RecordingError(f"{self.path}: frame {frame.index}, {name}: returns must be (N,) of dtype RETURN")
        for name, scan in frame.radars.items():
            if scan.returns.dtype != RADAR_RETURN or scan.returns.ndim != 1:
                raise RecordingError(
                    f"{self.path}: frame {frame.index}, {name}: returns must be (N,) of dtype RADAR_RETURN"
                )


class Recording:
    """Reads a recording, frame by frame. Opening it checks its end and its summary; reading checks the rest.

    Attributes:
        path: of the file.
        meta: how the scene came to be.

    Raises:
        RecordingError: the file is missing, cut off, damaged, or of another format.
    """

    meta: SceneMeta

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            with self.path.open("rb") as file:
                self._read_summary(file)
                self.meta = self._read_meta(file)
        except OSError as error:
            raise RecordingError(f"{self.path}: cannot be read: {error.strerror}") from error
        except _DAMAGE as error:
            raise self._damaged(str(error)) from error

    def __len__(self) -> int:
        """Number of frames."""
        return self._length

    def frames(self) -> Iterator[Frame]:
        """The frames in their order, each read when it is asked for.

        Raises:
            RecordingError: a chunk is damaged, or a frame is not whole.
        """
        count = 0
        messages: dict[str, bytes] = {}
        with self.path.open("rb") as file:
            for index in self._chunks:
                for message in self._read_chunk(file, index):
                    topic = self._topics[message.channel_id]
                    messages[topic] = message.data
                    if topic == FRAME:
                        yield self._frame(messages, count)
                        messages = {}
                        count += 1
        if messages or count != self._length:
            raise self._damaged(f"{count} of {self._length} frames are whole")

    def frame_at(self, time: float) -> Frame:
        """The one frame of that scene time [s], read without those before it.

        Raises:
            KeyError: no frame has that time.
            RecordingError: a chunk is damaged, or the frame is not whole.
        """
        stamp = nanoseconds_of(time)
        messages: dict[str, bytes] = {}
        with self.path.open("rb") as file:
            for index in self._chunks:
                if index.message_start_time <= stamp <= index.message_end_time:
                    for message in self._read_chunk(file, index):
                        if message.log_time == stamp:
                            messages[self._topics[message.channel_id]] = message.data
        if not messages:
            raise KeyError(f"{self.path} has no frame at {time} s")
        return self._frame(messages, f"at {time} s")

    def labels(self) -> Iterator[FrameLabels]:
        """The labels of the frames in their order, at a small part of the cost of ``frames``: pictures and points are
        neither decompressed nor, mostly, read. For that the chunks' CRCs go unchecked.

        Raises:
            RecordingError: the recording is damaged where labels lie.
        """
        count = 0
        messages: dict[str, bytes] = {}
        with self.path.open("rb") as file:
            for index in self._chunks:
                for topic, data in self._read_some(file, index, (FRAME, LABELS)):
                    messages[topic] = data
                    if topic == FRAME:
                        try:
                            yield decode_labels(messages)
                        except (KeyError, TypeError, ValueError) as error:
                            raise self._damaged(f"the labels of frame {count}: {error}") from error
                        messages = {}
                        count += 1
        if messages or count != self._length:
            raise self._damaged(f"{count} of {self._length} frames have labels")

    def _read_some(self, file: IO[bytes], index: ChunkIndex, wanted: tuple[str, ...]) -> list[tuple[str, bytes]]:
        """(topic, data) of a chunk's messages on some topics, in their order; the chunk is read no further than to the
        last of them."""
        try:
            places = []
            for channel, offset in index.message_index_offsets.items():
                if self._topics[channel] in wanted:
                    file.seek(offset + _RECORD_HEAD)
                    places += [place for _, place in MessageIndex.read(ReadDataStream(file)).records]
            if not places:
                return []
            if index.compression != "zstd":
                raise ValueError(f"a chunk's compression is {index.compression!r}, not zstd")
            file.seek(index.chunk_start_offset + index.chunk_length - index.compressed_size)
            found = []
            with zstandard.ZstdDecompressor().stream_reader(file, closefd=False, read_size=_READ) as chunk:
                at = 0
                for place in sorted(places):
                    _exactly(chunk, place - at)
                    length = int.from_bytes(_exactly(chunk, _RECORD_HEAD)[1:], "little")
                    message = Message.read(ReadDataStream(BytesIO(_exactly(chunk, length))), length)
                    found.append((self._topics[message.channel_id], message.data))
                    at = place + _RECORD_HEAD + length
            return found
        except _DAMAGE as error:
            raise self._damaged(f"the chunk at byte {index.chunk_start_offset}: {error}") from error

    def _frame(self, messages: dict[str, bytes], number: int | str) -> Frame:
        try:
            return decode(messages)
        except KeyError as error:
            raise self._damaged(f"frame {number} lacks the message {error.args[0]}") from error
        except ValueError as error:
            raise self._damaged(f"frame {number}: {error}") from error

    def _read_summary(self, file: IO[bytes]) -> None:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if file.read(MAGIC_SIZE) != MCAP0_MAGIC:
            raise RecordingError(f"{self.path}: is no MCAP file")
        if size < FOOTER_SIZE + 2 * MAGIC_SIZE:
            raise ValueError("its end is missing")
        footer_start = size - FOOTER_SIZE - MAGIC_SIZE
        file.seek(footer_start)
        end = file.read()
        if end[-MAGIC_SIZE:] != MCAP0_MAGIC:
            raise ValueError("its end is missing")
        footer = Footer.read(ReadDataStream(BytesIO(end[_RECORD_HEAD:])))
        if not MAGIC_SIZE < footer.summary_start < footer_start:
            raise ValueError("its footer is damaged")
        file.seek(footer.summary_start)
        summary = file.read(footer_start - footer.summary_start)
        if zlib.crc32(summary + end[: FOOTER_SIZE - 4]) != footer.summary_crc:
            raise ValueError("its summary is damaged (CRC)")
        self._chunks: list[ChunkIndex] = []
        self._attachments: dict[str, AttachmentIndex] = {}
        self._topics: dict[int, str] = {}
        counts: dict[int, int] = {}
        for record in StreamReader(BytesIO(summary + end), skip_magic=True).records:
            if isinstance(record, ChunkIndex):
                self._chunks.append(record)
            elif isinstance(record, AttachmentIndex):
                self._attachments[record.name] = record
            elif isinstance(record, Channel):
                self._topics[record.id] = record.topic
            elif isinstance(record, Statistics):
                counts = record.channel_message_counts
        self._length = sum(count for channel, count in counts.items() if self._topics[channel] == FRAME)

    def _read_meta(self, file: IO[bytes]) -> SceneMeta:
        if _SCENE not in self._attachments:
            raise RecordingError(f"{self.path}: holds no {_SCENE}; it is no recording of Longtail's")
        index = self._attachments[_SCENE]
        file.seek(index.offset)
        record = file.read(index.length)
        if zlib.crc32(record[_RECORD_HEAD:-4]) != struct.unpack("<I", record[-4:])[0]:
            raise ValueError(f"its {_SCENE} is damaged (CRC)")
        values = json.loads(Attachment.read(ReadDataStream(BytesIO(record[_RECORD_HEAD:]))).data)
        if values.pop("format") != FORMAT:
            raise RecordingError(f"{self.path}: is not of format {FORMAT}; read it with the version that wrote it")
        rig = Rig.model_validate(values.pop("rig"))
        return SceneMeta(**values | {"rig": rig, "ego_size": tuple(values["ego_size"])})

    def _read_chunk(self, file: IO[bytes], index: ChunkIndex) -> list[Message]:
        try:
            file.seek(index.chunk_start_offset)
            record = file.read(index.chunk_length)
            if len(record) != index.chunk_length:
                raise ValueError("its end is missing")
            chunk = Chunk.read(ReadDataStream(BytesIO(record[_RECORD_HEAD:])))
            if (chunk.uncompressed_size, len(chunk.data)) != (index.uncompressed_size, index.compressed_size):
                raise ValueError("a chunk's head does not fit the index")
            return [entry for entry in breakup_chunk(chunk, validate_crc=True) if isinstance(entry, Message)]
        except _DAMAGE as error:
            raise self._damaged(f"the chunk at byte {index.chunk_start_offset}: {error}") from error

    def _damaged(self, what: str) -> RecordingError:
        return RecordingError(f"{self.path}: is cut off or damaged: {what}; make the scene again")


def _exactly(stream: IO[bytes], size: int) -> bytes:
    """The next bytes of a stream; ValueError when it ends before."""
    data = stream.read(size) if size > 0 else b""
    if len(data) < size:
        raise ValueError("its end is missing")
    return data


def _meta_fields(meta: SceneMeta) -> dict[str, Any]:
    values: dict[str, Any] = {"format": FORMAT}
    values |= {field.name: getattr(meta, field.name) for field in fields(meta)}
    return values | {"rig": meta.rig.model_dump(mode="json")}


def _lineage(meta: SceneMeta) -> dict[str, str]:
    """What a recording says to machines of its being synthetic (EU AI Act, Art. 50)."""
    said = {"synthetic": "true", "digital_source_type": digital_source_type(meta.generation)}
    return said | {"generation": str(meta.generation)} | ({"parent": meta.parent} if meta.parent else {})


def _sync_folder(folder: Path) -> None:
    """Makes a rename last over a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
