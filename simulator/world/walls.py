"""Walls along both sides of roads, as CARLA's OpenDRIVE mode puts them up so that nobody leaves the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from assets.pieces import Piece
from assets.tags import Tag
from simulator.world.junctions import Heights
from simulator.world.kerbs import edging
from simulator.world.lanes import Strip, tone
from simulator.world.obstacle import Obstacle

Array = NDArray[np.float64]

LENGTH = 8.0
"""Metres of wall in one obstacle."""

THICKNESS = 0.2


@dataclass(frozen=True, eq=False)
class Walls:
    """Pieces with their tags, and the boxes that stop cars."""

    pieces: list[tuple[Tag, Piece]]
    obstacles: list[Obstacle]


def build(strips: Sequence[Strip], pavement: shapely.Geometry, height: float) -> Walls:
    """Walls of ``height`` [m] around all pavement; none for 0."""
    made = Walls([], [])
    if height <= 0:
        return made
    around = pavement.buffer(0.4 + THICKNESS, quad_segs=2).buffer(-0.4, quad_segs=2).simplify(0.05)
    heights = Heights(strips)
    for polygon in shapely.get_parts(around):
        for ring in (polygon.exterior, *polygon.interiors):
            foot = shapely.get_coordinates(shapely.segmentize(ring, LENGTH))
            _ring(made, np.column_stack([foot, heights(foot)]), height)
    return made


def _ring(made: Walls, foot: Array, height: float) -> None:
    for start, end in pairwise(foot):
        along = end[:2] - start[:2]
        length = float(np.hypot(*along))
        if length < 0.05:
            continue
        aside = np.array([-along[1], along[0], 0.0]) / length * THICKNESS / 2
        wall = np.stack([start, end]) + np.array([0.0, 0.0, height])
        for sign in (1.0, -1.0):
            made.pieces.append((Tag.WALLS, edging(wall + sign * aside, sign, tone, height + 0.3)))
        top = edging(wall, 1.0, tone, 0.1)
        corners = np.stack([wall[0] + aside, wall[0] - aside, wall[1] + aside, wall[1] - aside])
        top.vertices[:] = corners
        top.normals[:] = [0.0, 0.0, 1.0]
        made.pieces.append(
            (Tag.WALLS, Piece(corners, top.faces[:, ::-1], top.normals, top.uvs, top.colors, top.material))
        )
        center = (start + end) / 2 + [0.0, 0.0, height / 2]
        yaw = float(np.arctan2(along[1], along[0]))
        made.obstacles.append(Obstacle(center, (length, THICKNESS, height), yaw, 0.0, Tag.WALLS))
