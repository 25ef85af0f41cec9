"""What OpenDRIVE can say of a road, on small networks written here: each test could fail by itself."""

import carla
import numpy as np
import pytest
import shapely

from assets.tags import Tag
from simulator.world import markings, opendrive, paving, road, spawns, terrain
from simulator.world.biome import BIOMES
from simulator.world.footing import Footing
from simulator.world.generation import Generation


def lane(number, kind="driving", width=3.5, extra="", mark=""):
    width = f'<width sOffset="0" a="{width}" b="0" c="0" d="0"/>'
    return f'<lane id="{number}" type="{kind}" level="false">{width}{extra}{mark}</lane>'


def line(  # one straight road
    number=1, x=0.0, y=0.0, heading=0.0, length=100.0, lanes=None, elevation=0.0, lateral="", objects="", center="",
    junction=-1,
):  # fmt: skip
    lanes = lanes or [lane(1), lane(-1)]
    left = "".join(item for item in lanes if 'id="-' not in item)
    right = "".join(item for item in lanes if 'id="-' in item)
    return f"""<road name="" length="{length}" id="{number}" junction="{junction}"><link/>
    <planView><geometry s="0" x="{x}" y="{y}" hdg="{heading}" length="{length}"><line/></geometry></planView>
    <elevationProfile><elevation s="0" a="{elevation}" b="0" c="0" d="0"/></elevationProfile>
    <lateralProfile>{lateral}</lateralProfile>
    <lanes><laneSection s="0"><left>{left}</left><center><lane id="0" type="none">{center}</lane></center>
    <right>{right}</right></laneSection></lanes><objects>{objects}</objects><signals/></road>"""


def network(*roads):
    return opendrive.read(f'<OpenDRIVE><header revMajor="1" revMinor="4" name=""/>{"".join(roads)}</OpenDRIVE>')


def heights(surface, *points):
    return Footing([surface.solid])(np.array(points, float))[0]


def drawn(surface, tag):
    """Vertices (N, 3) of a tag's placements."""
    found = [p.lods[0].vertices + p.world_from_mesh[0, :3, 3] for p in surface.placements if p.tag == tag]
    return np.concatenate(found) if found else np.zeros((0, 3))


def test_sidewalks_lie_behind_a_kerb_and_told_heights_are_kept():
    told = '<height sOffset="0" inner="0.2" outer="0.3"/>'
    surface = road.build(
        network(line(lanes=[lane(2, "sidewalk", 2), lane(1), lane(-1), lane(-2, "sidewalk", 2, extra=told)]))
    )
    low, walk, inner, outer = heights(surface, (50, -1), (50, 4.5), (50, -3.7), (50, -5.4))
    assert low == pytest.approx(0, abs=1e-6) and walk == pytest.approx(paving.KERB, abs=1e-6)
    assert inner == pytest.approx(0.21, abs=0.01) and outer == pytest.approx(0.295, abs=0.01)
    stones = [m for p in surface.placements for m in p.lods[0].materials if m.name == "kerbstone"]
    assert stones and len(drawn(surface, Tag.SIDEWALKS))


@pytest.mark.parametrize(
    ("kind", "tag"),
    [("biking", Tag.ROADS), ("rail", Tag.RAIL_TRACK), ("tram", Tag.RAIL_TRACK), ("median", Tag.GROUND),
     ("sidewalk", Tag.SIDEWALKS), ("parking", Tag.ROADS), ("onRamp", Tag.ROADS), ("unheard", Tag.ROADS)],
)  # fmt: skip
def test_every_kind_of_lane_has_its_tag(kind, tag):
    surface = road.build(network(line(lanes=[lane(-1), lane(-2, kind)])))
    points = drawn(surface, tag)
    assert ((points[:, 1] < -3.6) & (points[:, 1] > -7.1)).any()


def test_a_curb_mark_at_the_edge_is_a_kerbstone():
    surface = road.build(network(line(lanes=[lane(-1, mark='<roadMark sOffset="0" type="curb"/>')])))
    assert heights(surface, (50, -3.45), (50, -3.6)) == pytest.approx([0.0, paving.KERB], abs=1e-6)


def test_lanes_of_kind_none_are_not_there():
    surface = road.build(network(line(lanes=[lane(-1), lane(-2, "none")])))
    assert surface.outline.bounds[1] == pytest.approx(-3.5, abs=0.01)


def test_borders_count_where_a_lane_tells_no_width():
    border = '<lane id="-2" type="driving"><border sOffset="0" a="-9" b="0" c="0" d="0"/></lane>'
    surface = road.build(network(line(lanes=[lane(-1), border])))
    assert surface.outline.bounds[1] == pytest.approx(-9.0, abs=0.01)


