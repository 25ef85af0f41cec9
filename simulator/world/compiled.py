"""Functions over plain numbers and arrays that Numba compiles: loops over vehicles, wheels and pairs.

Importing this takes half a second, so whoever calls compiled functions imports their modules where they are called.
The machine code lies in the user's cache folder, under a hash of this package's text: Numba itself would not see that
a constant of another module has changed. Each function has one signature, and Numba renames finished files into place,
so any number of processes may share the folder.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import platformdirs
from numba import boolean, float64, int64
from numba.core import config

from simulator.world.collisions import PRISM
from simulator.world.physics import PHYSICS
from simulator.world.vehicle_state import CONTROL, EFFORT, STATE

REAL, FLAGS, INDICES = float64[::1], boolean[::1], int64[::1]
REAL_2, REAL_3, INDICES_2 = float64[:, ::1], float64[:, :, ::1], int64[:, ::1]
PRISMS, STATES = numba.from_dtype(PRISM)[::1], numba.from_dtype(STATE)[::1]
CONTROLS, EFFORTS = numba.from_dtype(CONTROL)[::1], numba.from_dtype(EFFORT)[::1]
PHYSICS_TABLE = numba.from_dtype(PHYSICS)[::1]


def _folder() -> str:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return str(platformdirs.user_cache_path("longtail") / "compiled" / digest.hexdigest()[:24])


_FOLDER = _folder()
_SETTING = threading.RLock()  # Numba's folder is one for the process; a server's warming thread compiles beside others


def compiled(*signature: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compiles a function for arguments of these types, or finds it compiled."""

    def compile_now(function: Callable[..., Any]) -> Callable[..., Any]:
        with _SETTING:
            before = config.CACHE_DIR
            config.CACHE_DIR = _FOLDER
            try:
                made: Callable[..., Any] = numba.njit(signature, cache=True, error_model="numpy")(function)
            finally:
                config.CACHE_DIR = before
        return made

    return compile_now


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that only compiled functions call: compiled as part of them."""
    made: Callable[..., Any] = numba.njit(error_model="numpy")(function)
    return made
