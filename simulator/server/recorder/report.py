"""What a recorder file tells, as text in CARLA's layout."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.server.actors import LAMPS
from simulator.server.recorder import layout
from simulator.server.recorder.layout import Damaged, Packet
from simulator.server.recorder.recording import Frame, Recording

LONGEST = 1 << 25
"""Characters; a report that is longer ends there and says so."""

CATEGORIES = "ovwt"
"""Other, vehicle, walker, traffic light: letters of ``layout.ActorKind``; signs and sensors count as other."""
HERO, ANY = "h", "a"

_LIGHTS = {
    "position": "Position",
    "low_beam": "LowBeam",
    "high_beam": "HighBeam",
    "brake": "Brake",
    "right": "RightBlinker",
    "left": "LeftBlinker",
    "reverse": "Reverse",
    "fog": "Fog",
    "interior": "Interior",
}
_WEATHER = (
    "Cloudiness", "Precipitation", "PrecipitationDeposits", "WindIntensity", "SunAzimuthAngle", "SunAltitudeAngle",
    "FogDensity", "FogDistance", "FogFalloff", "Wetness", "ScatteringIntensity", "MieScatteringScale",
    "RayleighScatteringScale", "DustStorm",
)  # fmt: skip
_DOORS = ("Front Left", "Front Right", "Rear Left", "Rear Right", "Hood", "Trunk", "All")


def file_info(path: Path, everything: bool) -> str:
    """Events of each frame; ``everything`` also tells all states."""
    events = [Packet.EVENT_ADD, Packet.EVENT_DEL, Packet.EVENT_PARENT, Packet.COLLISION, Packet.WEATHER]
    wanted = [*events, *_STATES, *_SINGLE] if everything else events

    def lines(recording: Recording) -> Iterator[str]:
        last = Frame(0, 0.0, [])
        for last in recording.frames(wanted):
            told = [line for kind, body in last.packets for line in _told(kind, body, everything)]
            if told or everything:
                yield f"Frame {last.number} at {_g(last.elapsed)} seconds"
                yield from told
                yield ""
        yield from _end(last)

    return _report(path, lines)


def collisions(path: Path, first: str, second: str) -> str:
    """Collisions between two categories: o, v, w, t of ``CATEGORIES``, h for heroes, a for all; each once it begins."""

    def lines(recording: Recording) -> Iterator[str]:
        yield f"{'Time':>8} {'Types':>6} {'Id':>6} {'Actor 1':<35} {'Id':>6} {'Actor 2':<35}"
        actors: dict[int, tuple[str, str]] = {layout.NOBODY: ("o", "")}
        touching: set[tuple[int, int]] = set()
        last = Frame(0, 0.0, [])
        for last in recording.frames((Packet.EVENT_ADD, Packet.COLLISION)):
            before, touching = touching, set()
            for kind, body in last.packets:
                if kind == Packet.EVENT_ADD:
                    for actor in layout.read_added(body):
                        letter = CATEGORIES[actor.kind] if actor.kind < len(CATEGORIES) else "o"
                        actors[actor.actor_id] = letter, actor.type_id
                    continue
                for record in layout.read_table(kind, body):
                    pair = int(record["first"]), int(record["second"])
                    (letter, name), (other, other_name) = (actors.get(actor_id, ("o", "")) for actor_id in pair)
                    if not _counts(first, letter, record["heroes"][0]) or not _counts(
                        second, other, record["heroes"][1]
                    ):
                        continue
                    touching.add(pair)
                    if pair not in before:
                        yield (
                            f"{last.elapsed:>8.0f}   {letter} {other}  {pair[0]:>6} {name:<35}"
                            f" {pair[1]:>6} {other_name:<35}"
                        )
        yield from _end(last)

    return _report(path, lines)


def actors_blocked(path: Path, min_time: float, min_distance: float) -> str:
    """Actors that moved less than ``min_distance`` [cm] for ``min_time`` [s] or longer, the longest first."""

    def lines(recording: Recording) -> Iterator[str]:
        yield f"{'Time':>8} {'Id':>6} {'Actor':<35} {'Duration':>10}"
        names: dict[int, str] = {}
        stands: dict[int, tuple[float, NDArray[Any]]] = {}
        found: list[tuple[float, float, int]] = []
        last = Frame(0, 0.0, [])
        for last in recording.frames((Packet.EVENT_ADD, Packet.POSITION)):
            for kind, body in last.packets:
                if kind == Packet.EVENT_ADD:
                    names.update((actor.actor_id, actor.type_id) for actor in layout.read_added(body))
                    continue
                table = layout.read_table(kind, body)
                for actor_id, place in zip(table["id"].tolist(), table["location"], strict=True):
                    since, there = stands.setdefault(actor_id, (last.elapsed, place))
                    if np.linalg.norm(place - there) >= min_distance:
                        found.append((last.elapsed - since, since, actor_id))
                        stands[actor_id] = last.elapsed, place
        found += [(last.elapsed - since, since, actor_id) for actor_id, (since, _) in stands.items()]
        for duration, since, actor_id in sorted(found, reverse=True):
            if duration >= min_time:
                yield f"{since:>8.0f} {actor_id:>6} {names.get(actor_id, ''):<35} {duration:>10.0f}"
        yield from _end(last)

    return _report(path, lines)


def _report(path: Path, lines: Callable[[Recording], Iterator[str]]) -> str:
    """Heading and lines, or what is wrong with the file."""
    try:
        recording = Recording(path)
    except FileNotFoundError:
        return f"File {path} not found on server\n"
    except (OSError, Damaged) as error:
        return f"{error}\n"
    version, date, map_name = recording.header
    told = [f"Version: {version}", f"Map: {map_name}", f"Date: {_date(date)}", ""]
    length = 0
    try:
        for line in lines(recording):
            told.append(line)
            length += len(line) + 1
            if length > LONGEST:
                told.append(f"... and more: this report ends after {LONGEST >> 20} million characters")
                break
    except Damaged as error:
        told += ["", f"The file is damaged behind this: {error}"]
    return "\n".join(told) + "\n"


def _date(seconds: int) -> str:
    try:
        return time.strftime("%x %X", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return "unknown"


def _end(last: Frame) -> Iterator[str]:
    yield ""
    yield f"Frames: {last.number}"
    yield f"Duration: {_g(last.elapsed)} seconds"


def _g(value: float) -> str:
    """A number as C++ streams write it."""
    return f"{float(value):g}"


def _vector(values: NDArray[Any]) -> str:
    return f"({', '.join(_g(value) for value in values)})"


def _counts(wanted: str, letter: str, hero: bool) -> bool:
    return wanted in (ANY, letter) or (wanted == HERO and bool(hero))


def _told(kind: Packet, body: bytes, everything: bool) -> Iterator[str]:
    """One packet's lines."""
    if kind == Packet.PHYSICS_CONTROL:
        yield f" Physics Control events: {layout.Reader(body).take('H')[0]}"
    elif kind in _SINGLE:
        yield f" Current platform time: {_g(layout.Reader(body).take('d')[0])}"
    elif kind == Packet.EVENT_ADD:
        for actor in layout.read_added(body):
            yield f" Create {actor.actor_id}: {actor.type_id} ({actor.kind}) at {_vector(np.array(actor.location))}"
            yield from (f"  {name} = {value}" for _, name, value in actor.attributes)
    elif kind in _EVENTS:
        yield from (_EVENTS[kind](record) for record in layout.read_table(kind, body))
    else:
        title, line = _STATES.get(kind, ("Weathers", _weather))
        records = layout.read_table(kind, body)
        if len(records) or everything:
            yield f" {title}: {len(records)}"
        yield from (f"  {line(record)}" for record in records)


