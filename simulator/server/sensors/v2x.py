"""V2X radios: cooperative awareness messages (ETSI EN 302 637-2) and messages of the client's own."""

from __future__ import annotations

import struct
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import degrees, isfinite
from typing import Any

import numpy as np

from assets.tags import Tag
from simulator.server.actors import Actor
from simulator.server.blueprints import Kind
from simulator.server.sensors.inertial import compass
from simulator.server.sensors.radio import Channel, Path, Sight
from simulator.server.sensors.sensor import Moment, Sensor
from simulator.server.streams import StreamServer
from simulator.server.wire import Array

PROTOCOL, CUSTOM, AWARENESS = 2, 0, 2
"""Version and kinds of messages in the header of ETSI's packets."""
LONGEST_MESSAGE = 99
"""Bytes of a custom message; the client's structure holds 100 with the closing zero."""
MOST_QUEUED = 64
"""Custom messages of one sensor that wait for a tick; the oldest go."""
ROADSIDE_PERIOD, LOW_FREQUENCY_PERIOD = 0.5, 0.5
"""[s]."""
SURFACES = 8
"""Surfaces between two antennas that are looked at."""

_STATION = {
    Tag.PEDESTRIANS: 1, Tag.BICYCLE: 2, Tag.RIDER: 2, Tag.MOTORCYCLE: 4, Tag.CAR: 5, Tag.BUS: 6, Tag.TRUCK: 7,
    Tag.TRAIN: 11,
}  # fmt: skip
UNKNOWN, SPECIAL, ROADSIDE = 0, 10, 15
"""ETSI's station types."""
PUBLIC_TRANSPORT, EMERGENCY = 1, 6
"""ETSI's vehicle roles."""

_HEADER = [("power", "<f4", 0), ("version", "<i8", 8), ("kind", "<i8", 16), ("station", "<i8", 24)]


def _layout(size: int, fields: Sequence[tuple[str, str, int]]) -> np.dtype[np.void]:
    names, formats, offsets = zip(*fields, strict=True)
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})


CUSTOM_MESSAGE = _layout(136, [*_HEADER, ("text", "S100", 32)])
AWARENESS_MESSAGE = _layout(
    464,
    [
        *_HEADER,
        *((name, "<i8", offset) for name, offset in (
            ("generated", 32), ("type", 40), ("latitude", 48), ("longitude", 56), ("major", 64), ("minor", 72),
            ("orientation", 80), ("altitude", 88), ("altitude_confidence", 96), ("high", 104), ("heading", 112),
            ("heading_confidence", 120), ("speed", 128), ("speed_confidence", 136), ("backward", 144), ("length", 152),
            ("length_confidence", 160), ("width", 168), ("along", 176), ("along_confidence", 184), ("curvature", 192),
            ("curvature_confidence", 200), ("curvature_mode", 208), ("yaw_rate", 216), ("yaw_rate_confidence", 224),
            ("across", 280), ("across_confidence", 288), ("up", 304), ("up_confidence", 312), ("low", 408),
            ("role", 416),
        )),
        ("has_across", "?", 272), ("has_up", "?", 296), ("lights", "u1", 424),
    ],
)  # fmt: skip
"""As the 0.9.16 client lays ``CAMData`` out (read from its debug information); what is not named stays zero."""


class Radio(Sensor):
    """A V2X sensor: sends what ``outgoing`` makes, and hears what others of its kind on its channel send."""

    def __init__(self, values: Mapping[str, str], seed: int, actor_id: int, streams: StreamServer) -> None:
        self.channel = Channel(values)
        super().__init__(values, seed, actor_id, streams)

    @abstractmethod
    def outgoing(self, moment: Moment, actor: Actor) -> list[bytes]:
        """Messages that it broadcasts in this tick; the receiver fills in the power."""

    def measure(self, moment: Moment, actor: Actor) -> None:
        """Nothing on its own: ``exchange`` lets all radios send before any hears."""


class CustomRadio(Radio):
    """sensor.other.v2x_custom: broadcasts the texts that clients give it, once."""

    code = 21

    def __init__(self, values: Mapping[str, str], seed: int, actor_id: int, streams: StreamServer) -> None:
        super().__init__(values, seed, actor_id, streams)
        self._queue: list[bytes] = []

    def queue(self, message: str) -> None:
        """Broadcast a text in the next tick; what is longer than 99 bytes is cut."""
        self._queue = [*self._queue, message.encode()[:LONGEST_MESSAGE]][-MOST_QUEUED:]

    def outgoing(self, moment: Moment, actor: Actor) -> list[bytes]:
        """What was queued since the last tick."""
        queued, self._queue = self._queue, []
        rows = np.zeros(len(queued), CUSTOM_MESSAGE)
        rows["version"], rows["kind"] = PROTOCOL, CUSTOM
        rows["station"] = actor.actor_id if actor.parent is None else actor.parent.actor_id
        rows["text"] = queued
        return [row.tobytes() for row in np.split(rows, len(rows))] if queued else []


