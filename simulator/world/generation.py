"""How a place is made of an OpenDRIVE text, as clients may ask for it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite


@dataclass(frozen=True)
class Generation:
    """CARLA's ``OpendriveGenerationParameters``; the defaults are ours, for maps that are loaded by name.

    Attributes:
        vertex_distance: [m] between cross-sections of the road, from 0.2.
        max_road_length: [m] of road in one mesh, so that what lies behind the camera is culled; from 5.
        wall_height: [m] of walls along both sides of roads; 0 is none.
        additional_width: [m] by which junction floors are wider than their lanes.
        smooth_junctions: one floor for each junction; False leaves its roads as they are, one over the other.
        visible: whether the road is drawn; it is driven upon anyway.
        walkable: whether there is a navigation mesh for pedestrians.

    Raises:
        ValueError: a number is out of its range.
    """

    vertex_distance: float = 1.0
    max_road_length: float = 80.0
    wall_height: float = 0.0
    additional_width: float = 0.0
    smooth_junctions: bool = True
    visible: bool = True
    walkable: bool = True

    def __post_init__(self) -> None:
        ranges = {
            "vertex_distance": (0.2, 100.0),
            "max_road_length": (5.0, float("inf")),
            "wall_height": (0.0, 100.0),
            "additional_width": (0.0, 10.0),
        }
        for field in fields(self):
            value, (low, high) = getattr(self, field.name), ranges.get(field.name, (0, 1))
            if not low <= value <= high or not isfinite(value):
                raise ValueError(f"{field.name} must be from {low:g} to {high:g}, not {value:g}")


STANDARD = Generation()
