"""Object states, masks, views, and the estimate for servers that draw no outlines."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from renderers.scene import Pinhole, Silhouette
from sensors.frames import ObjectState, ObjectView
from sensors.geometry import rigid
from sensors.labels import Mask, estimated_views, masks, object_state, object_views

CAMERA = Pinhole(200, 100, 100.0, 100.0, 99.5, 49.5)
UPRIGHT = rigid([0.5, -0.5, 0.5, -0.5], [0, 0, 0])  # a camera at the world's origin that looks along x


@pytest.mark.parametrize(
    ("name", "speed", "flags", "expected"),
    [
        ("car", 5.0, {}, ("moving",)),
        ("car", 0.1, {}, ("stopped",)),
        ("truck", 0.0, {"parked": True}, ("parked",)),
        ("bicycle", 3.0, {}, ("moving", "with_rider")),
        ("motorcycle", 0.0, {"with_rider": False, "parked": True}, ("parked", "without_rider")),
        ("adult", 1.0, {}, ("moving",)),
        ("child", 0.0, {}, ("standing",)),
        ("wheelchair", 1.0, {"sitting": True}, ("sitting",)),
        ("animal.moose", 2.0, {}, ("moving",)),
        ("animal.moose", 0.0, {}, ("standing",)),
        ("debris", 2.0, {}, ()),
    ],
)
def test_states(name: str, speed: float, flags: dict[str, bool], expected: tuple[str, ...]) -> None:
    state = object_state(1, name, "x.y.z", np.eye(4), (1, 1, 1), [0, speed, 0], [0, 0, 0], **flags)
    assert state.attributes == expected


@given(stn.arrays(np.uint16, stn.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 4)))
def test_masks_are_those_of_a_plain_count(instance: np.ndarray) -> None:
    expected = {}
    for key in np.unique(instance[instance > 0]).tolist():
        rows, columns = np.nonzero(instance == key)
        expected[key] = Mask(len(rows), (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    assert masks(instance) == expected
    assert list(masks(instance)) == sorted(expected)


def test_masks_of_a_full_picture_take_under_ten_milliseconds() -> None:
    generator = np.random.default_rng(0)
    instance = np.zeros((900, 1600), np.uint16)
    for key in range(1, 150):
        x, y = generator.integers(0, 1500), generator.integers(0, 800)
        instance[y : y + 90, x : x + 60] = key
    times = []
    for _ in range(8):
        begin = time.process_time()  # not the wall clock: other processes must not count
        masks(instance)
        times.append(time.process_time() - begin)
    assert min(times) < 0.010


def test_views_from_drawn_outlines() -> None:
    instance = np.zeros((100, 200), np.uint16)
    instance[20:40, 0:30] = 5  # 600 of 750 pixels inside; a quarter of the outline lies outside
    instance[1:6, 1:11] = 3
    instance[50, 60] = 9
    instance[51, 60:62] = 4
    outlines = {
        9: outline((60.0, 50.0, 62.0, 52.0), instance.shape),
        5: outline((-10.0, 20.0, 30.0, 45.0), instance.shape),
        7: outline((1.0, 1.0, 11.0, 6.0), instance.shape),  # wholly hidden
        8: outline((-20.0, 1.0, -10.0, 6.0), instance.shape),  # wholly outside
    }
    views = object_views(instance, outlines)
    assert [view.track_id for view in views] == [5, 7, 9]
    assert views[0] == ObjectView(5, 600, 1000, (0, 20, 30, 40), (-10, 20, 30, 45), 0.8, 0.25, False, ((0, 0.2),))
    assert views[1] == ObjectView(7, 0, 50, None, (1, 1, 11, 6), 0, 0, False, ((3, 1.0),))
    assert views[2].visible_box == (60, 50, 61, 51)
    assert views[2].occluders == ((4, 0.5), (0, 0.25))
    assert views[0].amodal_mask is outlines[5].mask


@given(
    stn.arrays(np.uint16, (9, 14), elements=st.integers(0, 4)),
    st.tuples(st.integers(-6, 12), st.integers(-6, 8), st.integers(1, 12), st.integers(1, 12)),
    st.integers(0, 99),
)
def test_occluders_are_those_of_a_plain_count(
    instance: np.ndarray, place: tuple[int, int, int, int], seed: int
) -> None:
    x0, y0, width, height = place
    shape = np.random.default_rng(seed).random((height, width)) < 0.7
    drawn_at = {(y0 + row, x0 + column) for row, column in zip(*np.nonzero(shape), strict=True)}
    inside = [at for at in drawn_at if 0 <= at[0] < 9 and 0 <= at[1] < 14]
    for at in np.ndindex(instance.shape):
        if instance[at] == 2 and at not in inside:
            instance[at] = 0  # an object's mask lies within its outline
    silhouette = Silhouette(len(drawn_at), len(inside), (x0, y0, x0 + width, y0 + height), shape)
    views = object_views(instance, {2: silhouette})
    if not inside:
        assert views == ()
        return
    (view,) = views
    seen = [int(instance[at]) for at in inside]
    assert dict(view.occluders) == {key: seen.count(key) / len(inside) for key in set(seen) - {2}}
    assert view.visible_fraction + sum(share for _, share in view.occluders) == pytest.approx(1)
    assert [share for _, share in view.occluders] == sorted((share for _, share in view.occluders), reverse=True)


def outline(box: tuple[float, float, float, float], shape: tuple[int, int]) -> Silhouette:
    """A rectangle's."""
    x0, y0, x1, y1 = (int(side) for side in box)
    inside = max(0, min(x1, shape[1]) - max(x0, 0)) * max(0, min(y1, shape[0]) - max(y0, 0))
    return Silhouette((x1 - x0) * (y1 - y0), inside, box, np.ones((y1 - y0, x1 - x0), bool))


