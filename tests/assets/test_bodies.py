"""Skinned bodies: rest pose, clips, feet that neither slide nor sink, flight."""

import numpy as np
import pytest

from assets.catalog import model
from assets.model import Clip, Model
from sensors.taxonomy import category

NAMES = ("animal.kangaroo", "person.adult", "person.child", "animal.deer", "animal.cow", "animal.dog")
FOUR_LEGGED = ("animal.deer", "animal.cow", "animal.dog")
PHASES = np.arange(40) / 40


def bodies() -> list[Model]:
    return [model(name, variant=variant) for name in NAMES for variant in ((0,) if name in FOUR_LEGGED else (0, 1))]


def clips() -> list[tuple[str, Model, Clip]]:
    return [(f"{body.name} {clip.name} {body.size[2]:.2f}", body, clip) for body in bodies() for clip in body.clips]


def skinned(body: Model, clip: Clip, phase: float) -> np.ndarray:
    return body.parts[0].lods[0].posed(clip.pose(phase))


@pytest.mark.parametrize("body", bodies(), ids=lambda b: f"{b.name} {b.size[2]:.2f}")
def test_rest_pose_has_the_size_it_tells_and_stands_on_the_ground(body: Model) -> None:
    points = body.parts[0].lods[0].vertices
    assert np.allclose(points.max(axis=0) - points.min(axis=0), body.size, atol=1e-5)
    assert np.allclose((points.max(axis=0) + points.min(axis=0)) / 2, body.center, atol=1e-5)
    assert abs(points[:, 2].min()) < 0.03
    assert category(body.category)


@pytest.mark.parametrize("body", bodies(), ids=lambda b: f"{b.name} {b.size[2]:.2f}")
def test_meshes_are_sound(body: Model) -> None:
    budgets = (10000, 3500, 1000)
    for mesh, budget in zip(body.parts[0].lods, budgets, strict=True):
        assert len(mesh.faces) <= budget
        assert np.isfinite(mesh.vertices).all()
        assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)
        assert mesh.bone_weights is not None
        assert np.allclose(mesh.bone_weights.sum(axis=1), 1, atol=1e-5)
        corners = mesh.vertices[mesh.faces].astype(float)
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert (np.linalg.norm(across, axis=1) > 0).all()
        # Every edge has exactly two faces: closed.
        edges = np.sort(np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]]), axis=1)
        assert (np.unique(edges, axis=0, return_counts=True)[1] % 2 == 0).all()
        facing = np.einsum("fi,fi->f", across, mesh.normals[mesh.faces].mean(axis=1))
        assert (facing > 0).mean() > 0.97
        volume = np.einsum("fi,fi->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
        assert volume > 0


@pytest.mark.parametrize(("label", "body", "clip"), clips(), ids=lambda v: v if isinstance(v, str) else "")
def test_clips_are_periodic_and_smooth(label: str, body: Model, clip: Clip) -> None:
    assert np.allclose(clip.pose(0.0), clip.pose(1.0), atol=1e-5)
    frames = np.stack([skinned(body, clip, phase) for phase in np.arange(120) / 120])
    seconds = clip.period / 120
    speed = np.linalg.norm(np.diff(np.concatenate([frames, frames[:1]]), axis=0), axis=-1) / seconds
    ground = clip.stride / clip.period
    assert speed.max() < 6 + 3.5 * ground, "something jumps"


def feet(body: Model) -> list[np.ndarray]:
    """Vertices under the balls of the feet."""
    mesh = body.parts[0].lods[0]
    low = mesh.vertices[:, 2] < 0.025 * body.size[2]
    if body.name in FOUR_LEGGED:
        x, y = mesh.vertices[:, 0], mesh.vertices[:, 1]
        middle = (x[low].max() + x[low].min()) / 2
        return [
            np.flatnonzero(low & ((x > middle) == front) & ((y > 0) == left)) for front in (0, 1) for left in (0, 1)
        ]
    found = []
    for side in (1, -1):
        near = low & (np.sign(mesh.vertices[:, 1]) == side) & (np.abs(mesh.vertices[:, 1]) > 0.05)
        ahead = mesh.vertices[:, 0]
        toe = 0.11 * body.size[2] if body.name == "animal.kangaroo" else 0.055 * body.size[2]
        found.append(np.flatnonzero(near & (np.abs(ahead - toe) < 0.035)))
    return found


@pytest.mark.parametrize(
    ("label", "body", "clip"),
    [entry for entry in clips() if entry[2].stride > 0],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_feet_do_not_slide_or_sink(label: str, body: Model, clip: Clip) -> None:
    for foot in feet(body):
        assert len(foot) > 0
        phases = np.arange(200) / 200
        places = np.stack([skinned(body, clip, phase)[foot].mean(axis=0) for phase in phases])
        ground = places + np.stack([clip.stride * phases, np.zeros(200), np.zeros(200)], axis=1)
        down = places[:, 2] < places[:, 2].min() + min(0.006 * body.size[2], 0.010)
        # One stretch of stance, perhaps wrapping around phase 1.
        runs = np.flatnonzero(np.diff(np.concatenate([[0], down.astype(int), [0]])))
        if down[0] and down[-1] and len(runs) > 2:
            ground[: runs[1], 0] += clip.stride
        stance = ground[down]
        assert 0.12 < down.mean() < 0.75
        assert np.ptp(stance[:, 0]) < 0.02, "slides along"
        assert np.ptp(stance[:, 1]) < 0.02, "slides sideways"
    lowest = min(float(skinned(body, clip, phase)[:, 2].min()) for phase in PHASES)
    assert lowest > -0.03, "sinks"


@pytest.mark.parametrize("variant", [0, 1])
def test_the_kangaroo_flies(variant: int) -> None:
    body = model("animal.kangaroo", variant=variant)
    for clip in body.clips:
        lowest = np.array([skinned(body, clip, phase)[:, 2].min() for phase in PHASES])
        if clip.stride:
            assert lowest.max() > 0.05
            assert (lowest > 0.02).mean() > 0.3
        else:
            assert np.abs(lowest).max() < 0.03


def test_gaits_cover_the_speeds() -> None:
    kangaroo, adult = model("animal.kangaroo"), model("person.adult")
    assert [kangaroo.gait(speed).name for speed in (1, 5, 10)] == ["hop_slow", "hop", "hop_fast"]
    assert [adult.gait(speed).name for speed in (0.8, 1.5, 4)] == ["walk", "walk", "run"]
    assert kangaroo.clip("hop").stride == pytest.approx(2.15, abs=0.5)
