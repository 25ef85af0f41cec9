"""Colour from the targets of the geometry pass: light, air, film."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from renderers.context import Context
from renderers.effects import Effects
from renderers.lighting import SKY_SIZE, Lighting
from renderers.optics import MIDDLE_GREY, TABLE, TABLE_STOPS, Optics, Shot, exposure, film_table, white_balance
from renderers.overlay import Marks, Overlay
from renderers.painter import set_uniforms
from renderers.scene import Environment
from renderers.targets import GBuffer

METERING_CELL = 32
"""[px], as in meter.frag."""
LAMP_EXPOSURE = 4.0
"""Beyond this exposure lamps are held back, or at night all would burn out to white discs without their colour."""
NOISE_SIDE = 256
NOISE_PERIOD = 16000.0
"""[m] after which the pattern of clouds and puddles repeats."""


@dataclass(frozen=True, eq=False)
class _Targets:
    """Intermediate pictures for one size."""

    hollow: moderngl.Framebuffer
    open: moderngl.Framebuffer
    radiance: moderngl.Framebuffer
    meter: moderngl.Framebuffer
    film: moderngl.Framebuffer
    marked: moderngl.Framebuffer
    color: moderngl.Framebuffer


class Shading:
    """The full-screen passes."""

    def __init__(self, context: Context) -> None:
        self._context, self._gl = context, context.gl
        self._passes = {
            name: self._pass(name) for name in ("occlusion", "soften", "surface", "sky", "meter", "film", "smooth")
        }
        self._sky = self._gl.texture(SKY_SIZE[::-1], 3, dtype="f4")
        self._sky.repeat_x = self._sky.repeat_y = False
        self._noise = self._gl.texture((NOISE_SIDE, NOISE_SIDE), 1, cloud_noise(NOISE_SIDE).tobytes(), dtype="f4")
        self._noise.build_mipmaps()
        self._noise.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self._film_table = self._gl.texture((TABLE, 1), 1, dtype="f4")
        self._film_table.repeat_x = False
        self._effects = Effects(context)
        self._overlay = Overlay(context)
        self._targets: dict[tuple[int, int], _Targets] = {}

    def color(
        self,
        target: GBuffer,
        camera: dict[str, Any],
        shadows: dict[str, Any],
        light: Lighting,
        environment: Environment,
        eye: NDArray[np.float64],
        shot: Shot,
        marks: Marks | None,
    ) -> tuple[NDArray[np.uint8], float]:
        """Shades what ``target`` holds: (H, W, 3) uint8 sRGB, and the exposure. ``camera``, ``shadows``: uniforms;
        ``eye`` (3,) world.
        """
        gl, targets = self._gl, self._of_size(target)
        uniforms: dict[str, Any] = {**camera, **shadows, **_weather(light, environment, eye)}
        self._sky.write(light.sky.tobytes())
        hollow, opened, radiance, film = (
            _texture(frame) for frame in (targets.hollow, targets.open, targets.radiance, targets.film)
        )
        textures = (
            ("g_albedo", target.albedo),
            ("g_ids", target.ids),
            ("g_motion", target.motion),
            ("g_normal", target.normal),
            ("sky_table", self._sky),
            ("noise", self._noise),
            ("occlusion_half", hollow),
            ("occlusion", opened),
            ("radiance", radiance),
            ("color", film),
        )
        for unit, (name, texture) in enumerate(textures, start=1):
            texture.use(unit)
            uniforms[name] = unit
        gl.enable_only(moderngl.NOTHING)
        self._render("occlusion", targets.hollow, uniforms)
        self._render("soften", targets.open, uniforms)
        # The triangle lies at depth 0, where the cleared depth is: sky where nothing is nearer, surfaces elsewhere.
        gl.enable_only(moderngl.DEPTH_TEST)
        targets.radiance.depth_mask = False
        gl.depth_func = "<"
        self._render("surface", targets.radiance, uniforms)
        gl.depth_func = ">="
        self._render("sky", targets.radiance, uniforms)
        gl.enable_only(moderngl.NOTHING)
        self._render("meter", targets.meter, uniforms)
        optics = shot.optics
        factor = exposure(optics.exposure, _metered(light, targets.meter), shot.last_exposure, shot.since)
        seen = self._effects.blur(radiance, target, camera, optics, shot.tick)
        uniforms |= self._film(seen, factor, optics)
        self._render(self._film_name(uniforms, optics), targets.film, uniforms)
        if marks is not None and len(marks.segments):
            targets.marked.depth_mask = False
            targets.marked.use()
            self._overlay.draw(marks, camera, eye)
        return self._finished(targets, camera), factor

    def sketch(
        self, target: GBuffer, camera: dict[str, Any], marks: Marks, eye: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Marks alone on black: (H, W, 3) uint8 sRGB. Overwrites the target's depth."""
        targets = self._of_size(target)
        targets.marked.depth_mask = True
        targets.marked.use()
        targets.marked.clear(depth=0.0)
        self._overlay.draw(marks, camera, eye)
        return self._finished(targets, camera)

    def _finished(self, targets: _Targets, camera: dict[str, Any]) -> NDArray[np.uint8]:
        """The film, antialiased and read: (H, W, 3) uint8."""
        unit = 10
        self._gl.enable_only(moderngl.NOTHING)
        _texture(targets.film).use(unit)
        self._render("smooth", targets.color, {**camera, "color": unit})
        width, height = targets.color.size
        pixels = np.frombuffer(targets.color.read(components=4), np.uint8).reshape(height, width, 4)
        return np.ascontiguousarray(pixels[:, :, :3])

    def open_share(self, target: GBuffer) -> NDArray[np.uint8]:
        """(H, W) uint8: the share of the sky that is not hidden by what is near, of the last picture of that size."""
        width, height = target.ids.size
        return np.frombuffer(self._of_size(target).open.read(components=1, alignment=1), np.uint8).reshape(
            height, width
        )

    def forget(self, size: tuple[int, int]) -> None:
        """Gives back what belongs to pictures of a size."""
        self._targets.pop(size, None)
        self._effects.forget(size)

    def _film(self, radiance: moderngl.Texture, factor: float, optics: Optics) -> dict[str, Any]:
        """Binds what the film pass reads, and its uniforms."""
        unit = 11
        uniforms: dict[str, Any] = {"exposure": factor}
        glow = self._effects.glow(radiance, factor, optics)
        if glow is not None:
            glow.use(unit)
            uniforms["glow"] = unit
        if optics.grades:
            self._film_table.write(film_table(optics.film).tobytes())
            self._film_table.use(unit + 1)
            uniforms |= {
                "film_table": unit + 1,
                "table_stops": TABLE_STOPS,
                "white_balance": white_balance(optics.temperature, optics.tint),
                "gamma": optics.gamma,
            }
        radiance.use(unit + 2)
        return {**uniforms, "radiance": unit + 2}

    def _film_name(self, uniforms: dict[str, Any], optics: Optics) -> str:
        """The film pass with what this picture needs, compiled when first needed."""
        defines = {name: 1 for name, wanted in (("GLOW", "glow" in uniforms), ("GRADED", optics.grades)) if wanted}
        name = " ".join(["film", *defines])
        if name not in self._passes:
            program = self._context.program("screen.vert", "film.frag", defines)
            self._passes[name] = program, self._gl.vertex_array(program, [])
        return name

    def _pass(self, name: str) -> tuple[moderngl.Program, moderngl.VertexArray]:
        program = self._context.program("screen.vert", f"{name}.frag")
        return program, self._gl.vertex_array(program, [])

    def _render(self, name: str, frame: moderngl.Framebuffer, uniforms: dict[str, Any]) -> None:
        program, array = self._passes[name]
        frame.use()
        set_uniforms(program, uniforms)
        array.render(moderngl.TRIANGLES, vertices=3)

    def _of_size(self, target: GBuffer) -> _Targets:
        size = target.ids.size
        if size not in self._targets:
            half = (size[0] + 1) // 2, (size[1] + 1) // 2
            cells = max(1, size[0] // METERING_CELL), max(1, size[1] // METERING_CELL)
            film = self._gl.texture(size, 4)
            film.repeat_x = film.repeat_y = False
            self._targets[size] = _Targets(
                hollow=self._gl.framebuffer(self._gl.texture(half, 2, dtype="f2")),
                open=self._gl.framebuffer(self._gl.texture(size, 1)),
                radiance=self._gl.framebuffer(self._gl.texture(size, 4, dtype="f2"), target.depth),
                meter=self._gl.framebuffer(self._gl.texture(cells, 1, dtype="f4")),
                film=self._gl.framebuffer(film),
                marked=self._gl.framebuffer(film, target.depth),
                color=self._gl.framebuffer(self._gl.texture(size, 4)),
            )
        return self._targets[size]


def _weather(light: Lighting, environment: Environment, eye: NDArray[np.float64]) -> dict[str, Any]:
    return {
        **{
            name: tuple(getattr(light, name))
            for name in ("sun_direction", "sun", "ground", "cloud", "fog", "haze_extinction")
        },
        **{name: getattr(light, name) for name in ("fog_extinction", "fog_height")},
        "harmonics": light.harmonics.T,
        "lamp_brightness": min(1.0, LAMP_EXPOSURE / light.exposure),
        "cloudiness": environment.cloudiness,
        "wetness": max(environment.wetness, 0.8 * environment.precipitation),
        "puddles": environment.puddles,
        "fog_start": environment.fog_distance,
        "eye_place": tuple(np.mod(eye[:2], NOISE_PERIOD)),
    }


def _texture(frame: moderngl.Framebuffer) -> moderngl.Texture:
    texture = frame.color_attachments[0]
    assert isinstance(texture, moderngl.Texture)
    return texture


def _metered(light: Lighting, meter: moderngl.Framebuffer) -> float:
    """Halfway, in stops, between what the light calls for and what brings the picture's own mean to a middle grey."""
    luminance = np.frombuffer(meter.read(components=1, dtype="f4"), np.float32).astype(np.float64)
    metered = float(np.exp(np.log(luminance + 2e-3).mean()))
    return float(np.sqrt(light.exposure * MIDDLE_GREY / metered))


def cloud_noise(side: int) -> NDArray[np.float32]:
    """(side, side) float32 fractal noise in [0, 1] that repeats: octaves of smooth random grids, always the same."""
    random = np.random.default_rng(20)
    total = np.zeros((side, side))
    for octave in range(2, 8):
        cells = 1 << octave
        grid = random.random((cells, cells))
        t = np.arange(side) / side * cells
        i, f = t.astype(np.int64), t - np.floor(t)
        f = f * f * (3 - 2 * f)
        j = (i + 1) % cells
        rows = grid[i] * (1 - f)[:, None] + grid[j] * f[:, None]
        total += (rows[:, i] * (1 - f) + rows[:, j] * f) * 0.5 ** (octave - 1)
    total -= total.min()
    return (total / total.max()).astype(np.float32)
