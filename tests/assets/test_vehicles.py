"""Vehicles: measures, wheels, lamps, sound meshes."""

import numpy as np
import pytest

from assets.catalog import model
from assets.model import Model
from assets.store import model as measured
from sensors.taxonomy import category

CARS = (
    "vehicle.hatchback",
    "vehicle.sedan",
    "vehicle.suv",
    "vehicle.pickup",
    "vehicle.van",
    "vehicle.truck",
    "vehicle.bus",
    "vehicle.coupe",
    "vehicle.offroad",
    "vehicle.microcar",
    "vehicle.wedge",
    "vehicle.microbus",
    "vehicle.fire_engine",
)
CYCLES = ("vehicle.bicycle", "vehicle.motorcycle", "vehicle.road_bike", "vehicle.sport_bike", "vehicle.cruiser")
ALL = (*CARS, *CYCLES, "vehicle.city_bike", "vehicle.scooter")
LAMPS = {"low_beam", "high_beam", "position", "brake", "reverse", "fog", "left", "right"}


def lowest(part: object) -> float:
    return float((part.lods[0].vertices[:, 2] + part.body_from_part[2, 3]).min())  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ALL)
def test_meshes_are_sound(name: str) -> None:
    vehicle = model(name)
    assert category(vehicle.category)
    for level, budget in enumerate((17000, 7500, 2600)):
        assert sum(len(part.lods[level].faces) for part in vehicle.parts) <= budget
    for part in vehicle.parts:
        for mesh in part.lods:
            assert np.isfinite(mesh.vertices).all() and np.isfinite(mesh.uvs).all()
            assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)
            corners = mesh.vertices[mesh.faces].astype(float)
            across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            area = np.linalg.norm(across, axis=1)
            agrees = np.einsum("fi,fi->f", across, mesh.normals[mesh.faces].mean(axis=1)) > 0
            assert area[agrees].sum() > 0.97 * area.sum(), "faces turn their backs to their normals"


@pytest.mark.parametrize("name", ALL)
def test_wheels_stand_on_the_ground_inside_the_box(name: str) -> None:
    vehicle = model(name)
    wheels = [part for part in vehicle.parts if part.name.startswith("wheel")]
    assert len(wheels) == (4 if name in CARS else 2)
    for wheel in wheels:
        assert abs(lowest(wheel)) < 0.006
        side = {"left": 1, "right": -1}.get(wheel.name.rsplit("_", 1)[-1], 0)
        front = 1 if "front" in wheel.name else -1
        assert np.sign(round(float(wheel.body_from_part[1, 3]), 3)) == side
        assert np.sign(wheel.body_from_part[0, 3]) == front
        # Round about the axle, which is y.
        points = wheel.lods[0].vertices
        assert np.ptp(points[:, 0]) == pytest.approx(np.ptp(points[:, 2]), rel=0.02)
    assert lowest(vehicle.parts[0]) > 0.08, "no gap under the body"
    assert np.allclose(vehicle.center[1], 0, atol=0.02)


@pytest.mark.parametrize("name", CARS)
def test_lamps_paint_and_glass(name: str) -> None:
    body = model(name).parts[0].lods[0]
    used = {body.materials[i] for i in np.unique(body.face_materials)}
    assert {m.lamp for m in used if m.lamp} >= LAMPS
    assert any(m.paint for m in used)
    assert any(m.name == "glass" for m in used)
    middle = body.vertices[body.faces].mean(axis=1)
    for group, side in (("left", 1), ("right", -1)):
        index = [i for i, m in enumerate(body.materials) if m.lamp == group]
        assert (np.sign(middle[np.isin(body.face_materials, index), 1]) == side).all()
    brake = [i for i, m in enumerate(body.materials) if m.lamp == "brake"]
    assert (middle[np.isin(body.face_materials, brake), 0] < -0.8).all()


def skin_area(vehicle: Model) -> tuple[float, float]:
    """Signed area that the body shows to the left and to the right, closed bodies showing the same."""
    mesh = vehicle.parts[0].lods[0]
    corners = mesh.vertices[mesh.faces].astype(float)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 1] / 2
    return float(across[across > 0].sum()), float(-across[across < 0].sum())


