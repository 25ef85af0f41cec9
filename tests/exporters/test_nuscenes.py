"""nuScenes exports: our own rules, and the verdict of nuscenes-devkit on the files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporters import nuscenes
from exporters.nuscenes_labels import Keyframe, annotate, visible_fraction
from exporters.nuscenes_tables import (
    ATTRIBUTES,
    CATEGORIES,
    SEGMENTATION_TABLES,
    STUFF,
    TABLES,
    VERSION,
    scene_numbers,
)
from exporters.publish import Summary
from exporters.validate import validate
from sensors.frames import ObjectView
from sensors.labels import object_state
from sensors.recording import Recording
from sensors.taxonomy import LIDARSEG, TAXONOMY, category

from .conftest import Record
from .made_up import CAR_SPEED, OBJECTS, WORLD_FROM_START, color

Devkit = Callable[..., dict[str, Any]]
pytestmark = pytest.mark.timeout(900)  # the devkit's environment is downloaded once
SPLITS = ("train", "val", "longtail_train", "longtail_val")
GOLDEN = Path(__file__).parent.parent / "conformance" / "export"


@pytest.fixture(scope="module")
def exported(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """Two scenes of all ten detection classes: one of 2 s for training, one of 1 s for validation."""
    out = tmp_path_factory.mktemp("nuscenes") / "set"
    return nuscenes.export([record("nuscenes", duration=2.0), record("nuscenes", index=1, duration=1.0)], out)


def table(summary: Summary, name: str) -> list[dict[str, Any]]:
    return json.loads((summary.path / VERSION / f"{name}.json").read_text())


def view(track_id: int, pixels: int, visible_fraction: float, truncation: float) -> ObjectView:
    visible = round(pixels * (1 - truncation) * visible_fraction)
    return ObjectView(track_id, visible, pixels, None, (0, 0, 1, 1), visible_fraction, truncation, False)


@pytest.mark.parametrize(
    ("views", "fraction"),
    [
        ([], 0.0),
        ([view(1, 100, 1.0, 0.0)], 1.0),
        ([view(1, 100, 0.3, 0.0)], 0.3),
        ([view(1, 100, 1.0, 0.5)], 0.5),  # half of it is in no picture
        ([view(1, 100, 1.0, 0.4), view(1, 100, 1.0, 0.6)], 1.0),  # two pictures hold all of it
        ([view(1, 100, 0.5, 0.4), view(1, 100, 0.5, 0.6)], 0.5),  # ... half hidden
        ([view(1, 100, 0.5, 0.0), view(1, 100, 0.5, 0.0)], 0.5),  # both see the same half
        ([view(1, 100, 0.0, 0.0)], 0.0),
    ],
)
def test_visible_fraction(views: list[ObjectView], fraction: float) -> None:
    assert visible_fraction(views) == pytest.approx(fraction)


def test_tracks_run_from_first_to_last_sight() -> None:
    def state(track_id: int) -> Any:
        return object_state(track_id, "car", "made.up", np.eye(4), (4, 2, 1), (0, 0, 0), (0, 0, 0))

    objects = (state(1), state(2), state(3))
    hidden, seen = view(1, 50, 0.0, 0.0), view(1, 50, 1.0, 0.0)
    keyframes = [
        Keyframe(0.0, objects, {}, (hidden,)),
        Keyframe(0.5, objects, {}, (seen,)),
        Keyframe(1.0, objects, {2: 5}, (hidden,)),  # 1 is hidden between two sights; 2 shows in the LiDAR only
        Keyframe(1.5, objects, {1: 1}, ()),
        Keyframe(2.0, objects, {}, ()),
    ]
    tracks = annotate(keyframes)
    assert {track_id: [a.keyframe for a in track] for track_id, track in tracks.items()} == {1: [1, 2, 3], 2: [2]}
    assert [a.returns for a in tracks[1]] == [0, 0, 1]
    assert [a.visible for a in tracks[1]] == [1.0, 0.0, 0.0]


def test_every_class_has_a_place_in_the_tables() -> None:
    assert len(CATEGORIES) == 23
    assert set(LIDARSEG) == {*CATEGORIES, *STUFF} and len(LIDARSEG) == 32
    assert len(ATTRIBUTES) == 8
    for row in TAXONOMY.values():
        assert row.nuscenes in CATEGORIES
        assert set(row.attributes.values()) <= set(ATTRIBUTES)


def test_scene_numbers_never_meet() -> None:
    train, val = (dict.fromkeys(next_numbers(split)) for split in ("train", "val"))
    assert len(train) == len(val) == 1000
    assert not train.keys() & val.keys()
    assert next(iter(train)) == 1


def next_numbers(split: str) -> list[int]:
    numbers = scene_numbers(split)
    return [next(numbers) for _ in range(1000)]


def test_summary_counts_what_was_written(exported: Summary) -> None:
    assert exported.scenes == 2
    assert exported.frames == len(table(exported, "sample")) == 5 + 3
    assert exported.objects.total() == len(table(exported, "sample_annotation")) == 8 * len(OBJECTS)
    assert exported.objects["animal"] == 8
    assert exported.bytes == sum(path.stat().st_size for path in exported.path.rglob("*") if path.is_file())


def test_all_thirteen_tables(exported: Summary) -> None:
    files = {path.name for path in (exported.path / VERSION).iterdir()}
    assert files == {f"{name}.json" for name in (*TABLES, *SEGMENTATION_TABLES)} | {"splits.json"}
    assert len(TABLES) == 13


def test_keyframes_at_two_hertz_the_rest_are_sweeps(exported: Summary) -> None:
    times = [row["timestamp"] for row in table(exported, "sample")]
    assert np.diff(times[:5]).tolist() == [500_000] * 4
    for channel, rate in (("CAM_BACK", 10), ("LIDAR_TOP", 20)):
        assert len(list((exported.path / "samples" / channel).iterdir())) == 8
        assert len(list((exported.path / "sweeps" / channel).iterdir())) == 3 * rate + 2 - 8
    # Between keyframes, data belongs to the sample that follows.
    samples = {row["token"]: row for row in table(exported, "sample")}
    for row in table(exported, "sample_data"):
        wait = samples[row["sample_token"]]["timestamp"] - row["timestamp"]
        assert wait == 0 if row["is_key_frame"] else 0 < wait < 500_000


def test_names_of_files_are_those_of_nuscenes(exported: Summary) -> None:
    for row in table(exported, "sample_data"):
        folder, channel, name = row["filename"].split("/")
        log, channel_again, rest = name.split("__")
        stamp, _, ending = rest.partition(".")
        assert folder == ("samples" if row["is_key_frame"] else "sweeps")
        assert channel == channel_again
        assert int(stamp) == row["timestamp"]
        assert ending == {"jpg": "jpg", "pcd": "pcd.bin"}[row["fileformat"]]
        assert log in {entry["logfile"] for entry in table(exported, "log")}


def test_scenarios_in_folders(record: Record, tmp_path: Path) -> None:
    nuscenes.export([record("kitti", "animals/hop__by")], tmp_path / "set")
    (first, *_) = sorted(path.name for path in (tmp_path / "set" / "samples" / "LIDAR_TOP").iterdir())
    assert first.startswith("animals-hop_by-")
    assert validate(tmp_path / "set") == []


def test_lidar_files_turn_the_axes(exported: Summary, record: Record) -> None:
    first = next(Recording(record("nuscenes", duration=2.0)).frames()).sweeps["LIDAR_TOP"].returns
    file = sorted((exported.path / "samples" / "LIDAR_TOP").iterdir())[0]
    points = np.fromfile(file, np.float32).reshape(-1, 5)
    assert (points[:, 0] == -first["y"]).all()  # right
    assert (points[:, 1] == first["x"]).all()  # forward
    assert (points[:, 2] == first["z"]).all()
    assert np.abs(points[:, 3] / 255 - first["intensity"]).max() <= 0.5001 / 255
    assert (points[:, 4] == first["ring"]).all()


def test_golden_annotations(exported: Summary) -> None:
    """The annotations of the first scene's first sample. To change them on purpose, replace the file."""
    sample = table(exported, "sample")[0]["token"]
    made = [row for row in table(exported, "sample_annotation") if row["sample_token"] == sample]
    golden = json.loads((GOLDEN / "nuscenes_sample_annotation.json").read_text())
    assert len(made) == len(golden)
    for row, expected in zip(made, golden, strict=True):
        for field, value in expected.items():
            # Last digits may differ between versions of SciPy.
            exact = not isinstance(value, list) or not all(isinstance(item, float) for item in value)
            assert row[field] == (value if exact else pytest.approx(value, abs=1e-9)), field


