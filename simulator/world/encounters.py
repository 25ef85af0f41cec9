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
    overlap,
    reach,
    separate,
)
from simulator.world.rigid import Motion
from simulator.world.walkers import WalkerBody

UPRIGHT = 0.95
"""Cosine of the tilt up to which a body's prism is its upright box; tumbling bodies have the prism around theirs."""
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
    size = np.array([model.size for model in models])
    _stand(rows, poses[:, :3, :3], poses[:, :3, 3], np.array([model.center for model in models]), size / 2)
    rows["pivot"] = poses[:, :3, 3]
    return rows


def _stand(rows: NDArray[np.void], rotation: Array, origin: Array, middle: Array, half: Array) -> None:
    """Writes the places of prisms (N,) around boxes of half sizes (N, 3) about ``middle`` (N, 3) in bodies."""
    center = (rotation * middle[:, None]).sum(axis=2) + origin
    rows["center"] = center[:, :2]
    heading = rotation[:, :2, 0]
    length = np.hypot(heading[:, 0], heading[:, 1])
    tilted = np.flatnonzero(rotation[:, 2, 2] < UPRIGHT)
    height = half[:, 2]
    if len(tilted):
        half, height, heading = half.copy(), height.copy(), heading.copy()
        steep = tilted[length[tilted] < 0.5]  # on its nose: the width tells the direction
        heading[steep] = rotation[steep, :2, 1]
        length = np.hypot(heading[:, 0], heading[:, 1])
        along = heading[tilted] / length[tilted, None]
        across = np.stack([-along[:, 1], along[:, 0]], axis=1)
        box = half[tilted]
        turn = rotation[tilted]
        for column, way in ((0, along), (1, across)):
            half[tilted, column] = (box * np.abs((turn[:, :2] * way[:, :, None]).sum(axis=1))).sum(axis=1)
        height[tilted] = (box * np.abs(turn[:, 2])).sum(axis=1)
    rows["axis"] = heading / length[:, None]
    rows["half"] = half[:, :2]
    rows["low"], rows["high"] = center[:, 2] - height, center[:, 2] + height


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
        pairs = near_pairs(moving, margin)
        lively = np.array([not body.asleep or body.velocity.any() for body in bodies], dtype=bool)
        pairs = pairs[lively[pairs].any(axis=1)] if len(pairs) else pairs
        movable = np.flatnonzero((moving["inverse_mass"] > 0) & lively)
        near = level.near(moving[movable], margin[movable])
        known, rows = np.unique(near[:, 1], return_inverse=True)
        self.tags = [level.tags[index] for index in known]
        self.prisms = gathered((moving, level.prisms[known]), PRISM)
        self.pairs = np.concatenate([pairs, np.stack([movable[near[:, 0]], len(bodies) + rows], axis=1)])
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
        shapes = self.prisms
        return np.column_stack([shapes["center"], (shapes["low"] + shapes["high"]) / 2])

    def _follow(self) -> None:
        """Brings the prisms of the simulated bodies up to where they are."""
        columns, motion = self.columns, self.motion
        if not len(columns):
            return
        own = self.prisms[self.rows]
        rotation = motion.rotation[:, :, columns].transpose(2, 0, 1)
        center = motion.center[:, columns].T
        offset = motion.offset[:, columns].T
        _stand(own, rotation, center - (rotation * offset[:, None]).sum(axis=2), self.middle, self.half)
        own["pivot"], own["velocity"] = center, motion.velocity[:, columns].T
        own["spin"] = motion.spin[:, columns].T
        own["inverse_mass"] = 1 / motion.mass[columns]
        scaled = rotation / motion.inertia[:, columns].T[:, None]
        own["inverse_inertia"] = scaled @ rotation.transpose(0, 2, 1)
        self.prisms[self.rows] = own

    def between(self) -> None:
        """Parts what touches after a sub-step; changes the motion."""
        if not len(self.pairs):
            return
        shapes = self.prisms
        self._follow()
        now = self._middles()
        moved = now - self._before
        first, second = self.pairs.T
        gap = now[first] - now[second]
        way = moved[second] - moved[first]
        span = np.hypot(way[:, 0], way[:, 1])
        reaches = reach(shapes)
        far = (reaches[first] + reaches[second] + span) ** 2
        close = np.flatnonzero(gap[:, 0] ** 2 + gap[:, 1] ** 2 < far)
        if len(close):
            self._part(self.pairs[close], way[close])
        self._before = self._middles()

    def _part(self, pairs: NDArray[np.intp], way: Array) -> None:
        shapes, rows = self.prisms, self.rows
        depth, normal = overlap(shapes[pairs[:, 0]], shapes[pairs[:, 1]], way)
        hits = depth > 0
        if not hits.any():
            return
        met, depth, normal = pairs[hits], depth[hits], normal[hits]
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
