"""The report tells what was recorded, and reads well in a browser: on a phone, on paper, by keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.report import Production, Survey, findings, number, size_of, survey
from orchestrator.report_bench import measure_report, write_scene
from orchestrator.statistics import Statistics

from .test_cli import longtail, refused

SUMMARY = {
    "wall_seconds": 3700.0, "core_seconds": 7300.0, "cost": 0.5, "retries": 3, "quarantined": 1,
    "rejected": {"nobody in view": 4},
}  # fmt: skip


@pytest.fixture(scope="module")
def output(make_recording: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of an animal and two of a street with people of all groups."""
    folder = tmp_path_factory.mktemp("output") / "first night"
    (folder / "recordings").mkdir(parents=True)
    for index in range(2):
        make_recording(folder / "recordings", index, frames=8, step=5)
        write_scene(folder / "recordings" / f"street{index}.mcap", index, 20)
    (folder / "kitti").mkdir()
    (folder / "kitti" / "mapping.txt").write_text("x" * 1500)
    (folder / "summary.json").write_text(json.dumps(SUMMARY))
    return folder


@pytest.fixture(scope="module")
def page(output: Path) -> Path:
    result = longtail("report", output)
    assert result.exit_code == 0, result.output
    return output.with_name(f"{output.name}.report.html")


def test_it_tells_what_is_there(page: Path) -> None:
    text = re.sub(r"<[^>]*>|\s+", " ", page.read_text(encoding="utf-8"))
    text = re.sub(r" +", " ", text)
    assert "first night" in text
    assert "56 frames from 4 scenes" in text
    for said in ("kangaroo", "children", "people in wheelchairs", "1 h 01 min", "nobody in view 4", "8.93", "1.5 kB"):
        assert said in text, said
    assert "1 scene could not be made and lies in quarantine" in text
    assert "Never:" in text


def test_it_is_one_small_file(page: Path, output: Path) -> None:
    html = page.read_text(encoding="utf-8")
    assert len(html) < 1_500_000
    assert "<script" not in html
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", html)
    assert html.count("data:image/webp") == 8
    again = longtail("report", output, "-o", output / "again.html")
    assert again.exit_code == 0
    assert (output / "again.html").read_text(encoding="utf-8") == html


def test_labels_are_counted_again(output: Path) -> None:
    found = survey(output)
    shots = (*found.best, *found.hardest)
    assert sum(shot.checked for shot in shots) > 50
    street = [shot for shot in shots if "made_up" in shot.caption]
    assert all(shot.agree == shot.checked for shot in street)


def test_what_to_look_at_first() -> None:
    statistics = Statistics(frames=100, bare_frames=7, exact=60, estimated=40)
    statistics.labels["animal.kangaroo"] = 10
    statistics.coverage["animal.kangaroo | 0-10 m | visible | day | clear"] = 10
    said = " ".join(text for _, text in findings(Survey(statistics, [], []), Production({}, None, None)))
    assert "40 % of the views are estimated" in said
    assert "Kangaroo: never in low sun, twilight, night" in said
    assert "7 % of the frames have no label" in said


def test_numbers_for_people() -> None:
    assert number(1234567) == "1\u202f234\u202f567"
    assert [size_of(value) for value in (0, 999, 1000, 123_400_000, 5.5e12)] == [
        "0 B",
        "999 B",
        "1 kB",
        "123 MB",
        "5.5 TB",
    ]


def test_nothing_to_report_on(tmp_path: Path) -> None:
    assert "holds no recordings" in refused(longtail("report", tmp_path))
    assert not list(tmp_path.iterdir())


def test_the_bench_measures_a_report() -> None:
    result = measure_report(10)
    assert (result.frames, result.labels) == (10, 200)
    assert result.page > 10_000
    assert result.memory > 10_000_000


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_in_a_browser(chromium: Any, page: Path, width: int, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    said, asked = [], []
    with chromium.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme) as tab:
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(page.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
        found = Axe().run(tab, options={"resultTypes": ["violations"]}).response["violations"]
        assert not [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]


def test_by_keyboard(chromium: Any, page: Path) -> None:
    with chromium.new_page(viewport={"width": 1280, "height": 844}) as tab:
        tab.goto(page.as_uri())
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.textContent") == "Skip to content"
        assert tab.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
        for _ in range(4):
            tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.textContent") == "Coverage"
        assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        tab.keyboard.press("Enter")
        tab.wait_for_function("Math.abs(document.getElementById('coverage').getBoundingClientRect().top) < 120")


def test_on_paper(chromium: Any, page: Path) -> None:
    with chromium.new_page(color_scheme="dark") as tab:
        tab.goto(page.as_uri())
        tab.emulate_media(media="print")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert tab.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
