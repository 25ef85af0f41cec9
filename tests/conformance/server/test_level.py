"""The level through the real client: its things, layers, paint, rays and street lights."""

from __future__ import annotations

import carla
import numpy as np
import pytest

from simulator.process import ServerProcess

from .clients import MAPS, along, connect, fresh_world, spawn, wait_for

TOWN = "Town02"
LABEL = carla.CityObjectLabel

pytestmark = pytest.mark.skipif(not (MAPS / f"{TOWN}.xodr").exists(), reason="the town's OpenDRIVE file is not at hand")


@pytest.fixture(scope="module")
def server():
    with ServerProcess(TOWN, seed=3, maps=MAPS) as process:
        yield process


@pytest.fixture
def world(server):
    with fresh_world(server, TOWN) as (_, world):
        yield world


def above(box, height=30.0):
    """A place over the middle of a box."""
    return carla.Location(box.location.x, box.location.y, box.location.z + height)


def photo(world, location, rotation, kind="sensor.camera.rgb", size=96):
    """A picture (size, size, 4) BGRA."""
    images = []
    camera = spawn(world, kind, carla.Transform(location, rotation), image_size_x=size, image_size_y=size, fov=60)
    camera.listen(images.append)
    world.tick()
    wait_for(lambda: images)
    camera.destroy()
    return np.frombuffer(images[0].raw_data, np.uint8).reshape(size, size, 4).copy()


DOWN = carla.Rotation(pitch=-90)


def test_things_have_boxes_names_and_stable_ids(world):
    things = world.get_environment_objects(LABEL.Any)
    assert 300 < len(things) < 6000
    assert len({thing.id for thing in things}) == len({thing.name for thing in things}) == len(things)
    houses = world.get_environment_objects(LABEL.Buildings)
    assert len(houses) > 50 and all(house.type == LABEL.Buildings for house in houses)
    assert {house.id for house in houses} <= {thing.id for thing in things}
    assert [house.id for house in world.get_environment_objects(LABEL.Buildings)] == [house.id for house in houses]
    assert all(2 < house.bounding_box.extent.z < 40 for house in houses)
    boxes = world.get_level_bbs(LABEL.Buildings)
    assert len(boxes) == len(houses)
    assert set(world.get_names_of_all_objects()) == {thing.name for thing in things}
    for label in (LABEL.Roads, LABEL.Sidewalks, LABEL.Poles, LABEL.Vegetation, LABEL.Car, LABEL.Terrain):
        assert world.get_level_bbs(label), label


def test_boxes_are_tight_to_what_rays_meet(world):
    for house in world.get_environment_objects(LABEL.Buildings)[:12]:
        box = house.bounding_box
        hits = world.cast_ray(above(box, box.extent.z + 5), above(box, -box.extent.z))
        tops = [point.location.z for point in hits if point.label == LABEL.Buildings]
        assert tops and box.location.z < tops[0] <= box.location.z + box.extent.z + 1e-3


def test_bodies_are_among_the_boxes(world):
    before = len(world.get_level_bbs(LABEL.Car))
    car = spawn(world, "vehicle.tesla.model3", along(world.get_map().get_spawn_points()[0]))
    world.tick()
    boxes = world.get_level_bbs(LABEL.Car)
    assert len(boxes) == before + 1
    mine = [box for box in boxes if box.actor_id == car.id]
    assert len(mine) == 1 and mine[0].location.distance(car.get_location()) < 2
    car.destroy()


