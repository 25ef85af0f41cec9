"""The world: a town, the bodies in it, and time."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Protocol, TypeVar

import numpy as np

from assets.model import Model
from renderers.scene import Environment, Placement, Scene
from simulator.world import collisions
from simulator.world.bodies import Array, Body, Surface, gathered, in_order, rigid
from simulator.world.collisions import PRISM, Contact, overlap
from simulator.world.encounters import Encounters, hit, prism, prisms
from simulator.world.friction import FrictionVolume
from simulator.world.level import Level
from simulator.world.obstacle import Obstacle
from simulator.world.signage import Signage
from simulator.world.signals import Signals
from simulator.world.simulation import SUBSTEP, Simulation
from simulator.world.vehicles import VehicleBody, VehiclePhysics
from simulator.world.walkers import WalkerBody, walk
from simulator.world.weather import grip

PERSON_DENSITY, ANIMAL_DENSITY = 200.0, 60.0
"""kg per m^3 of bounding box: 77 kg in 0.33 x 0.62 x 1.88 m; a kangaroo and its tail 71 kg in 1.7 x 0.44 x 1.57 m."""
PROP_DENSITY = 50.0
"""kg per m^3 of bounding box: a traffic cone weighs about 5 kg."""
DROP = 0.5
"""A spawn pose may hang this high [m] above what it would land on."""
LONGEST_STEP = 10.0
"""[s]; a longer step is a mistake in units."""
LONGEST_PART = 1.0
"""[s]; longer steps are taken in equal parts."""

AnyBody = TypeVar("AnyBody", bound=Body)


class Town(Surface, Protocol):
    """What the world needs of a town."""

    @property
    def static(self) -> tuple[Placement, ...]: ...

    @property
    def obstacles(self) -> Sequence[Obstacle]: ...

    @property
    def signage(self) -> Signage: ...


class World:
    """Bodies in a town and their physics. Right-handed; the same calls give the same bytes.

    Attributes:
        bodies: by actor id. environment: light and weather, assignable; wet roads grip less.
        random: for whoever needs a draw that belongs to the world.
        contacts: of the last step. longest_substep: of the physics of rigid bodies [s].
        level: what of the town is shown, painted and lit.
        signals: traffic lights and signs at work.
    """

    def __init__(self, town: Town, seed: int) -> None:
        self.town = town
        self.bodies: dict[int, Body] = {}
        self.environment = Environment()
        self.contacts: list[Contact] = []
        self._simulation = Simulation()
        self.longest_substep = SUBSTEP
        self._friction_volumes: dict[int, FrictionVolume] = {}
        self.level = Level(town)
        self.signals = Signals(town.signage)
        self.level.fixtures.extend(head for light in self.signals.lights.values() for head in light.heads)
        self._walls = (self.level.obstacles, collisions.Level(self.level.obstacles))
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Starts all random draws anew, those of every body included."""
        self._seed = seed
        self.random = np.random.default_rng(seed)
        for body in in_order(self.bodies):
            if isinstance(body, WalkerBody):
                body.random = self._generator(body.actor_id)

    def _generator(self, actor_id: int) -> np.random.Generator:
        """A body's own draws do not depend on what else was spawned."""
        return np.random.default_rng([self._seed, actor_id])

    @property
    def _level(self) -> collisions.Level:
        """What stops bodies, found by place; made anew after something of the level was shown or hidden."""
        if self._walls[0] is not self.level.obstacles:
            self._walls = (self.level.obstacles, collisions.Level(self.level.obstacles))
        return self._walls[1]

    # -- bodies -------------------------------------------------------------------------------------------------------

    def add_vehicle(
        self, actor_id: int, model: Model, world_from_body: Array, physics: VehiclePhysics | None = None
    ) -> VehicleBody:
        """Adds a vehicle; without ``physics`` they follow from the model. Raises ValueError for an id in use."""
        physics = physics or VehiclePhysics.for_model(model)
        return self._add(VehicleBody(actor_id, model, world_from_body, physics.mass, physics=physics))

    def add_walker(self, actor_id: int, model: Model, world_from_body: Array) -> WalkerBody:
        """Adds a person or an animal. Raises ValueError for an id in use."""
        density = ANIMAL_DENSITY if model.category.startswith("animal") else PERSON_DENSITY
        mass = density * float(np.prod(model.size))
        return self._add(WalkerBody(actor_id, model, world_from_body, mass, random=self._generator(actor_id)))

    def add_prop(self, actor_id: int, model: Model, world_from_body: Array) -> Body:
        """Adds a thing that stays where it is until it is pushed. Raises ValueError for an id in use."""
        return self._add(Body(actor_id, model, world_from_body, PROP_DENSITY * float(np.prod(model.size))))

    def _add(self, body: AnyBody) -> AnyBody:
        if body.actor_id in self.bodies or not 1 <= body.actor_id < 2**32:
            raise ValueError(f"actor id {body.actor_id} is in use, or not in 1..2^32-1")
        self.bodies[body.actor_id] = body
        return body

    def remove(self, actor_id: int) -> None:
        """Takes a body out; raises KeyError for an unknown id."""
        del self.bodies[actor_id]

    def teleport(self, actor_id: int, world_from_body: Array) -> None:
        """Moves a body at once; its velocity stays. Raises KeyError for an unknown id, ValueError for a wrong pose."""
        self.bodies[actor_id].place(world_from_body)

    def add_impulse(self, actor_id: int, impulse: Array, point: Array | None = None) -> None:
        """Hits a body with an impulse (3,) [N s], at a world point (3,) [m] or at its centre of mass."""
        body = self.bodies[actor_id]
        impulse = np.asarray(impulse, dtype=np.float64)
        turn = np.zeros(3)
        if point is not None:
            center = body.world_from_body[:3, :3] @ body.center_of_mass + body.world_from_body[:3, 3]
            turn = body.twisted(np.cross(np.asarray(point, dtype=np.float64) - center, impulse))
        hit(body, impulse / body.mass, turn)

    def add_angular_impulse(self, actor_id: int, impulse: Array) -> None:
        """Turns a body with an angular impulse (3,) [N m s], world frame."""
        body = self.bodies[actor_id]
        hit(body, np.zeros(3), body.twisted(np.asarray(impulse, dtype=np.float64)))

    def add_friction_volume(self, actor_id: int, world_from_box: Array, half: Sequence[float], friction: float) -> None:
        """Adds a box, of half edges (3,) [m], in which vehicles have tyres of ``friction`` (CARLA's tire_friction)."""
        self._friction_volumes[actor_id] = FrictionVolume(world_from_box, half, friction)

    def remove_friction_volume(self, actor_id: int) -> None:
        """Takes it out; raises KeyError for an unknown id."""
        self._friction_volumes.pop(actor_id).end(self._vehicles())

    def _vehicles(self) -> list[VehicleBody]:
        return [body for body in in_order(self.bodies) if isinstance(body, VehicleBody)]

    # -- time ---------------------------------------------------------------------------------------------------------

    def step(self, dt: float) -> None:
        """Moves everything by ``dt`` [s], in several parts if it is long: previous poses are then those one part ago.

        Raises ValueError unless 0 < dt <= 10.
        """
        if not 0 < dt <= LONGEST_STEP:
            raise ValueError(f"a step must last more than 0 and at most {LONGEST_STEP} s, not {dt}")
        parts = ceil(dt / LONGEST_PART)
        contacts: list[Contact] = []
        for _ in range(parts):
            self._step(dt / parts)
            contacts += self.contacts
        self.contacts = contacts

    def _step(self, dt: float) -> None:
        self.contacts = []
        if not self.bodies:
            self.signals.step((), dt)
            return
        for _, volume in sorted(self._friction_volumes.items()):
            volume.act(self._vehicles())
        bodies = in_order(self.bodies)
        for body in bodies:
            body.begin()
            body.take_targets()
        walk([body for body in bodies if isinstance(body, WalkerBody)], self.town, dt)
        encounters = Encounters(self._level, [body for body in bodies if body.collides], dt)
        roused = {body.actor_id for body in encounters.roused}
        moving = [body for body in bodies if not body.asleep or body.actor_id in roused]
        moving = [body for body in moving if body.simulate_physics and not isinstance(body, WalkerBody)]
        self._simulation.step(moving, self.town, grip(self.environment), dt, encounters, self.longest_substep)
        self.contacts = encounters.finish()
        for body in bodies:
            body.finish(dt)
        self.signals.step([body for body in bodies if isinstance(body, VehicleBody)], dt)

    # -- what is there ------------------------------------------------------------------------------------------------

    def scene(self) -> Scene:
        """What can be seen now. The instances are the same objects each tick, brought up to date."""
        instances = [instance for body in in_order(self.bodies) for instance in body.instances()]
        level = self.level
        level.daylight(self.environment.sun_altitude)
        return Scene(level.static, [*instances, *level.shown_fixtures], self.environment, level.lights)

    def box(self, actor_id: int) -> tuple[Array, tuple[float, float, float]]:
        """world_from_box (4, 4) and (length, width, height) [m], tight to the posed mesh; KeyError for an unknown id.

        Vehicles and props: turned as the body; walkers: upright, turned by their yaw.
        """
        return self.bodies[actor_id].box()

    def overlaps(self, model: Model, world_from_body: Array) -> bool:
        """Whether a model at a pose up to ``DROP`` above the ground would stand in another body or an obstacle."""
        candidate = prism(model, rigid(world_from_body))
        candidate["low"] -= DROP
        others = prisms([body for body in in_order(self.bodies) if body.collides])
        level = self._level.prisms[self._level.near(candidate, np.zeros(1))[:, 1]]
        there = gathered((others, level), PRISM)
        if not len(there):
            return False
        depth, _ = overlap(np.repeat(candidate, len(there)), there)
        return bool((depth > 0.01).any())
