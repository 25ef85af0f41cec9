"""Bodies in collision: which may meet in a step, and what their meetings do to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets.model import Model
from assets.tags import Tag
from simulator.world.bodies import Array, Body, gathered
from simulator.world.collisions import (
    PRISM,
    Contact,
    Level,
    Touch,
    meeting_points,
    near_pairs,
    separate,
)
from simulator.world.rigid import Motion
from simulator.world.walkers import WalkerBody

WAKES = 0.02
"""Change of velocity [m/s] by a touch that wakes what rests."""


def prisms(bodies: Sequence[Body]) -> NDArray[np.void]:
    """The prisms (N,) of bodies as they stand and move; immovable those that physics do not move."""
    rows = _standing([body.model for body in bodies], np.array([body.world_from_body for body in bodies]))
    if not len(rows):
        return rows
    rows["velocity"] = [body.velocity for body in bodies]
    rows["walks"] = [isinstance(body, WalkerBody) for body in bodies]
    rows["inverse_mass"] = [1 / body.mass if body.simulate_physics else 0.0 for body in bodies]
    return rows


def prism(model: Model, world_from_body: Array) -> NDArray[np.void]:
    """The prism (1,) of a model at a pose, at rest, free to move."""
    row = _standing([model], world_from_body[None])
    row["inverse_mass"] = 1.0
    return row


def _standing(models: Sequence[Model], poses: Array) -> NDArray[np.void]:
    """Prisms (N,) of models at poses (N, 4, 4), without motion or mass."""
    rows = np.zeros(len(models), PRISM)
    if not models:
        return rows
    from simulator.world import touching

    middle, size = np.array([model.center for model in models]), np.array([model.size for model in models])
    touching.stand(rows, np.ascontiguousarray(poses), middle, size / 2)
    return rows


def hit(body: Body, velocity_change: Array, spin_change: Array) -> None:
    """A blow that changes the velocity (3,) [m/s] and angular velocity (3,) [rad/s] of a body, if physics move it."""
    if not body.simulate_physics:
        return
    if isinstance(body, WalkerBody):
        body.knock(velocity_change)
    else:
        body.push(velocity_change, spin_change)


class Encounters:
    """The collisions of one step: the pairs that may meet in it, looked at after every sub-step.

    Attributes:
        roused: bodies at rest that something may strike in this step.
    """

    def __init__(self, level: Level, bodies: Sequence[Body], dt: float) -> None:
        self.bodies = bodies
        moving = prisms(bodies)
        margin = (np.sqrt((moving["velocity"] ** 2).sum(axis=1)) + 5.0) * dt
        awake = np.array([not body.asleep for body in bodies], dtype=bool)
        lively = awake | moving["velocity"].any(axis=1)
        pairs = near_pairs(moving, margin, lively)
        near = level.near(moving, margin, (moving["inverse_mass"] > 0) & lively)
        known, rows = np.unique(near[:, 1], return_inverse=True)
        self.tags = [level.tags[index] for index in known]
        self.prisms = gathered((moving, level.prisms[known]), PRISM)
        self.pairs = np.concatenate([pairs, np.stack([near[:, 0], len(bodies) + rows], axis=1)])
        met = np.unique(pairs)
        self.roused = [
            bodies[row]
            for row in met
            if bodies[row].asleep and bodies[row].simulate_physics and not isinstance(bodies[row], WalkerBody)
        ]
        self.start = self.prisms.copy()
        self.impulses: dict[tuple[int, int], tuple[Array, Vector3]] = {}

    def join(self, motion: Motion) -> None:
        """Tells whose motion is simulated."""
        self.motion = motion
        place = {id(body): index for index, body in enumerate(motion.bodies)}
        met = set(self.pairs.ravel().tolist())
        couples = [(place[id(body)], row) for row, body in enumerate(self.bodies) if row in met and id(body) in place]
        self.columns, self.rows = (np.array([couple[k] for couple in couples], dtype=np.intp) for k in (0, 1))
        self.driven = set(self.rows.tolist())
        self.middle = np.array([motion.bodies[column].model.center for column in self.columns]).reshape(-1, 3)
        self.half = np.array([motion.bodies[column].model.size for column in self.columns]).reshape(-1, 3) / 2
        self._follow()
        self.start = self.prisms.copy()
        self._before = self._middles()

    def _middles(self) -> Array:
        from simulator.world import touching

        places = np.empty((len(self.prisms), 3))
        touching.middles(self.prisms, places)
        return places

    def _follow(self) -> None:
        """Brings the prisms of the simulated bodies up to where they are."""
        from simulator.world import touching

        m = self.motion
        touching.follow(
            self.prisms, self.rows, self.columns, self.middle, self.half,
            m.center, m.rotation, m.velocity, m.spin, m.offset, m.mass, m.inertia,
        )  # fmt: skip

    def between(self) -> None:
        """Parts what touches after a sub-step; changes the motion."""
        if not len(self.pairs):
            return
        from simulator.world import touching

        self._follow()
        hits, depth, normal = touching.touching(self.prisms, self.pairs, self._before)
        if len(hits):
            self._part(self.pairs[hits], depth, normal)
        self._before = self._middles()

    def _part(self, met: NDArray[np.int64], depth: Array, normal: Array) -> None:
        shapes, rows = self.prisms, self.rows
        point = meeting_points(shapes[met[:, 0]], shapes[met[:, 1]], normal)
        touches = [
            Touch(first, second, tuple(away), tuple(place), deep)
            for (first, second), away, place, deep in zip(
                met.tolist(), normal.tolist(), point.tolist(), depth.tolist(), strict=True
            )
        ]
        separate(shapes, touches)
        for touch in touches:
            key = (touch.first, touch.second)
            total, _ = self.impulses.get(key, (np.zeros(3), touch.point))
            self.impulses[key] = total + touch.impulse, touch.point
        motion, columns = self.motion, self.columns
        if not len(columns):
            return
        velocity = shapes["velocity"][rows].T
        struck = np.abs(velocity - motion.velocity[:, columns]).max(axis=0) > WAKES
        motion.awake[columns] |= struck
        awake = motion.awake[columns]
        motion.velocity[:, columns] = np.where(awake, velocity, motion.velocity[:, columns])
        motion.spin[:, columns] = np.where(awake, shapes["spin"][rows].T, motion.spin[:, columns])
        motion.center[:, columns] = np.where(awake, shapes["pivot"][rows].T, motion.center[:, columns])

    def finish(self) -> list[Contact]:
        """Hands the bodies that are not simulated what they got, and lists the contacts, each from both sides."""
        if not self.impulses:
            return []
        for row, body in enumerate(self.bodies):
            now, before = self.prisms[row], self.start[row]
            if row in self.driven or not body.simulate_physics:
                continue
            change, moved = now["velocity"] - before["velocity"], now["center"] - before["center"]
            if moved.any():
                pose = body.world_from_body.copy()
                pose[:2, 3] += moved
                body.world_from_body = pose
            if change.any():
                hit(body, change, np.zeros(3))
        contacts = []
        for (first, second), (impulse, point) in sorted(self.impulses.items(), key=lambda item: item[0]):
            if not impulse.any():
                continue
            body, place = self.bodies[first], np.array(point)
            if second < len(self.bodies):
                other = self.bodies[second]
                contacts.append(Contact(body.actor_id, other.actor_id, other.model.parts[0].tag, -impulse, place))
                contacts.append(Contact(other.actor_id, body.actor_id, body.model.parts[0].tag, impulse, place))
            else:
                contacts.append(Contact(body.actor_id, 0, Tag(self.tags[second - len(self.bodies)]), -impulse, place))
        return contacts


Vector3 = tuple[float, float, float]
