"""OpenDRIVE geometry against the CARLA client's own, and the surface made from it."""

from dataclasses import replace
from pathlib import Path

import carla
import numpy as np
import pytest
import shapely
from scipy.spatial import cKDTree

from assets import maps
from assets.tags import Tag
from simulator.world import markings, opendrive, road
from simulator.world.footing import Footing

TOWNS = Path(__file__).parents[3].parent / "shared/data/opendrive"


def texts():
    yield "outback_road", maps.path("outback_road").read_text()
    for name in ("Town01", "Town10HD"):
        if (TOWNS / f"{name}.xodr").exists():
            yield name, (TOWNS / f"{name}.xodr").read_text()


@pytest.fixture(scope="module", params=list(texts()), ids=lambda item: item[0])
def case(request):
    name, text = request.param
    network = opendrive.read(text)
    return carla.Map(name, text), network, road.build(network)


def waypoints(client):
    points = [w.transform.location for w in client.generate_waypoints(6.0)]
    return np.array([[p.x, -p.y, p.z] for p in points])


def test_lane_centres_are_the_clients(case):
    client, network, _ = case
    roads = {item.id: item for item in network.roads}
    for waypoint in client.generate_waypoints(23.0):
        line, s = roads[str(waypoint.road_id)], np.array([waypoint.s])
        section = [item for item in line.sections if item.start <= waypoint.s + 1e-9][-1]
        borders = line.borders(section, s)
        outer, inner = borders[waypoint.lane_id], borders[waypoint.lane_id - int(np.sign(waypoint.lane_id))]
        point, _ = line.points(s, (outer + inner) / 2)
        place = waypoint.transform.location
        assert np.linalg.norm(point[0] - [place.x, -place.y, place.z]) < 2e-3
        assert abs(outer - inner)[0] == pytest.approx(waypoint.lane_width, abs=1e-4)


def test_surface_has_no_hole_under_any_lane(case):
    client, _, surface = case
    points = waypoints(client)
    assert shapely.contains_xy(surface.outline, points[:, :2]).all()
    # one step to each side too: junctions are filled as a whole
    for shift in ([1.2, 0], [0, 1.2], [-1.2, 0], [0, -1.2]):
        assert shapely.contains_xy(surface.outline, points[:, :2] + shift).mean() > 0.999


def test_lane_centres_lie_on_the_ground(case):
    """Where the lanes of a junction cross at different heights, no surface could; these maps have no such place."""
    client, _, surface = case
    points = waypoints(client)
    heights, _, _ = Footing([surface.solid])(points)
    assert np.abs(heights - points[:, 2]).max() < 0.02


def test_every_triangle_looks_up_or_sideways(case):
    _, _, surface = case
    vertices, faces, _ = surface.solid
    corners = vertices[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normal[:, 2] > -1e-3).all()
    for placement in surface.placements:
        mesh = placement.lods[0]
        corners = mesh.vertices[mesh.faces].astype(float)
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        agree = np.einsum("ij,ij->i", normal, mesh.normals[mesh.faces].mean(axis=1))
        assert (agree > -1e-3).mean() > 0.98  # at sharp kerb corners strips fold by a few millimetres


def test_paint_lies_just_above_the_road():
    network = opendrive.read(maps.path("outback_road").read_text())
    surface = road.build(network)
    leg = network.roads[0]
    lines = [p for p in surface.placements if p.tag == Tag.ROAD_LINES]
    points = np.concatenate([p.lods[0].vertices + p.world_from_mesh[0, :3, 3] for p in lines])
    s = np.linspace(0, leg.length, 4000)
    center, _ = leg.points(s, np.zeros_like(s))
    away, near = cKDTree(center[:, :2]).query(points[:, :2])
    close = away < 0.3
    lift = points[close, 2] - center[near[close], 2]
    assert close.sum() > 100
    assert np.abs(lift - markings.PAINT).max() < 0.02


def test_dashes_have_their_length_and_gap():
    line = opendrive.Line(width=0.1, offset=0.0, start=0.0, dash=3.0, gap=9.0)
    starts, ends = markings.dashes(5.0, 90.0, line)
    assert (ends - starts).sum() == pytest.approx(3.0 * 7 + 1.0)  # the eighth dash is cut at 90 m
    solid = markings.dashes(5.0, 90.0, replace(line, gap=0.0))
    assert (solid[1] - solid[0]).sum() == pytest.approx(85.0)
    once = markings.dashes(5.0, 90.0, replace(line, repeats=False))
    assert (once[1] - once[0]).sum() == pytest.approx(3.0)


def test_text_that_is_not_opendrive_is_refused():
    for text in ("", "<OpenDRIVE/>", "<html></html>"):
        with pytest.raises(ValueError, match="not OpenDRIVE"):
            opendrive.read(text)
