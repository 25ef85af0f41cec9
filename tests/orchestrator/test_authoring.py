"""What authors are told before a server starts, and the script that they start from."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestrator.authoring import TEMPLATE, check, new
from orchestrator.cli import app
from scenarios.oracle import OracleError
from scenarios.sampler import ScenarioError


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "mine.scenic"
    new(path)
    return path


def test_the_template_passes_the_check(template: Path) -> None:
    report = check(template, 3, 0)
    assert report.acceptance == 1
    assert report.per_scene > 0
    assert "{" not in template.read_text().partition("import")[0]


def test_new_overwrites_nothing(template: Path) -> None:
    with pytest.raises(ScenarioError, match="exists already"):
        new(template)
    with pytest.raises(ScenarioError, match=r"\.scenic"):
        new(template.with_suffix(".py"))


def test_an_unknown_blueprint_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.scenic"
    path.write_text(TEMPLATE.replace("    with behavior", '    with blueprint "walker.animal.kangaro", with behavior'))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "kangaro" in text)
    done = CliRunner().invoke(app, ["check", str(path), "-n", "1"])
    assert done.exit_code == 1
    assert f"mine.scenic:{line}: no blueprint" in done.output
    assert "did you mean walker.animal.kangaroo" in done.output


def test_a_script_without_event_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.scenic"
    path.write_text(TEMPLATE.replace("Event: in_path(child, within=45, across=0.5)\n", ""))
    with pytest.raises(OracleError, match="Event"):
        check(path, 1, 0)
