"""Foxglove's layout names what recordings hold; FiftyOne's own importers read the exports as the page says."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from filelock import FileLock

from exporters import coco, kitti
from sensors.messages import encoders, topics
from sensors.recording import Recording
from sensors.rig import load_rig, rig_names

DOCS = Path(__file__).parents[2] / "docs"
FIFTYONE = ("fiftyone==1.22.1", "pycocotools==2.0.10")
QUIET = {"FIFTYONE_DO_NOT_TRACK": "true"}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def test_the_layout_fits_the_recordings(make_recording: Callable[..., Path], tmp_path: Path) -> None:
    layout = json.loads((DOCS / "foxglove-layout.json").read_text())
    named = {text for text in strings(layout["configById"]) if text.startswith("/")}
    wanted = {text.partition(".")[0] for text in named}
    for rig in rig_names():
        assert wanted <= {topic.name for topic in topics(load_rig(rig))}, rig
    panels = {text for text in strings(layout["layout"]) if "!" in text}
    assert panels == set(layout["configById"])
    recording = Recording(make_recording(tmp_path, 0, frames=1))
    [frame] = recording.frames()
    said = {topic: encode() for topic, encode in encoders(frame, recording.meta.rig)}
    for text in (text for text in named if "." in text):
        topic, *fields = re.findall(r"/?\w+", text)
        value = json.loads(said[topic])
        for field in fields:
            if isinstance(value, list):
                value = value[int(field) if field.isdigit() else 0]
            if not field.isdigit():
                value = value[field]


@pytest.mark.slow
def test_fiftyone_reads_kitti_and_coco(make_recording: Callable[..., Path], tmp_path: Path) -> None:
    """The importers alone: FiftyOne's datasets want a MongoDB, which no package index has."""
    recordings = [make_recording(tmp_path, index, frames=3) for index in range(2)]
    kitti.export(recordings, tmp_path / "roos" / "kitti")
    coco.export(recordings, tmp_path / "roos" / "coco")
    [code] = re.findall(r"^```python fiftyone\n(.*?)^```$", (DOCS / "view.md").read_text(), re.DOTALL | re.MULTILINE)
    code = code.replace("import fiftyone as fo", "import fiftyone.utils.coco as uc, fiftyone.utils.kitti as uk")
    for format, importer in (("KITTI", "uk.KITTI"), ("COCO", "uc.COCO")):
        call = f"{importer}DetectionDatasetImporter("
        code = re.sub(rf"fo\.Dataset\.from_dir\(\s*dataset_type=fo\.types\.{format}DetectionDataset,", call, code)
    code = code.partition("print(")[0]
    code += (
        "with kitti, coco:\n"
        "    print(len(kitti), len(coco))\n"
        "    print(sorted({d.label for _, _, label in kitti for d in label.detections}))\n"
        "    seen = [d for _, _, label in coco for d in label['segmentations'].detections if d.mask.any()]\n"
        "    print(sorted({d.label for d in seen}))\n"
    )
    done = subprocess.run([_python(), "-c", code], cwd=tmp_path, capture_output=True, text=True, env=os.environ | QUIET)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-3:] == ["6 3", "['Animal', 'Car']", "['car', 'kangaroo']"]


def _python() -> str:
    """The interpreter of FiftyOne's own environment, made on first use in the user's cache folder."""
    name = f"fiftyone-{hashlib.sha256(' '.join((*FIFTYONE, sys.version)).encode()).hexdigest()[:12]}"
    caches = platformdirs.user_cache_path("longtail", ensure_exists=True)
    with FileLock(caches / f"{name}.lock"):
        home = caches / name
        if not (home / "complete").exists():
            subprocess.run([sys.executable, "-m", "virtualenv", "--quiet", "--clear", str(home)], check=True)
            subprocess.run([str(home / "bin" / "pip"), "install", "--quiet", *FIFTYONE], check=True)
            (home / "complete").touch()
    return str(home / "bin" / "python")
