"""How the ``longtail`` command fails: expected errors leave as one message and an exit code, bugs keep their
traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console

EXPECTED = {
    "JobError",
    "ScenarioError",
    "RigError",
    "RecordingError",
    "ExportError",
    "ServerError",
    "GraphicsError",
    "SessionError",
    "UnknownScenario",
    "DatasetError",
    "OracleError",
    "Unplayable",
}
"""Errors that say what to do. By name, so that no library is imported just to ask."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """Expected errors leave as one message and exit code 1; anything else is a bug and keeps its traceback."""
    try:
        yield
    except KeyboardInterrupt:
        fail("interrupted; finished scenes are kept, and the same command goes on from here", 130)
    except Exception as error:
        if not any(kind.__name__ in EXPECTED for kind in type(error).__mro__):
            raise
        fail(str(error), 1)


def fail(message: str, code: int) -> NoReturn:
    """Says what is wrong and ends the command."""
    Console(stderr=True).print(f"error: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)
