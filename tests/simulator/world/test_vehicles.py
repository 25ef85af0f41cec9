"""Vehicles against the published model, the clock and the tape measure."""

import math
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vehiclemodels.parameters_vehicle2 import parameters_vehicle2
from vehiclemodels.utils.tire_model import formula_lateral, formula_longitudinal
from vehiclemodels.vehicle_dynamics_st import vehicle_dynamics_st

sys.path.insert(0, str(Path(__file__).parent))
from flat_town import FlatTown, at, bicycle, car

from simulator.world import tyres
from simulator.world.physics import Gear, VehiclePhysics, Wheel
from simulator.world.vehicles import VehicleControl
from simulator.world.world import World


def driven(town=None, control=None, pose=None, model=None):
    world = World(town or FlatTown(), 0)
    model = model or car()
    body = world.add_vehicle(1, model, at() if pose is None else pose)
    if control is not None:
        body.control = control
    return world, body


def run(world, seconds, dt=0.05):
    for _ in range(round(seconds / dt)):
        world.step(dt)


# -- the published equations ------------------------------------------------------------------------------------------


def test_tyres_are_the_published_ones_along_and_across():
    tire = deepcopy(parameters_vehicle2().tire)
    tire.p_hx1 = tire.p_vx1 = 0.0  # its asymmetry
    load = 4000.0
    slips = np.linspace(-0.6, 0.6, 25)
    stiffness = tyres.LONG_STIFFNESS * load, tyres.CORNERING * load
    grip = tyres.LONG_PEAK * load, tyres.LAT_PEAK * load
    along = [tyres.secants(slip, 0.0, 0.0, 0.0, *stiffness, *grip)[0] * slip for slip in slips]
    # theirs counts slip the other way
    theirs = [formula_longitudinal(-slip, 0.0, load, tire) for slip in slips]
    np.testing.assert_allclose(along, theirs, rtol=1e-6, atol=1)
    across = [-tyres.secants(0.0, slip, 0.0, 0.0, *stiffness, *grip)[1] * slip for slip in slips]
    np.testing.assert_allclose(across, [formula_lateral(slip, 0.0, load, tire)[0] for slip in slips], rtol=1e-6, atol=1)


def test_drive_and_side_force_share_the_grip():
    load = 4000.0
    stiffness, grip = (22 * load, 22 * load), (1.1 * load, 1.1 * load)
    for long_slip, lat_slip in ((0.1, 0.1), (0.5, 0.05), (0.02, 0.4)):
        k_x, k_y = tyres.secants(long_slip, lat_slip, 0.0, 0.0, *stiffness, *grip)
        assert math.hypot(k_x * long_slip, k_y * lat_slip) <= 1.1 * load * 1.001


def test_yaw_rate_of_a_gentle_bend_is_that_of_the_published_single_track_model():
    parameters = deepcopy(parameters_vehicle2())
    world, body = driven()
    body.target_velocity = np.array([15.0, 0.0, 0.0])
    for _ in range(100):
        body.control = VehicleControl(steer=0.02, throttle=float(np.clip(15 - body.forward_speed, 0, 1)))
        world.step(0.05)
    physics, speed, steer = body.physics, body.forward_speed, body.steer_angle
    parameters.a = parameters.b = physics.wheelbase / 2
    parameters.m, parameters.I_z = physics.mass, physics.yaw_inertia
    state = [0, 0, steer, speed, 0.0, 0.0, 0.0]
    for _ in range(400):
        change = vehicle_dynamics_st(state, [0.0, 0.0], parameters)
        state = [value + 0.01 * rate for value, rate in zip(state, change, strict=True)]
    assert body.angular_velocity[2] == pytest.approx(state[5], rel=0.06)


# -- along ------------------------------------------------------------------------------------------------------------


def test_full_throttle_reaches_100_km_h_in_about_nine_seconds():
    world, body = driven(control=VehicleControl(throttle=1.0))
    seconds = 0.0
    while body.velocity[0] < 100 / 3.6 and seconds < 30:
        world.step(0.05)
        seconds += 0.05
    assert 8.5 < seconds < 10.5
    assert body.gear == 4  # it has just shifted


