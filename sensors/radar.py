"""An automotive radar's list of returns, from rays that met things.

Rays stand for what the antenna lights; those whose ranges, azimuths and speeds the radar cannot tell apart are one
cell, and a body's cells around a peak are one return: radars report clusters, a few on a car. A return's strength
follows the radar equation: cross-section / range^4 (Skolnik, "Introduction to Radar Systems").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.tags import Tag
from sensors.frames import RADAR_RETURN
from sensors.specs import RadarSpec
from sensors.taxonomy import category

CAR = 10.0
"""[dBsm] for which ``RadarSpec.range`` is told."""

SECTIONS: dict[str, tuple[float, float]] = {
    # By nuScenes' category: mean cross-section [dBsm] at 77 GHz, along its axis and from the side.
    "vehicle.car": (10.0, 20.0),
    "vehicle.truck": (15.0, 25.0),
    "vehicle.bus": (15.0, 25.0),
    "vehicle.trailer": (15.0, 25.0),
    "vehicle.construction": (15.0, 22.0),
    "vehicle.emergency": (12.0, 22.0),
    "vehicle.motorcycle": (2.0, 7.0),
    "vehicle.bicycle": (-2.0, 3.0),
    "human.pedestrian": (-8.0, -8.0),
    "animal": (-8.0, -5.0),
    "movable_object.trafficcone": (-12.0, -12.0),
    "movable_object": (-5.0, 0.0),
    "static_object": (0.0, 3.0),
}
"""Round figures within the spread that measurements at 76 to 81 GHz report: cars and lorries, with their maximum
broadside, in Kamel, Peden, Pajusco, "RCS modeling and measurements for automotive radar applications in the W band"
(EuCAP 2017); pedestrians around -8 dBsm and bicycles in Fortuny-Guasch and Chareau, "Radar Cross Section Measurements
of Pedestrian Dummies and Humans in the 24/77 GHz Frequency Bands" (JRC 78619, 2013) and ISO 19206-4."""

CLUTTER = {Tag.ROADS: -40.0, Tag.ROAD_LINES: -40.0, Tag.SIDEWALKS: -35.0, Tag.GROUND: -30.0, Tag.TERRAIN: -25.0}
"""[dB]: cross-section per area met, head on, of grounds; other parts of the level have ``SOLID``."""
SOLID = -10.0

CLUSTER = 1.5
"""[m] around a peak within which a body's cells are one return: a car then has the one to eight that an ARS 408 tells
of it, whose list of clusters nuScenes holds."""


@dataclass(frozen=True, eq=False)
class Target:
    """A body that a ray can meet: its category and box (``world_from_box`` (4, 4)); id and velocity are the rays'."""

    category: str
    world_from_box: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RadarRays:
    """What a scan's rays met, (N,) each; radar frame.

    Attributes:
        distance: [m]. azimuth: [rad], counter-clockwise from x. altitude: [rad].
        velocity: [m/s] radial, relative; negative: approaching.
        object_id: uint32, 0 is the level. tag: uint8.
    """

    distance: NDArray[np.floating]
    azimuth: NDArray[np.floating]
    altitude: NDArray[np.floating]
    velocity: NDArray[np.floating]
    object_id: NDArray[np.uint32]
    tag: NDArray[np.uint8]


def cross_section(name: str, aspect: float) -> float:
    """Mean cross-section [m^2] of a taxonomy class seen at an angle [rad] from its heading.

    Between the two values of ``SECTIONS`` it goes with the squared sine, in dB.
    """
    group = category(name).nuscenes
    key = next(prefix for prefix in sorted(SECTIONS, key=len, reverse=True) if group.startswith(prefix))
    along, beside = SECTIONS[key]
    return float(10 ** ((along + (beside - along) * math.sin(aspect) ** 2) / 10))


