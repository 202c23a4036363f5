"""A worker that is told to end puts its work back at once, and begins nothing more."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from archive import work
from archive.work import ending
from archive.work.leases import Lease
from archive.work.services import run_due_items
from tests.archive.work.conftest import ACTOR, KIND, Jobs, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _begins_anew() -> Iterator[None]:
    yield
    ending.forget()


def beats_until_told(lease: Lease) -> None:
    """Work that is told to end while it runs."""
    lease.heartbeat()
    ending.begin()
    lease.heartbeat()
    raise AssertionError("it was not told")


def test_work_in_hand_is_queued_again_at_once_and_the_attempt_is_not_counted(jobs: Jobs) -> None:
    jobs.act = beats_until_told
    first, second = jobs.add("first"), jobs.add("second")
    assert run_due_items() == 1, "nothing more is begun"
    assert (state_of(first), first.attempts, first.lease_until) == ("queued", 0, None)
    assert (state_of(second), second.attempts) == ("queued", 0)
    ending.forget()
    jobs.act = lambda _lease: None
    assert run_due_items() == 2
    assert (state_of(first), first.attempts, first.fence) == ("done", 1, 2)


def test_a_worker_that_ends_begins_nothing(jobs: Jobs) -> None:
    item = jobs.add()
    ending.begin()
    assert run_due_items() == 0 and jobs.runs == [] and state_of(item) == "queued"


def test_what_somebody_wished_goes_before_the_end(jobs: Jobs) -> None:
    def act(lease: Lease) -> None:
        work.pause(kind=KIND, key=lease.item.key, actor=ACTOR)
        beats_until_told(lease)

    jobs.act = act
    item = jobs.add()
    run_due_items()
    assert state_of(item) == "paused"


def test_what_was_taken_over_meanwhile_is_not_put_back(jobs: Jobs) -> None:
    from archive.work.models import WorkItem

    def act(lease: Lease) -> None:
        WorkItem.objects.filter(pk=lease.item.pk).update(fence=9)
        beats_until_told(lease)

    jobs.act = act
    item = jobs.add()
    run_due_items()
    assert (state_of(item), item.fence, item.attempts) == ("running", 9, 1)


def test_a_process_that_was_forked_before_hears_of_it() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # the child waits for a byte, then tells what it sees
        os.read(reading, 1)
        os._exit(7 if ending.is_asked() else 0)
    ending.begin()
    os.write(writing, b"x")
    _pid, status = os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)
    assert os.waitstatus_to_exitcode(status) == 7
