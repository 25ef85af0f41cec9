"""KITTI's object detection format. What each file holds is told in docs/datasets.md.

Geiger, Lenz, Urtasun, "Are we ready for Autonomous Driving? The KITTI Vision Benchmark Suite", CVPR 2012, and the
readme of its development kit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exporters.card import describe
from exporters.marks import Mark, marked
from exporters.publish import ExportError, Summary, publish, sources
from sensors.frames import CameraFrame, Frame, ObjectState, ObjectView, SceneMeta, Sweep
from sensors.geometry import clip_box, inverse
from sensors.messages import StoredCameraFrame
from sensors.recording import Recording
from sensors.rig import CameraSpec, LidarSpec, Rig
from sensors.taxonomy import category

FULLY_VISIBLE, PARTLY_OCCLUDED = 0.9, 0.5
"""Least visible fraction of an object that is called fully visible (0) and partly occluded (1); below it is largely
occluded (2). KITTI's readme gives the words and no numbers; a tenth is left for blades of grass and thin poles."""


def export(recordings: Sequence[Path], out: Path, *, strict: bool = False) -> Summary:
    """Writes recordings as one KITTI object dataset, complete or not at all.

    Frames are those with a picture of the rig's front camera and a LiDAR sweep, numbered through in the order of
    (scenario, index). Memory holds one frame.

    Args:
        recordings: in any order.
        out: the dataset's folder, absent or empty.
        strict: only KITTI's own eight types; an animal is ``Misc`` then, and ``Animal`` otherwise.

    Raises:
        ExportError: no recordings, a recording without camera, LiDAR or frames that have both, or ``out`` is not empty.
        sensors.recording.RecordingError: a recording is damaged.
    """
    scenes = sources(recordings)
    sensors = [front_sensors(source.path, source.meta.rig) for source in scenes]
    summary = Summary(Path(out), scenes=len(scenes))
    with publish(Path(out)) as root:
        training = root / "training"
        for folder in ("image_2", "velodyne", "calib", "label_2"):
            (training / folder).mkdir(parents=True)
        (root / "ImageSets").mkdir()
        (root / "ImageSets" / "test.txt").touch()  # converters read it; there are no frames without labels
        with ExitStack() as stack:
            sets = {
                name: stack.enter_context((root / "ImageSets" / f"{name}.txt").open("w"))
                for name in ("train", "val", "trainval")
            }
            mapping = stack.enter_context((root / "mapping.txt").open("w"))
            for source, (camera, lidar) in zip(scenes, sensors, strict=True):
                calibration = calib(camera, lidar)
                for frame, picture, sweep in complete(source.path, camera, lidar):
                    name = f"{summary.frames:06d}"
                    mark = Mark.of(source.meta, camera.name, frame.index)
                    (training / "image_2" / f"{name}.png").write_bytes(marked(picture.png, mark))
                    (training / "velodyne" / f"{name}.bin").write_bytes(points(sweep))
                    (training / "calib" / f"{name}.txt").write_text(calibration)
                    lines = labels(frame, picture, camera, strict=strict)
                    (training / "label_2" / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
                    sets[source.split].write(f"{name}\n")
                    sets["trainval"].write(f"{name}\n")
                    mapping.write(f"{name} {origin_of(source.meta)} {frame.index}\n")
                    summary.objects.update(line.split(" ", 1)[0] for line in lines)
                    summary.frames += 1
        describe(root, "kitti", scenes, summary)
    return summary


def front_sensors(path: Path, rig: Rig) -> tuple[CameraSpec, LidarSpec]:
    """The camera and the LiDAR that KITTI's folders stand for."""
    if not rig.cameras or not rig.lidars:
        missing = "camera" if not rig.cameras else "LiDAR"
        raise ExportError(
            f"{path}: rig {rig.name!r} has no {missing}, which KITTI needs; record with one that has, e.g. 'kitti'"
        )
    front = [camera for camera in rig.cameras if camera.name == "CAM_FRONT"]
    return (front or list(rig.cameras))[0], rig.lidars[0]


def complete(path: Path, camera: CameraSpec, lidar: LidarSpec) -> Iterator[tuple[Frame, StoredCameraFrame, Sweep]]:
    """The frames of a recording in which both sensors measured."""
    found = False
    for frame in Recording(path).frames():
        if camera.name in frame.cameras and lidar.name in frame.sweeps:
            found = True
            picture = frame.cameras[camera.name]
            assert isinstance(picture, StoredCameraFrame)  # it comes out of a recording
            yield frame, picture, frame.sweeps[lidar.name]
    if not found:
        raise ExportError(
            f"{path}: {camera.name} and {lidar.name} never measured on the same tick; give them one rate in the rig"
        )


def origin_of(meta: SceneMeta) -> str:
    """Where a frame comes from, as the mapping files tell it: scenario, index and id of its scene."""
    return f"{meta.scenario} {meta.index} {meta.scene_id}"


def points(sweep: Sweep) -> bytes:
    """x, y, z, reflectance as float32, x forward, y left, z up."""
    returns = sweep.returns
    return np.stack([returns["x"], returns["y"], returns["z"], returns["intensity"]], axis=1).astype("<f4").tobytes()


def calib(camera: CameraSpec, lidar: LidarSpec) -> str:
    """The text of a calibration file, twelve decimals as KITTI's.

    The camera is KITTI's reference camera and "image_2" at once, so R0_rect is the identity and P2 has no baseline; P0,
    P1 and P3, whose cameras do not exist, repeat it. KITTI's "imu" is the ego frame (rear axle, on the ground).
    """
    ego_from_camera, ego_from_lidar = camera.mount.matrix, lidar.mount.matrix
    projection = np.hstack([camera.pinhole.matrix, np.zeros((3, 1))])
    matrices = {
        **{f"P{number}": projection for number in range(4)},
        "R0_rect": np.eye(3),
        "Tr_velo_to_cam": (inverse(ego_from_camera) @ ego_from_lidar)[:3],
        "Tr_imu_to_velo": inverse(ego_from_lidar)[:3],
    }
    lines = []
    for name, matrix in matrices.items():
        values = matrix.ravel() + 0.0  # minus zero becomes zero
        lines.append(f"{name}: " + " ".join(f"{value:.12e}" for value in values) + "\n")
    return "".join(lines) + "\n"


def labels(frame: Frame, picture: CameraFrame, camera: CameraSpec, *, strict: bool = False) -> list[str]:
    """Label lines of the objects that a picture shows, by track id. What has no visible pixel is left out."""
    return [line for _, line in tracked_labels(frame, picture, camera, strict=strict)]


def tracked_labels(
    frame: Frame, picture: CameraFrame, camera: CameraSpec, *, strict: bool = False
) -> list[tuple[int, str]]:
    """``labels``, each with its track id."""
    objects = {state.track_id: state for state in frame.objects}
    views = sorted((view for view in picture.views if view.visible_pixels > 0), key=lambda view: view.track_id)
    camera_from_world = inverse(picture.world_from_camera)
    lines = []
    for view in views:
        state = objects[view.track_id]
        name = category(state.category).kitti_type(state.attributes, strict=strict)
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
