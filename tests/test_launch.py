"""What lies in launch/ is read by the tools that read it on a farm."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).parents[1]
LAUNCH = ROOT / "launch"
KUBERNETES = "1.31"


def tool(*words: str | Path) -> str:
    """Runs a program of this environment; returns what it finds fault with."""
    program = Path(sys.executable).with_name(str(words[0]))
    done = subprocess.run([program, *words[1:]], capture_output=True, text=True, cwd=ROOT)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("script", ["demo", "test", "environment.sh", "slurm.sh"])
def test_shell_scripts(script: str) -> None:
    assert tool("shellcheck", "--external-sources", LAUNCH / script) == ""


def test_dockerfile() -> None:
    assert tool("hadolint", LAUNCH / "Dockerfile") == ""


def test_the_image_holds_all_rooms() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", (LAUNCH / "Dockerfile").read_text(), re.MULTILINE))
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert copied == rooms


def test_ray_cluster() -> None:
    config = yaml.safe_load((LAUNCH / "ray-cluster.yaml").read_text())
    prepared = prepare_config(config)
    validate_config(prepared)
    assert prepared["max_workers"] == len(config["provider"]["worker_ips"])
    with pytest.raises(Exception, match="max_wrkers"):
        validate_config(prepared | {"max_wrkers": 3})


def pods(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The pods that KubeRay makes of a RayJob."""
    cluster = manifest["spec"]["rayClusterSpec"]
    templates = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    head = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "any"}}
    return [head | {"spec": group["template"]["spec"]} for group in templates]


def test_kuberay() -> None:
    manifest = yaml.safe_load((LAUNCH / "kuberay.yaml").read_text())
    assert (manifest["apiVersion"], manifest["kind"]) == ("ray.io/v1", "RayJob")
    for pod in pods(manifest):
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        broken = pods(manifest)[0]
        broken["spec"]["containers"][0]["imige"] = "any"
        kubernetes_validate.validate(broken, KUBERNETES, strict=True)
    assert manifest["spec"]["entrypoint"].startswith("longtail run /job/nightly.yaml")