def test_braking_from_100_km_h_on_dry_and_wet_roads():
    distances = []
    for grip in (1.0, 0.5):
        world, body = driven(FlatTown(grip=grip))
        body.target_velocity = np.array([100 / 3.6, 0.0, 0.0])
        body.control = VehicleControl(brake=1.0)
        run(world, 10.0)
        distances.append(body.world_from_body[0, 3])
        assert body.velocity[0] == 0.0
    assert 42.0 < distances[0] < 50.0  # 8 m/s^2 would take 48.2 m, less air drag
    assert 1.6 < distances[1] / distances[0] < 2.1


def test_stands_on_a_slope_with_brakes_and_rolls_down_without():
    for control in (VehicleControl(brake=0.5), VehicleControl(hand_brake=True)):
        world, body = driven(FlatTown(slope=0.15), control)
        run(world, 4.0)
        held = body.world_from_body[:3, 3].copy()
        run(world, 3.0)
        assert np.linalg.norm(body.world_from_body[:3, 3] - held) < 1e-4
        body.control = VehicleControl(manual_gear_shift=True)  # neutral
        run(world, 3.0)
        assert body.world_from_body[0, 3] < -3.0
    pitch = math.atan2(body.world_from_body[2, 0], body.world_from_body[0, 0])
    assert pitch == pytest.approx(math.atan(0.15), abs=0.01)


def test_stays_put_on_the_flat():
    world, body = driven()
    run(world, 5.0)
    np.testing.assert_allclose(body.world_from_body, np.eye(4), atol=1e-9)


def test_reverse_manual_gear_and_coasting():
    world, body = driven(control=VehicleControl(throttle=0.4, reverse=True))
    run(world, 2.0)
    assert body.velocity[0] < -1.5 and body.gear == -1
    world, body = driven(control=VehicleControl(throttle=1.0, manual_gear_shift=True, gear=1))
    run(world, 12.0)
    assert body.gear == 1 and 12.0 < body.velocity[0] < 14.5  # at the limiter
    fast = body.velocity[0]
    body.control = VehicleControl(manual_gear_shift=True, gear=1)
    run(world, 2.0)
    coasting = body.velocity[0]
    assert 0.2 < (fast - coasting) / 2.0 < 2.0  # the closed throttle brakes
    body.control = VehicleControl(manual_gear_shift=True, gear=0)
    run(world, 2.0)
    assert coasting - body.velocity[0] < fast - coasting


# -- across -----------------------------------------------------------------------------------------------------------


def test_slow_circles_have_the_radius_of_wheelbase_and_steer_angle():
    world = World(FlatTown(), 0)
    wanted = [(speed, steer) for speed in (0.8, 2.5, 4.0) for steer in (0.6, -0.3)]
    bodies = [world.add_vehicle(i + 1, car(), at(0.0, 100.0 * i)) for i in range(len(wanted))]
    for tick in range(200):
        for body, (speed, steer) in zip(bodies, wanted, strict=True):
            throttle = float(np.clip(2 * (speed - np.hypot(*body.velocity[:2])), 0, 0.5)) if tick > 20 else 0.0
            body.control = VehicleControl(steer=steer, throttle=throttle)
        world.step(0.05)
    for body, (speed, steer) in zip(bodies, wanted, strict=True):
        assert body.steer_angle == pytest.approx(steer * 0.7)
        pace, turned = np.hypot(*body.velocity[:2]), body.angular_velocity[2]
        rear = body.physics.wheelbase / math.tan(abs(body.steer_angle))
        assert pace == pytest.approx(speed, abs=0.3) and np.sign(turned) == np.sign(steer)
        assert pace / abs(turned) == pytest.approx(math.hypot(rear, body.physics.wheelbase / 2), rel=0.04)


def test_cornering_is_limited_by_the_tyres():
    world, body = driven()
    body.target_velocity = np.array([30.0, 0.0, 0.0])
    body.control = VehicleControl(steer=0.8, throttle=0.3)
    run(world, 1.0)
    lateral = [0.0]
    for _ in range(20):
        world.step(0.05)
        left = body.world_from_body[:3, 1]
        lateral.append(abs(float(body.acceleration @ left)))
    assert 5.0 < max(lateral) < 11.0


# -- up ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slope", [0.0, 0.1])
def test_settles_from_a_drop_within_a_second_of_touching(slope):
    world, body = driven(FlatTown(slope=slope), VehicleControl(brake=1.0), at(z=0.5))
    run(world, math.sqrt(2 * 0.5 / 9.81) + 1.0)
    for _ in range(40):
        ground = world.town.ground(body.world_from_body[None, :2, 3])[0][0]
        assert body.world_from_body[2, 3] == pytest.approx(ground, abs=0.02)
        world.step(0.05)


