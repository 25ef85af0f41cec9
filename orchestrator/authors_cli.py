"""The commands for those who write scenarios: ``check``, ``new``, ``preview``, ``bench scenarios``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

Script = Annotated[str, typer.Argument(metavar="SCENARIO", help="A script: a path, or a name of the library.")]
Seed = Annotated[int, typer.Option(help="The same seed draws the same scenes.")]


def register(app: typer.Typer, benches: typer.Typer, plain_errors: Callable[[], AbstractContextManager[None]]) -> None:
    """Adds the commands; ``plain_errors`` turns expected errors into messages."""

    @app.command()
    def check(
        scenario: Script,
        scenes: Annotated[int, typer.Option("--scenes", "-n", min=1, help="Scenes to draw.")] = 20,
        seed: Seed = 0,
    ) -> None:
        """Check a scenario without a server: errors with their line, blueprints, event, acceptance rate, time."""
        with plain_errors():
            from orchestrator.authoring import check
            from scenarios.catalog import find

            report = check(find(scenario), scenes, seed)
            console = Console()
            console.print(
                f"{report.scenario.name}: compiles in {report.compiling:.1f} s, "
                f"{report.per_scene * 1000:.0f} ms a scene, {report.acceptance:.0%} of the candidates accepted",
                markup=False,
                soft_wrap=True,
            )
            if report.reasons:
                table = Table("rejected candidates", "because of")
                for reason, count in report.reasons.most_common():
                    table.add_row(str(count), reason)
                console.print(table)

    @app.command()
    def new(path: Annotated[Path, typer.Argument(metavar="FILE", help="The script to write, NAME.scenic.")]) -> None:
        """Write a complete scenario to start from."""
        with plain_errors():
            from orchestrator.authoring import new

            new(path)

    @app.command()
    def preview(
        scenario: Script,
        out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Film strip to write.")] = Path(
            "preview.png"
        ),
        seed: Seed = 0,
        index: Annotated[int, typer.Option(min=0, help="Which scene.")] = 0,
    ) -> None:
        """Play one scene with a small camera: a film strip with bird's-eye views, and whether the event happened."""
        with plain_errors():
            from orchestrator.authoring import preview
            from scenarios.catalog import find

            verdict = preview(find(scenario), seed, index, out)
            words = "the event happened" if verdict.happened else "the event did NOT happen"
            Console().print(f"{out}: {words} ({verdict})", markup=False, soft_wrap=True)

    @benches.command("scenarios")
    def bench_scenarios(
        names: Annotated[
            list[str] | None,
            typer.Argument(metavar="[SCENARIO]...", help="Scripts; all of the library if none is named."),
        ] = None,
        scenes: Annotated[int, typer.Option("--scenes", "-n", min=1, help="Scenes to play of each.")] = 2,
        seed: Seed = 0,
        json: Annotated[
            Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures here.")
        ] = None,
    ) -> None:
        """Play the library's scenarios and count in how many scenes the rare event happens."""
        with plain_errors():
            from orchestrator.bench_scenarios import measure_scenarios, table
            from orchestrator.store import write_text
            from scenarios.catalog import names as all_names

            rows = list(measure_scenarios(names or all_names(), scenes, seed))
            Console().print(table(rows))
            if json is not None:
                write_text(json, "[" + ",\n".join(row.model_dump_json() for row in rows) + "]\n")
