"""The kangaroo: an eastern grey (or a red) that stands, looks, grazes and hops.

Proportions after Macropus giganteus, male about 1.6 m tall to the ears; hop after Dawson and Taylor 1973 ("Energetic
cost of locomotion in kangaroos"): the hop's frequency hardly changes with speed (about 2.2 Hz), its length does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets import store
from assets.flesh import Bit, both_sides, skinned_levels
from assets.gaits import flight, pulse, step, wave
from assets.mesh import Material
from assets.model import Clip, Model, Part
from assets.skeleton import Limb, Pose, Skeleton, pitch, roll, yaw
from assets.solids import Ball
from assets.tags import ANIMAL

BONES: dict[str, tuple[str | None, tuple[float, float, float]]] = {
    "pelvis": (None, (-0.04, 0.0, 0.64)),
    "loin": ("pelvis", (0.04, 0.0, 0.80)),
    "chest": ("loin", (0.14, 0.0, 0.98)),
    "neck": ("chest", (0.23, 0.0, 1.15)),
    "head": ("neck", (0.29, 0.0, 1.34)),
    "ear.L": ("head", (0.25, 0.040, 1.41)),
    "arm.L": ("chest", (0.23, 0.095, 1.05)),
    "forearm.L": ("arm.L", (0.19, 0.135, 0.88)),
    "hand.L": ("forearm.L", (0.35, 0.105, 0.80)),
    "fingers.L": ("hand.L", (0.40, 0.095, 0.755)),
    "thigh.L": ("pelvis", (0.00, 0.10, 0.64)),
    "shin.L": ("thigh.L", (0.23, 0.155, 0.47)),
    "foot.L": ("shin.L", (-0.10, 0.13, 0.10)),
    "toe.L": ("foot.L", (0.20, 0.13, 0.035)),
    "tail1": ("pelvis", (-0.12, 0.0, 0.55)),
    "tail2": ("tail1", (-0.28, 0.0, 0.38)),
    "tail3": ("tail2", (-0.44, 0.0, 0.22)),
    "tail4": ("tail3", (-0.62, 0.0, 0.105)),
    "tail5": ("tail4", (-0.82, 0.0, 0.055)),
    "tail6": ("tail5", (-1.02, 0.0, 0.040)),
}
LEGS = tuple(Limb((f"thigh.{s}", f"shin.{s}", f"foot.{s}", f"toe.{s}"), 1.0) for s in "LR")
ARMS = tuple(Limb((f"arm.{s}", f"forearm.{s}", f"hand.{s}", f"fingers.{s}"), -1.0) for s in "LR")
TAIL = tuple(f"tail{i}" for i in range(1, 7))
HOP_PERIOD = 0.43
"""Seconds of one hop, at all speeds."""
HOPS = {"hop": (5.0, (3.6, 6.4), 0.34), "hop_slow": (2.6, (0.0, 3.6), 0.42), "hop_fast": (8.0, (6.4, 14.0), 0.27)}
"""Clip name -> speed it is made for [m/s], range of speeds, fraction of the cycle on the ground."""


def _flesh(bulk: float) -> list[Bit]:
    """The body; ``bulk`` about 1 thickens chest and arms (old males) or slims them (females)."""

    def bit(
        bone: str,
        a: tuple[float, float, float],
        b: tuple[float, float, float],
        ra: float,
        rb: float,
        flat: float = 1.0,
        blend: float = 0.05,
        kind: str = "fur",
    ) -> Bit:
        return Bit(bone, Ball(a, b, (ra, rb), flat, blend), kind)

    tail = [BONES[name][1] for name in TAIL] + [(-1.20, 0.0, 0.035)]
    thick = (0.118, 0.098, 0.082, 0.066, 0.050, 0.036, 0.020)
    return both_sides(
        [
            bit("pelvis", (-0.05, 0, 0.60), (0.0, 0, 0.74), 0.165, 0.170, 0.95, 0.06),
            bit("loin", (0.03, 0, 0.76), (0.10, 0, 0.92), 0.168, 0.150, 0.90, 0.08),
            bit("pelvis", (0.07, 0, 0.62), (0.13, 0, 0.80), 0.10, 0.12, 1.05, 0.08, "belly"),
            bit("chest", (0.13, 0, 0.96), (0.20, 0, 1.09), 0.132 * bulk, 0.105 * bulk, 0.95, 0.08),
            bit("chest", (0.20, 0, 1.10), (0.23, 0, 1.17), 0.095, 0.078, 0.95, 0.07),
            bit("neck", (0.23, 0, 1.16), (0.285, 0, 1.34), 0.078, 0.056, 0.9, 0.06),
            # A deer's head: broad at the eyes, long straight bridge, squared soft muzzle.
            bit("head", (0.285, 0, 1.365), (0.335, 0, 1.355), 0.066, 0.060, 0.92, 0.04, "head"),
            bit("head", (0.34, 0, 1.352), (0.455, 0, 1.295), 0.052, 0.034, 0.88, 0.04, "head"),
            bit("head", (0.455, 0, 1.292), (0.475, 0, 1.278), 0.034, 0.030, 1.0, 0.02, "muzzle"),
            bit("head", (0.31, 0, 1.315), (0.44, 0, 1.268), 0.038, 0.022, 0.9, 0.03, "jaw"),
            bit("ear.L", (0.262, 0.038, 1.405), (0.252, 0.062, 1.465), 0.018, 0.032, 0.55, 0.02, "ear"),
            bit("ear.L", (0.252, 0.062, 1.465), (0.238, 0.088, 1.56), 0.032, 0.010, 0.50, 0.015, "ear"),
            bit("chest", (0.20, 0.07, 1.07), (0.22, 0.10, 1.04), 0.07 * bulk, 0.055 * bulk, 0.9, 0.05),
            bit("arm.L", (0.225, 0.105, 1.04), (0.19, 0.135, 0.885), 0.052 * bulk, 0.038 * bulk, 0.9, 0.04),
            bit("forearm.L", (0.19, 0.135, 0.885), (0.345, 0.105, 0.80), 0.040, 0.024, 1.0, 0.025, "arm"),
            bit("hand.L", (0.35, 0.105, 0.80), (0.40, 0.095, 0.755), 0.026, 0.022, 1.1, 0.02, "paw"),
            bit("fingers.L", (0.40, 0.105, 0.755), (0.425, 0.112, 0.715), 0.012, 0.007, 1.0, 0.015, "paw"),
            bit("fingers.L", (0.40, 0.085, 0.755), (0.428, 0.080, 0.715), 0.012, 0.007, 1.0, 0.015, "paw"),
            # The haunch: most of a kangaroo's muscle.
            bit("thigh.L", (-0.02, 0.095, 0.64), (0.11, 0.135, 0.57), 0.150, 0.130, 0.62, 0.06),
            bit("thigh.L", (0.10, 0.135, 0.575), (0.225, 0.155, 0.48), 0.125, 0.068, 0.62, 0.05),
            bit("shin.L", (0.225, 0.155, 0.47), (0.09, 0.147, 0.32), 0.066, 0.056, 0.85, 0.04),
            bit("shin.L", (0.09, 0.147, 0.32), (-0.085, 0.13, 0.115), 0.055, 0.032, 0.85, 0.03, "shank"),
            bit("foot.L", (-0.105, 0.13, 0.065), (0.02, 0.13, 0.050), 0.036, 0.032, 1.1, 0.03, "foot"),
            bit("foot.L", (0.02, 0.13, 0.050), (0.20, 0.13, 0.034), 0.033, 0.029, 1.15, 0.02, "foot"),
            bit("toe.L", (0.20, 0.132, 0.032), (0.345, 0.134, 0.018), 0.029, 0.014, 1.0, 0.02, "foot"),
            bit("toe.L", (0.19, 0.165, 0.030), (0.275, 0.172, 0.018), 0.018, 0.010, 1.0, 0.015, "foot"),
            *(
                bit(bone, tail[i], tail[i + 1], thick[i], thick[i + 1], 0.95, 0.06 if i == 0 else 0.02, "tail")
                for i, bone in enumerate(TAIL)
            ),
        ]
    )


EYES = both_sides([Bit("head", Ball((0.352, 0.044, 1.372), (0.352, 0.044, 1.372), (0.0155, 0.0155), 0.8), "eye")])
FUR = Material("fur", base_color=(1.0, 1.0, 1.0), roughness=0.95, lidar_reflectance=0.45)
EYE = Material("eye", base_color=(1.0, 1.0, 1.0), roughness=0.08, clear_coat=1.0, lidar_reflectance=0.1)


@dataclass(frozen=True)
class Coat:
    """sRGB colours in [0, 1]: of the back, the belly, and the dark points (muzzle, paws, feet, tail tip)."""

    back: tuple[float, float, float]
    belly: tuple[float, float, float]
    points: tuple[float, float, float]


COATS = (
    Coat((0.50, 0.435, 0.37), (0.80, 0.755, 0.69), (0.20, 0.165, 0.145)),  # eastern grey
    Coat((0.64, 0.40, 0.255), (0.86, 0.755, 0.64), (0.33, 0.225, 0.17)),  # red male
    Coat((0.42, 0.375, 0.335), (0.70, 0.665, 0.61), (0.15, 0.125, 0.115)),  # dark grey
    Coat((0.545, 0.48, 0.435), (0.83, 0.79, 0.74), (0.26, 0.22, 0.20)),  # blue-grey red female
)


def _painter(
    coat: Coat, bits: list[Bit], seed: int
) -> Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]], NDArray[np.float64]]:
    kinds = np.array([bit.kind for bit in bits] + ["eye"])
    spots = np.random.default_rng(seed).normal(size=(40, 3)) * 9.0
    back, belly, points = (np.array(c) for c in (coat.back, coat.belly, coat.points))

    def paint(
        vertices: NDArray[np.float64], normals: NDArray[np.float64], nearest: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        kind = kinds[nearest]
        x, y, z = vertices.T
        colors = np.tile(back, (len(vertices), 1))

        def lay(where: NDArray[np.float64], color: NDArray[np.float64]) -> None:
            share = np.clip(where, 0, 1)[:, None]
            colors[:] = colors * (1 - share) + color * share

        trunk = np.isin(kind, ("fur", "belly"))
        front = normals @ np.array([0.85, 0.0, -0.52])
        lay(trunk * np.clip((front - 0.25) / 0.5, 0, 1) * (np.abs(y) < 0.14), belly)
        inner = -np.sign(y) * normals[:, 1]
        lay(np.isin(kind, ("shank", "arm")) * np.clip(inner, 0, 1) * 0.9, belly)
        lay((kind == "tail") * np.clip(-normals[:, 2] * 0.8, 0, 0.7), belly)
        lay((kind == "tail") * np.clip((-0.62 - x) / 0.45, 0, 1) * 0.85, points)
        lay((kind == "foot") * np.clip((x + 0.12) / 0.30, 0.25, 0.9), points)
        lay((kind == "paw") * 0.95, points)
        lay((kind == "arm") * np.clip((x - 0.27) / 0.10, 0, 0.8), points)
        lay((kind == "jaw") * np.clip(-normals[:, 2] + 0.2, 0, 1), belly)
        lay(np.isin(kind, ("head", "muzzle")) * np.clip((x - 0.40) / 0.08, 0, 0.75), points)
        cheek = np.isin(kind, ("head", "jaw")) * (np.abs(z - (1.335 - 0.42 * (x - 0.34))) < 0.016) * (x > 0.33) * 0.55
        lay(cheek * (x < 0.44), belly)
        lay((kind == "muzzle") * (x > 0.478) * 0.95, np.array([0.06, 0.05, 0.05]))
        ear = kind == "ear"
        lay(ear * np.clip(normals[:, 0] * 1.4, 0, 0.8), belly * np.array([1.0, 0.86, 0.80]))
        lay(ear * np.clip((z - 1.51) / 0.05, 0, 0.8), points)
        lay(ear * np.clip(-normals[:, 0], 0, 0.5), points)
        # Fur is never even: soft mottling, and the back a little darker than the flanks.
        mottle = np.sin(vertices @ spots.T).mean(axis=1) * 0.5
        lay(trunk * np.clip(normals @ np.array([-0.8, 0, 0.6]) - 0.5, 0, 0.4), points)
        colors *= (1 + 0.35 * mottle)[:, None]
        colors[kind == "eye"] = (0.05, 0.035, 0.03)
        return colors

    return paint


@dataclass(frozen=True)
class Build:
    """An individual: scale (1 is a 1.57 m male), bulk of the upper body, coat."""

    scale: float
    bulk: float
    coat: Coat

    @classmethod
    def of(cls, variant: int) -> Build:
        """Variant 0 is a big eastern grey male; others draw size, sex and coat from their number."""
        if variant == 0:
            return cls(1.0, 1.05, COATS[0])
        draw = np.random.default_rng([variant, 0x6B61])
        coat = COATS[variant % len(COATS)]
        male = bool(draw.random() < 0.5)
        return cls(float(draw.uniform(0.95, 1.1) if male else draw.uniform(0.78, 0.9)), 1.06 if male else 0.9, coat)


@functools.cache
def skeleton(scale: float) -> Skeleton:
    """The bones of an animal ``scale`` times the standard size."""
    standard = Skeleton.of(BONES)
    return replace(standard, joints=standard.joints * scale)


def build(variant: int) -> tuple[Part, ...]:
    """Meshes the animal: one skinned part."""
    made = Build.of(variant)
    bits = _flesh(made.bulk)
    standard = skeleton(1.0)
    levels = skinned_levels(
        standard,
        bits,
        _painter(made.coat, bits, variant),
        FUR,
        step=0.0095,
        triangles=(9000, 3000, 800),
        details=tuple(EYES),
        detail_material=EYE,
    )
    scaled = tuple(replace(mesh, vertices=mesh.vertices * np.float32(made.scale)) for mesh in levels)
    return (Part("body", scaled, np.eye(4), ANIMAL),)


def _tail(angles: tuple[float, ...]) -> dict[str, NDArray[np.float64]]:
    return {name: pitch(angle) for name, angle in zip(TAIL, angles, strict=True)}


def _ears(twitch: float) -> dict[str, NDArray[np.float64]]:
    return {"ear.L": yaw(twitch) @ roll(-0.5 * twitch), "ear.R": yaw(-0.4 * twitch)}


def _tail_on_ground(turns: dict[str, NDArray[np.float64]], shift: tuple[float, float, float], scale: float) -> Pose:
    """The pose with the tail turned at its root so that it lies on the ground as it does at rest."""
    level = Pose(skeleton(scale), turns, shift)
    root, end = (level.skeleton.index(name) for name in (TAIL[0], TAIL[-1]))
    rest = level.skeleton.joints
    span = rest[end] - rest[root]
    # Absolute tilt that brings the tail's end back to the ground from the root's new height.
    height = level.positions[root][2] - rest[end][2]
    tilt = np.arcsin(height / np.hypot(span[0], span[2])) - np.arctan2(-span[2], -span[0])
    parent = level.rotations[level.skeleton.parents[root]]
    return Pose(level.skeleton, {**turns, TAIL[0]: parent.T @ pitch(-tilt)}, shift)


def _feet_at_rest(pose: Pose) -> None:
    for leg in LEGS:
        pose.plant(leg, pose.skeleton.joint(leg.bones[3]), 0.0, 0.0)


@dataclass(frozen=True)
class Stand:
    """Upright and calm: breath, a turn of the head, an ear's twitch."""

    scale: float

    def __call__(self, phase: float) -> NDArray[np.float32]:
        breath = wave(phase * 2)
        pose = Pose(
            skeleton(self.scale),
            {
                "loin": pitch(0.012 * breath),
                "chest": pitch(-0.012 * breath),
                "head": yaw(0.22 * wave(phase)) @ pitch(0.03 * breath),
                **_ears(0.45 * pulse(phase, 0.3, 0.08)),
            },
        )
        _feet_at_rest(pose)
        return pose.matrices()


