"""Draws batches of instances with one pair of shaders, one indirect draw for each kind of triangle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import moderngl
import numpy as np

from renderers.context import Context
from renderers.geometry import COMMAND, INSTANCE, KINDS, RIGID_VERTEX, Pool
from renderers.visibility import Batch

_VERTEX: tuple[str, tuple[str, ...]] = (
    "3f4 3f4 2f4 4f1 1u4",
    ("in_position", "in_normal", "in_uv", "in_color", "in_material"),
)
_SKIN = (" 4u1 4f4", ("in_bones", "in_weights"))
_INSTANCE = (
    "4f4 4f4 4f4 4f4 4f4 4f4 4u4 4f4/i",
    (
        "in_current_x",
        "in_current_y",
        "in_current_z",
        "in_previous_x",
        "in_previous_y",
        "in_previous_z",
        "in_ids",
        "in_tint",
    ),
)
assert RIGID_VERTEX.itemsize == 40 and INSTANCE.itemsize == 128 and COMMAND.itemsize == 20


class Painter:
    """One pair of shaders over one pool of meshes. Programs are compiled when a kind is first drawn."""

    def __init__(self, context: Context, pool: Pool, vertex: str, fragment: str) -> None:
        self._context, self._pool, self._shaders = context, pool, (vertex, fragment)
        self._programs: dict[int, moderngl.Program] = {}
        self._arrays: dict[int, moderngl.VertexArray] = {}
        self._version = 0
        self._instances: moderngl.Buffer | None = None
        self._commands: moderngl.Buffer | None = None

    def draw(self, batch: Batch, uniforms: Mapping[str, Any], *, glass: bool = True) -> None:
        """Draws ``batch`` into the bound framebuffer; uniforms that a variant of the program lacks are skipped.

        Without ``glass`` what is translucent is left out.
        """
        if not len(batch.rows):
            return
        self._pool.upload()
        self._instances, grown = self._fill(self._instances, batch.rows.tobytes())
        by_kind = [
            self._pool.commands(k, batch.meshes, batch.counts, batch.starts)
            for k, kind in enumerate(KINDS)
            if glass or not kind.glass
        ]
        self._commands, _ = self._fill(self._commands, np.concatenate(by_kind).tobytes())
        if grown or self._version != self._pool.version:
            for array in self._arrays.values():
                array.release()
            self._arrays.clear()
            self._version = self._pool.version
        first = 0
        for kind, commands in enumerate(by_kind):
            if len(commands):
                array = self._array(kind)
                set_uniforms(self._programs[kind], uniforms)
                if KINDS[kind].open:
                    self._context.gl.disable(moderngl.CULL_FACE)
                else:
                    self._context.gl.enable(moderngl.CULL_FACE)
                array.render_indirect(self._commands, moderngl.TRIANGLES, count=len(commands), first=first)
                first += len(commands)

    def compile(self) -> Iterator[None]:
        """Compiles the programs of all kinds, one at a step."""
        for kind in range(len(KINDS)):
            self._program(kind)
            yield

    def _fill(self, buffer: moderngl.Buffer | None, data: bytes) -> tuple[moderngl.Buffer, bool]:
        if buffer is not None and buffer.size >= len(data):
            buffer.orphan()
            buffer.write(data)
            return buffer, False
        if buffer is not None:
            buffer.release()
        grown = self._context.gl.buffer(reserve=1 << max(12, (len(data) - 1).bit_length()), dynamic=True)
        grown.write(data)
        return grown, True

    def _program(self, kind: int) -> moderngl.Program:
        if kind not in self._programs:
            defines = dict(KINDS[kind].defines, **({"SKINNED": 1} if self._pool.skinned else {}))
            self._programs[kind] = self._context.program(*self._shaders, defines)
        return self._programs[kind]

    def _array(self, kind: int) -> moderngl.VertexArray:
        if kind not in self._arrays:
            layout, names = _VERTEX
            if self._pool.skinned:
                layout, names = layout + _SKIN[0], names + _SKIN[1]
            program = self._program(kind)
            self._arrays[kind] = self._context.gl.vertex_array(
                program,
                [
                    _content(program, self._pool.vertex_buffer, layout, names),
                    _content(program, self._instances, *_INSTANCE),
                ],
                index_buffer=self._pool.index_buffer,
                index_element_size=4,
            )
        return self._arrays[kind]


def _content(
    program: moderngl.Program, buffer: moderngl.Buffer | None, layout: str, names: tuple[str, ...]
) -> tuple[Any, ...]:
    """A vertex array entry in which the attributes that ``program`` does not read are padding."""
    fields, _, rate = layout.partition("/")
    kept = [name for name in names if name in program]
    formats = [
        field if name in program else f"{_bytes(field)}x" for field, name in zip(fields.split(), names, strict=True)
    ]
    return (buffer, " ".join(formats) + ("/" + rate if rate else ""), *kept)


def _bytes(field: str) -> int:
    return int(field[0]) * int(field[2])


def set_uniforms(program: moderngl.Program, uniforms: Mapping[str, Any]) -> None:
    """Sets those of ``uniforms`` that ``program`` has; arrays go in as float32 in GLSL's column order."""
    for name, value in uniforms.items():
        if name in program:
            uniform = program[name]
            assert isinstance(uniform, moderngl.Uniform)
            if isinstance(value, np.ndarray):
                uniform.write(np.ascontiguousarray(value.T, dtype=np.float32).tobytes())
            else:
                uniform.value = value
