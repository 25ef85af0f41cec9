"""Echoes of wide beams, and what fog, rain and snow do."""

from __future__ import annotations

import numpy as np
import pytest

from sensors.air import Air, fog, rain, snow
from sensors.echoes import AIR, SUB_RAYS, Echoes, echoes, spread
from sensors.lidar import BEAM_TABLES, measure

TABLE = BEAM_TABLES["HDL-64E"]
CLEAR = Air()


def seen(
    distance: float | np.ndarray, air: Air = CLEAR, *, pulses: int = 20000, seed: int = 0, most: int = 1, **given: float
) -> Echoes:
    """Pulses whose sub-rays meet grey walls at these distances [m]."""
    table = np.broadcast_to(np.reshape(np.float32(distance), (-1, 1)), (np.size(distance), pulses))
    grey = np.full(table.shape, 0.3, np.float32)
    generator = np.random.default_rng(seed)
    return echoes(TABLE, table, grey, np.ones_like(grey), generator, farthest=120, air=air, most=most, **given)


def share(found: Echoes, pulses: int = 20000) -> float:
    """Of pulses, those whose first echo is from the air."""
    return float(np.count_nonzero((found.source == AIR) & (found.number == 0)) / pulses)


def test_in_clear_air_a_thin_beam_measures_as_ever() -> None:
    distance = np.linspace(1, 130, 500, dtype=np.float32)
    grey, cosine = np.full(500, 0.2, np.float32), np.linspace(0.02, 1, 500, dtype=np.float32)
    found = echoes(
        TABLE, *(each[None] for each in (distance, grey, cosine)), np.random.default_rng(1), farthest=100, air=CLEAR
    )
    range_, strength, returned = measure(TABLE, distance, grey, cosine, np.random.default_rng(1), farthest=100)
    assert (found.pulse == np.flatnonzero(returned)).all()
    assert found.distance == pytest.approx(range_[returned])
    assert found.intensity == pytest.approx(strength[returned], abs=1.1 / 255)
    assert not found.number.any()


def test_range_noise_and_dropouts_are_the_rigs() -> None:
    found = seen(40.0, sigma=0.05, dropout=0.2)
    assert found.distance.mean() == pytest.approx(40, abs=0.003)
    assert found.distance.std() == pytest.approx(0.05, rel=0.03)
    assert len(found.pulse) / 20000 == pytest.approx(0.8, abs=0.01)


def test_a_beam_on_an_edge_has_two_echoes() -> None:
    edge = np.array([10, 10, 10, 10, 10, 30, 30])
    (first, second) = (seen(edge, most=most, pulses=500) for most in (1, 2))
    assert first.distance.mean() == pytest.approx(10, abs=0.01)
    assert (np.bincount(second.pulse) == 2).all()
    assert (second.number.reshape(-1, 2) == (0, 1)).all()
    assert second.distance.reshape(-1, 2).mean(axis=0) == pytest.approx([10, 30], abs=0.01)
    assert (second.source.reshape(-1, 2)[:, 1] >= 5).all()
    assert second.intensity.reshape(-1, 2)[0] == pytest.approx([0.3 * 5 / 7, 0.3 * 2 / 7], abs=2 / 255)


def test_what_lies_within_a_pulse_is_one_echo() -> None:
    found = seen(np.array([10, 10.2, 10.4, 10, 10.2, 10.4, 10.2]), most=2, pulses=500)
    assert len(found.pulse) == 500
    assert found.distance.mean() == pytest.approx(10.2, abs=0.02)


def test_sub_rays_fill_the_cone() -> None:
    generator = np.random.default_rng(0)
    beams = generator.normal(size=(50, 3)).astype(np.float32)
    beams /= np.linalg.norm(beams, axis=1, keepdims=True)
    rays = spread(beams, 0.02)
    assert rays.shape == (SUB_RAYS, 50, 3)
    angle = np.arccos(np.clip(np.einsum("sni,ni->sn", rays.astype(float), beams.astype(float)), -1, 1))
    assert (angle[0] < 1e-3).all()
    assert angle[1:] == pytest.approx(np.full((6, 50), 0.00764), rel=0.02)
    assert rays.mean(axis=0) == pytest.approx(beams, abs=1e-4)


@pytest.mark.parametrize("visibility", [30.0, 50.0, 200.0])
def test_fog_takes_light_by_its_visibility(visibility: float) -> None:
    air = fog(np.log(20) / visibility)
    assert air.backscatter == pytest.approx(0.046 / visibility)
    far = seen(60.0, air)
    if visibility < 100:  # nothing from the wall, but a cloud near the scanner
        assert share(far) > 0.5
        assert (far.source == AIR).all()
        assert np.percentile(far.distance, 95) < 15
    else:
        wall = far.intensity[far.source != AIR]
        assert wall.mean() == pytest.approx(0.3 * np.exp(-2 * np.log(20) * 60 / visibility), abs=1 / 255)


def test_thicker_fog_and_heavier_rain_and_snow_show_more() -> None:
    sky = np.float32(np.inf)
    for kinds in (
        [fog(extinction) for extinction in (0.01, 0.03, 0.1)],
        [Air(particles=(rain(rate),)) for rate in (5.0, 20.0, 80.0)],
        [Air(particles=(snow(rate),)) for rate in (0.5, 1.5, 4.0)],
    ):
        shares = [share(seen(sky, air)) for air in kinds]
        assert shares == sorted(shares)
        assert 0 <= shares[0] < shares[-1] < 0.9
    assert share(seen(20.0, Air(particles=(rain(20.0),)))) < 0.01  # what is near outshines drops


def test_extinction_is_that_of_the_drops() -> None:
    """Marshall and Palmer's drops, summed one diameter after another, take twice their shadow."""
    diameter = np.linspace(0, 0.02, 200001)
    number = 8e6 * np.exp(-4100 * 20**-0.21 * diameter)
    expected = np.trapezoid(2 * np.pi / 4 * diameter**2 * number, diameter)
    assert rain(20.0).extinction == pytest.approx(expected, rel=1e-4)
    assert 1e-3 < expected < 4e-3  # ITU-R P.1814 has 1.076 R^0.67 dB/km: 0.0018


def test_the_air_is_before_the_wall_and_the_same_again() -> None:
    air = Air(fog(0.05).extinction, fog(0.05).backscatter, (rain(30.0), snow(2.0)))
    one, again = seen(12.0, air, most=2), seen(12.0, air, most=2)
    assert (one.distance[one.source == AIR] < 12.2).all()
    assert (one.distance == again.distance).all()
    assert ((one.source == AIR) & (one.number == 1)).any()  # a second echo from the fog before a wall
    assert not np.array_equal(one.distance, seen(12.0, air, seed=1, most=2).distance)
