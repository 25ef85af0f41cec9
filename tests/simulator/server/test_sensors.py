"""Sensors: through the real client."""

import math
import queue

import carla
import numpy as np
import pytest

from assets.tags import Tag
from sensors import camera as codec
from simulator.extension import Extension

from .helpers import STEP, blueprint, lifted, wait_for

SIZE = {"image_size_x": 160, "image_size_y": 90, "fov": 90}


class Tap:
    """A listening sensor and its messages."""

    def __init__(self, world, name, parent=None, at=None, **attributes):
        self.actor = world.spawn_actor(blueprint(world, name, **attributes), at or carla.Transform(), parent)
        self.messages = queue.Queue()
        self.actor.listen(self.messages.put)

    def take(self, frame):
        while (message := self.messages.get(timeout=120)).frame < frame:
            pass
        assert message.frame == frame
        return message


def car(world, point=0, name="vehicle.tesla.model3", ahead=0.0):
    return world.spawn_actor(blueprint(world, name), lifted(world.get_map().get_spawn_points()[point], ahead=ahead))


def image(message):
    return np.frombuffer(message.raw_data, np.uint8).reshape(message.height, message.width, 4)


def settle(world, count=20):
    for _ in range(count):
        world.tick()


def test_cameras_of_one_pose_see_the_same_car(server, world):
    own, other = car(world), car(world, ahead=12)
    settle(world)
    at = carla.Transform(carla.Location(x=1.0, z=1.5))
    kinds = ("rgb", "depth", "semantic_segmentation", "instance_segmentation", "normals", "optical_flow")
    taps = {kind: Tap(world, f"sensor.camera.{kind}", own, at, **SIZE) for kind in kinds}
    frame = world.tick()
    pictures = {kind: tap.take(frame) for kind, tap in taps.items()}
    tags, ids = codec.decode_instance(image(pictures["instance_segmentation"]))
    assert np.array_equal(codec.decode_semantic(image(pictures["semantic_segmentation"])), tags)
    mask = ids == other.id
    assert mask.sum() > 100 and set(np.unique(tags[mask])) <= {Tag.CAR}
    distance = codec.decode_depth(image(pictures["depth"]))[mask]
    # the camera stands 1 m before the origin; the other car's rear is nearer than its origin
    assert 12 - 1 - 3.2 < distance.min() < 12 - 1
    assert np.isinf(codec.decode_depth(image(pictures["depth"])))[0].any()  # the sky
    colors = image(pictures["rgb"])
    assert (colors[..., 3] == 255).all() and colors[..., :3].std() > 5
    columns = np.flatnonzero(mask.any(axis=0))
    assert columns.min() < 80 < columns.max()  # ahead is in the middle
    assert np.frombuffer(pictures["optical_flow"].raw_data, "<f4").shape == (160 * 90 * 2,)
    up = image(pictures["normals"])[80, 80, 2::-1].astype(float) / 255 * 2 - 1  # of the road, in the world
    assert up[2] > 0.95 and np.abs(up[:2]).max() < 0.1
    assert pictures["rgb"].transform.location.distance(taps["rgb"].actor.get_location()) < 1e-3
    assert pictures["rgb"].fov == pytest.approx(90)

    extension = Extension(server.host, server.port)
    labels = extension.labels([taps["instance_segmentation"].actor.id], [], [])
    outlines = labels.cameras[taps["instance_segmentation"].actor.id]
    extension.close()
    assert labels.frame == frame and set(outlines) == {other.id}  # not the camera's own car
    assert outlines[other.id].pixels_inside == pytest.approx(mask.sum(), rel=0.02)
    x0, y0, x1, y1 = (int(side) for side in outlines[other.id].box)
    assert (outlines[other.id].mask != mask[y0:y1, x0:x1]).mean() < 0.02
    assert [row.object_id for row in labels.objects] == [own.id, other.id]
    row = labels.objects[1]
    assert row.size[0] == pytest.approx(4.79, abs=0.15)
    assert math.dist(row.world_from_box[:2, 3], (other.get_location().x, -other.get_location().y)) < 0.5


def test_the_principal_point_moves_the_picture(world):
    own = car(world)
    car(world, ahead=12)
    settle(world)
    at = carla.Transform(carla.Location(x=1.0, z=1.5))
    middle = Tap(world, "sensor.camera.semantic_segmentation", own, at, **SIZE)
    moved = Tap(world, "sensor.camera.semantic_segmentation", own, at, **SIZE, principal_x=69.5)
    frame = world.tick()
    first, second = (codec.decode_semantic(image(tap.take(frame))) for tap in (middle, moved))
    assert np.mean(first[:, 10:] == second[:, :-10]) > 0.98


