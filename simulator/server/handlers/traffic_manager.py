"""The registry of Traffic Managers, which run in the clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.server import wire
from simulator.server.handlers.registry import command, query
from simulator.server.wire import Refusal, integer

if TYPE_CHECKING:
    from simulator.server.server import Server


@query(integer)
def is_traffic_manager_running(server: Server, port: int) -> bool:
    """Whether one is registered."""
    return port in server.traffic_managers


@query(integer)
def get_traffic_manager_running(server: Server, port: int) -> list[Any]:
    """Its host and port."""
    if port not in server.traffic_managers:
        raise Refusal(f"get_traffic_manager_running: none on port {port}")
    return [server.traffic_managers[port][0], port]


@query(wire.struct(lambda host, port: (host, port), wire.text, integer))
def add_traffic_manager_running(server: Server, place: tuple[str, int]) -> bool:
    """Register one, for as long as the connection lasts that says so; False when the port is taken."""
    host, port = place
    if port in server.traffic_managers:
        return False
    assert server.caller is not None
    # A Traffic Manager that says nothing about itself runs where its client does.
    server.traffic_managers[port] = (host or server.caller.host, server.caller)
    return True


@command(integer)
def destroy_traffic_manager(server: Server, port: int) -> None:
    """Forget one."""
    server.traffic_managers.pop(port, None)
