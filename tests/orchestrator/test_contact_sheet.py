"""The contact sheet picks the moments that matter and draws the labels where the objects are."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from orchestrator import contact_sheet
from orchestrator.annotate import ANIMALS, Canvas, draw_objects, draw_returns
from sensors.recording import Recording


@pytest.fixture(scope="module")
def recording(make_recording: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_recording(tmp_path_factory.mktemp("recordings"), 0, frames=16, step=3)


def test_moments_show_the_animal_and_keep_apart(recording: Path) -> None:
    moments = contact_sheet.best_moments(Recording(recording), 2)
    assert [moment.subject.track_id for moment in moments if moment.subject] == [7, 7]
    assert moments[0].frame.time < moments[1].frame.time
    assert int(moments[0].frame.time) != int(moments[1].frame.time)


def test_boxes_are_drawn_around_the_object(recording: Path) -> None:
    [moment] = contact_sheet.best_moments(Recording(recording), 1)
    [spec] = moment.meta.rig.cameras
    canvas = Canvas.of(moment.camera.image, spec, spec.width)
    before = canvas.pixels.copy()
    draw_objects(canvas, moment.frame, moment.camera)
    drawn = np.any(canvas.pixels != before, axis=2)
    near = np.zeros_like(drawn)
    for view in moment.camera.views:
        x0, y0, x1, y1 = (round(v) for v in view.amodal_box)
        assert drawn[max(y0 - 3, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 3].sum() > (x1 - x0) + (y1 - y0)
        near[max(y0 - 60, 0) : y1 + 4, max(x0 - 70, 0) : x1 + 70] = True
    assert not (drawn & ~near).any()


def test_returns_on_objects_have_their_colour(recording: Path) -> None:
    [moment] = contact_sheet.best_moments(Recording(recording), 1)
    [spec] = moment.meta.rig.cameras
    canvas = Canvas.of(moment.camera.image, spec, spec.width)
    draw_returns(canvas, moment.frame, moment.camera, moment.frame.sweeps["LIDAR_TOP"])
    rows, columns = np.nonzero(np.all(canvas.pixels == ANIMALS, axis=2))
    assert moment.subject is not None and moment.subject.visible_box is not None
    x0, y0, x1, y1 = moment.subject.visible_box
    assert x0 - 15 < np.median(columns) < x1 + 15
    assert y0 - 15 < np.median(rows) < y1 + 15


def test_sheet_is_written_whole_and_shows_every_recording(make_recording: Callable[..., Path], tmp_path: Path) -> None:
    recordings = [make_recording(tmp_path, index, frames=2) for index in range(3)]
    out = tmp_path / "sheet.png"
    contact_sheet.make_contact_sheet(recordings, out)
    sheet = cv2.imread(str(out))
    assert sheet.shape[1] == 2 * contact_sheet.WIDTH + 3 * contact_sheet.GAP
    assert sheet.std() > 20
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*(r.name for r in recordings), "sheet.png"])


def test_a_scene_with_nothing_in_view_still_has_a_tile(recording: Path) -> None:
    [moment] = contact_sheet.best_moments(Recording(recording), 1)
    bare = contact_sheet.Moment(moment.meta, moment.frame, moment.camera, None, 0.0)
    assert contact_sheet.lay_out([bare], "1 scene").shape[2] == 3
