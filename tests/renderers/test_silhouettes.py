"""Outlines against brute force: each object drawn alone on a picture three times as large."""

from __future__ import annotations

import numpy as np
import pytest

from renderers.raster import Raster
from renderers.scene import Pinhole, Scene

from .shapes import CAMERA, body, box, looking, pose

WIDE = Pinhole(
    3 * CAMERA.width, 3 * CAMERA.height, CAMERA.fx, CAMERA.fy, CAMERA.cx + CAMERA.width, CAMERA.cy + CAMERA.height
)


@pytest.mark.parametrize(
    "eye",
    [looking(), looking(2.0, 1.0, 1.2, 0.6), looking(11.0, -1.9, 1.0), looking(4, 0, 1, -1.2)],
    ids=["all in view", "cut by the border", "beside the camera", "turned away"],
)
def test_equal_to_brute_force(raster: Raster, street: Scene, eye: np.ndarray) -> None:
    ids = {part.object_id for part in street.bodies}
    found = raster.silhouettes(street, CAMERA, eye, ids)
    for object_id in ids:
        alone = Scene((), [part for part in street.bodies if part.object_id == object_id])
        mask = raster.draw(alone, WIDE, eye, shaded=False).object_id == object_id
        if not mask.any():
            assert object_id not in found
            continue
        rows, columns = np.nonzero(mask)
        outline = found[object_id]
        inside = mask[CAMERA.height : 2 * CAMERA.height, CAMERA.width : 2 * CAMERA.width].sum()
        # The outline's edge may fall on the other side of a pixel's centre by the rounding of float32.
        assert abs(outline.pixels - mask.sum()) <= 1 + 1e-4 * mask.sum()
        assert abs(outline.pixels_inside - inside) <= 1 + 1e-4 * inside
        expected = (
            columns.min() - CAMERA.width,
            rows.min() - CAMERA.height,
            columns.max() + 1 - CAMERA.width,
            rows.max() + 1 - CAMERA.height,
        )
        assert np.abs(np.subtract(outline.box, expected)).max() <= 1
        x0, y0, x1, y1 = (int(side) for side in outline.box)
        assert outline.mask.shape == (y1 - y0, x1 - x0) and outline.mask.sum() == outline.pixels
        there = mask[y0 + CAMERA.height : y1 + CAMERA.height, x0 + CAMERA.width : x1 + CAMERA.width]
        assert (there != outline.mask).sum() <= 1 + 1e-4 * mask.sum()


def test_occluded_objects_keep_their_outline_and_parts_count_together(raster: Raster) -> None:
    wall, car = body(box((0.2, 10, 6)), pose(5, 0, 1), 1), box((2, 2, 1))
    hidden = [body(car, pose(15, 0, 0.5), 2), body(car, pose(15, 0, 1.5), 2)]
    scene = Scene((), [wall, *hidden])
    assert not (raster.draw(scene, CAMERA, looking(), shaded=False).object_id == 2).any()
    both = raster.silhouettes(scene, CAMERA, looking(), [2])
    whole = raster.silhouettes(Scene((), [body(box((2, 2, 2)), pose(15, 0, 1), 2)]), CAMERA, looking(), [2])
    assert list(both) == [2] and abs(both[2].pixels - whole[2].pixels) <= 1


def test_behind_the_camera_is_left_out(raster: Raster) -> None:
    scene = Scene((), [body(box((2, 2, 2)), pose(-10, 0, 1), 9), body(box((2, 2, 2)), pose(10, 0, 1), 10)])
    assert list(raster.silhouettes(scene, CAMERA, looking(), [9, 10, 11])) == [10]


def test_outlines_have_an_end(raster: Raster) -> None:
    """The camera inside of an open-ended box sees no more than a picture beyond each border."""
    outline = raster.silhouettes(Scene((), [body(box((8, 0.5, 3)), pose(1, -0.6, 1), 1)]), CAMERA, looking(), [1])[1]
    x0, y0, x1, y1 = outline.box
    assert x0 >= -CAMERA.width and y0 >= -CAMERA.height and x1 <= 2 * CAMERA.width and y1 <= 2 * CAMERA.height
    assert outline.pixels >= outline.pixels_inside > 0


def test_many_objects_fit(raster: Raster) -> None:
    cube = box((1.5, 1.5, 1.5))
    bodies = [body(cube, pose(3 + 0.2 * i, (i % 9 - 4) * 0.8, 1), i + 1) for i in range(120)]
    found = raster.silhouettes(Scene((), bodies), CAMERA, looking(), range(1, 121))
    assert list(found) == list(range(1, 121))
