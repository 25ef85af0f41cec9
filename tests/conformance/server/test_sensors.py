"""All sensors through the real client, with the attributes that CARLA documents."""

from __future__ import annotations

import queue

import carla
import numpy as np
import pytest

from simulator.process import ServerProcess
from simulator.recorder import SHARP

from .clients import MAP, STEP, Tap, along, connect, fresh_world, image, spawn, wait_for

SIZE = {"image_size_x": 160, "image_size_y": 90}
HOOD = carla.Transform(carla.Location(x=1.0, z=1.6))


@pytest.fixture(scope="module")
def server():
    with ServerProcess(MAP, seed=5, strict=True) as process:
        yield process


@pytest.fixture
def world(server):
    with fresh_world(server) as (_, world):
        yield world


def car(world, ahead=0.0, settled=True):
    body = spawn(world, "vehicle.tesla.model3", along(world.get_map().get_spawn_points()[0], ahead))
    for _ in range(40 if settled else 0):  # it falls half a metre first
        world.tick()
    return body


# The attributes of 0.9.16's definitions: name, type, default.
EXPECTED = {
    "sensor.camera.rgb": {
        "fov": "90.0", "image_size_x": "800", "image_size_y": "600", "sensor_tick": "0.0", "iso": "100.0",
        "gamma": "2.2", "fstop": "1.4", "min_fstop": "1.2", "shutter_speed": "200.0", "exposure_mode": "histogram",
        "exposure_compensation": "0.0", "exposure_min_bright": "10.0", "exposure_max_bright": "12.0",
        "exposure_speed_up": "3.0", "exposure_speed_down": "1.0", "calibration_constant": "16.0",
        "focal_distance": "1000.0", "blur_amount": "1.0", "blur_radius": "0.0", "blade_count": "5",
        "motion_blur_intensity": "0.45", "motion_blur_max_distortion": "0.35",
        "motion_blur_min_object_screen_size": "0.1", "lens_flare_intensity": "0.1", "bloom_intensity": "0.675",
        "slope": "0.88", "toe": "0.55", "shoulder": "0.26", "black_clip": "0.0", "white_clip": "0.04",
        "temp": "6500.0", "tint": "0.0", "chromatic_aberration_intensity": "0.0", "chromatic_aberration_offset": "0.0",
        "enable_postprocess_effects": "true", "lens_circle_falloff": "5.0", "lens_circle_multiplier": "0.0",
        "lens_k": "-1.0", "lens_kcube": "0.0", "lens_x_size": "0.08", "lens_y_size": "0.08", "role_name": "front",
    },
    "sensor.camera.dvs": {
        "positive_threshold": "0.3", "negative_threshold": "0.3", "sigma_positive_threshold": "0.0",
        "sigma_negative_threshold": "0.0", "refractory_period_ns": "0", "use_log": "True", "log_eps": "0.001",
    },
    "sensor.lidar.ray_cast": {
        "channels": "32", "range": "10.0", "points_per_second": "56000", "rotation_frequency": "10.0",
        "upper_fov": "10.0", "lower_fov": "-30.0", "horizontal_fov": "360.0", "atmosphere_attenuation_rate": "0.004",
        "dropoff_general_rate": "0.45", "dropoff_intensity_limit": "0.8", "dropoff_zero_intensity": "0.4",
        "noise_stddev": "0.0", "noise_seed": "0",
    },
    "sensor.other.radar": {
        "horizontal_fov": "30", "vertical_fov": "30", "points_per_second": "1500", "range": "100", "noise_seed": "0",
    },
    "sensor.other.obstacle": {"distance": "5.0", "hit_radius": "0.5", "only_dynamics": "false"},
    "sensor.other.gnss": {"noise_lat_bias": "0.0", "noise_alt_stddev": "0.0", "noise_seed": "0"},
    "sensor.other.imu": {"noise_accel_stddev_x": "0.0", "noise_gyro_bias_z": "0.0", "noise_seed": "0"},
    "sensor.other.v2x": {"transmit_power": "21.5", "gen_cam_min": "0.1", "scenario": "highway"},
}  # fmt: skip


