"""Curves of OpenDRIVE: cubics along a road, and the pieces of its reference line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)


@dataclass(frozen=True, eq=False)
class Cubics:
    """Piecewise cubics a + b ds + c ds^2 + d ds^3; ``starts`` (K,) ascending, ``coefficients`` (K, 4)."""

    starts: Array
    coefficients: Array

    @classmethod
    def read(cls, elements: Sequence[ElementTree.Element], start: str) -> Cubics:
        """From elements with attributes a, b, c, d and the given start attribute; none is the constant 0."""
        rows = sorted((float(e.get(start, 0)), *(float(e.get(k, 0)) for k in "abcd")) for e in elements)
        table = np.array(rows or [(0.0, 0.0, 0.0, 0.0, 0.0)])
        return cls(table[:, 0], table[:, 1:])

    def __call__(self, s: Array) -> Array:
        ds, (a, b, c, d) = self._local(s)
        return a + ds * (b + ds * (c + ds * d))

    def slope(self, s: Array) -> Array:
        ds, (_, b, c, d) = self._local(s)
        return b + ds * (2 * c + ds * 3 * d)

    def _local(self, s: Array) -> tuple[Array, Array]:
        index = np.clip(np.searchsorted(self.starts, s + 1e-9, side="right") - 1, 0, None)
        return s - self.starts[index], self.coefficients[index].T


@dataclass(frozen=True, eq=False)
class Geometry:
    """A piece of a reference line from ``s`` on: its start (x, y), heading, length and the numbers of its ``kind``."""

    s: float
    x: float
    y: float
    heading: float
    length: float
    kind: str
    numbers: dict[str, float]
    normalized: bool

    def point(self, ds: Array) -> tuple[Array, Array, Array]:
        """x, y [m] and heading [rad] (N,) at ``ds`` (N,) [m] from its start."""
        n = self.numbers
        if self.kind in ("line", "arc", "spiral"):
            start = n.get("curvature", n.get("curvStart", 0.0))
            rate = (n.get("curvEnd", start) - start) / max(self.length, 1e-9) if self.kind == "spiral" else 0.0
            s = ds[:, None] * (_NODES + 1) / 2
            angle = self.heading + start * s + rate * s**2 / 2
            scale = _WEIGHTS * ds[:, None] / 2
            x, y = np.sum(scale * np.cos(angle), axis=1), np.sum(scale * np.sin(angle), axis=1)
            return self.x + x, self.y + y, self.heading + start * ds + rate * ds**2 / 2
        if self.kind == "poly3":
            u, du = ds, np.ones_like(ds)
            v, dv = _cubic(n, "", ds)
        else:
            p = ds / max(self.length, 1e-9) if self.normalized else ds
            u, du = _cubic(n, "U", p)
            v, dv = _cubic(n, "V", p)
        c, s_ = math.cos(self.heading), math.sin(self.heading)
        return self.x + c * u - s_ * v, self.y + s_ * u + c * v, self.heading + np.arctan2(dv, du)


def _cubic(numbers: dict[str, float], axis: str, p: Array) -> tuple[Array, Array]:
    a, b, c, d = (numbers.get(k + axis, 0.0) for k in "abcd")
    return a + p * (b + p * (c + p * d)), b + p * (2 * c + 3 * p * d)


def geometries(element: ElementTree.Element) -> tuple[Geometry, ...]:
    """A road's reference line, in order; ValueError when it has none, or one of no finite course."""
    course = tuple(sorted((_geometry(e) for e in element.findall("planView/geometry")), key=lambda g: g.s))
    ends = [coordinate for g in course for part in g.point(np.array([0.0, g.length])) for coordinate in part]
    if not course or not np.isfinite(ends).all():
        raise ValueError(f"OpenDRIVE road {element.get('id')!r} has no course (planView/geometry)")
    return course


def _geometry(element: ElementTree.Element) -> Geometry:
    shape = next(iter(element), ElementTree.Element("line"))
    if shape.tag not in ("line", "arc", "spiral", "poly3", "paramPoly3"):
        raise ValueError(f"OpenDRIVE geometry {shape.tag!r} is not supported")
    numbers = {key: float(value) for key, value in shape.attrib.items() if key != "pRange"}
    s, x, y, heading, length = (float(element.get(key, 0)) for key in ("s", "x", "y", "hdg", "length"))
    return Geometry(s, x, y, heading, length, shape.tag, numbers, shape.get("pRange") != "arcLength")
