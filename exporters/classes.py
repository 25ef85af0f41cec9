"""The classes of objects and what each format calls them, as one table for people."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.coco import class_id, class_name
from sensors.taxonomy import CITYSCAPES, LIDARSEG, TAXONOMY

HEADINGS = ("class", "CARLA tag", "KITTI", "strict", "Cityscapes", "nuScenes", "lidarseg", "attributes", "COCO")
"""Columns of ``rows``; ``lidarseg`` is the number of the class that ``nuScenes`` names."""


def rows() -> Iterator[tuple[str, ...]]:
    """A row for each class, in the order of the taxonomy."""
    for name, row in TAXONOMY.items():
        yield (
            "animal.*" if name == "animal" else name,
            f"{row.tag.name.lower()} ({row.tag.value})",
            row.kitti,
            row.kitti_strict,
            f"{CITYSCAPES[row.tag]}",
            row.nuscenes,
            f"{LIDARSEG.index(row.nuscenes)}",
            ", ".join(sorted(row.attributes.values())),
            f"{class_name(row)} ({class_id(row)})",
        )


def markdown() -> str:
    """The table as docs/datasets.md shows it."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *rows()]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
