"""The output folder: resuming, refusing, locking, cleaning."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import JobError
from orchestrator.job import Job, Script
from orchestrator.store import open_store
from sensors.rig import load_rig


@pytest.fixture
def job() -> Job:
    script = Script(name="a", path="/a.scenic", digest="d1")
    return Job(longtail="0.1.0", scripts=(script,), scenes=3, seed=1, rig=load_rig("kitti"))


def test_finished_scenes_are_found_again(tmp_path: Path, job: Job) -> None:
    tasks = list(job.tasks())
    with open_store(tmp_path / "out", job) as store:
        store.recording(tasks[1]).write_bytes(b"whole")
    with open_store(tmp_path / "out", job) as store:
        assert [store.finished(task) for task in tasks] == [False, True, False]


def test_half_scenes_of_dead_runs_are_removed(tmp_path: Path, job: Job) -> None:
    with open_store(tmp_path, job) as store:
        half = store.recordings / ".abc.mcap.partial"
    half.write_bytes(b"half")
    with open_store(tmp_path, job) as store:
        assert list(store.recordings.iterdir()) == []


def test_scene_ids_differ_and_do_not_depend_on_the_number_of_scenes(job: Job) -> None:
    ids = [task.scene_id for task in job.tasks()]
    assert len(set(ids)) == 3
    assert [task.scene_id for task in job.model_copy(update={"scenes": 2}).tasks()] == ids[:2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 2}, "seed is 1, not 2"),
        ({"scenes": 4}, "scenes is 3, not 4"),
        ({"longtail": "0.2.0"}, "version is 0.1.0, not 0.2.0"),
        ({"rig": "nuscenes"}, "rig is kitti, not nuscenes"),
        ({"scripts": (Script(name="b", path="/a.scenic", digest="d1"),)}, "scenarios are a, not b"),
        ({"scripts": (Script(name="a", path="/a.scenic", digest="d2"),)}, "scenario a, its map or the world model"),
    ],
)
def test_another_job_is_refused_with_the_difference(tmp_path: Path, job: Job, change: dict, said: str) -> None:
    with open_store(tmp_path, job):
        pass
    if "rig" in change:
        change = {"rig": load_rig(change["rig"])}
    with pytest.raises(JobError, match=said), open_store(tmp_path, job.model_copy(update=change)):
        pass


def test_where_a_script_lies_does_not_matter(tmp_path: Path, job: Job) -> None:
    with open_store(tmp_path, job):
        pass
    moved = job.model_copy(update={"scripts": (Script(name="a", path="/elsewhere/a.scenic", digest="d1"),)})
    with open_store(tmp_path, moved):
        pass


def test_a_foreign_job_file_is_named(tmp_path: Path, job: Job) -> None:
    (tmp_path / "job.json").write_text(json.dumps({"what": "else"}))
    with pytest.raises(JobError, match=r"job\.json"), open_store(tmp_path, job):
        pass


def test_two_runs_do_not_share_a_folder(tmp_path: Path, job: Job) -> None:
    with (
        open_store(tmp_path, job),
        pytest.raises(JobError, match="another run is writing"),
        open_store(tmp_path, job),
    ):
        pass
    with open_store(tmp_path, job):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, job: Job) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JobError, match="cannot write to"), open_store(tmp_path / "file" / "out", job):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(tmp_path: Path, job: Job) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(JobError, match="cannot write to"), open_store(tmp_path, job):
        pass


def test_recordings_make_no_difference_to_whether_an_export_is_there(
    tmp_path: Path, job: Job, make_recording: Callable[..., Path]
) -> None:
    with open_store(tmp_path, job) as store:
        assert not store.exported("kitti")
        store.export("kitti").mkdir()
        assert store.exported("kitti")
