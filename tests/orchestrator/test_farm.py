"""The farm on real Ray, with a player that needs no server: workers and servers die, and the job goes on."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import JobError
from orchestrator.farm import ATTEMPTS, Failed, Made, Progress, Reports, Worker, farm, make_scenes, play
from orchestrator.job import Job, Task, plan
from orchestrator.player import Unplayable
from scenarios.sampler import Scenario, ScenarioError
from sensors.rig import load_rig
from simulator.session import Outcome

ROOT = Path(__file__).parents[2]


def player_that(mishaps: dict[int, str], folder: Path) -> Callable[..., Any]:
    """Makes players that write a line instead of a recording. ``mishaps``: what goes wrong with which scene.

    ``kill``, ``dead``, ``sick``: once; the worker dies, its server dies, its server fails.
    ``broken``, ``full`` (the disk): always. ``unplayable``: for good.
    """

    class Player:  # inside the function, so that it travels to the workers by value
        def __init__(self, rig: Any) -> None:
            self.dead = False
            (folder / f"player-{os.getpid()}-{time.monotonic_ns()}").touch()

        def play(self, sample: Any, origin: Any, path: Path, seed: int, on_frame: Callable[[int], None]) -> Any:
            (folder / f"try-{origin.index}-{time.monotonic_ns()}").touch()
            mishap = mishaps.get(origin.index, "")
            first = not (folder / f"{mishap}-{origin.index}").exists()
            (folder / f"{mishap}-{origin.index}").touch()
            if mishap == "kill" and first:
                os.kill(os.getpid(), signal.SIGKILL)
            if mishap == "dead" and first:
                self.dead = True
                time.sleep(600)
            if (mishap == "sick" and first) or mishap == "broken":
                raise RuntimeError("time-out while waiting for the simulator")
            if mishap == "full":
                raise OSError(errno.ENOSPC, "No space left on device")
            if mishap == "unplayable":
                raise Unplayable("no blueprint walker.animal.kangaroo; import it")
            for count in range(1, 4):
                on_frame(count)
            path.write_text(f"{origin.scene_id} {seed} {sample.params['offset']}")
            return Outcome(3, False, {"total": 0.1})

        def alive(self) -> bool:
            return not self.dead

        def log_tail(self) -> str:
            return "out of memory, said the server"

        def close(self) -> None:
            pass

    return Player


class Heard(Progress):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.finished: list[Made] = []
        self.repeated: dict[int, str] = {}

    def frames(self, counts: dict[str, int]) -> None:
        self.counts = counts

    def made(self, made: Made) -> None:
        self.finished.append(made)

    def again(self, task: Task, why: str) -> None:
        self.repeated[task.index] = why


@pytest.fixture(scope="module")
def ray_farm() -> Iterator[None]:
    with farm(2):
        yield


@pytest.fixture(scope="module")
def job(script: Path) -> Job:
    return plan([str(script)], 4, 7, load_rig("kitti"))


def test_scenes_survive_the_death_of_workers_and_servers(ray_farm: None, job: Job, tmp_path: Path) -> None:
    heard = Heard()
    out = tmp_path / "out"
    out.mkdir()
    made = make_scenes(
        job,
        job.tasks(),
        lambda task: out / task.scene_id,
        2,
        heard,
        player_that({1: "kill", 2: "dead", 3: "sick"}, tmp_path),
    )
    assert sorted(one.task.index for one in made) == [0, 1, 2, 3]
    assert heard.repeated.keys() == {1, 2, 3}
    assert heard.repeated[2] == "the server died"
    assert sorted(path.name for path in out.iterdir()) == sorted(task.scene_id for task in job.tasks())
    assert len(heard.finished) == 4
    assert sum(heard.counts.values()) > 0
    # Which worker made a scene, and at which attempt, makes no difference to it.
    here = Worker(player_that({}, tmp_path), job.rig, job.seed, Unheard())
    for task in job.tasks():
        here.make(task, tmp_path / "once")
        assert (out / task.scene_id).read_text() == (tmp_path / "once").read_text()


def test_a_scene_that_keeps_failing_ends_the_job_and_is_named(ray_farm: None, job: Job, tmp_path: Path) -> None:
    with pytest.raises(JobError) as caught:
        make_scenes(
            job,
            job.tasks(),
            lambda task: tmp_path / f"made-{task.index}",
            2,
            None,
            player_that({2: "broken"}, tmp_path),
        )
    message = str(caught.value)
    assert f"straight #2 failed {ATTEMPTS} times" in message
    assert "time-out while waiting for the simulator" in message
    assert "out of memory, said the server" in message
    assert "run the same command again" in message
    assert len(list(tmp_path.glob("try-2-*"))) == ATTEMPTS
    assert len(list(tmp_path.glob("made-*"))) == 3


def work(job: Job, player: Callable[..., Any], folder: Path) -> Failed:
    """What a worker says of a scene that it cannot make."""
    result = Worker(player, job.rig, job.seed, Unheard()).make(next(job.tasks()), folder / "out")
    assert isinstance(result, Failed)
    return result


def test_what_no_fresh_server_can_mend_is_final(job: Job, tmp_path: Path) -> None:
    failed = work(job, player_that({0: "unplayable"}, tmp_path), tmp_path)
    assert failed.final
    assert "walker.animal.kangaroo" in failed.message


def test_a_full_disk_is_not_tried_on_another_server(job: Job, tmp_path: Path) -> None:
    failed = work(job, player_that({0: "full"}, tmp_path), tmp_path)
    assert failed.final
    assert "make room" in failed.message


def test_a_sick_server_is_thrown_away_with_its_last_words(job: Job, tmp_path: Path) -> None:
    worker = Worker(player_that({0: "sick"}, tmp_path), job.rig, job.seed, Unheard())
    failed = worker.make(next(job.tasks()), tmp_path / "out")
    assert isinstance(failed, Failed)
    assert not failed.final
    assert "out of memory" in failed.log
    assert isinstance(worker.make(next(job.tasks()), tmp_path / "out"), Made)
    assert len(list(tmp_path.glob("player-*"))) == 2


def test_a_worker_with_other_code_says_so(job: Job, tmp_path: Path) -> None:
    other = job.model_copy(update={"scripts": (job.scripts[0].model_copy(update={"digest": "other"}),)})
    failed = work(other, player_that({}, tmp_path), tmp_path)
    assert failed.final
    assert "install the same version everywhere" in failed.message


class Unheard(Reports):
    """Reports of a worker that has no board."""

    def __init__(self) -> None:
        super().__init__(None)

    def frames(self, scene_id: str, count: int) -> None:
        pass


class Rejecting:
    """A player whose script rejects the first takes while they run."""

    def __init__(self, rejects: int) -> None:
        self.rejects = rejects
        self.seeds: list[int] = []
        self.offsets: list[float] = []

    def play(self, sample: Any, origin: Any, path: Path, seed: int, on_frame: Callable[[int], None]) -> Outcome:
        self.seeds.append(seed)
        self.offsets.append(sample.params["offset"])
        return Outcome(3, len(self.seeds) <= self.rejects)

    def alive(self) -> bool:
        return True

    def log_tail(self) -> str:
        return ""

    def close(self) -> None:
        pass


def test_a_rejected_take_is_drawn_anew(job: Job, script: Path, tmp_path: Path) -> None:
    task, player, scenario = next(job.tasks()), Rejecting(2), Scenario(script)
    made = play(player, scenario, task, 7, tmp_path / "out")
    assert made.frames == 3
    assert made.rejected["failed while it ran"] == 2
    assert len(set(player.seeds)) == len(set(player.offsets)) == 3
    with pytest.raises(ScenarioError, match="all of 20 takes"):
        play(Rejecting(99), scenario, task, 7, tmp_path / "out")


def test_no_cluster_at_the_address_is_said() -> None:
    with (
        pytest.raises(JobError, match=r"cannot join the Ray cluster at ray://127\.0\.0\.1:1"),
        farm(1, "ray://127.0.0.1:1"),
    ):
        pass


def descendants(pid: int) -> set[int]:
    """All processes below one."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def is_agent(pid: int) -> bool:
    """Ray's two helpers of a node. Bereaved, they wait a minute for a cluster that is gone, then end (Ray 2.60)."""
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return any(word in command for word in (b"ray::DashboardAgent", b"ray::RuntimeEnvAgent", b"/agent"))
    return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_running_when_the_driver_goes(script: Path, tmp_path: Path, how: signal.Signals) -> None:
    code = f"""
        import pathlib, subprocess, time
        from orchestrator.farm import farm, make_scenes
        from orchestrator.job import plan
        from sensors.rig import load_rig

        def make(rig):
            class Player:
                def __init__(self):
                    # As simulator.process does it: the server ends when the pipe to it does.
                    self.server = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
                def play(self, *arguments):
                    pathlib.Path({str(tmp_path)!r}, str(self.server.pid)).touch()
                    time.sleep(600)
                def alive(self):
                    return True
                def log_tail(self):
                    return ""
                def close(self):
                    self.server.kill()
            return Player()

        job = plan([{str(script)!r}], 2, 7, load_rig("kitti"))
        with farm(2):
            make_scenes(job, job.tasks(), lambda task: pathlib.Path({str(tmp_path)!r}, "out"), 2, None, make)
    """
    driver = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 150
        while len(servers := [int(path.name) for path in tmp_path.iterdir()]) < 2:
            assert driver.poll() is None and time.monotonic() < deadline
            time.sleep(0.2)
        below = descendants(driver.pid) | set(servers)
        if how == signal.SIGKILL:
            below = {pid for pid in below if not is_agent(pid)}
        assert len(below) > 5
        driver.send_signal(how)
        driver.wait(30)
        deadline = time.monotonic() + 30
        while left := [pid for pid in below if alive(pid)]:
            assert time.monotonic() < deadline, left
            time.sleep(0.2)
    finally:
        if driver.poll() is None:
            driver.kill()
