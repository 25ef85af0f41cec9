"""The output store: a folder on a disk, or a prefix of an S3 bucket. What lies complete in it is the truth about a job.

Layout::

    job.json                         the job's definition
    recordings/<scene_id>.mcap       one file a scene, whole or absent
    kitti/, nuscenes/, ...           exports
    contact_sheet.png
    SHA256SUMS                       of the recordings, as sha256sum reads it; there when all is done
    summary.json                     what the job took
    farm/receipts/<scene_id>.json    written last: the scene is complete, and this is its recording's checksum
    farm/exports/<name>.json         likewise of an export, with the scenes that it holds
    farm/quarantine/<scene_id>/      scenes that were given up: why, log, script, and a job that reproduces it
    farm/log/, farm/progress.json    what happened, and how far it is
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from orchestrator import JobError
from orchestrator.job import Job, Task

BLOCK = 1 << 20


class Receipt(BaseModel):
    """Says that a scene is complete.

    Attributes:
        sha256, bytes: of its recording. frames: in it.
        rejected: candidates and takes thrown away before it, by reason.
        happened: whether the script's event did; None where none is declared, or no camera looked.
        seconds: wall time by stage; ``encoding``: beside those, on another thread.
        core_seconds: cores that the task held, times the time it held them. cpu_seconds: processor time used.
    """

    sha256: str
    bytes: int
    frames: int
    rejected: dict[str, int] = {}
    happened: bool | None = None
    seconds: dict[str, float] = {}
    encoding: float = 0.0
    core_seconds: float = 0.0
    cpu_seconds: float = 0.0


class ExportReceipt(BaseModel):
    """Says that an export is complete. ``scenes``: what it was made of (`delivery.contents`)."""

    scenes: str
    frames: int
    bytes: int
    objects: dict[str, int]
    core_seconds: float = 0.0


class Store:
    """An output store, by the path of a folder or an ``s3://`` URL. Cheap to make, in any process.

    Every file appears whole or not at all: on a disk it is written aside, flushed, and renamed; an S3 object is there
    when its (multipart) upload is complete.

    Raises:
        JobError: a URL of a kind that is not known to publish atomically, or s3fs is not installed.
    """

    def __init__(self, url: str | Path) -> None:
        text = str(url)
        protocol = text.partition("://")[0] if "://" in text else "file"
        self.local: Path | None = None
        if protocol == "file":
            self.local = Path(text.removeprefix("file://")).absolute()
            self.url = self.root = str(self.local)
        elif protocol == "s3":
            self.url = text.rstrip("/")
            self.root = self.url.removeprefix("s3://")
        else:
            raise JobError(f"{text}: an output is a folder on a disk or s3://bucket/folder")

    @cached_property
    def fs(self) -> Any:
        """The fsspec file system."""
        if self.local is not None:
            return fsspec.filesystem("file", use_listings_cache=False)
        try:
            return fsspec.filesystem("s3", use_listings_cache=False, skip_instance_cache=True)
        except ImportError:
            raise JobError(f"{self.url} needs s3fs: pip install 'longtail[s3]'") from None

    # names

    def path(self, key: str) -> str:
        """A key's path in the file system."""
        return f"{self.root}/{key}"

    @property
    def recordings(self) -> str:
        """Where the recordings lie."""
        return self.path("recordings")

    # small files

    def read(self, key: str) -> bytes | None:
        """A file's content; None when it is not there."""
        try:
            return bytes(self.fs.cat_file(self.path(key)))
        except FileNotFoundError:
            return None

    def write(self, key: str, data: bytes | str) -> None:
        """Writes a small file, whole or not at all."""
        data = data.encode() if isinstance(data, str) else data
        if self.local is None:
            self.fs.pipe_file(self.path(key), data)
            return
        target = self.local / key
        target.parent.mkdir(parents=True, exist_ok=True)
        with _aside(target) as aside:
            aside.write_bytes(data)

    def create(self, key: str, data: bytes) -> bool:
        """Writes a file that must not be there yet; whether it was not, decided by the store: only one can succeed."""
        try:
            self.fs.pipe_file(self.path(key), data, mode="create")
        except FileExistsError:
            return False
        return True

    def remove(self, key: str) -> None:
        """Removes a file, or all below a folder; nothing happens when it is not there."""
        with suppress(FileNotFoundError):
            self.fs.rm(self.path(key), recursive=True)

    def names(self, folder: str) -> list[str]:
        """Names of what lies in a folder, in order."""
        try:
            return sorted(path.rstrip("/").rpartition("/")[2] for path in self.fs.ls(self.path(folder), detail=False))
        except FileNotFoundError:
            return []

    # scenes

    def publish(self, task: Task, recording: Path, **figures: Any) -> Receipt:
        """Puts a finished recording into the store, then the receipt that makes it count.

        Doing it twice, or in two places at once, does no harm: the bytes are the same.
        """
        sha256 = sha256_of(recording)
        receipt = Receipt(sha256=sha256, bytes=recording.stat().st_size, **figures)
        self.put(recording, f"recordings/{task.scene_id}.mcap")
        self.write(_receipt(task.scene_id), receipt.model_dump_json())
        return receipt

    def put(self, file: Path, key: str) -> None:
        """Copies a file into the store, whole or not at all."""
        if self.local is None:
            self.fs.put_file(str(file), self.path(key))
            return
        target = self.local / key
        target.parent.mkdir(parents=True, exist_ok=True)
        with _aside(target) as aside:
            shutil.copyfile(file, aside)

    def receipt(self, scene_id: str) -> Receipt | None:
        """A scene's receipt; None when it has none, or one that cannot be read."""
        data = self.read(_receipt(scene_id))
        with suppress(ValidationError):
            return None if data is None else Receipt.model_validate_json(data)
        return None

    def finished(self) -> Finished:
        """The scenes that have a recording and a receipt, as of now."""
        return Finished(np.intersect1d(self._ids("recordings", ".mcap"), self._ids("farm/receipts", ".json")))

    def _ids(self, folder: str, ending: str) -> NDArray[np.uint64]:
        def ids(names: Iterable[str]) -> Iterator[int]:
            for name in names:
                with suppress(ValueError):
                    if name.endswith(ending):
                        yield int(name.removesuffix(ending), 16)

        return np.fromiter(ids(self._listed(folder)), np.uint64)

    def _listed(self, folder: str) -> Iterator[str]:
        """File names in a folder of up to millions, never all in memory at once."""
        if self.local is not None:
            with suppress(FileNotFoundError), os.scandir(self.local / folder) as entries:
                for entry in entries:
                    yield entry.name
            return
        for digit in "0123456789abcdef":  # ids begin with each as often: sixteen listings, a sixteenth of the memory
            for path in self.fs.find(self.path(folder), prefix=digit):
                yield path.rpartition("/")[2]

    def damaged(self, scene_id: str) -> bool:
        """Whether a scene's recording is not what its receipt says; reads it all."""
        receipt = self.receipt(scene_id)
        if receipt is None:
            return True
        digest = hashlib.sha256()
        try:
            with self.fs.open(self.path(f"recordings/{scene_id}.mcap"), "rb") as file:
                while block := file.read(BLOCK):
                    digest.update(block)
        except FileNotFoundError:
            return True
        return digest.hexdigest() != receipt.sha256

    def discard(self, scene_id: str) -> None:
        """Takes a scene back, the receipt first: it is to be made again."""
        self.remove(_receipt(scene_id))
        self.remove(f"recordings/{scene_id}.mcap")

    def fetch(self, scene_id: str, folder: Path) -> Path:
        """The scene's recording as a local file: the store's own, or a copy in ``folder``."""
        key = f"recordings/{scene_id}.mcap"
        if self.local is not None:
            return self.local / key
        self.fs.get_file(self.path(key), str(folder / f"{scene_id}.mcap"))
        return folder / f"{scene_id}.mcap"

    # room

    def free(self) -> int | None:
        """Bytes that can still be written; None where nobody knows, as in a bucket."""
        if self.local is None:
            return None
        there = next(folder for folder in (self.local, *self.local.parents) if folder.is_dir())
        return shutil.disk_usage(there).free

    def sweep(self) -> None:
        """Removes what killed runs were writing when they died."""
        if self.local is not None:
            for folder in (self.local, self.local / "recordings", self.local / "farm" / "receipts"):
                for path in folder.glob(".*.partial"):
                    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            return
        bucket, _, prefix = self.root.partition("/")
        uploads = self.fs.call_s3 if hasattr(self.fs, "call_s3") else None
        if uploads is None:
            return
        for upload in uploads("list_multipart_uploads", Bucket=bucket, Prefix=f"{prefix}/").get("Uploads", []):
            with suppress(OSError):  # it was completed meanwhile
                uploads("abort_multipart_upload", Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


class Finished:
    """A set of scene ids, eight bytes each."""

    def __init__(self, ids: NDArray[np.uint64]) -> None:
        self._ids = ids  # sorted

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, scene_id: str) -> bool:
        number = np.uint64(int(scene_id, 16))
        at = int(np.searchsorted(self._ids, number))
        return at < len(self._ids) and bool(self._ids[at] == number)