@dataclass(frozen=True)
class Alert:
    """Drawn up to full height, head high, ears forward, watching."""

    scale: float

    def __call__(self, phase: float) -> NDArray[np.float32]:
        sway = wave(phase)
        lift = 0.05 * self.scale
        pose = _tail_on_ground(
            {
                "pelvis": pitch(-0.16),
                "loin": pitch(-0.16 + 0.01 * sway),
                "chest": pitch(-0.06),
                "neck": pitch(0.06),
                "head": yaw(0.12 * sway) @ pitch(0.30),
                "ear.L": yaw(-0.35 - 0.2 * pulse(phase, 0.6, 0.1)),
                "ear.R": yaw(0.35),
                "arm.L": pitch(0.25),
                "arm.R": pitch(0.25),
            },
            (-0.02 * self.scale, 0.0, lift),
            self.scale,
        )
        _feet_at_rest(pose)
        return pose.matrices()


@dataclass(frozen=True)
class Graze:
    """On five limbs: hands and tail on the ground, head down, cropping."""

    scale: float

    def __call__(self, phase: float) -> NDArray[np.float32]:
        s = self.scale
        nibble = wave(phase * 4)
        pose = _tail_on_ground(
            {
                "pelvis": pitch(0.74),
                "loin": pitch(0.48),
                "chest": pitch(0.36),
                "neck": pitch(0.50 + 0.03 * nibble),
                "head": pitch(-0.70 + 0.05 * nibble) @ yaw(0.12 * wave(phase)),
                "ear.L": yaw(0.3) @ pitch(-0.4),
                "ear.R": yaw(-0.3) @ pitch(-0.4),
            },
            (-0.12 * s, 0.0, -0.17 * s),
            s,
        )
        for leg in LEGS:
            pose.plant(leg, pose.skeleton.joint(leg.bones[3]), 0.0, 0.0)
        for arm, side in zip(ARMS, (1.0, -1.0), strict=True):
            pose.plant(arm, np.array([0.47, 0.10 * side, 0.030]) * s, 0.25, 0.9)
        return pose.matrices()


