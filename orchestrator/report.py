"""``longtail report``: one HTML page that tells what is in a dataset.

It asks nothing of any other host, runs no script, and holds its pictures itself. Charts are SVG drawn by the template's
macros in the page's own colours, so that they follow dark and light, print and small screens; chart libraries write
fixed colours and sizes.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import jinja2

from orchestrator.conditions import LIGHTS, OCCLUSIONS, RANGES, WEATHERS
from orchestrator.contact_sheet import COMMON
from orchestrator.coverage import filled, holes
from orchestrator.dataset import folder_of, recordings_in
from orchestrator.encounters import CRITICAL, HARD_BRAKING, KINDS, NEAR, Encounter, Watch
from orchestrator.highlights import Collector, Shot, shoot
from orchestrator.progress import span
from orchestrator.statistics import Counting, Histogram, Statistics, coverage_by
from orchestrator.store import write_text

EVENTS = 10
"""Scenes in the table of events; the most serious are shown."""

CLASSES = 5
"""Classes whose coverage is drawn; rare ones come first."""

FORMATS = ("kitti", "kitti_tracking", "nuscenes", "coco")


@dataclass
class Survey:
    """All that one pass over a dataset gives.

    Attributes:
        events: scenes by kind of encounter; a scene may have several. told: the most serious ones.
    """

    statistics: Statistics
    best: list[Shot]
    hardest: list[Shot]
    events: Counter[str] = field(default_factory=Counter)
    told: list[Encounter] = field(default_factory=list)


def survey(path: Path) -> Survey:
    """Looks at every label of a dataset once, and at the pictures of the few frames that will be shown.

    Raises:
        orchestrator.dataset.DatasetError: it holds no recordings.
        sensors.recording.RecordingError: one is damaged.
    """
    counting, collector = Counting(), Collector()
    events: Counter[str] = Counter()
    told: list[Encounter] = []
    for recording in recordings_in(path):
        watch = Watch(recording.meta)
        collector.begin()
        for frame, labels in counting.scene(recording):
            watch.look(frame, labels)
            collector.look(recording, frame, labels)
        collector.end()
        encounter = watch.told()
        events.update(encounter.kinds)
        told = sorted([*told, encounter], key=_severity)[:EVENTS]
    best, hardest = ([shoot(each) for each in each_of] for each_of in (collector.best, collector.hardest))
    return Survey(counting.statistics, best, hardest, events, told)


def write_report(path: Path, out: Path, title: str | None = None) -> None:
    """Writes the report on a dataset, whole or not at all.

    Args:
        path: see ``orchestrator.dataset.recordings_in``. out: the HTML file.
        title: of the page; the folder's name where None.

    Raises:
        orchestrator.dataset.DatasetError, sensors.recording.RecordingError: see ``survey``.
    """
    found = survey(path)
    write_text(out, page(found, title or folder_of(path.absolute()).name, Production.of(folder_of(path))))


@dataclass(frozen=True)
class Production:
    """What it took to make the dataset, as far as its folder tells.

    Attributes:
        exports: bytes by format. summary: of the farm (``summary.json``), None where there is none. seed: the job's.
    """

    exports: dict[str, int]
    summary: dict[str, Any] | None
    seed: int | None

    @classmethod
    def of(cls, folder: Path) -> Production:
        """Reads an output folder."""
        exports = {
            name: sum(file.stat().st_size for file in (folder / name).rglob("*") if file.is_file())
            for name in FORMATS
            if (folder / name).is_dir()
        }
        job = _json(folder / "job.json")
        return cls(exports, _json(folder / "summary.json"), job.get("seed") if job else None)

    def rows(self, statistics: Statistics) -> list[tuple[str, str]]:
        """(what, how much)."""
        frames = max(statistics.frames, 1)
        size = statistics.bytes + sum(self.exports.values())
        made = [("recordings", size_of(statistics.bytes))]
        made += [(f"export {name}", size_of(count)) for name, count in self.exports.items()]
        made += [("bytes per thousand frames, all in", size_of(1000 * size / frames))]
        if self.summary is None:
            return made
        own = self.summary
        made += [
            ("time, last run", span(own["wall_seconds"])),
            ("core time, all runs", span(own["core_seconds"])),
            ("core time per thousand frames", span(1000 * own["core_seconds"] / frames)),
        ]
        if own["cost"]:
            made += [("cost per thousand frames", f"{1000 * own['cost'] / frames:.2f}")]
        made += [("retries, last run", str(own["retries"])), ("scenes in quarantine", str(own["quarantined"]))]
        made += [("candidates rejected", str(sum(own["rejected"].values())))]
        return made


def page(found: Survey, title: str, production: Production) -> str:
    """The report as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("orchestrator"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "number": number,
        "words": words,
        "spoken": spoken,
        "base64": lambda data: base64.b64encode(data).decode(),
    }
    statistics = found.statistics
    classes = sorted(statistics.labels, key=lambda name: (name in COMMON, -statistics.labels[name], name))
    return environment.get_template("report.html").render(
        title=title,
        found=found,
        statistics=statistics,
        findings=findings(found, production),
        classes=classes,
        class_rows=[(words(name), statistics.labels[name]) for name in classes],
        track_rows=[(words(name), statistics.tracks[name]) for name in classes],
        light_rows=statistics.light.most_common(),
        weather_rows=statistics.weather.most_common(),
        people_rows=statistics.people.most_common(),
        event_rows=[(kind, found.events[kind]) for kind in KINDS if found.events[kind]],
        coverage=[_covered(statistics, name) for name in classes[:CLASSES]],
        ranges=RANGES,
        occlusions=OCCLUSIONS,
        lights=[*LIGHTS, *(["unknown"] if statistics.light["unknown"] else [])],
        weathers=[*WEATHERS, *(["unknown"] if statistics.weather["unknown"] else [])],
        recount=_recount(found),
        limits={"serious conflict": CRITICAL, "close pass": NEAR, "hard braking": HARD_BRAKING},
        production=production.rows(statistics),
        seed=production.seed,
        rejected=(production.summary or {}).get("rejected", {}),
    )


