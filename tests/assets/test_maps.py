"""The built-in maps as their readers see them: the CARLA client's map and Scenic's parser."""

import carla
import numpy as np
import pytest
from scenic.domains.driving.roads import Network

from assets import maps

LEGS = 4


@pytest.fixture(scope="module")
def client_map():
    return carla.Map("outback_road", maps.path("outback_road").read_text())


def test_file_is_named_by_the_map_and_always_the_same(tmp_path, monkeypatch):
    first = maps.path("outback_road")
    assert first.name == "outback_road.xodr"
    monkeypatch.setattr(maps, "user_cache_path", lambda name: tmp_path / name)
    maps.path.cache_clear()
    try:
        again = maps.path("outback_road")
        assert again.is_relative_to(tmp_path)
        assert again.read_bytes() == first.read_bytes()
        assert [entry.name for entry in again.parent.iterdir()] == ["outback_road.xodr"]
    finally:
        maps.path.cache_clear()


def test_unknown_map_names_the_known():
    with pytest.raises(KeyError, match="outback_road"):
        maps.path("atlantis")
    with pytest.raises(KeyError, match="outback_road"):
        maps.biome("atlantis")
    assert maps.biome("outback_road") == "outback"


@pytest.mark.parametrize("lane", [-1, 1])
def test_client_drives_around_the_loop_for_ever(client_map, lane):
    waypoint = client_map.get_waypoint_xodr(1, lane, 100.0)
    begin = waypoint.transform.location
    seen, gaps = set(), []
    for _ in range(340):
        (following,) = waypoint.next(10.0)
        gaps.append(following.transform.location.distance(waypoint.transform.location))
        seen.add(following.road_id)
        assert following.lane_width == pytest.approx(3.5)
        waypoint = following
    assert seen == {1, 2, 3, 4}
    assert max(gaps) < 10.2 and min(gaps) > 9.7  # no jump where one road meets the next
    assert 3000 < 10.0 * 340 and begin.distance(waypoint.transform.location) < 400


def test_grades_and_bends_are_those_of_a_highway(client_map):
    waypoints = client_map.generate_waypoints(5.0)
    pitch = np.array([(w.transform.rotation.pitch + 180) % 360 - 180 for w in waypoints])
    assert 0.02 < np.tan(np.radians(np.abs(pitch))).max() < 0.03
    height = np.array([w.transform.location.z for w in waypoints])
    assert np.ptp(height) > 5


def test_client_reads_speed_and_warning_signs(client_map):
    names = [landmark.name for landmark in client_map.get_all_landmarks()]
    assert names.count("Speed_100") == names.count("Kangaroos") == 2 * LEGS
    limits = {mark.value for mark in client_map.get_all_landmarks() if mark.type == "274"}
    assert limits == {100.0}
    assert client_map.transform_to_geolocation(carla.Location()).latitude == pytest.approx(-31.55)


def test_marks_are_broken_on_straights_and_double_in_bends(client_map):
    kinds = {str(w.left_lane_marking.type) for w in client_map.generate_waypoints(10.0)}
    assert kinds == {"Broken", "SolidSolid"}
    assert {str(w.right_lane_marking.type) for w in client_map.generate_waypoints(10.0)} == {"Solid"}


def test_scenic_reads_roads_lanes_and_shoulders():
    network = Network.fromFile(str(maps.path("outback_road")), useCache=False, writeCache=False)
    assert (len(network.roads), len(network.lanes), len(network.shoulders)) == (LEGS, 2 * LEGS, 2 * LEGS)
    assert all(lane.successor is not None for lane in network.lanes)
    assert network.roads[0].forwardLanes and network.roads[0].backwardLanes
    width = [float(np.diff(section.leftEdge.lineString.bounds)[0]) for section in network.laneSections]
    assert len(width) == 2 * LEGS
