"""The record says of each form whether its words can be searched: indexed, waiting, no text, failed with the reason."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from archive.desk.text_states import TextState, text_states
from archive.documents.models import Communication
from archive.formats import extracted
from archive.search.words.writer import CommunicationText, IndexWriter, VariantText
from tests.archive.documents.archives import Archive, sms

WEB = {"channel": "web", "text": "<p>Web"}


@pytest.fixture
def row(archive: Archive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Communication:
    """Return a letter of two forms, with a word index of its own."""
    monkeypatch.setattr(settings, "SEARCH_DB", str(tmp_path / "words.sqlite3"))
    return archive.add("it", index={"branch": "012"}, variants=[sms(), WEB])


def index(row: Communication, *variants: VariantText) -> None:
    """Write what extraction found."""
    text = CommunicationText(row.order_key, row.unit_id, row.document_class_id, "", variants)
    with IndexWriter.open() as writer:
        writer.put([text], {row.load_id: row.load_position + 1})


def details(client: Any, row: Communication, channel: str) -> str:
    """Return the words of the details of one form."""
    text = client.get(f"/communications/{row.public_id}/?panel=details&v={channel}").content.decode()
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def test_what_was_not_looked_at_waits(row: Communication) -> None:
    assert text_states(row, [1, 2]) == {1: TextState("waiting"), 2: TextState("waiting")}


def test_each_form_has_its_own_state(row: Communication) -> None:
    index(row, VariantText(1, "indexed", "ready"), VariantText(2, "failed", reason=extracted.ENCRYPTED))
    assert text_states(row, [1, 2, 3]) == {
        1: TextState("indexed"),
        2: TextState("failed", "It has a password."),
        3: TextState("waiting"),
    }


def test_the_page_says_it_with_the_reason(row: Communication, client: Any, user_of: Any) -> None:
    client.force_login(user_of("agent"))
    assert "Words Words cannot be searched yet" in details(client, row, "sms")
    index(row, VariantText(1, "indexed", "ready"), VariantText(2, "failed", reason=extracted.ENCRYPTED))
    assert "Words Words can be searched" in details(client, row, "sms")
    assert "Words Text could not be read It has a password." in details(client, row, "web")
    assert "text could not be read" in details(client, row, "sms")  # in the tab of the other form


def test_an_index_that_cannot_be_read_is_said_and_the_page_stands(
    row: Communication, client: Any, user_of: Any
) -> None:
    Path(settings.SEARCH_DB).write_bytes(b"this is no database, and longer than a header" * 40)
    assert text_states(row, [1]) == {1: TextState("unknown")}
    client.force_login(user_of("agent"))
    assert "The word index does not answer" in details(client, row, "sms")
