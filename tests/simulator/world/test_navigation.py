"""The navigation mesh as a file: its layout, its polygons, how they join, and where they lie."""

from __future__ import annotations

import struct
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from scenariogeneration import xodr
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from assets.tags import Tag
from simulator.world import navigation, navmesh
from simulator.world.detour import Area
from simulator.world.generation import Generation
from simulator.world.obstacle import cylinder
from simulator.world.opendrive import read

TOWNS = Path(__file__).parents[4] / "shared" / "data" / "opendrive"
POLYGON = np.dtype(
    [("link", "<u4"), ("corners", "<u2", 6), ("beyond", "<u2", 6), ("flags", "<u2"), ("count", "u1"), ("area", "u1")]
)
DETAIL = np.dtype([("vertices", "<u4"), ("triangles", "<u4"), ("vertex_count", "u1"), ("count", "u1"), ("_", "<u2")])


class Place:
    """A town on a plane whose sidewalks are as high as the rest."""

    def __init__(self, opendrive, slope=0.0, obstacles=(), walkable=True):
        self.opendrive, self.slope, self.obstacles = opendrive, slope, obstacles
        self.network, self.generation = read(opendrive), Generation(walkable=walkable)

    @property
    def ground_digest(self):
        return repr(self.slope).encode()

    def ground(self, points):
        normal = np.array([-self.slope, 0.0, 1.0]) / np.hypot(1.0, self.slope)
        return points[:, 0] * self.slope, np.tile(normal, (len(points), 1))


class File:
    """A mesh, read back; corners are right-handed, z up."""

    def __init__(self, data):
        magic, version, tiles = struct.unpack_from("<3i", data)
        assert (magic, version, tiles) == (0x4D534554, 1, 1)
        *_, most_tiles, most_polygons = struct.unpack_from("<5f2i", data, 12)
        self.reference, size = struct.unpack_from("<Ii", data, 40)
        tile = data[48:]
        assert len(tile) == size
        head = struct.unpack_from("<15i10f", tile)
        assert head[:2] == (0x444E4156, 7)
        polygons, vertices, links, details, _, triangles, tree, offmesh, base = head[6:15]
        assert details == polygons == base and tree == offmesh == 0
        assert most_polygons >= polygons and self.reference == 1 << ((most_polygons - 1).bit_length() + 1)
        assert 32 - (most_polygons - 1).bit_length() - (most_tiles - 1).bit_length() >= 10
        at = 100
        xyz = np.frombuffer(tile, "<f4", 3 * vertices, at).reshape(-1, 3)
        assert np.allclose(head[18:21], xyz.min(axis=0)) and (np.array(head[21:24]) >= xyz.max(axis=0)).all()
        self.vertices = np.stack([xyz[:, 0], -xyz[:, 2], xyz[:, 1]], axis=1)
        at += 12 * vertices
        self.polygons = np.frombuffer(tile, POLYGON, polygons, at)
        at += 32 * polygons + 12 * links
        self.details = np.frombuffer(tile, DETAIL, details, at)
        at += 12 * details
        self.triangles = np.frombuffer(tile, "u1", 4 * triangles, at).reshape(-1, 4)
        assert at + 4 * triangles == size
        assert (self.polygons["beyond"] > 0).sum() <= links

    def ring(self, index):
        row = self.polygons[index]
        return self.vertices[row["corners"][: row["count"]]]

    def surface(self, *areas):
        """Square metres of these areas, and of each piece of them that hangs together."""
        chosen = np.isin(self.polygons["area"], areas)
        pairs = [
            (index, int(other) - 1)
            for index in np.flatnonzero(chosen)
            for other in self.polygons["beyond"][index]
            if other and chosen[other - 1]
        ]
        ones = (np.ones(len(pairs)), tuple(np.array(pairs).T)) if pairs else ([], ([], []))
        _, label = connected_components(coo_matrix(ones, shape=(len(chosen),) * 2), directed=False)
        size = np.array([shoelace(self.ring(index)) for index in range(len(chosen))])
        pieces = np.bincount(label[chosen], size[chosen])
        return size[chosen].sum(), np.sort(pieces[pieces > 0])[::-1]


def shoelace(ring):
    x, y = ring[:, 0], ring[:, 1]
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def lanes(*kinds):
    section = xodr.LaneSection(0, xodr.Lane(a=0))
    for kind, width in kinds:
        section.add_right_lane(xodr.Lane(lane_type=kind, a=width))
        section.add_left_lane(xodr.Lane(lane_type=kind, a=width))
    made = xodr.Lanes()
    made.add_lanesection(section)
    return made


def drawing(roads, junction=None):
    drawn = xodr.OpenDrive("drawn")
    for road in roads:
        drawn.add_road(road)
    if junction is not None:
        drawn.add_junction_creator(junction)
    drawn.adjust_roads_and_lanes()
    return drawn.get_element()


def straight(number, length, *kinds):
    plan = xodr.PlanView()
    plan.add_geometry(xodr.Line(length))
    return xodr.Road(number, plan, lanes(*kinds))


def text(element):
    return ElementTree.tostring(element, encoding="unicode")


