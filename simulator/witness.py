"""Who tells the labels of a tick: the server itself through its extension calls, or an estimate from what any CARLA
server tells of its actors and sends of its sensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sensors import labels
from sensors.frames import RETURN, ObjectState, ObjectView
from sensors.lidar import BEAM_TABLES, measure
from sensors.rig import CameraSpec, LidarSpec
from simulator.extension import Extension, FrameLabels, LabelledObject
from simulator.handedness import MIRROR, matrix_from_carla

REFLECTANCE = 0.3
"""Of every surface, to a witness that cannot ask: between asphalt's 0.1 and a light car's 0.6."""

_SEMANTIC_POINT = np.dtype([("point", "<f4", 3), ("cos", "<f4"), ("object_id", "<u4"), ("tag", "<u4")])
"""CARLA 0.9.16, ``sensor.lidar.ray_cast_semantic``."""


@dataclass(frozen=True)
class Framing:
    """The picture that a server is asked for, and the corner in it of the rig's own [px]."""

    width: int
    height: int
    left: int = 0
    top: int = 0

    def cut(self, picture: NDArray[np.uint8], spec: CameraSpec) -> NDArray[np.uint8]:
        """The rig's picture (H, W, 4) out of a message's bytes (N,)."""
        whole = picture.reshape(self.height, self.width, -1)
        return whole[self.top : self.top + spec.height, self.left : self.left + spec.width]


class Witness(Protocol):
    """Tells the labels of a tick, and what sensors it needs for that.

    Attributes:
        exact: labels are not estimated.
        scanner: the LiDAR's blueprint.
    """

    exact: bool
    scanner: str

    def framing(self, spec: CameraSpec) -> tuple[Framing, Mapping[str, object]]:
        """How a camera is hung: its picture, and attributes beyond its size and field of view."""

    def scanning(self, spec: LidarSpec) -> Mapping[str, object]:
        """Attributes of a LiDAR beyond its rate and range."""

    def testify(self, snapshot: Any, cameras: list[int], lidars: list[int]) -> FrameLabels:
        """The labels of a tick, for sensors by actor id."""

    def returns(self, message: Any, lidar: int, marks: FrameLabels, spec: LidarSpec) -> NDArray[np.void]:
        """A tick's returns (N,) of dtype RETURN, in the sensor's frame at the tick's end."""

    def views(
        self,
        instance: NDArray[np.uint16],
        depth: NDArray[np.float32],
        camera: int,
        marks: FrameLabels,
        spec: CameraSpec,
        world_from_camera: NDArray[np.float64],
        objects: tuple[ObjectState, ...],
    ) -> tuple[ObjectView, ...]:
        """How a camera (its instance picture's actor id) sees the objects."""


class ServerWitness:
    """The server: it draws outlines and remembers what rays met."""

    exact = True
    scanner = "sensor.lidar.ray_cast"

    def __init__(self, extension: Extension) -> None:
        self._extension = extension

    def framing(self, spec: CameraSpec) -> tuple[Framing, Mapping[str, object]]:
        """See `Witness`: the server knows off-centre principal points."""
        centred = (spec.cx, spec.cy) == ((spec.width - 1) / 2, (spec.height - 1) / 2)
        off_centre = {} if centred else {"principal_x": spec.cx, "principal_y": spec.cy}
        return Framing(spec.width, spec.height), off_centre

    def scanning(self, spec: LidarSpec) -> Mapping[str, object]:
        """See `Witness`: the server knows the scanner."""
        return {"beam_table": spec.beam_table}

    def testify(self, snapshot: Any, cameras: list[int], lidars: list[int]) -> FrameLabels:
        """See `Witness`."""
        return self._extension.labels(cameras, lidars)

    def returns(self, message: Any, lidar: int, marks: FrameLabels, spec: LidarSpec) -> NDArray[np.void]:
        """See `Witness`: points from the message, and what they met from the call."""
        points = np.frombuffer(message.raw_data, dtype="<f4").reshape(-1, 4)
        hits = marks.lidars[lidar]
        returns = np.zeros(len(points), RETURN)
        returns["x"], returns["y"], returns["z"] = points[:, 0], -points[:, 1], points[:, 2]
        returns["intensity"] = points[:, 3]
        for name in ("time", "object_id", "ring", "tag"):
            returns[name] = getattr(hits, name)
        return returns

    def views(
        self,
        instance: NDArray[np.uint16],
        depth: NDArray[np.float32],
        camera: int,
        marks: FrameLabels,
        spec: CameraSpec,
        world_from_camera: NDArray[np.float64],
        objects: tuple[ObjectState, ...],
    ) -> tuple[ObjectView, ...]:
        """See `Witness`: outlines as they were drawn."""
        labelled = {state.track_id for state in objects}
        outlines = marks.cameras[camera]
        return labels.object_views(instance, {key: outlines[key] for key in outlines if key in labelled})


