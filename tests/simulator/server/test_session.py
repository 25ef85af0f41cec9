"""Connecting, maps, settings, ticks, episodes: through the real client."""

import re
import time

import carla
import pytest

from simulator.extension import Extension, ExtensionError
from simulator.process import ServerError, ServerProcess
from simulator.server.handlers.extension import VERSION
from simulator.world.spawns import ABOVE

from .helpers import MAP, STEP, blueprint, lifted, synchronous, wait_for


def test_a_client_connects_and_reads_the_map(client, world):
    assert client.get_server_version() == client.get_client_version() == "0.9.16"
    assert world.get_map().name == f"Carla/Maps/{MAP}"
    assert client.get_available_maps()[0].startswith("/Game/Carla/Maps/")
    spawn_points = world.get_map().get_spawn_points()
    assert len(spawn_points) > 20
    for point in spawn_points[::10]:  # on driving lanes, along the traffic
        waypoint = world.get_map().get_waypoint(point.location)
        assert waypoint.transform.location.distance(point.location) < ABOVE + 0.1
        turn = (waypoint.transform.rotation.yaw - point.rotation.yaw + 180) % 360 - 180
        assert abs(turn) < 10


def test_blueprints_have_carlas_form(world):
    library = world.get_blueprint_library()
    assert all(re.match(r"\S+\.\S+\.\S+", item.id) for item in library)  # CARLA has a "static.prop.bike helmet"
    assert library.find("walker.animal.kangaroo")
    assert len(library.filter("sensor.camera.*")) == 8
    car = library.find("vehicle.tesla.model3")
    assert int(car.get_attribute("number_of_wheels")) == 4
    assert str(car.get_attribute("base_type").as_str()) == "car"
    assert len(library.filter("walker.pedestrian.*")[0].get_attribute("speed").recommended_values) == 3
    with pytest.raises(ValueError):
        car.set_attribute("base_type", "bus")


def test_ticks_count_frames_and_time(world):
    before = world.get_snapshot()
    assert [world.tick() - before.frame for _ in range(5)] == [1, 2, 3, 4, 5]
    after = world.get_snapshot()
    assert after.frame == before.frame + 5
    assert after.timestamp.delta_seconds == pytest.approx(STEP)
    assert after.timestamp.elapsed_seconds - before.timestamp.elapsed_seconds == pytest.approx(5 * STEP)


def test_settings_and_weather_come_back(world):
    settings = world.get_settings()
    assert settings.synchronous_mode and settings.fixed_delta_seconds == pytest.approx(STEP)
    weather = carla.WeatherParameters.HardRainSunset
    world.set_weather(weather)
    assert world.get_weather() == weather


def test_a_new_episode_starts_actor_ids_afresh_while_frames_rise(client, world):
    car = world.spawn_actor(blueprint(world, "vehicle.tesla.model3"), lifted(world.get_map().get_spawn_points()[0]))
    frame = world.tick()
    client.load_world(MAP)
    again = client.get_world()
    synchronous(again)
    assert again.tick() > frame
    assert again.id != world.id
    assert not again.get_actors().filter("vehicle.*")
    twin = again.spawn_actor(blueprint(again, "vehicle.tesla.model3"), lifted(again.get_map().get_spawn_points()[0]))
    assert twin.id == car.id


def test_an_unknown_map_is_refused_by_name(client, world):
    with pytest.raises(RuntimeError, match="map not found"):
        client.load_world("atlantis")


def test_an_uploaded_road_becomes_the_world(client, world):
    opendrive = world.get_map().to_opendrive()
    uploaded = client.generate_opendrive_world(opendrive.replace('name="outback_road"', 'name="elsewhere"'))
    assert "outback_road" not in uploaded.get_map().name
    assert len(uploaded.get_map().get_spawn_points()) > 20


def test_without_synchronous_mode_the_world_goes_on_by_itself(world):
    synchronous(world, False, None)
    first = world.wait_for_tick(10)
    second = world.wait_for_tick(10)
    assert second.frame > first.frame
    assert second.timestamp.delta_seconds > 0


