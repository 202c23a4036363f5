"""The auditors' page of the whole log: filters, pages, one event, CSV; who may, and that reading it is an event too."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.models import Event, EventPrivate
from archive.audit.selectors import PAGE_ROWS, EventFilter, list_events, page_of_events
from archive.audit.verbs import Group, Verb
from tests.archive.documents.archives import Archive, body_of, events, private_texts

HOSTILE = "=HYPERLINK(1)\r\n\u2028<script>alert(1)</script>"


def add(verb: Verb = Verb.ALIAS_ADDED, *, by: str = "tests", about: str = "1", **changes: Any) -> Event:
    """Record an event."""
    with transaction.atomic():
        return audit.record(actor=Actor.system(by), verb=verb, subject=("alias", about), **changes)


def add_many(count: int) -> None:
    """Record events in one transaction."""
    actor = Actor.system("many")
    with transaction.atomic():
        for number in range(count):
            audit.record(actor=actor, verb=Verb.ALIAS_ADDED, subject=("alias", str(number)))


@pytest.fixture
def auditor(configured: None, client: Any, user_of: Callable[..., Any]) -> Any:
    """Return a signed-in auditor's browser."""
    client.force_login(user_of("auditor"))
    return client


def shown(answer: Any) -> list[str]:
    """Return the ids of the events on a page, as they stand."""
    return [str(event.event_id) for event, _label in answer.context["rows"]]


def rows_of(answer: Any) -> list[dict[str, str]]:
    """Return the rows of a CSV answer."""
    return list(csv.DictReader(io.StringIO(body_of(answer).decode(), newline="")))


@pytest.mark.parametrize("role", ["agent", "records", "operations", "admin"])
@pytest.mark.usefixtures("configured")
def test_who_may_not_see_the_log_gets_nothing_of_it(client: Any, user_of: Any, role: str) -> None:
    event = add(by="somebody-known")
    client.force_login(user_of(role))
    for answer in (
        client.get("/audit/"),
        client.get(f"/audit/{event.event_id}/"),
        client.get(f"/audit/{uuid4()}/"),
        client.post("/audit/events.csv"),
    ):
        assert answer.status_code == 403 and b"somebody-known" not in answer.content
    assert not events("events.viewed", "events.exported")
    refused = [(event.subject_id, event.actor_name) for event in events("access.refused")]
    assert refused == [(page, role) for page in ("audit_events", "audit_event", "audit_event", "audit_events_csv")]


def test_reading_the_log_is_an_event_once_in_a_quarter_of_an_hour(auditor: Any) -> None:
    for _ in range(3):
        assert auditor.get("/audit/").status_code == 200
    # A quarter may end between two requests.
    assert [event.actor_name for event in events("events.viewed")] in (["auditor"], ["auditor"] * 2)


def test_the_page_shows_newest_first_and_says_who_what_about_what(auditor: Any) -> None:
    old, new = add(about="old-alias"), add(about="new-alias")
    answer = auditor.get("/audit/")
    ids = shown(answer)
    assert ids.index(str(new.event_id)) < ids.index(str(old.event_id))
    page = answer.content.decode()
    assert "alias.added" in page and "new-alias" in page and "tests" in page and "Renumbering added" in page


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"actor": "one"}, {"a", "b"}),
        ({"actor": " one "}, {"a", "b"}),
        ({"actor": "on"}, set()),
        ({"group": "changes"}, {"a"}),
        ({"group": "system"}, {"b", "c"}),
        ({"subject": "c"}, {"c"}),
        ({"outcome": "refused"}, {"c"}),
        ({"actor": "one", "group": "system", "outcome": "done"}, {"b"}),
        ({"first": "2026-10-02", "last": "2026-10-02"}, {"b"}),
        ({"first": "2026-10-02"}, {"b", "c"}),
        ({"last": "2026-10-02"}, {"a", "b"}),
        ({"actor": "nobody"}, set()),
    ],
)
def test_filters_narrow_the_page_and_the_export_alike(
    auditor: Any, monkeypatch: pytest.MonkeyPatch, filters: dict[str, str], expected: set[str]
) -> None:
    # 22:30 UTC of the first is half past midnight of the second in Berlin, the reader's zone.
    for about, when, changes in (
        ("a", datetime.datetime(2026, 10, 1, 21, 30, tzinfo=datetime.UTC), {"by": "one"}),
        ("b", datetime.datetime(2026, 10, 1, 22, 30, tzinfo=datetime.UTC), {"by": "one", "verb": Verb.PACK_MERGED}),
        (
            "c",
            datetime.datetime(2026, 10, 2, 22, 0, tzinfo=datetime.UTC),
            {"by": "two", "verb": Verb.WORK_STOPPED, "outcome": "refused"},
        ),
    ):
        with monkeypatch.context() as clock:
            clock.setattr(timezone, "now", lambda when=when: when)
            add(about=about, **changes)
    mine = {"a", "b", "c"}
    answer = auditor.get("/audit/", filters)
    assert answer.status_code == 200
    assert {event.subject_id for event, _label in answer.context["rows"]} & mine == expected
    exported = rows_of(auditor.post("/audit/events.csv", filters))
    assert {row["subject"] for row in exported} & mine == expected


