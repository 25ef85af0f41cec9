"""Signs and traffic lights of a map: where they stand, which lanes they are for, and which lights change together.

As CARLA makes them of OpenDRIVE: each signal that a lane of a junction's connecting road refers to concerns the lane
that leads into it, and there, before the stop line, lies the volume in which vehicles are told of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.world.conflicts import lanes, watched
from simulator.world.footing import Footing
from simulator.world.opendrive import Link, Network, Road, Section, Signal, SignalReference

Array = NDArray[np.float64]

VOLUME_LENGTH, VOLUME_HEIGHT = 3.0, 2.0
"""[m]; CARLA's trigger boxes (UTrafficLightComponent), half as wide as their lane."""

STOP_GAP = 1.5
"""Metres between the end of a volume and the end of its lane."""

HEAD_SHIFT = 0.25
"""Metres by which CARLA's map code moves lights along their heading."""


class Kind(Enum):
    """What a sign asks for."""

    LIGHT = "light"
    STOP = "stop"
    YIELD = "yield"
    SPEED = "speed"


_KINDS = {"1000001": Kind.LIGHT, "206": Kind.STOP, "205": Kind.YIELD, "274": Kind.SPEED}
"""By OpenDRIVE type, as CARLA writes them (German codes)."""


@dataclass(frozen=True, eq=False)
class Volume:
    """The box over a lane in which a vehicle is at a sign.

    Attributes:
        world_from_box: (4, 4), x along the traffic. half: (3,) half sizes [m].
        road, lane: where it lies; width: the lane's [m].
        turns: ids of the junction's roads that traffic enters from here, obeying the sign.
    """

    world_from_box: Array
    half: Array
    road: str
    lane: int
    width: float
    turns: tuple[str, ...]

    @property
    def stop_line(self) -> Array:
        """Middle (3,) of the line before which vehicles stop [m]."""
        return self.world_from_box[:3, 3] + (self.half[0] + STOP_GAP) * self.world_from_box[:3, 0]


@dataclass(frozen=True, eq=False)
class Sign:
    """One sign or traffic light.

    Attributes:
        id: OpenDRIVE's.
        limit: [km/h or mph, as the sign shows], of speed limits; 0 otherwise.
        world_from_sign: (4, 4) as CARLA places its actor: x to the right of the traffic it is for, y along it.
        world_from_post: (4, 4), its foot on the ground, x towards the traffic that it is for.
        arm: [m] from its foot to the middle of the nearest of its lanes, to the left as its traffic sees it.
        on_lane: whether it stands where vehicles drive.
        volumes: one a lane.
        junction: the junction that it guards; "" is none.
        watched: where a stop or yield sign's drivers look for others: poses (4, 4) and half sizes (3,) [m].
    """

    id: str
    kind: Kind
    limit: int
    world_from_sign: Array
    world_from_post: Array
    arm: float
    volumes: tuple[Volume, ...]
    junction: str
    watched: tuple[tuple[Array, Array], ...] = ()
    on_lane: bool = False

    def box(self) -> tuple[Array, Array]:
        """Centre (3,) and whole sizes (3,) [m], in the sign's frame, of the box around all its volumes."""
        if not self.volumes:
            return np.zeros(3), np.zeros(3)
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
        corners = np.concatenate(
            [(v.half * signs) @ v.world_from_box[:3, :3].T + v.world_from_box[:3, 3] for v in self.volumes]
        )
        local = (corners - self.world_from_sign[:3, 3]) @ self.world_from_sign[:3, :3]
        low, high = local.min(axis=0), local.max(axis=0)
        return (low + high) / 2, high - low


@dataclass(frozen=True, eq=False)
class Signage:
    """All signs of a map.

    Attributes:
        signs: lights first, each kind in the order of the text.
        groups: of lights that take turns: a group is phases, a phase is ids of lights that are green together.
        junctions: id of each group's junction; "" is none.
    """

    signs: tuple[Sign, ...] = ()
    groups: tuple[tuple[tuple[str, ...], ...], ...] = ()
    junctions: tuple[str, ...] = ()


