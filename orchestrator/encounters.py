"""What happened in a scene, told from its labels alone by surrogate measures of safety."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from orchestrator.contact_sheet import COMMON
from orchestrator.statistics import Label
from sensors.frames import FrameLabels, ObjectState, SceneMeta
from sensors.geometry import inverse, transformed

REACH = 40.0
"""[m] from the ego within which things are looked at."""

CRITICAL = 1.5
"""[s] Time to collision below which an encounter is a serious conflict (van der Horst, 1990)."""

NEAR = 1.0
"""[m] Gap below which a moving ego has had a close pass."""

HARD_BRAKING = 4.9
"""[m/s^2] 0.5 g: the braking that marks a near crash in the 100-Car Study (Dingus et al., 2006)."""

SUSTAINED = 0.5
"""[s] over which braking is taken: simulated accelerations have spikes."""

REAR_OVERHANG = 0.2
"""Of the ego's length, behind the rear axle. Recordings do not tell it; cars have 0.18 to 0.24."""


@dataclass
class Encounter:
    """A scene as its ego met it.

    Attributes:
        meta: the scene's. subject: class of the thing that matters: the rare one that came nearest, else any.
        time: of the smallest gap [s]. gap: between footprints [m], inf when nothing came near.
        ttc: least time to collision at unchanged speeds [s], inf without approach.
        braking: the ego's hardest [m/s^2].
        crosses: the subject went from one side of the ego to the other ahead of it; ``ahead`` [m] at that moment.
        kinds: what to call it, the most serious first.
    """

    meta: SceneMeta
    subject: str = ""
    track_id: int = 0
    time: float = 0.0
    gap: float = float("inf")
    ttc: float = float("inf")
    braking: float = 0.0
    ahead: float | None = None
    kinds: list[str] = field(default_factory=list)


KINDS = ("contact", "serious conflict", "close pass", "hard braking", "crosses ahead", "no conflict")
"""In falling order of severity."""


@dataclass
class _Track:
    category: str
    gap: float = float("inf")
    time: float = 0.0
    ttc: float = float("inf")
    near: float = float("inf")  # the smallest gap while the ego moved
    side: float = 0.0
    ahead: float | None = None


class Watch:
    """Looks at a scene frame by frame; ``told`` says what happened."""

    def __init__(self, meta: SceneMeta) -> None:
        self._meta = meta
        self._tracks: dict[int, _Track] = {}
        self._braking = 0.0
        self._speeds: deque[tuple[float, float]] = deque()

    def look(self, frame: FrameLabels, labels: Sequence[Label]) -> None:
        """Takes in a frame; frames come in their order."""
        forward = frame.world_from_ego[:3, 0]
        speed = float(forward @ frame.ego_velocity)
        self._speeds.append((frame.time, speed))
        while frame.time - self._speeds[0][0] > SUSTAINED + 1e-6:
            self._speeds.popleft()
        if (lapse := frame.time - self._speeds[0][0]) > SUSTAINED * 0.9:
            self._braking = max(self._braking, (self._speeds[0][1] - speed) / lapse)
        near = [label.state for label in labels if label.distance <= REACH]
        if not near:
            return
        ego_from_world = inverse(frame.world_from_ego)
        ego, others = _ego(self._meta.ego_size), _footprints(ego_from_world, near)
        gaps = shapely.distance(shapely.polygons(others), shapely.polygons(ego))
        velocities = np.array([state.velocity for state in near]) - frame.ego_velocity
        times = times_to_collision(ego, others, (velocities @ frame.world_from_ego[:3, :3])[:, :2])
        for state, gap, ttc in zip(near, gaps.tolist(), times.tolist(), strict=True):
            track = self._tracks.setdefault(state.track_id, _Track(state.category))
            if gap < track.gap:
                track.gap, track.time = gap, frame.time
            if speed > 1:
                track.near = min(track.near, gap)
            track.ttc = min(track.ttc, ttc)
            at = ego_from_world[:3, :3] @ (state.world_from_box[:3, 3] - frame.world_from_ego[:3, 3])
            if track.side * at[1] < 0 and at[0] > 0 and np.linalg.norm(state.velocity[:2]) > 0.3:
                track.ahead = float(at[0])
            track.side = float(at[1]) or track.side  # on the line itself it is on neither side

    def told(self) -> Encounter:
        """What the scene's subject did; call it after the last frame."""
        if not self._tracks:
            return Encounter(self._meta, braking=self._braking, kinds=self._kinds(None))
        track_id, track = min(self._tracks.items(), key=lambda item: (item[1].category in COMMON, item[1].gap, item[0]))
        return Encounter(
            self._meta, track.category, track_id, track.time, track.gap, track.ttc, self._braking, track.ahead,
            self._kinds(track),
        )  # fmt: skip

    def _kinds(self, track: _Track | None) -> list[str]:
        said = (
            track is not None and track.gap <= 0,
            track is not None and track.ttc < CRITICAL,
            track is not None and track.near < NEAR,
            self._braking >= HARD_BRAKING,
            track is not None and track.ahead is not None,
        )
        return [kind for kind, true in zip(KINDS, said, strict=False) if true] or [KINDS[-1]]


