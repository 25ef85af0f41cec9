"""``outback_road``: a closed two-lane loop, so that traffic never runs off its end."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, radians, sin

import numpy as np
from scenariogeneration import xodr
from scipy.interpolate import CubicSpline


@dataclass(frozen=True)
class _Piece:
    """A stretch of reference line whose curvature [1/m] changes evenly; ``free`` straights close the loop."""

    length: float
    start: float = 0.0
    end: float = 0.0
    free: bool = False

    @property
    def turn(self) -> float:
        return self.length * (self.start + self.end) / 2

    def advance(self, x: float, y: float, heading: float) -> tuple[float, float, float]:
        """Pose (m, m, rad) at the end of the piece that starts at the given pose; Gauss-Legendre, exact to 1e-9 m."""
        node, weight = np.polynomial.legendre.leggauss(24)
        s = (node + 1) * self.length / 2
        angle = heading + self.start * s + (self.end - self.start) * s**2 / (2 * self.length)
        scale = weight * self.length / 2
        return x + float(np.sum(scale * np.cos(angle))), y + float(np.sum(scale * np.sin(angle))), heading + self.turn

    def geometry(self) -> xodr.Line | xodr.Arc | xodr.Spiral:
        if self.start == self.end == 0:
            return xodr.Line(self.length)
        if self.start == self.end:
            return xodr.Arc(self.start, length=self.length)
        return xodr.Spiral(self.start, self.end, length=self.length)


def _bend(degrees: float, radius: float, spiral: float = 60.0) -> list[_Piece]:
    """Spiral, arc, spiral: a bend of that angle (positive is left) and radius [m]."""
    curvature = np.sign(degrees) / radius
    arc = abs(radians(degrees)) * radius - spiral
    return [_Piece(spiral, 0, curvature), _Piece(arc, curvature, curvature), _Piece(spiral, curvature, 0)]


_LEGS: tuple[list[_Piece], ...] = (
    [_Piece(1, free=True), *_bend(119, 240)],
    [_Piece(170), *_bend(-21, 300), *_bend(112, 200), _Piece(40)],
    [_Piece(1, free=True), *_bend(-19, 420), *_bend(87, 220)],
    [_Piece(140), *_bend(82, 270), _Piece(60)],
)
"""The loop, cut into four roads. The bends turn by a full circle; two straights get the lengths that close it."""

_HEIGHTS = (0.0, 2.0, 4.6, 3.3, -0.6, -3.8, -1.4, 2.9, 5.9, 4.3, 0.3, -2.5, -4.3, -2.3, 0.9, 3.5, 2.8, -1.3)
"""Heights [m] at even distances around the loop; a periodic spline through them stays within 3 % of grade."""

_OUTBACK_ORIGIN = "+proj=tmerc +lat_0=-31.55 +lon_0=143.38 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"


def _closed(legs: tuple[list[_Piece], ...]) -> list[list[_Piece]]:
    """The legs with their two free straights stretched so that the end meets the start."""
    pose, directions = (0.0, 0.0, 0.0), []
    for piece in (piece for leg in legs for piece in leg):
        if piece.free:
            directions.append((cos(pose[2]), sin(pose[2])))
        else:
            pose = piece.advance(*pose)
    if abs(pose[2] - 2 * pi) > 1e-9:
        raise ValueError(f"the loop turns by {pose[2]:.4f} rad, not by a full circle")
    lengths = iter(np.linalg.solve(np.array(directions).T, [-pose[0], -pose[1]]))
    closed = [[_Piece(float(next(lengths))) if piece.free else piece for piece in leg] for leg in legs]
    if any(piece.length <= 0 for leg in closed for piece in leg):
        raise ValueError("the loop closes only with a straight of negative length; change its bends")
    return closed


def _lanes(length: float, bends: list[tuple[float, float]], wide: bool) -> xodr.Lanes:
    """One lane each way between sealed shoulders; no overtaking through ``bends`` (from, to) [m]."""
    mark, colour = xodr.RoadMarkType, xodr.RoadMarkColor.white
    centre = xodr.Lane(lane_type=xodr.LaneType.none)
    dashes = {"width": 0.1, "length": 3.0, "space": 9.0, "color": colour}
    changes = [(0.0, False)]
    for start, end in bends:
        changes += [(start, True), (end, False)]
    for s, solid in changes:
        if s < length and not (s == 0 and (0.0, True) in changes and not solid):
            if solid:
                line = xodr.RoadMark(mark.solid_solid, width=0.1, soffset=s, color=colour)
            else:
                line = xodr.RoadMark(mark.broken, soffset=s, **dashes)
            centre.add_roadmark(line)
    section = xodr.LaneSection(0, centre)
    for add in (section.add_left_lane, section.add_right_lane):
        lane = xodr.Lane(a=3.5)
        lane.add_roadmark(xodr.RoadMark(mark.solid, width=0.12, color=colour))
        shoulder = xodr.Lane(lane_type=xodr.LaneType.shoulder, a=0.8)
        if wide:  # 0.8 m to 1.4 m and back, over 80 m each
            rise, run = 0.6, 80.0
            shoulder.add_lane_width(0.8, 0, 3 * rise / run**2, -2 * rise / run**3, soffset=40)
            shoulder.add_lane_width(1.4, soffset=40 + run)
            shoulder.add_lane_width(1.4, 0, -3 * rise / run**2, 2 * rise / run**3, soffset=length - 40 - run)
            shoulder.add_lane_width(0.8, soffset=length - 40)
        shoulder.add_roadmark(xodr.RoadMark(mark.none))
        add(lane)
        add(shoulder)
    lanes = xodr.Lanes()
    lanes.add_lanesection(section)
    return lanes


def build() -> xodr.OpenDrive:
    """The map: a loop of four roads."""
    legs = _closed(_LEGS)
    lengths = [sum(piece.length for piece in leg) for leg in legs]
    total, count = sum(lengths), len(legs)
    knots = np.linspace(0, total, len(_HEIGHTS) + 1)
    heights = CubicSpline(knots, [*_HEIGHTS, _HEIGHTS[0]], bc_type="periodic")

    drive = xodr.OpenDrive("outback_road", revMinor="4", geo_reference=_OUTBACK_ORIGIN)
    pose, begin, roads = (0.0, 0.0, 0.0), 0.0, []
    for index, (leg, length) in enumerate(zip(legs, lengths, strict=True)):
        plan, s, bends = xodr.PlanView(), 0.0, []
        for piece in leg:
            plan.add_fixed_geometry(piece.geometry(), *pose, s)
            pose = piece.advance(*pose)
            if piece.start or piece.end:
                bends.append((s, s + piece.length))
            s += piece.length
        road = xodr.Road(index + 1, plan, _lanes(length, _merged(bends), wide=index % 2 == 0), name=f"Leg {index + 1}")
        road.add_type(xodr.RoadType.rural, 0, country="AU", speed=100, speed_unit="km/h")
        inner = knots[(knots > begin + 1) & (knots < begin + length - 1)]
        for start in [begin, *inner]:
            value = [float(heights(start, order)) for order in range(4)]
            road.add_elevation(float(start - begin), value[0], value[1], value[2] / 2, value[3] / 6)
        for lane in (-1, 1):
            side = -1.0 if lane < 0 else 1.0
            orientation = xodr.Orientation.positive if lane < 0 else xodr.Orientation.negative
            for number, (code, name, at) in enumerate((("274", "Speed_100", 60.0), ("warning", "Kangaroos", 170.0))):
                s = at if lane < 0 else length - at
                limit = 100 if code == "274" else None
                unit = "km/h" if code == "274" else None
                road.add_signal(
                    xodr.Signal(
                        s=s, t=side * 6.6, zOffset=1.6, country="AU", Type=code, subtype="-1",
                        id=str(1000 + index * 10 + number * 2 + (lane > 0)), name=name, dynamic=xodr.Dynamic.no,
                        orientation=orientation, value=limit, unit=unit,
                    )
                )  # fmt: skip
        road.add_predecessor(xodr.ElementType.road, (index - 1) % count + 1, xodr.ContactPoint.end)
        road.add_successor(xodr.ElementType.road, (index + 1) % count + 1, xodr.ContactPoint.start)
        roads.append(road)
        begin += length
    for road in roads:
        drive.add_road(road)
    drive.adjust_roads_and_lanes()
    return drive


def _merged(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans [m] joined where they touch."""
    merged: list[tuple[float, float]] = []
    for start, end in spans:
        if merged and start - merged[-1][1] < 1e-6:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged
