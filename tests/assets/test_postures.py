"""What people do when they are told to."""

import numpy as np
import pytest

from assets.catalog import model

PEOPLE = (("person.adult", 1003), ("person.adult", 1004), ("person.elderly", 1001), ("person.child", 9))


@pytest.mark.parametrize(("name", "variant"), PEOPLE)
@pytest.mark.parametrize("action", ["sit", "crouch", "wave", "halt"])
def test_postures_rest_on_the_ground(name: str, variant: int, action: str) -> None:
    body = model(name, variant=variant)
    clip, skin = body.clip(action), body.parts[0].lods[0]
    assert clip.asked and np.allclose(clip.pose(0.0), clip.pose(1.0), atol=1e-5)
    heights = np.array([np.ptp(skin.posed(clip.pose(phase))[:, 2]) for phase in (0.0, 0.25, 0.6)])
    for phase in (0.0, 0.25, 0.6):
        assert skin.posed(clip.pose(phase))[:, 2].min() == pytest.approx(0.0, abs=0.06), "sinks, or floats"
    standing = body.size[2]
    low, high = {"sit": (0.40, 0.60), "crouch": (0.6, 0.75), "wave": (0.95, 1.15), "halt": (0.95, 1.15)}[action]
    assert (heights > low * standing).all() and (heights < high * standing).all()


def test_halt_shows_the_palm_ahead_at_the_height_of_the_face() -> None:
    body = model("person.adult", variant=1003)
    skeleton = body.skeleton
    assert skeleton is not None
    hand = body.clip("halt").pose(0.0)[skeleton.index("hand.R")]
    tip = hand @ np.array([*(skeleton.joint("palm.R") - np.array([0.0, 0.0, 0.08])), 1.0])
    wrist = hand @ np.array([*skeleton.joint("hand.R"), 1.0])
    assert wrist[0] > 0.35 and tip[2] > wrist[2] + 0.08
    palm = hand[:3, :3] @ np.array([0.0, 1.0, 0.0])  # the right palm looks to the left, arms down
    assert palm[0] > 0.9
