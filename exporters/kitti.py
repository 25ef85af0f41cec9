"""KITTI's object detection format. What each file holds is told in docs/datasets.md.

Geiger, Lenz, Urtasun, "Are we ready for Autonomous Driving? The KITTI Vision Benchmark Suite", CVPR 2012, and the
readme of its development kit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assets.tags import Tag
from exporters.card import describe
from exporters.kitti_dense import depth_png, flow_png, instance_png, semantic_png
from exporters.marks import Mark, marked
from exporters.publish import ExportError, Summary, publish, refuse_lenses, sources
from sensors.frames import CameraFrame, Frame, ObjectState, ObjectView, SceneMeta, Sweep
from sensors.geometry import clip_box, inverse, transformed
from sensors.messages import StoredCameraFrame
from sensors.motion import motion
from sensors.recording import Recording
from sensors.rig import CameraSpec, LidarSpec, Rig
from sensors.taxonomy import category

FULLY_VISIBLE, PARTLY_OCCLUDED = 0.9, 0.5
"""Least visible fraction of an object that is called fully visible (0) and partly occluded (1); below it is largely
occluded (2). KITTI's readme gives the words and no numbers; a tenth is left for blades of grass and thin poles."""

FOLDERS = (
    "image_2", "velodyne", "calib", "label_2", "planes", "depth_2", "semantic", "instance", "flow_occ", "flow_noc",
)  # fmt: skip
"""Of ``training``; ``image_3`` beside them where a rig has a right camera."""

PLANE_REACH, PLANE_POINTS = 40.0, 100
"""[m] before the car to which the road is fitted, and the least returns for that."""


