"""The embedded server: sockets, the tick, and what outlives an episode."""

from __future__ import annotations

import logging
import os
import selectors
import socket
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from simulator.server.atlas import Atlas
from simulator.server.blueprints import Library
from simulator.server.environment import environment_of
from simulator.server.episode import Episode
from simulator.server.faults import Faults
from simulator.server.handlers import EXTENSION_METHODS, METHODS
from simulator.server.light_clients import LightClients
from simulator.server.recorder import Recorder, Replayer, ReplayOptions
from simulator.server.recorder.layout import Damaged
from simulator.server.rpc import Connection, RpcServer, UnknownMethod
from simulator.server.sensors import Moment, measure
from simulator.server.snapshot import Roster, snapshot
from simulator.server.stopwatch import Stopwatch
from simulator.server.streams import StreamServer
from simulator.server.warming import QUIET, Warming
from simulator.server.wire import EpisodeSettings, Refusal, Weather
from simulator.world.level import Layer
from simulator.world.probe import Probe
from simulator.world.simulation import SUBSTEP
from simulator.world.town import Town

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulator.server.sensors.renderers import Renderers

log = logging.getLogger(__name__)

FREE_STEP = 0.05
"""Time step [s] where the client has not fixed one. CARLA takes the wall clock's; a constant keeps runs repeatable."""

MOST_SUBSTEPS = 16
"""CARLA's own limit."""
RESUBSCRIPTION = 1.0
"""[s] for which the clock waits, after a map was loaded, until the client has left the old world and joined the new. A
snapshot that reaches it in between makes it free a connection that is still in use (Simulator::LoadEpisode gives up its
Episode while the streaming thread holds it), and it crashes. An Unreal server loads for seconds in this place.
"""
PORT_TRIES = 50


class PortInUse(OSError):
    """The wished port, or the one above it, is taken."""


