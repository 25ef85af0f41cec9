"""The human body and its clothes: layers of flesh over one skeleton.

Proportions of an adult of 1.75 m (Drillis and Contini 1966: segment lengths as fractions of stature). Skin, hair, upper
garment, trousers and shoes are closed surfaces of their own, so that a collar or a cuff is an edge and not a smear.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets.flesh import Bit, both_sides, joined, skinned_levels
from assets.mesh import Material, Mesh
from assets.skeleton import Limb, Skeleton
from assets.solids import Ball

Color = tuple[float, float, float]
Point = tuple[float, float, float]

BONES: dict[str, tuple[str | None, tuple[float, float, float]]] = {
    "pelvis": (None, (0.0, 0.0, 0.97)),
    "spine": ("pelvis", (0.0, 0.0, 1.07)),
    "chest": ("spine", (-0.01, 0.0, 1.24)),
    "neck": ("chest", (-0.015, 0.0, 1.46)),
    "head": ("neck", (0.005, 0.0, 1.56)),
    "arm.L": ("chest", (-0.01, 0.175, 1.41)),
    "forearm.L": ("arm.L", (-0.02, 0.235, 1.14)),
    "hand.L": ("forearm.L", (0.02, 0.265, 0.89)),
    "palm.L": ("hand.L", (0.030, 0.267, 0.825)),
    "thigh.L": ("pelvis", (0.0, 0.090, 0.92)),
    "shin.L": ("thigh.L", (0.012, 0.095, 0.50)),
    "foot.L": ("shin.L", (-0.02, 0.098, 0.085)),
    "toe.L": ("foot.L", (0.110, 0.105, 0.022)),
}
ARMS = tuple(Limb((f"arm.{s}", f"forearm.{s}", f"hand.{s}", f"palm.{s}"), -1.0) for s in "LR")
LEGS = tuple(Limb((f"thigh.{s}", f"shin.{s}", f"foot.{s}", f"toe.{s}"), 1.0) for s in "LR")
HEEL = (-0.060, 0.0)
"""(x, z) [m] of the point on which the heel lands, rest pose."""

SKIN = Material("skin", (1.0, 1.0, 1.0), roughness=0.6, lidar_reflectance=0.45)
HAIR = Material("hair", (1.0, 1.0, 1.0), roughness=0.7, lidar_reflectance=0.3)
CLOTH = Material("cloth", (1.0, 1.0, 1.0), roughness=0.95, lidar_reflectance=0.4)
SHOE = Material("shoe", (1.0, 1.0, 1.0), roughness=0.6, lidar_reflectance=0.3)
EYE = Material("eye", (1.0, 1.0, 1.0), roughness=0.1, clear_coat=1.0, lidar_reflectance=0.2)

SKIN_TONES: tuple[Color, ...] = tuple(
    (int(code[0:2], 16) / 255, int(code[2:4], 16) / 255, int(code[4:6], 16) / 255)
    for code in ["f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96", "a07e56", "825c43", "604134", "3a312a", "292420"]
)
"""sRGB of the Monk Skin Tone Scale's ten tones, pale to dark (Monk 2019, skintone.google); each is drawn equally often,
by men and by women."""
HAIR_TONES: tuple[Color, ...] = (
    (0.07, 0.055, 0.05), (0.16, 0.10, 0.07), (0.28, 0.18, 0.11), (0.42, 0.29, 0.17), (0.70, 0.55, 0.34),
    (0.45, 0.20, 0.10), (0.62, 0.61, 0.60),
)  # fmt: skip
TOPS: tuple[Color, ...] = (
    (0.13, 0.14, 0.17), (0.75, 0.75, 0.73), (0.16, 0.24, 0.40), (0.55, 0.13, 0.13), (0.25, 0.33, 0.25),
    (0.55, 0.55, 0.57), (0.78, 0.62, 0.25), (0.36, 0.22, 0.36), (0.24, 0.47, 0.56), (0.30, 0.24, 0.19),
    (0.85, 0.42, 0.16), (0.10, 0.10, 0.11),
)  # fmt: skip
BOTTOMS: tuple[Color, ...] = (
    (0.15, 0.19, 0.29), (0.10, 0.10, 0.12), (0.26, 0.33, 0.45), (0.48, 0.43, 0.34), (0.30, 0.30, 0.31),
    (0.22, 0.20, 0.16), (0.40, 0.47, 0.58),
)  # fmt: skip
SHOES: tuple[Color, ...] = ((0.10, 0.09, 0.09), (0.80, 0.80, 0.79), (0.28, 0.18, 0.12), (0.20, 0.22, 0.28))


@dataclass(frozen=True)
class Person:
    """One individual.

    Attributes:
        height: [m].
        girth: 1 is slim; scales thickness of trunk and limbs.
        woman: narrower shoulders, wider hips.
        head: size of the head relative to an adult's of the same height (children: larger).
        skin, hair, top, bottom, shoe: sRGB in [0, 1].
        sleeves: 1 long, 0 short.
        coat: whether the upper garment is thick and reaches below the hips.
        skirt, shorts: instead of long trousers.
        style: hair, ``short``, ``long`` or ``bun``; of a helmet ``full`` or ``cap``, else open.
        helmet: sRGB of a helmet in place of hair, or None; with the style ``full`` it covers the face, with ``cap``
            it is a peaked cap.
    """

    height: float
    girth: float
    woman: bool
    head: float
    skin: Color
    hair: Color
    top: Color
    bottom: Color
    shoe: Color
    sleeves: float
    coat: bool
    skirt: bool
    shorts: bool
    style: str
    helmet: Color | None = None

    @property
    def scale(self) -> float:
        """Height relative to the standard body."""
        return self.height / 1.75

    @classmethod
    def adult(cls, variant: int) -> Person:
        """Draws an adult from the number; 0 is a man of ordinary build."""
        draw = np.random.default_rng([variant, 0xAD])
        woman = bool(variant % 2)
        pick = _picker(draw)
        coat = bool(draw.random() < 0.35)
        warm = not coat and draw.random() < 0.35
        return cls(
            height=float(np.clip(draw.normal(1.63 if woman else 1.77, 0.06), 1.48, 1.98)),
            girth=float(np.clip(draw.normal(1.02, 0.10), 0.88, 1.32)),
            woman=woman,
            head=1.0,
            skin=SKIN_TONES[(variant // 2 * 3 + variant % 2 * 5 + 4) % len(SKIN_TONES)],
            hair=pick(HAIR_TONES),
            top=pick(TOPS),
            bottom=pick(BOTTOMS),
            shoe=pick(SHOES),
            sleeves=0.0 if warm else 1.0,
            coat=coat,
            skirt=bool(woman and draw.random() < 0.25),
            shorts=bool(warm and draw.random() < 0.5),
            style=str(draw.choice(["long", "long", "bun", "short"] if woman else ["short"])),
        )

    @classmethod
    def child(cls, variant: int) -> Person:
        """Draws a child of about 5 to 11 years."""
        grown = cls.adult(variant + 7920)  # an even step: odd numbers are girls as they are women
        draw = np.random.default_rng([variant, 0xC1])
        height = float(draw.uniform(1.08, 1.42))
        return replace(
            grown, height=height, girth=1.06, head=1.33 - 0.38 * (height - 1.08), coat=grown.coat and variant % 3 == 0,
            top=_picker(draw)(TOPS[2:]),
            hair=HAIR_TONES[variant // 2 % 6],
        )  # fmt: skip

    @classmethod
    def teenager(cls, variant: int) -> Person:
        """Draws one of about 12 to 16 years."""
        draw = np.random.default_rng([variant, 0x7E])
        grown = cls.adult(variant)
        height = float(draw.uniform(1.48, 1.62 if grown.woman else 1.68))
        return replace(grown, height=height, girth=0.92, head=1.06, coat=False, hair=HAIR_TONES[variant % 6])

    @classmethod
    def elderly(cls, variant: int) -> Person:
        """Draws an old person: shorter, stouter, grey."""
        draw = np.random.default_rng([variant, 0xE1])
        grown = cls.adult(variant)
        shade = float(draw.uniform(0.62, 0.88))
        return replace(
            grown, height=grown.height - 0.05, girth=max(grown.girth, 1.06), hair=(shade, shade, shade), sleeves=1.0,
            shorts=False, coat=bool(draw.random() < 0.6), style="bun" if grown.woman else "short",
        )  # fmt: skip

    @classmethod
    def police(cls, variant: int) -> Person:
        """Draws an officer: dark blue, with a peaked cap."""
        blue = (0.07, 0.09, 0.16)
        return replace(
            cls.adult(variant), top=blue, bottom=blue, shoe=SHOES[0], sleeves=1.0, coat=False, skirt=False,
            shorts=False, style="cap", helmet=(0.05, 0.06, 0.11),
        )  # fmt: skip

    @classmethod
    def worker(cls, variant: int) -> Person:
        """Draws a road worker: orange or yellow, with a hard hat."""
        return replace(
            cls.adult(variant), top=((0.95, 0.38, 0.06), (0.80, 0.86, 0.12))[variant // 2 % 2],
            bottom=((0.95, 0.38, 0.06), (0.12, 0.15, 0.24))[variant % 2], shoe=SHOES[0], sleeves=1.0, coat=False,
            skirt=False, shorts=False, style="open", helmet=((0.88, 0.86, 0.82), (0.92, 0.74, 0.10))[variant // 2 % 2],
        )  # fmt: skip


def _picker(draw: np.random.Generator):  # type: ignore[no-untyped-def]
    return lambda colors: colors[int(draw.integers(len(colors)))]


@functools.cache
def skeleton(person: Person) -> Skeleton:
    """The bones of that person."""
    standard = Skeleton.of(BONES)
    joints = standard.joints.copy()
    if person.woman:
        arms = [standard.index(f"{bone}.{s}") for bone in ("arm", "forearm", "hand", "palm") for s in "LR"]
        joints[arms, 1] -= 0.018 * np.sign(joints[arms, 1])
    return replace(standard, joints=joints * person.scale)


def _bit(
    bone: str, a: Point, b: Point, ra: float, rb: float, flat: float = 1.0, blend: float = 0.03, kind: str = ""
) -> Bit:
    return Bit(bone, Ball(a, b, (ra, rb), flat, blend), kind)


def _skin(p: Person) -> list[Bit]:
    bits = [
        _bit("neck", (-0.018, 0, 1.43), (0.0, 0, 1.56), 0.058, 0.052, 1.0, 0.03),
        # Skull, face, jaw, nose, ears.
        _bit("head", (-0.005, 0, 1.665), (0.010, 0, 1.660), 0.092, 0.090, 0.86, 0.03),
        _bit("head", (0.030, 0, 1.625), (0.034, 0, 1.595), 0.068, 0.056, 0.90, 0.05),
        _bit("head", (0.050, 0, 1.565), (0.058, 0, 1.560), 0.036, 0.034, 1.15, 0.04),
        _bit("head", (0.096, 0, 1.640), (0.112, 0, 1.607), 0.009, 0.014, 1.0, 0.02, "nose"),
        _bit("head", (0.090, 0, 1.580), (0.091, 0, 1.5795), 0.008, 0.008, 2.4, 0.010, "lips"),
        _bit("head", (0.080, 0.020, 1.664), (0.078, 0.045, 1.662), 0.012, 0.010, 1.0, 0.02, "brow"),
        _bit("head", (-0.008, 0.080, 1.640), (-0.012, 0.088, 1.610), 0.016, 0.012, 0.45, 0.012, "ear"),
        _bit("hand.L", (0.020, 0.262, 0.905), (0.030, 0.268, 0.850), 0.027, 0.036, 0.60, 0.02),
        _bit("hand.L", (0.030, 0.268, 0.850), (0.032, 0.268, 0.820), 0.036, 0.036, 0.50, 0.02),
        _bit("hand.L", (0.052, 0.262, 0.868), (0.068, 0.250, 0.815), 0.013, 0.009, 1.0, 0.015),
    ]
    for i, x in enumerate((0.002, 0.022, 0.042, 0.060)):
        bits.append(
            _bit(
                "hand.L", (x, 0.267, 0.815), (x + 0.004, 0.252, 0.742 + 0.012 * abs(i - 1.3)), 0.0115, 0.008, 1.0, 0.006
            )
        )
    if p.sleeves < 1:
        bits += [
            _bit("arm.L", (-0.012, 0.195, 1.33), (-0.02, 0.232, 1.15), 0.044 * p.girth, 0.037, 1.0, 0.02),
            _bit("forearm.L", (-0.02, 0.235, 1.14), (0.018, 0.262, 0.90), 0.039 * p.girth, 0.026, 0.95, 0.02),
        ]
    if p.shorts or p.skirt:
        bits += [
            _bit("thigh.L", (0.005, 0.092, 0.70), (0.012, 0.095, 0.52), 0.068 * p.girth, 0.053, 1.0, 0.02),
            _bit("shin.L", (0.010, 0.096, 0.50), (-0.012, 0.098, 0.34), 0.052, 0.054 * p.girth, 1.0, 0.02),
            _bit("shin.L", (-0.012, 0.098, 0.34), (-0.02, 0.098, 0.09), 0.052 * p.girth, 0.034, 1.0, 0.02),
        ]
    return bits


def _hair(p: Person) -> list[Bit]:
    if p.helmet is not None and p.style == "cap":
        return [
            _bit("head", (-0.028, 0, 1.690), (0.000, 0, 1.700), 0.094, 0.086, 0.90, 0.03),
            _bit("head", (-0.045, 0, 1.655), (-0.045, 0, 1.600), 0.072, 0.050, 1.02, 0.03),
            _bit("head", (-0.030, 0, 1.752), (0.030, 0, 1.758), 0.100, 0.092, 1.08, 0.02, "cap"),
            _bit("head", (0.085, 0.030, 1.708), (0.130, 0.020, 1.690), 0.014, 0.010, 1.6, 0.01, "cap"),
            _bit("head", (0.088, 0.018, 1.6755), (0.080, 0.046, 1.6735), 0.0065, 0.005, 1.0, 0.003, "brow"),
        ]
    if p.helmet is not None:
        shell = [
            _bit("head", (-0.040, 0, 1.715), (0.020, 0, 1.722), 0.105, 0.092, 0.92, 0.03),
            _bit("head", (-0.060, 0, 1.675), (-0.03, 0, 1.71), 0.090, 0.100, 0.96, 0.03),
        ]
        if p.style == "full":
            shell += [
                _bit("head", (-0.020, 0, 1.680), (0.000, 0, 1.60), 0.120, 0.108, 0.95, 0.04),
                _bit("head", (0.030, 0, 1.565), (0.060, 0, 1.570), 0.085, 0.075, 0.95, 0.04),
                _bit("head", (0.045, 0, 1.650), (0.050, 0, 1.650), 0.080, 0.080, 1.15, 0.01, "visor"),
            ]
        return shell
    bits = [
        _bit("head", (-0.028, 0, 1.690), (0.000, 0, 1.704), 0.093, 0.083, 0.89, 0.03),
        _bit("head", (-0.045, 0, 1.655), (-0.045, 0, 1.590), 0.072, 0.050, 1.02, 0.03),
        _bit("head", (0.058, 0, 1.742), (0.038, 0.045, 1.732), 0.026, 0.028, 1.0, 0.02),
        _bit("head", (0.008, 0.060, 1.700), (0.000, 0.070, 1.655), 0.028, 0.016, 0.8, 0.02),
        _bit("head", (-0.030, 0.055, 1.660), (-0.035, 0.058, 1.610), 0.034, 0.024, 0.9, 0.02),
        _bit("head", (0.088, 0.018, 1.6755), (0.080, 0.046, 1.6735), 0.0065, 0.005, 1.0, 0.003, "brow"),
    ]
    if p.style == "long":
        bits += [
            _bit("head", (-0.045, 0.045, 1.67), (-0.050, 0.060, 1.56), 0.050, 0.042, 0.9, 0.03),
            _bit("head", (-0.055, 0.030, 1.57), (-0.085, 0.045, 1.43), 0.050, 0.032, 1.2, 0.03),
        ]
    elif p.style == "bun":
        bits.append(_bit("head", (-0.105, 0, 1.72), (-0.12, 0, 1.73), 0.042, 0.040, 1.0, 0.02))
    return bits


def _top(p: Person) -> list[Bit]:
    g, thick = p.girth, 0.014 if p.coat else 0.0
    wide = 0.93 if p.woman else 1.0
    hips = 1.06 if p.woman else 1.0
    bits = [
        _bit(
            "pelvis",
            (-0.005, 0, 0.99),
            (0.0, 0, 1.06),
            0.112 * g * hips + thick,
            0.108 * g + thick,
            1.38 / g**0.3,
            0.04,
        ),
        _bit("spine", (0.0, 0, 1.06), (0.0, 0, 1.20), 0.106 * g + thick, 0.108 * g + thick, 1.34 * wide, 0.05),
        _bit("chest", (0.005, 0, 1.20), (-0.01, 0, 1.33), 0.112 * g + thick, 0.112 * g**0.5 + thick, 1.40 * wide, 0.06),
        _bit("chest", (-0.015, 0.03, 1.39), (-0.015, 0.150, 1.385), 0.078 + thick, 0.060 + thick, 1.0, 0.05),
        _bit("chest", (-0.022, 0.035, 1.455), (-0.016, 0.150, 1.415), 0.046 + thick, 0.044 + thick, 1.0, 0.04),
        _bit("neck", (-0.018, 0, 1.42), (-0.012, 0, 1.475), 0.072 + thick / 2, 0.062 + thick / 2, 1.0, 0.03, "collar"),
    ]
    if p.woman:
        bits.append(
            _bit("chest", (0.065, 0.068, 1.285), (0.075, 0.068, 1.28), 0.062 * g**0.5, 0.058 * g**0.5, 1.0, 0.05)
        )
    elif g > 1.12:
        bits.append(_bit("spine", (0.05, 0, 1.08), (0.05, 0, 1.14), 0.10 * g, 0.10 * g, 1.25, 0.06))
    if p.coat:
        bits.append(_bit("pelvis", (0.0, 0, 1.0), (0.0, 0, 0.70), 0.122 * g * hips, 0.150 * g * hips, 1.34, 0.04))
    else:
        bits.append(_bit("pelvis", (0.0, 0, 0.98), (0.0, 0, 0.85), 0.116 * g * hips, 0.120 * g * hips, 1.38, 0.03))
    return bits


def _sleeves(p: Person) -> list[Bit]:
    """Kept apart from the trunk, or arms that hang close would grow together with it."""
    g, thick = p.girth, 0.014 if p.coat else 0.0
    bits = [
        _bit("arm.L", (-0.012, 0.150, 1.405), (-0.011, 0.182, 1.385), 0.048 * g**0.5 + thick, 0.055 * g**0.7 + thick),
        _bit(
            "arm.L", (-0.01, 0.180, 1.385), (-0.016, 0.210, 1.27), 0.056 * g**0.7 + thick, 0.051 * g + thick, 1.0, 0.04
        ),
    ]
    if not p.sleeves:
        return [*bits, _bit("arm.L", (-0.016, 0.210, 1.27), (-0.018, 0.228, 1.18), 0.053 * g, 0.055 * g, 1.0, 0.02)]
    cuff = 0.040 if p.coat else 0.034
    return [
        *bits,
        _bit("arm.L", (-0.016, 0.210, 1.27), (-0.02, 0.235, 1.15), 0.050 * g + thick, 0.044 * g + thick, 1.0, 0.02),
        _bit("forearm.L", (-0.02, 0.235, 1.14), (0.018, 0.263, 0.91), 0.045 * g + thick, cuff + thick, 1.0, 0.03),
    ]


def _bottom(p: Person) -> list[Bit]:
    g = p.girth
    hips = 1.08 if p.woman else 1.0
    bits = [_bit("pelvis", (-0.008, 0, 0.95), (-0.005, 0, 0.90), 0.106 * g * hips, 0.102 * g * hips, 1.42, 0.04)]
    if p.skirt:
        bits += [
            _bit("thigh.L", (0.0, 0.060, 0.90), (0.005, 0.070, 0.46), 0.108 * g, 0.140 * g, 1.0, 0.05),
            _bit("pelvis", (0.0, 0, 0.90), (0.0, 0, 0.56), 0.115 * g, 0.130 * g, 1.3, 0.05),
        ]
        return bits
    bits.append(_bit("pelvis", (-0.05, 0.055, 0.92), (-0.045, 0.06, 0.90), 0.080 * g, 0.080 * g, 1.0, 0.04))
    if p.shorts:
        bits.append(_bit("thigh.L", (0.0, 0.088, 0.89), (0.008, 0.098, 0.50), 0.090 * g * hips, 0.082 * g, 1.0, 0.04))
        return bits
    bits += [
        _bit("thigh.L", (0.0, 0.088, 0.89), (0.010, 0.095, 0.52), 0.089 * g * hips, 0.064 * g, 1.0, 0.04),
        _bit("shin.L", (0.010, 0.095, 0.51), (-0.008, 0.098, 0.34), 0.062 * g, 0.060 * g, 1.0, 0.04),
        _bit("shin.L", (-0.008, 0.098, 0.34), (-0.014, 0.099, 0.03), 0.060 * g, 0.054, 1.0, 0.03),
    ]
    return bits


def _shoes() -> list[Bit]:
    return [
        _bit("foot.L", (-0.028, 0.098, 0.075), (-0.034, 0.098, 0.045), 0.040, 0.038, 0.95, 0.02),
        _bit("foot.L", (-0.034, 0.098, 0.040), (0.090, 0.103, 0.038), 0.038, 0.038, 1.0, 0.02),
        _bit("foot.L", (-0.010, 0.098, 0.080), (0.080, 0.103, 0.045), 0.034, 0.032, 0.95, 0.02),
        _bit("toe.L", (0.100, 0.104, 0.032), (0.165, 0.108, 0.026), 0.034, 0.025, 1.15, 0.02),
        _bit("foot.L", (-0.045, 0.098, 0.013), (0.090, 0.104, 0.013), 0.012, 0.012, 3.2, 0.005, "sole"),
        _bit("toe.L", (0.095, 0.104, 0.013), (0.165, 0.109, 0.013), 0.012, 0.012, 3.3, 0.005, "sole"),
    ]


def _painter(base: Color, bits: list[Bit], accents: dict[str, Color], weave: float, seed: int):  # type: ignore[no-untyped-def]
    kinds = np.array([bit.kind for bit in bits] + ["eye"])
    spots = np.random.default_rng(seed).normal(size=(24, 3)) * 14.0

    def paint(
        vertices: NDArray[np.float64], normals: NDArray[np.float64], nearest: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        kind = kinds[nearest]
        colors = np.tile(np.array(base), (len(vertices), 1))
        for name, color in accents.items():
            colors[kind == name] = color
        colors *= (1 + weave * np.sin(vertices @ spots.T).mean(axis=1))[:, None]
        eye = kind == "eye"
        if eye.any():
            ahead = normals[eye] @ np.array([1.0, 0.0, 0.0])
            colors[eye] = np.where((ahead > 0.80)[:, None], (0.10, 0.07, 0.05), (0.86, 0.84, 0.82))
        return colors

    return paint


def _larger_head(bits: list[Bit], factor: float) -> list[Bit]:
    if factor == 1.0:
        return bits
    pivot = np.array([0.0, 0.0, 1.50])

    def grown(point: tuple[float, float, float]) -> tuple[float, float, float]:
        x, y, z = pivot + (np.array(point) - pivot) * factor
        return float(x), float(y), float(z)

    return [
        replace(
            bit,
            ball=replace(
                bit.ball,
                start=grown(bit.ball.start),
                end=grown(bit.ball.end),
                radii=(bit.ball.radii[0] * factor, bit.ball.radii[1] * factor),
            ),
        )
        if bit.bone == "head"
        else bit
        for bit in bits
    ]


def clothed(person: Person, seed: int) -> tuple[Mesh, ...]:
    """Three levels of detail of that person in the rest pose, standing, arms down; metres."""
    standard = replace(skeleton(person), joints=skeleton(person).joints / person.scale)
    shift = -0.018 if person.woman else 0.0
    skin, tone = person.skin, np.array(person.skin)
    lips = tuple(tone * np.array([0.93, 0.80, 0.78]))
    sole = (0.75, 0.75, 0.73) if max(person.shoe) > 0.5 else (0.06, 0.06, 0.06)
    shade = tuple(np.array(person.top) * 0.8)
    eyes = both_sides([_bit("head", (0.0885, 0.033, 1.645), (0.0885, 0.033, 1.645), 0.0135, 0.0135)])
    hair = person.hair if person.helmet is None or person.style == "cap" else person.helmet
    hem = 0.70 if person.coat else 0.875
    cuff = None if person.sleeves else 1.215
    leg = 0.50 if person.skirt else 0.56 if person.shorts else 0.045
    accents = {"lips": lips, "nose": tuple(tone * (1.0, 0.95, 0.94))}
    layers: tuple[
        tuple[list[Bit], Material, Color, dict[str, Color], float, float, tuple[int, int, int], float | None], ...
    ]
    layers = (
        (_skin(person), SKIN, skin, accents, 0.03, 0.0075, (2600, 800, 190), None),
        (
            _hair(person),
            HAIR,
            hair,
            {"brow": person.hair, "visor": (0.03, 0.03, 0.035), "cap": person.helmet or person.hair},
            0.20,
            0.0075,
            (1100, 320, 80),
            None,
        ),
        (_top(person), CLOTH, person.top, {"collar": shade}, 0.10, 0.011, (1400, 440, 130), hem),
        (_sleeves(person), CLOTH, person.top, {}, 0.10, 0.011, (900, 280, 80), cuff),
        (_bottom(person), CLOTH, person.bottom, {}, 0.12, 0.011, (1400, 440, 140), leg),
        (_shoes(), SHOE, person.shoe, {"sole": sole}, 0.0, 0.0075, (900, 240, 80), None),
    )
    made = []
    for number, (plain, material, base, spots, weave, grid, budget, floor) in enumerate(layers):
        bits = both_sides([_narrowed(bit, shift) for bit in _larger_head(plain, person.head)])
        details = tuple(_larger_head(eyes, person.head)) if material is SKIN else ()
        made.append(
            skinned_levels(
                standard, bits, _painter(base, bits, spots, weave, seed * 8 + number), material,
                step=grid, triangles=budget, floor=floor, details=details, detail_material=EYE,
            )
        )  # fmt: skip
    levels = [joined([layer[level] for layer in made]) for level in range(3)]
    return tuple(replace(mesh, vertices=mesh.vertices * np.float32(person.scale)) for mesh in levels)


def _narrowed(bit: Bit, shift: float) -> Bit:
    """Arms moved inward by ``-shift`` for narrow shoulders, as in ``skeleton``."""
    if not shift or bit.bone.split(".")[0] not in ("arm", "forearm", "hand"):
        return bit
    (ax, ay, az), (bx, by, bz) = bit.ball.start, bit.ball.end
    return replace(bit, ball=replace(bit.ball, start=(ax, ay + shift, az), end=(bx, by + shift, bz)))
