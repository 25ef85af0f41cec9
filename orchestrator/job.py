"""What a job is, resolved: scripts by their digests, number of scenes, rig, seed, and how it is to be run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, ConfigDict

from orchestrator import JobError
from orchestrator.spec import Entry, JobSpec
from scenarios.catalog import find
from scenarios.oracle import parse
from scenarios.sampler import Scenario, scene_ids
from sensors.rig import Rig, load_rig


class Script(BaseModel):
    """A scenario of a job: its name, where its script lies, the values that override its parameters, the hash of all
    that decides what it draws, and which scenes are drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    path: str
    digest: str
    scenes: int
    first: int = 0
    params: dict[str, Any] = {}


class Job(BaseModel):
    """A job's definition, as it stands in ``job.json``. All but ``spec`` decides what the output will hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    longtail: str
    scripts: tuple[Script, ...]
    seed: int
    rig: Rig
    server: str
    spec: JobSpec

    @property
    def total(self) -> int:
        """Number of scenes."""
        return sum(script.scenes for script in self.scripts)

    def tasks(self) -> Iterator[Task]:
        """The job's scenes, by scenario and index; one at a time, so that a million need no memory."""
        for script in self.scripts:
            indexes = range(script.first, script.first + script.scenes)
            names = scene_ids(script.digest, self.rig, self.seed, indexes)
            yield from (Task(script, index, name) for index, name in zip(indexes, names, strict=True))

    def difference(self, other: Job) -> str:
        """What sets two jobs apart, in words; empty for the same job. Where the scripts lie does not matter."""
        said = []
        for field in ("longtail", "seed", "server"):
            mine, theirs = getattr(self, field), getattr(other, field)
            if mine != theirs:
                said.append(f"{'version' if field == 'longtail' else field} is {mine}, not {theirs}")
        if self.spec.keep_missed != other.spec.keep_missed:
            said.append(f"keep_missed is {self.spec.keep_missed}, not {other.spec.keep_missed}")
        if self.rig != other.rig:
            same = self.rig.name == other.rig.name
            said.append(f"rig {self.rig.name} has changed" if same else f"rig is {self.rig.name}, not {other.rig.name}")
        names = [[script.name for script in job.scripts] for job in (self, other)]
        if names[0] != names[1]:
            return "; ".join([*said, f"scenarios are {', '.join(names[0])}, not {', '.join(names[1])}"])
        for mine, theirs in zip(self.scripts, other.scripts, strict=True):
            if mine.params != theirs.params:
                said.append(f"weather or parameters of scenario {mine.name} are others")
            elif mine.digest != theirs.digest:
                said.append(f"scenario {mine.name}, its map or the world model has changed")
            if (mine.scenes, mine.first) != (theirs.scenes, theirs.first):
                said.append(
                    f"scenario {mine.name} has {mine.scenes} scenes from {mine.first}, not "
                    f"{theirs.scenes} from {theirs.first}"
                )
        return "; ".join(said)


@dataclass(frozen=True)
class Task:
    """One scene to make."""

    script: Script
    index: int
    scene_id: str

    def __str__(self) -> str:
        return f"{self.script.name} #{self.index}"


def resolve(spec: JobSpec) -> Job:
    """The job that a job file asks for. Compiles each script and draws its first scene, so that a broken one is found
    at once.

    Raises:
        scenarios.catalog.UnknownScenario: there is no such script.
        scenarios.oracle.OracleError: the event that a script's header declares cannot be understood.
        scenarios.sampler.ScenarioError: one does not compile, or its requirements cannot be met.
        sensors.rig.RigError: the rig is not valid.
        JobError: two entries ask for the same scenes.
    """
    rig = load_rig(spec.rig)
    scripts = []
    for entry, scenes in zip(spec.scenarios, spec.counts(), strict=True):
        params = overrides(entry, spec)
        scenario = Scenario(find(entry.scenario), params)
        if scenario.header.event:
            parse(scenario.script)
        scenario.sample(spec.seed, entry.first)  # tells impossible requirements before anything is started
        scripts.append(
            Script(
                name=scenario.name,
                path=str(scenario.path),
                digest=scenario.digest,
                scenes=scenes,
                first=entry.first,
                params=params,
            )
        )
    _check_apart(scripts)
    return Job(
        longtail=version("longtail"),
        scripts=tuple(scripts),
        seed=spec.seed,
        rig=rig,
        server=spec.server.kind,
        spec=spec,
    )


def overrides(entry: Entry, spec: JobSpec) -> dict[str, Any]:
    """The script's global parameters that the job file sets."""
    weather = entry.weather if entry.weather is not None else spec.weather
    return dict(entry.params) | ({} if weather is None else {"weather": weather})


def _check_apart(scripts: list[Script]) -> None:
    taken: dict[str, list[range]] = {}
    for script in scripts:
        mine = range(script.first, script.first + script.scenes)
        for other in taken.setdefault(script.digest, []):
            if mine.start < other.stop and other.start < mine.stop:
                raise JobError(
                    f"scenario {script.name} stands in the job twice with the same scenes, from {mine.start} and from "
                    f"{other.start}; join the entries, or give the second a `first` of {other.stop}"
                )
        taken[script.digest].append(mine)
