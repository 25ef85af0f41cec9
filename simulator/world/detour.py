"""Detour's navigation mesh as a file: one tile of convex polygons, in the set format of Recast's demo.

Layout: ``DetourNavMesh.h`` (dtMeshHeader, dtPoly, dtPolyDetail; version 7, 32-bit references) of recastnavigation, as
the 0.9.16 client was seen to read it. Detour's axes are (x, up, y) of CARLA's left-handed frame.
"""

from __future__ import annotations

import struct
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from simulator.world.tessellation import MOST_CORNERS

Array = NDArray[np.float64]

MOST_POLYGONS = 0x7FFE
"""A neighbour is 15 bits."""
MOST_VERTICES = 0xFFFE

WALKER_HEIGHT, WALKER_RADIUS, WALKER_CLIMB = 1.8, 0.3, 0.3
"""[m], as CARLA's meshes are built."""

_SET_MAGIC, _SET_VERSION = 0x4D534554, 1
_TILE_MAGIC, _TILE_VERSION = 0x444E4156, 7
_TILES = 2
_NO_LINK = 0xFFFFFFFF
_BOUNDARY = 1

_POLYGON = np.dtype(
    [
        ("first_link", "<u4"),
        ("corners", "<u2", MOST_CORNERS),
        ("neighbours", "<u2", MOST_CORNERS),
        ("flags", "<u2"),
        ("count", "u1"),
        ("area", "u1"),
    ]
)
_DETAIL = np.dtype(
    [("vertices", "<u4"), ("triangles", "<u4"), ("vertex_count", "u1"), ("triangle_count", "u1"), ("_", "<u2")]
)


class Area(IntEnum):
    """CARLA's kinds of ground; a polygon's flag is 1 shifted by it."""

    BLOCK = 0
    SIDEWALK = 1
    CROSSWALK = 2
    ROAD = 3
    GRASS = 4


class Mesh:
    """Convex polygons that know their neighbours.

    Args:
        vertices: (V, 3) [m], right-handed, z up.
        polygons: corners of each, counter-clockwise from above, 3 to ``MOST_CORNERS``.
        neighbours: beyond each polygon's edges (from its k-th corner to the next): number of a polygon, or -1.
        areas: kind of each polygon.
        triangles: of each polygon, (T, 3) numbers of its own corners.

    Raises ValueError for more than one tile holds.
    """

    def __init__(
        self,
        vertices: Array,
        polygons: list[tuple[int, ...]],
        neighbours: list[tuple[int, ...]],
        areas: list[Area],
        triangles: list[list[tuple[int, int, int]]],
    ) -> None:
        if len(polygons) > MOST_POLYGONS or len(vertices) > MOST_VERTICES:
            raise ValueError(f"{len(polygons)} polygons and {len(vertices)} vertices are too many for one tile")
        self.vertices, self.polygons, self.neighbours = vertices, polygons, neighbours
        self.areas, self.triangles = areas, triangles

    def encode(self) -> bytes:
        """The file."""
        tile = self._tile()
        low, high = self._bounds()
        polygon_bits = max(len(self.polygons) - 1, 1).bit_length()
        tile_bits = (_TILES - 1).bit_length()
        reference = 1 << (polygon_bits + tile_bits)
        header = struct.pack("<3i", _SET_MAGIC, _SET_VERSION, 1)
        sizes = struct.pack("<5f2i", *low, high[0] - low[0], high[2] - low[2], _TILES, 1 << polygon_bits)
        return header + sizes + struct.pack("<Ii", reference, len(tile)) + tile

    def _bounds(self) -> tuple[Array, Array]:
        points = self._points()
        return points.min(axis=0), points.max(axis=0)

    def _points(self) -> Array:
        x, y, z = self.vertices.T
        return np.stack([x, z, -y], axis=-1)

    def _tile(self) -> bytes:
        points = self._points().astype("<f4")
        low, high = points.min(axis=0), points.max(axis=0) + np.array([0.0, WALKER_HEIGHT, 0.0])
        polygons = np.zeros(len(self.polygons), _POLYGON)
        polygons["first_link"] = _NO_LINK
        polygons["count"] = [len(corners) for corners in self.polygons]
        polygons["area"] = self.areas
        polygons["flags"] = [1 << area for area in self.areas]
        for name, rows, rise in (("corners", self.polygons, 0), ("neighbours", self.neighbours, 1)):
            table = np.zeros((len(rows), MOST_CORNERS), "<u2")
            for row, values in zip(table, rows, strict=True):
                row[: len(values)] = np.add(values, rise)
            polygons[name] = table
        details = np.zeros(len(self.polygons), _DETAIL)
        details["triangle_count"] = [len(rows) for rows in self.triangles]
        details["triangles"] = np.concatenate([[0], np.cumsum(details["triangle_count"], dtype=np.int64)[:-1]])
        triangles = np.array(
            [
                (*row, _edges(row, len(corners)))
                for corners, rows in zip(self.polygons, self.triangles, strict=True)
                for row in rows
            ],
            dtype="u1",
        )
        links = int((polygons["neighbours"] > 0).sum())
        header = struct.pack(
            "<15i10f",
            *(_TILE_MAGIC, _TILE_VERSION, 0, 0, 0, 0),
            *(len(polygons), len(points), links, len(details), 0, len(triangles), 0, 0, len(polygons)),
            *(WALKER_HEIGHT, WALKER_RADIUS, WALKER_CLIMB, *low, *high, 1.0),
        )
        return b"".join(
            (header, points.tobytes(), polygons.tobytes(), bytes(12 * links), details.tobytes(), triangles.tobytes())
        )


def _edges(triangle: tuple[int, int, int], count: int) -> int:
    """Detour's flags of a detail triangle's edges: two bits each, set on the polygon's border."""
    a, b, c = triangle
    flags = 0
    for place, (start, end) in enumerate(((a, b), (b, c), (c, a))):
        if (end - start) % count in (1, count - 1):
            flags |= _BOUNDARY << (2 * place)
    return flags