class Server:
    """A CARLA 0.9.16 server over our world. All of it runs on the thread that calls ``run``.

    Args:
        atlas: the maps that can be loaded. map_name: the one to start with.
        port: for RPC; streams use the next one. 0 picks a free pair.
        strict: without Longtail's extension calls and attributes.
        seed: of the random draws of every episode, until ``longtail.seed``.

    Attributes:
        episode, settings, weather, frame, elapsed: the simulation's state; frames and time rise over all episodes.
        caller: the connection whose request is being answered.
        traffic_managers: port -> (host, connection that registered it).
        recorder, replayer: of this episode, while they run.

    Raises:
        PortInUse: the ports are taken. KeyError: there is no map of that name.
    """

    def __init__(
        self,
        atlas: Atlas,
        map_name: str,
        port: int = 2000,
        host: str = "127.0.0.1",
        strict: bool = False,
        seed: int = 0,
    ) -> None:
        self.atlas = atlas
        self.host = host
        self.strict = strict
        self.seed = seed
        self.library = Library(strict)
        self.methods = METHODS if strict else {**METHODS, **EXTENSION_METHODS}
        self.settings = EpisodeSettings()
        self.weather = Weather()
        self.frame = 0
        self.elapsed = 0.0
        self.gravity = 9.81
        self.traffic_managers: dict[int, tuple[str, Connection]] = {}
        self.caller: Connection | None = None
        self.stopwatch = Stopwatch()
        self.moment: Moment | None = None
        self._roster = Roster([])
        self.probe: Probe | None = None
        self.see_through = False
        self.light_clients = LightClients()
        self.faults = Faults(log)
        self.recorder: Recorder | None = None
        self.replayer: Replayer | None = None
        self.replay_options = ReplayOptions()
        self._warming = Warming(self)
        self._stopping = False
        self._resubscription = (0, 0.0)
        rpc_listener, stream_listener = _listeners(host, port)
        self.port: int = rpc_listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self.streams = StreamServer(stream_listener, self.faults)
        self._selector.register(self.streams.selector, selectors.EVENT_READ, lambda events: self.streams.poll())
        self._rpc = RpcServer(rpc_listener, self._selector, self.faults, self.answer, self._closed)
        self._waker, woken = socket.socketpair()
        self._selector.register(woken, selectors.EVENT_READ, lambda events: woken.recv(1))
        self.world_stream = self.streams.open(remember=True)
        self._episodes = 0
        self.episode: Episode
        self._enter(atlas.town(map_name), Layer.ALL)

    # -- the loop -----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until ``stop``. In asynchronous mode the world follows the wall clock: a tick that comes due later than
        one step after the last one leaves the clock behind instead of being caught up with.
        """
        last_tick = time.monotonic()
        while not self._stopping:
            wait = None
            if not self.settings.synchronous:
                now = time.monotonic()
                before, until = self._resubscription
                if now < until and self.world_stream.joined == before:
                    wait = until - now
                else:
                    if now - last_tick >= self.step_length:
                        last_tick = max(last_tick + self.step_length, now - self.step_length)
                        self.tick()
                    wait = max(0.0, last_tick + self.step_length - time.monotonic())
            if self._rpc.waiting:
                wait = 0.0
            brief = self._warming.pending and (wait is None or wait > QUIET)
            ready = self._selector.select(QUIET if brief else wait)
            if brief and not ready:
                self._warming.go_on()
            for key, events in ready:
                if key.fd in self._selector.get_map():  # not closed by an earlier event of this round
                    with self.faults.outlived("serving a socket"):
                        key.data(events)
            self._rpc.go_on()
        self.stop_recorder()
        self._rpc.close()
        self.streams.close()
        if "renderers" in self.__dict__:
            self.renderers.close()
        self.faults.sum_up()

    def stop(self) -> None:
        """Let ``run`` return; for signal handlers."""
        self._stopping = True
        self._waker.send(b"\0")

    def stop_with(self, pipe: TextIO) -> None:
        """Stop when the other end of a pipe is closed, as it is when its process dies."""

        def read(events: int) -> None:
            if not os.read(pipe.fileno(), 1):
                self.stop()

        self._selector.register(pipe, selectors.EVENT_READ, read)

    def answer(self, connection: Connection, name: str, parameters: list[Any]) -> Any:
        """The enveloped result of one request. Raises UnknownMethod."""
        method = self.methods.get(name)
        if method is None:
            raise UnknownMethod(name)
        self.caller = connection
        try:
            return method(self, parameters)
        finally:
            self.caller = None

    def _closed(self, connection: Connection) -> None:
        for port, (_, owner) in list(self.traffic_managers.items()):
            if owner is connection:
                del self.traffic_managers[port]
        self.light_clients.closed(connection)

    @cached_property
    def renderers(self) -> Renderers:
        """Made at the first tick: what they import takes as long as all the rest of the start."""
        from simulator.server.sensors.renderers import Renderers

        return Renderers()

    # -- the simulation -----------------------------------------------------------------------------------------------

    @property
    def step_length(self) -> float:
        """Length of a tick [s]."""
        return self.settings.fixed_delta or FREE_STEP

    @property
    def longest_substep(self) -> float:
        """Of the physics [s]: the client's, where that is shorter than ours, in as many sub-steps as CARLA allows."""
        settings = self.settings
        if not settings.substepping or settings.max_substep_delta <= 0:
            return SUBSTEP
        most = min(max(settings.max_substeps, 1), MOST_SUBSTEPS)
        return min(SUBSTEP, max(settings.max_substep_delta, self.step_length / most))

    def tick(self) -> None:
        """One step of the world, then the sensors, then the snapshot. What fails of it is logged, and the rest goes on:
        a client that waits for the snapshot must get it.
        """
        episode, dt = self.episode, self.step_length
        self.streams.settle()
        if self.replayer is not None:
            self._replay(self.replayer, dt)
        with self.stopwatch.stage("world"), self.faults.outlived("the world's step"):
            try:
                episode.world.longest_substep = self.longest_substep
                episode.before_step(dt)
                episode.world.step(dt)
                episode.after_step(dt)
            except Exception as error:  # one body beyond the horizon must not hold up the others
                if not episode.remove_lost():
                    raise
                self.faults.tell("what has left the world is destroyed", error)
        if episode.world.level.daylight(episode.world.environment.sun_altitude):
            self.light_clients.changed()
        self.frame += 1
        self.elapsed += dt
        self.moment = Moment(
            self.frame,
            self.elapsed,
            dt,
            episode.world,
            episode.road_map,
            episode.actors,
            self.renderers,
            self.stopwatch,
            self.faults,
            episode.drawing,
            self.gravity,
            lossless=self.settings.synchronous,
            rendering=not self.settings.no_rendering,
            see_through=self.see_through,
        )
        with self.faults.outlived("the sensors"):
            measure(self.moment)
        episode.drawing.expire(self.elapsed + dt)
        with self.stopwatch.stage("snapshot"), self.faults.outlived("the snapshot"):
            actors = list(episode.actors.values())
            if actors != self._roster.actors:
                self._roster = Roster(actors)
            table = self._roster.records()
            message = snapshot(
                table,
                episode_id=episode.episode_id,
                frame=self.frame,
                elapsed=self.elapsed,
                dt=dt,
                map_changed=not episode.announced,
                lights_changed=self.light_clients.pending,
            )
            self.world_stream.send(message, self.moment.lossless)
            episode.announced = True
            if self.recorder is not None:
                self._record(self.recorder, table, dt)

    def _record(self, recorder: Recorder, table: NDArray[np.void], dt: float) -> None:
        with self.stopwatch.stage("recorder"), self.faults.outlived("the recorder"):
            try:
                recorder.write(self.episode, table, self.weather, self.elapsed, dt)
            except OSError as error:
                self.faults.tell(f"recording into {recorder.path} ends", error)
                self.stop_recorder()

    def _replay(self, replayer: Replayer, dt: float) -> None:
        with self.stopwatch.stage("replayer"):
            try:
                goes_on = replayer.step(dt)
            except Exception as error:
                self.faults.tell("the replay ends", error, bug=not isinstance(error, Damaged | OSError))
                goes_on = False
            if not goes_on:
                self.stop_replayer(keep_actors=True)

    def stop_recorder(self) -> None:
        """End the recording that goes on, if any."""
        if self.recorder is not None:
            self.recorder.close()
            self.recorder = None

    def stop_replayer(self, keep_actors: bool) -> None:
        """End the replay that goes on, if any; its actors stay or go."""
        if self.replayer is not None:
            self.replayer.finish(keep_actors)
            self.replayer = None

    def load(self, name: str, reset_settings: bool, layers: int = Layer.ALL) -> None:
        """Start a new episode on a map with some of its layers; "" is the present one. Raises Refusal; then nothing
        has changed.
        """
        name = name.rsplit("/", 1)[-1]
        try:
            town = self.atlas.town(name) if name else self.episode.town
        except KeyError as error:
            log.warning("load_new_episode: %s", error.args[0])
            raise Refusal("map not found") from error
        except ValueError as error:
            raise Refusal(f"map {name} cannot be loaded: {error}") from error
        self.stop_recorder()
        self.replayer = None  # its actors go with the episode
        self.episode.close()
        if reset_settings:
            self.settings = EpisodeSettings()
        self._enter(town, Layer(layers & Layer.ALL))
        if self.world_stream.heard:
            self._resubscription = (self.world_stream.joined, time.monotonic() + RESUBSCRIPTION)

    def _enter(self, town: Town, layers: Layer) -> None:
        if self._episodes and town is not self.episode.town and "renderers" in self.__dict__:
            # what they hold of the town is of no more use, and would decide the order in which the next one is drawn
            self.renderers.close()
            del self.renderers
        self._episodes += 1
        self.episode = Episode(self._episodes, town, self.seed, self.streams)
        self.episode.world.level.unload(Layer.ALL & ~layers)
        self.moment = None
        self.world_stream.forget()  # a client that comes now must not see the last episode's actors
        self.set_weather(Weather())  # what a scene does not set must not come from the one before
        self._warming.begin()

    def set_weather(self, weather: Weather) -> None:
        """Change light and weather; takes effect at the next tick."""
        self.weather = weather
        self.episode.world.environment = environment_of(weather)


def _listeners(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Listening sockets on a port and the one above it. Raises PortInUse."""
    for _ in range(PORT_TRIES if port == 0 else 1):
        first = _listen(host, port)
        try:
            return first, _listen(host, first.getsockname()[1] + 1)
        except (PortInUse, OverflowError):
            first.close()
            if port:
                raise
    raise PortInUse("no two neighbouring ports are free")


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortInUse(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener
