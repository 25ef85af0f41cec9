"""The holes of a dataset: conditions under which a class was never seen."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import prod

from orchestrator.conditions import LIGHTS, OCCLUSIONS, RANGES, WEATHERS
from orchestrator.statistics import Statistics, coverage_by

AXES = {1: RANGES, 2: OCCLUSIONS, 3: LIGHTS, 4: WEATHERS}


def holes(statistics: Statistics, name: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Single conditions under which a class was never labelled, and pairs of conditions that each occur, but never
    together. Both in the order of ``AXES``."""
    seen = coverage_by(statistics, *AXES).get(name, Counter())
    single = [value for k, axis in enumerate(AXES.values()) for value in axis if all(cell[k] != value for cell in seen)]
    pairs = []
    for (k, first), (m, second) in combinations(enumerate(AXES.values()), 2):
        together = {(cell[k], cell[m]) for cell in seen}
        pairs += [
            (a, b) for a in first for b in second if a not in single and b not in single and (a, b) not in together
        ]
    return single, pairs


def filled(statistics: Statistics, name: str) -> tuple[int, int]:
    """Combinations of range, occlusion, light and weather in which a class was labelled, and how many there are."""
    seen = coverage_by(statistics, *AXES).get(name, Counter())
    known = sum(all(value in axis for value, axis in zip(cell, AXES.values(), strict=True)) for cell in seen)
    return known, prod(len(axis) for axis in AXES.values())
