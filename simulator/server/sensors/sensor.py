"""What all sensors share: cadence, stream, random draws, and what they are given in a tick."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from renderers.scene import Scene
from simulator.handedness import carla_from_matrix
from simulator.server.actors import Actor
from simulator.server.drawing import Drawing
from simulator.server.faults import Faults
from simulator.server.road_map import RoadMap
from simulator.server.snapshot import HEADER
from simulator.server.stopwatch import Stopwatch
from simulator.server.streams import Stream, StreamServer
from simulator.world.world import World

if TYPE_CHECKING:
    from simulator.server.sensors.renderers import Renderers


@dataclass(eq=False)
class Moment:
    """The tick that is being measured.

    Attributes:
        frame: its number; elapsed: simulation time at its end [s]; dt: its length [s].
        actors: by id.
        drawing: debug shapes. gravity: [m/s^2] that IMUs feel at rest.
    """

    frame: int
    elapsed: float
    dt: float
    world: World
    road_map: RoadMap
    actors: Mapping[int, Actor]
    renderers: Renderers
    stopwatch: Stopwatch
    faults: Faults
    drawing: Drawing
    gravity: float
    lossless: bool
    rendering: bool = True
    see_through: bool = False
    _scene: Scene | None = field(default=None, repr=False)

    @property
    def scene(self) -> Scene:
        """What can be seen, made once a tick."""
        if self._scene is None:
            self._scene = self.world.scene()
        return self._scene


class Sensor(ABC):
    """A sensor that measures when its stream is heard and its period has passed.

    Attributes:
        code: CARLA's sensor type in message headers.
        stage: under which its time is counted.
        values: its blueprint's attributes.
        ignored: actors that it was told to leave out.
        random: its own generator, drawn from (seed, noise_seed, actor id): what one sensor draws, no other feels.
    """

    code: int
    stage = "other sensors"

    def __init__(self, values: Mapping[str, str], seed: int, actor_id: int, streams: StreamServer) -> None:
        self.values = values
        self.stream: Stream | None = streams.open()
        self._streams = streams
        self._period = float(values.get("sensor_tick", 0.0))
        self._next = float("-inf")
        self.ignored: frozenset[int] = frozenset()
        self.seed(seed, actor_id)

    def number(self, name: str) -> float:
        """A numeric attribute."""
        return float(self.values[name])

    def seed(self, seed: int, actor_id: int) -> None:
        """Start the sensor's draws anew."""
        self.random = np.random.default_rng((seed, int(self.values.get("noise_seed", 0)) & 0xFFFFFFFF, actor_id))

    def flag(self, name: str) -> bool:
        """A boolean attribute."""
        return self.values[name].lower() in ("true", "1")

    @property
    def heard(self) -> bool:
        """Whether anyone listens."""
        return self.stream is not None and self.stream.heard

    def due(self, moment: Moment) -> bool:
        """Whether it measures in this tick: from the first tick on which it is heard, once each period."""
        if not self.heard:
            self._next = float("-inf")
            return False
        slack = moment.dt * 1e-3  # times are sums of steps
        if moment.elapsed < self._next - slack:
            return False
        start = self._next if self._next > moment.elapsed - moment.dt else moment.elapsed
        self._next = start + self._period
        return True

    def send(
        self, moment: Moment, actor: Actor, body: bytes, code: int | None = None, stream: Stream | None = None
    ) -> None:
        """Send one message with CARLA's header; by default as the sensor's own kind on its own stream."""
        stream = stream or self.stream
        if stream is not None:
            pose = carla_from_matrix(actor.world_from_actor)
            kind = self.code if code is None else code
            stream.send(HEADER.pack(kind, moment.frame, moment.elapsed, *pose) + body, moment.lossless)

    @abstractmethod
    def measure(self, moment: Moment, actor: Actor) -> None:
        """Measure the tick and send what there is to send; only called when due."""

    def close(self) -> None:
        """End its stream."""
        if self.stream is not None:
            self._streams.end(self.stream)
            self.stream = None
