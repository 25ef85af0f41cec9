"""A step of all that physics move: vehicles and props as rigid bodies over the ground, and their collisions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.world.bodies import Body, Surface, gathered, held_velocity
from simulator.world.encounters import Encounters
from simulator.world.physics import PHYSICS
from simulator.world.rigid import Cast, Motion
from simulator.world.vehicle_state import CONTROL, EFFORT, STATE
from simulator.world.vehicles import VehicleBody

SUBSTEP = 0.0125
"""Longest sub-step [s]."""
GROUND_INTERVAL = 0.05
"""[s] for which the ground under a wheel is taken as the plane that it was found to be."""
CLEARANCE = 0.05
"""Hulls that are farther [m] above the ground under the wheels and the bumpers cannot touch it within a sub-step."""
HULL_FRICTION = 0.6
"""Of sheet metal, cones, bins and boxes, over that of tyres."""


class Simulation:
    """Moves rigid bodies. What follows from what they are made of is kept while they stay the same."""

    def __init__(self) -> None:
        self._cast = Cast([])
        self._physics = np.zeros(0, PHYSICS)
        self._state = np.zeros(0, STATE)
        self._rows: list[NDArray[np.void]] = []

    def step(
        self,
        bodies: Sequence[Body],
        surface: Surface,
        grip: float,
        dt: float,
        encounters: Encounters,
        longest: float = SUBSTEP,
    ) -> Motion:
        """Moves bodies by ``dt`` [s] in sub-steps of at most ``longest`` [s], with their collisions after each.

        ``grip`` is the weather's factor on friction. Vehicles are driven; the rest, props, only fall, slide and tumble.
        """
        vehicles = [body for body in bodies if isinstance(body, VehicleBody)]
        ordered = [*vehicles, *(body for body in bodies if not isinstance(body, VehicleBody))]
        if not self._cast.suits(ordered):
            self._cast = Cast(ordered)
            self._physics = gathered((body.physics.row for body in vehicles), PHYSICS)
        motion = Motion(self._cast)
        encounters.join(motion)
        if not ordered and not len(encounters.pairs):
            return motion
        count = max(1, int(np.ceil(dt / longest - 1e-9)))
        friction = surface.friction(motion.center.T) * grip if ordered else np.zeros(0)
        from simulator.world.dynamics import advance, prepare

        state, control, physics = self._states(vehicles), _controls(vehicles), self._physics
        effort = np.empty(len(vehicles), EFFORT)
        prepare(state, control, physics, effort, motion.rotation, motion.velocity, friction, dt)
        wishes = ((column, body.constant_velocity) for column, body in enumerate(ordered))
        held = [(column, wanted) for column, wanted in wishes if wanted is not None]
        step = dt / count
        interval = max(1, int(GROUND_INTERVAL / step + 1e-9))
        for tick in range(count):
            if ordered:
                if tick % interval == 0:
                    ground = _Ground(motion, physics, surface)
                advance(
                    state, control, physics, effort, motion.center, motion.rotation, motion.velocity, motion.spin,
                    motion.mass, motion.inertia, motion.weight, motion.awake, ground.places, ground.heights,
                    ground.normals, tick * step, step,
                )  # fmt: skip
                motion.rest_on(surface, ground.highest + CLEARANCE, HULL_FRICTION * friction, step)
                for column, wanted in held:
                    motion.velocity[:, column] = held_velocity(
                        motion.rotation[:, :, column], wanted, motion.velocity[:, column]
                    )
                motion.move(step)
            encounters.between()
        self._state = state
        self._rows = [state[row : row + 1] for row in range(len(vehicles))]
        for vehicle, row in zip(vehicles, self._rows, strict=True):
            vehicle.state = row
        _hand_back(motion, dt)
        return motion

    def _states(self, vehicles: Sequence[VehicleBody]) -> NDArray[np.void]:
        own = [body.state for body in vehicles]
        if len(own) == len(self._rows) and all(a is b for a, b in zip(own, self._rows, strict=True)):
            return self._state.copy()
        return gathered(own, STATE)


def _controls(vehicles: Sequence[VehicleBody]) -> NDArray[np.void]:
    return np.array(
        [
            (c.throttle, c.steer, c.brake, c.hand_brake, c.reverse, c.manual_gear_shift, c.gear)
            for c in (body.control for body in vehicles)
        ],
        dtype=CONTROL,
    )


class _Ground:
    """The ground under the wheels and bumpers of vehicles, and under other bodies, as planes.

    Attributes:
        places (P, 3) [m]: where it was asked for, ``dynamics.PLACES`` for each vehicle, then one for each other body.
        heights (P,) [m], normals (P, 3). highest (N,) [m]: under or around each body.
    """

    def __init__(self, motion: Motion, physics: NDArray[np.void], surface: Surface) -> None:
        from simulator.world.dynamics import PLACES, probe

        vehicles = len(physics)
        wheels = PLACES * vehicles
        self.places = np.empty((wheels + len(motion.mass) - vehicles, 3))
        probe(physics, motion.center, motion.rotation, self.places)
        self.places[wheels:] = motion.center[:, vehicles:].T
        heights, normals = surface.ground(self.places)
        self.heights, self.normals = np.ascontiguousarray(heights), np.ascontiguousarray(normals)
        self.highest = np.concatenate([self.heights[:wheels].reshape(-1, PLACES).max(axis=1), self.heights[wheels:]])


def _hand_back(motion: Motion, dt: float) -> None:
    """Gives the bodies where and how they move now; lays to rest what has not moved for long."""
    poses, calms = motion.settle()
    velocities, spins = motion.velocity.T.copy(), motion.spin.T.copy()
    for body, awake, calm, pose, velocity, spin in zip(
        motion.bodies, motion.awake.tolist(), calms.tolist(), poses, velocities, spins, strict=True
    ):
        if awake:
            body.world_from_body, body.velocity, body.angular_velocity = pose, velocity, spin
            body.settle(calm, dt)
