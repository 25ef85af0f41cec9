"""Checks of a nuScenes dataset, after the schema page of nuscenes-devkit."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np

from exporters.nuscenes_tables import SEGMENTATION_TABLES, TABLES
from exporters.problems import Problem, decoded
from exporters.validate_nuscenes_can import check_bus

Row = dict[str, Any]

_SCHEMA: dict[str, dict[str, str]] = {
    # table: field: what it holds; ">table" is a token of that table, ">>table" a list of them, "chain" a token of the
    # same table or "".
    "attribute": {"name": "text", "description": "text"},
    "calibrated_sensor": {
        "sensor_token": ">sensor", "translation": "vector", "rotation": "quaternion", "camera_intrinsic": "intrinsic",
    },
    "category": {"name": "text", "description": "text"},
    "ego_pose": {"timestamp": "count", "rotation": "quaternion", "translation": "vector"},
    "instance": {
        "category_token": ">category", "nbr_annotations": "count", "first_annotation_token": ">sample_annotation",
        "last_annotation_token": ">sample_annotation",
    },
    "log": {"logfile": "text", "vehicle": "text", "date_captured": "text", "location": "text"},
    "map": {"log_tokens": ">>log", "category": "text", "filename": "text"},
    "sample": {"timestamp": "count", "prev": "chain", "next": "chain", "scene_token": ">scene"},
    "sample_annotation": {
        "sample_token": ">sample", "instance_token": ">instance", "visibility_token": ">visibility",
        "attribute_tokens": ">>attribute", "translation": "vector", "size": "size", "rotation": "quaternion",
        "prev": "chain", "next": "chain", "num_lidar_pts": "count", "num_radar_pts": "count",
    },
    "sample_data": {
        "sample_token": ">sample", "ego_pose_token": ">ego_pose", "calibrated_sensor_token": ">calibrated_sensor",
        "timestamp": "count", "fileformat": "text", "is_key_frame": "flag", "height": "count", "width": "count",
        "filename": "text", "prev": "chain", "next": "chain",
    },
    "scene": {
        "log_token": ">log", "nbr_samples": "count", "first_sample_token": ">sample", "last_sample_token": ">sample",
        "name": "text", "description": "text",
    },
    "sensor": {"channel": "text", "modality": "text"},
    "visibility": {"level": "text", "description": "text"},
}  # fmt: skip


def validate_nuscenes(root: Path, version: str) -> list[Problem]:
    """All problems of the dataset in a folder, whose tables lie in ``version``."""
    tables: dict[str, dict[str, Row]] = {}
    problems: list[Problem] = []
    for name in TABLES:
        file = f"{version}/{name}.json"
        try:
            rows = json.loads((root / file).read_text())
            tables[name] = {row["token"]: row for row in rows}
        except OSError:
            problems.append(Problem(file, "", "is missing"))
        except (ValueError, TypeError, KeyError) as error:
            problems.append(Problem(file, "", f"is not a JSON list of records with tokens ({error!r})"))
        else:
            if len(tables[name]) < len(rows):
                problems.append(Problem(file, "token", "two records have the same"))
    if problems:
        return problems
    for name, schema in _SCHEMA.items():
        for row in tables[name].values():
            for field, kind in schema.items():
                message = "is missing" if field not in row else _check_field(kind, row[field], name, tables)
                if message:
                    problems.append(Problem(f"{version}/{name}.json", f"{row['token']}, {field}", message))
    if problems:
        return problems  # what follows walks along the tokens
    problems += _check_chains(tables, version)
    problems += _check_counts(tables, version)
    problems += _check_files(root, tables)
    problems += _check_segmentation(root, tables, version)
    problems += _check_splits(root, tables, version)
    problems += check_bus(root, sorted(row["name"] for row in tables["scene"].values()))
    return problems


def _check_field(kind: str, value: Any, table: str, tables: dict[str, dict[str, Row]]) -> str | None:
    """What is wrong with a field's value, or None."""
    if kind.startswith(">>"):
        known = tables[kind[2:]]
        ok = isinstance(value, list) and all(isinstance(token, str) and token in known for token in value)
        return None if ok else f"{value!r} is not a list of tokens of {kind[2:]}"
    if not isinstance(value, str) and (kind in ("chain", "text") or kind.startswith(">")):
        return f"{value!r} is not a text"
    if kind.startswith(">"):
        return None if value in tables[kind[1:]] else f"{value!r} is no token of {kind[1:]}"
    if kind == "chain":
        return None if value == "" or value in tables[table] else f"{value!r} is no token of {table}"
    if kind == "text":
        return None
    if kind == "flag":
        return None if isinstance(value, bool) else f"{value!r} is not true or false"
    if kind == "count":
        return None if isinstance(value, int) and value >= 0 else f"{value!r} is not a whole number from 0"
    array = np.array(value, dtype=object)
    numbers = all(isinstance(item, int | float) and math.isfinite(item) for item in array.flat)
    if kind == "intrinsic":
        ok = array.size == 0 or (numbers and array.shape == (3, 3) and array[0, 0] > 0 and array[1, 1] > 0)
        return None if ok else f"{value!r} is neither empty nor a 3 x 3 matrix with positive focal lengths"
    if not numbers or array.shape != ((4,) if kind == "quaternion" else (3,)):
        return f"{value!r} does not hold {4 if kind == 'quaternion' else 3} finite numbers"
    if kind == "quaternion" and abs(math.hypot(*value) - 1) > 1e-6:
        return f"{value!r} is not a unit quaternion"
    if kind == "size" and min(value) <= 0:
        return f"{value!r} is not positive"
    return None


