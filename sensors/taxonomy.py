"""The classes of objects, and what each format calls them.

KITTI knows eight types. An animal becomes ``Animal``, which is outside of them, unless a strict export is asked for:
then it is ``Misc``, as every other class that KITTI lacks. nuScenes has 23 categories, ``animal`` among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from assets.tags import ANIMAL, Tag


@dataclass(frozen=True)
class Category:
    """One class.

    Attributes:
        name: Longtail's.
        tag: CARLA's semantic tag.
        kitti: KITTI's type; kitti_strict: the same, from KITTI's own eight types.
        nuscenes: one of nuScenes' 23 categories.
        coco: COCO's class name, or None where COCO has none.
        attributes: nuScenes' attribute for each of our states (``ObjectState.attributes``).
    """

    name: str
    tag: Tag
    kitti: str
    nuscenes: str
    coco: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def kitti_strict(self) -> str:
        """The type within KITTI's own eight."""
        return "Misc" if self.kitti == "Animal" else self.kitti

    def kitti_type(self, states: tuple[str, ...], *, strict: bool = False) -> str:
        """KITTI's type of an object that is in these states: people who sit have a type of their own."""
        if self.kitti == "Pedestrian" and "sitting" in states:
            return "Person_sitting"
        return self.kitti_strict if strict else self.kitti

    def nuscenes_attribute(self, states: tuple[str, ...]) -> str | None:
        """nuScenes' attribute of an object that is in these states; None for classes that have none."""
        return next((self.attributes[state] for state in states if state in self.attributes), None)


_VEHICLE = {"moving": "vehicle.moving", "stopped": "vehicle.stopped", "parked": "vehicle.parked"}
_CYCLE = {"with_rider": "cycle.with_rider", "without_rider": "cycle.without_rider"}
_PERSON = {
    "sitting": "pedestrian.sitting_lying_down",
    "moving": "pedestrian.moving",
    "standing": "pedestrian.standing",
}

TAXONOMY: dict[str, Category] = {
    row.name: row
    for row in (
        Category("car", Tag.CAR, "Car", "vehicle.car", "car", _VEHICLE),
        Category("police_car", Tag.CAR, "Car", "vehicle.emergency.police", "car", _VEHICLE),
        Category("van", Tag.CAR, "Van", "vehicle.car", "car", _VEHICLE),
        Category("ambulance", Tag.TRUCK, "Van", "vehicle.emergency.ambulance", "truck", _VEHICLE),
        Category("truck", Tag.TRUCK, "Truck", "vehicle.truck", "truck", _VEHICLE),
        Category("fire_truck", Tag.TRUCK, "Truck", "vehicle.truck", "truck", _VEHICLE),
        Category("construction_vehicle", Tag.TRUCK, "Truck", "vehicle.construction", "truck", _VEHICLE),
        Category("trailer", Tag.TRUCK, "Misc", "vehicle.trailer", None, _VEHICLE),
        Category("bus", Tag.BUS, "Misc", "vehicle.bus.rigid", "bus", _VEHICLE),
        Category("bus_bendy", Tag.BUS, "Misc", "vehicle.bus.bendy", "bus", _VEHICLE),
        Category("motorcycle", Tag.MOTORCYCLE, "Misc", "vehicle.motorcycle", "motorcycle", _CYCLE),
        Category("bicycle", Tag.BICYCLE, "Cyclist", "vehicle.bicycle", "bicycle", _CYCLE),
        Category("adult", Tag.PEDESTRIANS, "Pedestrian", "human.pedestrian.adult", "person", _PERSON),
        Category("child", Tag.PEDESTRIANS, "Pedestrian", "human.pedestrian.child", "person", _PERSON),
        Category("police_officer", Tag.PEDESTRIANS, "Pedestrian", "human.pedestrian.police_officer", "person", _PERSON),
        Category(
            "construction_worker",
            Tag.PEDESTRIANS,
            "Pedestrian",
            "human.pedestrian.construction_worker",
            "person",
            _PERSON,
        ),
        Category("wheelchair", Tag.PEDESTRIANS, "Pedestrian", "human.pedestrian.wheelchair", "person", _PERSON),
        Category("stroller", Tag.PEDESTRIANS, "Pedestrian", "human.pedestrian.stroller", "person", _PERSON),
        Category(
            "personal_mobility", Tag.PEDESTRIANS, "Pedestrian", "human.pedestrian.personal_mobility", "person", _PERSON
        ),
        Category("animal", ANIMAL, "Animal", "animal"),
        Category("traffic_cone", Tag.DYNAMIC, "Misc", "movable_object.trafficcone"),
        Category("barrier", Tag.DYNAMIC, "Misc", "movable_object.barrier"),
        Category("pushable", Tag.DYNAMIC, "Misc", "movable_object.pushable_pullable"),
        Category("debris", Tag.DYNAMIC, "Misc", "movable_object.debris"),
        Category("bicycle_rack", Tag.STATIC, "Misc", "static_object.bicycle_rack"),
    )
}
"""The classes by name. Species are not listed: ``category`` makes ``animal.kangaroo`` from ``animal``."""

