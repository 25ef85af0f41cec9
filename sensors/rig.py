"""Rigs: which sensors a car carries, where, and how they measure. Read from YAML."""

from __future__ import annotations

import math
from importlib import resources
from pathlib import Path

from pydantic import Field, model_validator

from sensors.documents import DocumentError, parse
from sensors.specs import (
    CameraSpec,
    EgoPoseError,
    GnssSpec,
    ImuSpec,
    LidarSpec,
    Mount,
    RadarSpec,
    SensorSpec,
    Spec,
)

__all__ = [
    "CameraSpec", "EgoPoseError", "GnssSpec", "ImuSpec", "LidarSpec", "Mount", "RadarSpec", "Rig", "RigError",
    "load_rig", "rig_names",
]  # fmt: skip

_SHIPPED = resources.files("sensors") / "rigs"


class RigError(ValueError):
    """A rig that cannot be used; the message names file, line and field and says what to do."""


class Rig(Spec):
    """All sensors of one car, and the time step that fits them."""

    name: str
    tick: float = Field(gt=0, description="simulation step [s]; a sensor's period is rounded up to a multiple")
    keyframe_rate: float = Field(gt=0, description="annotated keyframes per second (nuScenes: 2)")
    cameras: tuple[CameraSpec, ...]
    lidars: tuple[LidarSpec, ...]
    radars: tuple[RadarSpec, ...] = ()
    imus: tuple[ImuSpec, ...] = ()
    gnss: tuple[GnssSpec, ...] = ()
    ego_pose_error: EgoPoseError | None = None

    @property
    def sensors(self) -> tuple[SensorSpec, ...]:
        """All of them, in the order of the file's lists."""
        return (*self.cameras, *self.lidars, *self.radars, *self.imus, *self.gnss)

    @model_validator(mode="after")
    def _consistent(self) -> Rig:
        sensors = self.sensors
        if not (self.cameras or self.lidars or self.radars):
            raise ValueError("carries no sensor; add at least one under cameras, lidars or radars")
        names = [sensor.name for sensor in sensors]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"names {', '.join(twice)} more than once; give each sensor a name of its own")
        for sensor in sensors:
            if sensor.rate * self.tick > 1 + 1e-6:
                raise ValueError(
                    f"{sensor.name} measures {sensor.rate:g} times a second, faster than the tick of "
                    f"{self.tick:g} s; set tick to {1 / sensor.rate:g} or less"
                )
        for lidar in self.lidars:
            turn = 1 / (lidar.rate * self.tick)
            if abs(turn - round(turn)) > 1e-6:
                raise ValueError(
                    f"{lidar.name} turns in {turn:g} ticks; a turn must take whole ticks: "
                    f"set tick to a divisor of {1 / lidar.rate:g}"
                )
            if abs(turn * lidar.reference - round(turn * lidar.reference)) > 1e-6:
                raise ValueError(
                    f"{lidar.name}'s reference time falls {turn * lidar.reference:g} ticks into its turn; "
                    "it must fall on a tick: change reference or tick"
                )
        for sensor in sensors:
            if self.period_ticks(self.keyframe_rate) % self.period_ticks(sensor.rate):
                raise ValueError(
                    f"a keyframe comes every {self.period_ticks(self.keyframe_rate)} ticks, but {sensor.name} "
                    f"measures every {self.period_ticks(sensor.rate)}; every keyframe needs every sensor: "
                    "change keyframe_rate or the sensor's rate"
                )
        return self

    def period_ticks(self, rate: float) -> int:
        """Ticks from one measurement to the next at ``rate`` [1/s], rounded up to whole ticks."""
        return max(1, math.ceil(1 / (rate * self.tick) - 1e-6))


def rig_names() -> tuple[str, ...]:
    """Names of the shipped rigs."""
    return tuple(
        sorted(entry.name.removesuffix(".yaml") for entry in _SHIPPED.iterdir() if entry.name.endswith(".yaml"))
    )


def load_rig(name_or_path: str | Path) -> Rig:
    """Reads a shipped rig by name (``kitti``) or any rig by the path of its YAML file.

    Raises:
        RigError: there is no such rig, or it is not valid; the message names file, line and field.
    """
    if str(name_or_path) in rig_names():
        source = f"rigs/{name_or_path}.yaml"
        text = (_SHIPPED / f"{name_or_path}.yaml").read_text(encoding="utf-8")
    else:
        path = Path(name_or_path)
        source = str(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = "" if isinstance(error, FileNotFoundError) else f" ({error})"
            raise RigError(
                f"no rig {str(name_or_path)!r}{why}; give the path of a YAML file or one of the shipped "
                f"rigs: {', '.join(rig_names())}"
            ) from error
    try:
        return parse(Rig, text, source, "a rig")
    except DocumentError as error:
        raise RigError(str(error)) from error
