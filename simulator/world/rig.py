"""The bones that clients see and pose. People have those of CARLA's pedestrians, whatever bones their meshes hang on.

Of CARLA's 66 bones some do not bend our meshes (collar bones, eyes, fingers): they ride rigidly on the bone that does.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.skeleton import Skeleton

Array = NDArray[np.float64]
Point = tuple[float, float, float]

HIPS = 0.97
"""Height [m] of the hips of the person whose measures are below."""

_TRUNK: dict[str, tuple[str, str | Point]] = {
    "crl_hips__C": ("crl_root", "pelvis"),
    "crl_spine__C": ("crl_hips__C", "spine"),
    "crl_spine01__C": ("crl_spine__C", "chest"),
}
_HEAD: dict[str, tuple[str, str | Point]] = {
    "crl_neck__C": ("crl_spine01__C", "neck"),
    "crl_Head__C": ("crl_neck__C", "head"),
    "crl_eye__L": ("crl_Head__C", (0.088, 0.032, 1.645)),
    "crl_eye__R": ("crl_Head__C", (0.088, -0.032, 1.645)),
}
_ARM: dict[str, tuple[str, str | Point]] = {
    "crl_shoulder__L": ("crl_spine01__C", (-0.012, 0.035, 1.43)),
    "crl_arm__L": ("crl_shoulder__L", "arm.L"),
    "crl_foreArm__L": ("crl_arm__L", "forearm.L"),
    "crl_hand__L": ("crl_foreArm__L", "hand.L"),
}
_LEG: dict[str, tuple[str, str | Point]] = {
    "crl_thigh__L": ("crl_hips__C", "thigh.L"),
    "crl_leg__L": ("crl_thigh__L", "shin.L"),
    "crl_foot__L": ("crl_leg__L", "foot.L"),
    "crl_toe__L": ("crl_foot__L", "toe.L"),
    "crl_toeEnd__L": ("crl_toe__L", (0.175, 0.107, 0.02)),
}
_FINGERS: dict[str, tuple[Point, Point]] = {
    "Thumb": ((0.044, 0.264, 0.875), (0.068, 0.250, 0.815)),
    "Index": ((0.060, 0.267, 0.815), (0.064, 0.252, 0.758)),
    "Middle": ((0.042, 0.267, 0.815), (0.046, 0.252, 0.750)),
    "Ring": ((0.022, 0.267, 0.815), (0.026, 0.252, 0.746)),
    "Pinky": ((0.002, 0.267, 0.815), (0.006, 0.252, 0.758)),
}
"""First joint and tip of the left hand's fingers at rest [m]."""


def _fingers() -> dict[str, tuple[str, str | Point]]:
    bones: dict[str, tuple[str, str | Point]] = {}
    for finger, (start, end) in _FINGERS.items():
        above = "crl_hand__L"
        for place, suffix in zip(np.linspace(0, 1, 4), ("", "01", "02", "End"), strict=True):
            x, y, z = (float(a + place * (b - a)) for a, b in zip(start, end, strict=True))
            name = f"crl_hand{finger}{suffix}__L"
            bones[name] = (above, (x, y, z))
            above = name
    return bones


def _right(bones: dict[str, tuple[str, str | Point]]) -> dict[str, tuple[str, str | Point]]:
    def other(name: str) -> str:
        return name.replace("__L", "__R").replace(".L", ".R")

    return {
        other(name): (other(above), other(place) if isinstance(place, str) else (place[0], -place[1], place[2]))
        for name, (above, place) in bones.items()
    }


_LEFT_ARM = _ARM | _fingers()
PERSON = _TRUNK | _LEFT_ARM | _HEAD | _right(_LEFT_ARM) | _right(_LEG) | _LEG
"""CARLA's name of a bone: the bone above it, and the bone of our skeleton that it is, or its joint at rest [m]."""


