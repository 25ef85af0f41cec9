"""Vehicles: controls, physics, telemetry, lights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.server import physics_control, wire
from simulator.server.ackermann import AckermannController
from simulator.server.blueprints import Kind
from simulator.server.handlers.registry import command, query, unsupported
from simulator.server.wire import AckermannControl, AckermannSettings, Refusal, VehicleControl, flag, integer, number
from simulator.world import vehicles as world_vehicles
from simulator.world.vehicles import DOORS, VehicleBody

if TYPE_CHECKING:
    from simulator.server.server import Server

ALL_DOORS = 6
"""CARLA's VehicleDoor.All; below it are ``DOORS``."""


@command(integer, wire.vehicle_control)
def apply_control_to_vehicle(server: Server, actor_id: int, control: VehicleControl) -> None:
    """Pedals and wheel; ours steers left with positive values."""
    actor = server.episode.find(actor_id)
    body = actor.vehicle()
    actor.ackermann = None
    body.control = world_vehicles.VehicleControl(*control._replace(steer=-control.steer))


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
        actor.ackermann.tune(settings)


@query(integer)
def get_physics_control(server: Server, actor_id: int) -> list[Any]:
    """What the vehicle is made of."""
    body = server.episode.find(actor_id).vehicle()
    return physics_control.encode(body.physics, body.world_from_body)


@command(integer, physics_control.decode)
def apply_physics_control(server: Server, actor_id: int, values: dict[str, Any]) -> None:
    """Make the vehicle of something else; where its wheels stand is the model's."""
    body = server.episode.find(actor_id).vehicle()
    body.equip(physics_control.changed(body.physics, values))


@query(integer)
def get_telemetry_data(server: Server, actor_id: int) -> list[Any]:
    """Speed, controls, engine and each wheel."""
    return physics_control.telemetry(server.episode.find(actor_id).vehicle())


@command(integer, flag)
def show_vehicle_debug_telemetry(server: Server, actor_id: int, enabled: bool) -> None:
    """Nothing: CARLA draws it on the screen of its window, and there is none."""
    server.episode.find(actor_id).vehicle()


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
        if actor.blueprint.kind is Kind.VEHICLE
    ]


@command(integer, flag)
def set_actor_autopilot(server: Server, actor_id: int, enabled: bool) -> None:
    """The client's own Traffic Manager drives; the server only checks that there is a vehicle."""
    server.episode.find(actor_id).vehicle()


@command(integer, integer)
def open_vehicle_door(server: Server, actor_id: int, door: int) -> None:
    """Open one door, or all; within a second. Doors that a vehicle does not have are none to open."""
    _move_doors(server, actor_id, door, True)


@command(integer, integer)
def close_vehicle_door(server: Server, actor_id: int, door: int) -> None:
    """Shut one door, or all."""
    _move_doors(server, actor_id, door, False)


def _move_doors(server: Server, actor_id: int, door: int, opened: bool) -> None:
    body = server.episode.find(actor_id).vehicle()
    if not 0 <= door <= ALL_DOORS:
        raise Refusal(f"there is no door {door}")
    for name in body.doors if door == ALL_DOORS else {DOORS[door]} & body.doors.keys():
        body.move_door(name, opened)


def _posed_wheel(server: Server, actor_id: int, wheel: int) -> tuple[VehicleBody, int]:
    """The vehicle and the wheel's place in ours. Raises Refusal."""
    body = server.episode.find(actor_id).vehicle()
    if not 0 <= wheel < 4:
        raise Refusal(f"there is no wheel {wheel}")
    return body, 2 if body.physics.two_wheeler and wheel == 1 else wheel


@command(integer, integer, number)
def set_wheel_steer_direction(server: Server, actor_id: int, wheel: int, angle: float) -> None:
    """Turn a wheel [deg, right positive] for show, while physics are off."""
    body, index = _posed_wheel(server, actor_id, wheel)
    if body.simulate_physics:
        raise Refusal("cannot set the steer direction of a wheel: physics are enabled")
    body.posed_steer[index] = -float(np.radians(angle))


@query(integer, integer)
def get_wheel_steer_angle(server: Server, actor_id: int, wheel: int) -> float:
    """Angle [deg], right positive, as it is shown."""
    body, index = _posed_wheel(server, actor_id, wheel)
    return -float(np.degrees(body.wheel_angles()[0][index]))


@command(integer, integer, number)
def set_wheel_pitch_angle(server: Server, actor_id: int, wheel: int, angle: float) -> None:
    """Roll a wheel about its axle [deg, forward negative] for show, while physics are off."""
    body, index = _posed_wheel(server, actor_id, wheel)
    if body.simulate_physics:
        raise Refusal("cannot set the pitch angle of a wheel: physics are enabled")
    body.posed_pitch[index] = -float(np.radians(angle))


@query(integer, integer)
def get_wheel_pitch_angle(server: Server, actor_id: int, wheel: int) -> float:
    """Angle about the axle [deg], forward negative."""
    body, index = _posed_wheel(server, actor_id, wheel)
    return -float(np.degrees(body.wheel_angles()[1][index]))


@command(integer)
def restore_physx_physics(server: Server, actor_id: int) -> None:
    """Nothing: no vehicle ever left our physics."""
    server.episode.find(actor_id).vehicle()


unsupported(commands=("enable_carsim", "use_carsim_road", "enable_chrono_physics"))