LIDARSEG = (
    "noise", "animal", "human.pedestrian.adult", "human.pedestrian.child", "human.pedestrian.construction_worker",
    "human.pedestrian.personal_mobility", "human.pedestrian.police_officer", "human.pedestrian.stroller",
    "human.pedestrian.wheelchair", "movable_object.barrier", "movable_object.debris",
    "movable_object.pushable_pullable", "movable_object.trafficcone", "static_object.bicycle_rack", "vehicle.bicycle",
    "vehicle.bus.bendy", "vehicle.bus.rigid", "vehicle.car", "vehicle.construction", "vehicle.emergency.ambulance",
    "vehicle.emergency.police", "vehicle.motorcycle", "vehicle.trailer", "vehicle.truck", "flat.driveable_surface",
    "flat.other", "flat.sidewalk", "flat.terrain", "static.manmade", "static.other", "static.vegetation", "vehicle.ego",
)  # fmt: skip
"""The 32 classes of nuScenes-lidarseg; a class's number is its place."""

LIDARSEG_OF_TAG = {
    Tag.ROADS: "flat.driveable_surface", Tag.ROAD_LINES: "flat.driveable_surface", Tag.SIDEWALKS: "flat.sidewalk",
    Tag.TERRAIN: "flat.terrain", Tag.GROUND: "flat.terrain", Tag.WATER: "flat.other", Tag.RAIL_TRACK: "flat.other",
    Tag.VEGETATION: "static.vegetation", Tag.BUILDINGS: "static.manmade", Tag.WALLS: "static.manmade",
    Tag.FENCES: "static.manmade", Tag.POLES: "static.manmade", Tag.TRAFFIC_LIGHT: "static.manmade",
    Tag.TRAFFIC_SIGNS: "static.manmade", Tag.BRIDGE: "static.manmade", Tag.GUARD_RAIL: "static.manmade",
    Tag.PEDESTRIANS: "human.pedestrian.adult", Tag.RIDER: "human.pedestrian.adult", Tag.CAR: "vehicle.car",
    Tag.TRUCK: "vehicle.truck", Tag.BUS: "vehicle.bus.rigid", Tag.MOTORCYCLE: "vehicle.motorcycle",
    Tag.BICYCLE: "vehicle.bicycle",
}  # fmt: skip
"""The class of what has no label of its own: the level, and vehicles that are part of it."""

CITYSCAPES: dict[Tag, int] = {
    Tag.NONE: 0, Tag.ROADS: 7, Tag.ROAD_LINES: 7, Tag.SIDEWALKS: 8, Tag.BUILDINGS: 11, Tag.WALLS: 12, Tag.FENCES: 13,
    Tag.GUARD_RAIL: 14, Tag.BRIDGE: 15, Tag.POLES: 17, Tag.TRAFFIC_LIGHT: 19, Tag.TRAFFIC_SIGNS: 20,
    Tag.VEGETATION: 21, Tag.TERRAIN: 22, Tag.SKY: 23, Tag.PEDESTRIANS: 24, Tag.RIDER: 25, Tag.CAR: 26, Tag.TRUCK: 27,
    Tag.BUS: 28, Tag.TRAIN: 31, Tag.MOTORCYCLE: 32, Tag.BICYCLE: 33, Tag.STATIC: 4, Tag.OTHER: 4, Tag.WATER: 4,
    Tag.DYNAMIC: 5, Tag.GROUND: 6, Tag.RAIL_TRACK: 10,
}  # fmt: skip
"""Cityscapes' class number (``labelIds``) of each of CARLA's tags; KITTI's semantic and instance pictures use them."""

