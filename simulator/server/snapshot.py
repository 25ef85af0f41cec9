"""The world snapshot: one message a tick that tells all actors' states."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.server.actors import Actor
from simulator.server.wire import Array
from simulator.world.signage import Sign
from simulator.world.signals import Light, State
from simulator.world.vehicles import VehicleBody
from simulator.world.walkers import WalkerBody

HEADER = struct.Struct("<QQd6f")
"""Every stream message: sensor type, frame, simulation time [s], sensor's world transform."""

WORLD_SNAPSHOT = 17
MAP_CHANGED, LIGHTS_CHANGED = 1, 2
"""Bits of the simulation's state."""

_BODY = struct.Struct("<Qdf3iI")
RECORD = np.dtype(
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
"""One actor: state 1 is active; transform as x, y, z [m], pitch, yaw, roll [deg]; velocities in m/s and deg/s."""


def _details(fields: list[tuple[str, str]]) -> np.dtype[np.void]:
    """One side of the union ``details``, packed."""
    names, kinds = [name for name, _ in fields], [np.dtype(kind) for _, kind in fields]
    offsets = np.cumsum([0, *(kind.itemsize for kind in kinds[:-1])]).tolist()
    return np.dtype({"names": names, "formats": kinds, "offsets": offsets, "itemsize": 54})


VEHICLE = _details(
    [
        *((name, "<f4") for name in ("throttle", "steer", "brake")),
        *((name, "?") for name in ("hand_brake", "reverse", "manual_gear_shift")),
        ("gear", "<i4"),
        ("speed_limit", "<f4"),
        ("light_state", "u1"),
        ("at_light", "?"),
        ("light_id", "<u4"),
        ("failure", "u1"),
    ]
)
"""Controls as on the wire; speed limit [km/h]; the traffic light that counts for it."""
WALKER = _details([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("speed", "<f4"), ("jump", "?")])
TRAFFIC_LIGHT = _details(
    [
        ("sign_id", "S32"),
        *((name, "<f4") for name in ("green_time", "yellow_time", "red_time", "elapsed")),
        ("pole", "<u4"),
        ("frozen", "?"),
        ("state", "u1"),
    ]
)
"""The signal's id in the OpenDRIVE file, times [s], number within its group."""
_ACTIVE = 1
_NO_FAILURE, _ROLLED_OVER = 0, 1
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


def _vehicle(actor: Actor, body: VehicleBody) -> tuple[object, ...]:
    control, light = body.control, actor.at_light
    # As CARLA's vehicles tell it: green when no light is at hand, red without one when a sign holds them back.
    state = light.state if light is not None else State.RED if actor.held else State.GREEN
    return (
        control.throttle,
        -control.steer,
        control.brake,
        control.hand_brake,
        body.gear < 0,
        control.manual_gear_shift,
        body.gear,
        actor.speed_limit,
        state,
        light is not None,
        0 if light is None else light.actor_id,
        _ROLLED_OVER if body.rolled_over else _NO_FAILURE,
    )


def _sign(sign: Sign, light: Light | None) -> tuple[object, ...]:
    name = sign.id.encode()[:31]
    if light is None:
        return (name, 0.0, 0.0, 0.0, 0.0, 0, False, 0)
    phase = light.phase
    times = [phase.times[state] for state in (State.GREEN, State.YELLOW, State.RED)]
    return (name, *times, phase.elapsed, light.pole, phase.group.frozen, light.state)


def _walker(body: WalkerBody) -> tuple[object, ...]:
    x, y, z = body.control.direction
    return x, -y, z, body.control.speed, body.control.jump


def records(actors: Sequence[Actor]) -> NDArray[np.void]:
    """What the snapshot tells of the actors, a ``RECORD`` each (N,)."""
    table = np.zeros(len(actors), RECORD)
    table["id"] = [actor.actor_id for actor in actors]
    table["state"] = _ACTIVE
    table["transform"] = transforms(np.array([actor.world_from_actor for actor in actors]))
    bodies = [(row, actor, actor.body) for row, actor in enumerate(actors) if actor.body is not None]
    if bodies:
        motions = np.array([(body.velocity, body.angular_velocity, body.acceleration) for _, _, body in bodies])
        rows = [row for row, _, _ in bodies]
        table["velocity"][rows] = motions[:, 0] * _POLAR
        table["angular_velocity"][rows] = motions[:, 1] * _AXIAL
        table["acceleration"][rows] = motions[:, 2] * _POLAR
    vehicles = [(row, _vehicle(actor, body)) for row, actor, body in bodies if isinstance(body, VehicleBody)]
    walkers = [(row, _walker(body)) for row, _, body in bodies if isinstance(body, WalkerBody)]
    signs = [(row, _sign(actor.sign, actor.light)) for row, actor in enumerate(actors) if actor.sign is not None]
    for kind, group in ((VEHICLE, vehicles), (WALKER, walkers), (TRAFFIC_LIGHT, signs)):
        if group:
            details = np.zeros(len(group), kind)  # what lies between the fields is zero too
            details[:] = [detail for _, detail in group]
            table["details"][[row for row, _ in group]] = details.view("V54")
    return table


def snapshot(
    table: NDArray[np.void], *, episode_id: int, frame: int, elapsed: float, dt: float, map_changed: bool,
    lights_changed: bool = False,
) -> bytes:  # fmt: skip
    """The whole message, of the actors' ``records``."""
    header = HEADER.pack(WORLD_SNAPSHOT, frame, elapsed, *[0.0] * 6)
    state = (MAP_CHANGED if map_changed else 0) | (LIGHTS_CHANGED if lights_changed else 0)
    return header + _BODY.pack(episode_id, time.time(), dt, 0, 0, 0, state) + table.tobytes()
