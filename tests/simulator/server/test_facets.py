"""Pictures through lenses that bend lines: labels lie where the lens's formula puts known points."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import trimesh

from assets.mesh import Material, Mesh
from assets.tags import Tag
from renderers.raster import Raster
from renderers.scene import Instance, Pinhole, Scene
from sensors.distortion import BrownConrady, Distortion, KannalaBrandt
from simulator.server.sensors.facets import Facets

CAMERA = Pinhole(320, 240, 110, 110, 162, 118.5)
LENSES = {
    "straight": BrownConrady(model="brown_conrady"),
    "barrel": BrownConrady(model="brown_conrady", k1=-0.1, k2=0.012, p1=0.002, p2=-0.001),
    "fisheye": KannalaBrandt(model="kannala_brandt", k1=-0.02, k2=0.004, k3=-0.001),
}
RADIUS = 0.5


@pytest.fixture(scope="module")
def raster() -> Iterator[Raster]:
    raster = Raster()
    yield raster
    raster.close()


def ball() -> Mesh:
    shape = trimesh.creation.icosphere(3, RADIUS)
    vertices = shape.vertices[shape.faces].reshape(-1, 3).astype(np.float32)
    return Mesh(
        vertices=vertices,
        normals=(vertices / RADIUS).astype(np.float32),
        faces=np.arange(len(vertices), dtype=np.int32).reshape(-1, 3),
        face_materials=np.zeros(len(vertices) // 3, np.uint8),
        materials=(Material("grey", (0.4, 0.4, 0.4)),),
        uvs=vertices[:, :2].copy(),
        colors=np.full(vertices.shape, 255, np.uint8),
    )


def places(lens: Distortion) -> np.ndarray:
    """Middles (N, 3) of balls all over the lens's picture and on its rim, in its frame (the world's here)."""
    v, u = (each.ravel() for each in np.mgrid[0:240:40, 0:320:40])
    rays = lens.unproject((np.stack([u, v], 1) - (CAMERA.cx, CAMERA.cy)) / CAMERA.fx)
    rays = rays[np.isfinite(rays[:, 0])]
    return rays * np.random.default_rng(1).uniform(5, 12, (len(rays), 1))


def scene(middles: np.ndarray) -> Scene:
    poses = np.tile(np.eye(4), (len(middles), 1, 1))
    poses[:, :3, 3] = middles
    mesh = ball()
    return Scene(bodies=[Instance((mesh,), pose, pose, key, Tag.CAR) for key, pose in enumerate(poses, 1)])


@pytest.mark.parametrize("name", LENSES)
def test_known_points_are_where_the_formula_says(raster: Raster, name: str) -> None:
    lens, middles = LENSES[name], places(LENSES[name])
    facets, world, before = Facets(CAMERA, lens), scene(middles), np.eye(4)
    before[:3, 3] = 0.1, -0.05, -0.2
    pictures = [
        raster.draw(world, pinhole, pose, previous_world_from_camera=before @ pose, shaded=False)
        for pinhole, pose in facets.cameras
    ]
    picture = facets.joined(pictures, flow=True)
    outlines = facets.outlines(raster, world, np.eye(4), range(1, len(middles) + 1))
    v, u = np.nonzero(picture.object_id)
    identity, depth = picture.object_id[v, u], picture.depth[v, u].astype(np.float64)
    rays = lens.unproject((np.stack([u, v], 1) - (CAMERA.cx, CAMERA.cy)) / CAMERA.fx)
    points = rays / rays[:, 2:] * depth[:, None]
    far = np.linalg.norm(points, axis=1)
    off = np.linalg.norm(points - middles[identity - 1], axis=1) - RADIUS
    # Labels are a neighbouring pixel's at most: on a ball's slope that shows in depth too, but never at its middle.
    assert np.abs(off).max() < RADIUS
    assert np.quantile(np.abs(off), 0.95) < 0.03 * np.median(far)
    assert set(identity) == set(range(1, len(middles) + 1))

    v_all, u_all = np.mgrid[0 : CAMERA.height, 0 : CAMERA.width]
    looks = lens.unproject((np.stack([u_all.ravel(), v_all.ravel()], 1) - (CAMERA.cx, CAMERA.cy)) / CAMERA.fx)
    for key, middle in enumerate(middles, 1):
        distance = np.linalg.norm(middle)
        with np.errstate(invalid="ignore"):  # a pixel sees a ball where its ray passes within the radius
            truth = (looks @ middle / distance > np.cos(np.arcsin(RADIUS / distance))).reshape(v_all.shape)
        outline = outlines[key]
        drawn = np.zeros((3 * CAMERA.height, 3 * CAMERA.width), bool)
        x0, y0, x1, y1 = (int(edge) for edge in outline.box)
        drawn[y0 + CAMERA.height : y1 + CAMERA.height, x0 + CAMERA.width : x1 + CAMERA.width] = outline.mask
        assert drawn.sum() == outline.pixels
        drawn = drawn[CAMERA.height : -CAMERA.height, CAMERA.width : -CAMERA.width]
        assert drawn.sum() == outline.pixels_inside
        assert not ((picture.object_id == key) & ~drawn).any()
        assert (truth ^ drawn).sum() < 2 + 0.4 * 2 * np.sqrt(np.pi * truth.sum())  # pixels on the rim, some of them
        for had, wanted in zip(np.nonzero(drawn), np.nonzero(truth), strict=True):
            assert abs(had.mean() - wanted.mean()) < 0.35
    assert any(outline.pixels > outline.pixels_inside for outline in outlines.values())

    facing = np.abs(off) < 0.02
    then = lens.project(points - before[:3, 3]) * CAMERA.fx
    expected = then - lens.project(points) * CAMERA.fx
    missed = np.linalg.norm(picture.flow[v, u] - expected, axis=1)[facing]
    assert np.nanquantile(missed, 0.95) < 0.15
    assert np.linalg.norm(expected[facing], axis=1).max() > 2
    # Normals look at the camera.
    assert (np.einsum("ij,ij->i", picture.normal[v, u], rays)[facing] < 0.1).all()


def test_a_lens_that_bends_nothing_is_a_pinhole(raster: Raster) -> None:
    facets, world = Facets(CAMERA, LENSES["straight"]), scene(places(LENSES["straight"]))
    ((pinhole, pose),) = facets.cameras
    straight = raster.draw(world, CAMERA, np.eye(4), shaded=False)
    picture = facets.joined([raster.draw(world, pinhole, pose, shaded=False)], flow=False)
    same = picture.object_id == straight.object_id
    assert same.mean() > 0.99  # its pixels are a little finer
    assert picture.depth[same] == pytest.approx(straight.depth[same], rel=3e-2)


def test_outside_the_image_circle_is_nothing(raster: Raster) -> None:
    narrow = KannalaBrandt(model="kannala_brandt", half_fov=40)
    facets, world = Facets(CAMERA, narrow), scene(places(narrow))
    picture = facets.joined([raster.draw(world, *each) for each in facets.cameras], flow=False)
    v, u = np.mgrid[0:240, 0:320]
    outside = np.hypot(u - CAMERA.cx, v - CAMERA.cy) > np.radians(40) * CAMERA.fx + 1
    assert picture.color is not None
    assert outside.any()
    assert not picture.color[outside].any()
    assert np.isinf(picture.depth[outside]).all()
    assert not picture.object_id[outside].any()
    assert not picture.tag[outside].any()
    assert picture.color[~outside].any()
