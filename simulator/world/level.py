"""The level: what of a town clients may show, hide, paint and light during an episode.

The town itself is shared and never changes. ``Level.static`` is the town's own tuple until something was hidden,
painted or lit; then it is another tuple that shares all meshes and, where nothing changed, the placements.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import IntFlag
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Mesh, Texture
from assets.tags import Tag
from renderers.scene import Instance, Lights, Placement
from simulator.world.furniture import Furniture
from simulator.world.lamps import Lamps, LightState
from simulator.world.obstacle import Obstacle

Array = NDArray[np.float64]

NO_LIGHTS = Lights()
COVER_REACH = 100.0
"""Plants that are not drawn as far as this [m] are ground cover: part of the scenery, but no objects of their own."""


class Layer(IntFlag):
    """CARLA's map layers (``rpc::MapLayer``)."""

    NONE = 0
    BUILDINGS = 1
    DECALS = 2
    FOLIAGE = 4
    GROUND = 8
    PARKED_VEHICLES = 16
    PARTICLES = 32
    PROPS = 64
    STREET_LIGHTS = 128
    WALLS = 256
    ALL = 0xFFFF


_LAYERS = {
    Tag.BUILDINGS: Layer.BUILDINGS,
    Tag.VEGETATION: Layer.FOLIAGE,
    Tag.TERRAIN: Layer.GROUND,
    Tag.GROUND: Layer.GROUND,
    Tag.WALLS: Layer.WALLS,
    Tag.FENCES: Layer.WALLS,
    Tag.POLES: Layer.PROPS,
    Tag.STATIC: Layer.PROPS,
    Tag.DYNAMIC: Layer.PROPS,
    Tag.OTHER: Layer.PROPS,
} | dict.fromkeys((Tag.CAR, Tag.TRUCK, Tag.BUS, Tag.MOTORCYCLE, Tag.BICYCLE), Layer.PARKED_VEHICLES)
"""By tag. The rest belongs to no layer and is always loaded, as in CARLA: roads, sidewalks, lines, signs, lights."""


class Town(Protocol):
    """What the level needs of a town."""

    @property
    def static(self) -> tuple[Placement, ...]: ...

    @property
    def obstacles(self) -> Sequence[Obstacle]: ...


@dataclass(frozen=True, eq=False)
class LevelObject:
    """One thing of the level.

    Attributes:
        id: stays the same for the same town. name: unique.
        world_from_mesh: (4, 4), where it stands.
        world_from_box, size: (4, 4) rigid and (length, width, height) [m], its box, tight to its finest mesh.
    """

    id: int
    name: str
    tag: Tag
    layer: Layer
    world_from_mesh: Array
    world_from_box: Array
    size: tuple[float, float, float]


def layer_of(placement: Placement) -> Layer:
    """The map layer that a placement belongs to."""
    if isinstance(placement, Furniture) and placement.lamp is not None and placement.tag == Tag.POLES:
        return Layer.STREET_LIGHTS
    return _LAYERS.get(placement.tag, Layer.NONE)


def is_cover(placement: Placement) -> bool:
    """Whether its copies are too many and too small to be objects: grass."""
    return placement.tag == Tag.VEGETATION and placement.reach < COVER_REACH


