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
        imu: name of the inertial unit; None for a rig without.
    """

    def __init__(self, timestamp: Callable[[float], int], origin: NDArray[np.float64], imu: str | None) -> None:
        self._timestamp, self._origin, self._imu = timestamp, np.append(origin, 0.0), imu
        self.messages: dict[str, list[Message]] = {"pose": [], "ms_imu": []}

    def take(self, frame: Frame) -> None:
        """Adds a frame's messages.

        ``pose`` is where the localiser takes the ego to be, and its true motion, in its own frame. ``ms_imu`` is what
        the rig's first inertial unit measured; without one, what a unit without error in the ego's origin measures.
        """
        rotation = frame.world_from_ego[:3, :3]
        believed = frame.world_from_ego if frame.estimated_world_from_ego is None else frame.estimated_world_from_ego
        utime = self._timestamp(frame.time)
        self.messages["pose"].append(
            {
                "accel": (rotation.T @ frame.ego_acceleration).tolist(),
                "orientation": matrix_quaternion(believed).tolist(),
                "pos": (believed[:3, 3] - self._origin).tolist(),
                "rotation_rate": frame.ego_angular_velocity.tolist(),
                "utime": utime,
                "vel": (rotation.T @ frame.ego_velocity).tolist(),
            }
        )
        if self._imu is None:
            felt, spin = rotation.T @ (frame.ego_acceleration + GRAVITY), frame.ego_angular_velocity
            turn = matrix_quaternion(frame.world_from_ego)
        elif self._imu in frame.imus:
            sample = frame.imus[self._imu]
            felt, spin, turn = sample.acceleration, sample.angular_velocity, sample.orientation
        else:
            return
        message = {"linear_accel": felt.tolist(), "q": turn.tolist(), "rotation_rate": spin.tolist(), "utime": utime}
        self.messages["ms_imu"].append(message)

    def write(self, folder: Path, scene: str) -> None:
        """Writes ``SCENE_MESSAGE.json`` for each kind, and their statistics as ``SCENE_meta.json``."""
        for name, messages in self.messages.items():
            if not messages:
                continue  # the inertial unit was slower than the scene was long
            (folder / f"{scene}_{name}.json").write_text(json.dumps(messages, allow_nan=False) + "\n")
        meta = {name: _statistics(messages) for name, messages in self.messages.items() if messages}
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
