"""People on small vehicles and with a pushchair: an e-scooter, a skateboard, someone who pushes a child along.

nuScenes counts riders of ``personal_mobility`` into the box of what they ride, and so do we. It labels who pushes a
stroller apart from it; here both are one actor, with one box of the class ``stroller``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets import store
from assets.gaits import wave
from assets.human import ARMS, LEGS, Person, clothed, skeleton
from assets.joinery import BLACK, DARK, GREY, METAL, PLASTIC, RUBBER, Kit
from assets.mesh import Mesh
from assets.model import Clip, Model, Part
from assets.people import Stand, Stride, clips, with_thing
from assets.pieces import join
from assets.props_luggage import pushchair
from assets.skeleton import Pose, pitch, roll, yaw
from assets.tags import Tag

Size = tuple[float, float, float]

DECK = 0.155
"""Height [m] of an e-scooter's deck; with the rest, of the size of Xiaomi's M365: 1.08 x 0.43 x 1.14 m, wheels of
8.5 inches."""
BAR = (0.27, 0.19, 1.10)
"""Its left grip [m]."""
BOARD = 0.115
"""Height [m] of a skateboard's deck, 0.80 m long and 0.20 m wide, on wheels of 54 mm."""
HANDLE = (0.40, 0.20, 1.02)
"""Left hand [m] on a pushchair's handle."""


@dataclass(frozen=True)
class Scoot:
    """Upright on an e-scooter, one foot behind the other, both hands on the bar; ``rest`` puts the left foot down."""

    person: Person
    rest: bool

    def __call__(self, phase: float) -> NDArray[np.float32]:
        s, bob = self.person.scale, 0.01 * wave(phase)
        lean = 0.10 + bob
        turns = {"spine": pitch(lean), "neck": pitch(-lean), "head": yaw(0.08 * wave(phase, 0.3))}
        aside = 0.04 if self.rest else 0.0
        drop = 0.03 if not self.rest else 0.11
        pose = Pose(skeleton(self.person), turns, (-0.10, aside, DECK - drop * s))
        left = (-0.02, 0.19, 0.022 * s) if self.rest else (0.13, 0.035, DECK + 0.022 * s)
        for leg, ball in zip(LEGS, (left, (-0.13, -0.035, DECK + 0.022 * s)), strict=True):
            pose.plant(leg, np.array(ball), 0.0, 0.0, 0.15 if leg is LEGS[0] else -0.15)
        for arm, side in zip(ARMS, (1.0, -1.0), strict=True):
            pose.plant(arm, np.array(BAR) * [1.0, side, 1.0], -1.2, -1.2)
        return pose.matrices()


@dataclass(frozen=True)
class Skate:
    """Sideways on a skateboard, knees bent, arms out, looking where it goes."""

    person: Person

    def __call__(self, phase: float) -> NDArray[np.float32]:
        s, sway = self.person.scale, wave(phase)
        # Posed facing +x with the board along y, then turned to the left.
        pose = Pose(
            skeleton(self.person),
            {
                "pelvis": pitch(0.12),
                "spine": pitch(0.16 + 0.03 * sway) @ yaw(-0.25),
                "chest": yaw(-0.25),
                "neck": yaw(-0.35) @ pitch(-0.1),
                "head": yaw(-0.45) @ pitch(-0.1),
                "arm.L": roll(0.55 + 0.08 * sway),
                "arm.R": roll(-0.60 + 0.08 * sway),
                "forearm.L": pitch(-0.45),
                "forearm.R": pitch(-0.45),
            },
            (-0.04, 0.0, BOARD - (0.13 + 0.015 * sway) * s),
        )
        for leg, side in zip(LEGS, (1.0, -1.0), strict=True):
            pose.plant(leg, np.array([0.07, 0.23 * side, BOARD + 0.022 * s]), 0.0, 0.0, 0.2 * side)
        turned = np.eye(4, dtype=np.float32)
        turned[:3, :3] = yaw(np.pi / 2)
        return np.asarray(turned @ pose.matrices())


@dataclass(frozen=True)
class Push:
    """A gait with both hands on a handle; ``motion`` moves all but the arms."""

    motion: Stand | Stride

    def __call__(self, phase: float) -> NDArray[np.float32]:
        pose = self.motion.posed(phase)
        for arm, side in zip(ARMS, (1.0, -1.0), strict=True):
            pose.plant(arm, np.array(HANDLE) * [1.0, side, 1.0], -1.1, -1.1)
        return pose.matrices()


