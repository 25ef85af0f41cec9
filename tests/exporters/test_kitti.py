"""KITTI exports, through a reader of their own and against known poses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from exporters import kitti
from sensors.frames import CameraFrame, Frame, ObjectView
from sensors.geometry import box_outline, inverse, rigid
from sensors.labels import object_state
from sensors.recording import Recording

from .conftest import Record
from .kitti_reader import KittiFrame, Label
from .made_up import frames, small_rig

GOLDEN = Path(__file__).parent.parent / "conformance" / "export"
CAMERA = small_rig("kitti").cameras[0]
FORWARD = (0.5, -0.5, 0.5, -0.5)
"""Rotation of a camera that looks along world x, its y axis down."""


@pytest.fixture(scope="module")
def dataset(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("kitti") / "set"
    summary = kitti.export([record(), record(index=1), record(scenario="a")], out)
    assert summary.frames == 18
    assert summary.scenes == 3
    assert summary.bytes == sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    assert summary.objects["Animal"] == 18
    return out


def label(world_from_box: np.ndarray, size=(4.0, 2.0, 1.5), camera_rotation=FORWARD, **changes: object) -> Label:
    """The label of one object, seen by a camera in the world's origin."""
    world_from_camera = rigid(camera_rotation, (0, 0, 0))
    outline = box_outline(CAMERA.pinhole, inverse(world_from_camera) @ world_from_box, size)
    box = (0.0, 0.0, 1.0, 1.0) if outline is None else (*outline.min(axis=0).tolist(), *outline.max(axis=0).tolist())
    view = ObjectView(7, 10, 10, (0, 0, 1, 1), box, 1.0, 0.0, False)
    state = object_state(7, "car", "made.up", world_from_box, size, (0, 0, 0), (0, 0, 0))
    nothing = np.zeros((1, 1))
    picture = CameraFrame(
        "CAM_FRONT", world_from_camera, nothing, nothing, nothing, nothing, (replace(view, **changes),)
    )
    frame = Frame(0, 0.0, np.eye(4), np.zeros(3), np.zeros(3), np.zeros(3), (state,), {"CAM_FRONT": picture})
    (line,) = kitti.labels(frame, picture, CAMERA)
    return Label.parse(line)


@pytest.mark.parametrize(
    ("heading", "rotation_y"),
    [
        (0, -np.pi / 2),  # away from the camera
        (-np.pi / 2, 0.0),  # to the right
        (np.pi, np.pi / 2),  # towards the camera
        (np.pi / 2 - 1e-3, -np.pi + 1e-3),  # to the left
        (-np.pi / 2 - 0.3, 0.3),  # to the right and a little towards the camera: clockwise from above is positive
    ],
)
def test_yaw(heading: float, rotation_y: float) -> None:
    found = label(rigid((np.cos(heading / 2), 0, 0, np.sin(heading / 2)), (20, 0, -0.5)))
    assert found.ry == pytest.approx(rotation_y, abs=1e-4)
    assert found.alpha == pytest.approx(rotation_y, abs=1e-4)  # straight ahead, both are one
    assert (found.x, found.y, found.z) == pytest.approx((0, 0.5 + 0.75, 20))
    assert (found.h, found.w, found.l) == (1.5, 2.0, 4.0)


def test_alpha_is_the_yaw_against_the_line_of_sight() -> None:
    # 10 m ahead and 10 m to the right, driving away along the line of sight: seen from straight behind.
    found = label(rigid((np.cos(-np.pi / 8), 0, 0, np.sin(-np.pi / 8)), (10, -10, 0)))
    assert found.ry == pytest.approx(-np.pi / 4, abs=1e-4)
    assert found.alpha == pytest.approx(-np.pi / 2, abs=1e-4)


angles = st.floats(-0.35, 0.35)


@given(pitch=angles, roll=angles, yaw=st.floats(-3.1, 3.1), camera_pitch=angles, camera_roll=st.floats(-0.1, 0.1))
def test_on_hills_the_centre_is_exact_and_the_heading_true(
    pitch: float, roll: float, yaw: float, camera_pitch: float, camera_roll: float
) -> None:
    world_from_box = np.eye(4)
    world_from_box[:3, :3] = Rotation.from_euler("ZYX", [yaw, pitch, roll]).as_matrix()
    world_from_box[:3, 3] = (25, 3, 1)
    world_from_camera = rigid(FORWARD, (0, 0, 0))
    world_from_camera[:3, :3] @= Rotation.from_euler("XZ", [camera_pitch, camera_roll]).as_matrix()
    quaternion = Rotation.from_matrix(world_from_camera[:3, :3]).as_quat()[[3, 0, 1, 2]]
    found = label(world_from_box, camera_rotation=quaternion, amodal_box=(0.0, 0.0, 9.0, 9.0))
    camera_from_box = inverse(world_from_camera) @ world_from_box
    assert found.corners().mean(axis=0) == pytest.approx(camera_from_box[:3, 3], abs=2e-4)
    front = found.corners()[[0, 1, 4, 5]].mean(axis=0) - found.corners().mean(axis=0)
    forward = camera_from_box[:3, 0]
    assert np.arctan2(front[0], front[2]) == pytest.approx(np.arctan2(forward[0], forward[2]), abs=2e-3)


