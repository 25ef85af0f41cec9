"""nuScenes' format, version 1.0. What each file holds is told in docs/datasets.md.

Caesar et al., "nuScenes: A Multimodal Dataset for Autonomous Driving", CVPR 2020; the schema page of nuscenes-devkit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exporters.card import describe
from exporters.marks import Mark, marked
from exporters.nuscenes_map import expansion
from exporters.nuscenes_scene import LIDAR, SceneWriter
from exporters.nuscenes_tables import SEGMENTATION_TABLES, SPLITS, VERSION, Tables, constant_rows, scene_numbers, token
from exporters.publish import ExportError, Summary, publish, refuse_lenses, sources
from exporters.road_mask import RoadMask, road_mask
from sensors.frames import SceneMeta
from sensors.rig import Rig


def export(recordings: Sequence[Path], out: Path) -> Summary:
    """Writes recordings as one nuScenes dataset, complete or not at all.

    Memory holds one frame, and the poses and labels of one scene.

    Raises:
        ExportError: no recordings, a recording whose rig lacks ``LIDAR_TOP`` or cameras or whose sensors measure too
            seldom to make a keyframe, a map that cannot be read, or ``out`` is not empty.
        sensors.recording.RecordingError: a recording is damaged.
    """
    scenes = sources(recordings)
    for source in scenes:
        _check(source.path, source.meta.rig)
    summary = Summary(Path(out), scenes=len(scenes))
    numbers = {split: scene_numbers(split) for split in SPLITS}
    splits: dict[str, list[str]] = {split: [] for split in SPLITS}
    with publish(Path(out)) as root:
        (root / VERSION).mkdir()
        (root / "maps").mkdir()
        (root / "can_bus").mkdir()
        for folder in SEGMENTATION_TABLES:
            (root / folder / VERSION).mkdir(parents=True)
        with Tables(root / VERSION) as tables:
            for table, row in constant_rows():
                tables.add(table, **row)
            maps = _Maps(root)
            channels: dict[str, str] = {}
            for position, source in enumerate(scenes):
                meta = source.meta
                name = f"scene-{next(numbers[source.split]):04d}"
                splits[source.split].append(name)
                for sensor in meta.rig.cameras:
                    channels[sensor.name] = "camera"
                for lidar in meta.rig.lidars:
                    channels[lidar.name] = "lidar"
                for radar in meta.rig.radars:
                    channels[radar.name] = "radar"
                scene = SceneWriter(root, source.path, meta, name, position, maps.origin(meta))
                scene.stream()
                scene.write(tables)
                summary.frames += len(scene.keyframes)
                summary.objects += scene.objects
                maps.add_log(meta, scene.token("log"))
            maps.write(tables)
            for channel, modality in channels.items():
                tables.add("sensor", token=token("sensor", channel), channel=channel, modality=modality)
        # Splits that nuscenes-devkit 1.2 and later takes by name; there may be more scenes than nuScenes has names.
        custom = {f"longtail_{split}": scene_names for split, scene_names in splits.items()}
        (root / VERSION / "splits.json").write_text(json.dumps(custom, indent=1) + "\n")
        describe(root, "nuscenes", scenes, summary)
    return summary


def _check(path: Path, rig: Rig) -> None:
    if all(lidar.name != LIDAR for lidar in rig.lidars):
        raise ExportError(
            f"{path}: rig {rig.name!r} has no LiDAR named {LIDAR}, which nuScenes' tools need; rename or add one"
        )
    if not rig.cameras:
        raise ExportError(f"{path}: rig {rig.name!r} has no camera; record with a rig that has, e.g. 'nuscenes'")
    refuse_lenses(path, rig.cameras, "nuScenes")


class _Maps:
    """The maps of a dataset: one mask a map, drawn once, and the logs that were taken there."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._origins: dict[str, NDArray[np.float64]] = {}
        self._logs: dict[str, list[str]] = {}

    def origin(self, meta: SceneMeta) -> NDArray[np.float64]:
        """World coordinates (2,) [m] of the map's south-west corner, which is nuScenes' origin."""
        name = self._token(meta)
        if name not in self._origins:
            mask = road_mask(meta.map_name, meta.opendrive)
            mark = Mark(meta.generator, 0, "map", meta.map_name)
            (self._root / "maps" / f"{name}.png").write_bytes(marked(mask.png, mark))
            self._expand(meta, mask)
            self._origins[name] = mask.world_from_map
            self._logs[name] = []
        return self._origins[name]

    def _expand(self, meta: SceneMeta, mask: RoadMask) -> None:
        """Writes the map expansion, which goes by the location's name and not by token."""
        path = self._root / "maps" / "expansion" / f"{meta.map_name}.json"
        if path.exists():
            raise ExportError(
                f"two different maps are called {meta.map_name!r}, and nuScenes tells maps apart by name; rename one"
            )
        basemap = self._root / "maps" / "basemap" / f"{meta.map_name}.png"
        for folder in (path.parent, basemap.parent):
            folder.mkdir(exist_ok=True)
        basemap.write_bytes(marked(mask.basemap, Mark(meta.generator, 0, "basemap", meta.map_name)))
        path.write_text(expansion(meta.map_name, meta.opendrive, mask.world_from_map, mask.size))

    def add_log(self, meta: SceneMeta, log: str) -> None:
        self._logs[self._token(meta)].append(log)

    def write(self, tables: Tables) -> None:
        for name, logs in self._logs.items():
            tables.add("map", token=name, log_tokens=logs, category="semantic_prior", filename=f"maps/{name}.png")

    @staticmethod
    def _token(meta: SceneMeta) -> str:
        return token("map", meta.map_name, meta.opendrive)
