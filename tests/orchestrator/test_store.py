"""The output store, on a disk and in a bucket: what lies complete, whom it belongs to, one writer at a time, repair."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import JobError, claims
from orchestrator.claims import CLAIM, claim, held
from orchestrator.delivery import SUMS, contents, exported
from orchestrator.job import Job, Script
from orchestrator.spec import Entry, JobSpec
from orchestrator.store import Store, claim_job, load_job
from orchestrator.work import check, export
from sensors.rig import load_rig


@pytest.fixture(params=["disk", "bucket"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An output of each kind."""
    if request.param == "disk":
        return str(tmp_path / "out")
    return f"{request.getfixturevalue('bucket')}/{tmp_path.name}"


@pytest.fixture
def job() -> Job:
    script = Script(name="a", path="/a.scenic", digest="d1", scenes=3)
    spec = JobSpec(scenarios=(Entry(scenario="a", scenes=3),), output="out")
    return Job(longtail="0.1.0", scripts=(script,), seed=1, rig=load_rig("kitti"), server="embedded", spec=spec)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    (tmp_path / "scratch.mcap").write_bytes(b"whole" * 100)
    return tmp_path / "scratch.mcap"


def test_published_scenes_are_found_again(url: str, job: Job, recording: Path, tmp_path: Path) -> None:
    tasks = list(job.tasks())
    receipt = Store(url).publish(tasks[1], recording, frames=5)
    assert Store(url).publish(tasks[1], recording, frames=5) == receipt  # twice does no harm
    store = Store(url)
    assert [task.scene_id in store.finished() for task in tasks] == [False, True, False]
    assert len(store.finished()) == 1
    found = store.receipt(tasks[1].scene_id)
    assert found is not None
    assert (found.bytes, found.frames) == (500, 5)
    assert store.fetch(tasks[1].scene_id, tmp_path).read_bytes() == recording.read_bytes()
    assert not store.damaged(tasks[1].scene_id)


def test_a_scene_counts_with_its_receipt_only(url: str, job: Job, recording: Path) -> None:
    store, [task, *_] = Store(url), job.tasks()
    store.put(recording, f"recordings/{task.scene_id}.mcap")
    assert len(store.finished()) == 0
    store.publish(task, recording, frames=1)
    store.remove(f"recordings/{task.scene_id}.mcap")
    assert len(store.finished()) == 0


def test_a_wrong_checksum_is_found_and_the_scene_taken_back(url: str, job: Job, recording: Path) -> None:
    store, [first, second, _] = Store(url), job.tasks()
    store.publish(first, recording, frames=1)
    store.publish(second, recording, frames=1)
    store.write(f"recordings/{second.scene_id}.mcap", b"whole" * 99 + b"rotte")
    checked = check(url, [first.scene_id, second.scene_id])
    assert [scene_id for scene_id, _ in checked.receipts] == [first.scene_id]
    assert checked.damaged == (second.scene_id,)
    store.discard(second.scene_id)
    assert len(store.finished()) == 1


def test_half_scenes_of_dead_runs_are_removed(tmp_path: Path, job: Job) -> None:
    (tmp_path / "recordings").mkdir()
    half = tmp_path / "recordings" / ".abc.mcap.0123.partial"
    half.write_bytes(b"half")
    Store(tmp_path).sweep()
    assert list((tmp_path / "recordings").iterdir()) == []


def test_half_uploads_of_dead_runs_are_removed(bucket: str) -> None:
    store = Store(f"{bucket}/night")
    store.fs.call_s3("create_multipart_upload", Bucket="nights", Key="night/recordings/half.mcap")
    store.fs.call_s3("create_multipart_upload", Bucket="nights", Key="another/recordings/half.mcap")
    store.sweep()
    [left] = store.fs.call_s3("list_multipart_uploads", Bucket="nights")["Uploads"]
    assert left["Key"] == "another/recordings/half.mcap"


def test_a_killed_writer_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, shutil, signal, sys; from orchestrator.store import Store\n"
        "def dies(source, target): pathlib.Path(target).write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)\n"
        "shutil.copyfile = dies\n"
        "Store(sys.argv[1]).put(pathlib.Path(sys.argv[0] or '/etc/hosts'), 'recordings/a.mcap')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=Path(__file__).parents[2])
    assert done.returncode == -9
    assert [path.name[0] for path in (tmp_path / "recordings").iterdir()] == ["."]


def test_scene_ids_differ_and_do_not_depend_on_the_number_of_scenes(job: Job) -> None:
    ids = [task.scene_id for task in job.tasks()]
    assert len(set(ids)) == 3
    fewer = job.model_copy(update={"scripts": (job.scripts[0].model_copy(update={"scenes": 2}),)})
    assert [task.scene_id for task in fewer.tasks()] == ids[:2]
    later = job.model_copy(update={"scripts": (job.scripts[0].model_copy(update={"scenes": 2, "first": 1}),)})
    assert [task.scene_id for task in later.tasks()] == ids[1:]


