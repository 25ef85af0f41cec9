"""One recording as a nuScenes scene: its files and its rows in the tables."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from exporters.marks import Mark, marked
from exporters.nuscenes_can import Bus
from exporters.nuscenes_labels import Annotation, Exposure, Keyframe, annotate
from exporters.nuscenes_points import Instances, classes, packed
from exporters.nuscenes_tables import VERSION, VISIBILITIES, Tables, token
from exporters.publish import ExportError
from sensors.frames import Frame, SceneMeta, Sweep
from sensors.geometry import matrix_quaternion
from sensors.recording import Recording
from sensors.rig import CameraSpec, LidarSpec
from sensors.taxonomy import category

LIDAR = "LIDAR_TOP"
"""The one channel that nuScenes' tools cannot do without."""

EPOCH = datetime(2018, 1, 1, tzinfo=timezone.utc)
"""When the first scene begins; each further one begins an hour later. Recordings have no date of their own."""

_SCENE_PERIOD = 3600

_LIDAR_FROM_NUSCENES = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
"""From nuScenes' LiDAR axes (x right, y forward) to ours (x forward, y left)."""


@dataclass
class SceneWriter:
    """One recording: its data goes to files at once, its tables when all of it is known.

    Attributes:
        root: the dataset's folder.
        path, meta: the recording's.
        name: the scene's, e.g. ``scene-0001``.
        position: of the scene in the dataset, from 0.
        origin: (2,) [m], world coordinates of nuScenes' origin.
        exposures: what each sensor measured, by channel; keyframes: the annotated times; objects: annotations by class.
    """

    root: Path
    path: Path
    meta: SceneMeta
    name: str
    position: int
    origin: NDArray[np.float64]
    exposures: dict[str, list[Exposure]] = field(default_factory=dict)
    keyframes: list[Keyframe] = field(default_factory=list)
    objects: Counter[str] = field(default_factory=Counter)
    _instances: Instances = field(default_factory=Instances)
    _segmented: list[str] = field(default_factory=list)

    @property
    def _sensors(self) -> tuple[CameraSpec | LidarSpec, ...]:
        return self.meta.rig.cameras + self.meta.rig.lidars

    def token(self, *parts: object) -> str:
        """Name of a record of this scene."""
        return token(self.meta.scene_id, self.meta.generation, *parts)

    @property
    def log(self) -> str:
        """Name of the drive, a part of files' names: without slashes, and without two underscores, which part them."""
        refined = f"-{self.meta.generation}" if self.meta.generation else ""
        name = f"{self.meta.scenario}-{self.meta.scene_id}{refined}"
        return re.sub(r"_{2,}", "_", re.sub(r"[^A-Za-z0-9._-]", "-", name))

    @property
    def start(self) -> int:
        """[s] since 1970."""
        return int(EPOCH.timestamp()) + self.position * _SCENE_PERIOD

    def timestamp(self, time: float) -> int:
        """[us] since 1970."""
        return self.start * 1_000_000 + round(time * 1e6)

    def stream(self) -> None:
        """Writes the files of all measurements, and remembers when and where they were taken.

        Raises:
            ExportError: there is no keyframe.
            sensors.recording.RecordingError: the recording is damaged.
        """
        for sensor in self._sensors:
            self.exposures[sensor.name] = []
            for folder in ("samples", "sweeps"):
                (self.root / folder / sensor.name).mkdir(parents=True, exist_ok=True)
        names = {*self.exposures}
        due = 0
        bus = Bus(self.timestamp, self.origin)
        for frame in Recording(self.path).frames():
            bus.take(frame)
            # The rig sees to it that all sensors measure on each keyframe's tick (sensors.rig).
            is_key = frame.index >= due and names <= {*frame.cameras, *frame.sweeps}
            for name, picture in frame.cameras.items():
                mark = Mark.of(self.meta, name, frame.index)
                self._keep(name, frame, is_key, "jpg", marked(_jpeg(picture.image), mark))
            for name, sweep in frame.sweeps.items():
                self._keep(name, frame, is_key, "pcd.bin", _points(sweep))
            if is_key:
                due = frame.index + self.meta.rig.period_ticks(self.meta.rig.keyframe_rate)
                views = tuple(view for picture in frame.cameras.values() for view in picture.views)
                self.keyframes.append(Keyframe(frame.time, frame.objects, frame.sweeps[LIDAR].counts(), views))
                self._segment(frame)
        if not self.keyframes:
            silent = [name for name, exposures in self.exposures.items() if not exposures]
            why = f"{', '.join(silent)} never measured" if silent else "its sensors never measured on the same tick"
            raise ExportError(
                f"{self.path}: {why}, so it has no keyframe; record a longer scene or mend the rig's rates"
            )
        bus.write(self.root / "can_bus", self.name)

    def _keep(self, channel: str, frame: Frame, is_key: bool, ending: str, data: bytes) -> None:
        name = f"{self.log}__{channel}__{self.timestamp(frame.time)}.{ending}"
        file = f"{'samples' if is_key else 'sweeps'}/{channel}/{name}"
        (self.root / file).write_bytes(data)
        self.exposures[channel].append(Exposure(frame.time, frame.world_from_ego, file, is_key))

    def _segment(self, frame: Frame) -> None:
        """Writes the classes and objects of a keyframe's returns; comes after the sweep has been kept."""
        sweep = frame.sweeps[LIDAR]
        data = self.token("sample_data", LIDAR, len(self.exposures[LIDAR]) - 1)
        index = classes(sweep, frame.objects)
        try:
            codes = self._instances.codes(sweep, index, {state.track_id: state for state in frame.objects})
        except ValueError as error:
            raise ExportError(f"{self.path}: {error}; split the scenario into smaller scenes") from error
        (self.root / lidarseg_file(data)).write_bytes(index.tobytes())
        (self.root / panoptic_file(data)).write_bytes(packed(codes))
        self._segmented.append(data)

    def write(self, tables: Tables) -> None:
        """Writes the scene's rows; comes after ``stream``."""
        for sensor in self._sensors:
            self._write_sensor(tables, sensor)
        for data in self._segmented:
            tables.add("lidarseg", token=data, sample_data_token=data, filename=lidarseg_file(data))
            tables.add("panoptic", token=data, sample_data_token=data, filename=panoptic_file(data))
        for track_id, track in annotate(self.keyframes).items():
            kind = category(track[0].state.category).nuscenes
            self._write_track(tables, track_id, kind, track)
            self.objects[kind] += len(track)
        self._write_scene(tables)

    def _write_sensor(self, tables: Tables, sensor: CameraSpec | LidarSpec) -> None:
        channel = sensor.name
        exposures = self.exposures[channel]
        ego_from_sensor = sensor.mount.matrix[:3, :3]
        camera = isinstance(sensor, CameraSpec)
        if isinstance(sensor, CameraSpec):
            intrinsic = sensor.pinhole.matrix.tolist()
            width, height = sensor.width, sensor.height
        else:
            ego_from_sensor = ego_from_sensor @ _LIDAR_FROM_NUSCENES
            intrinsic, width, height = [], 0, 0
        calibrated = self.token("calibrated_sensor", channel)
        tables.add(
            "calibrated_sensor",
            token=calibrated,
            sensor_token=token("sensor", channel),
            translation=list(sensor.mount.translation),
            rotation=matrix_quaternion(ego_from_sensor).tolist(),
            camera_intrinsic=intrinsic,
        )
        names = [self.token("sample_data", channel, index) for index in range(len(exposures))]
        passed = 0
        for index, exposure in enumerate(exposures):
            # Between keyframes a measurement belongs to the sample that follows, as in nuScenes.
            sample = min(passed, len(self.keyframes) - 1)
            passed += exposure.is_key
            timestamp = self.timestamp(exposure.time)
            pose = self.token("ego_pose", channel, index)
            tables.add(
                "ego_pose",
                token=pose,
                timestamp=timestamp,
                rotation=matrix_quaternion(exposure.world_from_ego).tolist(),
                translation=self._global(exposure.world_from_ego),
            )
            tables.add(
                "sample_data",
                token=names[index],
                sample_token=self.token("sample", sample),
                ego_pose_token=pose,
                calibrated_sensor_token=calibrated,
                timestamp=timestamp,
                fileformat="jpg" if camera else "pcd",
                is_key_frame=exposure.is_key,
                height=height,
                width=width,
                filename=exposure.file,
                prev=names[index - 1] if index else "",
                next=names[index + 1] if index + 1 < len(names) else "",
            )

    def _write_track(self, tables: Tables, track_id: int, kind: str, track: list[Annotation]) -> None:
        instance = self.token("instance", track_id)
        names = [self.token("sample_annotation", track_id, annotation.keyframe) for annotation in track]
        tables.add(
            "instance",
            token=instance,
            category_token=token("category", kind),
            nbr_annotations=len(track),
            first_annotation_token=names[0],
            last_annotation_token=names[-1],
        )
        for index, annotation in enumerate(track):
            state = annotation.state
            length, width, height = state.size
            attribute = category(state.category).nuscenes_attribute(state.attributes)
            level = sum(annotation.visible >= least for _, least in VISIBILITIES)
            tables.add(
                "sample_annotation",
                token=names[index],
                sample_token=self.token("sample", annotation.keyframe),
                instance_token=instance,
                visibility_token=str(level),
                attribute_tokens=[token("attribute", attribute)] if attribute else [],
                translation=self._global(state.world_from_box),
                size=[float(width), float(length), float(height)],
                rotation=matrix_quaternion(state.world_from_box).tolist(),
                prev=names[index - 1] if index else "",
                next=names[index + 1] if index + 1 < len(names) else "",
                num_lidar_pts=annotation.returns,
                num_radar_pts=0,
            )

    def _write_scene(self, tables: Tables) -> None:
        samples = [self.token("sample", index) for index in range(len(self.keyframes))]
        for index, keyframe in enumerate(self.keyframes):
            tables.add(
                "sample",
                token=samples[index],
                timestamp=self.timestamp(keyframe.time),
                prev=samples[index - 1] if index else "",
                next=samples[index + 1] if index + 1 < len(samples) else "",
                scene_token=self.token("scene"),
            )
        tables.add(
            "scene",
            token=self.token("scene"),
            log_token=self.token("log"),
            nbr_samples=len(samples),
            first_sample_token=samples[0],
            last_sample_token=samples[-1],
            name=self.name,
            description=f"{self.meta.scenario} {self.meta.index}: {self.meta.title}",
        )
        tables.add(
            "log",
            token=self.token("log"),
            logfile=self.log,
            vehicle=self.meta.ego_type,
            date_captured=datetime.fromtimestamp(self.start, timezone.utc).date().isoformat(),
            location=self.meta.map_name,
        )

    def _global(self, world_from_body: NDArray[np.float64]) -> list[float]:
        x, y, z = world_from_body[:3, 3].tolist()
        return [x - float(self.origin[0]), y - float(self.origin[1]), z]


def lidarseg_file(data: str) -> str:
    """Where the classes of a sweep's returns lie, by the token of its ``sample_data``."""
    return f"lidarseg/{VERSION}/{data}_lidarseg.bin"


def panoptic_file(data: str) -> str:
    """Where the panoptic codes of a sweep's returns lie."""
    return f"panoptic/{VERSION}/{data}_panoptic.npz"


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])
    if not done:
        raise ExportError(f"OpenCV cannot encode a picture of {image.shape} {image.dtype} as JPEG")
    return data.tobytes()


def _points(sweep: Sweep) -> bytes:
    """x, y, z, intensity (0 to 255), ring as float32, in nuScenes' axes: x right, y forward, z up."""
    returns = sweep.returns
    columns = [-returns["y"], returns["x"], returns["z"], np.rint(returns["intensity"] * 255), returns["ring"]]
    return np.stack(columns, axis=1).astype("<f4").tobytes()
