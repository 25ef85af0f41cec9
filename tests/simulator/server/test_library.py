"""The blueprint library and attachments by themselves, without a server."""

import numpy as np
import pytest

from assets import catalog
from simulator.server.attachments import LAG_SPEED, LIFT, Socket, SpringArm
from simulator.server.blueprints import Kind, Library
from simulator.server.prepare import wanted
from simulator.server.wire import Description, Refusal
from simulator.world.bodies import upright

LIBRARY = Library()


def test_every_body_has_a_model_in_the_catalogue() -> None:
    names = set(catalog.names())
    for blueprint in LIBRARY.by_id.values():
        if blueprint.kind in (Kind.VEHICLE, Kind.WALKER, Kind.PROP):
            assert blueprint.model_name in names, blueprint.type_id
    assert [blueprint.uid for blueprint in LIBRARY.by_id.values()] == list(range(1, len(LIBRARY.by_id) + 1))


def test_attributes_are_completed_and_fixed_ones_stay() -> None:
    car = LIBRARY.by_id["vehicle.tesla.model3"]
    values = car.complete({"color": "1,2,3", "base_type": "bus"})
    assert values["color"] == "1,2,3" and values["base_type"] == "car" and values["role_name"] == "autopilot"
    with pytest.raises(Refusal, match="no attribute wings"):
        car.complete({"wings": "2"})
    with pytest.raises(Refusal, match="invalid actor description"):
        LIBRARY.find(Description(car.uid + 1, car.type_id, {}))
    mesh = LIBRARY.by_id["static.prop.mesh"]
    with pytest.raises(Refusal, match="scale must be a number"):
        mesh.model(mesh.complete({"scale": "wide"}))
    assert mesh.model(mesh.complete({"mesh_path": "/Game/Nothing/SM_Nothing"})) is None


def test_cars_with_doors_have_parts_for_them() -> None:
    for blueprint in LIBRARY.by_id.values():
        if blueprint.kind is Kind.VEHICLE:
            doors = blueprint.complete({})["has_dynamic_doors"] == "true"
            assert (blueprint.model_name or "").endswith(".doors") == doors


def test_preparing_covers_riders_and_wheelchairs() -> None:
    todo = wanted()
    assert ("vehicle.vespa.zx125", {"driver_id": "6"}) in todo
    assert ("walker.pedestrian.0002", {"use_wheelchair": "true"}) in todo
    assert ("walker.pedestrian.0009", {"use_wheelchair": "true"}) not in todo


def flat(points: np.ndarray) -> np.ndarray:
    return np.zeros(len(points))


def test_a_spring_arm_keeps_its_length_and_forgets_the_parents_pitch() -> None:
    parent_from_child = upright(np.array([-4.0, 0.0, 3.0]), 0.0)
    parent = upright(np.array([10.0, 5.0, 1.0]), 0.7)
    tilted = parent.copy()
    tilted[:3, :3] = (
        parent[:3, :3]
        @ upright(np.zeros(3), 0.0)[:3, :3]
        @ np.array([[np.cos(0.2), 0, np.sin(0.2)], [0, 1, 0], [-np.sin(0.2), 0, np.cos(0.2)]])
    )
    for lift, ghost in ((0.0, True), (LIFT, False)):
        arm = SpringArm(parent_from_child, ghost, flat, tilted)
        start = parent[:3, 3] + [0, 0, lift]
        assert np.linalg.norm(arm.pose[:3, 3] - start) == pytest.approx(5.0)
        ahead = arm.pose[:3, 0]
        assert ahead == pytest.approx((start - arm.pose[:3, 3]) / 5.0)  # looks along the arm
        assert arm.pose[2, 1] == pytest.approx(0)  # level


def test_a_spring_arm_lags_exponentially_behind_a_turn() -> None:
    parent = np.eye(4)
    arm = SpringArm(upright(np.array([-4.0, 0.0, 0.0]), 0.0), True, flat, parent)
    turned = upright(np.zeros(3), 1.0)
    for _ in range(30):
        arm.follow(turned, 1 / 60)
    yaw = np.arctan2(arm.pose[1, 0], arm.pose[0, 0])
    assert yaw == pytest.approx(1 - (1 - LAG_SPEED / 60) ** 30, abs=1e-6)


def test_only_a_ghost_goes_through_the_ground() -> None:
    below = upright(np.array([-4.0, 0.0, -3.0]), 0.0)
    parent = upright(np.array([0.0, 0.0, 1.0]), 0.0)
    assert SpringArm(below, True, flat, parent).pose[2, 3] == pytest.approx(-2.0)
    assert SpringArm(below, False, flat, parent).pose[2, 3] > 0.1


def test_a_socket_follows_its_bone() -> None:
    bone = [np.eye(4)]
    socket = Socket(upright(np.array([1.0, 0.0, 0.0]), 0.0), lambda: bone[0])
    bone[0] = upright(np.array([0.0, 0.0, 2.0]), np.pi / 2)
    socket.follow(np.eye(4), 0.05)
    assert socket.previous[:3, 3] == pytest.approx([1, 0, 0])
    assert socket.pose[:3, 3] == pytest.approx([0, 1, 2])
