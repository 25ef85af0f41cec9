"""Rigs: which sensors a car carries, where, and how they measure. Read from YAML."""

from __future__ import annotations

import math
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from renderers.scene import Pinhole
from sensors.documents import DocumentError, parse
from sensors.geometry import rigid
from sensors.lidar import BEAM_TABLES

_SHIPPED = resources.files("sensors") / "rigs"


class RigError(ValueError):
    """A rig that cannot be used; the message names file, line and field and says what to do."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mount(_Spec):
    """Pose of a sensor on the ego: ``ego_from_sensor``."""

    translation: tuple[float, float, float] = Field(description="x, y, z [m], ego frame (rear axle, on the ground)")
    rotation: tuple[float, float, float, float] = Field(description="quaternion w, x, y, z, sensor to ego")

    @field_validator("rotation")
    @classmethod
    def _unit(cls, rotation: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        norm = math.hypot(*rotation)
        if abs(norm - 1) > 1e-4:
            raise ValueError(f"is not a unit quaternion (its norm is {norm:.6f}); divide it by its norm")
        return rotation

    @property
    def matrix(self) -> NDArray[np.float64]:
        """``ego_from_sensor`` (4, 4) float64."""
        return rigid(self.rotation, self.translation)


class CameraSpec(_Spec):
    """A pinhole camera."""

    name: str = Field(description="channel, e.g. CAM_FRONT")
    width: int = Field(gt=0, description="[px]")
    height: int = Field(gt=0, description="[px]")
    fx: float = Field(gt=0, description="focal length [px]")
    fy: float = Field(gt=0, description="focal length [px]")
    cx: float = Field(description="principal point [px], the centre of the top-left pixel is 0")
    cy: float = Field(description="principal point [px]")
    rate: float = Field(gt=0, description="exposures per second")
    mount: Mount

    @property
    def pinhole(self) -> Pinhole:
        """The camera as the renderer wants it."""
        return Pinhole(self.width, self.height, self.fx, self.fy, self.cx, self.cy)


class LidarSpec(_Spec):
    """A spinning LiDAR."""

    name: str = Field(description="channel, e.g. LIDAR_TOP")
    beam_table: str = Field(description="name in sensors.lidar.BEAM_TABLES, e.g. HDL-64E")
    columns: int = Field(gt=0, description="firings of each beam per turn")
    rate: float = Field(gt=0, description="turns per second")
    range: float = Field(gt=0, description="farthest return [m]")
    reference: float = Field(
        gt=0,
        le=1,
        description="share of the turn done at the reference time: 0.5 when the camera "
        "fires as the scanner faces forward (KITTI), 1 when the sweep ends (nuScenes)",
    )
    mount: Mount

    @field_validator("beam_table")
    @classmethod
    def _known(cls, beam_table: str) -> str:
        if beam_table not in BEAM_TABLES:
            raise ValueError(f"{beam_table!r} is unknown; choose one of {', '.join(BEAM_TABLES)}")
        return beam_table


class Rig(_Spec):
    """All sensors of one car, and the time step that fits them."""

    name: str
    tick: float = Field(gt=0, description="simulation step [s]; a sensor's period is rounded up to a multiple")
    keyframe_rate: float = Field(gt=0, description="annotated keyframes per second (nuScenes: 2)")
    cameras: tuple[CameraSpec, ...]
    lidars: tuple[LidarSpec, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Rig:
        sensors: list[CameraSpec | LidarSpec] = [*self.cameras, *self.lidars]
        if not sensors:
            raise ValueError("carries no sensor; add at least one under cameras or lidars")
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
