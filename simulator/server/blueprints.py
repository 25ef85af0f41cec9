"""The blueprint library: CARLA 0.9.16's ids, attributes and sizes, each tied to a model of the catalogue.

``blueprints.json`` holds what was measured on CARLA 0.9.16 (sizes, base types). A CARLA blueprint for which the
catalogue has no model is left out, so that a scenario that needs it fails with its name. Longtail adds
``walker.animal.*``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from assets import catalog
from assets.model import Model
from simulator.server.sensor_attributes import SENSORS, STRICT_SENSORS, Attribute, AttributeType
from simulator.server.wire import Description, Refusal

__all__ = ["SPECTATOR", "Attribute", "AttributeType", "Blueprint", "Kind", "Library"]


class Kind(Enum):
    """What an actor is to the server."""

    VEHICLE = "vehicle"
    WALKER = "walker"
    PROP = "prop"
    SENSOR = "sensor"
    CONTROLLER = "controller"
    SPECTATOR = "spectator"
    TRAFFIC_LIGHT = "traffic light"


@dataclass(frozen=True)
class Blueprint:
    """One line of the library.

    Attributes:
        uid: the definition's number; 0 for what cannot be spawned by clients.
        attributes: in the order in which they are told to the client.
        model_name, variant, size: what ``assets.catalog.model`` is asked for; None for things without a body.
    """

    uid: int
    type_id: str
    kind: Kind
    attributes: tuple[Attribute, ...]
    model_name: str | None = None
    variant: int = 0
    size: tuple[float, float, float] | None = None

    def model(self) -> Model:
        """The catalogue's model; raises Refusal for things without a body."""
        if self.model_name is None:
            raise Refusal(f"{self.type_id} has no body")
        return catalog.model(self.model_name, variant=self.variant, size=self.size)

    def complete(self, given: Mapping[str, str]) -> dict[str, str]:
        """All attributes: what the client sent, and defaults; fixed ones stay. Raises Refusal for unknown ones."""
        known = {attribute.name: attribute for attribute in self.attributes}
        if unknown := sorted(given.keys() - known.keys()):
            raise Refusal(f"{self.type_id} has no attribute {', '.join(unknown)}")
        return {
            name: given[name] if attribute.modifiable and name in given else attribute.value
            for name, attribute in known.items()
        }

    def definition(self) -> list[Any]:
        """The wire's ActorDefinition."""
        tags = ",".join(self.type_id.split("."))
        return [self.uid, self.type_id, tags, [attribute.definition() for attribute in self.attributes]]

    def description(self, values: Mapping[str, str]) -> list[Any]:
        """The wire's ActorDescription of an actor with these values."""
        kinds = {attribute.name: attribute.kind for attribute in self.attributes}
        return [self.uid, self.type_id, [[name, int(kinds[name]), value] for name, value in values.items()]]


def _fixed(name: str, kind: AttributeType, value: object) -> Attribute:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Attribute(name, kind, (text,), modifiable=False, restricted=True)


def _free(name: str, kind: AttributeType, *recommended: str) -> Attribute:
    return Attribute(name, kind, recommended)


_PALETTE = (
    "226,226,226", "17,17,19", "120,122,126", "171,174,178", "27,54,93", "140,21,25", "72,96,62", "201,182,145",
    "222,120,32", "46,98,155",
)  # fmt: skip
"""Car colours, sRGB, roughly by their share of the market."""

SPECTATOR = Blueprint(0, "spectator", Kind.SPECTATOR, ())


def _vehicle(name: str, row: Mapping[str, Any], index: int) -> dict[str, Any]:
    two_wheeler = row["wheels"] == 2
    turn = index % len(_PALETTE)  # so that the first colours of different models differ
    return {
        "type_id": f"vehicle.{name}",
        "kind": Kind.VEHICLE,
        "model_name": row["model"],
        "variant": index if two_wheeler else 0,  # riders and machines come as they are
        "size": None if two_wheeler else tuple(row["size"]),
        "attributes": (
            _free("role_name", AttributeType.STRING, "autopilot", "scenario", "ego_vehicle"),
            _free("color", AttributeType.RGB_COLOR, *_PALETTE[turn:], *_PALETTE[:turn]),
            _free("sticky_control", AttributeType.BOOL, "true"),
            _free("terramechanics", AttributeType.BOOL, "false"),
            _fixed("object_type", AttributeType.STRING, ""),
            _fixed("base_type", AttributeType.STRING, row["base_type"]),
            _fixed("special_type", AttributeType.STRING, row["special_type"]),
            _fixed("number_of_wheels", AttributeType.INT, row["wheels"]),
            _fixed("generation", AttributeType.INT, row["generation"]),
            _fixed("has_dynamic_doors", AttributeType.BOOL, row["doors"]),
            _fixed("has_lights", AttributeType.BOOL, row["lights"]),
        ),
    }


