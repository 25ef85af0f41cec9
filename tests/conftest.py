"""The environments of their own in which official code judges exports."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import platformdirs
import pytest
from filelock import FileLock

hypothesis.settings.register_profile("longtail", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("longtail")

DEVKIT = (
    "nuscenes-devkit==1.2.0", "numpy==1.26.4", "pyquaternion==0.9.9", "tqdm==4.67.1", "matplotlib==3.9.4",
    "Pillow==11.3.0", "opencv-python-headless==4.11.0.86", "scikit-learn==1.6.1", "scipy==1.15.3", "shapely==2.0.7",
    "cachetools==5.5.2", "descartes==1.1.0", "fire==0.7.0", "parameterized==0.9.0", "pycocotools==2.0.10",
    "motmetrics==1.4.0", "pandas==1.5.3",
)  # fmt: skip
"""The devkit and its direct needs, pinned; its own pins would rule ours, so it lives in an environment of its own."""


KITTI = ("mmengine-lite==0.10.7", "numpy==1.26.4", "numba==0.61.2", "scikit-image==0.25.2", "shapely==2.0.7")
KITTI_ALONE = ("mmdet3d==1.4.0",)
"""A loader of KITTI and a port of its official evaluation, of a package whose other needs are not installed."""

Judge = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def devkit() -> Judge:
    """``devkit(*arguments)`` runs ``devkit_judge.py`` in nuscenes-devkit's environment and returns its JSON."""
    return _judge("devkit_judge.py", "nuscenes-devkit", DEVKIT)


@pytest.fixture(scope="session")
def kitti_judge() -> Judge:
    """``kitti_judge(folder)`` runs ``kitti_judge.py`` in MMDetection3D's environment and returns its JSON."""
    return _judge("kitti_judge.py", "mmdet3d", KITTI, KITTI_ALONE)


def _judge(script: str, title: str, pins: tuple[str, ...], alone: tuple[str, ...] = ()) -> Judge:
    """Runs a script in an environment with these packages (``alone``: without what they need), made on first use (half
    a minute) in the user's cache folder and named by its pins; returns the JSON of the script's last line."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = hashlib.sha256("\n".join((python, *pins, *alone)).encode()).hexdigest()[:12]
    caches = platformdirs.user_cache_path("longtail", ensure_exists=True)
    home = caches / f"{title}-{name}"
    with FileLock(caches / f"{title}-{name}.lock"):
        if not (home / "complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "virtualenv", "--quiet", str(home)], check=True)
            pip = [str(home / "bin" / "pip"), "install", "--quiet"]
            subprocess.run([*pip, *pins], check=True)
            if alone:
                subprocess.run([*pip, "--no-deps", *alone], check=True)
            (home / "complete").touch()

    def run(*arguments: object) -> dict[str, Any]:
        judge = Path(__file__).with_name(script)
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
        done = subprocess.run(
            [str(home / "bin" / "python"), str(judge), *map(str, arguments)],
            capture_output=True,
            text=True,
            env=environment | {"MPLBACKEND": "Agg", "PYTHONWARNINGS": "ignore"},
        )
        assert done.returncode == 0, done.stderr[-4000:]
        verdict: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return verdict

    return run
