"""The blueprint library, spawning and attaching, through the real client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import carla
import pytest

from simulator.process import ServerProcess

from .clients import own_client

STEP = 0.05


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with ServerProcess("outback_road", seed=11) as server:
        client = own_client(server)
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, STEP
        world.apply_settings(settings)
        world.tick()
        world.client = client
        yield world
        settings.synchronous_mode, settings.fixed_delta_seconds = False, None
        world.apply_settings(settings)


@pytest.fixture
def spawn(world: Any) -> Iterator[Any]:
    """Spawns and, at the end, destroys."""
    made = []

    def spawn(name: str, transform: Any = None, attach_to: Any = None, kind: Any = None, **attributes: object) -> Any:
        blueprint = world.get_blueprint_library().find(name)
        for key, value in attributes.items():
            blueprint.set_attribute(key, str(value))
        held = {} if attach_to is None else {"attach_to": attach_to}
        if kind is not None:
            held["attachment_type"] = kind
        made.append(world.spawn_actor(blueprint, transform or place(world), **held))
        return made[-1]

    yield spawn
    for actor in made:
        if actor.is_alive:
            actor.destroy()
    world.tick()


def place(world: Any, point: int = 0, height: float = 0.3) -> Any:
    at = world.get_map().get_spawn_points()[point]
    at.location.z += height
    return at


def test_ids_are_carlas(world: Any) -> None:
    library = world.get_blueprint_library()
    ids = {blueprint.id for blueprint in library}
    assert all(re.match(r"\S+\.\S+\.\S+", name) for name in ids)
    assert len(library.filter("vehicle.*")) == len(library.filter("vehicle")) == 41
    assert len(library.filter("walker.pedestrian.*")) == 52
    assert len(library.filter("static.prop.*")) >= 99
    assert {"static.prop.mesh", "static.trigger.friction", "util.actor.empty", "controller.ai.walker"} <= ids
    assert {"static.prop.bike helmet", "static.prop.kiosk_01", "vehicle.harley-davidson.low_rider"} <= ids
    assert not [name for name in ids if name.startswith("traffic.")]


def test_examples_choose_vehicles_and_walkers_by_attributes(world: Any) -> None:
    library = world.get_blueprint_library()

    def values(pattern: str, name: str) -> list[str]:
        return [str(item.get_attribute(name).as_str()) for item in library.filter(pattern)]

    assert {int(item.get_attribute("generation")) for item in library.filter("vehicle.*")} == {1, 2}
    assert {int(item.get_attribute("generation")) for item in library.filter("walker.pedestrian.*")} == {1, 2, 3}
    assert set(values("vehicle.*", "base_type")) == {"car", "truck", "van", "bus", "motorcycle", "bicycle"}
    assert set(values("vehicle.*", "special_type")) >= {"", "emergency", "taxi", "electric"}
    assert set(values("walker.pedestrian.*", "gender")) == {"male", "female"}
    assert set(values("walker.pedestrian.*", "age")) == {"adult", "child", "teenager"}
    for item in library.filter("vehicle.*"):
        two = int(item.get_attribute("number_of_wheels")) == 2
        assert item.has_attribute("driver_id") == two
        assert item.has_attribute("color") != (item.id == "vehicle.tesla.cybertruck")
        if two:
            item.set_attribute("driver_id", item.get_attribute("driver_id").recommended_values[-1])
    for item in library.filter("walker.pedestrian.*"):
        speeds = [float(speed) for speed in item.get_attribute("speed").recommended_values]
        assert speeds[0] == 0 < speeds[1] < speeds[2]
        if bool(item.get_attribute("can_use_wheelchair")):
            item.set_attribute("use_wheelchair", "true")


def test_every_prop_spawns_in_its_true_size(world: Any) -> None:
    library = world.get_blueprint_library()
    props = [item for item in library.filter("static.prop.*") if item.id != "static.prop.mesh"]
    commands = []
    for number, item in enumerate(props):
        commands.append(carla.command.SpawnActor(item, place(world, 0, 30.0 * number)))
    answers = world.client.apply_batch_sync(commands, True)
    assert not [answer.error for answer in answers if answer.error]
    actors = world.get_actors([answer.actor_id for answer in answers])
    try:
        box = {actor.type_id: actor.bounding_box for actor in actors}
        bench = box["static.prop.bench01"]
        assert (2 * bench.extent.x, 2 * bench.extent.y) == pytest.approx((1.544, 0.736), abs=1e-3)
        assert bench.location.z == pytest.approx(bench.extent.z, abs=1e-3)
        assert 2 * box["static.prop.trafficcone01"].extent.z == pytest.approx(1.133, abs=1e-3)
        assert all(actor.semantic_tags for actor in actors)
    finally:
        world.client.apply_batch_sync([carla.command.DestroyActor(answer.actor_id) for answer in answers], True)


def test_meshes_triggers_and_empties(world: Any, spawn: Any) -> None:
    bench = spawn("static.prop.mesh", mesh_path="/Game/Carla/Static/Dynamic/SM_Bench01.SM_Bench01", scale="2.0")
    assert bench.bounding_box.extent.x == pytest.approx(1.544, abs=1e-3)
    assert spawn("static.prop.mesh", place(world, 3), mesh_path="").type_id == "static.prop.mesh"
    trigger = spawn("static.trigger.friction", place(world, 3), friction="0.2", extent_x="700")
    assert trigger.bounding_box.extent.x == pytest.approx(7.0)
    assert spawn("util.actor.empty", place(world, 4)).is_alive


def test_refusals_are_in_carlas_words(world: Any, spawn: Any) -> None:
    first = spawn("vehicle.audi.tt")
    with pytest.raises(RuntimeError, match="Spawn failed because of collision at spawn position"):
        spawn("vehicle.audi.a2")
    spawn("vehicle.audi.a2", place(world, 0, 10.0))  # in the air above there is room
    gone = first.id
    first.destroy()
    answer = world.client.apply_batch_sync([carla.command.DestroyActor(gone)])[0]
    assert answer.error == "unable to destroy actor: not found"
    camera = world.get_blueprint_library().find("sensor.camera.rgb")
    answer = world.client.apply_batch_sync([carla.command.SpawnActor(camera, carla.Transform(), gone)])[0]
    assert answer.error == "unable to attach actor: parent actor not found"


def test_a_prop_on_a_roof_goes_where_the_car_goes(world: Any, spawn: Any) -> None:
    car = spawn("vehicle.tesla.model3")
    box = spawn("static.prop.box02", carla.Transform(carla.Location(x=-0.3, z=1.6)), car)
    lamp = spawn("static.prop.gardenlamp", carla.Transform(carla.Location(z=0.7)), box)
    for _ in range(30):
        car.apply_control(carla.VehicleControl(throttle=0.6, steer=0.3))
        world.tick()
    at = car.get_transform()
    there = at.transform(carla.Location(x=-0.3, z=1.6))
    assert box.get_location().distance(there) < 1e-3 and box.parent.id == car.id
    assert lamp.get_location().z == pytest.approx(there.z + 0.7, abs=0.05)
    assert box.get_velocity().length() == pytest.approx(car.get_velocity().length(), rel=0.1) and at.location.x
    box.set_transform(carla.Transform(carla.Location(z=2.0)))  # of an attached actor: relative to its parent
    world.tick()
    assert box.get_location().z == pytest.approx(car.get_location().z + 2.0, abs=0.05)
    car.destroy()
    world.tick()
    assert box.is_alive and lamp.is_alive and lamp.parent.id == box.id
    stays = box.get_location()
    world.tick()
    assert box.get_location().distance(stays) < 0.6


def test_spring_arms_keep_their_distance_look_along_and_lag(world: Any, spawn: Any) -> None:
    car = spawn("vehicle.audi.tt", place(world, 8))
    behind = carla.Transform(carla.Location(x=-6, z=3), carla.Rotation(pitch=8))
    kinds = (carla.AttachmentType.Rigid, carla.AttachmentType.SpringArmGhost, carla.AttachmentType.SpringArm)
    rigid, ghost, arm = (spawn("sensor.camera.depth", behind, car, kind) for kind in kinds)
    for _ in range(20):
        world.tick()
    here = car.get_transform()
    for camera, lift in ((ghost, 0.0), (arm, 0.3)):
        pose = camera.get_transform()
        start = here.location + carla.Location(z=lift)
        assert pose.location.distance(start) == pytest.approx(45**0.5, abs=0.02)
        assert pose.rotation.pitch == pytest.approx(-26.565 + 8, abs=0.5)  # along the arm, and 8 degrees up
        assert pose.rotation.roll == pytest.approx(0, abs=0.1)
    assert rigid.get_transform().rotation.pitch == pytest.approx(here.rotation.pitch + 8, abs=0.5)
    for _ in range(40):
        car.apply_control(carla.VehicleControl(throttle=0.6, steer=0.8))
        world.tick()
    spin = car.get_angular_velocity().z  # [deg/s]; a first-order lag of 8 per second trails by spin / 8
    lag = (car.get_transform().rotation.yaw - ghost.get_transform().rotation.yaw + 180) % 360 - 180
    assert abs(spin) > 5 and lag == pytest.approx(spin / 8, rel=0.4)


def test_a_sensor_on_a_wheel_turns_with_it(world: Any, spawn: Any) -> None:
    car = spawn("vehicle.audi.tt", place(world, 12))
    wheel = carla.Transform(carla.Location(z=0.1))
    blueprint = world.get_blueprint_library().find("sensor.other.imu")
    sensor = world.spawn_actor(blueprint, wheel, car, carla.AttachmentType.Rigid, "Wheel_Front_Left")
    try:
        world.tick()
        names = car.get_bone_names()
        bone = car.get_bone_world_transforms()[names.index("Wheel_Front_Left")]
        assert sensor.get_location().distance(bone.location) == pytest.approx(0.1, abs=0.05)
        assert sensor.get_location().distance(car.get_location()) > 1.0
    finally:
        sensor.destroy()


def test_spawning_and_destroying_leaves_nothing_behind(world: Any) -> None:
    cone = world.get_blueprint_library().find("static.prop.trafficcone01")
    before = len(world.get_actors())
    seen: set[int] = set()
    for _ in range(10):
        batch = [carla.command.SpawnActor(cone, place(world, 0, 2.0 * k)) for k in range(100)]
        answers = world.client.apply_batch_sync(batch, True)
        ids = [answer.actor_id for answer in answers]
        assert not any(answer.error for answer in answers) and not seen & set(ids)
        seen |= set(ids)
        world.client.apply_batch_sync([carla.command.DestroyActor(actor_id) for actor_id in ids], True)
    assert len(world.get_actors()) == before