def _collision(record: np.void) -> str:
    first, second = (" (hero) " if hero else "" for hero in record["heroes"])
    return f" Collision id {record['id']} between {record['first']}{first} with {record['second']}{second}"


def _weather(record: np.void) -> str:
    return " ".join(f"{name}: {_g(value)}" for name, value in zip(_WEATHER, record["parameters"], strict=True))


def _lamps(record: np.void) -> str:
    lit = [_LIGHTS[name] for name, bit in LAMPS.items() if name in _LIGHTS and record["flags"] & bit]
    lit += [f"Special{number}" for number, bit in ((1, 512), (2, 1024)) if record["flags"] & bit]
    return " ".join(lit) or "None"


def _box(record: np.void) -> str:
    return f"Id: {record['id']} origin: {_vector(record['origin'])} extension: {_vector(record['extent'])}"


_EVENTS: dict[Packet, Callable[[np.void], str]] = {
    Packet.EVENT_DEL: lambda record: f" Destroy {record['id']}",
    Packet.EVENT_PARENT: lambda record: f" Parenting {record['id']} with {record['parent']} (parent)",
    Packet.COLLISION: _collision,
}
_SINGLE = (Packet.PLATFORM_TIME, Packet.PHYSICS_CONTROL)
_STATES: dict[Packet, tuple[str, Callable[[np.void], str]]] = {
    Packet.POSITION: (
        "Positions",
        lambda r: f"Id: {r['id']} Location: {_vector(r['location'])} Rotation: {_vector(r['rotation'])}",
    ),
    Packet.STATE: (
        "State traffic lights",
        lambda r: f"Id: {r['id']} state: {r['state']} frozen: {int(r['frozen'])} elapsedTime: {_g(r['elapsed'])}",
    ),
    Packet.ANIM_VEHICLE: (
        "Vehicle animations",
        lambda r: (
            f"Id: {r['id']} Steering: {_g(r['steer'])} Throttle: {_g(r['throttle'])} Brake: {_g(r['brake'])}"
            f" Handbrake: {int(r['hand_brake'])} Gear: {r['gear']}"
        ),
    ),
    Packet.ANIM_WALKER: ("Walker animations", lambda r: f"Id: {r['id']} speed: {_g(r['speed'])}"),
    Packet.VEHICLE_LIGHT: ("Vehicle light animations", lambda r: f"Id: {r['id']} {_lamps(r)}"),
    Packet.VEHICLE_DOOR: (
        "Vehicle door animations",
        lambda r: f"Id: {r['id']} {_DOORS[min(r['door'], 6)]} {'opened' if r['open'] else 'closed'}",
    ),
    Packet.SCENE_LIGHT: (
        "Scene light changes",
        lambda r: (
            f"Id: {r['id']} enabled: {r['on']} intensity: {_g(r['intensity'])} RGB_color: {_vector(r['color'][:3])}"
        ),
    ),
    Packet.KINEMATICS: (
        "Dynamic actors",
        lambda r: (
            f"Id: {r['id']} linear_velocity: {_vector(r['velocity'])}"
            f" angular_velocity: {_vector(r['angular_velocity'])}"
        ),
    ),
    Packet.BOUNDING_BOX: ("Actor bounding boxes", _box),
    Packet.TRIGGER_VOLUME: ("Actor trigger volumes", _box),
    Packet.TRAFFIC_LIGHT_TIME: (
        "Traffic Light time events",
        lambda r: f"Id: {r['id']} green_time: {_g(r['green'])} yellow_time: {_g(r['yellow'])} red_time: {_g(r['red'])}",
    ),
}