def scan(
    spec: RadarSpec,
    rays: RadarRays,
    targets: dict[int, Target],
    world_from_radar: NDArray[np.float64],
    radar_velocity: NDArray[np.float64],
    random: np.random.Generator,
) -> NDArray[np.void]:
    """The returns (M,) of dtype RADAR_RETURN of one scan, the strongest first.

    A body's mean cross-section is shared out over its rays, a ground's goes with the area met. A return's is that
    of its rays together, times a draw from an exponential distribution: many scatterers, drawn anew each scan (Swerling
    2). Bodies are told apart by id, as if always by their Doppler; the level's cells stay by themselves.

    Args:
        targets: by object id; rays of bodies that are none are dropped.
        radar_velocity: (3,) the radar's own over ground, radar frame [m/s].
    """
    known = np.isin(rays.object_id, [0, *targets])
    distance, azimuth, altitude = (
        each[known].astype(np.float64) for each in (rays.distance, rays.azimuth, rays.altitude)
    )
    velocity, ids, tags = rays.velocity[known].astype(np.float64), rays.object_id[known], rays.tag[known]
    if not len(ids):
        return np.zeros(0, RADAR_RETURN)
    section = _sections(spec, distance, azimuth, altitude, ids, tags, targets, world_from_radar)
    cells = np.stack(
        [
            np.floor(distance / spec.range_resolution),
            np.floor(azimuth / np.radians(spec.azimuth_resolution)),
            np.floor(velocity / spec.velocity_resolution),
        ],
        axis=1,
    ).astype(np.int64)
    _, cell = np.unique(cells, axis=0, return_inverse=True)
    count = int(cell.max()) + 1
    cell = cell.ravel()
    cell, count = _clusters(cell, count, section, distance, azimuth, ids)
    total = np.bincount(cell, section, count)
    middle = [np.bincount(cell, section * each, count) / total for each in (distance, azimuth, velocity)]
    order = np.lexsort((-section, cell))
    strongest = order[np.unique(cell[order], return_index=True)[1]]
    rcs = total * random.standard_exponential(count)
    noise = random.standard_normal((3, count))
    seen = np.flatnonzero(rcs / middle[0] ** 4 >= 10 ** (CAR / 10) / spec.range**4)
    seen = seen[np.argsort(-(rcs / middle[0] ** 4)[seen], kind="stable")][: spec.most]
    found = np.zeros(len(seen), RADAR_RETURN)
    far = middle[0][seen] + spec.range_noise * noise[0, seen]
    turn = middle[1][seen] + np.radians(spec.azimuth_noise) * noise[1, seen]
    speed = middle[2][seen] + spec.velocity_noise * noise[2, seen]
    found["x"], found["y"] = far * np.cos(turn), far * np.sin(turn)
    found["radial_velocity"] = speed
    over_ground = speed + radar_velocity[0] * np.cos(turn) + radar_velocity[1] * np.sin(turn)
    found["compensated_vx"], found["compensated_vy"] = over_ground * np.cos(turn), over_ground * np.sin(turn)
    found["rcs"] = 10 * np.log10(rcs[seen])
    found["object_id"], found["tag"] = ids[strongest[seen]], tags[strongest[seen]]
    return found


def _clusters(
    cell: NDArray[np.int64],
    count: int,
    section: NDArray[np.float64],
    distance: NDArray[np.float64],
    azimuth: NDArray[np.float64],
    ids: NDArray[np.uint32],
) -> tuple[NDArray[np.int64], int]:
    """The returns' numbers (N,) of the rays, and how many there are, from their cells' (N,).

    Of each body the strongest cell takes in those within ``CLUSTER`` of it, then the strongest of the rest, and so on.
    """
    order = np.lexsort((-section, cell))
    strongest = order[np.unique(cell[order], return_index=True)[1]]
    owner, total = ids[strongest], np.bincount(cell, section, count)
    x, y = (np.bincount(cell, section * distance * turn(azimuth), count) / total for turn in (np.cos, np.sin))
    joined = np.arange(count)
    for object_id in np.unique(owner[owner != 0]):
        rest = np.flatnonzero(owner == object_id)
        rest = rest[np.argsort(-total[rest], kind="stable")]
        while len(rest):
            near = np.hypot(x[rest] - x[rest[0]], y[rest] - y[rest[0]]) <= CLUSTER
            joined[rest[near]] = rest[0]
            rest = rest[~near]
    peaks, number = np.unique(joined, return_inverse=True)
    return number.ravel()[cell], len(peaks)


def _sections(
    spec: RadarSpec,
    distance: NDArray[np.float64],
    azimuth: NDArray[np.float64],
    altitude: NDArray[np.float64],
    ids: NDArray[np.uint32],
    tags: NDArray[np.uint8],
    targets: dict[int, Target],
    world_from_radar: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Cross-section [m^2] of each ray."""
    per_tag = np.full(256, SOLID)
    for tag, decibels in CLUTTER.items():
        per_tag[tag] = decibels
    # CARLA's rays lie evenly in radius and turn over an ellipse across the view: each stands for its share of it.
    wide, high = (math.tan(math.radians(fov / 2)) for fov in (spec.horizontal_fov, spec.vertical_fov))
    right, up = np.tan(azimuth) / wide, np.tan(altitude) / np.cos(azimuth) / high
    radius = np.hypot(right, up)
    area = 2 * np.pi * radius * wide * high / spec.rays * (np.cos(azimuth) * np.cos(altitude)) ** 3
    section = 10 ** (per_tag[tags] / 10) * np.maximum(area, 1e-12) * distance**2
    for object_id in np.unique(ids[ids != 0]):
        mine = ids == object_id
        target = targets[int(object_id)]
        towards = world_from_radar[:3, 3] - target.world_from_box[:3, 3]
        heading = target.world_from_box[:3, 0]
        cosine = abs(towards @ heading) / max(float(np.linalg.norm(towards)), 1e-6)
        section[mine] = cross_section(target.category, math.acos(min(float(cosine), 1.0))) / np.count_nonzero(mine)
    return section
