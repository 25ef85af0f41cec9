"""KITTI, from the script to the files: what the scanner and the camera say of the same scene."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporters.validate import validate
from sensors.frames import CameraFrame, Frame
from sensors.geometry import inside_box
from sensors.recording import Recording

from ..exporters.kitti_reader import KittiFrame


def frames_of(out: Path) -> list[tuple[KittiFrame, Frame]]:
    """The exported frames with the recorded ones that they come from."""
    [path] = (out / "recordings").glob("*.mcap")
    recorded = [frame for frame in Recording(path).frames() if "CAM_FRONT" in frame.cameras and frame.sweeps]
    names = sorted(file.stem for file in (out / "kitti" / "training" / "image_2").iterdir())
    assert len(names) == len(recorded) > 10
    return [(KittiFrame(out / "kitti", name), frame) for name, frame in zip(names, recorded, strict=True)]


def test_the_export_is_valid(kitti_car: Path) -> None:
    assert validate(kitti_car / "kitti") == []


def test_points_land_on_the_pictures_own_depth(kitti_car: Path) -> None:
    agree = []
    for exported, frame in frames_of(kitti_car):
        camera = frame.cameras["CAM_FRONT"]
        points = exported.to_camera(exported.points[:, :3])
        returns = frame.sweeps["LIDAR_TOP"].returns
        assert len(points) == len(returns)
        still = (returns["object_id"] == 0) & (points[:, 2] > 0.5)  # the fast have moved on since their ray was fired
        seen, depth = seen_by_camera(camera, exported.to_image(points[still]), returns[still])
        error = np.abs(depth - points[still][seen][:, 2])
        agree.append(error <= 0.05 + 0.01 * points[still][seen][:, 2])
    agree = np.concatenate(agree)
    assert len(agree) > 5000 * 10
    assert agree.mean() >= 0.99


def seen_by_camera(camera: CameraFrame, pixels: np.ndarray, returns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which points the camera sees too, and its depth there.

    The scanner sits 27 cm behind the camera: each sees round edges that the other does not. Seen by both is what lies
    amid four pixels that all show the same kind of surface, flat around them. Depth is read between the pixels' centres
    by its inverse, which is linear in the picture on a plane, but not from one leaf to the next.
    """
    height, width = camera.depth.shape
    u, v = pixels.T
    inside = np.flatnonzero((u >= 1) & (v >= 1) & (u < width - 2) & (v < height - 2))
    u, v = u[inside], v[inside]
    x, y = np.floor(u).astype(int), np.floor(v).astype(int)
    four = [(y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1)]
    same = np.all([camera.semantic[at] == returns["tag"][inside] for at in four], axis=0)
    same &= np.all([camera.instance[at] == returns["object_id"][inside] for at in four], axis=0)
    with np.errstate(divide="ignore"):
        inverse = np.array([[1 / camera.depth[y + i, x + j] for j in (-1, 0, 1, 2)] for i in (-1, 0, 1, 2)])
    bend = np.maximum(
        abs(np.diff(inverse, 2, axis=0)).max(axis=(0, 1)), abs(np.diff(inverse, 2, axis=1)).max(axis=(0, 1))
    )
    smooth = bend < 0.01 * inverse[1, 1]
    a, b = u - x, v - y
    weights = [(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b]
    with np.errstate(divide="ignore"):
        depth = 1 / sum(weight / camera.depth[at] for weight, at in zip(weights, four, strict=True))
    both = same & smooth
    return inside[both], depth[both]


def test_an_objects_points_lie_in_its_box(kitti_car: Path) -> None:
    inside = []
    for exported, frame in frames_of(kitti_car):
        sweep = frame.sweeps["LIDAR_TOP"]
        world = exported.points[:, :3] @ sweep.world_from_lidar[:3, :3].T + sweep.world_from_lidar[:3, 3]
        for state in frame.objects:
            mine = sweep.returns["object_id"] == state.track_id
            # To where the object was when the ray met it; grown by three sigma of the scanner's range noise (2 cm).
            then = world[mine] - state.velocity * sweep.returns["time"][mine][:, None]
            size = tuple(side + 2 * 0.06 for side in state.size)
            inside.append(inside_box(state.world_from_box, size, then))
    inside = np.concatenate(inside)
    assert len(inside) > 100
    assert inside.mean() >= 0.99


def test_the_kangaroo_is_labelled_and_in_the_air_at_times(kitti_car: Path) -> None:
    lowest = []
    for exported, frame in frames_of(kitti_car):
        [state] = [state for state in frame.objects if state.category == "animal.kangaroo"]
        visible = {view.track_id for view in frame.cameras["CAM_FRONT"].views if view.visible_pixels}
        assert (state.track_id in visible) == ("Animal" in [label.type for label in exported.labels])
        lowest.append(state.world_from_box[2, 3] - state.size[2] / 2)
    assert max(lowest) - min(lowest) > 0.05


def test_visible_boxes_are_the_masks_extents(kitti_car: Path) -> None:
    checked = 0
    for _, frame in frames_of(kitti_car):
        camera = frame.cameras["CAM_FRONT"]
        for view in camera.views:
            rows, columns = np.nonzero(camera.instance == view.track_id)
            assert view.visible_pixels == len(rows)
            if len(rows):
                extent = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
                assert view.visible_box == pytest.approx(extent)
                checked += 1
    assert checked > 10
