"""Replaying a recorder file: its actors appear, move as they did between recorded ticks, and go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.handedness import matrix_from_carla
from simulator.server.actors import Actor
from simulator.server.blueprints import Kind, Library
from simulator.server.recorder import layout
from simulator.server.recorder.layout import CM, Added, Packet
from simulator.server.recorder.recording import Frame, Recording
from simulator.server.wire import Array, Refusal, Weather
from simulator.world.signals import State
from simulator.world.vehicles import DOORS, VehicleControl

if TYPE_CHECKING:
    from simulator.server.server import Server

EVENTS = (Packet.EVENT_ADD, Packet.EVENT_DEL, Packet.EVENT_PARENT, Packet.WEATHER, Packet.VEHICLE_DOOR)
"""Take effect when their tick comes, even where a replay leaps over it."""
STATES = (Packet.ANIM_VEHICLE, Packet.VEHICLE_LIGHT, Packet.STATE)
"""Of the tick that was the last."""
SIGN_REACH = 1.0
"""A recorded traffic light or sign is the level's that stands within this [m] of it."""
SLACK = 1e-6
"""[s]; times are sums of steps."""
PLAYED = (Kind.VEHICLE, Kind.WALKER)


@dataclass
class ReplayOptions:
    """What holds for all replays, until it is changed: CARLA's ``set_replayer_*``."""

    time_factor: float = 1.0
    ignore_hero: bool = False
    ignore_spectator: bool = False


