"""Bones, forward kinematics and limbs that reach for a foot's place.

All joint frames are parallel to the body frame (x forward, y left, z up) in the rest pose, so a bone's rotation is at
the same time its change from the rest pose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.solids import unit

Matrix = NDArray[np.float64]


def pitch(angle: float) -> Matrix:
    """Rotation (3, 3) about y; positive turns the nose down [rad]."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def yaw(angle: float) -> Matrix:
    """Rotation (3, 3) about z; positive turns left [rad]."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def roll(angle: float) -> Matrix:
    """Rotation (3, 3) about x; positive lowers the right side [rad]."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A tree of bones.

    Attributes:
        names: B bone names, parents before children; the first is the root.
        parents: index of each bone's parent; the root's is -1.
        joints: (B, 3) float64 [m], where each bone begins, rest pose.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    joints: Matrix

    @classmethod
    def of(cls, bones: Mapping[str, tuple[str | None, tuple[float, float, float]]]) -> Skeleton:
        """From ``{name: (parent, joint)}``. A bone whose name ends in ``.L`` gets a mirror image ``.R`` (y negated)."""
        table: list[tuple[str, str | None, tuple[float, float, float]]] = []
        for name, (parent, joint) in bones.items():
            table.append((name, parent, joint))
            if name.endswith(".L"):
                table.append((mirrored(name), mirrored(parent or ""), (joint[0], -joint[1], joint[2])))
        names = tuple(row[0] for row in table)
        parents = tuple(-1 if parent is None else names.index(parent) for _, parent, _ in table)
        return cls(names, parents, np.array([joint for _, _, joint in table]))

    def index(self, name: str) -> int:
        """Index of the bone of that name; raises ValueError if there is none."""
        return self.names.index(name)

    def joint(self, name: str) -> Matrix:
        """Rest position (3,) [m] of the named bone's joint."""
        return np.asarray(self.joints[self.index(name)])


def mirrored(name: str) -> str:
    """Name of the bone on the other side; middle bones are their own."""
    return name[:-2] + ".R" if name.endswith(".L") else name


class Pose:
    """A skeleton in motion: rotations (B, 3, 3) and joint positions (B, 3), body frame."""

    def __init__(
        self, skeleton: Skeleton, turns: Mapping[str, Matrix], shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    ) -> None:
        """Forward kinematics: ``turns`` are rotations relative to the parent bone, ``shift`` [m] moves the root."""
        self.skeleton = skeleton
        count = len(skeleton.names)
        self.rotations = np.empty((count, 3, 3))
        self.positions = np.empty((count, 3))
        for i, (name, parent) in enumerate(zip(skeleton.names, skeleton.parents, strict=True)):
            turn = turns.get(name)
            if parent < 0:
                self.rotations[i] = np.eye(3) if turn is None else turn
                self.positions[i] = skeleton.joints[i] + np.asarray(shift)
                continue
            above = self.rotations[parent]
            self.rotations[i] = above if turn is None else above @ turn
            self.positions[i] = self.positions[parent] + above @ (skeleton.joints[i] - skeleton.joints[parent])

    def plant(self, limb: Limb, ball: Matrix, foot_pitch: float, toe_pitch: float, splay: float = 0.0) -> None:
        """Bends ``limb`` so that the ball of its foot stands at ``ball`` (3,) [m].

        ``foot_pitch`` and ``toe_pitch`` [rad] are absolute, 0 as at rest, positive heel up; ``splay`` [rad] turns the
        foot outward about z. The middle joint bends as at rest. Out of reach: the limb stretches towards it.
        """
        rest = self.skeleton.joints
        upper, lower, foot, toe = (self.skeleton.index(n) for n in limb.bones)
        turn = yaw(splay) @ pitch(foot_pitch)
        ankle = ball - turn @ (rest[toe] - rest[foot])
        hip = self.positions[upper]
        first, second = np.linalg.norm(rest[lower] - rest[upper]), np.linalg.norm(rest[foot] - rest[lower])
        towards = ankle - hip
        reach = float(np.clip(np.linalg.norm(towards), abs(first - second) + 1e-4, first + second - 1e-4))
        axis = unit(towards)
        side = unit(np.array([0.0, 1.0, 0.0]) - axis[1] * axis)
        along = (first**2 - second**2 + reach**2) / (2 * reach)
        bend = np.sqrt(max(first**2 - along**2, 0.0)) * limb.bend
        knee = hip + along * axis + bend * np.cross(axis, side)
        ankle = hip + reach * axis
        self.rotations[upper] = _swing(rest[lower] - rest[upper], knee - hip, side)
        self.rotations[lower] = _swing(rest[foot] - rest[lower], ankle - knee, side)
        self.rotations[foot] = turn
        self.rotations[toe] = yaw(splay) @ pitch(toe_pitch)
        self.positions[lower], self.positions[foot] = knee, ankle
        self.positions[toe] = ankle + turn @ (rest[toe] - rest[foot])

    def matrices(self) -> NDArray[np.float32]:
        """Skinning matrices (B, 4, 4) float32: rest pose to this pose."""
        result = np.zeros((len(self.rotations), 4, 4))
        result[:, :3, :3] = self.rotations
        result[:, :3, 3] = self.positions - np.einsum("bij,bj->bi", self.rotations, self.skeleton.joints)
        result[:, 3, 3] = 1.0
        return result.astype(np.float32)


def _swing(rest: Matrix, now: Matrix, side: Matrix) -> Matrix:
    """Rotation (3, 3) that turns direction ``rest`` into ``now`` in a limb's plane of bending with normal ``side``."""

    def frame(direction: Matrix, normal: Matrix) -> Matrix:
        x = unit(direction)
        y = unit(normal - (normal @ x) * x)
        return np.stack([x, y, np.cross(x, y)], axis=1)

    return np.asarray(frame(now, side) @ frame(rest, np.array([0.0, 1.0, 0.0])).T)


@dataclass(frozen=True)
class Limb:
    """A leg: thigh, shin, foot, toe (of a forelimb: upper arm, forearm, hand, hoof).

    Attributes:
        bones: names of the four bones; the last one's joint is the ball of the foot, which touches the ground.
        bend: +1 if the middle joint points forward (knees), -1 if backward (elbows).
    """

    bones: tuple[str, str, str, str]
    bend: float
