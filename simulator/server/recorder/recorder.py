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

from simulator.server import physics_control, snapshot
from simulator.server.actors import Actor
from simulator.server.blueprints import Kind
from simulator.server.recorder import layout
from simulator.server.recorder.layout import CM, RECORDS, ActorKind, Added, Packet
from simulator.server.wire import Weather
from simulator.world.collisions import Contact
from simulator.world.vehicles import DOORS

if TYPE_CHECKING:
    from simulator.server.episode import Episode

KINDS = {
    Kind.VEHICLE: ActorKind.VEHICLE,
    Kind.WALKER: ActorKind.WALKER,
    Kind.SENSOR: ActorKind.SENSOR,
}
"""All others that are no signs are OTHER."""
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
        """Append a tick: ``table`` holds the records of all the episode's actors. Raises OSError."""
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
            packets += self._extra(episode, table)
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
            volumes = [_volume(actor) for _, actor in new if actor.sign is not None]
            for packet, rows in ((Packet.BOUNDING_BOX, boxes), (Packet.TRIGGER_VOLUME, volumes)):
                packets.append(layout.table(packet, np.array(rows, RECORDS[packet])))
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
            layout.table(Packet.ANIM_WHEELS, _wheels(vehicles)),
            layout.table(Packet.VEHICLE_DOOR, np.array(self._doors(vehicles), RECORDS[Packet.VEHICLE_DOOR])),
        ]

    def _doors(self, vehicles: Sequence[Actor]) -> list[tuple[int, int, bool]]:
        """Doors that have begun to open, or have shut, since the last tick."""
        moved = []
        for actor in vehicles:
            for name, angle in actor.vehicle().doors.items():
                opened, key = angle > 0.0, (actor.actor_id, name)
                if self._changing.get(key, False) != opened:
                    self._changing[key] = opened
                    moved.append((actor.actor_id, DOORS.index(name), opened))
        return moved

    def _extra(self, episode: Episode, table: NDArray[np.void]) -> list[bytes]:
        moving = np.isin([self._known[actor_id] for actor_id in table["id"].tolist()], MOVING[1:])
        kinematics = np.zeros(int(moving.sum()), RECORDS[Packet.KINEMATICS])
        for name in ("id", "velocity", "angular_velocity"):
            kinematics[name] = table[name][moving]
        return [
            layout.table(Packet.KINEMATICS, kinematics),
            layout.packet(Packet.PLATFORM_TIME, layout.SECONDS.pack(time.perf_counter() - self._started)),
            layout.counted(
                Packet.PHYSICS_CONTROL,
                [
                    _physics(actor)
                    for actor in episode.actors.values()
                    if actor.blueprint.kind is Kind.VEHICLE
                    and self._changed((actor.actor_id, "physics"), actor.vehicle().physics)
                ],
            ),
            self._light_times(table),
        ]

    def _light_times(self, table: NDArray[np.void]) -> bytes:
        """Of the traffic lights whose times have changed since the last tick."""
        lights = np.flatnonzero([self._known[actor_id] is ActorKind.TRAFFIC_LIGHT for actor_id in table["id"].tolist()])
        details = table["details"][lights].view(snapshot.TRAFFIC_LIGHT)
        names = ("green_time", "yellow_time", "red_time")
        rows = zip(table["id"][lights].tolist(), *(details[name].tolist() for name in names), strict=True)
        changed = [row for row in rows if self._changed((row[0], "times"), row)]
        return layout.table(Packet.TRAFFIC_LIGHT_TIME, np.array(changed, RECORDS[Packet.TRAFFIC_LIGHT_TIME]))


def _kind(actor: Actor) -> ActorKind:
    if actor.sign is not None:
        return ActorKind.TRAFFIC_SIGN if actor.light is None else ActorKind.TRAFFIC_LIGHT
    return KINDS.get(actor.blueprint.kind, ActorKind.OTHER)


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


def _volume(actor: Actor) -> tuple[int, list[float], list[float]]:
    """Centre in the world and half sizes [cm] of a sign's trigger volume."""
    location, extent, _, _ = actor.bounding_box()
    centre = actor.world_from_actor @ np.array([location[0], -location[1], location[2], 1.0])
    return actor.actor_id, [centre[0] * CM, -centre[1] * CM, centre[2] * CM], [value * CM for value in extent]


def _wheels(vehicles: Sequence[Actor]) -> NDArray[np.void]:
    """Angles [deg] about upright, right positive, and axle."""
    records = np.zeros(len(vehicles), layout.FOUR_WHEELS)
    if vehicles:
        angles = np.degrees([actor.vehicle().wheel_angles() for actor in vehicles])
        records["id"] = [actor.actor_id for actor in vehicles]
        records["count"] = 4
        records["wheels"]["place"] = range(4)
        records["wheels"]["steer"], records["wheels"]["rotation"] = -angles[:, 0], angles[:, 1]
    return records


def _physics(actor: Actor) -> bytes:
    """A record of PHYSICS_CONTROL: CARLA's structure in another order, without the gear switch time."""
    body = actor.vehicle()
    fields = physics_control.encode(body.physics, body.world_from_body)
    torque, gears, steering, wheels = fields[0], fields[10], fields[14], fields[15]
    parts = [
        struct.pack("<I5f?", actor.actor_id, *fields[1:7]),
        struct.pack("<7f", fields[8], fields[9], fields[11], fields[12], *fields[13]),
    ]
    for rows in (torque, gears, steering, [[*wheel[:9], *wheel[9]] for wheel in wheels]):
        parts.append(struct.pack("<I", len(rows)))
        parts += [struct.pack(f"<{len(row)}f", *row) for row in rows]
    return b"".join(parts)


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
