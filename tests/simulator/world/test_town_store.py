"""The cache of built places."""

import ast
from pathlib import Path

import pytest

from simulator.world import navigation, store
from simulator.world.generation import Generation


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(store.platformdirs, "user_cache_path", lambda name: tmp_path / name)
    return tmp_path / "longtail" / "towns"


def test_second_call_reads_what_the_first_built(folder):
    assert store.kept("a", 0, Generation(), lambda: [1, 2]) == [1, 2]
    assert store.kept("a", 0, Generation(), lambda: pytest.fail("built again")) == [1, 2]
    assert [entry.suffix for entry in folder.iterdir()] == [".pickle"]


def test_text_and_seed_are_told_apart():
    store.kept("a", 0, Generation(), lambda: 1)
    assert store.kept("a", 1, Generation(), lambda: 2) == 2
    assert store.kept("b", 0, Generation(), lambda: 3) == 3


def test_failed_build_leaves_nothing(folder):
    with pytest.raises(ZeroDivisionError):
        store.kept("a", 0, Generation(), lambda: 1 // 0)
    assert not folder.exists()


def test_damaged_file_is_named(folder):
    store.kept("a", 0, Generation(), lambda: 1)
    (file,) = folder.iterdir()
    file.write_bytes(b"")
    with pytest.raises(RuntimeError, match=file.name):
        store.kept("a", 0, Generation(), lambda: 1)


def test_only_the_newest_are_kept(folder):
    for seed in range(store.KEPT + 3):
        store.kept("a", seed, Generation(), lambda: 1)
    assert len(list(folder.iterdir())) == store.KEPT


ELSEWHERE = {
    "animals and people": {"flesh", "gaits", "human", "kangaroo", "mobility", "people", "quadrupeds", "skeleton"},
    "vehicles that do not park, cached bodies": {"motorcycles", "two_wheelers", "outfits", "store"},
    "things that only scripts put there": {
        "props_debris", "props_garden", "props_luggage", "props_refuse", "props_roadworks"
    },
}  # fmt: skip
"""Modules of ``assets`` that the catalogue knows, and that shape no place."""


def named(module):
    """The repository's own modules that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source(module).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if source(name).is_file()}


def source(module):
    return Path(store.__file__).parents[2] / (module.replace(".", "/") + ".py")


@pytest.mark.parametrize(
    ("roots", "modules", "others"),
    [
        (["dressing", "road", "terrain", "street_signs", "signage"], store.MODULES, set().union(*ELSEWHERE.values())),
        (["navmesh"], navigation.MODULES, {"navigation"}),
    ],
)
def test_all_code_that_shapes_a_thing_is_in_the_name_of_its_file(roots, modules, others):
    todo, seen = [f"simulator.world.{root}" for root in roots], set()
    while todo:
        module = todo.pop()
        if module not in seen and module.split(".")[-1] not in others:
            seen.add(module)
            todo += named(module)
    assert seen == set(modules)
