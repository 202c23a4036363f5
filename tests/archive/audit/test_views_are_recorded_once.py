"""A view is one event for each user, variant and quarter of an hour, committed before the first byte (A-28)."""

from __future__ import annotations

import datetime
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.utils import timezone

import portal.settings
from archive import audit
from archive.audit.actor import Actor
from archive.audit.models import Event, ViewMark
from archive.audit.services import InsideTransactionError, read_leaf
from archive.audit.verbs import Verb

LETTER = ("communication", "01920000-0000-7000-8000-000000000000")
AGENT = Actor("user", "7", "agent", address="127.0.0.1", correlation_id="x")


def view(actor: Actor = AGENT, *, part: str = "1", subject: tuple[str, str] = LETTER) -> bool:
    """Look at a variant."""
    return audit.record_view(actor=actor, verb=Verb.VARIANT_VIEWED, subject=subject, part=part)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that sets the clock to a time of one day."""

    def set_clock(hour: int, minute: int, second: int = 0) -> None:
        now = datetime.datetime(2026, 11, 25, hour, minute, second, tzinfo=datetime.UTC)
        monkeypatch.setattr(timezone, "now", lambda: now)

    return set_clock


def test_a_view_is_told_once_in_a_quarter_of_an_hour(db: Any, at: Any) -> None:
    at(10, 0)
    assert [view() for _ in range(4)] == [True, False, False, False]
    at(10, 14, 59)
    assert not view()
    at(10, 15)
    assert [view() for _ in range(2)] == [True, False]
    assert Event.objects.count() == ViewMark.objects.count() == 2


def test_users_parts_records_and_verbs_are_told_apart(db: Any, at: Any) -> None:
    at(10, 0)
    assert view() and view(part="2") and view(subject=("communication", "another"))
    assert view(Actor("user", "8", "other"))
    assert audit.record_view(actor=AGENT, verb=Verb.COMMUNICATION_VIEWED, subject=LETTER)
    assert Event.objects.count() == 5
    assert {read_leaf(event).get("details", {}).get("part") for event in Event.objects.all()} == {"1", "2", None}


def test_a_view_that_cannot_be_recorded_leaves_no_mark_and_is_told_the_next_time(db: Any, failing: Any) -> None:
    with failing("variant.viewed"), pytest.raises(Exception, match="log is full"):
        view()
    assert not ViewMark.objects.exists()
    assert view()


@pytest.mark.usefixtures("committed_db")
def test_requests_at_once_write_one_event() -> None:
    def once(_number: int) -> bool:
        try:
            return view()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(once, range(24)))
    # A quarter of an hour may end in between.
    assert told.count(True) == Event.objects.count() in (1, 2)


@pytest.mark.usefixtures("committed_db")
def test_a_read_is_committed_when_its_recording_returns(settings: Any) -> None:
    settings.READS_MAY_BE_RECORDED_INSIDE = False
    audit.record_read(actor=AGENT, verb=Verb.VARIANT_DOWNLOADED, subject=LETTER)
    view()
    with sqlite3.connect(django_settings.DATABASES["default"]["NAME"]) as other:
        verbs = other.execute("SELECT verb FROM audit_event ORDER BY id").fetchall()
    assert verbs == [("variant.downloaded",), ("variant.viewed",)]


def test_a_read_inside_a_transaction_is_refused_since_it_would_not_be_committed(db: Any, settings: Any) -> None:
    settings.READS_MAY_BE_RECORDED_INSIDE = False
    with transaction.atomic():
        with pytest.raises(InsideTransactionError):
            audit.record_read(actor=AGENT, verb=Verb.VARIANT_DOWNLOADED, subject=LETTER)
        with pytest.raises(InsideTransactionError):
            view()
    assert not Event.objects.exists()


def test_only_the_tests_allow_reads_to_be_recorded_inside() -> None:
    source = Path(portal.settings.__file__).read_text(encoding="utf-8")
    assert "READS_MAY_BE_RECORDED_INSIDE" not in source
