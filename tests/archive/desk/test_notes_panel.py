"""Notes on the page of a communication: read by right, added with and without a script, kept while they are wrong."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from archive.audit.actor import Actor
from archive.documents.models import Communication, Note
from archive.documents.services import add_note
from tests.archive.documents.archives import Archive, events

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def row(archive: Archive) -> Communication:
    """Return a letter."""
    return archive.add("it", index={"branch": "012"})


def path(row: Communication, query: str = "") -> str:
    """Return where notes on a letter are sent."""
    return f"/communications/{row.public_id}/notes/{query}"


def panel(client: Any, row: Communication) -> str:
    """Return the panel with the notes."""
    answer = client.get(f"/communications/{row.public_id}/?panel=notes", **HTMX)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_a_note_is_sent_and_stands_there_with_author_and_time(row: Communication, client: Any, user_of: Any) -> None:
    client.force_login(user_of("agent"))
    answer = client.post(path(row), {"text": "Called,\r\nwill <b>pay</b>"}, **HTMX)
    text = answer.content.decode()
    assert answer.status_code == 200 and "<html" not in text
    assert "The note is added." in text and "1 note" in text and "Called,\nwill &lt;b&gt;pay&lt;/b&gt;" in text
    assert re.search(r"<b>agent</b>.*?Note 1, <time datetime=", text, re.DOTALL) and "Times are " in text
    assert [(note.number, note.body) for note in Note.objects.all()] == [(1, "Called,\nwill <b>pay</b>")]


def test_without_a_script_the_reader_comes_back_to_where_he_was(row: Communication, client: Any, user_of: Any) -> None:
    client.force_login(user_of("agent"))
    answer = client.post(path(row, "?v=sms&s=abc"), {"text": "Called"})
    assert answer.status_code == 302
    assert answer["Location"] == f"/communications/{row.public_id}/?v=sms&s=abc&panel=notes"
    page = client.get(answer["Location"]).content.decode()
    assert "The note is added." in page and "Called" in page


@pytest.mark.parametrize(("typed", "words"), [("  ", "Write something first."), ("x" * 4001, "at most 4,000")])
@pytest.mark.parametrize("headers", [HTMX, {}])
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    row: Communication, client: Any, user_of: Any, typed: str, words: str, headers: dict[str, str]
) -> None:
    client.force_login(user_of("agent"))
    answer = client.post(path(row), {"text": typed}, **headers)
    text = answer.content.decode()
    assert answer.status_code == 422 and ("<html" in text) == (not headers)
    assert 'id="error-summary"' in text and words in text and "data-changed" in text
    assert f">\n{typed}</textarea>" in text
    assert not Note.objects.exists() and not events("note.added", "note.refused")


def test_who_may_read_but_not_write_notes_has_no_form(row: Communication, client: Any, user_of: Any) -> None:
    add_note(communication=row, text="Called", actor=Actor.of_user(user_of("agent")))
    client.force_login(user_of("auditor"))
    text = panel(client, row)
    assert "Called" in text and "<textarea" not in text
    assert client.post(path(row), {"text": "x"}).status_code == 403
    assert Note.objects.count() == 1
    assert [(event.verb, event.actor_name) for event in events("note.refused", "access.refused")] == [
        ("note.refused", "auditor"),
        ("access.refused", "auditor"),
    ]


def test_who_may_not_read_notes_learns_of_none(row: Communication, client: Any, user_of: Any) -> None:
    agent = user_of("agent")
    add_note(communication=row, text="Secretmarker", actor=Actor.of_user(agent))
    agent.groups.get().permissions.filter(codename__endswith="_notes").delete()
    client.force_login(agent)
    for query in ("", "?panel=notes", "?panel=timeline&show=notes"):
        text = client.get(f"/communications/{row.public_id}/{query}").content.decode()
        assert "Secretmarker" not in text and "Notes" not in text and "Note added" not in text and "Note 1" not in text


def test_a_letter_that_the_agent_may_not_see_is_not_found(archive: Archive, client: Any, user_of: Any) -> None:
    hidden = archive.add("hidden", index={"branch": "099"})
    client.force_login(user_of("agent"))
    assert client.post(path(hidden), {"text": "x"}).status_code == 404
    assert not Note.objects.exists() and not events("note.added", "note.refused")


def test_a_note_stands_in_the_timeline_with_its_event_for_auditors(
    row: Communication, client: Any, user_of: Any
) -> None:
    client.force_login(user_of("agent"))
    client.post(path(row), {"text": "Called, " + "x" * 400})
    url = f"/communications/{row.public_id}/?panel=timeline&show=notes"
    (event,) = events("note.added")
    shown = client.get(url).content.decode()
    assert "Note 1: Called, xxx" in shown and "…" in shown and "x" * 300 not in shown
    assert str(event.event_id) not in shown
    client.force_login(user_of("auditor"))
    shown = client.get(url).content.decode()
    assert f'<a href="/audit/{event.event_id}/">Note 1</a>' in shown and "Note added" not in shown
