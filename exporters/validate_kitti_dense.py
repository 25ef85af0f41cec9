"""Checks of what may stand beside a KITTI object dataset's frames: right pictures, planes, depth, flow, classes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from exporters.problems import Problem, decoded
from sensors.taxonomy import CITYSCAPES

FOLDERS = {
    "image_3": "png",
    "planes": "txt",
    "depth_2": "png",
    "semantic": "png",
    "instance": "png",
    "flow_occ": "png",
    "flow_noc": "png",
}
"""Folders that need not be there; those that are hold a file for each frame, but for flow, which ends with a scene."""

_FORMS = {
    "image_3": (np.uint8, 3),
    "depth_2": (np.uint16, 1),
    "semantic": (np.uint8, 1),
    "instance": (np.uint16, 1),
    "flow_occ": (np.uint16, 3),
    "flow_noc": (np.uint16, 3),
}


def check_dense(root: Path, frames: list[str]) -> Iterator[Problem]:
    """Problems of the folders that are there."""
    training = root / "training"
    there = [folder for folder in FOLDERS if (training / folder).is_dir()]
    for folder in there:
        names = {path.name for path in (training / folder).iterdir()}
        listed = {f"{frame}.{FOLDERS[folder]}" for frame in frames}
        missing = [] if folder.startswith("flow") else sorted(listed - names)
        yield from (Problem(f"training/{folder}/{name}", "", "is missing") for name in missing)
        yield from (Problem(f"training/{folder}/{name}", "", "is in no image set") for name in sorted(names - listed))
    if there:
        for frame in frames:
            yield from _check_frame(training, frame, there)


def _check_frame(training: Path, frame: str, there: list[str]) -> Iterator[Problem]:
    left = decoded(training / "image_2" / f"{frame}.png", cv2.IMREAD_UNCHANGED)
    pictures: dict[str, NDArray[Any]] = {}
    for folder in there:
        path = training / folder / f"{frame}.{FOLDERS[folder]}"
        name = f"training/{folder}/{path.name}"
        if not path.exists():
            continue
        if folder == "planes":
            yield from _check_plane(path, name)
            continue
        picture = decoded(path, cv2.IMREAD_UNCHANGED)
        kind, channels = _FORMS[folder]
        if picture is None:
            yield Problem(name, "", "is not a whole PNG picture")
        elif picture.dtype != kind or (picture.shape[2] if picture.ndim == 3 else 1) != channels:
            yield Problem(name, "", f"is not of {channels} x {np.dtype(kind).itemsize * 8} bits")
        elif left is not None and picture.shape[:2] != left.shape[:2]:
            yield Problem(name, "", f"is {picture.shape[1]} x {picture.shape[0]}, unlike image_2")
        else:
            pictures[folder] = picture
    yield from _check_pictures(pictures, frame)


def _check_pictures(pictures: dict[str, NDArray[Any]], frame: str) -> Iterator[Problem]:
    classes, instances = pictures.get("semantic"), pictures.get("instance")
    known = sorted(set(CITYSCAPES.values()))
    if classes is not None and not np.isin(classes, range(34)).all():
        stranger = int(classes[~np.isin(classes, range(34))].flat[0])
        yield Problem(f"training/semantic/{frame}.png", "", f"holds {stranger}, which is none of {known}")
    if classes is not None and instances is not None and not np.array_equal(instances // 256, classes):
        yield Problem(f"training/instance/{frame}.png", "", "tells other classes than semantic")
    valid = {}
    for folder in ("flow_occ", "flow_noc"):
        if folder in pictures:
            valid[folder] = pictures[folder][..., 0]  # OpenCV's blue is KITTI's third channel
            if not np.isin(valid[folder], (0, 1)).all():
                yield Problem(f"training/{folder}/{frame}.png", "third channel", "is not 0 or 1")
    if len(valid) == 2 and (valid["flow_noc"] > valid["flow_occ"]).any():
        yield Problem(f"training/flow_noc/{frame}.png", "third channel", "holds where flow_occ does not")


def _check_plane(path: Path, name: str) -> Iterator[Problem]:
    lines = path.read_text(errors="replace").splitlines()
    try:
        a, b, c, d = map(float, lines[3].split())
    except (IndexError, ValueError):
        yield Problem(name, "line 4", "does not hold four numbers")
        return
    if not all(map(math.isfinite, (a, b, c, d))) or abs(math.hypot(a, b, c) - 1) > 1e-4 or b >= 0:
        yield Problem(name, "line 4", "is no plane whose unit normal points up (b < 0)")