def test_superelevation_and_shapes_bend_the_cross_section():
    tilted = road.build(network(line(lateral='<superelevation s="0" a="0.1" b="0" c="0" d="0"/>')))
    assert heights(tilted, (50, 3))[0] == pytest.approx(3 * np.tan(0.1), abs=0.01)
    crown = "".join(f'<shape s="{s}" t="{t}" a="0" b="0" c="-0.01" d="0"/>' for s in (0, 50) for t in (0,))
    shaped = road.build(network(line(lateral=crown)))
    assert heights(shaped, (50, 3.4))[0] == pytest.approx(-0.01 * 3.4**2, abs=0.02)


def paint_between(surface, low, high):
    points = drawn(surface, Tag.ROAD_LINES)
    return points[(points[:, 1] > low) & (points[:, 1] < high)]


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [("solid", 1.0, 1.0), ("broken", 0.4, 0.4), ("solid solid", 1.0, 1.0), ("solid broken", 1.0, 0.4),
     ("broken solid", 0.4, 1.0), ("broken broken", 0.4, 0.4)],
)  # fmt: skip
def test_marks_on_the_centre_in_their_order(kind, left, right):
    text = network(line(center=f'<roadMark sOffset="0" type="{kind}" color="yellow" width="0.15"/>'))
    (piece,) = markings.pieces(text.roads[0])
    quads = piece.vertices.reshape(-1, 4, 3)
    side, length = quads[:, :, 1].mean(axis=1), quads[:, 1, 0] - quads[:, 0, 0]
    if " " in kind:
        assert length[side > 0.01].sum() / 100 == pytest.approx(left, abs=0.03)
        assert length[side < -0.01].sum() / 100 == pytest.approx(right, abs=0.03)
    else:
        assert length.sum() / 100 == pytest.approx(left, abs=0.03)
    assert (piece.colors[:, 2] < 100).all()  # yellow


def test_lines_that_the_file_tells_one_by_one():
    mark = """<roadMark sOffset="0" type="custom" color="white"><type name="x" width="0.2">
      <line length="2" space="8" tOffset="0.5" sOffset="1" width="0.2"/></type></roadMark>"""
    (piece,) = markings.pieces(network(line(center=mark)).roads[0])
    quads = piece.vertices.reshape(-1, 4, 3)
    assert quads[:, :, 1].mean() == pytest.approx(0.5, abs=1e-6)
    assert quads[0, 0, 0] == pytest.approx(1.0) and len(quads) == 10


def test_dots_stand_out_of_the_road_and_curbs_and_grass_are_no_paint():
    (piece,) = markings.pieces(network(line(center='<roadMark sOffset="0" type="botts dots" color="white"/>')).roads[0])
    assert piece.vertices[:, 2].max() > 0.015
    for kind in ("curb", "grass", "none"):
        assert not list(markings.pieces(network(line(center=f'<roadMark sOffset="0" type="{kind}"/>')).roads[0]))


CROSSWALK = """<object id="7" type="crosswalk" name="" s="50" t="0" zOffset="0" hdg="0"><outline>
<cornerLocal u="1.5" v="3.5" z="0"/><cornerLocal u="-1.5" v="3.5" z="0"/>
<cornerLocal u="-1.5" v="-3.5" z="0"/><cornerLocal u="1.5" v="-3.5" z="0"/></outline></object>"""


def test_crosswalks_are_zebra_stripes_along_the_traffic():
    surface = road.build(network(line(objects=CROSSWALK)))
    points = drawn(surface, Tag.ROAD_LINES)
    assert points[:, 0].min() == pytest.approx(48.5, abs=0.01) and points[:, 0].max() == pytest.approx(51.5, abs=0.01)
    across = np.unique(points[:, 1].round(2))
    gaps = np.diff(across)
    assert 10 <= len(across) <= 16 and gaps.max() < 0.7  # bars and gaps of about half a metre
    assert (points[:, 2] > 0.004).all() and (points[:, 2] < 0.02).all()


@pytest.fixture(scope="module")
def crossing():
    """A road on the ground and one 7 m above it."""
    return road.build(network(line(1, -100, 0, length=200), line(2, 0, -100, np.pi / 2, 200, elevation=7.0)))


def test_under_a_bridge_the_ground_is_the_road_there(crossing):
    assert heights(crossing, (0, 0)) == pytest.approx([7.0], abs=1e-5)
    assert heights(crossing, (0, 0, 0.4), (0, 0, 7.2), (0, 0, -30)) == pytest.approx([0.0, 7.0, 7.0], abs=1e-5)


