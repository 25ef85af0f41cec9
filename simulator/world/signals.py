"""Traffic lights and signs at work: phases, and which vehicle is at which of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from renderers.scene import Instance
from simulator.world.right_of_way import RightOfWay
from simulator.world.signage import Kind, Sign, Signage
from simulator.world.street_signs import heads
from simulator.world.vehicles import VehicleBody
from simulator.world.zones import Zones, plans

Array = NDArray[np.float64]

GREEN_TIME, YELLOW_TIME, RED_TIME = 10.0, 3.0, 2.0
"""[s]; CARLA's defaults. Red is the time at a turn's end in which all of the junction is red."""

STANDING = 1.0
"""[m/s]; slower is held up."""

LONE_RED_TIME = 10.0
"""[s]; of a light that takes turns with no other, as in CARLA."""


class State(IntEnum):
    """``carla.TrafficLightState``."""

    RED = 0
    YELLOW = 1
    GREEN = 2
    OFF = 3
    UNKNOWN = 4


_LIT = {
    State.RED: frozenset({"red"}),
    State.YELLOW: frozenset({"yellow"}),
    State.GREEN: frozenset({"green"}),
    State.OFF: frozenset[str](),
    State.UNKNOWN: frozenset[str](),
}
_CYCLE = (State.GREEN, State.YELLOW, State.RED)


@dataclass(eq=False)
class Light:
    """A traffic light.

    Attributes:
        pole: its number in its group. heads: what is drawn of it.
    """

    sign: Sign
    phase: Phase
    pole: int
    heads: tuple[Instance, ...]
    _state: State = State.RED

    @property
    def state(self) -> State:
        """What it shows."""
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        self._state = state
        for head in self.heads:
            head.lamps = _LIT[state]

    @property
    def actor_id(self) -> int:
        """The actor as which clients know it; 0 is none yet."""
        return self.heads[0].object_id

    @actor_id.setter
    def actor_id(self, actor_id: int) -> None:
        for head in self.heads:
            head.object_id = actor_id


@dataclass(eq=False)
class Phase:
    """Lights that change together.

    Attributes:
        times: [s] by state. elapsed: [s] since the last change; 0 while others have their turn.
    """

    group: Group
    lights: list[Light] = field(default_factory=list)
    times: dict[State, float] = field(default_factory=dict)
    state: State = State.RED
    elapsed: float = 0.0

    def show(self, state: State) -> None:
        """Changes all its lights."""
        self.state, self.elapsed = state, 0.0
        for light in self.lights:
            light.state = state


class Group:
    """The lights of a junction: their phases take turns. ``frozen``: time stands still for them."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self.frozen = False
        self._turn = 0

    @property
    def lights(self) -> list[Light]:
        """All its lights, phase by phase."""
        return [light for phase in self.phases for light in phase.lights]

    def reset(self) -> None:
        """All red but the first phase, which begins its green."""
        for phase in self.phases:
            phase.show(State.RED)
        self._turn = 0
        self.phases[0].show(State.GREEN)

    def step(self, dt: float) -> None:
        """Goes on by ``dt`` [s]."""
        if self.frozen:
            return
        phase = self.phases[self._turn]
        phase.elapsed += dt
        if phase.elapsed <= phase.times[phase.state]:
            return
        if phase.state is State.RED:
            phase.elapsed = 0.0
            self._turn = (self._turn + 1) % len(self.phases)
            self.phases[self._turn].show(State.GREEN)
        else:
            phase.show(_CYCLE[_CYCLE.index(phase.state) + 1])


