"""CARLA's recorder, which the embedded server does not have: Longtail records by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.server.handlers.registry import command, unsupported

if TYPE_CHECKING:
    from simulator.server.server import Server


@command()
def stop_recorder(server: Server) -> None:
    """Nothing is being recorded; clients stop the recorder when they leave, whether they started it or not."""


unsupported(
    commands=("stop_replayer", "set_replayer_time_factor", "set_replayer_ignore_hero", "set_replayer_ignore_spectator"),
    queries=(
        "start_recorder",
        "show_recorder_file_info",
        "show_recorder_collisions",
        "show_recorder_actors_blocked",
        "replay_file",
    ),
)
