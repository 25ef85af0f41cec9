"""Rigs: which sensors a car carries, where, and how they measure. Read from YAML."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mount(_Spec):
    """Pose of a sensor on the ego: ``ego_from_sensor``."""

    translation: tuple[float, float, float] = Field(description="x, y, z [m], ego frame (rear axle, on the ground)")
    rotation: tuple[float, float, float, float] = Field(description="quaternion w, x, y, z, sensor to ego")


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


class LidarSpec(_Spec):
    """A spinning LiDAR."""

    name: str = Field(description="channel, e.g. LIDAR_TOP")
    beam_table: str = Field(description="name in sensors.lidar.BEAM_TABLES, e.g. HDL-64E")
    columns: int = Field(gt=0, description="firings of each beam per turn")
    rate: float = Field(gt=0, description="turns per second")
    range: float = Field(gt=0, description="farthest return [m]")
    reference: float = Field(ge=0, le=1, description="share of the turn done at the reference time: 0.5 when the camera "
                             "fires as the scanner faces forward (KITTI), 1 when the sweep ends (nuScenes)")
    mount: Mount


class Rig(_Spec):
    """All sensors of one car, and the time step that fits them."""

    name: str
    tick: float = Field(gt=0, description="simulation step [s]; a sensor's period is rounded up to a multiple")
    keyframe_rate: float = Field(gt=0, description="annotated keyframes per second (nuScenes: 2)")
    cameras: tuple[CameraSpec, ...]
    lidars: tuple[LidarSpec, ...]
