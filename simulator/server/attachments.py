"""Attachments that are not plainly rigid: spring arms, and sockets (bones).

Spring arms: how CARLA hangs a camera behind a car, after Unreal's ``USpringArmComponent`` as CARLA sets it up.

The arm starts at the parent's origin (``SpringArm``: 0.3 m above it, so that bumps do not bring the ground into view)
and is as long as the child was put away. It follows the parent's heading, not its pitch and roll, and lags behind it.
The child looks along the arm, turned by its own rotation. ``SpringArm`` draws the child in where the ground is in the
way; ``SpringArmGhost`` lets it pass through everything.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from simulator.server.wire import Array
from simulator.world.bodies import rotations

RIGID, SPRING_ARM, GHOST = 0, 1, 2
"""CARLA's AttachmentType."""
LAG_SPEED = 8.0
"""[1/s], CARLA's CameraRotationLagSpeed."""
LAG_STEP = 1.0 / 60.0
"""[s], Unreal's longest sub-step of the lag."""
LIFT = 0.3
"""[m] above the parent's origin at which ``SpringArm`` starts."""
PROBE = 0.12
"""[m], radius of the ball that is swept along the arm (Unreal's ProbeSize)."""
SAMPLES = 12
"""Places along the arm at which the ground is looked at."""


class SpringArm:
    """One arm and what hangs on it.

    Args:
        parent_from_child: pose (4, 4) with which the child was attached.
        ghost: whether it passes through the ground.
        ground: heights (N,) [m] of the ground under points (N, 3).

    Attributes:
        pose, previous: world_from_child (4, 4), now and one tick ago.
    """

    def __init__(
        self, parent_from_child: Array, ghost: bool, ground: Callable[[Array], Array], world_from_parent: Array
    ) -> None:
        self._ghost, self._ground = ghost, ground
        self._turn = parent_from_child[:3, :3].copy()
        self.stretch(parent_from_child[:3, 3])
        self._yaw = _yaw(world_from_parent)
        self.pose = self._place(world_from_parent)
        self.previous = self.pose

    def stretch(self, away: Array) -> None:
        """Sets where the child hangs, (3,) [m] in the parent's frame."""
        self._length = float(np.linalg.norm(away))
        towards = -away / self._length if self._length > 1e-6 else np.array([1.0, 0.0, 0.0])
        self._bearing = math.atan2(towards[1], towards[0])
        self._pitch = -math.asin(min(1.0, max(-1.0, float(towards[2]))))

    def reset(self, parent_from_child: Array, world_from_parent: Array) -> None:
        """Hangs the child elsewhere."""
        self._turn = parent_from_child[:3, :3].copy()
        self.stretch(parent_from_child[:3, 3])
        self.pose = self._place(world_from_parent)

    def follow(self, world_from_parent: Array, dt: float) -> None:
        """Moves on by a tick of ``dt`` [s]."""
        self.previous = self.pose
        away = (_yaw(world_from_parent) - self._yaw + math.pi) % (2 * math.pi) - math.pi
        steps, rest = divmod(dt, LAG_STEP)
        left = (1 - LAG_SPEED * LAG_STEP) ** int(steps) * (1 - LAG_SPEED * rest)
        self._yaw += away * (1 - left)
        self.pose = self._place(world_from_parent)

    def _place(self, world_from_parent: Array) -> Array:
        heading = np.array([self._yaw + self._bearing])
        arm = rotations(heading, np.array([self._pitch]), np.zeros(1))[0]
        start = world_from_parent[:3, 3] + np.array([0.0, 0.0, 0.0 if self._ghost else LIFT])
        length = self._length if self._ghost else self._free(start, -arm[:, 0])
        pose = np.eye(4)
        pose[:3, :3] = arm @ self._turn
        pose[:3, 3] = start - arm[:, 0] * length
        return pose

    def _free(self, start: Array, direction: Array) -> float:
        """How far [m] along ``direction`` the probe stays above the ground."""
        away = np.linspace(0.0, self._length, SAMPLES + 1)[1:]
        points = start + away[:, None] * direction
        try:
            heights = self._ground(points)
        except ValueError:  # beyond the town there is nothing to touch
            return self._length
        blocked = np.flatnonzero(points[:, 2] < heights + PROBE)
        return float(away[blocked[0] - 1]) if len(blocked) and blocked[0] else 0.0 if len(blocked) else self._length


class Socket:
    """What hangs on a bone of its parent: a wheel, a hand.

    Args:
        world_from_bone: tells the bone's pose (4, 4) now.

    Attributes:
        pose, previous: world_from_child (4, 4), now and one tick ago.
    """

    def __init__(self, bone_from_child: Array, world_from_bone: Callable[[], Array]) -> None:
        self._bone, self._hung = world_from_bone, bone_from_child
        self.pose = self.previous = world_from_bone() @ bone_from_child

    def reset(self, bone_from_child: Array, world_from_parent: Array) -> None:
        """Hangs the child elsewhere."""
        self._hung = bone_from_child
        self.pose = self._bone() @ bone_from_child

    def follow(self, world_from_parent: Array, dt: float) -> None:
        """Moves on by a tick."""
        self.previous = self.pose
        self.pose = self._bone() @ self._hung


def _yaw(pose: Array) -> float:
    return math.atan2(pose[1, 0], pose[0, 0])
