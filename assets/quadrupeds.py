"""Animals on four legs: one plan, stretched to each species' proportions; red deer, cattle, dog.

Walks are lateral sequences (left hind, left fore, right hind, right fore, a quarter cycle apart) and runs are gallops
(Hildebrand 1989, "The quadrupedal gaits of vertebrates").
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets import store
from assets.flesh import Bit, both_sides, skinned_levels
from assets.gaits import Step, step, wave
from assets.mesh import Material
from assets.model import Clip, Model, Part
from assets.skeleton import Limb, Pose, Skeleton, pitch, yaw
from assets.solids import Ball
from assets.tags import ANIMAL

Color = tuple[float, float, float]
Point = tuple[float, float, float]
Size = tuple[float, float, float]

FUR = Material("fur", (1.0, 1.0, 1.0), roughness=0.95, lidar_reflectance=0.45)
EYE = Material("eye", (1.0, 1.0, 1.0), roughness=0.08, clear_coat=1.0, lidar_reflectance=0.1)
HIND = tuple(Limb((f"thigh.{s}", f"shin.{s}", f"foot.{s}", f"hoof.{s}"), 1.0) for s in "LR")
FORE = tuple(Limb((f"arm.{s}", f"forearm.{s}", f"hand.{s}", f"toe.{s}"), -1.0) for s in "LR")


@dataclass(frozen=True)
class Species:
    """Proportions; metres for an adult.

    Attributes:
        shoulder: height of the withers.
        elbow: height of the elbow: how long the legs are.
        trunk: from the hips' joint to the shoulders'.
        depth, width: radius of the chest, and its width over its depth.
        tuck: radius of the loin over that of the chest.
        leg: thickness of the legs.
        neck: (forward, up) from the neck's root to the head's joint; its radius at root and head.
        head: (length of the face, radius of the skull, radius of the muzzle, droop of the face).
        ear: (length, how far it stands up in [0, 1]).
        tail: (length, thickness).
        hooves: whether it walks on hooves rather than paws.
        antlers, horns, udder, patches, saddle: what it has besides.
        coats: (back, belly, points) to choose from, sRGB.
        walk, run: (stride [m], duty).
    """

    shoulder: float
    elbow: float
    trunk: float
    depth: float
    width: float
    tuck: float
    leg: float
    neck: tuple[float, float, float, float]
    head: tuple[float, float, float, float]
    ear: tuple[float, float]
    tail: tuple[float, float]
    coats: tuple[tuple[Color, Color, Color], ...]
    walk: tuple[float, float]
    run: tuple[float, float]
    hooves: bool = True
    antlers: bool = False
    horns: bool = False
    udder: bool = False
    patches: bool = False
    saddle: bool = False

    def at(self, x: float, y: float, z: float) -> Point:
        """A point of the plan (an animal with withers at 1.20, elbow at 0.68, trunk 0.95) for this species."""
        low = self.elbow / 0.68
        high = self.elbow + (z - 0.68) * (self.shoulder - self.elbow) / 0.52
        return x * self.trunk / 0.95, y * self.depth * self.width / 0.19, z * low if z <= 0.68 else high


DEER = Species(
    shoulder=1.22, elbow=0.69, trunk=0.96, depth=0.235, width=0.80, tuck=0.82, leg=1.0,
    neck=(0.30, 0.42, 0.115, 0.072), head=(0.27, 0.078, 0.040, 0.36), ear=(0.17, 0.5), tail=(0.14, 0.035),
    coats=(((0.50, 0.34, 0.22), (0.70, 0.60, 0.48), (0.20, 0.14, 0.11)), ((0.43, 0.33, 0.25), (0.66, 0.59, 0.50),
        (0.18, 0.14, 0.12))),
    walk=(1.30, 0.62), run=(3.4, 0.26), antlers=True,
)  # fmt: skip
COW = Species(
    shoulder=1.42, elbow=0.70, trunk=1.25, depth=0.365, width=0.84, tuck=0.96, leg=1.22,
    neck=(0.38, 0.10, 0.20, 0.135), head=(0.28, 0.125, 0.082, 0.80), ear=(0.17, 0.05), tail=(0.75, 0.028),
    coats=(((0.88, 0.86, 0.83), (0.90, 0.86, 0.82), (0.09, 0.08, 0.08)), ((0.48, 0.27, 0.16), (0.56, 0.36, 0.24),
        (0.86, 0.82, 0.76)),
           ((0.10, 0.09, 0.09), (0.14, 0.12, 0.11), (0.08, 0.07, 0.07))),
    walk=(1.35, 0.66), run=(2.6, 0.32), horns=True, udder=True, patches=True,
)  # fmt: skip
DOG = Species(
    saddle=True,
    shoulder=0.62, elbow=0.33, trunk=0.56, depth=0.135, width=0.76, tuck=0.76, leg=0.66,
    neck=(0.12, 0.14, 0.092, 0.076), head=(0.105, 0.072, 0.030, 0.22), ear=(0.12, 1.0), tail=(0.40, 0.030),
    coats=(((0.42, 0.29, 0.17), (0.66, 0.52, 0.36), (0.10, 0.09, 0.08)), ((0.72, 0.56, 0.36), (0.84, 0.74, 0.58),
        (0.40, 0.28, 0.18)),
           ((0.09, 0.085, 0.085), (0.16, 0.13, 0.11), (0.07, 0.06, 0.06))),
    walk=(0.72, 0.62), run=(1.8, 0.28), hooves=False,
)  # fmt: skip


@functools.cache
def skeleton(kind: Species, scale: float) -> Skeleton:
    """The bones of an animal of that kind, ``scale`` times the adult's size."""
    ahead, up = kind.neck[:2]
    root = np.array(kind.at(0.47, 0.0, 1.02))
    head = root + np.array([ahead, 0.0, up])
    rump = kind.at(-0.58 - 0.4 * kind.depth * kind.tuck, 0.0, 1.10)
    ear = head + np.array([-0.3 * kind.head[1], 0.75 * kind.head[1], 0.65 * kind.head[1]])
    bones: dict[str, tuple[str | None, Point]] = {
        "pelvis": (None, kind.at(-0.48, 0.0, 1.02)),
        "loin": ("pelvis", kind.at(-0.20, 0.0, 1.02)),
        "chest": ("loin", kind.at(0.15, 0.0, 1.00)),
        "neck": ("chest", (float(root[0]), 0.0, float(root[2]))),
        "head": ("neck", (float(head[0]), 0.0, float(head[2]))),
        "ear.L": ("head", (float(ear[0]), float(ear[1]), float(ear[2]))),
        "tail1": ("pelvis", (rump[0], 0.0, rump[2])),
        "tail2": ("tail1", (rump[0] - 0.06 * kind.trunk, 0.0, rump[2] - 0.45 * kind.tail[0])),
        "thigh.L": ("pelvis", kind.at(-0.50, 0.11, 0.98)),
        "shin.L": ("thigh.L", kind.at(-0.36, 0.135, 0.69)),
        "foot.L": ("shin.L", kind.at(-0.63, 0.125, 0.47)),
        "hoof.L": ("foot.L", kind.at(-0.58, 0.125, 0.065)),
        "arm.L": ("chest", kind.at(0.40, 0.11, 0.88)),
        "forearm.L": ("arm.L", kind.at(0.27, 0.125, 0.67)),
        "hand.L": ("forearm.L", kind.at(0.31, 0.12, 0.38)),
        "toe.L": ("hand.L", kind.at(0.30, 0.12, 0.065)),
    }
    standard = Skeleton.of(bones)
    return replace(standard, joints=standard.joints * scale)


