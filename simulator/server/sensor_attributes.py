"""Attributes of the sensors' blueprints: CARLA 0.9.16's names and defaults, and Longtail's additions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class AttributeType(IntEnum):
    """CARLA's ActorAttributeType."""

    BOOL = 1
    INT = 2
    FLOAT = 3
    STRING = 4
    RGB_COLOR = 5


@dataclass(frozen=True)
class Attribute:
    """One attribute of a blueprint; the first recommended value is the default."""

    name: str
    kind: AttributeType
    recommended: tuple[str, ...]
    modifiable: bool = True
    restricted: bool = False

    @property
    def value(self) -> str:
        """The default."""
        return self.recommended[0]

    def definition(self) -> list[Any]:
        """The wire's ActorAttribute."""
        recommended = list(self.recommended) if self.modifiable else []
        return [self.name, int(self.kind), self.value, recommended, self.modifiable, self.restricted]


def _floats(**defaults: float) -> tuple[Attribute, ...]:
    return tuple(Attribute(name, AttributeType.FLOAT, (str(value),)) for name, value in defaults.items())


def _ints(**defaults: int) -> tuple[Attribute, ...]:
    return tuple(Attribute(name, AttributeType.INT, (str(value),)) for name, value in defaults.items())


def _bools(**defaults: bool) -> tuple[Attribute, ...]:
    return tuple(Attribute(name, AttributeType.BOOL, (str(value).lower(),)) for name, value in defaults.items())


def _strings(**defaults: tuple[str, ...]) -> tuple[Attribute, ...]:
    return tuple(Attribute(name, AttributeType.STRING, values) for name, values in defaults.items())


_ROLE = _strings(role_name=("front", "back", "left", "right", "front_left", "front_right", "back_left", "back_right"))
_TICK = _floats(sensor_tick=0.0)

_CAMERA = (
    *_ROLE,
    *_TICK,
    *_ints(image_size_x=800, image_size_y=600),
    *_floats(
        fov=90.0,
        lens_circle_falloff=5.0,
        lens_circle_multiplier=0.0,
        lens_k=-1.0,
        lens_kcube=0.0,
        lens_x_size=0.08,
        lens_y_size=0.08,
    ),
)

_POST_PROCESSING = (
    *_bools(enable_postprocess_effects=True),
    *_strings(exposure_mode=("histogram", "manual")),
    *_ints(blade_count=5),
    *_floats(
        gamma=2.2,
        motion_blur_intensity=0.45,
        motion_blur_max_distortion=0.35,
        motion_blur_min_object_screen_size=0.1,
        lens_flare_intensity=0.1,
        bloom_intensity=0.675,
        exposure_compensation=0.0,
        shutter_speed=200.0,
        iso=100.0,
        fstop=1.4,
        exposure_min_bright=10.0,
        exposure_max_bright=12.0,
        exposure_speed_up=3.0,
        exposure_speed_down=1.0,
        calibration_constant=16.0,
        focal_distance=1000.0,
        min_fstop=1.2,
        blur_amount=1.0,
        blur_radius=0.0,
        slope=0.88,
        toe=0.55,
        shoulder=0.26,
        black_clip=0.0,
        white_clip=0.04,
        temp=6500.0,
        tint=0.0,
        chromatic_aberration_intensity=0.0,
        chromatic_aberration_offset=0.0,
    ),
)
"""Unreal's post-processing; accepted, so that scripts run, and without effect: the renderer has its own exposure."""

_LIDAR = (
    *_ROLE,
    *_TICK,
    *_ints(channels=32, points_per_second=56000),
    *_floats(range=10.0, rotation_frequency=10.0, upper_fov=10.0, lower_fov=-30.0, horizontal_fov=360.0),
)

_LIDAR_INTENSITY = _floats(
    atmosphere_attenuation_rate=0.004,
    dropoff_general_rate=0.45,
    dropoff_intensity_limit=0.8,
    dropoff_zero_intensity=0.4,
    noise_stddev=0.0,
)

_AXES = ("x", "y", "z")

STRICT_SENSORS: dict[str, tuple[Attribute, ...]] = {
    "sensor.camera.rgb": (*_CAMERA, *_POST_PROCESSING),
    "sensor.camera.depth": _CAMERA,
    "sensor.camera.semantic_segmentation": _CAMERA,
    "sensor.camera.instance_segmentation": _CAMERA,
    "sensor.camera.normals": _CAMERA,
    "sensor.camera.optical_flow": _CAMERA,
    "sensor.lidar.ray_cast": (*_LIDAR, *_ints(noise_seed=0), *_LIDAR_INTENSITY),
    "sensor.lidar.ray_cast_semantic": _LIDAR,
    "sensor.other.collision": _ROLE,
    "sensor.other.lane_invasion": _ROLE,
    "sensor.other.obstacle": (
        *_ROLE,
        *_TICK,
        *_floats(distance=5.0, hit_radius=0.5),
        *_bools(only_dynamics=False, debug_linetrace=False),
    ),
    "sensor.other.radar": (
        *_ROLE,
        *_TICK,
        *_ints(points_per_second=1500, noise_seed=0),
        *_floats(horizontal_fov=30.0, vertical_fov=30.0, range=100.0),
    ),
    "sensor.other.gnss": (
        *_ROLE,
        *_TICK,
        *_ints(noise_seed=0),
        *_floats(**{f"noise_{axis}_{what}": 0.0 for axis in ("lat", "lon", "alt") for what in ("stddev", "bias")}),
    ),
    "sensor.other.imu": (
        *_ROLE,
        *_TICK,
        *_ints(noise_seed=0),
        *_floats(**{f"noise_accel_stddev_{axis}": 0.0 for axis in _AXES}),
        *_floats(**{f"noise_gyro_{what}_{axis}": 0.0 for what in ("stddev", "bias") for axis in _AXES}),
    ),
}
"""As on Unreal CARLA. Left out because they are not simulated: dvs, cosmos, rss, v2x."""


def _extended(type_id: str, attributes: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
    if type_id.startswith("sensor.camera."):
        return (*attributes, *_strings(principal_x=("",), principal_y=("",)))
    if type_id.startswith("sensor.lidar."):
        return (*attributes, *_strings(beam_table=("",)))
    return attributes


SENSORS = {type_id: _extended(type_id, attributes) for type_id, attributes in STRICT_SENSORS.items()}
"""With Longtail's: the principal point [px] and the scanner's beam table (docs/rooms.md)."""
