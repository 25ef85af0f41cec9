"""OpenDRIVE 1.4 geometry, vectorised: where each lane's borders lie, which marks they carry, which signals stand there.

``carla.Map`` answers lane queries one at a time and gives lane centres only; a surface without cracks needs the borders
that neighbouring lanes share. The tests hold this module against ``carla.Map``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from simulator.world.curves import Cubics, Geometry, geometries

Array = NDArray[np.float64]

MARK_WIDTH = 0.12
"""Metres, of painted lines whose width the file does not tell."""
REPEAT_STEP = 2.0
"""[m] between the points of a thing that stretches along a road."""
MOST_COPIES = 100_000
"""Of one object."""


@dataclass(frozen=True)
class Line:
    """One painted line of a mark: ``offset`` [m] to the left of the border, ``start`` [m] after the mark's; painted
    pieces of ``dash`` m with ``gap`` m between them, once only when it is not ``repeats``."""

    width: float
    offset: float
    start: float
    dash: float
    gap: float
    repeats: bool = True


@dataclass(frozen=True)
class Mark:
    """What is painted on a lane's outer border from ``start`` [m] in the road's s. ``kind`` is OpenDRIVE's type, e.g.
    ``solid broken``; ``lines``: where the file tells them one by one."""

    start: float
    kind: str
    color: str
    width: float
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, eq=False)
class Lane:
    """A lane of a section; ``marks`` lie on its outer border (lane 0: on the centre).

    ``before`` and ``after`` are the lanes that it joins in the neighbouring section, or road, towards lower and
    higher s; None where it joins none, or several. ``border``: offset of the outer border from the centre, where the
    file tells that instead of the width. ``heights`` (K, 3): from sOffset [m] on, how high above the road the inner
    and the outer border lie [m]; empty where the file tells nothing.
    """

    id: int
    kind: str
    width: Cubics
    marks: tuple[Mark, ...]
    border: Cubics | None
    heights: Array
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, eq=False)
class Section:
    """Lanes that run side by side over [start, end) m of a road."""

    start: float
    end: float
    lanes: dict[int, Lane]


@dataclass(frozen=True)
class Signal:
    """A sign or light beside a road.

    Attributes:
        s, t: [m], where it stands; z_offset: [m] of its foot above the road.
        heading: [rad], counter-clockwise from the road's direction to where its face looks.
        code, subtype: its type, e.g. 1000001 (traffic light), 206 (stop), 205 (give way), 274 (speed limit) and its
            variant. name, text, unit: as written. value: of limits, in ``unit``.
        dynamic: whether it changes, as lights do.
        height, width: [m], of its face; 0 is not told.
        forward: for traffic along s.
    """

    id: str
    s: float
    t: float
    z_offset: float
    heading: float
    code: str
    subtype: str
    name: str
    value: float
    unit: str
    text: str
    dynamic: bool
    height: float
    width: float
    forward: bool


@dataclass(frozen=True)
class SignalReference:
    """Where traffic obeys a signal: at ``s`` [m] of a road, on its ``lanes`` (ids); every signal refers to itself."""

    signal: str
    s: float
    lanes: tuple[int, ...]


@dataclass(frozen=True)
class Controller:
    """Lights that change together; ``signals`` are their ids."""

    id: str
    signals: tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """What a road's end joins: a ``road`` (at the given end: "start" or "end") or a ``junction``."""

    kind: str
    id: str
    contact: str


@dataclass(frozen=True)
class Junction:
    """A junction; ``controllers`` are the ids of its lights' controllers, in their sequence."""

    id: str
    controllers: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class RoadObject:
    """A thing on or beside road ``road``, e.g. of kind ``crosswalk``.

    Attributes:
        outline: (N, 3) [m], world frame: its border, closed by its first point; without one in the file its rectangle
            or its circle's square.
        line: (N, 3) [m], world frame, along s: the middle of what stretches along the road (OpenDRIVE's ``repeat``
            without a distance); None for all else.
        side: of the road: 1 left, -1 right of its reference line.
        height: [m]; 0 where the file does not tell. heading: [rad], world frame, of its length.
    """

    id: str
    name: str
    kind: str
    road: str
    outline: Array
    subkind: str = ""
    line: Array | None = None
    side: int = -1
    height: float = 0.0
    heading: float = 0.0


