"""The cache of built places."""

import pytest

from simulator.world import store
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