def test_the_level_can_be_asked(world):
    point = world.get_map().get_spawn_points()[0].location - carla.Location(z=ABOVE)
    above, below = point + carla.Location(z=5), point - carla.Location(z=0.5)
    ground = world.ground_projection(above, 10)
    assert ground.label == carla.CityObjectLabel.Roads
    assert ground.location.distance(point) < 0.2
    assert world.cast_ray(above, below)[0].location.distance(ground.location) < 0.05
    boxes = world.get_level_bbs(carla.CityObjectLabel.Poles)
    assert boxes and all(box.extent.z > 0.1 for box in boxes)


def test_a_camera_in_asynchronous_mode_sends_what_it_can(world):
    camera = world.spawn_actor(
        blueprint(world, "sensor.camera.semantic_segmentation", image_size_x=80, image_size_y=60), carla.Transform()
    )
    frames = []
    camera.listen(lambda image: frames.append(image.frame))
    synchronous(world, False, None)
    wait_for(lambda: len(frames) >= 3, 120)
    assert frames == sorted(set(frames))
    camera.stop()


def test_two_clients_see_the_same_world(server, world):
    car = world.spawn_actor(blueprint(world, "vehicle.tesla.model3"), lifted(world.get_map().get_spawn_points()[2]))
    world.tick()
    other = carla.Client(server.host, server.port)
    other.set_timeout(60)
    seen = other.get_world()  # sees the last snapshot, though nobody ticks
    wait_for(lambda: seen.get_actor(car.id) is not None)
    assert seen.get_actor(car.id).type_id == "vehicle.tesla.model3"
    assert car.destroy()
    world.tick()
    wait_for(lambda: not seen.get_actors().filter("vehicle.*"))


def test_extension_calls(server, world):
    extension = Extension(server.host, server.port)
    assert extension.hello() == VERSION
    extension.seed(5)
    with pytest.raises(ExtensionError, match="negative"):
        extension.seed(-1)
    world.tick()
    assert extension.timings()["world"] > 0
    labels = extension.labels([], [], [])
    assert labels.frame == world.get_snapshot().frame and labels.objects == ()
    extension.close()


def test_people_do_what_they_are_told(server, world):
    extension = Extension(server.host, server.port)
    walker = world.spawn_actor(blueprint(world, "walker.person.0001"), lifted(world.get_map().get_spawn_points()[4]))
    world.tick()

    def height():
        for _ in range(8):
            world.tick()
        (label,) = extension.labels([], [], []).objects
        return label.size[2]

    standing = height()
    assert standing == pytest.approx(2 * walker.bounding_box.extent.z, rel=0.05)
    extension.act(walker.id, "sit")
    assert height() < 0.6 * standing, "simulator.conduct takes it for sitting"
    with pytest.raises(ExtensionError, match="cannot 'fly'; it can sit, crouch"):
        extension.act(walker.id, "fly")
    extension.act(walker.id, "wave")
    assert height() > standing
    extension.act(walker.id, "")
    assert height() == pytest.approx(standing, rel=0.02)
    walker.destroy()
    world.tick()
    extension.close()


def test_a_server_starts_reports_its_port_and_ends(tmp_path):
    log = tmp_path / "server.log"
    process = ServerProcess(MAP, strict=True, log=log)
    with pytest.raises(ServerError, match="not been started"):
        _ = process.pid
    with process:
        assert process.alive and process.port > 0
        extension = Extension(process.host, process.port)
        assert extension.hello() is None  # strict: as an Unreal CARLA
        extension.close()
        client = carla.Client(process.host, process.port)
        client.set_timeout(60)
        camera = client.get_world().get_blueprint_library().find("sensor.camera.rgb")
        assert not camera.has_attribute("principal_x")
        with ServerProcess(MAP, port=0) as neighbour:
            assert neighbour.port != process.port
        with pytest.raises(ServerError, match=r"code 2.*(?s:.*)another --port"):
            ServerProcess(MAP, port=process.port).start()
    assert not process.alive
    assert "listening on" in log.read_text()


def test_a_server_dies_with_its_owner():
    import subprocess
    import sys
    from pathlib import Path

    script = (
        "import os, sys; from simulator.process import ServerProcess\n"
        f"p = ServerProcess({MAP!r}).start(); print(p.pid, flush=True); os._exit(1)"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 60
    while _runs(pid):
        assert time.monotonic() < deadline, "the server outlived its owner"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    """Whether a process exists and is no zombie (an orphan's new parent may be slow to collect it)."""
    from pathlib import Path

    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