@pytest.mark.parametrize("period", [0.0, 0.1, 0.12])
def test_a_period_gives_as_many_messages_as_it_says(world, period):
    tap = Tap(world, "sensor.other.gnss", sensor_tick=period)
    frames = [world.tick() for _ in range(24)]
    expected = 24 if period == 0 else math.ceil(24 * STEP / period - 1e-9)
    got = []
    wait_for(lambda: tap.messages.qsize() >= expected)
    while not tap.messages.empty():
        got.append(tap.messages.get().frame)
    assert len(got) == expected and got[0] == frames[0]


def test_lidar_points_lie_on_what_they_are_labelled_with(server, world):
    own, other = car(world), car(world, ahead=12)
    settle(world)
    at = carla.Transform(carla.Location(z=1.9))
    columns = 512
    attributes = {"range": 50, "rotation_frequency": 1 / STEP, "noise_stddev": 0, "dropoff_general_rate": 0}
    tap = Tap(
        world,
        "sensor.lidar.ray_cast",
        own,
        at,
        channels=32,
        points_per_second=round(32 * columns / STEP),
        upper_fov=5,
        lower_fov=-25,
        dropoff_intensity_limit=0,
        **attributes,
    )
    semantic = Tap(
        world,
        "sensor.lidar.ray_cast_semantic",
        own,
        at,
        channels=32,
        points_per_second=round(32 * columns / STEP),
        upper_fov=5,
        lower_fov=-25,
        range=50,
        rotation_frequency=1 / STEP,
    )
    frame = world.tick()
    message, truth = tap.take(frame), semantic.take(frame)
    extension = Extension(server.host, server.port)
    labels = extension.labels([], [tap.actor.id], []).lidars[tap.actor.id]
    extension.close()
    points = np.frombuffer(message.raw_data, "<f4").reshape(-1, 4)
    assert len(points) == len(labels.object_id) > 2000
    assert sum(message.get_point_count(k) for k in range(32)) == len(points)
    assert (np.diff(labels.ring.astype(int)) <= 0).all() and labels.ring.max() <= 31
    on = labels.object_id == other.id
    assert on.sum() > 20
    # In the sensor's frame, x forward: the car ahead.
    assert points[on, 0].min() > 12 - 3 and points[on, 0].max() < 12 + 3 and np.abs(points[on, 1]).max() < 1.3
    assert np.allclose(points[:, 3], np.exp(-0.004 * np.linalg.norm(points[:, :3], axis=1)), atol=1e-3)
    # Starts at the rear and turns clockwise: CARLA's y is right, so the angle atan2(y, x) grows with time.
    angle = np.unwrap(np.arctan2(points[:, 1], points[:, 0]) % (2 * np.pi) - np.pi)
    share = 1 + labels.time / STEP
    assert labels.time.min() >= -STEP and labels.time.max() < 0
    expected = (share * 2 * np.pi) % (2 * np.pi)
    got = (np.arctan2(points[:, 1], points[:, 0]) + np.pi) % (2 * np.pi)
    error = np.abs((got - expected + np.pi) % (2 * np.pi) - np.pi)
    assert np.median(error) < 1e-3 and angle.size == len(points)
    assert len(truth) == pytest.approx(len(points), rel=0.02)
    assert {point.object_idx for point in truth} >= {other.id}


def test_a_beam_table_sets_the_channels(world):
    own = car(world)
    settle(world)
    tap = Tap(
        world,
        "sensor.lidar.ray_cast",
        own,
        carla.Transform(carla.Location(z=1.9)),
        beam_table="HDL-32E",
        points_per_second=round(32 * 180 / STEP),
        rotation_frequency=1 / STEP,
        range=60,
    )
    message = tap.take(world.tick())
    points = np.frombuffer(message.raw_data, "<f4").reshape(-1, 4)
    assert message.channels == 32 and len(points) > 500
    lowest = points[-message.get_point_count(31) :]
    elevation = np.degrees(np.arctan2(lowest[:, 2], np.hypot(lowest[:, 0], lowest[:, 1])))
    assert np.median(elevation) == pytest.approx(-30.67, abs=0.2)
    with pytest.raises(RuntimeError, match="HDL-64E"):
        world.spawn_actor(blueprint(world, "sensor.lidar.ray_cast", beam_table="HDL-65"), carla.Transform())