class Replayer:
    """A replay that goes on. Actors keep their recorded ids where these are free.

    Args:
        start, stop: the part of the recording that is played [s].
        follow: recorded id of an actor that the spectator follows, 0 for none, at ``actor_from_spectator`` (4, 4).
        sensors: whether recorded sensors appear as well.

    Raises Damaged.
    """

    def __init__(
        self,
        server: Server,
        recording: Recording,
        *,
        start: float,
        stop: float,
        follow: int,
        actor_from_spectator: Array,
        sensors: bool,
    ) -> None:
        self._server = server
        self._library: Library = server.library
        self._episode = server.episode
        self._options: ReplayOptions = server.replay_options
        self._stop = stop
        self._follow = follow
        self._actor_from_spectator = actor_from_spectator
        self._sensors = sensors
        self._ids: dict[int, int] = {}
        self._played: set[int] = set()
        self._frames = recording.frames({*EVENTS, *STATES, Packet.POSITION})
        self._now = Frame(0, 0.0, [])
        self._next: Frame | None = next(self._frames, None)
        self._places: Mapping[int, NDArray[np.float64]] = {}
        self._next_places: Mapping[int, NDArray[np.float64]] = _places(self._next)
        self._time = start
        self._episode.world.signals.replayed = True
        self._reach(start)

    def step(self, dt: float) -> bool:
        """Go on by ``dt`` [s] of the server's time; False once the replay is at its end. Raises Damaged."""
        self._time += dt * self._options.time_factor
        self._reach(min(self._time, self._stop))
        return self._time < self._stop - SLACK

    def finish(self, keep_actors: bool) -> None:
        """Leave the actors where they are to physics, or remove them."""
        self._episode.world.signals.replayed = False
        for actor_id in sorted(self._played):
            actor = self._episode.actors.get(actor_id)
            if actor is None:
                continue
            if not keep_actors:
                self._episode.destroy(actor_id)
            elif actor.blueprint.kind in PLAYED:
                body = actor.require_body()
                body.simulate_physics = body.collides = True
                body.target_velocity = np.zeros(3)
                if actor.blueprint.kind is Kind.VEHICLE:
                    actor.vehicle().control = VehicleControl()

    # -- time ---------------------------------------------------------------------------------------------------------

    def _reach(self, time: float) -> None:
        """Everything as it was at a time of the recording."""
        entered = False
        while self._next is not None and self._next.elapsed <= time + SLACK:
            self._now, self._places = self._next, self._next_places
            self._next = next(self._frames, None)
            self._next_places = _places(self._next)
            entered = True
            for kind, body in self._now.packets:
                if kind in EVENTS:
                    self._happen(kind, body)
        if entered:
            for kind, body in self._now.packets:
                if kind in STATES:
                    self._take_over(kind, layout.read_table(kind, body))
        self._move(time)

    def _move(self, time: float) -> None:
        share = 0.0
        if self._next is not None and self._next.elapsed > self._now.elapsed:
            share = (time - self._now.elapsed) / (self._next.elapsed - self._now.elapsed)
        for recorded, place in self._places.items():
            actor = self._actor(recorded)
            if actor is None or actor.parent is not None or actor.sign is not None:
                continue
            ahead = self._next_places.get(recorded, place)
            step = ahead - place
            step[3:] = (step[3:] + 180.0) % 360.0 - 180.0  # the short way round
            self._episode.place(actor, _pose(place + max(0.0, min(1.0, share)) * step))
        followed = self._actor(self._follow)
        if followed is not None:
            self._episode.spectator.pose = followed.world_from_actor @ self._actor_from_spectator

    # -- what happens -------------------------------------------------------------------------------------------------

    def _happen(self, kind: Packet, body: bytes) -> None:
        if kind == Packet.EVENT_ADD:
            for added in layout.read_added(body):
                self._add(added)
            return
        for record in layout.read_table(kind, body):
            if kind == Packet.WEATHER:
                self._server.set_weather(Weather(*map(float, record["parameters"])))
            elif kind == Packet.EVENT_PARENT:
                self._attach(int(record["id"]), int(record["parent"]))
            elif kind == Packet.VEHICLE_DOOR:
                self._move_door(int(record["id"]), int(record["door"]), bool(record["open"]))
            else:
                self._remove(int(record["id"]))

    def _add(self, added: Added) -> None:
        """Spawn, or find in the level, what was recorded; what this server has not got is left out and logged."""
        values = {name: value for _, name, value in added.attributes}
        pose = _pose(np.array([*added.location, *added.rotation]) / [CM, CM, CM, 1.0, 1.0, 1.0])
        if added.type_id == "spectator":
            if not self._options.ignore_spectator:
                self._ids[added.actor_id] = self._episode.spectator.actor_id
            return
        if added.type_id.startswith("traffic."):
            if (sign := self._sign(added.type_id, pose)) is not None:
                self._ids[added.actor_id] = sign.actor_id
            return
        if self._options.ignore_hero and values.get("role_name") == "hero":
            return
        if added.type_id.startswith(("sensor.", "controller.")) and not self._sensors:
            return
        blueprint = self._library.by_id.get(added.type_id)
        try:
            if blueprint is None:
                raise Refusal(f"no blueprint {added.type_id}")
            known = {attribute.name for attribute in blueprint.attributes}
            given = {name: value for name, value in values.items() if name in known}
            actor = self._episode.spawn(blueprint, given, pose, wished_id=added.actor_id, anywhere=True)
        except Refusal as refusal:
            self._server.faults.tell("an actor of the recording is left out", refusal)
            return
        if blueprint.kind in PLAYED:
            body = actor.require_body()
            body.simulate_physics = body.collides = False
        self._ids[added.actor_id] = actor.actor_id
        self._played.add(actor.actor_id)

    def _sign(self, type_id: str, pose: Array) -> Actor | None:
        near = [
            (float(np.linalg.norm(actor.world_from_actor[:3, 3] - pose[:3, 3])), actor)
            for actor in self._episode.actors.values()
            if actor.blueprint.type_id == type_id
        ]
        distance, sign = min(near, key=lambda pair: pair[0], default=(np.inf, None))
        return sign if distance < SIGN_REACH else None

    def _attach(self, recorded: int, recorded_parent: int) -> None:
        actor, parent = self._actor(recorded), self._actor(recorded_parent)
        if actor is not None and parent is not None and actor.actor_id in self._played and actor.parent is None:
            self._episode.hang(actor, parent)

    def _remove(self, recorded: int) -> None:
        actor_id = self._ids.pop(recorded, 0)
        if actor_id in self._played:
            self._played.discard(actor_id)
            self._episode.destroy(actor_id)

    def _move_door(self, recorded: int, number: int, opened: bool) -> None:
        actor = self._actor(recorded)
        if actor is None or actor.blueprint.kind is not Kind.VEHICLE or actor.actor_id not in self._played:
            return
        body = actor.vehicle()
        for name in DOORS if number >= len(DOORS) else DOORS[number : number + 1]:  # CARLA's last number means all
            if name in body.doors:
                body.move_door(name, opened)

    def _take_over(self, kind: Packet, records: NDArray[np.void]) -> None:
        """Traffic lights, controls and lamps, as they were."""
        for record in records:
            actor = self._actor(int(record["id"]))
            if kind == Packet.STATE:
                if actor is not None and actor.light is not None and record["state"] in list(State):
                    light = actor.light
                    light.state, light.phase.elapsed = State(int(record["state"])), float(record["elapsed"])
                    light.phase.group.frozen = bool(record["frozen"])
                continue
            if actor is None or actor.blueprint.kind is not Kind.VEHICLE or actor.actor_id not in self._played:
                continue
            if kind == Packet.VEHICLE_LIGHT:
                actor.set_lights(int(record["flags"]))
            else:
                actor.vehicle().control = _control(record)

    def _actor(self, recorded: int) -> Actor | None:
        return self._episode.actors.get(self._ids.get(recorded, 0))


def _control(record: Any) -> VehicleControl:
    gear = int(record["gear"])
    return VehicleControl(
        throttle=float(record["throttle"]),
        steer=-float(record["steer"]),
        brake=float(record["brake"]),
        hand_brake=bool(record["hand_brake"]),
        reverse=gear < 0,
        gear=gear,
    )


def _places(frame: Frame | None) -> dict[int, NDArray[np.float64]]:
    """Where actors were: recorded id -> x, y, z [m], roll, pitch, yaw [deg]; what is not finite is left out."""
    places: dict[int, NDArray[np.float64]] = {}
    for kind, body in frame.packets if frame is not None else ():
        if kind == Packet.POSITION:
            table = layout.read_table(kind, body)
            values = np.concatenate([table["location"] / CM, table["rotation"]], axis=1).astype(np.float64)
            whole = np.isfinite(values).all(axis=1)
            places.update(zip(table["id"][whole].tolist(), values[whole], strict=True))
    return places


def _pose(place: NDArray[np.float64]) -> Array:
    """Our pose (4, 4) of x, y, z [m], roll, pitch, yaw [deg] in CARLA's frame."""
    x, y, z, roll, pitch, yaw = (float(value) for value in place)
    return matrix_from_carla(x, y, z, pitch, yaw, roll)
