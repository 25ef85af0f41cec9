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
from simulator.world.vehicles import VehicleBody
from simulator.world.walkers import WalkerBody


def prisms(bodies: Sequence[Body]) -> NDArray[np.void]:
    """The prisms (N,) of bodies as they stand and move; immovable those that physics do not move."""
    rows = _standing([body.model for body in bodies], [body.world_from_body for body in bodies])
    if not len(rows):
        return rows
    rows["velocity"] = np.array([body.velocity for body in bodies])[:, :2]
    rows["yaw_rate"] = np.array([body.angular_velocity for body in bodies])[:, 2]
    rows["inverse_mass"] = [1 / body.mass if body.simulate_physics else 0.0 for body in bodies]
    rows["inverse_inertia"] = [inverse_inertia(body) if body.simulate_physics else 0.0 for body in bodies]
    return rows


def prism(model: Model, world_from_body: Array) -> NDArray[np.void]:
    """The prism (1,) of a model at a pose, at rest, free to move."""
    row = _standing([model], [world_from_body])
    row["inverse_mass"] = 1.0
    return row


def _standing(models: Sequence[Model], poses: Sequence[Array]) -> NDArray[np.void]:
    """Prisms (N,) of models at poses, without motion or mass."""
    rows = np.zeros(len(models), PRISM)
    if not models:
        return rows
    pose, size = np.array(poses), np.array([model.size for model in models])
    middle = np.array([model.center for model in models])
    center = (pose[:, :3, :3] * middle[:, None]).sum(axis=2) + pose[:, :3, 3]
    rows["center"], rows["pivot"] = center[:, :2], pose[:, :2, 3]
    rows["half"] = size[:, :2] / 2
    rows["axis"] = pose[:, :2, 0] / np.hypot(pose[:, 0, 0], pose[:, 1, 0])[:, None]
    rows["low"], rows["high"] = center[:, 2] - size[:, 2] / 2, center[:, 2] + size[:, 2] / 2
    return rows


def inverse_inertia(body: Body) -> float:
    """About the vertical [1/(kg m^2)]; walkers keep their feet and do not spin."""
    if isinstance(body, WalkerBody):
        return 0.0
    if isinstance(body, VehicleBody):
        return 1.0 / body.physics.yaw_inertia
    return 12.0 / (body.mass * (body.model.size[0] ** 2 + body.model.size[1] ** 2))


def hit(body: Body, velocity_change: Array, yaw_rate_change: float) -> None:
    """A blow that changes the velocity (3,) [m/s] and yaw rate [rad/s] of a body, if physics move it."""
    if not body.simulate_physics:
        return
    if isinstance(body, WalkerBody):
        body.knock(velocity_change)
    else:
        body.push(velocity_change, yaw_rate_change)


