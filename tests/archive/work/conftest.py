"""Kinds of work for tests: what runs is told by the test, and every start and end is written down."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from archive import work
from archive.audit.actor import Actor
from archive.work import kinds, services
from archive.work.leases import Lease
from archive.work.models import WorkItem

ACTOR = Actor.system("tests")
KIND = "tests.work"


class Jobs:
    """A kind of work whose runs are told by the test."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.act: Callable[[Lease], dict[str, Any] | None] = lambda _lease: None

    def run(self, lease: Lease) -> dict[str, Any]:
        """Write down that an item runs, and do what the test says."""
        self.runs.append(lease.item.key)
        return self.act(lease) or {}

    def add(self, key: str = "one", **payload: Any) -> WorkItem:
        """Queue an item."""
        item: WorkItem = work.enqueue(kind=KIND, key=key, payload=payload, actor=ACTOR)
        return item


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Return the only kind of work that there is."""
    monkeypatch.setattr(kinds, "_kinds", {})
    found = Jobs()
    work.register(KIND, found.run, max_attempts=3)
    return found


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the doorbells that rang: none goes to a broker."""
    rung: list[str] = []
    monkeypatch.setattr(services, "ring_doorbell", lambda: rung.append("ring"))
    return rung


def state_of(item: WorkItem) -> str:
    """Return the state of an item as it stands now."""
    item.refresh_from_db()
    return str(item.state)


def let_lease_end(item: WorkItem) -> None:
    """Let a minute go by in which the item's worker did not speak."""
    WorkItem.objects.filter(pk=item.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))


def be_due(item: WorkItem) -> None:
    """Let the wait before the next attempt be over."""
    WorkItem.objects.filter(pk=item.pk).update(run_after=timezone.now())
