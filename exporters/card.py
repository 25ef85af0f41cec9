"""What goes with a dataset: its card (``README.md``), its datasheet, Croissant metadata, the licences and the manifest.

All of it follows from the recordings and the files, so that the same recordings have the same card. The card's form is
Hugging Face's; the datasheet answers the questions of Gebru et al., "Datasheets for Datasets", CACM 64(12), 2021.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from exporters import croissant, manifest
from exporters.publish import Source, Summary, size_of
from sensors.provenance import digital_source_type
from sensors.rig import Rig, RigError, load_rig


@dataclass(frozen=True)
class Form:
    """A dataset format in people's words, and Hugging Face's names of the tasks that it is for."""

    title: str
    tasks: tuple[str, ...]


FORMS = {
    "kitti": Form("KITTI object detection", ("object-detection",)),
    "kitti_tracking": Form("KITTI tracking", ("object-detection", "video-classification")),
    "nuscenes": Form("nuScenes", ("object-detection", "image-segmentation")),
    "coco": Form("COCO instances", ("object-detection", "image-segmentation")),
}

FILES = ("README.md", "datasheet.md", "croissant.json", manifest.NAME)
"""What goes with a dataset, in its folder; manifest and card name the versions of the libraries at hand."""

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
"""Hugging Face's size categories, by the number of frames that each ends before."""

LIMITS = (
    "The pictures are rendered, not photographed: they do not look like a real camera's. Judge models on real data.",
    "A dataset of rare events is rich in them by design: its class frequencies are not those of any road.",
    "People, animals, vehicles and towns come from parametric models: fewer kinds and less wear than in the world.",
    "Sensors measure what their models hold and nothing else; the rig tells what is modelled.",
    "Traffic follows CARLA's Traffic Manager and the scenario's script; it has no habits of a country.",
)
"""Known limits of what Longtail renders."""

USES = (
    "training detectors, trackers and segmenters of road scenes together with real data",
    "raising the share of rare classes and events that real recordings hold too few of",
    "testing perception against exact labels: visible share, amodal outlines, LiDAR returns by object",
)
UNSUITABLE = (
    "training on it alone, or reporting results on it as results on the road",
    "approving a vehicle or a function for the road",
    "estimating how often events happen, or how people look, move or behave",
    "identifying, profiling or judging people: there are none in it",
    "training a generative refiner on refined pictures (generation 1 or more), which makes rare things vanish",
)

