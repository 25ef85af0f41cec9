"""Vehicles against the published model, the clock and the tape measure."""

import math
import sys
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from vehiclemodels.parameters_vehicle2 import parameters_vehicle2
from vehiclemodels.utils.tire_model import formula_lateral, formula_longitudinal
from vehiclemodels.vehicle_dynamics_st import vehicle_dynamics_st
from vehiclemodels.vehicle_dynamics_std import vehicle_dynamics_std

sys.path.insert(0, str(Path(__file__).parent))
from flat_town import FlatTown, at, bicycle, car

from simulator.world import dynamics
from simulator.world.vehicles import VehicleControl, VehiclePhysics
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


def published():
    """The published car with its centre of mass midway between the axles, as ours has it."""
    parameters = deepcopy(parameters_vehicle2())
    parameters.a = parameters.b = (parameters.a + parameters.b) / 2
    return parameters


def ours(parameters, speed, slip, yaw_rate, steer, acceleration):
    half, weight = parameters.a, parameters.m
    front = weight * (9.81 * half - acceleration * parameters.h_s) / (2 * half)
    rear = weight * (9.81 * half + acceleration * parameters.h_s) / (2 * half)
    one = np.ones(1)
    along, across, turning = dynamics.single_track(
        (speed * math.cos(slip) * one, speed * math.sin(slip) * one), yaw_rate * one, steer * one, 2 * half * one,
        weight * one, parameters.I_z * one, (front * one, rear * one), (0 * one, 0 * one), one,
    )  # fmt: skip
    return along[0], across[0], turning[0]


@pytest.mark.parametrize("speed", [6.0, 15.0, 35.0])
@pytest.mark.parametrize("signs", [(1, 1, 1), (1, -1, 1), (-1, 1, 1), (1, 1, -1)])
def test_agrees_with_the_published_single_track_model_at_small_slip(speed, signs):
    parameters = published()
    slip, yaw_rate, steer = (0.002 * signs[0], 0.01 * signs[1], 0.003 * signs[2])
    theirs = vehicle_dynamics_st([0, 0, steer, speed, 0.0, yaw_rate, slip], [0.0, 0.0], parameters)
    _, across, turning = ours(parameters, speed, slip, yaw_rate, steer, 0.0)
    assert turning == pytest.approx(theirs[5], rel=0.01, abs=1e-4)
    assert across == pytest.approx(speed * (theirs[6] + yaw_rate), rel=0.01, abs=1e-3)


@pytest.mark.parametrize("slip, yaw_rate, steer", [(0.1, -0.3, 0.25), (-0.2, 0.5, 0.1), (0.02, 0.9, -0.3)])
def test_agrees_with_the_published_drift_model_at_large_slip(slip, yaw_rate, steer):
    parameters, speed = published(), 12.0
    along_front = speed * math.cos(slip) * math.cos(steer) + (
        speed * math.sin(slip) + parameters.a * yaw_rate
    ) * math.sin(steer)
    # wheels turning so that the tyres neither drive nor brake
    free = 1.0 - brentq(lambda kappa: formula_longitudinal(kappa, 0.0, parameters.m * 9.81 / 2, parameters.tire), -1, 1)
    wheels = [free * along_front / parameters.R_w, free * speed * math.cos(slip) / parameters.R_w]
    theirs = vehicle_dynamics_std([0, 0, steer, speed, 0.0, yaw_rate, slip, *wheels], [0.0, 0.0], parameters)
    along, across, turning = ours(parameters, speed, slip, yaw_rate, steer, 0.0)
    assert turning == pytest.approx(theirs[5], rel=0.02, abs=0.05)
    # their speed and slip angle, turned into our velocity along and across the heading
    theirs_across = theirs[3] * math.sin(slip) + speed * math.cos(slip) * (theirs[6] + yaw_rate)
    assert across == pytest.approx(theirs_across, rel=0.02, abs=0.05)
    theirs_along = theirs[3] * math.cos(slip) - speed * math.sin(slip) * (theirs[6] + yaw_rate)
    assert along == pytest.approx(theirs_along, rel=0.02, abs=0.05)


def test_tyre_is_the_published_one():
    tire = parameters_vehicle2().tire
    slips = np.linspace(-0.6, 0.6, 25)
    theirs = [formula_lateral(slip, 0.0, 4000.0, tire)[0] for slip in slips]
    np.testing.assert_allclose(dynamics.side_force(slips, 4000.0, 1.0), theirs, rtol=1e-12)


# -- along ------------------------------------------------------------------------------------------------------------


def test_full_throttle_reaches_100_km_h_in_about_nine_seconds():
    world, body = driven(control=VehicleControl(throttle=1.0))
    seconds = 0.0
    while body.velocity[0] < 100 / 3.6 and seconds < 30:
        world.step(0.05)
        seconds += 0.05
    assert 8.5 < seconds < 10.5
    assert body.gear == 3


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
    assert 1.4 < distances[1] / distances[0] < 1.8


def test_stands_on_a_slope_with_brakes_and_rolls_down_without():
    for control in (VehicleControl(brake=0.5), VehicleControl(hand_brake=True)):
        world, body = driven(FlatTown(slope=0.15), control)
        run(world, 4.0)
        held = body.world_from_body[:3, 3].copy()
        run(world, 3.0)
        assert np.linalg.norm(body.world_from_body[:3, 3] - held) < 1e-4
        body.control = VehicleControl()
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
    assert body.velocity[0] < -2.0 and body.gear == -1
    world, body = driven(control=VehicleControl(throttle=1.0, manual_gear_shift=True, gear=1))
    run(world, 12.0)
    assert body.gear == 1 and 12.0 < body.velocity[0] < 14.5  # at the limiter
    fast = body.velocity[0]
    body.control = VehicleControl()
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
        assert pace / abs(turned) == pytest.approx(math.hypot(rear, body.physics.wheelbase / 2), rel=0.02)


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
    assert np.hypot(*body.velocity[:2]) == pytest.approx(5.0, abs=0.05)


def test_physics_from_models():
    physics = VehiclePhysics.for_model(car())
    assert physics.wheelbase == pytest.approx(2.7) and physics.track == pytest.approx(1.55)
    assert physics.wheel_radius == pytest.approx(0.33) and 1200 < physics.mass < 1800
    lorry = VehiclePhysics.for_model(car(8.0, 2.5, 3.2, 4.5, 2.0, 0.5))
    assert lorry.mass > 5000 and lorry.power / lorry.mass < physics.power / physics.mass
    assert VehiclePhysics.for_model(bicycle()).two_wheeler
    with pytest.raises(ValueError, match="mass must be positive"):
        VehiclePhysics.for_model(car(), mass=-1.0)


controls = st.builds(
    VehicleControl, throttle=st.floats(0, 1), steer=st.floats(-1, 1), brake=st.floats(0, 1), hand_brake=st.booleans(),
    reverse=st.booleans(), manual_gear_shift=st.booleans(), gear=st.integers(-3, 9),
)  # fmt: skip


@settings(max_examples=10, deadline=None)
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
            assert np.hypot(*body.velocity[:2]) < 8.0 * count + 2.0
            ground = world.town.ground(body.world_from_body[None, :2, 3])[0][0]
            assert abs(body.world_from_body[2, 3] - ground) < 0.6
