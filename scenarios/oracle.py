"""Did the rare event happen? Judges a recording by the ``Event:`` section of its script's header.

An event is written as calls of the clauses below, joined by ``and``, ``or`` and ``not``::

    Event: emerges(child, hidden=0.5, within=60) and in_path(child, within=45, across=0.5)

The first argument is a class of ``sensors.taxonomy`` (``animal`` stands for every species), the others are numbers:
metres, seconds, m/s. It is read, never executed. Clauses ask what a camera saw: what no camera shows did not happen.

Path: the line that the ego drove, and beyond its last place the arc on which it was turning then.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from shapely.geometry import LineString, Point

from scenarios.catalog import read_header
from sensors.frames import Frame, ObjectState, SceneMeta

SEEN = 30
"""Visible pixels in one camera from which an object counts as seen."""

SHOWN = 0.5
"""Share of an outline that must be visible for something to have come out of hiding; below ``COVERED`` it is hidden."""

COVERED = 0.1

HALF_LANE = 1.3
"""[m] to either side of the ego's path that its body needs, with a hand's breadth of room."""

BEYOND = 150.0
"""[m] by which the path goes on after the ego's last place."""


class OracleError(ValueError):
    """An ``Event:`` section that cannot be understood; the message says why and what is known."""


@dataclass(frozen=True)
class Finding:
    """What became of one clause: as written, whether it held, and the first time [s] at which it did."""

    clause: str
    held: bool
    time: float | None


@dataclass(frozen=True)
class Verdict:
    """Whether a scene's event happened, and the findings, clause by clause, that say why."""

    happened: bool
    findings: tuple[Finding, ...]

    @property
    def missing(self) -> str:
        """The clauses that did not hold."""
        return ", ".join(finding.clause for finding in self.findings if not finding.held)

    def __str__(self) -> str:
        return "; ".join(
            f"{finding.clause}: " + (f"at {finding.time:.1f} s" if finding.time is not None else str(finding.held))
            for finding in self.findings
        )


@dataclass(frozen=True)
class Sight:
    """An object in one camera frame.

    Attributes:
        time: [s]. state: the object's. ahead: [m] along the ego's path to the object's middle. aside: [m] between the
            path and the object's nearest part. forward, sideways: velocity along the path and across it [m/s].
        pixels, fraction: the most that any camera sees of it; fraction None where no picture holds its outline.
    """

    time: float
    state: ObjectState
    ahead: float
    aside: float
    forward: float
    sideways: float
    pixels: int
    fraction: float | None

    @property
    def seen(self) -> bool:
        return self.pixels >= SEEN


@dataclass(frozen=True)
class Evidence:
    """What the clauses look at: the scene's description and everything sighted, in the order of time."""

    meta: SceneMeta
    sights: tuple[Sight, ...]
    heading: np.ndarray
    """(2,) unit vector (east, north): the ego's direction at the scene's middle."""

    def of(self, subject: str) -> list[Sight]:
        """Sights of the objects of a class."""
        return [s for s in self.sights if s.state.category == subject or s.state.category.startswith(f"{subject}.")]


def judge(meta: SceneMeta, frames: Iterable[Frame], script: str | None = None) -> Verdict:
    """Whether the event of ``script`` (the recording's own by default) happened.

    Args:
        meta, frames: of a ``sensors.recording.Recording``.

    Raises:
        OracleError: the script declares no event, or one that cannot be understood.
    """
    condition = parse(meta.script if script is None else script)
    evidence = gather(meta, list(frames))
    findings: list[Finding] = []
    return Verdict(_holds(condition, evidence, findings), tuple(findings))


def parse(script: str) -> ast.expr:
    """The event of a script, checked: every clause is known and its arguments are well-formed.

    Raises:
        OracleError: see there.
    """
    text = read_header(script).event
    if not text:
        raise OracleError("the script's header has no `Event:` section, e.g. `Event: in_path(child, within=40)`")
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise OracleError(f"Event: {text}: {error.msg}") from error
    _check(tree)
    return tree