def test_hidden_things_are_gone_from_pictures_rays_and_the_way(world):
    house = world.get_environment_objects(LABEL.Buildings)[3]
    box = house.bounding_box
    eye, end = above(box, box.extent.z + 12), above(box, -box.extent.z - 3)

    def share():
        tags = photo(world, eye, DOWN, "sensor.camera.semantic_segmentation")[:, :, 2]
        return (tags == 3).mean()

    def labels():
        return [point.label for point in world.cast_ray(eye, end)]

    assert share() > 0.25 and LABEL.Buildings in labels()
    inside = carla.Transform(carla.Location(box.location.x, box.location.y, box.location.z - box.extent.z + 1.7))
    blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
    assert world.try_spawn_actor(blueprint, inside) is None
    world.enable_environment_objects({house.id}, False)
    world.tick()
    assert share() < 0.12 and LABEL.Buildings not in labels()
    car = world.try_spawn_actor(blueprint, inside)
    assert car is not None
    car.destroy()
    world.enable_environment_objects({house.id}, True)
    world.tick()
    assert share() > 0.25 and LABEL.Buildings in labels()


def test_layers_come_and_go(server, world):
    def there(label):
        return len(world.get_level_bbs(label)), len(world.get_environment_objects(label))

    houses, trees, roads = (there(label) for label in (LABEL.Buildings, LABEL.Vegetation, LABEL.Roads))
    world.unload_map_layer(carla.MapLayer.Buildings)
    world.tick()
    assert there(LABEL.Buildings) == (0, 0) and there(LABEL.Vegetation) == trees
    world.load_map_layer(carla.MapLayer.Buildings)
    world.unload_map_layer(carla.MapLayer.Foliage)
    assert there(LABEL.Buildings) == houses and there(LABEL.Vegetation) == (0, 0)
    world.unload_map_layer(carla.MapLayer.All)
    assert there(LABEL.Roads) == roads and there(LABEL.Poles)[0] < 20 and there(LABEL.Car) == (0, 0)
    bare = connect(server).load_world(TOWN, True, carla.MapLayer.Buildings)
    assert len(bare.get_level_bbs(LABEL.Buildings)) == houses[0]
    assert len(bare.get_level_bbs(LABEL.Vegetation)) == 0


def test_paint(world):
    house = next(
        h for h in world.get_environment_objects(LABEL.Buildings)
        if "Shop" in h.name or "Apartments" in h.name
    )  # fmt: skip
    box = house.bounding_box
    eye = above(box, box.extent.z + 8)
    before = photo(world, eye, DOWN).astype(int)
    texture = carla.TextureColor(6, 3)
    for x in range(6):
        for y in range(3):
            texture.set(x, y, carla.Color(255, 0, 0, 255))
    world.apply_color_texture_to_object(house.name, carla.MaterialParameter.Diffuse, texture)
    after = photo(world, eye, DOWN).astype(int)
    redder = (after[:, :, 2] - after[:, :, 0]) - (before[:, :, 2] - before[:, :, 0])
    assert (redder > 60).mean() > 0.3
    linear = carla.TextureFloatColor(4, 4)
    for x in range(4):
        for y in range(4):
            linear.set(x, y, carla.FloatColor(0.0, 0.0, 1.0, 1.0))
    world.apply_float_color_texture_to_object(house.name, carla.MaterialParameter.Diffuse, linear)
    blue = photo(world, eye, DOWN).astype(int)
    assert ((blue[:, :, 0] - blue[:, :, 2]) > 60).mean() > 0.3
    with pytest.raises(RuntimeError, match="no normal texture"):
        world.apply_color_texture_to_object(house.name, carla.MaterialParameter.Normal, texture)
    with pytest.raises(RuntimeError, match="unable to find Actor"):
        world.apply_color_texture_to_object("NoSuchThing", carla.MaterialParameter.Diffuse, texture)


def test_rays_meet_bodies_and_the_road_in_order(world):
    point = world.get_map().get_spawn_points()[0]
    car = spawn(world, "vehicle.tesla.model3", along(point))
    for _ in range(20):
        world.tick()
    place = car.get_location()
    hits = world.cast_ray(place + carla.Location(z=20), place - carla.Location(z=3))
    assert [hit.label for hit in hits[:2]] == [LABEL.Car, LABEL.Roads]
    assert hits[0].location.z > hits[1].location.z
    top = place.z + 2 * car.bounding_box.extent.z
    assert abs(hits[0].location.z - top) < 0.1
    projected = world.project_point(place + carla.Location(z=20), carla.Vector3D(0, 0, -1), 50)
    assert projected.label == LABEL.Car and projected.location.distance(hits[0].location) < 1e-3
    assert world.project_point(place + carla.Location(z=20), carla.Vector3D(0, 0, -1), 5) is None
    car.destroy()
    world.tick()
    ground = world.ground_projection(place + carla.Location(z=20), 50)
    assert ground.label == LABEL.Roads and ground.location.distance(hits[1].location) < 1e-3


