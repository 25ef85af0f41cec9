"""Things that a map itself puts beside its roads: drawn, standing where the file says, and in a car's way."""

import numpy as np
import pytest
import shapely

from assets.tags import Tag
from simulator.world import opendrive, roadside
from simulator.world.footing import Footing
from simulator.world.staging import Stage
from simulator.world.town import load_town

from .test_roads_of_all_kinds import line, network

PLANE = np.array([[-500.0, -500, 0], [500, -500, 0], [500, 500, 0], [-500, 500, 0]])


def thing(kind, subtype="", s=50.0, t=-6.0, inner="", **told):
    words = " ".join(f'{key}="{value}"' for key, value in told.items())
    return f'<object id="7" name="" type="{kind}" subtype="{subtype}" s="{s}" t="{t}" {words}>{inner}</object>'


def repeated(length, distance, t, height=0.0, width=0.3, start=10.0):
    values = "".join(
        f'{key}{end}="{value}" '
        for key, value in (("t", t), ("height", height), ("width", width), ("zOffset", 0))
        for end in ("Start", "End")
    )
    return f'<repeat s="{start}" length="{length}" distance="{distance}" {values}/>'


def stage(*things, **road):
    """What stands on flat ground beside a road along x."""
    made = Stage()
    flat = Footing([(PLANE, np.array([[0, 1, 2], [0, 2, 3]]), np.tile([0.0, 0, 1], (4, 1)))])
    taken = roadside.build(made, network(line(objects="".join(things), **road)), flat, 0)
    return made.placements(), taken


def feet(placements, name):
    return np.concatenate([p.world_from_mesh[:, :3, 3] for p in placements if p.name == name])


def obstacles(placements):
    return [stop for p in placements for group in p.obstacles for stop in group]


@pytest.mark.parametrize("t", [-5.0, 5.0])
def test_a_guard_rail_runs_along_the_road_with_its_face_to_the_traffic(t):
    placed, _ = stage(thing("barrier", "guardRail", t=t, inner=repeated(40, 0, t)))
    posts = feet(placed, "GuardRail")
    assert len(posts) == 20 and np.abs(posts[:, 1] - t).max() < 1e-9
    assert posts[:, 0].min() > 9.9 and posts[:, 0].max() < 50.1
    faces = np.concatenate([p.world_from_mesh[:, :3, 0] for p in placed])
    assert np.allclose(faces[:, 1], -np.sign(t))
    stops = obstacles(placed)
    assert sum(stop.size[0] for stop in stops) == pytest.approx(40)
    assert {stop.tag for stop in stops} == {Tag.GUARD_RAIL}
    assert {round(stop.center[2] + stop.size[2] / 2, 2) for stop in stops} == {0.75}


def test_what_is_repeated_at_a_distance_are_copies():
    placed, _ = stage(thing("streetLamp", t=6, inner=repeated(60, 20, 6, height=8.2)))
    lamps = feet(placed, "Lamp")
    assert np.allclose(np.sort(lamps[:, 0]), [10, 30, 50, 70]) and np.allclose(lamps[:, 1], 6)
    arms = placed[0].world_from_mesh[:, :3, 0]
    assert np.allclose(arms[:, 1], -1)  # over the road


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        ("", {"length": 20, "width": 0.3, "hdg": 0}),
        (
            "<outline>"
            + "".join(f'<cornerRoad s="{s}" t="{t}" dz="0" height="2"/>' for s, t in
                      [(40, -6), (47, -6), (53, -6), (60, -6), (60, -6.3), (53, -6.3), (47, -6.3), (40, -6.3)])
            + "</outline>",
            {},
        ),
    ],
)  # fmt: skip
def test_lines_come_from_rectangles_and_from_ribbons(inner, told):
    placed, _ = stage(thing("soundBarrier", inner=inner, height=2, **told))
    stops = obstacles(placed)
    assert sum(stop.size[0] for stop in stops) == pytest.approx(20, abs=0.01)
    assert max(stop.center[2] + stop.size[2] / 2 for stop in stops) == pytest.approx(2)
    assert all(abs(stop.center[1] + 6.15) < 0.2 for stop in stops)


def test_buildings_fill_their_outline_to_their_height():
    placed, taken = stage(thing("building", s=50, t=20, hdg=0.3, length=24, width=12, height=11))
    [building] = placed
    corners = building.lods[0].vertices @ building.world_from_mesh[0, :3, :3].T + building.world_from_mesh[0, :3, 3]
    [stop] = obstacles(placed)
    assert sorted(stop.size) == pytest.approx([11, 12, 24]) and stop.tag == Tag.BUILDINGS
    assert np.allclose(stop.center[:2], [50, 20], atol=1e-6)
    plan = shapely.MultiPoint(corners[:, :2]).minimum_rotated_rectangle
    assert plan.centroid.distance(shapely.Point(50, 20)) < 0.6
    assert plan.area == pytest.approx(24 * 12, rel=0.12)  # steps and eaves
    assert taken[0].contains(shapely.Point(50, 20))


def test_woods_and_shrubberies_fill_their_area_and_single_trees_stand_alone():
    wood, _ = stage(thing("vegetation", "forest", t=30, length=40, width=30, height=9))
    trees = feet(wood, "Broadleaf")
    assert 30 < len(trees) < 70 and np.abs(trees[:, :2] - [50, 30]).max() < 20.01
    alone, _ = stage(thing("tree", t=-9, height=7, radius=2))
    assert np.allclose(feet(alone, "Broadleaf")[:, :2], [[50, -9]])
    assert obstacles(alone)[0].radius > 0.1


def test_what_stands_on_a_bridge_stays_up_there():
    placed, _ = stage(thing("railing", length=10, width=0.1, hdg=0), elevation=6.0)
    assert np.allclose(feet(placed, "Railing")[:, 2], 6.0)


def test_unknown_kinds_and_nonsense_are_left_out():
    placed, taken = stage(
        thing("patch"),
        thing("none", length=3, width=3),
        thing("barrier", s="nan"),
        thing("building", length=0, width=0),
    )
    assert placed == () and len(taken) <= 1


def test_endless_repeats_are_refused():
    with pytest.raises(ValueError, match="repeats itself"):
        network(line(objects=thing("pole", inner=repeated(90, 1e-7, 5))))


def test_a_town_with_buildings_of_its_own_gets_no_others():
    walk = [f'<lane id="{k}" type="sidewalk"><width sOffset="0" a="2.5" b="0" c="0" d="0"/></lane>' for k in (2, -2)]
    drive = [f'<lane id="{k}" type="driving"><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane>' for k in (1, -1)]

    def houses(objects):
        road = line(lanes=[walk[0], drive[0], drive[1], walk[1]], length=200, objects=objects)
        town = load_town(opendrive=f'<OpenDRIVE><header revMajor="1" revMinor="4" name=""/>{road}</OpenDRIVE>')
        return sum(len(p.world_from_mesh) for p in town.static if p.tag == Tag.BUILDINGS and hasattr(p, "name"))

    assert houses("") > 3
    assert houses(thing("building", t=15, length=12, width=9, height=7)) == 1


def test_objects_are_read_with_their_height_side_and_heading():
    pole = thing("pole", t=4, height=5, hdg=0.25, radius=0.1)
    [found] = opendrive.read(f"<OpenDRIVE><header/>{line(heading=0.5, objects=pole)}</OpenDRIVE>").objects
    assert (found.side, found.height, found.heading) == (1, 5.0, pytest.approx(0.75))
    assert np.ptp(found.outline[:, 0]) < 0.3
