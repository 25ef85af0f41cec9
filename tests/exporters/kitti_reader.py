"""A reader of KITTI datasets that shares no code with the exporter: written from the readme and the MATLAB functions
(``computeBox3D``, ``projectToImage``) of KITTI's object development kit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass
class Label:
    """A line of a label file, in its order of fields."""

    type: str
    truncated: float
    occluded: int
    alpha: float
    left: float
    top: float
    right: float
    bottom: float
    h: float
    w: float
    l: float  # noqa: E741
    x: float
    y: float
    z: float
    ry: float

    @classmethod
    def parse(cls, line: str) -> Label:
        name, truncated, occluded, *rest = line.split(" ")
        return cls(name, float(truncated), int(occluded), *map(float, rest))

    def corners(self) -> NDArray[np.float64]:
        """(8, 3) in the rectified camera frame; the first four are the bottom."""
        c, s = np.cos(self.ry), np.sin(self.ry)
        turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        x = np.array([1, 1, -1, -1, 1, 1, -1, -1]) * self.l / 2
        y = np.array([0, 0, 0, 0, -1, -1, -1, -1]) * self.h
        z = np.array([1, -1, -1, 1, 1, -1, -1, 1]) * self.w / 2
        return (turn @ np.stack([x, y, z])).T + np.array([self.x, self.y, self.z])


class KittiFrame:
    """One frame of a dataset.

    Attributes:
        image: (H, W, 3) RGB; points: (N, 4); labels; p2 (3, 4), r0 (3, 3), velo_to_cam (3, 4).
    """

    def __init__(self, root: Path, name: str) -> None:
        training = root / "training"
        self.image = np.array(Image.open(training / "image_2" / f"{name}.png").convert("RGB"))
        self.points = np.fromfile(training / "velodyne" / f"{name}.bin", np.float32).reshape(-1, 4)
        self.labels = [Label.parse(line) for line in (training / "label_2" / f"{name}.txt").read_text().splitlines()]
        calib = {}
        for line in (training / "calib" / f"{name}.txt").read_text().splitlines():
            if line:
                key, values = line.split(": ")
                calib[key] = np.array(values.split(" "), float)
        self.p2, self.velo_to_cam = calib["P2"].reshape(3, 4), calib["Tr_velo_to_cam"].reshape(3, 4)
        self.r0 = calib["R0_rect"].reshape(3, 3)

    def to_camera(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """LiDAR points (N, 3) in the rectified camera frame."""
        return (self.r0 @ (self.velo_to_cam[:, :3] @ points.T + self.velo_to_cam[:, 3:])).T

    def to_image(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (N, 3) of the rectified camera frame in the picture: (N, 2), the first pixel's centre is 0."""
        pixels = self.p2 @ np.column_stack([points, np.ones(len(points))]).T
        return (pixels[:2] / pixels[2]).T
