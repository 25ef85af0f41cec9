"""Whose fault a failure is, and what follows."""

from orchestrator.failures import DEATHS, HOPELESS, STRIKES, Court, Failed, Kind, Verdict
from orchestrator.job import Script, Task

SCRIPT = Script(name="a", path="a.scenic", digest="d", scenes=100)


def task(index: int) -> Task:
    return Task(SCRIPT, index, f"{index:016x}")


def test_a_scene_is_given_up_at_its_second_own_failure() -> None:
    court = Court(100, 0.05)
    verdicts = [court.judge(Failed(task(1), Kind.scene, "no", node=node)) for node in "ab"]
    assert verdicts == [Verdict.again, Verdict.quarantine]
    assert STRIKES == 2


def test_deaths_are_forgiven_more_often_and_lost_nodes_always() -> None:
    court = Court(100, 0.05)
    for _ in range(100):
        assert court.judge(Failed(task(1), Kind.node, "gone")) is Verdict.again
    verdicts = [court.judge(Failed(task(1), Kind.server, "died")) for _ in range(DEATHS)]
    assert verdicts == [Verdict.again] * (DEATHS - 1) + [Verdict.quarantine]


def test_a_full_disk_pauses_and_the_jobs_own_fault_stops() -> None:
    court = Court(100, 0.05)
    assert court.judge(Failed(task(1), Kind.store, "full")) is Verdict.pause
    assert court.judge(Failed(task(1), Kind.job, "other code")) is Verdict.stop
    assert court.retries == 0


def test_nodes_where_it_failed_are_shunned_until_it_is_made() -> None:
    court = Court(100, 0.05)
    court.judge(Failed(task(1), Kind.server, "died", node="a"))
    court.judge(Failed(task(1), Kind.server, "died", node="b"))
    assert court.shunned(task(1)) == ("a", "b")
    assert court.shunned(task(2)) == ()
    court.acquit(task(1))
    assert court.shunned(task(1)) == ()


def give_up(court: Court, index: int) -> None:
    for _ in range(STRIKES):
        court.judge(Failed(task(index), Kind.scene, "no"))


def test_a_job_is_hopeless_when_nothing_was_made_or_too_much_failed() -> None:
    court = Court(1000, 0.5)
    for index in range(HOPELESS):
        assert not court.hopeless
        give_up(court, index)
    assert "none was made" in court.hopeless
    court = Court(20, 0.05)
    court.acquit(task(99))
    give_up(court, 0)
    assert not court.hopeless
    give_up(court, 1)
    assert "more than limits.quarantined allows" in court.hopeless
