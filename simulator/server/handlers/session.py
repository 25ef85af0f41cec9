"""Session: versions, maps, episodes, settings, weather, ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.server import wire
from simulator.server.handlers.registry import command, query
from simulator.server.wire import EpisodeSettings, Refusal, Weather
from simulator.world.generation import Generation
from simulator.world.world import LONGEST_STEP

if TYPE_CHECKING:
    from simulator.server.server import Server

VERSION = "0.9.16"
MAP_FOLDER = "Carla/Maps/"


@query()
def version(server: Server) -> str:
    """CARLA's version that we speak."""
    return VERSION


@query()
def get_available_maps(server: Server) -> list[str]:
    """All maps, with CARLA's folder."""
    return [f"/Game/{MAP_FOLDER}{name}" for name in server.atlas.names()]


@command(wire.text, wire.flag, wire.integer)
def load_new_episode(server: Server, name: str, reset_settings: bool, layers: int) -> None:
    """Start afresh on a map, with some of its layers."""
    server.load(name, reset_settings, layers)


@command(wire.text, wire.generation)
def copy_opendrive_to_file(server: Server, opendrive: str, parameters: tuple[Any, ...]) -> None:
    """Keep an uploaded map for ``load_new_episode("OpenDriveMap")``."""
    try:
        server.atlas.upload(opendrive, Generation(*parameters))
    except ValueError as error:
        raise Refusal(f"opendrive could not be correctly parsed: {error}") from error


@query()
def get_episode_info(server: Server) -> list[Any]:
    """Episode id and the token of the world's stream."""
    return [server.episode.episode_id, [server.world_stream.token]]


@query()
def get_map_info(server: Server) -> list[Any]:
    """Name and spawn points."""
    town = server.episode.town
    return [MAP_FOLDER + town.name, [wire.encode_transform(pose) for pose in town.spawn_points]]


@query()
def get_map_data(server: Server) -> str:
    """The OpenDRIVE text."""
    return server.episode.town.opendrive


@query()
def get_episode_settings(server: Server) -> list[Any]:
    """How the simulation runs."""
    return server.settings.encode()


@query(wire.episode_settings)
def set_episode_settings(server: Server, settings: EpisodeSettings) -> int:
    """Change how the simulation runs; the answer is a frame that has been sent already."""
    delta = settings.fixed_delta
    if delta is not None and not 0 <= delta <= LONGEST_STEP:
        raise Refusal(f"set_episode_settings: fixed_delta_seconds must be from 0 to {LONGEST_STEP:.0f}, not {delta}")
    server.settings = settings._replace(fixed_delta=delta or None)
    return server.frame


@query()
def tick_cue(server: Server) -> int:
    """One tick, done before the answer; in asynchronous mode only the number of the next frame."""
    if not server.settings.synchronous:
        return server.frame + 1
    server.tick()
    return server.frame


@query()
def get_weather_parameters(server: Server) -> list[float]:
    """The weather, as it was set."""
    return list(server.weather)


@command(wire.weather)
def set_weather_parameters(server: Server, weather: Weather) -> None:
    """Change the weather from the next tick on."""
    server.set_weather(weather)


@query()
def get_imui_gravity(server: Server) -> float:
    """Gravity that the IMU feels [m/s^2]."""
    return server.gravity


@command(wire.number)
def set_imui_gravity(server: Server, gravity: float) -> None:
    """Change it, for all inertial sensors; it outlives the episode, as in CARLA."""
    server.gravity = gravity
