"""nuScenes' semantic prior: a picture of where a map's roads and pavements are, from its OpenDRIVE text."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import carla
import cv2
import numpy as np
from numpy.typing import NDArray

from exporters.publish import ExportError

RESOLUTION = 0.1
"""[m] per pixel, the only one that nuscenes-devkit's ``MapMask`` reads."""

MARGIN = 80.0
"""[m] around the roads, so that the devkit's windows around a car (40 m times the square root of 2) stay inside."""

STEP = 0.5
"""[m] between the cross sections that outline a lane."""

LARGEST = 3000.0
"""[m] side of the largest mask: 900 megapixels, which the devkit holds in memory as a whole."""

PAVING, LAND = 150, 235
"""Greys of the basemap."""

_PAVED = (
    "Driving",
    "Bidirectional",
    "Shoulder",
    "Parking",
    "Biking",
    "Sidewalk",
    "Stop",
    "Entry",
    "Exit",
    "OnRamp",
    "OffRamp",
)


@dataclass(frozen=True, eq=False)
class RoadMask:
    """A map's mask.

    Attributes:
        png: the picture, 8 bits of grey: 255 road or pavement, 0 elsewhere; row 0 is the north.
        basemap: the same for people, dark paving on light land.
        world_from_map: (2,) [m], the picture's south-west corner in the world; nuScenes counts from there.
        size: width and height [m].
    """

    png: bytes
    basemap: bytes
    world_from_map: NDArray[np.float64]
    size: tuple[float, float]


def road_mask(name: str, opendrive: str) -> RoadMask:
    """Draws the mask of a map. CARLA's own map code says where the lanes lie.

    Raises:
        ExportError: the OpenDRIVE text is broken, has no lanes, or spans too large an area.
    """
    try:
        lanes = _lanes(carla.Map(name, opendrive))
    except RuntimeError as error:
        raise ExportError(f"map {name}: CARLA cannot read the recording's OpenDRIVE text ({error})") from error
    if not lanes:
        raise ExportError(f"map {name}: the recording's OpenDRIVE text has no lane to drive on")
    corners = np.concatenate([quads.reshape(-1, 2) for quads in lanes])
    low = np.floor(corners.min(axis=0) - MARGIN)
    width, height = np.ceil(corners.max(axis=0) + MARGIN) - low
    if max(width, height) > LARGEST:
        raise ExportError(
            f"map {name} spans {width:.0f} m by {height:.0f} m; nuScenes' mask holds {LARGEST:.0f} m at most"
        )
    mask = np.zeros((round(height / RESOLUTION), round(width / RESOLUTION)), np.uint8)
    for quads in lanes:
        pixels = (quads - low) / RESOLUTION
        pixels[..., 1] = len(mask) - pixels[..., 1]
        for quad in np.rint(pixels * 16).astype(np.int32):
            cv2.fillConvexPoly(mask, quad, 255, shift=4)
    drawing = np.where(mask, np.uint8(PAVING), np.uint8(LAND))
    return RoadMask(_png(mask), _png(drawing), low, (width, height))


def _png(picture: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def _lanes(carla_map: carla.Map) -> list[NDArray[np.float64]]:
    """Quadrilaterals (N, 4, 2) [m], world frame, of each paved lane."""
    sections: dict[tuple[int, int, int], list[tuple[float, ...]]] = defaultdict(list)
    for waypoint in carla_map.generate_waypoints(STEP):
        _add(sections, waypoint)
        for neighbour in (carla.Waypoint.get_left_lane, carla.Waypoint.get_right_lane):
            # Lanes to drive on have waypoints of their own; the others are met beside them.
            beside = neighbour(waypoint)
            while beside is not None and beside.lane_type != carla.LaneType.Driving:
                if str(beside.lane_type) in _PAVED:
                    _add(sections, beside)
                beside = neighbour(beside) if beside.road_id == waypoint.road_id else None
    return [_quads(np.array(sorted(sections[key]))) for key in sorted(sections)]


def _add(sections: dict[tuple[int, int, int], list[tuple[float, ...]]], waypoint: carla.Waypoint) -> None:
    place = waypoint.transform.location
    # CARLA's y and yaw are mirrored.
    yaw = -np.deg2rad(waypoint.transform.rotation.yaw)
    key = (waypoint.road_id, waypoint.section_id, waypoint.lane_id)
    sections[key].append((waypoint.s, place.x, -place.y, yaw, waypoint.lane_width / 2))


def _quads(sections: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross sections (N, 5) of one lane (s, x, y, yaw, half width) as a strip of quadrilaterals (N, 4, 2). The last one
    reaches one step ahead: waypoints stop up to a step before the lane's end."""
    yaw, half = sections[:, 3], sections[:, 4, None]
    ahead = np.stack([np.cos(yaw), np.sin(yaw)], axis=1)
    left = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    centre = sections[:, 1:3]
    edges = np.stack([centre + half * left, centre - half * left], axis=1)
    # A lane against the road's direction looks back along s.
    direction = np.sign(np.sum((centre[-1] - centre[0]) * ahead[-1])) or 1.0
    edges = np.concatenate([edges, edges[-1:] + direction * STEP * ahead[-1]])
    return np.concatenate([edges[:-1], edges[1:, ::-1]], axis=1)
