"""The row is the work order, a message only a doorbell (F-06); what runs comes to one of its ends (F-08)."""

from __future__ import annotations

import base64
import datetime
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from archive import work
from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.work import services
from archive.work.leases import Lease
from archive.work.models import WorkItem
from archive.work.services import ring_doorbell, run_due_items, sweep
from archive.work.tasks import run_due
from tests.archive.work.conftest import ACTOR, KIND, Jobs, be_due, let_lease_end, state_of

pytestmark = pytest.mark.django_db


def test_a_doorbell_goes_to_the_broker_as_a_message_that_carries_nothing(settings: Any) -> None:
    folder = Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"])
    for path in folder.iterdir():
        path.unlink()
    ring_doorbell()
    (message,) = folder.iterdir()
    told = json.loads(message.read_text())
    assert told["headers"]["task"] == "archive.work.run_due"
    assert json.loads(base64.b64decode(told["body"]))[:2] == [[], {}]
    message.unlink()


def test_work_that_is_queued_runs_once_and_keeps_its_result(jobs: Jobs) -> None:
    jobs.act = lambda lease: {"doubled": lease.payload["number"] * 2}
    item = jobs.add(number=21)
    assert run_due_items() == 1
    assert state_of(item) == "done" and item.result == {"doubled": 42}
    assert item.ended_at is not None and item.lease_until is None and item.attempts == 1
    assert run_due_items() == 0 and jobs.runs == ["one"]


def test_work_runs_in_the_order_it_became_due(jobs: Jobs) -> None:
    for key in ("a", "b", "c"):
        jobs.add(key)
    later = jobs.add("later")
    WorkItem.objects.filter(pk=later.pk).update(run_after=timezone.now() + datetime.timedelta(hours=1))
    assert run_due_items() == 3 and jobs.runs == ["a", "b", "c"]
    assert state_of(later) == "queued"


def test_the_same_work_is_queued_once_while_it_is_open(jobs: Jobs) -> None:
    first, again = jobs.add(number=1), jobs.add(number=2)
    assert first == again and again.payload == {"number": 1}
    run_due_items()
    assert jobs.add() != first, "once it has ended it may be asked for again"


def test_two_kinds_may_have_the_same_key(jobs: Jobs) -> None:
    work.register("tests.other", lambda _lease: {})
    assert jobs.add() != work.enqueue(kind="tests.other", key="one", payload={}, actor=ACTOR)


def test_an_unknown_kind_is_refused_before_anything_is_written(jobs: Jobs) -> None:
    with pytest.raises(KeyError):
        work.enqueue(kind="nonsense", key="one", payload={}, actor=ACTOR)
    assert not WorkItem.objects.exists()


def test_it_is_done_in_the_name_of_who_asked(jobs: Jobs, user_of: Any) -> None:
    seen: list[Actor] = []
    jobs.act = lambda lease: seen.append(lease.actor)
    user = user_of()
    work.enqueue(kind=KIND, key="user", payload={}, actor=Actor.of_user(user))
    jobs.add("system")
    run_due_items()
    assert [(actor.kind, actor.id, actor.name) for actor in seen] == [
        ("user", str(user.pk), user.username),
        ("system", "tests", "tests"),
    ]


# Doorbells (F-06)


def test_the_bell_rings_after_the_commit_and_not_for_what_is_rolled_back(
    jobs: Jobs, bells: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(RuntimeError), transaction.atomic():
            jobs.add("gone")
            raise RuntimeError
        jobs.add("kept")
        assert bells == []
    assert bells == ["ring"]
    assert list(WorkItem.objects.values_list("key", flat=True)) == ["kept"]


def test_who_runs_it_himself_rings_no_bell(
    jobs: Jobs, bells: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        work.enqueue(kind=KIND, key="one", payload={}, actor=ACTOR, ring=False)
    assert bells == []


def test_a_message_that_is_lost_costs_a_delay_and_nothing_else(jobs: Jobs, bells: list[str]) -> None:
    """The process dies between the commit and the message: the sweeper rings again, the worker does it."""
    item = jobs.add()
    assert bells == []  # the test's transaction never ends, so its message is never sent
    assert sweep() == 1 and bells == ["ring"]
    run_due()
    assert state_of(item) == "done"
    assert sweep() == 0 and bells == ["ring"]


def test_a_broker_that_is_down_fails_no_change_that_is_committed(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down(*_args: Any, **_options: Any) -> None:
        raise OSError("the broker's folder is full")

    monkeypatch.setattr("archive.work.tasks.run_due", SimpleNamespace(delay=down))
    ring_doorbell()
    assert "the sweeper will find the work" in caplog.text


def test_a_bell_that_rings_often_or_for_nothing_does_no_harm(jobs: Jobs) -> None:
    run_due()
    jobs.add()
    run_due(), run_due(), run_due()
    assert jobs.runs == ["one"]


def test_the_sweeper_finds_work_whose_worker_is_gone(jobs: Jobs, bells: list[str]) -> None:
    item = jobs.add()
    assert services.claim(item.pk) is not None
    assert sweep() == 0, "its lease runs"
    let_lease_end(item)
    assert sweep() == 1 and bells == ["ring"]
    assert run_due_items() == 1
    assert state_of(item) == "done" and item.attempts == 2


def test_recurring_work_is_queued_by_the_sweeper_once_in_its_time(jobs: Jobs) -> None:
    work.register("tests.hourly", jobs.run, every_seconds=3600)
    for _ in range(3):
        sweep()
    run_due_items()
    sweep()
    hourly = WorkItem.objects.filter(kind="tests.hourly")
    assert hourly.count() == 1 and jobs.runs == ["recurring"]
    hourly.update(created_at=timezone.now() - datetime.timedelta(seconds=3601))
    sweep()
    assert hourly.count() == 2


def test_recurring_work_that_is_still_at_it_is_not_queued_twice(jobs: Jobs) -> None:
    work.register("tests.hourly", jobs.run, every_seconds=3600)
    sweep()
    item = WorkItem.objects.get()
    services.claim(item.pk)
    WorkItem.objects.update(created_at=timezone.now() - datetime.timedelta(hours=2))
    sweep()
    assert WorkItem.objects.count() == 1 and state_of(item) == "running"


# Ends (F-08)


def break_off(_lease: Lease) -> None:
    """Do what poison does."""
    raise RuntimeError("poison")


def test_work_that_breaks_off_is_tried_again_later_and_in_the_end_given_up(
    jobs: Jobs, recorded: Any, caplog: pytest.LogCaptureFixture
) -> None:
    jobs.act = break_off
    item = jobs.add()
    waits = []
    for attempt in (1, 2, 3):
        before = timezone.now()
        assert run_due_items() == 1
        assert state_of(item) == ("queued" if attempt < 3 else "dead") and item.attempts == attempt
        assert item.message == "RuntimeError: poison"
        waits.append((item.run_after - before).total_seconds())
        assert run_due_items() == 0, "not before its wait is over"
        be_due(item)
    assert 9 < waits[0] < 15 < waits[1] < 25, "each wait is longer"
    assert jobs.runs == ["one"] * 3 and run_due_items() == 0
    assert recorded(item) == [("work.dead_lettered", "work")]
    assert item.ended_at is not None and "Traceback" in caplog.text


def test_one_that_is_poison_keeps_no_other_from_being_done(jobs: Jobs, recorded: Any) -> None:
    def act(lease: Lease) -> None:
        if lease.item.key == "7":
            raise ValueError("bad one")

    jobs.act = act
    for number in range(200):
        jobs.add(str(number))
    for _ in range(3):
        run_due_items()
        WorkItem.objects.filter(state="queued").update(run_after=timezone.now())
    states = WorkItem.objects.order_by("state").values_list("state", flat=True)
    assert [states.filter(state=state).count() for state in ("done", "dead")] == [199, 1]
    assert len(jobs.runs) == 199 + 3
    dead = WorkItem.objects.get(state="dead")
    assert (dead.key, dead.message) == ("7", "ValueError: bad one")
    assert recorded(dead) == [("work.dead_lettered", "work")]


def test_work_that_takes_its_worker_along_is_given_up_too(jobs: Jobs, recorded: Any) -> None:
    """A worker that is killed writes no end: each claim counts as an attempt."""
    item = jobs.add()
    for _ in range(3):
        assert services.claim(item.pk) is not None
        let_lease_end(item)
    assert run_due_items() == 1
    assert state_of(item) == "dead" and "too often" in item.message
    assert jobs.runs == [] and recorded(item) == [("work.dead_lettered", "work")]


def test_what_the_work_was_about_hears_that_it_is_given_up_in_the_same_transaction(jobs: Jobs) -> None:
    told: list[str] = []
    work.register(KIND, break_off, max_attempts=1, given_up=lambda lease: told.append(lease.item.key))
    item = jobs.add()
    run_due_items()
    assert told == ["one"] and state_of(item) == "dead"


def test_work_that_fails_for_a_known_reason_is_not_tried_again(jobs: Jobs) -> None:
    def fail(_lease: Lease) -> None:
        raise work.WorkFailed("The package is no archive.")

    jobs.act = fail
    item = jobs.add()
    run_due_items()
    assert (state_of(item), item.message) == ("failed", "The package is no archive.")
    assert run_due_items() == 0 and not Event.objects.filter(verb="work.dead_lettered").exists()


def test_dead_work_is_tried_again_when_somebody_says_so(jobs: Jobs, recorded: Any) -> None:
    jobs.act = break_off
    item = jobs.add()
    WorkItem.objects.update(attempts=2)
    run_due_items()
    assert state_of(item) == "dead"
    jobs.act = lambda _lease: None
    assert work.retry(item, actor=ACTOR)
    assert (state_of(item), item.attempts, item.message) == ("queued", 0, "")
    assert not work.retry(item, actor=ACTOR), "twice is once"
    run_due_items()
    assert state_of(item) == "done" and not work.retry(item, actor=ACTOR)
    assert recorded(item) == [("work.dead_lettered", "work"), ("work.retried", "tests")]


def test_dead_work_that_has_a_successor_stays_dead(jobs: Jobs, recorded: Any) -> None:
    item = jobs.add()
    WorkItem.objects.update(state="dead")
    successor = jobs.add()
    assert not work.retry(item, actor=ACTOR)
    assert state_of(item) == "dead" and state_of(successor) == "queued" and recorded(item) == []
