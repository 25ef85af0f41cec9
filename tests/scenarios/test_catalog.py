"""Scripts are found by path and by name, and their headers are read."""

from pathlib import Path

import pytest

from scenarios import catalog

KANGAROO = "animals/kangaroo_crossing"


def test_every_script_of_the_library_introduces_itself() -> None:
    assert KANGAROO in catalog.names()
    for entry in catalog.entries():
        assert entry.header.title
        assert entry.header.summary
        assert entry.header.rare
        assert entry.header.tags
        assert entry.header.source
        assert entry.header.expect


@pytest.mark.parametrize("name", [KANGAROO, KANGAROO + ".scenic"])
def test_scripts_are_found_by_name(name: str) -> None:
    assert catalog.find(name) == catalog.LIBRARY / f"{KANGAROO}.scenic"


def test_scripts_are_found_by_path(tmp_path: Path) -> None:
    script = tmp_path / "mine.scenic"
    script.write_text("")
    assert catalog.find(str(script)) == script
    assert catalog.scenario_name(script) == "mine"


def test_an_unknown_name_brings_the_near_one() -> None:
    with pytest.raises(catalog.UnknownScenario, match=KANGAROO):
        catalog.find("animals/kangaro_crossing")


def test_the_library_cannot_be_left_by_name() -> None:
    with pytest.raises(catalog.UnknownScenario):
        catalog.find("../model")


def test_a_header_is_read_section_by_section() -> None:
    header = catalog.read_header(
        '# licence\n"""Title.\n\nWhat happens\nhere.\n\nRare: very\n  rare\nTags: a, b\n"""\nx = 1\n'
    )
    assert header == catalog.Header("Title", "What happens here.", "very rare", ("a", "b"))
    assert catalog.read_header("x = 1") == catalog.Header()
