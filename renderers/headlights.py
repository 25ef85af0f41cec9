"""Beams of lit headlamps, found from the lamp materials of the bodies' meshes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets.mesh import Mesh
from renderers.scene import Instance

MOST = 8
"""Beams in one picture, as in surface.frag; the nearest ones."""
BEAMS = ("low_beam", "high_beam")
INTENSITY = 9.0
"""Of a low beam's middle, over the square of metres; outshines the raised night sky of ``renderers.lighting`` within
some 60 m, as real ones outshine moonlight."""
_Lamp = tuple[NDArray[np.float64], NDArray[np.float64]]


class Headlights:
    """Finds beams; keeps by mesh where its lamps are."""

    def __init__(self) -> None:
        self._lamps: dict[tuple[Mesh, str], list[_Lamp]] = {}

    def uniforms(self, bodies: Sequence[Instance], eye: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """``beam_places`` (4, MOST): relative to ``eye`` (3,), and intensity, 0 for none; ``beam_axes`` (4, MOST):
        where it points, and 1 for a high beam."""
        beams = []
        for body in bodies:
            for beam in BEAMS:
                if beam in body.lamps:
                    for place, axis in self._of(body.lods[0], beam):
                        world, turn = body.world_from_mesh, body.world_from_mesh[:3, :3]
                        beams.append((turn @ place + world[:3, 3] - eye, turn @ axis, float(beam == "high_beam")))
        beams.sort(key=lambda beam: float(beam[0] @ beam[0]))
        places, axes = np.zeros((4, MOST)), np.zeros((4, MOST))
        for column, (place, axis, high) in enumerate(beams[:MOST]):
            places[:3, column], places[3, column] = place, INTENSITY
            axes[:3, column], axes[3, column] = axis / np.linalg.norm(axis), high
        return {"beam_places": places, "beam_axes": axes}

    def _of(self, mesh: Mesh, beam: str) -> list[_Lamp]:
        """Middle (3,) and mean normal (3,) of each side's lamp glass, in the mesh's frame."""
        if (mesh, beam) not in self._lamps:
            named = np.array([material.lamp == beam for material in mesh.materials])
            faces = mesh.faces[named[mesh.face_materials]]
            lamps = []
            middles = mesh.vertices[faces].mean(1).astype(np.float64)
            for side in (middles[:, 1] > 0.05, middles[:, 1] < -0.05, np.abs(middles[:, 1]) <= 0.05):
                if side.any():
                    axis = mesh.normals[faces[side]].mean((0, 1)).astype(np.float64)
                    axis[2] = 0.0
                    axis[0] += 1e-9  # glass that faces straight up points ahead
                    lamps.append((middles[side].mean(0), axis))
            self._lamps[mesh, beam] = lamps
        return self._lamps[mesh, beam]
