"""Sheet metal: a smooth solid on whose skin windows, lamps and seams are cut along exact curves.

An outline seen from the side, the front or above is swept into a prism; intersecting the solid with the prism
(Manifold, exact topology) leaves the outline's image on the skin. Only the skin's own triangles are kept, the cut faces
inside are not, so all regions together are the closed skin again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import manifold3d
import numpy as np
from manifold3d import Manifold as Solid
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import MultiPolygon, Polygon

from assets.mesh import Material, Mesh
from assets.solids import Field, smooth_normals, unit

SIDE = np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
FRONT = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
TOP = np.eye(3)
"""Views: columns are the body axes along an outline's first and second coordinate and along the sweep."""


def solid(vertices: ArrayLike, faces: ArrayLike) -> Solid:
    """A closed solid; raises ValueError if the triangles (F, 3) do not close."""
    mesh = manifold3d.Mesh(
        np.ascontiguousarray(vertices, dtype=np.float32), np.ascontiguousarray(faces, dtype=np.uint32)
    )
    made = Solid(mesh)
    if made.status() != manifold3d.Error.NoError:
        raise ValueError(f"triangles do not make a closed solid: {made.status()}")
    return made.as_original()


def prism(shape: Polygon | MultiPolygon, view: NDArray[np.float64], near: float, far: float) -> Solid:
    """An outline swept along a view's third axis from ``near`` to ``far`` [m].

    Side view: outline in (x, z), swept along y. Front view: (y, z) along x. Top: (x, y) along z.
    """
    rings = []
    for polygon in getattr(shape, "geoms", [shape]):
        if not polygon.is_empty:
            rings += [np.asarray(ring.coords)[:-1, :2] for ring in (polygon.exterior, *polygon.interiors)]
    made = manifold3d.CrossSection(rings, manifold3d.FillRule.EvenOdd).extrude(far - near)
    matrix = np.zeros((3, 4))
    matrix[:, :3] = view
    matrix[:, 3] = view[:, 2] * near
    return made.transform(matrix)


def both(shape: Polygon | MultiPolygon, near: float, far: float) -> Solid:
    """A side-view outline swept over both flanks, ``near`` to ``far`` [m] from the middle plane."""
    return prism(shape, SIDE, near, far) + prism(shape, SIDE, -far, -near)


def box(lower: tuple[float, float, float], upper: tuple[float, float, float]) -> Solid:
    """An axis-aligned box between two corners [m]."""
    size = np.subtract(upper, lower)
    return Solid.cube(tuple(size)).translate(lower)


@dataclass(eq=False)
class Pieces:
    """Triangles gathered from many pieces, by material, to become one mesh."""

    vertices: list[NDArray[np.float64]] = field(default_factory=list)
    normals: list[NDArray[np.float64]] = field(default_factory=list)
    faces: list[NDArray[np.int64]] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)
    uvs: list[NDArray[np.float64]] = field(default_factory=list)
    colors: list[NDArray[np.uint8]] = field(default_factory=list)

    def add(
        self,
        vertices: NDArray[np.float64],
        faces: NDArray[np.int64],
        material: Material,
        *,
        normals: NDArray[np.float64] | None = None,
        uvs: NDArray[np.float64] | None = None,
        shade: float = 1.0,
    ) -> None:
        """Adds triangles. Without ``normals`` they are flat (vertices are split); ``shade`` darkens the material."""
        if not len(faces):
            return
        if normals is None:
            corners = vertices[faces]
            across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            real = np.linalg.norm(across, axis=1) > 1e-12
            faces, across = faces[real], across[real]
            vertices, normals = vertices[faces].reshape(-1, 3), np.repeat(unit(across), 3, axis=0)
            uvs = None if uvs is None else uvs[faces].reshape(-1, 2)
            faces = np.arange(3 * len(faces)).reshape(-1, 3)
        else:
            used, faces = np.unique(faces, return_inverse=True)
            faces = faces.reshape(-1, 3)
            vertices, normals = vertices[used], normals[used]
            uvs = None if uvs is None else uvs[used]
        self.vertices.append(vertices)
        self.normals.append(normals)
        self.faces.append(faces)
        self.materials.append(material)
        self.uvs.append(np.zeros((len(vertices), 2)) if uvs is None else uvs)
        self.colors.append(np.full((len(vertices), 3), round(255 * shade), dtype=np.uint8))

    def add_solid(self, made: Solid, material: Material, *, crease: float = 40.0, shade: float = 1.0) -> None:
        """Adds a solid, its edges sharper than ``crease`` [degrees] kept sharp; 0 is flat all over."""
        if crease <= 0:
            mesh = made.to_mesh()
            table = np.asarray(mesh.vert_properties, dtype=np.float64)
            self.add(table[:, :3], np.asarray(mesh.tri_verts, dtype=np.int64), material, shade=shade)
            return
        mesh = made.calculate_normals(0, crease).to_mesh()
        table = np.asarray(mesh.vert_properties, dtype=np.float64)
        self.add(
            table[:, :3], np.asarray(mesh.tri_verts, dtype=np.int64), material, normals=unit(table[:, 3:6]), shade=shade
        )

    def mesh(self) -> Mesh:
        """One mesh of all that was added."""
        starts = np.cumsum([0] + [len(v) for v in self.vertices[:-1]])
        listed: list[Material] = []
        for material in self.materials:
            if material not in listed:
                listed.append(material)
        return Mesh(
            vertices=np.concatenate(self.vertices).astype(np.float32),
            normals=np.concatenate(self.normals).astype(np.float32),
            faces=np.concatenate([f + s for f, s in zip(self.faces, starts, strict=True)]).astype(np.int32),
            face_materials=np.concatenate(
                [np.full(len(f), listed.index(m)) for f, m in zip(self.faces, self.materials, strict=True)]
            ).astype(np.uint8),
            materials=tuple(listed),
            uvs=np.concatenate(self.uvs).astype(np.float32),
            colors=np.concatenate(self.colors),
        )


