"""The job file: what to make, with what, where to, and how hard to try. One YAML file, written by people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import carla
import fsspec
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from orchestrator import JobError
from orchestrator.formats import EXPORTS
from sensors.documents import DocumentError, parse

Weather = str | dict[str, float]
"""A preset of CARLA's (``HardRainNoon``) or fields of ``carla.WeatherParameters``."""

GIB = 2**30


class _Fields(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _check_weather(weather: Weather | None) -> Weather | None:
    presets = sorted(name for name, value in vars(carla.WeatherParameters).items() if isinstance(value, _WEATHER))
    if isinstance(weather, str) and weather not in presets:
        raise ValueError(f"{weather!r} is no preset of CARLA's; choose one of {', '.join(presets)}")
    known = {name for name in dir(carla.WeatherParameters) if not name.startswith("_")} - set(presets)
    if isinstance(weather, dict) and (strangers := sorted(weather.keys() - known)):
        raise ValueError(f"{', '.join(strangers)}: no field of CARLA's weather; it has {', '.join(sorted(known))}")
    return weather


_WEATHER = carla.WeatherParameters


class Entry(_Fields):
    """Scenes of one scenario."""

    scenario: str = Field(description="a name that `longtail scenarios` lists, or a script's path from the job file")
    scenes: int | None = Field(default=None, ge=1, description="how many; or give a weight")
    weight: float | None = Field(default=None, gt=0, description="share of the job's `scenes`, beside other weights")
    first: int = Field(default=0, ge=0, description="index of the first scene; each index is a scene of its own")
    weather: Weather | None = Field(default=None, description="in place of the job's weather, in these scenes")
    params: dict[str, Any] = Field(default_factory=dict, description="values for the script's global parameters")

    _weather = field_validator("weather")(_check_weather)

    @model_validator(mode="after")
    def _one_of(self) -> Entry:
        if self.scenes is not None and self.weight is not None:
            raise ValueError("has scenes and a weight; keep one of them")
        return self


class ServerSpec(_Fields):
    """The CARLA servers that play the scenes. Without executable and addresses: the embedded one."""

    executable: Path | None = Field(
        default=None, description="CarlaUE4.sh of an Unreal CARLA 0.9.16, at the same place on every node"
    )
    addresses: tuple[str, ...] = Field(
        default=(), description="host:port of servers that run already; each plays one scene at a time"
    )
    quality: str = Field(default="Epic", pattern="^(Low|Epic)$", description="Unreal's quality level: Low or Epic")
    arguments: tuple[str, ...] = Field(default=(), description="more arguments for the executable")
    first_port: int = Field(
        default=2000, ge=1024, le=60000, description="from here on, each server of a node takes four ports"
    )
    start_timeout: float = Field(default=300.0, gt=0, description="[s] until a server that was started must answer")
    restart_after: int = Field(
        default=50, ge=1, description="scenes after which a server is started afresh, against its leaks"
    )
    memory: float = Field(default=8.0, gt=0, description="[GiB] above which a server is started afresh after its scene")

    @field_validator("addresses")
    @classmethod
    def _host_and_port(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for address in addresses:
            host, _, port = address.rpartition(":")
            if not host or not port.isdecimal():
                raise ValueError(f"{address!r} is no address; write host:port, e.g. 10.0.0.7:2000")
        if len(set(addresses)) < len(addresses):
            raise ValueError("names a server more than once; name each once")
        return addresses

    @model_validator(mode="after")
    def _one_of(self) -> ServerSpec:
        if self.executable is not None and self.addresses:
            raise ValueError("has an executable and addresses; keep one of them")
        return self

    @property
    def kind(self) -> str:
        """``embedded``, or ``unreal`` for servers of the user's own."""
        return "unreal" if self.executable is not None or self.addresses else "embedded"


class Resources(_Fields):
    """What one task of a stage holds while it runs, in Ray's terms."""

    cpus: float = Field(default=1.0, gt=0, description="cores")
    gpus: float = Field(default=0.0, ge=0, description="GPUs; 0.5 puts two tasks on each")
    memory: float = Field(default=0.0, ge=0, description="[GiB] that Ray sets aside; 0 is none")

    def options(self) -> dict[str, float]:
        """As ``ray.remote`` takes them."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus} | ({"memory": self.memory * GIB} if self.memory else {})


class Stages(_Fields):
    """Resources of each stage's tasks."""

    sample: Resources = Field(default=Resources(), description="drawing scenes from the scripts")
    render: Resources = Field(default=Resources(), description="playing and recording a scene, its server included")
    export: Resources = Field(default=Resources(), description="checking recordings, writing datasets")


class Limits(_Fields):
    """What a scene, and a job, may use up."""

    wall_time: float = Field(default=3600.0, gt=0, description="[s] for playing a scene; a hung server ends so")
    memory: float = Field(
        default=16.0, gt=0, description="[GiB] that a worker and its server may hold together during a scene"
    )
    ticks: int = Field(default=1200, ge=1, description="after which a scene whose script does not end is endless")
    quarantined: float = Field(
        default=0.05, ge=0, le=1, description="share of the scenes that may be given up before the job is"
    )
    free_space: float = Field(
        default=2.0,
        ge=0,
        description="[GiB] that stay free in the output; with less the job pauses",
    )


class JobSpec(_Fields):
    """A job file."""

    scenarios: tuple[Entry, ...] = Field(min_length=1, description="what to draw scenes from")
    scenes: int | None = Field(default=None, ge=1, description="spread over the scenarios with weights")
    seed: int = Field(default=0, description="the same seed draws the same scenes")
    rig: str = Field(default="kitti", description="a name that `longtail rigs` lists, or a path from the job file")
    weather: Weather | None = Field(
        default=None, description="a preset of CARLA's, or its fields; the scripts draw their own without it"
    )
    server: ServerSpec = Field(default=ServerSpec(), description="which CARLA servers play the scenes")
    refinement: Any = Field(default=None, description="reserved for the diffusion refiner, which does not exist yet")
    exports: tuple[str, ...] = Field(default=("kitti", "nuscenes"), description="datasets to write, by format")
    keep_missed: bool = Field(
        default=False,
        description="keep scenes in which the script's event did not happen; they are drawn anew without it",
    )
    strict_types: bool = Field(default=False, description="KITTI: only its own eight types; animals are Misc")
    output: str = Field(
        description="folder on a disk that all nodes share, from where you run it, or s3://bucket/folder"
    )
    workers: int | None = Field(
        default=None, ge=1, description="scenes rendered at a time; as many as the cluster has room for without it"
    )
    stages: Stages = Field(default=Stages(), description="resources of each stage's tasks")
    limits: Limits = Field(default=Limits(), description="what a scene and the job may use up")
    price: float = Field(default=0.0, ge=0, description="of an hour of one core, in your currency, for the summary")

    _weather = field_validator("weather")(_check_weather)

    @field_validator("refinement")
    @classmethod
    def _none_yet(cls, refinement: Any) -> Any:
        if refinement is not None:
            raise ValueError("this version of Longtail has no refiner; remove the block")
        return refinement

    @field_validator("exports")
    @classmethod
    def _known(cls, exports: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in exports if name not in EXPORTS]:
            raise ValueError(f"{', '.join(unknown)}: unknown; choose from {', '.join(EXPORTS)}")
        return tuple(dict.fromkeys(exports))

    @model_validator(mode="after")
    def _counted(self) -> JobSpec:
        weights = [entry for entry in self.scenarios if entry.weight is not None]
        if weights and self.scenes is None:
            raise ValueError("has scenarios with weights but no `scenes` to spread over them; add it")
        if self.scenes is not None and not weights:
            raise ValueError("has `scenes` but no scenario with a weight to spread them over; give one a weight")
        for entry in self.scenarios:
            if entry.scenes is None and entry.weight is None:
                raise ValueError(f"scenario {entry.scenario} has neither scenes nor a weight; give it one of them")
        return self

    def counts(self) -> tuple[int, ...]:
        """Scenes of each entry; those with weights share ``scenes`` by the largest remainders (Hamilton's method)."""
        weights = [entry.weight or 0.0 for entry in self.scenarios]
        quotas = [(self.scenes or 0) * weight / (sum(weights) or 1.0) for weight in weights]
        counts = [int(quota) for quota in quotas]
        by_remainder = sorted(range(len(quotas)), key=lambda k: (counts[k] - quotas[k], k))
        for k in by_remainder[: (self.scenes or 0) - sum(counts)]:
            counts[k] += 1
        return tuple(entry.scenes or count for entry, count in zip(self.scenarios, counts, strict=True))


def load_spec(source: str, output: str | None = None) -> JobSpec:
    """Reads a job file; scripts and rigs that lie beside it are found from there.

    Args:
        source: a path, or an ``s3://`` URL.
        output: in place of the file's own.

    Raises:
        JobError: it cannot be read, or does not fit; a line for each complaint, with file, line and field.
    """
    try:
        with fsspec.open(source, "rt", encoding="utf-8") as file:
            text = file.read()
    except (OSError, ValueError, ImportError) as error:
        raise JobError(f"cannot read the job file {source}: {error}") from None
    try:
        spec = parse(JobSpec, text, source, "a job")
    except DocumentError as error:
        raise JobError(str(error)) from None

    def beside(name: str) -> str:
        near = Path(source).absolute().parent / name
        return str(near) if near.is_file() else name

    entries = tuple(entry.model_copy(update={"scenario": beside(entry.scenario)}) for entry in spec.scenarios)
    return spec.model_copy(update={"scenarios": entries, "rig": beside(spec.rig), "output": output or spec.output})
