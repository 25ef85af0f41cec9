"""``longtail view``: boxes, clouds and pictures of all sources lie where the recording has them, and Rerun opens."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from exporters import kitti, nuscenes
from orchestrator.dataset import DatasetError
from orchestrator.snapshots import OBJECTS, Snapshot, show_recording
from orchestrator.viewer import find
from orchestrator.viewer_page import address, serve
from sensors.geometry import inverse
from sensors.recording import Recording, RecordingWriter
from sensors.rig import load_rig

from ..exporters.made_up import opendrive
from .conftest import synthetic_frame, synthetic_meta
from .test_cli import longtail, refused


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("output") / "roos"
    (folder / "recordings").mkdir(parents=True)
    rig = load_rig("kitti")
    made = folder / "recordings" / "scene.mcap"
    with RecordingWriter(made, replace(synthetic_meta(rig, 0), map_name="bend", opendrive=opendrive())) as writer:
        for k in range(4):
            writer.write(synthetic_frame(rig, 10 * k))
    kitti.export([made], folder / "kitti")
    nuscenes.export([made], folder / "nuscenes")
    return folder


def shown(path: Path) -> list[Snapshot]:
    return list(find(path, 0)[0].snapshots())


def test_a_recording(output: Path) -> None:
    [recording] = (Recording(path) for path in (output / "recordings").iterdir())
    show, count = find(output, 0)
    frames, snapshots = list(recording.frames()), list(show.snapshots())
    assert count == 1
    assert show.path.shape == (4, 3)
    [event] = show.events
    assert "kangaroo" in event.text
    for frame, snapshot in zip(frames, snapshots, strict=True):
        assert snapshot.time == frame.time
        assert snapshot.speed == pytest.approx(18)
        for state, solid in zip(frame.objects, snapshot.solids, strict=True):
            assert np.array_equal(solid.world_from_box, state.world_from_box)
            assert show.palette[solid.kind][0] in solid.text
        [picture], [cloud] = snapshot.pictures, snapshot.clouds
        decoded = cv2.imdecode(np.frombuffer(picture.file, np.uint8), cv2.IMREAD_COLOR_RGB)
        assert np.array_equal(decoded, frame.cameras["CAM_FRONT"].image)
        marked = cloud.points[cloud.kinds >= OBJECTS]
        kangaroo = frame.objects[0].world_from_box[:3, 3]
        assert len(marked) == 60
        assert np.linalg.norm(marked.mean(axis=0) - kangaroo) < 0.5


@pytest.mark.parametrize("source", ["kitti", "nuscenes"])
def test_datasets_show_what_the_recording_shows(output: Path, source: str) -> None:
    """Seen from the ego, for a format may know no world or move its origin."""
    truth = {round(each.time, 3): each for each in shown(output)}
    made = shown(output / source)
    assert made
    for k, snapshot in enumerate(made):
        true = list(truth.values())[k] if source == "kitti" else truth[round(snapshot.time, 3)]
        ours, theirs = (
            {
                solid.text.split()[0].lower().replace("animal", "kangaroo"): inverse(each.world_from_ego)
                @ solid.world_from_box
                for solid in each.solids
            }
            for each in (true, snapshot)
        )
        assert theirs
        for name, pose in theirs.items():
            assert np.allclose(pose, ours[name], atol=2e-3), name
        [cloud], [reference] = snapshot.clouds, true.clouds
        points, wanted = (
            each.points @ inverse(at.world_from_ego)[:3, :3].T + inverse(at.world_from_ego)[:3, 3]
            for each, at in ((cloud, snapshot), (reference, true))
        )
        assert np.allclose(points, wanted, atol=2e-2)
        [picture], [seen] = snapshot.pictures, true.pictures
        assert picture.size == seen.size
        assert np.allclose(
            inverse(snapshot.world_from_ego) @ picture.world_from_camera,
            inverse(true.world_from_ego) @ seen.world_from_camera,
            atol=1e-3,
        )


def test_a_file_for_rerun(output: Path, tmp_path: Path) -> None:
    out = tmp_path / "scene.rrd"
    assert longtail("view", output, "--save", out).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["scene.rrd"]
    words = subprocess.run(
        [sys.executable, "-m", "rerun", "rrd", "print", out], capture_output=True, text=True, check=True
    )
    for entity in ("/world/ego", "/world/objects", "/world/LIDAR_TOP", "/world/cameras/CAM_FRONT/image", "/events",
                   "/world/cameras/CAM_FRONT/depth", "/plots/visible/kangaroo_7", "/world/path"):  # fmt: skip
        assert entity in words.stdout, entity


def test_what_cannot_be_shown(output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "scene.rrd"
    assert "--scene goes from 0 to 0" in refused(longtail("view", output, "--scene", 3, "--save", out))
    assert "holds no recordings" in refused(longtail("view", tmp_path, "--save", out))
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    if sys.platform == "linux":
        assert "no display" in refused(longtail("view", output))
    assert not out.exists()


def test_without_rerun(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    monkeypatch.delitem(sys.modules, "orchestrator.stage", raising=False)
    monkeypatch.delattr("orchestrator.stage", raising=False)
    assert "pip install 'longtail[view]'" in refused(longtail("view", output, "--save", "x.rrd"))


def test_in_a_browser(chromium: Any, output: Path, tmp_path: Path) -> None:
    scene = tmp_path / "scene.rrd"
    assert longtail("view", output, "--save", scene).exit_code == 0
    said, asked = [], []
    with serve(scene, 0) as server, chromium.new_page(viewport={"width": 800, "height": 480}) as tab:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tab.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(address(server, scene))
        for _ in range(60):
            tab.wait_for_timeout(1000)
            picture = cv2.imdecode(np.frombuffer(tab.screenshot(timeout=60_000), np.uint8), cv2.IMREAD_COLOR_RGB)
            sky = np.all(np.abs(picture.astype(int) - (150, 190, 230)) < 8, axis=2).sum()  # of the recorded pictures
            if sky > 2000:
                break
        else:
            pytest.fail("the viewer never showed the camera's picture")
        server.shutdown()
    assert said == []
    root = f"http://127.0.0.1:{server.server_port}/"
    assert asked and all(url.startswith((root, "data:", "blob:")) for url in asked)


def test_the_port_is_taken(tmp_path: Path) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(DatasetError, match="choose another --port"):
            serve(tmp_path / "scene.rrd", other.getsockname()[1])


def test_events_and_recordings_agree(output: Path) -> None:
    [path] = (output / "recordings").iterdir()
    [event] = show_recording(Recording(path)).events
    assert re.match(r"kangaroo nearest, \d+\.\d m", event.text)
