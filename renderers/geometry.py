"""Meshes on the device: one pool of vertices and indices for rigid meshes and one for skinned, drawn indirectly."""

from __future__ import annotations

from dataclasses import dataclass

import moderngl
import numpy as np
from numpy.typing import NDArray

from assets.mesh import Material, Mesh
from renderers.context import Context
from renderers.textures import TextureArray

RIGID_VERTEX = np.dtype(
    [("position", "f4", 3), ("normal", "f4", 3), ("uv", "f4", 2), ("color", "u1", 4), ("material", "u4")]
)
SKINNED_VERTEX = np.dtype([*RIGID_VERTEX.descr, ("bones", "u1", 4), ("weights", "f4", 4)])
INSTANCE = np.dtype([("current", "f4", (3, 4)), ("previous", "f4", (3, 4)), ("ids", "u4", 4), ("tint", "f4", 4)])
"""One drawn copy. ``current``, ``previous``: rows of the (3, 4) matrices from the mesh to the world relative to the
current camera's position. ``ids``: object id, tag, mask of lit lamps, first bone (previous bones in the high half)."""
MATERIAL = np.dtype(
    [
        ("base", "f4", 3),
        ("roughness", "f4"),
        ("metallic", "f4"),
        ("clear_coat", "f4"),
        ("opacity", "f4"),
        ("alpha_cutoff", "f4"),
        ("emission", "f4", 3),
        ("paint", "f4"),
        ("lamp", "u4"),
        ("layer", "i4"),
        ("pad", "u4", 2),
    ]
)
LEAST_BYTES = 1 << 20
"""Of a pool's buffers."""
COMMAND = np.dtype(
    [("count", "u4"), ("instances", "u4"), ("first_index", "u4"), ("base_vertex", "i4"), ("base_instance", "u4")]
)


@dataclass(frozen=True)
class Kind:
    """A way of drawing triangles; each has its own program, so that plain ones pay for nothing they lack."""

    textured: bool
    holes: bool
    open: bool
    glass: bool = False

    @property
    def defines(self) -> dict[str, object]:
        """What the shaders are compiled with."""
        return {name: 1 for name, on in (("TEXTURED", self.textured), ("HOLES", self.holes), ("OPEN", self.open)) if on}


KINDS = (
    Kind(False, False, False),
    Kind(True, False, False),
    Kind(False, False, True),
    Kind(True, False, True),
    Kind(True, True, False),
    Kind(True, True, True),
    Kind(False, False, False, glass=True),
    Kind(True, False, False, glass=True),
)


def kind_of(material: Material) -> int:
    """Index into KINDS of the way in which ``material`` is drawn."""
    textured = material.texture is not None
    if material.opacity < 1:
        return KINDS.index(Kind(textured, False, False, glass=True))
    return KINDS.index(Kind(textured, textured and material.alpha_cutoff > 0, material.double_sided))


class Materials:
    """Table of all materials, by identity, and of the names of lamp groups."""

    def __init__(self, context: Context, textures: TextureArray) -> None:
        self._context, self._textures = context, textures
        self._index: dict[Material, int] = {}
        self._rows: list[NDArray[np.void]] = []
        self._lamps: dict[str, int] = {}
        self._buffer: moderngl.Buffer | None = None
        self._uploaded = 0

    def index(self, material: Material) -> int:
        """Row of ``material``; raises ValueError beyond 65535 materials, the most that the id target can name."""
        if material not in self._index:
            if len(self._rows) > 0xFFFF:
                raise ValueError("more than 65535 materials in one Raster; share Material objects between meshes")
            row = np.zeros((), MATERIAL)
            row["base"], row["roughness"], row["metallic"] = material.base_color, material.roughness, material.metallic
            row["clear_coat"], row["opacity"], row["emission"] = (
                material.clear_coat,
                material.opacity,
                material.emission,
            )
            row["alpha_cutoff"], row["paint"] = material.alpha_cutoff, material.paint
            row["lamp"] = 0 if material.lamp is None else self.lamp_mask(frozenset((material.lamp,)))
            row["layer"] = -1 if material.texture is None else self._textures.layer(material.texture)
            self._index[material] = len(self._rows)
            self._rows.append(row)
        return self._index[material]

    def lamp_mask(self, names: frozenset[str]) -> int:
        """Bit mask of lamp groups; raises ValueError at the 33rd name."""
        for name in sorted(names):
            if self._lamps.setdefault(name, len(self._lamps)) > 31:
                raise ValueError(f"more than 32 lamp groups: {', '.join(self._lamps)}")
        return sum(1 << self._lamps[name] for name in names)

    def finish(self) -> NDArray[np.float32]:
        """Metallic and roughness (N, 2) of all rows."""
        return np.array([(row["metallic"], row["roughness"]) for row in self._rows], np.float32).reshape(-1, 2)

    def use(self, binding: int) -> None:
        """Binds the table as a storage buffer."""
        if self._buffer is None or self._uploaded < len(self._rows):
            if self._buffer is not None:
                self._buffer.release()
            self._buffer = self._context.gl.buffer(np.stack(self._rows).tobytes() if self._rows else bytes(64))
            self._uploaded = len(self._rows)
        self._buffer.bind_to_storage_buffer(binding)