def script_with(**fields: Any) -> dict[str, Any]:
    return {"scripts": (Script(**({"name": "a", "path": "/a.scenic", "digest": "d1", "scenes": 3} | fields)),)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 2}, "seed is 1, not 2"),
        ({"longtail": "0.2.0"}, r"version is 0\.1\.0, not 0\.2\.0"),
        ({"server": "unreal"}, "server is embedded, not unreal"),
        ({"rig": "nuscenes"}, "rig is kitti, not nuscenes"),
        (script_with(name="b"), "scenarios are a, not b"),
        (script_with(digest="d2"), "scenario a, its map or the world model"),
        (script_with(scenes=4), "scenario a has 3 scenes from 0, not 4 from 0"),
        (script_with(params={"weather": "ClearNoon"}, digest="d3"), "weather or parameters of scenario a"),
    ],
)
def test_a_job_that_was_changed_is_refused_with_the_difference(
    url: str, job: Job, change: dict[str, Any], said: str
) -> None:
    claim_job(Store(url), job)
    if "rig" in change:
        change = {"rig": load_rig(change["rig"])}
    with pytest.raises(JobError, match=said):
        claim_job(Store(url), job.model_copy(update=change))
    assert load_job(Store(url)) == job


def test_where_a_script_lies_and_how_the_job_is_run_do_not_matter(url: str, job: Job) -> None:
    claim_job(Store(url), job)
    spec = job.spec.model_copy(update={"workers": 7})
    claim_job(Store(url), job.model_copy(update=script_with(path="/elsewhere/a.scenic") | {"spec": spec}))
    present = load_job(Store(url))
    assert present is not None
    assert present.spec.workers == 7


def test_a_foreign_job_file_is_named(tmp_path: Path, job: Job) -> None:
    (tmp_path / "job.json").write_text(json.dumps({"what": "else"}))
    with pytest.raises(JobError, match=r"job\.json"):
        claim_job(Store(tmp_path), job)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket's claims, at a pace for tests."""
    monkeypatch.setattr(claims, "BEAT", 0.1)
    monkeypatch.setattr(claims, "PATIENCE", 0.6)


def test_two_runs_do_not_share_an_output(url: str, quick: None) -> None:
    assert not held(Store(url))
    with claim(Store(url)):
        assert held(Store(url))
        with pytest.raises(JobError, match="another run is writing"), claim(Store(url)):
            pass
    assert not held(Store(url))
    with claim(Store(url)) as hold:
        hold.check()


def test_a_claim_of_the_dead_is_taken_over(bucket: str, quick: None) -> None:
    Store(f"{bucket}/dead").write(CLAIM, b'{"holder": "dead", "count": 7}')
    with claim(Store(f"{bucket}/dead")) as hold:
        hold.check()


def test_who_lost_its_claim_stops(bucket: str, quick: None) -> None:
    store = Store(f"{bucket}/lost")
    with claim(store) as hold:
        store.write(CLAIM, b'{"holder": "another", "count": 0}')
        deadline = time.monotonic() + 10
        while not hold.lost and time.monotonic() < deadline:
            time.sleep(0.05)
        with pytest.raises(claims.LostClaim):
            hold.check()
    assert store.read(CLAIM) is not None  # the other's


def test_clocks_that_jump_change_nothing(url: str, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    real, jumps = time.time, iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: real() + (-1) ** next(jumps) * 86400 * 400)
    with claim(Store(url)) as hold:
        time.sleep(0.5)
        hold.check()
        with pytest.raises(JobError, match="another run is writing"), claim(Store(url)):
            pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JobError, match="cannot write to"), claim(Store(tmp_path / "file" / "out")):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(JobError, match="cannot write to"), claim(Store(tmp_path)):
        pass


def test_a_read_only_file_system_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**arguments: Any) -> Any:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(claims.tempfile, "TemporaryFile", refuse)
    with pytest.raises(JobError, match="Read-only file system"), claim(Store(tmp_path)):
        pass


def test_a_bucket_that_is_not_there_is_named(bucket: str) -> None:
    with pytest.raises(JobError, match="cannot write to s3://absent/night"), claim(Store("s3://absent/night")):
        pass


def test_other_kinds_of_output_are_refused() -> None:
    with pytest.raises(JobError, match="a folder on a disk or s3://"):
        Store("ftp://somewhere/night")


def test_a_million_finished_scenes_need_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def names(store: Store, folder: str) -> Iterator[str]:
        ending = ".mcap" if folder == "recordings" else ".json"
        return (f"{number * 10**12:016x}{ending}" for number in range(10**5))

    monkeypatch.setattr(Store, "_listed", names)
    finished = Store(tmp_path).finished()
    assert len(finished) == 10**5
    assert f"{77 * 10**12:016x}" in finished
    assert f"{77 * 10**12 + 1:016x}" not in finished
    assert finished._ids.nbytes == 8 * 10**5


def test_exports_are_there_with_their_receipts(
    url: str, job: Job, make_recording: Callable[..., Path], tmp_path: Path
) -> None:
    store, task = Store(url), next(job.tasks())
    receipt = store.publish(task, make_recording(tmp_path, 0, frames=2), frames=2)
    store.write(SUMS, f"{receipt.sha256}  recordings/{task.scene_id}.mcap\n")
    spec = job.spec
    done = export(url, "kitti", [task.scene_id], contents(store, "kitti", spec), 1.0)
    assert done.frames == 2
    assert exported(store, "kitti", spec)
    assert exported(store, "kitti", spec.model_copy(update={"strict_types": True})) is None
    assert store.read("kitti/training/label_2/000000.txt") is not None
    store.write(SUMS, "other scenes\n")
    assert exported(store, "kitti", spec) is None
    again = export(url, "kitti", [task.scene_id], contents(store, "kitti", spec), 1.0)
    assert again == done
    assert exported(store, "kitti", spec)
