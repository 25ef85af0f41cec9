"""People on foot: adults and children who stand, walk and run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets import store
from assets.gaits import Step, step, wave
from assets.human import ARMS, HEEL, LEGS, Person, clothed, skeleton
from assets.joinery import Kit
from assets.model import Clip, Model, Part
from assets.pieces import join
from assets.postures import postures
from assets.props_luggage import chair
from assets.skeleton import Limb, Pose, pitch, roll, yaw
from assets.tags import Tag

Size = tuple[float, float, float]


@dataclass(frozen=True)
class Stand:
    """At ease: weight shifts, the head looks about."""

    person: Person

    def __call__(self, phase: float) -> NDArray[np.float32]:
        return self.posed(phase).matrices()

    def posed(self, phase: float) -> Pose:
        """The pose at that phase."""
        sway, scale = wave(phase), self.person.scale
        pose = Pose(
            skeleton(self.person),
            {
                "pelvis": roll(0.02 * sway),
                "spine": roll(-0.025 * sway) @ pitch(0.01 * wave(2 * phase)),
                "neck": yaw(0.20 * wave(phase, 0.2)),
                "head": yaw(0.15 * wave(phase, 0.2)),
                "arm.L": pitch(0.02 * sway),
                "arm.R": pitch(-0.02 * sway),
                "forearm.L": pitch(-0.14),
                "forearm.R": pitch(-0.14),
            },
            (0.0, 0.012 * scale * sway, -0.012 * scale),
        )
        for leg in LEGS:
            pose.plant(leg, pose.skeleton.joint(leg.bones[3]), 0.0, 0.0, 0.0)
        return pose


@dataclass(frozen=True)
class Stride:
    """Walking or running; the left heel lands at phase 0, the right one half a cycle later.

    Attributes:
        person: whose bones.
        stride: metres of a cycle (two steps).
        duty: fraction of the cycle that a foot is on the ground; below 0.5 is running.
        lift: [m] highest lift of the ball of the foot.
        drop: [m] how much lower the hips are than at rest.
        bounce: [m] rise and fall of the hips.
        lean: [rad] of the trunk.
        swing: [rad] of the arms.
        elbow: [rad] bend.
        push: [rad] how far the heel is up when the toes leave.
        strike: [rad] how far the toes are up when the heel lands.
        behind: [m] how far behind its place at rest the foot's stance is centred.
    """

    person: Person
    stride: float
    duty: float
    lift: float
    drop: float
    bounce: float
    lean: float
    swing: float
    elbow: float
    push: float
    strike: float
    behind: float

    def __call__(self, phase: float) -> NDArray[np.float32]:
        return self.posed(phase).matrices()

    def posed(self, phase: float) -> Pose:
        """The pose at that phase."""
        s = self.person.scale
        running = self.duty < 0.5
        # Walking: highest over the standing leg (a quarter cycle after landing); running: highest in flight.
        peak = self.duty / 2 + (0.25 if running else 0.0)
        height = self.bounce * np.cos(4 * np.pi * (phase - peak))
        turn = 0.10 * wave(phase, -0.25)
        arms = wave(phase, -0.25)
        pose = Pose(
            skeleton(self.person),
            {
                "pelvis": yaw(-turn) @ pitch(self.lean * 0.4),
                "spine": yaw(0.8 * turn) @ pitch(self.lean * 0.4),
                "chest": yaw(1.0 * turn) @ pitch(self.lean * 0.2),
                "neck": yaw(-0.8 * turn) @ pitch(-self.lean * 0.5),
                "head": pitch(-self.lean * 0.4),
                "arm.L": pitch(self.swing * (arms + (0.35 if running else 0.1))) @ roll(0.06),
                "arm.R": pitch(self.swing * (-arms + (0.35 if running else 0.1))) @ roll(-0.06),
                "forearm.L": pitch(-self.elbow * (1 - 0.25 * arms)),
                "forearm.R": pitch(-self.elbow * (1 + 0.25 * arms)),
            },
            (0.0, 0.012 * s * wave(phase, -0.05), (height - self.drop) * s),
        )
        for leg, shift in zip(LEGS, (0.0, 0.5), strict=True):
            self._foot(pose, leg, step(phase + shift, self.duty, self.stride))
        return pose

    def _foot(self, pose: Pose, leg: Limb, foot: Step) -> None:
        s = self.person.scale
        rest = pose.skeleton.joint(leg.bones[3])
        ball = rest + np.array([foot.forward - self.behind * s, 0.0, 0.0])
        toe = 0.0
        if foot.stance is not None:
            strike = -self.strike * (1 - min(foot.stance / 0.16, 1.0)) ** 1.5
            heel = self.push * float(np.clip((foot.stance - 0.45) / 0.55, 0.0, 1.0)) ** 1.5
            if strike < 0:
                # Rolls over the heel, which stays where it landed.
                arm = rest - np.array([HEEL[0] * s, rest[1], HEEL[1]])
                ball = ball + pitch(strike) @ arm - arm
            tilt = strike + heel
            toe = strike
        else:
            assert foot.swing is not None
            t = foot.swing
            ease = t * t * (3 - 2 * t)
            tilt = self.push * (1 - ease) - self.strike * ease + 0.35 * self.push * float(np.sin(np.pi * t)) * (1 - t)
            toe = tilt * min(t * 6, 1.0)
            arm = rest - np.array([HEEL[0] * s, rest[1], HEEL[1]])
            landing = (pitch(-self.strike) @ arm - arm) * ease
            ball = ball + landing + np.array([0.0, 0.0, foot.lift * self.lift * s * (1.25 - 0.5 * t)])
        pose.plant(leg, ball, float(tilt), float(toe))


def clips(person: Person) -> tuple[Clip, ...]:
    """All motions of that person; strides grow with the legs."""
    legs = person.scale
    walk, run = 1.36 * legs, 2.45 * legs
    walking = Stride(person, walk, 0.60, 0.055, 0.045, 0.014, 0.05, 0.42, 0.28, 0.95, 0.32, 0.055)
    running = Stride(person, run, 0.33, 0.20, 0.065, 0.030, 0.22, 0.75, 1.50, 1.05, 0.12, 0.10)
    return (
        Clip("stand", (0.0, 0.0), 0.0, 6.0, Stand(person)),
        Clip("walk", (0.0, 2.1 * legs**0.5), walk, walk / 1.35, walking),
        Clip("run", (2.1 * legs**0.5, 7.0), run, run / 3.3, running),
        *postures(person),
    )


def _model(name: str, kind: Callable[[int], Person], variant: int, size: Size | None) -> Model:
    if size is not None:
        raise ValueError(f"{name} takes no size; choose a variant")
    person = kind(variant)

    def build() -> tuple[Part, ...]:
        return (Part("body", clothed(person, variant), np.eye(4), Tag.PEDESTRIANS),)

    made = store.parts(name, variant, None, build, __name__)
    return store.model(name, CATEGORIES[name], made, clips(person), skeleton(person))


CATEGORIES = {
    "person.adult": "adult",
    "person.child": "child",
    "person.teenager": "adult",
    "person.elderly": "adult",
    "person.police": "police_officer",
    "person.worker": "construction_worker",
}
"""Their class in the taxonomy."""


@dataclass(frozen=True)
class Sit:
    """In a wheelchair: hips on the seat, feet on the rests; the hands push the rims when ``push`` is set, and lie on
    the arm rests when not."""

    person: Person
    push: bool

    def __call__(self, phase: float) -> NDArray[np.float32]:
        bones = skeleton(self.person)
        seat = np.array([-0.12, 0.0, 0.60]) - bones.joints[0]
        lean = 0.06 + (0.12 + 0.10 * wave(phase) if self.push else 0.01 * wave(phase))
        pose = Pose(
            bones,
            {
                "spine": pitch(lean),
                "chest": pitch(0.5 * lean),
                "neck": pitch(-lean),
                "head": yaw(0.1 * wave(phase, 0.3)),
            },
            (float(seat[0]), 0.0, float(seat[2])),
        )
        for leg, side in zip(LEGS, (1.0, -1.0), strict=True):
            pose.plant(leg, np.array([0.47, 0.11 * side, 0.135]), 0.0, 0.0)
        for arm, side in zip(ARMS, (1.0, -1.0), strict=True):
            angle = 1.25 - 0.75 * wave(phase)
            hand = (
                np.array([-0.14 + 0.31 * np.cos(angle), 0.32 * side, 0.30 + 0.31 * np.sin(angle)])
                if self.push
                else np.array([0.06, 0.24 * side, 0.76])
            )
            pose.plant(arm, hand, -1.0, -1.0)
        return pose.matrices()


def _seated(variant: int, size: Size | None) -> Model:
    """An adult in a wheelchair, who wheels along with the hands."""
    name = "person.wheelchair"
    if size is not None:
        raise ValueError(f"{name} takes no size; choose a variant")
    person = replace(Person.adult(variant), skirt=False, coat=False)

    def build() -> tuple[Part, ...]:
        chairs = []
        for level in range(3):
            kit = Kit(level, np.random.default_rng(variant))
            chair(kit)
            chairs.append(join(kit.pieces))
        return (
            Part("body", clothed(person, variant), np.eye(4), Tag.PEDESTRIANS),
            Part("chair", tuple(chairs), np.eye(4), Tag.PEDESTRIANS),
        )

    made = store.parts(name, variant, None, build, __name__)
    motions = (
        Clip("stand", (0.0, 0.0), 0.0, 6.0, Sit(person, False)),
        Clip("walk", (0.0, 7.0), 1.6, 1.2, Sit(person, True)),
    )
    return with_thing(name, "wheelchair", made, motions, person)


def with_thing(name: str, category: str, made: tuple[Part, ...], motions: tuple[Clip, ...], person: Person) -> Model:
    """The model of a person (first part) and the rigid thing that is ridden or pushed (second part).

    The rest pose stands; its size is that of the pose in which it is always seen, the first motion's.
    """
    posed = made[0].lods[0].posed(motions[0].pose(0.0))
    points = np.concatenate([posed, made[1].lods[0].vertices])
    low, high = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
    length, width, height = (float(edge) for edge in high - low)
    x, y, z = (float(middle) for middle in (low + high) / 2)
    return Model(name, category, made, (length, width, height), (x, y, z), motions, skeleton(person))


MODELS: dict[str, Callable[[int, Size | None], Model]] = {
    "person.adult": functools.partial(_model, "person.adult", Person.adult),
    "person.child": functools.partial(_model, "person.child", Person.child),
    "person.teenager": functools.partial(_model, "person.teenager", Person.teenager),
    "person.elderly": functools.partial(_model, "person.elderly", Person.elderly),
    "person.police": functools.partial(_model, "person.police", Person.police),
    "person.worker": functools.partial(_model, "person.worker", Person.worker),
    "person.wheelchair": _seated,
}
