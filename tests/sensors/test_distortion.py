"""Lenses that bend lines: OpenCV's formulas, and there and back again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from renderers.scene import Pinhole
from sensors.camera import project, unproject
from sensors.distortion import BrownConrady, KannalaBrandt, parse
from sensors.specs import CameraSpec, Mount

BROWN = BrownConrady(model="brown_conrady", k1=-0.32, k2=0.12, k3=-0.02, p1=0.001, p2=-0.002)
RATIONAL = BrownConrady(
    model="brown_conrady", k1=0.6, k2=0.1, k3=0.01, k4=0.95, k5=0.25, k6=0.02, p1=-0.0003, p2=0.0002
)
FISHEYE = KannalaBrandt(model="kannala_brandt", k1=-0.02, k2=0.004, k3=-0.001, k4=0.0002)

LENSES = pytest.mark.parametrize("lens", [BROWN, RATIONAL, FISHEYE], ids=["plumb_bob", "rational", "fisheye"])
planes = stn.arrays(np.float64, st.tuples(st.integers(1, 20), st.just(2)), elements=st.floats(-0.7, 0.7))


def directions(plane: np.ndarray) -> np.ndarray:
    """(N, 3) of points (N, 2) at depth 1."""
    return np.concatenate([plane, np.ones((len(plane), 1))], axis=1)


@LENSES
@given(plane=planes)
def test_it_is_opencvs(lens: BrownConrady | KannalaBrandt, plane: np.ndarray) -> None:
    points, zero = directions(plane)[:, None], np.zeros(3)
    if isinstance(lens, KannalaBrandt):
        expected, _ = cv2.fisheye.projectPoints(points, zero, zero, np.eye(3), np.array(lens.coefficients))
    else:
        expected, _ = cv2.projectPoints(points, zero, zero, np.eye(3), np.array(lens.coefficients))
    assert lens.project(points[:, 0]) == pytest.approx(expected[:, 0], abs=1e-9)


@LENSES
@given(plane=planes, far=st.floats(0.1, 100))
def test_there_and_back_again(lens: BrownConrady | KannalaBrandt, plane: np.ndarray, far: float) -> None:
    rays = directions(plane) * far
    back = lens.unproject(lens.project(rays))
    assert back == pytest.approx(rays / np.linalg.norm(rays, axis=1, keepdims=True), abs=1e-8)


@given(angle=st.floats(0, 1.53), turn=st.floats(0, 6.28))
def test_a_fisheye_sees_almost_sideways(angle: float, turn: float) -> None:
    ray = np.array([[np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.cos(angle)]])
    assert FISHEYE.unproject(FISHEYE.project(ray)) == pytest.approx(ray, abs=1e-8)


def test_what_no_light_comes_from() -> None:
    assert np.isnan(FISHEYE.project(np.array([[1.0, 0, 0], [1, 0, -1]]))).all()
    assert np.isnan(FISHEYE.unproject(np.array([[2.0, 0.0]]))).all()
    assert np.isnan(BROWN.project(np.array([[0, 0, -1.0], [9, 0, 1]]))).all()
    assert np.isnan(BROWN.unproject(np.array([[5.0, 0.0]]))).all()


def test_a_lens_that_folds_its_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="fold the picture before its border"):
        BrownConrady(model="brown_conrady", k1=-0.9).check(Pinhole(800, 600, 300, 300, 399.5, 299.5))
    with pytest.raises(ValueError, match="inside the image circle"):
        KannalaBrandt(model="kannala_brandt", k1=-0.5).check(Pinhole(800, 600, 300, 300, 399.5, 299.5))


@LENSES
@given(
    pixels=stn.arrays(np.float64, (5, 2), elements=st.floats(0, 400)),
    depth=stn.arrays(np.float64, 5, elements=st.floats(0.1, 200)),
)
def test_a_rigs_camera_projects_and_unprojects(
    lens: BrownConrady | KannalaBrandt, pixels: np.ndarray, depth: np.ndarray
) -> None:
    spec = CameraSpec(
        name="CAM", width=401, height=401, fx=300, fy=300, cx=200, cy=200, rate=10, distortion=lens,
        mount=Mount(translation=(0, 0, 0), rotation=(1, 0, 0, 0)),
    )  # fmt: skip
    again, depths = project(spec, unproject(spec, pixels, depth))
    assert again == pytest.approx(pixels, abs=1e-6)
    assert depths == pytest.approx(depth)


def test_as_text_and_back() -> None:
    assert parse(FISHEYE.model_dump_json()) == FISHEYE
    assert parse(BROWN.model_dump_json()) == BROWN
