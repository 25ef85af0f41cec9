"""Marks over a picture: lines and points in the scene or before it, and texts before everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from renderers.context import Context
from renderers.painter import set_uniforms
from renderers.scene import Pinhole

SEGMENT = np.dtype(
    [
        ("start", "<f8", 3),
        ("end", "<f8", 3),
        ("color", "u1", 3),
        ("width", "<f4"),
        ("in_pixels", "?"),
        ("on_top", "?"),
    ]
)
"""A line, or where start is end a square point: world [m], sRGB, thick as ``width`` [m], or [px] if ``in_pixels``;
hidden by what is nearer, unless ``on_top``."""

_INSTANCE = np.dtype([("start", "<f4", 3), ("end", "<f4", 3), ("color", "<f4", 3), ("style", "<f4", 3)])
TEXT_HEIGHT = 14
"""[px] of a text, as of Unreal's medium font."""
NEAR = 0.1


@dataclass(frozen=True)
class Label:
    """A text whose top left corner is at ``place`` (3,) [m] in the picture; ``color`` is sRGB."""

    place: tuple[float, float, float]
    text: str
    color: tuple[int, int, int]
    shadow: bool = False


@dataclass(frozen=True, eq=False)
class Marks:
    """What is drawn over a picture: ``segments`` (N,) of ``SEGMENT``, and labels."""

    segments: NDArray[np.void]
    labels: Sequence[Label] = ()


class Overlay:
    """Draws the segments of marks into a picture that has a depth buffer."""

    def __init__(self, context: Context) -> None:
        self._gl = context.gl
        self._program = context.program("overlay.vert", "overlay.frag")
        self._buffer = self._gl.buffer(reserve=_INSTANCE.itemsize * 64, dynamic=True)
        self._array = self._vertex_array()

    def draw(self, marks: Marks, camera: dict[str, Any], eye: NDArray[np.float64]) -> None:
        """Draws into the bound framebuffer. ``camera``: uniforms; ``eye`` (3,) its place."""
        segments = marks.segments
        if not len(segments):
            return
        rows = np.empty(len(segments), _INSTANCE)
        rows["start"], rows["end"] = segments["start"] - eye, segments["end"] - eye
        rows["color"] = segments["color"] / np.float32(255)
        rows["style"] = np.stack([segments["width"], segments["in_pixels"], segments["on_top"]], axis=1)
        data = rows.tobytes()
        if self._buffer.size < len(data):
            self._array.release()
            self._buffer.release()
            self._buffer = self._gl.buffer(reserve=1 << (len(data) - 1).bit_length(), dynamic=True)
            self._array = self._vertex_array()
        self._buffer.orphan()
        self._buffer.write(data)
        self._gl.enable_only(moderngl.DEPTH_TEST)
        self._gl.depth_func = ">="
        set_uniforms(self._program, camera)
        self._array.render(moderngl.TRIANGLES, vertices=6, instances=len(rows))
        self._gl.enable_only(moderngl.NOTHING)

    def _vertex_array(self) -> moderngl.VertexArray:
        names = ("in_start", "in_end", "in_color", "in_style")
        return self._gl.vertex_array(self._program, [(self._buffer, "3f4 3f4 3f4 3f4/i", *names)])


def write(
    picture: NDArray[np.uint8], labels: Sequence[Label], camera: Pinhole, world_from_camera: NDArray[np.float64]
) -> None:
    """Writes texts into an RGB picture (H, W, 3) in place; those behind the camera are left out."""
    if not labels:
        return
    places = np.array([label.place for label in labels])
    seen = (places - world_from_camera[:3, 3]) @ world_from_camera[:3, :3]
    for (x, y, z), label in zip(seen.tolist(), labels, strict=True):
        if z <= NEAR:
            continue
        u, v = round(camera.cx + camera.fx * x / z), round(camera.cy + camera.fy * y / z)
        if not (-camera.width <= u <= camera.width and -camera.height <= v <= camera.height):
            continue
        glyphs = _glyphs(label.text)
        if label.shadow:
            _blend(picture, glyphs, u + 1, v + 1, (0, 0, 0))
        _blend(picture, glyphs, u, v, label.color)


@lru_cache(maxsize=1)
def _font() -> Any:
    return ImageFont.load_default(TEXT_HEIGHT)


@lru_cache(maxsize=1024)
def _glyphs(text: str) -> NDArray[np.float32]:
    """Coverage (H, W) in [0, 1] of a text."""
    box = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), text, font=_font())
    image = Image.new("L", (max(1, int(box[2] + 1)), max(1, int(box[3] + 1))))
    ImageDraw.Draw(image).multiline_text((0, 0), text, fill=255, font=_font())
    return np.asarray(image, np.float32) / np.float32(255)


def _blend(
    picture: NDArray[np.uint8], glyphs: NDArray[np.float32], u: int, v: int, color: tuple[int, int, int]
) -> None:
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = max(u, 0), max(v, 0), min(u + glyphs.shape[1], width), min(v + glyphs.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    share = glyphs[y0 - v : y1 - v, x0 - u : x1 - u, None]
    part = picture[y0:y1, x0:x1]
    part[:] = np.rint(part * (1 - share) + np.array(color, np.float32) * share)
