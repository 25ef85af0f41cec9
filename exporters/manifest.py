"""A dataset's manifest: the SHA-256 of every file, and of what the files were made.

``manifest.json`` is an in-toto Statement (in-toto Attestation Framework, v1) whose predicate is SLSA Provenance (v1):
the form in which build systems tell where an artefact comes from, so that their tools read it. A signature of it may
lie beside it (``exporters.signing``).
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import metadata, requires, version
from pathlib import Path
from typing import Any

from exporters.publish import ExportError, Source

NAME, SIGNATURE = "manifest.json", "manifest.jws"
"""Files in a dataset's folder that no manifest lists: itself, and its signature."""

_STATEMENT = "https://in-toto.io/Statement/v1"
_PROVENANCE = "https://slsa.dev/provenance/v1"
_BUILD = "urn:longtail:export:1"


@dataclass(frozen=True)
class Recorded:
    """A recording that a dataset was made of.

    Attributes:
        scene_id, scenario, index, seed, generation, parent, generator: see ``sensors.frames.SceneMeta``.
        split: ``train`` or ``val``.
        sha256: of the recording's file.
    """

    scene_id: str
    scenario: str
    index: int
    seed: int
    generation: int
    parent: str | None
    generator: str
    split: str
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a manifest says.

    Attributes:
        form: the dataset's format, e.g. ``kitti``.
        files: SHA-256 by file, relative to the dataset's folder with ``/``.
        recordings: what it was made of.
        statement: all of it, as it stands in the file.
    """

    form: str
    files: dict[str, str]
    recordings: tuple[Recorded, ...]
    statement: dict[str, Any]

    @property
    def generation(self) -> int:
        """The highest in the dataset."""
        return max(recording.generation for recording in self.recordings)


def recorded(scenes: Sequence[Source]) -> tuple[Recorded, ...]:
    """What the manifest says of recordings; reads each file once, for its hash."""
    fields = ("scene_id", "scenario", "index", "seed", "generation", "parent", "generator")
    return tuple(
        Recorded(
            **{field: getattr(source.meta, field) for field in fields},
            split=source.split,
            sha256=sha256(source.path),
        )
        for source in scenes
    )


def write(root: Path, form: str, recordings: Sequence[Recorded], parameters: dict[str, Any]) -> None:
    """Writes the manifest of all files that lie in a dataset's folder; comes last.

    Args:
        root: the dataset's folder.
        form: the dataset's format.
        recordings: what it was made of.
        parameters: JSON values; what else decides what is in it.
    """
    dependencies: list[dict[str, Any]] = [
        {"name": f"recording {one.scene_id}", "digest": {"sha256": one.sha256}, "annotations": asdict(one)}
        for one in recordings
    ]
    dependencies += [
        {"uri": f"pkg:pypi/{package.name}@{package.version}", "annotations": {"license": package.license}}
        for package in packages()
    ]
    predicate = {
        "buildDefinition": {
            "buildType": _BUILD,
            "externalParameters": {"format": form, **parameters},
            "resolvedDependencies": dependencies,
        },
        "runDetails": {"builder": {"id": "urn:longtail", "version": software()}},
    }
    statement = {"_type": _STATEMENT, "predicateType": _PROVENANCE, "predicate": predicate}
    write_statement(root, statement)


def write_statement(root: Path, statement: dict[str, Any]) -> None:
    """Writes a statement about the files that lie in a dataset's folder now."""
    subject = [{"name": name, "digest": {"sha256": sha256(root / name)}} for name in files(root)]
    text = json.dumps(statement | {"subject": subject}, indent=1, ensure_ascii=False, allow_nan=False)
    (root / NAME).write_text(text + "\n", encoding="utf-8")


def read(root: Path) -> Manifest:
    """The manifest of a dataset.

    Raises:
        ExportError: there is none, or it is none of Longtail's.
    """
    path = Path(root) / NAME
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise ExportError(
            f"{path} cannot be read ({error.strerror}): the dataset was not written by this version of Longtail, or "
            "has lost its manifest; export its recordings again"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{path} is no manifest of Longtail's: {error!r}") from None


def parse(data: bytes) -> Manifest:
    """A manifest of its bytes.

    Raises:
        ValueError, KeyError, TypeError: it is none of Longtail's.
    """
    statement = json.loads(data)
    if statement["_type"] != _STATEMENT or statement["predicateType"] != _PROVENANCE:
        raise ValueError("not an in-toto statement of provenance")
    build = statement["predicate"]["buildDefinition"]
    if build["buildType"] != _BUILD:
        raise ValueError(f"buildType {build['buildType']!r}")
    recordings = tuple(
        Recorded(**entry["annotations"])
        for entry in build["resolvedDependencies"]
        if entry.get("name", "").startswith("recording ")
    )
    if not recordings:
        raise ValueError("it names no recording")
    files = {entry["name"]: entry["digest"]["sha256"] for entry in statement["subject"]}
    return Manifest(build["externalParameters"]["format"], files, recordings, statement)


def files(root: Path) -> list[str]:
    """All files of a dataset by name, but manifest and signature; relative to its folder, with ``/``, in order.

    Links are listed as they stand, and not followed.
    """
    found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(name for name in found if name not in (NAME, SIGNATURE))


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        buffer = memoryview(bytearray(1 << 18))
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
    return digest.hexdigest()


@dataclass(frozen=True)
class Package:
    """A library that took part; ``license`` as its own metadata tell it."""

    name: str
    version: str
    license: str


def packages() -> Iterator[Package]:
    """The libraries that Longtail stands on directly, as they are installed here, by name."""
    needs = [need for need in requires("longtail") or () if "extra ==" not in need]
    for name in sorted({match.group().lower() for need in needs if (match := re.match(r"[\w.-]+", need))}):
        about = metadata(name).json
        classified = [line.rpartition(" :: ")[2] for line in about.get("classifier", []) if "License ::" in line]
        classified = [words for words in classified if not words.lower().endswith("approved")]
        words = about.get("license_expression") or ", ".join(classified) or str(about.get("license", "")).split("\n")[0]
        yield Package(name, str(about["version"]), str(words).strip() or "not told")


def software() -> dict[str, str]:
    """The versions of what wrote a dataset."""
    return {"longtail": version("longtail"), "python": platform.python_version(), "machine": platform.machine()}
