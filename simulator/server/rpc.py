"""CARLA's RPC: msgpack objects back to back over TCP, answered in order of arrival on each connection.

All sockets are served by the one thread that also simulates (the GL context lives there). A connection that sends
nonsense or stops reading is closed; the others do not notice.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable
from typing import Any

import msgpack

from simulator.server.faults import Faults

REQUEST, RESPONSE = 0, 1
CHUNK = 1 << 18
MESSAGE_LIMIT = 1 << 28  # bytes; OpenDRIVE uploads and textures are the largest
BACKLOG_LIMIT = 1 << 28  # bytes of answers that a client may leave unread
ARRAY_LIMIT = 1 << 24  # elements; msgpack reserves the room before the elements have come


class UnknownMethod(Exception):
    """The client asked for a method that the server does not have."""


Answer = Callable[["Connection", str, list[Any]], Any]


def plain(value: Any) -> Any:
    """NumPy scalars as msgpack needs them."""
    return value.item()


class Connection:
    """One client's RPC socket."""

    def __init__(self, sock: socket.socket, server: RpcServer) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self._server = server
        self._unpacker = msgpack.Unpacker(
            raw=False, max_buffer_size=MESSAGE_LIMIT, max_array_len=ARRAY_LIMIT, max_map_len=1 << 16
        )
        self._unsent = bytearray()
        self.open = True
        server.selector.register(sock, selectors.EVENT_READ, self._ready)

    @property
    def host(self) -> str:
        """The client's address; raises OSError once it has gone."""
        return str(self._socket.getpeername()[0])

    def _ready(self, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                self._flush()
            if events & selectors.EVENT_READ:
                self._read()
        except (OSError, ValueError, msgpack.UnpackException) as error:
            self._server.faults.tell("an RPC connection is closed", error)
            self.close()

    def _read(self) -> None:
        data = self._socket.recv(CHUNK)
        if not data:
            self.close()
            return
        self._unpacker.feed(data)
        for message in self._unpacker:
            self._answer(message)
            if not self.open:
                return

    def _answer(self, message: Any) -> None:
        match message:
            case [0, int(number), str(method), list(parameters)]:
                pass
            case _:
                raise ValueError(f"not an RPC request: {str(message)[:80]!r}")
        error, result = None, None
        try:
            result = self._server.answer(self, method, parameters)
        except UnknownMethod:
            # rpclib's own words; the client makes an exception of them.
            error = f"rpclib: server could not find function '{method}' with argument count {len(parameters)}."
        self._send(self._server.packer.pack([RESPONSE, number, error, result]))

    def _send(self, data: bytes) -> None:
        if self._unsent:
            self._unsent += data
            if len(self._unsent) > BACKLOG_LIMIT:
                raise OSError("the client does not read its answers")
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self._unsent += memoryview(data)[sent:]
            self._server.selector.modify(self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self._ready)

    def _flush(self) -> None:
        del self._unsent[: self._socket.send(self._unsent)]
        if not self._unsent:
            self._server.selector.modify(self._socket, selectors.EVENT_READ, self._ready)

    def close(self) -> None:
        """Close the socket and tell the server, once."""
        if self.open:
            self.open = False
            self._server.selector.unregister(self._socket)
            self._socket.close()
            self._server.connections.discard(self)
            self._server.closed(self)


class RpcServer:
    """Accepts clients on a listening socket and gives each request to ``answer(connection, method, parameters)``.

    ``answer`` returns the result or raises UnknownMethod; ``closed`` hears of every connection that ends.
    """

    def __init__(
        self,
        listener: socket.socket,
        selector: selectors.BaseSelector,
        faults: Faults,
        answer: Answer,
        closed: Callable[[Connection], None],
    ) -> None:
        self.selector = selector
        self.faults = faults
        self.answer = answer
        self.closed = closed
        self.connections: set[Connection] = set()
        self.packer = msgpack.Packer(use_bin_type=True, default=plain)
        self._listener = listener
        listener.setblocking(False)
        selector.register(listener, selectors.EVENT_READ, self._accept)

    def _accept(self, events: int) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError as error:  # gone already, or no file descriptor left
            self.faults.tell("an RPC client could not be accepted", error)
            return
        self.connections.add(Connection(sock, self))

    def close(self) -> None:
        """Close the listening socket and all connections."""
        self.selector.unregister(self._listener)
        self._listener.close()
        for connection in list(self.connections):
            connection.close()
