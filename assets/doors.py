"""Doors that open: a car's body hollowed out between them, seats in it, and the doors as parts of their own.

A door is a piece of the body's shell, ``THICKNESS`` deep, cut along its outline with a panel gap; its part's origin
lies on its hinge: side doors turn about their front edge.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from shapely.geometry import Point, Polygon
from shapely.geometry import box as rectangle
from shapely.ops import unary_union

from assets import finishes as f
from assets.bodywork import SIDE, Pieces, Solid, box, prism, solid
from assets.mesh import Material
from assets.shell import Shell
from assets.solids import Field, simplified

THICKNESS = 0.085
"""[m] of doors and of the shell around the cabin."""
GAP = 0.004
"""Half of a panel gap [m]."""
INNER = 700
"""Triangles of the cabin's wall."""
LINING = Material("lining", (0.045, 0.045, 0.05), roughness=0.9, lidar_reflectance=0.2)
SEAT = Material("seat", (0.07, 0.07, 0.075), roughness=0.9, lidar_reflectance=0.25)


@dataclass(frozen=True, eq=False)
class Door:
    """One side door.

    Attributes:
        name: of its part.
        side: +1 left, -1 right.
        outline: in (x, z) [m].
        hinge: (3,) [m] where its part's origin lies.
    """

    name: str
    side: float
    outline: Polygon
    hinge: tuple[float, float, float]


def side_doors(shell: Shell, edges: tuple[float, ...], belt: tuple[float, float], sill: float) -> list[Door]:
    """The doors between the seams at ``edges`` (x of the front edge, then of each door's rear edge)."""
    top = shell.height - 0.10
    glazed = unary_union([Polygon(shell.profile()).buffer(-0.05), rectangle(-99, 0, 99, max(belt) + 0.02)])
    arches = unary_union(
        [Point(axle, shell.wheel_radius).buffer(shell.wheel_radius + 0.12, quad_segs=12) for axle in shell.axles]
    )
    doors = []
    for number, (front, rear) in enumerate(itertools.pairwise(edges[:3])):
        panel = Polygon(
            [(front, sill), (front, belt[0]), (front - 0.05, top), (rear - 0.05, top), (rear, belt[1]), (rear, sill)]
        )
        outline = panel.intersection(glazed).difference(arches)
        outline = max(getattr(outline, "geoms", [outline]), key=lambda piece: piece.area)
        for side, word in ((1.0, "left"), (-1.0, "right")):
            y = side * (shell.half_width(belt[0]) - 0.02)
            name = f"door_{('front', 'rear')[number]}_{word}"
            doors.append(Door(name, side, outline, (front, y, 0.5 * (sill + belt[0]))))
    return doors


def cabin(shape: Field, shell: Shell, edges: tuple[float, ...], sill: float) -> Solid:
    """The hollow between the doors, from side to side, away from the wheel arches."""
    coarse = shape.values[::2, ::2, ::2]
    inside = Field((coarse + np.float32(THICKNESS)).astype(np.float32), shape.origin, 2 * shape.step)
    wall = solid(*simplified(*inside.mesh(), INNER))
    last = min(edges[1:3])
    room = box((last - 0.20, -9.0, sill), (edges[0] + 0.10, 9.0, 9.0))
    hollow = wall ^ room
    for axle in shell.axles:
        keep = Point(axle, shell.wheel_radius).buffer(shell.wheel_radius + 0.13, quad_segs=8)
        for near, far in ((shell.track / 2 - 0.30, 3.0), (-3.0, -shell.track / 2 + 0.30)):
            hollow = hollow - prism(keep, SIDE, near, far)
    return hollow.as_original()


def opening(door: Door, shell: Shell, gap: float) -> Solid:
    """The prism along which a door is cut, ``gap`` [m] wider (or, below 0, narrower) than the door."""
    near = 0.30 * shell.width
    low, high = sorted([door.side * near, door.side * 3.0])
    return prism(door.outline.buffer(gap, join_style="mitre"), SIDE, low, high).as_original()


def furnish(pieces: Pieces, shell: Shell, edges: tuple[float, ...], sill: float) -> None:
    """Seats, a dashboard and a steering wheel, on the left."""
    wide = shell.width / 2 - 0.25
    floor = sill + 0.02
    rows = [(edges[0] + edges[1]) / 2 - 0.15]
    if len(edges) > 2:
        rows.append((edges[1] + edges[2]) / 2 - 0.05)
    for row, x in enumerate(rows):
        for y in (-0.52 * wide, 0.52 * wide):
            half = 0.40 * wide if row == 0 else 0.5 * wide
            cushion = box((x - 0.24, y - half, floor), (x + 0.26, y + half, floor + 0.26))
            back = box((-0.07, -half, 0.0), (0.07, half, 0.58)).rotate((0, -16, 0))
            pieces.add_solid(cushion, SEAT, crease=0)
            pieces.add_solid(back.translate((x - 0.24, y, floor + 0.20)), SEAT, crease=0)
            rest = box((-0.05, -0.12, 0.0), (0.05, 0.12, 0.16)).rotate((0, -16, 0))
            pieces.add_solid(rest.translate((x - 0.41, y, floor + 0.79)), SEAT, crease=0)
    front = edges[0]
    pieces.add_solid(box((front - 0.22, -wide, floor + 0.34), (front + 0.08, wide, floor + 0.52)), f.PLASTIC, crease=0)
    ring = Solid.cylinder(0.03, 0.18, circular_segments=16) - Solid.cylinder(0.03, 0.145, circular_segments=16)
    spokes = box((-0.16, -0.02, 0.005), (0.16, 0.02, 0.025))
    wheel = (ring + spokes).rotate((0, -62, 0)).translate((front - 0.32, 0.52 * wide, floor + 0.52))
    pieces.add_solid(wheel, f.PLASTIC, crease=0)