def test_the_land_does_not_cut_through_the_road_below(crossing):
    land = terrain.build(crossing, BIOMES["temperate"], 0)
    footing = Footing([(land.vertices, land.faces, land.normals)])
    on_road = np.array([[x, y] for x in np.arange(-90, 91, 5.0) for y in (-3.0, 0.0, 3.0)])
    assert (footing(on_road)[0] < -0.02).all()
    beside = np.array([[6.0, y] for y in np.arange(-90, 91, 5.0)])
    height = footing(beside)[0]
    assert height.max() > 6.0 and height.min() < 1.0
    assert np.abs(np.diff(height)).max() < 6.0


def test_a_bridge_has_sides_an_underside_and_rails_that_stop_cars(crossing):
    assert len(drawn(crossing, Tag.BRIDGE)) and len(drawn(crossing, Tag.GUARD_RAIL))
    rails = np.array([item.center for item in crossing.obstacles])
    assert len(rails) >= 6 and (np.abs(np.abs(rails[:, 0]) - 3.4) < 0.3).all()  # along its sides, none across the road
    assert (rails[:, 2] > 7).all()


def test_told_bridges_are_bridges():
    surface = road.build(network(line(objects='<bridge id="1" s="30" length="20"/>')))
    assert drawn(surface, Tag.BRIDGE)[:, 0].min() > 20
    assert surface.grounded.area < surface.outline.area - 60


def test_walls_stand_along_all_sides():
    surface = road.build(network(line()), Generation(wall_height=1.5))
    points = drawn(surface, Tag.WALLS)
    assert points[:, 2].max() == pytest.approx(1.5, abs=0.01)
    assert len(surface.obstacles) >= 24
    assert not any(
        shapely.box(0.1, -3.4, 99.9, 3.4).contains(shapely.Point(item.center[:2])) for item in surface.obstacles
    )
    assert not road.build(network(line())).obstacles


def test_an_invisible_road_carries_nevertheless():
    surface = road.build(network(line()), Generation(visible=False))
    assert not len(drawn(surface, Tag.ROADS))
    assert heights(surface, (50, 1)) == pytest.approx([0.0], abs=1e-6)


def junction(wider=0.0, smooth=True):
    roads = (
        line(1, -60, 0, length=50),
        line(2, -10, 0, length=20, junction=5),
        line(3, 0, -10, np.pi / 2, 20, junction=5),
    )
    return road.build(network(*roads), Generation(additional_width=wider, smooth_junctions=smooth))


def test_a_junction_has_one_floor_without_steps():
    surface = junction()
    grid = np.array([[x, y] for x in np.arange(-9.5, 10, 0.5) for y in (-3.0, 0.0, 3.0)])
    assert np.abs(heights(surface, *grid)).max() < 1e-4
    assert junction(wider=1.0).outline.area > surface.outline.area + 10
    assert junction(smooth=False).outline.area == pytest.approx(surface.outline.area, rel=0.05)


@pytest.mark.parametrize(
    "wrong", [{"vertex_distance": 0}, {"wall_height": -1}, {"max_road_length": float("nan")}, {"additional_width": 1e9}]
)
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Generation(**wrong)


def test_starts_are_apart_and_half_a_metre_up_and_keep_clear_of_walls():
    text = network(line(length=400, lanes=[lane(1), lane(-1), lane(-2, "sidewalk", 2)]))
    points = spawns.spawn_points(text, ())
    assert len(points) == 2 * 25
    places = np.array([pose[:3, 3] for pose in points])
    assert places[:, 2] == pytest.approx(spawns.ABOVE)
    right = places[places[:, 1] < 0]
    assert np.diff(np.sort(right[:, 0])).min() >= spawns.LENGTH
    assert all(np.sign(pose[0, 0]) == -np.sign(pose[1, 3]) for pose in points)  # along the traffic
    blocked = road.build(text, Generation(wall_height=1.0)).obstacles
    assert len(spawns.spawn_points(text, blocked)) == len(points)


@pytest.mark.parametrize(
    "text",
    [
        '<OpenDRIVE><road id="1" length="10"><lanes/></road></OpenDRIVE>',
        '<OpenDRIVE><road id="1" length="10"><planView><geometry s="0" x="nan" y="0" hdg="0" length="10"><line/>'
        "</geometry></planView><lanes/></road></OpenDRIVE>",
        "<OpenDRIVE><road id='1' length='ten'/></OpenDRIVE>",
    ],
)
def test_broken_roads_are_refused(text):
    with pytest.raises(ValueError):
        road.build(opendrive.read(text))


def test_the_written_networks_are_what_the_client_reads():
    client = carla.Map("x", f'<OpenDRIVE><header revMajor="1" revMinor="4" name=""/>{line()}</OpenDRIVE>')
    assert len(client.generate_waypoints(10.0)) > 10