def _check_chains(tables: dict[str, dict[str, Row]], version: str) -> Iterator[Problem]:
    """prev and next name each other, stay with one scene, sensor or object, and go forward in time."""
    samples = tables["sample"]
    owner = {"sample": "scene_token", "sample_data": "calibrated_sensor_token", "sample_annotation": "instance_token"}
    for name, key in owner.items():
        for token, row in tables[name].items():
            following = tables[name].get(row["next"])
            place = f"{token}, next"
            if row["prev"] and tables[name][row["prev"]]["next"] != token:
                yield Problem(
                    f"{version}/{name}.json", f"{token}, prev", "the record named does not name this one as next"
                )
            if following is None:
                continue
            if following["prev"] != token:
                yield Problem(f"{version}/{name}.json", place, "the record named does not name this one as prev")
            if following[key] != row[key]:
                yield Problem(f"{version}/{name}.json", place, f"the record named has another {key}")
            early, late = (
                (row, following)
                if name != "sample_annotation"
                else (samples[row["sample_token"]], samples[following["sample_token"]])
            )
            if early["timestamp"] >= late["timestamp"]:
                yield Problem(f"{version}/{name}.json", place, "the record named is not later")


def _check_counts(tables: dict[str, dict[str, Row]], version: str) -> Iterator[Problem]:
    in_scene = Counter(row["scene_token"] for row in tables["sample"].values())
    for token, row in tables["scene"].items():
        if row["nbr_samples"] != in_scene[token]:
            yield Problem(
                f"{version}/scene.json", f"{token}, nbr_samples", f"{row['nbr_samples']}, but it has {in_scene[token]}"
            )
    of_instance = Counter(row["instance_token"] for row in tables["sample_annotation"].values())
    for token, row in tables["instance"].items():
        if row["nbr_annotations"] != of_instance[token]:
            message = f"{row['nbr_annotations']}, but it has {of_instance[token]}"
            yield Problem(f"{version}/instance.json", f"{token}, nbr_annotations", message)
    for table, row_table, first, last in (
        ("scene", "sample", "first_sample_token", "last_sample_token"),
        ("instance", "sample_annotation", "first_annotation_token", "last_annotation_token"),
    ):
        for token, row in tables[table].items():
            if tables[row_table][row[first]]["prev"]:
                yield Problem(f"{version}/{table}.json", f"{token}, {first}", "is not the first of its chain")
            if tables[row_table][row[last]]["next"]:
                yield Problem(f"{version}/{table}.json", f"{token}, {last}", "is not the last of its chain")
    channels = {
        token: tables["sensor"][row["sensor_token"]]["channel"] for token, row in tables["calibrated_sensor"].items()
    }
    keys = Counter(
        (row["sample_token"], channels[row["calibrated_sensor_token"]])
        for row in tables["sample_data"].values()
        if row["is_key_frame"]
    )
    for (sample, channel), number in keys.items():
        if number > 1:
            yield Problem(f"{version}/sample_data.json", f"sample {sample}", f"has {number} keyframes of {channel}")
    for sample in tables["sample"]:
        if (sample, "LIDAR_TOP") not in keys:
            yield Problem(f"{version}/sample_data.json", f"sample {sample}", "has no keyframe of LIDAR_TOP")
    mapped = {log for row in tables["map"].values() for log in row["log_tokens"]}
    for log in tables["log"].keys() - mapped:
        yield Problem(f"{version}/map.json", "log_tokens", f"no map names the log {log}")
    for token, row in tables["sample_annotation"].items():
        if len(row["attribute_tokens"]) > 1:
            yield Problem(f"{version}/sample_annotation.json", f"{token}, attribute_tokens", "more than one")