def export(recordings: Sequence[Path], out: Path, *, strict_types: bool = False) -> Summary:
    """Writes recordings as one KITTI object dataset, complete or not at all.

    Frames are those with a picture of the rig's front camera (and of the right one, if there is a pair) and a LiDAR
    sweep, numbered through in the order of (scenario, index). Memory holds two frames.

    Args:
        recordings: in any order.
        out: the dataset's folder, absent or empty.
        strict_types: only KITTI's own eight types; an animal is ``Misc`` then, and ``Animal`` otherwise.

    Raises:
        ExportError: no recordings, a recording without camera, LiDAR or frames that have both, or ``out`` is not empty.
        sensors.recording.RecordingError: a recording is damaged.
    """
    scenes = sources(recordings)
    sensors = [front_sensors(source.path, source.meta.rig) for source in scenes]
    summary = Summary(Path(out), scenes=len(scenes))
    with publish(Path(out)) as root:
        training = root / "training"
        for folder in FOLDERS:
            (training / folder).mkdir(parents=True)
        if any(rig.right for rig in sensors):
            (training / "image_3").mkdir()
        (root / "ImageSets").mkdir()
        (root / "ImageSets" / "test.txt").touch()  # converters read it; there are no frames without labels
        with ExitStack() as stack:
            sets = {
                name: stack.enter_context((root / "ImageSets" / f"{name}.txt").open("w"))
                for name in ("train", "val", "trainval")
            }
            mapping = stack.enter_context((root / "mapping.txt").open("w"))
            for source, rig in zip(scenes, sensors, strict=True):
                calibration = calib(rig)
                for shot, following in with_next(complete(source.path, rig)):
                    name = f"{summary.frames:06d}"
                    frame, picture = shot.frame, shot.picture
                    _write_pictures(training, name, source.meta, shot)
                    (training / "velodyne" / f"{name}.bin").write_bytes(points(shot.sweep))
                    (training / "calib" / f"{name}.txt").write_text(calibration)
                    lines = labels(frame, picture, rig.camera, strict_types=strict_types)
                    (training / "label_2" / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
                    (training / "planes" / f"{name}.txt").write_text(plane(shot))
                    _write_dense(training, name, source.meta, rig.camera, shot, following)
                    sets[source.split].write(f"{name}\n")
                    sets["trainval"].write(f"{name}\n")
                    mapping.write(f"{name} {origin_of(source.meta)} {frame.index}\n")
                    summary.objects.update(line.split(" ", 1)[0] for line in lines)
                    summary.frames += 1
        describe(root, "kitti", scenes, summary, "--strict-types" if strict_types else "")
    return summary


@dataclass(frozen=True)
class Sensors:
    """What of a rig KITTI's folders stand for: camera 2, camera 3 (to its right, if there is one) and the LiDAR."""

    camera: CameraSpec
    right: CameraSpec | None
    lidar: LidarSpec

    @property
    def baseline(self) -> float:
        """[m] from camera 2 to camera 3; 0 without."""
        if self.right is None:
            return 0.0
        return float((inverse(self.camera.mount.matrix) @ self.right.mount.matrix)[0, 3])


@dataclass(frozen=True, eq=False)
class Shot:
    """A frame in which all of them measured."""

    frame: Frame
    picture: StoredCameraFrame
    right: StoredCameraFrame | None
    sweep: Sweep


def front_sensors(path: Path, rig: Rig) -> Sensors:
    """The sensors that KITTI's folders stand for."""
    if not rig.cameras or not rig.lidars:
        missing = "camera" if not rig.cameras else "LiDAR"
        raise ExportError(
            f"{path}: rig {rig.name!r} has no {missing}, which KITTI needs; record with one that has, e.g. 'kitti'"
        )
    front = [camera for camera in rig.cameras if camera.name == "CAM_FRONT"]
    camera = (front or list(rig.cameras))[0]
    right = next((other for other in rig.cameras if _is_right_of(other, camera)), None)
    refuse_lenses(path, [camera, *([right] if right else [])], "KITTI")
    return Sensors(camera, right, rig.lidars[0])


def _is_right_of(other: CameraSpec, camera: CameraSpec) -> bool:
    """Whether two cameras are a rectified pair: of one kind, turned alike, apart along the picture's rows."""
    alike = ("width", "height", "fx", "fy", "cx", "cy")
    apart = inverse(camera.mount.matrix) @ other.mount.matrix
    return (
        all(getattr(other, name) == getattr(camera, name) for name in alike)
        and np.allclose(apart[:3, :3], np.eye(3), atol=1e-6)
        and np.allclose(apart[1:3, 3], 0, atol=1e-6)
        and apart[0, 3] > 0
    )


def complete(path: Path, rig: Sensors) -> Iterator[Shot]:
    """The frames of a recording in which all sensors measured."""
    wanted = [rig.camera.name, *([rig.right.name] if rig.right else [])]
    found = False
    for frame in Recording(path).frames():
        if rig.lidar.name in frame.sweeps and all(name in frame.cameras for name in wanted):
            found = True
            pictures = [frame.cameras[name] for name in wanted]
            stored = [picture for picture in pictures if isinstance(picture, StoredCameraFrame)]
            yield Shot(frame, stored[0], stored[1] if rig.right else None, frame.sweeps[rig.lidar.name])
    if not found:
        sensors = ", ".join([*wanted, rig.lidar.name])
        raise ExportError(f"{path}: {sensors} never measured on the same tick; give them one rate in the rig")


def with_next(shots: Iterator[Shot]) -> Iterator[tuple[Shot, Shot | None]]:
    """Each with the one that follows; None after the last."""
    before = next(shots)  # there is one, or ``complete`` has complained
    for shot in shots:
        yield before, shot
        before = shot
    yield before, None


def _write_pictures(training: Path, name: str, meta: SceneMeta, shot: Shot) -> None:
    for folder, picture in (("image_2", shot.picture), ("image_3", shot.right)):
        if picture is not None:
            mark = Mark.of(meta, picture.sensor, shot.frame.index)
            (training / folder / f"{name}.png").write_bytes(marked(picture.png, mark))


def _write_dense(
    training: Path, name: str, meta: SceneMeta, camera: CameraSpec, shot: Shot, following: Shot | None
) -> None:
    def write(folder: str, content: str, png: bytes) -> None:
        mark = Mark.of(meta, camera.name, shot.frame.index, content)
        (training / folder / f"{name}.png").write_bytes(marked(png, mark))

    picture = shot.picture
    write("depth_2", "depth", depth_png(picture.depth))
    write("semantic", "semantic", semantic_png(picture))
    write("instance", "instance", instance_png(picture))
    if following is None:
        return
    moved = motion(camera, picture, shot.frame.objects, following.picture, following.frame.objects)
    for content, occluded in (("flow_occ", True), ("flow_noc", False)):
        write(content, content, flow_png(moved, occluded=occluded))


def plane(shot: Shot) -> str:
    """The road before the car as a plane file: a, b, c, d with a x + b y + c z + d = 0 in the camera's frame, b < 0.

    Fitted to the returns from the road within ``PLANE_REACH`` before the car; with too few of them, the plane on which
    the ego stands. The form is that of the planes on which 3D detectors place objects (Ku et al., "Joint 3D Proposal
    Generation and Object Detection from View Aggregation", IROS 2018).
    """
    camera_from_world = inverse(shot.picture.world_from_camera)
    returns = shot.sweep.returns
    road = np.isin(returns["tag"], (Tag.ROADS, Tag.ROAD_LINES)) & (returns["object_id"] == 0)
    points = np.stack([returns[axis][road] for axis in "xyz"], axis=1)
    points = transformed(camera_from_world @ shot.sweep.world_from_lidar, points)
    points = points[(points[:, 2] > 0) & (points[:, 2] < PLANE_REACH)]
    camera_from_ego = camera_from_world @ shot.frame.world_from_ego
    normal, place = camera_from_ego[:3, 2], camera_from_ego[:3, 3]
    if len(points) >= PLANE_POINTS:
        place = points.mean(axis=0)
        normal = np.linalg.svd(points - place, full_matrices=False)[2][2]
    normal = normal * -np.sign(normal[1])
    numbers = " ".join(f"{value:.6e}" for value in (*normal, -normal @ place))
    return f"# Plane\nWidth 4\nHeight 1\n{numbers}\n"


def origin_of(meta: SceneMeta) -> str:
    """Where a frame comes from, as the mapping files tell it: scenario, index and id of its scene."""
    return f"{meta.scenario} {meta.index} {meta.scene_id}"


def points(sweep: Sweep) -> bytes:
    """x, y, z, reflectance as float32, x forward, y left, z up."""
    returns = sweep.returns
    return np.stack([returns["x"], returns["y"], returns["z"], returns["intensity"]], axis=1).astype("<f4").tobytes()


def calib(rig: Sensors) -> str:
    """The text of a calibration file, twelve decimals as KITTI's.

    The camera is KITTI's reference camera and "image_2" at once, so R0_rect is the identity and P2 has no baseline; P0
    repeats it, and so do P1 and P3 without a right camera. KITTI's "imu" is the ego frame (rear axle, on the ground).
    """
    ego_from_camera, ego_from_lidar = rig.camera.mount.matrix, rig.lidar.mount.matrix
    left = np.hstack([rig.camera.pinhole.matrix, np.zeros((3, 1))])
    right = left.copy()
    right[0, 3] = -rig.camera.fx * rig.baseline
    matrices = {
        "P0": left,
        "P1": right,
        "P2": left,
        "P3": right,
        "R0_rect": np.eye(3),
        "Tr_velo_to_cam": (inverse(ego_from_camera) @ ego_from_lidar)[:3],
        "Tr_imu_to_velo": inverse(ego_from_lidar)[:3],
    }
    lines = []
    for name, matrix in matrices.items():
        values = matrix.ravel() + 0.0  # minus zero becomes zero
        lines.append(f"{name}: " + " ".join(f"{value:.12e}" for value in values) + "\n")
    return "".join(lines) + "\n"


def labels(frame: Frame, picture: CameraFrame, camera: CameraSpec, *, strict_types: bool = False) -> list[str]:
    """Label lines of the objects that a picture shows, by track id. What has no visible pixel is left out."""
    return [line for _, line in tracked_labels(frame, picture, camera, strict_types=strict_types)]


def tracked_labels(
    frame: Frame, picture: CameraFrame, camera: CameraSpec, *, strict_types: bool = False
) -> list[tuple[int, str]]:
    """``labels``, each with its track id."""
    objects = {state.track_id: state for state in frame.objects}
    views = sorted((view for view in picture.views if view.visible_pixels > 0), key=lambda view: view.track_id)
    camera_from_world = inverse(picture.world_from_camera)
    lines = []
    for view in views:
        state = objects[view.track_id]
        name = category(state.category).kitti_type(state.attributes, strict=strict_types)
        lines.append((view.track_id, f"{name} {_label(state, view, camera_from_world, camera)}"))
    return lines


def _label(state: ObjectState, view: ObjectView, camera_from_world: NDArray[np.float64], camera: CameraSpec) -> str:
    """One line after its type: truncated, occluded, alpha, 2D box, height, width, length, location, rotation_y.

    A KITTI box stands upright in the camera's frame, so a box that is pitched against the camera has no exact form. Its
    centre is kept (the location is half a height below it along the camera's y axis) and so is its heading, projected
    onto the camera's x-z plane: this overlaps best with the true box.
    """
    camera_from_box = camera_from_world @ state.world_from_box
    length, width, height = state.size
    x, y, z = camera_from_box[:3, 3] + (0, height / 2, 0)
    rotation_y = np.arctan2(-camera_from_box[2, 0], camera_from_box[0, 0])
    alpha = _wrapped(rotation_y - np.arctan2(x, z))
    # KITTI's boxes include what others hide and end at the picture's border; they name the first and the last pixel.
    box = clip_box(view.amodal_box, camera.width, camera.height)
    if box is None:
        raise ExportError(f"object {state.track_id} has visible pixels, but its outline {view.amodal_box} is outside")
    x0, y0, x1, y1 = np.floor(box[0]), np.floor(box[1]), np.ceil(box[2]) - 1, np.ceil(box[3]) - 1
    numbers = [alpha, x0, y0, x1, y1, height, width, length, x, y, z, rotation_y]
    # Four decimals, where KITTI has two: its readers take any number, and 0.005 rad are 3 cm at the end of a bus.
    return f"{view.truncation:.2f} {_occlusion(view)} " + " ".join(f"{number:.4f}" for number in numbers)


def _wrapped(angle: float) -> float:
    """An angle [rad] in [-pi, pi)."""
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def _occlusion(view: ObjectView) -> int:
    if view.estimated:
        return 3  # unknown
    return int(view.visible_fraction < FULLY_VISIBLE) + int(view.visible_fraction < PARTLY_OCCLUDED)
