"""People on small vehicles and with a pushchair; skin tones."""

from collections import Counter

import numpy as np
import pytest

from assets.catalog import model
from assets.human import SKIN_TONES, Person
from assets.mobility import BAR, DECK
from sensors.taxonomy import category, category_of

KINDS = {"e_scooter": "personal_mobility", "skateboard": "personal_mobility", "stroller": "stroller"}


@pytest.mark.parametrize("kind", KINDS)
def test_riders_and_what_they_ride_hang_together(kind: str) -> None:
    body = model(f"person.{kind}", variant=1001)
    assert body.category == category_of(f"walker.{kind}.0001", {"age": "adult"}) == KINDS[kind]
    assert category(body.category)
    skin, thing = body.parts[0].lods[0], body.parts[1].lods[0]
    assert abs(thing.vertices[:, 2].min()) < 0.01
    for clip in body.clips:
        assert np.allclose(clip.pose(0.0), clip.pose(1.0), atol=1e-5)
        for phase in np.arange(8) / 8:
            posed = skin.posed(clip.pose(phase))
            assert np.isfinite(posed).all()
            assert posed[:, 2].min() > -0.03, "sinks"
            if kind != "stroller" and clip.stride:
                assert posed[:, 2].min() > 0.08, "a foot beside the board"


def test_hands_are_on_the_bar() -> None:
    body = model("person.e_scooter", variant=1001)
    points = body.parts[0].lods[0].posed(body.gait(5.0).pose(0.0))
    assert np.linalg.norm(points - np.array(BAR), axis=1).min() < 0.06
    assert points[:, 2].min() == pytest.approx(DECK, abs=0.02)


@pytest.mark.parametrize("woman", [0, 1])
def test_skin_tones_are_drawn_evenly_from_men_and_women(woman: int) -> None:
    drawn = Counter(Person.adult(2 * number + woman).skin for number in range(40))
    assert drawn == dict.fromkeys(SKIN_TONES, 4)
