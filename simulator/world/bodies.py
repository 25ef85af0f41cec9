"""What all bodies share: pose, motion, how they look, and the box around their posed meshes."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from assets.mesh import Mesh
from assets.model import Model
from renderers.scene import Instance

GRAVITY = 9.81
"""[m/s^2], as in the CommonRoad vehicle models."""

Array = NDArray[np.float64]

PROP_FRICTION = 0.6
"""Of cones, bins and boxes sliding on asphalt."""


class Surface(Protocol):
    """What bodies need of a town: the ground under points (N, 2) [m]."""

    def ground(self, points: Array) -> tuple[Array, Array]:
        """Heights (N,) [m] and unit normals (N, 3)."""
        ...

    def friction(self, points: Array) -> Array:
        """Friction (N,), 1 is dry road."""
        ...


def rotations(yaw: Array, pitch: Array, roll: Array) -> Array:
    """World-from-body rotations (N, 3, 3) from angles (N,) [rad]: about x, then about y, then about z."""
    (cy, sy), (cp, sp), (cr, sr) = ((np.cos(angle), np.sin(angle)) for angle in (yaw, pitch, roll))
    rows = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def upright(position: Array, yaw: float) -> Array:
    """Pose (4, 4) at ``position`` (3,) [m], turned by ``yaw`` [rad] about the vertical."""
    c, s = np.cos(yaw), np.sin(yaw)
    pose = np.eye(4)
    pose[:2, :2] = [[c, -s], [s, c]]
    pose[:3, 3] = position
    return pose


def angles(pose: Array) -> tuple[float, float, float]:
    """Yaw, pitch and roll [rad] of a pose (4, 4); the inverse of ``rotations``."""
    return (
        float(np.arctan2(pose[1, 0], pose[0, 0])),
        float(-np.arcsin(np.clip(pose[2, 0], -1.0, 1.0))),
        float(np.arctan2(pose[2, 1], pose[2, 2])),
    )


def rigid(pose: Array) -> Array:
    """A copy of ``pose`` as (4, 4) float64; raises ValueError when it is not a finite rigid motion."""
    pose = np.array(pose, dtype=np.float64)
    if pose.shape != (4, 4) or not np.isfinite(pose).all() or abs(np.linalg.det(pose[:3, :3]) - 1.0) > 1e-3:
        raise ValueError(f"a body's pose must be a finite rigid (4, 4) matrix, not\n{pose}")
    return pose


def transformed(pose: Array, points: NDArray[np.floating]) -> Array:
    """Points (N, 3) moved by ``pose`` (4, 4)."""
    return points @ pose[:3, :3].T + pose[:3, 3]


def bounds_box(points: Array, world_from_frame: Array) -> tuple[Array, tuple[float, float, float]]:
    """The box around ``points`` (N, 3) given in a frame: world_from_box (4, 4) and (length, width, height) [m]."""
    low, high = points.min(axis=0), points.max(axis=0)
    world_from_box = world_from_frame.copy()
    world_from_box[:3, 3] = world_from_frame[:3, :3] @ ((low + high) / 2) + world_from_frame[:3, 3]
    length, width, height = (float(extent) for extent in high - low)
    return world_from_box, (length, width, height)


def gathered(rows: Iterable[NDArray[np.void]], dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """Structured rows in one array; ``numpy.concatenate`` takes 20 us to compare dtypes for each."""
    return np.frombuffer(b"".join(row.tobytes() for row in rows), dtype).copy()


@dataclass(eq=False)
class Body:
    """A thing with a pose. As it is, a prop: it stays where it is put until something pushes it, then slides to rest.

    Attributes:
        actor_id: 1..2^32-1.
        world_from_body, previous_world_from_body: (4, 4), now and one tick ago.
        velocity, acceleration, angular_velocity: (3,), world frame [m/s, m/s^2, rad/s].
        simulate_physics: False: moves only when teleported, and nothing can push it.
        collides: whether it touches others.
        gravity: whether it falls.
        tint: linear RGB that multiplies painted materials.
        lamps: lamp groups that are lit.
        target_velocity, target_angular_velocity: (3,), world; taken over at the start of the next step, then None.
        constant_velocity: (3,), body frame; held until set to None.
        mass: [kg].
    """

    actor_id: int
    model: Model
    world_from_body: Array
    mass: float
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    lamps: frozenset[str] = frozenset()
    simulate_physics: bool = True
    collides: bool = True
    gravity: bool = True
    target_velocity: Array | None = None
    target_angular_velocity: Array | None = None
    constant_velocity: Array | None = None
    velocity: Array = field(default_factory=lambda: np.zeros(3))
    acceleration: Array = field(default_factory=lambda: np.zeros(3))
    angular_velocity: Array = field(default_factory=lambda: np.zeros(3))

    def __post_init__(self) -> None:
        self.world_from_body = rigid(self.world_from_body)
        self.previous_world_from_body = self.world_from_body
        self._rendered = self.world_from_body  # the pose at the end of the last step
        self._velocity_before = self.velocity
        self._instances: list[Instance] | None = None
        self._rest = np.stack([part.body_from_part for part in self.model.parts])

    # -- motion -------------------------------------------------------------------------------------------------------

    def place(self, world_from_body: Array) -> None:
        """Moves the body at once; its velocity stays."""
        self.world_from_body = rigid(world_from_body)

    def push(self, velocity_change: Array, yaw_rate_change: float) -> None:
        """Changes velocity (3,) [m/s] and yaw rate [rad/s], world frame."""
        self.velocity = self.velocity + velocity_change
        self.angular_velocity = self.angular_velocity + np.array([0.0, 0.0, yaw_rate_change])

    def slide(self, surface: Surface, dt: float) -> None:
        """Slides to rest after a push, at the height above the ground that it was put at."""
        if not self.simulate_physics or not (self.velocity.any() or self.angular_velocity.any()):
            return
        here = self.world_from_body[:2, 3]
        pace, spin = float(np.hypot(*self.velocity[:2])), float(self.angular_velocity[2])
        velocity = self.velocity[:2] * (max(0.0, 1.0 - PROP_FRICTION * GRAVITY * dt / pace) if pace > 0 else 0.0)
        spin = np.sign(spin) * max(0.0, abs(spin) - 2 * PROP_FRICTION * GRAVITY / max(self.model.size[:2]) * dt)
        heights, _ = surface.ground(np.array([here, here + velocity * dt]))
        pose = self.world_from_body.copy()
        pose[:3, :3] = rotations(np.array([spin * dt]), np.zeros(1), np.zeros(1))[0] @ pose[:3, :3]
        pose[:3, 3] += velocity[0] * dt, velocity[1] * dt, heights[1] - heights[0]
        self.world_from_body = pose
        self.velocity, self.angular_velocity = np.array([*velocity, 0.0]), np.array([0.0, 0.0, spin])

    def take_targets(self) -> None:
        """Takes over the velocities that were asked for since the last step."""
        velocity, spin = self.target_velocity, self.target_angular_velocity
        self.target_velocity = self.target_angular_velocity = None
        if not self.simulate_physics:
            return
        if self.constant_velocity is not None:
            velocity = self.world_from_body[:3, :3] @ np.asarray(self.constant_velocity, dtype=np.float64)
        if velocity is not None:
            self.push(np.asarray(velocity, dtype=np.float64) - self.velocity, 0.0)
        if spin is not None:
            self.push(np.zeros(3), float(spin[2] - self.angular_velocity[2]))

    def begin(self) -> None:
        """Start of a step: what was now becomes one tick ago."""
        self.previous_world_from_body = self._rendered
        self._velocity_before = self.velocity

    def finish(self, dt: float) -> None:
        """End of a step of ``dt`` [s]: acceleration, and the velocities of bodies that are only teleported."""
        if not self.simulate_physics:
            turned = self.world_from_body[:3, :3] @ self.previous_world_from_body[:3, :3].T
            axis = np.array([turned[2, 1] - turned[1, 2], turned[0, 2] - turned[2, 0], turned[1, 0] - turned[0, 1]])
            sine = np.linalg.norm(axis)  # twice the sine of the angle
            angle = np.arctan2(sine, np.trace(turned) - 1.0)
            self.angular_velocity = axis * (angle / (sine * dt)) if sine > 1e-9 else np.zeros(3)
            self.velocity = (self.world_from_body[:3, 3] - self.previous_world_from_body[:3, 3]) / dt
        self.acceleration = (self.velocity - self._velocity_before) / dt
        self._rendered = self.world_from_body

    # -- looks --------------------------------------------------------------------------------------------------------

    def part_poses(self) -> Array:
        """body_from_part (P, 4, 4) of every part as it stands now."""
        return self._rest

    def previous_part_poses(self) -> Array:
        """body_from_part (P, 4, 4) of every part one tick ago."""
        return self._rest

    def instances(self) -> list[Instance]:
        """Every part, now and one tick ago; the same objects each tick."""
        if self._instances is None:
            self._instances = [
                Instance(part.lods, self.world_from_body, self.world_from_body, self.actor_id, part.tag)
                for part in self.model.parts
            ]
        now = self.world_from_body @ self.part_poses()
        before = self.previous_world_from_body @ self.previous_part_poses()
        for instance, pose, previous in zip(self._instances, now, before, strict=True):
            instance.world_from_mesh, instance.previous_world_from_mesh = pose, previous
            instance.tint, instance.lamps = self.tint, self.lamps
        return self._instances

    def box(self) -> tuple[Array, tuple[float, float, float]]:
        """world_from_box (4, 4) and (length, width, height) [m], tight to the vertices of the finest meshes."""
        points = [
            transformed(pose, hull(part.lods[0]))
            for part, pose in zip(self.model.parts, self.part_poses(), strict=True)
        ]
        return bounds_box(np.concatenate(points), self.world_from_body)


@functools.lru_cache(maxsize=4096)
def hull(mesh: Mesh) -> NDArray[np.float32]:
    """The vertices (H, 3) [m] of a rigid mesh's convex hull: its extremes, however it is turned."""
    try:
        return mesh.vertices[ConvexHull(mesh.vertices).vertices]
    except QhullError:  # a flat mesh has none
        return mesh.vertices


def in_order(bodies: dict[int, Body]) -> Sequence[Body]:
    """Bodies by rising actor id, so that nothing depends on the order in which they were added."""
    return [bodies[actor_id] for actor_id in sorted(bodies)]
