"""Checks of a KITTI object dataset, after the readme of KITTI's development kit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from exporters.problems import Problem, decoded
from exporters.validate_kitti_dense import check_dense
from sensors.taxonomy import TAXONOMY

TYPES = {row.kitti for row in TAXONOMY.values()} | {"Person_sitting", "Tram", "Misc", "DontCare"}
"""Types that may stand in a label."""

_FILES = {"image_2": "png", "velodyne": "bin", "calib": "txt", "label_2": "txt"}
_MATRICES = {"P0": 12, "P1": 12, "P2": 12, "P3": 12, "R0_rect": 9, "Tr_velo_to_cam": 12, "Tr_imu_to_velo": 12}
_FIELDS = (
    "truncated", "occluded", "alpha", "bbox left", "bbox top", "bbox right", "bbox bottom", "height", "width", "length",
    "x", "y", "z", "rotation_y",
)  # fmt: skip
_ROUNDING = 0.011
"""[rad, m] by which numbers with two decimals, KITTI's, may be off in a comparison."""


def validate_kitti(root: Path) -> list[Problem]:
    """All problems of the dataset in a folder; image sets are looked at where there are some."""
    there = {folder: {path.name for path in (root / "training" / folder).glob("*")} for folder in _FILES}
    problems: list[Problem] = []
    if (root / "ImageSets").is_dir():
        subsets = {}
        for name in ("train", "val", "trainval"):
            try:
                subsets[name] = (root / "ImageSets" / f"{name}.txt").read_text().split()
            except OSError:
                return [Problem(f"ImageSets/{name}.txt", "", "is missing")]
        frames = subsets["trainval"]
        problems += _check_splits(root, subsets)
    else:  # KITTI itself comes without
        frames = sorted({name.partition(".")[0] for names in there.values() for name in names})
        if not frames:
            problems.append(Problem("training", "", "holds no frame"))
    for folder, ending in _FILES.items():
        listed = {f"{frame}.{ending}" for frame in frames}
        problems += [Problem(f"training/{folder}/{name}", "", "is missing") for name in sorted(listed - there[folder])]
        problems += [
            Problem(f"training/{folder}/{name}", "", "is in no image set") for name in sorted(there[folder] - listed)
        ]
    for frame in frames:
        problems += _check_frame(root, frame)
    problems += check_dense(root, frames)
    return problems


def _check_splits(root: Path, subsets: dict[str, list[str]]) -> Iterator[Problem]:
    train, val, both = subsets["train"], subsets["val"], subsets["trainval"]
    if not both:
        yield Problem("ImageSets/trainval.txt", "", "names no frame")
    for name, frames in subsets.items():
        if len(set(frames)) < len(frames):
            yield Problem(f"ImageSets/{name}.txt", "", "names a frame twice")
    if shared := sorted(set(train) & set(val)):
        yield Problem("ImageSets/val.txt", shared[0], "is in train.txt too")
    if odd := sorted(set(both) ^ (set(train) | set(val))):
        yield Problem("ImageSets/trainval.txt", odd[0], "is not in exactly one of train.txt and val.txt")
    if not (root / "mapping.txt").exists():
        return
    split_of: dict[str, str] = {}
    training = set(train)
    for number, line in enumerate((root / "mapping.txt").read_text().splitlines(), start=1):
        frame, _, rest = line.partition(" ")
        scene = rest.rpartition(" ")[0]
        split = "train" if frame in training else "val"
        if split_of.setdefault(scene, split) != split:
            yield Problem("mapping.txt", f"line {number}", f"scene {scene!r} is in both splits")


def _check_frame(root: Path, frame: str) -> Iterator[Problem]:
    training = root / "training"
    image = decoded(training / "image_2" / f"{frame}.png", cv2.IMREAD_COLOR)
    if image is None:
        yield Problem(f"training/image_2/{frame}.png", "", "is not a whole PNG picture")
    yield from check_points(training / "velodyne" / f"{frame}.bin", f"training/velodyne/{frame}.bin")
    yield from _check_calib(training / "calib" / f"{frame}.txt", f"training/calib/{frame}.txt")
    try:
        lines = (training / "label_2" / f"{frame}.txt").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for number, line in enumerate(lines, start=1):
        for field, message in check_label(line.split(), None if image is None else image.shape):
            yield Problem(f"training/label_2/{frame}.txt", f"line {number}, {field}", message)


