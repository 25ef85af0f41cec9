"""Buildings and what stands in streets."""

from __future__ import annotations

import numpy as np
import pytest

from assets import buildings, masonry, street
from assets.tags import Tag


@pytest.mark.parametrize("name", buildings.MODELS)
def test_a_building_stands_in_the_ground_and_can_be_lit(name: str) -> None:
    model = buildings.MODELS[name](1, None)
    part = model.parts[0]
    fine, coarse = part.lods
    assert part.tag == Tag.BUILDINGS
    assert fine.vertices[:, 2].min() == pytest.approx(-buildings.FOOTING)
    assert len(coarse.faces) < 0.7 * len(fine.faces) < 12_000
    assert any(material.lamp == masonry.WINDOW_LAMP for material in fine.materials)
    assert np.allclose(np.linalg.norm(fine.normals, axis=1), 1, atol=1e-4)
    # walls and roofs look outwards and upwards: a plumb line from above meets a face that looks up
    up = fine.normals[fine.faces[:, 0], 2] > 0.3
    assert fine.vertices[fine.faces[up]][:, :, 2].max() > 0.9 * fine.vertices[:, 2].max()


def test_faces_turn_the_way_their_normals_point() -> None:
    for maker in (*buildings.MODELS.values(), street.shelter, street.lamp, street.hedge, street.wall):
        mesh = maker(0, None).parts[0].lods[0]
        corner = mesh.vertices[mesh.faces].astype(float)
        facing = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        real = np.linalg.norm(facing, axis=1) > 1e-6
        single = np.array([material.alpha_cutoff == 0 for material in mesh.materials])[mesh.face_materials]
        agree = (facing * mesh.normals[mesh.faces].mean(axis=1)).sum(axis=1)[real & single] > 0
        assert agree.mean() > 0.97, maker


def test_variants_differ_and_are_repeatable() -> None:
    sizes = {buildings.house(variant).size for variant in range(6)}
    assert len(sizes) == 6
    again = buildings.house.__wrapped__(2, None).parts[0].lods[0]
    assert np.array_equal(again.vertices, buildings.house(2, None).parts[0].lods[0].vertices)


def test_a_street_lamp_reaches_over_the_road() -> None:
    mesh = street.lamp(0, None).parts[0].lods[0]
    glass = np.array([material.lamp == street.LAMP for material in mesh.materials])[mesh.face_materials]
    middle = mesh.vertices[mesh.faces[glass]].mean(axis=(0, 1))
    assert middle[0] == pytest.approx(street.LAMP_ARM, abs=0.1) and middle[2] == pytest.approx(
        street.LAMP_HEIGHT, abs=0.1
    )
    with pytest.raises(ValueError, match="takes no size"):
        street.lamp(0, (1, 1, 1))
