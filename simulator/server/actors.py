"""Actors: what CARLA's clients see of the world's bodies, of sensors and of the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.tags import Tag
from simulator.server import wire
from simulator.server.ackermann import AckermannController
from simulator.server.attachments import Socket, SpringArm
from simulator.server.blueprints import Blueprint, Kind, number_of
from simulator.server.wire import AckermannSettings, Array, Refusal
from simulator.world.bodies import Body
from simulator.world.signage import Sign
from simulator.world.signals import Light
from simulator.world.vehicles import VehicleBody
from simulator.world.walkers import WalkerBody

if TYPE_CHECKING:
    from simulator.server.sensors.sensor import Sensor

LAMPS = {
    "position": 1,
    "low_beam": 2,
    "high_beam": 4,
    "brake": 8,
    "right": 16,
    "left": 32,
    "reverse": 64,
    "fog": 128,
    "interior": 256,
    "special1": 512,
    "special2": 1024,
}
"""Lamp groups of the models and CARLA's VehicleLightState flags."""


@dataclass(eq=False)
class Actor:
    """One actor.

    Attributes:
        values: its blueprint's attributes, complete.
        pose: world_from_actor of a free actor without a body; parent_from_actor of an attached one.
        parent: what it hangs on; None once the parent is gone.
        arm: the spring arm or the bone on which it hangs; None is held rigid.
        lights: CARLA's VehicleLightState flags.
        speed_limit: [km/h], of the last sign that a vehicle passed; CARLA's vehicles begin with 30, whatever the road's
            ``<speed>`` says (AWheeledVehicleAIController, USpeedLimitComponent).
        sign: what it is of the map's signs; light: of its traffic lights.
        at_light: the traffic light that a vehicle is at; held: whether a stop or yield sign holds it back.
        ackermann: drives the vehicle when it was last told to by an Ackermann control.
    """

    actor_id: int
    blueprint: Blueprint
    values: dict[str, str]
    pose: Array
    parent: Actor | None = None
    arm: SpringArm | Socket | None = None
    body: Body | None = None
    sensor: Sensor | None = None
    lights: int = 0
    speed_limit: float = 30.0
    sign: Sign | None = None
    light: Light | None = None
    at_light: Light | None = None
    held: bool = False
    ackermann: AckermannController | None = None
    ackermann_settings: AckermannSettings = field(default_factory=AckermannSettings)
    children: list[Actor] = field(default_factory=list)

    @property
    def origin_height(self) -> float:
        """Where CARLA has the actor's origin [m] above ours: a walker's is at the hips, half way up."""
        return float(self.require_body().model.center[2]) if self.blueprint.kind is Kind.WALKER else 0.0

    @property
    def world_from_actor(self) -> Array:
        """Pose now (4, 4)."""
        if self.body is not None:
            return raised(self.body.world_from_body, self.origin_height)
        return self.hung

    @property
    def hung(self) -> Array:
        """Pose now (4, 4) as it follows from what it hangs on; of a free actor its own."""
        if self.arm is not None:
            return self.arm.pose
        if self.parent is not None:
            return self.parent.world_from_actor @ self.pose
        return self.pose

    @property
    def previous_world_from_actor(self) -> Array:
        """Pose one tick ago (4, 4); free actors without a body count as still."""
        if self.body is not None:
            return raised(self.body.previous_world_from_body, self.origin_height)
        if self.arm is not None:
            return self.arm.previous
        if self.parent is not None:
            return self.parent.previous_world_from_actor @ self.pose
        return self.pose

    @property
    def root(self) -> Actor:
        """The actor at the end of the chain of parents; itself when free."""
        return self if self.parent is None else self.parent.root

    def require_body(self) -> Body:
        """Its body; raises Refusal when it has none."""
        if self.body is None:
            raise Refusal(f"{self.blueprint.type_id} has no body. Actor Id: {self.actor_id}")
        return self.body

    def vehicle(self) -> VehicleBody:
        """Its body as a vehicle's; raises Refusal."""
        if not isinstance(self.body, VehicleBody):
            raise Refusal(f"actor is not a vehicle. Actor Id: {self.actor_id}")
        return self.body

    def walker(self) -> WalkerBody:
        """Its body as a walker's; raises Refusal."""
        if not isinstance(self.body, WalkerBody):
            raise Refusal(f"actor is not a walker. Actor Id: {self.actor_id}")
        return self.body

    def set_lights(self, flags: int) -> None:
        """Switch the lamps by CARLA's flags."""
        self.lights = flags
        self.vehicle().lamps = frozenset(name for name, bit in LAMPS.items() if flags & bit)

    def bounding_box(self) -> list[Any]:
        """The wire's box around the rest pose, relative to CARLA's origin, or around a sign's trigger volumes; empty
        for what has neither."""
        if self.sign is not None:
            sign_from_box = np.eye(4)
            sign_from_box[:3, 3], size = self.sign.box()
            return wire.encode_box(sign_from_box, size.tolist(), self.actor_id)
        if self.blueprint.kind is Kind.TRIGGER:
            extent = [trigger_extent(self.values, axis) for axis in "xyz"]
            return wire.encode_box(np.eye(4), [2 * half for half in extent], self.actor_id)
        if self.body is None:
            return wire.EMPTY_BOX
        model = self.body.model
        origin_from_box = np.eye(4)
        origin_from_box[:3, 3] = model.center
        origin_from_box[2, 3] -= self.origin_height
        return wire.encode_box(origin_from_box, model.size, self.actor_id)

    def tags(self) -> bytes:
        """Semantic tags of its parts."""
        if self.sign is not None:
            return bytes([Tag.TRAFFIC_SIGNS if self.light is None else Tag.TRAFFIC_LIGHT])
        return b"" if self.body is None else bytes(sorted({int(part.tag) for part in self.body.model.parts}))

    def encode(self) -> list[Any]:
        """The wire's Actor."""
        return [
            self.actor_id,
            0 if self.parent is None else self.parent.actor_id,
            self.blueprint.description(self.values),
            self.bounding_box(),
            self.tags(),
            b"" if self.sensor is None or self.sensor.stream is None else self.sensor.stream.token,
        ]


def trigger_extent(values: dict[str, str], axis: str) -> float:
    """Half of a trigger's edge along ``axis`` [m]; its attributes are centimetres, as in CARLA. Raises Refusal."""
    return number_of(values, f"extent_{axis}") / 100.0


def raised(pose: Array, height: float) -> Array:
    """A pose (4, 4) moved along its own z axis [m]."""
    if not height:
        return pose
    result = pose.copy()
    result[:3, 3] += height * pose[:3, 2]
    return result


def tint_of(color: str) -> tuple[float, float, float]:
    """Linear RGB of CARLA's "r,g,b" (sRGB, 0..255). Raises Refusal."""
    try:
        r, g, b = ((int(part) / 255) ** 2.2 for part in color.split(","))
    except ValueError:
        raise Refusal(f"color must be three numbers r,g,b from 0 to 255, not {color!r}") from None
    return r, g, b
