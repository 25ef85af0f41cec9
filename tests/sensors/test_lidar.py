"""Beam tables, the order and times of firing, and what a return measures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.lidar import BEAM_TABLES, firing, intensity, measure, told


@pytest.mark.parametrize(
    ("name", "channels", "top", "bottom"),
    [
        ("HDL-64E", 64, 2.0, -24.33),
        ("HDL-32E", 32, 10.67, -30.67),
        ("VLP-16", 16, 15.0, -15.0),
        ("VLS-128", 128, 15.0, -25.0),
    ],
)
def test_tables_are_the_data_sheets(name: str, channels: int, top: float, bottom: float) -> None:
    table = BEAM_TABLES[name]
    elevations = np.degrees(table.elevations)
    assert table.channels == channels
    assert elevations[[0, -1]] == pytest.approx([top, bottom], abs=0.01)
    assert (np.diff(elevations) < 0).all()


def test_the_64_beams_lie_closer_in_the_upper_block() -> None:
    steps = -np.diff(np.degrees(BEAM_TABLES["HDL-64E"].elevations))
    assert steps[:31] == pytest.approx(1 / 3)
    assert steps[31:] == pytest.approx(0.5, abs=0.01)


@given(
    name=st.sampled_from(["HDL-64E", "HDL-32E", "VLP-16"]),
    columns=st.integers(1, 40),
    start=st.floats(-np.pi, np.pi),
    sweep=st.floats(0.01, 2 * np.pi),
)
def test_rays(name: str, columns: int, start: float, sweep: float) -> None:
    table = BEAM_TABLES[name]
    rays = firing(table, columns, start, sweep)
    shape = (table.channels, columns)
    directions = rays.directions.reshape(*shape, 3).astype(float)
    assert np.linalg.norm(directions, axis=-1) == pytest.approx(1, abs=1e-6)
    assert np.arcsin(directions[..., 2]) == pytest.approx(np.repeat(table.elevations[:, None], columns, 1), abs=1e-6)
    assert (rays.ring.reshape(shape)[:, 0] == np.arange(table.channels)[::-1]).all()
    fraction = rays.fraction.reshape(shape)
    assert (fraction == fraction[0]).all()  # a column's beams fire together
    assert fraction[0] == pytest.approx(np.arange(columns) / columns)
    azimuth = np.arctan2(directions[..., 1], directions[..., 0])
    off = azimuth - (start - sweep * fraction)
    assert np.abs((off + np.pi) % (2 * np.pi) - np.pi).max() < 1e-5


def test_beams_that_wait_their_turn() -> None:
    table, columns, tick = BEAM_TABLES["VLS-128"], 900, 0.05
    rays = firing(table, columns, np.pi, np.pi, tick)
    fraction = rays.fraction.reshape(128, columns).astype(float)
    assert fraction.min() == 0
    assert fraction.max() <= 1
    delay = (fraction[:, 100] - fraction[:, 100].min()) * tick
    assert sorted(set(np.round(delay * 1e6 / 2.665).astype(int))) == [*range(8), *range(9, 17)]  # a pause after eight
    assert np.bincount(np.round(delay * 1e6 / 2.665).astype(int)).max() == 8
    azimuth = np.arctan2(rays.directions[:, 1], rays.directions[:, 0]).reshape(128, columns)
    off = np.degrees(azimuth - np.pi * (1 - fraction))
    off = (off + 180) % 360 - 180
    assert sorted(set(np.abs(np.round(off[:, 450], 2)))) == pytest.approx([0.91, 2.73, 4.55, 6.35], abs=0.011)
    steps = -np.diff(np.degrees(table.elevations))
    assert steps.min() == pytest.approx(0.1, abs=0.02)  # data sheet: 0.11 degrees where they lie closest


def test_the_scale_is_velodynes() -> None:
    diffuse = np.array([0, 0.1, 0.5, 1.0])
    assert told(BEAM_TABLES["VLP-16"], diffuse) * 255 == pytest.approx([0, 10, 50, 100])
    assert told(BEAM_TABLES["VLP-16"], np.array([1.5, 2.0, 9.0])) * 255 == pytest.approx([178, 255, 255], abs=1)
    assert told(BEAM_TABLES["HDL-64E"], diffuse) == pytest.approx(diffuse, abs=0.51 / 255)


def test_the_head_turns_clockwise_from_behind_and_looks_forward_half_way() -> None:
    rays = firing(BEAM_TABLES["VLP-16"], 360, np.pi)
    column = rays.directions.reshape(16, 360, 3)[8]
    assert column[0, 0] < -0.9  # back
    assert column[90, 1] > 0.9  # then left: clockwise from above
    assert column[180, 0] > 0.9  # forward
    assert rays.fraction[180] == 0.5


def test_two_ticks_make_one_turn_without_a_seam() -> None:
    table = BEAM_TABLES["HDL-32E"]
    whole = firing(table, 100, np.pi).directions.reshape(32, 100, 3)
    first = firing(table, 50, np.pi, np.pi).directions.reshape(32, 50, 3)
    second = firing(table, 50, 0.0, np.pi).directions.reshape(32, 50, 3)
    assert np.concatenate([first, second], axis=1) == pytest.approx(whole, abs=1e-6)


def cast(count: int, distance: float, reflectance: float = 0.5, cosine: float = 1.0) -> tuple[np.ndarray, ...]:
    """The same hit, many times."""
    return tuple(np.full(count, value, np.float32) for value in (distance, reflectance, cosine))


def test_range_noise_has_the_tables_deviation() -> None:
    table = BEAM_TABLES["VLP-16"]
    measured, _, returned = measure(table, *cast(20000, 20.0), np.random.default_rng(0), farthest=100)
    assert returned.all()
    assert measured.mean() == pytest.approx(20, abs=0.001)
    assert measured.std() == pytest.approx(table.sigma, rel=0.03)


@pytest.mark.parametrize(
    ("distance", "reflectance", "cosine", "farthest", "expected"),
    [
        (0.5, 0.5, 1, 120, False),  # too near
        (49.0, 0.10, 1.73 / 49, 120, True),  # pavement, data sheet: 50 m
        (51.0, 0.10, 1.73 / 51, 120, False),
        (119.0, 0.80, 0.5, 120, True),  # cars and foliage: 120 m
        (121.0, 0.80, 1, 200, False),  # the scanner's own limit
        (60.0, 0.80, 1, 50, False),  # the rig's limit
        (np.inf, 0.80, 1, 120, False),
    ],
)
def test_what_returns(distance: float, reflectance: float, cosine: float, farthest: float, expected: bool) -> None:
    hits = cast(3, distance, reflectance, cosine)
    measured, strength, returned = measure(BEAM_TABLES["HDL-64E"], *hits, np.random.default_rng(0), farthest=farthest)
    assert (returned == expected).all()
    assert np.isfinite(measured).tolist() == returned.tolist()
    assert np.isfinite(strength).all()


def test_fog_shortens_the_view() -> None:
    hits = cast(1, 60.0, 0.5)
    table, generator = BEAM_TABLES["HDL-64E"], np.random.default_rng(0)
    assert measure(table, *hits, generator, farthest=120)[2].all()
    assert not measure(table, *hits, generator, farthest=120, attenuation=0.05)[2].any()


def test_one_ray_more_or_less_leaves_the_noise_of_others() -> None:
    table = BEAM_TABLES["HDL-64E"]
    distance, reflectance, cosine = cast(10, 20.0)
    other = distance.copy()
    other[3] = np.inf
    first, _, _ = measure(table, distance, reflectance, cosine, np.random.default_rng(1), farthest=120)
    second, _, _ = measure(table, other, reflectance, cosine, np.random.default_rng(1), farthest=120)
    assert (np.delete(first, 3) == np.delete(second, 3)).all()


@given(st.floats(0, 2), st.floats(0, 1), st.floats(0, 120), st.floats(0, 0.1))
def test_intensity_stays_in_its_range_and_falls(rho: float, cosine: float, distance: float, attenuation: float) -> None:
    hit = tuple(np.array([value], np.float32) for value in (distance, rho, cosine))
    here = intensity(*hit, attenuation)[0]
    assert 0 <= here <= 2
    for table in BEAM_TABLES.values():
        assert 0 <= told(table, np.array([here]))[0] <= 1
    assert intensity(hit[0] + 5, *hit[1:], attenuation)[0] <= here
    assert intensity(hit[0], hit[1], hit[2] * 0.9, attenuation)[0] <= here
