"""People and animals: they go where they are told, on their own feet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assets.model import Clip
from renderers.scene import Instance
from simulator.world.bodies import GRAVITY, Array, Body, Surface, angles, bounds_box, transformed, upright
from simulator.world.rig import Rig, rig_of

BLEND = 0.25
"""Time [s] in which one motion fades into the next."""
STILL = 0.05
"""Below this speed [m/s] a walker stands."""
TURN_RATE = 4.0
"""[rad/s]"""
JUMP_SPEED = 3.2
"""[m/s], a standing jump of half a metre."""
KNOCK = 1.5
"""A push that changes the velocity by more than this [m/s] throws a walker down."""
SLIDE = 5.0
"""Deceleration [m/s^2] of a fallen body on the road."""
FALL_TIME = 0.5
"""[s]"""


@dataclass(frozen=True)
class WalkerControl:
    """Where to go: ``direction`` (3,), world, of which only the horizontal part counts; ``speed`` [m/s]; ``jump``."""

    direction: tuple[float, float, float] = (1.0, 0.0, 0.0)
    speed: float = 0.0
    jump: bool = False


@dataclass
class Layer:
    """A clip that plays: where in its cycle it is, and its share of the pose."""

    clip: Clip
    phase: float
    weight: float


class Walked(NamedTuple):
    """Where the client's walker AI has gone: place (x, y) [m], about which height [m], facing [rad], speed [m/s]."""

    place: tuple[float, float]
    height: float
    yaw: float
    speed: float