def test_blueprints_have_the_documented_attributes(world):
    library = world.get_blueprint_library()
    for name, attributes in EXPECTED.items():
        have = {attribute.id: attribute for attribute in library.find(name)}
        for attribute, default in attributes.items():
            value = have[attribute]
            texts = {
                carla.ActorAttributeType.Bool: lambda v: str(v.as_bool()),
                carla.ActorAttributeType.Int: lambda v: str(v.as_int()),
                carla.ActorAttributeType.Float: lambda v: repr(round(v.as_float(), 4)),
                carla.ActorAttributeType.String: lambda v: v.as_str(),
            }
            told = texts[value.type](value)
            assert told.lower() == default.lower() or float(told) == float(default), (name, attribute)
            assert value.is_modifiable
    assert not library.find("sensor.camera.depth").has_attribute("gamma")


def test_every_kind_of_sensor_can_be_spawned_heard_and_destroyed(world):
    own = car(world)
    car(world, 8, settled=False)
    own.enable_constant_velocity(carla.Vector3D(6, 0, 0))
    names = sorted(blueprint.id for blueprint in world.get_blueprint_library().filter("sensor.*"))
    silent = {"sensor.other.collision", "sensor.other.lane_invasion", "sensor.other.rss", "sensor.other.v2x_custom"}
    taps = {}
    for name in names:
        if name != "sensor.other.rss":  # an actor like any other for a client without RSS
            taps[name] = Tap(world, name, own, HOOD, **(SIZE if ".camera." in name else {}))
    spawn(world, "sensor.other.v2x", HOOD, own)  # somebody to be heard
    frames = [world.tick() for _ in range(3)]
    for name, tap in taps.items():
        if name in silent:
            continue
        message = tap.messages.get(timeout=60)
        assert message.frame in frames, name
        moved = np.array(message.transform.get_matrix())[:3, 3]
        assert np.isfinite(moved).all() and np.abs(moved).max() > 0
    for tap in taps.values():
        tap.actor.destroy()
    world.tick()


def test_a_header_tells_where_a_moving_sensor_was(world):
    own = car(world)
    own.enable_constant_velocity(carla.Vector3D(10, 0, 0))
    tap = Tap(world, "sensor.other.gnss", own, HOOD)
    for _ in range(3):
        message = tap.take(world.tick())
        expected = tap.actor.get_transform()
        assert message.transform.location.distance(expected.location) < 1e-2
        assert message.timestamp == pytest.approx(world.get_snapshot().timestamp.elapsed_seconds)


def test_two_clients_hear_one_sensor_and_stopping_one_leaves_the_other(server, world):
    tap = Tap(world, "sensor.other.imu", car(world))
    other_world = connect(server).get_world()
    other = other_world.get_actor(tap.actor.id)
    heard = queue.Queue()
    other.listen(heard.put)
    frames = [world.tick()]
    for _ in range(100):  # nobody waits for the second subscriber of a stream
        if not heard.empty():
            break
        frames.append(world.tick())
    assert tap.take(frames[-1]) and heard.get(timeout=30).frame in frames
    other.stop()
    assert tap.take(world.tick()) and tap.actor.is_listening() and not other.is_listening()
    tap.actor.stop()
    tap.drained(0.1)
    world.tick()
    assert not tap.drained(0.2)
    tap.actor.listen(tap.messages.put)
    assert tap.take(world.tick())


def test_events_of_a_moving_camera(world):
    own = car(world)
    tap = Tap(world, "sensor.camera.dvs", own, HOOD, positive_threshold=0.2, negative_threshold=0.2, **SIZE)
    world.tick()
    assert not tap.drained(0.3)  # nothing to compare with
    own.enable_constant_velocity(carla.Vector3D(12, 0, 0))
    for _ in range(3):
        frame = world.tick()
    message = tap.take(frame)
    dtype = np.dtype([("x", np.uint16), ("y", np.uint16), ("t", np.int64), ("pol", np.bool_)])
    events = np.frombuffer(message.raw_data, dtype)
    assert len(events) == len(message) > 50
    assert events["x"].max() < 160 and events["y"].max() < 90 and (np.diff(events["t"]) >= 0).all()
    end = message.timestamp * 1e9
    assert end - STEP * 1e9 - 2 <= events["t"].min() and events["t"].max() <= end + 2
    assert {bool(value) for value in events["pol"]} == {True, False}
    assert image_like(message.to_image()).any()