class EstimatingWitness:
    """An onlooker at any CARLA server: boxes are CARLA's own, views come from depth and instance pictures.

    Principal points off the centre are cut out of a larger picture, exact to a quarter of a pixel. A scanner's beams
    are spread evenly between its highest and its lowest. All rays of a tick have the time of its end, at which Unreal
    CARLA fires them.

    Args:
        world: the ``carla.World``.
        random: for the scanners' noise.
    """

    exact = False
    scanner = "sensor.lidar.ray_cast_semantic"

    def __init__(self, world: Any, random: np.random.Generator) -> None:
        self._world, self._random = world, random
        self._boxes: dict[int, tuple[NDArray[np.float64], tuple[float, float, float]]] = {}

    def framing(self, spec: CameraSpec) -> tuple[Framing, Mapping[str, object]]:
        """See `Witness`: the principal point is a CARLA picture's middle."""
        left, width = _around(spec.cx, spec.width)
        top, height = _around(spec.cy, spec.height)
        return Framing(width, height, left, top), {}

    def scanning(self, spec: LidarSpec) -> Mapping[str, object]:
        """See `Witness`."""
        elevations = np.degrees(BEAM_TABLES[spec.beam_table].elevations)
        return {"channels": len(elevations), "upper_fov": elevations[0], "lower_fov": elevations[-1]}

    def testify(self, snapshot: Any, cameras: list[int], lidars: list[int]) -> FrameLabels:
        """See `Witness`: the boxes of all actors that have one."""
        present = {actor.id: actor for actor in snapshot}
        new = sorted(present.keys() - self._boxes.keys())
        for actor in self._world.get_actors(new) if new else ():
            box = getattr(actor, "bounding_box", None)
            extent = (0.0, 0.0, 0.0) if box is None else (box.extent.x, box.extent.y, box.extent.z)
            pose = np.eye(4) if box is None else _pose(box.location, box.rotation)
            self._boxes[actor.id] = pose, (2 * extent[0], 2 * extent[1], 2 * extent[2])
        objects = []
        for actor_id in sorted(present.keys() & self._boxes.keys()):
            actor_from_box, size = self._boxes[actor_id]
            if min(size) > 0:
                at = present[actor_id].get_transform()
                objects.append(LabelledObject(actor_id, _pose(at.location, at.rotation) @ actor_from_box, size))
        return FrameLabels(snapshot.frame, tuple(objects), {}, {})

    def returns(self, message: Any, lidar: int, marks: FrameLabels, spec: LidarSpec) -> NDArray[np.void]:
        """See `Witness`: what a scanner of this kind makes of the rays, of surfaces with one reflectance."""
        table = BEAM_TABLES[spec.beam_table]
        points = np.frombuffer(message.raw_data, _SEMANTIC_POINT)
        counts = [message.get_point_count(channel) for channel in range(table.channels)]
        place = points["point"] @ MIRROR.astype(np.float32)
        distance = np.linalg.norm(place, axis=1)
        reflectance = np.full(len(points), REFLECTANCE, np.float32)
        cosine = np.abs(points["cos"]).astype(np.float32)
        measured, intensity, kept = measure(table, distance, reflectance, cosine, self._random, farthest=spec.range)
        place = (place * (measured / np.maximum(distance, 1e-6))[:, None])[kept]
        returns = np.zeros(len(place), RETURN)
        returns["x"], returns["y"], returns["z"] = place.T
        returns["intensity"] = intensity[kept]
        returns["object_id"], returns["tag"] = points["object_id"][kept], points["tag"][kept]
        returns["ring"] = np.repeat(np.arange(table.channels - 1, -1, -1), counts)[kept]
        return returns

    def views(
        self,
        instance: NDArray[np.uint16],
        depth: NDArray[np.float32],
        camera: int,
        marks: FrameLabels,
        spec: CameraSpec,
        world_from_camera: NDArray[np.float64],
        objects: tuple[ObjectState, ...],
    ) -> tuple[ObjectView, ...]:
        """See `Witness`."""
        return labels.estimated_views(instance, depth, spec.pinhole, world_from_camera, objects)


def _around(centre: float, size: int) -> tuple[int, int]:
    """First pixel and size of the smallest picture with ``centre`` in its middle that holds pixels 0 to ``size``."""
    before = max(0, round(size - 1 - 2 * centre))
    return before, max(size + before, round(2 * (centre + before)) + 1)


def _pose(location: Any, rotation: Any) -> NDArray[np.float64]:
    return matrix_from_carla(location.x, location.y, location.z, rotation.pitch, rotation.yaw, rotation.roll)