def crossing(*kinds):
    """Four roads that meet, their junction without sidewalks."""
    roads = [straight(number, 60, *kinds) for number in range(4)]
    junction = xodr.CommonJunctionCreator(100, "crossing", startnum=100)
    for number in range(4):
        junction.add_incoming_road_circular_geometry(roads[number], 12, number * np.pi / 2, "predecessor")
    for first in range(4):
        for second in range(first + 1, 4):
            junction.add_connection(first, second)
    root = drawing(roads, junction)
    for road in root.iter("road"):
        for side in (part for part in road.iter() if road.get("junction") != "-1" and part.tag in ("left", "right")):
            for lane in [lane for lane in side if lane.get("type") == "sidewalk"]:
                side.remove(lane)
    return text(root)


DRIVING, SIDEWALK = (xodr.LaneType.driving, 3.5), (xodr.LaneType.sidewalk, 2.0)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(navigation.store.platformdirs, "user_cache_path", lambda name: tmp_path / name)


@pytest.fixture(scope="module", params=["crossing", "Town01", "Town10HD"])
def mesh(request):
    if request.param == "crossing":
        return File(navmesh.build(Place(crossing(DRIVING, SIDEWALK))))
    path = TOWNS / f"{request.param}.xodr"
    if not path.exists():
        pytest.skip("needs CARLA's towns")
    return File(navmesh.build(Place(path.read_text())))


def test_polygons_are_convex_counter_clockwise_and_flagged(mesh):
    for index, row in enumerate(mesh.polygons):
        assert 3 <= row["count"] <= 6
        assert row["flags"] == 1 << row["area"]
        ring = mesh.ring(index)[:, :2]
        side = np.roll(ring, -1, axis=0) - ring
        after = np.roll(side, -1, axis=0)
        assert (side[:, 0] * after[:, 1] - side[:, 1] * after[:, 0] > -2e-3).all()
        assert shoelace(ring) > 0


def test_neighbours_share_an_edge_and_know_each_other(mesh):
    for index, row in enumerate(mesh.polygons):
        ring = mesh.ring(index)[:, :2]
        for k in range(row["count"]):
            other = int(row["beyond"][k]) - 1
            if other < 0:
                continue
            back = mesh.polygons[other]
            edges = [m for m in range(back["count"]) if back["beyond"][m] == index + 1]
            theirs = mesh.ring(other)[:, :2]
            mine = (ring[k], ring[(k + 1) % len(ring)])
            assert any(
                np.allclose(theirs[m], mine[1], atol=1e-3)
                and np.allclose(theirs[(m + 1) % len(theirs)], mine[0], atol=1e-3)
                for m in edges
            )


def test_detail_triangles_cover_their_polygons(mesh):
    for index, detail in enumerate(mesh.details):
        ring = mesh.ring(index)
        rows = mesh.triangles[detail["triangles"] :][: detail["count"], :3]
        assert sum(shoelace(ring[row]) for row in rows) == pytest.approx(shoelace(ring), abs=1e-2)


def test_all_sidewalks_hang_together_over_crosswalks(mesh):
    total, pieces = mesh.surface(Area.SIDEWALK, Area.CROSSWALK)
    assert pieces[0] == pytest.approx(total)
    _, apart = mesh.surface(Area.SIDEWALK)
    assert len(apart) > 1, "without crosswalks there are blocks"


def test_corners_join_the_sidewalks_of_a_junction():
    mesh = File(navigation.mesh(Place(crossing(DRIVING, SIDEWALK))))
    _, blocks = mesh.surface(Area.SIDEWALK)
    assert len(blocks) == 4
    assert blocks.min() > 0.9 * blocks.max() > 100


def test_a_road_without_sidewalks_has_verges():
    mesh = File(navigation.mesh(Place(text(drawing([straight(1, 100, DRIVING)])))))
    _, sides = mesh.surface(Area.SIDEWALK)
    assert len(sides) == 2 and sides.min() > 100
    inner = np.abs(np.concatenate([mesh.ring(k)[:, 1] for k in np.flatnonzero(mesh.polygons["area"] == 1)])).min()
    assert inner == pytest.approx(3.5, abs=0.05)


def test_heights_are_those_of_the_ground():
    mesh = File(navigation.mesh(Place(crossing(DRIVING, SIDEWALK), slope=0.009)))
    assert np.allclose(mesh.vertices[:, 2], 0.009 * mesh.vertices[:, 0], atol=1e-3)


def test_people_walk_around_what_stands_there():
    road = text(drawing([straight(1, 60, DRIVING, SIDEWALK)]))
    free, _ = File(navigation.mesh(Place(road))).surface(Area.SIDEWALK)
    pole = cylinder(np.array([30.0, 4.5, 0.0]), 0.1, 3.0, Tag.POLES)
    mesh = File(navigation.mesh(Place(road, obstacles=(pole,))))
    assert free - mesh.surface(Area.SIDEWALK)[0] == pytest.approx(0.64, abs=0.1)
    assert np.hypot(*(mesh.vertices[:, :2] - (30.0, 4.5)).T).min() >= 0.39


def test_the_same_place_gives_the_same_bytes_and_is_built_once(monkeypatch):
    place = Place(crossing(DRIVING, SIDEWALK))
    first = navigation.mesh(place)
    assert navmesh.build(place) == first
    monkeypatch.setattr(navmesh, "build", lambda town: pytest.fail("built again"))
    assert navigation.mesh(Place(place.opendrive)) == first


def test_a_place_that_is_not_walked_upon_has_none():
    assert navigation.mesh(Place(crossing(DRIVING, SIDEWALK), walkable=False)) == b""