class Encounters:
    """The collisions of one step: the pairs that may meet in it, looked at after every sub-step of the vehicles."""

    def __init__(self, level: Level, bodies: Sequence[Body], vehicles: Sequence[VehicleBody], dt: float) -> None:
        self.bodies = bodies
        moving = prisms(bodies)
        margin = (np.hypot(moving["velocity"][:, 0], moving["velocity"][:, 1]) + 5.0) * dt
        pairs = near_pairs(moving, margin)
        movable = np.flatnonzero(moving["inverse_mass"] > 0)
        near = level.near(moving[movable], margin[movable])
        known, rows = np.unique(near[:, 1], return_inverse=True)
        self.tags = [level.tags[index] for index in known]
        self.prisms = gathered((moving, level.prisms[known]), PRISM)
        self.pairs = np.concatenate([pairs, np.stack([movable[near[:, 0]], len(bodies) + rows], axis=1)])
        place = {id(body): index for index, body in enumerate(bodies)}
        met = set(self.pairs.ravel().tolist())
        couples = [(i, place[id(b)]) for i, b in enumerate(vehicles) if place.get(id(b), -1) in met]
        self.states, self.rows = (np.array([c[k] for c in couples], dtype=np.intp) for k in (0, 1))
        self.offset = self.prisms["center"] - self.prisms["pivot"]
        self.start = self.prisms.copy()
        self.reaches = reach(self.prisms)[self.pairs].sum(axis=1) ** 2
        self.driven = set(self.rows.tolist())
        self.impulses: dict[tuple[int, int], tuple[Array, tuple[float, float]]] = {}

    def between(self, state: NDArray[np.void]) -> None:
        """Parts what touches, after a sub-step that left the vehicles in ``state``; changes it."""
        if not len(self.pairs):
            return
        shapes, rows = self.prisms, self.rows
        own = state[self.states]
        cos, sin = np.cos(own["yaw"]), np.sin(own["yaw"])
        heading = np.stack([cos, sin], axis=1)
        pivot = np.stack([own["x"], own["y"]], axis=1)
        ahead = (self.offset[rows] * self.start["axis"][rows]).sum(axis=1)
        shapes["pivot"][rows] = pivot
        shapes["center"][rows] = pivot + ahead[:, None] * heading
        shapes["axis"][rows] = heading
        shapes["velocity"][rows] = np.stack(
            [cos * own["vx"] - sin * own["vy"], sin * own["vx"] + cos * own["vy"]], axis=1
        )
        shapes["yaw_rate"][rows] = own["yaw_rate"]
        gap = shapes["center"][self.pairs[:, 0]] - shapes["center"][self.pairs[:, 1]]
        close = self.pairs[gap[:, 0] ** 2 + gap[:, 1] ** 2 < self.reaches]
        if not len(close):
            return
        depth, normal = overlap(shapes[close[:, 0]], shapes[close[:, 1]])
        hits = depth > 0
        if not hits.any():
            return
        met, depth, normal = close[hits], depth[hits], normal[hits]
        point = meeting_points(shapes[met[:, 0]], shapes[met[:, 1]], normal)
        touches = [
            Touch(first, second, tuple(way), tuple(place), deep)
            for (first, second), way, place, deep in zip(
                met.tolist(), normal.tolist(), point.tolist(), depth.tolist(), strict=True
            )
        ]
        separate(shapes, touches)
        for touch in touches:
            key = (touch.first, touch.second)
            total, _ = self.impulses.get(key, (np.zeros(2), touch.point))
            self.impulses[key] = total + touch.impulse, touch.point
        velocity = shapes["velocity"][rows]
        state["vx"][self.states] = cos * velocity[:, 0] + sin * velocity[:, 1]
        state["vy"][self.states] = cos * velocity[:, 1] - sin * velocity[:, 0]
        state["yaw_rate"][self.states] = shapes["yaw_rate"][rows]
        state["x"][self.states], state["y"][self.states] = shapes["pivot"][rows].T

    def finish(self) -> list[Contact]:
        """Hands the bodies that are not driven what they got, and lists the contacts, each from both sides."""
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
            if change.any() or now["yaw_rate"] != before["yaw_rate"]:
                turn = float(now["yaw_rate"] - before["yaw_rate"])
                hit(body, np.array([change[0], change[1], 0.0]), turn)
        contacts = []
        for (first, second), (impulse, point) in sorted(self.impulses.items(), key=lambda item: item[0]):
            if not impulse.any():
                continue
            body = self.bodies[first]
            place = np.array([*point, (self.prisms["low"][first] + self.prisms["high"][first]) / 2])
            push = np.array([*impulse, 0.0])
            if second < len(self.bodies):
                other = self.bodies[second]
                contacts.append(Contact(body.actor_id, other.actor_id, other.model.parts[0].tag, -push, place))
                contacts.append(Contact(other.actor_id, body.actor_id, body.model.parts[0].tag, push, place))
            else:
                contacts.append(Contact(body.actor_id, 0, Tag(self.tags[second - len(self.bodies)]), -push, place))
        return contacts
