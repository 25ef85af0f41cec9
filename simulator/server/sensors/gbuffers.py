"""The renderer's buffers as pictures, as CARLA streams Unreal's: 8 bits a channel, BGRA, not bent by the lens."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from renderers.scene import Picture, Surfaces
from sensors import camera as codec
from simulator.server.wire import Array

CODE = 18
"""CARLA's sensor type of 8-bit buffers."""


class GBuffer(IntEnum):
    """carla.GBufferTextureID."""

    SCENE_COLOR = 0
    SCENE_DEPTH = 1
    SCENE_STENCIL = 2
    A = 3
    B = 4
    C = 5
    D = 6
    E = 7
    F = 8
    VELOCITY = 9
    SSAO = 10
    CUSTOM_DEPTH = 11
    CUSTOM_STENCIL = 12


def encode(number: int, picture: Picture, surfaces: Surfaces, world_from_camera: Array) -> NDArray[np.uint8]:
    """Picture (H, W, 4) BGRA of one buffer.

    A: normals in the world. B: metallic, specular (0.5, Unreal's default), roughness. C: root of the linear albedo.
    Depths: in CARLA's 24 bits. Velocity: R and G are the motion of ``flow_picture``, [-2, 2] as [0, 255]. Custom
    stencil: tags in R, which is what CARLA keeps there. The others hold in Unreal what this renderer has none of (light
    maps, tangents, data of special shading models, engine flags): black, as CARLA sends them when a scene has none.
    """
    match number:
        case GBuffer.SCENE_COLOR:
            assert picture.color is not None
            return bgra(picture.color)
        case GBuffer.SCENE_DEPTH | GBuffer.CUSTOM_DEPTH:
            return codec.depth_picture(picture.depth)
        case GBuffer.A:
            return normals_picture(picture.normal, world_from_camera)
        case GBuffer.B:
            specular = np.where(surfaces.roughness > 0, np.float32(0.5), np.float32(0))
            finish = np.stack([surfaces.metallic, specular, surfaces.roughness], axis=-1)
            return bgra(np.rint(finish * 255).astype(np.uint8))
        case GBuffer.C:
            return bgra(surfaces.albedo)
        case GBuffer.VELOCITY:
            motion = np.rint((flow_picture(picture.flow) / 4 + 0.5) * 255).astype(np.uint8)
            return bgra(np.concatenate([motion, np.zeros_like(motion[..., :1])], axis=-1))
        case GBuffer.SSAO:
            return bgra(np.repeat(surfaces.openness[..., None], 3, axis=-1))
        case GBuffer.CUSTOM_STENCIL:
            return codec.semantic_picture(picture.tag)
    return bgra(np.zeros((*picture.tag.shape, 3), np.uint8))


def normals_picture(normal: NDArray[np.float32], world_from_camera: Array) -> NDArray[np.uint8]:
    """Picture (H, W, 4) BGRA of normals (H, W, 3) in the camera's frame, turned into CARLA's world."""
    carla_from_camera = (np.diag([1.0, -1.0, 1.0]) @ world_from_camera[:3, :3]).astype(np.float32)
    pixels = np.full((*normal.shape[:2], 4), 255, np.uint8)
    turned = normal.reshape(-1, 3) @ (carla_from_camera.T * np.float32(127.5)) + np.float32(127.5)
    pixels[..., 2::-1] = np.rint(turned).clip(0, 255).reshape(normal.shape)
    return pixels


def flow_picture(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Motion (H, W, 2) in normalised device coordinates of flow (H, W, 2) [px]."""
    height, width = flow.shape[:2]
    return np.clip(flow * np.array([-2 / width, 2 / height], np.float32), -2, 2).astype("<f4")


def bgra(color: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """BGRA (H, W, 4) of RGB (H, W, 3)."""
    pixels = np.full((*color.shape[:2], 4), 255, np.uint8)
    pixels[..., :3] = color[..., ::-1]
    return pixels
