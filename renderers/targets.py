"""The targets of the geometry pass."""

from __future__ import annotations

from dataclasses import dataclass

import moderngl

from renderers.context import Context


@dataclass(frozen=True, eq=False)
class GBuffer:
    """Pictures that the geometry pass writes, one sample a pixel, row 0 at the top.

    Attributes:
        albedo: 4 x 8 bits, root of the linear albedo. ids: 2 x uint32, object id and tag | lit << 8 | material << 16.
        motion: 4 x float32, flow [px] and depth [m]. normal: 4 x float16, camera frame. depth: reversed, for testing.
    """

    albedo: moderngl.Texture
    ids: moderngl.Texture
    motion: moderngl.Texture
    normal: moderngl.Texture
    depth: moderngl.Texture
    frame: moderngl.Framebuffer

    @staticmethod
    def of(context: Context, size: tuple[int, int]) -> GBuffer:
        """Makes targets of ``size`` (width, height)."""
        gl = context.gl
        albedo, ids = gl.texture(size, 4), gl.texture(size, 2, dtype="u4")
        motion, normal = gl.texture(size, 4, dtype="f4"), gl.texture(size, 4, dtype="f2")
        colors = [albedo, ids, motion, normal]
        for texture in colors:
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        depth = context.depth_texture(size)
        return GBuffer(albedo, ids, motion, normal, depth, gl.framebuffer(colors, depth))