@pytest.mark.parametrize(
    "filters",
    [
        {"first": "2026-10-02", "last": "2026-10-01"},
        {"first": "31.02.2026"},
        {"group": "everything"},
        {"outcome": "eaten"},
        {"actor": "x" * 151},
    ],
)
def test_filters_that_make_no_sense_are_refused_and_export_nothing(auditor: Any, filters: dict[str, str]) -> None:
    assert auditor.get("/audit/", filters).status_code == 422
    answer = auditor.post("/audit/events.csv", filters)
    assert answer.status_code == 422 and answer["Content-Type"].startswith("text/html")
    assert not events("events.exported")


def test_every_verb_is_found_by_its_group_and_by_no_other(db: Any) -> None:
    for verb in Verb:
        add(verb)
    found = [set(list_events(EventFilter(group=group)).values_list("verb", flat=True)) for group in Group]
    assert sum(map(len, found)) == len(set.union(*found)) == len(Verb)


def test_pages_go_through_the_whole_log_and_back_without_a_gap(auditor: Any) -> None:
    add_many(2 * PAGE_ROWS + 7)
    url, seen, pages = "/audit/?actor=many", [], 0
    while url:
        answer = auditor.get(url)
        seen += shown(answer)
        pages += 1
        page = answer.context["page"]
        url = f"/audit/?actor=many&cursor={page.older}" if page.older else ""
    everything = [
        str(i) for i in Event.objects.filter(actor_name="many").order_by("-pk").values_list("event_id", flat=True)
    ]
    assert (seen, pages) == (everything, 3)
    back = auditor.get(f"/audit/?actor=many&cursor={page.newer}")
    assert shown(back) == everything[PAGE_ROWS : 2 * PAGE_ROWS]
    assert back.context["page"].older and back.context["page"].newer


def test_the_links_of_the_pager_keep_the_filters(auditor: Any) -> None:
    add_many(PAGE_ROWS + 1)
    page = auditor.get("/audit/?actor=many").content.decode()
    links = [part.split('"')[0].replace("&amp;", "&") for part in page.split('href="')[1:]]
    (older,) = [link for link in links if "cursor=" in link]
    assert "actor=many" in urlsplit(older).query
    answer = auditor.get(urlsplit(older).path + "?" + urlsplit(older).query)
    assert len(shown(answer)) == 1


@pytest.mark.parametrize("cursor", ["x", "W10:abc", "\x00", "../..", "a" * 5_000])
def test_a_cursor_that_is_not_ours_gives_the_first_page(db: Any, cursor: str) -> None:
    add_many(3)
    assert len(page_of_events(list_events(EventFilter()), cursor=cursor).events) == 3


