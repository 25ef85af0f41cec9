"""What a rig's file says of each sensor: mountings, optics, scanners, noise.

Files are for people: angles are in degrees there, and in radians everywhere else.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from renderers.scene import Pinhole
from sensors.distortion import BrownConrady, KannalaBrandt
from sensors.geometry import rigid
from sensors.lidar import BEAM_TABLES


class Spec(BaseModel):
    """A part of a rig's file; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Mount(Spec):
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


class SensorSpec(Spec):
    """What all sensors have."""

    name: str = Field(pattern=r"^[A-Za-z0-9_]+$", description="channel, e.g. CAM_FRONT")
    rate: float = Field(gt=0, description="measurements per second; turns, for a LiDAR")
    mount: Mount


class CameraSpec(SensorSpec):
    """A camera: a pinhole, or a lens that bends lines."""

    width: int = Field(gt=0, description="[px]")
    height: int = Field(gt=0, description="[px]")
    fx: float = Field(gt=0, description="focal length [px]")
    fy: float = Field(gt=0, description="focal length [px]")
    cx: float = Field(description="principal point [px], the centre of the top-left pixel is 0")
    cy: float = Field(description="principal point [px]")
    dense: tuple[Literal["normals", "flow"], ...] = Field(
        default=(), description="what to record of every pixel beyond depth, class and instance"
    )
    distortion: Annotated[BrownConrady | KannalaBrandt, Field(discriminator="model")] | None = None

    @model_validator(mode="after")
    def _seen(self) -> CameraSpec:
        if self.distortion is not None:
            self.distortion.check(self.pinhole)
        return self

    @property
    def pinhole(self) -> Pinhole:
        """Size, focal lengths and principal point: the camera as the renderer wants it, but for the distortion."""
        return Pinhole(self.width, self.height, self.fx, self.fy, self.cx, self.cy)


class LidarSpec(SensorSpec):
    """A spinning LiDAR."""

    beam_table: str = Field(description="name in sensors.lidar.BEAM_TABLES, e.g. HDL-64E")
    columns: int = Field(gt=0, description="firings of each beam per turn")
    range: float = Field(gt=0, description="farthest return [m]")
    reference: float = Field(
        gt=0,
        le=1,
        description="share of the turn done at the reference time: 0.5 when the camera "
        "fires as the scanner faces forward (KITTI), 1 when the sweep ends (nuScenes)",
    )
    range_noise: float | None = Field(
        default=None, ge=0, description="standard deviation [m]; the data sheet's when left out"
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="share of the returns that are lost at random")
    divergence: float = Field(
        default=0.0, ge=0, le=1, description="full angle [deg] of the beams' cone, drawn as seven rays; 0: one ray"
    )
    snowfall: float = Field(
        default=0.0,
        ge=0,
        description="[mm/h of water] before it; CARLA's weather has none, so no camera sees it",
    )
    echoes: Literal[1, 2] = Field(default=1, description="returns a pulse can have: the strongest, or also the second")

    @field_validator("beam_table")
    @classmethod
    def _known(cls, beam_table: str) -> str:
        if beam_table not in BEAM_TABLES:
            raise ValueError(f"{beam_table!r} is unknown; choose one of {', '.join(BEAM_TABLES)}")
        return beam_table


class RadarSpec(SensorSpec):
    """An automotive radar that reports a list of returns (Continental ARS 408 and its like); no elevation."""

    range: float = Field(gt=0, description="at which a car of 10 dBsm is just detected, head on [m]")
    horizontal_fov: float = Field(gt=0, lt=180, description="whole angle [deg]")
    vertical_fov: float = Field(gt=0, lt=180, description="whole angle [deg]")
    range_resolution: float = Field(gt=0, description="what lies closer is one return [m]")
    azimuth_resolution: float = Field(gt=0, description="[deg]")
    velocity_resolution: float = Field(gt=0, description="[m/s]")
    range_noise: float = Field(default=0.0, ge=0, description="standard deviation [m]")
    azimuth_noise: float = Field(default=0.0, ge=0, description="standard deviation [deg]")
    velocity_noise: float = Field(default=0.0, ge=0, description="standard deviation [m/s]")
    rays: int = Field(default=4000, gt=0, description="cast per scan")
    most: int = Field(default=250, gt=0, description="returns per scan, the strongest are kept")


class InertialNoise(Spec):
    """Noise of one triad by its Allan parameters (IEEE Std 952-1997, annex C), the same on its three axes."""

    white: float = Field(default=0.0, ge=0, description="noise density: [m/s^2/sqrt(Hz)] or [deg/s/sqrt(Hz)]")
    bias: float = Field(default=0.0, ge=0, description="standard deviation at the start: [m/s^2] or [deg/s]")
    walk: float = Field(default=0.0, ge=0, description="random walk of the bias: [m/s^2/sqrt(s)] or [deg/s/sqrt(s)]")


class ImuSpec(SensorSpec):
    """An inertial unit: accelerometers, gyroscopes, and the orientation it makes of them; x forward, y left, z up."""

    accelerometer: InertialNoise = InertialNoise()
    gyroscope: InertialNoise = InertialNoise()
    tilt_noise: float = Field(default=0.0, ge=0, description="standard deviation of roll and pitch [deg]")
    heading_noise: float = Field(default=0.0, ge=0, description="standard deviation [deg]")


class GnssSpec(SensorSpec):
    """A satellite receiver. Its error is white noise and a part that wanders (first-order Gauss-Markov)."""

    horizontal_noise: float = Field(default=0.0, ge=0, description="white, standard deviation east and north [m]")
    vertical_noise: float = Field(default=0.0, ge=0, description="white, standard deviation [m]")
    horizontal_wander: float = Field(default=0.0, ge=0, description="standard deviation of the wandering part [m]")
    vertical_wander: float = Field(default=0.0, ge=0, description="[m]")
    wander_time: float = Field(default=100.0, gt=0, description="time constant of the wandering part [s]")


class EgoPoseError(Spec):
    """Error of the ego's localiser, in the ego's frame: white noise, and drift as a random walk from zero."""

    translation_noise: float = Field(default=0.0, ge=0, description="standard deviation along each axis [m]")
    rotation_noise: float = Field(default=0.0, ge=0, description="standard deviation about each axis [deg]")
    translation_drift: float = Field(default=0.0, ge=0, description="[m/sqrt(s)]")
    rotation_drift: float = Field(default=0.0, ge=0, description="[deg/sqrt(s)]")
