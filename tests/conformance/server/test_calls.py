"""The list of calls in the docs is that of the server."""

from __future__ import annotations

import re
from pathlib import Path

import carla
import pytest

from simulator.server.handlers import METHODS

ROWS = re.compile(r"^\| (`.*`) \| (\w[\w-]*) \|", re.MULTILINE)
PAGE = Path(__file__).parents[3] / "docs" / "carla_calls.md"


def rows() -> dict[str, str]:
    found: dict[str, str] = {}
    for names, state in ROWS.findall(PAGE.read_text()):
        for name in re.findall(r"`(\w+)`", names):
            assert name not in found, f"{name} is listed twice"
            found[name] = state
    return found


def test_every_call_is_listed_with_its_state() -> None:
    listed = rows()
    assert sorted(listed) == sorted(METHODS)
    assert set(listed.values()) == {"full", "partial", "no-op", "refused"}


def test_every_call_is_one_of_the_clients() -> None:
    """The client's binary holds the names of its calls as plain text: none of ours is a slip of the pen."""
    binary = Path(carla.libcarla.__file__).read_bytes()
    assert [name for name in METHODS if name.encode() not in binary] == []


@pytest.mark.parametrize("name", ["enable_carsim", "use_carsim_road", "enable_chrono_physics"])
def test_what_is_refused_says_so(name: str) -> None:
    answer = METHODS[name](None, [[False], 1])  # type: ignore[arg-type]
    assert answer[0][0] is True and "not supported" in answer[0][1][0]
    assert rows()[name] == "refused"
