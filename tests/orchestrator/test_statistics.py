"""Counts that can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.conditions import light_of, occlusion_of, range_of, weather_of
from orchestrator.coverage import filled, holes
from orchestrator.dataset import DatasetError, folder_of, paths_in, recordings_in
from orchestrator.statistics import Histogram, Statistics, count
from sensors.recording import Recording


@pytest.fixture(scope="module")
def output(make_recording: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("output") / "roos"
    (folder / "recordings").mkdir(parents=True)
    for index in range(2):
        make_recording(folder / "recordings", index, frames=6, step=4)
    return folder


def test_counts_are_those_of_the_frames(output: Path) -> None:
    found = count(recordings_in(output))
    frames = [frame for recording in recordings_in(output) for frame in recording.frames()]
    assert (found.scenes, found.frames, found.pictures, found.sweeps) == (2, 12, 12, 12)
    kangaroos = sum(
        any(view.track_id == 7 and view.visible_pixels for view in frame.cameras["CAM_FRONT"].views)
        or 7 in frame.sweeps["LIDAR_TOP"].counts()
        for frame in frames
    )
    assert found.labels["animal.kangaroo"] == kangaroos > 0
    assert found.tracks == {"animal.kangaroo": 2, "car": 2}
    assert found.histograms["distance"].total == found.labels.total() == found.coverage.total()
    assert found.histograms["ego speed"].total == 12
    assert found.exact == sum(len(camera.views) for frame in frames for camera in frame.cameras.values())
    assert found.bytes == sum(path.stat().st_size for path in (output / "recordings").iterdir())
    assert Statistics.model_validate_json(found.model_dump_json()) == found


def test_a_value_on_an_edge_belongs_above_it() -> None:
    histogram = Histogram(unit="m", edges=(1, 2), counts=[0, 0, 0])
    for value in (0.5, 1, 1.5, 2, 70):
        histogram.add(value)
    assert histogram.counts == [1, 2, 2]


def test_conditions_have_names() -> None:
    assert [range_of(value) for value in (0, 10, 59.9, 400)] == ["0-10 m", "10-20 m", "40-60 m", "over 60 m"]
    assert [occlusion_of(value) for value in (1, 0.9, 0.5, 0.1, None)] == [
        "visible", "visible", "partly hidden", "mostly hidden", "LiDAR only",
    ]  # fmt: skip
    assert [light_of({"sun_altitude_angle": value}) for value in (60, 5, -3, -30)] == [
        "day", "low sun", "twilight", "night",
    ]  # fmt: skip
    assert light_of({}) == weather_of({}) == "unknown"
    assert weather_of({"precipitation": 60, "fog_density": 90}) == "rain"
    assert weather_of({"cloudiness": 90, "wetness": 50}) == "wet road"
    assert weather_of({"cloudiness": 10, "wetness": 0}) == "clear"


def test_holes_are_what_was_never_seen() -> None:
    found = Statistics()
    found.coverage["car | 0-10 m | visible | day | clear"] = 3
    found.coverage["car | 10-20 m | visible | night | clear"] = 2
    single, pairs = holes(found, "car")
    assert "night" not in single
    assert {"fog", "twilight", "over 60 m", "LiDAR only"} <= set(single)
    assert pairs == [("0-10 m", "night"), ("10-20 m", "day")]
    assert filled(found, "car")[0] == 2


def test_where_recordings_are(output: Path, tmp_path: Path) -> None:
    [first, _] = recordings_in(output)
    assert [each.path for each in recordings_in(first.path)] == [first.path]
    assert len(paths_in(output / "recordings")) == 2
    assert folder_of(output) == folder_of(output / "recordings") == folder_of(first.path) == output
    assert isinstance(first, Recording)
    with pytest.raises(DatasetError, match="holds no recordings"):
        recordings_in(tmp_path)