def test_events_of_one_instant_are_not_lost_between_pages(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    add_many(7)
    query, cursor, seen = list_events(EventFilter()), "", []
    for _ in range(4):
        page = page_of_events(query, cursor=cursor, limit=2)
        seen += [event.pk for event in page.events]
        cursor = page.older
    assert seen == sorted(Event.objects.values_list("pk", flat=True), reverse=True) and not cursor


def test_more_events_make_no_more_queries(auditor: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert auditor.get("/audit/").status_code == 200
        return len(captured)

    add_many(5)
    queries()
    few = queries()
    add_many(200)
    assert queries() <= few


# One event


def test_an_event_is_shown_with_its_leaf_and_its_private_texts_until_they_are_erased(auditor: Any) -> None:
    event = add(private={"old": "C-4711"}, part="3")
    page = auditor.get(f"/audit/{event.event_id}/").content.decode()
    assert "C-4711" in page and str(event.event_id) in page and "alias.added" in page
    EventPrivate.objects.filter(event_id=event.event_id).delete()
    page = auditor.get(f"/audit/{event.event_id}/")
    assert page.status_code == 200 and "C-4711" not in page.content.decode()
    assert events("events.viewed")


def test_an_event_that_is_not_there_is_not_found(auditor: Any) -> None:
    assert auditor.get(f"/audit/{uuid4()}/").status_code == 404


def test_hostile_texts_are_shown_and_not_run(auditor: Any) -> None:
    event = add(by=HOSTILE, private={"old": HOSTILE}, note=HOSTILE)
    for url in ("/audit/", f"/audit/{event.event_id}/"):
        page = auditor.get(url).content.decode()
        assert "<script>alert" not in page and "&lt;script&gt;alert" in page


# The export


def test_an_export_has_every_event_with_its_exact_leaf_and_is_recorded_with_what_was_asked(auditor: Any) -> None:
    plain, hostile = add(about="one"), add(by=HOSTILE, note="\u2028\u00a0\u202e", about="=1+1")
    answer = auditor.post("/audit/events.csv", {"group": "changes", "subject": ""})
    assert answer["Content-Type"] == "text/csv; charset=utf-8" and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == 'attachment; filename="audit-events.csv"'
    rows = {row["event"]: row for row in rows_of(answer)}
    for event in (plain, hostile):
        row = rows[str(event.event_id)]
        assert row["leaf"].encode() == bytes(event.leaf)
        assert hashlib.sha256(row["leaf"].encode()).digest() == hashlib.sha256(bytes(event.leaf)).digest()
        assert (row["verb"], row["outcome"], row["subject_kind"]) == ("alias.added", "done", "alias")
    row = rows[str(hostile.event_id)]
    assert row["subject"] == "'=1+1" and row["actor"].startswith("'=HYPERLINK") and "\n" not in row["actor"]
    (exported,) = events("events.exported")
    assert exported.actor_name == "auditor" and private_texts(exported) == {"group": "changes"}


def test_an_export_of_everything_has_all_rows_and_commits_to_no_text(auditor: Any) -> None:
    add_many(600)
    answer = auditor.post("/audit/events.csv")
    (exported,) = events("events.exported")
    rows = rows_of(answer)
    assert len(rows) == Event.objects.count() and rows[0]["event"] == str(exported.event_id)
    assert not EventPrivate.objects.filter(event_id=exported.event_id).exists()


def test_each_export_is_recorded(auditor: Any) -> None:
    for _ in range(2):
        auditor.post("/audit/events.csv")
    assert len(events("events.exported")) == 2


def test_an_export_is_asked_for_by_a_form_only(auditor: Any) -> None:
    assert auditor.get("/audit/events.csv").status_code == 405
    assert not events("events.exported")


def test_the_communication_shows_its_trail(archive: Archive, client: Any, user_of: Any) -> None:
    row = archive.add("one", index={"branch": "012"})
    client.force_login(user_of("agent"))
    client.get(f"/communications/{row.public_id}/")
    client.get(f"/communications/{row.public_id}-1/download")
    page = client.get(f"/communications/{row.public_id}/").content.decode()
    for told in ("Archived", "Opened the record", "Downloaded", "Read a form of it"):
        assert told in page, told
