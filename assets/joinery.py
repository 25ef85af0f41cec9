"""A workbench for props: boxes, bars, turned and sawn pieces, foliage, lettered plates; fitted to a given size.

Frame: x forward, y left, z up, origin on the ground under the middle. Colours are sRGB in 0..255.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import Polygon

from assets import foliage, store
from assets.bodywork import TOP, Pieces, prism
from assets.mesh import Material, Mesh, Texture
from assets.model import Model, Part
from assets.pieces import Piece, cards, grid_faces, join, smooth_normals
from assets.pieces import box as flat_box
from assets.tags import Tag

Array = NDArray[np.float64]
Point = tuple[float, float, float]
Color = tuple[float, float, float]
Size = tuple[float, float, float]

PAINTED = Material("painted metal", (0.9, 0.9, 0.9), 0.45, clear_coat=0.3, lidar_reflectance=0.45)
PLASTIC = Material("plastic", (0.9, 0.9, 0.9), 0.5, lidar_reflectance=0.4)
METAL = Material("bare metal", (0.75, 0.75, 0.76), 0.35, metallic=0.6, lidar_reflectance=0.45)
WOOD = Material("wood", (0.9, 0.9, 0.9), 0.85, lidar_reflectance=0.4)
STONE = Material("stone", (0.9, 0.9, 0.9), 0.9, lidar_reflectance=0.35)
CARD = Material("cardboard", (0.9, 0.9, 0.9), 0.95, lidar_reflectance=0.5)
CLOTH = Material("fabric", (0.9, 0.9, 0.9), 0.95, lidar_reflectance=0.4)
RUBBER = Material("rubber", (0.9, 0.9, 0.9), 0.85, lidar_reflectance=0.1)
STRAW = Material("straw", (0.9, 0.9, 0.9), 1.0, lidar_reflectance=0.45)
FILM = Material("plastic film", (0.9, 0.9, 0.9), 0.35, clear_coat=0.4, lidar_reflectance=0.2)
GLASS = Material("pane", (0.10, 0.12, 0.12), 0.05, clear_coat=1.0, opacity=0.18, lidar_reflectance=0.06)
REFLECTIVE = Material("retro-reflective sheet", (0.9, 0.9, 0.9), 0.35, lidar_reflectance=3.0)
LIGHT = Material("lamp", (0.9, 0.9, 0.9), 0.3, emission=(1.2, 1.1, 0.9), lidar_reflectance=0.4)
LANTERN = Material("amber lamp", (0.9, 0.6, 0.1), 0.2, clear_coat=1.0, emission=(1.6, 0.7, 0.05), lidar_reflectance=2.0)

WHITE, BLACK, GREY, DARK = (225, 225, 222), (22, 22, 24), (130, 132, 134), (62, 64, 66)
RED, GREEN, BLUE, YELLOW, ORANGE = (178, 30, 32), (40, 92, 52), (36, 72, 140), (224, 178, 36), (226, 92, 24)
TIMBER, PALE_TIMBER, CARTON, CREAM, LEAF = (128, 84, 50), (176, 138, 92), (166, 124, 80), (222, 210, 182), (92, 128, 62)


def shaded(color: Color, factor: float) -> Color:
    """A colour made lighter or darker."""
    r, g, b = color
    return r * factor, g * factor, b * factor


@dataclass(eq=False)
class Kit:
    """Pieces of one level of detail of one prop.

    Attributes:
        level: 0 is the finest.
        random: the same draws at every level.
    """

    level: int
    random: np.random.Generator
    pieces: list[Piece] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        """Whether small things are worth their triangles."""
        return self.level == 0

    @property
    def sides(self) -> int:
        """Corners of what is round."""
        return (20, 10, 6)[self.level]

    def box(
        self, size: Size, center: Point, material: Material, color: Color, turn: float = 0.0, tilt: float = 0.0
    ) -> None:
        """A box around ``center`` [m]; ``tilt`` [rad] about y first (nose down), then ``turn`` about z."""
        made = flat_box(size, (0, 0, 0), material, np.array(color))
        self.pieces.append(made.moved(placed(center, turn, tilt)))

    def beam(self, start: Point, end: Point, width: float, height: float, material: Material, color: Color) -> None:
        """A square bar between two points."""
        a, b = np.array(start, float), np.array(end, float)
        made = flat_box((float(np.linalg.norm(b - a)), width, height), (0, 0, 0), material, np.array(color))
        self.pieces.append(made.moved(_along(a, b, middle=True)))

    def turned(
        self, profile: Sequence[tuple[float, float]], material: Material, color: Color, at: Point = (0, 0, 0),
        sides: int | None = None, scale: tuple[float, float] = (1.0, 1.0),
    ) -> None:  # fmt: skip
        """A surface of revolution about z through ``at``: (radius, z) from below to above; ``scale`` squeezes x, y."""
        made = _revolved(np.array(profile, float), sides or self.sides, material, color)
        matrix = np.diag([scale[0], scale[1], 1.0, 1.0])
        matrix[:3, 3] = at
        self.pieces.append(made.moved(matrix) if scale == (1.0, 1.0) else _stretched(made, matrix))

    def rod(
        self, start: Point, end: Point, radius: float, material: Material, color: Color, tip: float | None = None
    ) -> None:
        """A round bar with closed ends; ``tip`` is the radius at its end."""
        a, b = np.array(start, float), np.array(end, float)
        length, last = float(np.linalg.norm(b - a)), radius if tip is None else tip
        profile = np.array([[0.0, 0.0], [radius, 0.0], [last, length], [0.0, length]])
        sides = self.sides if radius > 0.05 else max(4, self.sides // 2)
        made = _revolved(profile, sides, material, color)
        self.pieces.append(made.moved(_along(a, b) @ _UPRIGHT))

    def pipe(self, path: ArrayLike, radius: float, material: Material, color: Color) -> None:
        """A bent round bar through points (N, 3)."""
        points = np.asarray(path, float)
        for a, b in itertools.pairwise(points):
            self.rod((a[0], a[1], a[2]), (b[0], b[1], b[2]), radius, material, color)

    def ball(self, center: Point, radii: Size, material: Material, color: Color, noise: float = 0.0) -> None:
        """An ellipsoid, its surface moved in and out by up to ``noise`` of its radii."""
        rings = (10, 6, 4)[self.level]
        angle = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
        profile = np.stack([np.cos(angle).clip(0), np.sin(angle)], -1)
        made = _revolved(profile, self.sides, material, color, smooth=True)
        vertices = made.vertices
        if noise:
            waves = self.random.normal(0, 1, (6, 3)) * 3
            vertices = vertices * (1 + noise * np.sin(vertices @ waves.T).mean(axis=1))[:, None]
        vertices = vertices * radii
        normals = made.vertices / np.array(radii)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        if noise:
            normals = _welded_normals(vertices, made.faces)
        self.pieces.append(replace(made, vertices=vertices + center, normals=normals))

    def plate(
        self, outline: Sequence[tuple[float, float]], thickness: float, material: Material, color: Color,
        place: Array | None = None,
    ) -> None:  # fmt: skip
        """A flat sawn piece: an outline in (x, y), swept up from z = 0, then moved by ``place`` (4, 4)."""
        bench = Pieces()
        bench.add_solid(prism(Polygon(outline), TOP, 0.0, thickness), material, crease=0)
        count = len(bench.vertices[0])
        made = Piece(
            bench.vertices[0], bench.faces[0], bench.normals[0], bench.vertices[0][:, :2],
            np.tile(np.array(color, float), (count, 1)), material,
        )  # fmt: skip
        self.pieces.append(made if place is None else made.moved(place))

    def picture(
        self, material: Material, center: Point, size: tuple[float, float], yaw: float, lean: float = 0
    ) -> None:
        """A textured sheet of ``size`` (width, height) [m] that faces ``yaw`` [rad] (0: +x), ``lean`` [rad] back."""
        half_y, half_z = size[0] / 2, size[1] / 2
        corners = np.array([[0, -half_y, -half_z], [0, half_y, -half_z], [0, half_y, half_z], [0, -half_y, half_z]])
        uvs = np.array([[0.0, 0.0], [1, 0], [1, 1], [0, 1]])
        made = Piece(
            corners, np.array([[0, 1, 2], [0, 2, 3]]), np.tile([1.0, 0, 0], (4, 1)), uvs * 0.998 + 0.001,
            np.full((4, 3), 255.0), material,
        )  # fmt: skip
        self.pieces.append(made.moved(placed(center, yaw, -lean)))

    def foliage(self, center: Point, radii: Size, count: int, leaf: float, color: Color = LEAF) -> None:
        """A bush of leaf cards [m] around ``center``."""
        count = max(6, count // (1, 3, 8)[self.level])
        outward = self.random.normal(0, 1, (count, 3))
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        centers = np.array(center) + outward * np.array(radii) * self.random.uniform(0.5, 0.92, (count, 1))
        facing = outward + self.random.normal(0, 0.5, (count, 3))
        facing /= np.linalg.norm(facing, axis=1, keepdims=True)
        across = np.cross([0.0, 0.0, 1.0], facing) + 1e-6
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        up = np.cross(facing, across)
        grown = leaf * (1.0, 1.7, 2.6)[self.level]
        tones = np.array(color, float) * self.random.uniform(0.75, 1.25, (count, 1)) * 1.15
        normals = outward + np.array([0.0, 0.0, 0.5])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        cells = foliage.cell(self.random.integers(0, foliage.CELLS**2, count))
        self.pieces.append(cards(centers, across * grown, up * grown, normals, tones, cells, foliage.broad_leaves()))


_UPRIGHT = np.array([[0.0, 0, 1, 0], [0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 1]])
"""Turns z into x, so that what was turned about z lies along x."""


def placed(center: Point, turn: float = 0.0, tilt: float = 0.0, roll: float = 0.0) -> Array:
    """Pose (4, 4): ``roll`` about x, ``tilt`` about y (nose down), ``turn`` about z [rad], then to ``center`` [m]."""
    (ct, st), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in (turn, tilt, roll))
    matrix = np.eye(4)
    about_z = np.array([[ct, -st, 0], [st, ct, 0], [0, 0, 1]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    matrix[:3, :3] = about_z @ about_y @ np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    matrix[:3, 3] = center
    return matrix


def _along(start: Array, end: Array, middle: bool = False) -> Array:
    """Pose (4, 4) whose x axis runs from ``start`` to ``end``, its origin at the start or in the middle."""
    x = (end - start) / np.linalg.norm(end - start)
    helper = np.array([1.0, 0, 0]) if abs(x[2]) > 0.9 else np.array([0, 0, 1.0])
    y = np.cross(helper, x)
    y /= np.linalg.norm(y)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([x, y, np.cross(x, y)], axis=1)
    pose[:3, 3] = (start + end) / 2 if middle else start
    return pose


def _stretched(piece: Piece, matrix: Array) -> Piece:
    normals = piece.normals / np.diag(matrix)[:3]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return replace(piece, vertices=piece.vertices @ matrix[:3, :3].T + matrix[:3, 3], normals=normals)


def _revolved(profile: Array, sides: int, material: Material, color: Color, smooth: bool = False) -> Piece:
    """Bands between the points of ``profile`` (N, 2: radius, z), creased between each other unless ``smooth``."""
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    around = np.stack([np.cos(angle), np.sin(angle)], -1)
    vertices, normals, faces, uvs, start = [], [], [], [], 0
    for (r0, z0), (r1, z1) in itertools.pairwise(profile):
        if r0 == r1 == 0:
            continue
        slope = np.array([z1 - z0, r0 - r1])
        slope = slope / np.linalg.norm(slope)
        for r, z in ((r0, z0), (r1, z1)):
            vertices.append(np.column_stack([around * r, np.full(sides + 1, z)]))
            across = vertices[-1] if smooth else np.column_stack([around * slope[0], np.full(sides + 1, slope[1])])
            normals.append(across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9))
            uvs.append(np.column_stack([angle / (2 * np.pi), np.full(sides + 1, z)]))
        faces.append(grid_faces(2, sides + 1)[:, ::-1] + start)
        start += 2 * (sides + 1)
    table = np.concatenate(vertices)
    listed = np.concatenate(faces)
    corners = table[listed]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    return Piece(
        table, listed[area > 1e-12], np.concatenate(normals), np.concatenate(uvs),
        np.tile(np.array(color, float), (len(table), 1)), material,
    )  # fmt: skip


def _welded_normals(vertices: Array, faces: Array) -> Array:
    """Smooth normals (V, 3) of vertices that lie on each other being shared."""
    _, first, shared = np.unique(np.round(vertices, 6), axis=0, return_index=True, return_inverse=True)
    shared = shared.reshape(-1)
    normals: Array = smooth_normals(vertices[first], shared[faces])[shared]
    return normals


@functools.cache
def lettered(
    name: str, text: str, ground: Color, ink: Color, *, wide: bool = True, border: bool = True, reflectance: float = 0.4
) -> Material:
    """A sheet with words; lines of ``text`` below each other."""
    height, width = (256, 512) if wide else (512, 256)
    picture = np.full((height, width, 3), ground, np.uint8)
    if border:
        cv2.rectangle(picture, (6, 6), (width - 7, height - 7), ink, 6)
    lines = text.split("\n")
    step = height / (len(lines) + 0.6)
    for number, line in enumerate(lines):
        (at_one, _), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_DUPLEX, 1.0, 2)
        scale = min(0.86 * width / max(at_one, 1), step / 34)
        (across, tall), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_DUPLEX, scale, 3)
        place = (int((width - across) / 2), int(step * (number + 0.8) + tall / 2))
        cv2.putText(picture, line, place, cv2.FONT_HERSHEY_DUPLEX, scale, ink, max(2, int(2.2 * scale)), cv2.LINE_AA)
    return printed(name, picture, reflectance)


def printed(name: str, picture: NDArray[np.uint8], reflectance: float = 0.4, emission: float = 0.0) -> Material:
    """A sheet with a picture (H, W, 3) sRGB, row 0 on top."""
    opaque = np.full((*picture.shape[:2], 1), 255, np.uint8)
    pixels = np.ascontiguousarray(np.concatenate([picture[::-1], opaque], -1))
    glow = (emission, emission, emission)
    return Material(name, (0.9, 0.9, 0.9), 0.5, lidar_reflectance=reflectance, texture=Texture(pixels), emission=glow)


Build = Callable[..., None]
"""(kit, variant) and whatever a recipe has bound with ``functools.partial``."""


@dataclass(frozen=True)
class Recipe:
    """How a prop is made.

    Attributes:
        build: adds the pieces of one level of detail, near to natural size.
        tag, category: of the model.
        levels: how many levels of detail.
    """

    build: Build
    tag: Tag = Tag.STATIC
    category: str = "static"
    levels: int = 3

    def model(self, name: str, variant: int, size: Size | None) -> Model:
        """The model, stretched so that its bounds have ``size`` [m]; standing on z = 0 around the origin."""
        if size is not None and (len(size) != 3 or min(size) <= 0):
            raise ValueError(f"{name}: size is (length, width, height) in metres, not {size}")
        module = getattr(self.build, "func", self.build).__module__
        made = store.parts(name, variant, size, lambda: self._parts(name, variant, size), module)
        return store.model(name, self.category, made)

    def _parts(self, name: str, variant: int, size: Size | None) -> tuple[Part, ...]:
        meshes = []
        for level in range(self.levels):
            kit = Kit(level, np.random.default_rng([variant, *name.encode()]))
            self.build(kit, variant)
            meshes.append(_fitted(join(kit.pieces), size))
        return (Part("body", tuple(meshes), np.eye(4), self.tag),)


def _fitted(mesh: Mesh, size: Size | None) -> Mesh:
    """Bounds centred over the origin, from z = 0 up, of exactly ``size``."""
    low, high = mesh.vertices.min(axis=0).astype(float), mesh.vertices.max(axis=0).astype(float)
    factor = np.ones(3) if size is None else np.array(size) / (high - low)
    foot = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    normals = mesh.normals / factor
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    vertices = (mesh.vertices - foot) * factor
    return replace(mesh, vertices=vertices.astype(np.float32), normals=normals.astype(np.float32))
