"""The world snapshot: one message a tick that tells all actors' states."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence

import numpy as np

from simulator.server.actors import Actor
from simulator.server.wire import Array
from simulator.world.vehicles import VehicleBody
from simulator.world.walkers import WalkerBody

HEADER = struct.Struct("<QQd6f")
"""Every stream message: sensor type, frame, simulation time [s], sensor's world transform."""

WORLD_SNAPSHOT = 17
MAP_CHANGED = 1

_BODY = struct.Struct("<Qdf3iI")
_RECORD = np.dtype(
    [
        ("id", "<u4"),
        ("state", "u1"),
        ("transform", "<f4", 6),
        ("velocity", "<f4", 3),
        ("angular_velocity", "<f4", 3),
        ("acceleration", "<f4", 3),
        ("details", "V54"),
    ]
)
_ACTIVE = 1
_VEHICLE = struct.Struct("<3f3?if B?I B")
_WALKER = struct.Struct("<4f?")
_GREEN, _NO_FAILURE = 2, 0
_POLAR, _AXIAL = np.array([1.0, -1.0, 1.0]), np.degrees([-1.0, 1.0, -1.0])


def transforms(poses: Array) -> Array:
    """CARLA's x, y, z, pitch, yaw, roll (N, 6) of our poses (N, 4, 4): ``simulator.handedness``, vectorised."""
    result = np.empty((len(poses), 6))
    result[:, :3] = poses[:, :3, 3] * _POLAR
    result[:, 3] = np.arcsin(np.clip(poses[:, 2, 0], -1.0, 1.0))
    result[:, 4] = np.arctan2(-poses[:, 1, 0], poses[:, 0, 0])
    result[:, 5] = np.arctan2(poses[:, 2, 1], poses[:, 2, 2])
    result[:, 3:] *= 180.0 / np.pi
    return result


def _details(actor: Actor) -> bytes:
    body = actor.body
    if isinstance(body, VehicleBody):
        control = body.control
        # No traffic lights: none is at hand, which CARLA's vehicles tell as green.
        return _VEHICLE.pack(
            control.throttle,
            -control.steer,
            control.brake,
            control.hand_brake,
            control.reverse,
            control.manual_gear_shift,
            control.gear,
            actor.speed_limit,
            _GREEN,
            False,
            0,
            _NO_FAILURE,
        )
    if isinstance(body, WalkerBody):
        x, y, z = body.control.direction
        return _WALKER.pack(x, -y, z, body.control.speed, body.control.jump)
    return b""


def records(actors: Sequence[Actor]) -> bytes:
    """The 119-byte records of all actors."""
    table = np.zeros(len(actors), _RECORD)
    table["id"] = [actor.actor_id for actor in actors]
    table["state"] = _ACTIVE
    table["transform"] = transforms(np.array([actor.world_from_actor for actor in actors]))
    rows = [row for row, actor in enumerate(actors) if actor.body is not None]
    if rows:
        bodies = [actor.body for actor in actors if actor.body is not None]
        table["velocity"][rows] = np.array([body.velocity for body in bodies]) * _POLAR
        table["angular_velocity"][rows] = np.array([body.angular_velocity for body in bodies]) * _AXIAL
        table["acceleration"][rows] = np.array([body.acceleration for body in bodies]) * _POLAR
        for row in rows:
            table["details"][row] = _details(actors[row])
    return table.tobytes()


def snapshot(
    actors: Sequence[Actor], *, episode_id: int, frame: int, elapsed: float, dt: float, map_changed: bool
) -> bytes:
    """The whole message."""
    header = HEADER.pack(WORLD_SNAPSHOT, frame, elapsed, *[0.0] * 6)
    state = MAP_CHANGED if map_changed else 0
    return header + _BODY.pack(episode_id, time.time(), dt, 0, 0, 0, state) + records(actors)
