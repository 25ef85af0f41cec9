"""Frames as messages and back: the topics, schemas and encodings of docs/recording.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from importlib import resources
from typing import Any, TypeVar

import cv2
import numpy as np
from foxglove import messages as fox
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]
from numpy.typing import NDArray
from pycocotools import mask as rle

from sensors.frames import (
    RADAR_RETURN,
    RETURN,
    CameraFrame,
    Frame,
    FrameLabels,
    GnssFix,
    ImuSample,
    ObjectState,
    ObjectView,
    RadarScan,
    Sweep,
)
from sensors.geometry import matrix_quaternion
from sensors.rig import CameraSpec, Rig
from sensors.specs import SensorSpec
from sensors.taxonomy import category

Measured = TypeVar("Measured")

FRAME = "/frame"
"""Topic of the message that closes a frame."""

TARGETS = ("image", "depth", "semantic", "instance")
"""Of every camera frame."""
LABELS = "/labels"
"""Topic of the objects, and of how sensors see them."""

_PNG = [
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),  # one filter for all rows: half the time of choosing the best
]

_FIELD_TYPES = {
    "<f4": fox.PackedElementFieldNumericType.Float32,
    "<u4": fox.PackedElementFieldNumericType.Uint32,
    "<u2": fox.PackedElementFieldNumericType.Uint16,
    "|u1": fox.PackedElementFieldNumericType.Uint8,
}

_FIELDS = {
    kind: [
        fox.PackedElementField(name=name, offset=kind.fields[name][1], type=_FIELD_TYPES[kind.fields[name][0].str])
        for name in kind.names or ()
        if kind.fields is not None
    ]
    for kind in (RETURN, RADAR_RETURN)
}

_COLORS = {  # by nuScenes' main groups
    "human": fox.Color(r=0.20, g=0.45, b=1.0, a=0.45),
    "vehicle": fox.Color(r=1.0, g=0.60, b=0.10, a=0.45),
    "animal": fox.Color(r=0.95, g=0.15, b=0.30, a=0.45),
    "movable_object": fox.Color(r=0.60, g=0.60, b=0.60, a=0.45),
    "static_object": fox.Color(r=0.60, g=0.60, b=0.60, a=0.45),
}


@dataclass(frozen=True)
class Topic:
    """A topic with its schema, as MCAP wants them."""

    name: str
    schema: str
    schema_encoding: str
    schema_data: bytes
    encoding: str


def topics(rig: Rig) -> tuple[Topic, ...]:
    """All topics of a recording made with a rig, in the order in which they are registered."""
    made = [_foxglove("/tf", fox.FrameTransforms), _foxglove("/boxes", fox.SceneUpdate)]
    made.append(_own("/labels", "longtail.Labels", "labels.json"))
    for camera in rig.cameras:
        made += [
            _foxglove(f"/{camera.name}/calibration", fox.CameraCalibration),
            _foxglove(f"/{camera.name}/image", fox.CompressedImage),
            _foxglove(f"/{camera.name}/depth", fox.RawImage),
            _foxglove(f"/{camera.name}/semantic", fox.CompressedImage),
            _foxglove(f"/{camera.name}/instance", fox.CompressedImage),
        ]
        if "normals" in camera.dense:
            made.append(_foxglove(f"/{camera.name}/normals", fox.CompressedImage))
        if "flow" in camera.dense:
            made.append(_foxglove(f"/{camera.name}/flow", fox.RawImage))
    made += [_foxglove(f"/{scanner.name}/points", fox.PointCloud) for scanner in (*rig.lidars, *rig.radars)]
    made += [_own(f"/{imu.name}/imu", "longtail.Imu", "imu.json") for imu in rig.imus]
    made += [_foxglove(f"/{receiver.name}/fix", fox.LocationFix) for receiver in rig.gnss]
    made.append(_own(FRAME, "longtail.Frame", "frame.json"))
    return tuple(made)


def _foxglove(name: str, message: Any) -> Topic:
    schema = message.get_schema()
    return Topic(name, schema.name, schema.encoding, schema.data, "protobuf")


def _own(name: str, schema: str, file: str) -> Topic:
    text = (resources.files("sensors") / "schemas" / file).read_bytes()
    return Topic(name, schema, "jsonschema", text, "json")


def encoders(frame: Frame, rig: Rig) -> list[tuple[str, Callable[[], bytes]]]:
    """What is to be encoded for a frame: (topic, function that gives the message), in the order of writing.

    The functions share nothing and may run on any thread.
    """
    frame = replace(
        frame,
        cameras=_in_order(frame.cameras, rig.cameras),
        sweeps=_in_order(frame.sweeps, rig.lidars),
        radars=_in_order(frame.radars, rig.radars),
        imus=_in_order(frame.imus, rig.imus),
        fixes=_in_order(frame.fixes, rig.gnss),
    )
    stamp = _stamp(frame.time)
    jobs: list[tuple[str, Callable[[], bytes]]] = [
        ("/tf", lambda: _transforms(frame, stamp)),
        ("/boxes", lambda: _boxes(frame, stamp)),
        ("/labels", lambda: _labels(frame)),
    ]
    for spec in rig.cameras:
        if spec.name in frame.cameras:
            jobs += _camera(spec, frame.cameras[spec.name], stamp)
    clouds: dict[str, Sweep | RadarScan] = {**frame.sweeps, **frame.radars}
    jobs += [(f"/{name}/points", _bound(_points, name, cloud.returns, stamp)) for name, cloud in clouds.items()]
    jobs += [(f"/{name}/imu", _bound(_imu, sample)) for name, sample in frame.imus.items()]
    jobs += [(f"/{name}/fix", _bound(_fix, fix, stamp)) for name, fix in frame.fixes.items()]
    jobs.append((FRAME, lambda: _frame(frame)))
    return jobs


def _in_order(measured: Mapping[str, Measured], specs: Sequence[SensorSpec]) -> dict[str, Measured]:
    return {spec.name: measured[spec.name] for spec in specs if spec.name in measured}


class StoredCameraFrame(CameraFrame):
    """A camera frame out of a recording; each target is decoded when it is first looked at.

    Looking raises ValueError when a picture is no PNG file.
    """

    _messages: dict[str, bytes]

    def __init__(
        self,
        sensor: str,
        world_from_camera: NDArray[np.float64],
        views: tuple[ObjectView, ...],
        messages: dict[str, bytes],
    ) -> None:
        own = {"sensor": sensor, "world_from_camera": world_from_camera, "views": views, "_messages": messages}
        self.__dict__.update(own)  # the base is frozen

    @property
    def png(self) -> bytes:
        """The picture's file, as it was encoded for the recording."""
        return bytes(_CLASSES["CompressedImage"].FromString(self._messages["image"]).data)

    @cached_property
    def image(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB."""
        return cv2.cvtColor(self._picture("image"), cv2.COLOR_BGR2RGB)

    @cached_property
    def depth(self) -> NDArray[np.float32]:
        """(H, W) float32 [m]."""
        return _raw_image(self._messages["depth"])

    @cached_property
    def semantic(self) -> NDArray[np.uint8]:
        """(H, W) uint8."""
        return self._picture("semantic")

    @cached_property
    def instance(self) -> NDArray[np.uint16]:
        """(H, W) uint16."""
        return self._picture("instance")

    @cached_property
    def normals(self) -> NDArray[np.float32] | None:
        """(H, W, 3) float32, or None."""
        return _decoded_normals(self._picture("normals")) if "normals" in self._messages else None

    @cached_property
    def flow(self) -> NDArray[np.float32] | None:
        """(H, W, 2) float32 [px], or None."""
        return _raw_image(self._messages["flow"]) if "flow" in self._messages else None

    def _picture(self, target: str) -> NDArray[Any]:
        return _picture(self._messages[target])


def decode(messages: Mapping[str, bytes]) -> Frame:
    """The frame of its messages, by topic.

    Raises:
        KeyError: a message is missing that the frame's closing message speaks of; its argument is the topic.
    """
    head = json.loads(messages[FRAME])
    labels = json.loads(messages["/labels"])
    estimated = head["estimated_world_from_ego"]
    return Frame(
        index=head["index"],
        time=head["time"],
        world_from_ego=_matrix(head["world_from_ego"]),
        ego_velocity=np.array(head["ego_velocity"]),
        ego_acceleration=np.array(head["ego_acceleration"]),
        ego_angular_velocity=np.array(head["ego_angular_velocity"]),
        objects=tuple(_object(entry) for entry in labels["objects"]),
        cameras={
            name: StoredCameraFrame(
                name,
                _matrix(pose),
                tuple(_view(entry) for entry in labels["views"][name]),
                {target: messages[f"/{name}/{target}"] for target in (*TARGETS, *head["dense"].get(name, ()))},
            )
            for name, pose in head["cameras"].items()
        },
        sweeps={
            name: Sweep(name, _matrix(pose), _returns(messages[f"/{name}/points"], RETURN))
            for name, pose in head["sweeps"].items()
        },
        radars={
            name: RadarScan(name, _matrix(pose), _returns(messages[f"/{name}/points"], RADAR_RETURN))
            for name, pose in head["radars"].items()
        },
        imus={name: _imu_sample(name, pose, messages[f"/{name}/imu"]) for name, pose in head["imus"].items()},
        fixes={name: _gnss_fix(name, pose, messages[f"/{name}/fix"]) for name, pose in head["fixes"].items()},
        estimated_world_from_ego=estimated and _matrix(estimated),
    )


def decode_labels(messages: Mapping[str, bytes]) -> FrameLabels:
    """What ``FRAME`` and ``LABELS`` say of a frame.

    Raises:
        KeyError: one of the two messages is missing; its argument is the topic.
    """
    head = json.loads(messages[FRAME])
    labels = json.loads(messages[LABELS])
    return FrameLabels(
        index=head["index"],
        time=head["time"],
        world_from_ego=_matrix(head["world_from_ego"]),
        ego_velocity=np.array(head["ego_velocity"]),
        ego_acceleration=np.array(head["ego_acceleration"]),
        objects=tuple(_object(entry) for entry in labels["objects"]),
        views={
            name: tuple(_view(entry | {"amodal_mask": None}) for entry in views)
            for name, views in labels["views"].items()
        },
        returns={name: dict(counts) for name, counts in labels["returns"].items()},
    )


def _bound(function: Callable[..., bytes], *arguments: Any) -> Callable[[], bytes]:
    return lambda: function(*arguments)


def _stamp(time: float) -> fox.Timestamp:
    seconds, nanoseconds = divmod(nanoseconds_of(time), 1_000_000_000)
    return fox.Timestamp(seconds, nanoseconds)


def nanoseconds_of(time: float) -> int:
    """Scene time [s] in whole nanoseconds."""
    return round(time * 1e9)


# --- encoding ---------------------------------------------------------------------------------------------------------


def _camera(spec: CameraSpec, view: CameraFrame, stamp: fox.Timestamp) -> list[tuple[str, Callable[[], bytes]]]:
    name = spec.name
    dense: list[tuple[str, Callable[[], bytes]]] = []
    if view.normals is not None:
        dense.append((f"/{name}/normals", _bound(_png, _encoded_normals(view.normals), name, stamp)))
    if view.flow is not None:
        dense.append((f"/{name}/flow", _bound(_float_image, view.flow, name, stamp)))
    return [
        (f"/{name}/calibration", _bound(_calibration, spec, stamp)),
        (f"/{name}/image", _bound(_color, view.image, name, stamp)),
        (f"/{name}/depth", _bound(_float_image, view.depth, name, stamp)),
        (f"/{name}/semantic", _bound(_png, view.semantic, name, stamp)),
        (f"/{name}/instance", _bound(_png, view.instance, name, stamp)),
        *dense,
    ]


def _calibration(spec: CameraSpec, stamp: fox.Timestamp) -> bytes:
    matrix = spec.pinhole.matrix
    return fox.CameraCalibration(
        timestamp=stamp,
        frame_id=spec.name,
        width=spec.width,
        height=spec.height,
        distortion_model=spec.distortion.foxglove_name if spec.distortion else "",
        D=list(spec.distortion.coefficients) if spec.distortion else [],
        K=matrix.ravel().tolist(),
        R=np.eye(3).ravel().tolist(),
        P=np.hstack([matrix, np.zeros((3, 1))]).ravel().tolist(),
    ).encode()


def _color(image: NDArray[np.uint8], name: str, stamp: fox.Timestamp) -> bytes:
    return _png(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), name, stamp)


def _png(image: NDArray[Any], name: str, stamp: fox.Timestamp) -> bytes:
    _, file = cv2.imencode(".png", image, _PNG)
    return fox.CompressedImage(timestamp=stamp, frame_id=name, data=file.tobytes(), format="png").encode()


def _encoded_normals(normals: NDArray[np.float32]) -> NDArray[np.uint8]:
    """8 bits, OpenCV's order (z, y, x): -1 is 1, 0 is 128, 1 is 255; zeros at the sky."""
    known = normals.any(axis=-1, keepdims=True)
    return np.where(known, np.rint(normals[..., ::-1] * 127) + 128, 0).astype(np.uint8)


def _decoded_normals(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Their inverse, with unit length; zeros at the sky."""
    vectors = (picture[..., ::-1].astype(np.float32) - 128) / 127
    vectors /= np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)
    vectors[~picture.any(axis=-1)] = 0
    return vectors.astype(np.float32, copy=False)


def _float_image(picture: NDArray[np.float32], name: str, stamp: fox.Timestamp) -> bytes:
    height, width, *channels = picture.shape
    count = channels[0] if channels else 1
    return fox.RawImage(
        timestamp=stamp,
        frame_id=name,
        width=width,
        height=height,
        encoding=f"32FC{count}",
        step=4 * count * width,
        data=picture.astype("<f4", copy=False).tobytes(),
    ).encode()


def _points(name: str, returns: NDArray[np.void], stamp: fox.Timestamp) -> bytes:
    return fox.PointCloud(
        timestamp=stamp,
        frame_id=name,
        pose=fox.Pose(position=fox.Vector3(), orientation=fox.Quaternion(w=1.0)),
        point_stride=returns.dtype.itemsize,
        fields=_FIELDS[returns.dtype],
        data=returns.tobytes(),
    ).encode()


def _imu(sample: ImuSample) -> bytes:
    return _json({name: _floats(getattr(sample, name)) for name in _INERTIAL})


_INERTIAL = ("acceleration", "angular_velocity", "orientation")


def _fix(fix: GnssFix, stamp: fox.Timestamp) -> bytes:
    return fox.LocationFix(
        timestamp=stamp,
        frame_id=fix.sensor,
        latitude=float(fix.latitude),
        longitude=float(fix.longitude),
        altitude=float(fix.altitude),
    ).encode()


def _transforms(frame: Frame, stamp: fox.Timestamp) -> bytes:
    poses = {"ego": frame.world_from_ego}
    poses |= {name: camera.world_from_camera for name, camera in frame.cameras.items()}
    poses |= {name: sweep.world_from_lidar for name, sweep in frame.sweeps.items()}
    poses |= {name: scan.world_from_radar for name, scan in frame.radars.items()}
    poses |= {name: sample.world_from_imu for name, sample in frame.imus.items()}
    poses |= {name: fix.world_from_antenna for name, fix in frame.fixes.items()}
    return fox.FrameTransforms(
        transforms=[
            fox.FrameTransform(
                timestamp=stamp,
                parent_frame_id="world",
                child_frame_id=name,
                translation=_vector(pose),
                rotation=_quaternion(pose),
            )
            for name, pose in sorted(poses.items())
        ]
    ).encode()


def _boxes(frame: Frame, stamp: fox.Timestamp) -> bytes:
    everything = fox.SceneEntityDeletion(timestamp=stamp, type=fox.SceneEntityDeletionType.All)
    return fox.SceneUpdate(deletions=[everything], entities=[_entity(each, stamp) for each in frame.objects]).encode()


def _entity(state: ObjectState, stamp: fox.Timestamp) -> fox.SceneEntity:
    length, width, height = state.size
    pose = fox.Pose(position=_vector(state.world_from_box), orientation=_quaternion(state.world_from_box))
    color = _COLORS[category(state.category).nuscenes.partition(".")[0]]
    return fox.SceneEntity(
        timestamp=stamp,
        frame_id="world",
        id=str(state.track_id),
        metadata=[
            fox.KeyValuePair(key="category", value=state.category),
            fox.KeyValuePair(key="attributes", value=" ".join(state.attributes)),
        ],
        cubes=[fox.CubePrimitive(pose=pose, size=fox.Vector3(x=length, y=width, z=height), color=color)],
    )


def _vector(pose: NDArray[np.float64]) -> fox.Vector3:
    x, y, z = pose[:3, 3].tolist()
    return fox.Vector3(x=x, y=y, z=z)


def _quaternion(pose: NDArray[np.float64]) -> fox.Quaternion:
    w, x, y, z = matrix_quaternion(pose).tolist()
    return fox.Quaternion(x=x, y=y, z=z, w=w)


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _frame(frame: Frame) -> bytes:
    estimated = frame.estimated_world_from_ego
    return _json(
        {
            "index": int(frame.index),
            "time": float(frame.time),
            "world_from_ego": _floats(frame.world_from_ego),
            "ego_velocity": _floats(frame.ego_velocity),
            "ego_acceleration": _floats(frame.ego_acceleration),
            "ego_angular_velocity": _floats(frame.ego_angular_velocity),
            "cameras": {name: _floats(camera.world_from_camera) for name, camera in frame.cameras.items()},
            "dense": {name: dense for name, camera in frame.cameras.items() if (dense := _dense(camera))},
            "sweeps": {name: _floats(sweep.world_from_lidar) for name, sweep in frame.sweeps.items()},
            "radars": {name: _floats(scan.world_from_radar) for name, scan in frame.radars.items()},
            "imus": {name: _floats(sample.world_from_imu) for name, sample in frame.imus.items()},
            "fixes": {name: _floats(fix.world_from_antenna) for name, fix in frame.fixes.items()},
            "estimated_world_from_ego": None if estimated is None else _floats(estimated),
        }
    )


def _dense(camera: CameraFrame) -> list[str]:
    return [target for target in ("normals", "flow") if getattr(camera, target) is not None]


def _labels(frame: Frame) -> bytes:
    objects = [
        {
            "track_id": int(state.track_id),
            "category": state.category,
            "world_from_box": _floats(state.world_from_box),
            "size": _floats(state.size),
            "velocity": _floats(state.velocity),
            "acceleration": _floats(state.acceleration),
            "attributes": list(state.attributes),
            "type_id": state.type_id,
        }
        for state in frame.objects
    ]
    views = {name: [_view_fields(view) for view in camera.views] for name, camera in frame.cameras.items()}
    clouds: dict[str, Sweep | RadarScan] = {**frame.sweeps, **frame.radars}
    returns = {name: sorted(cloud.counts().items()) for name, cloud in clouds.items()}
    return _json({"objects": objects, "views": views, "returns": returns})


def _view_fields(view: ObjectView) -> dict[str, Any]:
    mask = view.amodal_mask
    code = None if mask is None else rle.encode(np.asfortranarray(mask.view(np.uint8)))["counts"].decode("ascii")
    return {each.name: getattr(view, each.name) for each in fields(view)} | {"amodal_mask": code}


def _floats(values: Any) -> list[float]:
    return np.asarray(values, np.float64).ravel().tolist()


# --- decoding ---------------------------------------------------------------------------------------------------------


def _message_classes() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    read = (fox.CompressedImage, fox.RawImage, fox.PointCloud, fox.LocationFix)
    for message in read:
        for file in descriptor_pb2.FileDescriptorSet.FromString(message.get_schema().data).file:
            pool.AddSerializedFile(file.SerializeToString())
    return {
        message.__name__: message_factory.GetMessageClass(pool.FindMessageTypeByName(message.get_schema().name))
        for message in read
    }


_CLASSES = _message_classes()


def _picture(message: bytes) -> NDArray[Any]:
    data = _CLASSES["CompressedImage"].FromString(message).data
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError("a picture is not a PNG file")
    return picture


def _raw_image(message: bytes) -> NDArray[np.float32]:
    image = _CLASSES["RawImage"].FromString(message)
    channels = image.step // (4 * image.width)
    shape = (image.height, image.width, channels) if channels > 1 else (image.height, image.width)
    return np.frombuffer(image.data, "<f4").reshape(shape)


def _returns(message: bytes, kind: np.dtype[np.void]) -> NDArray[np.void]:
    return np.frombuffer(_CLASSES["PointCloud"].FromString(message).data, kind)


def _imu_sample(name: str, pose: list[float], message: bytes) -> ImuSample:
    values = json.loads(message)
    return ImuSample(name, _matrix(pose), **{each: np.array(values[each], np.float64) for each in _INERTIAL})


def _gnss_fix(name: str, pose: list[float], message: bytes) -> GnssFix:
    fix = _CLASSES["LocationFix"].FromString(message)
    return GnssFix(name, _matrix(pose), fix.latitude, fix.longitude, fix.altitude)


def _matrix(values: list[float]) -> NDArray[np.float64]:
    return np.array(values, np.float64).reshape(4, 4)


def _object(entry: dict[str, Any]) -> ObjectState:
    return ObjectState(
        track_id=entry["track_id"],
        category=entry["category"],
        world_from_box=_matrix(entry["world_from_box"]),
        size=tuple(entry["size"]),
        velocity=np.array(entry["velocity"]),
        acceleration=np.array(entry["acceleration"]),
        attributes=tuple(entry["attributes"]),
        type_id=entry["type_id"],
    )


def _view(entry: dict[str, Any]) -> ObjectView:
    box, outline, code = entry["visible_box"], tuple(entry["amodal_box"]), entry["amodal_mask"]
    mask = None
    if code is not None:
        size = [round(outline[3] - outline[1]), round(outline[2] - outline[0])]
        mask = rle.decode({"size": size, "counts": code.encode("ascii")}).view(np.bool_)
    return ObjectView(
        **entry
        | {
            "visible_box": box and tuple(box),
            "amodal_box": outline,
            "occluders": tuple((track, share) for track, share in entry["occluders"]),
            "amodal_mask": mask,
        }
    )
