"""Checks of a COCO instance dataset, as ``pycocotools`` and the detectors that read it would meet it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as rle

from exporters.problems import Problem, decoded


def validate_coco(root: Path) -> list[Problem]:
    """All problems of the dataset in a folder: every ``annotations/instances_*.json`` with its pictures."""
    problems: list[Problem] = []
    scenes: dict[str, str] = {}
    for path in sorted((root / "annotations").glob("instances_*.json")):
        problems += _check_set(root, path, scenes)
    return problems


def _check_set(root: Path, path: Path, scenes: dict[str, str]) -> Iterator[Problem]:
    name = f"annotations/{path.name}"
    split = path.stem.removeprefix("instances_")
    try:
        table = json.loads(path.read_text())
    except ValueError as error:
        yield Problem(name, "", f"is not JSON: {error}")
        return
    for key in ("images", "annotations", "categories"):
        if not isinstance(table, dict) or not isinstance(table.get(key), list):
            yield Problem(name, key, "is missing")
            return
    for key in ("images", "annotations", "categories"):
        numbers = [row.get("id") for row in table[key]]
        if len(set(numbers)) < len(numbers):
            yield Problem(name, key, "gives an id twice")
    folder = root / "images" / split
    images = {row["id"]: row for row in table["images"]}
    for row in table["images"]:
        picture = decoded(folder / row["file_name"], cv2.IMREAD_COLOR)
        if picture is None:
            yield Problem(f"images/{split}/{row['file_name']}", "", "is not a whole picture")
        elif picture.shape[:2] != (row["height"], row["width"]):
            yield Problem(name, f"image {row['id']}", "has another size than its file")
        scene = row.get("scene")
        if scene is not None and scenes.setdefault(scene, split) != split:
            yield Problem(name, f"image {row['id']}", f"scene {scene!r} is in both splits")
    listed = {row["file_name"] for row in table["images"]}
    for stray in sorted(file.name for file in folder.glob("*") if file.name not in listed):
        yield Problem(f"images/{split}/{stray}", "", "is listed nowhere")
    known = {row["id"] for row in table["categories"]}
    for row in table["annotations"]:
        for field, message in _check_annotation(row, images.get(row.get("image_id")), known):
            yield Problem(name, f"annotation {row.get('id')}, {field}", message)


def _check_annotation(row: dict[str, Any], image: dict[str, Any] | None, known: set[int]) -> Iterator[tuple[str, str]]:
    if image is None:
        yield "image_id", f"{row.get('image_id')} is no image"
        return
    if row.get("category_id") not in known:
        yield "category_id", f"{row.get('category_id')} is no category"
    code = row.get("segmentation")
    if not isinstance(code, dict) or code.get("size") != [image["height"], image["width"]]:
        yield "segmentation", "is not a run-length code of the picture's size"
        return
    area = int(rle.area(code))
    if area != row.get("area") or area == 0:
        yield "area", f"{row.get('area')} is not the mask's {area}"
    box = np.asarray(rle.toBbox(code), dtype=float)
    if not np.array_equal(box, np.asarray(row.get("bbox", []), dtype=float)):
        yield "bbox", f"{row.get('bbox')} is not the mask's extent {box.tolist()}"
