"""What the catalogue hands out: a model is parts with levels of detail, and clips when it moves its body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Mesh
from assets.skeleton import Skeleton
from assets.tags import Tag


@dataclass(frozen=True, eq=False)
class Part:
    """A piece that moves as one: a car's body, a wheel, a rider, a whole skinned animal.

    Attributes:
        name: ``body``; wheels are ``wheel_front_left``, ``wheel_front_right``, ``wheel_rear_left``,
            ``wheel_rear_right`` (a two-wheeler: ``wheel_front``, ``wheel_rear``), axle along y through their origin.
        lods: meshes, finest first; all skinned by the same bones or all rigid.
        body_from_part: (4, 4) float64, rest pose.
        tag: semantic tag of every face.
    """

    name: str
    lods: tuple[Mesh, ...]
    body_from_part: NDArray[np.float64]
    tag: Tag


@dataclass(frozen=True, eq=False)
class Clip:
    """A periodic motion of a skinned body.

    Attributes:
        name: ``stand``, ``graze``, ``alert``, ``walk``, ``run``, ``hop``; of people also ``sit``,
            ``crouch``, ``wave``, ``halt``.
        speeds: ground speeds [m/s] for which the clip looks right; (0, 0) for motions on the spot.
        stride: metres covered in one cycle; 0 for motions on the spot.
        period: seconds of one cycle; only read for motions on the spot.
        pose: phase in [0, 1) -> skinning matrices (B, 4, 4) float32, part frame, a hop's lift included;
            pose(0) = pose(1).
        asked: whether it plays only when the walker is told to.
    """

    name: str
    speeds: tuple[float, float]
    stride: float
    period: float
    pose: Callable[[float], NDArray[np.float32]]
    asked: bool = False


@dataclass(frozen=True, eq=False)
class Model:
    """A thing that can be placed in a world.

    Attributes:
        name: catalogue name, e.g. ``animal.kangaroo``.
        category: class in Longtail's taxonomy (``sensors.taxonomy``), e.g. ``animal.kangaroo``, ``car``.
        parts: at least one; a skinned model has exactly one skinned part.
        size: (length, width, height) [m] of the axis-aligned box around the rest pose, mirrors included.
        center: (3,) [m], that box's centre in the body frame.
        clips: motions; empty for rigid things.
        skeleton: the bones that the clips pose, in the skinned part's frame; None for rigid things.
    """

    name: str
    category: str
    parts: tuple[Part, ...]
    size: tuple[float, float, float]
    center: tuple[float, float, float]
    clips: tuple[Clip, ...] = ()
    skeleton: Skeleton | None = None

    def clip(self, name: str) -> Clip:
        """The clip of that name; raises KeyError naming the clips there are."""
        for clip in self.clips:
            if clip.name == name:
                return clip
        raise KeyError(f"{self.name} has no clip {name!r}; it has {', '.join(c.name for c in self.clips) or 'none'}")

    def gait(self, speed: float) -> Clip:
        """The moving clip whose speed range holds or is nearest to ``speed`` [m/s]; raises KeyError without one."""
        moving = [clip for clip in self.clips if clip.stride > 0]
        if not moving:
            raise KeyError(f"{self.name} has no clip that moves")
        return min(moving, key=lambda clip: max(clip.speeds[0] - speed, speed - clip.speeds[1], 0.0))
