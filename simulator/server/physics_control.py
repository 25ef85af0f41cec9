"""CARLA's VehiclePhysicsControl and VehicleTelemetryData: the wire's arrays and our vehicle's physics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from simulator.server import wire
from simulator.server.wire import Array, Malformed, flag, number
from simulator.world.physics import Gear, VehiclePhysics, Wheel
from simulator.world.vehicles import VehicleBody

CENTIMETRES = 100.0


def encode(physics: VehiclePhysics, world_from_body: Array) -> list[Any]:
    """The wire's VehiclePhysicsControl. Always four wheels: clients index them, for two-wheelers as well."""
    return [
        [list(point) for point in physics.torque_curve],
        physics.max_rpm,
        physics.moi,
        physics.damping_full_throttle,
        physics.damping_clutch_engaged,
        physics.damping_clutch_disengaged,
        physics.gear_autobox,
        physics.gear_switch_time,
        physics.clutch_strength,
        physics.final_ratio,
        [[gear.ratio, gear.down, gear.up] for gear in physics.forward_gears],
        physics.mass,
        physics.drag_coefficient,
        wire.encode_vector(physics.center_of_mass),
        [list(point) for point in physics.steering_curve],
        [_wheel(wheel, place, world_from_body) for wheel, place in zip(physics.wheels, physics.places, strict=True)],
        physics.sweep_wheels,
    ]


def _wheel(wheel: Wheel, place: tuple[float, float], world_from_body: Array) -> list[Any]:
    middle = world_from_body[:3, :3] @ np.array([*place, wheel.radius]) + world_from_body[:3, 3]
    return [
        wheel.tire_friction,
        wheel.damping_rate,
        float(np.degrees(wheel.max_steer_angle)),
        wheel.radius * CENTIMETRES,
        wheel.max_brake_torque,
        wheel.max_handbrake_torque,
        wheel.lat_stiff_max_load,
        wheel.lat_stiff_value,
        wheel.long_stiff_value,
        wire.encode_vector(middle * CENTIMETRES),
    ]


def decode(value: Any) -> dict[str, Any]:
    """The fields of ``VehiclePhysics`` that a client sets. Where its wheels stand it cannot change."""
    (
        torque_curve, max_rpm, moi, full_throttle, engaged, disengaged, autobox, switch_time, clutch, final_ratio,
        gears, mass, drag, center, steering_curve, wheels, sweep,
    ) = wire.fields(value, 17)  # fmt: skip
    return {
        "torque_curve": _curve(torque_curve),
        "max_rpm": number(max_rpm),
        "moi": number(moi),
        "damping_full_throttle": number(full_throttle),
        "damping_clutch_engaged": number(engaged),
        "damping_clutch_disengaged": number(disengaged),
        "gear_autobox": flag(autobox),
        "gear_switch_time": number(switch_time),
        "clutch_strength": number(clutch),
        "final_ratio": number(final_ratio),
        "forward_gears": tuple(wire.each(_gear)(gears)),
        "mass": number(mass),
        "drag_coefficient": number(drag),
        "center_of_mass": tuple(wire.vector(center).tolist()),
        "steering_curve": _curve(steering_curve),
        "wheels": tuple(wire.each(_decoded_wheel)(wheels)),
        "sweep_wheels": flag(sweep),
    }


def _curve(value: Any) -> tuple[tuple[float, float], ...]:
    points = [wire.fields(point, 2) for point in wire.each(wire.anything)(value)]
    return tuple((number(x), number(y)) for x, y in points)


def _gear(value: Any) -> Gear:
    return Gear(*(number(part) for part in wire.fields(value, 3)))


def _decoded_wheel(value: Any) -> Wheel:
    friction, damping, steer, radius, brake, hand_brake, max_load, lateral, along, _ = wire.fields(value, 10)
    return Wheel(
        number(friction),
        number(damping),
        float(np.radians(number(steer))),
        number(radius) / CENTIMETRES,
        number(brake),
        number(hand_brake),
        number(max_load),
        number(lateral),
        number(along),
    )


def changed(physics: VehiclePhysics, values: dict[str, Any]) -> VehiclePhysics:
    """``physics`` with a client's fields. Raises Malformed for what no vehicle can be made of."""
    try:
        return replace(physics, **values)
    except ValueError as error:
        raise Malformed(str(error)) from error


def telemetry(body: VehicleBody) -> list[Any]:
    """The wire's VehicleTelemetryData of the last tick's end; steering and slip angles are right positive."""
    state, control, physics = body.state[0], body.control, body.physics
    rest = physics.row["rest_load"][0]
    load = state["load"]
    wheels = np.stack(
        [
            state["grip"],
            -np.degrees(state["lat_slip"]),
            state["long_slip"],
            state["omega"],
            load,
            load / rest,
            state["torque"],
            state["long_force"],
            -state["lat_force"],
            np.abs(state["long_force"]) / rest,
            np.abs(state["lat_force"]) / rest,
        ],
        axis=1,
    )
    return [
        body.forward_speed,
        -control.steer,
        control.throttle,
        control.brake,
        float(state["engine"]) * 30 / np.pi,
        body.gear,
        float(state["drag"]),
        wheels.tolist(),
    ]
