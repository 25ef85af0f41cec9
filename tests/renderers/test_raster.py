"""Label targets: in the right place, exact, and the same every time."""

from __future__ import annotations

import gc
import hashlib
import subprocess
import sys
import threading

import numpy as np
import pytest

from assets.tags import Tag
from renderers import GraphicsError
from renderers.raster import Raster
from renderers.scene import Instance, Picture, Pinhole, Placement, Scene

from .shapes import CAMERA, ball, bent, body, box, looking, plane, pose, project, skinned_strip


def draw(
    raster: Raster,
    scene: Scene,
    world_from_camera: np.ndarray,
    previous: np.ndarray | None = None,
    camera: Pinhole = CAMERA,
) -> Picture:
    return raster.draw(scene, camera, world_from_camera, previous_world_from_camera=previous, shaded=False)


def test_shapes_and_types(raster: Raster, street: Scene) -> None:
    picture = raster.draw(street, CAMERA, looking())
    size = (CAMERA.height, CAMERA.width)
    assert picture.color is not None
    for array, shape, dtype in (
        (picture.color, (*size, 3), np.uint8),
        (picture.depth, size, np.float32),
        (picture.tag, size, np.uint8),
        (picture.object_id, size, np.uint32),
        (picture.normal, (*size, 3), np.float32),
        (picture.flow, (*size, 2), np.float32),
    ):
        assert array.shape == shape and array.dtype == dtype
    assert draw(raster, street, looking()).color is None


def test_points_land_where_the_pinhole_puts_them(raster: Raster) -> None:
    """Small boxes cover their projected centre; their centroid is within half a pixel of it."""
    camera = Pinhole(400, 200, 320.0, 250.0, 130.25, 120.75)
    eye = looking(3.0, -2.0, 1.4, 0.7, -0.1)
    local = np.array([[x, y, z] for z in (6.0, 15.0) for x in (-0.3, 0.0, 0.7) for y in (-0.3, 0.1, 0.2)]) * [6, 6, 1]
    points = local @ eye[:3, :3].T + eye[:3, 3]
    centers = project(camera, eye, points)
    shown = [i for i, (u, v) in enumerate(centers) if 8 < u < camera.width - 8 and 8 < v < camera.height - 8]
    assert len(shown) >= 6
    cube = ball(0.12, 2)
    for i in shown:
        picture = draw(raster, Scene((), [body(cube, pose(*points[i]), i + 1)]), eye, camera=camera)
        rows, columns = np.nonzero(picture.object_id == i + 1)
        assert abs(columns.mean() - centers[i, 0]) < 0.5 and abs(rows.mean() - centers[i, 1]) < 0.5


def test_an_edge_falls_between_the_right_pixels(raster: Raster) -> None:
    """A wall whose left edge projects to u = 99.6 covers pixel 100, whose centre lies right of it, and not 99."""
    for edge, first in ((99.6, 100), (99.4, 100), (100.4, 101), (98.9, 99)):
        y = -(edge - CAMERA.cx) / CAMERA.fx * 10.0
        wall = body(box((0.01, 4.0, 4.0)), pose(10.005, y - 2.0, 1.65), 5)
        picture = draw(raster, Scene((), [wall]), looking())
        assert np.flatnonzero(picture.object_id[70] == 5)[0] == first


def test_depth_of_a_level_plane(raster: Raster) -> None:
    camera = Pinhole(640, 480, 500.0, 500.0, 320.0, 100.0)
    ground = Placement((plane(1000, 100),), np.eye(4)[None], Tag.GROUND)
    depth = draw(raster, Scene((ground,)), looking(0.3, 0.2, 1.65), camera=camera).depth
    rows = np.arange(102, 480)
    expected = 1.65 * 500.0 / (rows - 100.0)
    error = np.abs(depth[rows] - expected[:, None])
    assert error[expected < 20].max() < 1e-3
    assert error[(expected < 200)].max() < 1e-2
    assert np.isinf(depth[:99]).all()


def test_sky(raster: Raster) -> None:
    picture = draw(raster, Scene(), looking(pitch=0.2), looking(yaw=0.01, pitch=0.2))
    assert (picture.tag == Tag.SKY).all() and (picture.object_id == 0).all() and np.isinf(picture.depth).all()
    assert (picture.normal == 0).all()
    center = picture.flow[70, 150]  # the camera turned right by 0.01 rad: what is here now was to the right
    assert center[0] == pytest.approx(0.01 * CAMERA.fx * np.cos(0.2), rel=0.02)


def test_normals_face_the_camera(raster: Raster) -> None:
    scene = Scene((), [body(box((2, 2, 2)), pose(10, 0, 1.65, 0.5), 3)])
    picture = draw(raster, scene, looking())
    seen = picture.normal[picture.object_id == 3]
    assert np.allclose(np.linalg.norm(seen, axis=1), 1, atol=2e-3)
    world = seen @ looking()[:3, :3].T
    faces = np.array([[-np.cos(0.5), -np.sin(0.5), 0], [-np.sin(0.5), np.cos(0.5), 0], [np.sin(0.5), -np.cos(0.5), 0]])
    assert (np.max(world @ faces.T, axis=1) > 0.999).all()
    assert (seen[:, 2] < 0).all()


