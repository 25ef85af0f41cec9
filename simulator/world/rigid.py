"""Free rigid bodies, all at once: how they stand, and how their hulls strike, slide and rest on the ground.

Arrays have the axis of the vector first and that of the bodies last, (3, N): NumPy is fastest on the last axis.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.world.bodies import GRAVITY, Array, Body, Surface

RESTITUTION = 0.2
"""Of hulls on the ground; sheet metal, plastics and asphalt."""
ROUNDS = 8
NEAR = 0.02
"""Height [m] over the ground from which a corner is kept from coming below it."""
SINK = 0.005
"""Depth [m] to which a hull may stand in the ground, so that resting contacts stay contacts."""


def cross(a: Array, b: Array) -> Array:
    """Of vectors along the first axis."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def turned(rotation: Array, vectors: Array) -> Array:
    """``rotation`` (3, 3, N) times vectors (3, ..., N)."""
    x, y, z = vectors
    return np.array([row[0] * x + row[1] * y + row[2] * z for row in rotation])


def turned_back(rotation: Array, vectors: Array) -> Array:
    """The transpose of ``rotation`` (3, 3, N) times vectors (3, ..., N)."""
    x, y, z = vectors
    return np.array([rotation[0, i] * x + rotation[1, i] * y + rotation[2, i] * z for i in range(3)])


class Cast:
    """What N bodies are made of: all of ``Motion`` that does not change while they stay the same."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        self.bodies = list(bodies)
        self.revisions = [body.revision for body in bodies]
        self.offset = np.array([body.center_of_mass for body in bodies]).reshape(-1, 3).T.copy()
        self.mass = np.array([body.mass for body in bodies])
        self.inertia = np.array([body.inertia for body in bodies]).reshape(-1, 3).T.copy()
        corners = [body.corners for body in bodies]
        # bodies with fewer corners repeat their first
        most = max((len(points) for points in corners), default=1)
        filled = [np.concatenate([points, np.repeat(points[:1], most - len(points), axis=0)]) for points in corners]
        corners_first = np.array(filled).reshape(-1, most, 3).transpose(2, 1, 0)
        self.corners = np.ascontiguousarray(corners_first - self.offset[:, None])
        self.repeated = np.arange(most)[:, None] >= [len(points) for points in corners]
        self.pushed = np.zeros(self.repeated.shape)  # of each corner, when it last touched the ground [N s]

    def suits(self, bodies: Sequence[Body]) -> bool:
        """Whether these are the bodies, unchanged."""
        return self.bodies == bodies and self.revisions == [body.revision for body in bodies]


class Motion:
    """How N bodies move.

    Attributes:
        center (3, N): centres of mass [m]. rotation (3, 3, N): world_from_body.
        velocity, spin (3, N): of the centres [m/s], and angular [rad/s], world.
        mass (N,) [kg]. inertia (3, N): about the body's axes [kg m^2].
        awake (N,): the others stay where they are until something strikes them.
        pressed (N,): what the ground has given upward to their hulls [N s].
    """

    def __init__(self, cast: Cast) -> None:
        bodies = self.bodies = cast.bodies
        poses = np.array([body.world_from_body for body in bodies]).reshape(-1, 4, 4)
        self.rotation = np.ascontiguousarray(poses[:, :3, :3].transpose(1, 2, 0))
        self.offset, self.mass, self.inertia = cast.offset, cast.mass, cast.inertia
        self.corners, self.repeated, self.pushed = cast.corners, cast.repeated, cast.pushed
        self.center = np.ascontiguousarray(poses[:, :3, 3].T) + turned(self.rotation, self.offset)
        self.velocity = np.array([body.velocity for body in bodies]).reshape(-1, 3).T.copy()
        self.spin = np.array([body.angular_velocity for body in bodies]).reshape(-1, 3).T.copy()
        self.weight = GRAVITY * np.array([body.gravity for body in bodies], dtype=np.float64)
        self.awake = np.array([not body.asleep for body in bodies], dtype=bool)
        self.pressed = np.zeros(len(bodies))

    def move(self, dt: float) -> None:
        """Moves and turns by the velocities, over ``dt`` [s]."""
        from simulator.world import motion

        motion.move(self.center, self.rotation, self.velocity, self.spin, dt)

    def settle(self) -> tuple[Array, NDArray[np.bool_]]:
        """At a step's end: world_from_body (N, 4, 4), and which bodies (N,) are as good as at rest."""
        from simulator.world import motion

        poses, calm = np.empty((len(self.mass), 4, 4)), np.empty(len(self.mass), dtype=bool)
        motion.settle(self.center, self.rotation, self.velocity, self.spin, self.offset, poses, calm)
        return poses, calm

    def rest_on(self, surface: Surface, highest: Array, friction: Array, dt: float) -> None:
        """Keeps hulls out of the ground: an impulse against what sinks, Coulomb friction, and a lift.

        ``friction`` (N,) is that of each body on the ground; ``highest`` (N,) [m] about how high the ground comes under
        each: those above it are left alone. All corners at once, with the body's mass split among those that touch
        (Tonge, Benevolenski and Voroshilov, "Mass Splitting for Jitter-Free Parallel Rigid Body Simulation", 2012).
        """
        from simulator.world import motion

        low = np.flatnonzero(motion.sinking(self.center, self.rotation, self.corners, highest, self.awake))
        before = self.pushed[:, low]
        if self.pushed.any():
            self.pushed[:] = 0.0
        if not len(low):
            return
        part = _Hulls(self, low, surface)
        if not part.touching.any():
            return
        part.solve(friction[low], before, dt)
        self.pushed[:, low] = part.pushed
        self.velocity[:, low], self.spin[:, low] = part.velocity, part.spin
        self.pressed[low] += part.pushed.sum(axis=0)
        self.center[2, low] += 0.5 * np.maximum(part.depth.max(axis=0) - SINK, 0.0)


