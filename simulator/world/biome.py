"""Landscapes: what the ground looks like and what grows and stands on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Growth:
    """One kind of plant or stone and where it stands.

    Attributes:
        model: name in ``assets.vegetation`` or ``assets.props``; variants: how many there are to draw from.
        density: copies per m^2 where it is densest.
        near, far: distance band [m] from the pavement.
        scale: (least, greatest) size factor.
        patchiness: 0 is even; 1 leaves bare places and thickets.
        reach: distance [m] beyond which copies are neither drawn nor met by rays.
        trunk: radius [m] of the part that stops a car at scale 1; 0 is none.
    """

    model: str
    variants: int
    density: float
    near: float
    far: float
    scale: tuple[float, float]
    patchiness: float = 0.6
    reach: float = float("inf")
    trunk: float = 0.0


@dataclass(frozen=True)
class Biome:
    """A landscape; colours are sRGB 0..255.

    Attributes:
        earth, earth_dark, cover: bare ground, its darker patches, and what covers it (dry grass, turf).
        gravel: the strip beside the pavement.
        cover_share: part of the ground that is covered, in [0, 1].
        relief: height [m] of the rolling land far from the road; ditch: depth [m] beside it.
        growth: plants and stones.
        friction: tyre friction coefficient off the pavement.
        poles, fence, delineators: what stands along rural roads.
    """

    earth: tuple[int, int, int]
    earth_dark: tuple[int, int, int]
    cover: tuple[int, int, int]
    gravel: tuple[int, int, int]
    cover_share: float
    relief: float
    ditch: float
    growth: tuple[Growth, ...]
    friction: float
    poles: bool
    fence: bool
    delineators: bool


BIOMES: dict[str, Biome] = {
    "outback": Biome(
        earth=(176, 122, 90),
        earth_dark=(154, 100, 72),
        cover=(186, 160, 116),
        gravel=(184, 142, 112),
        cover_share=0.45,
        relief=5.0,
        ditch=0.35,
        growth=(
            Growth("grass.tuft", 6, 0.85, 0.9, 26, (0.5, 1.3), 0.93, reach=60),
            Growth("bush.saltbush", 4, 0.018, 4.5, 70, (0.6, 1.4), 0.8, reach=180),
            Growth("bush.saltbush", 4, 0.004, 70, 160, (0.8, 1.6), 0.8, reach=260),
            Growth("tree.eucalypt", 5, 0.0022, 11, 120, (0.7, 1.25), 0.85, trunk=0.22),
            Growth("tree.eucalypt", 5, 0.0011, 120, 330, (0.8, 1.3), 0.8, trunk=0.22),
            Growth("prop.rock", 3, 0.004, 3.5, 60, (0.5, 1.6), 0.9, reach=90),
        ),
        friction=0.55,
        poles=True,
        fence=True,
        delineators=True,
    ),
    "temperate": Biome(
        earth=(124, 106, 78),
        earth_dark=(96, 88, 60),
        cover=(104, 124, 62),
        gravel=(132, 124, 104),
        cover_share=0.88,
        relief=3.0,
        ditch=0.15,
        growth=(
            Growth("grass.meadow", 4, 0.35, 1.0, 20, (0.6, 1.2), 0.6, reach=50),
            Growth("bush.shrub", 4, 0.006, 5, 60, (0.7, 1.3), 0.8, reach=200),
            Growth("tree.broadleaf", 4, 0.004, 9, 150, (0.75, 1.25), 0.75, trunk=0.25),
        ),
        friction=0.6,
        poles=False,
        fence=False,
        delineators=False,
    ),
}
"""By name; an OpenDRIVE map that is not ours lies in the ``temperate`` one."""
