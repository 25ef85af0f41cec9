"""The blueprint library: CARLA 0.9.16's ids, attributes and sizes, each tied to a model of the catalogue.

``blueprints.json`` holds what was measured on CARLA 0.9.16 (sizes, base types, ages, genders). Longtail adds
``walker.animal.*``, ``walker.person.*``, ``walker.worker.*``, ``walker.e_scooter.*``, ``walker.skateboard.*``,
``walker.stroller.*`` and ``static.prop.debris_*`` beside them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from assets import catalog
from assets.model import Model
from simulator.server.sensor_attributes import SENSORS, STRICT_SENSORS, Attribute, AttributeType
from simulator.server.wire import Description, Refusal

__all__ = ["SPECTATOR", "Attribute", "AttributeType", "Blueprint", "Kind", "Library", "number_of"]


class Kind(Enum):
    """What an actor is to the server."""

    VEHICLE = "vehicle"
    WALKER = "walker"
    PROP = "prop"
    MESH = "mesh"
    TRIGGER = "trigger"
    EMPTY = "empty"
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

    def model(self, values: Mapping[str, str]) -> Model | None:
        """The catalogue's model for an actor with these attributes; None for what has no body. Raises Refusal."""
        if self.kind is Kind.MESH:
            return _mesh(values)
        if self.model_name is None:
            return None
        name, variant = self.model_name, self.variant
        if "driver_id" in values:
            variant = 8 * variant + int(number_of(values, "driver_id"))
        if values.get("use_wheelchair", "").lower() == "true":
            name = "person.wheelchair"
        return catalog.model(name, variant=variant, size=self.size)

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


def number_of(values: Mapping[str, str], name: str) -> float:
    """An attribute as a number; CARLA's own defaults end in an f. Raises Refusal."""
    try:
        number = float(values[name].strip().removesuffix("f"))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Refusal(f"{name} must be a number, not {values[name]!r}")
    return number


def _mesh(values: Mapping[str, str]) -> Model | None:
    """What ``static.prop.mesh`` shows: the prop that an asset's path names (``/Game/.../SM_Bench01.SM_Bench01``).

    As in CARLA, an unknown path is no error: the actor is there and has no body.
    """
    scale = number_of(values, "scale")
    if not 0 < scale < 1000:
        raise Refusal(f"scale must be positive, not {values['scale']!r}")
    asset = values["mesh_path"].rpartition("/")[2].partition(".")[0].lower()
    for name, size in _table()["props"].items():
        if asset.removeprefix("sm_") == name.replace(" ", ""):
            length, width, height = (edge * scale for edge in size)
            return catalog.model(_prop_model(name), size=(length, width, height))
    return None


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


@cache
def traffic_sign(type_id: str) -> Blueprint:
    """Of one of the map's traffic lights or signs, which clients cannot spawn."""
    return Blueprint(0, type_id, Kind.TRAFFIC_LIGHT, ())


DRIVERS = ("1", "2", "3", "4", "5", "6")
"""Riders to choose from on two wheels."""


