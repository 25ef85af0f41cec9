"""What a path holds: recordings, in their order; and the errors of those who look at them."""

from __future__ import annotations

from pathlib import Path

from sensors.recording import Recording


class DatasetError(Exception):
    """A path does not hold what is wanted of it; the message says what to do."""


def recordings_in(path: Path) -> list[Recording]:
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
    recordings = [Recording(each) for each in found]
    return sorted(recordings, key=lambda each: (each.meta.scenario, each.meta.index, each.path.name))


def folder_of(path: Path) -> Path:
    """The output folder to which a path given to ``recordings_in`` belongs."""
    folder = path.parent if path.is_file() else path
    return folder.parent if folder.name == "recordings" else folder
