"""The place as bodies and cameras meet it."""

import time

import carla
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from assets import maps
from assets.tags import Tag
from renderers.scene import Placement
from renderers.still import Still
from simulator.world import road
from simulator.world.spawns import ABOVE
from simulator.world.town import ROAD_FRICTION, load_town


@pytest.fixture(scope="module")
def town():
    return load_town("outback_road")


@pytest.fixture(scope="module")
def client_map(town):
    return carla.Map(town.name, town.opendrive)


def test_road_height_is_the_clients(town, client_map):
    places = [w.transform.location for w in client_map.generate_waypoints(1.7)]
    points = np.array([[p.x, -p.y, p.z] for p in places])
    heights, normals = town.ground(points[:, :2])
    assert np.abs(heights - points[:, 2]).max() < 0.002
    assert (normals[:, 2] > 0.999).all()
    assert (town.friction(points[:, :2]) == ROAD_FRICTION).all()


@settings(max_examples=60, deadline=None)
@given(st.floats(-300, 1200), st.floats(-300, 1100))
def test_ground_is_the_drawn_terrain(town, x, y):
    """The height is that of the triangle drawn at the point, found here by brute force."""
    height = town.ground(np.array([[x, y]]))[0][0]
    tops = [
        drawn_height(p, x, y) for p in town.static if p.tag in (Tag.TERRAIN, Tag.ROADS) and len(p.world_from_mesh) == 1
    ]
    tops = [top for top in tops if top is not None]
    assert tops and abs(max(tops) - height) < 0.01


def drawn_height(placement: Placement, x: float, y: float) -> float | None:
    mesh = placement.lods[0]
    vertices = mesh.vertices.astype(float) + placement.world_from_mesh[0, :3, 3]
    if not ((vertices[:, :2].min(0) <= [x, y]) & (vertices[:, :2].max(0) >= [x, y])).all():
        return None
    a, b, c = (vertices[mesh.faces[:, k]] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    with np.errstate(divide="ignore", invalid="ignore"):
        v = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (y - a[:, 1]) * (c[:, 0] - a[:, 0])) / area
        w = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])) / area
        inside = (v >= -1e-6) & (w >= -1e-6) & (v + w <= 1 + 1e-6)
        height = a[:, 2] + v * (b[:, 2] - a[:, 2]) + w * (c[:, 2] - a[:, 2])
    return float(height[inside].max()) if inside.any() else None


def test_land_meets_the_pavement_without_a_step(town):
    outline = road.build(town.network).outline
    edge = shapely.get_coordinates(shapely.segmentize(outline.boundary, 3.0))
    beyond = shapely.get_coordinates(shapely.segmentize(outline.buffer(0.4).exterior, 3.0))
    inside = shapely.get_coordinates(shapely.segmentize(outline.buffer(-0.3).exterior, 3.0))
    assert len(edge) > 1000
    for points in (beyond, inside):
        near = np.argmin(((points[::20, None] - edge[None]) ** 2).sum(-1), axis=1)
        step = town.ground(points[::20])[0] - town.ground(edge[near])[0]
        assert np.abs(step).max() < 0.2


def test_ground_is_fast(town):
    points = np.array([pose[:2, 3] for pose in town.spawn_points[:100]])
    assert len(points) == 100
    town.ground(points)
    best = min(timed(lambda: town.ground(points)) for _ in range(200))
    assert best < 300e-6


def timed(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def test_beyond_the_horizon_is_an_error(town):
    with pytest.raises(ValueError, match="horizon"):
        town.ground(np.array([[0.0, 0.0], [1e5, 0.0]]))


def test_spawn_points_stand_on_lanes_along_the_traffic(town, client_map):
    assert len(town.spawn_points) >= 100
    for pose in town.spawn_points:
        assert np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-9)
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
        waypoint = client_map.get_waypoint(carla.Location(pose[0, 3], -pose[1, 3], pose[2, 3]))
        place, ahead = waypoint.transform.location, waypoint.transform.get_forward_vector()
        assert np.linalg.norm([place.x - pose[0, 3], place.y + pose[1, 3], place.z + ABOVE - pose[2, 3]]) < 0.1
        aside = (
            np.array([place.x, -place.y, place.z + ABOVE]) - pose[:3, 3]
        )  # the client finds the nearest place only roughly
        assert abs(aside @ pose[:3, 1]) < 0.01
        assert np.dot([ahead.x, -ahead.y, ahead.z], pose[:3, 0]) > 0.9999


def test_nothing_stands_on_the_road(town):
    outline = road.build(town.network).outline
    feet = np.array([item.center[:2] for item in town.obstacles])
    assert len(feet) > 500
    verge = outline.buffer(0.5)
    shapely.prepare(verge)
    assert not shapely.contains_xy(verge, feet).any()
    plants = [p for p in town.static if p.tag == Tag.VEGETATION]
    feet = np.concatenate([p.world_from_mesh[:, :2, 3] for p in plants])
    assert not shapely.contains_xy(verge, feet).any()


def test_things_stand_on_the_ground(town):
    for placement in town.static:
        if placement.tag in (Tag.VEGETATION, Tag.TRAFFIC_SIGNS, Tag.FENCES):
            feet = placement.world_from_mesh[:, :3, 3]
            assert np.abs(town.ground(feet[:, :2])[0] - feet[:, 2]).max() < 0.03


def test_dressing_is_that_of_the_outback(town):
    copies = {}
    for placement in town.static:
        for material in placement.lods[0].materials:
            copies[material.name] = copies.get(material.name, 0) + len(placement.world_from_mesh)
    assert copies["grass.blades"] > 10000
    assert copies["leaves.eucalypt"] > 300
    assert copies["sign.kangaroo"] == copies["sign.speed_100"] == 8
    assert copies["wire"] > 30
    assert 90 < copies["reflector.red"] < 130


def test_rays_meet_what_cameras_see_without_drowning_in_triangles(town):
    assert all(placement.solid and placement.reach > 0 for placement in town.static)
    still = Still(town.static)
    for pose in town.spawn_points[::20]:
        east, north = still.squares(pose[None, :3, 3])
        assert 1_000 < len(still.near((int(east[0]), int(north[0])))) < 400_000


def test_seed_decides_all_that_grows(town):
    def digest(place):
        return [p.world_from_mesh.tobytes() for p in place.static if p.tag == Tag.VEGETATION]

    # the text is that of the built-in map, which decides the landscape
    again = load_town(opendrive=maps.path("outback_road").read_text())
    assert again.name == "outback_road" and digest(again) == digest(town)
    assert digest(load_town("outback_road", seed=1)) != digest(town)


def test_other_maps_lie_in_a_temperate_land():
    text = maps.path("outback_road").read_text().replace('name="outback_road"', 'name="elsewhere"')
    names = {m.name for p in load_town(opendrive=text).static for m in p.lods[0].materials}
    assert "leaves.broad" in names and "leaves.eucalypt" not in names


def test_wrong_names_and_arguments_are_refused(town):
    with pytest.raises(ValueError, match="outback_road"):
        load_town("atlantis")
    with pytest.raises(ValueError, match="either"):
        load_town()
    assert town.geo_reference == (-31.55, 143.38)