def scooter(kit: Kit) -> None:
    """An electric kick scooter; it faces +x."""
    for x in (0.43, -0.43):
        kit.rod((x, -0.022, 0.108), (x, 0.022, 0.108), 0.108, RUBBER, BLACK)
        kit.rod((x, -0.027, 0.108), (x, 0.027, 0.108), 0.058, METAL, GREY)
    kit.box((0.62, 0.155, 0.045), (-0.06, 0, DECK - 0.0225), METAL, DARK)
    kit.box((0.54, 0.135, 0.004), (-0.06, 0, DECK), RUBBER, BLACK)
    for y in (-0.04, 0.04):
        kit.rod((-0.34, y, 0.135), (-0.43, y, 0.108), 0.014, METAL, DARK)
        kit.rod((0.43, y, 0.108), (0.40, y, 0.27), 0.014, METAL, DARK)
    kit.beam((-0.33, 0, 0.20), (-0.52, 0, 0.225), 0.06, 0.008, PLASTIC, BLACK)
    kit.beam((-0.52, 0, 0.225), (-0.565, 0, 0.175), 0.06, 0.008, PLASTIC, (170, 20, 20))
    kit.pipe([(0.22, 0, DECK - 0.02), (0.34, 0, 0.20), (0.40, 0, 0.28)], 0.028, METAL, DARK)
    kit.rod((0.405, 0, 0.25), (BAR[0] + 0.02, 0, 1.09), 0.020, METAL, DARK)
    kit.rod((BAR[0] + 0.01, -0.215, 1.10), (BAR[0] + 0.01, 0.215, 1.10), 0.012, METAL, DARK)
    for side in (1.0, -1.0):
        kit.rod((BAR[0] + 0.01, 0.11 * side, 1.10), (BAR[0] + 0.01, 0.218 * side, 1.10), 0.018, RUBBER, BLACK)
    kit.box((0.06, 0.05, 0.05), (BAR[0] + 0.05, 0, 1.06), PLASTIC, (230, 230, 225))


def skateboard(kit: Kit) -> None:
    """A skateboard along x, nose and tail bent up."""
    low = BOARD - 0.008
    kit.box((0.56, 0.20, 0.012), (0, 0, low), PLASTIC, (150, 112, 70))
    kit.box((0.55, 0.198, 0.004), (0, 0, BOARD - 0.002), RUBBER, BLACK)
    for side in (1.0, -1.0):
        kit.beam((0.275 * side, 0, low), (0.40 * side, 0, low + 0.045), 0.19, 0.012, PLASTIC, (150, 112, 70))
        kit.rod((0.20 * side, -0.085, 0.03), (0.20 * side, 0.085, 0.03), 0.009, METAL, GREY)
        kit.box((0.05, 0.05, 0.075), (0.20 * side, 0, 0.068), METAL, GREY)
        for y in (-0.083, 0.083):
            kit.rod((0.20 * side, y - 0.018, 0.027), (0.20 * side, y + 0.018, 0.027), 0.027, PLASTIC, (225, 220, 205))


def _thing(build: Callable[[Kit], None], variant: int, ahead: float = 0.0) -> tuple[Mesh, ...]:
    meshes = []
    for level in range(3):
        kit = Kit(level, np.random.default_rng(variant))
        build(kit)
        mesh = join(kit.pieces)
        meshes.append(replace(mesh, vertices=mesh.vertices + np.array([ahead, 0, 0], np.float32)))
    return tuple(meshes)


def _made(
    name: str, variant: int, size: Size | None, person: Person, build: Callable[[Kit], None], ahead: float = 0.0
) -> tuple[Part, ...]:
    if size is not None:
        raise ValueError(f"{name} takes no size; choose a variant")

    def parts() -> tuple[Part, ...]:
        return (
            Part("body", clothed(person, variant), np.eye(4), Tag.PEDESTRIANS),
            Part("thing", _thing(build, variant, ahead), np.eye(4), Tag.PEDESTRIANS),
        )

    return store.parts(name, variant, None, parts, __name__)


def _rider(variant: int) -> Person:
    """Someone whom a bar of one height suits."""
    person = Person.adult(variant)
    helmet = (0.75, 0.75, 0.73) if variant % 3 == 1 else None
    return replace(person, height=min(max(person.height, 1.58), 1.82), skirt=False, coat=False, helmet=helmet)


def _on_scooter(variant: int, size: Size | None) -> Model:
    name, person = "person.e_scooter", _rider(variant)
    made = _made(name, variant, size, person, scooter)
    motions = (
        Clip("stand", (0.0, 0.0), 0.0, 6.0, Scoot(person, True)),
        Clip("walk", (0.0, 7.0), 12.0, 3.0, Scoot(person, False)),
    )
    return with_thing(name, "personal_mobility", made, motions, person)


def _on_skateboard(variant: int, size: Size | None) -> Model:
    name, person = "person.skateboard", _rider(variant)
    made = _made(name, variant, size, person, skateboard)
    motions = (
        Clip("stand", (0.0, 0.0), 0.0, 6.0, Skate(person)),
        Clip("walk", (0.0, 7.0), 8.0, 2.5, Skate(person)),
    )
    return with_thing(name, "personal_mobility", made, motions, person)


def _with_pushchair(variant: int, size: Size | None) -> Model:
    name = "person.stroller"
    person = Person.adult(variant)
    person = replace(person, height=min(max(person.height, 1.55), 1.86))
    made = _made(name, variant, size, person, functools.partial(pushchair, variant=variant), HANDLE[0] + 0.56)
    motions = tuple(
        replace(clip, pose=Push(clip.pose)) for clip in clips(person) if isinstance(clip.pose, (Stand, Stride))
    )
    return with_thing(name, "stroller", made, motions, person)


MODELS: dict[str, Callable[[int, Size | None], Model]] = {
    "person.e_scooter": _on_scooter,
    "person.skateboard": _on_skateboard,
    "person.stroller": _with_pushchair,
}
