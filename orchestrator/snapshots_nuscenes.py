"""A nuScenes dataset as a viewer shows it: keyframes with their annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.tags import Tag
from orchestrator.annotate import ANIMALS, PEOPLE, THINGS, VEHICLES, Color
from orchestrator.dataset import DatasetError
from orchestrator.snapshots import LEVEL, Cloud, Palette, Picture, Show, Snapshot, Solid
from sensors.geometry import rigid, transformed

Row = dict[str, Any]

_GROUPS: dict[str, Color] = {"human": PEOPLE, "vehicle": VEHICLES, "animal": ANIMALS, "movable_object": THINGS}
"""Colours by the first part of a category's name."""

_LEVEL: dict[str, Color] = {
    "flat.driveable_surface": LEVEL[Tag.ROADS][1],
    "flat.sidewalk": LEVEL[Tag.SIDEWALKS][1],
    "flat.terrain": LEVEL[Tag.TERRAIN][1],
    "static.manmade": LEVEL[Tag.BUILDINGS][1],
    "static.vegetation": LEVEL[Tag.VEGETATION][1],
}
"""Colours of what lidarseg tells of the level; all else is grey."""


class Tables:
    """The tables of a dataset, each read when it is first asked for.

    Raises:
        DatasetError: one cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.version = min(path.parent for path in folder.glob("*/sample.json"))
        self._rows: dict[str, dict[str, Row]] = {}

    def __call__(self, name: str) -> dict[str, Row]:
        """The rows of a table by token, in their order."""
        if name not in self._rows:
            try:
                rows = json.loads((self.version / f"{name}.json").read_text(encoding="utf-8"))
                self._rows[name] = {row["token"]: row for row in rows}
            except (OSError, ValueError, KeyError) as error:
                raise DatasetError(f"{self.version / name}.json cannot be read: {error}") from error
        return self._rows[name]


def show_nuscenes(folder: Path, scene: int) -> tuple[Show, int]:
    """One scene of a nuScenes dataset, and how many there are.

    Raises:
        DatasetError: there is no such scene, or a table or file cannot be read.
    """
    tables = Tables(folder)
    scenes = list(tables("scene").values())
    if scene >= len(scenes):
        raise DatasetError(f"{folder} has {len(scenes)} scenes; --scene goes from 0 to {len(scenes) - 1}")
    chosen = scenes[scene]
    samples, token = [], chosen["first_sample_token"]
    while token:
        samples.append(tables("sample")[token])
        token = samples[-1]["next"]
    wanted = {sample["token"] for sample in samples}
    data: dict[str, list[Row]] = {token: [] for token in wanted}
    for row in tables("sample_data").values():
        if row["is_key_frame"] and row["sample_token"] in wanted:
            data[row["sample_token"]].append(row)
    annotations: dict[str, list[Row]] = {token: [] for token in wanted}
    for row in tables("sample_annotation").values():
        if row["sample_token"] in wanted:
            annotations[row["sample_token"]].append(row)
    path = [tables("ego_pose")[data[sample["token"]][0]["ego_pose_token"]]["translation"] for sample in samples]
    channels = [row["channel"] for row in tables("sensor").values() if row["modality"] == "camera"]
    first = samples[0]["timestamp"]

    def snapshots() -> Iterator[Snapshot]:
        for sample in samples:
            time = (sample["timestamp"] - first) / 1e6
            try:
                yield _snapshot(tables, time, data[sample["token"]], annotations[sample["token"]])
            except (OSError, KeyError, ValueError) as error:
                raise DatasetError(
                    f"{folder}: sample {sample['token']} cannot be read ({error}); `longtail validate` tells more"
                ) from error

    show = Show(
        name=chosen["name"],
        title=chosen["description"],
        palette=_palette(tables),
        cameras=tuple(sorted(channels, key=lambda channel: (channel != "CAM_FRONT", channel))),
        path=np.array(path, np.float64),
        snapshots=snapshots,
    )
    return show, len(scenes)


def _palette(tables: Tables) -> Palette:
    return {
        number: (row["name"], _LEVEL.get(row["name"]) or _GROUPS.get(row["name"].partition(".")[0], (120, 126, 135)))
        for row in tables("category").values()
        for number in [_number(row)]
    }


def _number(category: Row) -> int:
    """A category's class id: its index in lidarseg; nuScenes without lidarseg has none, then all are one."""
    return int(category.get("index", 0))


def _pose(row: Row) -> NDArray[np.float64]:
    return rigid(row["rotation"], row["translation"])


def _snapshot(tables: Tables, time: float, data: list[Row], annotations: list[Row]) -> Snapshot:
    pictures, clouds = [], []
    world_from_ego = np.eye(4)
    for row in sorted(data, key=lambda row: row["filename"]):
        calibrated = tables("calibrated_sensor")[row["calibrated_sensor_token"]]
        sensor = tables("sensor")[calibrated["sensor_token"]]
        world_from_ego = _pose(tables("ego_pose")[row["ego_pose_token"]])
        world_from_sensor = world_from_ego @ _pose(calibrated)
        file = tables.folder / row["filename"]
        if sensor["modality"] == "camera":
            pictures.append(
                Picture(
                    sensor["channel"],
                    file.read_bytes(),
                    "image/jpeg",
                    (row["width"], row["height"]),
                    np.array(calibrated["camera_intrinsic"]),
                    world_from_sensor,
                )
            )
        elif sensor["modality"] == "lidar":
            points = np.fromfile(file, np.float32).reshape(-1, 5)[:, :3]
            kinds = np.zeros(len(points), np.uint16)
            segments = tables.folder / "lidarseg" / tables.version.name / f"{row['token']}_lidarseg.bin"
            if segments.is_file():
                kinds = np.fromfile(segments, np.uint8).astype(np.uint16)
            clouds.append(Cloud(sensor["channel"], transformed(world_from_sensor, points).astype(np.float32), kinds))
    return Snapshot(time, world_from_ego, [_solid(tables, row) for row in annotations], pictures, clouds)


def _solid(tables: Tables, row: Row) -> Solid:
    category = tables("category")[tables("instance")[row["instance_token"]]["category_token"]]
    width, length, height = row["size"]
    level = tables("visibility")[row["visibility_token"]]["level"].removeprefix("v") if row["visibility_token"] else ""
    name = category["name"].rpartition(".")[2]
    text = f"{name} {level} %" if level else name
    return Solid(f"{name} {row['instance_token'][:6]}", _number(category), text, _pose(row), (length, width, height))
