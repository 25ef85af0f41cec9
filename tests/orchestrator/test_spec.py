"""The job file: every field documented, every mistake told with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from orchestrator import JobError
from orchestrator.job import resolve
from orchestrator.spec import Entry, JobSpec, load_spec

from .fakes import spec_of

ROOT = Path(__file__).parents[2]

JOB = """\
# a night
scenarios:
  - scenario: animals/kangaroo_crossing
    scenes: 4
seed: 7
output: night
"""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("seed: 7", "sead: 7"), "job.yaml:5: sead: is no field of a job"),
        (("seed: 7", "seed: many"), "job.yaml:5: seed: "),
        (("    scenes: 4", "    scenes: -4"), "job.yaml:4: scenarios.0.scenes: "),
        (
            ("    scenes: 4", ""),
            "job.yaml:1: the job: scenario animals/kangaroo_crossing has neither scenes nor a weight",
        ),
        (("    scenes: 4", "    weight: 2"), "no `scenes` to spread over them"),
        (("output: night", ""), "job.yaml:1: output: is missing; add it"),
        (("output: night", "output: [night"), "job.yaml:7: this is not YAML"),
        (("seed: 7", "weather: Snowy"), "job.yaml:5: weather: 'Snowy' is no preset of CARLA's; choose one of"),
        (("seed: 7", "weather: {snow: 3}"), "job.yaml:5: weather: snow: no field of CARLA's weather"),
        (("seed: 7", "refinement: {model: any}"), "job.yaml:5: refinement: this version of Longtail has no refiner"),
        (("seed: 7", "exports: [kitty]"), "job.yaml:5: exports: kitty: unknown; choose from kitti"),
        (("seed: 7", "server: {addresses: [here]}"), "job.yaml:5: server.addresses: 'here' is no address"),
        (
            ("seed: 7", "server: {addresses: [a:1], executable: b}"),
            "job.yaml:5: server: has an executable and addresses",
        ),
        (("seed: 7", "limits: {ticks: 0}"), "job.yaml:5: limits.ticks: "),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(JOB.replace(*change))
    with pytest.raises(JobError) as caught:
        load_spec(str(path))
    assert said in str(caught.value)


def test_a_job_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="cannot read the job file"):
        load_spec(str(tmp_path / "none.yaml"))


def test_scripts_and_rigs_beside_the_file_are_found(tmp_path: Path) -> None:
    for name in ("own.scenic", "own.yaml"):
        (tmp_path / name).touch()
    path = tmp_path / "job.yaml"
    path.write_text(JOB.replace("animals/kangaroo_crossing", "own.scenic") + "rig: own.yaml\n")
    spec = load_spec(str(path), output="elsewhere")
    assert spec.scenarios[0].scenario == str(tmp_path / "own.scenic")
    assert spec.rig == str(tmp_path / "own.yaml")
    assert spec.output == "elsewhere"


def models(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for field in model.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found |= models(part)
    return found


def test_every_field_is_documented() -> None:
    fields = [(model, name, field) for model in models(JobSpec) for name, field in model.model_fields.items()]
    assert len(fields) > 30
    page = (ROOT / "docs" / "farm.md").read_text()
    for model, name, field in fields:
        assert field.description, f"{model.__name__}.{name}"
        assert f"`{name}`" in page or f"{name}:" in page, f"docs/farm.md does not tell of {name}"


def test_the_nightly_job_is_one(tmp_path: Path) -> None:
    spec = load_spec(str(ROOT / "launch" / "nightly.yaml"))
    job = resolve(spec)
    assert job.total == sum(spec.counts())
    assert next(job.tasks()).script.name == "animals/kangaroo_crossing"


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=8), st.integers(1, 10**6))
def test_weights_share_all_scenes_within_one_of_their_quota(weights: list[float], scenes: int) -> None:
    entries = tuple(Entry(scenario=f"s{k}", weight=weight) for k, weight in enumerate(weights))
    counts = JobSpec(scenarios=entries, scenes=scenes, output="o").counts()
    assert sum(counts) == scenes
    for weight, count in zip(weights, counts, strict=True):
        assert abs(count - scenes * weight / sum(weights)) < 1


def test_weather_and_params_override_the_script_and_make_other_scenes(script: Path, tmp_path: Path) -> None:
    def task(**fields: Any) -> Any:
        return next(resolve(spec_of(script, 1, tmp_path / "out", **fields)).tasks())

    plain, rainy = task(), task(weather="HardRainNoon")
    assert rainy.script.params == {"weather": "HardRainNoon"}
    assert plain.scene_id != rainy.scene_id
    assert task(weather={"fog_density": 80.0}).scene_id not in (plain.scene_id, rainy.scene_id)


def test_the_same_scenes_twice_are_refused(script: Path, tmp_path: Path) -> None:
    entry = Entry(scenario=str(script), scenes=3)
    spec = JobSpec(scenarios=(entry, entry.model_copy(update={"first": 2})), output="o")
    with pytest.raises(JobError, match="a `first` of 3"):
        resolve(spec)
    resolve(spec.model_copy(update={"scenarios": (entry, entry.model_copy(update={"first": 3}))}))
