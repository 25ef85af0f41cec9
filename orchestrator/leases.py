"""What a process may have for itself on its node: ports for a server, a folder for what is in the making.

Every lease is a lock of the kernel's on a file: it ends with its holder, however that ends, and whoever takes it next
cleans up after the dead.
"""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PORTS = 4
"""In each lease: RPC, streams, CARLA's secondary servers, one to spare."""

MOST = 256
"""Servers on a node."""


class NoPort(RuntimeError):
    """All ports of the range are taken."""


class PortLease:
    """Four ports in a row that no other lease of this node has and on which nothing listens.

    Args:
        first: of the range.

    Attributes:
        port: the first of the four.
        log: a file for the output of the server there; it stays until the next holder's.

    Raises:
        NoPort: none are left.
    """

    def __init__(self, first: int) -> None:
        for port in range(first, first + PORTS * MOST, PORTS):
            handle = _lock(_folder() / f"port-{port}")
            if handle is None:
                continue
            _end_orphans(handle)
            if all(map(_is_free, range(port, port + PORTS))):
                self.port, self._handle, self.log = port, handle, _folder() / f"server-{port}.log"
                return
            os.close(handle)
        raise NoPort(f"all ports from {first} to {first + PORTS * MOST} are taken; choose another server.first_port")

    def note_server(self, pid: int) -> None:
        """Remembers the server's process, so that the next holder can end it should we die and it not."""
        with contextlib.suppress(psutil.Error):
            born = psutil.Process(pid).create_time()
            os.truncate(self._handle, 0)
            os.pwrite(self._handle, f"{pid} {born}".encode(), 0)

    def release(self) -> None:
        """Ends the lease."""
        os.truncate(self._handle, 0)
        os.close(self._handle)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what is in the making, on this node's own disk (``TMPDIR``). What killed processes left in theirs is
    removed."""
    root = _folder()
    for left in root.glob("scratch-*"):
        if (handle := _lock(left, os.O_RDONLY)) is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(handle)
    with tempfile.TemporaryDirectory(prefix="scratch-", dir=root, ignore_cleanup_errors=True) as folder:
        handle = _lock(Path(folder), os.O_RDONLY)
        try:
            Path(folder).mkdir(exist_ok=True)  # somebody may have swept it before it was locked
            yield Path(folder)
        finally:
            if handle is not None:
                os.close(handle)


def _folder() -> Path:
    folder = Path(tempfile.gettempdir(), f"longtail-{getpass.getuser()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _lock(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> int | None:
    """A handle that holds the file's lock; None when somebody else does."""
    try:
        handle = os.open(path, flags, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _end_orphans(handle: int) -> None:
    """Ends the server of a holder that died, with all of its group, if it is still there."""
    words = os.pread(handle, 100, 0).decode(errors="replace").split()
    if len(words) != 2:
        return
    with contextlib.suppress(psutil.Error, OSError, ValueError):
        orphan = psutil.Process(int(words[0]))
        if abs(orphan.create_time() - float(words[1])) < 1:  # and not another that has got its number since
            for process in [*orphan.children(recursive=True), orphan]:
                process.send_signal(signal.SIGKILL)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True
