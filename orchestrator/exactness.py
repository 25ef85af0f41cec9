"""How exact labels are: random scenes, drawn and scanned; each label is held against a slow and plain way to get it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel
from scipy.spatial.transform import Rotation

from assets import catalog, maps
from renderers.raster import Raster
from renderers.raycast import RayCaster
from renderers.scene import Instance, Picture, Pinhole, Scene, Silhouette
from sensors import labels
from sensors.geometry import inverse, rigid, transformed
from sensors.lidar import BEAM_TABLES, firing, measure
from simulator.world.bodies import Body
from simulator.world.town import Town, load_town
from simulator.world.walkers import WalkerControl
from simulator.world.world import World

CAMERA = Pinhole(621, 188, 360.8, 360.8, 304.8, 86.4)
"""KITTI's camera at half its size."""

EGO_FROM_CAMERA = rigid((0.5, -0.5, 0.5, -0.5), (0.0, 0.0, 1.65))
EGO_FROM_LIDAR = rigid((1.0, 0.0, 0.0, 0.0), (-0.27, 0.0, 1.73))
SCANNER, COLUMNS, RATE = "HDL-64E", 2083, 10
TICK = 0.05

KINDS = ("vehicle.", "person.", "animal.", "prop.debris_", "prop.cone", "prop.trafficwarning", "prop.streetbarrier")
BODIES = 14
"""Things in a scene, if there is room."""

ROUNDING, TIGHT = 1e-4, 0.02
"""[m] that a vertex may lie outside of its box, and that a box may be larger than its object."""

MEANINGFUL = 400
"""Pixels of an outline from which a share of 1 % is more than a few pixels of its edge."""


class Tally(BaseModel):
    """How often something holds, and how often it must.

    Attributes:
        what: in words. needed: least share of the cases, in [0, 1].
        holds, cases: counted so far.
    """

    what: str
    needed: float
    holds: int = 0
    cases: int = 0

    @property
    def kept(self) -> bool:
        """Whether it holds as often as it must; without a case it does not."""
        return self.cases > 0 and self.holds >= self.needed * self.cases

    def count(self, holds: ArrayLike) -> None:
        """Takes in cases (N,), each with whether it holds."""
        cases = np.atleast_1d(holds)
        self.holds += int(np.count_nonzero(cases))
        self.cases += cases.size


class Exactness(BaseModel):
    """What was found in a number of scenes.

    Attributes:
        scenes, objects: measured.
        outside: [m] by which the worst vertex lies outside of its 3D box. overhang: [m] by which the loosest box is
            larger than its object.
        difference: largest, of a visible fraction from the rays'.
    """

    scenes: int = 0
    objects: int = 0
    boxes: Tally = Tally(what="visible boxes are their masks' extents", needed=1)
    vertices: Tally = Tally(what="posed vertices lie in their 3D box", needed=1)
    tightness: Tally = Tally(what="3D boxes exceed their object by 2 cm at most", needed=1)
    returns: Tally = Tally(what="LiDAR returns lie in their object's box, grown by 3 sigma", needed=0.999)
    ids: Tally = Tally(what="away from edges, rays meet the object that is drawn", needed=0.995)
    amodal: Tally = Tally(what="with nothing in front, the amodal mask is the visible one", needed=1)
    fractions: Tally = Tally(what="visible fractions are those of a count of rays, within 1 %", needed=1)
    outside: float = -float("inf")
    overhang: float = 0.0
    difference: float = 0.0

    @property
    def tallies(self) -> list[Tally]:
        """All of them, in the order of the fields."""
        return [value for _, value in self if isinstance(value, Tally)]


def measure_exactness(scenes: int, seed: int, done: Callable[[], None] = lambda: None) -> Exactness:
    """Draws scenes on the built-in maps and measures the labels of each; ``done`` is told after each."""
    found = Exactness()
    raster = Raster()
    try:
        for index in range(scenes):
            random = np.random.default_rng([seed, index])
            town = load_town(maps.names()[index % len(maps.names())])
            _measure(_RandomScene(town, random), raster, random, found)
            done()
    finally:
        raster.close()
    return found