def signage(network: Network, footing: Footing) -> Signage:
    """The signs of a network, on the ground that ``footing`` finds.

    What is painted on the road (stop stencils) is none, as in CARLA.
    """
    roads = {road.id: road for road in network.roads}
    references: dict[str, list[tuple[Road, SignalReference]]] = defaultdict(list)
    for road in network.roads:
        for reference in road.references:
            references[reference.signal].append((road, reference))
    controlled = {signal for controller in network.controllers for signal in controller.signals}
    minded = {
        junction.id
        for junction in network.junctions
        for controller in network.controllers
        if controller.id in junction.controllers
    }
    signs = []
    for road in network.roads:
        for signal in road.signals:
            kind = _KINDS.get(signal.code)
            if kind is None or signal.name == "Stencil_STOP":
                continue
            # CARLA's maps hold lights on connecting roads that none of the junction's controllers knows: not set up
            if kind is Kind.LIGHT and signal.id not in controlled and road.junction in minded:
                continue
            signs.append(_sign(road, signal, kind, references[signal.id], roads))
    signs.sort(key=lambda sign: list(Kind).index(sign.kind))
    signs = _settled(network, footing, signs)
    groups = _groups(network, [sign for sign in signs if sign.kind is Kind.LIGHT])
    return Signage(tuple(signs), tuple(phases for _, phases in groups), tuple(junction for junction, _ in groups))


def _sign(
    road: Road,
    signal: Signal,
    kind: Kind,
    references: Iterable[tuple[Road, SignalReference]],
    roads: Mapping[str, Road],
) -> Sign:
    s = np.array([signal.s])
    heading = float(road.reference(s)[2][0]) + signal.heading
    place = road.points(s, np.array([signal.t]))[0][0]
    place[2] = float(road.elevation(s)[0]) + signal.z_offset
    if kind is Kind.LIGHT:
        place[:2] += HEAD_SHIFT * np.array([np.cos(heading), np.sin(heading)])
    volumes, junctions = _volumes(references, roads)
    if volumes:
        forward = np.sum([volume.world_from_box[:2, 0] for volume in volumes], axis=0)
        traffic = float(np.arctan2(forward[1], forward[0]))
    else:
        traffic = heading if signal.forward else heading + np.pi
    left = np.array([-np.sin(traffic), np.cos(traffic)])
    arms = [float((volume.stop_line[:2] - place[:2]) @ left) for volume in volumes]
    limit = 0
    if kind is Kind.SPEED:
        limit = int(signal.subtype) if signal.subtype.isdigit() and int(signal.subtype) > 0 else round(signal.value)
    junction = junctions[0] if junctions else ""
    looks: list[tuple[Array, Array]] = []
    if kind in (Kind.STOP, Kind.YIELD) and junction:
        turns = {turn for volume in volumes for turn in volume.turns}
        looks = watched(roads, junction, turns, {volume.road for volume in volumes})
    return Sign(
        id=signal.id,
        kind=kind,
        limit=limit,
        world_from_sign=_frame(place, heading - np.pi / 2),
        world_from_post=_frame(place, traffic + np.pi),
        arm=min(arms, key=abs, default=0.0),
        volumes=volumes,
        junction=junction,
        watched=tuple(looks),
    )


def _volumes(
    references: Iterable[tuple[Road, SignalReference]], roads: Mapping[str, Road]
) -> tuple[tuple[Volume, ...], list[str]]:
    """A sign's volumes, and the junctions that it guards."""
    found: dict[tuple[str, int], tuple[Road, Section, float, float]] = {}
    turns: dict[tuple[str, int], list[str]] = defaultdict(list)
    junctions = []
    for road, reference in references:
        for lane in reference.lanes:
            here, section, number, s = road, _section(road, reference.s), lane, reference.s
            if road.junction != "-1":
                junctions.append(road.junction)
                entry = _entry(road, lane, reference.s, roads)
                if entry is not None:
                    here, section, number, s = entry
            else:
                link = road.after if lane < 0 else road.before
                if link is not None and link.kind == "junction":
                    junctions.append(link.id)
            kind = section.lanes[number].kind
            width = float(section.lanes[number].width(np.array([s - section.start]))[0])
            if kind != "driving" or width <= 0:
                continue
            key = here.id, number
            found.setdefault(key, (here, section, s, width))
            if road.junction != "-1":
                turns[key].append(road.id)
    volumes = tuple(
        _volume(road, section, lane, s, width, tuple(dict.fromkeys(turns[road.id, lane])))
        for (_, lane), (road, section, s, width) in found.items()
    )
    return volumes, list(dict.fromkeys(junctions))


def _section(road: Road, s: float) -> Section:
    return next(section for section in reversed(road.sections) if section.start <= s + 1e-6)


