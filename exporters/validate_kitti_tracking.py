"""Checks of a KITTI tracking dataset, after the readme of its development kit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from exporters.problems import Problem, decoded
from exporters.validate_kitti import check_label, check_points

_MATRICES = {"P0:": 12, "P1:": 12, "P2:": 12, "P3:": 12, "R_rect": 9, "Tr_velo_cam": 12, "Tr_imu_velo": 12}
OXTS_FIELDS = 30


def validate_kitti_tracking(root: Path) -> list[Problem]:
    """All problems of the dataset in a folder, sequence by sequence."""
    training = root / "training"
    problems: list[Problem] = []
    names = sorted(path.name for path in (training / "image_02").iterdir() if path.is_dir())
    if not names:
        problems.append(Problem("training/image_02", "", "holds no sequence"))
    maps = {path.suffix[1:]: path.read_text().splitlines() for path in training.glob("evaluate_tracking.seqmap.*")}
    for split, lines in sorted(maps.items()):
        for line in lines:
            if (name := line.split(" ")[0]) not in names:
                problems.append(Problem(f"training/evaluate_tracking.seqmap.{split}", name, "is no sequence"))
    if shared := {line.split(" ")[0] for line in maps.get("train", ())} & {
        line.split(" ")[0] for line in maps.get("val", ())
    }:
        problems.append(Problem("training/evaluate_tracking.seqmap.val", min(shared), "is in train too"))
    for name in names:
        problems += _check_sequence(training, name)
    return problems


def _check_sequence(training: Path, name: str) -> Iterator[Problem]:
    pictures = sorted(path.stem for path in (training / "image_02" / name).glob("*.png"))
    if pictures != [f"{number:06d}" for number in range(len(pictures))]:
        yield Problem(f"training/image_02/{name}", "", "is not numbered through from 000000")
    sweeps = sorted(path.stem for path in (training / "velodyne" / name).glob("*.bin"))
    for odd in sorted(set(pictures) ^ set(sweeps)):
        yield Problem(f"training/velodyne/{name}/{odd}.bin", "", "is there without its picture, or missing")
    shape = None
    for picture in pictures:
        image = decoded(training / "image_02" / name / f"{picture}.png", cv2.IMREAD_COLOR)
        if image is None:
            yield Problem(f"training/image_02/{name}/{picture}.png", "", "is not a whole PNG picture")
        else:
            shape = image.shape
        file = f"{name}/{picture}.bin"
        yield from check_points(training / "velodyne" / file, f"training/velodyne/{file}")
    yield from _check_calib(training / "calib" / f"{name}.txt", f"training/calib/{name}.txt")
    yield from _check_oxts(training / "oxts" / f"{name}.txt", f"training/oxts/{name}.txt", len(pictures))
    yield from _check_labels(training / "label_02" / f"{name}.txt", f"training/label_02/{name}.txt", pictures, shape)


def _check_calib(path: Path, name: str) -> Iterator[Problem]:
    if not path.exists():
        yield Problem(name, "", "is missing")
        return
    counts = {words[0]: len(words) - 1 for line in path.read_text().splitlines() if (words := line.split())}
    for key, count in _MATRICES.items():
        if counts.get(key) != count:
            yield Problem(name, key, f"holds {counts.get(key, 0)} numbers, not {count}")


def _check_oxts(path: Path, name: str, frames: int) -> Iterator[Problem]:
    if not path.exists():
        yield Problem(name, "", "is missing")
        return
    lines = path.read_text().splitlines()
    if len(lines) != frames:
        yield Problem(name, "", f"holds {len(lines)} lines for {frames} frames")
    for number, line in enumerate(lines, start=1):
        try:
            values = np.array(line.split(), dtype=float)
        except ValueError:
            yield Problem(name, f"line {number}", "holds something that is not a number")
            continue
        if len(values) != OXTS_FIELDS or not np.isfinite(values).all():
            yield Problem(name, f"line {number}", f"does not hold {OXTS_FIELDS} finite numbers")


def _check_labels(path: Path, name: str, pictures: list[str], shape: tuple[int, ...] | None) -> Iterator[Problem]:
    if not path.exists():
        yield Problem(name, "", "is missing")
        return
    seen: set[tuple[str, str]] = set()
    types: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        where = f"line {number}"
        words = line.split()
        if len(words) != 17:
            yield Problem(name, where, f"holds {len(words)} fields, not 17")
            continue
        frame, track = words[:2]
        if not frame.isdigit() or int(frame) >= len(pictures):
            yield Problem(name, f"{where}, frame", f"{frame} is no frame of the sequence")
        if track != "-1":
            if (frame, track) in seen:
                yield Problem(name, f"{where}, track", f"{track} is in frame {frame} twice")
            if types.setdefault(track, words[2]) != words[2]:
                yield Problem(name, f"{where}, type", f"track {track} was a {types[track]} before")
        seen.add((frame, track))
        if words[3] not in ("-1", "0", "1", "2"):
            yield Problem(name, f"{where}, truncated", f"{words[3]} is not 0, 1 or 2")
            continue
        for field, message in check_label([words[2], "0", *words[4:]], shape):
            yield Problem(name, f"{where}, {field}", message)
