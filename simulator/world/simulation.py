"""A step of all that physics move: vehicles and props as rigid bodies over the ground, and their collisions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.world.bodies import Array, Body, Surface, gathered, held_velocity
from simulator.world.drivetrain import shift
from simulator.world.dynamics import STATE, Fleet, Ground, Park
from simulator.world.encounters import Encounters
from simulator.world.physics import PHYSICS
from simulator.world.rigid import Cast, Motion
from simulator.world.vehicles import CONTROL, VehicleBody

SUBSTEP = 0.0125
"""Longest sub-step [s]."""
GROUND_INTERVAL = 4
"""Sub-steps for which the ground under a wheel is taken as the plane that it was found to be."""
CLEARANCE = 0.05
"""Hulls that are farther [m] above the ground under the wheels and the bumpers cannot touch it within a sub-step."""
HULL_FRICTION = 0.6
"""Of sheet metal, cones, bins and boxes, over that of tyres."""


class Simulation:
    """Moves rigid bodies. What follows from what they are made of is kept while they stay the same."""

    def __init__(self) -> None:
        self._cast = Cast([])
        self._park = Park(np.zeros(0, PHYSICS))
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
            self._park = Park(gathered((body.physics.row for body in vehicles), PHYSICS))
        motion = Motion(self._cast)
        encounters.join(motion)
        if not ordered and not len(encounters.pairs):
            return motion
        count = max(1, int(np.ceil(dt / longest - 1e-9)))
        friction = surface.friction(motion.center.T) * grip if ordered else np.zeros(0)
        fleet = self._fleet(motion, vehicles, friction[: len(vehicles)], dt) if vehicles else None
        wishes = ((column, body.constant_velocity) for column, body in enumerate(ordered))
        held = [(column, wanted) for column, wanted in wishes if wanted is not None]
        nothing = np.zeros_like(motion.velocity)
        step = dt / count
        for tick in range(count):
            if ordered:
                if tick % GROUND_INTERVAL == 0:
                    ground, highest = _ground(motion, fleet, surface)
                if fleet is not None:
                    fleet.advance(ground, step)
                else:
                    motion.accelerate(nothing, nothing, step)
                motion.rest_on(surface, highest + CLEARANCE, HULL_FRICTION * friction, step)
                for column, wanted in held:
                    motion.velocity[:, column] = held_velocity(
                        motion.rotation[:, :, column], wanted, motion.velocity[:, column]
                    )
                motion.move(step)
            encounters.between()
        if fleet is not None:
            self._state = fleet.finish()
            self._rows = [self._state[row : row + 1] for row in range(len(vehicles))]
            for body, row in zip(vehicles, self._rows, strict=True):
                body.state = row
        _hand_back(motion, dt)
        return motion

    def _fleet(self, motion: Motion, vehicles: Sequence[VehicleBody], friction: Array, dt: float) -> Fleet:
        own = [body.state for body in vehicles]
        if len(own) == len(self._rows) and all(a is b for a, b in zip(own, self._rows, strict=True)):
            state = self._state.copy()
        else:
            state = gathered(own, STATE)
        control = _controls(vehicles)
        shift(state, control, self._park.table, dt)
        return Fleet(motion, state, control, self._park, friction)


def _controls(vehicles: Sequence[VehicleBody]) -> NDArray[np.void]:
    control = np.array(
        [
            (c.throttle, c.steer, c.brake, c.hand_brake, c.reverse, c.manual_gear_shift, c.gear)
            for c in (body.control for body in vehicles)
        ],
        dtype=CONTROL,
    )
    for name, low in (("throttle", 0.0), ("brake", 0.0), ("steer", -1.0)):
        control[name] = np.clip(np.nan_to_num(control[name]), low, 1.0)
    return control


def _ground(motion: Motion, fleet: Fleet | None, surface: Surface) -> tuple[Ground, Array]:
    """The planes under the wheels, and the highest ground (N,) [m] under or around each body."""
    vehicles = fleet.count if fleet is not None else 0
    x, y, z = motion.center
    places = [motion.center[:, vehicles:]]
    if fleet is not None:
        rx, ry, _ = fleet.spots()
        # the wheels, and as far before and behind them as bumpers are
        ends = 0.8 * (rx[0::2] + rx[1::2]), 0.8 * (ry[0::2] + ry[1::2])
        wheels = np.stack([np.concatenate([rx, ends[0]]) + x[:vehicles], np.concatenate([ry, ends[1]]) + y[:vehicles]])
        level = np.broadcast_to(z[:vehicles], wheels.shape[1:])  # on a bridge, or under it
        places.insert(0, np.concatenate([wheels, level[None]]).reshape(3, -1))
    heights, normals = surface.ground(np.concatenate(places, axis=1).T)
    under = heights[6 * vehicles :]
    if fleet is None:
        none = np.zeros((4, 0))
        return Ground(none, none, none, np.zeros((3, 4, 0))), under
    six = heights[: 6 * vehicles].reshape(6, vehicles)
    slopes = normals[: 4 * vehicles].T.reshape(3, 4, vehicles)
    ground = Ground(wheels[0, :4], wheels[1, :4], six[:4], slopes)
    return ground, np.concatenate([six.max(axis=0), under])


def _hand_back(motion: Motion, dt: float) -> None:
    """Gives the bodies where and how they move now; lays to rest what has not moved for long."""
    motion.straighten()
    poses, velocities, spins = motion.poses(), motion.velocity.T.copy(), motion.spin.T.copy()
    for body, awake, calm, pose, velocity, spin in zip(
        motion.bodies, motion.awake.tolist(), motion.calm().tolist(), poses, velocities, spins, strict=True
    ):
        if awake:
            body.world_from_body, body.velocity, body.angular_velocity = pose, velocity, spin
            body.settle(calm, dt)
