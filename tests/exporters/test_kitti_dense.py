"""KITTI's pictures of depth, flow, classes and instances; right cameras and planes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from assets.tags import Tag
from exporters import kitti, kitti_tracking
from exporters.kitti_dense import depth_png, flow_png, instance_png, semantic_png
from exporters.publish import ExportError
from exporters.validate import validate
from renderers.scene import Pinhole
from sensors.frames import CameraFrame, ObjectView
from sensors.geometry import rigid
from sensors.labels import object_state
from sensors.motion import Motion, motion
from sensors.recording import Recording, RecordingWriter

from .conftest import Record
from .made_up import frames, meta, small_rig

CAMERA = Pinhole(80, 60, 40.0, 40.0, 39.5, 29.5)
AHEAD = (0.5, -0.5, 0.5, -0.5)


def read(png: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)


def wall(x: float, eye: float, instance: np.ndarray | None = None) -> CameraFrame:
    """What a camera at ``eye`` on the world's x axis, which it looks along, sees of a wall across the axis at ``x``."""
    shape = (CAMERA.height, CAMERA.width)
    ids = np.zeros(shape, np.uint16) if instance is None else instance
    depth = np.full(shape, x - eye, np.float32)
    image = np.zeros((*shape, 3), np.uint8)
    return CameraFrame("C", rigid(AHEAD, (eye, 0, 0)), image, depth, np.zeros(shape, np.uint8), ids, ())


def test_the_level_flows_as_the_camera_moves() -> None:
    moved = motion(CAMERA, wall(20, 0), (), wall(20, 2), ())
    v, u = np.mgrid[: CAMERA.height, : CAMERA.width]
    expected = np.stack([u - CAMERA.cx, v - CAMERA.cy], axis=-1) * (20 / 18 - 1)
    assert moved.flow == pytest.approx(expected, abs=1e-4)
    assert moved.scene_flow == pytest.approx(np.zeros_like(moved.scene_flow), abs=1e-5)
    place = np.rint(np.stack([u, v], axis=-1) + moved.flow)
    inside = ((place >= 0) & (place < (CAMERA.width, CAMERA.height))).all(axis=-1)
    assert (moved.seen == inside).all() and not inside.all()


@pytest.mark.parametrize(("category", "known"), [("car", True), ("adult", False), ("animal.deer", False)])
def test_rigid_objects_flow_with_their_boxes(category: str, known: bool) -> None:
    ids = np.zeros((CAMERA.height, CAMERA.width), np.uint16)
    ids[20:40, 30:50] = 7

    def state(y: float, heading: float) -> object:
        pose = rigid((np.cos(heading / 2), 0, 0, np.sin(heading / 2)), (20, y, 0))
        return object_state(7, category, "made.up", pose, (4, 2, 2), (0, 0, 0), (0, 0, 0))

    moved = motion(CAMERA, wall(20, 0, ids), (state(0.0, 0.0),), wall(20, 0), (state(1.0, 0.1),))
    own = ids == 7
    assert np.isfinite(moved.flow[own]).all() == np.isfinite(moved.scene_flow[own]).all() == known
    assert moved.flow[~own] == pytest.approx(0, abs=1e-4)
    if known:  # to the left (+y) by a metre, and turned about the centre
        middle = moved.scene_flow[29:31, 39:41].mean(axis=(0, 1))
        assert middle == pytest.approx([0, 1, 0], abs=0.02)
        assert moved.scene_flow[20:40, 31].mean(axis=0) == pytest.approx([-0.425, 0.98, 0], abs=0.05)
    gone = motion(CAMERA, wall(20, 0, ids), (state(0.0, 0.0),), wall(20, 0), ())
    assert np.isnan(gone.flow[own]).all() and not gone.seen[own].any()


def test_what_something_hides_later_is_not_seen() -> None:
    later = wall(20, 0)
    later.depth[:, 40:] = 5.0
    moved = motion(CAMERA, wall(20, 0), (), later, ())
    assert moved.seen[:, :40].all() and not moved.seen[:, 40:].any()


def test_depth_has_256_steps_a_metre() -> None:
    depth = np.array([[0.5, 100.0, 255.99, 256.0, np.inf]], np.float32)
    assert read(depth_png(depth)).tolist() == [[128, 25600, 65533, 0, 0]]


def test_flow_as_kittis_own_reader_takes_it() -> None:
    """The development kit's ``flow_read``: F = (I - 2^15) / 64, valid where the third channel is not 0."""
    flow = np.array([[[1.5, -2.25], [0.0, 0.0], [600.0, 0.0], [np.nan, np.nan], [-1.0, 0.0]]], np.float32)
    seen = np.array([[True, True, False, False, False]])
    moved = Motion(np.zeros((1, 5, 3), np.float32), flow, seen)
    flow[0, 0, 1] = 0.25  # one row of pixels: down by more would be outside
    visible, all_inside = (read(flow_png(moved, occluded=occluded)) for occluded in (False, True))
    assert visible.dtype == np.uint16
    red_first = visible[..., ::-1].astype(float)
    assert red_first[0, :, 2].tolist() == [1, 1, 0, 0, 0]
    assert ((red_first[0, :2, :2] - 2**15) / 64).tolist() == [[1.5, 0.25], [0, 0]]
    assert all_inside[0, :, 0].tolist() == [1, 1, 0, 0, 1]


