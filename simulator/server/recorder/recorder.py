"""Writing a recorder file: one write a tick, so that the file is whole up to the tick in which the server dies."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_data_path

from simulator.server import snapshot
from simulator.server.actors import Actor
from simulator.server.blueprints import Kind
from simulator.server.recorder import layout
from simulator.server.recorder.layout import CM, RECORDS, ActorKind, Added, Packet
from simulator.server.wire import Weather
from simulator.world.collisions import Contact

if TYPE_CHECKING:
    from simulator.server.episode import Episode

KINDS = {
    Kind.VEHICLE: ActorKind.VEHICLE,
    Kind.WALKER: ActorKind.WALKER,
    Kind.TRAFFIC_LIGHT: ActorKind.TRAFFIC_LIGHT,
    Kind.SENSOR: ActorKind.SENSOR,
}
"""All others are OTHER."""
MOVING = (ActorKind.OTHER, ActorKind.VEHICLE, ActorKind.WALKER)
_EULER = [5, 3, 4]
"""Roll, pitch, yaw among x, y, z, pitch, yaw, roll."""


def folder() -> Path:
    """Where recorder files with relative names lie: ``recorder`` in Longtail's data folder of the user."""
    return Path(user_data_path("longtail")) / "recorder"


class Recorder:
    """Writes what happens to a file.

    Args:
        path: the file, written anew.
        map_name: with CARLA's folder.
        additional: also boxes, velocities, physics, traffic lights' times, bones and the wall clock.

    Raises OSError.
    """

    def __init__(self, path: Path, map_name: str, additional: bool) -> None:
        if path.exists() and not path.is_file():  # a pipe or a device, on which a server would hang
            raise OSError(f"{path} is not a file")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("wb", buffering=0)
        start = layout.header(layout.VERSION, int(time.time()), map_name)
        self._file.write(start)
        self._size = len(start)
        self._additional = additional
        self._started = time.perf_counter()
        self._frame = 0
        self._elapsed = 0.0
        self._duration_at = 0
        self._known: dict[int, ActorKind] = {}
        self._parents: dict[int, int] = {}
        self._changing: dict[object, object] = {}
        self._collisions = 0

    def write(self, episode: Episode, table: NDArray[np.void], weather: Weather, elapsed: float, dt: float) -> None:
        """Append a tick: ``table`` holds the ``snapshot.records`` of the episode's actors. Raises OSError."""
        self._frame += 1
        self._elapsed += dt if self._frame > 1 else 0.0
        packets = [
            layout.packet(Packet.FRAME_START, layout.FRAME.pack(self._frame, -1.0, self._elapsed)),
            layout.packet(Packet.VISUAL_TIME, layout.SECONDS.pack(elapsed)),
            *self._events(episode, table),
            layout.table(Packet.COLLISION, self._collided(episode, episode.world.contacts)),
            *self._states(episode, table),
            *self._weather(weather),
        ]
        if self._additional:
            packets += self._extra(table)
        packets.append(layout.packet(Packet.FRAME_END))
        if self._duration_at:
            self._file.seek(self._duration_at)
            self._file.write(layout.SECONDS.pack(dt))
            self._file.seek(self._size)
        data = b"".join(packets)
        self._duration_at = self._size + layout.FRAME_DURATION_AT
        self._size += len(data)
        self._file.write(data)

    def close(self) -> None:
        """End the file."""
        self._file.close()

    # -- what happens once --------------------------------------------------------------------------------------------

    def _events(self, episode: Episode, table: NDArray[np.void]) -> list[bytes]:
        """Actors that came and went since the last tick."""
        actors = episode.actors
        new = [(row, actor) for row, actor in enumerate(actors.values()) if actor.actor_id not in self._known]
        gone = [actor_id for actor_id in self._known if actor_id not in actors]
        records = []
        for row, actor in new:
            kind = _kind(actor)
            self._known[actor.actor_id] = kind
            records.append(layout.added(_added(actor, kind, table[row])))
        for actor_id in gone:
            del self._known[actor_id]
        packets = [layout.counted(Packet.EVENT_ADD, records), _ids(Packet.EVENT_DEL, gone)]
        attached = [(actor.actor_id, actor.parent.actor_id) for _, actor in new if actor.parent is not None]
        packets.append(layout.table(Packet.EVENT_PARENT, np.array(attached, RECORDS[Packet.EVENT_PARENT])))
        if self._additional:
            boxes = [_box(actor) for _, actor in new if actor.body is not None]
            packets.append(layout.table(Packet.BOUNDING_BOX, np.array(boxes, RECORDS[Packet.BOUNDING_BOX])))
        return packets

    def _collided(self, episode: Episode, contacts: Sequence[Contact]) -> NDArray[np.void]:
        """Each pair once a tick, however many points touch."""
        pairs = dict.fromkeys((contact.actor_id, contact.other_id or layout.NOBODY) for contact in contacts)
        rows = []
        for first, second in pairs:
            heroes = [_is_hero(episode.actors.get(actor_id)) for actor_id in (first, second)]
            rows.append((self._collisions, first, second, heroes))
            self._collisions += 1
        return np.array(rows, RECORDS[Packet.COLLISION])

    def _weather(self, weather: Weather) -> list[bytes]:
        if not self._changed("weather", weather):
            return []
        return [layout.table(Packet.WEATHER, np.array([(tuple(weather),)], RECORDS[Packet.WEATHER]))]

    def _changed(self, key: object, value: object) -> bool:
        """Whether a value differs from what it was at the last tick."""
        if key in self._changing and self._changing[key] == value:
            return False
        self._changing[key] = value
        return True

    # -- what is so in every tick -------------------------------------------------------------------------------------

    def _states(self, episode: Episode, table: NDArray[np.void]) -> list[bytes]:
        kinds = np.array([self._known[actor_id] for actor_id in episode.actors])
        moving, rows = np.isin(kinds, MOVING), {kind: np.flatnonzero(kinds == kind) for kind in MOVING}
        details = table["details"]
        vehicles = [actor for actor in episode.actors.values() if actor.blueprint.kind is Kind.VEHICLE]
        driven, walking = details[rows[ActorKind.VEHICLE]], details[rows[ActorKind.WALKER]]
        lights = np.flatnonzero(kinds == ActorKind.TRAFFIC_LIGHT)
        ids = table["id"]
        return [
            layout.table(Packet.POSITION, _positions(table[moving])),
            _columns(Packet.STATE, ids[lights], details[lights].view(snapshot.TRAFFIC_LIGHT)),
            _columns(Packet.ANIM_VEHICLE, ids[rows[ActorKind.VEHICLE]], driven.view(snapshot.VEHICLE)),
            _columns(Packet.ANIM_WALKER, ids[rows[ActorKind.WALKER]], walking.view(snapshot.WALKER)),
            layout.table(
                Packet.VEHICLE_LIGHT,
                np.array([(actor.actor_id, actor.lights) for actor in vehicles], RECORDS[Packet.VEHICLE_LIGHT]),
            ),
        ]

    def _extra(self, table: NDArray[np.void]) -> list[bytes]:
        moving = np.isin([self._known[actor_id] for actor_id in table["id"].tolist()], MOVING[1:])
        kinematics = np.zeros(int(moving.sum()), RECORDS[Packet.KINEMATICS])
        for name in ("id", "velocity", "angular_velocity"):
            kinematics[name] = table[name][moving]
        return [
            layout.table(Packet.KINEMATICS, kinematics),
            layout.packet(Packet.PLATFORM_TIME, layout.SECONDS.pack(time.perf_counter() - self._started)),
        ]


