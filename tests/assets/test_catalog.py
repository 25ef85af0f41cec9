"""The catalogue and its store: names, determinism, what is read is what was built."""

from pathlib import Path

import numpy as np
import pytest

from assets import catalog, kangaroo, store
from assets.coachwork import coach
from assets.mesh import Mesh
from assets.vehicles import HATCHBACK


def same(a: Mesh, b: Mesh) -> bool:
    return all(
        (getattr(a, name) is None and getattr(b, name) is None)
        or (getattr(a, name).dtype == getattr(b, name).dtype and np.array_equal(getattr(a, name), getattr(b, name)))
        for name in store.ARRAYS
    )


def test_unknown_names_are_answered_with_near_ones() -> None:
    with pytest.raises(KeyError, match=r"animal\.kangaroo"):
        catalog.model("animal.kangeroo")
    with pytest.raises(KeyError, match=r"vehicle\.sedan"):
        catalog.model("vehicle.sedann")


def test_names_are_sorted_and_complete() -> None:
    names = catalog.names()
    assert list(names) == sorted(names)
    assert {"animal.kangaroo", "person.adult", "vehicle.sedan", "vehicle.bus", "vehicle.bicycle"} <= set(names)


def test_the_same_arguments_give_the_same_object() -> None:
    assert catalog.model("animal.kangaroo") is catalog.model("animal.kangaroo", variant=0)


def test_building_again_and_reading_give_identical_meshes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "folder", lambda: tmp_path)
    built = kangaroo.build(3)
    calls = []

    def build() -> tuple[store.Part, ...]:
        calls.append(1)
        return kangaroo.build(3)

    for _ in range(2):
        read = store.parts("animal.kangaroo", 3, None, build, "assets.kangaroo")
        for a, b in zip(built, read, strict=True):
            assert a.name == b.name and a.tag == b.tag and np.array_equal(a.body_from_part, b.body_from_part)
            assert all(same(x, y) for x, y in zip(a.lods, b.lods, strict=True))
            assert [m.name for m in a.lods[0].materials] == [m.name for m in b.lods[0].materials]
    assert len(calls) == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_materials_and_textures_survive_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "folder", lambda: tmp_path)
    first = [pieces.mesh() for pieces in coach(*HATCHBACK, "LT 001").body]
    again = [pieces.mesh() for pieces in coach(*HATCHBACK, "LT 001").body]
    assert all(same(a, b) for a, b in zip(first, again, strict=True))
    part = store.Part("body", tuple(first), np.eye(4), store.Tag.CAR)
    (read,) = store.parts("vehicle.test", 0, None, lambda: (part,), "assets.vehicles")
    for a, b in zip(first[0].materials, read.lods[0].materials, strict=True):
        assert (a.name, a.base_color, a.paint, a.lamp, a.emission) == (
            b.name,
            b.base_color,
            b.paint,
            b.lamp,
            b.emission,
        )
        assert (a.texture is None) == (b.texture is None)
        if a.texture is not None and b.texture is not None:
            assert np.array_equal(a.texture.pixels, b.texture.pixels)


def test_a_broken_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "folder", lambda: tmp_path)
    with pytest.raises(RuntimeError):
        store.parts("x", 0, None, _fail, "assets.kangaroo")
    assert not list(tmp_path.iterdir())


def _fail() -> tuple[store.Part, ...]:
    raise RuntimeError("no")


def test_the_store_notices_changed_code() -> None:
    assert store.code_hash("assets.kangaroo") != store.code_hash("assets.vehicles")