def test_braking_dives_and_turning_rolls_outward_but_a_bicycle_leans_inward():
    world, body = driven()
    body.target_velocity = np.array([20.0, 0.0, 0.0])
    body.control = VehicleControl(brake=1.0)
    run(world, 1.0)
    assert body.world_from_body[2, 0] < -0.005  # nose down
    leans = []
    for model in (car(), bicycle()):
        world, body = driven(model=model)
        body.target_velocity = np.array([7.0, 0.0, 0.0])
        body.control = VehicleControl(steer=0.15, throttle=0.3)
        run(world, 2.0)
        leans.append(body.world_from_body[2, 1])  # left side up is positive
    assert leans[0] > 0.01 and leans[1] < -0.05


# -- orders from outside ----------------------------------------------------------------------------------------------


def test_without_physics_it_moves_only_by_teleport_and_reports_the_velocity():
    world, body = driven(control=VehicleControl(throttle=1.0))
    body.simulate_physics = False
    run(world, 1.0)
    np.testing.assert_array_equal(body.world_from_body, at())
    for tick in range(1, 4):
        world.teleport(1, at(0.2 * tick, 0.0, 0.0, yaw=0.05 * tick))
        world.step(0.05)
        np.testing.assert_allclose(body.velocity, [4.0, 0.0, 0.0], atol=1e-9)
        np.testing.assert_allclose(body.angular_velocity, [0.0, 0.0, 1.0], atol=1e-6)
    world.step(0.05)
    np.testing.assert_allclose(body.velocity, 0.0, atol=1e-9)


def test_target_velocity_and_impulse():
    world, body = driven(pose=at(yaw=1.0))
    body.target_velocity = np.array([3.0 * math.cos(1.0), 3.0 * math.sin(1.0), 0.0])
    world.step(0.01)
    assert np.hypot(*body.velocity[:2]) == pytest.approx(3.0, abs=0.02) and body.target_velocity is None
    before = body.velocity.copy()
    world.add_impulse(1, 2.0 * body.mass * before / 3.0)
    world.step(0.01)
    assert np.hypot(*body.velocity[:2]) == pytest.approx(5.0, abs=0.15)  # the wheels are to be turned faster, too


def test_physics_from_models():
    physics = VehiclePhysics.for_model(car())
    assert physics.wheelbase == pytest.approx(2.7) and physics.track == pytest.approx(1.55)
    assert physics.wheel_radius == pytest.approx(0.33) and 1200 < physics.mass < 1800
    lorry = VehiclePhysics.for_model(car(8.0, 2.5, 3.2, 4.5, 2.0, 0.5))
    assert lorry.mass > 5000
    pulls = [max(torque for _, torque in each.torque_curve) / each.mass for each in (lorry, physics)]
    assert pulls[0] < pulls[1]
    assert VehiclePhysics.for_model(bicycle()).two_wheeler
    with pytest.raises(ValueError, match="mass must be positive"):
        VehiclePhysics.for_model(car(), mass=-1.0)


def changed(**values):
    """The test car's physics with other values; those of ``Wheel`` go to all wheels."""
    physics = VehiclePhysics.for_model(car())
    of_wheels = {name: values.pop(name) for name in list(values) if name in Wheel.__dataclass_fields__}
    wheels = tuple(replace(wheel, **of_wheels) for wheel in physics.wheels)
    return replace(physics, wheels=wheels, **values)


def ridden(physics, control, speed=0.0, seconds=3.0, town=None):
    world = World(town or FlatTown(), 0)
    body = world.add_vehicle(1, car(), at(), physics)
    body.target_velocity = np.array([speed, 0.0, 0.0]) if speed else None
    body.control = control
    run(world, seconds)
    return body


