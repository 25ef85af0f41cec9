"""The parts of nuScenes' schema that no recording changes, its official splits, and the writer of its tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from sensors.taxonomy import LIDARSEG

TABLES = (
    "attribute", "calibrated_sensor", "category", "ego_pose", "instance", "log", "map", "sample", "sample_annotation",
    "sample_data", "scene", "sensor", "visibility",
)  # fmt: skip
"""The 13 tables of nuScenes v1.0."""

SEGMENTATION_TABLES = ("lidarseg", "panoptic")
"""The tables of nuScenes-lidarseg and Panoptic nuScenes."""

VERSION = "v1.0-trainval"
"""Name of the folder of tables; the devkit takes its splits ``train`` and ``val`` with this name only."""

CATEGORIES = {
    "human.pedestrian.adult": "An adult on foot.",
    "human.pedestrian.child": "A child on foot.",
    "human.pedestrian.wheelchair": "A wheelchair, with whoever sits in it.",
    "human.pedestrian.stroller": "A stroller, with whoever lies in it.",
    "human.pedestrian.personal_mobility": "A small device to stand on, with its rider: a skateboard, a kick scooter.",
    "human.pedestrian.police_officer": "A police officer on foot.",
    "human.pedestrian.construction_worker": "A construction worker on foot.",
    "animal": "Any animal.",
    "vehicle.car": "A car for personal use: hatchback, sedan, van, SUV, jeep.",
    "vehicle.motorcycle": "A motorcycle, scooter or moped, with its rider.",
    "vehicle.bicycle": "A bicycle, with its rider.",
    "vehicle.bus.bendy": "A bus of two or more rigid parts.",
    "vehicle.bus.rigid": "A bus or shuttle for more than ten persons.",
    "vehicle.truck": "A vehicle to haul cargo: pick-up, lorry, semi-trailer tractor.",
    "vehicle.construction": "A vehicle made for construction sites.",
    "vehicle.emergency.ambulance": "An ambulance.",
    "vehicle.emergency.police": "A police vehicle.",
    "vehicle.trailer": "A trailer, loaded or not.",
    "movable_object.barrier": "A movable barrier put up to close a part of the road.",
    "movable_object.trafficcone": "A traffic cone.",
    "movable_object.pushable_pullable": "An object that a person may push or pull: a dolly, a bin on wheels.",
    "movable_object.debris": "An object on the road too large to be driven over safely.",
    "static_object.bicycle_rack": "A place to park bicycles.",
}
"""The 23 categories of nuScenes v1.0."""

STUFF = {
    "noise": "A return from nothing.",
    "flat.driveable_surface": "Road, with its paint.",
    "flat.other": "Level ground that is none of the others: water, rails.",
    "flat.sidewalk": "Sidewalks and other ways for people on foot.",
    "flat.terrain": "Grass, soil, sand, gravel.",
    "static.manmade": "Buildings, walls, fences, poles, signs and lights.",
    "static.other": "Anything that stands and is none of the others.",
    "static.vegetation": "Trees, bushes, plants.",
    "vehicle.ego": "The ego itself.",
}
"""The classes that are not categories of objects."""

ATTRIBUTES = {
    "vehicle.moving": "The vehicle moves.",
    "vehicle.stopped": "The vehicle stands, with the intent to go on.",
    "vehicle.parked": "The vehicle stands for longer.",
    "cycle.with_rider": "Someone rides the cycle.",
    "cycle.without_rider": "Nobody rides the cycle.",
    "pedestrian.sitting_lying_down": "The person sits or lies.",
    "pedestrian.standing": "The person stands.",
    "pedestrian.moving": "The person moves.",
}
"""The 8 attributes of nuScenes v1.0."""

VISIBILITIES = (("v0-40", 0.0), ("v40-60", 0.4), ("v60-80", 0.6), ("v80-100", 0.8))
"""The 4 levels and the least visible fraction of each; their tokens are "1" to "4"."""

SPLITS = ("train", "val")

_TRAIN = (
    "1-2,4-11,19-34,41-76,120-135,138-139,149-152,154-155,157-168,170-185,187-188,190-196,199-200,202-204,206-214,218-220,"
    "222,224-264,283-306,315-318,321,323-324,328,347-386,388-403,405-408,410-459,461-465,467-469,471-472,474-480,499-502,"
    "504-515,517-518,525-539,541-546,566,568,570-578,580,582-600,639-679,681,683-689,695-698,700-701,703-719,726-728,"
    "730-731,733-741,744,746-747,749-752,757-765,767-769,786-787,789-792,803-806,808-813,815-817,819-822,847-856,858,"
    "860-866,868-873,875-878,880,882-903,945,947,949,952-953,955-961,975-984,988-992,994-1025,1044-1058,1074-1102,1104-1110"
)
_VAL = (
    "3,12-18,35-36,38-39,92-110,221,268-278,329-332,344-346,519-524,552-565,625-627,629-630,632-638,770-771,775,777-778,"
    "780-784,794-800,802,904-917,919-931,962-963,966-969,971-972,1059-1073"
)


def scene_numbers(split: str) -> Iterator[int]:
    """Numbers for the scenes of ``train`` or ``val``, without end.

    First those of nuScenes' own scenes in that split: every tool that has nuScenes' lists built in then splits a
    dataset as we do. When they are used up, numbers that nuScenes does not have.
    """
    for part in (_TRAIN if split == "train" else _VAL).split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
    yield from count(2001 + SPLITS.index(split), len(SPLITS))


def token(*parts: object) -> str:
    """A record's name: 32 hexadecimal digits that depend on nothing but what the record is about."""
    return hashlib.md5("\n".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def class_descriptions() -> dict[str, str]:
    """What each of the 32 classes means, in the order of their numbers; the 23 categories are among them."""
    return {name: CATEGORIES.get(name) or STUFF[name] for name in LIDARSEG}


def constant_rows() -> Iterator[tuple[str, dict[str, Any]]]:
    """Table and row of all that is the same in every dataset."""
    for index, (name, description) in enumerate(class_descriptions().items()):
        yield "category", {"token": token("category", name), "name": name, "description": description, "index": index}
    for name, description in ATTRIBUTES.items():
        yield "attribute", {"token": token("attribute", name), "name": name, "description": description}
    for number, (level, least) in enumerate(VISIBILITIES, start=1):
        text = f"at least {least:.0%} of the object is visible" if least else "less than 40% of the object is visible"
        yield "visibility", {"token": str(number), "level": level, "description": text}


class Tables:
    """The tables of one dataset, written row by row as JSON arrays, one row a line. A context manager."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: (folder / f"{name}.json").open("w") for name in (*TABLES, *SEGMENTATION_TABLES)}
        self._rows = dict.fromkeys(self._files, 0)

    def add(self, table: str, **row: Any) -> None:
        """Appends a row; values are JSON's."""
        file = self._files[table]
        file.write(",\n" if self._rows[table] else "[\n")
        json.dump(row, file, allow_nan=False)
        self._rows[table] += 1

    def __enter__(self) -> Tables:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, file in self._files.items():
            file.write("\n]\n" if self._rows[name] else "[]\n")
            file.close()
