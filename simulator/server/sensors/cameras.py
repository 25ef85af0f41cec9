"""Cameras: those that share parent, pose and intrinsics share one picture."""

from __future__ import annotations

import struct
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import radians, tan

import numpy as np
from numpy.typing import NDArray

from renderers.optics import PLAIN, Shot
from renderers.scene import Picture, Pinhole, Silhouette
from sensors import camera as codec
from sensors.distortion import parse
from simulator.server.actors import Actor
from simulator.server.sensors import gbuffers
from simulator.server.sensors.facets import facets
from simulator.server.sensors.gbuffers import bgra, flow_picture, normals_picture
from simulator.server.sensors.lens import Lens
from simulator.server.sensors.optics import optics_of
from simulator.server.sensors.sensor import Moment, Sensor
from simulator.server.streams import Stream, StreamServer
from simulator.server.wire import Array

ACTOR_FROM_CAMERA = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""CARLA hangs a camera by a frame with x forward, y left (ours), z up; the renderers' looks along z (OpenCV)."""

LARGEST = 8192
"""Pixels an edge; more is a mistake rather than a picture."""


class Camera(Sensor):
    """A camera: a pinhole, and what its lens makes of the pinhole's picture."""

    def __init__(self, values: Mapping[str, str], seed: int, actor_id: int, streams: StreamServer) -> None:
        width, height, fov = int(values["image_size_x"]), int(values["image_size_y"]), float(values["fov"])
        if not (0 < width <= LARGEST and 0 < height <= LARGEST and 0 < fov < 180):
            raise ValueError(f"image of {width} x {height} px and {fov} degrees")
        focal = width / 2 / tan(radians(fov) / 2)
        self.fov = fov
        self.pinhole = Pinhole(
            width,
            height,
            focal,
            focal,
            float(values.get("principal_x") or (width - 1) / 2),
            float(values.get("principal_y") or (height - 1) / 2),
        )
        self.lens = Lens(values, width, height)
        bent = values.get("distortion", "")
        self.facets = facets(self.pinhole, parse(bent)) if bent else None
        super().__init__(values, seed, actor_id, streams)

    def measure(self, moment: Moment, actor: Actor) -> None:
        """Draw it alone."""
        measure_all(moment, [(actor, self)])

    def shot(self, moment: Moment) -> Shot | None:
        """How its colours are made; None for a camera without."""
        return None

    def expose(self, moment: Moment, actor: Actor, picture: Picture) -> None:
        """Send what this camera makes of the picture."""
        self.send(moment, actor, self.header() + self.encode(self.lens.labels(picture), actor).tobytes())

    def header(self) -> bytes:
        """Size and field of view, as they head the bodies of pictures."""
        return struct.pack("<IIf", self.pinhole.width, self.pinhole.height, self.fov)

    @abstractmethod
    def encode(self, picture: Picture, actor: Actor) -> NDArray[np.generic]:
        """The message's pixels."""


class ColorCamera(Camera):
    """sensor.camera.rgb."""

    code = 13

    def __init__(self, values: Mapping[str, str], seed: int, actor_id: int, streams: StreamServer) -> None:
        self.optics = optics_of(values)
        self._last: tuple[float, float] | None = None  # exposure, and when [s]
        self.gbuffers_enabled = False
        self._gbuffers: dict[int, Stream] = {}
        super().__init__(values, seed, actor_id, streams)

    @property
    def heard(self) -> bool:
        """Whether anyone listens to its pictures or, if they are enabled, to its buffers."""
        return super().heard or (self.gbuffers_enabled and any(stream.heard for stream in self._gbuffers.values()))

    def gbuffer(self, number: int) -> Stream:
        """The stream of one of the renderer's buffers, opened on first use."""
        if number not in self._gbuffers:
            self._gbuffers[number] = self._streams.open()
        return self._gbuffers[number]

    def close(self) -> None:
        """End its streams."""
        for stream in self._gbuffers.values():
            self._streams.end(stream)
        self._gbuffers.clear()
        super().close()

    def shot(self, moment: Moment) -> Shot:
        """Its settings, and what it has adapted to."""
        if self._last is None:
            return Shot(self.optics, moment.dt)
        return Shot(self.optics, moment.dt, self._last[0], moment.elapsed - self._last[1])

    def expose(self, moment: Moment, actor: Actor, picture: Picture) -> None:
        """Remember the exposure, and send the picture."""
        self._last = picture.exposure, moment.elapsed
        self.send(moment, actor, self.header() + self.encode(picture, actor).tobytes())
        wanted = {number: stream for number, stream in self._gbuffers.items() if stream.heard}
        if self.gbuffers_enabled and wanted and self.facets is None:  # buffers are a pinhole's
            surfaces = moment.renderers.raster.surfaces((self.pinhole.width, self.pinhole.height))
            for number, stream in wanted.items():
                buffer = gbuffers.encode(number, picture, surfaces, world_from_camera(actor))
                self.send(moment, actor, self.header() + buffer.tobytes(), gbuffers.CODE, stream)

    def encode(self, picture: Picture, actor: Actor) -> NDArray[np.generic]:
        """BGRA."""
        assert picture.color is not None
        return bgra(self.lens.color(picture.color))