def _walker(type_id: str, model: str, variant: int, age: str, gender: str, speeds: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type_id": type_id,
        "kind": Kind.WALKER,
        "model_name": model,
        "variant": variant,
        "attributes": (
            _free("role_name", AttributeType.STRING, "pedestrian"),
            _fixed("gender", AttributeType.STRING, gender),
            _fixed("age", AttributeType.STRING, age),
            _fixed("generation", AttributeType.INT, 2),
            _free("speed", AttributeType.FLOAT, *speeds),
            _free("is_invincible", AttributeType.BOOL, "true"),
            _fixed("can_use_wheelchair", AttributeType.BOOL, False),
            _free("use_wheelchair", AttributeType.BOOL, "false"),
        ),
    }


_PEDESTRIAN_SPEEDS = {"adult": ("0.0", "1.43", "2.35"), "child": ("0.0", "1.2", "2.1")}
"""Standing, walking, running [m/s]; the client's examples index all three."""

_PROP_MODELS = (  # CARLA's name contains -> the catalogue's name
    ("cone", "prop.cone"), ("streetbarrier", "prop.barrier"), ("chainbarrier", "prop.barrier"),
    ("warning", "prop.sign"), ("trashcan", "prop.bin"), ("trashbag", "prop.bag"), ("plasticbag", "prop.bag"),
    ("dirtdebris", "prop.debris"), ("plantpot", "prop.planter"),
)  # fmt: skip
"""Where the two differ by more than CARLA's numbers: ``static.prop.box01`` finds ``prop.box`` by itself."""


def _prop(name: str, size: list[float], model: str) -> dict[str, Any]:
    volume = size[0] * size[1] * size[2]
    name_of_size = next((word for limit, word in _SIZE_WORDS if volume < limit), "huge")
    return {
        "type_id": f"static.prop.{name}",
        "kind": Kind.PROP,
        "model_name": model,
        "attributes": (
            _free("role_name", AttributeType.STRING, "prop"),
            _fixed("size", AttributeType.STRING, name_of_size),
        ),
    }


_SIZE_WORDS = ((0.01, "tiny"), (0.2, "small"), (2.0, "medium"), (20.0, "big"))
"""Volumes [m^3] below which CARLA's size words are used; its own were given by hand."""


def _prop_model(name: str, have: tuple[str, ...]) -> str | None:
    wanted = next((model for word, model in _PROP_MODELS if word in name), f"prop.{name.rstrip('0123456789_')}")
    return wanted if wanted in have else None


@cache
def _table() -> dict[str, Any]:
    return json.loads(Path(__file__).with_suffix(".json").read_text())


class Library:
    """All blueprints, numbered from 1.

    Args:
        strict: without Longtail's additional sensor attributes, as on Unreal CARLA.
    """

    def __init__(self, strict: bool = False) -> None:
        table, have = _table(), catalog.names()
        rows: list[dict[str, Any]] = [
            _vehicle(name, row, index)
            for index, (name, row) in enumerate(table["vehicles"].items())
            if row["model"] in have
        ]
        for name, row in table["pedestrians"].items():
            model = f"person.{row['age']}"
            if model in have:
                gender = "female" if int(name) % 2 else "male"
                speeds = _PEDESTRIAN_SPEEDS[row["age"]]
                rows.append(_walker(f"walker.pedestrian.{name}", model, int(name), row["age"], gender, speeds))
        for model in have:
            if model.startswith("animal."):
                rows.append(_walker(f"walker.{model}", model, 0, "adult", "other", ("0.0", "1.0", "4.0")))
        for name, size in table["props"].items():
            if prop_model := _prop_model(name, have):
                rows.append(_prop(name, size, prop_model))
        role = _free("role_name", AttributeType.STRING, "default")
        rows.append({"type_id": "controller.ai.walker", "kind": Kind.CONTROLLER, "attributes": (role,)})
        for type_id, attributes in (STRICT_SENSORS if strict else SENSORS).items():
            rows.append({"type_id": type_id, "kind": Kind.SENSOR, "attributes": attributes})
        self.by_id = {row["type_id"]: Blueprint(uid=uid, **row) for uid, row in enumerate(rows, 1)}
        self.definitions = [blueprint.definition() for blueprint in self.by_id.values()]

    def find(self, description: Description) -> Blueprint:
        """The blueprint of a description; raises Refusal in CARLA's words."""
        blueprint = self.by_id.get(description.type_id)
        if blueprint is None or blueprint.uid != description.uid:
            raise Refusal("Spawn failed because of invalid actor description")
        return blueprint