_ENVIRONMENT = Environment(
    loader=PackageLoader("exporters"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # Markdown; texts of others go through the filter ``cell``
)
_ENVIRONMENT.filters["cell"] = lambda text: " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def describe(root: Path, form: str, scenes: Sequence[Source], summary: Summary, options: str = "") -> None:
    """Writes the card and all that goes with it into a dataset that is otherwise whole, and counts its bytes.

    Args:
        root: the folder into which the dataset is being written.
        form: a key of ``FORMS``.
        scenes: what it was made of.
        summary: of the export; ``bytes`` is set.
        options: of the command line that the export was made with, but the format.
    """
    recordings = manifest.recorded(scenes)
    facts = _facts(root, form, scenes, recordings, summary, options)
    (root / "README.md").write_text(_front_matter(facts) + page("README.md.j2", facts), encoding="utf-8")
    (root / "datasheet.md").write_text(page("datasheet.md.j2", facts), encoding="utf-8")
    (root / "croissant.json").write_text(croissant.text(root, facts), encoding="utf-8")
    manifest.write(root, form, recordings, _parameters(scenes, facts["commands"]))
    summary.bytes = size_of(root)


def page(template: str, facts: dict[str, Any]) -> str:
    """A page of one of the templates in ``exporters/templates``."""
    return _ENVIRONMENT.get_template(template).render(facts)


def _facts(
    root: Path,
    form: str,
    scenes: Sequence[Source],
    recordings: Sequence[manifest.Recorded],
    summary: Summary,
    options: str,
) -> dict[str, Any]:
    """What card, datasheet and metadata tell, by the names under which the templates know it."""
    metas = [source.meta for source in scenes]
    titles = {meta.scenario: meta.title for meta in metas}
    generations = sorted({meta.generation for meta in metas})
    commands, whole = make_again(scenes, form, options)
    return {
        "form": form,
        "title": FORMS[form].title,
        "tasks": FORMS[form].tasks,
        "name": f"longtail-{form}-{_digest(recordings)}",
        "version": manifest.software()["longtail"],
        "software": manifest.software(),
        "packages": list(manifest.packages()),
        "scenes": len(scenes),
        "frames": summary.frames,
        "objects": sorted(summary.objects.items()),
        "data_bytes": size_of(root),
        "splits": sorted(Counter(source.split for source in scenes).items()),
        "scenarios": [(name, titles[name], sum(meta.scenario == name for meta in metas)) for name in sorted(titles)],
        "seeds": sorted({meta.seed for meta in metas}),
        "rigs": [_rig_words(rig) for rig in _rigs(scenes).values()],
        "maps": sorted({meta.map_name for meta in metas}),
        "weather": _weather(scenes),
        "exact": all(meta.exact for meta in metas),
        "generators": sorted({meta.generator for meta in metas}),
        "generations": generations,
        "source_types": [digital_source_type(generation) for generation in generations],
        "recordings": recordings,
        "commands": commands,
        "whole": whole,
        "limits": LIMITS,
        "uses": USES,
        "unsuitable": UNSUITABLE,
        "size_category": next((name for end, name in SIZES if summary.frames < end), "n>1M"),
    }


def _digest(recordings: Sequence[manifest.Recorded]) -> str:
    """A short name for a set of recordings."""
    return sha256("".join(one.sha256 for one in recordings).encode()).hexdigest()[:12]


def _front_matter(facts: dict[str, Any]) -> str:
    """Hugging Face's metadata (``huggingface_hub.DatasetCardData``)."""
    data = {
        "pretty_name": f"Longtail, {facts['title']}: {facts['scenes']} scenes of rare events",
        "license": "apache-2.0",
        "annotations_creators": ["machine-generated"],
        "source_datasets": ["original"],
        "task_categories": list(facts["tasks"]),
        "size_categories": [facts["size_category"]],
        "tags": ["synthetic", "autonomous-driving", "lidar", "edge-cases", facts["form"], "croissant"],
    }
    return "---\n" + yaml.safe_dump(data, sort_keys=False, allow_unicode=True) + "---\n"


def _rigs(scenes: Sequence[Source]) -> dict[str, Rig]:
    """The rigs by name; of two different ones with one name, the second is told apart by its hash."""
    found: dict[str, Rig] = {}
    for source in scenes:
        rig = source.meta.rig
        if found.setdefault(rig.name, rig) != rig:
            found[f"{rig.name}-{sha256(rig.model_dump_json().encode()).hexdigest()[:6]}"] = rig
    return found


def _rig_words(rig: Rig) -> dict[str, Any]:
    cameras = [f"{one.name} {one.width}×{one.height} at {one.rate:g} Hz" for one in rig.cameras]
    lidars = [f"{one.name} {one.beam_table or 'even beams'} at {one.rate:g} Hz" for one in rig.lidars]
    return {"name": rig.name, "sensors": cameras + lidars}


def _weather(scenes: Sequence[Source]) -> list[tuple[str, float, float]]:
    """CARLA's weather fields with their least and greatest values."""
    fields = sorted({field for source in scenes for field in source.meta.weather})
    values = {field: [s.meta.weather[field] for s in scenes if field in s.meta.weather] for field in fields}
    return [(field, min(found), max(found)) for field, found in values.items()]


def make_again(scenes: Sequence[Source], form: str, options: str = "") -> tuple[list[str], bool]:
    """The commands that render the scenes again, and whether they make just these scenes and no others.

    A rig that Longtail does not ship is called by a file that the manifest holds the contents of.
    """
    commands: list[str] = []
    whole = True
    groups = Counter((source.meta.rig.name, source.meta.seed) for source in scenes)
    for rig_name, seed in sorted(groups):
        metas = [s.meta for s in scenes if (s.meta.rig.name, s.meta.seed) == (rig_name, seed)]
        count = max(meta.index for meta in metas) + 1
        scenarios = sorted({meta.scenario for meta in metas})
        whole = whole and len({meta.scene_id for meta in metas}) == count * len(scenarios)
        whole = whole and all(meta.generation == 0 for meta in metas)
        rig = rig_name if _shipped(metas[0].rig) else f"{rig_name}.yaml"
        out = "again" if len(groups) == 1 else f"again-{len(commands) + 1}"
        words = [
            "longtail render",
            *scenarios,
            f"-n {count} --rig {rig} --seed {seed} --export {form}",
            options,
            f"-o {out}",
        ]
        commands.append(" ".join(filter(None, words)))
    return commands, whole


def _shipped(rig: Rig) -> bool:
    try:
        return load_rig(rig.name) == rig
    except RigError:
        return False


def _parameters(scenes: Sequence[Source], commands: Sequence[str]) -> dict[str, Any]:
    """What decides the contents besides recordings and versions; the scripts and rigs in full."""
    scripts = {source.meta.scenario: source.meta.script for source in scenes}
    return {
        "commands": list(commands),
        "scripts": {
            name: {"sha256": sha256(text.encode()).hexdigest(), "text": text} for name, text in sorted(scripts.items())
        },
        "rigs": {name: rig.model_dump(mode="json") for name, rig in sorted(_rigs(scenes).items())},
    }
