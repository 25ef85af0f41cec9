"""Training lists of real and synthetic data: how often each frame is drawn, in which stage, and why.

A mix keeps three rules, whose sources stand in ``SOURCES`` and in what it writes: real data stay in every round and end
the training; the share of synthetic draws has a ceiling; nothing that a model made which learnt from made data goes in.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.card import page
from exporters.manifest import software
from exporters.mix_pools import Frame, Pool, coco_file, coco_pictures, pool
from exporters.publish import ExportError, publish

CEILING = 0.5
"""Share of draws that may be synthetic. No paper gives one number for all; below a half, real data lead."""

RARE = 0.05
"""Classes in a smaller share of frames than this are drawn more often. LVIS' 0.001 is for 1,200 classes."""

SOURCES = {
    "Shumailov et al., AI models collapse when trained on recursively generated data, Nature 2024": (
        "Models that learn from what models made lose the rare cases first. So generation 2 and above stay out."
    ),
    "Dohmatob et al., Strong Model Collapse, arXiv 2410.04840": (
        "Even a small fraction of synthetic data can keep a model from getting better with more data. So their share "
        "has a ceiling, and what they bring is to be measured on real data."
    ),
    "Gerstgrasser et al., Is Model Collapse Inevitable?, arXiv 2404.01413": (
        "Where real data stay and synthetic data are added to them, the error stays bounded. So real data are in every "
        "mix, unless a ceiling of 1 is asked for."
    ),
    "Richter et al., Playing for Data, ECCV 2016": (
        "With game pictures beside it, a third of CamVid's training set beats all of it alone. So joint training is "
        "one way."
    ),
    "Shafaei et al., Play and Learn, BMVC 2016": (
        "Trained on synthetic pictures first and then on real ones, networks beat those trained on real ones alone. So "
        "synthetic first, real last is the other way."
    ),
    "Dream4Drive, arXiv 2510.19195": (
        "Gains of synthetic data can vanish against a baseline that trains as long; under 2 % of targeted "
        "samples still help. So compare at equal numbers of draws, which the lists tell."
    ),
    "Gupta et al., LVIS: A Dataset for Large Vocabulary Instance Segmentation, CVPR 2019": (
        "Repeat factor sampling: a frame counts max over its classes c of max(1, sqrt(t / f(c))), f(c) the share of "
        "frames with c. So rare classes are drawn more often."
    ),
}
"""Published findings that the rules stand on, and what follows from each."""


@dataclass(frozen=True)
class Rules:
    """How to mix.

    Attributes:
        joint: all in one stage; else synthetic data first and real data last.
        ceiling: greatest share of synthetic draws, over all stages, in (0, 1]; 1 asks for no real data.
        rare: classes in a smaller share of the frames than this are drawn more often; 0 draws all alike.
        generation: the highest that may take part.
    """

    joint: bool = True
    ceiling: float = CEILING
    rare: float = RARE
    generation: int = 1


@dataclass(frozen=True)
class Stage:
    """One part of a training.

    Attributes:
        name: of its folder.
        pools: which datasets, in the order of the lists.
        weights: for each of them, how often each frame is drawn in a round, on average: (N,) float64.
    """

    name: str
    pools: tuple[Pool, ...]
    weights: tuple[NDArray[np.float64], ...]

    @property
    def draws(self) -> int:
        """Draws of a round."""
        return round(sum(float(each.sum()) for each in self.weights))

    def drawn(self, *, synthetic: bool) -> float:
        """Draws of a round from synthetic, or from real data."""
        return sum(
            float(each.sum()) for source, each in zip(self.pools, self.weights, strict=True)
            if source.synthetic == synthetic
        )  # fmt: skip


@dataclass(frozen=True)
class Mix:
    """What ``mix`` decided: ``stages`` one after the other; ``share`` of synthetic draws; ``cut``: whether the ceiling
    took some away; ``frequency``: share of frames with each class; ``factor``: how much more often each is drawn."""

    stages: tuple[Stage, ...]
    share: float
    cut: bool
    frequency: dict[str, float]
    factor: dict[str, float]


