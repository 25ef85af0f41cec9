"""nuScenes' CAN bus expansion: what of a car's bus a recording can tell truly, which is how the ego moves.

The page of the expansion in nuscenes-devkit (``can_bus``). Messages about pedals, wheels and the battery are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.frames import Frame
from sensors.geometry import matrix_quaternion

GRAVITY = np.array([0.0, 0.0, 9.81])
"""[m/s^2] that an accelerometer at rest feels upwards."""

Message = dict[str, Any]


class Bus:
    """The messages of one scene.

    Args:
        timestamp: scene time [s] -> [us] since 1970.
        origin: (2,) [m], world coordinates of nuScenes' origin.
    """

    def __init__(self, timestamp: Callable[[float], int], origin: NDArray[np.float64]) -> None:
        self._timestamp, self._origin = timestamp, np.append(origin, 0.0)
        self.messages: dict[str, list[Message]] = {"pose": [], "ms_imu": []}

    def take(self, frame: Frame) -> None:
        """Adds a frame's messages: ``pose``, in the ego's frame but for its place, and ``ms_imu``, what an inertial
        unit without error in the ego's origin measures."""
        rotation = frame.world_from_ego[:3, :3]
        utime, turn = self._timestamp(frame.time), matrix_quaternion(frame.world_from_ego).tolist()
        spin = frame.ego_angular_velocity.tolist()
        self.messages["pose"].append(
            {
                "accel": (rotation.T @ frame.ego_acceleration).tolist(),
                "orientation": turn,
                "pos": (frame.world_from_ego[:3, 3] - self._origin).tolist(),
                "rotation_rate": spin,
                "utime": utime,
                "vel": (rotation.T @ frame.ego_velocity).tolist(),
            }
        )
        felt = rotation.T @ (frame.ego_acceleration + GRAVITY)
        self.messages["ms_imu"].append(
            {"linear_accel": felt.tolist(), "q": turn, "rotation_rate": spin, "utime": utime}
        )

    def write(self, folder: Path, scene: str) -> None:
        """Writes ``SCENE_MESSAGE.json`` for each kind, and their statistics as ``SCENE_meta.json``."""
        for name, messages in self.messages.items():
            (folder / f"{scene}_{name}.json").write_text(json.dumps(messages, allow_nan=False) + "\n")
        meta = {name: _statistics(messages) for name, messages in self.messages.items()}
        (folder / f"{scene}_meta.json").write_text(json.dumps(meta, indent=1, allow_nan=False) + "\n")


def _statistics(messages: list[Message]) -> dict[str, Any]:
    """Number, rate [1/s] and span [s] of messages, and what their fields span (a list's entries each)."""
    times = np.array([message["utime"] for message in messages], np.float64) / 1e6
    span = float(times[-1] - times[0])
    variables = {}
    for field in messages[0]:
        values = np.array([message[field] for message in messages], np.float64)
        statistics = {"max": values.max(0), "mean": values.mean(0), "min": values.min(0), "std": values.std(0)}
        variables[field] = {name: np.asarray(value).tolist() for name, value in statistics.items()}
    return {
        "message_count": len(messages),
        "message_freq": (len(messages) - 1) / span if span else 0.0,
        "timespan": span,
        "var_stats": variables,
    }