def claim_job(store: Store, job: Job) -> None:
    """Writes the job's definition, or checks that the store already belongs to this job.

    Raises:
        JobError: it holds another job, or one of another version.
    """
    present = load_job(store)
    if present is not None and (difference := present.difference(job)):
        raise JobError(
            f"{store.url} holds another job: its {difference}; "
            "run it with the same arguments to resume it, or choose another output"
        )
    if present != job:
        store.write("job.json", job.model_dump_json(indent=2) + "\n")


def load_job(store: Store) -> Job | None:
    """The job that a store belongs to; None for a new store.

    Raises:
        JobError: its definition cannot be read.
    """
    data = store.read("job.json")
    if data is None:
        return None
    try:
        return Job.model_validate_json(data)
    except ValidationError as error:
        raise JobError(
            f"{store.url}/job.json is no job of this version of Longtail ({error.error_count()} fields do not fit); "
            "choose another output"
        ) from None


def sha256_of(path: Path) -> str:
    """Of a file's bytes, as hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def disk_is_full(error: BaseException) -> bool:
    """Whether an error says that there is no room left, on the disk or in the user's share of it."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def write_text(path: Path, text: str) -> None:
    """Writes a small local file, whole or not at all."""
    with _aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A hidden name beside a file, nobody else's, for its content; takes the file's place, flushed, when the block ends
    well, and vanishes when it does not."""
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}.partial")
    try:
        yield aside
        _flush(aside)
        aside.replace(target)
        _flush(target.parent)
    finally:
        aside.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _receipt(scene_id: str) -> str:
    return f"farm/receipts/{scene_id}.json"