class AwarenessRadio(Radio):
    """sensor.other.v2x: where its vehicle is, as often as ETSI EN 302 637-2 wants it; from a post, each half second."""

    code = 20

    def __init__(self, values: Mapping[str, str], seed: int, actor_id: int, streams: StreamServer) -> None:
        super().__init__(values, seed, actor_id, streams)
        self._told: tuple[float, Array, float, float] | None = None  # when, where, heading [deg], speed
        self._told_low = -np.inf
        self._period = self._longest = self.number("gen_cam_max")
        self._steady = 0

    def due(self, moment: Moment) -> bool:
        """It hears in every tick: ``gen_cam_max`` is the period of what it sends."""
        return self.heard

    def outgoing(self, moment: Moment, actor: Actor) -> list[bytes]:
        """The message, if one is due."""
        carrier = actor if actor.parent is None else actor.parent
        vehicle = carrier.body if carrier.blueprint.kind is Kind.VEHICLE else None
        pose = carrier.world_from_actor
        heading = degrees(compass(pose))
        speed = 0.0 if vehicle is None else float(vehicle.velocity @ pose[:3, 0])
        state = moment.elapsed, pose[:3, 3].copy(), heading, speed
        if not self._wanted(state, vehicle is None, moment.dt):
            return []
        self._told = state
        return [self._message(moment, carrier, heading, speed)]

    def _wanted(self, state: tuple[float, Array, float, float], roadside: bool, dt: float) -> bool:
        if self._told is None:
            return True
        now, place, heading, speed = state
        then, told_place, told_heading, told_speed = self._told
        slack = 1e-3 * dt
        gone = now - then + slack
        if roadside:
            return gone >= ROADSIDE_PERIOD
        if gone < self.number("gen_cam_min"):
            return False
        if self.flag("fixed_rate"):
            return True
        turned = abs((heading - told_heading + 180) % 360 - 180)
        if turned > 4 or np.linalg.norm(place - told_place) > 4 or abs(speed - told_speed) > 0.5:
            self._period, self._steady = min(gone, self._longest), 0
            return True
        if gone < self._period:
            return False
        self._steady += 1
        if self._steady >= 3:  # N_GenCam of the standard
            self._period = self._longest
        return True

    def _noise(self, name: str, bias: bool = True) -> float:
        offset = self.number(f"noise_{name}_bias") if bias else 0.0
        return offset + self.number(f"noise_{name}_stddev") * float(self.random.standard_normal())

    def _message(self, moment: Moment, carrier: Actor, heading: float, speed: float) -> bytes:
        row = np.zeros((), AWARENESS_MESSAGE)
        row["version"], row["kind"] = PROTOCOL, AWARENESS
        row["station"], row["type"] = carrier.actor_id, _station_type(carrier)
        row["generated"] = round(moment.elapsed * 1000) % 65536
        latitude, longitude, altitude = moment.road_map.geolocation(carrier.world_from_actor[:3, 3])
        row["latitude"] = round((latitude + self._noise("lat")) * 1e6) * 10
        row["longitude"] = round((longitude + self._noise("lon")) * 1e6) * 10
        row["altitude"], row["altitude_confidence"] = round((altitude + self._noise("alt")) * 100), 15
        row["major"], row["minor"], row["orientation"] = 4095, 4095, 3601
        if carrier.blueprint.kind is Kind.VEHICLE:
            self._tell_motion(row, moment, carrier, heading, speed)
        return row.tobytes()

    def _tell_motion(self, row: Any, moment: Moment, carrier: Actor, heading: float, speed: float) -> None:
        """The containers of vehicles; accelerations and yaw rate positive forward, left, up and to the left."""
        body = carrier.require_body()
        length, width, _ = body.model.size
        row["high"] = 1
        row["heading"], row["heading_confidence"] = round((heading + self._noise("head")) % 360 * 10), 10
        told = speed + self.number("noise_vel_stddev_x") * float(self.random.standard_normal())
        row["speed"], row["speed_confidence"] = min(max(round(abs(told) * 100), 0), 16382), 3
        row["backward"] = int(speed < -0.01)
        row["length"], row["length_confidence"], row["width"] = round(length * 10), 4, round(width * 10)
        felt = carrier.world_from_actor[:3, :3].T @ (body.acceleration + np.array([0, 0, moment.gravity]))
        for name, value, axis in zip(("along", "across", "up"), felt, "xyz", strict=True):
            noisy = value + self.number(f"noise_accel_stddev_{axis}") * float(self.random.standard_normal())
            row[name] = round(noisy * 10) if -16.0 <= noisy <= 16.0 else 161
            row[f"{name}_confidence"] = 102
        row["has_across"], row["has_up"] = True, True
        row["curvature"], row["curvature_confidence"], row["curvature_mode"] = 30001, 7, 0
        spin = degrees(float(body.angular_velocity[2]) + self._noise("yawrate"))
        row["yaw_rate"] = round(spin * 100) if abs(spin * 100) <= 32766 else 32767
        row["yaw_rate_confidence"] = 8
        if moment.elapsed - self._told_low >= LOW_FREQUENCY_PERIOD - 1e-3 * moment.dt:
            self._told_low = moment.elapsed
            row["low"], row["lights"] = 1, _exterior_lights(carrier.lights)
            row["role"] = {6: PUBLIC_TRANSPORT, SPECIAL: EMERGENCY}.get(int(row["type"]), 0)


