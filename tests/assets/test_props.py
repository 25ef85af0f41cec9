"""Roadside furniture: closed outwards, sized as the real things, readable signs."""

import numpy as np
import pytest

from assets import props
from assets.tags import Tag


@pytest.mark.parametrize("name", sorted(props.MODELS))
def test_models_have_levels_and_outward_faces(name):
    model = props.MODELS[name](1, None)
    lods = model.parts[0].lods
    counts = [len(mesh.faces) for mesh in lods]
    assert 2 <= len(lods) <= 3 and counts == sorted(counts, reverse=True)
    for mesh in lods:
        corners = mesh.vertices[mesh.faces].astype(float)
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert (np.einsum("ij,ij->i", normal, mesh.normals[mesh.faces].mean(axis=1)) > -1e-9).all()


@pytest.mark.parametrize(
    ("name", "height", "tag"),
    [
        ("prop.pole", (9.4, 10.3), Tag.POLES),
        ("prop.reflector_post", (0.9, 1.2), Tag.POLES),
        ("prop.sign_kangaroo", (2.7, 3.2), Tag.TRAFFIC_SIGNS),
        ("prop.cone", (0.65, 0.75), Tag.DYNAMIC),
        ("prop.fence", (1.3, 1.6), Tag.FENCES),
    ],
)
def test_heights_and_tags(name, height, tag):
    model = props.MODELS[name](0, None)
    assert height[0] < model.size[2] < height[1]
    assert model.parts[0].tag == tag


def test_kangaroo_sign_is_a_black_animal_on_a_yellow_diamond():
    mesh = props.sign_kangaroo(0).parts[0].lods[0]
    face = next(material for material in mesh.materials if material.name == "sign.kangaroo")
    pixels = face.texture.pixels[..., :3].astype(int)
    dark = (pixels.sum(axis=-1) < 120)[40:-40, 40:-40].mean()
    yellow = ((pixels[..., 0] > 200) & (pixels[..., 1] > 150) & (pixels[..., 2] < 80)).mean()
    assert 0.1 < dark < 0.35 and yellow > 0.55
    assert face.lidar_reflectance > 1


def test_wires_hang_in_the_middle():
    start, end = np.array([[0.0, 0, 9]]), np.array([[60.0, 0, 9]])
    mesh = props.wires(start, end, 0.9)
    middle = mesh.vertices[np.abs(mesh.vertices[:, 0] - 30) < 0.1]
    assert middle[:, 2].mean() == pytest.approx(8.1, abs=0.02)
    assert np.abs(mesh.vertices[[0, -1], 2] - 9).max() < 0.03