def _kind(actor: Actor) -> ActorKind:
    kind = KINDS.get(actor.blueprint.kind, ActorKind.OTHER)
    sign = kind is ActorKind.TRAFFIC_LIGHT and actor.blueprint.type_id != "traffic.traffic_light"
    return ActorKind.TRAFFIC_SIGN if sign else kind


def _is_hero(actor: Actor | None) -> bool:
    return actor is not None and actor.values.get("role_name") == "hero"


def _added(actor: Actor, kind: ActorKind, row: np.void) -> Added:
    x, y, z, pitch, yaw, roll = row["transform"].tolist()
    uid, type_id, attributes = actor.blueprint.description(actor.values)
    values = [(number, name, value) for name, number, value in attributes]
    return Added(actor.actor_id, kind, (x * CM, y * CM, z * CM), (roll, pitch, yaw), uid, type_id, values)


def _box(actor: Actor) -> tuple[int, list[float], list[float]]:
    """Centre and half sizes [cm], relative to the actor."""
    location, extent, _, _ = actor.bounding_box()
    return actor.actor_id, [value * CM for value in location], [value * CM for value in extent]


def _positions(rows: NDArray[np.void]) -> NDArray[np.void]:
    positions = np.zeros(len(rows), RECORDS[Packet.POSITION])
    positions["id"] = rows["id"]
    positions["location"] = rows["transform"][:, :3] * CM
    positions["rotation"] = rows["transform"][:, _EULER]
    return positions


def _columns(kind: Packet, ids: NDArray[Any], details: NDArray[np.void]) -> bytes:
    """A packet whose records are fields of the snapshot's details, by name."""
    records = np.zeros(len(ids), RECORDS[kind])
    records["id"] = ids
    for name in (records.dtype.names or ())[1:]:
        records[name] = details[name]
    return layout.table(kind, records)


def _ids(kind: Packet, ids: Sequence[int]) -> bytes:
    return layout.packet(kind, struct.pack(f"<H{len(ids)}I", len(ids), *ids))
