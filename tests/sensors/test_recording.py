"""The recording format: exact round trips, atomic files, repeatable bytes, and damage that never goes unseen."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from google.protobuf import descriptor_pb2, message_factory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from mcap.reader import make_reader
from mcap.writer import Writer

from sensors.frames import RETURN, Frame
from sensors.geometry import rigid
from sensors.recording import Recording, RecordingError, RecordingWriter
from sensors.rig import load_rig

from .builders import frame, meta, small_rig

RIG = small_rig()


def recorded(path: Path, count: int = 4, seed: int = 0) -> list[Frame]:
    """Writes a recording in which the second camera exposes in every other frame only."""
    generator = np.random.default_rng(seed)
    frames = [
        frame(RIG, 2 * index, generator, points=10 * index, cameras=("CAM_FRONT",) if index % 2 else None)
        for index in range(count)
    ]
    with RecordingWriter(path, meta(RIG)) as writer:
        for each in frames:
            writer.write(each)
    return frames


def same(first: object, second: object) -> bool:
    """Deep equality of frames, field by field, arrays with their dtypes included."""
    if isinstance(first, np.ndarray):
        return isinstance(second, np.ndarray) and first.dtype == second.dtype and np.array_equal(first, second)
    if dataclasses.is_dataclass(first) and not isinstance(first, type):
        return dataclasses.fields(first) == dataclasses.fields(second) and all(
            same(getattr(first, field.name), getattr(second, field.name)) for field in dataclasses.fields(first)
        )
    if isinstance(first, dict):
        return (
            isinstance(second, dict) and list(first) == list(second) and all(same(first[k], second[k]) for k in first)
        )
    if isinstance(first, tuple):
        return isinstance(second, tuple) and len(first) == len(second) and all(map(same, first, second))
    return type(first) is type(second) and first == second


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), count=st.integers(0, 3))
def test_everything_comes_back_exactly(tmp_path: Path, seed: int, count: int) -> None:
    written = recorded(tmp_path / "a.mcap", count, seed)
    recording = Recording(tmp_path / "a.mcap")
    assert recording.meta == meta(RIG)
    assert len(recording) == count
    for _ in range(2):  # frames() can be asked for again
        assert same(tuple(recording.frames()), tuple(written))


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    recorded(tmp_path / "a.mcap")
    recorded(tmp_path / "b.mcap")
    assert (tmp_path / "a.mcap").read_bytes() == (tmp_path / "b.mcap").read_bytes()


def test_the_order_of_dictionaries_does_not_matter(tmp_path: Path) -> None:
    one = frame(RIG, 0, np.random.default_rng(1))
    other = dataclasses.replace(one, cameras=dict(reversed(one.cameras.items())))
    for name, each in (("a", one), ("b", other)):
        with RecordingWriter(tmp_path / name, meta(RIG)) as writer:
            writer.write(each)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    with RecordingWriter(path, meta(RIG)) as writer:
        writer.write(frame(RIG, 0, np.random.default_rng(0)))
        assert not path.exists()
        assert [entry.name for entry in tmp_path.iterdir()] == [".a.mcap.partial"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.mcap"]


def test_an_error_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    recorded(path, 1)
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), RecordingWriter(path, meta(RIG)) as writer:
        writer.write(frame(RIG, 0, np.random.default_rng(5)))
        raise ZeroDivisionError
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.mcap"]
    assert path.read_bytes() == before


def test_a_frame_that_cannot_be_encoded_leaves_no_half_frame(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    good, bad = frame(RIG, 0, generator), frame(RIG, 1, generator)
    bad = dataclasses.replace(bad, ego_velocity=np.array([np.nan, 0, 0]))
    with RecordingWriter(tmp_path / "a", meta(RIG)) as writer:
        writer.write(good)
        with pytest.raises(ValueError, match="JSON"):
            writer.write(bad)
    assert same(tuple(Recording(tmp_path / "a").frames()), (good,))


def test_frames_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    good = frame(RIG, 1, np.random.default_rng(0))
    shot = good.cameras["CAM_FRONT"]
    wrong = {
        "in order": dataclasses.replace(good, index=1),
        "CAM_SIDE": dataclasses.replace(good, index=2, cameras={"CAM_SIDE": shot}),
        "depth is float64": dataclasses.replace(
            good, index=2, cameras={"CAM_FRONT": dataclasses.replace(shot, depth=shot.depth.astype(np.float64))}
        ),
        "image is uint8 .*must be uint8": dataclasses.replace(
            good, index=2, cameras={"CAM_FRONT": dataclasses.replace(shot, image=shot.image[1:])}
        ),
    }
    wrong["GNSS_2"] = dataclasses.replace(good, index=2, fixes={"GNSS_2": good.fixes["GNSS"]})
    radar = dataclasses.replace(good.radars["RADAR_FRONT"], returns=good.sweeps["LIDAR_TOP"].returns)
    wrong["dtype RADAR_RETURN"] = dataclasses.replace(good, index=2, radars={"RADAR_FRONT": radar})
    with RecordingWriter(tmp_path / "a", meta(RIG)) as writer:
        writer.write(good)
        for message, each in wrong.items():
            with pytest.raises(RecordingError, match=message):
                writer.write(each)


def test_every_truncation_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    recorded(path)
    whole = path.read_bytes()
    for length in [*range(0, len(whole), 997), len(whole) - 1, len(whole) - 8]:
        path.write_bytes(whole[:length])
        with pytest.raises(RecordingError, match=r"a\.mcap"):
            list(Recording(path).frames())


def test_a_flipped_bit_never_changes_a_frame_unseen(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    written = recorded(path, 3)
    whole = path.read_bytes()
    seen = 0
    places = np.random.default_rng(3).integers(0, 8 * len(whole), 300)
    for place in [*places.tolist(), *range(8 * (len(whole) - 40), 8 * len(whole), 5)]:
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            recording = Recording(path)
            assert recording.meta == meta(RIG)
            assert same(tuple(recording.frames()), tuple(written))
        except RecordingError as error:
            assert str(path) in str(error)
            seen += 1
    assert seen > 250  # what is left lies in indexes and names that no frame is read through


def test_every_flipped_bit_in_the_summary_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    recorded(path, 2)
    whole = path.read_bytes()
    for place in range(8 * (len(whole) - 1200), 8 * len(whole), 61):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(RecordingError, match=r"a\.mcap"):
            Recording(path)


@pytest.mark.parametrize(
    ("topic", "message"), [("/CAM_FRONT/depth", "frame 1 lacks the message /CAM_FRONT/depth"), ("/frame", "1 of 1")]
)
def test_a_well_formed_file_with_a_broken_frame_is_refused(tmp_path: Path, topic: str, message: str) -> None:
    recorded(tmp_path / "a.mcap", 2)
    with (tmp_path / "a.mcap").open("rb") as file, (tmp_path / "b.mcap").open("wb") as copy:
        reader, writer = make_reader(file), Writer(copy)
        writer.start()
        for each in reader.iter_attachments():
            writer.add_attachment(0, 0, each.name, each.media_type, each.data)
        channels: dict[str, int] = {}
        for _, channel, each in reader.iter_messages():
            if channel.topic not in channels:
                channels[channel.topic] = writer.register_channel(channel.topic, channel.message_encoding, 0)
            if (channel.topic, each.sequence) != (topic, 1):
                writer.add_message(channels[channel.topic], each.log_time, each.data, each.log_time)
        writer.finish()
    with pytest.raises(RecordingError, match=message):
        list(Recording(tmp_path / "b.mcap").frames())


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        Recording(tmp_path / "absent.mcap")
    (tmp_path / "text").write_text("hello, this is no recording")
    with pytest.raises(RecordingError, match="no MCAP file"):
        Recording(tmp_path / "text")


def test_topics_are_foxgloves_and_our_json_fits_its_schema(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    recorded(path, 2)
    names: dict[str, str] = {}
    with path.open("rb") as file:
        for schema, channel, message in make_reader(file).iter_messages():
            assert schema is not None
            names[channel.topic] = schema.name
            if channel.message_encoding == "json":
                Draft202012Validator(json.loads(schema.data)).validate(json.loads(message.data))
    assert names == {
        "/tf": "foxglove.FrameTransforms",
        "/boxes": "foxglove.SceneUpdate",
        "/labels": "longtail.Labels",
        "/LIDAR_TOP/points": "foxglove.PointCloud",
        "/RADAR_FRONT/points": "foxglove.PointCloud",
        "/IMU/imu": "longtail.Imu",
        "/GNSS/fix": "foxglove.LocationFix",
        "/frame": "longtail.Frame",
        **{
            f"/{camera}/{topic}": f"foxglove.{schema}"
            for camera in ("CAM_FRONT", "CAM_BACK")
            for topic, schema in (
                ("calibration", "CameraCalibration"),
                ("image", "CompressedImage"),
                ("depth", "RawImage"),
                ("semantic", "CompressedImage"),
                ("instance", "CompressedImage"),
            )
        },
    }


def viewed(path: Path) -> dict[str, list[Any]]:
    """All protobuf messages by topic, read with nothing but the schemas in the file."""
    found: dict[str, list[Any]] = {}
    with path.open("rb") as file:
        for schema, channel, message in make_reader(file).iter_messages():
            if schema is not None and schema.encoding == "protobuf":
                classes = message_factory.GetMessages(descriptor_pb2.FileDescriptorSet.FromString(schema.data).file)
                found.setdefault(channel.topic, []).append((message, classes[schema.name].FromString(message.data)))
    return found


def test_what_a_viewer_sees(tmp_path: Path) -> None:
    _, written = recorded(tmp_path / "a.mcap", 2)
    seen = viewed(tmp_path / "a.mcap")
    raw, tf = seen["/tf"][1]
    assert raw.log_time == raw.publish_time == 100_000_000  # tick 2 of 0.05 s
    poses = {each.child_frame_id: each for each in tf.transforms}
    assert set(poses) == {"ego", "CAM_FRONT", "LIDAR_TOP", "RADAR_FRONT", "IMU", "GNSS"}
    turn, place = poses["CAM_FRONT"].rotation, poses["CAM_FRONT"].translation
    pose = written.cameras["CAM_FRONT"].world_from_camera
    assert rigid((turn.w, turn.x, turn.y, turn.z), (place.x, place.y, place.z)) == pytest.approx(pose)
    _, boxes = seen["/boxes"][1]
    assert [entity.id for entity in boxes.entities] == ["3", "9", "65535"]
    size = boxes.entities[0].cubes[0].size
    assert (size.x, size.y, size.z) == (4.0, 2.0, 1.5)
    _, calibration = seen["/CAM_FRONT/calibration"][0]
    assert list(calibration.K) == [30, 0, 19.5, 0, 30, 11.5, 0, 0, 1]
    assert list(calibration.P) == [30, 0, 19.5, 0, 0, 30, 11.5, 0, 0, 0, 1, 0]
    _, cloud = seen["/LIDAR_TOP/points"][1]
    assert cloud.point_stride == RETURN.itemsize
    assert {field.name: field.offset for field in cloud.fields} == {
        name: RETURN.fields[name][1] for name in RETURN.names
    }
    _, image = seen["/CAM_FRONT/image"][1]
    shown = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert (shown == written.cameras["CAM_FRONT"].image).all()


def test_shipped_rigs_are_recorded_whole(tmp_path: Path) -> None:
    rig = load_rig("nuscenes")
    with RecordingWriter(tmp_path / "a", meta(rig)) as writer:
        writer.write(frame(rig, 0, np.random.default_rng(0), cameras=()))
    recording = Recording(tmp_path / "a")
    assert recording.meta.rig == rig
    assert list(next(iter(recording.frames())).sweeps) == ["LIDAR_TOP"]


def test_normals_and_flow_where_the_rig_asks_for_them(tmp_path: Path) -> None:
    rig = small_rig()
    front, *others = rig.cameras
    asking = rig.model_copy(update={"cameras": (front.model_copy(update={"dense": ("normals", "flow")}), *others)})
    random = np.random.default_rng(5)
    plain = frame(rig, 0, random)
    normals = random.normal(size=(front.height, front.width, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    normals[:3] = 0
    flow = random.normal(0, 20, (front.height, front.width, 2)).astype(np.float32)
    shot = dataclasses.replace(plain.cameras["CAM_FRONT"], normals=normals, flow=flow)
    dense = dataclasses.replace(plain, cameras={**plain.cameras, "CAM_FRONT": shot})
    with RecordingWriter(tmp_path / "a", meta(asking)) as writer:
        writer.write(dense)
    read = next(Recording(tmp_path / "a").frames()).cameras
    assert (read["CAM_FRONT"].flow == flow).all()
    found = read["CAM_FRONT"].normals
    assert (found[:3] == 0).all()
    assert np.degrees(np.arccos(np.clip((found[3:] * normals[3:]).sum(axis=-1), -1, 1))).max() < 0.5
    assert read["CAM_BACK"].normals is None and read["CAM_BACK"].flow is None
    for carried, spoilt, message in ((asking, plain, "normals is missing"), (rig, dense, "does not ask for normals")):
        with pytest.raises(RecordingError, match=message), RecordingWriter(tmp_path / "b", meta(carried)) as writer:
            writer.write(spoilt)
        assert not (tmp_path / "b").exists()


def test_labels_are_those_of_the_frames(tmp_path: Path) -> None:
    path = tmp_path / "scene.mcap"
    recorded(path, count=6)
    frames, labels = list(Recording(path).frames()), list(Recording(path).labels())
    assert len(labels) == len(frames) == 6
    for frame_, read in zip(frames, labels, strict=True):
        assert (read.index, read.time) == (frame_.index, frame_.time)
        for field in ("world_from_ego", "ego_velocity", "ego_acceleration", "objects"):
            assert same(getattr(read, field), getattr(frame_, field))
        assert read.views == {name: camera.views for name, camera in frame_.cameras.items()}
        clouds = [*frame_.sweeps.items(), *frame_.radars.items()]
        assert read.returns == {name: cloud.counts() for name, cloud in clouds}


def test_a_frame_is_found_by_its_time(tmp_path: Path) -> None:
    path = tmp_path / "scene.mcap"
    frames = recorded(path)
    assert same(Recording(path).frame_at(frames[2].time).objects, frames[2].objects)
    assert np.array_equal(
        Recording(path).frame_at(frames[2].time).cameras["CAM_FRONT"].depth, frames[2].cameras["CAM_FRONT"].depth
    )
    with pytest.raises(KeyError, match="has no frame at"):
        Recording(path).frame_at(frames[2].time + 0.001)


def test_labels_of_a_damaged_recording(tmp_path: Path) -> None:
    path = tmp_path / "scene.mcap"
    recorded(path)
    data = bytearray(path.read_bytes())
    chunk = data.index(b"zstd") + 12  # the compressed records begin behind the name of their code and their length
    data[chunk : chunk + 40] = bytes(40)
    path.write_bytes(data)
    with pytest.raises(RecordingError, match="is cut off or damaged"):
        list(Recording(path).labels())
