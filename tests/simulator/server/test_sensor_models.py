"""Models of sensors without a server: events, lens, radio, attributes."""

from __future__ import annotations

from math import inf, isfinite

import numpy as np
import pytest

from renderers.optics import NEUTRAL
from renderers.scene import Picture
from simulator.server.sensor_attributes import STRICT_SENSORS
from simulator.server.sensors.events import EventCamera
from simulator.server.sensors.lens import Lens
from simulator.server.sensors.optics import optics_of
from simulator.server.sensors.radio import Channel, Path, Sight


def values(type_id, **given):
    return {attribute.name: attribute.value for attribute in STRICT_SENSORS[type_id]} | {
        name: str(value) for name, value in given.items()
    }


class NoStreams:
    def open(self):
        return None


def events_of(pictures, times=None, **given):
    """All events of a row of pictures (H, W) of brightness, at 0, 1 ms, ..."""
    camera = EventCamera(values("sensor.camera.dvs", image_size_x=2, image_size_y=1, **given), 1, 1, NoStreams())
    times = times or [1_000_000 * (k + 1) for k in range(len(pictures))]
    return [camera.simulate(np.array([row], float), time) for row, time in zip(pictures, times, strict=True)]


def test_an_event_for_every_threshold_that_is_passed_in_time_order():
    first, second = events_of([[0.0, 1.0], [1.0, 0.4]])
    assert not len(first)
    rising = second[second["x"] == 0]
    assert len(rising) == 3 and rising["pol"].all()
    assert np.allclose(rising["t"], 1_000_000 + np.array([0.3, 0.6, 0.9]) * 1_000_000, atol=2)
    falling = second[second["x"] == 1]
    assert len(falling) in (1, 2) and not falling["pol"].any()
    assert np.all(np.diff(second["t"]) >= 0)


def test_events_remember_the_last_threshold():
    """Two steps of 0.2 pass a threshold of 0.3 once, in the second."""
    _, second, third, fourth = events_of([[0.0, 0.0], [0.2, 0.0], [0.4, 0.0], [0.4, 0.0]])
    assert len(second) == 0 and len(third) == 1 and len(fourth) == 0
    assert third["t"][0] == pytest.approx(2_500_000, abs=2)


def test_thresholds_noise_and_rest():
    assert len(events_of([[0, 0], [1, 0]], positive_threshold=0.1)[1]) == 10
    assert len(events_of([[1, 1], [0, 0]], negative_threshold=0.45)[1]) == 4
    rested = events_of([[0, 0], [1, 0]], positive_threshold=0.1, refractory_period_ns=250_000)[1]
    assert 3 <= len(rested) <= 4 and np.diff(rested["t"]).min() >= 250_000
    noisy = [events_of([[0, 0], [1, 1]], sigma_positive_threshold=0.1)[1] for _ in range(2)]
    assert np.array_equal(*noisy) and len(set(noisy[0]["t"].tolist())) == len(noisy[0])


def picture(width=80, height=60):
    rows, columns = np.mgrid[0:height, 0:width]
    color = np.stack([columns * 3, rows * 3, np.zeros_like(rows)], -1).astype(np.uint8)
    shape = (height, width)
    return Picture(
        color,
        columns.astype(np.float32),
        (columns % 7).astype(np.uint8),
        (columns + 1000 * rows).astype(np.uint32),
        np.zeros((*shape, 3), np.float32),
        np.zeros((*shape, 2), np.float32),
    )


def test_the_default_lens_is_a_pinhole():
    lens = Lens(values("sensor.camera.rgb"), 80, 60)
    straight = picture()
    assert lens.labels(straight) is straight and lens.color(straight.color) is straight.color


