"""The control picture for video diffusion: road lines and boxes in fixed colours on black."""

from __future__ import annotations

import weakref
from itertools import pairwise
from typing import cast

import numpy as np
from numpy.typing import NDArray

from assets.tags import Tag
from renderers.overlay import SEGMENT, Marks
from renderers.scene import Picture
from simulator.server.actors import Actor
from simulator.server.drawing import box_edges
from simulator.server.sensors.cameras import Camera, world_from_camera
from simulator.server.sensors.gbuffers import bgra
from simulator.server.sensors.sensor import Moment
from simulator.server.wire import Array
from simulator.world.level import Level
from simulator.world.opendrive import Network, Road
from simulator.world.town import Town

LANE_LINE, BOUNDARY, CROSSWALK = (98, 183, 249), (200, 36, 35), (206, 131, 63)
POLE, SIGN, LIGHT, VEHICLE, PERSON = (66, 40, 144), (131, 175, 155), (252, 157, 155), (255, 0, 0), (0, 255, 0)
"""sRGB, CARLA 0.9.16's."""
THIN, THICK = 0.05, 0.10
"""[m]."""
STEP = 2.0
"""[m] along a road between the points of its lines."""
PAVED = frozenset({"driving", "bidirectional", "entry", "exit", "onRamp", "offRamp", "parking", "stop", "biking"})
EGO_ROLES = ("hero", "ego_vehicle")

_networks: weakref.WeakKeyDictionary[Network, NDArray[np.void]] = weakref.WeakKeyDictionary()


class CosmosCamera(Camera):
    """sensor.camera.cosmos_visualization: all vehicles but its own, the ego, and those that it was told to ignore."""

    code = 16

    def expose(self, moment: Moment, actor: Actor, picture: Picture) -> None:
        """Draw the lines from its place; the picture of the scene is not looked at."""
        world = moment.world
        parts = [_roads(cast(Town, world.town).network), _furniture(world.level), *self._bodies(moment, actor)]
        color = moment.renderers.raster.sketch(self.pinhole, world_from_camera(actor), Marks(np.concatenate(parts)))
        self.send(moment, actor, self.header() + bgra(self.lens.color(color)).tobytes())

    def encode(self, picture: Picture, actor: Actor) -> NDArray[np.generic]:
        """Not from the scene's picture: see ``expose``."""
        raise NotImplementedError

    def _bodies(self, moment: Moment, actor: Actor) -> list[NDArray[np.void]]:
        parts = []
        for actor_id, body in moment.world.bodies.items():
            other = moment.actors.get(actor_id)
            if other is None or actor_id in self.ignored or other is actor.root:
                continue
            if other.values.get("role_name") in EGO_ROLES:
                continue
            color = {"vehicle": VEHICLE, "walker": PERSON}.get(other.blueprint.type_id.partition(".")[0])
            if color is not None:
                pose, size = moment.world.box(body.actor_id)
                parts.append(_segments(box_edges(pose, np.array(size) / 2), color, THICK))
        return parts


def _segments(lines: Array, color: tuple[int, int, int], width: float) -> NDArray[np.void]:
    rows = np.zeros(len(lines), SEGMENT)
    rows["start"], rows["end"] = lines[:, 0], lines[:, 1]
    rows["color"], rows["width"] = color, width
    return rows


def _furniture(level: Level) -> NDArray[np.void]:
    """Boxes of lights and signs, and axes of poles."""
    parts = [np.zeros(0, SEGMENT)]
    for tag, color in ((Tag.TRAFFIC_LIGHT, LIGHT), (Tag.TRAFFIC_SIGNS, SIGN), (Tag.POLES, POLE)):
        for thing in level.objects(tag):
            edges = box_edges(thing.world_from_box, np.array(thing.size) / 2)
            if tag == Tag.POLES:
                middle = thing.world_from_box[:3, 3]
                up = np.array([0, 0, thing.size[2] / 2])
                edges = np.array([[middle - up, middle + up]])
            parts.append(_segments(edges, color, THICK))
    return np.concatenate(parts)


def _roads(network: Network) -> NDArray[np.void]:
    """Lines of all roads, made once for a network."""
    lines = _networks.get(network)
    if lines is None:
        parts = [np.zeros(0, SEGMENT), *(part for road in network.roads for part in _road(road))]
        for thing in network.objects:
            if thing.kind == "crosswalk" and len(thing.outline) > 2:
                ring = np.concatenate([thing.outline, thing.outline[:1]])
                parts.append(_segments(np.stack([ring[:-1], ring[1:]], axis=1), CROSSWALK, THICK))
        lines = _networks[network] = np.concatenate(parts)
    return lines


def _road(road: Road) -> list[NDArray[np.void]]:
    """The edges between paved lanes, outside junctions, and those of the pavement."""
    parts = []
    for section in road.sections:
        s = np.linspace(section.start, section.end, max(2, int((section.end - section.start) / STEP) + 1))
        borders = road.borders(section, s)
        order = sorted(borders, reverse=True)
        for number in order:
            inner = section.lanes.get(number)
            outward = number + (1 if number > 0 else -1)
            sides = (
                [section.lanes.get(1), section.lanes.get(-1)] if number == 0 else [inner, section.lanes.get(outward)]
            )
            paved = sum(lane is not None and lane.kind in PAVED for lane in sides)
            if paved == 0 or (paved == 2 and road.junction != "-1"):
                continue
            if paved == 1 and number == 0 and road.junction != "-1":
                continue
            points, _ = road.points(s, borders[number], 0.02)
            color = LANE_LINE if paved == 2 else BOUNDARY
            parts.append(_segments(np.array(list(pairwise(points))), color, THIN))
    return parts