def mix(real: Sequence[Path], synthetic: Sequence[Path], out: Path, rules: Rules = Rules()) -> Mix:
    """Writes the training lists of a mix, complete or not at all; docs/trust.md tells what is in them.

    Args:
        real: folders of real datasets.
        synthetic: folders of Longtail's, of the same format.
        out: the folder of the lists, absent or empty.

    Raises:
        ExportError: a dataset cannot be read, they differ in format, one is of a generation above the rules', or the
            ceiling leaves nothing.
    """
    if not synthetic:
        raise ExportError("no synthetic dataset to mix; name at least one with --synthetic")
    if not 0 < rules.ceiling <= 1 or not 0 <= rules.rare <= 1:
        raise ExportError(f"ceiling {rules.ceiling} must be in (0, 1], and rare {rules.rare} in [0, 1]")
    if len(paths := [Path(path).resolve() for path in (*real, *synthetic)]) > len(set(paths)):
        raise ExportError("a dataset is named twice; name each once, and let the rules decide how often it is drawn")
    pools = [pool(path, synthetic=False) for path in real] + [pool(path, synthetic=True) for path in synthetic]
    if len({each.form for each in pools}) > 1:
        told = ", ".join(f"{each.root} ({each.form})" for each in pools)
        raise ExportError(f"one mix is of one format, but these differ: {told}; export all in one")
    for each in pools:
        if each.generation is not None and each.generation > rules.generation:
            raise ExportError(
                f"{each.root} is of generation {each.generation}: made by a model that learnt from made data, which "
                "loses rare cases first (Shumailov et al., Nature 2024); leave it out, or allow it with "
                f"--generation {each.generation}"
            )
    decided = decide(pools, rules)
    with publish(Path(out)) as root:
        _write(root, Path(out), decided, pools, rules)
    return decided


def decide(pools: Sequence[Pool], rules: Rules) -> Mix:
    """How often each frame is drawn.

    Raises:
        ExportError: there are no real data, and the ceiling is below 1.
    """
    frames = [frame for each in pools for frame in each.frames]
    counts = Counter(name for frame in frames for name in frame.classes)
    frequency = {name: counts[name] / len(frames) for name in sorted(counts)}
    factor = {name: max(1.0, float(np.sqrt(rules.rare / share))) for name, share in frequency.items()}
    weights = [np.array([_repeat(frame, factor) for frame in each.frames]) for each in pools]
    drawn = {kind: sum(w.sum() for w, each in zip(weights, pools, strict=True) if each.synthetic == kind)
             for kind in (False, True)}  # fmt: skip
    most = np.inf
    if rules.ceiling < 1:
        if not drawn[False]:
            raise ExportError(
                f"there are no real data, so all draws are synthetic, above the ceiling of {rules.ceiling:g}; name "
                "real data with --real, or say --ceiling 1"
            )
        most = rules.ceiling / (1 - rules.ceiling) * drawn[False]
    scale = float(min(1.0, most / drawn[True]))
    weights = [w * scale if each.synthetic else w for w, each in zip(weights, pools, strict=True)]
    made, real = drawn[True] * scale, drawn[False]
    pairs = list(zip(pools, weights, strict=True))
    if rules.joint:
        stages = [_stage("joint", pairs)]
    else:
        halves = (("1-synthetic", True), ("2-real", False))
        stages = [_stage(name, [pair for pair in pairs if pair[0].synthetic == kind]) for name, kind in halves]
    return Mix(
        tuple(stage for stage in stages if stage.pools), float(made / (made + real)), scale < 1, frequency, factor
    )


def _stage(name: str, pairs: Sequence[tuple[Pool, NDArray[np.float64]]]) -> Stage:
    return Stage(name, tuple(each for each, _ in pairs), tuple(weights for _, weights in pairs))


def _repeat(frame: Frame, factor: dict[str, float]) -> float:
    """The repeat factor of a frame (Gupta et al., CVPR 2019)."""
    return max((factor[name] for name in frame.classes), default=1.0)


def _write(root: Path, final: Path, decided: Mix, pools: Sequence[Pool], rules: Rules) -> None:
    names = _names(pools)
    for stage in decided.stages:
        _write_stage(root / stage.name, final.absolute() / stage.name, stage, names)
    facts = _facts(decided, pools, rules, names)
    (root / "mix.json").write_text(json.dumps(facts, indent=1, allow_nan=False) + "\n")
    (root / "README.md").write_text(page("mix.md.j2", facts))