@dataclass(eq=False)
class Skin:
    """A solid's skin, divided into regions of one material each.

    Attributes:
        rest: what has not been given to a region yet.
        origin: the id by which Manifold knows triangles of the first skin.
        shape: the distance field it was made from; gives the normals.
    """

    rest: Solid
    shape: Field
    origin: int = field(init=False)
    regions: list[tuple[Solid, Material]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.origin = self.rest.original_id()

    def carve(self, tool: Solid) -> None:
        """Takes material away (a wheel arch); ``gather`` tells of what its walls are."""
        self.rest = self.rest - tool

    def imprint(self, tool: Solid, material: Material) -> None:
        """Gives the skin inside ``tool`` to ``material``, unless a region before has it."""
        inside, self.rest = self.rest.split(tool)
        self.regions.append((inside, material))

    def gather(self, into: Pieces, paint: Material, walls: Mapping[int, Material]) -> None:
        """Hands all triangles over: regions, the painted rest, and the walls of the tools (by id) that carved."""
        for made, material in (*self.regions, (self.rest, paint)):
            if made.is_empty():
                continue
            mesh = made.to_mesh()
            vertices = np.asarray(mesh.vert_properties, dtype=np.float64)[:, :3]
            faces = np.asarray(mesh.tri_verts, dtype=np.int64)
            runs = np.asarray(mesh.run_index, dtype=np.int64) // 3
            source = np.zeros(len(faces), dtype=np.int64)
            for identity, first, last in zip(mesh.run_original_id, runs[:-1], runs[1:], strict=True):
                source[first:last] = identity
            skin = faces[source == self.origin]
            if len(skin):
                into.add(vertices, skin, material, normals=self.shape.gradient(vertices))
            for finish in dict.fromkeys(walls.values()):
                inner = faces[np.isin(source, [tool for tool, of in walls.items() if of == finish])]
                if len(inner):
                    into.add(vertices, inner, finish)


def lathe(profile: ArrayLike, segments: int) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """A surface of revolution about y: ``profile`` (N, 2) of (y, radius), outside to its left when walked.

    Returns vertices, faces and smooth normals.
    """
    line = np.asarray(profile, dtype=np.float64)
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    vertices = np.concatenate(
        [np.stack([r * around[:, 0], np.full(segments, y), r * around[:, 1]], axis=1) for y, r in line]
    )
    ring = np.arange(segments)
    after = (ring + 1) % segments
    faces = []
    for i in range(len(line) - 1):
        a, b = i * segments, (i + 1) * segments
        faces += [
            np.stack([a + ring, b + ring, b + after], axis=1),
            np.stack([a + ring, b + after, a + after], axis=1),
        ]
    joined = np.concatenate(faces)
    return vertices, joined, smooth_normals(vertices, joined.astype(np.int32))
