"""A town for the tests of bodies: a plane, tilted if asked, with the obstacles it is given; and plain models."""

from __future__ import annotations

import numpy as np

from assets.mesh import Material, Mesh
from assets.model import Clip, Model, Part
from assets.tags import Tag
from simulator.world.signage import Signage


class FlatTown:
    """A plane through the origin that rises by ``slope`` along x."""

    name, opendrive, geo_reference, spawn_points, static = "flat", "", (0.0, 0.0), (), ()
    signage = Signage()

    def __init__(self, slope=0.0, obstacles=(), grip=1.0):
        self.slope, self.obstacles, self.grip = slope, tuple(obstacles), grip

    def ground(self, points):
        normal = np.array([-self.slope, 0.0, 1.0]) / np.hypot(1.0, self.slope)
        return points[:, 0] * self.slope, np.tile(normal, (len(points), 1))

    def friction(self, points):
        return np.full(len(points), self.grip)


def box_mesh(size, center=(0.0, 0.0, 0.0), bones=False):
    """A closed box; with ``bones`` skinned by one bone."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float32)
    vertices = (corners * np.array(size) / 2 + center).astype(np.float32)
    faces = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
                      [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]], dtype=np.int32)  # fmt: skip
    return Mesh(
        vertices, (corners / np.sqrt(3)).astype(np.float32), faces, np.zeros(12, np.uint8), (Material("grey"),),
        np.zeros((8, 2), np.float32), np.full((8, 3), 255, np.uint8),
        np.zeros((8, 4), np.uint8) if bones else None,
        np.tile(np.float32([1, 0, 0, 0]), (8, 1)) if bones else None,
    )  # fmt: skip


def at(x=0.0, y=0.0, z=0.0, yaw=0.0):
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    pose[:3, 3] = x, y, z
    return pose


def car(length=4.5, width=1.8, height=1.45, wheelbase=2.7, track=1.55, radius=0.33):
    body = Part("body", (box_mesh((length, width, height - 0.2), (0, 0, height / 2 + 0.1)),), np.eye(4), Tag.CAR)
    wheels = tuple(
        Part(f"wheel_{end}_{side}", (box_mesh((2 * radius, 0.2, 2 * radius)),), at(x, y, radius), Tag.CAR)
        for end, x in (("front", wheelbase / 2), ("rear", -wheelbase / 2))
        for side, y in (("left", track / 2), ("right", -track / 2))
    )
    return Model("vehicle.test", "vehicle.car", (body, *wheels), (length, width, height), (0.0, 0.0, height / 2))


def bicycle():
    body = Part("body", (box_mesh((1.8, 0.5, 1.3), (0, 0, 1.05)),), np.eye(4), Tag.BICYCLE)
    wheels = tuple(
        Part(f"wheel_{end}", (box_mesh((0.68, 0.05, 0.68)),), at(x, 0.0, 0.34), Tag.BICYCLE)
        for end, x in (("front", 0.5), ("rear", -0.5))
    )
    return Model("vehicle.bicycle", "vehicle.bicycle", (body, *wheels), (1.8, 0.5, 1.7), (0.0, 0.0, 0.85))


def lifted(height):
    bones = np.eye(4, dtype=np.float32)[None].copy()
    bones[0, 2, 3] = height
    return bones


def person():
    part = Part("body", (box_mesh((0.4, 0.5, 1.75), (0, 0, 0.875), bones=True),), np.eye(4), Tag.PEDESTRIANS)
    clips = (
        Clip("stand", (0.0, 0.0), 0.0, 3.0, lambda phase: lifted(0.0)),
        Clip("walk", (0.1, 2.2), 1.4, 0.0, lambda phase: lifted(0.01 * np.sin(2 * np.pi * phase) ** 2)),
        Clip("run", (2.2, 7.0), 2.8, 0.0, lambda phase: lifted(0.05 * np.sin(2 * np.pi * phase) ** 2)),
    )
    return Model("person.test", "person.adult", (part,), (0.4, 0.5, 1.75), (0.0, 0.0, 0.875), clips)


def hopper():
    part = Part("body", (box_mesh((1.6, 0.5, 1.5), (0, 0, 0.75), bones=True),), np.eye(4), Tag.DYNAMIC)
    clips = (
        Clip("stand", (0.0, 0.0), 0.0, 3.0, lambda phase: lifted(0.0)),
        Clip("graze", (0.0, 0.0), 0.0, 5.0, lambda phase: lifted(0.0)),
        Clip("hop", (1.0, 15.0), 3.0, 0.0, lambda phase: lifted(0.6 * np.sin(np.pi * phase))),
    )
    return Model("animal.test", "animal.kangaroo", (part,), (1.6, 0.5, 1.5), (0.0, 0.0, 0.75), clips)


def cone():
    part = Part("body", (box_mesh((0.4, 0.4, 0.7), (0, 0, 0.35)),), np.eye(4), Tag.STATIC)
    return Model("prop.cone", "prop.cone", (part,), (0.4, 0.4, 0.7), (0.0, 0.0, 0.35))
