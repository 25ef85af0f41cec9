"""A car's body as a distance field: what its three views have in common, with every edge rounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets.outline import Points, polygon_distance, smoothed
from assets.solids import Field, smooth_max, smooth_min

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Shell:
    """The views of a car; metres, x forward from the middle of its length, z from the ground.

    Attributes:
        length, width, height: outer measures, without mirrors.
        hull: (x, z) control points of the lower body seen from the side, rounded off between them.
        cabin: the same of the part with the windows.
        plan: (x, y) control points, y >= 0, of the half outline from above, nose first, at the widest height.
        section: (z, how far the flank lies inside the plan) from the sill to the shoulder.
        tumble: the same of the cabin, from the belt line to the roof.
        axles: (x of the front axle, x of the rear axle).
        wheel_radius, wheel_width, track: [m].
        bow: (front, rear), how far a windscreen bends back at the sides [m at one metre from the middle].
        crown: how far roof and bonnet fall at one metre from the middle [m].
        flare: how far the wings bulge over the wheels [m].
        edge: radius over which the cabin's edges are rounded [m].
    """

    length: float
    width: float
    height: float
    hull: Curve
    cabin: Curve
    plan: Curve
    section: Curve
    tumble: Curve
    axles: tuple[float, float]
    wheel_radius: float
    wheel_width: float
    track: float
    bow: tuple[float, float] = (0.16, 0.10)
    crown: float = 0.05
    flare: float = 0.012
    edge: float = 0.10

    def scaled(self, x: float, y: float, z: float) -> Shell:
        """The same car longer, wider, higher by these factors; its wheels stay round."""

        def stretch(curve: Curve, a: float, b: float) -> Curve:
            return tuple((p * a, q * b) for p, q in curve)

        return replace(
            self,
            length=self.length * x,
            width=self.width * y,
            height=self.height * z,
            hull=stretch(self.hull, x, z),
            cabin=stretch(self.cabin, x, z),
            plan=stretch(self.plan, x, y),
            section=stretch(self.section, z, y),
            tumble=stretch(self.tumble, z, y),
            axles=(self.axles[0] * x, self.axles[1] * x),
            track=self.track * y,
        )

    def half_width(self, z: float) -> float:
        """Half width [m] at the middle of the cabin at height ``z``."""
        return self.width / 2 - float(_inset(self.tumble, np.array(z)))

    def profile(self) -> Points:
        """The cabin's smooth outline seen from the side (N, 2)."""
        return smoothed(self.cabin)

    def field(self, step: float = 0.025) -> Field:
        """The body's distance field, wheel arches not yet cut."""
        from scipy.ndimage import map_coordinates  # slow to import; models in the cache need none of it

        half = np.array([self.length, self.width, 0]) / 2
        lower = np.array([-half[0], -half[1], 0.0]) - 5 * step
        upper = np.array([half[0], half[1], self.height]) + 5 * step
        shape = np.ceil((upper - lower) / step).astype(int) + 1
        # Half a step off the middle plane: left and right come out alike.
        lower[1] = -(shape[1] - 1) / 2 * step
        x, y, z = (lower[i] + np.arange(shape[i]) * step for i in range(3))
        plan = _on_grid(x, y, np.concatenate([smoothed_half(self.plan)]))[:, :, None]
        bowed = (
            np.where(x > 0, self.bow[0], -self.bow[1])[:, None] * (y**2)[None, :] * np.minimum(np.abs(x), 1)[:, None]
        )
        fallen = self.crown * y**2

        def side(outline: Points, bow: float) -> NDArray[np.float32]:
            fine = step / 2
            u = np.arange(lower[0] - 0.3, upper[0] + 0.3, fine)
            v = np.arange(lower[2] - 0.1, upper[2] + 0.2, fine)
            table = _on_grid(u, v, outline)
            gx = np.broadcast_to((x[:, None] + bow * bowed)[:, :, None], shape)
            gz = np.broadcast_to((z[None, :] + fallen[:, None])[None], shape)
            coordinates = np.stack([(gx - u[0]) / fine, (gz - v[0]) / fine])
            looked: NDArray[np.float32] = map_coordinates(table, coordinates, order=1, mode="nearest")
            return looked

        bulge = np.zeros((len(x), len(z)), dtype=np.float32)
        for axle in self.axles:
            away = np.hypot(x[:, None] - axle, z[None, :] - self.wheel_radius)
            bulge += self.flare * np.exp(-(((away - self.wheel_radius) / 0.13) ** 2))
        inset = _inset(self.section, z)[None, :] - bulge
        hull = smooth_max(side(smoothed(self.hull), 0.6), (plan + inset[:, None, :]).astype(np.float32), 0.09)
        lean = _inset(self.tumble, z)[None, None, :]
        cabin = smooth_max(side(self.profile(), 1.0), (plan + lean).astype(np.float32), self.edge)
        return Field(smooth_min(hull, cabin, 0.05).astype(np.float32), lower, step)


def smoothed_half(half: Sequence[tuple[float, float]]) -> Points:
    """The closed smooth outline (N, 2) of a half outline and its mirror image."""
    there = np.array(half)
    back = there[::-1] * np.array([1.0, -1.0])
    return smoothed(np.concatenate([there, back]))


def _inset(curve: Curve, z: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.interpolate import PchipInterpolator  # slow to import; models in the cache need none of it

    heights, insets = np.array(curve).T
    made: NDArray[np.float64] = PchipInterpolator(heights, insets)(np.clip(z, heights[0], heights[-1]))
    return made


def _on_grid(a: NDArray[np.float64], b: NDArray[np.float64], outline: Points) -> NDArray[np.float32]:
    points = np.stack(np.meshgrid(a, b, indexing="ij"), axis=-1).reshape(-1, 2)
    return polygon_distance(points, outline).reshape(len(a), len(b))
