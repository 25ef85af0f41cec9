"""A street's things: where they stand, and what an episode hides, paints and lights of them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from assets.mesh import Texture
from assets.tags import Tag
from renderers.raycast import RayCaster
from renderers.scene import Environment, Scene
from simulator.world.furniture import Furniture, LightGroup
from simulator.world.lamps import LightState
from simulator.world.level import Layer, Level, boxes, is_cover
from simulator.world.probe import Probe
from simulator.world.town import Town, load_town
from simulator.world.world import World

from .street import street


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town(opendrive=street())


@pytest.fixture
def level(town: Town) -> Level:
    return Level(town)


def outlines(town: Town, tag: Tag) -> list[shapely.Polygon]:
    """Plans of the boxes of all things of a tag."""
    made = []
    for item in Level(town).objects(tag):
        corners = np.array([[a, b, 0, 2] for a, b in ((1, 1), (-1, 1), (-1, -1), (1, -1))]) / 2
        made.append(shapely.Polygon((corners * [*item.size, 1] @ item.world_from_box.T)[:, :2]))
    return made


def test_a_street_is_lived_in(town: Town) -> None:
    names = {placement.name for placement in town.static if isinstance(placement, Furniture)}
    assert {"Lamp", "Broadleaf", "House"} <= names or {"Lamp", "Broadleaf", "Shop"} <= names
    assert len(outlines(town, Tag.BUILDINGS)) >= 12


def test_buildings_keep_off_the_pavement_and_each_other(town: Town) -> None:
    pavement = shapely.box(0, -9.7, 220, 9.7)
    plans = outlines(town, Tag.BUILDINGS)
    assert not any(plan.intersects(pavement) for plan in plans)
    assert not any(a.intersection(b).area > 0.01 for k, a in enumerate(plans) for b in plans[:k])


def test_nothing_stands_in_the_driving_lanes(town: Town) -> None:
    lanes = shapely.box(0, -3.5, 220, 3.5)
    cars = outlines(town, Tag.CAR)
    assert len(cars) > 4
    for obstacle in town.obstacles:
        if 0 < obstacle.center[0] < 220 and obstacle.center[2] - obstacle.size[2] / 2 < 3:
            reach = obstacle.radius or float(np.hypot(*obstacle.size[:2])) / 2
            assert abs(obstacle.center[1]) > 3.5 + min(reach, 0.9), obstacle
    assert not any(car.intersects(lanes) for car in cars)


def test_doors_are_level_with_the_ground_before_them(town: Town) -> None:
    for placement in town.static:
        if isinstance(placement, Furniture) and placement.tag == Tag.BUILDINGS:
            fronts = placement.world_from_mesh @ np.array([placement.lods[0].vertices[:, 0].max() + 0.2, 0, 0, 1.0])
            heights, _ = town.ground(fronts[:, :2])
            assert np.abs(fronts[:, 2] - heights).max() < 0.3


def test_the_static_tuple_changes_only_with_what_is_shown(town: Town, level: Level) -> None:
    assert level.static is town.static
    trees = [item.id for item in level.objects(Tag.VEGETATION)]
    stops = len(level.obstacles)
    assert level.show(trees[:3], False) == [] and level.show([1 << 60], False) == [1 << 60]
    changed = level.static
    assert changed is not town.static and level.static is changed
    assert len(level.obstacles) == stops - 3
    shared = {id(placement) for placement in changed} & {id(placement) for placement in town.static}
    assert len(shared) >= len(town.static) - 3
    assert sum(len(p.world_from_mesh) for p in changed) == sum(len(p.world_from_mesh) for p in town.static) - 3
    level.show(trees, True)
    assert level.static is town.static and len(level.obstacles) == stops


def test_layers(town: Town, level: Level) -> None:
    level.unload(Layer.BUILDINGS | Layer.FOLIAGE)
    assert not level.objects(Tag.BUILDINGS) and level.objects(Tag.ROADS)
    assert {placement.tag for placement in level.static}.isdisjoint({Tag.BUILDINGS, Tag.VEGETATION})
    level.load(Layer.ALL)
    assert level.static is town.static


def test_paint_concerns_one_thing(level: Level) -> None:
    first, second = level.objects(Tag.BUILDINGS)[:2]
    texture = Texture(np.full((4, 4, 4), 200, np.uint8))
    assert level.paint(first.name, texture) and not level.paint("nothing", texture)
    painted = [p for p in level.static if any(m.texture is texture for m in p.lods[0].materials)]
    assert len(painted) == 1
    assert np.allclose(painted[0].world_from_mesh, first.world_from_mesh[None])
    assert not np.allclose(painted[0].world_from_mesh, second.world_from_mesh[None])
    names = [item.name for item in level.objects()]
    assert len(set(names)) == len(names)


def test_lamps_follow_the_sun_and_the_client(town: Town) -> None:
    world = World(town, 0)
    assert not len(world.scene().lights.places)
    world.environment = Environment(sun_altitude=-0.3)
    lit = world.scene()
    street_lamps = [s for s in world.level.lamps.states if s.group == LightGroup.STREET]
    assert len(lit.lights.places) == len(street_lamps) > 8
    assert any(placement.lamps for placement in lit.static)
    number = next(k for k, s in enumerate(world.level.lamps.states, 1) if s.group == LightGroup.STREET)
    assert world.level.set_light(number, LightState(0.0, LightGroup.STREET, (255, 255, 255), False))
    assert len(world.scene().lights.places) == len(street_lamps) - 1
    world.level.unload(Layer.STREET_LIGHTS)
    assert not len(world.scene().lights.places)
    world.level.load(Layer.STREET_LIGHTS)
    world.environment = Environment(sun_altitude=0.3)
    assert world.scene().static is town.static


def test_probe_agrees_with_the_ray_caster(town: Town) -> None:
    """Two independent ways to the first thing on a ray."""
    solid = tuple(placement for placement in town.static if not is_cover(placement))
    caster, probe = RayCaster(), Probe(solid)
    caster.update(Scene(solid))
    random = np.random.default_rng(4)
    origins = np.column_stack([random.uniform(60, 100, 60), random.uniform(-9, 9, 60), random.uniform(1, 9, 60)])
    directions = random.normal(0, 1, (60, 3)) * [1, 1, 0.4]
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    hits = caster.cast(origins, directions, np.ones(60))
    for origin, direction, distance, tag in zip(origins, directions, hits.distance, hits.tag, strict=True):
        met = probe.cast(origin, origin + 100 * direction)
        assert met == sorted(met)
        if distance < 99:
            assert abs(met[0][0] - distance) < 1e-3 and met[0][1] == tag
        elif distance > 101:
            assert not met


def test_boxes_hold_sheared_copies() -> None:
    mesh = load_town(opendrive=street()).static[0].lods[0]
    matrix = np.eye(4)
    matrix[2, 0] = 0.3
    poses, sizes = boxes(mesh, matrix[None])
    assert np.allclose(poses[0, :3, :3] @ poses[0, :3, :3].T, np.eye(3))
    local = (mesh.vertices @ matrix[:3, :3].T + matrix[:3, 3] - poses[0, :3, 3]) @ poses[0, :3, :3]
    assert np.allclose(np.abs(local).max(axis=0), sizes[0] / 2, atol=1e-3)
