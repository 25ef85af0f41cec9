"""What a mix is made of: the training frames of KITTI, nuScenes and COCO datasets, anybody's, with their classes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from exporters import manifest
from exporters.marks import MarkError, read_mark
from exporters.nuscenes_tables import scene_numbers
from exporters.publish import ExportError
from exporters.validate import form_of

NUSCENES_TRAIN = frozenset(takewhile(lambda number: number < 2001, scene_numbers("train")))
"""Numbers of nuScenes' own training scenes."""

HEAD = 1 << 16
"""Bytes at the start of a picture in which a mark is looked for."""


@dataclass(frozen=True)
class Frame:
    """One training example.

    Attributes:
        name: KITTI's frame, nuScenes' sample token, or COCO's image id.
        picture: its file, relative to the dataset; nuScenes' front camera stands for a sample.
        classes: of the objects in it, by the format's own names.
    """

    name: str
    picture: str
    classes: frozenset[str]


@dataclass(frozen=True)
class Pool:
    """The training frames of one dataset.

    Attributes:
        root: the dataset's folder.
        form: ``kitti``, ``nuscenes`` or ``coco``.
        frames: in the dataset's own order.
        generation: of a synthetic dataset, the highest in it; None for a real one.
        manifest: SHA-256 of a synthetic dataset's manifest, None for a real one.
    """

    root: Path
    form: str
    frames: tuple[Frame, ...]
    generation: int | None
    manifest: str | None

    @property
    def synthetic(self) -> bool:
        """Whether it was made by Longtail."""
        return self.generation is not None


def pool(root: Path, *, synthetic: bool) -> Pool:
    """Reads the training frames of a dataset.

    Args:
        root: its folder.
        synthetic: whether it is Longtail's; then its manifest tells its generation, and else its pictures must not say
            that they are synthetic.

    Raises:
        ExportError: no dataset, one of another format, without training frames, a synthetic one without a manifest, or
            a real one with synthetic pictures.
    """
    root = Path(root)
    form = form_of(root)
    if form not in _READERS:
        raise ExportError(
            f"{root}: mixes are made of {', '.join(sorted(_READERS))}, not of {form}; export one of these"
        )
    generation, digest = None, None
    if synthetic:
        generation, digest = manifest.read(root).generation, manifest.sha256(root / manifest.NAME)
    elif (root / manifest.NAME).exists():
        raise ExportError(f"{root} was named as real, but has a manifest of a synthetic dataset; name it --synthetic")
    try:
        frames = tuple(_READERS[form](root))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{root}: cannot be read as {form}: {error!r}; check it with `longtail validate`") from None
    if not frames:
        raise ExportError(f"{root} holds no frames for training")
    if not synthetic:
        _refuse_synthetic(root, frames)
    return Pool(root, form, frames, generation, digest)


def _refuse_synthetic(root: Path, frames: tuple[Frame, ...]) -> None:
    """A real dataset holds no picture that says that it is synthetic: else it would slip under the ceiling."""
    for frame in frames:
        try:
            with (root / frame.picture).open("rb") as file:
                mark = read_mark(file.read(HEAD))
        except (OSError, MarkError):
            continue  # absent or odd pictures are for `longtail validate` to tell
        if mark is not None:
            raise ExportError(f"{root} was named as real, but {frame.picture} says that it is synthetic")


def _kitti(root: Path) -> Iterator[Frame]:
    listed = root / "ImageSets" / "train.txt"
    labels = root / "training" / "label_2"
    names = listed.read_text().split() if listed.exists() else sorted(path.stem for path in labels.glob("*.txt"))
    for name in names:
        types = {line.split(" ", 1)[0] for line in (labels / f"{name}.txt").read_text().splitlines() if line}
        yield Frame(name, f"training/image_2/{name}.png", frozenset(types - {"DontCare"}))


def _coco(root: Path) -> Iterator[Frame]:
    file = coco_file(root)
    table = json.loads(file.read_text())
    names = {row["id"]: row["name"] for row in table["categories"]}
    classes: dict[Any, set[str]] = defaultdict(set)
    for row in table["annotations"]:
        classes[row["image_id"]].add(names[row["category_id"]])
    folder = coco_pictures(root, file)
    for row in table["images"]:
        yield Frame(str(row["id"]), f"{folder}{row['file_name']}", frozenset(classes[row["id"]]))


def coco_file(root: Path) -> Path:
    """The annotations of a COCO dataset's training pictures."""
    found = sorted((root / "annotations").glob("instances_train*.json"))
    if len(found) != 1:
        raise ValueError(f"annotations/instances_train*.json is there {len(found)} times, not once")
    return found[0]


def coco_pictures(root: Path, file: Path) -> str:
    """The folder of the training pictures, with a slash behind; COCO's own lie in ``train2017``, ours in
    ``images/train``."""
    split = file.stem.removeprefix("instances_")
    return next((f"{folder}/" for folder in (f"images/{split}", split, "images") if (root / folder).is_dir()), "")


def _nuscenes(root: Path) -> Iterator[Frame]:
    versions = sorted(path.parent for path in root.glob("*/sample.json"))
    version = next((path for path in versions if path.name.endswith("trainval")), versions[0])

    def rows(name: str) -> list[dict[str, Any]]:
        return json.loads((version / f"{name}.json").read_text())

    splits = json.loads((version / "splits.json").read_text()) if (version / "splits.json").exists() else {}
    own = set(splits.get("longtail_train", ()))
    scenes = {row["token"]: row["name"] for row in rows("scene")}
    training = {token for token, name in scenes.items() if name in own or (not splits and _trains(name))}
    category = {row["token"]: row["name"] for row in rows("category")}
    kind = {row["token"]: category[row["category_token"]] for row in rows("instance")}
    classes: dict[str, set[str]] = defaultdict(set)
    for row in rows("sample_annotation"):
        classes[row["sample_token"]].add(kind[row["instance_token"]])
    channel = {row["token"]: row["channel"] for row in rows("sensor")}
    of = {row["token"]: channel[row["sensor_token"]] for row in rows("calibrated_sensor")}
    pictures: dict[str, tuple[bool, str]] = {}
    for row in rows("sample_data"):
        name = of[row["calibrated_sensor_token"]]
        if row["is_key_frame"] and row["filename"].endswith((".jpg", ".png")):
            best = pictures.get(row["sample_token"], (True, "~"))
            pictures[row["sample_token"]] = min(best, (name != "CAM_FRONT", row["filename"]))
    for row in rows("sample"):
        if row["scene_token"] in training:
            yield Frame(row["token"], pictures[row["token"]][1], frozenset(classes[row["token"]]))


def _trains(scene: str) -> bool:
    number = scene.removeprefix("scene-")
    return number.isdigit() and int(number) in NUSCENES_TRAIN


_READERS = {"kitti": _kitti, "nuscenes": _nuscenes, "coco": _coco}
