"""Cameras: pictures and exact label targets from one geometry pass through OpenGL."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from assets.tags import Tag
from renderers import street_lights
from renderers.bounds import BodyBounds
from renderers.context import Context
from renderers.geometry import Materials, Pool
from renderers.headlights import Headlights
from renderers.lighting import lighting
from renderers.optics import PLAIN, Shot
from renderers.overlay import Marks, write
from renderers.painter import Painter, set_uniforms
from renderers.scene import Picture, Pinhole, Placement, Scene, Silhouette, Surfaces
from renderers.shading import Shading
from renderers.shadows import ShadowMaps
from renderers.silhouettes import Silhouettes
from renderers.targets import GBuffer
from renderers.textures import TextureArray
from renderers.visibility import BodyCopies, StaticCopies, View

TEXTURES, SHADOWS = 0, 12
MATERIALS, BONES = 0, 1
"""Texture units and storage bindings, as the shaders name them."""
THUMBNAIL = Pinhole(64, 64, 32.0, 32.0, 31.5, 31.5)
MOST_SIZES = 12
"""Picture sizes whose targets are kept: about 30 bytes a pixel each."""


class Raster:
    """Draws scenes. One OpenGL context through EGL, to be used from the thread that made it.

    Attributes:
        device: the driver's name, e.g. ``llvmpipe (LLVM 15.0.6, 256 bits)``.

    Raises GraphicsError when there is no OpenGL driver, or from a foreign thread.
    """

    def __init__(self) -> None:
        self._context = Context()
        self.device = self._context.device
        self._textures = TextureArray(self._context)
        self._materials = Materials(self._context, self._textures)
        self._pools = [Pool(self._context, self._materials, skinned) for skinned in (False, True)]
        self._painters = [Painter(self._context, pool, "geometry.vert", "geometry.frag") for pool in self._pools]
        self._background = self._context.program("screen.vert", "background.frag")
        self._sky = self._context.gl.vertex_array(self._background, [])
        self._shadows = ShadowMaps(self._context, self._pools, self._materials)
        self._shading = Shading(self._context)
        self._headlights = Headlights()
        self._shapes = BodyBounds()
        self._silhouettes = Silhouettes(self._context, self._pools, self._materials, self._shapes)
        self._bones = self._context.gl.buffer(reserve=48 * 0x10000, dynamic=True)
        self._static: dict[int, tuple[tuple[Placement, ...], StaticCopies]] = {}
        self._targets: dict[tuple[int, int], GBuffer] = {}

    def close(self) -> None:
        """Gives the context back."""
        self._context.use()
        self._context.release()

    def warm_up(self, scene: Scene, world_from_camera: NDArray[np.float64]) -> Iterator[None]:
        """Does in short steps what the first picture of a level would do at once: takes over ``scene.static``, compiles
        the shaders, draws the shadows about a camera. Pictures are the same with and without.
        """
        steps = self._warming_steps(scene, world_from_camera)
        while True:
            self._context.use()  # anyone may have drawn since the last step
            if next(steps, self) is self:
                return
            yield

    def _warming_steps(self, scene: Scene, world_from_camera: NDArray[np.float64]) -> Iterator[None]:
        rigid = self._pools[0]
        for mesh in [mesh for placement in scene.static for mesh in placement.lods]:
            rigid.number(mesh)
            yield
        self._copies(scene.static)
        yield
        rigid.upload()
        yield
        self._prepare(np.zeros((0, 3, 4), np.float32))
        yield
        for painter in (*self._painters, *self._shadows.painters):
            yield from painter.compile()
        sun = lighting(scene.environment).sun_direction
        yield
        self._shadows.draw(
            self._copies(scene.static), scene.bodies, self._shapes, world_from_camera[:3, 3], sun, self._prepare
        )
        yield
        for shaded in (False, True):
            self.draw(scene, THUMBNAIL, world_from_camera, shaded=shaded)
            yield

    def draw(
        self,
        scene: Scene,
        camera: Pinhole,
        world_from_camera: NDArray[np.float64],
        *,
        previous_world_from_camera: NDArray[np.float64] | None = None,
        shaded: bool = True,
        shot: Shot = PLAIN,
        marks: Marks | None = None,
        see_through: bool = False,
    ) -> Picture:
        """The picture that ``camera`` at ``world_from_camera`` (4, 4) takes of ``scene``.

        ``previous_world_from_camera`` (4, 4) is where the camera was one tick ago (default: here); with
        ``shaded=False`` only the label targets are made. ``shot`` and ``marks`` (lines and texts over the picture) only
        change the colours. With ``see_through`` nothing translucent is drawn, and labels tell what lies behind.
        """
        self._context.use()
        target = self._target((camera.width, camera.height))
        uniforms = camera_uniforms(camera, world_from_camera, previous_world_from_camera)
        self._draw_geometry(scene, View.of_camera(camera, world_from_camera), target, uniforms, glass=not see_through)
        if not shaded:
            return self._read(target, None)
        light = lighting(scene.environment)
        eye = world_from_camera[:3, 3]
        shadows = self._shadows.draw(
            self._copies(scene.static), scene.bodies, self._shapes, eye, light.sun_direction, self._prepare
        )
        shadows.update(self._shadows.use(SHADOWS))
        shadows.update(self._headlights.uniforms(scene.bodies, eye))
        shadows.update(street_lights.uniforms(scene.lights, eye))
        color, exposure = self._shading.color(target, uniforms, shadows, light, scene.environment, eye, shot, marks)
        if marks is not None:
            write(color, marks.labels, camera, world_from_camera)
        return self._read(target, color, exposure)

    def sketch(self, camera: Pinhole, world_from_camera: NDArray[np.float64], marks: Marks) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 sRGB: marks alone, on black, the nearer before the farther."""
        self._context.use()
        target = self._target((camera.width, camera.height))
        uniforms = camera_uniforms(camera, world_from_camera, None)
        color = self._shading.sketch(target, uniforms, marks, world_from_camera[:3, 3])
        write(color, marks.labels, camera, world_from_camera)
        return color

    def surfaces(self, size: tuple[int, int]) -> Surfaces:
        """What the surfaces of the last shaded picture of a size are made of."""
        self._context.use()
        target = self._target(size)
        width, height = size
        albedo = np.frombuffer(target.albedo.read(), np.uint8).reshape(height, width, 4)
        ids = np.frombuffer(target.ids.read(), np.uint32).reshape(height, width, 2)
        material = ids[:, :, 1] >> 16
        finish = self._materials.finish()[material]
        finish[ids[:, :, 1] & 0xFF == Tag.SKY] = 0
        return Surfaces(albedo[:, :, :3], finish[..., 0], finish[..., 1], self._shading.open_share(target))

    def silhouettes(
        self, scene: Scene, camera: Pinhole, world_from_camera: NDArray[np.float64], object_ids: Collection[int]
    ) -> dict[int, Silhouette]:
        """Outlines that objects would have with nothing before them, also beyond the picture's border.

        All parts of an object count together, at the picture's levels of detail. An object wholly behind the camera has
        none and is left out, as is one that covers no pixel. Parts nearer than 0.1 m are cut off, and an outline is
        followed one picture width and height beyond the border (``renderers.silhouettes.BEYOND``), no farther.
        """
        self._context.use()
        bodies = [body for body in scene.bodies if body.object_id in object_ids]
        uniforms = camera_uniforms(camera, world_from_camera, None)
        return self._silhouettes.of(bodies, camera, world_from_camera, uniforms, self._prepare)

    def _prepare(self, bones: NDArray[np.float32]) -> None:
        """Binds what geometry shaders read, after all meshes of the coming draws are known; ``bones`` (K, 3, 4)."""
        if len(bones):
            self._bones.orphan()
            self._bones.write(np.ascontiguousarray(bones).tobytes())
        self._bones.bind_to_storage_buffer(BONES)
        self._materials.use(MATERIALS)
        self._textures.use(TEXTURES)

    def _draw_geometry(
        self, scene: Scene, view: View, target: GBuffer, uniforms: dict[str, Any], *, glass: bool
    ) -> None:
        gl = self._context.gl
        static = self._copies(scene.static).visible(view)
        bodies = BodyCopies(scene.bodies, view, self._shapes)
        batches = [bodies.batch(pool, self._materials) for pool in self._pools]
        self._prepare(bodies.bones)
        target.frame.use()
        target.frame.clear(depth=0.0)
        gl.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        gl.depth_func, gl.front_face = ">", "cw"
        for painter, batch in zip(self._painters, batches, strict=True):
            painter.draw(batch, uniforms, glass=glass)
        self._painters[0].draw(static, uniforms, glass=glass)
        gl.depth_func = ">="
        gl.disable(moderngl.CULL_FACE)
        set_uniforms(self._background, uniforms)
        self._sky.render(moderngl.TRIANGLES, vertices=3)

    def _copies(self, static: tuple[Placement, ...]) -> StaticCopies:
        kept = self._static.get(id(static))
        if kept is None:
            self._static.clear()  # one level at a time; the tuple is kept, so that its id stays its own
            kept = self._static[id(static)] = static, StaticCopies(static, self._pools[0], self._materials)
        return kept[1]

    def _target(self, size: tuple[int, int]) -> GBuffer:
        """The targets of a size; those of sizes that were not drawn for long go."""
        target = self._targets.pop(size, None) or GBuffer.of(self._context, size)
        self._targets[size] = target  # the last used at the end
        while len(self._targets) > MOST_SIZES:
            forgotten = next(iter(self._targets))
            del self._targets[forgotten]
            self._shading.forget(forgotten)
        return target

    def _read(self, target: GBuffer, color: NDArray[np.uint8] | None, exposure: float = 1.0) -> Picture:
        width, height = target.ids.size
        ids = np.frombuffer(target.ids.read(), np.uint32).reshape(height, width, 2)
        motion = np.frombuffer(target.motion.read(), np.float32).reshape(height, width, 4)
        normal = np.frombuffer(target.normal.read(), np.float16).reshape(height, width, 4)
        return Picture(
            color=color,
            depth=motion[:, :, 2].copy(),
            tag=ids[:, :, 1].astype(np.uint8),
            object_id=ids[:, :, 0].copy(),
            normal=normal[:, :, :3].astype(np.float32),
            flow=motion[:, :, :2].copy(),
            exposure=exposure,
        )


def camera_uniforms(
    camera: Pinhole, world_from_camera: NDArray[np.float64], previous: NDArray[np.float64] | None
) -> dict[str, Any]:
    """What the shaders know of a camera; everything relative to its position."""
    current, before = np.eye(4), np.eye(4)
    current[:3, :3] = world_from_camera[:3, :3].T
    previous = world_from_camera if previous is None else previous
    before[:3, :3] = previous[:3, :3].T
    before[:3, 3] = previous[:3, :3].T @ (world_from_camera[:3, 3] - previous[:3, 3])
    return {
        "camera_from_relative": current,
        "previous_camera_from_relative": before,
        "projection": (camera.fx, camera.fy, camera.cx + 0.5, camera.cy + 0.5),
        "size": (camera.width, camera.height),
    }
