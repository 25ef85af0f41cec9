"""``longtail diff``: what changed between two datasets, in scenes, labels, statistics and files."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel
from rich.console import Console
from rich.table import Column, Table

from orchestrator.dataset import DatasetError, paths_in
from orchestrator.report import FORMATS
from orchestrator.statistics import Statistics, count
from sensors.frames import FrameLabels, SceneMeta
from sensors.recording import Recording

SHOWN = 20
"""Lines of a table; JSON has them all."""


class SceneChange(BaseModel):
    """A scene that both have, and that is not the same.

    Attributes:
        scene: its name. what: fields of its metadata, ``frames``, ``labels`` or ``pictures`` (and points).
        first: time of the first frame whose labels differ [s].
    """

    scene: str
    what: list[str]
    first: float | None = None


class Figure(BaseModel):
    """A number of the statistics that changed."""

    name: str
    before: float
    after: float


class Difference(BaseModel):
    """What sets two datasets apart; empty lists everywhere when nothing does.

    Attributes:
        removed, added: scenes of only the first or the second. changed: of both, not the same.
        figures: statistics that changed. files_removed, files_added, files_changed: of exports, by path.
    """

    removed: list[str] = []
    added: list[str] = []
    changed: list[SceneChange] = []
    figures: list[Figure] = []
    files_removed: list[str] = []
    files_added: list[str] = []
    files_changed: list[str] = []

    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        return not any(getattr(self, field) for field in type(self).model_fields)


def difference(before: Path, after: Path) -> Difference:
    """Compares recordings and exports of two output folders, or the files of two exported datasets.

    Raises:
        DatasetError: one of the paths holds neither.
        sensors.recording.RecordingError: a recording is damaged.
    """
    made = Difference()
    sides = [_files(path) for path in (before, after)]
    made.files_removed = sorted(sides[0].keys() - sides[1].keys())
    made.files_added = sorted(sides[1].keys() - sides[0].keys())
    made.files_changed = sorted(
        name for name in sides[0].keys() & sides[1].keys() if not _equal(sides[0][name], sides[1][name])
    )
    recorded = [_recordings(path) for path in (before, after)]
    if not any((*sides, *recorded)):
        raise DatasetError(f"neither {before} nor {after} holds recordings or exports; name output folders or datasets")
    made.removed = [name for name in recorded[0] if name not in recorded[1]]
    made.added = [name for name in recorded[1] if name not in recorded[0]]
    for name, old in recorded[0].items():
        new = recorded[1].get(name)
        if new is not None and not _equal(old, new):
            made.changed.append(_scene_change(name, Recording(old), Recording(new)))
    if made.removed or made.added or made.changed:
        made.figures = _figures(*(count(map(Recording, side.values())) for side in recorded))
    return made


def show(found: Difference, console: Console) -> None:
    """Prints a difference as tables."""
    if found.same:
        console.print("no difference")
        return
    if found.removed or found.added or found.changed:
        table = Table(Column("scene", overflow="fold"), "", "what", title="scenes", title_justify="left")
        rows: list[tuple[str, ...]] = [(name, "only in A", "") for name in found.removed]
        rows += [(name, "only in B", "") for name in found.added]
        for change in found.changed:
            when = "" if change.first is None else f" (from {change.first:.2f} s)"
            rows.append((change.scene, "changed", ", ".join(change.what) + when))
        _print(table, rows, console)
    if found.figures:
        table = Table(
            "statistic", *(Column(each, justify="right") for each in ("A", "B", "change")),
            title="statistics", title_justify="left",
        )  # fmt: skip
        rows = [(f.name, f"{f.before:g}", f"{f.after:g}", f"{f.after - f.before:+g}") for f in found.figures]
        _print(table, rows, console)
    files = {"only in A": found.files_removed, "only in B": found.files_added, "changed": found.files_changed}
    table = Table("exports", "", Column("files", justify="right"), Column("first of them", no_wrap=True))
    lines: list[tuple[str, ...]] = []
    for what, names in files.items():
        for folder, inside in groupby(names, key=lambda name: name.rpartition("/")[0]):
            each = [name.rpartition("/")[2] for name in inside]
            lines.append((folder or ".", what, str(len(each)), each[0]))
    if lines:
        _print(table, sorted(lines), console)


def _print(table: Table, rows: list[tuple[str, ...]], console: Console) -> None:
    for row in rows[:SHOWN]:
        table.add_row(*row)
    console.print(table)
    if len(rows) > SHOWN:
        console.print(f"... and {len(rows) - SHOWN} more; --json lists them all")


def _recordings(path: Path) -> dict[str, Path]:
    """By what makes a scene the same one in two builds: script, seed, number, rig, generation."""
    if not path.exists():
        raise DatasetError(f"{path} does not exist")
    if path.is_dir() and not any(path.glob("*.mcap")) and not any(path.glob("recordings/*.mcap")):
        return {}
    return {_name(Recording(each).meta): each for each in paths_in(path)}


def _name(meta: SceneMeta) -> str:
    refined = f", generation {meta.generation}" if meta.generation else ""
    return f"{meta.scenario} #{meta.index} (seed {meta.seed}, {meta.rig.name}{refined})"


def _files(path: Path) -> dict[str, Path]:
    """Files of exports by their place: of those in an output folder, or of the one that the path is."""
    exports = [path / name for name in FORMATS if (path / name).is_dir()]
    if not exports and path.is_dir() and not any(path.glob("recordings/*.mcap")) and not any(path.glob("*.mcap")):
        exports = [path]
    return {
        str(file.relative_to(path)): file for export in exports for file in sorted(export.rglob("*")) if file.is_file()
    }


def _equal(first: Path, second: Path) -> bool:
    return filecmp.cmp(first, second, shallow=False)


def _scene_change(name: str, old: Recording, new: Recording) -> SceneChange:
    what = [field for field in SceneMeta.__dataclass_fields__ if getattr(old.meta, field) != getattr(new.meta, field)]
    if len(old) != len(new):
        what.append("frames")
    first = None
    for left, right in zip(old.labels(), new.labels(), strict=False):
        if _plain(left) != _plain(right):
            what.append("labels")
            first = left.time
            break
    return SceneChange(scene=name, what=what or ["pictures"], first=first)


def _plain(value: Any) -> Any:
    """Labels as values that can be compared: arrays as bytes, dataclasses as tuples."""
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, tuple):
        return tuple(_plain(each) for each in value)
    if isinstance(value, FrameLabels) or hasattr(value, "__dataclass_fields__"):
        return tuple(_plain(getattr(value, field)) for field in value.__dataclass_fields__)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value


def _figures(before: Statistics, after: Statistics) -> list[Figure]:
    old, new = dict(_flat("", before.model_dump())), dict(_flat("", after.model_dump()))
    names = [*old, *(name for name in new if name not in old)]
    changed = [Figure(name=name, before=old.get(name, 0), after=new.get(name, 0)) for name in names]
    return [each for each in changed if each.before != each.after]


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, float]]:
    """Numbers of nested values, by path; bins of histograms by their lower edge."""
    if isinstance(value, dict) and set(value) == {"unit", "edges", "counts"}:
        edges = ["below", *(f"{edge:g}" for edge in value["edges"])]
        unit = f" {value['unit']}" if value["unit"] else ""
        names = [f"< {edges[1]}{unit}", *(f"from {edge}{unit}" for edge in edges[1:])]
        for name, number in zip(names, value["counts"], strict=True):
            yield f"{prefix} {name}", number
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(f"{prefix}: {key}" if prefix else str(key), each)
    else:
        yield prefix, float(value)