def image_like(array):
    return np.array(array.raw_data) if hasattr(array, "raw_data") else np.array(list(array))


def test_post_processing_is_honoured(world):
    own = car(world)
    plain = {"motion_blur_intensity": 0, "bloom_intensity": 0, "lens_flare_intensity": 0, **SIZE}
    settings = {
        "plain": {},
        "brighter": {"exposure_compensation": 1},
        "sunny 16": {"exposure_mode": "manual", "fstop": 16, "shutter_speed": 125},
        "four stops under": {"exposure_mode": "manual", "fstop": 16, "shutter_speed": 2000},
        "warm": {"temp": 9500},
        "bent": {"lens_circle_multiplier": 3, "lens_k": -3, "lens_x_size": 0.5, "lens_y_size": 0.5},
        "off": {"enable_postprocess_effects": "false"},
    }
    taps = {name: Tap(world, "sensor.camera.rgb", own, HOOD, **plain, **given) for name, given in settings.items()}
    frame = world.tick()
    seen = {name: image(tap.take(frame)).astype(float)[..., :3] for name, tap in taps.items()}
    assert seen["brighter"].mean() > seen["plain"].mean() + 8
    assert seen["sunny 16"].mean() > seen["four stops under"].mean() + 50
    assert (seen["warm"][..., 2] - seen["warm"][..., 0]).mean() > (seen["plain"][..., 2] - seen["plain"][..., 0]).mean()
    assert np.abs(seen["bent"] - seen["plain"])[:, :20].mean() > 3
    assert np.abs(seen["off"] - seen["plain"]).mean() < 1


def test_rigs_see_without_effects(world):
    """What a recording sets gives the very bytes of a camera without post-processing, however it moves."""
    own = car(world)
    rig = Tap(world, "sensor.camera.rgb", own, HOOD, **SIZE, **SHARP)
    plain = Tap(world, "sensor.camera.rgb", own, HOOD, **SIZE, enable_postprocess_effects="false")
    film = Tap(world, "sensor.camera.rgb", own, HOOD, **SIZE)
    own.enable_constant_velocity(carla.Vector3D(8, 0, 0))
    for _ in range(3):
        frame = world.tick()
        sharp = image(rig.take(frame))
        assert np.array_equal(sharp, image(plain.take(frame)))
        assert not np.array_equal(sharp, image(film.take(frame)))


def test_a_wrong_setting_is_refused(world):
    for attributes in ({"iso": 0}, {"fov": 180}, {"image_size_x": 0}, {"gamma": "bright"}):
        with pytest.raises(RuntimeError, match="invalid actor description"):
            spawn(world, "sensor.camera.rgb", carla.Transform(), **attributes)


def test_gbuffers(world):
    own, other = car(world), car(world, 10)
    camera = Tap(world, "sensor.camera.rgb", own, HOOD, **SIZE)
    semantic = Tap(world, "sensor.camera.semantic_segmentation", own, HOOD, **SIZE)
    depth = Tap(world, "sensor.camera.depth", own, HOOD, **SIZE)
    names = (
        "SceneColor",
        "SceneDepth",
        "GBufferA",
        "GBufferB",
        "GBufferC",
        "GBufferD",
        "SSAO",
        "Velocity",
        "CustomStencil",
    )
    queues = {name: queue.Queue() for name in names}
    camera.actor.enable_gbuffers(True)
    for name in names:
        camera.actor.listen_to_gbuffer(getattr(carla.GBufferTextureID, name), queues[name].put)
    frame = world.tick()
    buffers = {}
    for name in names:
        message = queues[name].get(timeout=60)
        assert message.frame == frame
        buffers[name] = image(message)
    assert np.array_equal(buffers["SceneColor"], image(camera.take(frame)))
    assert np.array_equal(buffers["CustomStencil"][..., 2], image(semantic.take(frame))[..., 2])
    assert np.array_equal(buffers["SceneDepth"], image(depth.take(frame)))
    tags = buffers["CustomStencil"][..., 2]
    assert buffers["GBufferA"][tags == 1, 0].mean() > 250  # the road looks up
    assert buffers["GBufferC"][tags == 14, :3].any() and not buffers["GBufferD"][..., :3].any()
    camera.actor.stop_gbuffer(carla.GBufferTextureID.SceneColor)
    world.tick()
    other.destroy()


