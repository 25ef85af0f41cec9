"""Actions of Longtail's own reach the server, or say why not."""

from types import SimpleNamespace
from typing import Any

import pytest

from scenarios.actions import ActAction
from simulator.extension import ExtensionError
from simulator.session import SessionError, _RecordedSimulation, _Take


class Told:
    """An extension that notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []

    def act(self, walker: int, name: str) -> None:
        if name == "fly":
            raise ExtensionError("person.adult cannot 'fly'")
        self.asked.append((walker, name))


def played(extension: Any) -> Any:
    take = _Take.__new__(_Take)
    take._extension = extension
    simulation = _RecordedSimulation.__new__(_RecordedSimulation)
    simulation._take = take
    return simulation


def test_a_person_is_told_and_a_server_that_cannot_is_named() -> None:
    person, extension = SimpleNamespace(carlaActor=SimpleNamespace(id=7)), Told()
    ActAction("sit").applyTo(person, played(extension))
    assert extension.asked == [(7, "sit")]
    with pytest.raises(SessionError, match="cannot 'fly'"):
        ActAction("fly").applyTo(person, played(extension))
    with pytest.raises(SessionError, match="embedded server"):
        ActAction("sit").applyTo(person, played(None))
