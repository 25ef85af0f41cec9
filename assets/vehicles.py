"""Vehicles on four wheels or more, by their measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from assets import finishes as f
from assets import outfits, store
from assets.bodywork import Pieces, Solid
from assets.coachwork import Cargo, Face, coach, number_of, wheel_parts
from assets.doors import Door
from assets.mesh import Material
from assets.model import Model, Part
from assets.outfits import LIVERY, Outfit
from assets.plans import COUPE, MICROBUS, MICROCAR, OFFROAD, WEDGE
from assets.shell import Shell
from assets.tags import Tag
from assets.wheels import Wheel

Size = tuple[float, float, float]

HATCHBACK = (
    Shell(
        length=4.28, width=1.79, height=1.48,
        hull=(
            (2.14, 0.30), (2.17, 0.48), (2.14, 0.68), (2.00, 0.80), (1.60, 0.90), (1.10, 0.965), (0.80, 0.99),
            (0.0, 0.97), (-1.4, 1.00), (-2.02, 1.02), (-2.08, 0.90), (-2.12, 0.76), (-2.18, 0.58), (-2.16, 0.34),
            (-2.02, 0.23), (-1.5, 0.19), (1.5, 0.17), (2.00, 0.19),
        ),
        cabin=(
            (1.28, 0.80), (1.12, 0.93), (0.62, 1.22), (0.20, 1.44), (-0.35, 1.505), (-1.10, 1.495), (-1.72, 1.425),
            (-1.90, 1.36), (-2.12, 0.98), (-2.08, 0.75),
        ),
        plan=(
            (2.16, 0.0), (2.14, 0.42), (2.06, 0.70), (1.80, 0.85), (1.30, 0.895), (0.3, 0.895), (-0.9, 0.898),
            (-1.6, 0.885), (-2.02, 0.80), (-2.15, 0.58), (-2.17, 0.0),
        ),
        section=((0.15, 0.10), (0.28, 0.035), (0.48, 0.012), (0.62, 0.0), (0.74, 0.006), (0.88, 0.035), (1.02, 0.09)),
        tumble=((0.85, 0.055), (1.00, 0.095), (1.25, 0.20), (1.50, 0.34)),
        axles=(1.28, -1.35), wheel_radius=0.317, wheel_width=0.21, track=1.54,
    ),
    Face(
        belt=(0.97, 1.03), pillar=0.055, posts=((-0.17, 0.07), (-1.22, 0.06)), doors=(0.86, -0.20, -1.25),
        screen=(1.0, 1.375), backlight=(1.06, 1.36), lamps=(0.46, 0.90, 0.615, 0.755), tails=(0.47, 0.95, 0.80, 0.98),
        grille=(0.42, 0.635, 0.70), plates=(0.42, 0.70),
    ),
)  # fmt: skip

SEDAN = (
    Shell(
        length=4.72, width=1.83, height=1.45,
        hull=(
            (2.36, 0.30), (2.39, 0.47), (2.36, 0.66), (2.22, 0.78), (1.75, 0.88), (1.20, 0.95), (0.85, 0.975),
            (0.0, 0.96), (-1.2, 1.00), (-1.75, 1.04), (-2.22, 1.05), (-2.36, 1.02), (-2.35, 0.85), (-2.40, 0.62),
            (-2.38, 0.36), (-2.24, 0.24), (-1.6, 0.18), (1.6, 0.16), (2.22, 0.19),
        ),
        cabin=(
            (1.30, 0.80), (1.15, 0.92), (0.60, 1.22), (0.18, 1.40), (-0.35, 1.475), (-0.90, 1.455), (-1.30, 1.355),
            (-1.86, 1.06), (-2.00, 0.90), (-1.9, 0.75),
        ),
        plan=(
            (2.38, 0.0), (2.35, 0.44), (2.26, 0.72), (1.96, 0.87), (1.40, 0.915), (0.3, 0.915), (-1.0, 0.917),
            (-1.75, 0.90), (-2.22, 0.81), (-2.37, 0.58), (-2.39, 0.0),
        ),
        section=((0.15, 0.10), (0.28, 0.035), (0.48, 0.012), (0.62, 0.0), (0.74, 0.006), (0.88, 0.035), (1.04, 0.10)),
        tumble=((0.85, 0.06), (1.00, 0.11), (1.25, 0.22), (1.48, 0.37)),
        axles=(1.40, -1.40), wheel_radius=0.328, wheel_width=0.22, track=1.58, bow=(0.17, 0.12),
    ),
    Face(
        belt=(0.965, 1.025), pillar=0.055, posts=((-0.18, 0.07), (-1.13, 0.05)), doors=(0.90, -0.21, -1.18),
        screen=(0.995, 1.345), backlight=(1.075, 1.345), lamps=(0.48, 0.92, 0.60, 0.73),
        tails=(0.40, 0.95, 0.80, 0.955),
        grille=(0.45, 0.54, 0.71), plates=(0.37, 0.60), rim=10,
    ),
)  # fmt: skip

SUV = (
    Shell(
        length=4.55, width=1.86, height=1.68,
        hull=(
            (2.26, 0.38), (2.31, 0.60), (2.28, 0.82), (2.16, 0.97), (1.70, 1.06), (1.20, 1.11), (0.85, 1.13),
            (0.0, 1.11), (-1.4, 1.14), (-2.12, 1.16), (-2.20, 1.02), (-2.25, 0.86), (-2.31, 0.66), (-2.28, 0.40),
            (-2.14, 0.29), (-1.6, 0.25), (1.6, 0.22), (2.12, 0.25),
        ),
        cabin=(
            (1.30, 0.95), (1.12, 1.06), (0.66, 1.38), (0.28, 1.61), (-0.30, 1.71), (-1.20, 1.705), (-1.90, 1.63),
            (-2.06, 1.56), (-2.26, 1.12), (-2.20, 0.9),
        ),
        plan=(
            (2.29, 0.0), (2.27, 0.46), (2.18, 0.75), (1.90, 0.89), (1.40, 0.93), (0.3, 0.93), (-1.0, 0.933),
            (-1.75, 0.92), (-2.16, 0.84), (-2.28, 0.60), (-2.30, 0.0),
        ),
        section=((0.20, 0.10), (0.34, 0.035), (0.56, 0.012), (0.74, 0.0), (0.88, 0.005), (1.02, 0.035), (1.16, 0.09)),
        tumble=((1.0, 0.055), (1.14, 0.095), (1.40, 0.19), (1.70, 0.32)),
        axles=(1.36, -1.32), wheel_radius=0.362, wheel_width=0.235, track=1.60, flare=0.022,
    ),
    Face(
        belt=(1.11, 1.175), pillar=0.06, posts=((-0.18, 0.08), (-1.22, 0.08)), doors=(0.88, -0.22, -1.26),
        screen=(1.145, 1.56), backlight=(1.215, 1.55), lamps=(0.50, 0.95, 0.80, 0.925), tails=(0.55, 1.0, 0.92, 1.10),
        grille=(0.47, 0.62, 0.88), plates=(0.50, 0.84), skirt=0.42, cladding=0.055, rails=True,
    ),
)  # fmt: skip

VAN = (
    Shell(
        length=5.35, width=2.00, height=2.35,
        hull=(
            (2.64, 0.36), (2.70, 0.55), (2.68, 0.80), (2.62, 0.98), (2.42, 1.16), (2.10, 1.28), (1.7, 1.32),
            (0.0, 1.30), (-2.60, 1.30), (-2.68, 1.20), (-2.70, 0.70), (-2.69, 0.42), (-2.60, 0.32), (-1.6, 0.28),
            (1.6, 0.26), (2.52, 0.28),
        ),
        cabin=(
            (2.35, 1.05), (2.24, 1.20), (1.92, 1.62), (1.55, 2.12), (1.20, 2.33), (0.6, 2.39), (-2.2, 2.38),
            (-2.60, 2.36),
            (-2.66, 2.30), (-2.68, 1.3), (-2.68, 1.0),
        ),
        plan=(
            (2.69, 0.0), (2.66, 0.52), (2.54, 0.86), (2.25, 0.97), (1.70, 1.0), (0.3, 1.0), (-1.8, 1.0),
            (-2.60, 1.0), (-2.69, 0.96), (-2.69, 0.7), (-2.69, 0.0),
        ),
        section=((0.22, 0.07), (0.36, 0.03), (0.60, 0.008), (0.80, 0.0), (1.0, 0.004), (1.3, 0.02)),
        tumble=((1.0, 0.005), (1.4, 0.03), (1.9, 0.08), (2.4, 0.16)),
        axles=(1.72, -1.55), wheel_radius=0.345, wheel_width=0.225, track=1.72, bow=(0.14, 0.0), crown=0.03, edge=0.12,
    ),
    Face(
        belt=(1.27, 1.27), pillar=0.075, posts=((1.62, 0.05),), doors=(1.98, 0.92, -0.35), screen=(1.36, 2.02),
        backlight=(1.40, 1.95), lamps=(0.60, 1.0, 0.86, 1.08), tails=(0.86, 1.02, 0.85, 1.35),
        grille=(0.52, 0.82, 0.96),
        plates=(0.55, 0.78), glazed=(1.00, 9.0), rim=8, skirt=0.48,
    ),
)  # fmt: skip

PICKUP = (
    Shell(
        length=5.30, width=1.88, height=1.80,
        hull=(
            (2.62, 0.45), (2.68, 0.66), (2.66, 0.90), (2.54, 1.05), (2.05, 1.13), (1.50, 1.17), (1.15, 1.18),
            (0.0, 1.14), (-0.9, 1.15), (-2.58, 1.17), (-2.64, 1.16), (-2.66, 1.05), (-2.67, 0.70), (-2.68, 0.46),
            (-2.56, 0.38),
            (-1.6, 0.33), (1.6, 0.30), (2.48, 0.33),
        ),
        cabin=(
            (1.52, 1.0), (1.36, 1.12), (0.98, 1.42), (0.62, 1.72), (0.10, 1.83), (-0.45, 1.81), (-0.74, 1.74),
            (-0.86, 1.60), (-0.96, 1.20), (-0.95, 0.95),
        ),
        plan=(
            (2.67, 0.0), (2.64, 0.48), (2.54, 0.77), (2.24, 0.90), (1.60, 0.94), (0.3, 0.94), (-1.2, 0.94),
            (-2.50, 0.93), (-2.66, 0.89), (-2.67, 0.6), (-2.67, 0.0),
        ),
        section=((0.28, 0.08), (0.42, 0.03), (0.64, 0.010), (0.82, 0.0), (0.96, 0.005), (1.08, 0.028), (1.20, 0.07)),
        tumble=((1.05, 0.06), (1.20, 0.10), (1.50, 0.20), (1.82, 0.33)),
        axles=(1.62, -1.45), wheel_radius=0.385, wheel_width=0.26, track=1.58, flare=0.03, bow=(0.15, 0.02),
    ),
    Face(
        belt=(1.165, 1.20), pillar=0.06, posts=((0.18, 0.08),), doors=(1.16, 0.14, -0.78), screen=(1.20, 1.68),
        backlight=(1.24, 1.66), lamps=(0.55, 0.96, 0.86, 1.01), tails=(0.76, 1.0, 0.78, 1.12), grille=(0.50, 0.70, 1.0),
        plates=(0.52, 0.62), skirt=0.46, cladding=0.06, bed=(-2.58, -1.02, 0.76, 0.72),
    ),
)  # fmt: skip

TRUCK = (
    Shell(
        length=7.60, width=2.34, height=3.20,
        hull=(
            (3.74, 0.42), (3.81, 0.60), (3.81, 0.95), (3.78, 1.25), (3.72, 1.32), (2.6, 1.32), (2.05, 1.30),
            (2.04, 0.8),
            (2.05, 0.50), (2.2, 0.42), (2.9, 0.40), (3.6, 0.38),
        ),
        cabin=(
            (3.79, 1.0), (3.78, 1.30), (3.62, 1.75), (3.42, 2.20), (3.20, 2.42), (2.8, 2.47), (2.25, 2.46),
            (2.06, 2.40), (2.04, 1.3),
            (2.05, 0.9),
        ),
        plan=(
            (3.81, 0.0), (3.80, 0.60), (3.70, 1.0), (3.42, 1.09), (2.9, 1.10), (2.4, 1.10), (2.10, 1.10), (2.04, 1.05),
            (2.04, 0.7), (2.04, 0.0),
        ),
        section=((0.35, 0.05), (0.50, 0.02), (0.80, 0.0), (1.3, 0.0)),
        tumble=((1.0, 0.0), (1.35, 0.015), (1.9, 0.06), (2.5, 0.12)),
        axles=(2.95, -1.75), wheel_radius=0.44, wheel_width=0.30, track=1.86, bow=(0.10, 0.0), crown=0.03,
        edge=0.14, flare=0.0,
    ),
    Face(
        belt=(1.42, 1.42), pillar=0.10, posts=((3.32, 0.045),), doors=(3.42, 2.28), screen=(1.44, 2.18), backlight=None,
        lamps=(0.66, 1.06, 0.66, 0.84), tails=(0, 0, 0, 0), grille=(0.60, 0.92, 1.20), plates=(0.55, 0.80),
        glazed=(2.42, 9.0), skirt=0.60, bonnet=False, cargo=Cargo(-3.78, 1.90, 1.17, 1.02, 3.20),
    ),
)  # fmt: skip

BUS = (
    Shell(
        length=11.95, width=2.55, height=3.05,
        hull=(
            (5.90, 0.40), (5.97, 0.60), (5.97, 1.0), (5.93, 1.35), (5.90, 1.45), (0.0, 1.45), (-5.93, 1.45),
            (-5.97, 1.3),
            (-5.98, 0.8), (-5.96, 0.44), (-5.84, 0.36), (-2.0, 0.34), (2.0, 0.32), (5.74, 0.34),
        ),
        cabin=(
            (5.95, 1.0), (5.94, 1.35), (5.86, 2.1), (5.76, 2.85), (5.62, 3.04), (5.3, 3.07), (0.0, 3.07),
            (-5.6, 3.07), (-5.86, 3.03),
            (-5.94, 2.85), (-5.96, 1.4), (-5.95, 1.0),
        ),
        plan=(
            (5.97, 0.0), (5.95, 0.80), (5.86, 1.18), (5.60, 1.27), (5.0, 1.275), (0.0, 1.275), (-5.0, 1.275),
            (-5.75, 1.27),
            (-5.93, 1.16), (-5.97, 0.8), (-5.97, 0.0),
        ),
        section=((0.30, 0.03), (0.45, 0.01), (0.70, 0.0), (1.45, 0.0)),
        tumble=((0.9, 0.0), (1.4, 0.005), (2.2, 0.03), (3.1, 0.09)),
        axles=(3.25, -2.75), wheel_radius=0.48, wheel_width=0.30, track=2.18, bow=(0.10, 0.03), crown=0.03,
        edge=0.12, flare=0.0,
    ),
    Face(
        belt=(1.25, 1.25), pillar=0.13,
        posts=tuple((x, 0.07) for x in (4.75, 3.35, 1.95, 0.55, -0.85, -2.25, -3.65, -5.0)),
        doors=(), screen=(1.10, 2.62), backlight=(1.65, 2.60), lamps=(0.80, 1.20, 0.62, 0.84),
        tails=(0.92, 1.24, 0.80, 1.40),
        grille=(0.50, 0.76, 0.86), plates=(0.52, 0.62), skirt=0.42, bonnet=False,
        glass_doors=((4.62, 5.16, 0.46, 2.55), (5.20, 5.74, 0.46, 2.55), (-0.02, 0.56, 0.46, 2.55),
        (0.60, 1.18, 0.46, 2.55)),
    ),
)  # fmt: skip


def _centred(made: tuple[Part, ...], size: Size | None) -> tuple[Part, ...]:
    """Shifts the parts so that their box is centred over the origin; stretches the body the last bit to ``size``."""
    whole = store.model("", "", made)
    have = whole.size
    factor = np.ones(3) if size is None else np.divide(size, have)
    shift = np.array([whole.center[0], whole.center[1], 0.0])
    parts = []
    for part in made:
        place = part.body_from_part.copy()
        if part.name.startswith("wheel"):
            place[:3, 3] = (place[:3, 3] - shift) * np.array([factor[0], factor[1], 1.0])
            parts.append(replace(part, body_from_part=place))
            continue
        moved = np.zeros(3) if part.name.startswith("door") else shift
        lods = tuple(
            replace(mesh, vertices=((mesh.vertices - moved) * factor).astype(np.float32)) for mesh in part.lods
        )
        if part.name.startswith("door"):
            place[:3, 3] = (place[:3, 3] - shift) * factor
        parts.append(replace(part, lods=lods, body_from_part=place))
    return tuple(parts)


@dataclass(frozen=True)
class Kind:
    """A kind of vehicle.

    Attributes:
        name: catalogue name.
        category: class in the taxonomy.
        tag: of all its parts.
        shell, face: its shape and what is on it.
        rims: (spokes of the wheels to choose from, their material, radius of the rim over the wheel's).
        twin: whether the rear wheels are twins.
        doors: whether the side doors are parts of their own, which open.
        outfit: what is put on the body (a light bar).
    """

    name: str
    category: str
    tag: Tag
    shell: Shell
    face: Face
    rims: tuple[tuple[int, ...], Material, float] = ((5, 10, 7, 6), f.ALLOY, 0.68)
    twin: bool = False
    doors: bool = False
    outfit: Outfit | None = None

    def __call__(self, variant: int, size: Size | None) -> Model:
        """The model; see ``assets.catalog.model``."""
        if size is not None and (len(size) != 3 or min(size) < 0.5):
            raise ValueError(f"{self.name}: size is (length, width, height) in metres, not {size}")
        made = store.parts(self.name, variant, size, lambda: self._build(variant, size), __name__)
        return store.model(self.name, self.category, made)

    def _worn(self, shell: Shell) -> Outfit | None:
        """The outfit, made for the plain shell, moved along with one that was stretched."""
        outfit = self.outfit
        if outfit is None or shell is self.shell:
            return outfit
        factor = np.array([getattr(shell, edge) / getattr(self.shell, edge) for edge in ("length", "width", "height")])

        def worn(pieces: Pieces, body: Solid, level: int) -> None:
            added = Pieces()
            outfit(added, body.scale(tuple(1 / factor)), level)
            for index, vertices in enumerate(added.vertices):
                pieces.vertices.append(vertices * factor)
                normals = added.normals[index] / factor
                pieces.normals.append(normals / np.linalg.norm(normals, axis=1, keepdims=True))
            for name in ("faces", "materials", "uvs", "colors"):
                getattr(pieces, name).extend(getattr(added, name))

        return worn

    def _build(self, variant: int, size: Size | None) -> tuple[Part, ...]:
        shell = self.shell
        if size is not None:
            own = self(0, None).size
            shell = shell.scaled(*(want / have for want, have in zip(size, own, strict=True)))
        face = self.face if size is None else _stretched(self.face, self.shell, shell)
        made = coach(shell, face, number_of(variant), open_doors=self.doors, outfit=self._worn(shell))
        spokes, material, rim = self.rims
        measures = Wheel(
            shell.wheel_radius, shell.wheel_width, rim * shell.wheel_radius, spokes[variant % len(spokes)], material
        )
        parts = (
            Part("body", tuple(pieces.mesh() for pieces in made.body), np.eye(4), self.tag),
            *(_hung(door, leaves, self.tag) for door, leaves in made.doors),
            *wheel_parts(shell, measures, self.tag, self.twin),
        )
        return _centred(parts, size)


def _hung(door: Door, leaves: tuple[Pieces, ...], tag: Tag) -> Part:
    """A door as a part whose origin lies on its hinge."""
    place = np.eye(4)
    place[:3, 3] = door.hinge
    shift = np.array(door.hinge, dtype=np.float32)
    lods = tuple(replace(mesh, vertices=mesh.vertices - shift) for mesh in (leaf.mesh() for leaf in leaves))
    return Part(door.name, lods, place, tag)


def _stretched(face: Face, old: Shell, new: Shell) -> Face:
    """The face of a shell that was scaled."""
    x, y, z = new.length / old.length, new.width / old.width, new.height / old.height
    cargo = face.cargo
    return replace(
        face,
        belt=(face.belt[0] * z, face.belt[1] * z),
        posts=tuple((at * x, width) for at, width in face.posts),
        doors=tuple(at * x for at in face.doors),
        screen=(face.screen[0] * z, face.screen[1] * z),
        backlight=None if face.backlight is None else (face.backlight[0] * z, face.backlight[1] * z),
        lamps=(face.lamps[0] * y, face.lamps[1] * y, face.lamps[2] * z, face.lamps[3] * z),
        tails=(face.tails[0] * y, face.tails[1] * y, face.tails[2] * z, face.tails[3] * z),
        grille=(face.grille[0] * y, face.grille[1] * z, face.grille[2] * z),
        plates=(face.plates[0] * z, face.plates[1] * z),
        glazed=(face.glazed[0] * x, face.glazed[1] * x),
        skirt=face.skirt * z,
        glass_doors=tuple((a * x, b * x, c * z, d * z) for a, b, c, d in face.glass_doors),
        bed=None if face.bed is None else (face.bed[0] * x, face.bed[1] * x, face.bed[2] * y, face.bed[3] * z),
        cargo=None
        if cargo is None
        else Cargo(cargo.rear * x, cargo.front * x, cargo.half * y, cargo.low * z, cargo.high * z, cargo.finish),
        stripes=tuple((tuple((a * x, b * z) for a, b in outline), finish) for outline, finish in face.stripes),
    )


def _band(*corners: float) -> tuple[tuple[float, float], ...]:
    """A stripe from (x, z) to (x, z), the rest of the corners in turn."""
    return tuple(zip(corners[::2], corners[1::2], strict=True))


def _striped(face: Face, *stripes: tuple[str, tuple[float, ...]]) -> Face:
    return replace(face, stripes=tuple((_band(*corners), LIVERY[color]) for color, corners in stripes))


_DOORS_WHITE = ("white", (0.95, 0.25, 0.95, 0.97, -1.22, 1.0, -1.22, 0.25))
_CHECKS = tuple(
    (color, (x, low, x + 0.12, low, x + 0.12, low + 0.07, x, low + 0.07))
    for row, low in enumerate((0.76, 0.83))
    for k, x in enumerate(np.arange(-1.78, 0.95, 0.12).tolist())
    for color in (("black", "white")[(k + row) % 2],)
)
_BATTENBURG = tuple(
    (("yellow", "blue")[(k + row) % 2], (x, low, x + 0.36, low, x + 0.36, low + 0.20, x, low + 0.20))
    for row, low in enumerate((0.80, 1.00))
    for k, x in enumerate(np.arange(-2.6, 1.8, 0.36).tolist())
)
_FIRE = (("white", (3.9, 1.00, 3.9, 1.16, 2.0, 1.16, 2.0, 1.00)),)
_RED = replace(f.PAINT, name="box paint")

KINDS = (
    Kind("vehicle.hatchback", "car", Tag.CAR, *HATCHBACK),
    Kind("vehicle.sedan", "car", Tag.CAR, *SEDAN),
    Kind("vehicle.suv", "car", Tag.CAR, *SUV),
    Kind("vehicle.pickup", "car", Tag.CAR, *PICKUP),
    Kind("vehicle.van", "van", Tag.CAR, *VAN, rims=((8,), f.STEEL, 0.66)),
    Kind("vehicle.truck", "truck", Tag.TRUCK, *TRUCK, rims=((10,), f.STEEL, 0.58), twin=True),
    Kind("vehicle.bus", "bus", Tag.BUS, *BUS, rims=((10,), f.STEEL, 0.60), twin=True),
    Kind("vehicle.coupe", "car", Tag.CAR, *COUPE, rims=((10, 7, 5), f.ALLOY, 0.72)),
    Kind("vehicle.offroad", "car", Tag.CAR, *OFFROAD, rims=((8, 5), f.STEEL, 0.58)),
    Kind("vehicle.microcar", "car", Tag.CAR, *MICROCAR, rims=((6,), f.STEEL, 0.62)),
    Kind("vehicle.wedge", "car", Tag.CAR, *WEDGE, rims=((7,), f.PLASTIC, 0.66)),
    Kind("vehicle.microbus", "van", Tag.CAR, *MICROBUS, rims=((6,), f.CHROME, 0.60)),
    Kind("vehicle.police", "police_car", Tag.CAR, SEDAN[0], _striped(SEDAN[1], _DOORS_WHITE), outfit=outfits.police),
    Kind("vehicle.taxi", "car", Tag.CAR, SEDAN[0], _striped(SEDAN[1], *_CHECKS), outfit=outfits.taxi),
    Kind(
        "vehicle.ambulance", "ambulance", Tag.TRUCK, VAN[0], _striped(VAN[1], *_BATTENBURG),
        rims=((8,), f.STEEL, 0.66), outfit=outfits.ambulance,
    ),
    Kind(
        "vehicle.fire_engine", "fire_truck", Tag.TRUCK, TRUCK[0],
        _striped(replace(TRUCK[1], cargo=Cargo(-3.78, 1.90, 1.02, 0.80, 3.15, _RED)), *_FIRE),
        rims=((10,), f.STEEL, 0.58), twin=True, outfit=outfits.fire_engine,
    ),
    Kind(
        "vehicle.cola_truck", "truck", Tag.TRUCK, TRUCK[0],
        replace(TRUCK[1], cargo=Cargo(-3.78, 1.90, 1.02, 1.02, 3.20, _RED)), rims=((10,), f.STEEL, 0.58), twin=True,
        outfit=outfits.cola,
    ),
)  # fmt: skip
MODELS: dict[str, Callable[[int, Size | None], Model]] = {
    kind.name: kind
    for plain in KINDS
    for kind in ((plain, replace(plain, name=f"{plain.name}.doors", doors=True)) if plain.face.doors else (plain,))
}
"""Each kind, and beside it the same with doors that open (``vehicle.sedan.doors``)."""
