"""Scenes depend on (scenario, seed, index) alone; errors say where and what to do."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scenarios import catalog, sampler
from scenarios.sampler import Sample, Scenario, ScenarioError, plain, scene_ids, simulation_seed
from sensors.rig import load_rig

HEAD = 'param region = "here"\nparam map = "{map}"\nmodel scenarios.model\n'
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def kangaroo() -> Scenario:
    return Scenario(catalog.find("animals/kangaroo_crossing"))


def drawn(sample: Sample) -> str:
    """All that was drawn, as text."""
    actors = [(actor.blueprint, *actor.position, actor.heading) for actor in sample.scene.objects]
    return json.dumps([sample.params, sample.weather, actors, sample.rejections])


@pytest.fixture
def write(tmp_path: Path, small_map: Path) -> Callable[..., Path]:
    """Writes a script that runs on the small map: ``write(body, head=HEAD)``."""

    def write(body: str, head: str = HEAD) -> Path:
        path = tmp_path / "mine.scenic"
        path.write_text(head.format(map=small_map) + body)
        return path

    return write


def test_scenes_do_not_depend_on_order(kangaroo: Scenario) -> None:
    forward = {index: drawn(kangaroo.sample(5, index)) for index in range(6)}
    backward = {index: drawn(kangaroo.sample(5, index)) for index in reversed(range(6))}
    assert forward == backward
    assert len(set(forward.values())) == 6


def test_scenes_do_not_depend_on_the_process(kangaroo: Scenario) -> None:
    code = (
        "import runpy, sys; t = runpy.run_path(sys.argv[1]); "
        "print(t['drawn'](t['Scenario'](t['catalog'].find('animals/kangaroo_crossing')).sample(5, 3)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, __file__],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": str(ROOT)},
    )
    assert run.stdout.splitlines()[-1] == drawn(kangaroo.sample(5, 3))


def test_seed_index_and_take_each_draw_another_scene(kangaroo: Scenario) -> None:
    scenes = {drawn(kangaroo.sample(*which)) for which in [(1, 0, 0), (2, 0, 0), (1, 1, 0), (1, 0, 1)]}
    assert len(scenes) == 4


def test_the_global_generators_are_left_as_they_were(kangaroo: Scenario) -> None:
    random.seed(4)
    np.random.seed(4)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(4)
    np.random.seed(4)  # noqa: NPY002
    kangaroo.sample(1, 1)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


def test_parameters_are_json_and_free_of_plumbing(kangaroo: Scenario) -> None:
    sample = kangaroo.sample(1, 0)
    assert json.loads(json.dumps(sample.params)) == sample.params
    assert {"ego_speed", "hop_speed", "trigger_distance"} <= sample.params.keys()
    assert not {"map", "port", "weather", "timestep"} & sample.params.keys()
    assert sample.weather["sun_altitude_angle"] >= 18
    assert sample.weather["precipitation"] == 0


def test_parameters_can_be_overridden() -> None:
    scenario = Scenario(catalog.find("animals/kangaroo_crossing"), {"hop_speed": 3.5})
    assert scenario.sample(1, 0).params["hop_speed"] == 3.5
    assert scenario.digest != Scenario(scenario.path).digest


def test_rejections_are_counted_with_their_reasons(write: Callable[..., Path]) -> None:
    scenario = Scenario(write("ego = new EgoCar\nx = Range(0, 1)\nrequire x > 0.8\n"))
    samples = [scenario.sample(1, index) for index in range(5)]
    assert sum(sample.rejections for sample in samples) > 2
    for sample in samples:
        assert sum(sample.reasons.values()) == sample.rejections
    assert any("line 6" in reason for sample in samples for reason in sample.reasons)


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("ego = new EgoCar at\n", 4, "invalid syntax"),
        ("ego = new EgoCar\nif True\n    x = 1\n", 5, "expected ':'"),
        ("ego = new EgoCarr\n", 4, "EgoCarr"),
        ("ego = new EgoCar with behavior Nope(3)\n", 4, "Nope"),
        ("def f(a):\n    return 1/0\nego = new EgoCar with width f(3)\n", 5, "division by zero"),
        ("x = 1\nego = new EgoCar on 3\n", 5, "not a Region"),
        ("ego = new EgoCar\nx = Range(0, 1)\nrequire x > 2\n", 6, "none of 50 candidates"),
    ],
)
def test_errors_name_file_and_line(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, body: str, line: int, said: str
) -> None:
    monkeypatch.setattr(sampler, "MAX_ITERATIONS", 50)
    path = write(body)
    with pytest.raises(ScenarioError) as caught:
        Scenario(path).sample(0, 0)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert said in message
    assert "; " in message  # what to do


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("model scenarios.model\n", "param map"),
        ('param map = "/nowhere/x.xodr"\nmodel scenarios.model\n', "param map"),
        ("model scenarios.modell\n", "scenarios.modell"),
        (HEAD, "names no ego"),
    ],
)
def test_what_is_missing_is_named(write: Callable[..., Path], head: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        Scenario(write("x = 1\n", head))


def test_a_missing_script_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"gone\.scenic: no such script"):
        Scenario(tmp_path / "gone.scenic")


def test_scene_ids_follow_everything_that_matters(kangaroo: Scenario) -> None:
    kitti, nuscenes = load_rig("kitti"), load_rig("nuscenes")
    ids = [
        next(scene_ids(kangaroo.digest, kitti, 1, [0])),
        next(scene_ids(kangaroo.digest, kitti, 2, [0])),
        next(scene_ids(kangaroo.digest, kitti, 1, [1])),
        next(scene_ids(kangaroo.digest, nuscenes, 1, [0])),
        next(scene_ids("x", kitti, 1, [0])),
    ]
    assert len(set(ids)) == 5
    assert ids[0] == next(scene_ids(kangaroo.digest, kitti, 1, [0]))
    assert 0 <= simulation_seed(1, ids[0]) < 2**31
    assert simulation_seed(1, ids[0]) != simulation_seed(1, ids[1])


def test_plain_values() -> None:
    assert plain({"a": (np.float32(1.5), np.int64(2)), "b": None, "c": Path("x")}) == {
        "a": [1.5, 2],
        "b": None,
        "c": "x",
    }