def box(track_id: int, x: float, y: float, size: tuple[float, float, float] = (4.0, 2.0, 2.0)) -> ObjectState:
    """A box at (x, y), its middle at the camera's height."""
    return object_state(track_id, "car", "vehicle.x.y", rigid([1, 0, 0, 0], [x, y, 0]), size, np.zeros(3), np.zeros(3))


def drawn(*states: ObjectState) -> tuple[np.ndarray, np.ndarray]:
    """Instance and depth pictures of upright boxes' front faces, the nearest on top; no ground."""
    instance, depth = np.zeros((100, 200), np.uint16), np.full((100, 200), np.inf, np.float32)
    for state in sorted(states, key=lambda each: -each.world_from_box[0, 3]):
        x, y, _ = state.world_from_box[:3, 3]
        front, half = x - state.size[0] / 2, state.size[1] / 2
        u = [round(CAMERA.cx + 0.5 - (y + side) / front * CAMERA.fx) for side in (half, -half)]
        v = [round(CAMERA.cy + 0.5 + side / front * CAMERA.fy) for side in (-1, 1)]
        window = (slice(max(v[0], 0), max(v[1], 0)), slice(max(u[0], 0), max(u[1], 0)))
        instance[window], depth[window] = state.track_id, front
    return instance, depth


def test_an_estimate_of_something_in_the_open() -> None:
    car = box(3, 22, 0)
    (view,) = estimated_views(*drawn(car), CAMERA, UPRIGHT, [car])
    assert view.estimated
    assert (view.visible_pixels, view.visible_fraction) == (100, 1.0)
    assert view.truncation == 0
    assert view.amodal_pixels == 100
    assert view.amodal_box == pytest.approx((95, 45, 105, 55), abs=0.01)


def test_an_estimate_of_something_half_hidden() -> None:
    near, far = box(1, 12, 1), box(2, 22, 0)  # the near box covers the left half of the far one
    views = estimated_views(*drawn(near, far), CAMERA, UPRIGHT, [far, near])
    assert [view.track_id for view in views] == [1, 2]
    assert views[0].visible_fraction == 1
    assert views[1].visible_fraction == pytest.approx(0.5, abs=0.06)
    assert views[1].amodal_pixels == pytest.approx(100, abs=6)
    assert [track for track, _ in views[1].occluders] == [1]


def test_the_hulls_slack_is_not_hidden() -> None:
    car = box(3, 22, 0)
    instance, depth = drawn(car)
    instance[45:50, 95:105], depth[45:50, 95:105] = 0, 60.0  # the upper half of the hull shows what lies behind
    depth[52:55, 95:105] = 18.0  # the object itself, nearer than its box, does not hide itself
    (view,) = estimated_views(instance, depth, CAMERA, UPRIGHT, [car])
    assert (view.visible_pixels, view.visible_fraction, view.amodal_pixels) == (50, 1.0, 50)


def test_an_estimate_of_something_wholly_hidden() -> None:
    near, far = box(1, 12, 0, (4, 6, 2)), box(2, 42, 0)
    _, hidden = estimated_views(*drawn(near, far), CAMERA, UPRIGHT, [far, near])
    assert (hidden.visible_pixels, hidden.visible_fraction, hidden.visible_box) == (0, 0, None)
    assert hidden.amodal_pixels > 0


def test_an_estimate_at_the_border_and_outside() -> None:
    half = box(4, 12, 10, (0.02, 4, 2))  # its middle lies on the picture's left border
    views = estimated_views(*drawn(half), CAMERA, UPRIGHT, [half, box(5, -10, 0), box(6, 10, 40)])
    (view,) = views
    assert view.truncation == pytest.approx(cv2_share(half), abs=0.02)
    assert view.amodal_box[0] < 0
    assert view.visible_fraction == 1


def cv2_share(state: ObjectState) -> float:
    """Share of a flat box's front that lies left of the picture."""
    x, y, _ = state.world_from_box[:3, 3]
    u = CAMERA.cx + 0.5 - (y + np.array([2, -2])) / x * CAMERA.fx
    return float(-u[0] / (u[1] - u[0]))


@given(st.floats(3, 80), st.floats(-30, 30), st.floats(-3, 3), st.floats(-3.1, 3.1))
def test_an_estimate_keeps_its_bounds(x: float, y: float, z: float, heading: float) -> None:
    pose = rigid([np.cos(heading / 2), 0, 0, np.sin(heading / 2)], [x, y, z])
    state = object_state(7, "car", "v.x.y", pose, (4.0, 2.0, 1.5), np.zeros(3), np.zeros(3))
    instance = np.zeros((100, 200), np.uint16)
    depth = np.full((100, 200), 20.0, np.float32)
    for view in estimated_views(instance, depth, CAMERA, UPRIGHT, [state]):
        assert 0 <= view.visible_fraction <= 1
        assert 0 <= view.truncation <= 1
        assert view.amodal_pixels >= view.visible_pixels
        assert cv2.contourArea(np.array([view.amodal_box[:2], view.amodal_box[2:]], np.float32)[:, None]) >= 0
