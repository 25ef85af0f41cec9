"""Which clients' light managers have yet to hear that lights have changed."""

from __future__ import annotations

from simulator.server.rpc import Connection


class LightClients:
    """By endpoint; a client that has gone is forgotten with its connection."""

    def __init__(self) -> None:
        self._waiting: dict[str, bool] = {}
        self._connections: dict[str, Connection] = {}

    @property
    def pending(self) -> bool:
        """Whether any client has yet to ask anew."""
        return any(self._waiting.values())

    def told(self, endpoint: str, connection: Connection) -> None:
        """A client knows the lights."""
        self._waiting[endpoint], self._connections[endpoint] = False, connection

    def changed(self, besides: str | None = None) -> None:
        """Lights have changed; all clients but the one that did it are to ask anew."""
        for endpoint in self._waiting:
            self._waiting[endpoint] |= endpoint != besides

    def forget(self, endpoint: str) -> None:
        """A client's light manager has ended."""
        self._waiting.pop(endpoint, None)
        self._connections.pop(endpoint, None)

    def closed(self, connection: Connection) -> None:
        """A connection has ended."""
        for endpoint in [name for name, held in self._connections.items() if held is connection]:
            self.forget(endpoint)