def _vehicle(name: str, row: Mapping[str, Any], index: int) -> dict[str, Any]:
    ridden = row["wheels"] == 2
    turn = index % len(_PALETTE)  # so that the first colours of different models differ
    colors = row.get("colors", [*_PALETTE[turn:], *_PALETTE[:turn]])
    return {
        "type_id": f"vehicle.{name}",
        "kind": Kind.VEHICLE,
        "model_name": row["model"],
        "variant": index,
        "size": tuple(row["size"]),
        "attributes": (
            _free("role_name", AttributeType.STRING, "autopilot", "scenario", "ego_vehicle"),
            *((_free("color", AttributeType.RGB_COLOR, *colors),) if colors else ()),
            *((Attribute("driver_id", AttributeType.INT, DRIVERS, restricted=True),) if ridden else ()),
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


def _walker(
    type_id: str, model: str, variant: int, *, gender: str, age: str, speeds: Sequence[float], generation: int = 2,
    wheelchair: bool = False,
) -> dict[str, Any]:  # fmt: skip
    uses = ("false", "true") if wheelchair else ("false",)
    return {
        "type_id": type_id,
        "kind": Kind.WALKER,
        "model_name": model,
        "variant": variant,
        "attributes": (
            _free("role_name", AttributeType.STRING, "pedestrian"),
            _free("speed", AttributeType.FLOAT, "0.0", *(str(speed) for speed in speeds)),
            _free("is_invincible", AttributeType.BOOL, "true"),
            Attribute("use_wheelchair", AttributeType.BOOL, uses, restricted=True),
            _fixed("gender", AttributeType.STRING, gender),
            _fixed("generation", AttributeType.INT, generation),
            _fixed("age", AttributeType.STRING, age),
            _fixed("can_use_wheelchair", AttributeType.BOOL, wheelchair),
        ),
    }


def _pedestrian(number: str, row: Mapping[str, Any]) -> dict[str, Any]:
    individual = 2 * int(number) + (row["gender"] == "female")  # odd individuals are women and girls
    return _walker(
        f"walker.pedestrian.{number}", row["model"], individual, gender=row["gender"], age=row["age"],
        speeds=row["speeds"], generation=row["generation"], wheelchair=row["wheelchair"],
    )  # fmt: skip


def _own_people() -> Iterator[dict[str, Any]]:
    """Longtail's own people: by age, at work on the road, on small vehicles, with a pushchair."""
    for group, model, age, count, speeds in (
        ("person", "person.adult", "adult", 12, (1.43, 3.5)),
        ("elderly", "person.elderly", "elderly", 4, (0.9, 1.5)),
        ("worker", "person.worker", "adult", 4, (1.4, 3.5)),
        ("e_scooter", "person.e_scooter", "adult", 4, (4.2, 5.6)),
        ("skateboard", "person.skateboard", "adult", 4, (3.0, 5.0)),
        ("stroller", "person.stroller", "adult", 4, (1.2, 2.5)),
    ):
        for number in range(1, count + 1):
            gender = "female" if number % 2 else "male"
            yield _walker(f"walker.{group}.{number:04d}", model, 1000 + number, gender=gender, age=age, speeds=speeds)


def _prop(name: str, size: Sequence[float], model: str) -> dict[str, Any]:
    length, width, height = size
    word = next((word for limit, word in _SIZE_WORDS if length * width * height < limit), "huge")
    return {
        "type_id": f"static.prop.{name}",
        "kind": Kind.PROP,
        "model_name": model,
        "size": tuple(size),
        "attributes": (
            _free("role_name", AttributeType.STRING, "prop"),
            _fixed("size", AttributeType.STRING, word),
        ),
    }


_SIZE_WORDS = ((0.01, "tiny"), (0.2, "small"), (2.0, "medium"), (20.0, "big"))
"""Volumes [m^3] below which CARLA's size words are used; its own were given by hand."""


def _prop_model(name: str) -> str:
    return f"prop.{name.replace(' ', '_')}"


def _others() -> tuple[dict[str, Any], ...]:
    """Things without a model of their own."""
    role = _free("role_name", AttributeType.STRING, "default")
    return (
        {
            "type_id": "static.prop.mesh",
            "kind": Kind.MESH,
            "attributes": (
                role,
                _free("mesh_path", AttributeType.STRING, ""),
                _free("mass", AttributeType.FLOAT, ""),
                _free("scale", AttributeType.FLOAT, "1.0f"),
            ),
        },
        {
            "type_id": "static.trigger.friction",
            "kind": Kind.TRIGGER,
            "attributes": (
                role,
                _free("friction", AttributeType.FLOAT, "3.5f"),
                *(_free(f"extent_{axis}", AttributeType.FLOAT, "1.0f") for axis in "xyz"),
            ),
        },
        {"type_id": "util.actor.empty", "kind": Kind.EMPTY, "attributes": (role,)},
        {"type_id": "controller.ai.walker", "kind": Kind.CONTROLLER, "attributes": (role,)},
    )


@cache
def _table() -> dict[str, Any]:
    return json.loads(Path(__file__).with_suffix(".json").read_text())


class Library:
    """All blueprints, numbered from 1.

    Args:
        strict: without Longtail's additional sensor attributes, as on Unreal CARLA.
    """

    def __init__(self, strict: bool = False) -> None:
        table = _table()
        rows: list[dict[str, Any]] = [
            *(_vehicle(name, row, index) for index, (name, row) in enumerate(table["vehicles"].items())),
            *(_pedestrian(number, row) for number, row in table["pedestrians"].items()),
            *_own_people(),
            *(
                _walker(f"walker.{name}", name, 0, gender="other", age="adult", speeds=(1.0, 4.0))
                for name in catalog.names()
                if name.startswith("animal.")
            ),
            *(_prop(name, size, _prop_model(name)) for name, size in table["props"].items()),
            *(_prop(name, size, f"prop.{name}") for name, size in table["debris"].items()),
            *_others(),
        ]
        for row in rows:
            row["attributes"] = (*row["attributes"], _free("ros_name", AttributeType.STRING, row["type_id"]))
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
