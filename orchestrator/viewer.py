"""``longtail view``: finds out what a path holds, and shows one scene of it."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from orchestrator.dataset import DatasetError, paths_in
from orchestrator.snapshots import Show, show_recording
from orchestrator.snapshots_kitti import show_kitti
from orchestrator.snapshots_nuscenes import show_nuscenes
from orchestrator.viewer_page import address, serve
from sensors.recording import Recording


def find(path: Path, scene: int) -> tuple[Show, int]:
    """A scene of a recording, output folder or dataset, and how many there are.

    Raises:
        DatasetError: the path holds nothing that can be shown, or has no such scene.
        sensors.recording.RecordingError: a recording is damaged.
    """
    if (path / "training" / "image_2").is_dir():
        return show_kitti(path, scene)
    if any(path.glob("*/sample.json")):
        return show_nuscenes(path, scene)
    paths = paths_in(path)
    if scene >= len(paths):
        raise DatasetError(f"{path} has {len(paths)} scenes; --scene goes from 0 to {len(paths) - 1}")
    return show_recording(Recording(paths[scene])), len(paths)


def look(path: Path, scene: int, console: Console, *, web_port: int | None = None, save_as: Path | None = None) -> None:
    """Shows a scene in a window; on a page at ``web_port``, until interrupted; or writes it as a file.

    Raises:
        DatasetError: it cannot be shown; says why. sensors.recording.RecordingError: it is damaged.
    """
    from orchestrator import stage

    if save_as is None and web_port is None and sys.platform == "linux" and not _display():
        raise DatasetError("there is no display here to open a window on; use --web or --save FILE")
    show, count = find(path, scene)
    console.print(f"{show.name}: {show.title} (scene {scene} of {count})", markup=False, soft_wrap=True)
    if save_as is not None:
        stage.save(show, save_as)
        console.print(f"{save_as}", markup=False, soft_wrap=True)
        return
    if web_port is None:
        stream = stage.open_stage(show)
        stage.rr.spawn(recording=stream, default_blueprint=stage.layout(show))
        stage.perform(show, stream)
        stream.flush()
        return
    with tempfile.TemporaryDirectory(prefix="longtail-view-") as folder:
        file = Path(folder, "scene.rrd")
        stage.save(show, file)
        with serve(file, web_port) as server:
            console.print(f"open {address(server, file)}\nCtrl-C ends it", markup=False, soft_wrap=True)
            with suppress(KeyboardInterrupt):
                server.serve_forever()


def _display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