class Signals:
    """All lights and signs of a town during an episode.

    Attributes:
        lights: by the sign's id. groups: in a fixed order.
        at: actor id of each vehicle in the volume of a light -> that light.
        waiting: actor ids of vehicles that a stop or yield sign holds back.
        limits: actor id of each vehicle in the volume of a speed limit -> what the sign shows.
        replayed: whether a recording tells what the lights show, so that their own time stands still.
    """

    def __init__(self, signage: Signage) -> None:
        signs = {sign.id: sign for sign in signage.signs}
        self.groups: list[Group] = []
        self.lights: dict[str, Light] = {}
        for phases in signage.groups:
            group = Group()
            self.groups.append(group)
            for ids in phases:
                red = LONE_RED_TIME if len(phases) == 1 else RED_TIME
                phase = Phase(group, times={State.GREEN: GREEN_TIME, State.YELLOW: YELLOW_TIME, State.RED: red})
                group.phases.append(phase)
                for number in ids:
                    self.lights[number] = Light(signs[number], phase, len(group.lights), heads(signs[number]))
                    phase.lights.append(self.lights[number])
        volumes = [(self.lights[sign.id], volume) for sign in signage.signs if sign.kind is Kind.LIGHT
                   for volume in sign.volumes]  # fmt: skip
        self._lights = [light for light, _ in volumes]
        self._zones = Zones([(volume.world_from_box, volume.half) for _, volume in volumes])
        limits = [(sign.limit, volume) for sign in signage.signs if sign.kind is Kind.SPEED for volume in sign.volumes]
        self._limits = [limit for limit, _ in limits]
        self._limit_zones = Zones([(volume.world_from_box, volume.half) for _, volume in limits])
        self._right_of_way = RightOfWay(signage)
        self.replayed = False
        self.at: dict[int, Light] = {}
        self._released: set[int] = set()
        self.waiting: frozenset[int] = frozenset()
        self.limits: dict[int, int] = {}
        self.reset()

    def reset(self) -> None:
        """Starts all groups anew."""
        for group in self.groups:
            group.reset()

    def freeze(self, frozen: bool) -> None:
        """Stops the time of all groups, or lets it go on."""
        for group in self.groups:
            group.frozen = frozen

    def step(self, vehicles: Sequence[VehicleBody], dt: float) -> None:
        """Goes on by ``dt`` [s], with ``vehicles`` where they are then."""
        if not self.replayed:
            for group in self.groups:
                group.step(dt)
        self.at = {}
        if not vehicles or not (len(self._zones) or self._right_of_way or self._limits):
            self.waiting, self.limits = frozenset(), {}
            self._released.clear()
            return
        outlines = plans(vehicles)
        who, which = self._zones.meets(outlines)
        mine = self._zones.along(outlines, who, which) > 0  # not those of the other way, into which a bend may cut
        who, which = who[mine], which[mine]
        nearest_last = np.argsort(-self._zones.aside(outlines, who, which), kind="stable")
        for vehicle, zone in zip(who[nearest_last], which[nearest_last], strict=True):
            self.at[vehicles[vehicle].actor_id] = self._lights[zone]
        self._let_go(vehicles)
        self.waiting = self._right_of_way.step(vehicles, outlines, dt)
        who, which = self._limit_zones.meets(outlines)
        facing = self._limit_zones.along(outlines, who, which) > 0
        self.limits = {
            vehicles[vehicle].actor_id: self._limits[zone]
            for vehicle, zone in zip(who[facing].tolist(), which[facing].tolist(), strict=True)
        }

    def _let_go(self, vehicles: Sequence[VehicleBody]) -> None:
        """Tells who came to stand after their green that they are at no light, for one step.

        A Traffic Manager holds on to a green until its vehicle is at no light, and would send whom a jam kept there
        over the line on red.
        """
        for vehicle in vehicles:
            light = self.at.get(vehicle.actor_id)
            if light is None:
                self._released.discard(vehicle.actor_id)
            elif light.state is State.GREEN:
                self._released.add(vehicle.actor_id)
            elif vehicle.actor_id in self._released and np.linalg.norm(vehicle.velocity) < STANDING:
                self._released.discard(vehicle.actor_id)
                del self.at[vehicle.actor_id]