def check_points(path: Path, name: str) -> Iterator[Problem]:
    """Problems of a sweep's file; ``name`` is what they call it."""
    if not path.exists():
        return
    data = path.read_bytes()
    if len(data) % 16:
        yield Problem(name, "", f"holds {len(data)} bytes; a point has 16")
        return
    points = np.frombuffer(data, "<f4").reshape(-1, 4)
    if not np.isfinite(points).all():
        yield Problem(name, f"point {int(np.argmin(np.isfinite(points).all(axis=1)))}", "is not finite")
    elif len(points) and (points[:, 3].min() < 0 or points[:, 3].max() > 1):
        yield Problem(name, "reflectance", f"spans {points[:, 3].min()} to {points[:, 3].max()}, outside of [0, 1]")


def _check_calib(path: Path, name: str) -> Iterator[Problem]:
    if not path.exists():
        return
    matrices: dict[str, NDArray[np.float64]] = {}
    for line in filter(str.strip, path.read_text(errors="replace").splitlines()):
        key, _, values = line.partition(":")
        try:
            matrices[key] = np.array([float(value) for value in values.split()])
        except ValueError:
            yield Problem(name, key, "holds something that is not a number")
            return
    for key, length in _MATRICES.items():
        if key not in matrices:
            yield Problem(name, key, "is missing")
        elif len(matrices[key]) != length:
            yield Problem(name, key, f"holds {len(matrices[key])} numbers, not {length}")
        elif key.startswith("P"):
            projection = matrices[key].reshape(3, 4)
            if not (projection[0, 0] > 0 and projection[1, 1] > 0 and projection[2, 2] == 1):
                yield Problem(name, key, "is not a projection: focal lengths must be positive and the last row 0 0 1")
        else:
            rotation = matrices[key].reshape(3, -1)[:, :3]
            if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-4) or np.linalg.det(rotation) < 0:
                yield Problem(name, key, "does not hold a rotation")


def check_label(words: list[str], shape: tuple[int, ...] | None) -> Iterator[tuple[str, str]]:
    """Field and message of what is wrong with the words of an object's label; ``shape``: of its picture, if known."""
    if len(words) != 15:
        yield "the line", f"holds {len(words)} fields, not 15"
        return
    if words[0] not in TYPES:
        yield "type", f"{words[0]!r} is not one of {', '.join(sorted(TYPES))}"
    try:
        value = dict(zip(_FIELDS, map(float, words[1:]), strict=True))
    except ValueError as error:
        yield "the line", str(error)
        return
    if bad := next((field for field in _FIELDS if not math.isfinite(value[field])), None):
        yield bad, f"{value[bad]} is not finite"
        return
    if words[0] == "DontCare":
        return
    if not 0 <= value["truncated"] <= 1:
        yield "truncated", f"{value['truncated']} is outside of [0, 1]"
    if value["occluded"] not in (0, 1, 2, 3):
        yield "occluded", f"{words[2]} is not 0, 1, 2 or 3"
    for field in ("height", "width", "length"):
        if value[field] <= 0:
            yield field, f"{value[field]} is not positive"
    for field in ("alpha", "rotation_y"):
        if abs(value[field]) > math.pi + 1e-3:
            yield field, f"{value[field]} is outside of [-pi, pi]"
    seen_from = value["rotation_y"] - math.atan2(value["x"], value["z"])
    slack = _ROUNDING + _ROUNDING / max(0.1, math.hypot(value["x"], value["z"]))
    if abs(math.remainder(value["alpha"] - seen_from, math.tau)) > slack:
        yield "alpha", f"{value['alpha']} is not rotation_y less the direction to the object ({seen_from:.4f})"
    height, width = shape[:2] if shape else (math.inf, math.inf)
    for low, high, end in (("bbox left", "bbox right", width), ("bbox top", "bbox bottom", height)):
        if not 0 <= value[low] <= value[high] <= end - 1:
            yield low, f"{value[low]} to {value[high]} is not inside the picture (0 to {end - 1})"
