"""Passes that shutter and lens add to a picture's radiance: motion blur, depth of field, bloom, flares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import moderngl
import numpy as np

from renderers.context import Context
from renderers.optics import Focus, MotionBlur, Optics, lens_scale
from renderers.painter import set_uniforms
from renderers.targets import GBuffer

TILE = 16
"""[px], as in tiles.frag."""
GLOW_SHRINK = 4
"""Pixels of the picture an edge of one of the glow's, as in bright.frag."""
LARGEST_DISC = 24.0
"""[px]; larger discs would need more taps than are taken."""
BLOOM = ((0.004, 0.30), (0.012, 0.20), (0.036, 0.12))
"""Widths of the glow's bells [share of the picture's width] and the share of the light that each gets."""
GHOSTS = ((-0.35, (0.9, 1.0, 0.7)), (-0.8, (0.5, 0.8, 1.0)), (0.45, (1.0, 0.6, 0.4)), (-1.6, (0.6, 0.5, 1.0)))
"""Mirror images of bright spots: their place against the spot's, from the middle, and their colour."""
GHOST_SHARE = 0.08


@dataclass(frozen=True, eq=False)
class _Targets:
    """Intermediate pictures for one size."""

    tiles: moderngl.Framebuffer
    first: moderngl.Framebuffer
    second: moderngl.Framebuffer
    bright: moderngl.Framebuffer
    glow: moderngl.Texture
    sharp: moderngl.Texture


class Effects:
    """The passes, compiled when first needed."""

    def __init__(self, context: Context) -> None:
        self._context, self._gl = context, context.gl
        self._passes: dict[str, tuple[moderngl.Program, moderngl.VertexArray]] = {}
        self._targets: dict[tuple[int, int], _Targets] = {}

    def forget(self, size: tuple[int, int]) -> None:
        """Gives back what belongs to pictures of a size."""
        self._targets.pop(size, None)

    def blur(
        self, radiance: moderngl.Texture, target: GBuffer, camera: dict[str, Any], optics: Optics, tick: float
    ) -> moderngl.Texture:
        """Radiance as shutter and lens let it through; the same texture when they change nothing.

        Args:
            camera: uniforms. tick: [s] over which the target's motion was.
        """
        size = radiance.size
        motion, focus = optics.motion_blur, optics.focus
        share = motion.exposure / tick if motion.longest > 0 else 0.0
        focused = focus.distance > 0 or focus.haze > 0
        if not share and not focused:
            return radiance
        targets = self._of_size(size)
        uniforms = {**camera, "share": share, "longest": motion.longest * size[0], **self._lens(focus, camera, size)}
        uniforms["masked"] = self._mark_sharp(target, targets, motion) if share else False
        target.motion.use(1)
        targets.sharp.use(2)
        uniforms |= {"g_motion": 1, "sharp": 2, "tiles": 3, "radiance": 4}
        self._gl.enable_only(moderngl.NOTHING)
        self._render("tiles", targets.tiles, uniforms)
        _texture(targets.tiles).use(3)
        for wanted, name, frame in ((share > 0, "blur", targets.first), (focused, "focus", targets.second)):
            if wanted:
                radiance.use(4)
                self._render(name, frame, uniforms)
                radiance = _texture(frame)
        return radiance

    def glow(self, radiance: moderngl.Texture, exposure: float, optics: Optics) -> moderngl.Texture | None:
        """Light, exposed, to be added to the picture around and across from what is too bright for the film."""
        if not optics.bloom and not optics.flare:
            return None
        targets = self._of_size(radiance.size)
        radiance.use(4)
        self._gl.enable_only(moderngl.NOTHING)
        self._render("bright", targets.bright, {"radiance": 4, "exposure": exposure})
        width, height = targets.bright.size
        raw = targets.bright.read(components=4, dtype="f2")
        bright = np.frombuffer(raw, np.float16).reshape(height, width, 4)[..., :3].astype(np.float32)
        if bright.max() < 1e-3:
            return None
        total = np.zeros_like(bright)
        for spread, weight in BLOOM if optics.bloom else ():
            sigma = max(spread * width, 0.8)
            total += cv2.GaussianBlur(bright, (0, 0), sigma) * np.float32(weight * optics.bloom)
        if optics.flare:
            soft = cv2.GaussianBlur(bright, (0, 0), max(0.012 * width, 1.0))
            middle = np.array([(width - 1) / 2, (height - 1) / 2])
            for scale, tint in GHOSTS:
                place = np.hstack([np.eye(2) * scale, (middle * (1 - scale))[:, None]])
                ghost = cv2.warpAffine(soft, place, (width, height))
                total += ghost * (np.array(tint, np.float32) * np.float32(GHOST_SHARE * optics.flare))
        targets.glow.write(np.ascontiguousarray(total, np.float32).tobytes())
        return targets.glow

    def _lens(self, focus: Focus, camera: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
        near, scale = lens_scale(focus, camera["projection"][0], size[0]) if focus.distance > 0 else (1.0, 0.0)
        return {
            "lens": (1 / near, scale, focus.haze * size[0], 1 / focus.haze_distance),
            "largest": LARGEST_DISC,
            "blades": float(min(max(focus.blades, 4), 16)),
        }

    def _mark_sharp(self, target: GBuffer, targets: _Targets, motion: MotionBlur) -> bool:
        """Marks the pixels of bodies that are too small in the picture to be blurred; whether there are any."""
        width, height = target.ids.size
        fewest = motion.smallest * width
        if fewest < 2:
            return False
        ids = np.frombuffer(target.ids.read(), np.uint32).reshape(height, width, 2)[..., 0]
        found, columns = np.unique(
            np.unique(ids.astype(np.int64) * width + np.arange(width)) // width, return_counts=True
        )
        small = found[(columns < fewest) & (found != 0)]
        if not len(small):
            return False
        targets.sharp.write((np.isin(ids, small) * np.uint8(255)).tobytes())
        return True

    def _render(self, name: str, frame: moderngl.Framebuffer, uniforms: dict[str, Any]) -> None:
        if name not in self._passes:
            program = self._context.program("screen.vert", f"{name}.frag")
            self._passes[name] = program, self._gl.vertex_array(program, [])
        program, array = self._passes[name]
        frame.use()
        set_uniforms(program, uniforms)
        array.render(moderngl.TRIANGLES, vertices=3)

    def _of_size(self, size: tuple[int, int]) -> _Targets:
        if size not in self._targets:
            gl = self._gl
            tiles = (size[0] + TILE - 1) // TILE, (size[1] + TILE - 1) // TILE
            small = max(1, size[0] // GLOW_SHRINK), max(1, size[1] // GLOW_SHRINK)
            glow, sharp = gl.texture(small, 3, dtype="f4"), gl.texture(size, 1, alignment=1)
            glow.repeat_x = glow.repeat_y = False
            self._targets[size] = _Targets(
                tiles=gl.framebuffer(gl.texture(tiles, 4, dtype="f2")),
                first=gl.framebuffer(gl.texture(size, 4, dtype="f2")),
                second=gl.framebuffer(gl.texture(size, 4, dtype="f2")),
                bright=gl.framebuffer(gl.texture(small, 4, dtype="f2")),
                glow=glow,
                sharp=sharp,
            )
        return self._targets[size]


def _texture(frame: moderngl.Framebuffer) -> moderngl.Texture:
    texture = frame.color_attachments[0]
    assert isinstance(texture, moderngl.Texture)
    return texture
