"""Finds out whether datasets, recordings and pictures are what was written: marks, hashes, signatures and lineage."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mcap.exceptions import McapError
from mcap.reader import make_reader

from exporters import manifest
from exporters.card import FORMS
from exporters.marks import Mark, MarkError, read_mark
from exporters.problems import Problem
from exporters.publish import ExportError
from sensors.provenance import digital_source_type
from sensors.recording import Recording, RecordingError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from exporters.content_credentials import PictureReader

PICTURES = frozenset({".png", ".jpg"})
"""Endings of files that must carry a mark."""


@dataclass
class Verdict:
    """What was found.

    Attributes:
        problems: what is not as it was written, each with its file; empty when all is well.
        notes: what was looked at and who signed it, a line each.
    """

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def include(self, other: Verdict, folder: str) -> None:
        """Adds what was found in a folder."""
        self.problems += [Problem(f"{folder}/{one.file}", one.field, one.message) for one in other.problems]
        self.notes += [f"{folder}: {note}" for note in other.notes]


def verify(path: Path, anchors: Sequence[Certificate] = ()) -> Verdict:
    """Checks a dataset, a recording, a folder of recordings, a single picture, or the output folder of a job.

    Args:
        path: of the file or folder.
        anchors: trusted certificates. With them, datasets must be signed by one of these or by whom they vouch for;
            without them, who signed is told and not judged.

    Raises:
        ExportError: there is nothing that can be verified, or a signed dataset needs the extra ``sign``.
    """
    path = Path(path)
    if path.suffix == ".mcap" and path.is_file():
        return Verdict(list(_recording(path, {})), ["1 recording"])
    if path.suffix in PICTURES and path.is_file():
        return _lone_picture(path)
    if (path / manifest.NAME).exists() or (path / manifest.SIGNATURE).exists():
        return _dataset(path, anchors)
    verdict = Verdict()
    if path.is_dir():
        if found := sorted(path.glob("*.mcap")):
            verdict.include(_recordings(found), path.name)
        for folder in sorted(child for child in path.iterdir() if child.is_dir() and not child.name.startswith(".")):
            if folder.name in FORMS or (folder / manifest.NAME).exists():
                verdict.include(_dataset(folder, anchors), folder.name)
            elif found := sorted(folder.glob("*.mcap")):
                verdict.include(_recordings(found), folder.name)
    if not verdict.notes and not verdict.problems:
        raise ExportError(
            f"{path} holds nothing that can be verified: no manifest.json, no recording and no picture; name the "
            "folder that an export wrote"
        )
    return verdict


def _dataset(root: Path, anchors: Sequence[Certificate]) -> Verdict:
    verdict = Verdict()
    try:
        content = (root / manifest.NAME).read_bytes()
        known = manifest.parse(content)
    except OSError:
        verdict.problems.append(Problem(manifest.NAME, "", "is missing: nothing tells what the dataset should hold"))
        return verdict
    except (ValueError, KeyError, TypeError) as error:
        verdict.problems.append(Problem(manifest.NAME, "", f"is no manifest of Longtail's ({error!r})"))
        return verdict
    pictures = _signer(root, content, anchors, verdict)
    verdict.problems += _lineage(known)
    present = manifest.files(root)
    for name in sorted(known.files.keys() - set(present)):
        verdict.problems.append(Problem(name, "", "is missing"))
    # Empty files and the like are the same by chance; the first name is told.
    owner = {digest: name for name, digest in sorted(known.files.items(), reverse=True)}
    for name in present:
        verdict.problems += _file(root, name, known, owner, pictures)
    generations = sorted({one.generation for one in known.recordings})
    verdict.notes.append(
        f"{known.form}, {len(present)} files of {len(known.recordings)} recordings, generation "
        + ", ".join(map(str, generations))
    )
    return verdict


def _signer(root: Path, content: bytes, anchors: Sequence[Certificate], verdict: Verdict) -> PictureReader | None:
    """Checks the manifest's signature; gives who reads the pictures' signatures, or None for an unsigned dataset."""
    file = root / manifest.SIGNATURE
    if not file.exists():
        if anchors:
            verdict.problems.append(Problem(manifest.SIGNATURE, "", "is missing: the dataset is not signed"))
        else:
            verdict.notes.append("not signed: hashes tell of accidents, not of intent")
        return None
    try:
        from exporters.content_credentials import PictureReader
        from exporters.credentials import SignatureError, check_trust, name_of, signer_of
    except ImportError as error:
        raise ExportError(f"{root} is signed; to check it: pip install 'longtail[sign]' ({error})") from None
    try:
        chain = signer_of(file.read_text(errors="replace").strip(), content)
        if anchors:
            check_trust(chain, anchors)
    except SignatureError as error:
        verdict.problems.append(Problem(manifest.SIGNATURE, "", str(error)))
        return None
    trust = "trusted" if anchors else "name the certificates that you trust with --trust to have this judged"
    verdict.notes.append(f"signed by {name_of(chain[0])}; {trust}")
    return PictureReader(chain)


def _file(
    root: Path, name: str, known: manifest.Manifest, owner: dict[str, str], pictures: PictureReader | None
) -> Iterator[Problem]:
    path = root / name
    if path.is_symlink() or not path.is_file():
        yield Problem(name, "", "is not a plain file")
        return
    picture = path.read_bytes() if path.suffix in PICTURES else None
    digest = manifest.sha256(path) if picture is None else hashlib.sha256(picture).hexdigest()
    same = owner.get(digest)
    if name not in known.files:
        yield Problem(name, "", f"was added; it holds what {same} should" if same else "was added")
    elif known.files[name] != digest:
        change = f"was changed: it holds what {same} should" if same else "was changed since it was written (SHA-256)"
        yield Problem(name, "", change)
    if picture is not None:
        yield from _picture(name, picture, known, pictures)


def _picture(
    name: str, picture: bytes, known: manifest.Manifest, credentials: PictureReader | None
) -> Iterator[Problem]:
    """Problems of a picture's mark and content credentials."""
    try:
        mark = read_mark(picture)
    except MarkError as error:
        yield Problem(name, "mark", str(error))
        return
    if mark is None:
        yield Problem(name, "mark", "does not say that it is synthetic")
        return
    if message := _wrong(mark):
        yield Problem(name, "mark", message)
    recordings = {(one.scene_id, one.generation): one for one in known.recordings}
    if mark.content not in ("map", "basemap"):
        recording = recordings.get((mark.scene, mark.generation))
        if recording is None:
            message = f"is of scene {mark.scene}, generation {mark.generation}, of which the dataset was not made"
            yield Problem(name, "mark", message)
        elif mark.parent != recording.parent:
            yield Problem(name, "mark", f"names the parent {mark.parent}, and the manifest {recording.parent}")
    if credentials is None:
        return
    found = credentials.read(picture)
    if found.problem:
        yield Problem(name, "signature", found.problem)
    elif mark.source_type not in found.source_types:
        yield Problem(name, "signature", f"says {', '.join(found.source_types)}, and its mark {mark.source_type}")
    elif mark.generation and not found.parent:
        yield Problem(name, "signature", "names no signed picture that it was refined from")


