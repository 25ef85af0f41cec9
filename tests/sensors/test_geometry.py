"""Transforms, boxes and projection."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderers.scene import Pinhole
from sensors import geometry

CAMERA = Pinhole(1242, 375, 721.5, 700.25, 609.5, 172.85)


def random_pose(seed: int, reach: float = 20.0) -> np.ndarray:
    """A random rigid transform."""
    generator = np.random.default_rng(seed)
    quaternion = generator.normal(size=4)
    return geometry.rigid(quaternion / np.linalg.norm(quaternion), generator.uniform(-reach, reach, 3))


seeds = st.integers(0, 2**32)


def test_a_quaternion_is_w_first() -> None:
    quarter = geometry.quaternion_matrix([np.sqrt(0.5), 0, 0, np.sqrt(0.5)])
    assert quarter @ [1, 0, 0] == pytest.approx([0, 1, 0])


@given(seeds)
def test_quaternions_and_matrices_agree(seed: int) -> None:
    pose = random_pose(seed)
    quaternion = geometry.matrix_quaternion(pose)
    assert quaternion[0] >= 0
    assert np.linalg.norm(quaternion) == pytest.approx(1)
    assert geometry.rigid(quaternion, pose[:3, 3]) == pytest.approx(pose)


@given(seeds, st.integers(1, 4))
def test_inverse(seed: int, count: int) -> None:
    poses = np.stack([random_pose(seed + each) for each in range(count)])
    assert geometry.inverse(poses) == pytest.approx(np.linalg.inv(poses))


def test_yaw() -> None:
    assert geometry.yaw(geometry.rigid([np.cos(0.4), 0, 0, np.sin(0.4)], [1, 2, 3])) == pytest.approx(0.8)


def test_corners_have_their_documented_order() -> None:
    corners = geometry.box_corners(np.eye(4), (4, 2, 1))
    assert corners[0].tolist() == [2, 1, 0.5]
    assert corners[1].tolist() == [2, 1, -0.5]
    assert corners[2].tolist() == [2, -1, 0.5]
    assert corners[4].tolist() == [-2, 1, 0.5]


@given(seeds)
def test_inside_box(seed: int) -> None:
    pose, size = random_pose(seed), (4.0, 2.0, 1.5)
    corners = geometry.box_corners(pose, size)
    centre = pose[:3, 3]
    assert geometry.inside_box(pose, size, centre + 0.99 * (corners - centre)).all()
    assert not geometry.inside_box(pose, size, centre + 1.01 * (corners - centre)).any()
    assert geometry.inside_box(pose, size, centre + 1.01 * (corners - centre), margin=0.05).all()


@given(seeds)
def test_projection_is_opencvs_and_goes_back(seed: int) -> None:
    points = np.random.default_rng(seed).uniform((-10, -5, 0.5), (10, 5, 90), (20, 3))
    pixels, depth = geometry.project(CAMERA, points)
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), CAMERA.matrix, None)
    assert pixels == pytest.approx(expected[:, 0])
    assert geometry.unproject(CAMERA, pixels, depth) == pytest.approx(points)


def test_points_behind_the_camera_have_no_pixel() -> None:
    pixels, depth = geometry.project(CAMERA, np.array([[0, 0, -1.0], [0, 0, 0], [0, 0, 1]]))
    assert np.isnan(pixels[:2]).all()
    assert pixels[2].tolist() == [CAMERA.cx, CAMERA.cy]
    assert depth.tolist() == [-1, 0, 1]


@given(seeds)
def test_a_box_before_the_camera_is_outlined_by_its_corners(seed: int) -> None:
    pose = random_pose(seed, 5)
    pose[2, 3] += 30
    outline = geometry.box_outline(CAMERA, pose, (4, 2, 1.5))
    assert outline is not None
    pixels = geometry.project(CAMERA, geometry.box_corners(pose, (4, 2, 1.5)))[0] + 0.5
    assert outline.min(axis=0) == pytest.approx(pixels.min(axis=0), abs=1e-3)
    assert outline.max(axis=0) == pytest.approx(pixels.max(axis=0), abs=1e-3)
    assert len(outline) <= 8


@given(seeds)
def test_a_box_around_the_near_plane_is_outlined_by_all_its_visible_points(seed: int) -> None:
    pose, size = random_pose(seed, 2), (4.0, 2.0, 1.5)
    outline = geometry.box_outline(CAMERA, pose, size)
    shares = np.random.default_rng(seed).uniform(-0.5, 0.5, (200, 3)) * size
    points = geometry.transformed(pose, shares)
    points = points[points[:, 2] > geometry.NEAR]
    if outline is None:
        assert not len(points)
        return
    pixels = geometry.project(CAMERA, points)[0] + 0.5
    slack = 1e-5 * np.abs(outline).max() + 1e-3
    assert (pixels >= outline.min(axis=0) - slack).all()
    assert (pixels <= outline.max(axis=0) + slack).all()


def test_a_box_behind_the_camera_has_no_outline() -> None:
    assert geometry.box_outline(CAMERA, geometry.rigid([1, 0, 0, 0], [0, 0, -5]), (4, 2, 1)) is None


def test_clip_box() -> None:
    assert geometry.clip_box((-5, -5, 10, 10), 100, 50) == (0, 0, 10, 10)
    assert geometry.clip_box((90, 40, 120, 60), 100, 50) == (90, 40, 100, 50)
    assert geometry.clip_box((100, 0, 120, 10), 100, 50) is None
