"""KITTI's tracking format: one sequence a scene. What each file holds is told in docs/datasets.md.

The readmes of KITTI's tracking and raw data development kits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exporters import kitti
from exporters.card import describe
from exporters.marks import Mark, marked
from exporters.publish import ExportError, Source, Summary, publish, sources
from sensors.frames import Frame, SceneMeta
from sensors.geometry import yaw

EARTH_RADIUS = 6378137.0
"""[m]; of the Mercator projection in KITTI's development kit."""

SOME_TRUNCATION, MUCH_TRUNCATION = 0.01, 0.5
"""Truncations from which an object counts as partly (1) and largely (2) truncated: the tracking format has levels."""


def export(recordings: Sequence[Path], out: Path, *, strict_types: bool = False) -> Summary:
    """Writes recordings as one KITTI tracking dataset, complete or not at all. Memory holds one frame.

    Args:
        recordings: in any order.
        out: the dataset's folder, absent or empty.
        strict_types: only KITTI's own types; an animal is ``Misc`` then, and ``Animal`` otherwise.

    Raises:
        ExportError: no recordings, a recording without camera, LiDAR or frames that have both, or ``out`` is not empty.
        sensors.recording.RecordingError: a recording is damaged.
    """
    scenes = sources(recordings)
    rigs = [kitti.front_sensors(source.path, source.meta.rig) for source in scenes]
    summary = Summary(Path(out), scenes=len(scenes))
    with publish(Path(out)) as root:
        training = root / "training"
        for folder in ("image_02", "velodyne", "calib", "label_02", "oxts"):
            (training / folder).mkdir(parents=True)
        seqmaps: dict[str, list[str]] = {"training": [], "train": [], "val": []}
        mapping = []
        for number, (source, rig) in enumerate(zip(scenes, rigs, strict=True)):
            name = f"{number:04d}"
            (training / "calib" / f"{name}.txt").write_text(_calib(kitti.calib(rig)))
            for folder in ("image_02", *(["image_03"] if rig.right else []), "velodyne"):
                (training / folder / name).mkdir(parents=True)
            labels, oxts = [], []
            origin = _origin(source)
            for at, shot in enumerate(kitti.complete(source.path, rig)):
                frame = shot.frame
                for folder, picture in (("image_02", shot.picture), ("image_03", shot.right)):
                    if picture is not None:
                        mark = Mark.of(source.meta, picture.sensor, frame.index)
                        (training / folder / name / f"{at:06d}.png").write_bytes(marked(picture.png, mark))
                (training / "velodyne" / name / f"{at:06d}.bin").write_bytes(kitti.points(shot.sweep))
                for track_id, line in kitti.tracked_labels(frame, shot.picture, rig.camera, strict_types=strict_types):
                    labels.append(f"{at} {track_id} {_three_levels(line)}\n")
                    summary.objects[line.split(" ", 1)[0]] += 1
                oxts.append(oxts_line(frame, origin))
                mapping.append(f"{name} {at:06d} {kitti.origin_of(source.meta)} {frame.index}\n")
                summary.frames += 1
            (training / "label_02" / f"{name}.txt").write_text("".join(labels))
            (training / "oxts" / f"{name}.txt").write_text("".join(oxts))
            for split in ("training", source.split):
                seqmaps[split].append(f"{name} empty 000000 {len(oxts):06d}\n")
        for split, lines in seqmaps.items():
            (training / f"evaluate_tracking.seqmap.{split}").write_text("".join(lines))
        (root / "mapping.txt").write_text("".join(mapping))
        describe(root, "kitti_tracking", scenes, summary, "--strict-types" if strict_types else "")
    return summary


def _calib(text: str) -> str:
    """A calibration file as the tracking benchmark writes it: some names differ, and they have no colon."""
    for there, here in (("R0_rect:", "R_rect"), ("Tr_velo_to_cam:", "Tr_velo_cam"), ("Tr_imu_to_velo:", "Tr_imu_velo")):
        text = text.replace(there, here)
    return text


def _three_levels(line: str) -> str:
    """A label line with its truncation as one of the tracking format's three levels."""
    name, truncation, rest = line.split(" ", 2)
    share = float(truncation)
    return f"{name} {int(share >= SOME_TRUNCATION) + int(share >= MUCH_TRUNCATION)} {rest}"


def _origin(source: Source) -> tuple[float, float]:
    found = geo_origin(source.meta)
    if found is None:
        raise ExportError(f"{source.path}: its map has a geoReference without lat_0 and lon_0; oxts needs a place")
    return found


def geo_origin(meta: SceneMeta) -> tuple[float, float] | None:
    """Latitude and longitude [deg] of the world's origin, from the map's geoReference; (0, 0) for a map without one."""
    text = re.search(r"<geoReference>(.*?)</geoReference>", meta.opendrive, re.DOTALL)
    if text is None:
        return 0.0, 0.0
    found = [re.search(rf"\+{key}=([-+.\deE]+)", text.group(1)) for key in ("lat_0", "lon_0")]
    if not all(found):
        return None
    latitude, longitude = (float(match.group(1)) for match in found if match)
    return latitude, longitude


def oxts_line(frame: Frame, origin: tuple[float, float]) -> str:
    """The 30 fields of KITTI's GPS/IMU for the ego frame, without error.

    Latitude and longitude are such that the Mercator projection of KITTI's development kit, scaled at ``origin``, gives
    the world's x and y.
    """
    rotation = frame.world_from_ego[:3, :3]
    x, y, altitude = frame.world_from_ego[:3, 3]
    scale = np.cos(np.radians(origin[0]))
    east = EARTH_RADIUS * scale * np.radians(origin[1]) + x
    north = scale * EARTH_RADIUS * np.log(np.tan(np.radians(90 + origin[0]) / 2)) + y
    longitude = np.degrees(east / (EARTH_RADIUS * scale))
    latitude = 2 * np.degrees(np.arctan(np.exp(north / (EARTH_RADIUS * scale)))) - 90
    roll = np.arctan2(rotation[2, 1], rotation[2, 2])
    pitch = np.arcsin(np.clip(-rotation[2, 0], -1, 1))
    velocity, acceleration = frame.ego_velocity, frame.ego_acceleration
    body_velocity = rotation.T @ velocity
    # what an accelerometer feels: gravity too
    body_acceleration = rotation.T @ (acceleration + np.array([0.0, 0.0, 9.81]))
    level = _level(rotation)
    turning, level_turning = frame.ego_angular_velocity, level.T @ rotation @ frame.ego_angular_velocity
    numbers = [
        *(latitude, longitude, altitude, roll, pitch, yaw(frame.world_from_ego)),
        *(velocity[1], velocity[0], *body_velocity),
        *body_acceleration,
        *(level.T @ (acceleration + np.array([0.0, 0.0, 9.81]))),
        *turning,
        *level_turning,
        *(0.0, 0.0),  # accuracies: exact
    ]
    navigation = (4, 10, 6, 6, 6)  # KITTI's words for a receiver in its best mode
    text = f"{latitude:.12f} {longitude:.12f} " + " ".join(f"{number:.9f}" for number in numbers[2:])
    return text + " " + " ".join(map(str, navigation)) + "\n"


def _level(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """World from the level frame: the ego's heading, but upright."""
    heading = np.arctan2(rotation[1, 0], rotation[0, 0])
    cos, sin = np.cos(heading), np.sin(heading)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