def _wrong(mark: Mark) -> str:
    """What contradicts itself in a mark, or nothing."""
    if mark.generation < 0:
        return f"generation {mark.generation}: generations count from 0"
    if mark.source_type != digital_source_type(mark.generation):
        return f"says {mark.source_type}, which generation {mark.generation} is not"
    return ""


def _lineage(known: manifest.Manifest) -> Iterator[Problem]:
    hashes = {(one.scene_id, one.generation): one.sha256 for one in known.recordings}
    for one in known.recordings:
        place = f"recording {one.scene_id}, generation {one.generation}"
        if (one.generation > 0) != (one.parent is not None):
            message = "is refined and names no parent" if one.generation else "is rendered and names a parent"
            yield Problem(manifest.NAME, place, message)
        elif one.parent and hashes.get((one.scene_id, one.generation - 1), one.parent) != one.parent:
            yield Problem(manifest.NAME, place, "names another parent than the recording beside it")


def _lone_picture(path: Path) -> Verdict:
    """A picture without its dataset: its mark alone can be judged."""
    try:
        mark = read_mark(path.read_bytes())
    except MarkError as error:
        return Verdict([Problem(path.name, "mark", str(error))])
    if mark is None:
        return Verdict([Problem(path.name, "mark", "does not say that it is synthetic")])
    if message := _wrong(mark):
        return Verdict([Problem(path.name, "mark", message)])
    return Verdict([], [f"synthetic, generation {mark.generation}, scene {mark.scene}, {mark.source_type}"])


def _recordings(paths: Sequence[Path]) -> Verdict:
    """Recordings of one folder; a refined one must name the render that lies beside it."""
    hashes = {}
    for path in paths:
        try:
            meta = Recording(path).meta
        except RecordingError:
            continue  # told below
        hashes[meta.scene_id, meta.generation] = path
    problems: list[Problem] = []
    for path in paths:
        problems += _recording(path, hashes)
    return Verdict(problems, [f"{len(paths)} recordings"])


def _recording(path: Path, beside: dict[tuple[str, int], Path]) -> Iterable[Problem]:
    try:
        recording = Recording(path)
        for _ in recording.frames():
            pass
        with path.open("rb") as file:
            said = [record.metadata for record in make_reader(file).iter_metadata() if record.name == "longtail"]
    except (RecordingError, McapError) as error:
        return [Problem(path.name, "", str(error).removeprefix(f"{path}: "))]
    meta = recording.meta
    problems = []
    if not said or said[0].get("synthetic") != "true":
        problems.append(Problem(path.name, "mark", "does not say that it is synthetic"))
    elif said[0].get("digital_source_type") != digital_source_type(meta.generation) or (
        said[0].get("generation"), said[0].get("parent")
    ) != (str(meta.generation), meta.parent):  # fmt: skip
        problems.append(Problem(path.name, "mark", "does not agree with its scene.json on generation and parent"))
    parent = beside.get((meta.scene_id, meta.generation - 1))
    if meta.parent and parent is not None and manifest.sha256(parent) != meta.parent:
        problems.append(Problem(path.name, "parent", f"{parent.name} is not the recording that it was refined from"))
    return problems