class DepthCamera(Camera):
    """sensor.camera.depth."""

    code = 1

    def encode(self, picture: Picture, actor: Actor) -> NDArray[np.generic]:
        """24 bits of depth."""
        return codec.depth_picture(picture.depth)


class SemanticCamera(Camera):
    """sensor.camera.semantic_segmentation."""

    code = 14

    def encode(self, picture: Picture, actor: Actor) -> NDArray[np.generic]:
        """Tags in the red channel."""
        return codec.semantic_picture(picture.tag)


class InstanceCamera(Camera):
    """sensor.camera.instance_segmentation."""

    code = 15

    def encode(self, picture: Picture, actor: Actor) -> NDArray[np.generic]:
        """Tags and ids."""
        return codec.instance_picture(picture.tag, picture.object_id)


class NormalsCamera(Camera):
    """sensor.camera.normals: in CARLA's world frame (since 0.9.16), [-1, 1] as [0, 255]."""

    code = 2

    def encode(self, picture: Picture, actor: Actor) -> NDArray[np.generic]:
        """BGRA of x east, y south, z up; the middle for the sky."""
        return normals_picture(picture.normal, world_from_camera(actor))


class FlowCamera(Camera):
    """sensor.camera.optical_flow: the way of each pixel since the last tick, y up, a picture's edge being 2 long."""

    code = 8

    def encode(self, picture: Picture, actor: Actor) -> NDArray[np.generic]:
        """CARLA 0.9.16: motion from the last picture to this one, in normalised device coordinates, [-2, 2]."""
        return flow_picture(picture.flow)


def measure_all(moment: Moment, due: Sequence[tuple[Actor, Camera]]) -> None:
    """Draw every picture that is needed once, and give it to all cameras that see it."""
    groups: dict[tuple[object, ...], list[tuple[Actor, Camera]]] = defaultdict(list)
    for actor, sensor in due:
        parent = actor.parent.actor_id if actor.parent is not None else 0
        groups[parent, actor.pose.tobytes(), sensor.pinhole, sensor.facets].append((actor, sensor))
    for group in groups.values():
        with moment.faults.outlived("a camera"):
            _measure_group(moment, group)


def _measure_group(moment: Moment, group: list[tuple[Actor, Camera]]) -> None:
    """Cameras at one place: one drawing for each way of making colours; labels are the same in all."""
    by_shot: dict[Shot | None, list[tuple[Actor, Camera]]] = defaultdict(list)
    for actor, sensor in group:
        by_shot[sensor.shot(moment)].append((actor, sensor))
    labels = by_shot.pop(None, [])
    if labels and by_shot and moment.see_through:  # colours show the glass, labels what is behind it
        _measure_group(moment, labels)
        labels = []
    place = group[0][0]
    for shot, members in by_shot.items() or [(None, [])]:
        picture = _draw(moment, place, group[0][1], shot, flow=any(isinstance(each, FlowCamera) for _, each in group))
        for actor, sensor in members + labels:
            sensor.expose(moment, actor, picture)
        labels = []


def _draw(moment: Moment, place: Actor, sensor: Camera, shot: Shot | None, *, flow: bool) -> Picture:
    """The picture that a camera's lens sees; of a lens that bends lines, the pixels' motion only with ``flow``."""
    marks = moment.drawing.marks() if moment.drawing else None

    def seen(pinhole: Pinhole, camera_from_pinhole: Array, shot: Shot | None) -> Picture:
        return moment.renderers.raster.draw(
            moment.scene,
            pinhole,
            world_from_camera(place) @ camera_from_pinhole,
            previous_world_from_camera=place.previous_world_from_actor @ ACTOR_FROM_CAMERA @ camera_from_pinhole,
            shaded=shot is not None,
            shot=shot or PLAIN,
            marks=marks,
            see_through=shot is None and moment.see_through,
        )

    if sensor.facets is None:
        return seen(sensor.pinhole, np.eye(4), shot)
    pictures: list[Picture] = []
    for pinhole, camera_from_pinhole in sensor.facets.cameras:
        same = shot if shot is None or not pictures else _held(shot, pictures[0].exposure)
        pictures.append(seen(pinhole, camera_from_pinhole, same))
    return sensor.facets.joined(pictures, flow=flow)


def _held(shot: Shot, exposure: float) -> Shot:
    """A shot with the exposure of another one, so that pictures join without a seam."""
    settings = replace(shot.optics.exposure, speed_up=0.0, speed_down=0.0)
    return replace(shot, optics=replace(shot.optics, exposure=settings), last_exposure=exposure, since=0.0)


def outlines(moment: Moment, actor: Actor, sensor: Camera, object_ids: Collection[int]) -> dict[int, Silhouette]:
    """Outlines that objects would have in a camera's picture with nothing before them (``Raster.silhouettes``)."""
    raster = moment.renderers.raster
    if sensor.facets is None:
        return raster.silhouettes(moment.scene, sensor.pinhole, world_from_camera(actor), object_ids)
    return sensor.facets.outlines(raster, moment.scene, world_from_camera(actor), object_ids)


def world_from_camera(actor: Actor) -> Array:
    """Pose (4, 4) of a camera, OpenCV's axes."""
    return actor.world_from_actor @ ACTOR_FROM_CAMERA
