"""COCO's instance format: the plain way out for 2D detection and segmentation. docs/datasets.md tells what is in it.

Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014, and the format page of its site.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as rle

from exporters.card import describe
from exporters.marks import Mark, marked
from exporters.publish import ExportError, Source, Summary, publish, sources
from sensors.frames import Box2D, ObjectState, ObjectView, SceneMeta
from sensors.messages import StoredCameraFrame
from sensors.recording import Recording
from sensors.taxonomy import TAXONOMY, Category, category

COCO_IDS = {
    "person": 1, "bicycle": 2, "car": 3, "motorcycle": 4, "bus": 6, "truck": 8, "bird": 16, "cat": 17, "dog": 18,
    "horse": 19, "sheep": 20, "cow": 21, "elephant": 22, "bear": 23, "zebra": 24, "giraffe": 25,
}  # fmt: skip
"""COCO's own numbers of the classes that it shares with us, so that its detectors need no table."""

OWN_IDS = {
    name: number
    for number, name in enumerate(
        (
            "trailer", "animal", "traffic_cone", "barrier", "pushable", "debris", "bicycle_rack",
            "kangaroo", "wallaby", "deer", "red_deer", "roe_deer", "moose", "wild_boar", "goat", "fox", "hedgehog",
            "badger", "camel", "emu",
        ),
        start=101,
    )
}  # fmt: skip
"""Numbers of classes that COCO lacks: above its own, and never given twice. New ones go to the end."""

SPLITS = ("train", "val")


def export(recordings: Sequence[Path], out: Path) -> Summary:
    """Writes every camera's pictures, with the objects that they show, as one COCO dataset: complete or not at all.

    Args:
        recordings: in any order.
        out: the dataset's folder, absent or empty.

    Raises:
        ExportError: no recordings, a recording without pictures, or ``out`` is not empty.
        sensors.recording.RecordingError: a recording is damaged.
    """
    scenes = sources(recordings)
    summary = Summary(Path(out), scenes=len(scenes))
    with publish(Path(out)) as root:
        (root / "annotations").mkdir()
        with ExitStack() as stack:
            sets = {}
            for split in SPLITS:
                (root / "images" / split).mkdir(parents=True)
                sets[split] = stack.enter_context(_Instances(root / "annotations" / f"instances_{split}.json"))
            for source in scenes:
                _add(source, root / "images" / source.split, sets[source.split], summary)
        describe(root, "coco", scenes, summary)
    return summary


def _add(source: Source, folder: Path, instances: _Instances, summary: Summary) -> None:
    before = summary.frames
    for frame in Recording(source.path).frames():
        states = {state.track_id: state for state in frame.objects}
        for name in sorted(frame.cameras):
            picture = frame.cameras[name]
            assert isinstance(picture, StoredCameraFrame)  # it comes out of a recording
            file = f"{_scene_name(source.meta)}_{name}_{frame.index:06d}.png"
            (folder / file).write_bytes(marked(picture.png, Mark.of(source.meta, name, frame.index)))
            height, width = picture.instance.shape
            origin = {"scene": source.meta.scene_id, "camera": name, "frame": frame.index, "time": frame.time}
            image_id = instances.image({"file_name": file, "width": width, "height": height, **origin})
            views = [view for view in picture.views if view.visible_pixels > 0]
            masks = _encoded(picture.instance, [view.track_id for view in views])
            for view, mask in zip(views, masks, strict=True):
                row = annotation(states[view.track_id], view, mask)
                instances.annotation(image_id, row)
                summary.objects[class_name(category(states[view.track_id].category))] += 1
            summary.frames += 1
    if summary.frames == before:
        raise ExportError(f"{source.path}: holds no picture; record with a rig that has a camera")


def _scene_name(meta: SceneMeta) -> str:
    """A scene's part of its pictures' names: its refined versions have others than itself."""
    return f"{meta.scene_id}-{meta.generation}" if meta.generation else meta.scene_id


