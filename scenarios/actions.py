"""Scenic actions beyond those of its CARLA model."""

from __future__ import annotations

from typing import Any

from scenic.core.simulators import Action


class ActAction(Action):
    """What a person does when standing: ``sit`` (on the ground), ``crouch``, ``wave``, ``halt``; ``""`` ends it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def applyTo(self, agent: Any, simulation: Any) -> None:
        """Asks the session that plays the scene; raises SessionError where the server cannot."""
        simulation.act(agent.carlaActor.id, self.name)