def test_v2x_messages_reach_others_within_range(world):
    own, near = car(world), car(world, 15)
    far = carla.Transform(carla.Location(z=5, x=own.get_location().x + 600, y=own.get_location().y))
    roof = carla.Transform(carla.Location(z=2))
    sender = Tap(world, "sensor.other.v2x_custom", own, roof)
    receiver = Tap(world, "sensor.other.v2x_custom", near, roof)
    elsewhere = Tap(world, "sensor.other.v2x_custom", near, roof, channel_id="other")
    away = Tap(world, "sensor.other.v2x_custom", None, far)
    sender.actor.send("Hello")
    frame = world.tick()
    world.tick()
    (event,) = receiver.drained()
    assert event.frame == frame and event.get_message_count() == 1
    message = event[0].get()
    assert message["Message"]["Message"] == "Hello" and message["Message"]["Header"]["Station ID"] == own.id
    assert -99 <= event[0].power < 0
    assert not sender.drained(0.1) and not elsewhere.drained(0.1) and not away.drained(0.1)
    Tap(world, "sensor.other.v2x", own, roof)
    aware = Tap(world, "sensor.other.v2x", near, roof)
    own.enable_constant_velocity(carla.Vector3D(10, 0, 0))
    for _ in range(40):
        world.tick()
    told = [event[0].get()["Message"]["Message"] for event in aware.drained()]
    assert 4 <= len(told) <= 14  # every 4 m at 10 m/s, and as it gets faster
    high = told[-1]["CAM Parameters"]["High Frequency Container"]["Basic Vehicle Container High Frequency"]
    assert high["Speed"]["Value"] == pytest.approx(1000, abs=60)
    assert told[0]["CAM Parameters"]["Basic Container"]["Station Type"] == "Passenger Car"


def test_lidar_attributes(world):
    own = car(world)
    roof = carla.Transform(carla.Location(z=1.9))
    base = {
        "channels": 16, "points_per_second": 16 * 200 / STEP, "rotation_frequency": 1 / STEP, "range": 50,
        "dropoff_general_rate": 0, "dropoff_intensity_limit": 0, "dropoff_zero_intensity": 0,
    }  # fmt: skip
    kinds = {
        "base": {},
        "half": {"dropoff_general_rate": 0.5},
        "sector": {"horizontal_fov": 90},
        "near": {"range": 8},
        "misty": {"atmosphere_attenuation_rate": 0.1},
        "noisy": {"noise_stddev": 0.2},
        "faint": {"atmosphere_attenuation_rate": 0.1, "dropoff_intensity_limit": 1, "dropoff_zero_intensity": 1},
    }
    base["points_per_second"] = int(base["points_per_second"])
    taps = {name: Tap(world, "sensor.lidar.ray_cast", own, roof, **{**base, **given}) for name, given in kinds.items()}
    frame = world.tick()
    clouds = {name: np.frombuffer(tap.take(frame).raw_data, "<f4").reshape(-1, 4) for name, tap in taps.items()}
    count = {name: len(cloud) for name, cloud in clouds.items()}
    reach = {name: np.linalg.norm(cloud[:, :3], axis=1) for name, cloud in clouds.items()}
    assert count["half"] == pytest.approx(count["base"] / 2, rel=0.1)
    azimuth = np.degrees(np.arctan2(clouds["sector"][:, 1], clouds["sector"][:, 0]))
    assert azimuth.min() >= -45.5 and azimuth.max() <= 45.5
    assert reach["near"].max() <= 8.01 < reach["base"].max() <= 50.01
    assert np.allclose(clouds["misty"][:, 3], np.exp(-0.1 * reach["misty"]), atol=1e-3)
    assert count["noisy"] == count["base"] and 0.15 < np.std(reach["noisy"] - reach["base"]) < 0.25
    assert count["faint"] < 0.8 * count["base"]


