"""The oracle tells scenes in which the event happened from scenes in which it did not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from scenarios import catalog
from scenarios.oracle import OracleError, judge, parse
from sensors.frames import CameraFrame, Frame, ObjectState, ObjectView, SceneMeta
from sensors.rig import load_rig


def script(event: str) -> str:
    return f'"""Title\n\nEvent: {event}\n"""\n'


def pose(x: float, y: float, heading: float = 0.0) -> np.ndarray:
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(heading), -np.sin(heading)], [np.sin(heading), np.cos(heading)]]
    turned[:2, 3] = x, y
    return turned


META = SceneMeta(
    scene_id="0", scenario="s", script=script("in_path(child, within=40)"), title="t", seed=0, index=0, params={},
    generator="g", rig=load_rig("kitti"), map_name="m", opendrive="", weather={"sun_altitude_angle": 5.0,
    "sun_azimuth_angle": 0.0, "fog_density": 30.0}, ego_type="e", ego_size=(4.7, 1.9, 1.4), exact=True,
)  # fmt: skip
"""The ego of these scenes drives east, into the sun, at 10 m/s."""


def frames(
    start: tuple[float, float],
    velocity: tuple[float, float] = (0.0, 0.0),
    *,
    acceleration: tuple[float, float] = (0.0, 0.0),
    category: str = "child",
    hidden_until: float = 0.0,
    pixels: int = 500,
) -> list[Frame]:
    """Two seconds at 10 Hz with one object."""
    made = []
    for index in range(20):
        time = index / 10
        where = np.add(start, np.multiply(velocity, time))
        state = ObjectState(
            1, category, pose(*where), (0.5, 0.5, 1.2), np.array([*velocity, 0]), np.array([*acceleration, 0]), (), "x"
        )
        shown = pixels if time >= hidden_until else 0
        view = ObjectView(1, shown, pixels, None, (0, 0, 9, 9), shown / pixels, 0.0, False)
        none = np.zeros((0, 0))
        camera = CameraFrame("C", np.eye(4), none, none, none, none, (view,))  # type: ignore[arg-type]
        zero = np.zeros(3)
        made.append(Frame(index, time, pose(10 * time, 0), np.array([10.0, 0, 0]), zero, zero, (state,), {"C": camera}))
    return made


@pytest.mark.parametrize(
    ("event", "scene", "happened"),
    [
        ("in_path(child, within=40)", frames((30, 0)), True),
        ("in_path(child, within=40)", frames((80, 0)), False),  # too far
        ("in_path(child, within=40)", frames((-5, 0)), False),  # behind
        ("in_path(child, within=40)", frames((40, 3)), False),  # beside
        ("in_path(child, within=40)", frames((40, 3), (0, -2)), True),  # comes into it
        ("in_path(child, within=40)", frames((30, 0), pixels=5), False),  # not to be seen
        ("in_path(child, within=40)", frames((30, 0), category="adult"), False),
        ("in_path(animal, within=40)", frames((30, 0), category="animal.cow"), True),
        ("in_path(child, within=40, across=1)", frames((30, 0)), False),
        ("in_path(child, within=40, across=1)", frames((30, 2), (0, -2)), True),
        ("in_path(child, within=40, towards=2)", frames((50, 0), (-5, 0)), True),
        ("in_path(child, within=40, towards=2)", frames((30, 0), (5, 0)), False),
        ("in_path(child, within=40, along=2)", frames((30, 0), (5, 0)), True),
        ("in_path(child, within=40, slower=0.5)", frames((30, 0), (5, 0)), False),
        ("in_path(child, within=40, braking=4)", frames((30, 0), (9, 0), acceleration=(-6, 0)), True),
        ("in_path(child, within=40, braking=4)", frames((30, 0), (9, 0), acceleration=(6, 0)), False),
        ("emerges(child, hidden=0.5, within=40)", frames((40, 0), hidden_until=1.0), True),
        ("emerges(child, hidden=0.5, within=40)", frames((40, 0), hidden_until=0.3), False),
        ("emerges(child, hidden=0.5, within=40)", frames((40, 0), hidden_until=9.0), False),
        ("near(child, within=60)", frames((50, 9)), True),
        ("near(child, within=60, count=2)", frames((50, 9)), False),
        ("weather(fog_density, least=20)", frames((50, 9)), True),
        ("weather(fog_density, most=20)", frames((50, 9)), False),
        ("into_sun(within=10)", frames((50, 9)), True),
        ("not near(child, within=60) or into_sun(within=10)", frames((50, 9)), True),
        ("near(child, within=60) and not into_sun(within=10)", frames((50, 9)), False),
    ],
)
def test_events(event: str, scene: list[Frame], happened: bool) -> None:
    verdict = judge(META, scene, script(event))
    assert verdict.happened is happened
    assert len(verdict.findings) == event.count("(")


def test_the_sun_behind_is_not_the_sun_ahead() -> None:
    behind = dataclasses.replace(META, weather=META.weather | {"sun_azimuth_angle": 180.0})
    assert not judge(behind, frames((50, 9)), script("into_sun(within=10)")).happened


def test_a_recording_is_judged_by_its_own_script_and_says_when() -> None:
    verdict = judge(META, frames((43, 0)))
    assert verdict.happened
    assert verdict.findings[0].time == pytest.approx(0.3)
    assert str(verdict) == "in_path(child, within=40): at 0.3 s"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("", "no `Event:`"),
        ("in_path(child", "was never closed"),
        ("in_path(child)", "within"),
        ("in_path(child, within=40, above=3)", "above"),
        ("in_path(child, within=far)", "numbers"),
        ("flies(child)", "no clause 'flies'"),
        ("__import__(os)", "no clause"),
        ("1 < 2", "write clauses"),
    ],
)
def test_what_cannot_be_understood_is_told(event: str, said: str) -> None:
    with pytest.raises(OracleError, match=said):
        parse(script(event))


@pytest.mark.parametrize("name", catalog.names())
def test_every_script_of_the_library_declares_its_event(name: str) -> None:
    parse(catalog.find(name).read_text())