@dataclass(frozen=True)
class Hop:
    """Both hind legs together; the body flies, leaning forward, and the tail swings against the legs.

    Attributes:
        scale: of the animal.
        stride: metres a hop.
        duty: fraction of the cycle on the ground, phase 0 being the landing.
    """

    scale: float
    stride: float
    duty: float

    def __call__(self, phase: float) -> NDArray[np.float32]:
        s, duty = self.scale, self.duty
        foot = step(phase, duty, self.stride)
        rise = flight(phase, duty, HOP_PERIOD)
        # Legs furthest back just after take-off, furthest forward just before landing.
        swing = float(np.cos(2 * np.pi * (phase - duty - 0.05)))
        pose = Pose(
            skeleton(s),
            {
                "pelvis": pitch(0.60 + 0.10 * swing),
                "loin": pitch(0.16 - 0.06 * swing),
                "chest": pitch(-0.04 - 0.03 * swing),
                "neck": pitch(-0.22 - 0.03 * swing),
                "head": pitch(-0.22 - 0.03 * swing),
                "ear.L": pitch(-0.25),
                "ear.R": pitch(-0.25),
                "arm.L": pitch(0.35 + 0.12 * swing),
                "arm.R": pitch(0.35 + 0.12 * swing),
                "forearm.L": pitch(-0.30 + 0.10 * swing),
                "forearm.R": pitch(-0.30 + 0.10 * swing),
                # Counter-swing: down while the legs drive back, up while they come forward.
                **_tail((0.06 - 0.24 * swing, 0.02 - 0.08 * swing, -0.10 - 0.05 * swing, -0.16, -0.12, -0.06)),
            },
            (-0.02 * s, 0.0, 0.11 * s + rise),
        )
        if foot.stance is not None:
            # The heel comes up in the second half of the stance; the ball stays where it is.
            heel = 0.10 + 1.15 * float(np.clip((foot.stance - 0.30) / 0.70, 0, 1)) ** 1.4
            toe = 0.0
            tuck = 0.0
        else:
            assert foot.swing is not None
            t = foot.swing
            heel = 1.25 * (1 - t) ** 1.1 + 0.10 * t + 0.35 * np.sin(np.pi * t) * (1 - t)
            toe = heel * 0.75 * float(np.sin(np.pi * min(2 * t, 1.0) / 2)) * (1 - t)
            tuck = foot.lift
        for leg in LEGS:
            rest = pose.skeleton.joint(leg.bones[3])
            # The middle of the stance is under the body's centre of mass, which is near the hips.
            ball = rest + np.array(
                [-0.20 * s + foot.forward, 0.0, tuck * 0.10 * s + (rise if foot.stance is None else 0.0)]
            )
            pose.plant(leg, ball, float(heel), float(toe))
        return pose.matrices()


def clips(scale: float) -> tuple[Clip, ...]:
    """All motions of an animal of that scale."""
    still = (0.0, 0.0)
    spots = (
        Clip("stand", still, 0.0, 5.0, Stand(scale)),
        Clip("alert", still, 0.0, 4.0, Alert(scale)),
        Clip("graze", still, 0.0, 4.0, Graze(scale)),
    )
    hops = tuple(
        Clip(name, speeds, speed * HOP_PERIOD, HOP_PERIOD, Hop(scale, speed * HOP_PERIOD, duty))
        for name, (speed, speeds, duty) in HOPS.items()
    )
    return spots + hops


def kangaroo(variant: int, size: tuple[float, float, float] | None) -> Model:
    """A kangaroo; ``size`` does not apply to animals and is ignored by none: giving it raises ValueError."""
    if size is not None:
        raise ValueError("animals take no size; choose a variant")
    made = store.parts("animal.kangaroo", variant, None, functools.partial(build, variant), __name__)
    scale = Build.of(variant).scale
    return store.model("animal.kangaroo", "animal.kangaroo", made, clips(scale), skeleton(scale))


MODELS = {"animal.kangaroo": kangaroo}
