"""The timeline: what each reader sees of it, counts by kind, pages that leave nothing out."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.documents import timeline as module
from archive.documents.models import Communication
from archive.documents.services import add_note
from archive.documents.timeline import Entry, Kind, Timeline, Window, part_of, timeline
from tests.archive.documents.archives import Archive, letter


@pytest.fixture
def row(archive: Archive) -> Communication:
    """Return a letter that was replaced, noted and read by two people."""
    archive.load(letter("it", index={"branch": "012"}))
    archive.load(letter("later", replaces={"external_id": "it", "reason": "typo"}, index={"branch": "012"}))
    return archive.get("it")


@pytest.fixture
def people(row: Communication, user_of: Any) -> dict[str, Any]:
    """Return the readers; agent and auditor have read the letter, the agent has written a note."""
    users = {role: user_of(role) for role in ("agent", "auditor", "operations")}
    for role in ("agent", "auditor"):
        read(row, Actor.of_user(users[role]))
    add_note(communication=row, text="Called", actor=Actor.of_user(users["agent"]))
    with pytest.raises(PermissionDenied):
        add_note(communication=row, text="Called", actor=Actor.of_user(users["auditor"]))
    return users


def read(row: Communication, actor: Actor) -> None:
    """Record a download."""
    audit.record_read(actor=actor, verb=Verb.VARIANT_DOWNLOADED, subject=row, channel="sms", bytes=7)


def told(found: Timeline) -> list[tuple[str, str]]:
    """Return title and actor of each entry, newest first."""
    return [(str(entry.title), entry.actor) for entry in found.entries]


def test_an_auditor_sees_all(row: Communication, people: dict[str, Any]) -> None:
    found = timeline(row, user=people["auditor"])
    assert told(found) == [
        ("Note refused", "auditor"),
        ("Note 1", "agent"),
        ("Downloaded", "auditor"),
        ("Downloaded", "agent"),
        ("Replaced by a later one", "tests"),
        ("Archived", "Engine"),
    ]
    assert found.counts == {Kind.READS: 2, Kind.CHANGES: 3, Kind.NOTES: 1}
    assert not found.only_own_reads and found.is_first and not found.older


def test_an_agent_sees_what_changed_and_his_own_reads(row: Communication, people: dict[str, Any]) -> None:
    found = timeline(row, user=people["agent"])
    assert told(found) == [
        ("Note 1", "agent"),
        ("Downloaded", "agent"),
        ("Replaced by a later one", "tests"),
        ("Archived", "Engine"),
    ]
    assert found.counts == {Kind.READS: 1, Kind.CHANGES: 2, Kind.NOTES: 1} and found.only_own_reads


def test_reads_of_others_leave_no_trace_in_entries_or_counts(row: Communication, people: dict[str, Any]) -> None:
    found = timeline(row, user=people["operations"])
    assert found.counts == {Kind.CHANGES: 2, Kind.NOTES: 1}
    assert {name for _title, name in told(found)} == {"agent", "tests", "Engine"}
    assert timeline(row, user=people["operations"], kind="reads").entries == []


@pytest.mark.parametrize("kind", list(Kind))
def test_a_filter_shows_one_kind_and_counts_all(row: Communication, people: dict[str, Any], kind: str) -> None:
    everything = timeline(row, user=people["auditor"])
    found = timeline(row, user=people["auditor"], kind=kind)
    assert found.entries == [entry for entry in everything.entries if entry.group == kind]
    assert found.counts == everything.counts


@pytest.mark.parametrize("kind", ["", "nothing", "READS", "<script>"])
def test_a_filter_that_is_none_shows_all(row: Communication, people: dict[str, Any], kind: str) -> None:
    assert len(timeline(row, user=people["auditor"], kind=kind).entries) == 6


@pytest.mark.parametrize("kind", ["", "reads"])
def test_pages_leave_nothing_out_and_repeat_nothing(
    row: Communication, people: dict[str, Any], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _time in range(7):
        read(row, Actor.of_user(people["agent"]))
    whole = timeline(row, user=people["auditor"], kind=kind)
    monkeypatch.setattr(module, "MOST_EVENTS", 2)
    entries: list[Entry] = []
    cursor, pages = "", 0
    while pages < 20:
        page = timeline(row, user=people["auditor"], kind=kind, cursor=cursor)
        assert len(page.entries) <= 2 and page.counts == whole.counts and page.is_first == (pages == 0)
        entries, cursor, pages = [*entries, *page.entries], page.older, pages + 1
        if not cursor:
            break
    assert entries == whole.entries and pages >= len(entries) // 2


def test_a_page_is_not_cut_within_an_instant(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    minutes = (0, 1, 1, 2)
    entries = [Entry(now - datetime.timedelta(minutes=n), Kind.CHANGES, "x", str(k)) for k, n in enumerate(minutes)]
    monkeypatch.setattr(module, "_sources", [lambda _row, _user, window: part_of(entries, window)])
    monkeypatch.setattr(module, "MOST_EVENTS", 2)

    class Reader:
        def has_perm(self, _name: str) -> bool:
            return True

    seen: list[str] = []
    cursor = ""
    for _page in range(3):
        page = timeline(Communication(), user=Reader(), cursor=cursor)
        seen += [str(entry.title) for entry in page.entries]
        cursor = page.older
    assert seen == ["0", "1", "2", "3"]


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 18, "²", "1.5", "٣", "0' OR 1"])
def test_a_cursor_that_is_none_gives_the_newest_page(row: Communication, people: dict[str, Any], cursor: str) -> None:
    assert timeline(row, user=people["auditor"], cursor=cursor).is_first


def test_a_source_without_entries_of_a_kind_gives_none() -> None:
    entries = [Entry(timezone.now(), Kind.NOTES, "x", "one")]
    assert part_of(entries, Window(Kind.READS)).entries == []
    assert part_of(entries, Window(Kind.READS)).counts == {Kind.NOTES: 1}
