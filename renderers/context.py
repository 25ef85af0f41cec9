"""An OpenGL context without a window, through EGL: llvmpipe on a bare CPU, or the GPU's own driver."""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any

import glcontext
import moderngl

from renderers import GraphicsError

GL_TEXTURE_2D = 0x0DE1
GL_DEPTH_COMPONENT = 0x1902
GL_FLOAT = 0x1406
GL_DEPTH_COMPONENT32F = 0x8CAC
GL_LOWER_LEFT, GL_ZERO_TO_ONE = 0x8CA1, 0x935F

INSTALL = (
    "install a driver, e.g. `apt-get install libegl1 libgl1 libgl1-mesa-dri`, or NVIDIA's with its graphics capability"
)


class Context:
    """One OpenGL 4.5 context with a [0, 1] depth range, so that a reversed float depth buffer keeps its precision.

    Attributes:
        gl: the moderngl context.
        device: renderer string of the driver.

    Raises GraphicsError when no context can be made.
    """

    def __init__(self) -> None:
        try:
            self._egl = glcontext.get_backend_by_name("egl")(mode="standalone", glversion=450)
            self.gl = moderngl.create_context(context=self._egl)
        except Exception as error:  # glcontext raises bare Exception
            raise GraphicsError(f"no OpenGL 4.5 through EGL ({error}); {INSTALL}") from error
        self._thread = threading.get_ident()
        self.gl.gc_mode = "context_gc"
        self.device: str = self.gl.info["GL_RENDERER"]
        self._call("glClipControl", ctypes.c_uint, ctypes.c_uint)(GL_LOWER_LEFT, GL_ZERO_TO_ONE)

    @property
    def software(self) -> bool:
        """Whether the CPU rasterises (llvmpipe), where every texture tap counts."""
        return "llvmpipe" in self.device

    def use(self) -> None:
        """Makes this the thread's context, which any other that was made or used since has been.

        Raises GraphicsError in a thread that did not make the context: OpenGL would silently do nothing there.
        """
        if threading.get_ident() != self._thread:
            raise GraphicsError("a Raster belongs to the thread that made it; make one in each thread that draws")
        self.gl.__enter__()
        # What Python has dropped goes now: at the moment of dropping, its name may be another's in the current context.
        while self.gl.objects:
            dropped = self.gl.objects.popleft()
            if not isinstance(dropped, moderngl.InvalidObject):  # released before it was dropped; gl.gc() trips over it
                dropped.release()

    def program(self, vertex: str, fragment: str, defines: Mapping[str, object] | None = None) -> moderngl.Program:
        """Program from two files in ``renderers/shaders``, ``#include "file"`` and ``defines`` resolved."""
        head = "#version 450\n" + "".join(f"#define {name} {value}\n" for name, value in (defines or {}).items())
        return self.gl.program(vertex_shader=head + source(vertex), fragment_shader=head + source(fragment))

    def depth_texture(self, size: tuple[int, int]) -> moderngl.Texture:
        """A 32-bit float depth texture (moderngl offers 24-bit fixed ones only, which gain nothing from reversing)."""
        texture = self.gl.depth_texture(size)
        texture.use(0)
        image = self._call(
            "glTexImage2D",
            *(
                ctypes.c_uint,
                ctypes.c_int,
                ctypes.c_int,
                ctypes.c_int,
                ctypes.c_int,
                ctypes.c_int,
                ctypes.c_uint,
                ctypes.c_uint,
                ctypes.c_void_p,
            ),
        )
        self._call("glActiveTexture", ctypes.c_uint)(0x84C0)
        self._call("glBindTexture", ctypes.c_uint, ctypes.c_uint)(GL_TEXTURE_2D, texture.glo)
        image(GL_TEXTURE_2D, 0, GL_DEPTH_COMPONENT32F, *size, 0, GL_DEPTH_COMPONENT, GL_FLOAT, None)
        return texture

    def release(self) -> None:
        """Gives everything back; the context is unusable afterwards."""
        self.gl.release()

    def _call(self, name: str, *argument_types: Any) -> Callable[..., None]:
        return ctypes.CFUNCTYPE(None, *argument_types)(self._egl.load(name))


def source(name: str) -> str:
    """Text of ``renderers/shaders/name`` with its includes."""
    text = (resources.files("renderers") / "shaders" / name).read_text()
    return re.sub(r'#include "([\w.]+)"', lambda match: source(match.group(1)), text)