def _entry(road: Road, lane: int, s: float, roads: Mapping[str, Road]) -> tuple[Road, Section, int, float] | None:
    """The lane that leads into a connecting road's lane: road, section, lane and the s [m] at which it ends."""
    sections = list(road.sections if lane < 0 else reversed(road.sections))
    index = sections.index(_section(road, s))
    number: int | None = lane
    for section in reversed(sections[: index + 1]):
        held = section.lanes.get(number) if number is not None else None
        if held is None:
            return None
        number = held.before if lane < 0 else held.after
    link: Link | None = road.before if lane < 0 else road.after
    if link is None or number is None or link.kind != "road" or link.id not in roads:
        return None
    before = roads[link.id]
    if before.junction != "-1":
        return None
    section = before.sections[0 if link.contact == "start" else -1]
    if number not in section.lanes or number == 0:
        return None
    return before, section, number, 0.0 if link.contact == "start" else before.length


def _volume(road: Road, section: Section, lane: int, s: float, width: float, turns: tuple[str, ...]) -> Volume:
    way = 1.0 if lane < 0 else -1.0
    middle = np.clip(s - way * (VOLUME_LENGTH / 2 + STOP_GAP), section.start + 1e-5, section.end - 1e-5)
    at = np.array([middle])
    borders = road.borders(section, at)
    t = (borders[lane] + borders[lane - int(np.sign(lane))]) / 2
    point, up = road.points(at, t)
    heading = float(road.reference(at)[2][0]) + (0.0 if lane < 0 else np.pi)
    frame = np.eye(4)
    forward = np.array([np.cos(heading), np.sin(heading), 0.0])
    left = np.cross(up[0], forward)
    left /= np.linalg.norm(left)
    frame[:3, :3] = np.stack([np.cross(left, up[0]), left, up[0]], axis=-1)
    frame[:3, 3] = point[0]
    half = np.array([VOLUME_LENGTH / 2, width / 4, VOLUME_HEIGHT / 2])
    return Volume(frame, half, road.id, lane, width, turns)


def _frame(place: Array, yaw: float) -> Array:
    frame = np.eye(4)
    frame[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    frame[:3, 3] = place
    return frame


def _groups(network: Network, lights: list[Sign]) -> list[tuple[str, tuple[tuple[str, ...], ...]]]:
    """Junction and phases of each group: controllers of a junction take turns; lights without one, approach by
    approach."""
    known = {light.id for light in lights}
    controllers = {controller.id: controller for controller in network.controllers}
    phases: dict[str, list[tuple[str, ...]]] = defaultdict(list)  # by junction, or "controller id" without one
    taken: set[str] = set()

    def take(group: str, signals: Iterable[str]) -> None:
        fresh = tuple(dict.fromkeys(signal for signal in signals if signal in known and signal not in taken))
        if fresh:
            phases[group].append(fresh)
            taken.update(fresh)

    for junction in network.junctions:
        for number in junction.controllers:
            if number in controllers:
                take(junction.id, controllers[number].signals)
    for controller in network.controllers:  # those of no junction
        take(f"controller {controller.id}", controller.signals)
    approaches: dict[str, dict[tuple[str, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for light in lights:
        if light.id not in taken:
            roads = tuple(sorted({volume.road for volume in light.volumes}))
            approaches[light.junction or f"light {light.id}"][roads].append(light.id)
    for group, by_road in approaches.items():
        for signals in by_road.values():
            take(group, signals)
    junctions = {junction.id for junction in network.junctions}
    return [(group if group in junctions else "", tuple(turns)) for group, turns in phases.items()]


def _settled(network: Network, footing: Footing, signs: Sequence[Sign]) -> list[Sign]:
    """The signs with their feet on the ground, and whether that is a lane."""
    if not signs:
        return []
    feet = np.array([sign.world_from_post[:2, 3] for sign in signs])
    tree = shapely.STRtree(shapely.points(feet))
    found = [tree.query(area, predicate="contains") for road in network.roads for _, area in lanes(road)]
    on_lane = set(np.concatenate(found).tolist())
    settled = []
    for index, (sign, height) in enumerate(zip(signs, footing(feet)[0], strict=True)):
        pose = sign.world_from_post.copy()
        pose[2, 3] = height
        settled.append(replace(sign, world_from_post=pose, on_lane=index in on_lane))
    return settled
