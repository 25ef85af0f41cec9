"""Shutter, lens and film: neutral by default, and each setting does what it says."""

from __future__ import annotations

from dataclasses import replace
from math import log2

import numpy as np
import pytest

from renderers.optics import (
    NIGHT,
    NOON,
    TABLE,
    TABLE_STOPS,
    Exposure,
    FilmCurve,
    Focus,
    MotionBlur,
    Optics,
    Shot,
    circle_of_confusion,
    exposure,
    film_table,
    white_balance,
)
from renderers.overlay import SEGMENT, Label, Marks
from renderers.raster import MOST_SIZES
from renderers.scene import Environment, Scene

from .shapes import CAMERA, body, box, looking, pose


def shoot(raster, scene, previous=None, marks=None, **settings):
    shot = Shot(Optics(**settings), tick=0.05)
    return raster.draw(scene, CAMERA, looking(), previous_world_from_camera=previous, shot=shot, marks=marks)


def detail(picture, where=...):
    """Mean difference of neighbouring pixels."""
    return float(np.abs(np.diff(picture.color.astype(float), axis=1))[where].mean())


def test_a_metered_exposure_follows_at_its_speed_and_stays_within_its_limits():
    assert exposure(Exposure(), 5.0, None, 0.0) == pytest.approx(5.0)
    assert exposure(Exposure(compensation=1), 5.0, None, 0.0) == pytest.approx(10.0)
    slow = Exposure(speed_up=3.0, speed_down=1.0)
    assert log2(exposure(slow, 1.0, 16.0, 0.1) / 16) == pytest.approx(-0.3)  # it has become bright
    assert log2(exposure(slow, 256.0, 16.0, 0.1) / 16) == pytest.approx(0.1)
    assert exposure(slow, 16.2, 16.0, 0.1) == pytest.approx(16.2)
    assert exposure(Exposure(floor=1.0, ceiling=1.0), NIGHT, None, 0) == pytest.approx(NOON)
    assert exposure(Exposure(ceiling=0.0), NOON, None, 0) == pytest.approx(NIGHT)


def test_a_manual_exposure_is_photographic():
    """One stop of EV is a factor of two, and sunny 16 (EV 15) suits a noon that the meter puts at NOON."""
    at_15, at_16 = (exposure(Exposure(manual=ev), 1.0, None, 0) for ev in (15, 16))
    assert at_15 / at_16 == pytest.approx(2)
    assert abs(log2(at_15 / NOON)) < 1.5


def test_the_default_film_moves_nothing_and_a_steeper_one_adds_contrast():
    stops = np.linspace(*TABLE_STOPS, TABLE)
    assert np.abs(film_table(FilmCurve()) - stops).max() < 0.05
    steep = film_table(FilmCurve(slope=1.0))
    middle = slice(np.searchsorted(stops, -4), np.searchsorted(stops, -1))
    assert np.polyfit(stops[middle], steep[middle], 1)[0] > 1.05
    assert (np.diff(steep) >= -1e-5).all()


def test_white_balance_turns_the_light_of_its_temperature_white():
    assert np.allclose(white_balance(6500.0, 0.0), np.eye(3), atol=1e-6)
    red, green, blue = white_balance(10000.0, 0.0) @ np.ones(3)
    assert red > green > blue  # daylight seen by a camera set to blue light is warm
    magenta = white_balance(6500.0, 0.2) @ np.ones(3)
    assert magenta[1] < min(magenta[0], magenta[2])


def test_the_disc_of_a_thin_lens():
    """f = 50 mm, N = 2, at 2 m, of a point at infinity: A f / (s - f) = 25 mm * 50 / 1950 = 0.64 mm across."""
    width = 1000
    focal = 0.050 / (24.576e-3 / width)
    radius = circle_of_confusion(Focus(2.0, 2.0), np.array([np.inf, 2.0, 1.0]), focal, width)
    assert radius[0] * 2 * 24.576e-3 / width == pytest.approx(0.64e-3, rel=0.01)
    assert radius[1] == pytest.approx(0) and radius[2] == pytest.approx(radius[0])


def test_neutral_settings_change_no_byte(raster, street):
    plain = raster.draw(street, CAMERA, looking())
    again = shoot(raster, street)
    assert np.array_equal(plain.color, again.color) and plain.exposure == again.exposure


def test_motion_blurs_along_the_way_and_only_with_an_open_shutter(raster, street):
    aside = looking(y=-0.6)
    sharp = shoot(raster, street, aside)
    blurred = shoot(raster, street, aside, motion_blur=MotionBlur(0.05, 0.2))
    assert detail(blurred) < 0.9 * detail(sharp)
    assert np.array_equal(shoot(raster, street, aside, motion_blur=MotionBlur(0.0, 0.2)).color, sharp.color)
    capped = shoot(raster, street, aside, motion_blur=MotionBlur(0.05, 0.005))
    assert detail(blurred) < detail(capped) < detail(sharp)
    assert np.array_equal(blurred.depth, sharp.depth) and np.array_equal(blurred.tag, sharp.tag)


def test_what_is_out_of_focus_is_soft(raster, street):
    sharp = shoot(raster, street)
    soft = shoot(raster, street, focus=Focus(0.5, 0.2))
    assert detail(soft) < 0.8 * detail(sharp)
    assert np.array_equal(soft.object_id, sharp.object_id)


