"""What is told of a scene: gaps and times to collision are those of plain simulation, and words fit what was staged."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.encounters import Watch, times_to_collision
from orchestrator.statistics import labels_of
from sensors.frames import FrameLabels, ObjectState
from sensors.rig import load_rig

from .conftest import synthetic_meta

EGO = np.array([(-1.0, -0.9), (3.5, -0.9), (3.5, 0.9), (-1.0, 0.9)])


def rectangle(x: float, y: float, turn: float, length: float, width: float) -> np.ndarray:
    c, s = np.cos(turn), np.sin(turn)
    corners = np.array([(1, 1), (1, -1), (-1, -1), (-1, 1)]) * (length / 2, width / 2)
    return corners @ np.array([(c, s), (-s, c)]) + (x, y)


@given(
    st.floats(-30, 30), st.floats(-30, 30), st.floats(-3.2, 3.2), st.floats(0.3, 12), st.floats(0.3, 3),
    st.floats(-20, 20), st.floats(-20, 20),
)  # fmt: skip
def test_time_to_collision_is_that_of_small_steps(
    x: float, y: float, turn: float, length: float, width: float, vx: float, vy: float
) -> None:
    other = rectangle(x, y, turn, length, width)
    [told] = times_to_collision(EGO, other[None], np.array([[vx, vy]]))
    ego, step = shapely.polygons(EGO), 0.02
    times = np.arange(0, 4, step)
    moved = shapely.polygons(other + times[:, None, None] * np.array([vx, vy]))
    gaps = shapely.distance(moved, ego)
    touching = times[gaps == 0]
    if len(touching):
        assert told <= touching[0] + 1e-6
        assert told >= touching[0] - step - 1e-6
    elif told < times[-1]:  # it may graze a corner between two steps
        assert gaps.min() <= np.hypot(vx, vy) * step


def scene(velocity: tuple[float, float], start: tuple[float, float], ego_speeds: list[float]) -> Watch:
    """An adult who walks beside or before an ego that drives along x at these speeds, 0.1 s each."""
    watch = Watch(synthetic_meta(load_rig("kitti"), 0))
    x = 0.0
    for k, speed in enumerate(ego_speeds):
        pose, place = np.eye(4), np.eye(4)
        pose[0, 3] = x
        place[:3, 3] = start[0] + velocity[0] * k / 10, start[1] + velocity[1] * k / 10, 0.9
        walker = ObjectState(
            1, "child", place, (0.4, 0.5, 1.2), np.array([*velocity, 0.0]), np.zeros(3), ("moving",), "walker"
        )
        frame = FrameLabels(
            k, k / 10, pose, np.array([speed, 0.0, 0]), np.zeros(3), (walker,), {}, {"LIDAR_TOP": {1: 5}}
        )
        watch.look(frame, labels_of(frame))
        x += speed / 10
    return watch


def test_a_child_that_is_run_into() -> None:
    told = scene((0, 0), (20, 0), [10.0] * 30).told()
    assert told.kinds[:2] == ["contact", "serious conflict"]
    assert told.subject == "child"
    assert told.gap == 0
    assert told.time == pytest.approx(1.6)  # 20 m, less 3.84 m of car before its axle and half the child


def test_a_child_that_crosses_in_good_time() -> None:
    told = scene((0, 2), (30, -3), [5.0] * 40).told()
    assert "crosses ahead" in told.kinds
    assert told.ahead == pytest.approx(30 - 5 * 1.6, abs=0.6)
    assert not {"contact", "serious conflict", "hard braking"} & set(told.kinds)


def test_braking_is_that_over_half_a_second() -> None:
    told = scene((0, 0), (39, 8), [15.0, 15, 15, 15, 15, 15, 14, 13.2, 12.4, 11.6, 10.8, 10, 10]).told()
    assert told.kinds == ["hard braking"]
    assert told.braking == pytest.approx(8.4, abs=0.01)


def test_standing_beside_somebody_is_no_event() -> None:
    told = scene((0, 0), (1, 1.5), [0.0] * 20).told()
    assert told.kinds == ["no conflict"]
    assert told.gap == pytest.approx(1.5 - 1.1 - 0.25)
