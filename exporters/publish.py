"""How a dataset comes to be: recordings put in order, written aside, checked onto the disk, and renamed into place."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from sensors.frames import SceneMeta
from sensors.recording import Recording
from sensors.specs import CameraSpec


class ExportError(Exception):
    """A dataset cannot be made of what was given; the message says why and what to do."""


@dataclass
class Summary:
    """What an export wrote.

    Attributes:
        path: the dataset's folder.
        scenes: recordings exported.
        frames: KITTI frames, or nuScenes samples (annotated keyframes).
        objects: labels written, by the format's class name.
        bytes: size of all files.
    """

    path: Path
    scenes: int = 0
    frames: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    bytes: int = 0


@dataclass(frozen=True)
class Source:
    """A recording to be exported, and the split it goes to: ``train`` or ``val``."""

    path: Path
    meta: SceneMeta
    split: str


def sources(recordings: Sequence[Path]) -> list[Source]:
    """The recordings in the order of (scenario, index), however they were given, each with its split.

    Every fifth scene is for validation, and the last of fewer than five; a lone scene is for training. A scene and its
    refined versions go to the same split.

    Raises:
        ExportError: none were given, or one scene was given twice.
        sensors.recording.RecordingError: one is damaged.
    """
    if not recordings:
        raise ExportError("no recordings to export; run a job first, or check the folder's name")
    found = [(Path(path), Recording(Path(path)).meta) for path in recordings]
    found.sort(key=lambda item: (item[1].scenario, item[1].index, item[1].scene_id, item[1].generation))
    for (path, meta), (other, next_meta) in pairwise(found):
        if (meta.scene_id, meta.generation) == (next_meta.scene_id, next_meta.generation):
            first, second = sorted((str(path), str(other)))
            raise ExportError(f"{first} and {second} hold the same scene ({meta.scene_id}); export only one of them")
    scenes = list(dict.fromkeys(meta.scene_id for _, meta in found))
    held_out = set(scenes[4::5] if len(scenes) >= 5 else scenes[1:][-1:])
    return [Source(path, meta, "val" if meta.scene_id in held_out else "train") for path, meta in found]


def refuse_lenses(path: Path, cameras: Iterable[CameraSpec], name: str) -> None:
    """Raises ExportError for a camera whose lens bends lines: the format knows rectified pictures only."""
    for camera in cameras:
        if camera.distortion is not None:
            raise ExportError(
                f"{path}: {camera.name} has a distorting lens, and {name} knows rectified pictures only; record with a "
                "rig whose camera has no distortion, or export COCO"
            )


@contextmanager
def publish(out: Path) -> Iterator[Path]:
    """A folder to write a dataset into; becomes ``out`` when the block ends well and vanishes when it does not.

    The folder is hidden beside ``out``, so that the final rename stays on one file system; what a killed export left
    there is removed by the next. Everything is on the disk before the name appears.

    Raises:
        ExportError: ``out`` exists with something in it, or another process is writing it.
    """
    out = out.absolute()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExportError(f"{out} exists already; remove it or choose another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.parent / f".{out.name}.partial"
    with _locked(aside):
        try:
            for leftover in aside.iterdir():
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
            yield aside
            for folder, _, names in os.walk(aside):
                _flush(Path(folder, name) for name in names)
                _flush([Path(folder)])
            aside.rename(out)
            _flush([out.parent])
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Makes and locks a folder. The lock is the kernel's, on the folder itself: it ends with the process and leaves no
    file behind."""
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ExportError(f"another export is writing {folder}; wait for it to end") from None
        # Between open and flock another export may have finished and renamed this very folder into place.
        if not folder.exists() or os.fstat(descriptor).st_ino != folder.stat().st_ino:
            raise ExportError(f"another export has just written {folder.parent}; look at it before exporting again")
        yield
    finally:
        os.close(descriptor)


def _flush(paths: Iterable[Path]) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def size_of(folder: Path) -> int:
    """Bytes of all files under a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
