"""Cameras and rays meet the same things in a real town, plants and all."""

import numpy as np
import pytest
from numpy.typing import NDArray

from assets import catalog
from assets.tags import Tag
from renderers.raster import Raster
from renderers.raycast import RayCaster
from renderers.scene import Hits, Picture, Pinhole
from simulator.world.town import load_town
from simulator.world.world import World

from .shapes import away_from_edges, pixel_rays

CAMERA = Pinhole(621, 188, 360.8, 360.8, 304.8, 86.4)
OPTICAL = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])


@pytest.fixture(scope="module")
def seen(raster: Raster) -> tuple[Picture, Hits, NDArray[np.float64]]:
    """A picture of traffic on the outback road, a ray through each of its pixels, and depth along the rays."""
    town = load_town("outback_road")
    world, start = World(town, 1), town.spawn_points[5]

    def beside(ahead: float, left: float, turn: float) -> NDArray[np.float64]:
        pose = start.copy()
        pose[:3, 3] += ahead * start[:3, 0] + left * start[:3, 1]
        c, s = np.cos(turn), np.sin(turn)
        pose[:3, :2] = pose[:3, :2] @ np.array([[c, -s], [s, c]])
        pose[2, 3] = town.ground(pose[None, :2, 3])[0][0]
        return pose

    world.add_walker(11, catalog.model("animal.kangaroo"), beside(14, 1, 1.5))
    world.add_walker(12, catalog.model("animal.kangaroo", variant=3), beside(25, -6, 2.5))
    world.add_walker(13, catalog.model("person.adult"), beside(18, -4, 0.5))
    world.add_vehicle(20, catalog.model("vehicle.hatchback"), beside(22, 3.5, 3.14))
    world.add_vehicle(21, catalog.model("vehicle.suv"), beside(60, 3.5, 3.14))
    scene = world.scene()
    eye = beside(0, 0, 0)
    eye[2, 3] += 1.65
    eye = eye @ OPTICAL
    picture = raster.draw(scene, CAMERA, eye, shaded=False)
    origins, directions, length = pixel_rays(CAMERA, eye)
    caster = RayCaster()
    caster.update(scene)
    hits = caster.cast(origins, directions, np.ones(len(origins)))
    return picture, hits, (hits.distance / length).reshape(picture.depth.shape)


def test_objects_are_the_same(seen: tuple[Picture, Hits, NDArray[np.float64]]) -> None:
    picture, hits, _ = seen
    assert set(np.unique(picture.object_id)) == {0, 11, 12, 13, 20, 21}
    inner = away_from_edges(picture.object_id)
    same = hits.object_id.reshape(inner.shape) == picture.object_id
    assert same[inner].mean() >= 0.995
    for number in (11, 12, 13, 20, 21):
        assert same[inner & (picture.object_id == number)].mean() >= 0.98


def test_depth_is_the_same(seen: tuple[Picture, Hits, NDArray[np.float64]]) -> None:
    picture, _, depth = seen
    within = (picture.depth < 120) & away_from_edges(picture.object_id * 64 + picture.tag)
    agree = np.abs(np.fmin(depth, 1e6) - np.fmin(picture.depth, 1e6)) < 0.02 + 0.002 * picture.depth
    assert agree[within & (picture.tag != Tag.VEGETATION)].mean() >= 0.995


def test_plants_are_the_same_leaf_by_leaf(seen: tuple[Picture, Hits, NDArray[np.float64]]) -> None:
    picture, _, depth = seen
    plants = (picture.tag == Tag.VEGETATION) & (picture.depth < 120)
    assert plants.sum() > 3000
    agree = np.abs(np.fmin(depth, 1e6) - np.fmin(picture.depth, 1e6)) < 0.05 + 0.01 * picture.depth
    near = plants & (picture.depth < 40)
    assert agree[plants].mean() >= 0.98 and agree[near].mean() >= 0.98