@pytest.mark.parametrize(
    ("fraction", "estimated", "level"),
    [(1.0, False, 0), (0.9, False, 0), (0.89, False, 1), (0.5, False, 1), (0.49, False, 2), (1.0, True, 3)],
)
def test_occlusion(fraction: float, estimated: bool, level: int) -> None:
    found = label(rigid((1, 0, 0, 0), (20, 0, 0)), visible_fraction=fraction, estimated=estimated)
    assert found.occluded == level


def test_boxes_end_at_the_border_and_name_the_last_pixel() -> None:
    found = label(rigid((1, 0, 0, 0), (20, 0, 0)), amodal_box=(-12.0, 3.0, 40.0, 900.0), truncation=0.25)
    assert (found.left, found.top, found.right, found.bottom) == (0, 3, 39, CAMERA.height - 1)
    assert found.truncated == 0.25
    pixel = label(rigid((1, 0, 0, 0), (20, 0, 0)), amodal_box=(5.0, 6.0, 6.0, 7.0))
    assert (pixel.left, pixel.top, pixel.right, pixel.bottom) == (5, 6, 5, 6)


def test_what_cannot_be_seen_has_no_label() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        label(rigid((1, 0, 0, 0), (20, 0, 0)), visible_pixels=0)


def test_animals_have_a_type_of_their_own_unless_strict(record: Record, tmp_path: Path) -> None:
    assert kitti.export([record()], tmp_path / "set").objects["Animal"] == 6
    strict = kitti.export([record()], tmp_path / "strict", strict_types=True).objects
    assert "Animal" not in strict
    assert strict["Misc"] == 24


def test_files_hold_what_was_recorded(dataset: Path, record: Record) -> None:
    # Ordered by scenario: scene "a" is first, then "boxes" 0 and 1.
    recorded = [frame for frame in Recording(record(scenario="a")).frames() if frame.cameras]
    for number, frame in enumerate(recorded):
        read = KittiFrame(dataset, f"{number:06d}")
        assert (read.image == frame.cameras["CAM_FRONT"].image).all()
        returns = frame.sweeps["LIDAR_TOP"].returns
        expected = np.column_stack([returns[name] for name in ("x", "y", "z", "intensity")])
        assert (read.points == expected).all()
        assert read.labels


def test_sets_split_by_scene(dataset: Path) -> None:
    sets = {name: (dataset / "ImageSets" / f"{name}.txt").read_text().split() for name in ("train", "val", "trainval")}
    assert sets["trainval"] == [f"{number:06d}" for number in range(18)]
    assert sets["train"] == sets["trainval"][:12]  # two scenes
    assert sets["val"] == sets["trainval"][12:]  # the third
    lines = (dataset / "mapping.txt").read_text().splitlines()
    assert [line.split(" ")[:3] for line in lines[5:7]] == [["000005", "a", "0"], ["000006", "boxes", "0"]]


def test_camera_lidar_and_labels_agree(dataset: Path) -> None:
    """Each object's returns lie in its 3D box and project into its 2D box, and the 3D box projects onto the 2D box."""
    for number in (0, 5, 17):
        read = KittiFrame(dataset, f"{number:06d}")
        points = read.to_camera(read.points[:, :3])
        height, width = read.image.shape[:2]
        for found in read.labels:
            turn = np.array(
                [[np.cos(found.ry), 0, -np.sin(found.ry)], [0, 1, 0], [np.sin(found.ry), 0, np.cos(found.ry)]]
            )
            local = (points - (found.x, found.y - found.h / 2, found.z)) @ turn.T
            inside = (np.abs(local) <= np.array([found.l, found.h, found.w]) / 2 + 1e-3).all(axis=1)
            assert 40 <= inside.sum() <= 45  # 40 of its own, perhaps some of the ground's
            pixels = read.to_image(points[inside])
            seen = ((pixels >= 0) & (pixels <= (width - 1, height - 1))).all(axis=1)
            low, high = (found.left - 1, found.top - 1), (found.right + 1, found.bottom + 1)
            assert ((pixels[seen] >= low) & (pixels[seen] <= high)).all()
            if found.truncated == 0:
                corners = read.to_image(found.corners())
                box = (*corners.min(axis=0), *corners.max(axis=0))
                assert box == pytest.approx((found.left, found.top, found.right, found.bottom), abs=1.01)


def test_golden_files(dataset: Path) -> None:
    """The text files of a frame, byte for byte. To change them on purpose, copy the files that the message names."""
    for folder in ("calib", "label_2"):
        made = dataset / "training" / folder / "000003.txt"
        golden = GOLDEN / f"kitti_{folder}.txt"
        assert made.read_bytes() == golden.read_bytes(), f"{made} differs from {golden}"


def test_front_camera_is_taken_from_a_rig_with_many(record: Record, tmp_path: Path) -> None:
    kitti.export([record("nuscenes")], tmp_path / "set")
    read = KittiFrame(tmp_path / "set", "000000")
    front = small_rig("nuscenes").cameras[0]
    assert read.p2[0, 0] == pytest.approx(front.fx)
    (first, *_) = frames(small_rig("nuscenes"), 0)
    assert (read.image == first.cameras["CAM_FRONT"].image).all()
