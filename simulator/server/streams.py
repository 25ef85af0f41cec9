"""CARLA's streaming port: one stream a sensor, any number of sessions a stream.

A session's socket is written without blocking when nothing waits before the message, and by the session's own thread
otherwise: a client may hold its interpreter lock in an RPC while its sensor callbacks wait for that lock, so neither
the tick nor an answer may ever wait for a subscriber.
"""

from __future__ import annotations

import selectors
import socket
import struct
import threading
import time
from collections import deque
from contextlib import suppress

from simulator.server.faults import Faults
from simulator.server.rpc import keep_alive

TCP, HOST_OF_CLIENT = 1, 0
BACKLOG_LIMIT = 1 << 29
"""[B] that all subscribers together may leave unread in synchronous mode; who has left most of it is closed then."""
SESSION_LIMIT = 1024
"""Subscribers, each with a thread of its own; more are turned away."""
SUBSCRIPTION_WAIT = 0.5
"""[s] between asking for a token and subscribing with it."""


class Session:
    """One subscriber of a stream.

    Attributes:
        queued: bytes that wait to be written.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._queue: deque[memoryview] = deque()
        self.queued = 0
        self._changed = threading.Condition()
        self._open = True
        threading.Thread(target=self._write, name="stream session", daemon=True).start()

    def put(self, message: bytes, lossless: bool) -> None:
        """Send a framed message; while older ones wait, it waits too (``lossless``) or is dropped."""
        with self._changed:
            if not self._open or (self._queue and not lossless):
                return
            rest = memoryview(message)
            if not self._queue:
                rest = rest[self._send_at_once(rest) :]
            if len(rest):
                self.queued += len(rest)
                self._queue.append(rest)
                self._changed.notify()

    def _send_at_once(self, data: memoryview) -> int:
        try:
            return self._socket.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except OSError:
            self.close()
            return len(data)

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or not self._open)
                if not self._open:
                    return
                data = self._queue[0]
            try:
                self._socket.sendall(data)
            except OSError:
                self.close()
                return
            with self._changed:
                if self._queue:  # not closed meanwhile
                    self._queue.popleft()
                    self.queued -= len(data)

    def close(self) -> None:
        """End the session; the thread leaves a blocked write because the socket is shut down."""
        with self._changed:
            self._open = False
            self._queue.clear()
            self.queued = 0
            self._changed.notify()
        with suppress(OSError):  # the client was faster
            self._socket.shutdown(socket.SHUT_RDWR)


class Stream:
    """A numbered stream of messages.

    Attributes:
        wait: how long [s] a tick waits for a subscriber that has asked for the token. Falls when it does not come.
        joined: how many have ever subscribed.
    """

    def __init__(self, stream_id: int, token: bytes, remember: bool) -> None:
        self.stream_id = stream_id
        self.token = token
        self.sessions: set[Session] = set()
        self.joined = 0
        self.wait = 0.0 if remember else SUBSCRIPTION_WAIT  # what is repeated need not be waited for
        self._remember = remember
        self._last: bytes | None = None

    @property
    def heard(self) -> bool:
        """Whether anyone subscribes."""
        return bool(self.sessions)

    def send(self, payload: bytes, lossless: bool) -> None:
        """Send a payload (sensor header and body) to all subscribers."""
        message = struct.pack("<I", len(payload)) + payload
        if self._remember:
            self._last = message
        for session in self.sessions:
            session.put(message, lossless)

    def forget(self) -> None:
        """Repeat nothing to new subscribers until the next message."""
        self._last = None

    def join(self, session: Session) -> None:
        """Add a subscriber; a remembering stream repeats its last message to it."""
        self.sessions.add(session)
        self.joined += 1
        if self._last is not None:
            session.put(self._last, lossless=True)


class StreamServer:
    """Accepts subscribers on a listening socket. Has a selector of its own, so that it can be served in a tick too."""

    def __init__(self, listener: socket.socket, faults: Faults) -> None:
        self._faults = faults
        self.selector = selectors.DefaultSelector()
        self._listener = listener
        self._port: int = listener.getsockname()[1]
        self._streams: dict[int, Stream] = {}
        self._next_id = 1
        self._expected: dict[int, float] = {}
        self._undecided: dict[socket.socket, None] = {}
        listener.setblocking(False)
        self.selector.register(listener, selectors.EVENT_READ, self._accept)

    def open(self, remember: bool = False) -> Stream:
        """A new stream; ``remember`` repeats the last message to new subscribers."""
        stream_id, self._next_id = self._next_id, self._next_id + 1
        token = struct.pack("<IHBB16x", stream_id, self._port, TCP, HOST_OF_CLIENT)
        self._streams[stream_id] = stream = Stream(stream_id, token, remember)
        return stream

    def end(self, stream: Stream) -> None:
        """No more messages. Its sessions stay open and silent, since a client reconnects at once to one that closes."""
        del self._streams[stream.stream_id]

    def expect(self, stream_id: int) -> bytes:
        """The token of a stream, whose subscriber is about to come. Raises KeyError."""
        stream = self._streams[stream_id]
        if stream.wait and not stream.heard:
            self._expected[stream_id] = time.monotonic() + stream.wait
        return stream.token

    def settle(self) -> None:
        """Wait for the subscribers that asked for a token: a tick right after ``listen()`` must reach them. And end
        those who leave too much unread.
        """
        self.poll()
        while self._expected:
            now = time.monotonic()
            for stream_id in [key for key, until in self._expected.items() if until <= now]:
                del self._expected[stream_id]
                if stream_id in self._streams:
                    self._streams[stream_id].wait /= 10  # who asks and does not come holds up the others no more
            if self._expected:
                self.poll(min(self._expected.values()) - now)
        sessions = [session for stream in self._streams.values() for session in stream.sessions]
        if sum(session.queued for session in sessions) > BACKLOG_LIMIT:
            self._faults.tell("a stream is closed", OSError("the client does not read"))
            max(sessions, key=lambda session: session.queued).close()

    def poll(self, timeout: float = 0.0) -> None:
        """Serve new subscribers and notice gone ones, waiting up to ``timeout`` [s] for the first event."""
        for key, _ in self.selector.select(timeout):
            key.data(key.fileobj)

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except OSError as error:
            self._faults.tell("a subscriber could not be accepted", error)
            return
        if len(self.selector.get_map()) > SESSION_LIMIT:
            self._faults.tell("a subscriber is turned away", OSError(f"there are {SESSION_LIMIT} already"))
            if not self._undecided:
                sock.close()
                return
            self._drop(next(iter(self._undecided)))  # it has had the longest time to say what it wants
        sock.setblocking(True)
        keep_alive(sock)
        wanted = bytearray()
        self._undecided[sock] = None
        self.selector.register(sock, selectors.EVENT_READ, lambda sock: self._subscribe(sock, wanted))
        self._subscribe(sock, wanted)  # what it wants has mostly come with it

    def _subscribe(self, sock: socket.socket, wanted: bytearray) -> None:
        data = _receive(sock, 4 - len(wanted))
        if data is None:
            return
        if not data:
            self._drop(sock)
            return
        wanted += data
        if len(wanted) < 4:
            return
        (stream_id,) = struct.unpack("<I", wanted)
        del self._undecided[sock]
        self._expected.pop(stream_id, None)
        stream = self._streams.get(stream_id)
        if stream is None:  # a sensor that has gone: see end()
            self.selector.modify(sock, selectors.EVENT_READ, lambda sock: self._watch(sock, None, None))
            return
        session = Session(sock)
        self.selector.modify(sock, selectors.EVENT_READ, lambda sock: self._watch(sock, stream, session))
        stream.join(session)

    def _watch(self, sock: socket.socket, stream: Stream | None, session: Session | None) -> None:
        """A subscriber never writes: what can be read is its end, or nonsense."""
        if _receive(sock, 4096) != b"":
            return
        if stream is not None and session is not None:
            stream.sessions.discard(session)
            session.close()
        self._drop(sock)

    def _drop(self, sock: socket.socket) -> None:
        self._undecided.pop(sock, None)
        self.selector.unregister(sock)
        sock.close()

    def close(self) -> None:
        """Close the listening socket and end all sessions."""
        for stream in self._streams.values():
            for session in stream.sessions:
                session.close()
        for key in list(self.selector.get_map().values()):
            self._drop(key.fileobj)  # type: ignore[arg-type]
        self.selector.close()


def _receive(sock: socket.socket, count: int) -> bytes | None:
    """What has come, empty at the end, None when nothing has."""
    try:
        return sock.recv(count, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""
