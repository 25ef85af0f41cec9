"""Checks of nuScenes' CAN bus expansion, as ``NuScenesCanBus`` would meet it; it need not be there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from exporters.problems import Problem

_LENGTHS = {
    "pose": {"accel": 3, "orientation": 4, "pos": 3, "rotation_rate": 3, "vel": 3},
    "ms_imu": {"linear_accel": 3, "q": 4, "rotation_rate": 3},
}


def check_bus(root: Path, scenes: list[str]) -> Iterator[Problem]:
    """Problems of the messages of these scenes."""
    if not (root / "can_bus").is_dir():
        return
    for scene in scenes:
        for name, lengths in _LENGTHS.items():
            file = f"can_bus/{scene}_{name}.json"
            try:
                messages = json.loads((root / file).read_text())
            except OSError:
                yield Problem(file, "", "is missing")
            except ValueError as error:
                yield Problem(file, "", f"is not JSON: {error}")
            else:
                yield from _check_messages(file, messages, lengths)


def _check_messages(file: str, messages: Any, lengths: dict[str, int]) -> Iterator[Problem]:
    if not isinstance(messages, list) or not messages:
        yield Problem(file, "", "holds no list of messages")
        return
    before = -1
    for number, message in enumerate(messages):
        for field, length in lengths.items():
            value = np.array(message.get(field, ()), dtype=object)
            if value.shape != (length,) or not all(isinstance(one, int | float) and np.isfinite(one) for one in value):
                yield Problem(file, f"message {number}, {field}", f"does not hold {length} finite numbers")
                return
        utime = message.get("utime")
        if not isinstance(utime, int) or utime <= before:
            yield Problem(file, f"message {number}, utime", f"{utime} is not later than the message before")
            return
        before = utime
