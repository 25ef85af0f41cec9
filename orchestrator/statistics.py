"""What is in a dataset, counted in one pass over its labels. Memory does not grow with the number of frames."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, Field

from orchestrator.conditions import PEOPLE, light_of, occlusion_of, range_of, weather_of
from sensors.frames import FrameLabels, ObjectState, ObjectView, SceneMeta
from sensors.recording import Recording


class Histogram(BaseModel):
    """Counts between edges: below the first, from each edge to the next, and from the last on.

    Attributes:
        unit: of the edges. edges: ascending. counts: one more than edges.
    """

    unit: str
    edges: tuple[float, ...]
    counts: list[int]

    def add(self, value: float) -> None:
        """Counts a value; one that lies on an edge belongs above it."""
        self.counts[bisect_right(self.edges, value)] += 1

    @property
    def total(self) -> int:
        return sum(self.counts)


HISTOGRAMS: dict[str, tuple[str, tuple[float, ...]]] = {
    "distance": ("m", (5, 10, 20, 30, 40, 60, 80, 100)),
    "pixel height": ("px", (10, 25, 40, 60, 100, 200, 400)),
    "visible share": ("%", (10, 25, 50, 75, 90, 99)),
    "LiDAR returns": ("", (1, 5, 10, 30, 100, 300, 1000)),
    "speed": ("km/h", (1, 5, 10, 20, 30, 50, 80)),
    "ego speed": ("km/h", (1, 10, 30, 50, 70, 100)),
    "body height": ("m", (1.0, 1.2, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9)),
}
"""Unit and edges of each. 25 and 40 px are the least heights of KITTI's moderate and easy levels."""


def _empty() -> dict[str, Histogram]:
    return {
        name: Histogram(unit=unit, edges=edges, counts=[0] * (len(edges) + 1))
        for name, (unit, edges) in HISTOGRAMS.items()
    }


class Statistics(BaseModel):
    """Counts over a dataset. A *label* is one object in one frame that a camera sees or a LiDAR hits.

    Attributes:
        scenes, frames: recorded. pictures, sweeps: measured. seconds: of scene time. bytes: of the recordings.
        bare_frames: without a label.
        labels: by class. tracks: individuals that were labelled, by class.
        histograms: see ``HISTOGRAMS``; one value a label, ``ego speed`` one a frame, ``body height`` one a person.
        light, weather: frames by condition.
        coverage: labels by class, range, occlusion, light and weather, joined by `` | ``.
        people: individuals by group. bodies: of people, individuals by blueprint.
        exact, estimated: views whose outlines were drawn, or guessed from boxes.
        generations: scenes by generation (0 rendered, 1 refined).
        scenarios, rigs, maps, generators: scenes by name.
    """

    scenes: int = 0
    frames: int = 0
    pictures: int = 0
    sweeps: int = 0
    seconds: float = 0.0
    bytes: int = 0
    bare_frames: int = 0
    labels: Counter[str] = Field(default_factory=Counter)
    tracks: Counter[str] = Field(default_factory=Counter)
    histograms: dict[str, Histogram] = Field(default_factory=_empty)
    light: Counter[str] = Field(default_factory=Counter)
    weather: Counter[str] = Field(default_factory=Counter)
    coverage: Counter[str] = Field(default_factory=Counter)
    people: Counter[str] = Field(default_factory=Counter)
    bodies: Counter[str] = Field(default_factory=Counter)
    exact: int = 0
    estimated: int = 0
    generations: Counter[int] = Field(default_factory=Counter)
    scenarios: Counter[str] = Field(default_factory=Counter)
    rigs: Counter[str] = Field(default_factory=Counter)
    maps: Counter[str] = Field(default_factory=Counter)
    generators: Counter[str] = Field(default_factory=Counter)


@dataclass(frozen=True)
class Label:
    """One object in one frame.

    Attributes:
        state: the object's. distance: [m] from the ego frame's origin to the box's centre.
        camera, view: the camera that shows most of it, None where no camera sees a pixel. returns: of all LiDARs.
    """

    state: ObjectState
    distance: float
    camera: str | None
    view: ObjectView | None
    returns: int


