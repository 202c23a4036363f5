"""Every document that has text can be read as text, from a process with limits; its words are marked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from archive.audit.actor import Actor
from archive.documents.models import Communication
from archive.retrieval import limited
from archive.search.services import start_search
from tests.archive.documents.archives import Archive, events
from tests.archive.retrieval.test_page_pictures import pdf as blank_pdf
from tests.browser.installation import pdf_of
from tests.browser.reading_cases import mail

SEEN = {"index": {"branch": "012"}}


@pytest.fixture
def agent(archive: Archive, user_of: Any, client: Any) -> Any:
    """Return an agent who is signed in."""
    user = user_of("agent")
    client.force_login(user)
    return user


def add_pdf(archive: Archive, *texts: str) -> Communication:
    """Add a PDF with these pages."""
    return archive.add_file(f"pdf-{archive.packages}", "a.pdf", pdf_of(list(texts)), "application/pdf", **SEEN)


def page_of(client: Any, row: Communication, query: str = "?as=text") -> str:
    """Return the page of a record."""
    return str(client.get(f"/communications/{row.public_id}/{query}").content.decode())


def test_a_pdf_is_read_as_text_and_that_is_a_read(archive: Archive, agent: Any, client: Any) -> None:
    row = add_pdf(archive, "Dear Mrs Miller", "the second page")
    assert 'id="as-text"' in page_of(client, row, "") and events("variant.viewed") == []
    page = page_of(client, row)
    assert "v-paper-prose" in page and "Dear Mrs Miller" in page and "the second page" in page
    assert "<v-pdf-viewer" not in page and 'id="as-sent"' in page
    assert len(events("variant.viewed")) == 1


def test_html_and_e_mails_are_read_as_text_too(archive: Archive, agent: Any, client: Any) -> None:
    html = archive.add_file("h", "a.html", b"<p>Dear <b>Eva</b><script>run()</script>", "text/html", **SEEN)
    assert "Dear Eva" in page_of(client, html) and "run()" not in page_of(client, html)
    message = archive.add_file("m", "m.eml", mail(), "message/rfc822", **SEEN)
    assert "The file in the message" in page_of(client, message)
    assert "The file in the message" in page_of(client, message, "?as=text&file=1")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF cut off", "the file is broken"),
        (blank_pdf(password="secret"), "it is protected by a password"),
        (blank_pdf(), "its pages are pictures"),
    ],
)
def test_what_has_no_text_says_so(archive: Archive, agent: Any, client: Any, content: bytes, said: str) -> None:
    row = archive.add_file("pdf", "a.pdf", content, "application/pdf", **SEEN)
    assert said in page_of(client, row)


def test_a_worker_that_takes_too_long_or_dies_is_a_message(
    archive: Archive, agent: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = add_pdf(archive, "x")
    monkeypatch.setattr(limited, "TIMEOUT_SECONDS", 0.001)
    assert "took too long" in page_of(client, row)


def test_pictures_and_unknown_kinds_have_no_text_to_read(archive: Archive, agent: Any, client: Any) -> None:
    for name, kind in (("a.png", "image/png"), ("a.afp", "application/vnd.ibm.modcap")):
        row = archive.add_file(name, name, b"\x89PNG", kind, **SEEN)
        page = page_of(client, row)
        assert 'id="as-text"' not in page and "v-paper-prose" not in page


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("Grüße".encode("cp1252"), "text/plain"),
        ("Grüße".encode("utf-16"), "text/plain"),
        ("name;sum\nGrüße;1".encode("iso-8859-15"), "text/csv; charset=iso-8859-15"),
        ("Grüße Привет".encode(), "text/plain; charset=nonsense"),
    ],
)
def test_text_of_any_charset_is_shown(archive: Archive, agent: Any, client: Any, content: bytes, kind: str) -> None:
    row = archive.add_file("t", "a.txt", content, kind, **SEEN)
    assert "Grüße" in page_of(client, row, "")


def test_words_of_ones_own_search_are_marked_in_every_kind(archive: Archive, agent: Any, client: Any) -> None:
    search = start_search(text='"late fee" spring*', user=agent, actor=Actor.of_user(agent)).public_id
    text = archive.add_file("t", "a.txt", b"The LATE fee of springtime", "text/plain", **SEEN)
    page = page_of(client, text, f"?s={search}")
    assert "The <mark>LATE fee</mark> of <mark>springtime</mark>" in page and "2 places marked" in page
    html = archive.add_file("h", "a.html", b"<p>late <b>fee</b>", "text/html", **SEEN)
    assert f"/content?s={search}" in page_of(client, html, f"?s={search}")
    shown = client.get(f"/communications/{html.public_id}-1/content?s={search}").content.decode()
    assert shown == "<p><mark>late</mark> <b><mark>fee</mark></b>"
    printed = page_of(client, add_pdf(archive, "late fee"), f"?s={search}")
    assert 'marked="late fee|spring*"' in printed
    assert "<mark>late fee</mark>" in page_of(client, add_pdf(archive, "a late fee"), f"?s={search}&as=text")


def test_another_users_search_marks_nothing(archive: Archive, agent: Any, client: Any, user_of: Any) -> None:
    other = user_of("auditor")
    search = start_search(text="fee", user=other, actor=Actor.of_user(other)).public_id
    row = archive.add_file("t", "a.txt", b"The fee", "text/plain", **SEEN)
    for s in (search, "x", "01920000-0000-7000-8000-000000000000"):
        assert "<mark>" not in page_of(client, row, f"?s={s}")
    html = archive.add_file("h", "a.html", b"<p>fee", "text/html", **SEEN)
    assert client.get(f"/communications/{html.public_id}-1/content?s={search}").content == b"<p>fee"


def test_a_worker_answers_as_the_reader_itself_does() -> None:
    code, answer = limited.run_worker("read_text", "text/plain", "txt", payload="Grüße \ud800".encode(errors="replace"))
    assert (code, json.loads(answer)["text"]) == (0, "Grüße ?")
