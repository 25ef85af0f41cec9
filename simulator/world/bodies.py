"""What all bodies share: pose, motion, how they look, and the box around their posed meshes."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Mesh
from assets.model import Model
from renderers.scene import Instance

GRAVITY = 9.81
"""[m/s^2], as in the CommonRoad vehicle models."""

Array = NDArray[np.float64]

SETTLED = 0.5
"""Time [s] at rest after which a body sleeps."""
CREEP = 0.03
"""Speed [m/s] below which a body counts as at rest; angular [rad/s] five times this. Braked tyres leave up to 0.017,
which CARLA's Traffic Manager does not take for standing (0.001): its cars would never leave a stop sign."""


class Surface(Protocol):
    """What bodies need of a town: the ground under points (N, 2 or 3) [m], as ``Town`` tells it."""

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


def upright(position: Array | Sequence[float], yaw: float) -> Array:
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
    """A thing with a pose. As it is, a prop: it stays where it is put until something pushes it; then it slides, flies,
    tips over and comes to rest as a rigid body (``rigid``).

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
        constant_velocity: (3,), body frame; held until set to None, but for the fall of one that has no upward part.
        mass: [kg].
        asleep: at rest, until something moves it.
        revision: counts the changes of what it is made of.
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
        self.asleep = True
        self.revision = 0
        self._still = 0.0  # how long it has been at rest [s]

    # -- what it is ---------------------------------------------------------------------------------------------------

    @property
    def center_of_mass(self) -> Array:
        """(3,) [m], body frame."""
        return np.array(self.model.center)

    @property
    def inertia(self) -> Array:
        """About the body's axes (3,) [kg m^2]: those of its box, filled."""
        x, y, z = (side**2 for side in self.model.size)
        return self.mass / 12 * np.array([y + z, x + z, x + y])

    @property
    def corners(self) -> Array:
        """Points (K, 3) [m], body frame, with which it stands on the ground and strikes it."""
        return extremes(self.model)

    def twisted(self, angular_impulse: Array) -> Array:
        """Change of angular velocity (3,) [rad/s] by an angular impulse (3,) [N m s], world frame."""
        rotation = self.world_from_body[:3, :3]
        return rotation @ ((rotation.T @ angular_impulse) / self.inertia)

    # -- motion -------------------------------------------------------------------------------------------------------

    def place(self, world_from_body: Array) -> None:
        """Moves the body at once; its velocity stays."""
        self.world_from_body = rigid(world_from_body)

    def push(self, velocity_change: Array, spin_change: Array) -> None:
        """Changes velocity (3,) [m/s] and angular velocity (3,) [rad/s], world frame."""
        self.velocity = self.velocity + velocity_change
        self.angular_velocity = self.angular_velocity + spin_change
        self.wake()

    def wake(self) -> None:
        """Lets it move."""
        self._still, self.asleep = 0.0, False

    def settle(self, calm: bool, dt: float) -> None:
        """Counts how long it has been ``calm``; lays it to rest when it has been for ``SETTLED``."""
        self._still = self._still + dt if calm else 0.0
        self.asleep = self._still >= SETTLED
        if self.asleep:
            self.velocity, self.angular_velocity = np.zeros(3), np.zeros(3)

    def take_targets(self) -> None:
        """Takes over the velocities that were asked for since the last step."""
        velocity, spin = self.target_velocity, self.target_angular_velocity
        self.target_velocity = self.target_angular_velocity = None
        if not self.simulate_physics:
            return
        if self.constant_velocity is not None:
            velocity = held_velocity(self.world_from_body[:3, :3], self.constant_velocity, self.velocity)
        if velocity is not None:
            self.push(np.asarray(velocity, dtype=np.float64) - self.velocity, np.zeros(3))
        if spin is not None:
            self.push(np.zeros(3), np.asarray(spin, dtype=np.float64) - self.angular_velocity)

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
    from scipy.spatial import ConvexHull, QhullError  # slow to import; not needed before the first body

    try:
        return mesh.vertices[ConvexHull(mesh.vertices).vertices]
    except QhullError:  # a flat mesh has none
        return mesh.vertices


@functools.lru_cache(maxsize=1024)
def extremes(model: Model) -> Array:
    """The points (K, 3) [m] of a model's body, without its wheels, that lie farthest out on 14 sides."""
    points = np.concatenate(
        [transformed(part.body_from_part, hull(part.lods[0])) for part in model.parts if "wheel" not in part.name]
    )
    middle, half = (points.min(axis=0) + points.max(axis=0)) / 2, np.ptp(points, axis=0) / 2
    sides = [
        (x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if abs(x) + abs(y) + abs(z) in (1, 3)
    ]
    reach = (points - middle) / np.maximum(half, 1e-6) @ np.array(sides, dtype=np.float64).T
    return points[np.unique(reach.argmax(axis=0))].astype(np.float64)


def held_velocity(rotation: Array, wanted: Array, velocity: Array) -> Array:
    """World velocity (3,) of a body that holds ``wanted`` (3,) in its own frame; without an upward part it may fall."""
    held = rotation @ np.asarray(wanted, dtype=np.float64)
    if not wanted[2]:
        held = held + rotation[:, 2] * (rotation[:, 2] @ velocity)
    return held


def in_order(bodies: dict[int, Body]) -> Sequence[Body]:
    """Bodies by rising actor id, so that nothing depends on the order in which they were added."""
    return [bodies[actor_id] for actor_id in sorted(bodies)]