throttle, brake, coast = VehicleControl(throttle=1.0), VehicleControl(brake=1.0), VehicleControl()
EFFECTS = {
    "torque_curve": ({"torque_curve": ((0.0, 20.0), (6000.0, 20.0))}, throttle, 0.0),
    "max_rpm": ({"max_rpm": 2000.0}, VehicleControl(throttle=1.0, manual_gear_shift=True, gear=1), 0.0),
    "moi": ({"moi": 20.0}, throttle, 0.0),
    "damping_full_throttle": ({"damping_full_throttle": 1.0}, throttle, 0.0),
    "damping_clutch_engaged": ({"damping_clutch_engaged": 5.0}, coast, 20.0),
    "gear_autobox": ({"gear_autobox": False}, throttle, 0.0),
    "gear_switch_time": ({"gear_switch_time": 2.0}, throttle, 0.0),
    "clutch_strength": ({"clutch_strength": 0.1}, throttle, 0.0),
    "final_ratio": ({"final_ratio": 1.0}, throttle, 0.0),
    "forward_gears": ({"forward_gears": (Gear(1.0),)}, throttle, 0.0),
    "mass": ({"mass": 4000.0}, throttle, 0.0),
    "drag_coefficient": ({"drag_coefficient": 5.0}, coast, 30.0),
    "tire_friction": ({"tire_friction": 0.5}, brake, 20.0),
    "damping_rate": ({"damping_rate": 20.0}, coast, 20.0),
    "radius": ({"radius": 0.2}, throttle, 0.0),
    "max_brake_torque": ({"max_brake_torque": 50.0}, brake, 20.0),
    "max_handbrake_torque": ({"max_handbrake_torque": 0.0}, VehicleControl(hand_brake=True), 20.0),
    "long_stiff_value": ({"long_stiff_value": 30.0}, throttle, 0.0),
}


ACROSS = {
    "max_steer_angle": {"max_steer_angle": 0.2},
    "steering_curve": {"steering_curve": ((0.0, 1.0), (20.0, 0.2))},
    "lat_stiff_value": {"lat_stiff_value": 3.0},
    "lat_stiff_max_load": {"lat_stiff_max_load": 30.0},
    "center_of_mass": {"center_of_mass": (1.0, 0.0, 0.0)},
}


@pytest.fixture(scope="module")
def compared():
    """For each part of the physics, the usual car and one in which it differs, driven alike for three seconds."""
    world = World(FlatTown(), 0)
    cases = {**EFFECTS, **{name: (values, VehicleControl(steer=0.3), 12.0) for name, values in ACROSS.items()}}
    pairs = {}
    for row, (name, (values, control, speed)) in enumerate(cases.items()):
        pairs[name] = []
        for side, physics in enumerate((changed(), changed(**values))):
            body = world.add_vehicle(2 * row + side + 1, car(), at(0.0, 200.0 * row + 100.0 * side), physics)
            body.target_velocity = np.array([speed, 0.0, 0.0]) if speed else None
            body.control = control
            pairs[name].append(body)
    run(world, 1.0)
    yaw = {name: [math.atan2(*body.world_from_body[1::-1, 0]) for body in pair] for name, pair in pairs.items()}
    run(world, 2.0)
    return pairs, yaw


@pytest.mark.parametrize("name", EFFECTS)
def test_each_part_of_the_physics_tells_along(compared, name):
    usual, other = compared[0][name]
    assert abs(usual.forward_speed - other.forward_speed) > 0.3
    assert np.isfinite(other.world_from_body).all()


@pytest.mark.parametrize("name", ACROSS)
def test_each_part_of_the_physics_tells_across(compared, name):
    usual, other = compared[1][name]
    assert abs(usual - other) > 0.02


def test_without_a_clutch_the_engine_runs_free():
    speeds = [
        ridden(changed(damping_clutch_disengaged=damping), VehicleControl(0.5, manual_gear_shift=True)).state["engine"][
            0
        ]
        for damping in (0.05, 1.0)
    ]
    assert speeds[0] > 2 * speeds[1] > 0


def test_brakes_lock_wheels_and_power_spins_them():
    body = ridden(changed(max_brake_torque=9000.0), brake, 25.0, 1.0)
    assert body.forward_speed > 10 and np.abs(body.state["omega"]).max() < 1e-9
    np.testing.assert_allclose(body.state["long_slip"][0], -1.0)
    body = ridden(changed(torque_curve=((0.0, 2000.0), (6000.0, 2000.0)), clutch_strength=100.0), throttle, 0.0, 0.5)
    assert body.state["omega"].min() * 0.33 > 1.5 * body.forward_speed


