"""A sample of ``longtail bench labels``: a random scene, each label held against a slow and plain way to get it."""

import numpy as np
import pytest

from orchestrator.exactness import Exactness, Tally, measure_exactness


@pytest.fixture(scope="module")
def found() -> Exactness:
    return measure_exactness(1, 0)


@pytest.mark.parametrize("name", [name for name, field in Exactness() if isinstance(field, Tally)])
def test_labels_are_exact(found: Exactness, name: str) -> None:
    tally = getattr(found, name)
    assert tally.kept, f"{tally}; outside {found.outside} m, overhang {found.overhang} m, off by {found.difference}"


def test_enough_was_looked_at(found: Exactness) -> None:
    assert found.objects > 10
    assert found.vertices.cases > 50_000 and found.returns.cases > 1000
    assert found.amodal.cases >= 1 and found.fractions.cases >= 3


def test_nothing_measured_is_nothing_kept() -> None:
    tally = Tally(what="x", needed=0.5)
    assert not tally.kept
    tally.count(np.array([True, False]))
    assert tally.kept
    tally.count(False)
    assert not tally.kept
