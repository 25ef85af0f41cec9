"""Mixes: the ceiling holds, rare classes come more often, real data end the training, and doubtful data stay out."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.coco import COCO

from exporters import coco, kitti, kitti_tracking, manifest, nuscenes
from exporters.card import FILES
from exporters.mix import CEILING, SOURCES, Rules, decide, mix
from exporters.mix_pools import Frame, Pool, pool
from exporters.publish import ExportError
from sensors.recording import Recording, RecordingWriter

from .conftest import Record

EXPORTS: dict[str, Callable[..., object]] = {"kitti": kitti.export, "nuscenes": nuscenes.export, "coco": coco.export}
FORMS = pytest.mark.parametrize("form", EXPORTS)


def as_if_real(dataset: Path) -> Path:
    """Takes everything from a dataset that says that it is synthetic; there are no real ones here to test with."""
    for name in FILES:
        (dataset / name).unlink()
    for path in dataset.rglob("*"):
        if path.suffix in (".png", ".jpg"):
            cv2.imwrite(str(path), cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    return dataset


@pytest.fixture(scope="module")
def datasets(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Path]]:
    """``datasets(form)``: one taken for real and a synthetic one."""
    folder = tmp_path_factory.mktemp("pools")

    def make(form: str) -> tuple[Path, Path]:
        real, made = folder / f"real-{form}", folder / f"made-{form}"
        if not real.exists():
            EXPORTS[form]([record("nuscenes")], real)
            as_if_real(real)
            EXPORTS[form]([record("nuscenes"), record("nuscenes", index=1), record("nuscenes", index=2)], made)
        return real, made

    return make


Datasets = Callable[[str], tuple[Path, Path]]


@FORMS
def test_lists_of_every_format(form: str, datasets: Datasets, tmp_path: Path) -> None:
    real, made = datasets(form)
    decided = mix([real], [made], tmp_path / "mix")
    stage = tmp_path / "mix" / "joint"
    rows = list(csv.DictReader((stage / "frames.csv").open()))
    weights = np.loadtxt(stage / "weights.txt")
    assert len(rows) == len(weights) == sum(len(each.frames) for each in decided.stages[0].pools)
    assert all((stage / row["picture"]).is_file() for row in rows)
    synthetic = np.array([row["dataset"] == made.name for row in rows])
    assert weights[synthetic].sum() / weights.sum() == pytest.approx(CEILING, abs=1e-4)  # twice as many, so cut
    assert decided.cut and decided.share == pytest.approx(CEILING)
    if form == "coco":
        table = COCO(str(stage / "instances_train.json"))
        assert [row["file_name"] for row in table.dataset["images"]] == [row["picture"] for row in rows]
        assert len(table.getAnnIds()) == sum(
            len(json.loads((root / "annotations/instances_train.json").read_text())["annotations"])
            for root in (real, made)
        )
    else:
        for root in (real, made):
            listed = (stage / root.name / "train.txt").read_text().split()
            assert listed == [row["frame"] for row in rows if row["dataset"] == root.name]
    told = json.loads((tmp_path / "mix" / "mix.json").read_text())
    assert [one["kind"] for one in told["datasets"]] == ["real", "synthetic"]
    assert told["datasets"][1]["manifest_sha256"] == manifest.sha256(made / manifest.NAME)
    page = (tmp_path / "mix" / "README.md").read_text()
    assert all(source in page for source in SOURCES)
    assert "50.0 % of all draws are synthetic" in page


@FORMS
def test_only_frames_for_training_are_taken(form: str, datasets: Datasets) -> None:
    _, made = datasets(form)
    found = pool(made, synthetic=True)
    assert found.generation == 0
    if form == "kitti":
        assert [frame.name for frame in found.frames] == (made / "ImageSets/train.txt").read_text().split()
    elif form == "coco":
        assert all(frame.picture.startswith("images/train/") for frame in found.frames)
    else:
        assert len(found.frames) == 2 * 2  # of three scenes, one is for validation
    assert set.union(*(set(frame.classes) for frame in found.frames)) & {"Car", "car", "vehicle.car"}


def test_real_nuscenes_is_split_by_the_names_of_its_scenes(datasets: Datasets, tmp_path: Path) -> None:
    real = shutil.copytree(datasets("nuscenes")[1], tmp_path / "real")
    as_if_real(real)
    (real / "v1.0-trainval" / "splits.json").unlink()
    assert len(pool(real, synthetic=False).frames) == 4


def test_real_last(datasets: Datasets, tmp_path: Path) -> None:
    real, made = datasets("kitti")
    decided = mix([real], [made], tmp_path / "mix", Rules(joint=False, ceiling=0.25))
    first, last = decided.stages
    assert (first.name, last.name) == ("1-synthetic", "2-real")
    assert first.drawn(synthetic=False) == last.drawn(synthetic=True) == 0
    assert first.drawn(synthetic=True) / (first.drawn(synthetic=True) + last.drawn(synthetic=False)) == pytest.approx(
        0.25
    )
    assert np.loadtxt(tmp_path / "mix" / "2-real" / "weights.txt").sum() == pytest.approx(last.draws, abs=0.5)


def test_the_same_datasets_give_the_same_bytes(datasets: Datasets, tmp_path: Path) -> None:
    real, made = datasets("coco")
    for name in ("one", "two"):
        mix([real], [made], tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)


def made_up(frames: list[set[str]], generation: int | None) -> Pool:
    name = "real" if generation is None else "made"
    listed = tuple(Frame(str(at), f"{at}.png", frozenset(classes)) for at, classes in enumerate(frames))
    return Pool(Path(name), "kitti", listed, generation, None)


examples = st.lists(st.sets(st.sampled_from(["Car", "Van", "Animal", "Cyclist"])), min_size=1, max_size=30)


@given(examples, examples, st.floats(0.01, 0.99), st.floats(0, 1), st.booleans())
def test_the_ceiling_holds(real: list, made: list, ceiling: float, rare: float, joint: bool) -> None:
    decided = decide([made_up(real, None), made_up(made, 0)], Rules(joint, ceiling, rare))
    synthetic = sum(stage.drawn(synthetic=True) for stage in decided.stages)
    everything = synthetic + sum(stage.drawn(synthetic=False) for stage in decided.stages)
    assert synthetic / everything <= ceiling + 1e-9
    assert decided.share == pytest.approx(synthetic / everything)
    assert all((weights > 0).all() for stage in decided.stages for weights in stage.weights)
    if not decided.cut:
        assert decided.stages[0].weights[-1].min() >= 1  # nothing lost that need not be


def test_rare_classes_come_more_often() -> None:
    real = [{"Car"}] * 99 + [{"Car", "Animal"}]
    decided = decide([made_up(real, None), made_up([{"Car"}], 0)], Rules(rare=0.04))
    assert decided.frequency["Animal"] == pytest.approx(1 / 101)
    assert decided.factor == {"Animal": pytest.approx(np.sqrt(0.04 * 101)), "Car": 1.0}
    weights = decided.stages[0].weights[0]
    assert weights[:99].tolist() == [1.0] * 99
    assert weights[99] == pytest.approx(np.sqrt(4.04))


def test_synthetic_data_alone_are_above_the_ceiling(datasets: Datasets, tmp_path: Path) -> None:
    _, made = datasets("kitti")
    with pytest.raises(ExportError, match="--ceiling 1"):
        mix([], [made], tmp_path / "mix")
    assert mix([], [made], tmp_path / "mix", Rules(ceiling=1)).share == 1


def test_generation_2_needs_to_be_allowed(record: Record, datasets: Datasets, tmp_path: Path) -> None:
    recording = Recording(record("nuscenes"))
    late = replace(recording.meta, generation=2, parent="0" * 64)
    with RecordingWriter(tmp_path / "late.mcap", late) as writer:
        for frame in recording.frames():
            writer.write(frame)
    kitti.export([tmp_path / "late.mcap"], tmp_path / "late")
    real, _ = datasets("kitti")
    with pytest.raises(ExportError, match=r"generation 2.*--generation 2"):
        mix([real], [tmp_path / "late"], tmp_path / "mix")
    assert not (tmp_path / "mix").exists()
    mix([real], [tmp_path / "late"], tmp_path / "mix", Rules(generation=2))
    assert json.loads((tmp_path / "mix" / "mix.json").read_text())["datasets"][1]["generation"] == 2


def test_what_is_refused(datasets: Datasets, record: Record, tmp_path: Path) -> None:
    real, made = datasets("kitti")
    out = tmp_path / "mix"
    with pytest.raises(ExportError, match="at least one"):
        mix([real], [], out)
    with pytest.raises(ExportError, match="name it --synthetic"):
        mix([made], [datasets("coco")[1]], out)
    with pytest.raises(ExportError, match="named twice"):
        mix([real], [made, made], out)
    with pytest.raises(ExportError, match="of one format"):
        mix([datasets("coco")[0]], [made], out)
    with pytest.raises(ExportError, match="export its recordings again"):
        mix([], [real], out)  # no manifest: nobody knows its generation
    with pytest.raises(ExportError, match="ceiling 0"):
        mix([real], [made], out, Rules(ceiling=0))
    kitti_tracking.export([record()], tmp_path / "tracking")
    with pytest.raises(ExportError, match="not of kitti_tracking"):
        mix([real], [tmp_path / "tracking"], out)
    hidden = shutil.copytree(made, tmp_path / "hidden")
    for name in FILES:
        (hidden / name).unlink()
    with pytest.raises(ExportError, match="says that it is synthetic"):
        mix([hidden], [made], out)
    (hidden / "training/label_2/000000.txt").unlink()
    with pytest.raises(ExportError, match="cannot be read as kitti"):
        mix([hidden], [made], out)
    assert not out.exists()


def test_classes_of_coco_datasets_are_joined_by_name(datasets: Datasets, tmp_path: Path) -> None:
    real, made = datasets("coco")
    other = shutil.copytree(real, tmp_path / "other")
    file = other / "annotations/instances_train.json"
    table = json.loads(file.read_text())
    for row in [*table["categories"], *table["annotations"]]:  # numbers of another house
        key = "id" if "name" in row else "category_id"
        row[key] = 200 - row[key]
    file.write_text(json.dumps(table))
    mix([other], [made], tmp_path / "mix")
    joined = json.loads((tmp_path / "mix/joint/instances_train.json").read_text())
    names = [row["name"] for row in joined["categories"]]
    numbers = [row["id"] for row in joined["categories"]]
    assert len(set(names)) == len(names) and len(set(numbers)) == len(numbers)
    name_of = dict(zip(numbers, names, strict=True))
    kinds = [(name_of[row["category_id"]], row["longtail_class"]) for row in joined["annotations"]]
    assert {kind for kind in kinds if kind[1] == "adult"} == {("person", "adult")}
