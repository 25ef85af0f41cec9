"""All textures of a scene in one array of equal layers, with mipmaps in which cut-out leaves keep their area."""

from __future__ import annotations

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from assets.mesh import Texture
from renderers.context import Context

SIDE = 512
"""Texels along a layer's side. Textures repeat, so others are resampled to it without touching any uv."""


class TextureArray:
    """Layers by identity of their Texture; the array on the device grows by doubling."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._layers: dict[Texture, int] = {}
        self._pixels: list[NDArray[np.uint8]] = []
        self._array: moderngl.TextureArray | None = None
        self._uploaded = 0

    def layer(self, texture: Texture) -> int:
        """The layer that holds ``texture``, which is kept alive from then on."""
        if texture not in self._layers:
            self._layers[texture] = len(self._pixels)
            self._pixels.append(_fit(texture.pixels))
        return self._layers[texture]

    def use(self, unit: int) -> None:
        """Binds the array, with all layers that were asked for so far."""
        if self._array is None or self._uploaded < len(self._pixels):
            self._upload()
        assert self._array is not None
        self._array.use(unit)

    def _upload(self) -> None:
        capacity = 1 << max(3, (max(len(self._pixels), 1) - 1).bit_length())
        if self._array is None or self._array.layers < capacity:
            if self._array is not None:
                self._array.release()
            self._array = self._context.gl.texture_array((SIDE, SIDE, capacity), 4)
            self._uploaded = 0
        for layer in range(self._uploaded, len(self._pixels)):
            self._array.write(self._pixels[layer].tobytes(), viewport=(0, 0, layer, SIDE, SIDE, 1))
        self._uploaded = len(self._pixels)
        self._array.build_mipmaps()
        self._array.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        if not self._context.software:  # twelve times slower on leaf cards with Mesa 22.3's llvmpipe
            self._array.anisotropy = 8.0


def _fit(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if pixels.shape[:2] == (SIDE, SIDE):
        return np.ascontiguousarray(pixels)
    shrinking = max(pixels.shape[:2]) > SIDE
    return cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
