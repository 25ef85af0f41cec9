"""Draws scenes from a Scenic script, each one determined by (scenario, seed, index) alone."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import re
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import scenic
from scenic.core.distributions import RejectionException
from scenic.core.errors import ScenicError

from scenarios.catalog import Header, read_header, scenario_name
from sensors.rig import Rig

MAX_ITERATIONS = 2000
"""Candidates drawn for a scene before the script's requirements are called impossible."""

ROOM = Path(__file__).parent

_PLUMBING = {
    "map",
    "map_options",
    "use2DMap",
    "carla_map",
    "address",
    "port",
    "timeout",
    "render",
    "record",
    "timestep",
    "snapToGroundDefault",
    "weather",
}
"""Parameters that say how a scene is run or are recorded on their own, not what the script drew."""


class ScenarioError(Exception):
    """A script that cannot be compiled or sampled: ``file:line: what is wrong; what to do``."""


@dataclass(frozen=True)
class Sample:
    """One scene drawn from a script.

    Attributes:
        scene: the Scenic ``Scene``, to be played.
        params: what the script drew for its own parameters (JSON values).
        weather: CARLA weather fields, or the name of a preset.
        rejections: candidates that were thrown away before this one.
        reasons: how often each requirement was the one that threw a candidate away.
    """

    scene: Any
    params: dict[str, Any]
    weather: Any
    rejections: int
    reasons: dict[str, int]


class Scenario:
    """A compiled script.

    Args:
        path: the ``.scenic`` file.
        params: values that override the script's global parameters.

    Raises:
        ScenarioError: the file is missing, or does not compile.
    """

    def __init__(self, path: Path, params: Mapping[str, Any] | None = None) -> None:
        self.path = Path(path).resolve()
        self.name = scenario_name(self.path)
        self.overrides = dict(params or {})
        if not self.path.is_file():
            raise ScenarioError(f"{self.path}: no such script; `longtail scenarios` lists the library")
        if self.path.suffix != ".scenic":
            raise ScenarioError(f"{self.path}: a script's name ends in .scenic")
        try:
            self.script = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ScenarioError(f"{self.path}: {error}; a script is a readable text file in UTF-8") from error
        with _explained(self.path), _generators_kept(), contextlib.redirect_stdout(io.StringIO()):
            self.header: Header = read_header(self.script)
            self._compiled = scenic.scenarioFromFile(str(self.path), params=self.overrides, mode2D=True)
        if self._compiled.egoObject is None:
            raise ScenarioError(f"{self.path}: the script names no ego; write `ego = new EgoCar ...`")

    @property
    def map_path(self) -> Path:
        """The OpenDRIVE file that the script runs on."""
        return Path(self._compiled.params["map"])

    @property
    def digest(self) -> str:
        """Hash of all that decides what is drawn: script, overrides, the room's own code, the map, library versions."""
        parts = [self.script, json.dumps(self.overrides, sort_keys=True, default=str), self.map_path.read_text()]
        parts += [source.read_text(encoding="utf-8") for source in _sources()]
        parts += [version(package) for package in ("longtail", "scenic", "numpy", "shapely")]
        return _hash(*parts)

    def sample(self, seed: int, index: int, take: int = 0) -> Sample:
        """Scene number ``index`` of the job seeded ``seed``; the same in any order, process and machine.

        Args:
            take: from 0 for each scene; the next is drawn when a requirement failed while the scene ran.

        Raises:
            ScenarioError: no candidate meets the requirements, or the script fails while it draws.
        """
        log = io.StringIO()
        with _explained(self.path), _generators_kept(), contextlib.redirect_stdout(log):
            _seed_generators(_number(self.script, str(seed), str(index), str(take), "sample"))
            try:
                scene, iterations = self._compiled.generate(maxIterations=MAX_ITERATIONS, verbosity=2)
            except RejectionException:
                scene = None
        reasons = _reasons(log.getvalue())
        if scene is None:
            raise ScenarioError(self._impossible(reasons))
        drawn = {name: plain(value) for name, value in scene.params.items() if name not in _PLUMBING}
        weather = scene.params.get("weather")
        return Sample(scene, drawn, plain(weather), iterations - 1, dict(reasons))

    def pack(self, sample: Sample) -> bytes:
        """A drawn scene in a few bytes, for `unpack` in another process."""
        return bytes(self._compiled.sceneToBytes(sample.scene))

    def unpack(self, packed: bytes) -> Any:
        """The Scenic ``Scene`` that `pack` packed, from the same script with the same overrides."""
        with _explained(self.path), _generators_kept(), contextlib.redirect_stdout(io.StringIO()):
            return self._compiled.sceneFromBytes(packed)

    def _impossible(self, reasons: Counter[str]) -> str:
        why = "; ".join(f"{text} ({count} times)" for text, count in reasons.most_common(3))
        line = re.search(r"line (\d+)", why)
        where = f"{self.path}:{line[1]}" if line else str(self.path)
        return (
            f"{where}: none of {MAX_ITERATIONS} candidates meets the script's requirements: {why}; "
            "loosen that requirement, or widen what it depends on"
        )


