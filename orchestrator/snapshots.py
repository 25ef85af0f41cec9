"""What a viewer shows of a moment, whatever file it comes from: recordings here, datasets beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.tags import Tag
from orchestrator.annotate import Color, color_of
from orchestrator.encounters import Encounter, Watch
from orchestrator.statistics import labels_of
from sensors.frames import Box2D, Frame, ObjectView, Sweep
from sensors.geometry import transformed
from sensors.messages import StoredCameraFrame
from sensors.recording import Recording

Palette = dict[int, tuple[str, Color]]
"""Name and colour (RGB) of each class id."""


@dataclass(frozen=True)
class Solid:
    """A 3D box. ``key``: names its track, empty where the format knows no tracks; ``share``: visible, in [0, 1],
    None where unknown."""

    key: str
    kind: int
    text: str
    world_from_box: NDArray[np.float64]
    size: tuple[float, float, float]
    share: float | None = None


@dataclass(frozen=True)
class Picture:
    """A camera's picture: the bytes of its file and their ``media_type``; ``matrix`` (3, 3) its intrinsics [px];
    ``depth`` (H, W) [m]; ``boxes``: class id, text and extent of what it sees."""

    camera: str
    file: bytes
    media_type: str
    size: tuple[int, int]
    matrix: NDArray[np.float64]
    world_from_camera: NDArray[np.float64]
    boxes: Sequence[tuple[int, str, Box2D]] = ()
    depth: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Cloud:
    """A sweep: ``points`` (N, 3) world [m], ``kinds`` (N,) class ids."""

    sensor: str
    points: NDArray[np.float32]
    kinds: NDArray[np.uint16]


@dataclass(frozen=True)
class Snapshot:
    """A moment. ``time`` [s] since the scene's begin; ``speed`` of the ego [m/s], None where unknown."""

    time: float
    world_from_ego: NDArray[np.float64]
    solids: Sequence[Solid] = ()
    pictures: Sequence[Picture] = ()
    clouds: Sequence[Cloud] = ()
    speed: float | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened: when [s], where in the world [m], and what."""

    time: float
    position: NDArray[np.float64]
    text: str


@dataclass(frozen=True)
class Show:
    """A scene to be looked at.

    Attributes:
        name: of the scene, unique within what it was read from. title: what happens. palette: of its class ids.
        cameras: their names, those that matter most first. path: (N, 3) of the ego's positions in the world [m].
        snapshots: gives the moments in their order. events: in their order.
        measured: the source tells depth, visible shares and the ego's speed.
    """

    name: str
    title: str
    palette: Palette
    cameras: tuple[str, ...]
    path: NDArray[np.float64]
    snapshots: Callable[[], Iterator[Snapshot]]
    events: tuple[Event, ...] = ()
    measured: bool = False


LEVEL: Palette = {
    tag.value: (tag.name.lower().replace("_", " "), (120, 126, 135))
    for tag in Tag
} | {
    Tag.ROADS: ("road", (92, 98, 110)),
    Tag.ROAD_LINES: ("road lines", (225, 225, 215)),
    Tag.SIDEWALKS: ("pavement", (148, 138, 160)),
    Tag.TERRAIN: ("terrain", (140, 112, 78)),
    Tag.GROUND: ("ground", (128, 110, 90)),
    Tag.VEGETATION: ("vegetation", (78, 140, 84)),
    Tag.BUILDINGS: ("building", (120, 116, 140)),
    Tag.TRAFFIC_SIGNS: ("traffic sign", (205, 180, 70)),
    Tag.TRAFFIC_LIGHT: ("traffic light", (215, 160, 60)),
}  # fmt: skip
"""CARLA's tags, quiet, so that labelled objects stand out."""

OBJECTS = 100
"""Class ids of labelled objects count from here."""