def labels_of(frame: FrameLabels) -> list[Label]:
    """The frame's objects that a camera sees or a LiDAR hits, in the order of the frame."""
    best: dict[int, tuple[str, ObjectView]] = {}
    for camera, views in frame.views.items():
        for view in views:
            shown = best.get(view.track_id)
            if view.visible_pixels > (shown[1].visible_pixels if shown else 0):
                best[view.track_id] = camera, view
    hits: Counter[int] = Counter()
    for counts in frame.returns.values():
        hits.update(counts)
    ego = frame.world_from_ego[:3, 3]
    return [
        Label(
            state,
            float(np.linalg.norm(state.world_from_box[:3, 3] - ego)),
            best[state.track_id][0] if state.track_id in best else None,
            best[state.track_id][1] if state.track_id in best else None,
            hits[state.track_id],
        )
        for state in frame.objects
        if state.track_id in best or hits[state.track_id]
    ]


class Counting:
    """Counts scene after scene, frame after frame, into ``statistics``."""

    def __init__(self) -> None:
        self.statistics = Statistics()

    def scene(self, recording: Recording) -> Iterator[tuple[FrameLabels, list[Label]]]:
        """Counts a recording while it hands on its frames and their labels.

        Raises:
            sensors.recording.RecordingError: it is damaged.
        """
        meta, total = recording.meta, self.statistics
        total.scenes += 1
        total.bytes += recording.path.stat().st_size
        total.scenarios[meta.scenario] += 1
        total.rigs[meta.rig.name] += 1
        total.maps[meta.map_name] += 1
        total.generators[meta.generator] += 1
        total.generations[meta.generation] += 1
        seen: dict[int, ObjectState] = {}
        last = 0.0
        for frame in recording.labels():
            labels = labels_of(frame)
            self._frame(meta, frame, labels)
            for label in labels:
                seen.setdefault(label.state.track_id, label.state)
            last = frame.time
            yield frame, labels
        total.seconds += last
        for state in seen.values():
            self._individual(state)

    def _frame(self, meta: SceneMeta, frame: FrameLabels, labels: list[Label]) -> None:
        total = self.statistics
        light, weather = light_of(meta.weather), weather_of(meta.weather)
        total.frames += 1
        total.pictures += len(frame.views)
        total.sweeps += len(frame.returns)
        total.bare_frames += not labels
        total.light[light] += 1
        total.weather[weather] += 1
        total.histograms["ego speed"].add(3.6 * float(np.linalg.norm(frame.ego_velocity)))
        for views in frame.views.values():
            estimated = sum(view.estimated for view in views)
            total.estimated += estimated
            total.exact += len(views) - estimated
        for label in labels:
            name, view = label.state.category, label.view
            total.labels[name] += 1
            total.histograms["distance"].add(label.distance)
            total.histograms["speed"].add(3.6 * float(np.linalg.norm(label.state.velocity)))
            if frame.returns:
                total.histograms["LiDAR returns"].add(label.returns)
            if view is not None and view.visible_box is not None:
                total.histograms["pixel height"].add(view.visible_box[3] - view.visible_box[1])
                total.histograms["visible share"].add(100 * view.visible_fraction)
            occlusion = occlusion_of(view.visible_fraction if view is not None else None)
            total.coverage[" | ".join((name, range_of(label.distance), occlusion, light, weather))] += 1

    def _individual(self, state: ObjectState) -> None:
        total = self.statistics
        total.tracks[state.category] += 1
        if state.category in PEOPLE:
            total.people[PEOPLE[state.category]] += 1
            total.bodies[state.type_id] += 1
            total.histograms["body height"].add(state.size[2])


def count(recordings: Iterable[Recording]) -> Statistics:
    """The statistics of recordings.

    Raises:
        sensors.recording.RecordingError: one is damaged.
    """
    counting = Counting()
    for recording in recordings:
        for _ in counting.scene(recording):
            pass
    return counting.statistics


def coverage_by(statistics: Statistics, *axes: int) -> dict[str, Counter[tuple[str, ...]]]:
    """Labels of each class over some of the axes of ``Statistics.coverage`` (1 range, 2 occlusion, 3 light,
    4 weather)."""
    made: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for key, number in statistics.coverage.items():
        cell = key.split(" | ")
        made[cell[0]][tuple(cell[axis] for axis in axes)] += number
    return dict(made)
