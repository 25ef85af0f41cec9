"""Plays Scenic scenes on a CARLA server: Scenic's own CARLA interface drives, the recorder looks on."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import carla
import numpy as np
from scenic.core.simulators import SimulationCreationError
from scenic.simulators.carla.simulator import CarlaSimulation, CarlaSimulator

from sensors.frames import Origin, SceneMeta
from sensors.recording import RecordingWriter
from sensors.rig import Rig
from simulator.extension import Extension, ExtensionError
from simulator.laps import Laps
from simulator.recorder import Recorder, SessionError
from simulator.scribe import Scribe
from simulator.witness import EstimatingWitness, ServerWitness, Witness

LONGEST_SCENE = 60.0
"""[s] after which a scene whose script does not end it is taken for endless."""

TIMEOUT = 120
"""[s] for a call to the server; a tick of a surround rig on a loaded CPU takes several."""


@dataclass(frozen=True)
class Outcome:
    """What became of a scene.

    Attributes:
        frames: recorded frames; 0 when the scene was rejected.
        rejected: why this take of the scene is none, so that no recording was left; "" when it was recorded.
        seconds: wall time by stage; the stages follow each other and add up to the whole.
        encoding: time of encoding and writing [s], on a thread beside those stages.
    """

    frames: int
    rejected: str
    seconds: dict[str, float] = field(default_factory=dict)
    encoding: float = 0.0


BLOCKED = "Unable to spawn object"
"""How Scenic's error begins when the server found no room for an object, which another take may have."""


class _Rejected(Exception):
    """Unwinds a take, so that its recording vanishes, when a requirement of the script failed while it ran."""


class _Take:
    """One playing of a scene: the recorder on its ego and the recording that it fills."""

    def __init__(
        self,
        stack: ExitStack,
        rig: Rig,
        origin: Origin,
        path: Path,
        testimony: Callable[[Any], Witness],
        on_frame: Callable[[int], None],
        laps: Laps,
        seed: int,
        extension: Extension | None,
    ) -> None:
        self._seed, self._extension = seed, extension
        self._stack, self._rig, self._origin, self._path = stack, rig, origin, path
        self._testimony, self._on_frame = testimony, on_frame
        self.laps = laps

    def begin(self, simulation: CarlaSimulation) -> None:
        """Hangs the rig on the ego, when all actors stand in the world."""
        ego = simulation.scene.egoObject.carlaActor
        witness = self._testimony(simulation.world)
        self._recorder = Recorder(simulation.world, ego, self._rig, witness, self.laps, self._seed)
        writer = self._stack.enter_context(RecordingWriter(self._path, self._meta(simulation, ego, witness.exact)))
        self.scribe = self._stack.enter_context(Scribe(writer, self._on_frame))

    def tick(self, carla_frame: int) -> None:
        """Takes in the tick that just ended."""
        for frame in self._recorder.gather(carla_frame):
            self.scribe.write(frame)
        self.laps.end("wait for encoding")

    def act(self, walker: int, name: str) -> None:
        """Tells a walker (actor id) what to do; see `Extension.act`."""
        if self._extension is None:
            raise SessionError(f"this server's people cannot {name!r}; play the scene on Longtail's embedded server")
        try:
            self._extension.act(walker, name)
        except ExtensionError as error:
            raise SessionError(str(error)) from error

    def end(self) -> None:
        """Takes the rig off again."""
        self._recorder.close()

    def _meta(self, simulation: CarlaSimulation, ego: Any, exact: bool) -> SceneMeta:
        weather = simulation.world.get_weather()
        extent = ego.bounding_box.extent
        return SceneMeta(
            **vars(self._origin),
            rig=self._rig,
            map_name=simulation.map.name.rsplit("/", 1)[-1],
            opendrive=simulation.map.to_opendrive(),
            weather={name: round(float(getattr(weather, name)), 6) for name in WEATHER_FIELDS},
            ego_type=ego.type_id,
            ego_size=(2 * extent.x, 2 * extent.y, 2 * extent.z),
            exact=exact,
        )


class _RecordedSimulation(CarlaSimulation):
    """Scenic's simulation with a rig on the ego; Scenic's own steps are left as they are."""

    def __init__(self, *args: Any, take: _Take, **kwargs: Any) -> None:
        self._take = take
        self._begun = False
        super().__init__(*args, **kwargs)

    def setup(self) -> None:
        super().setup()
        self._take.begin(self)
        self._begun = True
        self._take.laps.end("set up")

    def step(self) -> None:
        self._take.laps.end("drive")
        super().step()
        self._take.laps.end("tick")
        self._take.tick(self.current_frame)

    def act(self, walker: int, name: str) -> None:
        """For `scenarios.actions.ActAction`."""
        self._take.act(walker, name)

    def destroy(self) -> None:
        if self._begun:
            self._take.end()
        super().destroy()


