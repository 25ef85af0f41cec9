"""The level: objects of the map, what clients show, hide and paint of it, and rays through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from assets.mesh import Texture
from assets.tags import Tag
from simulator.server import wire
from simulator.server.handlers.registry import command, query
from simulator.server.wire import Array, Malformed, Refusal, each, fields, flag, integer, number, text, vector
from simulator.world.level import Layer
from simulator.world.probe import Meeting, Probe

if TYPE_CHECKING:
    from simulator.server.server import Server

ANY = 255
LARGEST = 2048
"""Texels along a side of a texture that a client may send."""
DIFFUSE = 2
PARAMETERS = ("normal", "AO, roughness, metallic and emissive", "diffuse", "emissive")
"""CARLA's ``MaterialParameter``, by number."""


def _tag(value: Any) -> int | None:
    """A semantic tag; None for any. Raises Malformed."""
    tag = integer(value)
    if tag == ANY:
        return None
    if tag not in list(Tag):
        raise Malformed(f"{tag} is no semantic tag")
    return tag


def _layers(value: Any) -> Layer:
    return Layer(integer(value) & Layer.ALL)


@query(_tag)
def get_all_level_BBs(server: Server, tag: int | None) -> list[Any]:
    """Boxes of the map's things and of all bodies in it, of a tag."""
    world = server.episode.world
    boxes = [wire.encode_box(item.world_from_box, item.size) for item in world.level.objects(tag)]
    for actor_id, body in sorted(world.bodies.items()):
        if tag is None or any(part.tag == tag for part in body.model.parts):
            boxes.append(wire.encode_box(*world.box(actor_id), actor_id))
    return boxes


@query(_tag)
def get_environment_objects(server: Server, tag: int | None) -> list[Any]:
    """The map's things of a tag."""
    return [
        [
            wire.encode_transform(_rigid(item.world_from_mesh)),
            wire.encode_box(item.world_from_box, item.size),
            item.id,
            item.name,
            int(item.tag),
        ]
        for item in server.episode.world.level.objects(tag)
    ]


def _rigid(pose: Array) -> Array:
    """A pose (4, 4) without its scale."""
    result = pose.copy()
    result[:3, :3] /= np.linalg.norm(pose[:3, :3], axis=0)
    return result


@query()
def get_names_of_all_objects(server: Server) -> list[str]:
    """Names as in ``get_environment_objects``."""
    return [item.name for item in server.episode.world.level.objects()]


@command(each(integer), flag)
def enable_environment_objects(server: Server, ids: list[int], shown: bool) -> None:
    """Show or hide things; ids of none are passed over, as in CARLA."""
    server.episode.world.level.show(ids, shown)


@command(_layers)
def load_map_layer(server: Server, layers: Layer) -> None:
    """Bring layers of the map back."""
    server.episode.world.level.load(layers)


@command(_layers)
def unload_map_layer(server: Server, layers: Layer) -> None:
    """Take layers of the map away."""
    server.episode.world.level.unload(layers)


# -- paint -------------------------------------------------------------------------------------------------------------


def _pixels(value: Any) -> NDArray[np.float64]:
    """A texture's pixels (H, W, 4). Raises Malformed."""
    width, height, flat = fields(value, 3)
    width, height = integer(width), integer(height)
    if not (1 <= width <= LARGEST and 1 <= height <= LARGEST):
        raise Malformed(f"a texture must have 1 to {LARGEST} texels along a side, not {width} x {height}")
    try:
        pixels = np.array(flat, dtype=np.float64)
    except (TypeError, ValueError):
        raise Malformed("a texture's pixels must be numbers") from None
    if pixels.shape != (width * height, 4) or not np.isfinite(pixels).all():
        raise Malformed(f"a texture of {width} x {height} must have as many pixels of four finite numbers")
    return pixels.reshape(height, width, 4)


def _texture(pixels: NDArray[np.float64]) -> Texture:
    """A texture of sRGB pixels (H, W, 4) in 0..255, its sides raised to powers of two; the first row is on top."""
    opaque = np.clip(pixels[::-1], 0, 255).astype(np.uint8)
    opaque[..., 3] = 255
    height, width = (1 << (side - 1).bit_length() for side in opaque.shape[:2])
    if (height, width) != opaque.shape[:2]:
        opaque = cv2.resize(opaque, (width, height), interpolation=cv2.INTER_LINEAR)
    return Texture(np.ascontiguousarray(opaque))


def _paint(server: Server, name: str, names: list[str], parameter: int, pixels: NDArray[np.float64]) -> None:
    if not 0 <= parameter < len(PARAMETERS):
        raise Malformed(f"{parameter} is no material parameter")
    if parameter != DIFFUSE:
        raise Refusal(f"{name}: materials of this server have no {PARAMETERS[parameter]} texture, only diffuse ones")
    texture = _texture(pixels)
    level = server.episode.world.level
    known = [level.paint(item, texture) for item in names]
    if not any(known):
        raise Refusal("unable to find Actor to apply the texture")


@command(each(text), integer, _pixels)
def apply_color_texture_to_objects(server: Server, names: list[str], parameter: int, pixels: Array) -> None:
    """Paint things with 8-bit colours."""
    _paint(server, "apply_color_texture_to_objects", names, parameter, pixels)


@command(each(text), integer, _pixels)
def apply_float_color_texture_to_objects(server: Server, names: list[str], parameter: int, pixels: Array) -> None:
    """Paint things with linear colours, 1 is white."""
    linear = np.clip(pixels[..., :3], 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)  # IEC 61966-2-1
    opaque = np.concatenate([255 * srgb, np.full((*pixels.shape[:2], 1), 255.0)], axis=-1)
    _paint(server, "apply_float_color_texture_to_objects", names, parameter, np.round(opaque))


@command(flag)
def set_annotations_traverse_translucency(server: Server, through: bool) -> None:
    """Whether label cameras see through glass, or the glass."""
    server.see_through = through


# -- rays --------------------------------------------------------------------------------------------------------------


def _meetings(server: Server, start: Array, end: Array) -> list[Meeting]:
    scene = server.episode.world.scene()
    if server.probe is None or server.probe.static is not scene.static:
        server.probe = Probe(scene.static)
    return server.probe.cast(start, end, scene.bodies)


def _point(start: Array, direction: Array, meeting: Meeting) -> list[Any]:
    return [wire.encode_vector(start + direction * meeting[0]), meeting[1]]


@query(vector, vector, number)
def project_point(server: Server, origin: Array, direction: Array, distance: float) -> list[Any]:
    """The first surface on a ray."""
    length = float(np.linalg.norm(direction))
    if length > 0 and distance > 0:
        direction = direction / length
        meetings = _meetings(server, origin, origin + direction * distance)
        if meetings:
            return [True, _point(origin, direction, meetings[0])]
    return [False, [[0.0, 0.0, 0.0], 0]]


@query(vector, vector)
def cast_ray(server: Server, start: Array, end: Array) -> list[Any]:
    """Where the way between two points meets each thing first, in order."""
    length = float(np.linalg.norm(end - start))
    if length == 0:
        return []
    direction = (end - start) / length
    return [_point(start, direction, meeting) for meeting in _meetings(server, start, end)]
