"""The props of CARLA's library: recognisable by name, true in size, sound in mesh."""

import numpy as np
import pytest

from assets import catalog
from assets.catalog import model
from assets.joinery import Kit, placed
from assets.tags import Tag
from sensors.taxonomy import category

MADE = sorted(
    name
    for name, maker in catalog.MODELS.items()
    if name.startswith("prop.") and getattr(maker, "func", None) is not None
)


def test_there_are_a_hundred() -> None:
    assert len(MADE) > 110
    assert {"prop.bench01", "prop.bike_helmet", "prop.trafficcone01", "prop.debris_tyre"} <= set(MADE)


@pytest.mark.parametrize("name", MADE)
def test_props_stand_on_the_ground_in_the_size_asked_for(name: str) -> None:
    own = model(name)
    wanted = tuple(1.25 * edge for edge in own.size)
    made = model(name, size=wanted)  # type: ignore[arg-type]
    assert made.size == pytest.approx(wanted, abs=1e-4)
    assert made.center == pytest.approx((0, 0, wanted[2] / 2), abs=1e-4)
    assert made.category == "static" or category(made.category)
    counts = [len(mesh.faces) for mesh in made.parts[0].lods]
    assert counts == sorted(counts, reverse=True) and counts[0] < 13000
    for mesh in made.parts[0].lods:
        assert np.isfinite(mesh.vertices).all() and np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)
        leaves = [i for i, material in enumerate(mesh.materials) if material.alpha_cutoff > 0]
        faces = mesh.faces[~np.isin(mesh.face_materials, leaves)]
        corners = mesh.vertices[faces].astype(float)
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        agrees = np.einsum("fi,fi->f", across, mesh.normals[faces].mean(axis=1)) > -1e-12
        size = np.linalg.norm(across, axis=1)
        assert size[agrees].sum() > 0.97 * size.sum(), "faces turn their backs to their normals"


def test_tags_are_carlas() -> None:
    assert model("prop.bench01").parts[0].tag == Tag.STATIC
    assert model("prop.streetsign").parts[0].tag == Tag.TRAFFIC_SIGNS
    assert model("prop.trafficcone01").parts[0].tag == Tag.DYNAMIC
    assert model("prop.coconutpalm").parts[0].tag == Tag.VEGETATION


def test_cones_and_barriers_shine_back() -> None:
    for name in ("prop.constructioncone", "prop.streetbarrier", "prop.warningconstruction"):
        assert max(material.lidar_reflectance for material in model(name).parts[0].lods[0].materials) > 1


def test_wrong_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="metres"):
        model("prop.bench01", size=(1.0, 0.0, 1.0))


def test_turned_pieces_are_closed_outwards() -> None:
    kit = Kit(0, np.random.default_rng(0))
    kit.rod((0, 0, 0), (1, 1, 1), 0.1, catalog.props._STEEL, (200, 200, 200))
    kit.ball((0, 0, 0), (1, 2, 3), catalog.props._STEEL, (200, 200, 200))
    for piece, volume in zip(kit.pieces, (np.pi * 0.01 * np.sqrt(3), 4 / 3 * np.pi * 6), strict=True):
        corners = piece.vertices[piece.faces]
        inside = np.einsum("fi,fi->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
        assert inside == pytest.approx(volume, rel=0.07)
    assert placed((1, 2, 3), np.pi / 2)[:3, :3] @ [1, 0, 0] == pytest.approx([0, 1, 0])
