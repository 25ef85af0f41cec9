"""Parked or stopped, sitting or standing: told from what the official client knows of actors."""

from types import SimpleNamespace

import numpy as np
import pytest

from sensors.geometry import rigid
from sensors.labels import object_state
from sensors.taxonomy import category
from simulator.conduct import Conduct


def vehicle(throttle: float = 0.0, brake: float = 0.0, hand_brake: bool = False) -> SimpleNamespace:
    control = SimpleNamespace(throttle=throttle, brake=brake, hand_brake=hand_brake)
    return SimpleNamespace(id=1, get_control=lambda: control)


@pytest.mark.parametrize(
    ("pedals", "attribute"),
    [
        ({}, "vehicle.parked"),
        ({"brake": 1.0}, "vehicle.stopped"),  # somebody waits
        ({"brake": 1.0, "hand_brake": True}, "vehicle.parked"),
        ({"throttle": 0.1}, "vehicle.stopped"),
    ],
)
def test_a_car_that_stands(pedals: dict[str, float], attribute: str) -> None:
    conduct = Conduct()
    conduct.meet(vehicle(**pedals))
    states = conduct.states(1, "car", np.eye(4), (4, 2, 1.5))
    state = object_state(1, "car", "made.up", np.eye(4), (4, 2, 1.5), (0, 0, 0), (0, 0, 0), **states)
    assert category("car").nuscenes_attribute(state.attributes) == attribute


def test_a_car_that_has_moved_is_not_parked_again() -> None:
    conduct = Conduct()
    conduct.meet(vehicle())
    places = (0.0, 0.05, 3.0, 3.0, 0.0)
    parked = [conduct.states(1, "car", rigid((1, 0, 0, 0), (x, 0, 0)), (4, 2, 1.5))["parked"] for x in places]
    assert parked == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("name", "height", "sits"), [("adult", 1.7, False), ("adult", 0.4, True), ("wheelchair", 1.4, True)]
)
def test_people(name: str, height: float, sits: bool) -> None:
    conduct = Conduct()
    conduct.meet(SimpleNamespace(id=1, bounding_box=SimpleNamespace(extent=SimpleNamespace(z=0.9))))
    states = conduct.states(1, name, np.eye(4), (0.6, 0.6, height))
    state = object_state(1, name, "made.up", np.eye(4), (0.6, 0.6, height), (0, 0, 0), (0, 0, 0), **states)
    wanted = "pedestrian.sitting_lying_down" if sits else "pedestrian.standing"
    assert category(name).nuscenes_attribute(state.attributes) == wanted


def test_animals_and_things_have_neither() -> None:
    conduct = Conduct()
    conduct.meet(SimpleNamespace(id=1))
    assert conduct.states(1, "animal.deer", np.eye(4), (1, 1, 1)) == {}
    assert conduct.states(1, "traffic_cone", np.eye(4), (1, 1, 1)) == {}