def show_recording(recording: Recording) -> Show:
    """A recording to be looked at. Reads its labels once.

    Raises:
        sensors.recording.RecordingError: it is damaged.
    """
    watch, names, path = Watch(recording.meta), set(), []
    ways: dict[int, list[tuple[float, NDArray[np.float64]]]] = {}
    for frame in recording.labels():
        watch.look(frame, labels_of(frame))
        path.append(frame.world_from_ego[:3, 3])
        for state in frame.objects:
            names.add(state.category)
            ways.setdefault(state.track_id, []).append((frame.time, state.world_from_box[:3, 3]))
    kinds = {name: OBJECTS + k for k, name in enumerate(sorted(names))}
    meta, told = recording.meta, watch.told()
    return Show(
        name=f"{meta.scenario} #{meta.index}",
        title=meta.title,
        palette=LEVEL | {kind: (words(name), color_of(name)) for name, kind in kinds.items()},
        cameras=tuple(camera.name for camera in meta.rig.cameras),
        path=np.array(path).reshape(-1, 3),
        snapshots=lambda: (_snapshot(recording, frame, kinds) for frame in recording.frames()),
        events=_events(told, ways),
        measured=True,
    )


def words(name: str) -> str:
    """A class's name for people."""
    return name.removeprefix("animal.").replace("_", " ")


def _events(told: Encounter, ways: dict[int, list[tuple[float, NDArray[np.float64]]]]) -> tuple[Event, ...]:
    if not told.subject:
        return ()
    place = next(position for time, position in ways[told.track_id] if time == told.time)
    what = ", ".join(kind for kind in told.kinds if kind != "no conflict")
    text = f"{words(told.subject)} nearest, {told.gap:.1f} m" + (f" ({what})" if what else "")
    return (Event(told.time, place, text),)


def _snapshot(recording: Recording, frame: Frame, kinds: dict[str, int]) -> Snapshot:
    states = {state.track_id: state for state in frame.objects}
    shares: dict[int, ObjectView] = {}
    for camera in frame.cameras.values():
        for view in camera.views:
            if view.track_id not in shares or view.visible_pixels > shares[view.track_id].visible_pixels:
                shares[view.track_id] = view
    pictures = []
    for spec in recording.meta.rig.cameras:
        stored = frame.cameras.get(spec.name)
        if not isinstance(stored, StoredCameraFrame):
            continue
        boxes = [
            (kinds[states[view.track_id].category], _text(states[view.track_id].category, view), view.visible_box)
            for view in stored.views
            if view.visible_box is not None and view.track_id in states
        ]
        pictures.append(
            Picture(
                spec.name,
                stored.png,
                "image/png",
                (spec.width, spec.height),
                spec.pinhole.matrix,
                stored.world_from_camera,
                boxes,
                stored.depth,
            )
        )
    solids = [
        Solid(
            f"{words(state.category)} {state.track_id}",
            kinds[state.category],
            _text(state.category, shares.get(state.track_id)),
            state.world_from_box,
            state.size,
            shares[state.track_id].visible_fraction if state.track_id in shares else None,
        )
        for state in frame.objects
    ]
    tracks = {track: kinds[state.category] for track, state in states.items()}
    clouds = [_cloud(sweep, tracks) for sweep in frame.sweeps.values()]
    speed = float(np.linalg.norm(frame.ego_velocity))
    return Snapshot(frame.time, frame.world_from_ego, solids, pictures, clouds, speed)


def _text(category: str, view: ObjectView | None) -> str:
    return words(category) if view is None else f"{words(category)} {100 * view.visible_fraction:.0f} %"


def _cloud(sweep: Sweep, tracks: dict[int, int]) -> Cloud:
    returns = sweep.returns
    points = np.stack([returns[axis] for axis in "xyz"], axis=1)
    kinds = returns["tag"].astype(np.uint16)
    for track, kind in tracks.items():
        kinds[returns["object_id"] == track] = kind
    return Cloud(sweep.sensor, transformed(sweep.world_from_lidar, points).astype(np.float32), kinds)
