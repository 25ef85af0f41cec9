"""The output folder: what lies complete in it, which job it belongs to, and that only one job writes to it at a time.

Layout::

    job.json                    the job's definition
    recordings/<scene_id>.mcap  one file a scene, whole or absent
    kitti/, nuscenes/           exports, whole or absent
    contact_sheet.png
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from orchestrator import JobError
from orchestrator.job import Job, Task


class Store:
    """An output folder. Make one with ``open_store``, which holds the folder's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recordings = folder / "recordings"

    def recording(self, task: Task) -> Path:
        """Where the scene's recording lies when it is finished."""
        return self.recordings / f"{task.scene_id}.mcap"

    def finished(self, task: Task) -> bool:
        """Whether the scene's recording is there; recordings appear by rename, so then it is whole."""
        return self.recording(task).is_file()

    def export(self, name: str) -> Path:
        """The folder of an export, e.g. ``kitti``."""
        return self.folder / name

    def exported(self, name: str) -> bool:
        """Whether the export is there. Exports are made of all the job's scenes and appear by rename."""
        return self.export(name).is_dir()

    @property
    def contact_sheet(self) -> Path:
        """The picture that shows what was made."""
        return self.folder / "contact_sheet.png"


@contextmanager
def open_store(folder: Path, job: Job) -> Iterator[Store]:
    """The folder made ready for a job: created or found, locked, free of what dead runs left half done.

    Raises:
        JobError: it cannot be written, another run is using it, or it holds another job.
    """
    store = Store(folder.absolute())
    lock = FileLock(store.folder / ".lock")
    try:
        store.recordings.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=store.recordings):
            pass
        lock.acquire(timeout=0)
    except Timeout:
        raise JobError(f"another run is writing to {folder}; wait for it to end or choose another --out") from None
    except OSError as error:
        raise JobError(
            f"cannot write to {folder} ({error.strerror}); choose another --out or change its rights"
        ) from None
    try:
        _claim(store.folder / "job.json", job)
        _clear(store.recordings)
        yield store
    finally:
        with suppress(OSError):  # while it is ours: after the release it may be the next run's
            Path(lock.lock_file).unlink()
        lock.release()


def _claim(path: Path, job: Job) -> None:
    """Writes the job's definition, or checks that the folder already belongs to this job."""
    if not path.exists():
        write_text(path, job.model_dump_json(indent=2) + "\n")
        return
    try:
        present = Job.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise JobError(
            f"{path} is no job of this version of Longtail ({error.error_count()} fields do not fit); "
            "choose another --out"
        ) from None
    if difference := present.difference(job):
        raise JobError(
            f"{path.parent} holds another job: its {difference}; "
            "run it with the same arguments to resume it, or choose another --out"
        )


def _clear(recordings: Path) -> None:
    """Removes the hidden files into which runs that were killed were writing."""
    for path in recordings.glob(".*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def disk_is_full(error: BaseException) -> bool:
    """Whether an error says that there is no room left, on the disk or in the user's share of it."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def no_room(folder: Path) -> str:
    """What to say then."""
    return f"no space left to write to {folder}; make room and run the same command again: finished scenes are kept"


def write_text(path: Path, text: str) -> None:
    """Writes a small file, whole or not at all."""
    aside = path.with_name(f".{path.name}.partial")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
