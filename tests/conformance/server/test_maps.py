"""Maps through the real client: names, folders, uploads and their parameters, spawn points, heights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import carla
import pytest

from assets import maps
from simulator.process import ServerError, ServerProcess

from .clients import MAPS, own_client


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one map that is called ``lane``."""
    made: Path = tmp_path_factory.mktemp("maps")
    text = maps.path("outback_road").read_text(encoding="utf-8")
    (made / "lane.xodr").write_text(text, encoding="utf-8")
    (made / "notes.txt").write_text("no map")
    return made


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Any]:
    with ServerProcess(str(folder / "lane.xodr"), maps=folder) as process:
        yield own_client(process)


def test_a_file_is_a_map_by_its_name(client: Any) -> None:
    assert client.get_world().get_map().name == "Carla/Maps/lane"
    names = [name.rsplit("/", 1)[-1] for name in client.get_available_maps()]
    assert names == ["lane", "lane_Opt", "outback_road", "outback_road_Opt"]


@pytest.mark.parametrize("name", ["lane", "lane_Opt", "/Game/Carla/Maps/lane", "Carla/Maps/outback_road_Opt"])
def test_maps_keep_the_names_that_they_are_loaded_by(client: Any, name: str) -> None:
    world = client.load_world(name)
    assert world.get_map().name == "Carla/Maps/" + name.rsplit("/", 1)[-1]
    assert client.reload_world().get_map().name == world.get_map().name


def test_a_map_is_loaded_again_only_if_it_is_another(client: Any) -> None:
    world = client.load_world("lane")
    client.load_world_if_different("lane")
    assert client.get_world().id == world.id
    client.load_world_if_different("lane_Opt")
    assert client.get_world().id != world.id
    assert client.get_world().get_map().name.endswith("lane_Opt")


def test_what_is_wrong_leaves_the_episode_as_it_was(client: Any) -> None:
    world = client.load_world("lane")
    spectator = world.get_spectator().id
    for attempt, message in (
        (lambda: client.load_world("atlantis"), "map not found"),
        (lambda: client.load_world("OpenDriveMap_Opt"), "map not found"),
        (lambda: client.generate_opendrive_world("<OpenDRIVE/>"), "could not be correctly parsed"),
        (lambda: client.generate_opendrive_world("not XML"), "could not be correctly parsed"),
        (
            lambda: client.generate_opendrive_world(
                world.get_map().to_opendrive(), carla.OpendriveGenerationParameters(vertex_distance=-1.0)
            ),
            "vertex_distance",
        ),
    ):
        with pytest.raises(RuntimeError, match=message):
            attempt()
    assert client.get_world().id == world.id
    assert client.get_world().get_map().name == "Carla/Maps/lane"
    assert client.get_world().get_spectator().id == spectator


def test_an_uploaded_map_gets_the_walls_that_were_asked_for(client: Any) -> None:
    text = client.get_world().get_map().to_opendrive()
    boxes = {}
    for height in (0.0, 1.5):
        parameters = carla.OpendriveGenerationParameters(2.0, 50.0, height, 0.6, True, True, True)
        world = client.generate_opendrive_world(text, parameters)
        assert world.get_map().name == "Carla/Maps/OpenDriveMap"
        boxes[height] = world.get_level_bbs(carla.CityObjectLabel.Walls)
    assert not boxes[0.0] and boxes[1.5]


def test_bodies_come_to_rest_on_the_road_under_their_spawn_points(client: Any) -> None:
    world = client.load_world("lane")
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
    points = world.get_map().get_spawn_points()[::25]
    cars = [world.spawn_actor(blueprint, point) for point in points]
    for _ in range(40):
        world.tick()
    for car, point in zip(cars, points, strict=True):
        ground = world.get_map().get_waypoint(point.location).transform.location.z
        assert point.location.z - ground == pytest.approx(0.5, abs=0.05)
        assert car.get_location().z == pytest.approx(ground, abs=0.06)
        assert car.get_location().distance(point.location) < 1.0
    client.apply_batch_sync([carla.command.DestroyActor(car) for car in cars], True)
    world.apply_settings(carla.WorldSettings())


def test_a_wrong_file_or_folder_ends_the_server_with_a_message(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="no map file"):
        ServerProcess(str(tmp_path / "none.xodr")).start()
    with pytest.raises(ServerError, match="no folder of maps"):
        ServerProcess(maps=tmp_path / "none").start()


@pytest.mark.parametrize("town", ["Town01", "Town02", "Town10HD"])
def test_carlas_towns_have_spawn_points_on_their_lanes(town: str) -> None:
    """Read offline: building three dressed towns takes longer than a test may."""
    from simulator.world.opendrive import read
    from simulator.world.spawns import spawn_points

    file = MAPS / f"{town}.xodr"
    if not file.exists():
        pytest.skip("no sample of the town")
    text = file.read_text(encoding="utf-8")
    points, client_map = spawn_points(read(text), ()), carla.Map(town, text)
    carlas = {"Town01": 255, "Town02": 101, "Town10HD": 155}[town]
    assert abs(len(points) - carlas) < 0.2 * carlas
    for pose in points:
        location = carla.Location(pose[0, 3], -pose[1, 3], pose[2, 3])
        waypoint = client_map.get_waypoint(location, project_to_road=False)
        assert waypoint is not None and not waypoint.is_junction
        ahead = waypoint.transform.get_forward_vector()
        assert ahead.x * pose[0, 0] - ahead.y * pose[1, 0] > 0.99