class _Rows:
    """A buffer that rows are added to; one twice as large takes its place when it is full."""

    def __init__(self, gl: moderngl.Context) -> None:
        self._gl = gl
        self._used = 0
        self._added: list[bytes] = []
        self.buffer: moderngl.Buffer | None = None

    def add(self, rows: NDArray[np.generic]) -> None:
        """They lie behind the others; they are uploaded later."""
        self._added.append(rows.tobytes())

    def upload(self) -> bool:
        """Bring the buffer up to date; whether it is another one now."""
        data = b"".join(self._added)
        self._added.clear()
        full, old = self.buffer is None or self.buffer.size < self._used + len(data), self.buffer
        if full:
            self.buffer = self._gl.buffer(reserve=max(LEAST_BYTES, 2 * (self._used + len(data))))
            if old is not None:
                self._gl.copy_buffer(self.buffer, old, self._used)
                old.release()
        assert self.buffer is not None
        if data:
            self.buffer.write(data, offset=self._used)
            self._used += len(data)
        return full


class Pool:
    """Vertices and indices of many meshes, and for each mesh its range of indices of each kind.

    Attributes:
        first, count: (M, len(KINDS)) int64, ranges of indices by mesh number and kind.
        base: (M,) int64, first vertex.
        version: counts the buffers' replacements, after which vertex arrays over them must be made again.
    """

    def __init__(self, context: Context, materials: Materials, skinned: bool) -> None:
        self._materials, self.skinned = materials, skinned
        self._dtype = SKINNED_VERTEX if skinned else RIGID_VERTEX
        self._numbers: dict[Mesh, int] = {}
        self._vertices, self._indices = _Rows(context.gl), _Rows(context.gl)
        self._vertex_total = self._index_total = self._uploaded = self.version = 0
        self.first = np.zeros((0, len(KINDS)), np.int64)
        self.count = np.zeros((0, len(KINDS)), np.int64)
        self.base = np.zeros(0, np.int64)

    @property
    def vertex_buffer(self) -> moderngl.Buffer | None:
        """Rows of RIGID_VERTEX or SKINNED_VERTEX."""
        return self._vertices.buffer

    @property
    def index_buffer(self) -> moderngl.Buffer | None:
        """uint32, counted from a mesh's first vertex."""
        return self._indices.buffer

    def number(self, mesh: Mesh) -> int:
        """The mesh's row in the tables; the mesh is kept alive from then on."""
        if mesh not in self._numbers:
            self._numbers[mesh] = len(self._numbers)
            self._add(mesh)
        return self._numbers[mesh]

    def _add(self, mesh: Mesh) -> None:
        numbers = np.array([self._materials.index(m) for m in mesh.materials], np.int64)
        kinds = np.array([kind_of(m) for m in mesh.materials], np.int64)
        # A vertex is repeated for each material that uses it: the material rides on the vertex, not on the face.
        corner_material = np.repeat(numbers[mesh.face_materials], 3)
        pairs, inverse = np.unique(corner_material << 32 | mesh.faces.reshape(-1), return_inverse=True)
        source = pairs & 0xFFFFFFFF
        rows = np.zeros(len(pairs), self._dtype)
        rows["position"], rows["normal"], rows["uv"] = mesh.vertices[source], mesh.normals[source], mesh.uvs[source]
        rows["color"][:, :3], rows["color"][:, 3] = mesh.colors[source], 255
        rows["material"] = pairs >> 32
        if self.skinned:
            assert mesh.bone_indices is not None and mesh.bone_weights is not None
            rows["bones"], rows["weights"] = mesh.bone_indices[source], mesh.bone_weights[source]
        face_kinds = kinds[mesh.face_materials]
        order = np.argsort(face_kinds, kind="stable")
        count = np.bincount(face_kinds, minlength=len(KINDS)) * 3
        first = self._index_total + np.concatenate(([0], np.cumsum(count)[:-1]))
        self.first = np.concatenate((self.first, first[None]))
        self.count = np.concatenate((self.count, count[None]))
        self.base = np.append(self.base, self._vertex_total)
        self._vertices.add(rows)
        self._indices.add(inverse.reshape(-1, 3)[order].reshape(-1).astype(np.uint32))
        self._vertex_total += len(rows)
        self._index_total += len(mesh.faces) * 3

    def upload(self) -> None:
        """Brings the buffers up to date with the meshes added."""
        if self._uploaded == len(self._numbers):
            return
        replaced = [rows.upload() for rows in (self._vertices, self._indices)]
        self._uploaded = len(self._numbers)
        self.version += any(replaced)

    def commands(
        self, kind: int, meshes: NDArray[np.int64], counts: NDArray[np.int64], first_instance: NDArray[np.int64]
    ) -> NDArray[np.void]:
        """Indirect draws of ``kind`` for runs of instances: (R,) mesh numbers, run lengths and starts."""
        rows = np.zeros(len(meshes), COMMAND)
        rows["count"], rows["first_index"] = self.count[meshes, kind], self.first[meshes, kind]
        rows["instances"], rows["base_vertex"], rows["base_instance"] = counts, self.base[meshes], first_instance
        return rows[rows["count"] > 0]
