"""nuScenes' map expansion (version 1.3), made from a recording's OpenDRIVE text.

The layers are those of nuscenes-devkit's ``NuScenesMap``. CARLA's own map code says where the lanes lie and what
follows what. Metres from the map's south-west corner, as in all of the dataset.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import carla
import numpy as np
import shapely
from numpy.typing import NDArray

from exporters.nuscenes_tables import token

Array = NDArray[np.float64]
Key = tuple[int, int, int]
"""A lane: road, lane section, lane."""

FORMAT = "1.3"
STEP = 1.0
"""[m] between the cross sections of a lane."""
STRAIGHT = 999.999
"""[m]; the radius that nuScenes writes for a straight line."""
STOP_DEPTH = 0.5
"""[m] along the lane; a stop line is an area."""
REACH = 15.0
"""[m] before its end within which a lane's signal must stand."""

SIGNALS = {"1000001": "TRAFFIC_LIGHT", "206": "STOP_SIGN", "205": "YIELD"}
"""OpenDRIVE's types as nuScenes' kinds of stop lines."""

_MARKS = {
    ("Solid", "White"): "SINGLE_SOLID_WHITE",
    ("Solid", "Yellow"): "SINGLE_SOLID_YELLOW",
    ("Broken", "White"): "DOUBLE_DASHED_WHITE",
    ("SolidSolid", "White"): "DOUBLE_SOLID_WHITE",
}
"""nuScenes' kinds of dividers; what it has no word for is ``NIL``."""


@dataclass(eq=False)
class _Lane:
    """A lane along its traffic.

    Attributes:
        key: which one.
        points: CARLA's waypoints from its begin to its end.
        left, right: (N, 2) its borders [m].
        centre: (N, 3) x, y [m] and heading [rad].
        junction: whether it leads through one.
    """

    key: Key
    points: list[carla.Waypoint]
    left: Array
    right: Array
    centre: Array
    junction: bool

    @property
    def shape(self) -> shapely.Polygon:
        return shapely.Polygon(np.concatenate([self.left, self.right[::-1]]))


@dataclass
class _Layers:
    """The layers, row by row. Points in one place are one node: by them the devkit finds what follows a lane."""

    name: str
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    _nodes: dict[tuple[float, float], str] = field(default_factory=dict)

    def add(self, layer: str, *about: object, **row: Any) -> str:
        name = token("map expansion", self.name, layer, *about, len(self.rows[layer]))
        self.rows[layer].append({"token": name, **row})
        return name

    def nodes(self, points: Iterable[Sequence[float]]) -> list[str]:
        return [self._node(round(float(x), 2), round(float(y), 2)) for x, y in points]

    def _node(self, x: float, y: float) -> str:
        if (x, y) not in self._nodes:
            self._nodes[x, y] = self.add("node", x=x, y=y)
        return self._nodes[x, y]

    def line(self, points: Iterable[Sequence[float]]) -> str:
        return self.add("line", node_tokens=self.nodes(points))

    def polygon(self, shape: shapely.Polygon) -> str:
        holes = [{"node_tokens": self.nodes(ring.coords[:-1])} for ring in shape.interiors]
        return self.add("polygon", exterior_node_tokens=self.nodes(shape.exterior.coords[:-1]), holes=holes)


def expansion(name: str, opendrive: str, origin: Array, size: tuple[float, float]) -> str:
    """The map expansion's JSON text of a map.

    Args:
        origin: (2,) [m], world coordinates of the map's south-west corner.
        size: width and height [m] of the map.
    """
    carla_map = carla.Map(name, opendrive)
    lanes = _lanes(carla_map, origin)
    layers = _Layers(name)
    segments = _road_segments(layers, lanes)
    blocks = _road_blocks(layers, lanes, segments)
    tokens = _lane_rows(layers, lanes)
    _dividers(layers, lanes, segments)
    _stop_lines(layers, lanes, blocks, origin)
    _crossings(layers, carla_map, origin)
    _beside(layers, carla_map, origin, blocks)
    table: dict[str, Any] = {layer: layers.rows.get(layer, []) for layer in _LAYERS}
    table |= {
        "version": FORMAT,
        "canvas_edge": [float(size[0]), float(size[1])],
        "arcline_path_3": {tokens[lane.key]: _arclines(lane.centre) for lane in lanes.values()},
        "connectivity": _connectivity(lanes, tokens),
    }
    return json.dumps(table, allow_nan=False)


_LAYERS = (
    "polygon", "line", "node", "drivable_area", "road_segment", "road_block", "lane", "ped_crossing", "walkway",
    "stop_line", "carpark_area", "road_divider", "lane_divider", "traffic_light", "lane_connector",
)  # fmt: skip