@pytest.fixture(scope="module")
def verdict(exported: Summary, devkit: Devkit, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What nuscenes-devkit, as it is, makes of the dataset."""
    out = tmp_path_factory.mktemp("verdict")
    found = devkit(exported.path, out, *SPLITS)
    return found | {"sample.png": (out / "sample.png").stat().st_size}


def test_devkit_loads_and_resolves_everything(verdict: dict[str, Any]) -> None:
    found = verdict["tables"]
    assert (found["category"], found["attribute"], found["visibility"]) == (32, 8, 4)
    assert (found["lidarseg"], found["panoptic"]) == (8, 8)
    assert (found["scene"], found["sample"], found["map"], found["sensor"]) == (2, 8, 1, 7)
    assert found["keyframes"] == 8 * 7
    assert found["splits"] == {"longtail_train": ["scene-0001"], "longtail_val": ["scene-0003"]}
    assert found["in_official"] == {"train": ["scene-0001"], "val": ["scene-0003"]}


def test_devkit_finds_objects_where_they_are(verdict: dict[str, Any]) -> None:
    """The devkit's own geometry: LiDAR points in boxes, boxes in pictures, velocities from chains of annotations."""
    assert len(verdict["boxes"]) == 8 * len(OBJECTS)
    track_of = {category(name).nuscenes: track_id for track_id, name in enumerate(OBJECTS, start=1)}
    hits = []
    for entry in verdict["boxes"]:
        # 40 returns of its own by id; perhaps some of the ground's lie in the box as well.
        assert entry["num_lidar_pts"] == 40 <= entry["inside"] <= 46
        velocity = WORLD_FROM_START[:3, 0] * (CAR_SPEED if entry["category"] == "vehicle.car" else 0)
        assert entry["velocity"] == pytest.approx(velocity.tolist(), abs=1e-6)
        for found in entry["colors"] if entry["visibility"] == "v80-100" else ():
            hits.append(np.abs(color(track_of[entry["category"]]) - found).max() < 16)
    # The centre of an object that is visible but for a fifth may be hidden all the same.
    assert len(hits) > 50
    assert np.mean(hits) > 0.95
    car = next(entry for entry in verdict["boxes"] if entry["category"] == "vehicle.car")
    assert car["attributes"] == ["vehicle.moving"]
    # Ahead (y) and to the left (-x) of the LiDAR, which is 0.94 m ahead of the ego's origin.
    assert car["center"][:2] == pytest.approx([-3.5, 14 - 0.94], abs=0.1)


def test_devkit_finds_the_road_under_the_car(verdict: dict[str, Any]) -> None:
    assert verdict["map"] == {"on": 1.0, "beside": 0.0}


def test_devkit_renders_a_sample(verdict: dict[str, Any]) -> None:
    assert verdict["sample.png"] > 50_000


@pytest.mark.parametrize("split", SPLITS)
def test_ground_truth_is_a_perfect_prediction(verdict: dict[str, Any], split: str) -> None:
    """mAP 1.0 in the devkit's DetectionEval, over all ten classes, with its own configuration and filters."""
    found = verdict["detection"][split]
    samples = 5 if split.endswith("train") else 3
    assert set(found["present"].values()) == {samples}
    assert len(found["present"]) == 10
    assert found["mean_ap"] == pytest.approx(1.0)
    assert found["ap"] == pytest.approx(dict.fromkeys(found["ap"], 1.0))
    assert found["errors"] == pytest.approx(dict.fromkeys(found["errors"], 0.0), abs=1e-9)
    assert found["nds"] == pytest.approx(1.0)


def test_ground_truth_is_a_perfect_tracker(verdict: dict[str, Any]) -> None:
    found = verdict["tracking"]
    assert found["amota"] == pytest.approx(1.0)
    assert found["ids"] == 0
    assert found["motp"] == pytest.approx(0.0, abs=1e-5)


def test_ground_truth_segments_perfectly(verdict: dict[str, Any]) -> None:
    """Classes that do not occur score NaN in lidarseg and 0 in panoptic."""
    there = {
        "barrier", "bicycle", "bus", "car", "construction_vehicle", "motorcycle", "pedestrian", "traffic_cone",
        "trailer", "truck", "driveable_surface", "terrain",
    }  # fmt: skip
    found = verdict["segmentation"]
    assert {name for name, value in found["iou"].items() if value == pytest.approx(1.0)} - {"ignore"} == there
    assert {name for name, value in found["pq"].items() if value == pytest.approx(1.0)} - {"ignore", "all"} == there


def test_each_return_has_its_objects_class_and_number(exported: Summary, record: Record) -> None:
    frame = next(Recording(record("nuscenes", duration=2.0)).frames())
    returns = frame.sweeps["LIDAR_TOP"].returns
    first = min(table(exported, "sample"), key=lambda row: row["timestamp"])["token"]
    data = next(
        row["token"] for row in table(exported, "sample_data")
        if row["sample_token"] == first and "LIDAR_TOP" in row["filename"] and row["is_key_frame"]
    )  # fmt: skip
    index = np.fromfile(exported.path / "lidarseg" / VERSION / f"{data}_lidarseg.bin", np.uint8)
    codes = np.load(exported.path / "panoptic" / VERSION / f"{data}_panoptic.npz")["data"]
    assert codes.dtype == np.uint16
    for state in frame.objects:
        own = returns["object_id"] == state.track_id
        assert {LIDARSEG[k] for k in index[own]} == {category(state.category).nuscenes}
        assert len(set(codes[own])) == 1 and codes[own][0] % 1000 > 0
    level = returns["object_id"] == 0
    assert {LIDARSEG[k] for k in index[level]} == {"flat.driveable_surface", "flat.terrain"}
    assert (codes[level] % 1000 == 0).all()


def test_devkit_reads_the_bus(verdict: dict[str, Any], exported: Summary) -> None:
    """``NuScenesCanBus``: the ego drives straight on at 5 m/s from its start, and feels nothing but gravity."""
    pose, imu, stats = (verdict["bus"][name] for name in ("pose", "ms_imu", "meta"))
    assert len(pose) == len(imu) == 41  # one a tick, 2 s
    at_start = [row for row in table(exported, "ego_pose") if row["timestamp"] == pose[0]["utime"]]
    assert len(at_start) == 7 and all(row["translation"] == pose[0]["pos"] for row in at_start)
    way = np.subtract(pose[-1]["pos"], pose[0]["pos"])
    assert np.linalg.norm(way) == pytest.approx(10)
    assert all(message["vel"] == pytest.approx([5, 0, 0], abs=1e-9) for message in pose)
    assert all(message["linear_accel"] == pytest.approx([0, 0, 9.81]) for message in imu)
    assert np.diff([message["utime"] for message in pose]).tolist() == [50_000] * 40
    assert stats["pose"]["message_freq"] == pytest.approx(20)
    assert stats["pose"]["var_stats"]["vel"]["mean"] == pytest.approx([5, 0, 0], abs=1e-9)


def test_devkits_map_answers(verdict: dict[str, Any]) -> None:
    """``NuScenesMap`` on the made-up road: two lanes and a walkway on each side, no junction."""
    found = verdict["expansion"]
    rows = found["rows"]
    assert (rows["lane"], rows["lane_connector"], rows["walkway"]) == (4, 0, 2)
    assert (rows["road_divider"], rows["lane_divider"], rows["road_block"]) == (1, 2, 2)
    assert found["on"]["lane"] and found["on"]["drivable_area"] and not found["on"]["walkway"]
    assert found["from_path"] < 2  # the ego drives in the lane, not on its centre
    assert found["arcs"] < 0.02
    assert found["near"] == {"lane": 4, "walkway": 2, "road_divider": 1}