def _check_files(root: Path, tables: dict[str, dict[str, Row]]) -> Iterator[Problem]:
    modality = {
        token: tables["sensor"][row["sensor_token"]]["modality"] for token, row in tables["calibrated_sensor"].items()
    }
    for row in tables["sample_data"].values():
        name = row["filename"]
        if not (root / name).is_file():
            yield Problem(name, "", "is missing")
        elif modality[row["calibrated_sensor_token"]] == "camera":
            image = decoded(root / name, cv2.IMREAD_COLOR)
            if image is None:
                yield Problem(name, "", "is not a whole JPEG picture")
            elif image.shape[:2] != (row["height"], row["width"]):
                yield Problem(name, "", f"is {image.shape[1]} x {image.shape[0]}, not {row['width']} x {row['height']}")
        elif modality[row["calibrated_sensor_token"]] == "lidar":
            size = (root / name).stat().st_size
            if size % 20:
                yield Problem(name, "", f"holds {size} bytes; a point has 20")
            elif not np.isfinite(np.fromfile(root / name, "<f4")).all():
                yield Problem(name, "", "holds numbers that are not finite")
    for row in tables["map"].values():
        mask = decoded(root / row["filename"], cv2.IMREAD_UNCHANGED)
        if mask is None:
            yield Problem(row["filename"], "", "is not a whole PNG picture")
        elif mask.ndim != 2 or not np.isin(np.unique(mask), (0, 255)).all():
            yield Problem(row["filename"], "", "is not a grey picture of 0 and 255")


def _check_segmentation(root: Path, tables: dict[str, dict[str, Row]], version: str) -> Iterator[Problem]:
    """The classes and objects of returns, where there are any: one file a keyframe's sweep, one entry a return."""
    known = {row.get("index") for row in tables["category"].values()}
    index_of: dict[str, Any] = {}
    for table in SEGMENTATION_TABLES:
        file = f"{version}/{table}.json"
        if not (root / file).exists():
            continue
        try:
            rows = {row["sample_data_token"]: row["filename"] for row in json.loads((root / file).read_text())}
        except (ValueError, TypeError, KeyError) as error:
            yield Problem(file, "", f"is not a JSON list of records with sample_data_token and filename ({error!r})")
            continue
        for token, name in rows.items():
            data = tables["sample_data"].get(token)
            if data is None or not data["is_key_frame"]:
                yield Problem(file, f"{token}, sample_data_token", "is no keyframe's")
                continue
            codes = _codes(root / name)
            if codes is None:
                yield Problem(name, "", "is missing or broken")
                continue
            if len(codes) * 20 != (root / data["filename"]).stat().st_size:
                yield Problem(name, "", f"holds {len(codes)} entries, but {data['filename']} other returns")
            classes = codes // 1000 if table == "panoptic" else codes
            if strangers := sorted(set(np.unique(classes).tolist()) - known):
                yield Problem(name, "", f"holds the class {strangers[0]}, which is the index of no category")
            if not np.array_equal(index_of.setdefault(token, classes), classes):
                yield Problem(name, "", "tells other classes than lidarseg")


def _codes(path: Path) -> Any:
    """The entries (N,) of a file of classes or of panoptic codes; None for one that cannot be read."""
    try:
        if path.suffix == ".bin":
            return np.fromfile(path, np.uint8)
        with np.load(path) as file:
            return file["data"]
    except (OSError, ValueError, KeyError, BadZipFile):
        return None


def _check_splits(root: Path, tables: dict[str, dict[str, Row]], version: str) -> Iterator[Problem]:
    """The devkit's splits of one's own (1.2 and later), when there are any."""
    file = root / version / "splits.json"
    if not file.exists():
        return
    names = {row["name"] for row in tables["scene"].values()}
    try:
        splits = json.loads(file.read_text())
        strangers = sorted(name for scenes in splits.values() for name in scenes if name not in names)
    except (ValueError, AttributeError, TypeError) as error:
        yield Problem(f"{version}/splits.json", "", f"is not a JSON object of lists of scene names ({error!r})")
        return
    if strangers:
        yield Problem(f"{version}/splits.json", strangers[0], "is no scene of this dataset")
    number = Counter(name for scenes in splits.values() for name in scenes)
    for name in sorted(name for name, times in number.items() if times > 1):
        yield Problem(f"{version}/splits.json", name, "is in two splits")
