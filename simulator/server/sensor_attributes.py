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


_PLACES = ("front", "back", "left", "right", "front_left", "front_right", "back_left", "back_right")
_PLACED = _strings(role_name=_PLACES)
_ROLE = _strings(role_name=("default",))
_TICK = _floats(sensor_tick=0.0)
_SEED = _ints(noise_seed=0)

_CAMERA = (
    *_PLACED,
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
    Attribute("exposure_mode", AttributeType.STRING, ("histogram", "manual"), restricted=True),
    *_floats(exposure_compensation=0.0, shutter_speed=200.0, iso=100.0, fstop=1.4),
    *_bools(enable_postprocess_effects=True),
    *_floats(
        gamma=2.2,
        motion_blur_intensity=0.45,
        motion_blur_max_distortion=0.35,
        lens_flare_intensity=0.1,
        bloom_intensity=0.675,
        motion_blur_min_object_screen_size=0.1,
        exposure_min_bright=10.0,
        exposure_max_bright=12.0,
        exposure_speed_up=3.0,
        exposure_speed_down=1.0,
        calibration_constant=16.0,
        focal_distance=1000.0,
        min_fstop=1.2,
    ),
    *_ints(blade_count=5),
    *_floats(
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
"""Unreal's post-processing; ``simulator.server.sensors.optics`` says what each does here."""

_EVENTS = (
    *_floats(
        positive_threshold=0.3, negative_threshold=0.3, sigma_positive_threshold=0.0, sigma_negative_threshold=0.0
    ),
    *_ints(refractory_period_ns=0),
    Attribute("use_log", AttributeType.BOOL, ("True",)),
    *_floats(log_eps=0.001),
)

_SCANNER = (
    *_PLACED,
    *_TICK,
    *_ints(channels=32),
    *_floats(range=10.0),
    *_ints(points_per_second=56000),
    *_floats(rotation_frequency=10.0, upper_fov=10.0, lower_fov=-30.0),
)
_SWEEP = _floats(horizontal_fov=360.0)

_AXES = ("x", "y", "z")
_POSITION_NOISE = _floats(
    **{f"noise_{axis}_{what}": 0.0 for axis in ("lat", "lon", "alt") for what in ("stddev", "bias")}
)
_ACCELERATION_NOISE = _floats(**{f"noise_accel_stddev_{axis}": 0.0 for axis in _AXES})

_RADIO = (
    *_ROLE,
    *_TICK,
    *_strings(channel_id=("Default",)),
    *_SEED,
    *_floats(
        transmit_power=21.5,
        receiver_sensitivity=-99.0,
        frequency_ghz=5.9,
        combined_antenna_gain=10.0,
    ),
    Attribute("scenario", AttributeType.STRING, ("highway", "rural", "urban"), restricted=True),
    Attribute("path_loss_model", AttributeType.STRING, ("winner", "geometric"), restricted=True),
    *_floats(path_loss_exponent=2.7, d_ref=1.0, filter_distance=500.0),
    *_bools(use_etsi_fading=True),
    *_floats(custom_fading_stddev=0.0),
)

STRICT_SENSORS: dict[str, tuple[Attribute, ...]] = {
    "sensor.camera.rgb": (*_CAMERA, *_POST_PROCESSING),
    "sensor.camera.depth": _CAMERA,
    "sensor.camera.semantic_segmentation": _CAMERA,
    "sensor.camera.instance_segmentation": _CAMERA,
    "sensor.camera.normals": _CAMERA,
    "sensor.camera.optical_flow": _CAMERA,
    "sensor.camera.cosmos_visualization": _CAMERA,
    "sensor.camera.dvs": (*_CAMERA, *_POST_PROCESSING, *_EVENTS),
    "sensor.lidar.ray_cast": (
        *_SCANNER,
        *_floats(atmosphere_attenuation_rate=0.004),
        *_SEED,
        *_floats(dropoff_general_rate=0.45, dropoff_intensity_limit=0.8, dropoff_zero_intensity=0.4, noise_stddev=0.0),
        *_SWEEP,
    ),
    "sensor.lidar.ray_cast_semantic": (*_SCANNER, *_SWEEP),
    "sensor.other.collision": _PLACED,
    "sensor.other.lane_invasion": _PLACED,
    "sensor.other.rss": _PLACED,
    "sensor.other.obstacle": (
        *_PLACED,
        *_TICK,
        *_floats(distance=5.0, hit_radius=0.5),
        *_bools(only_dynamics=False, debug_linetrace=False),
    ),
    "sensor.other.radar": (
        *_ROLE,
        *_TICK,
        *_floats(horizontal_fov=30, vertical_fov=30, range=100),
        *_ints(points_per_second=1500),
        *_SEED,
    ),
    "sensor.other.gnss": (*_ROLE, *_TICK, *_SEED, *_POSITION_NOISE),
    "sensor.other.imu": (
        *_ROLE,
        *_TICK,
        *_SEED,
        *_ACCELERATION_NOISE,
        *_floats(**{f"noise_gyro_{what}_{axis}": 0.0 for what in ("stddev", "bias") for axis in _AXES}),
    ),
    "sensor.other.v2x": (
        *_RADIO,
        *_floats(gen_cam_min=0.1, gen_cam_max=1.0),
        *_bools(fixed_rate=False),
        *_POSITION_NOISE,
        *_floats(noise_head_stddev=0.0, noise_head_bias=0.0),
        *_ACCELERATION_NOISE,
        *_floats(noise_yawrate_stddev=0.0, noise_yawrate_bias=0.0, noise_vel_stddev_x=0.0),
    ),
    "sensor.other.v2x_custom": _RADIO,
}
"""As on Unreal CARLA."""


_SCANNER_EXTRAS = ("beam_table", "range_noise", "dropout", "divergence", "echoes", "snowfall")


def _extended(type_id: str, attributes: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
    if type_id.startswith("sensor.camera."):
        return (*attributes, *_strings(principal_x=("",), principal_y=("",), distortion=("",)))
    if type_id.startswith("sensor.lidar."):
        return (*attributes, *_strings(**dict.fromkeys(_SCANNER_EXTRAS, ("",))))
    return attributes


STRICT_SENSORS = {
    type_id: (attributes[0], *_strings(ros_name=(type_id,)), *attributes[1:])
    for type_id, attributes in STRICT_SENSORS.items()
}
SENSORS = {type_id: _extended(type_id, attributes) for type_id, attributes in STRICT_SENSORS.items()}
"""With Longtail's: the principal point [px], the lens's distortion; the scanner's beams and echoes (docs/rooms.md)."""