class _RandomScene:
    """Traffic, people, animals and debris before a car, in motion, some of them tilted or with a door open.

    Attributes:
        world: after some ticks. world_from_ego: (4, 4).
    """

    def __init__(self, town: Town, random: np.random.Generator) -> None:
        self.world = World(town, int(random.integers(2**31)))
        start = town.spawn_points[random.integers(len(town.spawn_points))]
        self.world_from_ego = start.copy()
        self.world_from_ego[2, 3] = town.ground(start[None, :3, 3])[0][0]
        names = [name for name in catalog.names() if name.startswith(KINDS)]
        for actor_id in range(1, BODIES + 1):
            self._add(actor_id, str(random.choice(names)), random)
        for _ in range(int(random.integers(4, 12))):
            self.world.step(TICK)

    def _add(self, actor_id: int, name: str, random: np.random.Generator) -> None:
        world, model = self.world, catalog.model(name, variant=int(random.integers(8)))
        for _ in range(20):
            ahead = float(random.uniform(4, 45))
            pose = self.world_from_ego @ _turned(
                random.uniform(-np.pi, np.pi), ahead, random.uniform(-0.5, 0.5) * ahead
            )
            pose[2, 3] = world.town.ground(pose[None, :3, 3])[0][0]
            if not world.overlaps(model, pose):
                break
        else:
            return
        if name.startswith("vehicle."):
            car = world.add_vehicle(actor_id, model, pose)
            car.target_velocity = pose[:3, 0] * random.uniform(0, 12)
            for door in list(car.doors)[: random.integers(3)]:
                car.move_door(door, True)
        elif name.startswith(("person.", "animal.")):
            walker = world.add_walker(actor_id, model, pose)
            walker.control = WalkerControl(pose[:3, 0], float(random.uniform(0, 6)))
        else:
            body = world.add_prop(actor_id, model, pose)
            body.push(np.array([0, 0, random.uniform(0, 3)]), random.uniform(-3, 3, 3))  # in the air, tumbling


def _turned(yaw: float, ahead: float, left: float) -> NDArray[np.float64]:
    return rigid((np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)), (ahead, left, 0.0))


def _measure(made: _RandomScene, raster: Raster, random: np.random.Generator, found: Exactness) -> None:
    world, scene = made.world, made.world.scene()
    eye = made.world_from_ego @ EGO_FROM_CAMERA
    picture = raster.draw(scene, CAMERA, eye, shaded=False)
    outlines = raster.silhouettes(scene, CAMERA, eye, world.bodies.keys())
    views = labels.object_views(picture.object_id.astype(np.uint16), outlines)
    caster = RayCaster()
    caster.update(scene)
    found.scenes += 1
    found.objects += len(world.bodies)
    _boxes(views, picture, found)
    for body in world.bodies.values():
        _vertices(body, found)
    _returns(made, caster, random, found)
    rays = _pixel_rays(eye)
    seen = caster.cast(*rays).object_id.reshape(picture.depth.shape)
    inner = _away_from_edges(picture.object_id) & _away_from_edges(seen)
    found.ids.count(seen[inner] == picture.object_id[inner])
    for view in views:
        parts = [part for part in scene.bodies if part.object_id == view.track_id]
        _amodal(view, outlines[view.track_id], parts, picture, raster, eye, found)
        if view.amodal_pixels * (1 - view.truncation) >= MEANINGFUL:
            _fraction(view, parts, rays, seen, found)


def _boxes(views: tuple[labels.ObjectView, ...], picture: Picture, found: Exactness) -> None:
    for view in views:
        rows, columns = np.nonzero(picture.object_id == view.track_id)
        extent = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None
        found.boxes.count(view.visible_box == extent and view.visible_pixels == len(rows))


def _vertices(body: Body, found: Exactness) -> None:
    """Every vertex of the finest meshes, posed one by one."""
    world_from_box, size = body.box()
    points = np.concatenate([_posed(instance) for instance in body.instances()])
    local = transformed(inverse(world_from_box), points)
    beyond = (np.abs(local) - np.array(size) / 2).max(axis=1)
    found.vertices.count(beyond <= ROUNDING)
    found.outside = max(found.outside, float(beyond.max()))
    slack = np.concatenate([np.array(size) / 2 - local.max(axis=0), local.min(axis=0) + np.array(size) / 2])
    found.tightness.count(slack.max() <= TIGHT)
    found.overhang = max(found.overhang, float(slack.max()))


