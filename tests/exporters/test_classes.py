"""The table of classes on the page for people is the one that the code follows."""

from pathlib import Path

from exporters.classes import HEADINGS, markdown, rows
from exporters.nuscenes_tables import ATTRIBUTES, CATEGORIES
from sensors.taxonomy import LIDARSEG, LIDARSEG_OF_TAG, TAXONOMY

PAGE = Path(__file__).parents[2] / "docs" / "datasets.md"


def test_the_page_shows_the_table() -> None:
    """After a change: replace the page's table with what ``exporters.classes.markdown()`` returns."""
    assert markdown() in PAGE.read_text()


def test_all_of_nuscenes_can_occur() -> None:
    table = [dict(zip(HEADINGS, row, strict=True)) for row in rows()]
    assert len(table) == len(TAXONOMY)
    assert {row["nuScenes"] for row in table} == set(CATEGORIES)
    assert {name for row in table for name in row["attributes"].split(", ") if name} == set(ATTRIBUTES)
    assert all(LIDARSEG[int(row["lidarseg"])] == row["nuScenes"] for row in table)
    assert set(LIDARSEG_OF_TAG.values()) <= set(LIDARSEG)