class _Hulls:
    """The corners (K) of some bodies (M) over the ground."""

    def __init__(self, motion: Motion, low: NDArray[np.intp], surface: Surface) -> None:
        self.rotation, self.inertia = motion.rotation[:, :, low], motion.inertia[:, None, low]
        self.mass, self.velocity, self.spin = motion.mass[low], motion.velocity[:, low], motion.spin[:, low]
        self.arm = turned(self.rotation, motion.corners[:, :, low])
        places = motion.center[:, None, low] + self.arm
        level = np.broadcast_to(motion.center[2, low], places.shape[1:])  # on a bridge, or under it
        heights, normals = surface.ground(np.concatenate([places[:2], level[None]]).reshape(3, -1).T)
        self.normal = normals.T.reshape(places.shape)
        self.depth = (heights.reshape(places.shape[1:]) - places[2]) * self.normal[2]
        self.touching = (self.depth > -NEAR) & ~motion.repeated[:, low]
        self.share = np.maximum(self.touching.sum(axis=0), 1)
        self.pushed = np.zeros_like(self.depth)

    def _ease(self, direction: Array) -> Array:
        """Speed (K, M) that an impulse of 1 N s along directions (3, K, M) gives its corner, with the mass shared."""
        torque = cross(self.arm, direction)
        twist = turned(self.rotation, turned_back(self.rotation, torque) / self.inertia)
        return self.share * (1 / self.mass + (cross(twist, self.arm) * direction).sum(axis=0))

    def _speed(self) -> Array:
        return self.velocity[:, None] + cross(self.spin[:, None], self.arm)

    def _take(self, impulse: Array) -> None:
        """Impulses (3, K, M) at the corners."""
        self.velocity = self.velocity + impulse.sum(axis=1) / self.mass
        torque = cross(self.arm, impulse).sum(axis=1)
        local = turned_back(self.rotation, torque) / self.inertia[:, 0]
        self.spin = self.spin + turned(self.rotation, local)

    def solve(self, friction: Array, before: Array, dt: float) -> None:
        """Changes ``velocity`` and ``spin``; ``pushed`` (K, M) are the impulses along the normals [N s], which are
        looked for around those of the last sub-step, ``before``.
        """
        ease = self._ease(self.normal)
        closing = (self._speed() * self.normal).sum(axis=0)
        # what is still above the ground may come down to it within this step
        bounce = np.where((closing < -1.0) & (self.depth > 0), -RESTITUTION * closing, np.minimum(self.depth, 0.0) / dt)
        # an upper bound of the ease along the ground, whichever way it slides
        slide = self.share * (1 / self.mass + (self.arm**2).sum(axis=0) / self.inertia.min(axis=0))
        rubbed = np.zeros_like(self.normal)
        self.pushed = before * self.touching
        if self.pushed.any():
            self._take(self.pushed * self.normal)
        for _ in range(ROUNDS):
            speed = self._speed()
            across = (speed * self.normal).sum(axis=0)
            pushed = np.maximum(self.pushed + (bounce - across) / ease, 0.0) * self.touching
            wanted = rubbed - (speed - across * self.normal) / slide * self.touching
            size = np.sqrt((wanted**2).sum(axis=0))
            held = wanted * np.minimum(friction * pushed / np.maximum(size, 1e-12), 1.0)
            self._take((pushed - self.pushed) * self.normal + held - rubbed)
            self.pushed, rubbed = pushed, held
