"""The ``longtail`` command. Heavy libraries are imported inside the commands: ``longtail --help`` answers at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from orchestrator import farm_commands
from orchestrator.authors_cli import register
from orchestrator.looking import bench_report, diff, report, view
from orchestrator.plain import fail as _fail
from orchestrator.plain import plain_errors as _plain_errors
from simulator.serve import serve

app = typer.Typer(
    name="longtail",
    help="Edge-case data factory for self-driving perception: Scenic scenarios to labelled datasets.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(str, Enum):
    """Dataset formats that ``render`` exports."""

    kitti = "kitti"
    kitti_tracking = "kitti_tracking"
    nuscenes = "nuscenes"
    coco = "coco"


def _formats(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in Format.__members__]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: unknown; choose from {', '.join(Format.__members__)}")
    return names


@app.command()
def render(
    scenarios: Annotated[
        list[str],
        typer.Argument(metavar="SCENARIO", help="Scenic scripts: paths, or names that `longtail scenarios` lists."),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Output folder. Running the same command again resumes what was interrupted.",
        ),
    ],
    scenes: Annotated[int, typer.Option("--scenes", "-n", min=1, help="Scenes to draw from each scenario.")] = 1,
    rig: Annotated[str, typer.Option(help="Sensor rig: a name that `longtail rigs` lists, or a YAML file.")] = "kitti",
    seed: Annotated[int, typer.Option(help="The same seed draws the same scenes.")] = 0,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            "-w",
            min=1,
            help="Scenes rendered at a time; each has a server of its own.",
            show_default="one per core",
        ),
    ] = os.cpu_count() or 1,
    export: Annotated[
        str,
        typer.Option(
            metavar="FORMATS",
            help="Datasets to write: kitti, kitti_tracking, nuscenes, coco, with commas; '' for recordings only.",
        ),
    ] = "kitti,nuscenes",
    strict_types: Annotated[
        bool, typer.Option("--strict-types", help="KITTI: only its own eight types; animals are Misc, not Animal.")
    ] = False,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDR",
            help="Ray cluster to use, e.g. ray://head:10001 or auto. Its nodes must share DIR.",
            show_default="this machine",
        ),
    ] = None,
) -> None:
    """Render scenarios into a labelled dataset.

    Draws scenes from each scenario, plays them, and records all sensors of the
    rig with exact labels: one MCAP file a scene in DIR/recordings. Exports them
    to DIR/kitti and DIR/nuscenes; DIR/contact_sheet.png shows what came out.

    Example: longtail render animals/kangaroo_crossing -n 10 -o kangaroos
    """
    exports = _formats(export)
    with _plain_errors():
        from orchestrator.render import short_form
        from orchestrator.run import run

        job = short_form(
            scenarios,
            scenes=scenes,
            rig=rig,
            seed=seed,
            workers=workers,
            out=out,
            exports=exports,
            strict_types=strict_types,
        )
        run(job, Console(), address)


@app.command()
def validate(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A KITTI, nuScenes or COCO dataset, Longtail's or anybody's.")
    ],
) -> None:
    """Check that a dataset keeps to its format, and say where it does not."""
    with _plain_errors():
        from exporters.validate import validate

        problems = validate(folder)
        for problem in problems:
            Console(stderr=True).print(str(problem), markup=False, highlight=False, soft_wrap=True)
        if problems:
            _fail(f"{folder}: {len(problems)} problems", 1)
        Console().print(f"{folder}: valid", markup=False, soft_wrap=True)


@app.command()
def verify(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A dataset, a recording, a picture, or a job's output folder.")
    ],
    trust: Annotated[
        Path | None,
        typer.Option(
            metavar="PEM",
            help="Certificates that you trust. Datasets must then be signed by one of them, or by whom they vouch for.",
        ),
    ] = None,
) -> None:
    """Check that nothing was tampered with: marks, hashes, signatures, lineage.

    Names each file that was changed, swapped, removed or added, each picture
    that does not say that it is synthetic, and each foreign signature.
    Exit code 0: all is well; 1: something is not; 2: it cannot be told.
    """
    from exporters.publish import ExportError
    from exporters.verify import verify

    try:
        verdict = verify(path, _certificates(trust))
    except ExportError as error:
        _fail(str(error), 2)
    for problem in verdict.problems:
        Console(stderr=True).print(str(problem), markup=False, highlight=False, soft_wrap=True)
    for note in verdict.notes:
        Console().print(note, markup=False, highlight=False, soft_wrap=True)
    if verdict.problems:
        _fail(f"{path}: {len(verdict.problems)} problems", 1)
    Console().print(f"{path}: as it was written", markup=False, highlight=False, soft_wrap=True)


def _certificates(trust: Path | None) -> Sequence[Any]:
    if trust is None:
        return ()
    with _needs_signatures():
        from exporters.credentials import load_certificates
    return load_certificates(trust)


@contextmanager
def _needs_signatures() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        _fail(f"signatures need libraries of their own: pip install 'longtail[sign]' ({error})", 2)


@app.command()
def sign(
    dataset: Annotated[Path, typer.Argument(metavar="DIR", help="A dataset that an export wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where the signed copy goes.")],
    certificate: Annotated[
        Path, typer.Option(metavar="PEM", help="Your certificate, and behind it those that vouch for it.")
    ],
    key: Annotated[Path, typer.Option(metavar="PEM", help="Its private key.")],
    parent: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Signed datasets with the renders that refined pictures were made of."),
    ] = None,
) -> None:
    """Sign a dataset: content credentials (C2PA) in every picture, one signature over all files.

    The pixels stay as they are. A signed copy is made; the dataset is left alone.
    """
    with _plain_errors():
        with _needs_signatures():
            from exporters.credentials import Credentials
            from exporters.signing import sign
        count = sign(dataset, out, Credentials.load(certificate, key), parent or ())
        Console().print(f"{out}: {count} pictures and the manifest signed", markup=False, soft_wrap=True)


@app.command()
def mix(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where the lists go.")],
    synthetic: Annotated[
        list[Path], typer.Option(metavar="DIR", help="A dataset of Longtail's; may be said several times.")
    ],
    real: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A real dataset of the same format; likewise.")
    ] = None,
    joint: Annotated[
        bool, typer.Option("--joint/--real-last", help="All in one stage, or synthetic data first and real data last.")
    ] = True,
    ceiling: Annotated[float, typer.Option(help="Greatest share of draws that may be synthetic.")] = 0.5,
    rare: Annotated[
        float, typer.Option(help="Classes in a smaller share of frames than this are drawn more often; 0: none.")
    ] = 0.05,
    generation: Annotated[
        int, typer.Option(help="Highest generation that may take part: 0 rendered, 1 refined, 2 trained on refined.")
    ] = 1,
) -> None:
    """Make training lists of real and synthetic data, with how often to draw each frame.

    KITTI, nuScenes or COCO. DIR/README.md tells what was done and why, with the
    published findings.

    Example: longtail mix --real kitti --synthetic roos/kitti -o mixed
    """
    with _plain_errors():
        from exporters.mix import Rules, mix

        decided = mix(real or (), synthetic, out, Rules(joint, ceiling, rare, generation))
        for stage in decided.stages:
            Console().print(f"{stage.name}: {stage.draws} draws in a round", markup=False, highlight=False)
        cut = "; the ceiling took some away" if decided.cut else ""
        words = f"{out}: {100 * decided.share:.1f} % of the draws are synthetic{cut}"
        Console().print(words, markup=False, highlight=False, soft_wrap=True)


@app.command()
def rigs() -> None:
    """List the shipped sensor rigs."""
    with _plain_errors():
        from sensors.rig import load_rig, rig_names

        table = Table("rig", "cameras", "LiDARs", "tick")
        for name in rig_names():
            rig = load_rig(name)
            cameras = ", ".join(f"{c.name} {c.width}×{c.height} {c.rate:g} Hz" for c in rig.cameras)
            lidars = ", ".join(f"{s.name} {s.beam_table} {s.rate:g} Hz" for s in rig.lidars)
            table.add_row(name, cameras, lidars, f"{rig.tick:g} s")
        Console().print(table)


@app.command()
def classes() -> None:
    """List the classes of objects and what each format calls them, as a Markdown table."""
    with _plain_errors():
        from exporters.classes import markdown

        typer.echo(markdown(), nl=False)


@app.command()
def scenarios() -> None:
    """List the library of rare events."""
    with _plain_errors():
        from scenarios.catalog import entries

        table = Table(Column("scenario", no_wrap=True), "what happens", "tags")
        for entry in entries():
            table.add_row(entry.name, entry.header.title, ", ".join(entry.header.tags))
        Console().print(table)


app.command()(serve)
for look in (view, report, diff):
    app.command()(_plain_errors()(look))


@app.command()
def prepare() -> None:
    """Make all bodies of the blueprint library now, and compile the physics.

    A body that this machine has not made yet is made when it is first spawned,
    which takes seconds; clients with a short time-out may give up meanwhile.
    Good for images and before a farm's first night. Made once, kept in the cache.
    """
    from rich.progress import track

    from simulator.server.prepare import compile_physics, prepare, wanted

    console = Console(stderr=True)
    compile_physics()
    for _ in track(prepare(), "making bodies", total=len(wanted()), console=console):
        pass
    console.print("all bodies are made")


benches = typer.Typer(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Measure how long each stage takes: simulation, pictures, LiDAR, labels, recording, export.",
)
app.add_typer(benches, name="bench")

JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures here.")]


@benches.callback()
def bench(
    context: typer.Context,
    scenario: Annotated[str, typer.Option(help="Scenario to play.")] = "animals/kangaroo_crossing",
    rig: Annotated[str, typer.Option(help="Sensor rig.")] = "kitti",
    seed: Annotated[int, typer.Option(help="Seed of the scene.")] = 0,
    json: JsonFile = None,
) -> None:
    """Measure how long each stage takes: simulation, pictures, LiDAR, labels, recording, export."""
    if context.invoked_subcommand is not None:
        return
    with _plain_errors():
        from orchestrator.bench import measure, table
        from orchestrator.store import write_text

        result = measure(scenario, rig, seed)
        Console().print(table(result))
        if json is not None:
            write_text(json, result.model_dump_json(indent=2) + "\n")


@benches.command("server")
def bench_server(
    map_name: Annotated[
        str | None, typer.Option("--map", metavar="NAME|FILE", help="Map.", show_default="the first built-in one")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all random draws.")] = 0,
    json: JsonFile = None,
) -> None:
    """Measure the embedded server: start, round trip, ticks with traffic, pictures over loopback."""
    with _plain_errors():
        from orchestrator.server_bench import measure_server, table
        from orchestrator.store import write_text

        result = measure_server(map_name, seed)
        Console().print(table(result))
        if json is not None:
            write_text(json, result.model_dump_json(indent=2) + "\n")


@benches.command("labels")
def bench_labels(
    scenes: Annotated[int, typer.Option("--scenes", "-n", min=1, help="Random scenes to measure.")] = 20,
    scenario: Annotated[str, typer.Option(help="Scenario whose frames are timed.")] = "animals/kangaroo_crossing",
    rig: Annotated[str, typer.Option(help="Sensor rig of those frames.")] = "kitti",
    seed: Annotated[int, typer.Option(help="Of all random draws.")] = 0,
    json: JsonFile = None,
) -> None:
    """Measure how exact labels are in random scenes, and what share of a frame's time they cost.

    Exit code 1 when a figure is not as it must be.
    """
    with _plain_errors():
        from rich.progress import Progress

        from orchestrator.bench import measure
        from orchestrator.exactness import measure_exactness
        from orchestrator.label_bench import LabelBench, table
        from orchestrator.store import write_text

        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("measuring labels", total=scenes)
            exactness = measure_exactness(scenes, seed, lambda: progress.advance(bar))
        result = LabelBench(exactness=exactness, cost=measure(scenario, rig, seed))
        Console().print(table(result))
        if json is not None:
            write_text(json, result.model_dump_json(indent=2) + "\n")
        if not result.kept:
            _fail("labels are not as exact or as cheap as they must be", 1)


@benches.command("marks")
def bench_marks(json: JsonFile = None) -> None:
    """Measure what marks and signatures cost a picture: 1,000 pictures of 1242×375."""
    with _plain_errors():
        from orchestrator.marks_bench import measure_marks, table
        from orchestrator.store import write_text

        with _needs_signatures():
            result = measure_marks()
        Console().print(table(result))
        if json is not None:
            write_text(json, result.model_dump_json(indent=2) + "\n")


farm_commands.add_to(app, benches)

benches.command("report")(_plain_errors()(bench_report))
register(app, benches, _plain_errors)


def main() -> None:
    """Entry point of the ``longtail`` command."""
    app(prog_name="longtail")


if __name__ == "__main__":
    main()
