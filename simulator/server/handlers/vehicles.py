"""Vehicles: controls, physics, telemetry, lights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.server import wire
from simulator.server.ackermann import AckermannController
from simulator.server.actors import Actor
from simulator.server.handlers.registry import command, query, unsupported
from simulator.server.wire import AckermannControl, AckermannSettings, Malformed, VehicleControl, flag, integer
from simulator.world import vehicles as world_vehicles
from simulator.world.dynamics import SHIFT_INTERVAL
from simulator.world.vehicles import VehiclePhysics

if TYPE_CHECKING:
    from simulator.server.server import Server

TORQUE_SHAPE = ((0.0, 0.8), (0.35, 1.0), (1.0, 0.7))
"""Engine speed and torque as shares of the largest, for the curve that clients read."""
MAX_RPM = 6000.0
GEAR_RATIO_FINAL = 4.0


@command(integer, wire.vehicle_control)
def apply_control_to_vehicle(server: Server, actor_id: int, control: VehicleControl) -> None:
    """Pedals and wheel; ours steers left with positive values."""
    actor = server.episode.find(actor_id)
    body = actor.vehicle()
    actor.ackermann = None
    body.control = world_vehicles.VehicleControl(**{**control._asdict(), "steer": -control.steer})


@command(integer, wire.ackermann_control)
def apply_ackermann_control_to_vehicle(server: Server, actor_id: int, control: AckermannControl) -> None:
    """Follow a target speed and steering angle."""
    actor = server.episode.find(actor_id)
    actor.vehicle()
    if actor.ackermann is None:
        actor.ackermann = AckermannController(control, actor.ackermann_settings)
    else:
        actor.ackermann.target = control


@query(integer)
def get_ackermann_controller_settings(server: Server, actor_id: int) -> list[float]:
    """The controllers' gains."""
    return list(server.episode.find(actor_id).ackermann_settings)


@command(integer, wire.ackermann_settings)
def apply_ackermann_controller_settings(server: Server, actor_id: int, settings: AckermannSettings) -> None:
    """Change the gains."""
    actor = server.episode.find(actor_id)
    actor.vehicle()
    actor.ackermann_settings = settings
    if actor.ackermann is not None:
        actor.ackermann = AckermannController(actor.ackermann.target, settings)


@query(integer)
def get_physics_control(server: Server, actor_id: int) -> list[Any]:
    """What the vehicle is made of. Always four wheels: clients index them, for two-wheelers as well."""
    actor = server.episode.find(actor_id)
    physics = actor.vehicle().physics
    peak = physics.power / (MAX_RPM * np.pi / 30 * 0.7)
    ratios = [MAX_RPM * np.pi / 30 * physics.wheel_radius / speed / GEAR_RATIO_FINAL for speed in physics.gear_speeds]
    return [
        [[share * MAX_RPM, torque * peak] for share, torque in TORQUE_SHAPE],
        MAX_RPM,
        1.0,
        0.15,
        2.0,
        0.35,
        True,
        SHIFT_INTERVAL,
        10.0,
        GEAR_RATIO_FINAL,
        [[ratio, 0.35, 0.75] for ratio in ratios],
        physics.mass,
        physics.drag_area,
        [0.0, 0.0, physics.mass_height],
        [[0.0, 1.0], [200.0, 1.0]],
        [_wheel(actor, physics, fore, left) for fore in (1, -1) for left in (1, -1)],
        False,
    ]


def _wheel(actor: Actor, physics: VehiclePhysics, fore: int, left: int) -> list[Any]:
    body_from_wheel = np.eye(4)
    body_from_wheel[:3, 3] = _axle(actor, fore), left * physics.track / 2, physics.wheel_radius
    place = wire.encode_vector((actor.world_from_actor @ body_from_wheel)[:3, 3] * 100)  # CARLA tells centimetres
    brake = physics.brake_deceleration * physics.mass * physics.wheel_radius / 4
    steer = float(np.degrees(physics.max_steer_angle)) if fore > 0 else 0.0
    radius = physics.wheel_radius * 100
    return [physics.tire_friction, 0.25, steer, radius, brake, 0.0 if fore > 0 else 2 * brake, 2.0, 17.0, 1000.0, place]


