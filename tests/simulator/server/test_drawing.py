"""Debug shapes: what they are made of, how long they last, and how many there can be."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.server import drawing
from simulator.server.drawing import Drawing, decode_shape
from simulator.server.wire import Malformed


def wire(kind, body, life, color=(255, 0, 0)):
    return [[kind, body], list(color), life, True]


LINE = [[0.0, 0.0, 0.0], [10.0, 4.0, 1.0], 0.1]


def line(life):
    return decode_shape(wire(1, LINE, life))


def text(life, content="hello"):
    return decode_shape(wire(4, [[1.0, 2.0, 3.0], content, True], life))


def hud(life):
    return decode_shape(wire(6, LINE, life))


def frames(shape, count=6):
    """In how many frames of 0.1 s a shape is seen."""
    paper = Drawing()
    paper.add(shape, 1.0)
    seen = 0
    for frame in range(count):
        marks = paper.marks()
        seen += len(marks.segments) > 0 or len(marks.labels) > 0
        paper.expire(1.0 + 0.1 * (frame + 2))
    return seen


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (line(0.1), 1), (line(0.3), 3), (line(0.02), 1), (line(0.0), 6), (line(-1.0), 6),
        (text(0.25), 2), (text(-1.0), 1), (text(0.0), 6), (hud(-1.0), 1), (hud(0.2), 2),
    ],
)  # fmt: skip
def test_a_shape_lasts_as_long_as_it_was_given(shape, expected):
    assert frames(shape) == expected


def test_shapes_are_made_of_lines_in_our_frame():
    assert np.allclose(line(1).lines, [[[0, 0, 0], [10, -4, 1]]])
    point = decode_shape(wire(0, [[1.0, 2.0, 3.0], 0.1], 1))
    assert np.array_equal(point.lines[0, 0], point.lines[0, 1]) and point.in_pixels and point.width == pytest.approx(10)
    arrow = decode_shape(wire(2, [LINE, 0.5], 1))
    assert arrow.lines.shape == (5, 2, 3) and np.allclose(arrow.lines[1:, 1], [10, -4, 1])
    box = [[5.0, 0.0, 1.0], [2.0, 1.0, 0.5], [0.0, 0.0, 0.0], 0]
    edges = decode_shape(wire(3, [box, [0.0, 90.0, 0.0], 0.1], 1)).lines
    assert edges.shape == (12, 2, 3)
    lengths = np.sort(np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1))
    assert np.allclose(lengths, [1] * 4 + [2] * 4 + [4] * 4)
    assert np.allclose(np.ptp(edges.reshape(-1, 3), axis=0), [2, 4, 1])  # turned by a right angle


@pytest.mark.parametrize(
    "shape",
    [
        wire(9, LINE, 1),
        wire(1, LINE[:2], 1),
        wire(1, [[0, 0], [1, 1, 1], 0.1], 1),
        wire(1, [[float("nan"), 0, 0], [1, 1, 1], 0.1], 1),
        wire(4, [[0, 0, 0], 7, False], 1),
        [[1, LINE], [0, 0], 1, True],
        7,
    ],
)
def test_what_is_no_shape_is_told(shape):
    with pytest.raises(Malformed):
        decode_shape(shape)


def test_memory_stays_bounded_and_the_newest_stay(monkeypatch):
    monkeypatch.setattr(drawing, "MOST_SEGMENTS", 1000)
    paper = Drawing()
    for number in range(2500):
        paper.add(decode_shape(wire(1, [[float(number), 0, 0], [0, 0, 0], 0.1], 0)), 0.0)
        paper.add(text(0, f"text {number}"), 0.0)
    marks = paper.marks()
    assert len(marks.segments) <= 1000 and marks.segments["start"][-1, 0] == 2499
    assert len(marks.labels) <= drawing.MOST_LABELS and marks.labels[-1].text == "text 2499"
    assert len(text(0, "x" * 10**6).text) == drawing.LONGEST_TEXT


def test_clearing_takes_lines_or_texts():
    paper = Drawing()
    paper.add(line(0), 0.0)
    paper.add(text(0), 0.0)
    paper.clear_shapes()
    assert not len(paper.marks().segments) and paper
    paper.clear_texts()
    assert not paper
