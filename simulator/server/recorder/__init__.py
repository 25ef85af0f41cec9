"""CARLA's recorder: what happened in an episode, tick by tick, in CARLA's own binary files; and its replay.

Relative names lie below ``folder()``; absolute paths are taken as they are.
"""

from simulator.server.recorder.recorder import Recorder, folder
from simulator.server.recorder.replayer import Replayer, ReplayOptions
from simulator.server.recorder.report import actors_blocked, collisions, file_info

__all__ = ["Recorder", "ReplayOptions", "Replayer", "actors_blocked", "collisions", "file_info", "folder"]
