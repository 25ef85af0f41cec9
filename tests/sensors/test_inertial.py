"""Noise of inertial units, receivers and localisers is what their specifications say."""

from __future__ import annotations

import numpy as np
import pytest

from sensors.inertial import Gnss, Imu, Localiser, Triad
from sensors.specs import EgoPoseError, GnssSpec, ImuSpec, InertialNoise, Mount

HERE = Mount(translation=(0, 0, 0), rotation=(1, 0, 0, 0))


def generator() -> np.random.Generator:
    return np.random.default_rng(7)


def allan(samples: np.ndarray, cluster: int) -> float:
    """Allan deviation of samples (N, 3) over clusters of so many (IEEE Std 952-1997, C.1)."""
    means = samples[: len(samples) // cluster * cluster].reshape(-1, cluster, 3).mean(axis=1)
    return float(np.sqrt(0.5 * np.mean(np.diff(means, axis=0) ** 2)))


def test_white_noise_and_bias_walk_have_their_allan_deviations() -> None:
    period, count = 0.05, 20000
    white = Triad(InertialNoise(white=0.02), period, generator())
    samples = np.array([white.measured(np.zeros(3)) for _ in range(count)])
    for cluster in (1, 20, 100):
        assert allan(samples, cluster) == pytest.approx(0.02 / np.sqrt(cluster * period), rel=0.1)
    walk = Triad(InertialNoise(walk=0.01), period, generator())
    samples = np.array([walk.measured(np.zeros(3)) for _ in range(count)])
    for cluster in (20, 100):
        assert allan(samples, cluster) == pytest.approx(0.01 * np.sqrt(cluster * period / 3), rel=0.15)


def test_biases_at_the_start_differ_between_scenes() -> None:
    biases = [Triad(InertialNoise(bias=0.3), 0.1, np.random.default_rng(k)).bias for k in range(2000)]
    assert np.std(biases, axis=0) == pytest.approx([0.3] * 3, rel=0.08)


def test_an_imu_without_noise_tells_the_truth_and_degrees_are_degrees() -> None:
    true = np.array([0.1, -0.2, 9.8]), np.array([0.01, 0.02, 0.3])
    exact = Imu(ImuSpec(name="IMU", rate=20, mount=HERE), 0.05, generator())
    force, turn, orientation = exact.measured(*true, np.eye(4))
    assert (force == true[0]).all() and (turn == true[1]).all()
    assert orientation == pytest.approx([1, 0, 0, 0])
    spec = ImuSpec(name="IMU", rate=20, mount=HERE, gyroscope=InertialNoise(white=1.0), heading_noise=2.0)
    noisy = Imu(spec, 1.0, generator())
    turns, headings = [], []
    for _ in range(4000):
        _, turn, (w, _, _, z) = noisy.measured(*true, np.eye(4))
        turns.append(turn)
        headings.append(2 * np.arctan2(z, w))
    assert np.std(turns) == pytest.approx(np.hypot(np.radians(1.0), np.std(true[1])), rel=0.05)
    assert np.degrees(np.std(headings)) == pytest.approx(2.0, rel=0.05)


def test_a_receivers_error_is_white_and_wanders() -> None:
    spec = GnssSpec(
        name="G", rate=1, mount=HERE, horizontal_noise=0.5, horizontal_wander=2, vertical_wander=4, wander_time=10
    )
    errors = np.concatenate(
        [
            [receiver.error() for _ in range(2000)]
            for receiver in (Gnss(spec, 1.0, np.random.default_rng(k)) for k in range(10))
        ]
    )
    assert errors.std(axis=0) == pytest.approx([np.hypot(0.5, 2), np.hypot(0.5, 2), 4], rel=0.1)
    later = np.corrcoef(errors[:-10, 2], errors[10:, 2])[0, 1]
    assert later == pytest.approx(np.exp(-1), abs=0.08)
    latitude, longitude, altitude = Gnss(GnssSpec(name="G", rate=1, mount=HERE), 1.0, generator()).measured(60, 10, 5)
    assert (latitude, longitude, altitude) == (60, 10, 5)


def test_metres_become_degrees() -> None:
    spec = GnssSpec(name="G", rate=1, mount=HERE, horizontal_noise=10)
    receiver = Gnss(spec, 1.0, generator())
    fixes = np.array([receiver.measured(60.0, 10.0, 0.0) for _ in range(4000)])
    assert fixes.std(axis=0)[:2] == pytest.approx([10 / 111319.5, 10 / 111319.5 / 0.5], rel=0.05)


def test_a_localiser_drifts_with_the_root_of_time() -> None:
    spec = EgoPoseError(translation_drift=0.1, rotation_drift=1.0)
    ends = []
    for seed in range(400):
        localiser = Localiser(spec, np.random.default_rng(seed))
        assert localiser.estimated(np.eye(4), 0.0) == pytest.approx(np.eye(4))
        for time in np.arange(1, 17):
            end = localiser.estimated(np.eye(4), float(time))
        ends.append(end)
        assert end[:3, :3] @ end[:3, :3].T == pytest.approx(np.eye(3))
    assert np.std([end[:3, 3] for end in ends]) == pytest.approx(0.4, rel=0.1)
    assert np.degrees(np.std([end[1, 0] for end in ends])) == pytest.approx(4.0, rel=0.12)
