"""Work can be paused, stopped and resumed; what is done stays, and who asked is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from archive import work
from archive.work import leases
from archive.work.leases import Lease, LeaseLostError, PauseRequested, StopRequested
from archive.work.models import WorkItem
from archive.work.services import claim, holding, run_due_items
from tests.archive.work.conftest import ACTOR, KIND, Jobs, let_lease_end, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.0)


def pause(key: str = "one") -> bool:
    """Ask for a pause."""
    return bool(work.pause(kind=KIND, key=key, actor=ACTOR))


def stop(key: str = "one") -> bool:
    """Ask for a stop."""
    return bool(work.stop(kind=KIND, key=key, actor=ACTOR))


def test_queued_work_pauses_at_once_and_goes_on_when_it_is_queued_again(jobs: Jobs, recorded: Any) -> None:
    item = jobs.add()
    assert pause()
    assert state_of(item) == "paused" and item.ended_at is None
    assert run_due_items() == 0
    assert jobs.add() == item and state_of(item) == "queued"
    assert run_due_items() == 1 and state_of(item) == "done"
    assert recorded(item) == [("work.paused", "tests"), ("work.resumed", "tests")]


@pytest.mark.parametrize("ask", [pause, stop])
def test_asking_twice_is_asking_once(jobs: Jobs, recorded: Any, ask: Any) -> None:
    item = jobs.add()
    assert ask() and not ask()
    assert len(recorded(item)) == 1
    running = jobs.add("two")
    assert claim(running.pk) is not None
    assert ask("two") and not ask("two")
    assert len(recorded(running)) == 1


@pytest.mark.parametrize(
    ("ask", "wanted", "state"), [(pause, PauseRequested, "paused"), (stop, StopRequested, "stopped")]
)
def test_running_work_learns_of_it_by_its_next_heartbeat(
    jobs: Jobs, recorded: Any, ask: Any, wanted: type[Exception], state: str
) -> None:
    heard: list[type[Exception]] = []

    def act(lease: Lease) -> None:
        lease.heartbeat(done=5)
        assert ask()
        try:
            lease.heartbeat(done=6)
        except (PauseRequested, StopRequested) as request:
            heard.append(type(request))
            raise

    jobs.act = act
    item = jobs.add()
    run_due_items()
    assert heard == [wanted] and state_of(item) == state
    assert (item.done, item.wish, item.lease_until) == (5, "", None)
    assert (item.ended_at is None) == (state == "paused")
    assert recorded(item) == [(f"work.{state}", "tests")]


@pytest.mark.parametrize(("ask", "state"), [(pause, "paused"), (stop, "stopped")])
def test_work_that_heeds_a_wish_by_returning_early_has_the_same_end(jobs: Jobs, ask: Any, state: str) -> None:
    jobs.act = lambda _lease: {"asked": ask()}
    item = jobs.add()
    run_due_items()
    assert state_of(item) == state
    other = jobs.add("two")
    lease = claim(other.pk)
    assert lease is not None
    with holding(lease):
        assert ask("two")
    assert state_of(other) == state


def test_a_stop_is_stronger_than_a_pause(jobs: Jobs) -> None:
    item = jobs.add()
    lease = claim(item.pk)
    assert lease is not None
    assert pause() and stop() and not pause()
    with pytest.raises(StopRequested):
        lease.heartbeat()


def test_paused_work_can_be_stopped_and_stopped_work_tried_again(jobs: Jobs, recorded: Any) -> None:
    item = jobs.add()
    assert pause() and stop()
    assert state_of(item) == "stopped" and item.ended_at is not None
    assert run_due_items() == 0 and not pause() and not stop()
    assert work.retry(item, actor=ACTOR) and run_due_items() == 1 and state_of(item) == "done"
    verbs = [verb for verb, _actor in recorded(item)]
    assert verbs == ["work.paused", "work.stopped", "work.retried"]


def test_what_is_not_there_or_has_ended_is_neither_paused_nor_stopped(jobs: Jobs, recorded: Any) -> None:
    assert not pause("nothing") and not stop("nothing")
    item = jobs.add()
    run_due_items()
    assert not pause() and not stop()
    assert state_of(item) == "done" and recorded(item) == []


def test_a_wish_reaches_the_worker_that_takes_over(jobs: Jobs) -> None:
    item = jobs.add()
    lost = claim(item.pk)
    assert lost is not None and pause()
    let_lease_end(item)
    jobs.act = lambda lease: lease.heartbeat()
    assert run_due_items() == 1
    assert state_of(item) == "paused"
    with pytest.raises(LeaseLostError):
        lost.heartbeat()


def test_a_pause_leaves_the_number_of_attempts_to_the_next_run(jobs: Jobs) -> None:
    def pause_then_go_on(lease: Lease) -> None:
        pause()
        lease.heartbeat()

    item = jobs.add()
    for _ in range(5):
        jobs.act = pause_then_go_on
        run_due_items()
        assert state_of(item) == "paused"
        jobs.add()
    jobs.act = lambda _lease: None
    run_due_items()
    assert state_of(item) == "done"
    assert WorkItem.objects.count() == 1
