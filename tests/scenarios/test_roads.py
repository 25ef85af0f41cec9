"""Places along lanes are where they say they are."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenic.core.errors import InvalidScenarioError
from scenic.core.vectors import Vector
from scenic.domains.driving.roads import Network
from shapely.geometry import Point

from scenarios import roads


@pytest.fixture(scope="module")
def network(small_map: Path) -> Any:
    return Network.fromFile(small_map)


@pytest.fixture(scope="module")
def lane(network: Any) -> Any:
    """The lane along the road, from the origin eastward, on the right."""
    return next(lane for lane in network.lanes if lane.centerline.lineString.coords[0][0] < 10)


def test_points_follow_the_centreline(lane: Any) -> None:
    assert tuple(roads.on_lane(lane, 50))[:2] == pytest.approx((50, -1.75), abs=0.05)
    assert roads.heading_of(lane, 50) == pytest.approx(-math.pi / 2, abs=1e-3)  # east, counted from north


@given(station=st.floats(30, 470))
def test_the_other_side_is_one_lane_over_and_heads_the_other_way(network: Any, lane: Any, station: float) -> None:
    here, there = roads.on_lane(lane, station), roads.on_other_side(lane, station)
    assert math.dist(here, there) == pytest.approx(3.5, abs=0.1)
    assert network.laneAt(there) in lane.group.opposite.lanes


@given(station=st.floats(5, 490), side=st.sampled_from([1, -1]), verge=st.floats(0.5, 8))
def test_beside_the_road_is_off_it_by_the_verge(
    network: Any, lane: Any, station: float, side: int, verge: float
) -> None:
    place = roads.beside_road(lane, station, side, verge)
    assert lane.road.polygon.distance(Point(place.x, place.y)) == pytest.approx(verge, abs=0.15)
    heading = roads.heading_of(lane, station)
    rightward = np.dot([math.cos(heading), math.sin(heading)], (place - roads.on_lane(lane, station))[:2])
    assert math.copysign(1, rightward) == side


def test_the_start_leaves_room(lane: Any) -> None:
    length = roads.length_of(lane)
    assert roads.place_on(lane, 0.0, 200) == roads.MARGIN
    assert roads.place_on(lane, 1.0, 200) == pytest.approx(length - roads.MARGIN - 200)


def test_a_map_without_a_long_road_is_refused(network: Any) -> None:
    assert len(roads.two_way_lanes(network, 400)) == 2
    with pytest.raises(InvalidScenarioError, match="longest lane has 5"):
        roads.two_way_lanes(network, 5000)


def test_a_route_runs_to_the_end_of_the_road(lane: Any) -> None:
    route = roads.route_from(lane, Vector(100, -1.75, 0), 1000)
    assert route.length == pytest.approx(roads.length_of(lane) - 100, abs=0.5)
    assert route.coords[0] == pytest.approx((100, -1.75), abs=0.05)


def test_a_route_goes_on_over_the_next_road() -> None:
    import assets.maps

    network = Network.fromFile(assets.maps.path("outback_road"))
    lane = network.lanes[0]
    start = roads.on_lane(lane, roads.length_of(lane) - 50)
    route = roads.route_from(lane, start, 400)
    assert route.length > 400
    steps = np.diff(np.array(route.coords), axis=0)
    steps = steps[np.linalg.norm(steps, axis=1) > 0.5]
    bends = np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0])))
    assert np.abs(bends).max() < 0.1