def times_to_collision(
    ego: NDArray[np.float64], others: NDArray[np.float64], velocities: NDArray[np.float64]
) -> NDArray[np.float64]:
    """When rectangles will touch the ego if everything keeps its velocity: separating axes, swept.

    Args:
        ego: (4, 2) corners [m]. others: (N, 4, 2). velocities: (N, 2) of the others relative to the ego [m/s].

    Returns:
        (N,) [s], 0 where they touch already, inf where they never will.
    """
    own = np.broadcast_to(np.diff(ego[:3], axis=0), (len(others), 2, 2))
    edges = np.concatenate([own, np.diff(others[:, :3], axis=1)], axis=1)
    axes = edges / np.linalg.norm(edges, axis=2, keepdims=True)  # (N, 4, 2); of a rectangle, sides are also normals
    mine, theirs = ego @ np.swapaxes(axes, 1, 2), others @ np.swapaxes(axes, 1, 2)  # (N, 4 corners, 4 axes)
    speed = np.einsum("nax,nx->na", axes, velocities)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        first = (mine.min(1) - theirs.max(1)) / speed
        second = (mine.max(1) - theirs.min(1)) / speed
    still = np.abs(speed) < 1e-9
    apart = (theirs.max(1) < mine.min(1)) | (theirs.min(1) > mine.max(1))
    enter = np.where(still, np.where(apart, np.inf, -np.inf), np.minimum(first, second)).max(axis=1)
    leave = np.where(still, np.where(apart, -np.inf, np.inf), np.maximum(first, second)).min(axis=1)
    return np.where((enter <= leave) & (leave >= 0), np.maximum(enter, 0.0), np.inf)


def _ego(size: tuple[float, float, float]) -> NDArray[np.float64]:
    """(4, 2) corners of the ego's footprint in its own frame [m]."""
    rear, side = -REAR_OVERHANG * size[0], size[1] / 2
    return np.array([(rear, -side), (rear + size[0], -side), (rear + size[0], side), (rear, side)])


def _footprints(ego_from_world: NDArray[np.float64], states: Sequence[ObjectState]) -> NDArray[np.float64]:
    """(N, 4, 2) corners of objects seen from above, in the ego's frame [m]."""
    corners = []
    for state in states:
        half = np.array(state.size) / 2 * _CORNERS
        corners.append(transformed(ego_from_world @ state.world_from_box, half)[:, :2])
    return np.stack(corners)


_CORNERS = np.array([(1.0, 1, 0), (1, -1, 0), (-1, -1, 0), (-1, 1, 0)])
