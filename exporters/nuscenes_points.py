"""nuScenes-lidarseg and Panoptic nuScenes: a class, and an object, for every return of a keyframe's sweep.

Fong et al., "Panoptic nuScenes: A Large-Scale Benchmark for LiDAR Panoptic Segmentation and Tracking", RA-L 2022.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sensors.frames import ObjectState, Sweep
from sensors.taxonomy import LIDARSEG, LIDARSEG_OF_TAG, category

_LARGEST_INSTANCE = 999
"""Objects of a class in a scene: the panoptic code has three digits for them."""


def _table() -> NDArray[np.uint8]:
    table = np.full(256, LIDARSEG.index("static.other"), np.uint8)
    for tag, name in LIDARSEG_OF_TAG.items():
        table[tag] = LIDARSEG.index(name)
    return table


_INDEX_OF_TAG = _table()


def classes(sweep: Sweep, objects: Sequence[ObjectState]) -> NDArray[np.uint8]:
    """The number of the class of each return (N,): of its object's label, or by what it hit."""
    result = _INDEX_OF_TAG[sweep.returns["tag"]]
    hit = sweep.returns["object_id"]
    for state in objects:
        result[hit == state.track_id] = LIDARSEG.index(category(state.category).nuscenes)
    return result


class Instances:
    """Numbers of a scene's objects within their class, from 1 in the order in which they are first hit."""

    def __init__(self) -> None:
        self._numbers: dict[int, dict[int, int]] = {}

    def codes(self, sweep: Sweep, index: NDArray[np.uint8], objects: Mapping[int, ObjectState]) -> NDArray[np.uint16]:
        """The panoptic code of each return (N,): 1000 times its class, plus its object's number, 0 for none.

        Raises ValueError when a scene has more objects of a class than the code can tell.
        """
        result = index.astype(np.uint16) * np.uint16(1000)
        for track_id in np.unique(sweep.returns["object_id"]):
            if int(track_id) not in objects:
                continue
            here = sweep.returns["object_id"] == track_id
            numbers = self._numbers.setdefault(int(index[here][0]), {})
            number = numbers.setdefault(int(track_id), len(numbers) + 1)
            if number > _LARGEST_INSTANCE:
                raise ValueError(f"a scene has more than {_LARGEST_INSTANCE} objects of one class")
            result[here] += np.uint16(number)
        return result


def packed(codes: NDArray[np.uint16]) -> bytes:
    """The codes as Panoptic nuScenes' ``.npz`` file; the same codes give the same bytes."""
    file = io.BytesIO()
    np.savez_compressed(file, data=codes)
    return file.getvalue()
