"""A radar's returns: where, how fast, how strong."""

from __future__ import annotations

import numpy as np
import pytest

from assets.tags import Tag
from sensors.geometry import rigid
from sensors.radar import CAR, RadarRays, Target, cross_section, scan
from sensors.specs import Mount, RadarSpec
from sensors.taxonomy import TAXONOMY

SPEC = RadarSpec(
    name="R", rate=10, mount=Mount(translation=(0, 0, 0), rotation=(1, 0, 0, 0)), range=200, horizontal_fov=120,
    vertical_fov=20, range_resolution=0.4, azimuth_resolution=2, velocity_resolution=0.1,
)  # fmt: skip
STILL = np.zeros(3)


def rays(
    distance: float, *, azimuth: float = 0.1, velocity: float = -5.0, object_id: int = 7, count: int = 40
) -> RadarRays:
    """Rays that met one spot."""

    def every(value: float) -> np.ndarray:
        return np.full(count, value)

    tags = np.full(count, Tag.CAR if object_id else Tag.ROADS, np.uint8)
    ids = np.full(count, object_id, np.uint32)
    return RadarRays(every(distance), every(azimuth), every(0.0), every(velocity), ids, tags)


def target(distance: float, heading: float = 0.0, category: str = "car") -> dict[int, Target]:
    """A body straight ahead."""
    return {7: Target(category, rigid((np.cos(heading / 2), 0, 0, np.sin(heading / 2)), (distance, 0, 0)))}


def test_every_class_has_a_cross_section() -> None:
    for name in TAXONOMY:
        assert 1e-3 < cross_section("animal.kangaroo" if name == "animal" else name, 0.5) < 1000
    assert cross_section("car", np.pi / 2) > cross_section("car", 0.0) > cross_section("adult", 0.0)


def test_place_and_speed() -> None:
    own = np.array([12.0, 1.0, 0.0])
    (row,) = scan(SPEC, rays(30.0), target(30.0), np.eye(4), own, np.random.default_rng(0))
    assert (row["x"], row["y"], row["z"]) == pytest.approx((30 * np.cos(0.1), 30 * np.sin(0.1), 0))
    assert row["radial_velocity"] == pytest.approx(-5)
    line = np.array([np.cos(0.1), np.sin(0.1)])
    assert np.array([row["compensated_vx"], row["compensated_vy"]]) == pytest.approx((-5 + own[:2] @ line) * line)
    assert (row["object_id"], row["tag"]) == (7, Tag.CAR)


def test_cross_sections_fluctuate_about_their_mean() -> None:
    random = np.random.default_rng(1)
    found = [scan(SPEC, rays(20.0), target(20.0), np.eye(4), STILL, random)["rcs"] for _ in range(3000)]
    power = 10 ** (np.concatenate(found).astype(float) / 10)
    assert power.mean() == pytest.approx(10 ** (CAR / 10), rel=0.06)
    assert power.std() == pytest.approx(power.mean(), rel=0.1)  # an exponential distribution's


def test_a_car_is_just_seen_at_the_range_and_a_person_much_nearer() -> None:
    random = np.random.default_rng(2)

    def seen(distance: float, category: str) -> float:
        each = target(distance, category=category)
        return float(np.mean([len(scan(SPEC, rays(distance), each, np.eye(4), STILL, random)) for _ in range(1000)]))

    assert seen(200.0, "car") == pytest.approx(np.exp(-1), abs=0.05)  # an exponential draw above its mean
    assert seen(100.0, "car") > 0.9
    assert seen(200.0, "adult") < 0.01 < 0.9 < seen(40.0, "adult")


def test_what_cannot_be_told_apart_is_one_return() -> None:
    near, far = rays(20.05), rays(20.25)
    apart = rays(22.0)

    def joined(*parts: RadarRays) -> int:
        whole = RadarRays(*(np.concatenate([getattr(p, n) for p in parts]) for n in RadarRays.__dataclass_fields__))
        return len(scan(SPEC, whole, target(20.0), np.eye(4), STILL, np.random.default_rng(3)))

    assert joined(near, far) == 1
    assert joined(near, apart) == 2


def test_a_near_car_is_a_few_returns_of_its_whole_cross_section() -> None:
    """Its back and its side, 12 m ahead, met by rays 3 cm apart while it passes."""
    back, side = np.linspace(-1.0, 1.0, 67), np.linspace(0.0, 4.5, 150)
    x, y = np.append(np.full(67, 12.0), 12 + side), np.append(back + 2, np.full(150, 1.0))
    turn, count = np.arctan2(y, x), len(x)
    tags, ids = np.full(count, Tag.CAR, np.uint8), np.full(count, 7, np.uint32)
    met = RadarRays(np.hypot(x, y), turn, np.zeros(count), -10 * np.cos(turn), ids, tags)
    random = np.random.default_rng(6)
    scans = [scan(SPEC, met, target(14.0), np.eye(4), STILL, random) for _ in range(500)]
    assert all(1 <= len(found) <= 8 for found in scans)
    assert np.mean([len(found) for found in scans]) > 2
    for row in np.concatenate(scans):
        assert row["radial_velocity"] == pytest.approx(-10 * np.cos(np.arctan2(row["y"], row["x"])), abs=0.05)
    power = np.mean([(10 ** (found["rcs"].astype(float) / 10)).sum() for found in scans])
    assert power == pytest.approx(cross_section("car", 0.0), rel=0.1)


def test_road_is_not_seen_and_strangers_are_dropped() -> None:
    random = np.random.default_rng(4)
    assert not len(scan(SPEC, rays(60.0, object_id=0), {}, np.eye(4), STILL, random))
    assert not len(scan(SPEC, rays(60.0, object_id=9), target(60.0), np.eye(4), STILL, random))
    assert not len(scan(SPEC, rays(60.0, count=0), {}, np.eye(4), STILL, random))


def test_noise_has_its_deviation() -> None:
    spec = SPEC.model_copy(update={"range_noise": 0.2, "azimuth_noise": 1.0, "velocity_noise": 0.3})
    random = np.random.default_rng(5)
    found = np.concatenate([scan(spec, rays(15.0), target(15.0), np.eye(4), STILL, random) for _ in range(3000)])
    assert np.hypot(found["x"], found["y"]).std() == pytest.approx(0.2, rel=0.06)
    assert np.degrees(np.arctan2(found["y"], found["x"])).std() == pytest.approx(1.0, rel=0.06)
    assert found["radial_velocity"].std() == pytest.approx(0.3, rel=0.06)
