"""Runs a command and ends it, with all that it started, when whoever holds our standard input is gone.

``python -m simulator.guard COMMAND...``: for servers that do not watch over their owner themselves. Unreal's start
script leaves the server as its child, so the whole process group goes. The exit code is the command's.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

PR_SET_PDEATHSIG = 1  # prctl(2)
POLITE = 5.0
"""[s] between asking a group to end and killing it."""


def main(command: list[str]) -> int:
    """Runs the command in a process group of its own."""
    # Should this guard itself be killed, the kernel ends the command at least.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_die_with_parent)

    def leave(*_: int | FrameType | None) -> None:  # on a thread: the main one waits for the child
        threading.Thread(target=end_group, args=(child,), daemon=True).start()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        end_group(child)

    threading.Thread(target=watch, daemon=True).start()
    try:
        return child.wait()
    finally:
        _kill(child.pid, signal.SIGKILL)  # what the command started and left behind


def end_group(child: subprocess.Popen[bytes]) -> None:
    """Ends a process group: politely, then by force."""
    _kill(child.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(POLITE)
    _kill(child.pid, signal.SIGKILL)


def _kill(group: int, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, how)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.exit(code if code >= 0 else 128 - code)
