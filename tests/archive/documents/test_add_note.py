"""A note is kept as it was written, numbered, recorded, and never changed or removed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from archive.audit.actor import Actor
from archive.audit.models import EventPrivate
from archive.audit.services import read_leaf
from archive.documents.models import Communication, Note
from archive.documents.notes import EmptyNoteError, NoteTooLongError
from archive.documents.selectors import list_notes
from archive.documents.services import add_note
from tests.archive.documents.archives import Archive, events

NOTES = ("note.added", "note.refused")


@pytest.fixture
def row(archive: Archive) -> Communication:
    """Return a letter."""
    return archive.add("it", index={"branch": "012"})


def test_a_note_is_kept_and_recorded(row: Communication, user_of: Any, recorded: Any) -> None:
    agent = user_of("agent")
    note = add_note(communication=row, text=" Called, will pay ", actor=Actor.of_user(agent))
    assert (note.number, note.body, note.author, note.author_name) == (1, "Called, will pay", agent, "agent")
    assert list_notes(row, user=agent) == [note]
    assert recorded(row) == [("note.added", "agent")]


def test_the_event_tells_number_and_length_and_nothing_of_the_text(row: Communication, user_of: Any) -> None:
    add_note(communication=row, text="Secretmarker", actor=Actor.of_user(user_of("agent")))
    (event,) = events(*NOTES)
    assert read_leaf(event)["details"] == {"note": 1, "characters": 12}
    assert "Secretmarker" not in bytes(event.leaf).decode()
    assert not EventPrivate.objects.filter(event_id=event.event_id).exists()


def test_notes_are_numbered_within_their_communication(archive: Archive, row: Communication, user_of: Any) -> None:
    other, actor = archive.add("other"), Actor.of_user(user_of("agent"))
    numbers = [add_note(communication=on, text="x", actor=actor).number for on in (row, row, other, row)]
    assert numbers == [1, 2, 1, 3]


def test_the_same_note_twice_is_two_notes(row: Communication, user_of: Any, recorded: Any) -> None:
    agent = user_of("agent")
    for _time in range(2):
        add_note(communication=row, text="same", actor=Actor.of_user(agent))
    assert [note.body for note in list_notes(row, user=agent)] == ["same", "same"]
    assert recorded(row) == [("note.added", "agent")] * 2


def test_without_the_right_nothing_changes(row: Communication, user_of: Any, recorded: Any) -> None:
    auditor = user_of("auditor")
    with pytest.raises(PermissionDenied):
        add_note(communication=row, text="x", actor=Actor.of_user(auditor))
    assert list_notes(row, user=auditor) == [] and recorded(row) == [("note.refused", "auditor")]
    assert [event.outcome for event in events("note.refused")] == ["refused"]


@pytest.mark.parametrize(("text", "error"), [(" \n", EmptyNoteError), ("x" * 4001, NoteTooLongError)])
def test_what_is_no_note_is_refused_and_that_is_recorded(
    row: Communication, user_of: Any, recorded: Any, text: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        add_note(communication=row, text=text, actor=Actor.of_user(user_of("agent")))
    assert not Note.objects.exists() and recorded(row) == [("note.refused", "agent")]


def test_who_may_not_read_notes_gets_none(row: Communication, user_of: Any) -> None:
    add_note(communication=row, text="x", actor=Actor.of_user(user_of("agent")))
    assert [len(list_notes(row, user=user_of(role))) for role in ("auditor", "operations", "admin")] == [1, 1, 0]
    assert list_notes(row, user=user_of()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE archive_note SET body = 'other'",
        "UPDATE archive_note SET author_name = 'other'",
        "UPDATE archive_note SET number = 7",
        "DELETE FROM archive_note",
        "INSERT OR REPLACE INTO archive_note SELECT order_key, number, public_id, 'other', author_name, created_at,"
        " author_id FROM archive_note",
    ],
)
def test_no_statement_changes_or_removes_a_note(row: Communication, user_of: Any, statement: str) -> None:
    add_note(communication=row, text="as it was", actor=Actor.of_user(user_of("agent")))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Note.objects.get().body == "as it was"


def test_a_note_outlives_the_account_of_its_author(row: Communication, user_of: Any) -> None:
    agent = user_of("agent")
    add_note(communication=row, text="x", actor=Actor.of_user(agent))
    agent.delete()
    (note,) = list_notes(row, user=user_of("compliance"))
    assert (note.author, note.author_name) == (None, "agent")


@pytest.mark.usefixtures("committed_db")
def test_notes_at_once_get_a_number_each(archive: Archive, user_of: Any) -> None:
    row, actor = archive.add("it"), Actor.of_user(user_of("agent"))

    def once(number: int) -> int:
        try:
            return add_note(communication=row, text=f"note {number}", actor=actor).number
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(once, range(12)))
    assert sorted(numbers) == list(range(1, 13)) and len(events("note.added")) == 12
