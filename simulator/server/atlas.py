"""The maps that a server can load: built-in ones, a folder's, and the one that a client has uploaded."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from pathlib import Path

from assets import maps
from simulator.world import navigation
from simulator.world.generation import STANDARD, Generation
from simulator.world.opendrive import read
from simulator.world.town import Town, load_town

UPLOADED = "OpenDriveMap"
"""CARLA's name for a map that a client has uploaded."""

LAYERED = "_Opt"
"""What CARLA appends to the name of a map whose layers can be loaded one by one; ours all can."""

SUFFIX = ".xodr"


class Atlas:
    """Maps by name, each also under the name of its layered twin.

    Args:
        folder: every ``*.xodr`` in it is a map, named by its file.
        file: one more.

    Raises:
        ValueError: the folder or the file is not there.
    """

    def __init__(self, folder: Path | None = None, file: Path | None = None) -> None:
        if folder is not None and not folder.is_dir():
            raise ValueError(f"no folder of maps {folder}")
        if file is not None and not file.is_file():
            raise ValueError(f"no map file {file}")
        found = sorted(folder.glob("*" + SUFFIX)) if folder is not None else []
        self._files = {path.stem: path for path in [*found, *([file] if file is not None else [])]}
        self._uploaded: tuple[str, Generation] | None = None

    def names(self) -> list[str]:
        """All names that ``town`` takes, but for the uploaded map's."""
        plain = sorted({*maps.names(), *self._files})
        return sorted({name for base in plain for name in (base, _twin(base))})

    def town(self, name: str) -> Town:
        """The town of a map. Raises KeyError for an unknown name, ValueError for a text that is not OpenDRIVE."""
        if name == UPLOADED and self._uploaded is not None:
            return _town(name, *self._uploaded)
        for base in (name, name.removesuffix(LAYERED)):
            if base in self._files:
                text = self._files[base].read_text(encoding="utf-8-sig", errors="replace")
                return dataclasses.replace(_town(base, text), name=name)
            if base in maps.names():
                text = maps.path(base).read_text(encoding="utf-8")
                return dataclasses.replace(_town(base, text), name=name)
        raise KeyError(f"no map {name!r}; there are: {', '.join(self.names())}")

    def upload(self, opendrive: str, generation: Generation) -> None:
        """Takes a text as the map ``OpenDriveMap``. Raises ValueError when it cannot be one; the last one is kept."""
        read(opendrive)
        self._uploaded = opendrive, generation


def open_atlas(map_name: str | None, folder: Path | None) -> tuple[Atlas, str]:
    """The atlas of a command line's ``--map NAME|FILE.xodr`` and ``--maps FOLDER``, and the name to start with.

    Raises ValueError that lists the maps there are.
    """
    file = Path(map_name) if map_name is not None and map_name.endswith(SUFFIX) else None
    atlas = Atlas(folder, file)
    name = file.stem if file is not None else map_name or maps.names()[0]
    if name not in atlas.names():
        raise ValueError(f"no map {name!r}; there are: {', '.join(atlas.names())}")
    return atlas, name


def _twin(name: str) -> str:
    return name if name.endswith(LAYERED) else name + LAYERED


@lru_cache(maxsize=2)
def _town(name: str, opendrive: str, generation: Generation = STANDARD) -> Town:
    town = load_town(name, opendrive, generation=generation)
    navigation.mesh(town)  # into the cache now: clients ask for it when they do not expect to wait
    return town
