"""Finds scripts, by path or by their name in the library, and reads their headers. Needs no Scenic."""

from __future__ import annotations

import ast
import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path

LIBRARY = Path(__file__).parent / "library"

_SECTIONS = ("Rare", "Tags", "Source", "Expect", "Event")


class UnknownScenario(LookupError):
    """There is no such script; the message names the near ones."""


@dataclass(frozen=True)
class Header:
    """What a script says about itself in the docstring at its top.

    Attributes:
        title: first line.
        summary: the lines between the title and the first section.
        rare: what makes the event rare. tags: words to find it by. source: where it is known from.
        expect: what can be seen when it works. event: the same as a condition on the recording (`scenarios.oracle`).
    """

    title: str = ""
    summary: str = ""
    rare: str = ""
    tags: tuple[str, ...] = ()
    source: str = ""
    expect: str = ""
    event: str = ""


@dataclass(frozen=True)
class Entry:
    """A script of the library: ``name`` as commands take it, its file, and its header."""

    name: str
    path: Path
    header: Header = field(repr=False)


def names() -> tuple[str, ...]:
    """Names of the library's scripts, in order, e.g. ``animals/kangaroo_crossing``."""
    return tuple(sorted(scenario_name(path) for path in LIBRARY.rglob("*.scenic")))


def entries() -> tuple[Entry, ...]:
    """The library's scripts with their headers, in the order of their names."""
    return tuple(
        Entry(name, path, read_header(path.read_text(encoding="utf-8"))) for name in names() for path in [find(name)]
    )


def find(name_or_path: str) -> Path:
    """The file of a script given by path or by its name in the library.

    Raises:
        UnknownScenario: neither exists; the message names the near ones.
    """
    given = Path(name_or_path)
    if given.is_file():
        return given.resolve()
    inside = LIBRARY / f"{name_or_path.removesuffix('.scenic')}.scenic"
    if not given.is_absolute() and ".." not in given.parts and inside.is_file():
        return inside
    near = difflib.get_close_matches(name_or_path, names(), n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the library has {', '.join(names())}"
    raise UnknownScenario(f"no scenario {name_or_path!r}, neither as a file nor in the library; {hint}")


def scenario_name(path: Path) -> str:
    """A script's name: below the library its path without ending, elsewhere its stem."""
    path = Path(path).resolve()
    if path.is_relative_to(LIBRARY.resolve()):
        return path.relative_to(LIBRARY.resolve()).with_suffix("").as_posix()
    return path.stem


def read_header(script: str) -> Header:
    """Parses the docstring at the top of a script; a script without one has an empty header."""
    match = re.match(r'\s*(?:#[^\n]*\n\s*)*("""(?:[^"\\]|\\.|"(?!""))*""")', script)
    if match is None:
        return Header()
    title, _, rest = str(ast.literal_eval(match[1])).strip().partition("\n")
    pieces = re.split(rf"^({'|'.join(_SECTIONS)}):", rest, flags=re.MULTILINE)
    text = {name: " ".join(body.split()) for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}
    tags = tuple(tag.strip() for tag in text.get("Tags", "").split(",") if tag.strip())
    return Header(
        title.strip().rstrip("."),
        " ".join(pieces[0].split()),
        text.get("Rare", ""),
        tags,
        text.get("Source", ""),
        text.get("Expect", ""),
        text.get("Event", ""),
    )
