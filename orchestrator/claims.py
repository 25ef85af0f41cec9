"""One writer at a time in an output store.

On a disk that is a lock of the kernel's, which dies with its holder. In a bucket it is an object that only one can
create, whose holder counts it up: who finds a count that stands still for a while takes it over. Nobody's clock is
compared with another's, so clocks may be wrong, and may jump.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from orchestrator import JobError
from orchestrator.store import Store

BEAT = 10.0
"""[s] between a holder's signs of life in a bucket."""

PATIENCE = 4.5 * BEAT
"""[s] without one after which a holder is taken for dead."""

CLAIM = "farm/claim.json"


class LostClaim(JobError):
    """Another run took the store over, while this one gave no sign of life."""


@contextmanager
def claim(store: Store) -> Iterator[Claim]:
    """Holds the store while the block runs.

    Raises:
        JobError: another run holds it, or it cannot be written.
    """
    with _on_disk(store, store.local) if store.local is not None else _in_bucket(store) as held:
        yield held


class Claim:
    """A claim that is held; ``check`` raises `LostClaim` when it no longer is."""

    def __init__(self) -> None:
        self.lost = False

    def check(self) -> None:
        """Raises `LostClaim`."""
        if self.lost:
            raise LostClaim("another run has taken this output over, as this one gave no sign of life; it stops here")


def held(store: Store) -> bool:
    """Whether some run holds the store now. In a bucket it takes a beat's time to know."""
    if store.local is None:
        first = store.read(CLAIM)
        if first is None:
            return False
        deadline = time.monotonic() + 1.5 * BEAT
        while time.monotonic() < deadline:
            time.sleep(min(BEAT / 5, 1.0))
            if store.read(CLAIM) != first:
                return True
        return False
    if not (store.local / ".lock").exists():
        return False
    lock = FileLock(store.local / ".lock")
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False  # nobody can write there


@contextmanager
def _on_disk(store: Store, folder: Path) -> Iterator[Claim]:
    lock = FileLock(folder / ".lock")
    try:
        for below in ("recordings", "farm/receipts"):
            (folder / below).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder / below):
                pass
        lock.acquire(timeout=0)
    except Timeout:
        raise _taken(store) from None
    except OSError as error:
        raise JobError(
            f"cannot write to {folder} ({error.strerror}); choose another output or change its rights"
        ) from None
    try:
        yield Claim()
    finally:
        with suppress(OSError):  # while it is ours: after the release it may be the next run's
            Path(lock.lock_file).unlink()
        lock.release()


@contextmanager
def _in_bucket(store: Store) -> Iterator[Claim]:
    me, claim, ended = uuid.uuid4().hex, Claim(), threading.Event()

    def sign(count: int) -> bytes:
        return json.dumps({"holder": me, "count": count}).encode()

    try:
        while not store.create(CLAIM, sign(0)):
            found = store.read(CLAIM)
            deadline = time.monotonic() + PATIENCE
            while found is not None and time.monotonic() < deadline:
                time.sleep(BEAT / 5)
                if store.read(CLAIM) != found:
                    raise _taken(store)
            store.remove(CLAIM)
    except OSError as error:
        raise JobError(
            f"cannot write to {store.url} ({error}); check the bucket, its rights, and AWS_ENDPOINT_URL"
        ) from None

    def beat() -> None:
        count = 0
        while not ended.wait(BEAT):
            count += 1
            with suppress(OSError):  # a store that does not answer now may do so at the next beat
                present = store.read(CLAIM)
                if present is None or json.loads(present)["holder"] != me:
                    claim.lost = True
                    return
                store.write(CLAIM, sign(count))

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield claim
    finally:
        ended.set()
        thread.join()
        if not claim.lost:
            with suppress(OSError):
                store.remove(CLAIM)


def _taken(store: Store) -> JobError:
    return JobError(f"another run is writing to {store.url}; wait for it to end or choose another output")
