"""Materials of vehicles; reflectances at 905 nm are typical of measured paints, rubber and retro-reflectors."""

from __future__ import annotations

import cv2
import numpy as np

from assets.mesh import Material, Texture

PAINT = Material("paint", (0.9, 0.9, 0.9), roughness=0.42, clear_coat=1.0, paint=True, lidar_reflectance=0.45)
GLASS = Material("glass", (0.012, 0.015, 0.017), roughness=0.04, clear_coat=1.0, lidar_reflectance=0.06)
TRIM = Material("black trim", (0.012, 0.012, 0.013), roughness=0.3, clear_coat=0.5, lidar_reflectance=0.08)
PLASTIC = Material("black plastic", (0.022, 0.022, 0.024), roughness=0.75, lidar_reflectance=0.10)
HOLLOW = Material("wheel arch", (0.008, 0.008, 0.008), roughness=1.0, lidar_reflectance=0.05)
# A gap is darker than the paint around it, not black: it is narrower than a pixel beyond a few metres.
SEAM = Material("seam", (0.16, 0.16, 0.16), roughness=1.0, paint=True, lidar_reflectance=0.10)
RUBBER = Material("rubber", (0.020, 0.020, 0.021), roughness=0.9, lidar_reflectance=0.08)
ALLOY = Material("alloy", (0.50, 0.51, 0.53), roughness=0.30, metallic=0.5, clear_coat=0.6, lidar_reflectance=0.5)
STEEL = Material("steel", (0.28, 0.28, 0.29), roughness=0.5, metallic=0.4, lidar_reflectance=0.4)
CHROME = Material("chrome", (0.62, 0.63, 0.65), roughness=0.12, metallic=0.7, clear_coat=0.8, lidar_reflectance=0.6)
BRAKE_DISC = Material("brake disc", (0.05, 0.05, 0.052), roughness=0.7, lidar_reflectance=0.2)
LENS = Material("lamp lens", (0.42, 0.44, 0.47), roughness=0.08, clear_coat=1.0, lidar_reflectance=0.8)
WHITE = Material("white panel", (0.80, 0.80, 0.79), roughness=0.45, clear_coat=0.4, lidar_reflectance=0.65)


def lamp(group: str, base: tuple[float, float, float], glow: tuple[float, float, float]) -> Material:
    """A lamp's lens that glows with ``glow`` (linear RGB) while the lamp group is on."""
    return Material(
        f"{group} lamp", base, roughness=0.08, clear_coat=1.0, emission=glow, lamp=group, lidar_reflectance=0.9
    )


LOW_BEAM = lamp("low_beam", (0.72, 0.74, 0.76), (9.0, 8.6, 7.8))
HIGH_BEAM = lamp("high_beam", (0.66, 0.68, 0.70), (14.0, 13.6, 12.6))
DAYTIME = lamp("position", (0.80, 0.82, 0.85), (2.5, 2.5, 2.5))
TAIL = lamp("position", (0.30, 0.008, 0.008), (0.9, 0.02, 0.015))
BRAKE = lamp("brake", (0.24, 0.006, 0.006), (4.5, 0.10, 0.06))
REVERSE = lamp("reverse", (0.60, 0.60, 0.60), (3.5, 3.4, 3.2))
FOG = lamp("fog", (0.55, 0.56, 0.58), (4.0, 3.9, 3.4))
LEFT = lamp("left", (0.62, 0.22, 0.02), (4.0, 1.4, 0.06))
RIGHT = lamp("right", (0.62, 0.22, 0.02), (4.0, 1.4, 0.06))


def plate(number: str) -> Material:
    """A number plate with that text, retro-reflective; uv (0, 0) is its lower left corner seen from outside."""
    picture = np.full((64, 256, 3), 235, dtype=np.uint8)
    cv2.rectangle(picture, (2, 2), (253, 61), (25, 25, 25), 2)
    (width, height), _ = cv2.getTextSize(number, cv2.FONT_HERSHEY_DUPLEX, 1.55, 3)
    cv2.putText(
        picture,
        number,
        ((256 - width) // 2, (64 + height) // 2),
        cv2.FONT_HERSHEY_DUPLEX,
        1.55,
        (20, 20, 30),
        3,
        cv2.LINE_AA,
    )
    pixels = np.dstack([picture[::-1], np.full((64, 256), 255, dtype=np.uint8)])
    return Material(
        "number plate",
        (1.0, 1.0, 1.0),
        roughness=0.5,
        lidar_reflectance=1.5,
        texture=Texture(np.ascontiguousarray(pixels)),
    )
