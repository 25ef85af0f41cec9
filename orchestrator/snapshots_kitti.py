"""A KITTI object dataset as a viewer shows it: the ego's frame stands still, for the format knows no poses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.annotate import ANIMALS, PEOPLE, THINGS, VEHICLES
from orchestrator.dataset import DatasetError
from orchestrator.snapshots import Cloud, Palette, Picture, Show, Snapshot, Solid
from sensors.geometry import inverse, rigid, transformed

TYPES: Palette = {
    0: ("no object", (120, 126, 135)),
    1: ("Car", VEHICLES),
    2: ("Van", VEHICLES),
    3: ("Truck", VEHICLES),
    4: ("Tram", VEHICLES),
    5: ("Pedestrian", PEOPLE),
    6: ("Person_sitting", PEOPLE),
    7: ("Cyclist", PEOPLE),
    8: ("Misc", THINGS),
    9: ("Animal", ANIMALS),
}
"""KITTI's types, and the animals of Longtail's exports."""

STEP = 0.1
"""[s] between frames: KITTI's rate."""


def show_kitti(folder: Path, scene: int) -> tuple[Show, int]:
    """One scene of a KITTI object dataset, and how many there are. Longtail's ``mapping.txt`` tells scenes apart;
    without it all frames are one.

    Raises:
        DatasetError: there is no such scene, or a label or calibration cannot be read.
    """
    scenes: dict[str, list[str]] = {}
    mapping = folder / "mapping.txt"
    if mapping.is_file():
        for line in mapping.read_text().splitlines():
            frame, scenario, index = line.split()[:3]
            scenes.setdefault(f"{scenario} #{index}", []).append(frame)
    else:
        scenes["KITTI"] = sorted(path.stem for path in (folder / "training" / "image_2").glob("*.png"))
    if scene >= len(scenes):
        raise DatasetError(f"{folder} has {len(scenes)} scenes; --scene goes from 0 to {len(scenes) - 1}")
    name, frames = list(scenes.items())[scene]
    show = Show(
        name=name,
        title=f"KITTI, {len(frames)} frames",
        palette=TYPES,
        cameras=("image_2",),
        path=np.zeros((0, 3)),
        snapshots=lambda: (_snapshot(folder / "training", frame, k * STEP) for k, frame in enumerate(frames)),
    )
    return show, len(scenes)


def _snapshot(folder: Path, frame: str, time: float) -> Snapshot:
    try:
        calib = _calibration(folder / "calib" / f"{frame}.txt")
        rows = [line.split() for line in (folder / "label_2" / f"{frame}.txt").read_text().splitlines()]
        file = (folder / "image_2" / f"{frame}.png").read_bytes()
        returns = np.fromfile(folder / "velodyne" / f"{frame}.bin", np.float32).reshape(-1, 4)
        velo_from_camera = inverse(calib["R0_rect"] @ calib["Tr_velo_to_cam"])
        ego_from_velo = inverse(calib["Tr_imu_to_velo"])
        solids, boxes = _objects(rows, ego_from_velo @ velo_from_camera)
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise DatasetError(
            f"{folder}: frame {frame} cannot be read ({error}); `longtail validate` tells more"
        ) from error
    points = transformed(ego_from_velo, returns[:, :3])
    width, height = (int.from_bytes(file[at : at + 4], "big") for at in (16, 20))  # PNG's first chunk
    picture = Picture(
        "image_2", file, "image/png", (width, height), calib["P2"][:3, :3], ego_from_velo @ velo_from_camera, boxes
    )
    cloud = Cloud("velodyne", points.astype(np.float32), _kinds(points, solids))
    return Snapshot(time, np.eye(4), solids, [picture], [cloud])


def _calibration(path: Path) -> dict[str, NDArray[np.float64]]:
    made = {}
    for line in filter(None, path.read_text().splitlines()):
        name, _, values = line.partition(":")
        numbers = np.array(values.split(), np.float64).reshape(3, -1)
        made[name] = np.eye(4)
        made[name][:3, : numbers.shape[1]] = numbers
    return made


def _objects(
    rows: list[list[str]], ego_from_camera: NDArray[np.float64]
) -> tuple[list[Solid], list[tuple[int, str, tuple[float, float, float, float]]]]:
    """3D and 2D boxes of label lines. KITTI's box stands on the middle of its bottom, in the camera's frame."""
    numbers = {name: kind for kind, (name, _) in TYPES.items()}
    solids, boxes = [], []
    for kind, *fields in rows:
        if kind == "DontCare":
            continue
        values = [float(field) for field in fields]
        height, width, length, x, y, z, turn = values[7:14]
        camera_from_box = rigid((1, 0, 0, 0), (x, y - height / 2, z))
        forward, left = (np.cos(turn), 0, -np.sin(turn)), (np.sin(turn), 0, np.cos(turn))
        camera_from_box[:3, :3] = np.array([forward, left, (0, -1, 0)]).T
        number = numbers.get(kind, numbers["Misc"])
        text = f"{kind} ({('visible', 'partly hidden', 'largely hidden', 'unknown')[int(values[1])]})"
        solids.append(Solid("", number, text, ego_from_camera @ camera_from_box, (length, width, height)))
        boxes.append((number, text, (values[3], values[4], values[5] + 1, values[6] + 1)))
    return solids, boxes


def _kinds(points: NDArray[np.float64], solids: list[Solid]) -> NDArray[np.uint16]:
    """Of each point (N, 3), the class of the box it lies in: KITTI's files do not tell what a return came from."""
    kinds = np.zeros(len(points), np.uint16)
    for solid in solids:
        inside = np.abs(transformed(inverse(solid.world_from_box), points)) <= np.array(solid.size) / 2 + 0.05
        kinds[inside.all(axis=1)] = solid.kind
    return kinds