def test_settings_of_film_and_exposure_show(raster, street):
    plain = shoot(raster, street).color.astype(float)
    brighter = shoot(raster, street, exposure=Exposure(compensation=1)).color.astype(float)
    assert brighter.mean() > plain.mean() + 8
    assert (
        shoot(raster, street, gamma=1.6).color.mean() > 0
        and shoot(raster, street, gamma=2.8).color.mean() > plain.mean()
    )
    warm = shoot(raster, street, temperature=9500.0).color.astype(float)
    assert (warm[..., 0] - warm[..., 2]).mean() > (plain[..., 0] - plain[..., 2]).mean() + 5
    hard = shoot(raster, street, film=replace(FilmCurve(), slope=1.0, toe=0.8)).color
    assert not np.array_equal(hard, plain)


def test_only_what_is_too_bright_glows(raster, street):
    sun = Scene(street.static, street.bodies, Environment(sun_altitude=0.05, sun_azimuth=0.0))
    plain, glowing = (shoot(raster, sun, **glow).color.astype(float) for glow in ({}, {"bloom": 1.0, "flare": 1.0}))
    assert glowing.mean() > plain.mean() + 0.05 and (glowing - plain).max() > 3
    dull = Scene(street.static, street.bodies, Environment(sun_altitude=0.9, cloudiness=1.0))
    faint = shoot(raster, dull, bloom=1.0, flare=1.0).color.astype(float) - shoot(raster, dull).color
    assert faint.mean() < 0.3 * (glowing - plain).mean()


def segments(*rows):
    table = np.zeros(len(rows), SEGMENT)
    for row, (start, end, color, width, in_pixels, on_top) in zip(table, rows, strict=True):
        row["start"], row["end"], row["color"], row["width"] = start, end, color, width
        row["in_pixels"], row["on_top"] = in_pixels, on_top
    return table


def ahead(distance, right=0.0, up=0.0):
    """A world point seen from ``looking()``."""
    pose = looking()
    return pose[:3, 3] + distance * pose[:3, 2] + right * pose[:3, 0] - up * pose[:3, 1]


RED = (255, 0, 0)


def redness(picture):
    color = picture.color.astype(int)
    return (color[..., 0] > 180) & (color[..., 1] < 90) & (color[..., 2] < 90)


def test_marks_hide_behind_what_is_nearer_unless_on_top(raster):
    wall = Scene(bodies=[body(box((4.0, 4.0, 4.0)), pose(*ahead(8.0)), 1)])
    line = (ahead(20, -1), ahead(20, 1), RED, 0.5, False)
    near = (ahead(4, -1), ahead(4, 1), RED, 0.2, False)
    assert not redness(shoot(raster, wall, marks=Marks(segments((*line, False))))).any()
    assert redness(shoot(raster, wall, marks=Marks(segments((*line, True))))).sum() > 20
    seen = redness(shoot(raster, wall, marks=Marks(segments((*near, False)))))
    assert seen.any() and np.array_equal(
        shoot(raster, wall).depth, shoot(raster, wall, marks=Marks(segments((*near, False)))).depth
    )


def test_a_line_is_as_thick_as_it_says(raster):
    marks = Marks(segments((ahead(10, -2), ahead(10, 2), RED, 1.0, False, True)))
    rows = redness(shoot(raster, Scene(), marks=marks))[:, CAMERA.width // 2].sum()
    assert rows == pytest.approx(CAMERA.fy / 10, abs=2)
    marks = Marks(segments((ahead(10), ahead(10), RED, 9.0, True, False)))
    assert redness(shoot(raster, Scene(), marks=marks)).sum() == pytest.approx(81, abs=20)


def test_lines_behind_the_camera_are_cut(raster):
    behind = Marks(segments((ahead(-5), ahead(-1), RED, 1.0, False, True)))
    assert not redness(shoot(raster, Scene(), marks=behind)).any()
    across = Marks(segments((ahead(-5, 0.5, -0.5), ahead(10, 0.5, -0.5), RED, 0.1, False, True)))
    assert redness(shoot(raster, Scene(), marks=across)).any()


def test_texts_stand_where_they_belong(raster):
    place = tuple(ahead(10).tolist())
    plain = shoot(raster, Scene()).color
    written = shoot(raster, Scene(), marks=Marks(segments(), [Label(place, "Hello", (255, 255, 0), True)])).color
    rows, columns = np.nonzero((written != plain).any(axis=2))
    assert CAMERA.cx - 2 < columns.min() < CAMERA.cx + 6 and columns.max() < CAMERA.cx + 60
    assert CAMERA.cy - 2 < rows.min() and rows.max() < CAMERA.cy + 24
    gone = shoot(raster, Scene(), marks=Marks(segments(), [Label(tuple(ahead(-10).tolist()), "Hello", RED)])).color
    assert np.array_equal(gone, plain)


def test_a_sketch_is_marks_on_black(raster):
    color = raster.sketch(CAMERA, looking(), Marks(segments((ahead(10, -1), ahead(10, 1), RED, 0.5, False, False))))
    assert color.any() and (color[0] == 0).all()


def test_many_sizes_do_not_pile_up(raster):
    for width in range(40, 40 + 2 * MOST_SIZES):
        raster.draw(Scene(), replace(CAMERA, width=width, height=30), looking())
    assert len(raster._targets) <= MOST_SIZES and len(raster._shading._targets) <= MOST_SIZES
