"""CARLA's recorder and replayer: ``simulator.server.recorder`` over RPC."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simulator.server import recorder
from simulator.server.handlers.registry import command, query
from simulator.server.handlers.session import MAP_FOLDER
from simulator.server.recorder import Recorder, Replayer
from simulator.server.recorder.layout import Damaged
from simulator.server.recorder.recording import Recording
from simulator.server.wire import Array, Refusal, flag, integer, number, text, transform

if TYPE_CHECKING:
    from simulator.server.server import Server


def _path(name: str) -> Path:
    """Where a file lies. Raises Refusal for what cannot be a file's name."""
    if not name or "\0" in name:
        raise Refusal(f"{name!r} is no name for a recorder file")
    return recorder.folder() / name  # an absolute name replaces the folder


@query(text, flag)
def start_recorder(server: Server, name: str, additional_data: bool) -> str:
    """Record into a file from the next tick on; its path. A replay or recording that goes on ends."""
    server.stop_replayer(keep_actors=True)
    server.stop_recorder()
    path = _path(name)
    try:
        server.recorder = Recorder(path, MAP_FOLDER + server.episode.town.name, additional_data)
    except OSError as error:
        raise Refusal(f"start_recorder: cannot write {path}: {error.strerror or error}") from error
    return str(path)


@command()
def stop_recorder(server: Server) -> None:
    """End the recording. Clients ask for it when they leave, whether they started one or not."""
    server.stop_recorder()


@query(text, flag)
def show_recorder_file_info(server: Server, name: str, show_all: bool) -> str:
    """What a file tells, by frame."""
    return recorder.file_info(_path(name), show_all)


@query(text, integer, integer)
def show_recorder_collisions(server: Server, name: str, first: int, second: int) -> str:
    """Collisions between two categories, given as characters' codes."""
    if not all(0 <= code < 0x110000 for code in (first, second)):
        raise Refusal(f"show_recorder_collisions: {first} and {second} must be characters")
    return recorder.collisions(_path(name), chr(first), chr(second))


@query(text, number, number)
def show_recorder_actors_blocked(server: Server, name: str, min_time: float, min_distance: float) -> str:
    """Actors that stood for ``min_time`` [s] or longer, moving less than ``min_distance`` [cm]."""
    return recorder.actors_blocked(_path(name), min_time, min_distance)


@query(text, number, number, integer, flag, transform)
def replay_file(
    server: Server, name: str, start: float, duration: float, follow: int, replay_sensors: bool, offset: Array
) -> str:
    """Replay a file from ``start`` [s], from the end when negative, for ``duration`` [s], 0 for all the rest. Loads the
    recorded map when it is not the present one; settings stay. Tells what it does, or what is wrong with the file.
    """
    server.stop_recorder()
    server.stop_replayer(keep_actors=False)
    path = _path(name)
    told = [f"Replaying File: {path}"]
    try:
        recording = Recording(path)
        _, total = recording.end()
    except FileNotFoundError:
        return "\n".join([*told, f"File {path} not found on server", ""])
    except (OSError, Damaged) as error:
        return "\n".join([*told, str(error), ""])
    map_name = recording.header.map_name
    if map_name.rsplit("/", 1)[-1] != server.episode.town.name:
        try:
            server.load(map_name, reset_settings=False)
        except Refusal:
            return "\n".join([*told, f"Could not load mapfile {map_name}", ""])
        told.append(f"Loading map {map_name}")
    start = max(0.0, total + start) if start < 0 else start
    stop = start + duration if duration > 0 else total
    options = server.replay_options
    told.append(f"Total time recorded: {total:g}")
    told.append(f"Replaying from {start:g} s - {stop:g} s ({total:g} s) at {options.time_factor:.1f}x")
    if options.ignore_hero:
        told.append("Ignoring Hero vehicle")
    if options.ignore_spectator:
        told.append("Ignoring Spectator camera")
    try:
        server.replayer = Replayer(
            server,
            recording,
            start=start,
            stop=min(stop, total),
            follow=follow,
            actor_from_spectator=offset,
            sensors=replay_sensors,
        )
    except Damaged as error:
        told.append(str(error))
    return "\n".join([*told, ""])


@command(flag)
def stop_replayer(server: Server, keep_actors: bool) -> None:
    """End the replay; its actors stay or go."""
    server.stop_replayer(keep_actors)


@command(number)
def set_replayer_time_factor(server: Server, factor: float) -> None:
    """Pace of replays: 1 is as recorded, 0 stands still."""
    if factor < 0:
        raise Refusal(f"set_replayer_time_factor: a replay cannot run backwards, at {factor}")
    server.replay_options.time_factor = factor


@command(flag)
def set_replayer_ignore_hero(server: Server, ignore: bool) -> None:
    """Whether actors with the role ``hero`` are left out."""
    server.replay_options.ignore_hero = ignore


@command(flag)
def set_replayer_ignore_spectator(server: Server, ignore: bool) -> None:
    """Whether the spectator stays where the client puts it."""
    server.replay_options.ignore_spectator = ignore