def scene_ids(digest: str, rig: Rig, seed: int, indexes: Iterable[int]) -> Iterator[str]:
    """Short names of scenes, from everything that decides what is in their recordings: 16 hex digits each.

    Args:
        digest: the scenario's ``Scenario.digest``, which holds the package's version.
    """
    sensors = rig.model_dump_json()
    for index in indexes:
        yield _hash(digest, sensors, str(seed), str(index))[:16]


def simulation_seed(seed: int, scene: str) -> int:
    """Seed in [0, 2^31) of what is drawn while the scene of that id runs: behaviours, traffic, the server's world."""
    return _number(str(seed), scene, "simulation") % 2**31


def plain(value: Any) -> Any:
    """A drawn value as JSON holds it; what JSON has no form for becomes its text."""
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    return str(value)


def _sources() -> list[Path]:
    """The world model and what it draws with."""
    return [ROOM / "model.scenic", ROOM / "roads.py", ROOM / "weather.py", ROOM / "driving.py"]


def _hash(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:".encode() + part.encode())
    return digest.hexdigest()


def _number(*parts: str) -> int:
    return int(_hash(*parts)[:16], 16)


def _seed_generators(number: int) -> None:
    random.seed(number)
    np.random.seed(number % 2**32)  # noqa: NPY002  Scenic draws from the global generators


@contextlib.contextmanager
def _generators_kept() -> Iterator[None]:
    """Scenic draws from the global generators; whoever else uses them gets them back as they were."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    _seed_generators(0)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _reasons(log: str) -> Counter[str]:
    return Counter(match.strip() for match in re.findall(r"Rejected sample \d+ because of (.*)", log))


@contextlib.contextmanager
def _explained(script: Path) -> Iterator[None]:
    """Turns whatever goes wrong in a script into a ScenarioError with file and line."""
    try:
        yield
    except ScenarioError:
        raise
    except Exception as error:
        raise ScenarioError(_explanation(script, error)) from error


def _explanation(script: Path, error: Exception) -> str:
    file, line = getattr(error, "filename", None), getattr(error, "lineno", None)
    if line is None or not isinstance(error, (ScenicError, SyntaxError)):
        file, line = _place(script, error)
    where = f"{file or script}:{line}" if line else str(script)
    return f"{where}: {_what(error)}; {_way_out(error)}"


def _place(script: Path, error: Exception) -> tuple[str | None, int | None]:
    """File and line of the statement that raised, the script's own rather than one of a model that it uses."""
    steps = [step for step in traceback.walk_tb(error.__traceback__) if step[0].f_code.co_filename.endswith(".scenic")]
    own = [step for step in steps if Path(step[0].f_code.co_filename).resolve() == script] or steps
    if not own:
        return None, None
    frame, line = own[-1]
    file = frame.f_code.co_filename
    if line > 1:
        return file, line
    # Scenic gives line 1 to what it rewrites: look for the unknown name, else for the last line run before.
    if isinstance(error, NameError) and error.name:
        for number, text in enumerate(Path(file).read_text(encoding="utf-8").splitlines(), 1):
            if re.search(rf"\b{re.escape(error.name)}\b", text.partition("#")[0]):
                return file, number
    before = [number for start, _, number in frame.f_code.co_lines() if start <= frame.f_lasti and number]
    return file, max(before, default=line)


def _what(error: Exception) -> str:
    text = str(error).strip().rstrip(".") or type(error).__name__
    return text if isinstance(error, ScenicError) else f"{type(error).__name__}: {text}"


def _way_out(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.startswith("scen"):
        return "a script of this package begins with `model scenarios.model`"
    if isinstance(error, FileNotFoundError) or "need to specify map" in str(error):
        return 'name an existing map, e.g. `param map = str(assets.maps.path("outback_road"))`'
    if isinstance(error, KeyError):
        return "in a `require` use variables: `globalParameters` is empty there until the scene runs"
    if isinstance(error, NameError):
        return "check the spelling; names come from the script itself and from `model scenarios.model`"
    return "correct that line of the script"