def weather(altitude):
    return carla.WeatherParameters(cloudiness=0, sun_altitude_angle=altitude, fog_density=0)


def test_lamps_go_on_at_dusk_and_light_the_road(world):
    world.set_weather(weather(45))
    world.tick()
    manager = world.get_lightmanager()
    street = manager.get_all_lights(carla.LightGroup.Street)
    assert len(street) > 20 and manager.get_all_lights(carla.LightGroup.Building)
    assert not any(manager.is_active(street))
    world.set_weather(weather(-60))
    world.tick()
    world.tick()
    assert all(manager.is_active(street))
    lamp = street[0]
    eye = carla.Location(lamp.location.x, lamp.location.y, lamp.location.z + 25)
    lit = photo(world, eye, DOWN)[:, :, :3].astype(float)
    manager.turn_off(street)
    world.tick()
    world.tick()
    assert not any(manager.is_active(street))
    dark = photo(world, eye, DOWN)[:, :, :3].astype(float)
    assert lit.mean() > 1.3 * dark.mean()
    world.set_weather(weather(45))
    world.tick()
    world.tick()
    assert not any(manager.is_active(manager.get_all_lights(carla.LightGroup.Building)))


def test_another_client_hears_of_lights(server, world):
    manager = world.get_lightmanager()
    street = manager.get_all_lights(carla.LightGroup.Street)[:3]
    other = connect(server).get_world()
    theirs = other.get_lightmanager()
    assert not any(theirs.is_active(theirs.get_all_lights(carla.LightGroup.Street)[:3]))
    manager.turn_on(street)
    manager.set_intensity(street, 123.0)
    manager.set_color(street, carla.Color(1, 2, 3))
    for _ in range(3):
        world.tick()
    mine = [light for light in theirs.get_all_lights(carla.LightGroup.Street) if light.id in {s.id for s in street}]

    def known():
        return theirs.is_active(mine) == [True] * 3 and theirs.get_intensity(mine) == [123.0] * 3

    wait_for(known, 10)
    assert [(color.r, color.g, color.b) for color in theirs.get_color(mine)] == [(1, 2, 3)] * 3


def test_the_day_can_be_kept_from_the_lamps(world):
    world.set_weather(weather(45))
    manager = world.get_lightmanager()
    manager.set_day_night_cycle(False)
    world.set_weather(weather(-60))
    world.tick()
    world.tick()
    assert not any(manager.is_active(manager.get_all_lights(carla.LightGroup.Street)))
    manager.set_day_night_cycle(True)
    world.tick()
    world.tick()
    assert all(manager.is_active(manager.get_all_lights(carla.LightGroup.Street)))


def test_labels_see_through_glass_when_asked(server, world):
    shelter = next(t for t in world.get_environment_objects(LABEL.Static) if t.name.startswith("Shelter"))
    forward = shelter.transform.get_forward_vector()
    eye = shelter.transform.location + forward * -2.2 + carla.Location(z=1.4)
    yaw = np.degrees(np.arctan2(forward.y, forward.x))

    def share():
        tags = photo(world, eye, carla.Rotation(yaw=float(yaw)), "sensor.camera.semantic_segmentation")[:, :, 2]
        return (tags == 20).mean()

    pane = share()
    world.set_annotations_traverse_translucency(True)
    assert share() < 0.6 * pane
    world.set_annotations_traverse_translucency(False)
    assert share() == pane
