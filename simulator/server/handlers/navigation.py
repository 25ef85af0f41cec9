"""Files that the client keeps: the navigation mesh of its walker AI, and the map's OpenDRIVE text."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from simulator.server import wire
from simulator.server.handlers.registry import query
from simulator.server.wire import Refusal
from simulator.world import navigation

if TYPE_CHECKING:
    from simulator.server.server import Server

NAVIGATION, OPENDRIVE = "Nav", "OpenDrive"
"""CARLA's folders of a map's files."""


def _files(server: Server, folder: str) -> dict[str, bytes]:
    """Contents by name. The client keeps files for ever by name alone, so a mesh's name tells its content."""
    town = server.episode.town
    files = {}
    if folder in ("", OPENDRIVE):
        files[f"Carla/Maps/{OPENDRIVE}/{town.name}.xodr"] = town.opendrive.encode()
    if folder in ("", NAVIGATION):
        mesh = navigation.mesh(town)
        if mesh:
            files[f"Carla/Maps/{NAVIGATION}/{town.name}-{hashlib.sha256(mesh).hexdigest()[:16]}.bin"] = mesh
    return files


@query()
def get_navigation_mesh(server: Server) -> bytes:
    """Detour's tile set; the 0.9.16 client fetches it as a file."""
    return navigation.mesh(server.episode.town)


@query(wire.text)
def get_required_files(server: Server, folder: str) -> list[str]:
    """Names of the map's files in a folder, ``""`` for all."""
    return sorted(_files(server, folder))


@query(wire.text)
def request_file(server: Server, name: str) -> bytes:
    """A file's content. Raises Refusal."""
    folder = name.split("/")[-2] if name.count("/") else ""
    content = _files(server, folder).get(name)
    if content is None:
        raise Refusal(f"request_file: there is no {name!r}; ask get_required_files for the names")
    return content
