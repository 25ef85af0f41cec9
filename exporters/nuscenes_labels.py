"""What one recording holds for nuScenes: measurements, keyframes, and what was seen in them how well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sensors.frames import ObjectState, ObjectView


@dataclass(frozen=True, eq=False)
class Exposure:
    """One measurement of one sensor, without its data.

    Attributes:
        time: [s] since the scene's first frame.
        world_from_ego: (4, 4) at that time.
        file: of the data, relative to the dataset.
        is_key: whether it belongs to a keyframe.
    """

    time: float
    world_from_ego: NDArray[np.float64]
    file: str
    is_key: bool


@dataclass(frozen=True, eq=False)
class Keyframe:
    """An annotated time.

    Attributes:
        time: [s] since the scene's first frame.
        objects: as they were.
        returns: how many LiDAR returns each object gave; radar_returns: of all radars.
        views: of the objects in all cameras.
    """

    time: float
    objects: tuple[ObjectState, ...]
    returns: Mapping[int, int]
    views: tuple[ObjectView, ...]
    radar_returns: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Annotation:
    """One object in one keyframe; ``visible`` is the visible fraction over all cameras."""

    keyframe: int
    state: ObjectState
    returns: int
    radar_returns: int
    visible: float


def visible_fraction(views: Sequence[ObjectView]) -> float:
    """Share of an object that all cameras together see, in [0, 1]; nuScenes bins it into four levels.

    Of the part of the outline that lies inside pictures, what is visible (pixels of all cameras together), times the
    share of the outline that lies inside any picture (the cameras' fields hardly overlap, so shares add up to 1).
    """
    inside = [view.amodal_pixels * (1 - view.truncation) for view in views]
    if sum(inside) == 0:
        return 0.0
    visible = sum(pixels * view.visible_fraction for pixels, view in zip(inside, views, strict=True)) / sum(inside)
    return visible * min(1.0, sum(1 - view.truncation for view in views))


def annotate(keyframes: Sequence[Keyframe]) -> dict[int, list[Annotation]]:
    """Annotations by track, tracks ascending, each in the order of time.

    An object is annotated from the first to the last keyframe in which a return or a visible pixel shows it, so that
    its track has no holes while something hides it.
    """
    tracks: dict[int, list[Annotation]] = {}
    seen: dict[int, list[int]] = {}
    for index, keyframe in enumerate(keyframes):
        of_object: dict[int, list[ObjectView]] = {}
        for view in keyframe.views:
            of_object.setdefault(view.track_id, []).append(view)
        for state in keyframe.objects:
            own = of_object.get(state.track_id, [])
            returns = keyframe.returns.get(state.track_id, 0)
            radar_returns = keyframe.radar_returns.get(state.track_id, 0)
            annotation = Annotation(index, state, returns, radar_returns, visible_fraction(own))
            tracks.setdefault(state.track_id, []).append(annotation)
            if returns or radar_returns or any(view.visible_pixels for view in own):
                seen.setdefault(state.track_id, []).append(index)
    return {
        track_id: [a for a in tracks[track_id] if seen[track_id][0] <= a.keyframe <= seen[track_id][-1]]
        for track_id in sorted(seen)
    }
