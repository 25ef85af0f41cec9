"""Every command on the pages for people runs as it is written, but for a smaller rig and free ports."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def blocks(page: str, language: str) -> list[str]:
    """The page's fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)


def commands(page: str) -> list[str]:
    """The commands of a page's shell blocks, without comments."""
    lines = [line.split("   #")[0].strip() for block in blocks(page, "sh") for line in block.splitlines()]
    return [line for line in lines if line]


def run(words: str, folder: Path) -> str:
    """Runs a command with the environment's own programs, and a rig that is quicker to draw."""
    words = words.replace("--rig kitti", f"--rig {HERE / 'small.yaml'}")
    if words.startswith("longtail bench"):
        words += f" --rig {HERE / 'small.yaml'}"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", words], cwd=folder, capture_output=True, text=True, timeout=900, env=os.environ | {"PATH": path}
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def test_readme_and_view_page(tmp_path: Path) -> None:
    entries, others = [], []
    for command in commands("README.md"):
        (entries if command.startswith("./launch/") else others).append(command)
    assert entries == ["./launch/demo", "./launch/test"]  # CI runs the second, and with it this test
    assert all(os.access(ROOT / entry, os.X_OK) for entry in entries)
    said = [run(command, tmp_path) for command in others]
    assert "animals/kangaroo_crossing" in said[0]
    assert any("kitti: valid" in words for words in said) and "movable_object.trafficcone" in said[-1]
    assert (tmp_path / "roos" / "contact_sheet.png").exists()

    made, *looks = commands("docs/view.md")
    assert made in others  # and need not be made again
    for command in looks:
        run(command, tmp_path)
    assert (tmp_path / "roos.report.html").stat().st_size > 30_000
    assert all((tmp_path / f"{name}.rrd").stat().st_size > 100_000 for name in ("roos", "kitti", "nus"))


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_authors_page(tmp_path: Path) -> None:
    [script] = blocks("docs/authors.md", "scenic")
    (tmp_path / "hop.scenic").write_text(script)
    for command in commands("docs/authors.md"):
        run(command, tmp_path)
    assert len(list((tmp_path / "hop" / "recordings").glob("*.mcap"))) == 2


def test_farm_page(tmp_path: Path) -> None:
    [job] = blocks("docs/farm.md", "yaml")
    (tmp_path / "night.yaml").write_text(job.replace("rig: kitti", f"rig: {HERE / 'small.yaml'}"))
    for command in commands("docs/farm.md"):
        run(command, tmp_path)
    assert (tmp_path / "night" / "nuscenes").is_dir()
    assert (tmp_path / "bench.json").stat().st_size > 100


def test_carla_page(tmp_path: Path) -> None:
    [command] = commands("docs/carla.md")
    assert "--port 2000" in command
    [program] = blocks("docs/carla.md", "python")
    serve = [str(Path(sys.executable).with_name("longtail")), *command.replace("2000", "0").split()[1:]]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server, socket.socket() as probe:
        assert server.stdout is not None
        ready = server.stdout.readline()
        assert ready.startswith("listening on 127.0.0.1:")
        probe.bind(("127.0.0.1", 0))
        traffic = probe.getsockname()[1]
        probe.close()
        program = program.replace("2000", ready.rpartition(":")[2].strip()).replace("8000", str(traffic))
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
        server.terminate()
        assert server.wait(30) == 0
    assert done.stdout.startswith("vehicle.tesla.model3 "), done.stderr
