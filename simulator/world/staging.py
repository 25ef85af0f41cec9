"""Collecting what stands in a town: copies of models, gathered into placements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets import catalog
from assets.mesh import Mesh
from assets.tags import Tag
from renderers.scene import Placement
from simulator.world.footing import Footing
from simulator.world.furniture import Furniture, Lamp
from simulator.world.obstacle import Obstacle

Array = NDArray[np.float64]


class Stage:
    """Collects copies of models."""

    def __init__(self) -> None:
        self.copies: dict[tuple[str, int, float], list[tuple[Array, Sequence[tuple[Obstacle, ...]]]]] = defaultdict(
            list
        )
        self.lamps: dict[str, Lamp] = {}
        self.lods: dict[tuple[str, int], tuple[tuple[Mesh, ...], Tag]] = {}
        self.extra: list[Placement] = []

    def put(
        self,
        name: str,
        variants: NDArray[np.int64],
        matrices: Array,
        reach: float,
        obstacles: Sequence[tuple[Obstacle, ...]] = (),
    ) -> None:
        """Copies (N, 4, 4) of a model's ``variants`` (N,), there within ``reach`` [m] of who looks.

        ``obstacles``: what of each copy stops a car; empty when nothing does.
        """
        for variant in np.unique(variants):
            chosen = np.flatnonzero(variants == variant)
            stops = [obstacles[int(k)] for k in chosen] if obstacles else [()] * len(chosen)
            self.copies[name, int(variant), reach].append((matrices[chosen], stops))

    def placements(self) -> tuple[Placement, ...]:
        """All copies, those of one model together."""
        made = list(self.extra)
        for (name, variant, reach), parts in self.copies.items():
            lods, tag = self.lods[name, variant] if (name, variant) in self.lods else _lods(name, variant)
            stops = tuple(stop for _, group in parts for stop in group)
            made.append(
                Furniture(
                    lods, np.concatenate([matrices for matrices, _ in parts]), tag, reach,
                    name=name.split(".", 1)[1].title().replace("_", ""), obstacles=stops if any(stops) else (),
                    lamp=self.lamps.get(name),
                )
            )  # fmt: skip
        return tuple(made)


def _lods(name: str, variant: int) -> tuple[tuple[Mesh, ...], Tag]:
    part = catalog.model(name, variant=variant).parts[0]
    return part.lods, part.tag


def matrices_at(points: Array, yaw: Array, scale: Array) -> Array:
    """(N, 4, 4) upright copies at ``points`` (N, 3)."""
    matrices = np.zeros((len(points), 4, 4))
    cos, sin = np.cos(yaw) * scale, np.sin(yaw) * scale
    matrices[:, 0, 0], matrices[:, 0, 1] = cos, -sin
    matrices[:, 1, 0], matrices[:, 1, 1] = sin, cos
    matrices[:, 2, 2], matrices[:, 3, 3] = scale, 1
    matrices[:, :3, 3] = points
    return matrices


def on_ground(points: Array, footing: Footing) -> Array:
    return np.column_stack([points, footing(points)[0]])
