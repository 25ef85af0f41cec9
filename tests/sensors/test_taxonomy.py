"""The class table and CARLA's blueprints."""

from __future__ import annotations

import pytest

from sensors.labels import object_state
from sensors.taxonomy import TAXONOMY, category, category_of

KITTI = {"Car", "Van", "Truck", "Pedestrian", "Person_sitting", "Cyclist", "Tram", "Misc"}
# The 23 categories and 8 attributes of v1.0 (nuScenes' instructions for annotators).
NUSCENES = {
    *(f"human.pedestrian.{each}" for each in ("adult", "child", "wheelchair", "stroller", "personal_mobility")),
    *(f"human.pedestrian.{each}" for each in ("police_officer", "construction_worker")),
    *(
        f"vehicle.{each}"
        for each in ("car", "motorcycle", "bicycle", "bus.bendy", "bus.rigid", "truck", "construction")
    ),
    *(f"vehicle.{each}" for each in ("emergency.ambulance", "emergency.police", "trailer")),
    *(f"movable_object.{each}" for each in ("barrier", "trafficcone", "pushable_pullable", "debris")),
    "static_object.bicycle_rack",
    "animal",
}
ATTRIBUTES = {
    *(f"vehicle.{each}" for each in ("moving", "stopped", "parked")),
    *(f"cycle.{each}" for each in ("with_rider", "without_rider")),
    *(f"pedestrian.{each}" for each in ("moving", "standing", "sitting_lying_down")),
}


def test_every_row_uses_the_formats_own_words() -> None:
    assert len(NUSCENES) == 23
    for row in TAXONOMY.values():
        assert row.kitti_strict in KITTI, row
        assert row.kitti in KITTI | {"Animal"}, row
        assert row.nuscenes in NUSCENES, row
        assert set(row.attributes.values()) <= ATTRIBUTES, row
    assert {row.nuscenes for row in TAXONOMY.values()} == NUSCENES


def test_every_living_or_driven_thing_has_a_nuscenes_attribute_in_every_state() -> None:
    for name, row in TAXONOMY.items():
        for velocity in ((0, 0, 0), (3, 0, 0)):
            for flags in ({}, {"parked": True}, {"sitting": True}, {"with_rider": False}):
                state = object_state(1, name, "x", None, (1, 1, 1), velocity, (0, 0, 0), **flags)  # type: ignore[arg-type]
                found = row.nuscenes_attribute(state.attributes)
                assert (found is not None) == row.nuscenes.startswith(("human", "vehicle")), (name, state.attributes)


def test_animals() -> None:
    kangaroo = category("animal.kangaroo")
    assert (kangaroo.name, kangaroo.kitti, kangaroo.kitti_strict) == ("animal.kangaroo", "Animal", "Misc")
    assert (kangaroo.nuscenes, kangaroo.coco) == ("animal", None)
    assert category("animal.cow").coco == "cow"
    assert kangaroo.nuscenes_attribute(("moving",)) is None


def test_people_who_sit_have_a_type_of_their_own() -> None:
    adult = category("adult")
    assert adult.kitti_type(("sitting",)) == "Person_sitting"
    assert adult.kitti_type(("moving",)) == "Pedestrian"
    assert category("animal.cow").kitti_type(("moving",), strict=True) == "Misc"


def test_an_unknown_class() -> None:
    with pytest.raises(KeyError, match=r"no class 'lorry'.*truck"):
        category("lorry")


@pytest.mark.parametrize(
    ("type_id", "attributes", "expected"),
    [
        ("vehicle.tesla.model3", {"base_type": "car"}, "car"),
        ("vehicle.tesla.model3", {}, "car"),
        ("vehicle.volkswagen.t2", {"base_type": "van"}, "van"),
        ("vehicle.volkswagen.t2_2021", {}, "van"),
        ("vehicle.mercedes.sprinter", {"base_type": "van", "special_type": ""}, "van"),
        ("vehicle.ford.ambulance", {"base_type": "van", "special_type": "emergency"}, "ambulance"),
        ("vehicle.carlamotors.firetruck", {"base_type": "truck", "special_type": "emergency"}, "fire_truck"),
        ("vehicle.dodge.charger_police_2020", {"base_type": "car", "special_type": "emergency"}, "police_car"),
        ("vehicle.carlamotors.carlacola", {"base_type": "truck"}, "truck"),
        ("vehicle.carlamotors.european_hgv", {"base_type": "truck"}, "truck"),
        ("vehicle.tesla.cybertruck", {"base_type": "truck"}, "truck"),
        ("vehicle.mitsubishi.fusorosa", {"base_type": "bus"}, "bus"),
        ("vehicle.mitsubishi.fusorosa", {}, "bus"),
        ("vehicle.micro.microlino", {"base_type": "car"}, "car"),
        ("vehicle.harley-davidson.low_rider", {"base_type": "motorcycle"}, "motorcycle"),
        ("vehicle.yamaha.yzf", {}, "motorcycle"),
        ("vehicle.bh.crossbike", {"base_type": "bicycle"}, "bicycle"),
        ("vehicle.gazelle.omafiets", {}, "bicycle"),
        ("vehicle.diamondback.century", {}, "bicycle"),
        ("walker.pedestrian.0001", {"age": "adult", "gender": "female"}, "adult"),
        ("walker.pedestrian.0048", {"age": "child"}, "child"),
        ("walker.pedestrian.0049", {"age": "elderly"}, "adult"),
        ("walker.pedestrian.0030", {"age": "adult"}, "police_officer"),
        ("walker.worker.0001", {"age": "adult"}, "construction_worker"),
        ("walker.pedestrian.0050", {"age": "adult", "use_wheelchair": "True"}, "wheelchair"),
        ("walker.pedestrian.0050", {"age": "adult", "use_wheelchair": "False"}, "adult"),
        ("walker.animal.kangaroo", {}, "animal.kangaroo"),
        ("static.prop.trafficcone01", {}, "traffic_cone"),
        ("static.prop.constructioncone", {}, "traffic_cone"),
        ("static.prop.streetbarrier", {}, "barrier"),
        ("static.prop.chainbarrierend", {}, "barrier"),
        ("static.prop.trafficwarning", {}, "barrier"),
        ("static.prop.warningconstruction", {}, "barrier"),
        ("static.prop.creasedbox02", {}, "debris"),
        ("static.prop.dirtdebris01", {}, "debris"),
        ("static.prop.trashbag", {}, "debris"),
        ("static.prop.travelcase", {}, "debris"),
        ("static.prop.shoppingbag", {}, "debris"),
        ("static.prop.plasticchair", {}, "debris"),
        ("static.prop.shoppingcart", {}, "pushable"),
        ("static.prop.bikeparking", {}, "bicycle_rack"),
        ("static.prop.bench01", {}, None),
        ("static.prop.mailbox", {}, None),
        ("static.prop.vendingmachine", {}, None),
        ("static.prop.maptable", {}, None),
        ("static.trigger.friction", {}, None),
        ("static.roads", {}, None),
        ("sensor.camera.rgb", {}, None),
        ("controller.ai.walker", {}, None),
        ("traffic.traffic_light", {}, None),
        ("spectator", {}, None),
    ],
)
def test_blueprints(type_id: str, attributes: dict[str, str], expected: str | None) -> None:
    found = category_of(type_id, attributes)
    assert found == expected
    if found is not None:
        assert category(found).name == found
