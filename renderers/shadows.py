"""Maps of what lies between the ground and the light: two for the sun, near and far, and one from straight above.

A map covers a square about a cell of a fixed grid in which the camera is, not the camera itself. So the still level is
drawn anew only when the camera enters another cell or the sun moves, and a picture depends on nothing drawn before it.
Moving bodies have maps of their own, drawn for every picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from renderers.bounds import BodyBounds
from renderers.context import Context
from renderers.geometry import Materials, Pool
from renderers.painter import Painter
from renderers.scene import Instance
from renderers.visibility import BodyCopies, StaticCopies, View

DEPTH = 400.0
"""[m] half the depth that a map spans along its light."""
CASTING_REACH = 60.0
"""Still things that are not drawn as far as this (grass) cast no shadows [m]."""
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """A square map.

    Attributes:
        sheet: the texture it is part of, ``sun`` or ``overhead``; column: which square of it.
        half: [m] half its side; grid: [m] of the cells; side: texels.
    """

    name: str
    sheet: str
    column: int
    half: float
    grid: float
    side: int


LAYERS = (
    Layer("near", "sun", 0, 52.0, 16.0, 2048),
    Layer("far", "sun", 1, 240.0, 64.0, 2048),
    Layer("overhead", "overhead", 0, 52.0, 16.0, 1024),
)
SHEETS = {"sun": (4096, 2048), "overhead": (1024, 1024)}
SLOPE_BIAS, CONSTANT_BIAS = 1.5, 2.0


class ShadowMaps:
    """The maps for the last camera, each with a still and a moving half.

    Attributes:
        painters: those of the rigid and the skinned meshes.
    """

    def __init__(self, context: Context, pools: list[Pool], materials: Materials) -> None:
        self._context, self._pools, self._materials = context, pools, materials
        self.painters = [Painter(context, pool, "depth.vert", "depth.frag") for pool in pools]
        self._maps = {}
        for sheet, size in SHEETS.items():
            for half in ("static", "moving"):
                texture = context.depth_texture(size)
                texture.repeat_x = texture.repeat_y = False
                texture.compare_func = "<=" if sheet == "sun" else ""
                texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
                self._maps[sheet, half] = texture, context.gl.framebuffer(depth_attachment=texture)
        self._drawn: dict[str, tuple[Any, ...]] = {}

    def draw(
        self,
        static: StaticCopies,
        bodies: list[Instance],
        shapes: BodyBounds,
        eye: Array,
        sun: Array,
        prepare: Callable[[NDArray[np.float32]], None],
    ) -> dict[str, Any]:
        """Brings the maps up to date for a camera at ``eye`` (3,) under a light from ``sun`` (3,).

        ``prepare`` binds what the shaders read, given the bones of the bodies to be drawn.

        Returns the uniforms that lead from the world relative to the eye into each map, by layer.
        """
        gl = self._context.gl
        gl.enable_only(moderngl.DEPTH_TEST)
        gl.depth_func, gl.front_face = "<", "ccw"
        uniforms: dict[str, Any] = {}
        for layer in LAYERS:
            axes = _axes(sun if layer.sheet == "sun" else np.array([0.0, 0.0, 1.0]))
            center = axes @ (np.floor((axes.T @ eye) / layer.grid + 0.5) * layer.grid)
            view = _view(axes, center, layer)
            clip = _clip(axes, layer)
            key = (static, *center, *axes.reshape(-1))
            if self._drawn.get(layer.name) != key:
                self._drawn[layer.name] = key
                prepare(np.zeros((0, 3, 4), np.float32))
                self._begin(layer, "static")
                self.painters[0].draw(static.visible(view, reach=CASTING_REACH), {"clip_from_relative": clip})
            self._begin(layer, "moving")
            copies = BodyCopies(bodies, view, shapes)
            batches = [copies.batch(pool, self._materials) for pool in self._pools]
            prepare(copies.bones)
            for painter, batch in zip(self.painters, batches, strict=True):
                painter.draw(batch, {"clip_from_relative": clip})
            shift = np.eye(4)
            shift[:3, 3] = eye - center
            uniforms[f"{layer.name}_from_relative"] = clip @ shift
        gl.polygon_offset = (0.0, 0.0)
        return uniforms

    def use(self, first_unit: int) -> dict[str, Any]:
        """Binds all maps from texture unit ``first_unit`` on; returns the samplers' uniforms."""
        uniforms: dict[str, Any] = {}
        for unit, ((name, half), (texture, _)) in enumerate(self._maps.items(), start=first_unit):
            texture.use(unit)
            uniforms[f"{name}_{half}"] = unit
        return uniforms

    def _begin(self, layer: Layer, half: str) -> None:
        frame = self._maps[layer.sheet, half][1]
        square = (layer.column * layer.side, 0, layer.side, layer.side)
        frame.use()
        frame.viewport = square
        frame.clear(depth=1.0, viewport=square)
        bias = (SLOPE_BIAS, CONSTANT_BIAS) if layer.sheet == "sun" else (0.0, 0.0)
        self._context.gl.polygon_offset = bias


def _axes(light: Array) -> Array:
    """Rotation (3, 3) whose columns are right, up and towards the light, fixed for a given direction (3,)."""
    right = np.cross([0.0, 1.0, 0.0] if abs(light[1]) < 0.9 else [1.0, 0.0, 0.0], light)
    right /= np.linalg.norm(right)
    return np.stack((right, np.cross(light, right), light), axis=1)


def _view(axes: Array, center: Array, layer: Layer) -> View:
    planes = np.array([[*(side * axes[:, k]), layer.half] for k in (0, 1) for side in (1, -1)])
    return View(center, planes, layer.side / (2 * layer.half), parallel=True)


def _clip(axes: Array, layer: Layer) -> Array:
    """(4, 4) from the world relative to the map's centre to clip space; depth 0 is at the light."""
    scale = np.diag([1 / layer.half, 1 / layer.half, -0.5 / DEPTH, 1.0])
    scale[2, 3] = 0.5
    turn = np.eye(4)
    turn[:3, :3] = axes.T
    return scale @ turn
