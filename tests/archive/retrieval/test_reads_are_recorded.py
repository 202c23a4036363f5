"""Reads are committed before the first byte; views once in a quarter of an hour, downloads each time (A-28)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.audit.services import VIEW_SECONDS, InsideTransactionError, read_leaf
from archive.retrieval.services import open_for_download, open_for_view
from tests.archive.documents.archives import Archive, body_of, events, letter

SECRET = b"%PDF-1.7 what the customer got"
READS = ("variant.viewed", "variant.downloaded")


@contextmanager
def full_log() -> Iterator[None]:
    """Let no event be written meanwhile, by the database itself."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER full")


def add_pdf(archive: Archive) -> str:
    """Add a PDF that an agent sees and return its address."""
    row = archive.add_file("pdf", "a.pdf", SECRET, "application/pdf", index={"branch": "012"})
    return f"/communications/{row.public_id}-1"


@pytest.fixture
def url(archive: Archive, user_of: Any, client: Any) -> str:
    """Return the address of a PDF, with an agent signed in."""
    client.force_login(user_of("agent"))
    return add_pdf(archive)


@pytest.fixture
def quarter(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that says which quarter of an hour it is, from a fixed one on."""
    import datetime

    from django.utils import timezone

    start = datetime.datetime(2026, 11, 25, 10, 0, 1, tzinfo=datetime.UTC)

    def set_quarter(number: int) -> None:
        now = start + datetime.timedelta(seconds=number * VIEW_SECONDS)
        monkeypatch.setattr(timezone, "now", lambda: now)

    set_quarter(0)
    return set_quarter


def test_range_requests_of_a_quarter_of_an_hour_are_one_view(url: str, client: Any, quarter: Any) -> None:
    for start in range(0, 20, 2):
        client.get(f"{url}/content", headers={"Range": f"bytes={start}-{start + 1}"})
    client.get(f"{url}/content")
    (event,) = events(*READS)
    said = read_leaf(event)
    assert (event.verb, event.actor_name, said["address"]) == ("variant.viewed", "agent", "127.0.0.1")
    assert said["details"]["part"] == "1" and said["details"]["channel"] == "web"
    quarter(1)
    client.get(f"{url}/content")
    client.get(f"{url}/content")
    assert [event.verb for event in events(*READS)] == ["variant.viewed"] * 2


def test_each_user_and_each_form_is_a_view_of_its_own(
    archive: Archive, url: str, client: Any, user_of: Any, quarter: Any
) -> None:
    client.get(f"{url}/content")
    client.force_login(user_of("auditor"))
    client.get(f"{url}/content")
    variant = {"channel": "email", "file": "m.html", "content_type": "text/html"}
    archive.load(letter("pdf", variants=[variant], index={"branch": "012"}), members={"m.html": b"<p>mail"})
    client.get(f"{url[:-1]}2/content")
    assert [(event.actor_name, read_leaf(event)["details"]["part"]) for event in events(*READS)] == [
        ("agent", "1"),
        ("auditor", "1"),
        ("auditor", "2"),
    ]


def test_each_download_is_recorded(url: str, client: Any) -> None:
    for _ in range(2):
        assert body_of(client.get(f"{url}/download")) == SECRET
    downloads = events(*READS)
    assert [event.verb for event in downloads] == ["variant.downloaded"] * 2
    assert read_leaf(downloads[0])["details"]["bytes"] == len(SECRET)


def test_what_is_refused_or_not_there_is_no_read(archive: Archive, url: str, client: Any, user_of: Any) -> None:
    sms = archive.add("sms", index={"branch": "012"})
    hidden = archive.add_file("hidden", "a.pdf", SECRET, "application/pdf", index={"branch": "099"})
    for path in (
        f"{url[:-1]}2/content",
        f"{url[:-1]}99999999999999999999/content",
        f"/communications/{hidden.public_id}-1/content",
        f"/communications/{hidden.public_id}-1/download",
        f"/communications/{sms.public_id}-1/content",
        f"/communications/{sms.public_id}-1/page/1",
    ):
        assert client.get(path).status_code == 404, path
    client.force_login(user_of("editor"))
    assert client.get(f"{url}/download").status_code == 403
    client.force_login(user_of("admin"))
    assert client.get(f"{url}/content").status_code == 403
    assert events(*READS) == []


def test_opening_the_page_is_recorded_and_its_text_is_a_read(archive: Archive, client: Any, user_of: Any) -> None:
    row = archive.add("sms", index={"branch": "012"})
    client.force_login(user_of("agent"))
    for _ in range(2):
        client.get(f"/communications/{row.public_id}/")
    assert [event.verb for event in events("communication.viewed", *READS)] == [
        "communication.viewed",
        "variant.viewed",
    ]


def test_where_the_event_cannot_be_written_no_byte_leaves(url: str, client: Any) -> None:
    client.raise_request_exception = False
    with full_log():
        for path in (f"{url}/content", f"{url}/download", f"{url}/page/1", f"{url[:-2]}/"):
            answer = client.get(path)
            assert (answer.status_code, answer.streaming) == (500, False)
            assert b"customer got" not in answer.content and b"JOB7" not in answer.content
    assert events(*READS, "communication.viewed") == []
    assert body_of(client.get(f"{url}/content")) == SECRET


@pytest.mark.usefixtures("committed_db")
def test_the_event_is_committed_before_the_first_byte(
    archive: Archive, client: Any, user_of: Any, settings: Any
) -> None:
    settings.READS_MAY_BE_RECORDED_INSIDE = False
    url = add_pdf(archive)
    client.force_login(user_of("agent"))
    other = sqlite3.connect(connection.settings_dict["NAME"])
    try:
        for path, verb in (("content", "variant.viewed"), ("download", "variant.downloaded")):
            answer = client.get(f"{url}/{path}")
            # Nothing of the answer was taken yet, and another connection sees the event.
            found = other.execute("SELECT count(*) FROM audit_event WHERE verb = ?", [verb]).fetchone()
            assert found == (1,) and body_of(answer) == SECRET
    finally:
        other.close()


def test_a_read_inside_a_transaction_would_not_be_committed_and_is_refused(
    archive: Archive, user_of: Any, settings: Any
) -> None:
    url = add_pdf(archive)
    settings.READS_MAY_BE_RECORDED_INSIDE = False
    agent = user_of("agent")
    public_id = archive.get("pdf").public_id
    before = Event.objects.count()
    with pytest.raises(InsideTransactionError):
        open_for_view(public_id, 1, user=agent, actor=Actor.of_user(agent), kinds=("pdf",))
    with pytest.raises(InsideTransactionError):
        open_for_download(public_id, 1, user=agent, actor=Actor.of_user(agent))
    assert url and Event.objects.count() == before
