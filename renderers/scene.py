"""What is drawn: still placements, moving bodies, light and weather, and the camera that looks at them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Mesh
from assets.tags import Tag


@dataclass(frozen=True)
class Pinhole:
    """An undistorted camera, x right, y down, z forward (OpenCV).

    Attributes:
        width, height: pixels.
        fx, fy: focal lengths [px].
        cx, cy: principal point [px], the centre of the top-left pixel being (0, 0), as KITTI and OpenCV count.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Intrinsics (3, 3) float64 [px]."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Placement:
    """Copies of a still mesh: a road, a wood, a row of poles. Drawn instanced, culled per copy.

    Attributes:
        lods: meshes, finest first.
        world_from_mesh: (N, 4, 4) float64.
        tag: semantic tag.
        reach: beyond this distance [m] from a camera or a ray's origin copies are not there (grass); inf is always.
        solid: whether rays (LiDAR, radar, line of sight) hit it.
        lamps: names of the lamp groups that are lit, on all copies.
    """

    lods: tuple[Mesh, ...]
    world_from_mesh: NDArray[np.float64]
    tag: Tag
    reach: float = float("inf")
    solid: bool = True
    lamps: frozenset[str] = frozenset()


@dataclass(eq=False)
class Instance:
    """One part of a moving body at the current tick, with where it was one tick ago.

    Attributes:
        lods: meshes, finest first.
        world_from_mesh, previous_world_from_mesh: (4, 4) float64, now and one tick ago.
        object_id: the actor's id, 1..2^32-1; 0 is the level.
        tag: semantic tag.
        bones, previous_bones: skinning matrices (B, 4, 4) float32 for a skinned mesh, else None.
        tint: linear RGB that multiplies ``paint`` materials.
        lamps: names of the lamp groups that are lit.
    """

    lods: tuple[Mesh, ...]
    world_from_mesh: NDArray[np.float64]
    previous_world_from_mesh: NDArray[np.float64]
    object_id: int
    tag: Tag
    bones: NDArray[np.float32] | None = None
    previous_bones: NDArray[np.float32] | None = None
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    lamps: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Environment:
    """Light and weather; fractions are CARLA's percentages over 100.

    Attributes:
        sun_azimuth: [rad], direction to the sun, counter-clockwise from east (world x).
        sun_altitude: [rad], above the horizon; negative is night.
        cloudiness, precipitation, puddles, wetness, wind, dust: in [0, 1].
        fog_density: in [0, 1]; fog_distance: [m] at which fog begins; fog_falloff: how fast it thins with height.
    """

    sun_azimuth: float = 0.8
    sun_altitude: float = 0.9
    cloudiness: float = 0.1
    precipitation: float = 0.0
    puddles: float = 0.0
    wetness: float = 0.0
    wind: float = 0.1
    dust: float = 0.0
    fog_density: float = 0.0
    fog_distance: float = 0.75
    fog_falloff: float = 0.2


@dataclass(frozen=True, eq=False)
class Lights:
    """Lamps that shine downwards on what is around them.

    Attributes:
        places: (N, 3) float64 [m], world.
        power: (N, 3) float64 linear RGB; 1 is a street lamp.
    """

    places: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))
    power: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))


@dataclass(eq=False)
class Scene:
    """Everything that can be seen at one tick. The identity of ``static`` is the key under which it is kept."""

    static: tuple[Placement, ...] = ()
    bodies: list[Instance] = field(default_factory=list)
    environment: Environment = field(default_factory=Environment)
    lights: Lights = field(default_factory=Lights)


@dataclass(frozen=True, eq=False)
class Picture:
    """What one camera sees, all targets from one geometry pass, ids never blended.

    Attributes:
        color: (H, W, 3) uint8 sRGB, or None when only labels were asked for.
        depth: (H, W) float32 [m] along the optical axis; inf is sky.
        tag: (H, W) uint8 semantic tag; sky is ``Tag.SKY``.
        object_id: (H, W) uint32; 0 is the level and the sky.
        normal: (H, W, 3) float32, unit, camera frame; zeros at the sky.
        flow: (H, W, 2) float32 [px], where the point seen now was one tick ago, minus where it is now.
        exposure: factor by which the colours' radiance was multiplied.
    """

    color: NDArray[np.uint8] | None
    depth: NDArray[np.float32]
    tag: NDArray[np.uint8]
    object_id: NDArray[np.uint32]
    normal: NDArray[np.float32]
    flow: NDArray[np.float32]
    exposure: float = 1.0


@dataclass(frozen=True, eq=False)
class Surfaces:
    """What the surfaces of a picture are made of; zeros at the sky.

    Attributes:
        albedo: (H, W, 3) uint8, root of the linear albedo.
        metallic, roughness: (H, W) float32 in [0, 1].
        openness: (H, W) uint8, share of the sky that nothing near hides.
    """

    albedo: NDArray[np.uint8]
    metallic: NDArray[np.float32]
    roughness: NDArray[np.float32]
    openness: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Silhouette:
    """The outline that an object would have with nothing before it, also beyond the picture's border.

    Attributes:
        pixels: size of the whole outline [px], inside and outside of the picture.
        pixels_inside: size of its part inside the picture [px].
        box: (x0, y0, x1, y1) float [px] of the whole outline, corner convention: pixel (u, v) is (u, v, u+1, v+1).
        mask: (y1 - y0, x1 - x0) the outline itself, over its box.
    """

    pixels: int
    pixels_inside: int
    box: tuple[float, float, float, float]
    mask: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Hits:
    """What rays met, one entry a ray.

    Attributes:
        distance: (N,) float32 [m], inf for none.
        object_id: (N,) uint32.
        tag: (N,) uint8.
        cos_incidence: (N,) float32 in [0, 1].
        reflectance: (N,) float32, the material's at 905 nm.
    """

    distance: NDArray[np.float32]
    object_id: NDArray[np.uint32]
    tag: NDArray[np.uint8]
    cos_incidence: NDArray[np.float32]
    reflectance: NDArray[np.float32]
