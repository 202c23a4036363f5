"""One worker at a time, fenced: done twice at once, redelivered or overtaken, work has one effect (F-07)."""

from __future__ import annotations

import datetime
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from archive.work import leases, services
from archive.work.leases import LEASE_SECONDS, Lease, LeaseLostError
from archive.work.models import WorkItem
from archive.work.services import claim, holding, run, run_due_items
from tests.archive.work.conftest import Jobs, let_lease_end, state_of


def taken(item: WorkItem) -> Lease:
    """Claim an item that is free."""
    lease = claim(item.pk)
    assert lease is not None
    return lease


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let heartbeats look and write each time."""
    monkeypatch.setattr(leases, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.0)


@pytest.mark.usefixtures("committed_db")
def test_workers_that_ring_at_once_do_each_item_once(jobs: Jobs) -> None:
    jobs.act = lambda _lease: time.sleep(0.002)
    items = [jobs.add(str(number)) for number in range(30)]

    def worker(_number: int) -> int:
        try:
            return run_due_items()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(worker, range(6)))
    assert sum(counts) == 30 and sorted(jobs.runs) == sorted(item.key for item in items)
    assert set(WorkItem.objects.values_list("state", "attempts", "fence")) == {("done", 1, 1)}


@pytest.mark.usefixtures("committed_db")
def test_a_message_delivered_again_while_the_work_runs_starts_it_no_second_time(jobs: Jobs) -> None:
    """The first worker is in the middle of it when the message comes to a second one."""
    begun, go_on = threading.Event(), threading.Event()

    def act(_lease: Lease) -> None:
        begun.set()
        assert go_on.wait(10)

    jobs.act = act
    item = jobs.add()

    def first() -> int:
        try:
            return run_due_items()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first)
        assert begun.wait(10)
        assert run_due_items() == 0 and claim(item.pk) is None
        go_on.set()
        assert running.result(10) == 1
    assert jobs.runs == ["one"] and state_of(item) == "done"


@pytest.mark.django_db
def test_only_what_is_due_can_be_claimed(jobs: Jobs) -> None:
    item = jobs.add()
    for state in ("paused", "done", "failed", "stopped", "dead"):
        WorkItem.objects.update(state=state)
        assert claim(item.pk) is None
    WorkItem.objects.update(state="queued", run_after=timezone.now() + datetime.timedelta(minutes=1))
    assert claim(item.pk) is None and claim(999_999) is None


@pytest.mark.django_db
def test_each_claim_has_a_higher_fence_and_a_minute(jobs: Jobs) -> None:
    item = jobs.add()
    first = taken(item)
    before = timezone.now()
    assert claim(item.pk) is None
    let_lease_end(item)
    second = taken(item)
    assert (first.item.fence, second.item.fence) == (1, 2)
    assert second.item.lease_until is not None
    seconds = (second.item.lease_until - before).total_seconds()
    assert LEASE_SECONDS - 1 < seconds < LEASE_SECONDS + 10


@pytest.mark.django_db
@pytest.mark.usefixtures("eager")
def test_a_worker_that_was_overtaken_changes_nothing_any_more(jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    item = jobs.add()
    slow = taken(item)
    let_lease_end(item)
    quick = taken(item)
    with pytest.raises(LeaseLostError):
        slow.heartbeat(done=1)
    jobs.act = lambda lease: {"by": lease.item.fence}
    run(slow)  # it had not noticed, and comes to its end
    assert state_of(item) == "running" and item.result is None and item.fence == 2
    run(quick)
    assert state_of(item) == "done" and item.result == {"by": 2}
    run(slow)
    assert state_of(item) == "done" and item.result == {"by": 2}


@pytest.mark.django_db
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("end", [RuntimeError("late"), LeaseLostError("late"), None])
def test_however_an_overtaken_worker_ends_the_item_is_its_successors(jobs: Jobs, end: Exception | None) -> None:
    item = jobs.add()
    slow = taken(item)

    def act(_lease: Lease) -> None:
        let_lease_end(item)
        taken(item)
        if end is not None:
            raise end

    jobs.act = act
    run(slow)
    assert (state_of(item), item.fence, item.message, item.result) == ("running", 2, "", None)


@pytest.mark.django_db
@pytest.mark.usefixtures("eager")
def test_a_heartbeat_renews_the_lease_and_tells_progress(jobs: Jobs) -> None:
    item = jobs.add()
    lease = taken(item)
    WorkItem.objects.update(lease_until=timezone.now() + datetime.timedelta(seconds=1))
    lease.heartbeat(done=3, total=10, message="reading")
    item.refresh_from_db()
    assert (item.done, item.total, item.message) == (3, 10, "reading")
    assert item.lease_until is not None and item.lease_until > timezone.now() + datetime.timedelta(seconds=30)
    lease.heartbeat()
    item.refresh_from_db()
    assert (item.done, item.total, item.message) == (3, 10, "reading"), "what is not told stays"


@pytest.mark.django_db
def test_heartbeats_are_cheap(jobs: Jobs, django_assert_num_queries: Any) -> None:
    lease = taken(jobs.add())
    with django_assert_num_queries(0):
        for _ in range(1_000):
            lease.heartbeat(done=1)


@pytest.mark.django_db
def test_work_in_the_foreground_has_the_same_lease_and_the_same_ends(jobs: Jobs) -> None:
    item = jobs.add()
    with holding(taken(item)) as lease:
        assert claim(item.pk) is None and run_due_items() == 0
        assert lease.item == item
    assert state_of(item) == "done"
    item = jobs.add("two")
    with pytest.raises(KeyboardInterrupt), holding(taken(item)):
        raise KeyboardInterrupt
    assert state_of(item) == "failed" and "KeyboardInterrupt" in item.message


@pytest.mark.django_db
def test_a_lease_that_ran_out_is_taken_over_even_while_nobody_sweeps(jobs: Jobs) -> None:
    item = jobs.add()
    taken(item)
    assert run_due_items() == 0
    let_lease_end(item)
    assert run_due_items() == 1 and state_of(item) == "done"
    assert services.sweep() == 0