def _lanes(carla_map: carla.Map, origin: Array) -> dict[Key, _Lane]:
    """Driving lanes by key, in the order of their keys."""
    found: dict[Key, list[carla.Waypoint]] = defaultdict(list)
    for waypoint in carla_map.generate_waypoints(STEP):
        found[_key(waypoint)].append(waypoint)
    # a lane right of the reference line runs along s, one to its left against it
    points = {
        key: sorted(found[key], key=lambda waypoint: waypoint.s, reverse=key[2] > 0)
        for key in sorted(found)
        if len(found[key]) > 1
    }
    return {key: _lane(key, points, origin) for key in points}


def _following(waypoint: carla.Waypoint) -> list[Key]:
    """The lanes into which traffic goes from a lane's last waypoint."""
    found = [(w.road_id, w.section_id, w.lane_id) for w in waypoint.next(2 * STEP)]
    return list(dict.fromkeys(key for key in found if key != _key(waypoint)))


def _key(waypoint: carla.Waypoint) -> Key:
    return waypoint.road_id, waypoint.section_id, waypoint.lane_id


def _lane(key: Key, points: dict[Key, list[carla.Waypoint]], origin: Array) -> _Lane:
    own = points[key]
    poses = np.array([_pose(waypoint, origin) for waypoint in own])
    # waypoints stop up to a step before the lane's end: it is taken to where the next lane begins
    for following in _following(own[-1]):
        begin = _pose(points[following][0], origin) if following in points else (math.inf, math.inf, 0.0, 0.0)
        if math.dist(begin[:2], poses[-1, :2]) < 2 * STEP:
            poses = np.concatenate([poses, [begin]])
            break
    across = np.stack([-np.sin(poses[:, 2]), np.cos(poses[:, 2])], axis=1) * poses[:, 3:] / 2
    return _Lane(key, own, poses[:, :2] + across, poses[:, :2] - across, poses[:, :3], own[0].is_junction)


def _pose(waypoint: carla.Waypoint, origin: Array) -> tuple[float, float, float, float]:
    """x, y [m], heading [rad], lane width [m]."""
    place, yaw = waypoint.transform.location, waypoint.transform.rotation.yaw
    return place.x - origin[0], -place.y - origin[1], -math.radians(yaw), waypoint.lane_width


