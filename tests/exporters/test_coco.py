"""COCO exports, through COCO's own reader and against the recordings' instance pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from exporters import coco
from exporters.publish import ExportError
from exporters.validate import validate
from sensors.recording import Recording
from sensors.taxonomy import TAXONOMY, category

from .conftest import Record


@pytest.fixture(scope="module")
def dataset(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("coco") / "set"
    summary = coco.export([record("nuscenes"), record(index=1), record(scenario="a")], out)
    assert summary.scenes == 3
    assert summary.frames == len(list(out.glob("images/*/*.png")))
    assert summary.objects["kangaroo"] > 0
    return out


def read(dataset: Path, split: str) -> COCO:
    return COCO(str(dataset / "annotations" / f"instances_{split}.json"))


def test_a_sound_dataset_has_no_problems(dataset: Path) -> None:
    assert validate(dataset) == []


def test_masks_and_boxes_are_those_of_the_instance_pictures(dataset: Path, record: Record) -> None:
    recording = Recording(record("nuscenes"))
    table = read(dataset, "train")
    pictures = {
        (row["camera"], row["frame"]): row for row in table.imgs.values() if row["scene"] == recording.meta.scene_id
    }
    seen = 0
    for frame in recording.frames():
        for name, shot in frame.cameras.items():
            row = pictures[name, frame.index]
            annotations = table.imgToAnns[row["id"]]
            visible = {view.track_id for view in shot.views if view.visible_pixels}
            assert {entry["track_id"] for entry in annotations} == visible
            for entry in annotations:
                mask = shot.instance == entry["track_id"]
                assert np.array_equal(rle.decode(entry["segmentation"]).astype(bool), mask)
                rows, columns = np.nonzero(mask)
                x, y = columns.min(), rows.min()
                assert entry["bbox"] == [x, y, columns.max() + 1 - x, rows.max() + 1 - y]
                seen += 1
    assert seen > 20


def test_ground_truth_scores_one_in_cocos_own_evaluation(dataset: Path) -> None:
    truth = read(dataset, "train")
    answers = [{**row, "score": 1.0} for row in truth.dataset["annotations"]]
    for kind in ("bbox", "segm"):
        judge = COCOeval(truth, truth.loadRes(answers), kind)
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
        assert judge.stats[0] == pytest.approx(1.0)


def test_class_numbers_are_unique_and_every_class_has_one() -> None:
    rows = coco.categories()
    assert len({row["id"] for row in rows}) == len(rows) == len({row["name"] for row in rows})
    numbers = {row["name"]: row["id"] for row in rows}
    assert all(coco.class_id(row) == numbers[coco.class_name(row)] for row in TAXONOMY.values())
    assert coco.class_id(category("child")) == 1  # a person, as in COCO
    assert coco.class_name(category("animal.kangaroo")) == "kangaroo"
    assert coco.class_name(category("animal.unheard_of")) == "animal"


def test_a_lone_recording_leaves_an_empty_validation_set(record: Record, tmp_path: Path) -> None:
    coco.export([record()], tmp_path / "set")
    assert not read(tmp_path / "set", "val").imgs
    assert validate(tmp_path / "set") == []


def test_what_is_wrong_is_named(dataset: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    path = copy / "annotations" / "instances_val.json"
    table = json.loads(path.read_text())
    table["annotations"][0]["bbox"][0] += 1
    table["annotations"][1]["category_id"] = 999
    path.write_text(json.dumps(table))
    (picture := next((copy / "images" / "val").iterdir())).write_bytes(picture.read_bytes()[:-20])
    found = [str(problem) for problem in validate(copy)]
    assert len(found) == 3
    assert "is not a whole picture" in found[0]
    assert "bbox" in found[1]
    assert "999 is no category" in found[2]


def test_the_same_recordings_give_the_same_bytes(record: Record, tmp_path: Path) -> None:
    for name in ("first", "second"):
        coco.export([record(), record(scenario="a")][:: 1 if name == "first" else -1], tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "first") for path in (tmp_path / "first").rglob("*") if path.is_file())
    assert files
    assert all((tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes() for file in files)


def test_a_full_folder_is_left_alone(record: Record, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(ExportError, match="exists already"):
        coco.export([record()], tmp_path)
    assert (tmp_path / "kept").read_text() == "mine"


def test_attributes_have_values(dataset: Path) -> None:
    """FiftyOne and CVAT read ``attributes`` as names with values."""
    table = json.loads((dataset / "annotations" / "instances_train.json").read_text())
    found = [each["attributes"] for each in table["annotations"]]
    assert {"moving": True} in found
    assert all(set(attributes.values()) <= {True} for attributes in found)