def _axle(actor: Actor, fore: int) -> float:
    """How far the front (1) or rear (-1) axle lies before the origin [m]."""
    name = "wheel_front" if fore > 0 else "wheel_rear"
    parts = actor.require_body().model.parts
    return float(np.mean([part.body_from_part[0, 3] for part in parts if part.name.startswith(name)]))


def physics_control(value: Any) -> tuple[float, float, float, float, float]:
    """Mass, drag, steering limit [rad], tyre friction, wheel radius [m]: what our model has of CARLA's parameters."""
    parts = wire.fields(value, 17)
    wheels = wire.each(lambda wheel: wire.fields(wheel, 10))(parts[15])
    if not wheels:
        raise Malformed("a vehicle needs wheels")
    front = wheels[0]
    return (
        wire.number(parts[11]),
        wire.number(parts[12]),
        float(np.radians(wire.number(front[2]))),
        wire.number(front[0]),
        wire.number(front[3]) / 100,
    )


@command(integer, physics_control)
def apply_physics_control(server: Server, actor_id: int, values: tuple[float, float, float, float, float]) -> None:
    """Take over mass, drag, steering limit, tyre friction and wheel radius; the rest is Unreal's."""
    body = server.episode.find(actor_id).vehicle()
    mass, drag, steer, friction, radius = values
    body.mass = mass
    body.physics = replace(
        body.physics, mass=mass, drag_area=drag, max_steer_angle=steer, tire_friction=friction, wheel_radius=radius
    )


@query(integer)
def get_telemetry_data(server: Server, actor_id: int) -> list[Any]:
    """Speed, controls and gear; wheels are not told one by one."""
    body = server.episode.find(actor_id).vehicle()
    speed, control, physics = float(np.linalg.norm(body.velocity)), body.control, body.physics
    gear = max(1, min(abs(body.gear), len(physics.gear_speeds)))
    rpm = min(1.0, speed / physics.gear_speeds[gear - 1]) * MAX_RPM
    return [speed, -control.steer, control.throttle, control.brake, rpm, body.gear, physics.drag_area, []]


@query(integer)
def get_vehicle_light_state(server: Server, actor_id: int) -> list[int]:
    """CARLA's flags."""
    actor = server.episode.find(actor_id)
    actor.vehicle()
    return [actor.lights]


@command(integer, wire.light_state)
def set_vehicle_light_state(server: Server, actor_id: int, flags: int) -> None:
    """Switch the lamps."""
    server.episode.find(actor_id).set_lights(flags)


@query()
def get_vehicle_light_states(server: Server) -> list[list[int]]:
    """All vehicles' flags."""
    return [
        [actor.actor_id, actor.lights]
        for actor in server.episode.actors.values()
        if actor.blueprint.kind.value == "vehicle"
    ]


@command(integer, flag)
def set_actor_autopilot(server: Server, actor_id: int, enabled: bool) -> None:
    """The client's own Traffic Manager drives; the server only checks that there is a vehicle."""
    server.episode.find(actor_id).vehicle()


@query(integer, integer)
def get_wheel_steer_angle(server: Server, actor_id: int, wheel: int) -> float:
    """Angle [deg], right positive; rear wheels do not turn."""
    body = server.episode.find(actor_id).vehicle()
    return -float(np.degrees(body.steer_angle)) if wheel < 2 else 0.0


unsupported(
    commands=(
        "show_vehicle_debug_telemetry",
        "open_vehicle_door",
        "close_vehicle_door",
        "set_wheel_steer_direction",
        "set_wheel_pitch_angle",
        "enable_carsim",
        "use_carsim_road",
        "enable_chrono_physics",
        "restore_physx_physics",
    ),
    queries=("get_wheel_pitch_angle",),
)
