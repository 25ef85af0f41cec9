"""A small map, written once: a straight two-lane road that bends to the left."""

from pathlib import Path

import pytest
from scenariogeneration import xodr


@pytest.fixture(scope="session")
def small_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("maps") / "small.xodr"
    shape = [xodr.Line(300), xodr.Arc(0.004, length=200)]
    road = xodr.create_road(shape, id=1, left_lanes=1, right_lanes=1, lane_width=3.5)
    opendrive = xodr.OpenDrive("small")
    opendrive.add_road(road)
    opendrive.adjust_roads_and_lanes()
    opendrive.write_xml(str(path))
    return path
