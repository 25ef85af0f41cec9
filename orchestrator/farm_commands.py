"""The commands for jobs: ``run``, ``plan``, ``status``, ``resume``, ``cancel``; ``bench farm`` and ``bench chaos``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestrator.plain import fail, plain_errors

Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="ADDR",
        help="Ray cluster to use, e.g. ray://head:10001 or auto. Its nodes must share the output.",
        show_default="this machine",
    ),
]
JobFile = Annotated[str, typer.Argument(metavar="JOB.yaml", help="Job file; docs/farm.md has its fields.")]
Output = Annotated[str, typer.Argument(metavar="OUTPUT", help="A job's output: a folder, or s3://bucket/folder.")]
NewOutput = Annotated[
    str | None, typer.Option("--out", "-o", metavar="OUTPUT", help="In place of the job file's output.")
]
JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures here.")]


def add_to(app: typer.Typer, benches: typer.Typer) -> None:
    """Adds the commands."""
    for command in (run, plan, status, resume, cancel):
        app.command()(command)
    benches.command("farm")(bench_farm)
    benches.command("chaos")(bench_chaos)


def run(job: JobFile, out: NewOutput = None, address: Address = None) -> None:
    """Run a job: make all its scenes, check them, export datasets.

    Whatever dies meanwhile, the same command goes on from what is complete.

    Example: longtail run launch/nightly.yaml --address auto
    """
    with plain_errors():
        from orchestrator.run import run as run_job
        from orchestrator.spec import load_spec

        run_job(load_spec(job, out), Console(), address)


def plan(
    job: JobFile,
    out: NewOutput = None,
    cores: Annotated[
        int | None, typer.Option(min=1, help="Scenes at a time.", show_default="the job's workers, or all cores")
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Play a scene of each scenario that was never made here, for its figures.")
    ] = False,
) -> None:
    """Say what a job will do, how long it takes, how many GB and core-hours.

    Estimates come from what scenes have taken before: in the job's output, or
    in earlier jobs on this machine.
    """
    with plain_errors():
        from orchestrator.planning import show_plan
        from orchestrator.spec import load_spec

        show_plan(load_spec(job, out), Console(), cores, measure)


def status(output: Output) -> None:
    """Say how far a job is: finished, quarantined, stages, pace."""
    with plain_errors():
        from orchestrator.planning import show_status

        show_status(output, Console())


def resume(output: Output, address: Address = None) -> None:
    """Go on with a job from what is complete in its output."""
    with plain_errors():
        from orchestrator.run import run as run_job
        from orchestrator.store import Store, load_job

        job = load_job(Store(output))
        if job is None:
            fail(f"{output} holds no job; start one with `longtail run`", 1)
        run_job(job.spec.model_copy(update={"output": output}), Console(), address)


def cancel(output: Output) -> None:
    """Stop the job that is writing to an output; finished scenes are kept."""
    with plain_errors():
        from orchestrator.planning import cancel_job

        cancel_job(output, Console())


def bench_farm(
    tasks: Annotated[int, typer.Option(min=1, help="Scenes that do nothing.")] = 10000,
    json: JsonFile = None,
) -> None:
    """Measure what scheduling costs: scenes that do nothing, on real Ray."""
    with plain_errors():
        from orchestrator.farm_bench import measure_farm, table
        from orchestrator.store import write_text

        result = measure_farm(tasks)
        Console().print(table(result))
        if json is not None:
            write_text(json, result.model_dump_json(indent=2) + "\n")


def bench_chaos(
    scenario: Annotated[str, typer.Option(help="Scenario to play.")] = "animals/kangaroo_crossing",
    rig: Annotated[str, typer.Option(help="Sensor rig.")] = "kitti",
    scenes: Annotated[int, typer.Option("--scenes", "-n", min=2, help="Scenes of the job.")] = 12,
    seed: Annotated[int, typer.Option(help="Of the job, and of what is killed when.")] = 0,
    every: Annotated[float, typer.Option(min=1, help="Mean seconds between two kills.")] = 20.0,
    folder: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Keep the outputs here.", show_default="thrown away")
    ] = None,
) -> None:
    """Prove it: the same job undisturbed, under random SIGKILLs of workers and
    servers, with nodes removed and added, and with its driver killed and
    resumed; every byte is compared.
    """
    with plain_errors():
        from orchestrator.chaos import prove

        prove(scenario, rig, scenes, seed, every, folder, Console())
