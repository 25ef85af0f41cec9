"""What people do on the spot when they are told to: sit on the ground, crouch, wave, order to halt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.gaits import wave
from assets.human import ARMS, LEGS, Person, skeleton
from assets.model import Clip
from assets.skeleton import Pose, pitch, roll, yaw


@dataclass(frozen=True)
class SitDown:
    """On the ground, knees drawn up, hands on the shins."""

    person: Person

    def __call__(self, phase: float) -> NDArray[np.float32]:
        s, breath = self.person.scale, 0.02 * wave(phase)
        seat = -0.73 if self.person.coat else -0.80  # one sits on a coat's hem
        turns = {
            "pelvis": pitch(-0.20),
            "spine": pitch(0.45 + breath),
            "chest": pitch(0.50),
            "neck": pitch(-0.25),
            "head": pitch(-0.25) @ yaw(0.2 * wave(phase, 0.2)),
        }
        pose = Pose(skeleton(self.person), turns, (-0.10 * s, 0.0, seat * s))
        for leg, side in zip(LEGS, (1.0, -1.0), strict=True):
            pose.plant(leg, np.array([0.56, 0.12 * side, 0.022]) * s, 0.0, 0.0, 0.15 * side)
        for arm, side in zip(ARMS, (1.0, -1.0), strict=True):
            pose.plant(arm, np.array([0.42, 0.11 * side, 0.36]) * s, -1.0, -1.0)
        return pose.matrices()


@dataclass(frozen=True)
class Crouch:
    """On the balls of the feet, the forearms before the knees."""

    person: Person

    def __call__(self, phase: float) -> NDArray[np.float32]:
        s, breath = self.person.scale, 0.02 * wave(phase)
        turns = {
            "pelvis": pitch(0.45),
            "spine": pitch(0.30 + breath),
            "chest": pitch(0.15),
            "neck": pitch(-0.35),
            "head": pitch(-0.30),
        }
        pose = Pose(skeleton(self.person), turns, (-0.12 * s, 0.0, -0.54 * s))
        for leg, side in zip(LEGS, (1.0, -1.0), strict=True):
            pose.plant(leg, np.array([0.11, 0.12 * side, 0.022]) * s, 0.45, 0.0, 0.2 * side)
        for arm, side in zip(ARMS, (1.0, -1.0), strict=True):
            pose.plant(arm, np.array([0.42, 0.10 * side, 0.30]) * s, -0.6, -0.6)
        return pose.matrices()


@dataclass(frozen=True)
class Signal:
    """Upright, the right hand waves beside the head, or, with ``halt``, shows its palm ahead at arm's length."""

    person: Person
    halt: bool

    def __call__(self, phase: float) -> NDArray[np.float32]:
        s, sway = self.person.scale, wave(phase)
        turns = {
            "spine": roll(0.015 * sway),
            "arm.L": roll(0.05),
            "forearm.L": pitch(-0.14),
        }
        if self.halt:
            turns |= {
                "arm.R": pitch(-1.45 + 0.02 * sway),
                "forearm.R": pitch(-0.10),
                "hand.R": pitch(-1.35) @ yaw(1.5),
            }
        else:
            turns |= {
                "arm.R": roll(-1.35),
                "forearm.R": roll(-1.45 - 0.35 * sway),
                "hand.R": yaw(1.5),
            }
        pose = Pose(skeleton(self.person), turns, (0.0, 0.0, -0.012 * s))
        for leg in LEGS:
            pose.plant(leg, pose.skeleton.joint(leg.bones[3]), 0.0, 0.0, 0.0)
        return pose.matrices()


def postures(person: Person) -> tuple[Clip, ...]:
    """Each plays only when asked for."""
    return (
        Clip("sit", (0.0, 0.0), 0.0, 5.0, SitDown(person), asked=True),
        Clip("crouch", (0.0, 0.0), 0.0, 4.0, Crouch(person), asked=True),
        Clip("wave", (0.0, 0.0), 0.0, 0.9, Signal(person, False), asked=True),
        Clip("halt", (0.0, 0.0), 0.0, 3.0, Signal(person, True), asked=True),
    )
