"""The commands that look at what was made: ``view``, ``report``, ``diff``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

Dataset = Annotated[
    Path, typer.Argument(metavar="DATASET", help="Output folder of `longtail render`, a folder of recordings, or one.")
]


def view(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A recording, an output folder, or a KITTI or nuScenes dataset.")
    ],
    scene: Annotated[int, typer.Option("--scene", "-s", min=0, help="Which of several scenes, from 0.")] = 0,
    web: Annotated[bool, typer.Option("--web", help="Serve it for a browser instead of opening a window.")] = False,
    port: Annotated[int, typer.Option(help="Of the page that --web serves.")] = 9090,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Write an .rrd file instead, for `rerun FILE`.")
    ] = None,
) -> None:
    """Look at a scene in Rerun: pictures, depth, LiDAR, boxes, tracks, the event.

    Needs Rerun: pip install rerun-sdk, or Longtail's extra `view`.

    Example: longtail view kangaroos --scene 3 --web
    """
    from orchestrator.viewer import look

    look(path, scene, Console(), web_port=port if web else None, save_as=save)


def report(
    dataset: Dataset,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The page.", show_default="DATASET.report.html, beside the dataset"
        ),
    ] = None,
) -> None:
    """Write one HTML page that tells what is in a dataset."""
    from orchestrator.dataset import folder_of
    from orchestrator.report import write_report

    if out is None:  # not into it: its manifest tells every file
        folder = folder_of(dataset).resolve()
        out = folder.with_name(f"{folder.name}.report.html")
    write_report(dataset, out)
    Console().print(f"{out}", markup=False, soft_wrap=True)


def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="An output folder, or an exported dataset.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Another.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Say what changed between two datasets: scenes, labels, statistics, files.

    Exit code 0: nothing. 1: they differ. 2: one cannot be read.

    Example: longtail diff yesterday today
    """
    from orchestrator.dataset import DatasetError
    from orchestrator.diff import difference, show
    from sensors.recording import RecordingError

    try:
        found = difference(before, after)
    except (DatasetError, RecordingError) as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None
    if json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        show(found, Console())
    if not found.same:
        raise typer.Exit(1)


def bench_report(
    frames: Annotated[int, typer.Option(min=1, help="Frames of the made-up dataset.")] = 10_000,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures here.")] = None,
) -> None:
    """Measure `longtail report` on a made-up dataset: time and memory."""
    from orchestrator.report_bench import measure_report, table
    from orchestrator.store import write_text

    result = measure_report(frames)
    Console().print(table(result))
    if json is not None:
        write_text(json, result.model_dump_json(indent=2) + "\n")
