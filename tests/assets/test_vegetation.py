"""Plants: levels of detail, honest sizes, light on both sides of a leaf."""

import numpy as np
import pytest

from assets import foliage, vegetation

NAMES = sorted(vegetation.MODELS)


@pytest.mark.parametrize("name", NAMES)
def test_levels_of_detail_shrink_and_keep_the_outline(name):
    lods = vegetation.MODELS[name](0, None).parts[0].lods
    counts = [len(mesh.faces) for mesh in lods]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] * 4 <= counts[0] or name.startswith("grass")  # which is gone before anything loses detail
    extents = np.array([np.ptp(mesh.vertices, axis=0) for mesh in lods])
    assert (extents > 0.45 * extents[0]).all() and (extents < 1.8 * extents[0]).all()


@pytest.mark.parametrize("name", NAMES)
def test_variants_differ_and_repeat(name):
    make = vegetation.MODELS[name]
    first, second = make(0, None).parts[0].lods[0], make(1, None).parts[0].lods[0]
    assert first.vertices.shape != second.vertices.shape or not np.allclose(first.vertices, second.vertices)
    make.cache_clear()
    again = make(0, None).parts[0].lods[0]
    assert again.vertices.tobytes() == first.vertices.tobytes() and again.colors.tobytes() == first.colors.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_size_is_refused(name):
    with pytest.raises(ValueError, match="takes no size"):
        vegetation.MODELS[name](0, (1.0, 1.0, 1.0))


@pytest.mark.parametrize("name", NAMES)
def test_foot_is_in_the_ground_and_size_is_the_box(name):
    model = vegetation.MODELS[name](2, None)
    mesh = model.parts[0].lods[0]
    assert -0.6 < mesh.vertices[:, 2].min() < 0.3
    assert np.allclose(model.size, np.ptp(mesh.vertices, axis=0), atol=1e-5)
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-4)


def test_eucalypt_is_a_tree_with_a_bare_trunk():
    for variant in range(5):
        model = vegetation.eucalypt(variant)
        assert 6 < model.size[2] < 14
        mesh = model.parts[0].lods[0]
        leaves = [index for index, material in enumerate(mesh.materials) if material.alpha_cutoff > 0]
        crown = mesh.vertices[np.unique(mesh.faces[np.isin(mesh.face_materials, leaves)])]
        assert crown[:, 2].min() > 0.9


def test_every_card_shows_both_sides():
    mesh = vegetation.tuft(0).parts[0].lods[0]
    corners = mesh.vertices[mesh.faces].astype(float)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert np.allclose(normal.sum(axis=0), 0, atol=1e-6)
    assert not any(material.double_sided for material in mesh.materials)
    assert (mesh.normals[:, 2] > 0).all()


@pytest.mark.parametrize("make", [foliage.gum_leaves, foliage.small_leaves, foliage.broad_leaves, foliage.blades])
def test_leaves_let_light_through(make):
    alpha = make().texture.pixels[..., 3]
    assert 0.15 < (alpha > 102).mean() < 0.6