class Level:
    """The state of a town's things in one episode.

    Attributes:
        fixtures: instances that belong to the level and may change at any tick (heads of traffic lights); the world's
            scene shows them after its bodies.
        loaded: the map layers that are there.
        lamps: the lights; switch them by ``set_light`` and ``daylight``.
    """

    def __init__(self, town: Town) -> None:
        self._town = town
        counts = [len(placement.world_from_mesh) for placement in town.static]
        self._first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._shown = np.ones(self._first[-1], bool)
        self._lit = np.zeros(self._first[-1], bool)
        self._painted: dict[int, Texture] = {}
        self._made: dict[int, tuple[bytes, tuple[Placement, ...]]] = {}
        self._meshes: dict[tuple[Mesh, Texture], Mesh] = {}
        self._listed: dict[int, list[LevelObject]] = {}
        self._static: tuple[Placement, ...] | None = town.static
        self._obstacles: tuple[Obstacle, ...] | None = tuple(town.obstacles)
        self._present: NDArray[np.bool_] | None = None
        self._hidden_fixtures: set[int] = set()
        self.lamps = Lamps(town.static, self._first)
        self.fixtures: list[Instance] = []
        self.loaded = Layer.ALL

    # -- what is there ------------------------------------------------------------------------------------------------

    @property
    def static(self) -> tuple[Placement, ...]:
        """What is drawn; the tuple is another one only after something was shown, hidden, painted or lit."""
        if self._static is None:
            parts = [self._placements(number) for number in range(len(self._town.static))]
            made = tuple(placement for part in parts for placement in part)
            unchanged = len(made) == len(self._town.static) and all(
                a is b for a, b in zip(made, self._town.static, strict=True)
            )
            self._static = self._town.static if unchanged else made
        return self._static

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """What stops bodies; another tuple only after something was shown or hidden."""
        if self._obstacles is None:
            there = self._there
            gone = {
                id(obstacle)
                for number, placement in enumerate(self._town.static)
                if isinstance(placement, Furniture)
                for copy in np.flatnonzero(~there[self._span(number)])
                for obstacle in placement.obstacles_of(int(copy))
            }
            self._obstacles = tuple(o for o in self._town.obstacles if id(o) not in gone)
        return self._obstacles

    @property
    def shown_fixtures(self) -> list[Instance]:
        """The fixtures that are not hidden."""
        if not self._hidden_fixtures:
            return self.fixtures
        return [f for number, f in enumerate(self.fixtures) if number not in self._hidden_fixtures]

    def objects(self, tag: int | None = None) -> list[LevelObject]:
        """What of the level is there now, of one tag or of all; hidden things too, but not what is not loaded."""
        there = [
            item
            for number, placement in enumerate(self._town.static)
            if tag is None or placement.tag == tag
            if not is_cover(placement) and (layer_of(placement) & self.loaded or layer_of(placement) == Layer.NONE)
            for item in self._objects_of(number)
        ]
        for number, fixture in enumerate(self.fixtures):
            if tag is None or fixture.tag == tag:
                there.append(_fixture(number, fixture))
        return there

    @cached_property
    def _names(self) -> list[str]:
        """The name of each placement's copies, without their number."""
        seen: dict[str, int] = {}
        names = []
        for placement in self._town.static:
            name = placement.name if isinstance(placement, Furniture) and placement.name else _plain(placement.tag)
            seen[name] = seen.get(name, 0) + 1
            names.append(f"{name}_{seen[name]}")
        return names

    def _objects_of(self, number: int) -> list[LevelObject]:
        """A placement's copies, listed once: a city has tens of thousands."""
        if number not in self._listed:
            self._listed[number] = self._list(number)
        return self._listed[number]

    def _list(self, number: int) -> list[LevelObject]:
        placement, layer = self._town.static[number], layer_of(self._town.static[number])
        poses, sizes = boxes(placement.lods[0], placement.world_from_mesh)
        return [
            LevelObject(
                id=_id(number, copy),
                name=f"{self._names[number]}_{copy + 1}",
                tag=Tag(placement.tag),
                layer=layer,
                world_from_mesh=placement.world_from_mesh[copy],
                world_from_box=poses[copy],
                size=(float(sizes[copy, 0]), float(sizes[copy, 1]), float(sizes[copy, 2])),
            )
            for copy in range(len(placement.world_from_mesh))
        ]

    # -- changes ------------------------------------------------------------------------------------------------------

    def show(self, ids: Collection[int], shown: bool) -> list[int]:
        """Shows or hides objects, with what they stop; returns the ids that name none."""
        unknown, rows = [], []
        for number in ids:
            row = self._row(number)
            if row is not None:
                rows.append(row)
            elif number >> _COPY_BITS == 0 and 1 <= number <= len(self.fixtures):
                (self._hidden_fixtures.discard if shown else self._hidden_fixtures.add)(number - 1)
            else:
                unknown.append(number)
        if rows and (self._shown[rows] != shown).any():
            self._shown[rows] = shown
            self._changed()
        return unknown

    def load(self, layers: Layer) -> None:
        """Brings map layers back; what was hidden in them is shown again."""
        self._set_layers(self.loaded | layers, layers & ~self.loaded)

    def unload(self, layers: Layer) -> None:
        """Takes map layers away, with what they stop."""
        self._set_layers(self.loaded & ~layers, Layer.NONE)

    def _set_layers(self, loaded: Layer, fresh: Layer) -> None:
        if loaded == self.loaded:
            return
        self.loaded = loaded
        for number, placement in enumerate(self._town.static):
            if layer_of(placement) & fresh:
                self._shown[self._span(number)] = True
        self._changed()

    def _changed(self) -> None:
        """What was hidden neither shows nor stops anything, nor does it shine."""
        self._static = self._obstacles = self._present = None
        self.lamps.forget()

    def paint(self, name: str, texture: Texture) -> bool:
        """Gives an object another diffuse texture; False when there is none of that name."""
        row = self._rows_by_name.get(name)
        if row is None:
            return False
        self._painted[row] = texture
        self._static = None
        return True

    def daylight(self, sun_altitude: float) -> bool:
        """Lamps go on at dusk and off at dawn, unless told not to; whether any changed. ``sun_altitude`` [rad]."""
        changed = self.lamps.follow(sun_altitude)
        if changed:
            self._light_up()
        return changed

    def set_light(self, number: int, state: LightState) -> bool:
        """Sets a light by its number in ``lamps``; False when there is none."""
        if not self.lamps.set(number, state):
            return False
        self._light_up()
        return True

    @property
    def lights(self) -> Lights:
        """What lights the scene now."""
        return self.lamps.lights(self._there) if len(self.lamps.rows) else NO_LIGHTS

    def _light_up(self) -> None:
        lit = self.lamps.lit
        if (self._lit[self.lamps.rows] != lit).any():
            self._lit[self.lamps.rows] = lit
            self._static = None

    # -- how it is kept -----------------------------------------------------------------------------------------------

    def _span(self, number: int) -> slice:
        return slice(int(self._first[number]), int(self._first[number + 1]))

    def _row(self, object_id: int) -> int | None:
        number, copy = (object_id >> _COPY_BITS) - 1, (object_id & (1 << _COPY_BITS) - 1) - 1
        if not 0 <= number < len(self._town.static):
            return None
        placement = self._town.static[number]
        if is_cover(placement) or not 0 <= copy < len(placement.world_from_mesh):
            return None
        return int(self._first[number]) + copy

    @cached_property
    def _rows_by_name(self) -> dict[str, int]:
        return {
            f"{self._names[number]}_{copy + 1}": int(self._first[number]) + copy
            for number, placement in enumerate(self._town.static)
            if not is_cover(placement)
            for copy in range(len(placement.world_from_mesh))
        }

    @property
    def _there(self) -> NDArray[np.bool_]:
        """Which copies (N,) are neither hidden nor in a layer that is not loaded."""
        loaded = [
            (layer := layer_of(placement)) == Layer.NONE or bool(layer & self.loaded) for placement in self._town.static
        ]
        return self._shown & np.repeat(np.array(loaded, bool), np.diff(self._first))

    def _placements(self, number: int) -> tuple[Placement, ...]:
        """A placement as it is now, cut into what is lit, what is not, and what is painted."""
        placement, span = self._town.static[number], self._span(number)
        layer = layer_of(placement)
        there = self._shown[span] if layer == Layer.NONE or layer & self.loaded else np.zeros(0, bool)
        painted = [row for row in self._painted if span.start <= row < span.stop]
        lit = self._lit[span]
        if there.all() and len(there) == len(placement.world_from_mesh) and not painted and not lit.any():
            return (placement,)
        state = b"".join([there.tobytes(), lit.tobytes(), *(b"%d %d" % (r, id(self._painted[r])) for r in painted)])
        kept = self._made.get(number)
        if kept is None or kept[0] != state:
            self._made[number] = kept = state, self._cut(placement, span.start, there, lit, painted)
        return kept[1]

    def _cut(
        self,
        placement: Placement,
        first: int,
        there: NDArray[np.bool_],
        lit: NDArray[np.bool_],
        painted: Sequence[int],
    ) -> tuple[Placement, ...]:
        if not there.any():
            return ()
        plain = there.copy()
        plain[[row - first for row in painted]] = False
        parts: list[Placement] = []
        for on in (False, True):
            chosen = plain & (lit == on)
            if chosen.any():
                parts.append(_copies(placement, chosen, placement.lods, on))
        for row in painted:
            chosen = np.zeros(len(there), bool)
            chosen[row - first] = there[row - first]
            if chosen.any():
                lods = tuple(self._repainted(mesh, self._painted[row]) for mesh in placement.lods)
                parts.append(_copies(placement, chosen, lods, bool(lit[row - first])))
        return tuple(parts)

    def _repainted(self, mesh: Mesh, texture: Texture) -> Mesh:
        key = mesh, texture
        if key not in self._meshes:
            materials = tuple(
                material
                if material.lamp is not None
                else replace(material, texture=texture, base_color=(1.0, 1.0, 1.0), paint=False, alpha_cutoff=0.0)
                for material in mesh.materials
            )
            self._meshes[key] = replace(mesh, materials=materials, colors=np.full_like(mesh.colors, 255))
        return self._meshes[key]