@dataclass(eq=False)
class WalkerBody(Body):
    """A person or an animal.

    Attributes:
        random: draws how long it stands and when it grazes.
        invincible: whether no blow can throw it down.
        fallen: whether something knocked it down; it stays down until it is teleported.
        dead: whether it will not get up again.
        snap: a pose to take (B, 4, 4), each of its rig's bones in its parent's frame; None before one was set.
        blend: share of that pose in what is seen, the rest is the motion's.
    """

    random: np.random.Generator = field(kw_only=True)
    control: WalkerControl = field(default_factory=WalkerControl, kw_only=True)
    invincible: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        self._layers: list[Layer] = []
        self._idle, self._idle_left = "stand", 0.0
        self._down: float | None = None
        self.dead = False
        self.snap: Array | None = None
        self.blend = 0.0
        self._action: Clip | None = None
        self._tip: Array = np.zeros(3)
        self._yaw = 0.0
        self._height: float | None = None
        self._walked: Walked | None = None
        self._led = False  # whether the walker AI moved it in this step
        self._skinned = next((p for p in self.model.parts if p.lods[0].bone_indices is not None), None)
        self._bones: NDArray[np.float32] | None = None
        self._previous_bones: NDArray[np.float32] | None = None
        super().__post_init__()
        self.place(self.world_from_body)
        self._animate(0.0, 0.0, 0.0)
        self._previous_layers = self._layers
        self._previous_pose: tuple[Array | None, float] = self.snap, self.blend

    @property
    def fallen(self) -> bool:
        return self._down is not None

    @property
    def lain(self) -> float:
        """How long it has been down [s]; 0 for one that stands."""
        return self._down or 0.0

    @property
    def acceleration_limit(self) -> float:
        """[m/s^2]: people 4, a sprinter's first step; animals 10."""
        return 10.0 if self.model.category.startswith("animal") else 4.0

    @property
    def gait(self) -> tuple[str, float]:
        """Name and phase in [0, 1) of the motion that shows most; ("", 0.0) for a model without motions."""
        if not self._layers:
            return "", 0.0
        top = max(self._layers, key=lambda layer: layer.weight)
        return top.clip.name, top.phase

    def place(self, world_from_body: Array) -> None:
        super().place(world_from_body)
        self._yaw = angles(self.world_from_body)[0]
        self._height = None  # above the ground; measured at the next step
        if not self.dead:
            self._down = None

    def walk_to(self, world_from_body: Array, speed: float) -> None:
        """Puts its feet on the ground under that pose in the next step, its gait that of ``speed`` [m/s].

        Raises ValueError when the pose is not finite.
        """
        x, y, z = world_from_body[:3, 3].tolist()
        yaw = math.atan2(world_from_body[1, 0], world_from_body[0, 0])
        if not math.isfinite(x + y + z + yaw):
            raise ValueError(f"a walker's pose must be finite, not\n{world_from_body}")
        self._walked = Walked((x, y), z, yaw, float(speed))

    @property
    def action(self) -> str:
        """What it does on the spot, ``""`` for nothing particular."""
        return "" if self._action is None else self._action.name

    def act(self, name: str) -> None:
        """Does this whenever it stands, until told otherwise; ``""`` is nothing particular.

        Raises ValueError for what its body cannot do.
        """
        able = {clip.name: clip for clip in self.model.clips if clip.asked}
        if name and name not in able:
            raise ValueError(f"{self.model.name} cannot {name!r}; it can {', '.join(able) or 'nothing of the kind'}")
        self._action = able.get(name)

    def push(self, velocity_change: Array, spin_change: Array) -> None:
        super().push(velocity_change, np.zeros(3))

    def knock(self, velocity_change: Array) -> None:
        """A blow: pushes, and throws the walker down when it is hard."""
        self.push(velocity_change, np.zeros(3))
        strength = float(np.hypot(velocity_change[0], velocity_change[1]))
        if strength < KNOCK or self.invincible:
            return
        self._fall(np.array([velocity_change[0], velocity_change[1], 0.0]) / strength)

    def die(self) -> None:
        """Falls where it is, backwards unless it lies already, and stays there."""
        self.dead = self.simulate_physics = True
        self._fall(-self.world_from_body[:3, 0])

    def _fall(self, direction: Array) -> None:
        """Begins to fall in a horizontal direction (3,)."""
        if self.fallen:
            return
        self._down = 0.0
        length, width, _ = self.model.size
        if length > 1.3 * width:  # a long body falls on its side
            side = np.array([-np.sin(self._yaw), np.cos(self._yaw), 0.0])
            direction = side if side @ direction >= 0 else -side
        self._tip = direction

    # -- a step -------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        super().begin()
        self._previous_bones = self._bones
        self._previous_layers = [Layer(layer.clip, layer.phase, layer.weight) for layer in self._layers]
        self._previous_pose = self.snap, self.blend

    def finish(self, dt: float) -> None:
        if not self._led:
            super().finish(dt)
            return
        self.acceleration = (self.velocity - self._velocity_before) / dt
        self._rendered = self.world_from_body

    def stride(self, dt: float) -> tuple[float, float, float]:
        """Place in plan [m] at the end of the step, by control, by the client's walker AI, or by sliding; and about
        which height [m] it is."""
        x, y, z = self.world_from_body[:3, 3].tolist()
        self._led = self._walked is not None
        if self._walked is not None:
            return (*self._walked.place, self._walked.height)
        if not self.simulate_physics:
            return x, y, z
        self.angular_velocity = np.zeros(3)
        velocity = self.velocity[:2]
        pace = math.hypot(*velocity)
        if self.fallen:
            velocity = velocity * (max(0.0, pace - SLIDE * dt) / pace if pace > 0 else 0.0)
        elif not self._height:  # in the air nothing can be pushed off from
            east, north = (float(value) for value in self.control.direction[:2])
            length, speed = math.hypot(east, north), max(0.0, float(self.control.speed))
            if not length > 1e-9 or not math.isfinite(length * speed):
                east = north = speed = 0.0
            wanted = np.array([east, north]) * (speed / length if speed else 0.0)
            change = wanted - velocity
            size, limit = math.hypot(*change), self.acceleration_limit * dt
            velocity = velocity + change * (limit / size if size > limit else 1.0)
            if speed > STILL:
                self._turn(math.atan2(north, east), dt)
        self.velocity = np.array([velocity[0], velocity[1], self.velocity[2]])
        return x + float(velocity[0]) * dt, y + float(velocity[1]) * dt, z

    def _turn(self, yaw: float, dt: float) -> None:
        away = (yaw - self._yaw + np.pi) % (2 * np.pi) - np.pi
        change = min(max(away, -TURN_RATE * dt), TURN_RATE * dt)
        self._yaw += change
        self.angular_velocity = np.array([0.0, 0.0, change / dt])

    def stand_on(self, x: float, y: float, ground: float, dt: float) -> None:
        """Ends the step at (x, y) [m], feet on the ground of that height [m] unless it falls or jumps."""
        before = self.previous_world_from_body[:3, 3]
        distance = math.hypot(x - before[0], y - before[1])
        speed = distance / dt
        if self._walked is not None:
            _, _, yaw, speed = self._walked
            self._walked = None
            self._turn(yaw, dt)
            self._pose((x, y, ground), dt)
            self.velocity = (self.world_from_body[:3, 3] - before) / dt
        elif self.simulate_physics:
            if self._height is None:
                self._height = max(0.0, float(self.world_from_body[2, 3]) - ground)
            up = float(self.velocity[2])
            if self._height == 0.0 and self.control.jump and not self.fallen:
                up = JUMP_SPEED
            if self.gravity:
                up = up - GRAVITY * dt if self._height > 0 or up > 0 else 0.0
            self._height += up * dt
            if self._height <= 0:
                self._height, up = 0.0, 0.0
            self.velocity = np.array([self.velocity[0], self.velocity[1], up])
            self._pose((x, y, ground + self._height), dt)
        self._animate(speed, distance, dt)

    def _pose(self, position: tuple[float, float, float], dt: float) -> None:
        pose = upright(position, self._yaw)
        if self._down is not None:
            self._down += dt
            tilt = np.pi / 2 * min(self._down / FALL_TIME, 1.0) ** 2
            axis = np.array([-self._tip[1], self._tip[0], 0.0])
            skew = np.array([[0.0, 0.0, axis[1]], [0.0, 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
            along, across = self._tip @ pose[:3, 0], self._tip @ pose[:3, 1]
            thickness = abs(along) * self.model.size[0] + abs(across) * self.model.size[1]
            lift = np.sin(tilt) * thickness / 2  # it lies on the road, not in it
            pose[:3, :3] = (np.eye(3) + np.sin(tilt) * skew + (1 - np.cos(tilt)) * skew @ skew) @ pose[:3, :3]
            pose[2, 3] += lift
        self.world_from_body = pose

    # -- motions ------------------------------------------------------------------------------------------------------

    def _animate(self, speed: float, distance: float, dt: float) -> None:
        """Advances the motions: those that travel by the distance gone, the others by time; fades to the one wanted."""
        if not self.model.clips:
            return
        self._bones = None
        wanted = self._wanted_clip(speed, dt)
        for layer in self._layers:
            step = distance / layer.clip.stride if layer.clip.stride > 0 else dt / layer.clip.period
            layer.phase = (layer.phase + step) % 1.0
        target = next((layer for layer in self._layers if layer.clip is wanted), None)
        if target is None:
            in_step = next((layer.phase for layer in self._layers if layer.clip.stride > 0), 0.0)
            target = Layer(wanted, in_step if wanted.stride > 0 else 0.0, 0.0)
            self._layers.append(target)
        others = [layer for layer in self._layers if layer is not target]
        target.weight = min(1.0, target.weight + dt / BLEND) if others else 1.0
        rest = sum(layer.weight for layer in others)
        for layer in others:
            layer.weight *= (1.0 - target.weight) / rest if rest > 0 else 0.0
        self._layers = [layer for layer in self._layers if layer.weight > 0.0 or layer is target]

    def _wanted_clip(self, speed: float, dt: float) -> Clip:
        moving = any(clip.stride > 0 for clip in self.model.clips)
        if speed > STILL and moving and not self.fallen:
            current = self._layers[-1].clip if self._layers else None
            if (
                current is not None
                and current.stride > 0
                and 0.9 * current.speeds[0] <= speed <= 1.1 * current.speeds[1]
            ):
                return current  # no change of gait at every breath
            return self.model.gait(speed)
        if self._action is not None and not self.fallen:
            return self._action
        self._idle_left -= dt
        idle = [clip.name for clip in self.model.clips if clip.stride == 0 and not clip.asked]
        if not idle:
            return self.model.gait(0.0)
        if self._idle_left <= 0 or self.fallen:
            others = [name for name in idle if name != "stand"]
            wander = bool(others) and not self.fallen and self._idle == "stand" and self.random.random() < 0.5
            self._idle = others[int(self.random.integers(len(others)))] if wander else "stand"
            self._idle_left = float(self.random.uniform(3.0, 9.0))
        return self.model.clip(self._idle if self._idle in idle else idle[0])

    @property
    def rig(self) -> Rig | None:
        """The bones that clients see; None for a rigid model."""
        return None if self.model.skeleton is None else rig_of(self.model.skeleton)

    def take_pose(self, relative: Array | None, blend: float) -> None:
        """Sets ``snap`` and ``blend``; what is seen changes at once."""
        self.snap, self.blend = relative, min(max(blend, 0.0), 1.0)
        self._bones = None

    def _posed(self, layers: Sequence[Layer], pose: tuple[Array | None, float]) -> NDArray[np.float32] | None:
        """Skinning matrices of motions and a pose that is blended over them."""
        moved, (relative, share) = blended(layers), pose
        if moved is None or relative is None or self.rig is None or share == 0.0:
            return moved
        if share < 1.0:
            relative = self.rig.between(self.rig.relative(self.rig.posed(moved)), relative, share)
        return self.rig.skinning(relative)

    @property
    def bones(self) -> NDArray[np.float32] | None:
        """Skinning matrices (B, 4, 4) float32 of the present pose; None for a rigid model."""
        if self._bones is None:
            self._bones = self._posed(self._layers, (self.snap, self.blend))
        return self._bones

    @property
    def previous_bones(self) -> NDArray[np.float32] | None:
        """Skinning matrices (B, 4, 4) float32 of the pose one tick ago; None for a rigid model."""
        if self._previous_bones is None:
            self._previous_bones = self._posed(self._previous_layers, self._previous_pose)
        return self._previous_bones

    def instances(self) -> list[Instance]:
        instances = super().instances()
        for instance, part in zip(instances, self.model.parts, strict=True):
            if part is self._skinned:
                instance.bones, instance.previous_bones = self.bones, self.previous_bones
        return instances

    def box(self) -> tuple[Array, tuple[float, float, float]]:
        """An upright box turned by the walker's yaw, around the posed vertices of the finest meshes."""
        frame = upright(self.world_from_body[:3, 3], self._yaw)
        frame_from_body = np.linalg.inv(frame) @ self.world_from_body
        points = [
            transformed(
                frame_from_body @ part.body_from_part, part.lods[0].posed(self.bones if part is self._skinned else None)
            )
            for part in self.model.parts
        ]
        return bounds_box(np.concatenate(points), frame)


def blended(layers: Sequence[Layer]) -> NDArray[np.float32] | None:
    """Skinning matrices (B, 4, 4) float32 of motions that play together, by their shares; None for no motion."""
    if not layers:
        return None
    total = sum(layer.weight for layer in layers)
    poses = [np.float32(layer.weight / total) * layer.clip.pose(layer.phase) for layer in layers]
    return np.sum(poses, axis=0, dtype=np.float32)


def walk(walkers: Sequence[WalkerBody], surface: Surface, dt: float) -> None:
    """Moves walkers by ``dt`` [s], feet on the ground."""
    if not walkers:
        return
    places = [body.stride(dt) for body in walkers]  # the height tells whether it is on a bridge, or under it
    for body, (x, y, _), height in zip(walkers, places, _ground(surface, np.array(places)), strict=True):
        body.stand_on(x, y, height, dt)


def _ground(surface: Surface, places: Array) -> list[float]:
    """Heights [m] under places (N, 3); beyond the horizon, where clients may put people, they stand on nothing."""
    try:
        heights: list[float] = surface.ground(places)[0].tolist()
    except ValueError:
        if len(places) == 1:
            return [float(places[0, 2])]
        heights = [height for place in places for height in _ground(surface, place[None])]
    return heights