Sent = list[tuple[Actor, float, list[bytes]]]
"""Who sends, with what power [dBm], and what."""


def exchange(moment: Moment) -> None:
    """Let all radios send, then let those that are listened to hear."""
    sensors = [(actor, actor.sensor) for actor in moment.actors.values() if actor.sensor is not None]
    radios = [(actor, sensor) for actor, sensor in sensors if isinstance(sensor, Radio)]
    if not radios:
        return
    air: dict[tuple[int, str], Sent] = defaultdict(list)
    for actor, radio in radios:
        if messages := radio.outgoing(moment, actor):
            air[radio.code, radio.values["channel_id"]].append((actor, radio.channel.power, messages))
    for actor, radio in radios:
        sent = [item for item in air[radio.code, radio.values["channel_id"]] if item[0] is not actor]
        if sent and radio.due(moment):
            _hear(moment, actor, radio, sent)


def _hear(moment: Moment, actor: Actor, radio: Radio, sent: Sent) -> None:
    """Send the client what arrives at one radio, with the power it arrives with."""
    here = actor.world_from_actor[:3, 3]
    near = [item for item in sent if np.linalg.norm(item[0].world_from_actor[:3, 3] - here) < radio.channel.farthest]
    heard = b""
    for (_, power, messages), path in zip(near, _paths(moment, actor, [item[0] for item in near]), strict=True):
        arriving = radio.channel.received(power, path, radio.random)
        if isfinite(arriving):
            heard += b"".join(struct.pack("<f", arriving) + message[4:] for message in messages)
    if heard:
        radio.send(moment, actor, heard)


def _paths(moment: Moment, receiver: Actor, senders: Sequence[Actor]) -> list[Path]:
    """What lies between a receiver and each sender: vehicles, or what no wave goes through."""
    if not senders:
        return []
    here = receiver.world_from_actor[:3, 3]
    there = np.array([sender.world_from_actor[:3, 3] for sender in senders])
    distance = np.maximum(np.linalg.norm(there - here, axis=1), 1e-3)
    ahead = (there - here) / distance[:, None]
    blocked = np.zeros(len(senders), bool)
    between: list[set[int]] = [set() for _ in senders]
    ends = np.array([[receiver.root.actor_id, sender.root.actor_id] for sender in senders])
    gone = np.zeros(len(senders))
    caster = moment.renderers.caster(moment.scene)
    for _ in range(SURFACES):
        starts = (here + ahead * gone[:, None]).astype(np.float32)
        hits = caster.cast(starts, ahead.astype(np.float32), np.ones(len(senders), np.float32), float(distance.max()))
        gone += np.where(np.isfinite(hits.distance), hits.distance + 0.05, np.inf)
        inside = (gone < distance) & ~blocked
        gone = np.where(np.isfinite(gone), gone, distance)
        if not inside.any():
            break
        for index in np.flatnonzero(inside).tolist():
            met = int(hits.object_id[index])
            if met in ends[index]:
                continue
            other = moment.actors.get(met)
            if other is not None and other.blueprint.kind is Kind.VEHICLE:
                between[index].add(met)
            elif int(hits.tag[index]) != Tag.VEGETATION:
                blocked[index] = True
    ground, _ = moment.world.town.ground(np.concatenate([here[None, :2], there[:, :2]]))
    heights = np.maximum(np.concatenate([here[None, 2], there[:, 2]]) - ground, 0.1)
    paths = []
    for k in range(len(senders)):
        sight = Sight.BUILDING if blocked[k] else Sight.VEHICLES if between[k] else Sight.CLEAR
        edges = () if blocked[k] else tuple(_edge(moment, here, there[k], met) for met in sorted(between[k]))
        paths.append(Path(float(distance[k]), (float(heights[0]), float(heights[1 + k])), sight, edges))
    return paths


def _edge(moment: Moment, here: Array, there: Array, actor_id: int) -> tuple[float, float, float]:
    """Distances [m] of a vehicle from both antennas in plan, and how far its roof rises over the line between them."""
    body = moment.world.bodies[actor_id]
    place = body.world_from_body[:3, 3]
    near, far = float(np.linalg.norm(place[:2] - here[:2])), float(np.linalg.norm(place[:2] - there[:2]))
    line = here[2] + (there[2] - here[2]) * near / max(near + far, 1e-3)
    return near, far, float(place[2] + body.model.size[2] - line)


def _station_type(carrier: Actor) -> int:
    if carrier.body is None:
        return ROADSIDE
    if carrier.values.get("special_type") == "emergency":
        return SPECIAL
    return next((_STATION[part.tag] for part in carrier.body.model.parts if part.tag in _STATION), UNKNOWN)


def _exterior_lights(flags: int) -> int:
    """ETSI's bits, lowest first: low beam, high beam, left, right, daytime, reverse, fog, parking; from CARLA's."""
    order = (2, 4, 32, 16, 0, 64, 128, 1)
    return sum(1 << bit for bit, flag in enumerate(order) if flags & flag)
