"""Framing by an onlooker: a picture with the principal point in its middle, and the rig's own in it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sensors.rig import CameraSpec, Mount
from simulator.witness import EstimatingWitness


@given(st.integers(2, 2000), st.integers(2, 2000), st.floats(0, 1), st.floats(0, 1))
def test_the_rigs_picture_lies_in_the_servers(width: int, height: int, right: float, down: float) -> None:
    spec = CameraSpec(
        name="C", width=width, height=height, fx=100, fy=100, cx=right * (width - 1), cy=down * (height - 1), rate=10,
        mount=Mount(translation=(0, 0, 0), rotation=(1, 0, 0, 0)),
    )  # fmt: skip
    framing, special = EstimatingWitness(None, np.random.default_rng(0)).framing(spec)
    assert special == {}
    assert framing.left >= 0 and framing.left + width <= framing.width <= 2 * width + 1
    assert framing.top >= 0 and framing.top + height <= framing.height <= 2 * height + 1
    assert abs((framing.width - 1) / 2 - framing.left - spec.cx) <= 0.25 + 1e-9
    assert abs((framing.height - 1) / 2 - framing.top - spec.cy) <= 0.25 + 1e-9