def test_a_lens_bends_labels_and_colours_alike_and_mixes_no_labels():
    straight = picture()
    lens = Lens(
        values("sensor.camera.depth", lens_circle_multiplier=2, lens_k=-2, lens_x_size=0.5, lens_y_size=0.5), 80, 60
    )
    bent = lens.labels(straight)
    assert np.isin(bent.object_id, straight.object_id).all()
    assert bent.object_id[30, 40] == straight.object_id[30, 40]  # the middle stays
    assert bent.depth[30, 0] >= 3  # the rim shows what lies further in
    color = lens.color(straight.color)
    assert np.abs(color[..., 0] / 3.0 - bent.depth).max() < 1.0
    outwards = Lens(
        values("sensor.camera.rgb", lens_circle_multiplier=2, lens_k=1, lens_x_size=0.5, lens_y_size=0.5), 80, 60
    )
    assert outwards.labels(straight).depth[30, 0] == 0
    narrow = Lens(values("sensor.camera.rgb", lens_circle_multiplier=0.5, lens_circle_falloff=10, lens_k=-2), 80, 60)
    assert narrow.labels(straight).depth[30, 20] == 20  # a steep falloff leaves the middle straight


def test_fringes_part_the_colours_towards_the_corners():
    white = np.zeros((60, 80, 3), np.uint8)
    white[:, 70:72] = 255
    lens = Lens(values("sensor.camera.rgb", chromatic_aberration_intensity=5), 80, 60)
    seen = lens.color(white)
    red, green, blue = (np.average(np.arange(80), weights=seen[30, :, channel] + 1e-9) for channel in range(3))
    assert red > green > blue == pytest.approx(70.5)
    off = values("sensor.camera.rgb", chromatic_aberration_intensity=5, enable_postprocess_effects="false")
    assert not Lens(off, 80, 60).fringes


def test_post_processing_by_its_attributes():
    assert optics_of(values("sensor.camera.rgb", enable_postprocess_effects="false")) == NEUTRAL
    clean = values(
        "sensor.camera.rgb", motion_blur_intensity=0, bloom_intensity=0, lens_flare_intensity=0, focal_distance=0,
        exposure_speed_up=1e9, exposure_speed_down=1e9,
    )  # fmt: skip
    optics = optics_of(clean)
    assert not optics.grades and optics.focus.distance == 0 and optics.motion_blur == NEUTRAL.motion_blur
    assert (optics.exposure.floor, optics.exposure.ceiling, optics.exposure.manual) == (-inf, inf, None)
    manual = optics_of(values("sensor.camera.rgb", exposure_mode="manual", fstop=16, shutter_speed=125, iso=100))
    assert manual.exposure.manual == pytest.approx(15, abs=0.05)
    assert optics_of(values("sensor.camera.rgb", exposure_min_bright=11, exposure_max_bright=11)).exposure.floor == 0.5
    assert optics_of(values("sensor.camera.rgb", fstop=0.5)).focus.fstop == 1.2
    for wrong in ({"iso": 0}, {"gamma": -1}, {"exposure_min_bright": 13}, {"slope": "steep"}):
        with pytest.raises(ValueError):
            optics_of(values("sensor.camera.rgb", **wrong))


def heard(path, **given):
    channel = Channel(values("sensor.other.v2x", use_etsi_fading="false", **given))
    return channel.received(21.5, path, np.random.default_rng(1))


@pytest.mark.parametrize("model", ["winner", "geometric"])
def test_radio_fades_with_distance_and_with_what_is_in_the_way(model):
    clear = [heard(Path(d, (1.5, 1.5), Sight.CLEAR), path_loss_model=model) for d in (10.0, 40.0, 160.0)]
    assert clear[0] > clear[2] and all(map(isfinite, clear))
    cars = heard(Path(40.0, (1.5, 1.5), Sight.VEHICLES, ((20.0, 20.0, 1.0),)), path_loss_model=model)
    wall = heard(Path(40.0, (1.5, 1.5), Sight.BUILDING), path_loss_model=model)
    assert clear[1] > cars and clear[1] > wall


def test_free_space_is_known():
    """WINNER II's open road at 100 m and 5.9 GHz: 32.4 + 40 + 15.4 = 87.8 dB; 21.5 + 10 dB sent."""
    assert heard(Path(100.0, (1.5, 1.5), Sight.CLEAR), scenario="highway") == pytest.approx(31.5 - 87.82, abs=0.05)
    assert heard(Path(100.0, (1.5, 1.5), Sight.CLEAR), receiver_sensitivity=-50) == -inf
