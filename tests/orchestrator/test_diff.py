"""``longtail diff`` finds every kind of change, and nothing where there is none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sensors.recording import Recording, RecordingWriter

from .test_cli import longtail

Make = Callable[..., Path]


@pytest.fixture
def pair(make_recording: Make, tmp_path: Path) -> tuple[Path, Path]:
    for name in "ab":
        (tmp_path / name / "recordings").mkdir(parents=True)
        (tmp_path / name / "kitti").mkdir()
        (tmp_path / name / "kitti" / "mapping.txt").write_text("000000 x 0 y 0\n")
        (tmp_path / name / "summary.json").write_text(f'"{name}: not part of the dataset"')
    for index in range(2):
        made = make_recording(tmp_path / "a" / "recordings", index, frames=3)
        shutil.copy(made, tmp_path / "b" / "recordings")
    return tmp_path / "a", tmp_path / "b"


def changes(first: Path, second: Path) -> dict[str, list[object]]:
    result = longtail("diff", first, second, "--json")
    assert result.exit_code == 1, result.output
    return {name: value for name, value in json.loads(result.stdout).items() if value}


def test_the_same(pair: tuple[Path, Path]) -> None:
    result = longtail("diff", *pair)
    assert (result.exit_code, result.stdout) == (0, "no difference\n")
    assert longtail("diff", *pair, "--json").exit_code == 0


def test_a_scene_less(pair: tuple[Path, Path]) -> None:
    (pair[1] / "recordings" / f"{1:016x}.mcap").unlink()
    found = changes(*pair)
    assert found["removed"] == ["animals/kangaroo_crossing #1 (seed 3, kitti)"]
    assert {"name": "scenes", "before": 2, "after": 1} in found["figures"]
    assert changes(pair[1], pair[0])["added"] == found["removed"]


def test_other_labels(pair: tuple[Path, Path], make_recording: Make) -> None:
    shutil.rmtree(pair[1] / "recordings")
    (pair[1] / "recordings").mkdir()
    make_recording(pair[1] / "recordings", 0, frames=3, step=1)
    make_recording(pair[1] / "recordings", 1, frames=3)
    [change] = changes(*pair)["changed"]
    assert change == {"scene": "animals/kangaroo_crossing #0 (seed 3, kitti)", "what": ["labels"], "first": 0.1}
    shown = longtail("diff", *pair)
    assert shown.exit_code == 1
    assert "from 0.10 s" in shown.stdout.replace("\n", " ")


def test_other_pictures(pair: tuple[Path, Path]) -> None:
    path = pair[1] / "recordings" / f"{0:016x}.mcap"
    old = Recording(path)
    frames = list(old.frames())
    for frame in frames:
        frame.cameras["CAM_FRONT"].image[0, 0] += 1
    with RecordingWriter(path, old.meta) as writer:
        for frame in frames:
            writer.write(frame)
    assert changes(*pair)["changed"] == [
        {"scene": "animals/kangaroo_crossing #0 (seed 3, kitti)", "what": ["pictures"], "first": None}
    ]


def test_other_exports(pair: tuple[Path, Path]) -> None:
    (pair[1] / "kitti" / "mapping.txt").write_text("000000 x 0 z 0\n")
    (pair[1] / "kitti" / "more.txt").write_text("")
    assert changes(*pair) == {"files_added": ["kitti/more.txt"], "files_changed": ["kitti/mapping.txt"]}
    assert changes(pair[0] / "kitti", pair[1] / "kitti") == {
        "files_added": ["more.txt"],
        "files_changed": ["mapping.txt"],
    }


def test_what_cannot_be_read(pair: tuple[Path, Path], tmp_path: Path) -> None:
    result = longtail("diff", pair[0], tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "does not exist" in result.stderr