def _check(node: ast.expr) -> None:
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                _check(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _check(operand)
        case ast.Call(func=ast.Name(id=name)):
            if name not in CLAUSES:
                raise OracleError(f"Event: no clause {name!r}; there are {', '.join(CLAUSES)}")
            subject, numbers = _arguments(node)
            try:
                inspect.signature(CLAUSES[name]).bind(None, *subject, **numbers)
            except TypeError as error:
                raise OracleError(f"Event: {ast.unparse(node)}: {error}") from error
        case _:
            raise OracleError(f"Event: {ast.unparse(node)}: write clauses, joined by and, or, not")


def _arguments(call: ast.Call) -> tuple[list[str], dict[str, float]]:
    try:
        numbers = {str(word.arg): float(ast.literal_eval(word.value)) for word in call.keywords}
    except (ValueError, TypeError) as error:
        raise OracleError(f"Event: {ast.unparse(call)}: named arguments are numbers") from error
    return [ast.unparse(argument) for argument in call.args], numbers


def _holds(node: ast.expr, evidence: Evidence, findings: list[Finding]) -> bool:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            each = [_holds(value, evidence, findings) for value in values]  # all of them, for the findings
            return all(each)
        case ast.BoolOp(values=values):
            each = [_holds(value, evidence, findings) for value in values]
            return any(each)
        case ast.UnaryOp(operand=operand):
            return not _holds(operand, evidence, findings)
        case ast.Call(func=ast.Name(id=name)):
            subject, numbers = _arguments(node)
            found = CLAUSES[name](evidence, *subject, **numbers)
            held = found is not False and found is not None
            findings.append(Finding(ast.unparse(node), held, None if isinstance(found, bool) else found))
            return held
    raise AssertionError("parse() lets nothing else through")


def gather(meta: SceneMeta, frames: list[Frame]) -> Evidence:
    """Everything that the clauses ask about, from the frames with pictures."""
    path = _path(frames)
    sights = tuple(sight for frame in frames if frame.cameras for sight in _sights(frame, path))
    heading = frames[len(frames) // 2].world_from_ego[:2, 0] if frames else np.array([1.0, 0.0])
    return Evidence(meta, sights, heading / max(float(np.linalg.norm(heading)), 1e-9))


def _path(frames: list[Frame]) -> LineString:
    """The ego's path (see above), as a line of at least ``BEYOND`` metres."""
    driven = [frames[0].world_from_ego[:2, 3]]
    headings = [frames[0].world_from_ego[:2, 0]]
    for frame in frames[1:]:
        if np.linalg.norm(frame.world_from_ego[:2, 3] - driven[-1]) > 0.5:
            driven.append(frame.world_from_ego[:2, 3])
            headings.append(frame.world_from_ego[:2, 0])
    angles = np.unwrap([np.arctan2(y, x) for x, y in headings])
    steps = np.linalg.norm(np.diff(driven, axis=0), axis=1)
    stations = np.concatenate([[0.0], np.cumsum(steps)])
    recent = stations >= stations[-1] - 20.0
    curvature = float(np.polyfit(stations[recent], angles[recent], 1)[0]) if recent.sum() > 3 else 0.0
    turning = angles[-1] + curvature * np.arange(0.5, BEYOND)
    beyond = driven[-1] + np.cumsum(np.stack([np.cos(turning), np.sin(turning)], axis=1), axis=0)
    return LineString([*driven, *beyond])


def _sights(frame: Frame, path: LineString) -> Iterator[Sight]:
    here = path.project(Point(*frame.world_from_ego[:2, 3]))
    for state in frame.objects:
        views = [view for camera in frame.cameras.values() for view in camera.views if view.track_id == state.track_id]
        pose = state.world_from_box
        station = path.project(Point(*pose[:2, 3]))
        foot = path.interpolate(station)
        along = np.subtract(path.interpolate(station + 0.5).coords[0], path.interpolate(station - 0.5).coords[0])
        along /= max(float(np.linalg.norm(along)), 1e-9)
        left = np.array([-along[1], along[0]])
        middle = abs(float((pose[:2, 3] - np.array(foot.coords[0])) @ left))
        reach = (abs(float(pose[:2, 0] @ left)) * state.size[0] + abs(float(pose[:2, 1] @ left)) * state.size[1]) / 2
        yield Sight(
            frame.time,
            state,
            station - here,
            max(middle - reach, 0.0),
            float(state.velocity[:2] @ along),
            abs(float(state.velocity[:2] @ left)),
            max((view.visible_pixels for view in views), default=0),
            max((view.visible_fraction for view in views if view.amodal_pixels >= SEEN), default=None),
        )


def in_path(
    evidence: Evidence,
    subject: str,
    within: float,
    across: float | None = None,
    along: float | None = None,
    towards: float | None = None,
    slower: float | None = None,
    braking: float | None = None,
) -> float | None:
    """When an object of the class is first seen in the ego's path, at most ``within`` [m] ahead.

    Args:
        across, along, towards: it moves at least so fast across the path, the way the ego goes, or against it [m/s].
        slower: it moves at less than so much [m/s]. braking: it slows down by at least so much [m/s^2].
    """
    for sight in evidence.of(subject):
        velocity, acceleration = sight.state.velocity, sight.state.acceleration
        speed = float(np.linalg.norm(velocity[:2]))
        if (
            sight.seen
            and 0 < sight.ahead <= within
            and sight.aside <= HALF_LANE
            and (across is None or sight.sideways >= across)
            and (along is None or sight.forward >= along)
            and (towards is None or -sight.forward >= towards)
            and (slower is None or speed < slower)
            and (braking is None or (speed > 1 and -float(velocity[:2] @ acceleration[:2]) / speed >= braking))
        ):
            return sight.time
    return None


def near(evidence: Evidence, subject: str, within: float, count: float = 1) -> float | None:
    """When ``count`` objects of the class are first seen at once, at most ``within`` [m] ahead."""
    seen: dict[float, int] = {}
    for sight in evidence.of(subject):
        if sight.seen and 0 < sight.ahead <= within:
            seen[sight.time] = seen.get(sight.time, 0) + 1
            if seen[sight.time] >= count:
                return sight.time
    return None


def emerges(evidence: Evidence, subject: str, hidden: float, within: float) -> float | None:
    """When an object that was hidden for at least ``hidden`` [s], its outline in the picture, first shows itself.

    It is hidden while less than ``COVERED`` of it is visible, and shows itself when ``SHOWN`` is, ``within`` [m] ahead.
    """
    since: dict[int, float] = {}
    until: dict[int, float] = {}
    for sight in evidence.of(subject):
        track = sight.state.track_id
        if sight.fraction is None:
            continue
        if sight.fraction <= COVERED:
            since.setdefault(track, sight.time)
            until[track] = sight.time
        elif track in since and until[track] - since[track] >= hidden:
            if sight.fraction >= SHOWN and sight.seen and 0 < sight.ahead <= within:
                return sight.time
        else:
            since.pop(track, None)  # shown again too soon: it counts anew from where it is hidden next
    return None


def weather(evidence: Evidence, field: str, least: float = -np.inf, most: float = np.inf) -> bool:
    """Whether a field of CARLA's weather, e.g. ``sun_altitude_angle``, lies between ``least`` and ``most``."""
    if field not in evidence.meta.weather:
        raise OracleError(f"Event: the weather has no {field!r}, but {', '.join(evidence.meta.weather)}")
    return bool(least <= evidence.meta.weather[field] <= most)


def into_sun(evidence: Evidence, within: float) -> bool:
    """Whether the ego drives into a sun that is up, at most ``within`` [deg] beside its direction."""
    azimuth = np.radians(evidence.meta.weather["sun_azimuth_angle"])  # clockwise from east
    towards = np.array([np.cos(azimuth), -np.sin(azimuth)])
    off = np.degrees(np.arccos(np.clip(float(evidence.heading @ towards), -1, 1)))
    return bool(evidence.meta.weather["sun_altitude_angle"] > 0 and off <= within)


CLAUSES: dict[str, Callable[..., float | bool | None]] = {
    clause.__name__: clause for clause in (in_path, near, emerges, weather, into_sun)
}
"""The vocabulary of events."""
