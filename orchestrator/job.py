"""What a job is: scenarios, number of scenes, rig, seed. Everything that decides what will be in the output folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from pydantic import BaseModel, ConfigDict

from scenarios.catalog import find
from scenarios.sampler import Scenario, scene_id
from sensors.rig import Rig


class Script(BaseModel):
    """A scenario of a job: its name, where its script lies, and the hash of all that decides what it draws."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    path: str
    digest: str


class Job(BaseModel):
    """A job's definition, as it stands in ``job.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    longtail: str
    scripts: tuple[Script, ...]
    scenes: int
    seed: int
    rig: Rig

    def tasks(self) -> Iterator[Task]:
        """The job's scenes, by scenario and index."""
        for script in self.scripts:
            for index in range(self.scenes):
                yield Task(script, index, scene_id(script.digest, self.rig, self.seed, index))

    def difference(self, other: Job) -> str:
        """What sets two jobs apart, in words; empty for the same job. Where the scripts lie does not matter."""
        said = []
        for field in ("longtail", "scenes", "seed"):
            mine, theirs = getattr(self, field), getattr(other, field)
            if mine != theirs:
                said.append(f"{'version' if field == 'longtail' else field} is {mine}, not {theirs}")
        if self.rig != other.rig:
            same = self.rig.name == other.rig.name
            said.append(f"rig {self.rig.name} has changed" if same else f"rig is {self.rig.name}, not {other.rig.name}")
        mine_by_name, theirs_by_name = ({s.name: s.digest for s in job.scripts} for job in (self, other))
        if list(mine_by_name) != list(theirs_by_name):
            said.append(f"scenarios are {', '.join(mine_by_name)}, not {', '.join(theirs_by_name)}")
        else:
            said += [
                f"scenario {name}, its map or the world model has changed"
                for name, digest in mine_by_name.items()
                if digest != theirs_by_name[name]
            ]
        return "; ".join(said)


@dataclass(frozen=True)
class Task:
    """One scene to make."""

    script: Script
    index: int
    scene_id: str

    def __str__(self) -> str:
        return f"{self.script.name} #{self.index}"


def plan(scripts: Sequence[str], scenes: int, seed: int, rig: Rig) -> Job:
    """The job for scripts given by path or library name. Compiles each and draws its first scene, so that a
    broken one is found at once.

    Raises:
        scenarios.catalog.UnknownScenario: there is no such script.
        scenarios.sampler.ScenarioError: one does not compile, or its requirements cannot be met.
    """
    compiled = []
    for given in dict.fromkeys(scripts):
        scenario = Scenario(find(given))
        scenario.sample(seed, 0)  # tells impossible requirements before anything is started
        compiled.append(Script(name=scenario.name, path=str(scenario.path), digest=scenario.digest))
    return Job(longtail=version("longtail"), scripts=tuple(compiled), scenes=scenes, seed=seed, rig=rig)