def test_flow_of_a_moving_box_seen_from_a_moving_camera(raster: Raster) -> None:
    now, before = pose(10, 0.5, 1.0, 0.3), pose(9.4, 0.8, 1.1, 0.2)
    eye, eye_before = looking(0.5, 0.1, 1.6, 0.02), looking(0.0, 0.0, 1.65, 0.0)
    picture = draw(raster, Scene((), [body(box((2, 2, 2)), now, 3, previous=before)]), eye, eye_before)
    rows, columns = np.nonzero(picture.object_id == 3)
    z = picture.depth[rows, columns][:, None].astype(np.float64)
    local = np.stack(((columns - CAMERA.cx) / CAMERA.fx, (rows - CAMERA.cy) / CAMERA.fy, np.ones(len(rows))), 1) * z
    world = local @ eye[:3, :3].T + eye[:3, 3]
    material = (world - now[:3, 3]) @ now[:3, :3]
    expected = project(CAMERA, eye_before, material @ before[:3, :3].T + before[:3, 3]) - np.stack((columns, rows), 1)
    assert np.abs(picture.flow[rows, columns] - expected).max() < 0.05


def test_flow_follows_bones(raster: Raster) -> None:
    strip = skinned_strip()
    still, moved = bent(0.0), bent(0.1)
    scene = Scene((), [Instance((strip,), pose(6), pose(6), 3, Tag.PEDESTRIANS, moved, still)])
    picture = draw(raster, scene, looking())
    columns, rows = (int(c) for c in np.round(project(CAMERA, looking(), np.array([[5.8, 0.0, 0.2]]))[0]))
    assert (
        picture.object_id[rows, columns] == 3 and np.abs(picture.flow[rows, columns]).max() < 0.05
    )  # the foot is still
    top = np.nonzero(picture.object_id == 3)[0].min() + 3
    tip = picture.flow[top][picture.object_id[top] == 3]
    shift = np.sin(0.1) * 0.9 / 6.0 * CAMERA.fx  # leans towards +y, the picture's left: it was to the right
    assert tip[:, 0].mean() == pytest.approx(shift, rel=0.2)


def test_culling_and_order_change_nothing(raster: Raster, street: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from renderers.visibility import View

    views = [looking(yaw=yaw, x=x) for yaw in (0.0, 0.9, 2.5) for x in (0.0, 13.0)]
    culled = [draw(raster, street, view) for view in views]
    monkeypatch.setattr(View, "holds", lambda self, relative, radius: np.ones(len(relative), bool))
    for view, picture in zip(views, culled, strict=True):
        everything = draw(raster, street, view)
        assert (everything.tag == picture.tag).all() and (everything.object_id == picture.object_id).all()
        assert (everything.depth == picture.depth).all()


def test_reach_and_levels_of_detail(raster: Raster) -> None:
    fine, coarse = ball(1.0, 4), box((1.0, 1.0, 1.0))
    tufts = Placement((fine, coarse), np.stack([pose(8), pose(60)]), Tag.VEGETATION, reach=50)
    picture = draw(raster, Scene((tufts,)), looking(z=0.0))
    assert (
        picture.depth[picture.tag == Tag.VEGETATION].max() < 10
    )  # the far copy is beyond its reach, behind the near one
    far = Placement((fine, coarse), np.stack([pose(150, 0.3, 0.2)]), Tag.VEGETATION)
    flat = draw(raster, Scene((far,)), looking(z=0.0))
    assert np.ptp(flat.depth[flat.tag == Tag.VEGETATION]) < 0.05  # a box's front face, not a ball


def test_same_bytes_in_another_process(raster: Raster, street: Scene) -> None:
    first, second = raster.draw(street, CAMERA, looking()), raster.draw(street, CAMERA, looking())
    for name in ("color", "depth", "tag", "object_id", "normal", "flow"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes(), name
    code = (
        "import hashlib; from tests.renderers.shapes import *; from renderers.raster import Raster;"
        "p = Raster().draw(street_scene(), CAMERA, looking());"
        "print(hashlib.sha256(p.color.tobytes() + p.depth.tobytes() + p.object_id.tobytes()).hexdigest())"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert first.color is not None
    expected = hashlib.sha256(first.color.tobytes() + first.depth.tobytes() + first.object_id.tobytes()).hexdigest()
    assert out == expected


def test_pictures_do_not_depend_on_those_before(raster: Raster, street: Scene) -> None:
    first = raster.draw(street, CAMERA, looking())
    raster.draw(street, CAMERA, looking(x=200.0, yaw=2.0))
    again = raster.draw(street, CAMERA, looking())
    assert first.color is not None and again.color is not None
    assert (first.color == again.color).all()


def test_warming_up_changes_no_picture(street: Scene) -> None:
    cold, warm = Raster(), Raster()
    for _ in warm.warm_up(Scene(street.static, [], street.environment), looking()):
        pass
    first, second = (raster.draw(street, CAMERA, looking()) for raster in (cold, warm))
    for name in ("color", "depth", "tag", "object_id", "normal", "flow"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    assert first.exposure == second.exposure


def test_rasters_of_one_thread_do_not_meet(raster: Raster, street: Scene) -> None:
    """OpenGL names things by small numbers in the current context: whose they are must not depend on who drew last."""
    before = raster.draw(street, CAMERA, looking())
    for ended in (True, False):
        other = Raster()
        other.draw(street, CAMERA, looking(yaw=2.0))
        if ended:
            other.close()
        del other
        gc.collect()
        after = raster.draw(street, CAMERA, looking())
        assert before.color is not None and after.color is not None
        assert np.array_equal(before.color, after.color) and np.array_equal(before.object_id, after.object_id)


def test_other_threads_are_refused(raster: Raster) -> None:
    errors: list[Exception] = []

    def work() -> None:
        try:
            raster.draw(Scene(), CAMERA, looking())
        except GraphicsError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert errors and "thread" in str(errors[0])


def test_no_driver_says_what_to_install() -> None:
    code = "from renderers.raster import Raster; Raster()"
    environment = {"GLCONTEXT_LINUX_LIBEGL": "libnothing.so", "PATH": "/usr/bin"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode and "GraphicsError" in done.stderr and "libegl1" in done.stderr
