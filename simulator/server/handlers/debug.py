"""Drawings for debugging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.server.drawing import Shape, decode_shape
from simulator.server.handlers.registry import command

if TYPE_CHECKING:
    from simulator.server.server import Server


@command(decode_shape)
def draw_debug_shape(server: Server, shape: Shape) -> None:
    """Draw a point, line, arrow, box or text into colour pictures."""
    server.episode.drawing.add(shape, server.elapsed)


@command()
def clear_debug_shape(server: Server) -> None:
    """Forget all lines and points."""
    server.episode.drawing.clear_shapes()


@command()
def clear_debug_string(server: Server) -> None:
    """Forget all texts."""
    server.episode.drawing.clear_texts()
