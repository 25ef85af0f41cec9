"""The map's mask shows road and pavement where they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from exporters.publish import ExportError
from exporters.road_mask import MARGIN, RESOLUTION, road_mask

from .made_up import opendrive


def test_mask_of_a_known_road() -> None:
    found = road_mask("bend", opendrive())
    mask = cv2.imdecode(np.frombuffer(found.png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert mask.dtype == np.uint8
    assert set(np.unique(mask)) == {0, 255}

    ahead, left = np.array([np.cos(0.3), np.sin(0.3)]), np.array([-np.sin(0.3), np.cos(0.3)])

    def at(along: float, across: float) -> int:
        x, y = (np.array([-80, -40]) + along * ahead + across * left - found.world_from_map) / RESOLUTION
        return int(mask[round(len(mask) - y), round(x)])

    # Two lanes of 3 m and a pavement of 2 m on each side.
    assert [at(60, across) for across in (-7.8, -6.2, -5.8, -3, 0, 3, 5.8, 6.2, 7.8)] == [255] * 9
    assert [at(60, across) for across in (-8.3, 8.3, 20)] == [0] * 3
    assert [at(along, 0) for along in (0.2, 119.9)] == [255] * 2
    assert at(-1.0, 0) == 0
    # Half of the arc of 80 m with a radius of 100 m lies 7.9 m to the left of the tangent.
    middle = np.array([np.sin(0.4), 1 - np.cos(0.4)]) * 100
    assert at(120 + middle[0], middle[1]) == 255
    assert at(120 + 80, 0) == 0
    area = np.count_nonzero(mask) * RESOLUTION**2
    assert area == pytest.approx(200 * 16, rel=0.01)
    # No window of the devkit around a car on the road leaves the picture.
    rows, columns = np.nonzero(mask)
    margins = (rows.min(), columns.min(), len(mask) - rows.max(), mask.shape[1] - columns.max())
    assert min(margins) >= MARGIN / RESOLUTION - 5


@pytest.mark.parametrize("text", ["", "<OpenDRIVE></OpenDRIVE>", "not XML"])
def test_maps_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ExportError, match="map nowhere"):
        road_mask("nowhere", text)
