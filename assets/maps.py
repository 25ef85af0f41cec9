"""Built-in maps: OpenDRIVE written by code. Traffic keeps to the right, since CARLA reads no other rule of the road."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import tempfile
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from platformdirs import user_cache_path

_MAPS = {"outback_road": "outback"}
"""Name -> landscape. A module of the map's name in this room builds it; it is imported only when it must."""


def names() -> tuple[str, ...]:
    """Names of the built-in maps."""
    return tuple(sorted(_MAPS))


def biome(name: str) -> str:
    """The landscape around a built-in map, e.g. ``outback``; KeyError naming the maps there are."""
    return _entry(name)


@cache
def path(name: str) -> Path:
    """The OpenDRIVE file of a built-in map; KeyError naming the maps there are.

    Written on first use into the user's cache, in a folder named by a hash of the code, so that a changed map never
    meets what Scenic cached beside an older one. The file's stem is the map's name: Scenic tells CARLA that name.
    """
    _entry(name)
    here = Path(__file__)
    digest = hashlib.sha256(here.read_bytes() + here.with_name(f"{name}.py").read_bytes()).hexdigest()[:12]
    target = Path(user_cache_path("longtail")) / "maps" / digest / f"{name}.xodr"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=target.parent, suffix=".part")
        os.close(handle)
        root = importlib.import_module(f"assets.{name}").build().get_element()
        root.find("header").set("date", "2026-01-01T00:00:00")  # the same text on every machine, every day
        _round(root)
        ElementTree.indent(root)
        ElementTree.ElementTree(root).write(aside, encoding="utf-8", xml_declaration=True)
        Path(aside).replace(target)
    return target


def _round(root: ElementTree.Element) -> None:
    """Numbers to twelve digits: their last ones depend on the libraries' versions."""
    for element in root.iter():
        for key, value in element.items():
            with contextlib.suppress(ValueError):
                if "." in value or "e" in value:
                    element.set(key, repr(float(f"{float(value):.12g}")))


def _entry(name: str) -> str:
    if name not in _MAPS:
        raise KeyError(f"no built-in map {name!r}; there are: {', '.join(names())}")
    return _MAPS[name]
