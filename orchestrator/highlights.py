"""The frames that a report shows: the best sights of what the dataset is for, and the hardest to learn from."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from orchestrator.annotate import FEWEST_PIXELS, Canvas, draw_objects
from orchestrator.contact_sheet import COMMON, Moment, magnify, worth_of
from orchestrator.statistics import Label
from sensors.frames import Frame, FrameLabels
from sensors.recording import Recording

SHOWN = 4
"""Frames of each sort."""

WIDTH, QUALITY = 880, 78
"""Of a picture [px], and WebP's quality [%]: about 40 kB each."""


@dataclass(frozen=True)
class Highlight:
    """A frame to be shown.

    Attributes:
        recording: in which it is. time: its [s]. camera, track_id: who shows which object.
        score: the higher, the sooner it is shown.
    """

    recording: Recording
    time: float
    camera: str
    track_id: int
    score: float


class Collector:
    """Keeps the best and the hardest frames of a dataset, one a scene, a few in all."""

    def __init__(self) -> None:
        self._best: list[tuple[float, int, Highlight]] = []
        self._hardest: list[tuple[float, int, Highlight]] = []
        self._number = 0

    def begin(self) -> None:
        """A scene begins."""
        self._scene_best: Highlight | None = None
        self._scene_hardest: Highlight | None = None

    def look(self, recording: Recording, frame: FrameLabels, labels: Sequence[Label]) -> None:
        """Takes in a frame of the scene."""
        for label in labels:
            view = label.view
            if label.camera is None or view is None or view.visible_pixels < FEWEST_PIXELS:
                continue
            worth = worth_of(label.state, view)
            if self._scene_best is None or worth > self._scene_best.score:
                self._scene_best = Highlight(recording, frame.time, label.camera, view.track_id, worth)
            # Rare things first; then what is hidden most, and of what is hidden equally the smallest.
            hard = (label.state.category not in COMMON) + 1 / (
                1 + view.visible_fraction * (1 - view.truncation) * view.visible_pixels**0.5
            )
            if self._scene_hardest is None or hard > self._scene_hardest.score:
                self._scene_hardest = Highlight(recording, frame.time, label.camera, view.track_id, hard)

    def end(self) -> None:
        """The scene ends."""
        self._number -= 1  # of two equal ones the earlier is kept
        for kept, found in ((self._best, self._scene_best), (self._hardest, self._scene_hardest)):
            if found is not None:
                heapq.heappush(kept, (found.score, self._number, found))
                if len(kept) > SHOWN:
                    heapq.heappop(kept)

    @property
    def best(self) -> list[Highlight]:
        """The best first."""
        return [each for *_, each in sorted(self._best, key=lambda item: item[:2], reverse=True)]

    @property
    def hardest(self) -> list[Highlight]:
        """The hardest first."""
        return [each for *_, each in sorted(self._hardest, key=lambda item: item[:2], reverse=True)]


@dataclass(frozen=True)
class Shot:
    """A highlight, drawn.

    Attributes:
        webp: the picture with its labels, a WebP file. width, height: [px].
        alt, caption: what is in it.
        checked, agree: labels of the frame counted anew from masks and returns, and how many came out the same.
    """

    webp: bytes
    width: int
    height: int
    alt: str
    caption: str
    checked: int
    agree: int


def shoot(highlight: Highlight) -> Shot:
    """Draws a highlight.

    Raises:
        sensors.recording.RecordingError: the recording is damaged.
    """
    meta, frame = highlight.recording.meta, highlight.recording.frame_at(highlight.time)
    camera = frame.cameras[highlight.camera]
    spec = next(spec for spec in meta.rig.cameras if spec.name == highlight.camera)
    subject = next(view for view in camera.views if view.track_id == highlight.track_id)
    state = next(state for state in frame.objects if state.track_id == highlight.track_id)
    canvas = Canvas.of(camera.image, spec, WIDTH)
    draw_objects(canvas, frame, camera)
    magnify(canvas, Moment(meta, frame, camera, subject, highlight.score))
    done, file = cv2.imencode(".webp", canvas.pixels[:, :, ::-1], [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    if not done:
        raise RuntimeError("OpenCV could not encode a picture as WebP")
    distance = np.linalg.norm(state.world_from_box[:3, 3] - camera.world_from_camera[:3, 3])
    name = state.category.removeprefix("animal.").replace("_", " ")
    share = f"{100 * subject.visible_fraction:.0f} % visible"
    if subject.truncation >= 0.005:
        share += f", {min(round(100 * subject.truncation), 99)} % outside the picture"
    others = len([view for view in camera.views if view.visible_pixels]) - 1
    checked, agree = _recount(frame)
    return Shot(
        webp=file.tobytes(),
        width=canvas.camera.width,
        height=canvas.camera.height,
        alt=f"Camera picture with 3D boxes: {name}, {distance:.0f} m away, {share}; {others} other objects labelled",
        caption=f"{name}, {distance:.0f} m, {share} · {meta.scenario} #{meta.index}, {frame.time:.2f} s, {spec.name}",
        checked=checked,
        agree=agree,
    )


def _recount(frame: Frame) -> tuple[int, int]:
    """Labels of a frame held against its pictures: (visible pixels and boxes in the instance masks; how many agree)."""
    checked = agree = 0
    for camera in frame.cameras.values():
        for view in camera.views:
            rows, columns = np.nonzero(camera.instance == view.track_id)
            box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None
            checked += 1
            agree += len(rows) == view.visible_pixels and box == view.visible_box
    return checked, agree