def test_a_moving_sensor_sees_a_still_world_still(world):
    """Ego motion is taken out: a trunk or a parked car lies in one place whatever the sensor does."""
    own, other = car(world), car(world, ahead=25)
    settle(world)
    tap = Tap(
        world,
        "sensor.lidar.ray_cast_semantic",
        own,
        carla.Transform(carla.Location(z=1.9)),
        channels=32,
        points_per_second=round(32 * 720 / STEP),
        rotation_frequency=1 / STEP,
        upper_fov=5,
        lower_fov=-20,
        range=60,
    )
    other.set_simulate_physics(False)
    own.enable_constant_velocity(carla.Vector3D(10, 0, 0))
    rears = []
    for _ in range(6):
        message = tap.take(world.tick())
        pose = np.array(message.transform.get_matrix())
        points = [(p.point.x, p.point.y, p.point.z, 1.0) for p in message if p.object_idx == other.id]
        forward = own.get_transform().get_forward_vector()
        rears.append(min(float(x * forward.x + y * forward.y) for x, y, *_ in (pose @ np.array(points).T).T))
    assert own.get_velocity().length() > 8  # half a metre a tick
    assert np.ptp(rears[1:]) < 0.1


def test_gnss_agrees_with_the_map(world):
    own = car(world, 7)
    tap = Tap(world, "sensor.other.gnss", own)
    settle(world, 1)
    message = tap.take(world.tick())
    place = own.get_location()
    # The client's map takes CARLA's y, which points south, for north.
    expected = world.get_map().transform_to_geolocation(carla.Location(place.x, -place.y, place.z))
    assert message.latitude == pytest.approx(expected.latitude, abs=1e-7)
    assert message.longitude == pytest.approx(expected.longitude, abs=1e-7)
    assert message.altitude == pytest.approx(expected.altitude, abs=1e-3)


def test_imu_feels_gravity_turns_and_knows_north(world):
    own = car(world)
    tap = Tap(world, "sensor.other.imu", own)
    settle(world, 40)
    message = tap.take(world.tick())
    assert message.accelerometer.z == pytest.approx(9.81, abs=0.3)
    yaw = own.get_transform().rotation.yaw
    assert math.degrees(message.compass) == pytest.approx((yaw + 90) % 360, abs=0.5)
    own.apply_control(carla.VehicleControl(throttle=0.5, steer=0.5))
    settle(world, 60)
    message = tap.take(world.tick())
    assert message.gyroscope.z == pytest.approx(math.radians(own.get_angular_velocity().z), abs=0.05)  # the body leans
    assert message.gyroscope.z > 0.1  # to the right


def test_a_collision_is_told_with_its_partner(world):
    own, other = car(world), car(world, ahead=12)
    settle(world)
    tap = Tap(world, "sensor.other.collision", own)
    own.enable_constant_velocity(carla.Vector3D(10, 0, 0))
    settle(world, 30)
    event = tap.messages.get(timeout=30)
    assert event.actor.id == own.id and event.other_actor.id == other.id
    forward = own.get_transform().get_forward_vector()
    assert event.normal_impulse.dot(forward) < 0  # pushed back


def test_obstacle_and_radar_find_the_car_ahead(world):
    own, other = car(world), car(world, ahead=12)
    settle(world)
    at = carla.Transform(carla.Location(x=2.5, z=1.0))
    obstacle = Tap(world, "sensor.other.obstacle", own, at, distance=20, hit_radius=0.3, only_dynamics=True)
    radar = Tap(world, "sensor.other.radar", own, at, points_per_second=30000, horizontal_fov=20, vertical_fov=5)
    own.enable_constant_velocity(carla.Vector3D(4, 0, 0))
    settle(world, 2)
    frame = world.tick()
    event = obstacle.take(frame)
    assert event.other_actor.id == other.id
    detections = list(radar.take(frame))
    ahead = [d for d in detections if abs(d.depth - event.distance) < 1.0 and abs(d.azimuth) < 0.05]
    assert ahead
    assert np.median([d.velocity for d in ahead]) == pytest.approx(-4, abs=0.5)


def test_a_lane_invasion_sensor_is_the_clients_own(world):
    own = car(world)
    sensor = world.spawn_actor(blueprint(world, "sensor.other.lane_invasion"), carla.Transform(), own)
    events = []
    sensor.listen(events.append)
    settle(world, 3)
    sensor.stop()
    sensor.destroy()


def test_nobody_pays_for_sensors_that_nobody_hears(world):
    own = car(world)
    world.spawn_actor(
        blueprint(world, "sensor.camera.rgb", image_size_x=4000, image_size_y=3000), carla.Transform(), own
    )
    settle(world, 50)


def test_the_same_seed_gives_the_same_points(server, client, world):
    clouds = []
    for _ in range(2):
        client.reload_world(False)
        again = client.get_world()
        extension = Extension(server.host, server.port)
        extension.seed(11)
        extension.close()
        own = car(again)
        again.tick()
        tap = Tap(again, "sensor.lidar.ray_cast", own, carla.Transform(carla.Location(z=1.9)), range=40)
        for _ in range(2):
            cloud = bytes(tap.take(again.tick()).raw_data)
        clouds.append(cloud)
        tap.actor.stop()
    assert clouds[0] == clouds[1] and len(clouds[0]) > 16
