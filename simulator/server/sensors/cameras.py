"""Cameras: those that share parent, pose and intrinsics share one picture."""

from __future__ import annotations

import struct
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import radians, tan

import numpy as np
from numpy.typing import NDArray

from renderers.scene import Picture, Pinhole
from sensors import camera as codec
from simulator.server.actors import Actor
from simulator.server.sensors.sensor import Moment, Sensor
from simulator.server.streams import StreamServer
from simulator.server.wire import Array

ACTOR_FROM_CAMERA = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""CARLA hangs a camera by a frame with x forward, y left (ours), z up; the renderers' looks along z (OpenCV)."""

LARGEST = 8192
"""Pixels an edge; more is a mistake rather than a picture."""


class Camera(Sensor):
    """A pinhole camera."""

    shaded = False

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
        super().__init__(values, seed, actor_id, streams)

    def measure(self, moment: Moment, actor: Actor) -> None:
        """Draw it alone."""
        measure_all(moment, [(actor, self)])

    def expose(self, moment: Moment, actor: Actor, picture: Picture) -> None:
        """Send what this camera makes of the picture."""
        header = struct.pack("<IIf", self.pinhole.width, self.pinhole.height, self.fov)
        self.send(moment, actor, header + self.encode(picture).tobytes())

    @abstractmethod
    def encode(self, picture: Picture) -> NDArray[np.generic]:
        """The message's pixels."""


class ColorCamera(Camera):
    """sensor.camera.rgb."""

    code = 13
    shaded = True

    def encode(self, picture: Picture) -> NDArray[np.generic]:
        """BGRA."""
        assert picture.color is not None
        pixels = np.empty((*picture.color.shape[:2], 4), np.uint8)
        pixels[..., :3] = picture.color[..., ::-1]
        pixels[..., 3] = 255
        return pixels


class DepthCamera(Camera):
    """sensor.camera.depth."""

    code = 1

    def encode(self, picture: Picture) -> NDArray[np.generic]:
        """24 bits of depth."""
        return codec.depth_picture(picture.depth)


class SemanticCamera(Camera):
    """sensor.camera.semantic_segmentation."""

    code = 14

    def encode(self, picture: Picture) -> NDArray[np.generic]:
        """Tags in the red channel."""
        return codec.semantic_picture(picture.tag)


class InstanceCamera(Camera):
    """sensor.camera.instance_segmentation."""

    code = 15

    def encode(self, picture: Picture) -> NDArray[np.generic]:
        """Tags and ids."""
        return codec.instance_picture(picture.tag, picture.object_id)


class NormalsCamera(Camera):
    """sensor.camera.normals: in the camera's frame, [-1, 1] as [0, 255]."""

    code = 2

    def encode(self, picture: Picture) -> NDArray[np.generic]:
        """BGRA of x right, y down, z forward, all as colours around the middle."""
        pixels = np.full((*picture.tag.shape, 4), 255, np.uint8)
        pixels[..., 2::-1] = np.rint(np.clip(picture.normal * 0.5 + 0.5, 0, 1) * 255)
        return pixels


class FlowCamera(Camera):
    """sensor.camera.optical_flow: the way of each pixel since the last tick as a share of the picture, y up."""

    code = 8

    def encode(self, picture: Picture) -> NDArray[np.generic]:
        """CARLA 0.9.16: motion from the last picture to this one, x and y in [-2, 2] of the picture's half edges."""
        height, width = picture.tag.shape
        scale = np.array([-2 / width, 2 / height], np.float32)
        return (picture.flow * scale).astype("<f4")


def measure_all(moment: Moment, due: Sequence[tuple[Actor, Camera]]) -> None:
    """Draw every picture that is needed once, and give it to all cameras that see it."""
    groups: dict[tuple[object, ...], list[tuple[Actor, Camera]]] = defaultdict(list)
    for actor, sensor in due:
        parent = actor.parent.actor_id if actor.parent is not None else 0
        groups[parent, actor.pose.tobytes(), sensor.pinhole].append((actor, sensor))
    for group in groups.values():
        actor, sensor = group[0]
        picture = moment.renderers.raster.draw(
            moment.scene,
            sensor.pinhole,
            world_from_camera(actor),
            previous_world_from_camera=actor.previous_world_from_actor @ ACTOR_FROM_CAMERA,
            shaded=any(member.shaded for _, member in group),
        )
        for member_actor, member in group:
            member.expose(moment, member_actor, picture)


def world_from_camera(actor: Actor) -> Array:
    """Pose (4, 4) of a camera, OpenCV's axes."""
    return actor.world_from_actor @ ACTOR_FROM_CAMERA
