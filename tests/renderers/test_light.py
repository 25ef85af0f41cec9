"""What light and weather do to the colour."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from assets.mesh import Material
from assets.tags import Tag
from renderers.atmosphere import Atmosphere
from renderers.lighting import LUMINANCE, basis, lighting
from renderers.raster import Raster
from renderers.scene import Environment, Instance, Placement, Scene

from .shapes import CAMERA, body, box, looking, mesh_of, plane, pose

GROUND = Placement((plane(200, 40, Material("asphalt", (0.2, 0.2, 0.2))),), np.eye(4)[None], Tag.ROADS)
HIGH_SUN = Environment(sun_altitude=0.8, sun_azimuth=np.pi / 2)


def color(raster: Raster, scene: Scene) -> np.ndarray:
    picture = raster.draw(scene, CAMERA, looking())
    assert picture.color is not None
    return picture.color.astype(float)


def test_the_sun_yellows_and_dims_as_it_sets() -> None:
    air = Atmosphere(1.3)
    altitudes = np.radians([60, 20, 5, 1])
    sun = np.array([air.sun(a) for a in altitudes])
    assert (np.diff(sun, axis=0) < 0).all()
    assert (np.diff(sun[:, 2] / sun[:, 0]) < 0).all()
    assert (air.sun(-0.02) == 0).all()


def test_the_clear_sky_is_blue_above_and_pale_at_the_horizon() -> None:
    sky = Atmosphere(1.3).sky(0.8, np.array([1.4, 0.02]), np.array([2.0, 2.0]))
    assert sky[0, 2] > 2 * sky[0, 0] and sky[1] @ LUMINANCE > 2 * (sky[0] @ LUMINANCE)
    assert sky[1, 2] / sky[1, 0] < sky[0, 2] / sky[0, 0] / 1.5


def test_harmonics_hold_the_sky() -> None:
    """The ambient light of an even sky over a black ground would be (1 + n.z) / 2; of ours, more above than below."""
    light = lighting(Environment(cloudiness=1.0))
    up, down = basis(np.array([[0, 0, 1.0], [0, 0, -1.0]])) @ light.harmonics
    assert up @ LUMINANCE > 3 * (down @ LUMINANCE) > 0
    rows = light.sky.shape[0]
    assert np.allclose(light.sky[rows - 1] / light.sky[0], 3, rtol=0.2)  # CIE standard overcast sky


def test_the_same_environment_has_the_same_light() -> None:
    assert lighting(Environment(fog_density=0.2)) is lighting(Environment(fog_density=0.2))


def test_shadows_darken(raster: Raster) -> None:
    """A slab high above, out of the picture, shades the road before the camera."""
    sunny = color(raster, Scene((GROUND,), [], HIGH_SUN))
    slab = body(box((6, 6, 0.2)), pose(8, 5.0, 5.0), 1)
    shaded = color(raster, Scene((GROUND,), [slab], HIGH_SUN))
    row = int(1.65 * CAMERA.fy / 8 + CAMERA.cy)
    assert shaded[row, 150].mean() < 0.75 * sunny[row, 150].mean()


def test_still_things_cast_shadows_too(raster: Raster) -> None:
    wall = Placement((box((6, 0.3, 6.0)),), pose(8, 3.0, 3.0)[None], Tag.WALLS)
    sunny = color(raster, Scene((GROUND,), [], HIGH_SUN))
    shaded = color(raster, Scene((GROUND, wall), [], HIGH_SUN))
    row = int(1.65 * CAMERA.fy / 8 + CAMERA.cy)
    assert shaded[row, 150].mean() < 0.8 * sunny[row, 150].mean()


def test_cars_do_not_float(raster: Raster) -> None:
    """Under an overcast sky there is no sun to cast a shadow, and yet the road under a car is dark."""
    overcast = Environment(cloudiness=1.0)
    empty = color(raster, Scene((GROUND,), [], overcast))
    parked = color(raster, Scene((GROUND,), [body(box((4, 1.8, 1.0)), pose(9, 0, 0.75), 1)], overcast))
    row = int(1.65 * CAMERA.fy / 7.3 + CAMERA.cy)
    assert parked[row, 150].mean() < 0.75 * empty[row, 150].mean()


def test_fog_lightens_what_is_far_and_dark(raster: Raster) -> None:
    black = body(box((1, 6, 6), Material("black", (0.01, 0.01, 0.01))), pose(60, 0, 3), 1)
    clear = color(raster, Scene((GROUND,), [black], Environment()))
    foggy = color(raster, Scene((GROUND,), [black], Environment(fog_density=0.6)))
    assert foggy[66, 150].mean() > clear[66, 150].mean() + 60
    assert np.ptp(foggy[60:66, 140:160]) < 25


def test_lamps_shine_only_when_lit(raster: Raster) -> None:
    lamp = Material("brake", (0.2, 0.0, 0.0), emission=(4.0, 0.1, 0.05), lamp="brake")
    night = Environment(sun_altitude=-0.5)
    mesh = box((0.5, 1, 1), lamp)
    dark, lit = (
        color(
            raster,
            Scene((GROUND,), [Instance((mesh,), pose(8, 0, 1.5), pose(8, 0, 1.5), 1, Tag.CAR, lamps=lamps)], night),
        )
        for lamps in (frozenset(), {"brake"})
    )
    assert lit[70, 150, 0] > dark[70, 150, 0] + 80


def test_tint_colours_paint_only(raster: Raster) -> None:
    for paint, changes in ((True, True), (False, False)):
        mesh = box((1, 2, 2), Material("body", (0.6, 0.6, 0.6), paint=paint))
        plain, red = (
            color(raster, Scene((GROUND,), [Instance((mesh,), pose(8, 0, 1), pose(8, 0, 1), 1, Tag.CAR, tint=tint)]))
            for tint in ((1.0, 1.0, 1.0), (1.0, 0.1, 0.1))
        )
        reddened = red[72, 150, 0] - red[72, 150, 1] - (plain[72, 150, 0] - plain[72, 150, 1])
        assert (reddened > 40) == changes


@pytest.mark.parametrize("altitude", [1.2, 0.4, 0.05, -0.05, -0.6])
def test_exposure_keeps_the_picture_within_range(raster: Raster, street: Scene, altitude: float) -> None:
    picture = color(raster, Scene(street.static, street.bodies, Environment(sun_altitude=altitude)))
    low, high = (4, 120) if altitude < -0.1 else (50, 200)
    assert low < picture.mean() < high


def test_rain_darkens_asphalt(raster: Raster) -> None:
    grass = Placement((box((1, 60, 20), Material("card", (0.5, 0.5, 0.5))),), pose(30, 0, 0)[None], Tag.WALLS)
    dry, wet = (color(raster, Scene((GROUND, grass), [], Environment(cloudiness=1.0, wetness=w))) for w in (0.0, 1.0))
    row = int(1.65 * CAMERA.fy / 6 + CAMERA.cy)
    assert wet[row, 150].mean() < dry[row, 150].mean()


def test_headlamps_light_the_road_ahead_at_night(raster: Raster) -> None:
    """A car behind the camera, its lamps just below the camera's height, lit or not."""
    glass = Material("lamp", (0.9, 0.9, 0.9), emission=(5.0, 5.0, 5.0), lamp="low_beam")
    shape = trimesh.creation.box((0.05, 0.3, 0.2))
    shape = trimesh.util.concatenate([shape.copy().apply_translation((0, y, 0.7)) for y in (-0.7, 0.7)])
    mesh, where = mesh_of(shape, glass), pose(-0.5)
    night = Environment(sun_altitude=-0.5)
    dark, lit = (
        color(raster, Scene((GROUND,), [Instance((mesh,), where, where, 1, Tag.CAR, lamps=lamps)], night))
        for lamps in (frozenset(), frozenset({"low_beam"}))
    )
    row = int(1.65 * CAMERA.fy / 9 + CAMERA.cy)
    assert lit[row, 150].mean() > dark[row, 150].mean() + 15
    assert lit[20, 150].mean() <= dark[20, 150].mean() + 1  # the sky is none the brighter


def test_fog_begins_where_it_is_told_to(raster: Raster) -> None:
    black = body(box((1, 6, 6), Material("black", (0.01, 0.01, 0.01))), pose(30, 0, 3), 1)
    near, far = (
        color(raster, Scene((GROUND,), [black], Environment(fog_density=0.6, fog_distance=start)))
        for start in (0.0, 40.0)
    )
    assert far[66, 150].mean() < near[66, 150].mean() - 40
