"""Croissant metadata of a dataset: MLCommons' format specification 1.0, with its RAI vocabulary (responsible AI) 1.0.

Files of a kind are a ``FileSet``, found by looking at what is there; each set of pictures is a ``RecordSet`` too, so
that ``mlcroissant`` hands out the pictures.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path
from typing import Any

from exporters.manifest import files, sha256

SPECIFICATION = "http://mlcommons.org/croissant/1.0"
RESPONSIBLE = "http://mlcommons.org/croissant/RAI/1.0"
LICENCE = "https://spdx.org/licenses/Apache-2.0.html"

CONTEXT: dict[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
} | {
    name: f"cr:{name}" for name in (
        "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format",
        "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references",
        "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
    )
}  # fmt: skip
"""The context that the specification prescribes."""

MEDIA_TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".json": "application/json", ".txt": "text/plain",
    ".md": "text/markdown",
    ".bin": "application/octet-stream", ".npz": "application/octet-stream", ".pcd": "application/octet-stream",
}  # fmt: skip
"""By ending; other endings are octets too."""


def text(root: Path, facts: dict[str, Any]) -> str:
    """The metadata of a dataset.

    Args:
        root: its folder.
        facts: what the card tells (``exporters.card``).
    """
    present = files(root)
    patterns = sorted({pattern_of(name) for name in present if "/" in name})
    # in Croissant's patterns an asterisk goes on into subfolders
    sets = [one for one in patterns if not any(fnmatch(one, other) for other in patterns if other != one)]
    document = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [SPECIFICATION, RESPONSIBLE],
        "name": facts["name"],
        "description": f"{facts['scenes']} scenes of rare events on the road, {facts['frames']} frames, as "
        f"{facts['title']}. All of it is synthetic; it shows no real person or place.",
        "license": LICENCE,
        "version": f"{facts['version']}",
        "url": "README.md",
        "citeAs": f"Longtail {facts['version']}, dataset {facts['name']}",
        "keywords": ["synthetic", "autonomous driving", "edge cases", facts["title"]],
        "isLiveDataset": False,
        "rai:dataCollection": "Rendered: Scenic scripts played on a CARLA server, measured by sensor models.",
        "rai:dataCollectionType": ["Simulations"],
        "rai:machineAnnotationTools": facts["generators"],
        "rai:dataAnnotationProtocol": "Labels come from the simulated bodies themselves; nobody labelled by hand.",
        "rai:dataUseCases": list(facts["uses"]),
        "rai:dataLimitations": [*facts["limits"], *(f"Unsuitable for {use}" for use in facts["unsuitable"])],
        "rai:dataBiases": ["Rare events are frequent by design; people and places stand for no population."],
        "rai:personalSensitiveInformation": ["None: no real person or place is shown."],
        "distribution": [_file(root, name) for name in present if "/" not in name] + [_set(one) for one in sets],
        "recordSet": [_records(one) for one in sets if _media_type(one).startswith("image/")],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def pattern_of(name: str) -> str:
    """The pattern of files like one: folders that are numbers, and the file's own name, are wild.

    The ending is all from the first dot of the last numbered or plain name, e.g. ``*.pcd.bin``.
    """
    folder, _, file = name.rpartition("/")
    folders = "/".join("*" if part.isdigit() else part for part in folder.split("/"))
    ending = re.search(r"(?:\.pcd)?\.[A-Za-z0-9]+$", file)
    return f"{folders}/*{ending.group() if ending else ''}"


def _media_type(name: str) -> str:
    return MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")


def _id(pattern: str) -> str:
    """A name for a set, from the words of its pattern."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", pattern) if word]
    return "-".join(word for word, _ in groupby(words))


def _file(root: Path, name: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "encodingFormat": _media_type(name),
        "sha256": sha256(root / name),
    }


def _set(pattern: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": _id(pattern),
        "name": _id(pattern),
        "includes": pattern,
        "encodingFormat": _media_type(pattern),
    }


def _records(pattern: str) -> dict[str, Any]:
    """Pictures with their names."""
    name = f"{_id(pattern)}-pictures"
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "field": list(_fields(name, _id(pattern))),
    }


def _fields(records: str, files_id: str) -> Iterable[dict[str, Any]]:
    for field, kind, file_property in (("file", "sc:Text", "filename"), ("image", "sc:ImageObject", "content")):
        yield {
            "@type": "cr:Field",
            "@id": f"{records}/{field}",
            "name": field,
            "dataType": kind,
            "source": {"fileSet": {"@id": files_id}, "extract": {"fileProperty": file_property}},
        }