@dataclass(frozen=True, eq=False)
class Road:
    """A road: reference line, elevation and lanes.

    ``junction`` is "-1" outside junctions; ``before`` and ``after`` are what joins its start and its end. ``shapes``:
    the cross-section's height over t, at some s. ``bridges``: from and to which s [m] the road is one.
    """

    id: str
    length: float
    junction: str
    kind: str
    before: Link | None
    after: Link | None
    sections: tuple[Section, ...]
    signals: tuple[Signal, ...]
    references: tuple[SignalReference, ...]
    elevation: Cubics
    superelevation: Cubics
    shapes: tuple[tuple[float, Cubics], ...]
    offset: Cubics
    bridges: tuple[tuple[float, float], ...]
    geometries: tuple[Geometry, ...]

    def reference(self, s: Array) -> tuple[Array, Array, Array]:
        """x, y [m] and heading [rad] of the reference line at ``s`` (N,) [m]."""
        x, y, heading = np.empty_like(s), np.empty_like(s), np.empty_like(s)
        index = np.searchsorted([g.s for g in self.geometries], s + 1e-9, side="right") - 1
        for number in np.unique(index):
            chosen, geometry = index == number, self.geometries[max(number, 0)]
            x[chosen], y[chosen], heading[chosen] = geometry.point(s[chosen] - geometry.s)
        return x, y, heading

    def points(self, s: Array, t: Array, lift: float = 0.0) -> tuple[Array, Array]:
        """Positions (N, 3) [m] and unit normals (N, 3) of the surface at ``s`` (N,), ``t`` (N,) (left is positive)."""
        x, y, heading = self.reference(s)
        roll, slope = self.superelevation(s), self.elevation.slope(s)
        cos, sin = np.cos(heading), np.sin(heading)
        across = t * np.cos(roll)
        z = self.elevation(s) + t * np.sin(roll) + lift
        if self.shapes:
            z += self._shape(s, t)
        normal = np.stack([-slope * cos + np.tan(roll) * sin, -slope * sin - np.tan(roll) * cos, np.ones_like(s)], -1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        return np.stack([x - sin * across, y + cos * across, z], -1), normal

    def _shape(self, s: Array, t: Array) -> Array:
        """Height (N,) [m] of the cross-section, linear in s between the places where the file tells it."""
        places = np.array([place for place, _ in self.shapes])
        after = np.clip(np.searchsorted(places, s, side="right"), 1, None)
        height = np.zeros_like(s)
        for number in np.unique(after):
            chosen = after == number
            low, high = self.shapes[number - 1], self.shapes[min(number, len(self.shapes) - 1)]
            share = np.clip((s[chosen] - low[0]) / max(high[0] - low[0], 1e-9), 0, 1)
            height[chosen] = low[1](t[chosen]) * (1 - share) + high[1](t[chosen]) * share
        return height

    def borders(self, section: Section, s: Array) -> dict[int, Array]:
        """Offset t (N,) [m] of each lane's outer border at ``s`` (N,); key 0 is the centre."""
        borders = {0: self.offset(s)}
        for side in (1, -1):
            t = borders[0]
            for number in sorted((k for k in section.lanes if k * side > 0), key=abs):
                lane, ds = section.lanes[number], s - section.start
                if lane.border is not None:
                    t = side * np.maximum(side * (borders[0] + lane.border(ds)), side * t)
                else:
                    t = t + side * np.maximum(lane.width(ds), 0)
                borders[number] = t
        return borders


@dataclass(frozen=True, eq=False)
class Network:
    """An OpenDRIVE text, read. ``origin`` is (latitude, longitude) [deg] of x = y = 0."""

    name: str
    origin: tuple[float, float]
    roads: tuple[Road, ...]
    controllers: tuple[Controller, ...] = ()
    junctions: tuple[Junction, ...] = ()
    objects: tuple[RoadObject, ...] = ()


def read(text: str) -> Network:
    """The network in an OpenDRIVE text; ValueError when it is none or holds no road."""
    try:
        root = ElementTree.fromstring(text.encode())
    except ElementTree.ParseError as error:
        raise ValueError(f"not OpenDRIVE: {error}") from error
    elements = root.findall("road")
    if root.tag != "OpenDRIVE" or not elements:
        raise ValueError("not OpenDRIVE: no road in it")
    roads = tuple(_road(element) for element in elements)
    header = root.find("header")
    projection = root.findtext("header/geoReference") or ""
    found = [re.search(rf"\+{key}=([-+.\deE]+)", projection) for key in ("lat_0", "lon_0")]
    origin = [float(match.group(1)) if match else 0.0 for match in found]
    return Network(
        name=(header.get("name") or "") if header is not None else "",
        origin=(origin[0], origin[1]),
        roads=roads,
        controllers=tuple(
            Controller(e.get("id", ""), tuple(c.get("signalId", "") for c in e.findall("control")))
            for e in root.findall("controller")
        ),
        junctions=tuple(_junction(e) for e in root.findall("junction")),
        objects=tuple(
            thing
            for road, element in zip(roads, elements, strict=True)
            for e in element.findall("objects/object")
            for thing in _objects(e, road)
        ),
    )


def _road(element: ElementTree.Element) -> Road:
    length = float(element.get("length", 0))
    starts = [float(e.get("s", 0)) for e in element.findall("lanes/laneSection")]
    ends = [*starts[1:], length]
    sections = tuple(
        _section(e, start, end)
        for e, start, end in zip(element.findall("lanes/laneSection"), starts, ends, strict=True)
    )
    kind = element.find("type")
    signals = element.findall("signals/signal")
    references = [_reference(e, sections) for e in (*signals, *element.findall("signals/signalReference"))]
    return Road(
        id=element.get("id", ""),
        length=length,
        junction=element.get("junction", "-1"),
        kind=(kind.get("type") or "") if kind is not None else "",
        before=_link(element.find("link/predecessor")),
        after=_link(element.find("link/successor")),
        sections=sections,
        signals=tuple(_signal(e) for e in signals),
        references=tuple(reference for reference in references if reference.lanes),
        elevation=Cubics.read(element.findall("elevationProfile/elevation"), "s"),
        superelevation=Cubics.read(element.findall("lateralProfile/superelevation"), "s"),
        shapes=_shapes(element.findall("lateralProfile/shape")),
        offset=Cubics.read(element.findall("lanes/laneOffset"), "s"),
        bridges=tuple(
            (float(e.get("s") or 0), float(e.get("s") or 0) + float(e.get("length") or 0))
            for e in element.findall("objects/bridge")
        ),
        geometries=geometries(element),
    )


def _shapes(elements: Sequence[ElementTree.Element]) -> tuple[tuple[float, Cubics], ...]:
    places = sorted({float(e.get("s") or 0) for e in elements})
    return tuple((s, Cubics.read([e for e in elements if float(e.get("s") or 0) == s], "t")) for s in places)


def _section(element: ElementTree.Element, start: float, end: float) -> Section:
    lanes = {}
    for lane in element.iter("lane"):
        marks = tuple(sorted((_mark(e, start) for e in lane.findall("roadMark")), key=lambda mark: mark.start))
        lanes[int(lane.get("id", 0))] = Lane(
            id=int(lane.get("id", 0)),
            kind=lane.get("type", "none"),
            width=Cubics.read(lane.findall("width"), "sOffset"),
            border=Cubics.read(lane.findall("border"), "sOffset") if _has_borders(lane) else None,
            heights=np.array(
                sorted([float(e.get(k) or 0) for k in ("sOffset", "inner", "outer")] for e in lane.findall("height"))
            ).reshape(-1, 3),
            marks=marks,
            before=_only(lane.findall("link/predecessor")),
            after=_only(lane.findall("link/successor")),
        )
    return Section(start, end, lanes)


def _has_borders(lane: ElementTree.Element) -> bool:
    """Where a lane tells both, its widths count (OpenDRIVE 1.4, 5.3.7.2.1.1.3)."""
    return lane.find("border") is not None and lane.find("width") is None


def _mark(element: ElementTree.Element, start: float) -> Mark:
    kind = element.find("type")
    width = float(element.get("width") or (kind.get("width") if kind is not None else 0) or 0)
    lines = [_line(e, width, repeats=True) for e in element.findall("type/line")]
    lines += [_line(e, width, repeats=False) for e in element.findall("explicit/line")]
    color = element.get("color") or "standard"
    return Mark(
        start=start + float(element.get("sOffset") or 0),
        kind=element.get("type", "none"),
        color="white" if color == "standard" else color,
        width=width or max((line.width for line in lines), default=0.0) or MARK_WIDTH,
        lines=tuple(line for line in lines if line.dash > 0),
    )


def _line(element: ElementTree.Element, width: float, repeats: bool) -> Line:
    numbers = {key: float(element.get(key) or 0) for key in ("width", "tOffset", "sOffset", "length", "space")}
    return Line(
        numbers["width"] or width or MARK_WIDTH, numbers["tOffset"], numbers["sOffset"], numbers["length"],
        numbers["space"], repeats,
    )  # fmt: skip


def _only(links: Sequence[ElementTree.Element]) -> int | None:
    return int(links[0].get("id", 0)) if len(links) == 1 else None


def _link(element: ElementTree.Element | None) -> Link | None:
    if element is None:
        return None
    return Link(element.get("elementType", "road"), element.get("elementId", ""), element.get("contactPoint", ""))


def _junction(element: ElementTree.Element) -> Junction:
    controllers = sorted(element.findall("controller"), key=lambda e: int(e.get("sequence") or 0))
    return Junction(element.get("id", ""), tuple(e.get("id", "") for e in controllers))


def _signal(element: ElementTree.Element) -> Signal:
    return Signal(
        id=element.get("id", ""),
        s=float(element.get("s", 0)),
        t=float(element.get("t", 0)),
        z_offset=float(element.get("zOffset") or 0),
        heading=float(element.get("hOffset") or 0),
        code=element.get("type", ""),
        subtype=element.get("subtype", ""),
        name=element.get("name", ""),
        value=float(element.get("value") or 0),
        unit=element.get("unit", ""),
        text=element.get("text", ""),
        dynamic=element.get("dynamic") == "yes",
        height=float(element.get("height") or 0),
        width=float(element.get("width") or 0),
        forward=element.get("orientation", "+") != "-",
    )


def _reference(element: ElementTree.Element, sections: Sequence[Section]) -> SignalReference:
    """Without validity a signal is for all lanes of its orientation (OpenDRIVE 1.4, 5.3.8.1.1).

    As for CARLA's client, right lanes (negative ids) run along s in all maps.
    """
    s = float(element.get("s", 0))
    here = next(section for section in reversed(sections) if section.start <= s + 1e-6)
    spans = [(int(e.get("fromLane", 0)), int(e.get("toLane", 0))) for e in element.findall("validity")]
    if not spans:
        along, against = (min(here.lanes), 0), (0, max(here.lanes))
        spans = {"+": [along], "-": [against]}.get(element.get("orientation", "none"), [along, against])
    lanes = {lane for first, last in spans for lane in range(min(first, last), max(first, last) + 1)}
    return SignalReference(element.get("id", ""), s, tuple(sorted(lanes & (here.lanes.keys() - {0}))))


def _objects(element: ElementTree.Element, road: Road) -> list[RoadObject]:
    """An object, or what it is repeated as (OpenDRIVE 1.4, 5.3.8.1.1.1)."""
    repeats = element.findall("repeat")
    if not repeats:
        return [_object(element, road, element.attrib)]
    made = []
    for repeat in repeats:
        start, length, distance = (float(repeat.get(key) or 0) for key in ("s", "length", "distance"))
        end = min(start + length, road.length)
        if not np.isfinite([start, length, distance]).all() or end < start:
            continue
        count = 1 + int((end - start) / (distance or REPEAT_STEP) + 1e-6)
        if count > MOST_COPIES:
            raise ValueError(f"object {element.get('id')} of road {road.id} repeats itself {count} times")
        s = np.array(start + distance * np.arange(count) if distance else np.linspace(start, end, max(count, 2)))
        share = (s - start) / max(end - start, 1e-9)

        def told(key: str, share: Array = share, repeat: ElementTree.Element = repeat) -> Array:
            own = {"zOffset": "zOffset", "height": "height", "width": "width", "t": "t"}[key]
            first, last = (float(repeat.get(f"{key}{end}") or element.get(own) or 0) for end in ("Start", "End"))
            return first + share * (last - first)

        t, lift, height, width = told("t"), told("zOffset"), told("height"), told("width")
        if distance:
            for number in range(count):
                values = {"s": s[number], "t": t[number], "zOffset": lift[number], "height": height[number]}
                made.append(_object(element, road, {**element.attrib, **{k: str(v) for k, v in values.items()}}))
            continue
        up = np.array([0.0, 0.0, 1.0])
        line, left, right = (road.points(s, t + side * width / 2)[0] + lift[:, None] * up for side in (0.0, 1.0, -1.0))
        bare = _object(element, road, element.attrib)
        made.append(
            replace(
                bare, outline=np.concatenate([right, left[::-1]]), line=line, side=1 if t.mean() > 0 else -1,
                height=float(height.max()),
            )
        )  # fmt: skip
    return made


def _object(element: ElementTree.Element, road: Road, told: Mapping[str, str]) -> RoadObject:
    """One object with the attributes ``told``."""
    s, t, lift, height, radius = (float(told.get(key) or 0) for key in ("s", "t", "zOffset", "height", "radius"))
    (origin,), _ = road.points(np.array([s]), np.array([t]), lift)
    corners = element.findall("outline/cornerLocal") or element.findall("outlines/outline/cornerLocal")
    along_road = element.findall("outline/cornerRoad") or element.findall("outlines/outline/cornerRoad")
    _, _, (heading,) = road.reference(np.array([s]))
    angle = heading + float(told.get("hdg") or 0)
    if along_road:
        rows = np.array([[float(e.get(key) or 0) for key in ("s", "t", "dz")] for e in along_road])
        outline = road.points(rows[:, 0], rows[:, 1])[0] + rows[:, 2:] * [0.0, 0.0, 1.0]
    else:
        length, width = (float(told.get(key) or 0) / 2 or radius for key in ("length", "width"))
        local = np.array(
            [[float(e.get(key) or 0) for key in "uvz"] for e in corners]
            or [[length, width, 0.0], [-length, width, 0.0], [-length, -width, 0.0], [length, -width, 0.0]]
        )
        c, k = math.cos(angle), math.sin(angle)
        outline = origin + local @ np.array([[c, k, 0.0], [-k, c, 0.0], [0.0, 0.0, 1.0]])
    if len(outline) > 1 and np.allclose(outline[0], outline[-1]):
        outline = outline[:-1]
    tall = [float(e.get("height") or 0) for e in corners or along_road]
    return RoadObject(
        told.get("id", ""), told.get("name", ""), told.get("type", ""), road.id, outline,
        subkind=told.get("subtype", ""), side=1 if t > 0 else -1, height=max([height, *tall]), heading=float(angle),
    )  # fmt: skip