def annotation(state: ObjectState, view: ObjectView, mask: dict[str, Any]) -> dict[str, Any]:
    """COCO's fields of one visible object, and Longtail's beside them, without the numbers of image and annotation.

    ``bbox`` and ``segmentation`` are what is visible; ``amodal_bbox`` and ``amodal_segmentation`` are the whole of it,
    beyond the border too, the latter counted from its ``origin`` (x, y) [px].
    """
    assert view.visible_box is not None
    row = category(state.category)
    amodal = {}
    if view.amodal_mask is not None:
        (code,) = _codes([view.amodal_mask])
        amodal = {"amodal_segmentation": {**code, "origin": [int(view.amodal_box[0]), int(view.amodal_box[1])]}}
    return {
        "category_id": class_id(row),
        "segmentation": mask,
        "area": view.visible_pixels,
        "bbox": _xywh(view.visible_box),
        "iscrowd": 0,
        "amodal_bbox": _xywh(view.amodal_box),
        "amodal_area": view.amodal_pixels,
        "visible_fraction": round(view.visible_fraction, 4),
        "truncation": round(view.truncation, 4),
        "estimated": view.estimated,
        "occluders": [[track, round(share, 4)] for track, share in view.occluders],
        "track_id": state.track_id,
        "longtail_class": state.category,
        "attributes": dict.fromkeys(state.attributes, True),  # FiftyOne and CVAT want names with values
        **amodal,
    }


def class_name(row: Category) -> str:
    """COCO's name of a class where it has one, else ours; a species' own name without ``animal.``."""
    name = row.coco or row.name.removeprefix("animal.")
    return name if name in COCO_IDS or name in OWN_IDS else "animal"


def class_id(row: Category) -> int:
    """The number of a class, the same in every dataset."""
    name = class_name(row)
    return COCO_IDS.get(name) or OWN_IDS[name]


def categories() -> list[dict[str, Any]]:
    """All classes with their numbers, the same in every dataset, whether they occur or not."""
    groups = {class_name(row): row.nuscenes.split(".")[0] for row in TAXONOMY.values()}
    return [
        {"id": number, "name": name, "supercategory": groups.get(name, "animal")}
        for name, number in [*COCO_IDS.items(), *OWN_IDS.items()]
    ]


def _xywh(box: Box2D) -> list[float]:
    x0, y0, x1, y1 = (float(value) for value in box)
    return [round(x0, 3), round(y0, 3), round(x1 - x0, 3), round(y1 - y0, 3)]


def _encoded(instance: NDArray[np.uint16], track_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Run-length codes of the visible masks, over the whole picture."""
    columns_first = np.asfortranarray(instance)
    return _codes(columns_first == track_id for track_id in track_ids)


def _codes(masks: Iterable[NDArray[np.bool_]]) -> Iterator[dict[str, Any]]:
    for mask in masks:
        code = rle.encode(np.asfortranarray(mask.view(np.uint8)))
        yield {"size": [int(side) for side in code["size"]], "counts": code["counts"].decode("ascii")}


class _Instances:
    """One ``instances_*.json``, row by row: images go to the file, annotations to one beside it until the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._aside = path.with_suffix(".annotations")
        self._images = self._annotations = 0

    def __enter__(self) -> _Instances:
        info = {"description": "Made by Longtail: synthetic pictures with exact labels.", "version": "1.0"}
        with ExitStack() as undo:
            self._file = undo.enter_context(self._path.open("w"))
            self._rows = undo.enter_context(self._aside.open("w+"))
            self._file.write(f'{{"info": {json.dumps(info)}, "licenses": [],\n"images": [')
            self._undo = undo.pop_all()
        return self

    def image(self, row: dict[str, Any]) -> int:
        """Adds a picture; returns its number."""
        self._images += 1
        self._file.write(("\n" if self._images == 1 else ",\n") + json.dumps({"id": self._images, **row}))
        return self._images

    def annotation(self, image_id: int, row: dict[str, Any]) -> None:
        """Adds an object of a picture."""
        self._annotations += 1
        numbers = {"id": self._annotations, "image_id": image_id}
        self._rows.write(("\n" if self._annotations == 1 else ",\n") + json.dumps({**numbers, **row}))

    def __exit__(self, *error: object) -> None:
        with self._undo:
            if error[0] is None:
                self._file.write('],\n"annotations": [')
                self._rows.seek(0)
                while piece := self._rows.read(1 << 20):
                    self._file.write(piece)
                self._file.write(f'],\n"categories": {json.dumps(categories())}}}\n')
        self._aside.unlink()