_COCO_SPECIES = frozenset({"bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"})

_BASE_TYPES = frozenset({"car", "truck", "van", "motorcycle", "bicycle", "bus"})

_EMERGENCY = {"ambulance": "ambulance", "fire_truck": "firetruck", "police_car": "police"}
"""Classes that CARLA's ``base_type`` calls car, van or truck, with the part of the id that tells them."""

_VEHICLES = {
    "bicycle": "crossbike omafiets century bicycle",
    "motorcycle": "harley kawasaki vespa yzf motorcycle",
    "bus": "bus fusorosa",
    "truck": "european_hgv carlacola truck",
    "van": "t2 sprinter van",
}
"""Classes with parts of CARLA 0.9's ids, for servers that tell no ``base_type``; the first match wins."""

_PROPS = {
    "traffic_cone": "cone",
    "barrier": "barrier trafficwarning warning",
    "bicycle_rack": "bikeparking bike_rack",
    "pushable": "shoppingcart shoppingtrolley trolley barrow stroller pushchair wheelie",
    "debris": "debris garbage trashbag plasticbag shoppingbag creasedbox cardboardbox box0 brokentile briefcase "
    "guitarcase travelcase purse barrel tyre tire wheel log branch pallet plank haybale mattress ladder ball chair "
    "colacan mobile",
}
"""Classes with parts of the ids of props that lie or stand in the way; street furniture is left out on purpose."""


def category(name: str) -> Category:
    """The row of a class; a species (``animal.kangaroo``) has the row of ``animal`` under its own name.

    Raises:
        KeyError: there is no such class.
    """
    if name.startswith("animal."):
        species = name.removeprefix("animal.")
        return replace(TAXONOMY["animal"], name=name, coco=species if species in _COCO_SPECIES else None)
    try:
        return TAXONOMY[name]
    except KeyError:
        raise KeyError(f"no class {name!r}; the classes are animal.<species>, {', '.join(TAXONOMY)}") from None


def category_of(type_id: str, attributes: Mapping[str, str]) -> str | None:
    """Class of a CARLA actor, or None for what is not labelled (sensors, controllers, lights, signs, furniture).

    Args:
        type_id: the blueprint, e.g. ``vehicle.tesla.model3``.
        attributes: the actor's attributes; ``base_type`` decides a vehicle's class, ``age`` a walker's.
    """
    kind, _, rest = type_id.partition(".")
    if kind == "vehicle":
        base = attributes.get("base_type", "").lower()
        return _named(_EMERGENCY, rest) or (base if base in _BASE_TYPES else _named(_VEHICLES, rest) or "car")
    if kind == "walker":
        group, _, name = rest.partition(".")
        if group == "animal":
            return f"animal.{name}"
        if attributes.get("use_wheelchair", "").lower() == "true":
            return "wheelchair"
        if group in ("e_scooter", "skateboard"):
            return "personal_mobility"
        if group == "stroller":
            return "stroller"
        if group == "worker":
            return "construction_worker"
        if group == "police" or type_id in _POLICE:
            return "police_officer"
        return "child" if attributes.get("age") == "child" else "adult"
    if type_id.startswith("static.prop."):
        return _named(_PROPS, type_id.removeprefix("static.prop."))
    return None


_POLICE = frozenset({"walker.pedestrian.0030", "walker.pedestrian.0032"})
"""CARLA's pedestrians in a police uniform; their attributes do not tell."""


def _named(classes: Mapping[str, str], type_id: str) -> str | None:
    return next((name for name, parts in classes.items() if any(part in type_id for part in parts.split())), None)
