"""``apply_batch``: many commands in one request; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulator.server import physics_control, wire
from simulator.server.attachments import GHOST, RIGID, SPRING_ARM
from simulator.server.handlers import actors, lights, vehicles, walkers
from simulator.server.handlers.registry import bare
from simulator.server.wire import Decoder, Malformed, Refusal, flag, integer

if TYPE_CHECKING:
    from simulator.server.server import Server


SPAWN, DESTROY, CONSOLE = 0, 1, 20
FUTURE_ACTOR = 0

COMMANDS: dict[int, tuple[Callable[..., Any], tuple[Decoder, ...]]] = {
    2: (vehicles.apply_control_to_vehicle, (integer, wire.vehicle_control)),
    3: (vehicles.apply_ackermann_control_to_vehicle, (integer, wire.ackermann_control)),
    4: (walkers.apply_control_to_walker, (integer, wire.walker_control)),
    5: (vehicles.apply_physics_control, (integer, physics_control.decode)),
    6: (actors.set_actor_transform, (integer, wire.transform)),
    7: (walkers.apply_walker_state, walkers.walker_state),
    8: (actors.set_actor_target_velocity, (integer, wire.vector)),
    9: (actors.set_actor_target_angular_velocity, (integer, wire.axial)),
    10: (actors.add_actor_impulse, (integer, wire.vector)),
    11: (actors.add_actor_force, (integer, wire.vector)),
    12: (actors.add_actor_angular_impulse, (integer, wire.axial)),
    13: (actors.add_actor_torque, (integer, wire.axial)),
    14: (actors.set_actor_simulate_physics, (integer, flag)),
    15: (actors.set_actor_enable_gravity, (integer, flag)),
    16: (vehicles.set_actor_autopilot, (integer, flag)),
    17: (vehicles.show_vehicle_debug_telemetry, (integer, flag)),
    18: (vehicles.set_vehicle_light_state, (integer, integer)),
    19: (actors.set_actor_location, (integer, wire.vector)),
    21: (lights.set_traffic_light_state, (integer, integer)),
}
"""Index of CARLA's command variant -> handler and how its payload is decoded."""


def _command(value: Any) -> tuple[int, list[Any]]:
    """``[[index, payload]]``."""
    match value:
        case [[int(index), payload]]:
            return index, payload if isinstance(payload, list) else [payload]
    raise Malformed(f"a command is [[index, payload]], not {wire.brief(value)}")


def _spawn(server: Server, payload: list[Any], future: int = 0) -> int:
    """``future``: the actor that this one follows in a chain, and its parent where that is ``FutureActor``."""
    description, pose, parent, attachment, socket, do_after = wire.fields(payload, 6)
    parent_id = wire.optional(integer)(parent)
    parent_id = future if parent_id == FUTURE_ACTOR else parent_id or 0
    # The client leaves this field as it finds its memory where the user's program names no attachment.
    attachment = integer(attachment) if attachment in (RIGID, SPRING_ARM, GHOST) else RIGID
    wanted, place = wire.description(description), wire.transform(pose)
    actor = actors.spawn(server, wanted, place, parent_id, attachment, wire.text(socket))
    for value in wire.each(_command)(do_after):
        index, arguments = value
        if index == SPAWN:
            _spawn(server, arguments, actor.actor_id)
        else:
            _run(server, index, [actor.actor_id, *arguments[1:]])
    return actor.actor_id


def _run(server: Server, index: int, payload: list[Any]) -> int:
    """Run one command; returns the actor's id. Raises Refusal, Malformed."""
    if index == SPAWN:
        return _spawn(server, payload)
    if index == DESTROY:
        actors.destroy_actor(server, integer(wire.fields(payload, 1)[0]))
        return int(payload[0])
    if index == CONSOLE:
        raise Refusal("ConsoleCommand: not supported by the embedded server")
    if index not in COMMANDS:
        raise Malformed(f"there is no command {index}")
    handler, decoders = COMMANDS[index]
    values = wire.fields(payload, len(decoders))
    arguments = [decode(value) for decode, value in zip(decoders, values, strict=True)]
    handler(server, *arguments)
    return int(arguments[0])


@bare(wire.each(_command), flag)
def apply_batch(server: Server, commands: list[tuple[int, list[Any]]], do_tick: bool) -> list[Any]:
    """All commands in order, then a tick when asked for (synchronous mode only)."""
    answers = []
    for index, payload in commands:
        try:
            answers.append(wire.success(_run(server, index, payload)))
        except (Refusal, Malformed) as error:
            answers.append(wire.failure(str(error)))
        except Exception as error:  # one command's fault must not stop the others
            server.faults.tell(f"apply_batch, command {index}", error, bug=True)
            answers.append(wire.failure(f"internal error: {error!r}; see the server's log"))
    if do_tick and server.settings.synchronous:
        server.tick()
    return answers
