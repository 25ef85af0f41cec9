"""Street and building lights: what the client's light manager asks for and sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.server import wire
from simulator.server.handlers.registry import command, query
from simulator.server.wire import Array, Malformed, each, fields, flag, integer, number, struct, text, vector
from simulator.world.furniture import LightGroup
from simulator.world.lamps import LightState

if TYPE_CHECKING:
    from simulator.server.server import Server


def _color(value: Any) -> tuple[int, int, int]:
    r, g, b = (integer(part) for part in fields(value, 3))
    if not all(0 <= part <= 255 for part in (r, g, b)):
        raise Malformed(f"{value!r} is no colour")
    return r, g, b


def _group(value: Any) -> int:
    group = integer(value)
    if group not in list(LightGroup):
        raise Malformed(f"{group} is no light group")
    return group


def _change(number_: int, place: Array, intensity: float, group: int, color: tuple[int, int, int], active: bool) -> Any:
    return number_, LightState(max(intensity, 0.0), group, color, active)


_state = struct(_change, integer, vector, number, _group, _color, flag)


@query(text)
def query_lights_state(server: Server, endpoint: str) -> list[Any]:
    """All lights; the client that asks is up to date from then on."""
    assert server.caller is not None
    server.light_clients.told(server.caller)
    lamps = server.episode.world.level.lamps
    return [
        [number_, wire.encode_vector(place), state.intensity, state.group, list(state.color), state.active]
        for number_, (place, state) in enumerate(zip(lamps.places, lamps.states, strict=True), 1)
    ]


@command(text, each(_state), flag)
def update_lights_state(server: Server, endpoint: str, changes: list[tuple[int, LightState]], discard: bool) -> None:
    """Set lights; the other clients are told with the next snapshot. Lights that there are not are passed over."""
    level = server.episode.world.level
    known = [level.set_light(number_, state) for number_, state in changes]
    if any(known):
        server.light_clients.changed(besides=server.caller)


@command(text, flag)
def update_day_night_cycle(server: Server, endpoint: str, active: bool) -> None:
    """Whether lights go on at dusk and off at dawn by themselves."""
    server.episode.world.level.lamps.automatic = active
