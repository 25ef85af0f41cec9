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
)
ALL = (*CARS, "vehicle.bicycle", "vehicle.motorcycle")
LAMPS = {"low_beam", "high_beam", "position", "brake", "reverse", "fog", "left", "right"}


def lowest(part: object) -> float:
    return float((part.lods[0].vertices[:, 2] + part.body_from_part[2, 3]).min())  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ALL)
def test_meshes_are_sound(name: str) -> None:
    vehicle = model(name)
    assert category(vehicle.category)
    for level, budget in enumerate((16000, 7500, 2600)):
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
    with pytest.raises(ValueError, match="variant"):
        model("vehicle.bicycle", size=(1.7, 0.6, 1.8))