@pytest.mark.parametrize("name", CARS)
def test_no_region_of_the_skin_is_lost(name: str) -> None:
    left, right = skin_area(model(name))
    assert left == pytest.approx(right, rel=0.02)
    assert left > 0.55 * model(name).size[0] * model(name).size[2] * 0.7


def test_size_is_met_and_wheels_stay_round() -> None:
    size = (4.9, 2.1, 1.55)
    vehicle = model("vehicle.sedan", size=size)
    assert vehicle.size == pytest.approx(size, abs=0.005)
    assert np.allclose(vehicle.center, (0, 0, size[2] / 2), atol=0.005)
    own = model("vehicle.sedan")
    assert vehicle.parts[1].lods[0].vertices.shape == own.parts[1].lods[0].vertices.shape
    assert np.array_equal(vehicle.parts[1].lods[0].vertices, own.parts[1].lods[0].vertices)
    assert measured("", "", vehicle.parts).size == pytest.approx(vehicle.size)


def test_wrong_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="metres"):
        model("vehicle.sedan", size=(4.5, 0.0, 1.4))
    with pytest.raises(ValueError, match="metres"):
        model("vehicle.bicycle", size=(1.7, 0.6))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", CYCLES)
def test_cycles_meet_a_size_on_round_wheels(name: str) -> None:
    size = (1.9, 0.7, 1.6)
    cycle = model(name, size=size)
    assert cycle.size == pytest.approx(size, abs=0.002)
    wheels = [part for part in cycle.parts if part.name.startswith("wheel")]
    for wheel in wheels:
        points = wheel.lods[0].vertices
        assert np.ptp(points[:, 0]) == pytest.approx(np.ptp(points[:, 2]), rel=0.02)
        assert abs(lowest(wheel)) < 0.006


def test_doors_turn_about_their_front_edge_and_close_the_body() -> None:
    car, plain = model("vehicle.sedan.doors"), model("vehicle.sedan")
    assert car.size == pytest.approx(plain.size, abs=0.03)
    doors = {part.name: part for part in car.parts if part.name.startswith("door_")}
    assert set(doors) == {f"door_{row}_{side}" for row in ("front", "rear") for side in ("left", "right")}
    for name, door in doors.items():
        points = door.lods[0].vertices + door.body_from_part[:3, 3]
        assert np.sign(door.body_from_part[1, 3]) == (1 if "left" in name else -1) == np.sign(points[:, 1].mean())
        panel = points[np.abs(points[:, 1]) < abs(plain.size[1]) / 2 - 0.09]  # without mirrors
        assert panel[:, 0].max() < door.body_from_part[0, 3] + 0.35  # a front door's window reaches before its hinge
        assert points[:, 0].min() < door.body_from_part[0, 3] - 0.8
    # Seen from the side, doors and body together show what the plain body shows: no hole, no crack wider than a gap.
    whole = sum(area(part) for part in car.parts if not part.name.startswith("wheel"))
    assert whole > area(plain.parts[0])


def area(part: object) -> float:
    """What a part shows to the left [m^2]."""
    mesh = part.lods[0]  # type: ignore[attr-defined]
    corners = mesh.vertices[mesh.faces].astype(float)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 1] / 2
    return float(across[across > 0].sum())


@pytest.mark.parametrize("name", ["vehicle.police", "vehicle.ambulance", "vehicle.fire_engine"])
def test_emergency_vehicles_carry_a_light_bar(name: str) -> None:
    body = model(name).parts[0].lods[0]
    lit = {body.materials[i].lamp for i in np.unique(body.face_materials)}
    assert {"special1", "special2"} <= lit
    top = [i for i, material in enumerate(body.materials) if material.lamp in ("special1", "special2")]
    heights = body.vertices[body.faces[np.isin(body.face_materials, top)]][..., 2]
    assert heights.min() > 0.6 * model(name).size[2]
