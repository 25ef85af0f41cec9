"""Rays against known geometry and against the raster."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.mesh import Material
from assets.tags import Tag
from renderers.raster import Raster
from renderers.raycast import RayCaster
from renderers.scene import Instance, Placement, Scene

from .shapes import (
    CAMERA,
    away_from_edges,
    bent,
    body,
    box,
    leaf,
    looking,
    pixel_rays,
    plane,
    pose,
    skinned_strip,
)


@pytest.mark.parametrize("eye", [looking(), looking(2, 1, 1.2, 0.3, -0.1), looking(30, -6, 2.5, 2.6)])
def test_rays_and_raster_agree(raster: Raster, street: Scene, eye: np.ndarray) -> None:
    picture = raster.draw(street, CAMERA, eye, shaded=False)
    caster = RayCaster()
    caster.update(street)
    origins, directions, length = pixel_rays(CAMERA, eye)
    hits = caster.cast(origins, directions, np.ones(len(origins)))
    ids, tags = hits.object_id.reshape(picture.tag.shape), hits.tag.reshape(picture.tag.shape)
    expected = np.where(picture.tag == Tag.SKY, 0, picture.tag)
    inner = away_from_edges(picture.object_id * 64 + picture.tag)
    assert (ids == picture.object_id)[inner].mean() >= 0.995
    assert (tags == expected)[inner].mean() >= 0.995
    depth = (hits.distance / length).reshape(ids.shape)
    both = inner & (ids == picture.object_id) & (tags == expected) & (picture.depth < 200)
    error = np.abs(depth[both] - picture.depth[both])
    assert np.quantile(error, 0.999) < 1e-2 and error[picture.depth[both] < 20].max() < 5e-3
    cosine = np.abs(np.einsum("ni,ni->n", picture.normal.reshape(-1, 3).astype(float), directions @ eye[:3, :3]))
    rigid = both.reshape(-1) & (hits.object_id != 13)  # the column's shading normals are smooth
    assert np.abs(cosine - hits.cos_incidence)[rigid].max() < 0.02


def test_what_a_hit_tells() -> None:
    bright = Material("retro", lidar_reflectance=1.4)
    still = (
        Placement((box((1, 1, 1), bright),), np.stack([pose(10), pose(0, 10)]), Tag.TRAFFIC_SIGNS),
        Placement((plane(50, 4),), np.eye(4)[None], Tag.GROUND, solid=False),
    )
    caster = RayCaster()
    caster.update(Scene(still))
    c = np.sqrt(0.5)
    hits = caster.cast(
        np.array([[0, 0, 0.2]] * 4), np.array([[1, 0, 0], [0, 1, 0], [c, 0, -c], [-1, 0, 0.0]]), np.ones(4)
    )
    assert hits.distance[:2] == pytest.approx([9.5, 9.5], abs=1e-4)
    assert np.isinf(hits.distance[2:]).all()  # the ground is not solid, and nothing is behind
    assert hits.tag.tolist() == [Tag.TRAFFIC_SIGNS] * 2 + [0, 0]
    assert hits.reflectance[:2] == pytest.approx(1.4) and hits.cos_incidence[:2] == pytest.approx(1)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1), st.floats(-0.4, 0.4), st.floats(-3, 3))
def test_each_ray_meets_the_pose_of_its_own_time(fraction: float, turn: float, slide: float) -> None:
    before, now = pose(10, -1, 0, 0.1), pose(10 + slide, 1, 0, 0.1 + turn)
    caster = RayCaster()
    caster.update(Scene((), [body(box((1, 1, 1)), now, 5, previous=before)]))
    between = pose(10 + fraction * slide, -1 + 2 * fraction, 0, 0.1 + fraction * turn)
    reference = RayCaster()
    reference.update(Scene((), [body(box((1, 1, 1)), between, 5)]))
    directions = np.stack([np.array([1, y, 0.02]) / np.linalg.norm([1, y, 0.02]) for y in np.linspace(-0.3, 0.3, 61)])
    origins = np.zeros((61, 3))
    moving = caster.cast(origins, directions, np.full(61, fraction))
    fixed = reference.cast(origins, directions, np.zeros(61))
    same = moving.object_id == fixed.object_id
    assert same.mean() > 0.96  # a ray along an edge may go either way
    hit = same & (fixed.object_id == 5)
    assert np.abs(moving.distance[hit] - fixed.distance[hit]).max(initial=0) < 1e-3


def test_holes_let_rays_through() -> None:
    card = plane(1.0, 1, leaf())
    upright = np.eye(4)
    upright[:3, :3] = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]  # u runs along world y
    upright[:3, 3] = 5, 0, 0
    walls = (
        Placement((card,), np.stack([upright] * 1), Tag.VEGETATION),
        Placement((box((1, 9, 9)),), pose(9)[None], Tag.WALLS),
    )
    caster = RayCaster()
    caster.update(Scene(walls))
    y = np.array([0.25, 0.75, -0.75, -0.25])  # uv repeats each metre, the first half of it is a hole
    target = np.stack((np.full(4, 5.0), y, np.full(4, 0.1)), 1)
    hits = caster.cast(np.zeros((4, 3)), target / np.linalg.norm(target, axis=1, keepdims=True), np.ones(4))
    assert hits.tag.tolist() == [Tag.WALLS, Tag.VEGETATION, Tag.WALLS, Tag.VEGETATION]


def test_skins_are_posed_anew() -> None:
    caster = RayCaster()
    strip = skinned_strip()
    direction, origin = np.array([[1.0, 0, 0]]), np.array([[0.0, 0.5, 1.7]])
    for angle, expected in ((0.0, 0), (0.6, 3), (0.0, 0)):
        caster.update(Scene((), [Instance((strip,), pose(6), pose(6), 3, Tag.PEDESTRIANS, bent(angle), bent(angle))]))
        assert caster.cast(origin, direction, np.ones(1)).object_id[0] == expected


def test_scaled_bodies_keep_their_distance() -> None:
    stretched = pose(10) @ np.diag([2.0, 1.0, 1.0, 1.0])
    caster = RayCaster()
    caster.update(Scene((), [body(box((1, 1, 1)), stretched, 5)]))
    hits = caster.cast(np.zeros((1, 3)), np.array([[1.0, 0, 0]]), np.ones(1))
    assert hits.distance[0] == pytest.approx(9.0, abs=1e-4) and hits.cos_incidence[0] == pytest.approx(1, abs=1e-5)


def test_nothing_to_cast() -> None:
    caster = RayCaster()
    caster.update(Scene())
    assert len(caster.cast(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0)).distance) == 0
    with pytest.raises(ValueError, match="rays must be"):
        caster.cast(np.zeros((2, 3)), np.zeros((3, 3)), np.zeros(2))
