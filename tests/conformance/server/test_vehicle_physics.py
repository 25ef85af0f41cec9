"""Physics control, telemetry, friction, wheels and Ackermann control of vehicles, through the real client.

Our own counterparts of CARLA's smoke tests of vehicle physics, on a small map.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import carla
import pytest

from simulator.process import ServerProcess

from .clients import own_client

MAP = "outback_road"
STEP = 0.05


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with ServerProcess(MAP, seed=7) as server:
        world = own_client(server).get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds, settings.no_rendering_mode = True, STEP, True
        world.apply_settings(settings)
        world.tick()
        yield world
        settings.synchronous_mode = False
        world.apply_settings(settings)


@pytest.fixture
def spawn(world: Any) -> Iterator[Any]:
    actors = []

    def spawn(name: str, point: int = 0, parent: Any = None, **attributes: str) -> Any:
        blueprint = world.get_blueprint_library().find(name)
        for key, value in attributes.items():
            blueprint.set_attribute(key, value)
        place = carla.Transform() if parent else world.get_map().get_spawn_points()[point]
        place.location.z += 0.0 if parent else 0.1
        actors.append(world.spawn_actor(blueprint, place, attach_to=parent))
        return actors[-1]

    yield spawn
    for actor in reversed(actors):
        actor.destroy()
    world.tick()


def ticks(world: Any, count: int) -> None:
    for _ in range(count):
        world.tick()


def ahead(vehicle: Any) -> float:
    """Forward speed [m/s]."""
    return float(vehicle.get_velocity().dot(vehicle.get_transform().get_forward_vector()))


def plain(control: Any) -> dict[str, Any]:
    """A VehiclePhysicsControl's fields but the wheels' places, which follow the vehicle."""
    found = {}
    for name in dir(control):
        value = getattr(control, name)
        if name.startswith("_") or callable(value):
            continue
        if name == "wheels":
            value = [
                {key: getattr(wheel, key) for key in dir(wheel) if key[0] != "_" and key != "position"}
                for wheel in value
            ]
        elif name == "forward_gears":
            value = [(gear.ratio, gear.down_ratio, gear.up_ratio) for gear in value]
        elif name in ("torque_curve", "steering_curve"):
            value = [(point.x, point.y) for point in value]
        elif name == "center_of_mass":
            value = (value.x, value.y, value.z)
        found[name] = value
    return found


@pytest.mark.parametrize("name", ["vehicle.tesla.model3", "vehicle.kawasaki.ninja", "vehicle.carlamotors.firetruck"])
def test_every_field_of_the_physics_control_comes_back_as_it_was_set(world: Any, spawn: Any, name: str) -> None:
    vehicle = spawn(name)
    control = vehicle.get_physics_control()
    assert len(control.wheels) == 4
    vehicle.apply_physics_control(control)
    world.tick()
    assert plain(vehicle.get_physics_control()) == plain(control)

    control.torque_curve = [carla.Vector2D(0.0, 123.4), carla.Vector2D(4567.8, 234.5)]
    control.steering_curve = [carla.Vector2D(0.0, 1.0), carla.Vector2D(77.7, 0.33)]
    control.forward_gears = [carla.GearPhysicsControl(3.21, 0.21, 0.71), carla.GearPhysicsControl(1.23, 0.31, 0.81)]
    control.center_of_mass = carla.Vector3D(0.11, -0.05, -0.12)
    for field in ("max_rpm", "moi", "mass", "final_ratio", "clutch_strength", "gear_switch_time", "drag_coefficient"):
        setattr(control, field, getattr(control, field) * 1.1 + 0.01)
    for field in dir(control):
        if field.startswith("damping_rate"):
            setattr(control, field, getattr(control, field) + 0.017)
    control.use_gear_autobox, control.use_sweep_wheel_collision = False, True
    wheels = control.wheels
    for index, wheel in enumerate(wheels):
        for field in dir(wheel):
            if field[0] != "_" and field != "position":
                setattr(wheel, field, getattr(wheel, field) * (1.0 + 0.01 * index) + 0.013)
    control.wheels = wheels
    vehicle.apply_physics_control(control)
    ticks(world, 2)
    assert plain(vehicle.get_physics_control()) == plain(control)


def test_impossible_physics_are_refused_and_change_nothing(world: Any, spawn: Any) -> None:
    vehicle = spawn("vehicle.audi.tt")
    control = vehicle.get_physics_control()
    mass, control.mass = control.mass, -1.0
    vehicle.apply_physics_control(control)
    world.tick()
    assert vehicle.get_physics_control().mass == mass


def test_telemetry_tells_the_engine_and_every_wheel(world: Any, spawn: Any) -> None:
    vehicle = spawn("vehicle.audi.tt")
    ticks(world, 20)
    vehicle.apply_control(carla.VehicleControl(throttle=1.0))
    ticks(world, 40)
    told = vehicle.get_telemetry_data()
    assert told.speed == pytest.approx(ahead(vehicle), abs=0.01) and told.speed > 3
    assert told.throttle == 1.0 and told.gear >= 1 and 500 < told.engine_rpm < 7000 and told.drag > 0
    assert len(told.wheels) == 4
    weight = vehicle.get_physics_control().mass * 9.81
    assert sum(wheel.tire_load for wheel in told.wheels) == pytest.approx(weight, rel=0.1)
    for wheel in told.wheels:
        assert wheel.omega > 5 and wheel.tire_friction > 0.3 and abs(wheel.lat_slip) < 3 and wheel.torque > 0
        assert wheel.long_force > 0 and wheel.normalized_tire_load == pytest.approx(1.0, abs=0.4)
    assert world.get_snapshot().find(vehicle.id) is not None and vehicle.get_control().gear == told.gear


def test_without_friction_a_car_slides_on_and_a_volume_gives_it_grip(world: Any, spawn: Any) -> None:
    vehicle = spawn("vehicle.dodge.charger_2020")
    ticks(world, 20)
    control = vehicle.get_physics_control()
    wheels = control.wheels
    for wheel in wheels:
        wheel.tire_friction = 0.0
    control.wheels, control.drag_coefficient = wheels, 0.0
    vehicle.apply_physics_control(control)
    forward = vehicle.get_transform().get_forward_vector()
    vehicle.set_target_velocity(10.0 * forward)
    vehicle.apply_control(carla.VehicleControl(brake=1.0))
    ticks(world, 10)
    assert ahead(vehicle) == pytest.approx(10.0, abs=0.3)
    blueprint = world.get_blueprint_library().find("static.trigger.friction")
    blueprint.set_attribute("friction", "5.0")
    for axis in "xyz":
        blueprint.set_attribute(f"extent_{axis}", "1000.0")
    volume = world.spawn_actor(blueprint, vehicle.get_transform())
    ticks(world, 10)
    assert vehicle.get_physics_control().wheels[0].tire_friction == 5.0
    assert ahead(vehicle) < 8.0
    volume.destroy()
    ticks(world, 2)
    assert vehicle.get_physics_control().wheels[0].tire_friction == 0.0


def test_wheels_show_their_angles_and_can_be_posed_without_physics(world: Any, spawn: Any) -> None:
    vehicle = spawn("vehicle.tesla.model3")
    where = carla.VehicleWheelLocation
    for steer in (0.5, -0.5):
        vehicle.apply_control(carla.VehicleControl(steer=steer))
        ticks(world, 25)
        front = [vehicle.get_wheel_steer_angle(wheel) for wheel in (where.FL_Wheel, where.FR_Wheel)]
        assert all(math.copysign(1, angle) == math.copysign(1, steer) and abs(angle) > 5 for angle in front)
        inner, outer = (front[1], front[0]) if steer > 0 else (front[0], front[1])
        assert abs(inner) > abs(outer)
        assert vehicle.get_wheel_steer_angle(where.BL_Wheel) == 0.0
    vehicle.set_simulate_physics(False)
    vehicle.set_wheel_steer_direction(where.FR_Wheel, 33.0)
    vehicle.set_wheel_pitch_angle(where.BL_Wheel, 44.0)
    ticks(world, 2)
    assert vehicle.get_wheel_steer_angle(where.FR_Wheel) == pytest.approx(33.0)
    assert vehicle.get_wheel_pitch_angle(where.BL_Wheel) == pytest.approx(44.0)


def test_ackermann_control_reaches_its_speed_and_stops(world: Any, spawn: Any) -> None:
    vehicle = spawn("vehicle.audi.tt")
    settings = vehicle.get_ackermann_controller_settings()
    assert (settings.speed_kp, settings.speed_kd) == (pytest.approx(0.15), pytest.approx(0.25))
    vehicle.apply_ackermann_control(carla.VehicleAckermannControl(speed=6.0))
    ticks(world, 240)
    assert ahead(vehicle) == pytest.approx(6.0, abs=1.0)
    vehicle.apply_ackermann_control(carla.VehicleAckermannControl(speed=0.0))
    ticks(world, 120)
    assert abs(ahead(vehicle)) < 0.3


def test_impulses_forces_and_torques_have_their_effect(world: Any, spawn: Any) -> None:
    vehicle = spawn("vehicle.audi.tt")
    ticks(world, 20)
    mass = vehicle.get_physics_control().mass
    vehicle.add_impulse(carla.Vector3D(0.0, 0.0, 5.0 * mass))
    world.tick()
    assert vehicle.get_velocity().z > 3.5
    ticks(world, 60)
    vehicle.add_torque(carla.Vector3D(0.0, 0.0, 2e10))  # CARLA's unit: kg cm^2/s^2, and degrees for radians
    world.tick()
    assert vehicle.get_angular_velocity().z > 100
    vehicle.set_target_angular_velocity(carla.Vector3D())
    ticks(world, 40)
    vehicle.enable_constant_velocity(carla.Vector3D(6.0, 0.0, 0.0))
    ticks(world, 20)
    assert ahead(vehicle) == pytest.approx(6.0, abs=0.05)
    vehicle.disable_constant_velocity()


def test_a_collision_is_told_with_an_impulse_to_both(world: Any, spawn: Any) -> None:
    front, rear = spawn("vehicle.audi.tt", 0), None
    ahead_of = front.get_transform()
    ticks(world, 5)
    place = front.get_transform()
    back = place.get_forward_vector()
    place.location -= carla.Location(12.0 * back.x, 12.0 * back.y, -0.2)
    rear = world.spawn_actor(world.get_blueprint_library().find("vehicle.tesla.model3"), place)
    try:
        heard: dict[int, list[Any]] = {front.id: [], rear.id: []}
        for vehicle in (front, rear):
            sensor = spawn("sensor.other.collision", parent=vehicle)
            sensor.listen(lambda event, key=vehicle.id: heard[key].append(event))
        ticks(world, 5)
        rear.set_target_velocity(15.0 * back)
        ticks(world, 40)
        mine = [event for event in heard[front.id] if event.other_actor.id == rear.id]
        theirs = [event for event in heard[rear.id] if event.other_actor.id == front.id]
        assert mine and theirs
        strongest = max(event.normal_impulse.length() for event in mine)
        assert strongest > 3000
        assert mine[0].normal_impulse.dot(theirs[0].normal_impulse) < 0
        assert front.get_transform().location.distance(ahead_of.location) > 1.0
    finally:
        rear.destroy()
