"""Which clients' light managers have yet to hear that lights have changed.

The endpoint by which clients name themselves is the server's own address, the same for all of them: connections tell
them apart.
"""

from __future__ import annotations

from simulator.server.rpc import Connection


class LightClients:
    """By connection; a client that has gone is forgotten with it."""

    def __init__(self) -> None:
        self._waiting: dict[Connection, bool] = {}

    @property
    def pending(self) -> bool:
        """Whether any client has yet to ask anew."""
        return any(self._waiting.values())

    def told(self, client: Connection) -> None:
        """A client knows the lights."""
        self._waiting[client] = False

    def changed(self, besides: Connection | None = None) -> None:
        """Lights have changed; all clients but the one that did it are to ask anew."""
        for client in self._waiting:
            self._waiting[client] |= client is not besides

    def closed(self, client: Connection) -> None:
        """A connection has ended."""
        self._waiting.pop(client, None)