def findings(found: Survey, production: Production) -> list[tuple[str, str]]:
    """What a reader should know first: (``good`` or ``look``, sentence)."""
    statistics = found.statistics
    said = []
    views = statistics.exact + statistics.estimated
    if statistics.estimated:
        said.append(
            ("look", f"{_share(statistics.estimated, views)} of the views are estimated from boxes, not exact.")
        )
    elif views:
        said.append(("good", f"All {number(views)} views are exact: drawn outlines, counted pixel by pixel."))
    for name in [name for name, _ in statistics.labels.most_common() if name not in COMMON][:3]:
        single, _ = holes(statistics, name)
        unlit = [each for each in (*LIGHTS[1:], *WEATHERS[1:]) if each in single]
        if unlit:
            said.append(("look", f"{words(name).capitalize()}: never in {_list(unlit)}."))
    if not any(name not in COMMON for name in statistics.labels):
        said.append(("look", "Nothing rare is labelled: only everyday traffic."))
    if statistics.bare_frames:
        said.append(("look", f"{_share(statistics.bare_frames, statistics.frames)} of the frames have no label."))
    if found.events["contact"]:
        said.append(("look", f"The ego touches something in {_scenes(found.events['contact'])}."))
    if found.events["no conflict"]:
        said.append(("look", f"{_scenes(found.events['no conflict']).capitalize()} without any conflict."))
    if production.summary and production.summary["quarantined"]:
        count = production.summary["quarantined"]
        said.append(
            ("look", f"{_scenes(count)} could not be made and {'lies' if count == 1 else 'lie'} in quarantine.")
        )
    checked, agree = _recount(found)
    if agree < checked:
        said.append(("look", f"{checked - agree} of {checked} labels counted again do not agree with their masks."))
    return said


def spoken(histogram: Histogram) -> str:
    """A histogram for those who hear it."""
    edges = [f"{edge:g}" for edge in histogram.edges]
    names = [f"below {edges[0]}", *(f"{low} to {high}" for low, high in pairwise(edges)), f"from {edges[-1]}"]
    return ", ".join(f"{name}: {count}" for name, count in zip(names, histogram.counts, strict=True))


def number(value: float) -> str:
    """A count with thin spaces between thousands."""
    return f"{value:,.0f}".replace(",", "\u202f")


def words(name: str) -> str:
    """A class's name for people."""
    return name.removeprefix("animal.").replace("_", " ")


def size_of(count: float) -> str:
    """Bytes as people say them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def _recount(found: Survey) -> tuple[int, int]:
    """(Views of the shown frames that were counted again, those of them that agree)."""
    shots = (*found.best, *found.hardest)
    return sum(shot.checked for shot in shots), sum(shot.agree for shot in shots)


def _covered(statistics: Statistics, name: str) -> dict[str, Any]:
    single, pairs = holes(statistics, name)
    known, possible = filled(statistics, name)
    return {
        "name": name,
        "near": coverage_by(statistics, 1, 2)[name],
        "sky": coverage_by(statistics, 4, 3)[name],
        "single": single,
        "pairs": pairs,
        "filled": known,
        "possible": possible,
    }


def _severity(encounter: Encounter) -> tuple[int, float, float]:
    return KINDS.index(encounter.kinds[0]), encounter.ttc, encounter.gap


def _share(part: int, whole: int) -> str:
    return f"{part / max(whole, 1):.1%}".replace(".0%", "%").replace("%", " %")


def _scenes(count: int) -> str:
    return f"{count} scene{'s' * (count != 1)}"


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _json(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