def _names(pools: Sequence[Pool]) -> dict[Path, str]:
    """Short names of the datasets: their folders', with the folder's above where two are the same."""
    short = Counter(each.root.resolve().name for each in pools)
    names: dict[Path, str] = {}
    for each in pools:
        path = each.root.resolve()
        name = path.name if short[path.name] == 1 else f"{path.parent.name}-{path.name}"
        while name in names.values():
            name += "-2"
        names[each.root] = name
    return names


def _write_stage(folder: Path, final: Path, stage: Stage, names: dict[Path, str]) -> None:
    """One stage's lists: a row a frame, in the order in which a trainer joins the datasets."""
    folder.mkdir(parents=True)
    with (folder / "frames.csv").open("w", newline="") as file, (folder / "weights.txt").open("w") as numbers:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["dataset", "frame", "picture", "weight"])
        for each, weights in zip(stage.pools, stage.weights, strict=True):
            for frame, weight in zip(each.frames, weights, strict=True):
                picture = os.path.relpath(each.root.resolve() / frame.picture, final)
                rows.writerow([names[each.root], frame.name, picture, f"{weight:.6f}"])
                numbers.write(f"{weight:.6f}\n")
            if each.form != "coco":
                (folder / names[each.root]).mkdir()
                listed = "".join(f"{frame.name}\n" for frame in each.frames)
                (folder / names[each.root] / "train.txt").write_text(listed)
    if stage.pools[0].form == "coco":
        (folder / "instances_train.json").write_text(json.dumps(_joined(stage.pools, final)) + "\n")


def _joined(pools: Sequence[Pool], final: Path) -> dict[str, Any]:
    """COCO datasets as one: images and annotations numbered anew, classes joined by name, files relative to the list.

    The first dataset's numbers of classes stay; a class that it lacks keeps its own number where that is free.
    """
    number: dict[str, int] = {}
    categories: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for each in pools:
        file = coco_file(each.root)
        table = json.loads(file.read_text())
        of: dict[int, int] = {}
        for row in table["categories"]:
            if row["name"] not in number:
                taken = set(number.values())
                number[row["name"]] = row["id"] if row["id"] not in taken else max(taken) + 1
                categories.append({**row, "id": number[row["name"]]})
            of[row["id"]] = number[row["name"]]
        folder = each.root.resolve() / coco_pictures(each.root, file)
        renamed: dict[Any, int] = {}
        for row in table["images"]:
            renamed[row["id"]] = len(images) + 1
            images.append(
                {**row, "id": len(images) + 1, "file_name": os.path.relpath(folder / row["file_name"], final)}
            )
        for row in table["annotations"]:
            numbers = {"image_id": renamed[row["image_id"]], "category_id": of[row["category_id"]]}
            annotations.append({**row, "id": len(annotations) + 1, **numbers})
    return {"images": images, "annotations": annotations, "categories": categories}


def _facts(decided: Mix, pools: Sequence[Pool], rules: Rules, names: dict[Path, str]) -> dict[str, Any]:
    """What was done and why, in JSON values."""
    return {
        "software": software()["longtail"],
        "rules": asdict(rules),
        "form": pools[0].form,
        "datasets": [
            {
                "name": names[each.root],
                "kind": "synthetic" if each.synthetic else "real",
                "generation": each.generation,
                "frames": len(each.frames),
                "manifest_sha256": each.manifest,
            }
            for each in pools
        ],
        "stages": [
            {
                "name": stage.name,
                "draws": stage.draws,
                "real_draws": round(stage.drawn(synthetic=False), 3),
                "synthetic_draws": round(stage.drawn(synthetic=True), 3),
                "datasets": [names[each.root] for each in stage.pools],
            }
            for stage in decided.stages
        ],
        "synthetic_share": round(decided.share, 6),
        "ceiling_cut": decided.cut,
        "classes": [
            {"name": name, "frequency": round(share, 6), "factor": round(decided.factor[name], 6)}
            for name, share in decided.frequency.items()
        ],
        "sources": [{"source": source, "so": why} for source, why in SOURCES.items()],
    }