class _RecordedSimulator(CarlaSimulator):
    def __init__(self, *, take: _Take, **kwargs: Any) -> None:
        self._take = take
        super().__init__(**kwargs)

    def createSimulation(self, scene: Any, *, timestep: float | None, **kwargs: Any) -> _RecordedSimulation:
        return _RecordedSimulation(
            scene,
            self.client,
            self.tm,
            self.render,
            self.record,
            self.scenario_number,
            timestep=self.timestep,
            take=self._take,
            **kwargs,
        )


class Session:
    """Plays scenes on one CARLA server, one after another, with one rig.

    Args:
        host, port: where the server listens.
        rig: what the ego carries; its tick is the simulation's time step.
        ticks: after which a scene whose script does not end it is taken for endless; None is as many as
            ``LONGEST_SCENE`` has.
    """

    def __init__(self, host: str, port: int, rig: Rig, ticks: int | None = None) -> None:
        self.host, self.port, self.rig = host, port, rig
        self.ticks = round(LONGEST_SCENE / rig.tick) if ticks is None else ticks

    def play(
        self,
        scene: Any,
        origin: Origin,
        path: Path,
        *,
        simulation_seed: int,
        on_frame: Callable[[int], None] = lambda count: None,
    ) -> Outcome:
        """Plays a Scenic ``Scene`` to its end and writes its recording to ``path``, whole or not at all.

        Labels are the server's own where it has Longtail's extension calls, and estimated where it has not (Unreal
        CARLA, ``--strict``); ``SceneMeta.exact`` tells which.

        Args:
            simulation_seed: seeds everything that is drawn while the scene runs: Scenic's behaviours, the Traffic
                Manager, the server's world.
            on_frame: told the number of frames recorded so far.

        Raises:
            SessionError: the server cannot play the scene, or the scene does not end.
            RuntimeError: from the client, when the server stops answering.
        """
        laps = Laps()
        with ExitStack() as outer:
            extension = outer.enter_context(closing(Extension(self.host, self.port)))
            extended = extension.hello() is not None
            stack = ExitStack()

            def testimony(world: Any) -> Witness:
                if extended:
                    return ServerWitness(extension)
                return EstimatingWitness(world, np.random.default_rng(simulation_seed))

            take = _Take(
                stack,
                self.rig,
                origin,
                path,
                testimony,
                on_frame,
                laps,
                simulation_seed,
                extension if extended else None,
            )
            simulator = self._simulator(scene, take)
            outer.callback(_leave, simulator)
            laps.end("connect")
            try:
                with stack:
                    self._simulate(simulator, scene, origin, extension if extended else None, simulation_seed)
            except _Rejected as rejected:
                return Outcome(0, str(rejected), laps.seconds)
        laps.end("finish")
        return Outcome(take.scribe.frames, "", laps.seconds, take.scribe.seconds)

    def _simulate(
        self, simulator: _RecordedSimulator, scene: Any, origin: Origin, extension: Extension | None, seed: int
    ) -> None:
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002  Scenic's behaviours draw from the global generators
        simulator.tm.set_random_device_seed(seed % 2**31)
        if extension is not None:
            extension.seed(seed)
        try:
            simulation = simulator.simulate(scene, maxSteps=self.ticks, maxIterations=1, enableReplay=False)
        except SimulationCreationError as error:
            if str(error).startswith(BLOCKED):
                raise _Rejected("something else stood where an object was to be placed") from error
            raise SessionError(f"{origin.scenario} could not be set up on the server: {error}") from error
        if simulation is None:
            raise _Rejected("failed while it ran")
        if simulation.currentTime >= self.ticks:
            raise SessionError(
                f"{origin.scenario} was still running after {self.ticks * self.rig.tick:.0f} s of simulated time; "
                "end it with `terminate after` or `terminate when`"
            )

    def _simulator(self, scene: Any, take: _Take) -> _RecordedSimulator:
        return _RecordedSimulator(
            carla_map=scene.params["carla_map"],
            map_path=scene.params["map"],
            address=self.host,
            port=self.port,
            timeout=TIMEOUT,
            render=False,
            record="",
            timestep=self.rig.tick,
            traffic_manager_port=free_port(),
            take=take,
        )


def _leave(simulator: _RecordedSimulator) -> None:
    """Ends the scene's Traffic Manager, so that nothing of it reaches the next scene; a dead server is left alone."""
    with suppress(RuntimeError):
        simulator.tm.shut_down()
        simulator.destroy()


WEATHER_FIELDS = tuple(
    sorted(
        name
        for name in dir(carla.WeatherParameters)
        if not name.startswith("_") and isinstance(getattr(carla.WeatherParameters.Default, name, None), float)
    )
)


def free_port() -> int:
    """A TCP port on which nothing listens now. Each scene's Traffic Manager gets its own, and so starts afresh."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
