"""CARLA's RPC: msgpack objects back to back over TCP, answered in order of arrival on each connection.

All sockets are served by the one thread that also simulates (the GL context lives there). Clients share it: one that
asks without pause is answered a little at a time, one that does not read its answers is not listened to, and one that
sends nonsense is closed. The others do not notice.
"""

from __future__ import annotations

import reprlib
import selectors
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import msgpack

from simulator.server.faults import Faults

REQUEST, RESPONSE = 0, 1
CHUNK = 1 << 16
"""[B] read at a time; Python asks the system for the room of a larger one, and gives it back, with every request."""
TURN = 0.005
"""[s] for which one connection is answered before it is another's turn; a request that has begun is finished."""
MESSAGE_LIMIT = 1 << 28
"""[B]; OpenDRIVE uploads and textures are the largest."""
ARRAY_LIMIT = 1 << 22
"""Elements; msgpack reserves the room before the elements have come. A texture of 2048 x 2048 pixels fits."""
CONNECTION_LIMIT = 4096
LARGE, OBJECT_LIMIT = 1 << 20, 10_000_000
"""A message of more bytes may make so many Python objects, some 600 MB of them: a byte can make an object of 60."""


class UnknownMethod(Exception):
    """The client asked for a method that the server does not have."""


Answer = Callable[["Connection", str, list[Any]], Any]


def plain(value: Any) -> Any:
    """NumPy scalars as msgpack needs them."""
    return value.item()


def keep_alive(sock: socket.socket) -> None:
    """Small messages at once; and a peer whose machine has gone is noticed after a minute."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # not on every system
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Connection:
    """One client's RPC socket."""

    def __init__(self, sock: socket.socket, server: RpcServer) -> None:
        sock.setblocking(False)
        keep_alive(sock)
        self._socket = sock
        self._server = server
        self._unpacker = msgpack.Unpacker(
            raw=False, max_buffer_size=MESSAGE_LIMIT, max_array_len=ARRAY_LIMIT, max_map_len=1 << 16
        )
        self._pending = 0  # bytes of the message that is not whole yet
        self._objects = 0  # Python's objects after its first piece
        self._unsent = bytearray()
        self._events = selectors.EVENT_READ
        self.open = True
        server.selector.register(sock, self._events, self._ready)

    @property
    def host(self) -> str:
        """The client's address; raises OSError once it has gone."""
        return str(self._socket.getpeername()[0])

    def _ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._attempt(self._flush)
        if events & selectors.EVENT_READ and self.open and self not in self._server.waiting:
            self._attempt(self._read)

    def go_on(self) -> None:
        """Answer more of what has come."""
        self._attempt(self._answer_all)

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (OSError, ValueError, RecursionError, MemoryError, msgpack.UnpackException) as error:
            self._server.faults.tell("an RPC connection is closed", error)
            self.close()

    def _read(self) -> None:
        data = self._socket.recv(CHUNK)
        if not data:
            self.close()
            return
        first = not self._pending
        self._pending += len(data)
        self._unpacker.feed(data)
        self._answer_all()
        if first and self._pending:  # counting them looks through all of Python's memory: not for small messages
            self._objects = sys.getallocatedblocks()
        if self._pending > LARGE and sys.getallocatedblocks() - self._objects > OBJECT_LIMIT:
            raise ValueError(f"a message of more than {OBJECT_LIMIT} values")

    def _answer_all(self) -> None:
        """Answer what is whole, for a turn."""
        until = time.perf_counter() + TURN
        for message in self._unpacker:
            self._pending = 0
            self._answer(message)
            if not self.open or self._unsent:
                break
            if time.perf_counter() > until:
                self._server.waiting[self] = None
                return
        self._server.waiting.pop(self, None)

    def _answer(self, message: Any) -> None:
        match message:
            case [0, int(number), str(method), list(parameters)]:
                pass
            case _:
                raise ValueError(f"not an RPC request: {reprlib.repr(message)}")
        error, result = None, None
        try:
            result = self._server.answer(self, method, parameters)
        except UnknownMethod:
            # rpclib's own words; the client makes an exception of them.
            error = f"rpclib: server could not find function '{method[:80]}' with argument count {len(parameters)}."
        try:
            data = self._server.packer.pack([RESPONSE, number, error, result])
        except (TypeError, ValueError, OverflowError) as fault:
            self._server.faults.tell(f"the result of {method}", fault, bug=True)
            data = self._server.packer.pack([RESPONSE, number, f"{method}: internal error; see the server's log", None])
        self._send(data)

    def _send(self, data: bytes) -> None:
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self._unsent += memoryview(data)[sent:]
            self._listen()

    def _flush(self) -> None:
        del self._unsent[: self._socket.send(self._unsent)]
        self._listen()
        if not self._unsent:
            self._answer_all()

    def _listen(self) -> None:
        """While answers wait, none is added to them."""
        events = selectors.EVENT_WRITE if self._unsent else selectors.EVENT_READ
        if events != self._events:
            self._events = events
            self._server.selector.modify(self._socket, events, self._ready)

    def close(self) -> None:
        """Close the socket and tell the server, once."""
        if self.open:
            self.open = False
            self._server.selector.unregister(self._socket)
            self._socket.close()
            self._server.waiting.pop(self, None)
            self._server.connections.discard(self)
            self._server.closed(self)


class RpcServer:
    """Accepts clients on a listening socket and gives each request to ``answer(connection, method, parameters)``.

    ``answer`` returns the result or raises UnknownMethod; ``closed`` hears of every connection that ends.

    Attributes:
        waiting: connections with requests that have come and wait for their turn, in its order.
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
        self.waiting: dict[Connection, None] = {}
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
        if len(self.connections) >= CONNECTION_LIMIT:
            self.faults.tell("an RPC client is turned away", OSError(f"there are {CONNECTION_LIMIT} already"))
            sock.close()
            return
        self.connections.add(Connection(sock, self))

    def go_on(self) -> None:
        """A turn for each connection that waits for one."""
        for connection in list(self.waiting):
            connection.go_on()

    def close(self) -> None:
        """Close the listening socket and all connections."""
        self.selector.unregister(self._listener)
        self._listener.close()
        for connection in list(self.connections):
            connection.close()