def test_classes_and_instances(record: Record) -> None:
    frame = next(Recording(record()).frames())
    view = frame.cameras["CAM_FRONT"]
    classes, instances = read(semantic_png(view)), read(instance_png(view))
    assert (instances // 256 == classes).all()
    number_of = {}
    for state in frame.objects:
        own = instances[view.instance == state.track_id]
        if len(own):
            (number_of[state.track_id],) = set((own % 256).tolist())
    assert sorted(number_of.values()) == list(range(1, len(number_of) + 1)) and len(number_of) > 3
    assert (instances[view.instance == 0] % 256 == 0).all()
    assert {26} == set(classes[view.semantic == Tag.CAR].tolist())


def test_more_objects_than_the_code_has_room_for() -> None:
    view = ObjectView(1, 1, 1, (0, 0, 1, 1), (0, 0, 1, 1), 1.0, 0.0, False)
    crowd = replace(wall(20, 0), views=tuple(replace(view, track_id=number) for number in range(1, 258)))
    with pytest.raises(ExportError, match="257 objects"):
        instance_png(crowd)


def stereo(path: Path) -> Path:
    """A recording with a camera half a metre to the right of the front one."""
    rig = small_rig("kitti")
    (front,) = rig.cameras
    at = front.mount.translation
    beside = front.mount.model_copy(update={"translation": (at[0], at[1] - 0.5, at[2])})
    rig = rig.model_copy(update={"cameras": (front, front.model_copy(update={"name": "CAM_RIGHT", "mount": beside}))})
    with RecordingWriter(path, meta(rig, "pair", 0)) as writer:
        for frame in frames(rig, 0.2):
            writer.write(frame)
    return path


def test_a_right_camera(tmp_path: Path) -> None:
    kitti.export([stereo(tmp_path / "a.mcap")], tmp_path / "set")
    training = tmp_path / "set" / "training"
    assert len(list((training / "image_3").iterdir())) == len(list((training / "image_2").iterdir())) == 3
    lines = dict(line.split(": ") for line in (training / "calib" / "000000.txt").read_text().splitlines() if line)
    left, right = (np.array(lines[name].split(), float).reshape(3, 4) for name in ("P2", "P3"))
    assert right[0, 3] == pytest.approx(-0.5 * left[0, 0])
    right[0, 3] = 0
    assert (left == right).all() and lines["P1"] == lines["P3"] and lines["P0"] == lines["P2"]
    assert validate(tmp_path / "set") == []
    # An object's centre moves to the left by f b / z.
    frame = next(Recording(tmp_path / "a.mcap").frames())
    middles = [np.nonzero(frame.cameras[name].instance == 1)[1].mean() for name in ("CAM_FRONT", "CAM_RIGHT")]
    depth = frame.cameras["CAM_FRONT"].depth[frame.cameras["CAM_FRONT"].instance == 1][0]
    assert middles[0] - middles[1] == pytest.approx(left[0, 0] * 0.5 / depth, abs=1.5)
    kitti_tracking.export([tmp_path / "a.mcap"], tmp_path / "tracks")
    assert len(list((tmp_path / "tracks" / "training" / "image_03" / "0000").iterdir())) == 3


def test_planes_lie_under_the_car(record: Record, tmp_path: Path) -> None:
    """The made-up ground is flat, 1.775 m (with 2.5 cm of noise) below the scanner, which is 8 cm above the camera."""
    kitti.export([record()], tmp_path / "set")
    numbers = (tmp_path / "set" / "training" / "planes" / "000000.txt").read_text().splitlines()[3]
    a, b, c, d = map(float, numbers.split())
    assert (a, b, c) == pytest.approx((0, -1, 0), abs=0.01)
    assert d == pytest.approx(1.695, abs=0.1)


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("depth_2/000001.png", "short", "is not a whole PNG picture"),
        ("depth_2/000001.png", "eight bits", "is not of 1 x 16 bits"),
        ("depth_2/000001.png", "gone", "is missing"),
        ("semantic/000002.png", "eight bits", "is 4 x 4, unlike image_2"),
        ("flow_occ/000000.png", "eight bits", "is not of 3 x 16 bits"),
        ("flow_occ/000077.png", "eight bits", "is in no image set"),
        ("planes/000000.txt", "short", "does not hold four numbers"),
    ],
)
def test_the_validator_names_what_is_wrong(
    record: Record, tmp_path: Path, file: str, damage: str, message: str
) -> None:
    kitti.export([record()], tmp_path / "set")
    assert validate(tmp_path / "set") == []
    path = tmp_path / "set" / "training" / file
    if damage == "short":
        path.write_bytes(path.read_bytes()[:10])
    elif damage == "gone":
        path.unlink()
    else:
        path.write_bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    found = validate(tmp_path / "set")
    assert [(problem.file, problem.message) for problem in found] == [(f"training/{file}", message)]
