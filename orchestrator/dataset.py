"""What a path holds: recordings, in their order; and the errors of those who look at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sensors.recording import Recording


class DatasetError(Exception):
    """A path does not hold what is wanted of it; the message says what to do."""


def paths_in(path: Path) -> list[Path]:
    """The recordings of an output folder of ``longtail render``, of a folder of recordings, or a single one, by
    scenario, index and generation.

    Raises:
        DatasetError: there are none.
        sensors.recording.RecordingError: one is damaged.
    """
    if path.is_file():
        found = [path]
    else:
        found = sorted((path / "recordings").glob("*.mcap")) or sorted(path.glob("*.mcap"))
    if not found:
        raise DatasetError(f"{path} holds no recordings; name an output folder of `longtail render`, or an .mcap file")
    return sorted(found, key=_order)


def recordings_in(path: Path) -> Iterator[Recording]:
    """The recordings of ``paths_in``, each opened when it is asked for: a recording's summary and map can be large.

    Raises:
        DatasetError, sensors.recording.RecordingError: at once, see ``paths_in``.
    """
    paths = paths_in(path)
    return (Recording(each) for each in paths)


def _order(path: Path) -> tuple[str, int, int, str]:
    meta = Recording(path).meta
    return meta.scenario, meta.index, meta.generation, path.name


def folder_of(path: Path) -> Path:
    """The output folder to which a path given to ``recordings_in`` belongs."""
    folder = path.parent if path.is_file() else path
    return folder.parent if folder.name == "recordings" else folder
