"""The posts, heads and plates of a town's traffic lights and signs, as they stand in it."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from assets import signals
from assets.model import Model
from assets.tags import Tag
from renderers.scene import Instance
from simulator.world.furniture import Furniture
from simulator.world.obstacle import Obstacle, cylinder
from simulator.world.signage import Kind, Sign, Signage

Array = NDArray[np.float64]

POST_RADIUS, SIGN_RADIUS = 0.1, 0.04
"""[m], of what stops a car."""


def _model(sign: Sign) -> Model:
    """What stands still of a sign."""
    if sign.kind is Kind.LIGHT:
        return signals.post(signals.arm_variant(sign.arm))
    if sign.kind is Kind.SPEED:
        return signals.speed(min(sign.limit, 200))
    return signals.stop(0) if sign.kind is Kind.STOP else signals.give_way(0)


def furniture(signage: Signage) -> tuple[Furniture, ...]:
    """Posts and signs, a placement for each model. Those that stand on a lane stop nobody, as in CARLA."""
    copies: dict[Model, list[Sign]] = defaultdict(list)
    for sign in signage.signs:
        copies[_model(sign)].append(sign)
    return tuple(
        Furniture(
            lods=model.parts[0].lods,
            world_from_mesh=np.stack([sign.world_from_post for sign in signs]),
            tag=model.parts[0].tag,
            name=model.name,
            obstacles=tuple(() if sign.on_lane else (_obstacle(sign, model),) for sign in signs),
        )
        for model, signs in copies.items()
    )


def _obstacle(sign: Sign, model: Model) -> Obstacle:
    radius = POST_RADIUS if sign.kind is Kind.LIGHT else SIGN_RADIUS
    tag = Tag.POLES if sign.kind is Kind.LIGHT else Tag.TRAFFIC_SIGNS
    return cylinder(sign.world_from_post[:3, 3], radius, model.center[2] + model.size[2] / 2, tag)


def heads(sign: Sign) -> tuple[Instance, ...]:
    """The heads of a traffic light, all dark, of the level until they are given an actor's id."""
    part = signals.head(0).parts[0]
    poses = []
    for place in signals.mounts(signals.arm_variant(sign.arm)):
        pose = sign.world_from_post.copy()
        pose[:3, 3] += pose[:3, :3] @ np.array(place)
        poses.append(pose)
    return tuple(Instance(part.lods, pose, pose, 0, part.tag) for pose in poses)