def _road_segments(layers: _Layers, lanes: dict[Key, _Lane]) -> dict[Key, str]:
    """One segment a road and one a junction; one drivable area of all of them. Returns lane -> segment."""
    groups: dict[tuple[str, int], list[_Lane]] = defaultdict(list)
    for lane in lanes.values():
        group = ("junction", lane.points[0].junction_id) if lane.junction else ("road", lane.key[0])
        groups[group].append(lane)
    segments: dict[Key, str] = {}
    shapes = []
    area = token("map expansion", layers.name, "drivable_area")
    for (kind, _), members in sorted(groups.items()):
        shape = _joined([lane.shape for lane in members])
        shapes.append(shape)
        ends = np.concatenate([border[[0, -1]] for lane in members for border in (lane.left, lane.right)])
        shape = shapely.make_valid(shapely.snap(shape, shapely.multipoints(ends), 0.2))
        parts = {}
        for part in (each for each in shapely.get_parts(shape) if each.geom_type == "Polygon"):
            parts[part] = layers.add(
                "road_segment",
                polygon_token=layers.polygon(part),
                is_intersection=kind == "junction",
                drivable_area_token=area,
            )
        for lane in members:
            middle = shapely.Point(lane.centre[len(lane.centre) // 2, :2])
            segments[lane.key] = parts[min(parts, key=lambda part: shapely.distance(part, middle))]
    polygons = [layers.polygon(part) for part in shapely.get_parts(_joined(shapes))]
    layers.rows["drivable_area"].append({"token": area, "polygon_tokens": polygons})
    return segments


def _joined(shapes: Sequence[shapely.Geometry]) -> shapely.Geometry:
    """The union, without the slits that rounding leaves between neighbours."""
    return shapely.unary_union([shapely.make_valid(shape) for shape in shapes]).buffer(0.05).buffer(-0.05)


def _road_blocks(layers: _Layers, lanes: dict[Key, _Lane], segments: dict[Key, str]) -> dict[Key, str]:
    """Lanes of one road section and direction, side by side, outside junctions. Returns lane -> block."""
    groups: dict[tuple[int, int, bool], list[_Lane]] = defaultdict(list)
    for lane in lanes.values():
        if not lane.junction:
            groups[lane.key[0], lane.key[1], lane.key[2] > 0].append(lane)
    blocks = {}
    for members in groups.values():
        members.sort(key=lambda lane: abs(lane.key[2]))
        left, right = members[0], members[-1]
        block = layers.add(
            "road_block",
            polygon_token=layers.polygon(shapely.Polygon(np.concatenate([left.left, right.right[::-1]]))),
            from_edge_line_token=layers.line([left.left[0], right.right[0]]),
            to_edge_line_token=layers.line([left.left[-1], right.right[-1]]),
            road_segment_token=segments[left.key],
        )
        blocks.update({lane.key: block for lane in members})
    return blocks


def _lane_rows(layers: _Layers, lanes: dict[Key, _Lane]) -> dict[Key, str]:
    """Rows of lanes and of lane connectors. Returns lane -> token."""
    tokens = {}
    for lane in lanes.values():
        polygon = layers.polygon(lane.shape)
        if lane.junction:
            tokens[lane.key] = layers.add("lane_connector", *lane.key, polygon_token=polygon)
            continue
        borders = {"left": (lane.left, "left_lane_marking"), "right": (lane.right, "right_lane_marking")}
        dividers = {
            f"{side}_lane_divider_segments": [
                {"node_token": node, "segment_type": _mark(getattr(lane.points[min(k, len(lane.points) - 1)], marking))}
                for k, node in enumerate(layers.nodes(border))
            ]
            for side, (border, marking) in borders.items()
        }
        tokens[lane.key] = layers.add(
            "lane",
            *lane.key,
            polygon_token=polygon,
            lane_type="CAR",
            from_edge_line_token=layers.line([lane.left[0], lane.right[0]]),
            to_edge_line_token=layers.line([lane.left[-1], lane.right[-1]]),
            **dividers,
        )
    return tokens


def _mark(marking: carla.LaneMarking) -> str:
    return _MARKS.get((str(marking.type), str(marking.color)), "NIL")


def _dividers(layers: _Layers, lanes: dict[Key, _Lane], segments: dict[Key, str]) -> None:
    """The lines between lanes of one direction, and between the directions of a road."""
    for (road, section, number), lane in lanes.items():
        if lane.junction:
            continue
        if abs(number) > 1 and (road, section, number - int(math.copysign(1, number))) in lanes:
            kinds = [_mark(waypoint.left_lane_marking) for waypoint in lane.points]
            nodes = layers.nodes(lane.left)
            layers.add(
                "lane_divider",
                line_token=layers.add("line", node_tokens=nodes),
                lane_divider_segments=[
                    {"node_token": node, "segment_type": kinds[min(k, len(kinds) - 1)]} for k, node in enumerate(nodes)
                ],
            )
        if number == -1 and (road, section, 1) in lanes:
            layers.add("road_divider", line_token=layers.line(lane.left), road_segment_token=segments[lane.key])


def _stop_lines(layers: _Layers, lanes: dict[Key, _Lane], blocks: dict[Key, str], origin: Array) -> None:
    """Stop lines at the ends of lanes with a light or a sign, and the lights."""
    lights: dict[str, str] = {}
    for lane in lanes.values():
        if lane.junction:
            continue
        signs = [mark for mark in lane.points[-1].get_landmarks(REACH) if mark.type in SIGNALS]
        if not signs:
            continue
        kind = SIGNALS[min(signs, key=lambda mark: (list(SIGNALS).index(mark.type), mark.distance)).type]
        back = np.array([math.cos(lane.centre[-1, 2]), math.sin(lane.centre[-1, 2])]) * STOP_DEPTH
        area = shapely.Polygon([lane.left[-1], lane.right[-1], lane.right[-1] - back, lane.left[-1] - back])
        for sign in signs if kind == "TRAFFIC_LIGHT" else ():
            if sign.type == "1000001" and sign.id not in lights:
                lights[sign.id] = _light(layers, sign, blocks[lane.key], origin)
        layers.add(
            "stop_line",
            polygon_token=layers.polygon(area),
            stop_line_type=kind,
            ped_crossing_tokens=[],
            traffic_light_tokens=[lights[sign.id] for sign in signs if sign.id in lights],
            road_block_token=blocks[lane.key],
        )


def _light(layers: _Layers, sign: carla.Landmark, block: str, origin: Array) -> str:
    place = sign.transform.location
    at = (place.x - origin[0], -place.y - origin[1])
    facing = -math.radians(sign.transform.rotation.yaw)
    lamps = []
    for color, height in (("RED", 0.3), ("YELLOW", 0.0), ("GREEN", -0.3)):
        where = {"tx": 0.0, "ty": 0.0, "tz": height, "rx": 0.0, "ry": 0.0, "rz": 0.0}
        lamps.append({"color": color, "shape": "CIRCLE", "rel_pos": where, "to_road_block_tokens": []})
    return layers.add(
        "traffic_light",
        line_token=layers.line([at, (at[0] + math.cos(facing), at[1] + math.sin(facing))]),
        traffic_light_type="VERTICAL",
        from_road_block_token=block,
        items=lamps,
        pose={"tx": at[0], "ty": at[1], "tz": place.z, "rx": 0.0, "ry": 0.0, "rz": facing},
    )


def _crossings(layers: _Layers, carla_map: carla.Map, origin: Array) -> None:
    """Crosswalks: CARLA lists their corners one after another, each closed by its first corner again."""
    corners: list[tuple[float, float]] = []
    for place in carla_map.get_crosswalks():
        corner = (place.x - origin[0], -place.y - origin[1])
        if len(corners) >= 3 and math.dist(corner, corners[0]) < 1e-3:
            shape = shapely.make_valid(shapely.Polygon(corners))
            for part in shapely.get_parts(shape):
                if part.geom_type == "Polygon" and part.area > 0.1:
                    layers.add("ped_crossing", polygon_token=layers.polygon(part), road_segment_token="")
            corners = []
        else:
            corners.append(corner)


def _beside(layers: _Layers, carla_map: carla.Map, origin: Array, blocks: dict[Key, str]) -> None:
    """Walkways and parking lanes, met beside the lanes to drive on."""
    found: dict[tuple[str, Key], dict[float, tuple[float, float, float, float]]] = defaultdict(dict)
    block_of: dict[Key, str] = {}
    for waypoint in carla_map.generate_waypoints(STEP):
        for neighbour in (carla.Waypoint.get_left_lane, carla.Waypoint.get_right_lane):
            beside = neighbour(waypoint)
            while beside is not None and beside.road_id == waypoint.road_id:
                kind = str(beside.lane_type)
                if kind == "Driving":
                    break
                if kind in ("Sidewalk", "Parking"):
                    key = _key(beside)
                    found[kind, key][beside.s] = _pose(beside, origin)
                    block_of[key] = blocks.get(_key(waypoint), "")
                beside = neighbour(beside)
    walkways = []
    for (kind, key), sections in sorted(found.items()):
        poses = np.array([sections[s] for s in sorted(sections)])
        if len(poses) < 2:
            continue
        across = np.stack([-np.sin(poses[:, 2]), np.cos(poses[:, 2])], axis=1) * poses[:, 3:] / 2
        shape = shapely.make_valid(
            shapely.Polygon(np.concatenate([poses[:, :2] + across, (poses[:, :2] - across)[::-1]]))
        )
        if kind == "Sidewalk":
            walkways.append(shape)
            continue
        for part in shapely.get_parts(shape):
            if part.geom_type == "Polygon":
                layers.add(
                    "carpark_area",
                    polygon_token=layers.polygon(part),
                    orientation=float(poses[0, 2]),
                    road_block_token=block_of[key],
                )
    for part in shapely.get_parts(_joined(walkways)) if walkways else ():
        if part.geom_type == "Polygon" and part.area > 0.5:
            layers.add("walkway", polygon_token=layers.polygon(part))


def _arclines(centre: Array) -> list[dict[str, Any]]:
    """A lane's centre (N, 3) as arcs, one from each cross section to the next.

    An arc of nuScenes is left-straight-right or the like, of one radius, with the length of each of its three parts.
    """
    path = []
    for start, end in pairwise(centre):
        length = math.dist(start[:2], end[:2])
        turn = math.remainder(end[2] - start[2], math.tau)
        if length < 1e-6:
            continue
        if abs(turn) < 1e-6:
            radius, shape, parts = STRAIGHT, "LSR", [0.0, length, 0.0]
        else:
            arc = length * (turn / 2) / math.sin(turn / 2)  # of the circle through both ends
            radius, shape, parts = abs(arc / turn), "LSL" if turn > 0 else "RSR", [abs(arc), 0.0, 0.0]
        pose = [float(value) for value in start]
        path.append(
            {
                "start_pose": pose,
                "end_pose": [float(value) for value in end],
                "shape": shape,
                "radius": radius,
                "segment_length": parts,
            }
        )
    return path


def _connectivity(lanes: dict[Key, _Lane], tokens: dict[Key, str]) -> dict[str, dict[str, list[str]]]:
    """What leads into each lane and what follows it."""
    table: dict[str, dict[str, list[str]]] = {tokens[key]: {"incoming": [], "outgoing": []} for key in lanes}
    for key, lane in lanes.items():
        for following in _following(lane.points[-1]):
            if following in tokens:
                table[tokens[key]]["outgoing"].append(tokens[following])
                table[tokens[following]]["incoming"].append(tokens[key])
    return table