_COPY_BITS = 32


def _id(number: int, copy: int) -> int:
    return number + 1 << _COPY_BITS | copy + 1


def _plain(tag: Tag) -> str:
    return Tag(tag).name.title().replace("_", "")


def _copies(placement: Placement, chosen: NDArray[np.bool_], lods: tuple[Mesh, ...], lit: bool) -> Placement:
    glass = placement.lamp.glass if isinstance(placement, Furniture) and placement.lamp is not None else None
    return Placement(
        lods, placement.world_from_mesh[chosen], placement.tag, placement.reach, placement.solid,
        frozenset({glass}) if lit and glass else frozenset(),
    )  # fmt: skip


def _fixture(number: int, fixture: Instance) -> LevelObject:
    poses, sizes = boxes(fixture.lods[0], fixture.world_from_mesh[None])
    return LevelObject(
        id=number + 1,
        name=f"{_plain(fixture.tag)}Fixture_{number + 1}",
        tag=Tag(fixture.tag),
        layer=Layer.NONE,
        world_from_mesh=fixture.world_from_mesh,
        world_from_box=poses[0],
        size=(float(sizes[0, 0]), float(sizes[0, 1]), float(sizes[0, 2])),
    )


def boxes(mesh: Mesh, matrices: Array) -> tuple[Array, Array]:
    """Rigid world_from_box (N, 4, 4) and sizes (N, 3) [m], tight to copies of a mesh at ``matrices`` (N, 4, 4).

    The box is turned as the copy's x axis and lies in its x-y plane; a sheared copy is measured vertex by vertex.
    """
    vertices = mesh.vertices.astype(np.float64)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    linear = matrices[:, :3, :3]
    scale = np.linalg.norm(linear, axis=1)
    turn = linear / scale[:, None]
    poses = np.tile(np.eye(4), (len(matrices), 1, 1))
    poses[:, :3, :3] = turn
    poses[:, :3, 3] = linear @ ((low + high) / 2) + matrices[:, :3, 3]
    sizes = (high - low) * scale
    skewed = np.abs(np.einsum("nki,nkj->nij", turn, turn) - np.eye(3)).max(axis=(1, 2)) > 1e-6
    skewed |= np.linalg.det(turn) < 0
    for copy in np.flatnonzero(skewed):
        x, y = turn[copy, :, 0], turn[copy, :, 1]
        z = np.cross(x, y) / np.linalg.norm(np.cross(x, y))
        axes = np.stack([x, np.cross(z, x), z], axis=1)
        points = (vertices @ linear[copy].T) @ axes
        near, far = points.min(axis=0), points.max(axis=0)
        poses[copy, :3, :3] = axes
        poses[copy, :3, 3] = axes @ ((near + far) / 2) + matrices[copy, :3, 3]
        sizes[copy] = far - near
    return poses, sizes
