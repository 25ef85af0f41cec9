"""How long a report takes, and how much memory: on made-up recordings with traffic as dense as in a town."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from pydantic import BaseModel
from rich.console import Console
from rich.progress import track
from rich.table import Column, Table

from assets.tags import Tag
from sensors.frames import RETURN, CameraFrame, Frame, ObjectState, ObjectView, SceneMeta, Sweep
from sensors.recording import RecordingWriter
from sensors.rig import Rig, load_rig
from sensors.taxonomy import TAXONOMY

SCENE = 200
"""Frames of a scene."""

OBJECTS = 20
"""In a frame."""

SMALLER = 4
"""By which factor pictures are smaller than the rig's: a report decodes only the few that it shows."""


class ReportMeasurement(BaseModel):
    """Of one report.

    Attributes:
        frames, labels, bytes: of the dataset. seconds: wall time of the command, start included.
        cpu_seconds: its processor time.
        memory: its largest resident set [bytes]. page: size of the report [bytes].
    """

    frames: int
    labels: int
    bytes: int
    seconds: float
    cpu_seconds: float
    memory: int
    page: int
    cores: int
    machine: str


def measure_report(frames: int) -> ReportMeasurement:
    """Writes a dataset into a temporary folder and reports on it, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="longtail-bench-") as folder:
        recordings = Path(folder, "recordings")
        recordings.mkdir()
        scenes = -(-frames // SCENE)
        for index in track(range(scenes), "making up scenes", console=Console(stderr=True)):
            write_scene(recordings / f"{index:04}.mcap", index, min(SCENE, frames - index * SCENE))
        page = Path(folder, "report.html")
        started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        child = subprocess.run(
            [sys.executable, "-m", "orchestrator.cli", "report", folder, "-o", str(page)], check=False
        )
        seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        child.check_returncode()
        return ReportMeasurement(
            frames=frames,
            labels=frames * OBJECTS,
            bytes=sum(path.stat().st_size for path in recordings.iterdir()),
            seconds=seconds,
            cpu_seconds=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            memory=after.ru_maxrss * 1024,
            page=page.stat().st_size,
            cores=os.cpu_count() or 1,
            machine=platform.machine(),
        )


def table(result: ReportMeasurement) -> Table:
    """The measurement for people."""
    shown = Table("report", Column("", justify="right"), title=f"{result.frames} frames, {result.cores} cores")
    shown.add_row("labels", f"{result.labels}")
    shown.add_row("recordings", f"{result.bytes / 1e6:.0f} MB")
    shown.add_row("time", f"{result.seconds:.1f} s")
    shown.add_row("processor time", f"{result.cpu_seconds:.1f} s")
    shown.add_row("a frame", f"{1000 * result.seconds / result.frames:.2f} ms")
    shown.add_row("most memory", f"{result.memory / 1e6:.0f} MB")
    shown.add_row("page", f"{result.page / 1e3:.0f} kB")
    return shown


def write_scene(path: Path, index: int, frames: int) -> None:
    """A made-up scene: people, animals, vehicles and things that move past a moving ego, by day or night."""
    full = load_rig("kitti")
    cameras = tuple(
        camera.model_copy(
            update={
                "width": camera.width // SMALLER,
                "height": camera.height // SMALLER,
                **{name: getattr(camera, name) / SMALLER for name in ("fx", "fy", "cx", "cy")},
            }
        )
        for camera in full.cameras
    )
    rig = full.model_copy(update={"cameras": cameras})
    random = np.random.default_rng(index)
    meta = SceneMeta(
        scene_id=f"{index:016x}",
        scenario=f"made_up/street_{index % 4}",
        script="",
        title="Made-up street",
        seed=0,
        index=index,
        params={},
        generator="longtail bench",
        rig=rig,
        map_name="flat",
        opendrive="",
        weather={
            "sun_altitude_angle": float(random.uniform(-20, 60)),
            "cloudiness": float(random.uniform(0, 100)),
            "precipitation": float(random.choice([0, 0, 40])),
        },
        ego_type="vehicle.tesla.model3",
        ego_size=(4.8, 2.2, 1.5),
        exact=True,
    )
    kinds = np.roll([*sorted(TAXONOMY), "animal.kangaroo"], 7 * index)[:OBJECTS]
    start = np.column_stack([random.uniform(5, 120, OBJECTS), random.uniform(-12, 12, OBJECTS)])
    velocities = np.column_stack([random.uniform(-12, 12, OBJECTS), random.uniform(-1, 1, OBJECTS)])
    with RecordingWriter(path, meta) as writer:
        for k in range(frames):
            writer.write(_frame(rig, k, kinds, start, velocities, random))


def _frame(
    rig: Rig, k: int, kinds: np.ndarray, start: np.ndarray, velocities: np.ndarray, random: np.random.Generator
) -> Frame:
    time = k * rig.tick
    world_from_ego = np.eye(4)
    world_from_ego[0, 3] = 10 * time
    objects = []
    for track_id, (kind, at, velocity) in enumerate(zip(kinds, start + velocities * time, velocities, strict=True), 1):
        pose = np.eye(4)
        pose[:3, 3] = *at, 0.8
        speed = np.array([*velocity, 0.0])
        objects.append(
            ObjectState(track_id, str(kind), pose, (2.0, 1.0, 1.6), speed, np.zeros(3), ("moving",), f"made.up.{kind}")
        )
    cameras, sweeps = {}, {}
    for spec in rig.cameras:
        shape = (spec.height, spec.width)
        instance = np.zeros(shape, np.uint16)
        views = []
        for state in objects:
            x, y = int(random.integers(0, spec.width - 12)), int(random.integers(0, spec.height - 12))
            instance[y : y + 12, x : x + 6] = state.track_id
        for state in objects:
            rows, columns = np.nonzero(instance == state.track_id)
            if not len(rows):
                continue
            left, top, right, bottom = (
                float(v) for v in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            )
            box, whole = (left, top, right, bottom), (left, top, left + 6, top + 12)
            views.append(ObjectView(state.track_id, len(rows), 72, box, whole, len(rows) / 72, 0.0, False))
        image = np.repeat((90 + 3 * (instance % 32)).astype(np.uint8)[:, :, None], 3, axis=2)
        semantic = np.full(shape, Tag.ROADS, np.uint8)
        cameras[spec.name] = CameraFrame(
            spec.name, world_from_ego @ spec.mount.matrix, image, np.full(shape, 20, np.float32), semantic, instance,
            tuple(views),
        )  # fmt: skip
    for lidar in rig.lidars:
        returns = np.zeros(2000, RETURN)
        returns["x"], returns["y"] = random.uniform(-40, 40, (2, 2000))
        returns["object_id"] = random.integers(0, OBJECTS, 2000) * (random.random(2000) < 0.2)
        sweeps[lidar.name] = Sweep(lidar.name, world_from_ego @ lidar.mount.matrix, returns)
    return Frame(
        k, time, world_from_ego, np.array([10.0, 0, 0]), np.zeros(3), np.zeros(3), tuple(objects), cameras, sweeps
    )