def _flesh(kind: Species, stag: bool) -> list[Bit]:
    bones = skeleton(kind, 1.0)
    r, t = kind.depth, kind.leg * 0.052

    def joint(name: str) -> NDArray[np.float64]:
        return bones.joint(name)

    def bit(
        bone: str, a: NDArray[np.float64], b: NDArray[np.float64], ra: float, rb: float, flat: float = 1.0,
        blend: float = 0.05, what: str = "fur",
    ) -> Bit:  # fmt: skip
        start, end = (tuple(float(v) for v in p) for p in (a, b))
        return Bit(bone, Ball(start, end, (ra, rb), flat, blend * min(1.0, 4 * r)), what)  # type: ignore[arg-type]

    at = functools.partial(_point, kind)
    back = kind.shoulder
    hips, chest = at(-0.46, 0, 0), at(0.30, 0, 0)
    hips[2], chest[2] = back - 0.98 * kind.tuck * r - 0.01, back - r
    middle = (hips + chest) / 2 - [0, 0, 0.03 * r]
    face, skull, muzzle, droop = kind.head
    head = joint("head")
    nose = head + np.array([face * np.cos(droop) + skull, 0, -face * np.sin(droop) - 0.2 * skull])
    ahead = (nose - head) / np.linalg.norm(nose - head)
    ear = joint("ear.L")
    tip = ear + kind.ear[0] * np.array([-0.25, 0.85 - 0.55 * kind.ear[1], 0.15 + 0.75 * kind.ear[1]])
    neck_root, neck_top = kind.neck[2:]
    nape = joint("neck") + (head - joint("neck")) * 0.15
    bits = [
        bit("pelvis", hips + np.array([-0.10 * r, 0, 0]), middle - [0.2 * r, 0, 0], kind.tuck * r,
            0.90 * r * (0.5 + kind.tuck / 2), kind.width, 0.08),
        bit("loin", middle - [0.3 * r, 0, 0], middle + np.array([0.4 * r, 0, 0]), 0.90 * r * (0.5 + kind.tuck / 2),
            0.98 * r, kind.width * 1.04, 0.08),
        bit("chest", middle + np.array([0.4 * r, 0, 0]), chest, 0.97 * r, r, kind.width, 0.08),
        bit("chest", chest, joint("neck"), 0.85 * r, neck_root * 1.15, kind.width, 0.08),
        bit("neck", joint("neck"), nape, neck_root * 1.12, neck_root, 0.85, 0.06),
        bit("neck", nape, head - [0.2 * skull, 0, 0], neck_root, neck_top, 0.85, 0.05),
        bit("head", head, head + ahead * 0.6 * skull, skull, 0.88 * skull, 0.88, 0.04, "head"),
        bit("head", head + ahead * 0.7 * skull, nose, 0.76 * skull, muzzle, 0.85, 0.04, "head"),
        bit("head", nose, nose + ahead * 0.3 * muzzle, muzzle * 1.02, 0.92 * muzzle, 1.05, 0.02, "muzzle"),
        bit("head", head + ahead * 0.9 * skull - [0, 0, 0.35 * skull], nose - [0, 0, 0.6 * muzzle], 0.5 * skull,
            0.6 * muzzle, 0.8, 0.03, "head"),
        bit("ear.L", ear, (ear + tip) / 2, 0.13 * kind.ear[0], 0.20 * kind.ear[0], 0.7, 0.02, "ear"),
        bit("ear.L", (ear + tip) / 2, tip, 0.20 * kind.ear[0], 0.05 * kind.ear[0], 0.7, 0.015, "ear"),
        bit("tail1", joint("tail1"), joint("tail2"), kind.tail[1] * 1.3, kind.tail[1], 1.0, 0.03, "tail"),
        bit("tail2", joint("tail2"), joint("tail2") - [0.02 * kind.trunk, 0, 0.55 * kind.tail[0]], kind.tail[1],
            kind.tail[1] * (1.5 if kind.udder else 0.6), 1.0, 0.02, "tail"),
        bit("thigh.L", joint("thigh.L"), joint("shin.L"), 0.72 * kind.tuck * r, 1.7 * t, 0.62, 0.06),
        bit("shin.L", joint("shin.L"), joint("foot.L"), 1.7 * t, 0.80 * t, 0.8, 0.03, "leg"),
        bit("foot.L", joint("foot.L") - [0.2 * t, 0, 0], joint("hoof.L"), 0.86 * t, 0.62 * t, 0.85, 0.02, "leg"),
        bit("arm.L", joint("arm.L"), joint("forearm.L"), 0.58 * r, 1.7 * t, 0.60, 0.06),
        bit("forearm.L", joint("forearm.L"), joint("hand.L"), 1.5 * t, 0.85 * t, 0.8, 0.03, "leg"),
        bit("hand.L", joint("hand.L"), joint("toe.L"), 0.84 * t, 0.62 * t, 0.85, 0.02, "leg"),
    ]  # fmt: skip
    for bone in ("hoof.L", "toe.L"):
        foot = joint(bone)
        sole = 0.75 * t if kind.hooves else 0.62 * t
        reach = 0.5 * t if kind.hooves else 1.0 * t
        down = np.array([foot[0] + reach, foot[1], sole * 0.95])
        bits.append(bit(bone, foot, down, 0.66 * t, sole, 0.95, 0.015, "hoof" if kind.hooves else "leg"))
    crown = head + np.array([-0.2 * skull, 0.4 * skull, 0.75 * skull])
    if kind.antlers and stag:
        beam = [(0, 0, 0), (-0.05, 0.14, 0.20), (-0.02, 0.26, 0.45), (0.05, 0.24, 0.68)]
        points = [crown + np.array(p) for p in beam]
        for i in range(3):
            bits.append(bit("head", points[i], points[i + 1], 0.020 - 0.004 * i, 0.016 - 0.004 * i, 1.0, 0.01, "horn"))
        for base, way in (
            (0.05, (0.20, 0.02, 0.10)),
            (1.0, (0.20, 0.05, 0.10)),
            (2.0, (0.16, -0.02, 0.14)),
            (2.2, (-0.12, 0.05, 0.18)),
        ):
            low = points[int(base)] + (points[min(int(base) + 1, 3)] - points[int(base)]) * (base % 1)
            bits.append(bit("head", low, low + np.array(way), 0.013, 0.005, 1.0, 0.01, "horn"))
    if kind.horns:
        bits.append(bit("head", crown, crown + np.array([0.03, 0.11, 0.05]), 0.026, 0.018, 1.0, 0.015, "horn"))
        bits.append(
            bit(
                "head",
                crown + np.array([0.03, 0.11, 0.05]),
                crown + np.array([0.08, 0.13, 0.13]),
                0.018,
                0.007,
                1.0,
                0.01,
                "horn",
            )
        )
    both = both_sides(bits)
    if kind.udder:
        low = np.array([hips[0] + 0.30 * r, 0, hips[2] - 0.98 * r])
        both.append(bit("pelvis", low, low + np.array([0.25 * r, 0, 0]), 0.34 * r, 0.26 * r, 1.1, 0.05, "udder"))
    return both


