"""The farm on real Ray, with a player that needs no server: workers and servers die, and the job goes on."""

import contextlib
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import JobError, failures, pipeline
from orchestrator.events import Again, Event, Made, Paused, Quarantined, Resumed, Second, Snapshot
from orchestrator.failures import STRIKES, Failed, Kind
from orchestrator.farm import farm
from orchestrator.job import Job
from orchestrator.pipeline import CANCEL, Cancelled, Pipeline
from orchestrator.quarantine import quarantined
from orchestrator.spec import JobSpec, Limits, load_spec
from orchestrator.store import Store
from orchestrator.work import Order, Reports, Wanted, Worker, again, draw
from scenarios.oracle import OracleError
from scenarios.sampler import Scenario, ScenarioError

from .fakes import Heard, alive, descendants, digest, job_of, player_that

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def ray_farm() -> Iterator[None]:
    with farm(2):
        yield


@pytest.fixture(scope="module")
def job(script: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    return job_of(script, 4, tmp_path_factory.mktemp("unused") / "out")


def make(job: Job, player: Callable[..., Any], out: Path, heard: Heard | None = None, **spec: Any) -> Heard:
    """Makes all scenes into a folder; returns what was heard."""
    heard = heard or Heard()
    job = job.model_copy(update={"spec": job.spec.model_copy(update=spec)})
    Pipeline(Order(job, str(out), player), Store(out), heard).run(job.tasks(), job.total)
    return heard


def test_scenes_survive_the_death_of_workers_and_servers(ray_farm: None, job: Job, tmp_path: Path) -> None:
    heard = make(job, player_that({1: "kill", 2: "dead", 3: "sick"}, tmp_path), tmp_path / "out")
    assert sorted(made.task.index for made in heard.of(Made)) == [0, 1, 2, 3]
    failed = {event.failed.task.index: event.failed for event in heard.of(Again)}
    assert failed.keys() == {1, 2, 3}
    assert failed[2].message == "the server died"
    assert failed[2].log == "out of memory, said the server"
    assert {one.kind for one in failed.values()} == {Kind.server}
    # Which worker made a scene, and at which attempt, makes no difference to it.
    here = Worker(Order(job, str(tmp_path / "here"), player_that({}, tmp_path)), Reports())
    for drawn in here.sample([Wanted(task) for task in job.tasks()]):
        assert isinstance(here.render(drawn), Made)  # type: ignore[arg-type]
    assert digest(tmp_path / "out") == digest(tmp_path / "here")
    assert len(Store(tmp_path / "out").finished()) == 4
    last = heard.of(Snapshot)[-1]
    assert last.frames == 12
    assert last.stages == {"sample": (0, 0), "render": (0, 0)}


def test_a_scene_that_fails_twice_is_quarantined_with_what_it_takes_to_find_out(
    ray_farm: None, job: Job, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    heard = make(job, player_that({2: "unplayable"}, tmp_path), out, limits=Limits(quarantined=0.5))
    assert len(heard.of(Made)) == 3
    [event] = heard.of(Quarantined)
    assert len(list(tmp_path.glob("try-2-*"))) == STRIKES
    folder = out / "farm" / "quarantine" / event.failed.task.scene_id
    assert sorted(path.name for path in folder.iterdir()) == ["job.yaml", "server.log", "straight.scenic", "why.txt"]
    why = (folder / "why.txt").read_text()
    assert "straight #2, seed 7: no blueprint walker.animal.kangaroo" in why
    assert event.command in why
    assert (folder / "server.log").read_text() == "out of memory, said the server"
    assert "walker.animal.kangaroo" in quarantined(Store(out))[event.failed.task.scene_id]
    # Its command makes this very scene, and when it can be made, the record goes.
    assert event.command == f"longtail run {folder}/job.yaml"
    [task] = job_of_file(folder / "job.yaml").tasks()
    assert task.scene_id == event.failed.task.scene_id
    make(job, player_that({}, tmp_path), out)
    assert len(Store(out).finished()) == 4


def job_of_file(path: Path) -> Job:
    from orchestrator.job import resolve

    return resolve(load_spec(str(path)))


def test_too_many_scenes_given_up_end_the_job_early(
    ray_farm: None, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "DEATHS", 2)
    with pytest.raises(JobError) as caught:
        make(job, player_that({1: "deadly"}, tmp_path), tmp_path / "out")
    message = str(caught.value)
    assert "more than limits.quarantined allows" in message
    assert "straight #1: the worker died" in message
    assert "longtail run" in message
    assert len(list(tmp_path.glob("try-1-*"))) == 2
    assert len(Store(tmp_path / "out").finished()) >= 1


def test_a_full_disk_pauses_the_job(ray_farm: None, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "ROOM_AGAIN", 0.5)
    monkeypatch.setattr(pipeline, "LOOK", 0.1)
    (tmp_path / "full").touch()

    class MakesRoom(Heard):
        def __call__(self, event: Event) -> None:
            super().__call__(event)
            if isinstance(event, Paused):
                (tmp_path / "full").unlink()

    heard = make(job, player_that({0: "full"}, tmp_path), tmp_path / "out", MakesRoom())
    assert len(heard.of(Made)) == 4
    assert "no space left" in heard.of(Paused)[0].why
    assert heard.of(Resumed)
    assert heard.of(Quarantined) == []


def test_too_little_free_space_pauses_the_job(
    ray_farm: None, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "LOOK", 0.1)
    free = [10, 10, 10, 10]  # bytes, at the first looks
    monkeypatch.setattr(Store, "free", lambda store: free.pop() if free else 2**40)
    heard = make(job, player_that({}, tmp_path), tmp_path / "out")
    assert isinstance(heard.events[0], Paused)
    assert "limits.free_space" in heard.events[0].why
    assert len(heard.of(Made)) == 4


def test_an_output_that_does_not_answer_pauses_the_job(
    ray_farm: None, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "ROOM_AGAIN", 0.5)
    monkeypatch.setattr(pipeline, "LOOK", 0.1)
    out = tmp_path / "out"
    out.mkdir()
    (out / "recordings").touch()  # nothing can be put there

    class Mends(Heard):
        def __call__(self, event: Event) -> None:
            super().__call__(event)
            if isinstance(event, Paused):
                (out / "recordings").unlink(missing_ok=True)

    heard = make(job, player_that({}, tmp_path), out, Mends())
    assert "does not answer" in heard.of(Paused)[0].why
    assert len(heard.of(Made)) == 4
    assert heard.of(Quarantined) == []


def test_a_straggler_gets_a_second_try_beside(
    ray_farm: None, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "SLOW_LEAST", 1.0)
    heard = make(job, player_that({3: "stuck"}, tmp_path), tmp_path / "out")
    assert [event.task.index for event in heard.of(Second)] == [3]
    assert len(heard.of(Made)) == 4
    assert heard.of(Again) == []


def test_a_scene_that_takes_too_long_is_ended(ray_farm: None, job: Job, tmp_path: Path) -> None:
    heard = make(job, player_that({3: "stuck"}, tmp_path), tmp_path / "out", limits=Limits(wall_time=3))
    [event] = heard.of(Again)
    assert event.failed.kind is Kind.scene
    assert "limits.wall_time" in event.failed.message
    assert len(heard.of(Made)) == 4


def test_a_scene_that_takes_too_much_memory_is_ended(ray_farm: None, job: Job, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"limits\.memory"):
        make(job, player_that({0: "slow"}, tmp_path), tmp_path / "out", limits=Limits(memory=0.001, quarantined=0))


def test_a_cancelled_job_stops(ray_farm: None, job: Job, tmp_path: Path) -> None:
    Store(tmp_path / "out").write(CANCEL, b"")
    with pytest.raises(Cancelled, match="longtail resume"):
        make(job, player_that({}, tmp_path), tmp_path / "out")


def test_servers_at_addresses_play_one_scene_at_a_time(ray_farm: None, job: Job, tmp_path: Path) -> None:
    addressed = tmp_path / "addresses"
    addressed.mkdir()
    player = player_that({}, tmp_path)

    def at(job: Any, address: str | None, gpu: int | None) -> Any:
        (addressed / f"{address}").touch()
        return player(job, address, gpu)

    spec = JobSpec.model_validate(job.spec.model_dump() | {"server": {"addresses": ["a:1", "b:2"]}})
    make(job, at, tmp_path / "out", server=spec.server)
    assert {path.name for path in addressed.iterdir()} <= {"a:1", "b:2"}
    assert len(Store(tmp_path / "out").finished()) == 4


def test_what_lies_complete_in_the_store_is_not_made_again(ray_farm: None, job: Job, tmp_path: Path) -> None:
    make(job, player_that({}, tmp_path), tmp_path / "out")
    tries = len(list(tmp_path.glob("try-*")))
    heard = make(job, player_that({}, tmp_path), tmp_path / "out")
    assert len(heard.of(Made)) == 4
    assert len(list(tmp_path.glob("try-*"))) == tries


def test_a_worker_with_other_code_says_so(job: Job, tmp_path: Path) -> None:
    other = job.model_copy(update={"scripts": (job.scripts[0].model_copy(update={"digest": "other"}),)})
    [failed] = Worker(Order(other, str(tmp_path)), Reports()).sample([Wanted(next(other.tasks()))])
    assert isinstance(failed, Failed)
    assert failed.kind is Kind.job
    assert "install the same version everywhere" in failed.message


def test_a_scene_that_cannot_be_drawn_is_the_scenes_own_failure(job: Job, tmp_path: Path) -> None:
    [failed] = Worker(Order(job, str(tmp_path)), Reports()).sample([Wanted(next(job.tasks()), take=20)])
    assert isinstance(failed, Failed)
    assert failed.kind is Kind.scene
    assert "all of 20 takes" in failed.message


def test_a_rejected_take_is_drawn_anew(job: Job, script: Path) -> None:
    scenario, wanted = Scenario(script), Wanted(next(job.tasks()))
    takes = [draw(scenario, 7, wanted)]
    for _ in range(2):
        takes.append(draw(scenario, 7, again(takes[-1], "failed while it ran")))
    assert takes[-1].rejected["failed while it ran"] == 2
    assert len({take.params["offset"] for take in takes}) == 3
    with pytest.raises(ScenarioError, match="all of 20 takes"):
        draw(scenario, 7, Wanted(wanted.task, 20))


@pytest.mark.parametrize(
    ("event", "happened"), [("near(animal, within=0.001)", False), ("not near(cone, within=9)", True)]
)
def test_a_scene_without_its_event_is_drawn_anew(
    event: str, happened: bool, script: Path, make_recording: Callable[..., Path], tmp_path: Path
) -> None:
    """One that is kept says in its receipt what became of the event."""
    eventful = tmp_path / "eventful.scenic"
    title = '"""Nothing happens"""'
    eventful.write_text(script.read_text().replace(title, f'"""Something happens\n\nEvent: {event}\n"""'))

    def record(path: Path, origin: Any) -> None:
        make_recording(path.parent, 5, 2).rename(path)

    for keep in (False, True):
        out = tmp_path / f"out-{keep}"
        job = job_of(eventful, 1, out, keep_missed=keep)
        worker = Worker(Order(job, str(out), player_that({}, tmp_path, record)), Reports())
        [drawn] = worker.sample([Wanted(next(job.tasks()))])
        result = worker.render(drawn)  # type: ignore[arg-type]
        if happened or keep:
            assert isinstance(result, Made)
            assert result.receipt.happened is happened
        else:
            assert isinstance(result, Wanted)
            assert (result.take, result.rejected[f"event missed: {event}"]) == (1, 1)
            assert not Store(out).finished()


def test_an_event_that_cannot_be_read_is_said_before_anything_starts(script: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.scenic"
    wrong.write_text(script.read_text().replace("Nothing happens", "Something\n\nEvent: hops(animal)\n"))
    with pytest.raises(OracleError, match="no clause 'hops'"):
        job_of(wrong, 1, tmp_path / "out")


def test_a_packed_scene_is_the_same_scene(script: Path) -> None:
    scenario = Scenario(script)
    sample = scenario.sample(7, 3)
    there = Scenario(script).unpack(scenario.pack(sample))
    assert there.params["offset"] == sample.scene.params["offset"]
    assert there.egoObject.position == sample.scene.egoObject.position


def test_no_cluster_at_the_address_is_said() -> None:
    with (
        pytest.raises(JobError, match=r"cannot join the Ray cluster at ray://127\.0\.0\.1:1"),
        farm(1, "ray://127.0.0.1:1"),
    ):
        pass


def is_agent(pid: int) -> bool:
    """Ray's two helpers of a node. Bereaved, they wait a minute for a cluster that is gone, then end (Ray 2.60)."""
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return any(word in command for word in (b"ray::DashboardAgent", b"ray::RuntimeEnvAgent", b"/agent"))
    return False


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_running_when_the_driver_goes(script: Path, tmp_path: Path, how: signal.Signals) -> None:
    code = f"""
        import pathlib, subprocess, time
        from orchestrator.farm import farm
        from orchestrator.job import resolve
        from orchestrator.pipeline import Pipeline
        from orchestrator.spec import Entry, JobSpec
        from orchestrator.store import Store
        from orchestrator.work import Order

        def make(job, address, gpu):
            class Player:
                def __init__(self):
                    # As simulator.process does it: the server ends when the pipe to it does.
                    self.server = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
                def play(self, *arguments):
                    pathlib.Path({str(tmp_path)!r}, str(self.server.pid)).touch()
                    time.sleep(600)
                def alive(self):
                    return True
                def usage(self):
                    return 0, 0.0
                def worn(self):
                    return False
                def log_tail(self):
                    return ""
                def close(self):
                    self.server.kill()
            return Player()

        spec = JobSpec(scenarios=(Entry(scenario={str(script)!r}, scenes=2),), output={str(tmp_path) + "-out"!r})
        job = resolve(spec)
        with farm(2):
            Pipeline(Order(job, spec.output, make), Store(spec.output)).run(job.tasks(), 2)
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
