"""Bones, components and lamps of actors, as CARLA's clients ask for them by name."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from assets.model import Model, Part
from simulator.server.actors import Actor, raised
from simulator.server.wire import Array, Refusal
from simulator.world.bodies import transformed
from simulator.world.rig import Rig
from simulator.world.vehicles import VehicleBody
from simulator.world.walkers import WalkerBody

VEHICLE_ROOT = "Vehicle_Base"
"""The bone of a vehicle's body; wheels are ``Wheel_Front_Left`` and so on."""

LAMP_NAMES = {
    "left": "blinker-l",
    "right": "blinker-r",
    "brake": "brake",
    "reverse": "reverse",
    "position": "position",
    "low_beam": "low-beam",
    "high_beam": "high-beam",
    "fog": "fog",
}
"""Lamp groups of the models and how CARLA's vehicles name their lamps, as in ``front-blinker-r-1``."""


class Bones(NamedTuple):
    """Names of B bones and their poses (B, 4, 4): in the world, in the actor's frame, each in its parent's frame."""

    names: tuple[str, ...]
    world: Array
    component: Array
    relative: Array


class Component(NamedTuple):
    """A named part of an actor: its poses (4, 4) in the world and in the frame of what it hangs on."""

    world: Array
    relative: Array


def rig_of(actor: Actor) -> tuple[WalkerBody, Rig]:
    """A walker's body and its bones; raises Refusal for what has none."""
    body = actor.walker()
    if body.rig is None or body.bones is None:
        raise Refusal(f"{actor.blueprint.type_id} has no bones. Actor Id: {actor.actor_id}")
    return body, body.rig


def local_pose(body: WalkerBody, rig: Rig) -> Array:
    """A walker's present pose (B, 4, 4), each bone in its parent's frame."""
    assert body.bones is not None
    return rig.relative(rig.posed(body.bones))


def bones(actor: Actor) -> Bones:
    """All bones of an actor as they stand. Raises Refusal for an actor without bones."""
    if isinstance(actor.body, VehicleBody):
        wheels = [index for index, part in enumerate(actor.body.model.parts) if part.name.startswith("wheel")]
        names = tuple(actor.body.model.parts[index].name.title() for index in wheels)
        in_body = np.concatenate([np.eye(4)[None], actor.body.part_poses()[wheels]])
        return Bones((VEHICLE_ROOT, *names), actor.body.world_from_body @ in_body, in_body, in_body)
    if not isinstance(actor.body, WalkerBody):
        raise Refusal(f"{actor.blueprint.type_id} has no bones. Actor Id: {actor.actor_id}")
    body, rig = rig_of(actor)
    assert body.bones is not None
    in_part = rig.posed(body.bones)
    in_body = _skinned(body.model).body_from_part @ in_part
    world = body.world_from_body @ in_body
    return Bones(rig.names, world, np.linalg.inv(actor.world_from_actor) @ world, rig.relative(in_part))


def _skinned(model: Model) -> Part:
    return next(part for part in model.parts if part.lods[0].bone_indices is not None)


def components(actor: Actor) -> dict[str, Component]:
    """An actor's components by name, the root first."""
    world, still = actor.world_from_actor, np.eye(4)
    body = actor.body
    if body is None:
        return {"DefaultSceneRoot": Component(world, actor.pose)}
    if isinstance(body, VehicleBody):
        named = {"VehicleMesh": Component(world, world)}
        named.update({name: Component(world @ pose, pose) for name, pose in _lamps(body.model).items()})
        return named
    if isinstance(body, WalkerBody):
        feet = raised(still, -actor.origin_height)
        return {"CollisionCylinder": Component(world, world), "CharacterMesh0": Component(world @ feet, feet)}
    return {"StaticMeshComponent0": Component(world, world)}


@functools.lru_cache(maxsize=256)
def _lamps(model: Model) -> dict[str, Array]:
    """body_from_lamp (4, 4) of every lamp that a vehicle's body has, looking outward, by its name."""
    found: dict[str, Array] = {}
    for part in model.parts:
        mesh = part.lods[0]
        for number, material in enumerate(mesh.materials):
            faces = mesh.faces[mesh.face_materials == number]
            if not material.lamp or not len(faces):
                continue
            points = transformed(part.body_from_part, mesh.vertices[np.unique(faces)])
            for end, ahead in (("front", True), ("back", False)):
                at_end = points[(points[:, 0] > model.center[0]) == ahead]
                for side, left in (("l", True), ("r", False)):
                    lamp = at_end[(at_end[:, 1] > model.center[1]) == left]
                    name = f"{end}-{LAMP_NAMES.get(material.lamp, material.lamp)}"
                    name = name if material.lamp in ("left", "right") else f"{name}-{side}"
                    if len(lamp):
                        pose = np.diag([1.0 if ahead else -1.0, 1.0 if ahead else -1.0, 1.0, 1.0])
                        pose[:3, 3] = (lamp.min(axis=0) + lamp.max(axis=0)) / 2
                        found.setdefault(f"{name}-1", pose)
    return found


def component(actor: Actor, name: str) -> Component:
    """One component. Raises Refusal in CARLA's words."""
    named = components(actor)
    if name not in named:
        raise Refusal(f"Component not found. Component Name: {name}; there are {', '.join(named)}")
    return named[name]