def _point(kind: Species, x: float, y: float, z: float) -> NDArray[np.float64]:
    return np.array(kind.at(x, y, z))


def _painter(
    kind: Species, coat: tuple[Color, Color, Color], bits: list[Bit], seed: int
) -> Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]], NDArray[np.float64]]:
    kinds = np.array([bit.kind for bit in bits] + ["eye"])
    draw = np.random.default_rng([seed, 0x9D])
    back, belly, points = (np.array(c) for c in coat)
    spots, shift = draw.normal(size=(5, 3)) * 4.8, draw.uniform(0, 6, 5)
    mottle = draw.normal(size=(30, 3)) * 10.0

    def paint(
        vertices: NDArray[np.float64], normals: NDArray[np.float64], nearest: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        what = kinds[nearest]
        colors = np.tile(back, (len(vertices), 1))

        def lay(where: NDArray[np.float64], color: NDArray[np.float64]) -> None:
            share = np.clip(where, 0, 1)[:, None]
            colors[:] = colors * (1 - share) + color * share

        trunk = what == "fur"
        if kind.patches:
            field = np.sin(vertices @ spots.T + shift).sum(axis=1)
            lay((trunk | (what == "head")) * np.clip((field - 0.15) * 6, 0, 1), points)
        lay((trunk | (what == "leg")) * np.clip(-normals[:, 2] * 1.2 - 0.2, 0, 0.9), belly)
        if not kind.patches:
            lay((what == "leg") * 0.35, points)
            lay((what == "tail") * np.clip(-normals[:, 0], 0, 1) * 0.8, belly)
            lay(trunk * (vertices[:, 0] < kind.at(-0.62, 0, 1)[0]) * np.clip(-normals[:, 0] - 0.45, 0, 0.45) * 2, belly)
        if kind.saddle:
            lay(trunk * np.clip(normals[:, 2] * 2.2 + 0.2, 0, 0.9), points)
            lay((what == "tail") * 0.6, points)
            snout = (vertices[:, 0] - kind.at(0.47, 0, 1)[0] - kind.neck[0] - kind.head[1]) / kind.head[0]
            lay((what == "head") * np.clip(snout * 1.4, 0, 0.8), points)
        lay((what == "muzzle") * 1.0, np.array([0.10, 0.08, 0.08]) if not kind.udder else np.array([0.62, 0.46, 0.42]))
        lay((what == "hoof") * 1.0, np.array([0.09, 0.08, 0.07]))
        lay((what == "horn") * 1.0, np.array([0.52, 0.43, 0.32]))
        lay((what == "udder") * 1.0, np.array([0.84, 0.64, 0.58]))
        lay((what == "ear") * np.clip(normals[:, 0], 0, 0.7), belly)
        colors *= (1 + 0.3 * np.sin(vertices @ mottle.T).mean(axis=1))[:, None]
        colors[what == "eye"] = (0.05, 0.035, 0.03)
        return colors

    return paint


def build(kind: Species, variant: int, scale: float) -> tuple[Part, ...]:
    """Meshes the animal: one skinned part."""
    bits = _flesh(kind, variant % 2 == 0)
    skull = kind.head[1]
    head = skeleton(kind, 1.0).joint("head")
    eye = head + np.array([0.72 * skull, 0.72 * skull, 0.28 * skull])
    place = (float(eye[0]), float(eye[1]), float(eye[2]))
    eyes = both_sides([Bit("head", Ball(place, place, (0.19 * skull, 0.19 * skull)), "eye")])
    levels = skinned_levels(
        skeleton(kind, 1.0), bits, _painter(kind, kind.coats[variant % len(kind.coats)], bits, variant), FUR,
        step=0.0105 * max(kind.shoulder, 0.75), triangles=(8000, 2600, 750), details=tuple(eyes), detail_material=EYE,
    )  # fmt: skip
    scaled = tuple(replace(mesh, vertices=mesh.vertices * np.float32(scale)) for mesh in levels)
    return (Part("body", scaled, np.eye(4), ANIMAL),)


@dataclass(frozen=True)
class Still:
    """Standing: breath, tail, ears; the head at ``droop`` [rad] below its rest (grazing), or turning (watching)."""

    kind: Species
    scale: float
    droop: float
    look: float

    def __call__(self, phase: float) -> NDArray[np.float32]:
        chew = wave(phase * 3)
        pose = Pose(
            skeleton(self.kind, self.scale),
            {
                "neck": pitch(self.droop + 0.02 * chew) @ yaw(self.look * 0.6 * wave(phase)),
                "head": pitch(-0.35 * self.droop + 0.02 * chew) @ yaw(self.look * 0.5 * wave(phase)),
                "tail1": yaw(0.25 * wave(phase * 2)),
                "ear.L": yaw(0.2 * wave(phase * 2, 0.1)),
            },
        )
        return pose.matrices()


@dataclass(frozen=True)
class Move:
    """Walking or galloping.

    Attributes:
        kind, scale: whose bones.
        stride: metres a cycle; duty: fraction of it that a foot is down.
        landings: phases at which left hind, right hind, left fore, right fore land.
        drop, bounce: [m per metre of height] how much lower the trunk is than at rest, and how far it rises and falls.
        rock: [rad] pitching of the trunk.
    """

    kind: Species
    scale: float
    stride: float
    duty: float
    landings: tuple[float, float, float, float]
    drop: float
    bounce: float
    rock: float

    def __call__(self, phase: float) -> NDArray[np.float32]:
        tall = self.kind.shoulder * self.scale
        beat = 1 if self.rock else 2
        rock = self.rock * wave(phase, 0.10)
        nod = 0.05 * wave(beat * phase, 0.3)
        pose = Pose(
            skeleton(self.kind, self.scale),
            {
                "pelvis": pitch(rock),
                "loin": pitch(-0.5 * rock),
                "chest": pitch(-0.3 * rock),
                "neck": pitch(0.12 + nod - 0.5 * rock),
                "head": pitch(-0.08 - nod),
                "tail1": pitch(0.25 if self.rock else 0.05) @ yaw(0.1 * wave(phase)),
            },
            (0.0, 0.0, tall * (self.bounce * wave(beat * phase, 0.35) - self.drop)),
        )
        for limb, landing in zip((*HIND, *FORE), self.landings, strict=True):
            self._foot(pose, limb, step(phase - landing, self.duty, self.stride * 1.0), limb in HIND)
        return pose.matrices()

    def _foot(self, pose: Pose, limb: Limb, foot: Step, hind: bool) -> None:
        tall = self.kind.shoulder * self.scale
        rest = pose.skeleton.joint(limb.bones[3])
        reach = 0.30 if not self.rock else 0.55
        if foot.stance is not None:
            tilt, toe, lift = -reach + 2.0 * reach * foot.stance, 0.0, 0.0
        else:
            assert foot.swing is not None
            t = foot.swing
            fold = float(np.sin(np.pi * t)) * (1 - 0.4 * t)
            tilt = reach * (1 - 2 * (3 * t * t - 2 * t**3)) + (0.75 if hind else 1.15) * fold
            toe, lift = 0.7 * tilt * fold, foot.lift * tall * (0.16 if self.rock else 0.075)
        ball = rest + np.array([foot.forward - (0.02 if hind else 0.0) * tall, 0.0, lift])
        pose.plant(limb, ball, float(tilt), float(toe))


def clips(kind: Species, scale: float) -> tuple[Clip, ...]:
    """All motions of an animal of that kind and scale."""
    still = (0.0, 0.0)
    walk, run = kind.walk[0] * scale, kind.run[0] * scale
    limit = 2.2 * (kind.shoulder * scale) ** 0.5
    lateral = (0.0, 0.5, 0.25, 0.75)
    gallop = (0.0, 0.10, 0.45, 0.57)
    graze = float(np.arctan2(kind.neck[1], kind.neck[0])) + 0.85
    return (
        Clip("stand", still, 0.0, 6.0, Still(kind, scale, 0.0, 0.25)),
        Clip("alert", still, 0.0, 4.0, Still(kind, scale, -0.15, 0.5)),
        Clip("graze", still, 0.0, 5.0, Still(kind, scale, graze, 0.1)),
        Clip("walk", (0.0, limit), walk, walk / 1.3, Move(kind, scale, walk, kind.walk[1], lateral, 0.025, 0.008, 0.0)),
        Clip("run", (limit, 16.0), run, 0.45, Move(kind, scale, run, kind.run[1], gallop, 0.06, 0.03, 0.10)),
    )


def _model(name: str, kind: Species, variant: int, size: Size | None) -> Model:
    if size is not None:
        raise ValueError(f"{name} takes no size; choose a variant")
    scale = 1.0 if variant == 0 else float(np.random.default_rng([variant, 0x51]).uniform(0.86, 1.08))
    made = store.parts(name, variant, None, functools.partial(build, kind, variant, scale), __name__)
    return store.model(name, name, made, clips(kind, scale), skeleton(kind, scale))


MODELS: dict[str, Callable[[int, Size | None], Model]] = {
    "animal.deer": functools.partial(_model, "animal.deer", DEER),
    "animal.cow": functools.partial(_model, "animal.cow", COW),
    "animal.dog": functools.partial(_model, "animal.dog", DOG),
}
