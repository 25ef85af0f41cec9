"""What OpenDRIVE's kinds of lanes are paved with, how high they lie and what they are to cameras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assets import ground
from assets.mesh import Material
from assets.tags import Tag

KERB = 0.12
"""Height [m] of sidewalks above the road."""


@dataclass(frozen=True)
class Paving:
    """A lane's surface. ``driven``: it shows wheel tracks; ``raised``: it lies behind a kerb."""

    material: Callable[[], Material]
    tag: Tag = Tag.ROADS
    driven: bool = False
    raised: bool = False


_LANE = Paving(ground.lane_asphalt, driven=True)
_PLAIN = Paving(ground.asphalt)
_WALK = Paving(ground.paving, Tag.SIDEWALKS, raised=True)
_TRACK = Paving(ground.ballast, Tag.RAIL_TRACK)

PAVINGS: dict[str, Paving | None] = {
    "none": None,
    "sidewalk": _WALK,
    "walking": _WALK,
    "curb": Paving(ground.kerbstone, Tag.SIDEWALKS, raised=True),
    "median": Paving(ground.concrete, Tag.GROUND, raised=True),
    "biking": Paving(ground.cycleway),
    "tram": Paving(ground.asphalt, Tag.RAIL_TRACK),
    "rail": _TRACK,
} | dict.fromkeys(
    (
        "driving", "bidirectional", "entry", "exit", "onRamp", "offRamp", "connectingRamp", "mwyEntry", "mwyExit",
        "slipLane", "bus", "taxi", "HOV",
    ),
    _LANE,
)  # fmt: skip
"""By an OpenDRIVE lane's type; what is not here (shoulder, border, stop, parking, restricted, ...) is plain asphalt."""


def paving(kind: str) -> Paving | None:
    """A lane's surface by its type; None for lanes that are not there."""
    return PAVINGS.get(kind, _PLAIN)


def is_raised(kind: str) -> bool:
    """Whether a lane of that type lies behind a kerb."""
    found = paving(kind)
    return found is not None and found.raised