def test_noise_of_gnss_and_imu(world):
    own = car(world)
    quiet = Tap(world, "sensor.other.gnss", own)
    biased = Tap(world, "sensor.other.gnss", own, noise_alt_bias=7, noise_lat_stddev=1e-4)
    gyro = Tap(world, "sensor.other.imu", own, noise_gyro_bias_z=0.5, noise_accel_stddev_x=1.0)
    true, found, turns = [], [], []
    for _ in range(12):
        frame = world.tick()
        true.append(quiet.take(frame))
        found.append(biased.take(frame))
        turns.append(gyro.take(frame))
    assert found[-1].altitude - true[-1].altitude == pytest.approx(7, abs=1e-6)
    assert 2e-5 < np.std([b.latitude - a.latitude for a, b in zip(true, found, strict=True)]) < 3e-4
    assert np.mean([turn.gyroscope.z for turn in turns]) == pytest.approx(0.5, abs=0.1)
    assert 0.3 < np.std([turn.accelerometer.x for turn in turns]) < 2.5


def test_crossing_a_line_is_a_lane_invasion(world):
    own = car(world)
    tap = Tap(world, "sensor.other.lane_invasion", own)
    start = own.get_transform()
    for step in range(24):  # from lane to lane, as a slow drive aside
        own.set_transform(along(start, 0.5 * step, 0.0, -0.25 * step))
        world.tick()
    events = tap.drained(0.5)
    crossed = [str(marking.type) for event in events for marking in event.crossed_lane_markings]
    assert crossed[0] == "Broken" and crossed[-1] == "Solid"  # the middle, then the edge; see the map's marks


def test_an_obstacle_behind_the_own_bonnet(world):
    """The sweep starts inside its own car and still finds the other one."""
    own, other = car(world), car(world, 12)
    tap = Tap(world, "sensor.other.obstacle", own, carla.Transform(carla.Location(z=0.9)), distance=20, hit_radius=0.2)
    event = tap.take(world.tick())
    assert event.other_actor.id == other.id
    gap = own.get_location().distance(other.get_location()) - other.bounding_box.extent.x
    assert event.distance == pytest.approx(gap, abs=0.6)


def test_a_hundred_cameras_come_and_go(world):
    for round_ in range(4):
        cameras = [
            spawn(world, "sensor.camera.depth", carla.Transform(), image_size_x=40 + k + 25 * round_, image_size_y=30)
            for k in range(25)
        ]
        heard = queue.Queue()
        for camera in cameras:
            camera.listen(heard.put)
        world.tick()
        wait_for(lambda heard=heard: heard.qsize() >= 25)
        for camera in cameras:
            camera.destroy()
    assert not world.get_actors().filter("sensor.*") or world.tick()


def test_what_is_told_to_ros_is_remembered(world):
    camera = spawn(world, "sensor.camera.rgb", carla.Transform(), **SIZE)
    camera.enable_for_ros()
    assert camera.is_enabled_for_ros()
    camera.disable_for_ros()
    assert not camera.is_enabled_for_ros()


def test_the_control_picture_leaves_ignored_vehicles_out(world):
    own, other = car(world), car(world, 10)
    tap = Tap(world, "sensor.camera.cosmos_visualization", own, HOOD, **SIZE)
    red = [image(tap.take(world.tick()))]
    tap.actor.set_ignored_vehicles([other.id])
    red.append(image(tap.take(world.tick())))
    pure = [((picture[..., 2] > 250) & (picture[..., 1] < 5)).sum() for picture in red]
    assert pure[0] > 20 and pure[1] == 0
