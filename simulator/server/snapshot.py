"""The world snapshot: one message a tick that tells all actors' states."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.server.actors import Actor
from simulator.server.wire import Array
from simulator.world.signals import State
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
    control, light, gear = body.control, actor.at_light, body.gear
    # As CARLA's vehicles tell it: green when no light is at hand, red without one when a sign holds them back.
    state = light.state if light is not None else State.RED if actor.held else State.GREEN
    return (
        control.throttle,
        -control.steer,
        control.brake,
        control.hand_brake,
        gear < 0,
        control.manual_gear_shift,
        gear,
        actor.speed_limit,
        state,
        light is not None,
        0 if light is None else light.actor_id,
        _ROLLED_OVER if body.rolled_over else _NO_FAILURE,
    )


def _walker(body: WalkerBody) -> tuple[object, ...]:
    x, y, z = body.control.direction
    return x, -y, z, body.control.speed, body.control.jump


def _packed(kind: np.dtype[np.void], rows: Sequence[tuple[object, ...]]) -> NDArray[np.void]:
    """One side of the union, of rows of its fields; what lies between the fields is zero."""
    details = np.zeros(len(rows), kind)
    for name, column in zip(kind.names or (), zip(*rows, strict=True), strict=True):
        details[name] = column
    return details.view("V54")


class Roster:
    """Some actors and their records, of which much stays the same while no other comes and none goes.

    Attributes:
        actors: in the order of the records.
    """

    def __init__(self, actors: Sequence[Actor]) -> None:
        self.actors = actors
        self._table = np.zeros(len(actors), RECORD)
        self._table["id"] = [actor.actor_id for actor in actors]
        self._table["state"] = _ACTIVE
        bodies = [(row, actor, actor.body) for row, actor in enumerate(actors) if actor.body is not None]
        self._bodies = [row for row, _, _ in bodies], [body for _, _, body in bodies]
        vehicles = [(row, actor, body) for row, actor, body in bodies if isinstance(body, VehicleBody)]
        self._vehicles = [row for row, _, _ in vehicles], [(actor, body) for _, actor, body in vehicles]
        walkers = [(row, body) for row, _, body in bodies if isinstance(body, WalkerBody)]
        self._walkers = [row for row, _ in walkers], [body for _, body in walkers]
        signs = [(row, actor.sign, actor.light) for row, actor in enumerate(actors) if actor.sign is not None]
        self._signs = [row for row, _, _ in signs]
        self._shown = np.zeros(len(signs), TRAFFIC_LIGHT)
        self._shown["sign_id"] = [sign.id.encode()[:31] for _, sign, _ in signs]
        lights = [(row, light) for row, (_, _, light) in enumerate(signs) if light is not None]
        self._lights = [row for row, _ in lights], [light for _, light in lights]
        self._shown["pole"][self._lights[0]] = [light.pole for _, light in lights]
        moving = [(row, actor) for row, actor in enumerate(actors) if actor.sign is None]
        self._moving = [row for row, _ in moving], [actor for _, actor in moving]
        self._pose(self._signs, [actors[row] for row in self._signs])

    def _pose(self, rows: list[int], actors: Sequence[Actor]) -> None:
        if rows:
            self._table["transform"][rows] = transforms(np.array([actor.world_from_actor for actor in actors]))

    def records(self) -> NDArray[np.void]:
        """What the snapshot tells of the actors now, a ``RECORD`` each (N,). The next call writes it anew."""
        table = self._table
        self._pose(*self._moving)
        rows, bodies = self._bodies
        if rows:
            motions = np.array([(body.velocity, body.angular_velocity, body.acceleration) for body in bodies])
            table["velocity"][rows] = motions[:, 0] * _POLAR
            table["angular_velocity"][rows] = motions[:, 1] * _AXIAL
            table["acceleration"][rows] = motions[:, 2] * _POLAR
        rows, vehicles = self._vehicles
        if rows:
            table["details"][rows] = _packed(VEHICLE, [_vehicle(actor, body) for actor, body in vehicles])
        rows, walkers = self._walkers
        if rows:
            table["details"][rows] = _packed(WALKER, [_walker(body) for body in walkers])
        rows, lights = self._lights
        if rows:
            shown, phases = self._shown, [light.phase for light in lights]
            for name, state in (("green_time", State.GREEN), ("yellow_time", State.YELLOW), ("red_time", State.RED)):
                shown[name][rows] = [phase.times[state] for phase in phases]
            shown["elapsed"][rows] = [phase.elapsed for phase in phases]
            shown["frozen"][rows] = [phase.group.frozen for phase in phases]
            shown["state"][rows] = [light.state for light in lights]
        if self._signs:
            table["details"][self._signs] = self._shown.view("V54")
        return table


def snapshot(
    table: NDArray[np.void], *, episode_id: int, frame: int, elapsed: float, dt: float, map_changed: bool,
    lights_changed: bool = False,
) -> bytes:  # fmt: skip
    """The whole message, of a roster's ``records``."""
    header = HEADER.pack(WORLD_SNAPSHOT, frame, elapsed, *[0.0] * 6)
    state = (MAP_CHANGED if map_changed else 0) | (LIGHTS_CHANGED if lights_changed else 0)
    return header + _BODY.pack(episode_id, time.time(), dt, 0, 0, 0, state) + table.tobytes()
