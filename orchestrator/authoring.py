"""What ``longtail check``, ``new`` and ``preview`` do for those who write scenarios."""

from __future__ import annotations

import difflib
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from orchestrator.annotate import Picture, color_of, write_text
from orchestrator.bench_scenarios import SKETCH, sketch
from orchestrator.player import CarlaPlayer
from scenarios.oracle import Verdict, parse
from scenarios.sampler import Scenario, ScenarioError
from sensors.frames import Frame
from sensors.recording import Recording
from simulator.server.blueprints import Library

TEMPLATE = '''"""{title}

What happens, in a sentence or two.

Rare: what makes it rare, and hard to perceive.
Tags: pedestrian, child, rural, daytime, dry
Source: where it is known from, e.g. an NHTSA pre-crash scenario.
Expect: what can be seen when it works.
Event: in_path(child, within=45, across=0.5)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))     # before the model
model scenarios.model

# The event; every number may be a distribution
param ego_speed = Range(40, 60) / 3.6                 # m/s
param run = Range(2, 3)                               # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(42, 52)

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(globalParameters.ego_speed)
child = new Child at off_centre(lane, start + gap, 4), facing heading_of(lane, start + gap) + 90 deg,
    with behavior CrossRoad(ego, heading_of(lane, start + gap) + 90 deg, globalParameters.run, time=2.2)

terminate when elapsed() >= 4.5
'''


@dataclass(frozen=True)
class Report:
    """What a check found out: acceptance rate in [0, 1], times [s], what rejected how many candidates."""

    scenario: Scenario
    compiling: float
    per_scene: float
    acceptance: float
    reasons: Counter[str]


def check(path: Path, scenes: int, seed: int) -> Report:
    """Compiles a script, draws scenes from it, and looks up its blueprints and its event. Starts no server.

    Raises:
        ScenarioError: it does not compile, cannot be sampled, or names a blueprint that no server has.
        OracleError: its event cannot be understood.
    """
    started = time.perf_counter()
    scenario = Scenario(path)
    compiling = time.perf_counter() - started
    parse(scenario.script)
    known = Library().by_id
    reasons: Counter[str] = Counter()
    candidates = 0
    started = time.perf_counter()
    for index in range(scenes):
        sample = scenario.sample(seed, index)
        candidates += sample.rejections + 1
        reasons.update(sample.reasons)
        for actor in sample.scene.objects:
            if actor.blueprint not in known:
                raise ScenarioError(_unknown(scenario, actor.blueprint, list(known)))
    return Report(scenario, compiling, (time.perf_counter() - started) / scenes, scenes / candidates, reasons)


def _unknown(scenario: Scenario, blueprint: str, known: list[str]) -> str:
    lines = [n for n, text in enumerate(scenario.script.splitlines(), 1) if str(blueprint) in text.partition("#")[0]]
    near = difflib.get_close_matches(str(blueprint), known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "the server's blueprint library lists what there is"
    where = f"{scenario.path}:{lines[0]}" if lines else str(scenario.path)
    return f"{where}: no blueprint {blueprint!r}; {hint}"


def new(path: Path) -> None:
    """Writes a complete script to start from.

    Raises:
        ScenarioError: there is a file of that name, or the name does not end in .scenic.
    """
    if path.suffix != ".scenic":
        raise ScenarioError(f"{path}: a script's name ends in .scenic")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.format(title=path.stem.replace("_", " ").capitalize()))
    except FileExistsError as error:
        raise ScenarioError(f"{path}: exists already; choose another name") from error
    except FileNotFoundError as error:
        raise ScenarioError(f"{path}: no folder {path.parent}; make it first") from error


TILES = 6
"""Moments in a preview."""


def preview(path: Path, seed: int, index: int, out: Path) -> Verdict:
    """Plays one scene with a small camera; writes its film strip, pictures above bird's-eye views, and judges it.

    Raises:
        ScenarioError, OracleError, Unplayable.
    """
    scenario = Scenario(path)
    parse(scenario.script)
    player = CarlaPlayer(SKETCH)
    try:
        with tempfile.TemporaryDirectory(prefix="longtail-preview-") as folder:
            verdict = sketch(player, scenario, seed, index, Path(folder, "scene.mcap"))
            frames = [frame for frame in Recording(Path(folder, "scene.mcap")).frames() if frame.cameras]
    finally:
        player.close()
    chosen = [frames[round(i)] for i in np.linspace(0, len(frames) - 1, TILES)]
    done, png = cv2.imencode(".png", _strip(chosen)[:, :, ::-1])
    if not done:
        raise RuntimeError("OpenCV could not encode the preview")
    aside = out.with_name(f".{out.name}.partial")
    aside.write_bytes(png.tobytes())
    aside.replace(out)
    return verdict


def _strip(frames: list[Frame]) -> Picture:
    """Three tiles a row, each a camera picture above the bird's-eye view of the same moment."""
    tiles = []
    for frame in frames:
        image = frame.cameras["CAM_FRONT"].image.copy()
        write_text(image, f"{frame.time:.1f} s", (8, 20))
        tiles.append(np.vstack([image, _birds_eye(frame, image.shape[1])]))
    return np.vstack([np.hstack(tiles[i : i + 3]) for i in range(0, len(tiles), 3)])


def _birds_eye(frame: Frame, width: int, height: int = 120, scale: float = 5.0) -> Picture:
    """Everything from 10 m behind the ego ahead to the tile's end, ``scale`` [px/m]; the ego drives to the right."""
    picture = np.full((height, width, 3), 40, np.uint8)
    ego_from_world = np.linalg.inv(frame.world_from_ego)

    def draw(corners: np.ndarray, color: tuple[int, int, int]) -> None:
        pixels = np.stack([(corners[:, 0] + 10) * scale, height / 2 - corners[:, 1] * scale], axis=1)
        cv2.fillPoly(picture, [np.round(pixels).astype(np.int32)], color)

    square = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]) / 2
    draw(square * (4.7, 1.9) + (1.4, 0), (255, 255, 255))
    for state in frame.objects:
        flat = np.column_stack([square * np.maximum(state.size[:2], 0.6), np.zeros(4), np.ones(4)])
        draw((ego_from_world @ state.world_from_box @ flat.T).T[:, :2], color_of(state.category))
    return picture