@dataclass(frozen=True, eq=False)
class Rig:
    """Bones as clients see them.

    Attributes:
        names: B names, parents before children; the first is the root, which stands on the ground and never bends.
        parents: (B,) index of each bone's parent; -1 for the root.
        joints: (B, 3) [m], where each bone begins, rest pose, in the frame of the skinned part.
        drivers: (B,) the bone of the mesh's skeleton that each one goes with; -1 for the root.
        driven: (S,) for each bone of the mesh's skeleton the bone here that poses it.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int64]
    joints: Array
    drivers: NDArray[np.int64]
    driven: NDArray[np.int64]

    def posed(self, skinning: NDArray[np.float32]) -> Array:
        """Poses (B, 4, 4) in the skinned part's frame, from its skinning matrices (S, 4, 4)."""
        matrices = np.concatenate([skinning.astype(np.float64), np.eye(4)[None]])[self.drivers]
        poses = matrices.copy()
        poses[:, :3, 3] += np.einsum("bij,bj->bi", matrices[:, :3, :3], self.joints)
        # skinning blends matrices: what a client reads are rotations
        u, _, v = np.linalg.svd(poses[:, :3, :3])
        poses[:, :3, :3] = u @ v
        return poses

    def relative(self, poses: Array) -> Array:
        """Each bone in its parent's frame (B, 4, 4), of poses (B, 4, 4) in a common one; the root as it is."""
        above = np.where((self.parents >= 0)[:, None, None], poses[self.parents], np.eye(4))
        return np.linalg.inv(above) @ poses

    def composed(self, relative: Array) -> Array:
        """The inverse of ``relative``."""
        poses = np.array(relative)
        for index, parent in enumerate(self.parents.tolist()):
            if parent >= 0:
                poses[index] = poses[parent] @ relative[index]
        return poses

    def between(self, first: Array, second: Array, share: float) -> Array:
        """A pose ``share`` of the way from one to another, each (B, 4, 4) in the parents' frames: joints turn."""
        from scipy.spatial.transform import Rotation  # slow to import; not needed before the first walker

        start = Rotation.from_matrix(first[:, :3, :3])
        turn = (start.inv() * Rotation.from_matrix(second[:, :3, :3])).as_rotvec()
        poses = (1.0 - share) * first + share * second
        poses[:, :3, :3] = (start * Rotation.from_rotvec(share * turn)).as_matrix()
        return poses

    def skinning(self, relative: Array) -> NDArray[np.float32]:
        """Skinning matrices (S, 4, 4) that pose the mesh as ``relative`` (B, 4, 4) says."""
        poses = self.composed(relative)
        matrices = poses.copy()
        matrices[:, :3, 3] -= np.einsum("bij,bj->bi", poses[:, :3, :3], self.joints)
        return matrices[self.driven].astype(np.float32)


@functools.lru_cache(maxsize=256)
def rig_of(skeleton: Skeleton) -> Rig:
    """CARLA's bones for a person; an animal's own below a root."""
    person = {"pelvis", "spine", "palm.L"} <= set(skeleton.names)
    bones: dict[str, tuple[str, str | Point]] = (
        PERSON
        if person
        else {
            name: ("root" if parent < 0 else skeleton.names[parent], name)
            for name, parent in zip(skeleton.names, skeleton.parents, strict=True)
        }
    )
    root = "crl_root" if person else "root"
    names = (root, *bones)
    place = {name: index for index, name in enumerate(names)}
    scale = skeleton.joints[0, 2] / HIPS
    joints, drivers = np.zeros((len(names), 3)), np.full(len(names), -1)
    parents = np.array([-1, *(place[above] for above, _ in bones.values())])
    for index, (above, where) in enumerate(bones.values(), start=1):
        if isinstance(where, str):
            drivers[index] = skeleton.index(where)
            joints[index] = skeleton.joint(where)
        else:
            drivers[index] = drivers[place[above]]
            joints[index] = np.array(where) * scale
    own = {int(drivers[index]): index for index in reversed(range(len(names))) if drivers[index] >= 0}
    driven = [own.get(bone, -1) for bone in range(len(skeleton.names))]
    for bone, parent in enumerate(skeleton.parents):  # what has no bone here goes with the one above
        if driven[bone] < 0:
            driven[bone] = driven[parent]
    return Rig(names, parents, joints, drivers, np.array(driven))
