"""Generated parts kept in the user's cache folder, so that the next process need not generate them again.

A file is named by a hash of the code that makes it, its name, variant and size; it is written aside and then renamed,
so any number of processes may share the folder.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from assets.mesh import Material, Mesh, Texture
from assets.model import Clip, Model, Part
from assets.skeleton import Skeleton
from assets.tags import Tag

ARRAYS = ("vertices", "normals", "faces", "face_materials", "uvs", "colors", "bone_indices", "bone_weights")
LIBRARIES = ("numpy", "scipy", "open3d", "scikit-image", "manifold3d", "trimesh")


def folder() -> Path:
    """Where generated models are kept."""
    return Path(platformdirs.user_cache_dir("longtail")) / "models"


@functools.cache
def code_hash(module: str) -> str:
    """Hash of a module of this package with all it imports of it, and of the libraries that shape the meshes."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    todo, seen = [module.rpartition(".")[2]], set[str]()
    while todo:
        name = todo.pop()
        source = here / f"{name}.py"
        if name in seen or not source.exists():
            continue
        seen.add(name)
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "assets":
                todo += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("assets."):
                todo.append(node.module.removeprefix("assets."))
    for name in sorted(seen):
        digest.update(name.encode() + b"\0" + (here / f"{name}.py").read_bytes() + b"\0")
    for library in LIBRARIES:
        digest.update(f"{library} {importlib.metadata.version(library)}\n".encode())
    return digest.hexdigest()


def parts(
    name: str,
    variant: int,
    size: tuple[float, float, float] | None,
    build: Callable[[], tuple[Part, ...]],
    module: str,
) -> tuple[Part, ...]:
    """The parts of a model, from the cache, or built and then cached. Both ways give the same bytes.

    ``module`` is the name of the module that builds them: when it or what it imports changes, so does the file's name.
    """
    key = f"{code_hash(module)} {name} {variant} {size}"
    path = folder() / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:20]}.npz"
    if not path.exists():
        _write(path, build())
    return _read(path)


def _write(path: Path, made: tuple[Part, ...]) -> None:
    arrays: dict[str, Any] = {}
    index: list[dict[str, Any]] = []
    for p, part in enumerate(made):
        arrays[f"{p}/body_from_part"] = np.asarray(part.body_from_part, dtype=np.float64)
        materials = []
        for level, mesh in enumerate(part.lods):
            listed = []
            for m, material in enumerate(mesh.materials):
                row = {k: v for k, v in asdict(material).items() if k != "texture"}
                if material.texture is not None:
                    arrays[f"{p}/{level}/texture{m}"] = material.texture.pixels
                listed.append(row)
            materials.append(listed)
            for name in ARRAYS:
                if getattr(mesh, name) is not None:
                    arrays[f"{p}/{level}/{name}"] = getattr(mesh, name)
        index.append({"name": part.name, "tag": int(part.tag), "materials": materials})
    arrays["index"] = np.frombuffer(json.dumps(index).encode(), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, **arrays)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def _read(path: Path) -> tuple[Part, ...]:
    with np.load(path, allow_pickle=False) as data:
        arrays = {name: data[name] for name in data.files}
    made = []
    for p, entry in enumerate(json.loads(arrays["index"].tobytes())):
        lods = []
        for level, listed in enumerate(entry["materials"]):
            materials = []
            for m, row in enumerate(listed):
                pixels = arrays.get(f"{p}/{level}/texture{m}")
                row = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
                materials.append(Material(**row, texture=None if pixels is None else Texture(pixels)))
            fields = {name: arrays.get(f"{p}/{level}/{name}") for name in ARRAYS}
            lods.append(Mesh(materials=tuple(materials), **fields))  # type: ignore[arg-type]
        made.append(Part(entry["name"], tuple(lods), arrays[f"{p}/body_from_part"], Tag(entry["tag"])))
    return tuple(made)


def model(
    name: str,
    category: str,
    made: tuple[Part, ...],
    clips: tuple[Clip, ...] = (),
    skeleton: Skeleton | None = None,
) -> Model:
    """A model of those parts, its size and centre measured from their rest pose."""
    points = [p.lods[0].vertices @ p.body_from_part[:3, :3].T + p.body_from_part[:3, 3] for p in made]
    lower = np.min([p.min(axis=0) for p in points], axis=0)
    upper = np.max([p.max(axis=0) for p in points], axis=0)
    length, width, height = (float(v) for v in upper - lower)
    x, y, z = (float(v) for v in (upper + lower) / 2)
    return Model(name, category, made, (length, width, height), (x, y, z), clips, skeleton)
