"""What a validator finds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a dataset.

    Attributes:
        file: relative to the dataset's folder.
        field: what in the file, e.g. ``line 3, alpha`` or ``<token>, size``; empty for the whole file.
        message: what is wrong, with the value.
    """

    file: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: {self.message}" if self.field else f"{self.file}: {self.message}"


def decoded(path: Path, flags: int) -> NDArray[Any] | None:
    """A picture file's pixels (OpenCV's order), or None when the file is missing or broken.

    OpenCV fills the lost part of a file that was cut short with grey; such a file lacks its format's end mark.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    end = {b"\x89PN": b"IEND\xaeB`\x82", b"\xff\xd8\xff": b"\xff\xd9"}.get(data[:3])
    if end is None or not data.endswith(end):
        return None
    pixels: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return pixels
