"""Built places kept in the user's cache folder, so that the next process need not build them again.

A file is named by a hash of the OpenDRIVE text, the seed and all code that shapes the place; it is written aside and
then renamed, so any number of processes may share the folder. They are pickles, trusted as Python's bytecode cache is.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import pickle
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import platformdirs

from simulator.world.generation import Generation

T = TypeVar("T")

KEPT = 8
"""Files kept of a kind, some 30 MB each for a town; the oldest go first."""

MODULES = (
    *(f"assets.{name}" for name in (
        "barriers", "bodywork", "buildings", "catalog", "coachwork", "doors", "facades", "finishes", "foliage",
        "ground", "joinery", "masonry", "mesh", "model", "noise", "outline", "pieces", "plans", "props",
        "props_street", "shell", "signals", "signs", "solids", "street", "tags", "vegetation", "vehicles", "wheels",
    )),
    "renderers.scene",
    *(f"simulator.world.{name}" for name in (
        "biome", "bridges", "chunks", "conflicts", "curves", "dressing", "figures", "footing", "furnishing",
        "furniture", "generation", "junctions", "kerbs", "lanes", "markings", "obstacle", "opendrive", "paving",
        "plots", "road", "roadside", "signage", "staging", "street_signs", "terrain", "urban", "walls",
    )),
)  # fmt: skip
"""The code that shapes a place, by name: to start with a place that is kept, most of it need not be imported."""

LIBRARIES = ("numpy", "scipy", "shapely", "trimesh", "opencv-python")


def kept(text: str, seed: int, generation: Generation, build: Callable[[], T]) -> T:
    """What ``build`` makes of an OpenDRIVE ``text`` in this way: from the cache, or built now and then kept.

    Raises RuntimeError when the kept file is damaged.
    """
    return filed("towns", f"{seed} {generation} {text}".encode(), MODULES, build)


def filed(kind: str, key: bytes, modules: Sequence[str], build: Callable[[], T]) -> T:
    """What ``build`` makes of what ``key`` tells, by the code of ``modules``: from the folder of that kind, or built
    now and then kept there.

    Raises RuntimeError when the kept file is damaged.
    """
    digest = hashlib.sha256(key)
    for module in modules:
        spec = importlib.util.find_spec(module)
        assert spec is not None and spec.origin is not None, module
        digest.update(Path(spec.origin).read_bytes())
    for library in LIBRARIES:
        digest.update(f"{library} {importlib.metadata.version(library)}\n".encode())
    folder = platformdirs.user_cache_path("longtail") / kind
    path = folder / f"{digest.hexdigest()[:24]}.pickle"
    if path.exists():
        try:
            made: T = pickle.loads(path.read_bytes())
        except (pickle.UnpicklingError, EOFError, AttributeError) as error:
            raise RuntimeError(f"the cached file {path} is damaged; delete it") from error
        return made
    made = build()
    folder.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        pickle.dump(made, file, protocol=pickle.HIGHEST_PROTOCOL)
    Path(aside).replace(path)
    for old in sorted(folder.glob("*.pickle"), key=lambda entry: entry.stat().st_mtime)[:-KEPT]:
        with suppress(FileNotFoundError):
            old.unlink()
    return made