def test_tyres_without_friction_slide_for_ever():
    body = ridden(changed(tire_friction=0.0, drag_coefficient=0.0), VehicleControl(brake=1.0, steer=1.0), 27.0, 5.0)
    np.testing.assert_allclose(body.velocity, [27.0, 0.0, 0.0], atol=1e-6)


# -- in the air and on the roof ----------------------------------------------------------------------------------------


def test_a_car_on_its_roof_slides_to_rest_and_tells_that_it_has_rolled_over():
    pose = at(z=1.6)
    pose[:3, :3] = np.diag([1.0, -1.0, -1.0])
    world, body = driven(pose=pose)
    body.target_velocity = np.array([5.0, 0.0, 0.0])
    run(world, 4.0)
    assert body.asleep and body.world_from_body[2, 2] < -0.99 and not body.rolled_over
    assert 1.0 < body.world_from_body[0, 3] < 4.0 and body.world_from_body[2, 3] == pytest.approx(1.45, abs=0.03)
    run(world, 3.0)
    assert body.rolled_over
    world.teleport(1, at())
    run(world, 0.1)
    assert not body.rolled_over


def test_a_sideways_blow_below_the_centre_of_mass_trips_a_car():
    world, body = driven()
    world.add_impulse(1, body.mass * np.array([0.0, 9.0, 0.0]), np.array([0.0, 0.0, -0.4]))
    lowest = 1.0
    for _ in range(100):
        world.step(0.05)
        lowest = min(lowest, body.world_from_body[2, 2])
        corners = body.world_from_body[:3, :3] @ body.corners.T
        assert (corners[2] + body.world_from_body[2, 3]).min() > -0.08
    assert lowest < 0.0


def test_a_fall_from_a_height_takes_its_time_and_ends_on_the_wheels():
    world, body = driven(pose=at(z=5.0))
    run(world, 1.0)
    assert body.world_from_body[2, 3] < 0.3
    run(world, 4.0)
    assert body.asleep and body.world_from_body[2, 2] > 0.999 and abs(body.world_from_body[2, 3]) < 0.01


def test_without_gravity_it_hangs_where_it_is_and_keeps_its_speed():
    world, body = driven(pose=at(z=0.5))
    body.equip(changed(drag_coefficient=0.0))
    body.gravity = False
    body.target_velocity = np.array([20.0, 0.0, 0.0])
    run(world, 2.0)
    np.testing.assert_allclose(body.velocity, [20.0, 0.0, 0.0], atol=1e-9)
    assert body.world_from_body[2, 3] == pytest.approx(0.5)


def test_two_runs_give_the_same_bytes():
    def once():
        world = World(FlatTown(), 0)
        bodies = [world.add_vehicle(i + 1, (car, bicycle)[i % 2](), at(3.0 * i, 0.5 * i)) for i in range(6)]
        bodies[0].target_velocity = np.array([25.0, 0.0, 0.0])
        run(world, 1.0)
        return b"".join(body.world_from_body.tobytes() + body.velocity.tobytes() for body in bodies)

    assert once() == once()


controls = st.builds(
    VehicleControl, throttle=st.floats(0, 1), steer=st.floats(-1, 1), brake=st.floats(0, 1), hand_brake=st.booleans(),
    reverse=st.booleans(), manual_gear_shift=st.booleans(), gear=st.integers(-3, 9),
)  # fmt: skip


@settings(max_examples=4, deadline=None)
@given(
    st.lists(st.lists(controls, min_size=8, max_size=8), min_size=2, max_size=4),
    st.sampled_from([0.0, 0.2, -0.1]),
    st.sampled_from([0.05, 0.1]),
)
def test_any_controls_leave_a_finite_state_and_no_runaway(orders, slope, dt):
    world = World(FlatTown(slope=slope), 0)
    models = [car(), bicycle()] * 4
    bodies = [world.add_vehicle(i + 1, model, at(0.0, 4.0 * i, 0.5)) for i, model in enumerate(models)]
    for count, order in enumerate(orders, 1):
        for body, control in zip(bodies, order, strict=True):
            body.control = control
        run(world, 1.0, dt)
        for body in bodies:
            assert np.isfinite(body.world_from_body).all() and np.isfinite(body.state["spin"]).all()
            assert np.hypot(*body.velocity[:2]) < 8.0 * count + 4.0
            ground = world.town.ground(body.world_from_body[None, :2, 3])[0][0]
            assert -0.1 < body.world_from_body[2, 3] - ground < 2.0
