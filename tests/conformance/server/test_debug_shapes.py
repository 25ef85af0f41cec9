"""Debug shapes through the real client: in colour pictures, for as long as asked, and nowhere else."""

from __future__ import annotations

import carla
import numpy as np
import pytest

from simulator.process import ServerProcess

from .clients import MAP, STEP, Tap, along, fresh_world, image

SIZE = {"image_size_x": 200, "image_size_y": 120}
RED, GREEN, BLUE = carla.Color(255, 0, 0), carla.Color(0, 255, 0), carla.Color(0, 0, 255)


@pytest.fixture(scope="module")
def server():
    with ServerProcess(MAP, seed=5, strict=True) as process:
        yield process


@pytest.fixture
def world(server):
    with fresh_world(server) as (_, world):
        yield world


@pytest.fixture
def eye(world):
    """Where the cameras stand, looking along the road."""
    return along(world.get_map().get_spawn_points()[0], 0.0, 2.0)


def ahead(eye, distance, right=0.0, up=0.0):
    return along(eye, distance, up, right).location


def pure(picture, color):
    """Pixels of about a colour."""
    rgb = image(picture)[..., 2::-1].astype(int)
    return (np.abs(rgb - [color.r, color.g, color.b]) < 70).all(axis=2)


def test_shapes_are_in_colour_pictures_only(world, eye):
    kinds = ("rgb", "depth", "semantic_segmentation", "instance_segmentation")
    taps = {kind: Tap(world, f"sensor.camera.{kind}", None, eye, **SIZE) for kind in kinds}
    lidar = Tap(world, "sensor.lidar.ray_cast_semantic", None, eye, range=30)
    before = {kind: image(tap.take(world.tick())).copy() for kind, tap in taps.items()}
    world.debug.draw_line(ahead(eye, 8, -2), ahead(eye, 8, 2), 0.3, RED, 10)
    world.debug.draw_point(ahead(eye, 6, 0, 1), 0.12, GREEN, 10)
    world.debug.draw_arrow(ahead(eye, 7, 1, -1), ahead(eye, 7, 2, -1), 0.1, 0.3, BLUE, 10)
    box = carla.BoundingBox(ahead(eye, 9, -3), carla.Vector3D(0.5, 0.5, 0.5))
    world.debug.draw_box(box, eye.rotation, 0.1, carla.Color(255, 255, 0), 10)
    frame = world.tick()
    after = {kind: tap.take(frame) for kind, tap in taps.items()}
    for color, least in ((RED, 60), (GREEN, 60), (BLUE, 20), (carla.Color(255, 255, 0), 20)):
        assert pure(after["rgb"], color).sum() > least, color
    for kind in kinds[1:]:
        assert np.array_equal(image(after[kind]), before[kind]), kind
    ahead_of = [point for point in lidar.take(frame) if abs(point.point.y) < 2 and 7 < point.point.x < 9]
    assert all(abs(point.point.z) > 0.3 for point in ahead_of)


def test_a_line_ends_with_its_life_and_can_be_cleared(world, eye):
    tap = Tap(world, "sensor.camera.rgb", None, eye, **SIZE)

    def seen(frames):
        return [bool(pure(tap.take(world.tick()), RED).sum() > 30) for _ in range(frames)]

    line = ahead(eye, 8, -2), ahead(eye, 8, 2), 0.3, RED
    world.debug.draw_line(*line, 3 * STEP)
    assert seen(5) == [True, True, True, False, False]
    world.debug.draw_line(*line, 0)
    assert all(seen(5))
    world.debug.clear_debug_shape()
    assert seen(1) == [False]


def test_what_is_near_hides_world_shapes_but_not_those_over_the_picture(world, eye):
    tap = Tap(world, "sensor.camera.rgb", None, eye, **SIZE)
    under = carla.Location(z=-5)
    line = ahead(eye, 12, -3) + under, ahead(eye, 12, 3) + under
    world.debug.draw_line(*line, 0.5, RED, 1)
    assert not pure(tap.take(world.tick()), RED).any()  # below the road
    world.debug.draw_hud_line(*line, 3.0, GREEN, 1)
    assert pure(tap.take(world.tick()), GREEN).sum() > 100


def test_texts(world, eye):
    tap = Tap(world, "sensor.camera.rgb", None, eye, **SIZE)
    plain = image(tap.take(world.tick())).copy()
    world.debug.draw_string(ahead(eye, 10), "Hello", True, carla.Color(255, 255, 255), 1)
    written = image(tap.take(world.tick()))
    rows, columns = np.nonzero((np.abs(written.astype(int) - plain) > 40).any(axis=2))
    assert len(rows) > 20 and columns.min() > 95 and columns.max() < 150 and rows.min() > 55
    world.debug.clear_debug_string()
    assert (np.abs(image(tap.take(world.tick())).astype(int) - plain) > 40).sum() < 20


def test_a_client_that_draws_without_end_does_no_harm(world, eye):
    tap = Tap(world, "sensor.camera.rgb", None, eye, **SIZE)
    for number in range(3_000):
        world.debug.draw_line(ahead(eye, 10), carla.Location(number, 0, 0), 0.01, RED, 0)
    assert tap.take(world.tick())
    assert world.tick()
