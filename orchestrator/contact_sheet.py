"""One picture that shows what a job made: the frames in which the rare things are seen best, with their labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from orchestrator.annotate import (
    ANIMALS,
    PEOPLE,
    THINGS,
    VEHICLES,
    Canvas,
    Picture,
    color_of,
    draw_objects,
    draw_returns,
    write_text,
)
from sensors.frames import CameraFrame, Frame, ObjectState, ObjectView, SceneMeta, Sweep
from sensors.recording import Recording

TILES = 8
"""Frames on a sheet."""

COLUMNS = 2
WIDTH = 960
"""Of a tile [px]."""

GAP, CAPTION, HEAD = 12, 26, 46
BACKGROUND = 30

COMMON = frozenset({"car", "van", "truck", "bus", "motorcycle", "bicycle", "adult"})
"""Classes of everyday traffic; every other class is rare."""

FEWEST_PIXELS = 40
"""Visible pixels below which a rare thing cannot be made out."""

RARE = 1e4
"""Added to the score of what is rare: more than any everyday sight can have."""


@dataclass(frozen=True)
class Moment:
    """A frame worth showing, seen by one camera.

    Attributes:
        subject: what it shows best, or None when nothing is visible.
        score: how well.
    """

    meta: SceneMeta
    frame: Frame
    camera: CameraFrame
    subject: ObjectView | None
    score: float


def make_contact_sheet(recordings: Sequence[Path], out: Path) -> None:
    """Writes the sheet as PNG, whole or not at all. Many recordings: evenly chosen ones are shown.

    Raises:
        sensors.recording.RecordingError: a recording is damaged.
    """
    chosen = [
        recordings[i * len(recordings) // min(TILES, len(recordings))] for i in range(min(TILES, len(recordings)))
    ]
    each = -(-TILES // len(chosen))
    moments = [moment for path in chosen for moment in best_moments(Recording(path), each)][:TILES]
    sheet = lay_out(moments, f"{len(recordings)} scene{'s' * (len(recordings) != 1)}")
    done, png = cv2.imencode(".png", sheet[:, :, ::-1])
    if not done:
        raise RuntimeError("OpenCV could not encode the contact sheet")
    aside = out.with_name(f".{out.name}.partial")
    aside.write_bytes(png.tobytes())
    aside.replace(out)


def best_moments(recording: Recording, count: int) -> list[Moment]:
    """The best moments of a scene, no two within the same second, in the order of time."""
    best: dict[int, Moment] = {}
    for frame in recording.frames():
        second = int(frame.time)
        for moment in _moments(recording.meta, frame):
            if second not in best or moment.score > best[second].score:
                best[second] = moment
    # An everyday sight is shown only where the scene has nothing rare.
    telling = [moment for moment in best.values() if moment.score >= RARE] or list(best.values())
    kept = sorted(telling, key=lambda moment: (-moment.score, moment.frame.time))[:count]
    return sorted(kept, key=lambda moment: moment.frame.time)


def _moments(meta: SceneMeta, frame: Frame) -> Iterator[Moment]:
    """The frame as each of its cameras sees it, with the object that it shows best."""
    states = {state.track_id: state for state in frame.objects}
    for name in sorted(frame.cameras):
        camera = frame.cameras[name]
        subject, score = None, 0.0
        for view in camera.views:
            state = states.get(view.track_id)
            if state is None or view.visible_box is None:
                continue
            if (worth := worth_of(state, view)) > score:
                subject, score = view, worth
        yield Moment(meta, frame, camera, subject, score)


def worth_of(state: ObjectState, view: ObjectView) -> float:
    """How well a view shows an object, and how much that object is worth showing."""
    worth = view.visible_pixels**0.5 * view.visible_fraction * (1 - view.truncation)
    # Moving: an animal in mid-hop says more than one that grazes. Rare things before everyday traffic.
    worth *= 1 + 0.5 * (float(np.linalg.norm(state.velocity)) > 1)
    return worth + RARE * (state.category not in COMMON and view.visible_pixels >= FEWEST_PIXELS)


def lay_out(moments: Sequence[Moment], title: str) -> Picture:
    """The sheet (H, W, 3) of all tiles, in reading order, with a head line that explains the colours."""
    tiles = [_tile(moment) for moment in moments]
    rows = [tiles[i : i + COLUMNS] for i in range(0, len(tiles), COLUMNS)]
    columns = min(COLUMNS, max(len(tiles), 1))
    width = columns * WIDTH + (columns + 1) * GAP
    height = HEAD + sum(max(len(tile) for tile in row) + GAP for row in rows)
    sheet = np.full((height, width, 3), BACKGROUND, np.uint8)
    generator = moments[0].meta.generator if moments else "longtail"
    write_text(sheet, f"{generator}  |  {title}", (GAP, 30), size=0.65)
    x = width - GAP - 330
    for text, color in (("animals", ANIMALS), ("vehicles", VEHICLES), ("people", PEOPLE), ("things", THINGS)):
        write_text(sheet, text, (x, 30), color)
        x += cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 0.5, 1)[0][0] + 20
    y = HEAD
    for row in rows:
        for k, tile in enumerate(row):
            x = GAP + k * (WIDTH + GAP)
            sheet[y : y + len(tile), x : x + WIDTH] = tile
        y += max(len(tile) for tile in row) + GAP
    return sheet


def _tile(moment: Moment) -> Picture:
    """Caption, labelled picture, and the same picture with LiDAR returns, one under the other."""
    spec = next(spec for spec in moment.meta.rig.cameras if spec.name == moment.camera.sensor)
    labelled = Canvas.of(moment.camera.image, spec, WIDTH)
    draw_objects(labelled, moment.frame, moment.camera)
    magnify(labelled, moment)
    parts = [_caption(moment), labelled.pixels]
    sweep = _sweep(moment.frame)
    if sweep is not None:
        measured = Canvas.of(moment.camera.image, spec, WIDTH)
        draw_returns(measured, moment.frame, moment.camera, sweep)
        parts.append(measured.pixels)
    return np.concatenate(parts)


def _sweep(frame: Frame) -> Sweep | None:
    return frame.sweeps[min(frame.sweeps)] if frame.sweeps else None


def _caption(moment: Moment) -> Picture:
    strip = np.full((CAPTION, WIDTH, 3), 55, np.uint8)
    speed = float(np.linalg.norm(moment.frame.ego_velocity)) * 3.6
    write_text(
        strip,
        f"{moment.meta.scenario} #{moment.meta.index}   {moment.frame.time:.2f} s   "
        f"{moment.camera.sensor}   ego {speed:.0f} km/h",
        (8, 18),
    )
    return strip


def magnify(canvas: Canvas, moment: Moment) -> None:
    """Puts a magnified cut-out of a small subject, free of drawing, into the upper corner away from it."""
    box = moment.subject.visible_box if moment.subject else None
    if box is None or moment.subject is None:
        return
    high, wide = moment.camera.image.shape[:2]
    side = max(box[2] - box[0], box[3] - box[1]) * 1.5
    inset = round(canvas.camera.height * 0.42)
    if side * canvas.scale > inset * 0.7:
        return
    side = min(max(side, 24), high, wide)
    left = round(min(max((box[0] + box[2] - side) / 2, 0), wide - side))
    top = round(min(max((box[1] + box[3] - side) / 2, 0), high - side))
    cut = moment.camera.image[top : top + round(side), left : left + round(side)]
    at = GAP if (box[0] + box[2]) / 2 > wide / 2 else canvas.camera.width - inset - GAP
    canvas.pixels[GAP : GAP + inset, at : at + inset] = cv2.resize(cut, (inset, inset), interpolation=cv2.INTER_CUBIC)
    state = next(state for state in moment.frame.objects if state.track_id == moment.subject.track_id)
    cv2.rectangle(canvas.pixels, (at, GAP), (at + inset, GAP + inset), color_of(state.category), 2)
