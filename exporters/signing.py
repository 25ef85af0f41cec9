"""Signing a dataset: content credentials for its pictures, and one signature for all files through the manifest."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from exporters import manifest
from exporters.content_credentials import PictureSigner
from exporters.credentials import Credentials
from exporters.marks import Mark, read_mark
from exporters.publish import ExportError, publish
from exporters.verify import PICTURES, verify


def sign(dataset: Path, out: Path, credentials: Credentials, parents: Sequence[Path] = ()) -> int:
    """Writes a signed copy of a dataset, complete or not at all. The pixels stay as they are.

    A refined picture names the signed render that it was made of, which is in the dataset or in one of ``parents``.

    Args:
        dataset: an export with its manifest, unsigned.
        out: the signed dataset's folder, absent or empty.
        credentials: who signs.
        parents: signed datasets that hold what the pictures of this one were refined from.

    Returns:
        The number of pictures signed.

    Raises:
        ExportError: the dataset is not as its manifest says, is signed already, ``out`` is not empty, or a refined
            picture's render is nowhere.
    """
    dataset = Path(dataset)
    if problems := verify(dataset).problems:
        raise ExportError(f"{dataset} is not as it was written, so it is not signed: {problems[0]}")
    if (dataset / manifest.SIGNATURE).exists():
        raise ExportError(f"{dataset} is signed already; sign the unsigned export")
    known = manifest.read(dataset)
    signer = PictureSigner(credentials)
    renders = _Renders(parents)
    names = manifest.files(dataset)
    marks = {name: _mark(dataset / name) for name in names if Path(name).suffix in PICTURES}
    with publish(Path(out)) as root:
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            if name not in marks:
                shutil.copyfile(dataset / name, root / name)
        # Renders before what was refined from them.
        for name in sorted(marks, key=lambda name: (marks[name].generation, name)):
            mark = marks[name]
            parent = renders.find(mark, name) if mark.generation else None
            (root / name).write_bytes(signer.sign((dataset / name).read_bytes(), name, mark, parent))
            renders.add(mark, root / name)
        manifest.write_statement(root, known.statement)
        signature = credentials.sign((root / manifest.NAME).read_bytes())
        (root / manifest.SIGNATURE).write_text(signature + "\n")
    return len(marks)


def _mark(path: Path) -> Mark:
    mark = read_mark(path.read_bytes())
    assert mark is not None  # verify has looked
    return mark


class _Renders:
    """Where the signed pictures lie, by what they show."""

    def __init__(self, datasets: Sequence[Path]) -> None:
        self._paths: dict[tuple[object, ...], Path] = {}
        for dataset in datasets:
            if problems := verify(dataset).problems:
                raise ExportError(f"{dataset} is not as it was written: {problems[0]}")
            if not (dataset / manifest.SIGNATURE).exists():
                raise ExportError(f"{dataset} is not signed; sign it first, then name the signed one as parent")
            for name in manifest.files(dataset):
                if Path(name).suffix in PICTURES:
                    self.add(_mark(dataset / name), dataset / name)

    def add(self, mark: Mark, path: Path) -> None:
        self._paths.setdefault(mark.place, path)

    def find(self, mark: Mark, name: str) -> bytes:
        path = self._paths.get(mark.rendered.place)
        if path is None:
            raise ExportError(
                f"{name} is of generation {mark.generation}, and the picture that it was made of is not here; name the "
                "signed dataset that holds it with --parent"
            )
        return path.read_bytes()