def _posed(instance: Instance) -> NDArray[np.float64]:
    mesh = instance.lods[0]
    vertices = mesh.vertices if instance.bones is None else mesh.posed(instance.bones)
    return transformed(instance.world_from_mesh, vertices.astype(np.float64))


def _returns(made: _RandomScene, caster: RayCaster, random: np.random.Generator, found: Exactness) -> None:
    """A tick of the scanner; each return is moved with its object from when it was met to the tick's end."""
    world_from_lidar = made.world_from_ego @ EGO_FROM_LIDAR
    table = BEAM_TABLES[SCANNER]
    rays = firing(table, round(COLUMNS * RATE * TICK), np.pi / 2, np.pi)
    directions = rays.directions @ world_from_lidar[:3, :3].T
    origins = np.broadcast_to(world_from_lidar[:3, 3], directions.shape)
    hits = caster.cast(origins, directions, rays.fraction)
    distance, _, returned = measure(table, hits.distance, hits.reflectance, hits.cos_incidence, random, farthest=120.0)
    grown = 6 * table.sigma
    for body in made.world.bodies.values():
        mine = np.flatnonzero(returned & (hits.object_id == body.actor_id))
        points = origins[mine] + directions[mine] * distance[mine, None]
        world_from_box, size = body.box()
        local = transformed(inverse(world_from_box), _now(body, points, rays.fraction[mine]))
        found.returns.count((np.abs(local) <= (np.array(size) + grown) / 2).all(axis=1))


def _now(body: Body, points: NDArray[np.float64], fraction: NDArray[np.float32]) -> NDArray[np.float64]:
    """Points (N, 3) met on a body at shares (N,) of the tick, moved with it to the tick's end."""
    before, now = body.previous_world_from_body, body.world_from_body
    turn = Rotation.from_matrix(now[:3, :3] @ before[:3, :3].T).as_rotvec()
    place = before[:3, 3] + fraction[:, None] * (now[:3, 3] - before[:3, 3])
    return Rotation.from_rotvec((1 - fraction[:, None]) * turn).apply(points - place) + now[:3, 3]


def _pixel_rays(
    world_from_camera: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Origins (N, 3), directions (N, 3) and times (N,) of rays through the centres of all pixels."""
    v, u = np.mgrid[: CAMERA.height, : CAMERA.width].reshape(2, -1)
    local = np.stack(((u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy, np.ones(u.size)), axis=1)
    directions = local / np.linalg.norm(local, axis=1, keepdims=True) @ world_from_camera[:3, :3].T
    return np.broadcast_to(world_from_camera[:3, 3], directions.shape), directions, np.ones(len(directions))


def _away_from_edges(ids: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Pixels whose eight neighbours show the same object."""
    picture, square = ids.astype(np.float32), np.ones((3, 3), np.uint8)
    return cv2.dilate(picture, square) == cv2.erode(picture, square)


def _amodal(
    view: labels.ObjectView,
    outline: Silhouette,
    parts: list[Instance],
    picture: Picture,
    raster: Raster,
    eye: NDArray[np.float64],
    found: Exactness,
) -> None:
    """What the object covers when drawn alone, and how far away that is, tells whether anything stands in front."""
    alone = raster.draw(Scene((), parts), CAMERA, eye, shaded=False)
    covered = alone.object_id == view.track_id
    if not covered.any() or (picture.depth < alone.depth)[covered].any():
        return
    same = view.visible_pixels == outline.pixels_inside == int(covered.sum())
    found.amodal.count(same and view.visible_fraction == 1 and not view.occluders)


def _fraction(
    view: labels.ObjectView,
    parts: list[Instance],
    rays: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    seen: NDArray[np.uint32],
    found: Exactness,
) -> None:
    """Rays that meet it first, over the rays that meet it with nothing else in the world."""
    caster = RayCaster()
    caster.update(Scene((), parts))
    met = int((caster.cast(*rays).object_id == view.track_id).sum())
    if met == 0:
        return
    difference = abs(int((seen == view.track_id).sum()) / met - view.visible_fraction)
    found.difference = max(found.difference, difference)
    found.fractions.count(difference <= 0.01)
