"""Card, datasheet, Croissant metadata and manifest: in the forms that their readers want, and true."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import mlcroissant
import pytest
from huggingface_hub import DatasetCard, DatasetCardData

from exporters import coco, kitti, kitti_tracking, manifest, nuscenes
from exporters.card import make_again
from exporters.publish import ExportError, Source, Summary
from sensors.recording import Recording, RecordingWriter
from sensors.rig import load_rig

from .conftest import Record
from .made_up import meta, small_rig

EXPORTS: dict[str, Callable[..., Summary]] = {
    "kitti": kitti.export,
    "kitti_tracking": kitti_tracking.export,
    "nuscenes": nuscenes.export,
    "coco": coco.export,
}
FORMS = pytest.mark.parametrize("form", EXPORTS)


@pytest.fixture(scope="module")
def dataset(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Summary]]:
    """``dataset(form)``: an export of two scenes, once each, and its summary."""
    folder = tmp_path_factory.mktemp("sets")
    made: dict[str, Summary] = {}

    def make(form: str) -> tuple[Path, Summary]:
        if form not in made:
            made[form] = EXPORTS[form]([record("nuscenes"), record("nuscenes", index=1)], folder / form)
        return folder / form, made[form]

    return make


Dataset = Callable[[str], tuple[Path, Summary]]


@FORMS
def test_hugging_face_reads_the_card(form: str, dataset: Dataset) -> None:
    root, summary = dataset(form)
    card = DatasetCard.load(root / "README.md")
    assert isinstance(card.data, DatasetCardData)
    about = card.data.to_dict()
    assert about["license"] == "apache-2.0"
    assert "synthetic" in about["tags"]
    assert about["size_categories"] == ["n<1K"]
    assert card.data.task_categories and "object-detection" in card.data.task_categories
    for name, count in summary.objects.items():
        assert f"| {name} | {count} |" in card.text
    assert "shows no real person" in card.text
    assert f"{summary.frames} frames" in card.text
    assert "algorithmicMedia" in card.text


@FORMS
def test_croissant_validates_and_hands_out_pictures(form: str, dataset: Dataset) -> None:
    root, _ = dataset(form)
    found = mlcroissant.Dataset(str(root / "croissant.json"))
    issues = found.metadata.ctx.issues
    assert not issues.errors
    assert [one for one in issues.warnings if "datePublished" not in one] == []  # a date would be a wall clock
    for records in found.metadata.record_sets:
        rows = list(found.records(records.id))
        pattern = next(one.includes[0] for one in found.metadata.file_sets if records.id == f"{one.id}-pictures")
        assert len(rows) == sum(fnmatch(str(path.relative_to(root)), pattern) for path in root.rglob("*")) > 0
        assert rows[0][f"{records.id}/image"].size > (0, 0)
    patterns = [one.includes[0] for one in found.metadata.file_sets]
    below = [path.relative_to(root) for path in root.rglob("*") if path.is_file() and path.parent != root]
    assert [path for path in below if not any(fnmatch(str(path), pattern) for pattern in patterns)] == []


@FORMS
def test_the_manifest_names_every_file(form: str, dataset: Dataset, record: Record) -> None:
    root, summary = dataset(form)
    known = manifest.read(root)
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} - {manifest.NAME}
    assert known.files.keys() == there
    assert all(manifest.sha256(root / name) == digest for name, digest in known.files.items())
    hashes = [manifest.sha256(record("nuscenes")), manifest.sha256(record("nuscenes", index=1))]
    assert [one.sha256 for one in known.recordings] == hashes
    assert [(one.generation, one.split) for one in known.recordings] == [(0, "train"), (0, "val")]
    assert known.form == form
    assert summary.bytes == sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def test_the_manifest_is_an_in_toto_statement_of_provenance(dataset: Dataset) -> None:
    root, _ = dataset("kitti")
    statement = json.loads((root / manifest.NAME).read_text())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert all(re.fullmatch("[0-9a-f]{64}", entry["digest"]["sha256"]) for entry in statement["subject"])
    uris = [
        entry["uri"] for entry in statement["predicate"]["buildDefinition"]["resolvedDependencies"] if "uri" in entry
    ]
    assert any(uri.startswith("pkg:pypi/numpy@") for uri in uris)
    assert not any("pytest" in uri for uri in uris)  # only what the data depends on


def test_the_datasheet_has_all_sections(dataset: Dataset) -> None:
    root, summary = dataset("coco")
    text = (root / "datasheet.md").read_text()
    sections = re.findall(r"^## (\w+)", text, re.MULTILINE)
    assert sections == [
        "Motivation",
        "Composition",
        "Collection",
        "Preprocessing",
        "Uses",
        "Distribution",
        "Maintenance",
    ]
    assert len(re.findall(r"^\*\*.+\?\*\* ?\S*", text, re.MULTILINE)) >= 43
    assert f"{summary.frames} frames of 2 scenes" in text
    assert "None" not in re.sub(r"None (by|known|on)", "", text)


def test_nothing_tells_of_the_machine(dataset: Dataset, tmp_path: Path, record: Record) -> None:
    root, _ = dataset("kitti")
    for name in ("README.md", "datasheet.md", "croissant.json", manifest.NAME):
        assert str(record("nuscenes").parent) not in (root / name).read_text()
        assert str(root.parent) not in (root / name).read_text()


def sources(*scenes: tuple[str, int], rig: str = "kitti", small: bool = False) -> list[Source]:
    carried = small_rig(rig) if small else load_rig(rig)
    return [Source(Path(f"{name}-{index}.mcap"), meta(carried, name, index), "train") for name, index in scenes]


def test_the_command_makes_the_scenes_again() -> None:
    whole = sources(("animals/roo", 0), ("animals/roo", 1), ("fog", 0), ("fog", 1))
    assert make_again(whole, "coco") == (
        ["longtail render animals/roo fog -n 2 --rig kitti --seed 1 --export coco -o again"],
        True,
    )
    commands, complete = make_again(whole[1:], "coco")
    assert (len(commands), complete) == (1, False)
    commands, _ = make_again(whole, "kitti", "--strict-types")
    assert commands[0].endswith("--export kitti --strict-types -o again")
    commands, _ = make_again(sources(("fog", 0), small=True), "kitti")
    assert "--rig kitti.yaml" in commands[0]  # not the rig that Longtail ships under that name


def test_strict_types_are_in_the_command(record: Record, tmp_path: Path) -> None:
    kitti.export([record()], tmp_path / "set", strict_types=True)
    assert "--strict-types" in (tmp_path / "set" / "README.md").read_text()


def test_a_title_cannot_break_the_card(tmp_path: Path, record: Record) -> None:
    recording = Recording(record("kitti"))
    title = 'A "title" | with: <b>tricks</b>\n---\n# and a heading'
    with RecordingWriter(tmp_path / "odd.mcap", replace(recording.meta, title=title)) as writer:
        for frame in recording.frames():
            writer.write(frame)
    kitti.export([tmp_path / "odd.mcap"], tmp_path / "set")
    card = DatasetCard.load(tmp_path / "set" / "README.md")
    assert card.data.license == "apache-2.0"
    assert "\n# and a heading" not in card.text
    assert "<b>" not in card.text


def test_a_dataset_without_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="export its recordings again"):
        manifest.read(tmp_path)
    (tmp_path / manifest.NAME).write_text('{"_type": "other"}')
    with pytest.raises(ExportError, match="no manifest of Longtail's"):
        manifest.read(tmp_path)
