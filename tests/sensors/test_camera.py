"""CARLA's picture codecs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from sensors import camera

shapes = stn.array_shapes(min_dims=2, max_dims=2, max_side=8)


def test_depth_is_carlas_formula() -> None:
    blue, green, red = 3, 141, 77
    metres = camera.decode_depth(np.array([[[blue, green, red, 255]]], np.uint8))
    assert metres.dtype == np.float32
    assert metres[0, 0] == pytest.approx((red + 256 * green + 65536 * blue) / (2**24 - 1) * 1000, rel=1e-6)


@given(stn.arrays(np.float32, shapes, elements=st.floats(0, 999, width=32)))
def test_depth_comes_back_within_a_step(metres: np.ndarray) -> None:
    assert camera.decode_depth(camera.depth_picture(metres)) == pytest.approx(metres, abs=1000 / 2**24, rel=1e-6)


def test_the_sky_is_infinitely_far() -> None:
    picture = camera.depth_picture(np.array([[np.inf, 1000, 5000, 12]], np.float32))
    assert picture[0, 0].tolist() == [255, 255, 255, 255]
    assert np.isinf(camera.decode_depth(picture)).tolist() == [[True, True, True, False]]


def test_instance_is_carlas_layout() -> None:
    tag, identity = camera.decode_instance(np.array([[[0x12, 0x34, 14, 255]]], np.uint8))
    assert (tag[0, 0], identity[0, 0]) == (14, 0x1234)


@given(st.data(), shapes)
def test_instance_comes_back(data: st.DataObject, shape: tuple[int, int]) -> None:
    tag = data.draw(stn.arrays(np.uint8, shape))
    identity = data.draw(stn.arrays(np.uint32, shape))
    back_tag, back = camera.decode_instance(camera.instance_picture(tag, identity))
    assert (back_tag == tag).all()
    assert back.dtype == np.uint16
    assert (back == identity % 2**16).all()
    assert (camera.decode_semantic(camera.semantic_picture(tag)) == tag).all()


def test_raw_bytes_and_colours() -> None:
    raw = bytes([1, 2, 3, 255, 4, 5, 6, 255])
    picture = camera.bgra(raw, 2, 1)
    assert picture.shape == (1, 2, 4)
    assert camera.decode_rgb(picture).tolist() == [[[3, 2, 1], [6, 5, 4]]]
    assert camera.decode_semantic(picture).tolist() == [[3, 6]]
