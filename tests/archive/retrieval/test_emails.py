"""An e-mail is shown with its headers, its body in a sandbox, and its files, each of which can be taken out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archive.audit.services import read_leaf
from archive.documents.models import Communication
from archive.formats.email_message import parse_mail
from archive.retrieval import limited
from archive.retrieval.read_mail import from_plain, to_plain
from tests.archive.documents.archives import Archive, body_of, events
from tests.archive.retrieval.test_sandbox import assert_sandboxed
from tests.browser.reading_cases import hostile_mail, mail

READS = ("variant.viewed", "variant.downloaded", "variant.printed")


@pytest.fixture
def agent(archive: Archive, user_of: Any, client: Any) -> Any:
    """Return an agent who is signed in."""
    user = user_of("agent")
    client.force_login(user)
    return user


def add(archive: Archive, content: bytes, **changes: Any) -> Communication:
    """Add an e-mail that agents of branch 012 see."""
    return archive.add_file(
        f"mail-{archive.packages}", "m.eml", content, "message/rfc822", **{"index": {"branch": "012"}, **changes}
    )


def page_of(client: Any, row: Communication, query: str = "") -> str:
    """Return the page of a record."""
    answer = client.get(f"/communications/{row.public_id}/{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_headers_are_shown_as_sent_and_the_body_in_a_sandbox(archive: Archive, agent: Any, client: Any) -> None:
    row = add(archive, mail())
    page = page_of(client, row)
    for shown in ("Eva Müller &lt;eva@example.org&gt;", "Fri, 02 Oct 2026 09:15:00 +0200", "– Rückstand"):
        assert shown in page
    assert f'sandbox loading="lazy" src="/communications/{row.public_id}-1/content"' in page
    answer = client.get(f"/communications/{row.public_id}-1/content")
    assert_sandboxed(answer)
    body = answer.content.decode()
    assert "Good day" in body and 'src="data:image/png;base64,' in body and "cid:" not in body
    assert [event.verb for event in events(*READS)] == ["variant.viewed"]


def test_files_are_listed_read_and_downloaded(archive: Archive, agent: Any, client: Any) -> None:
    row = add(archive, mail())
    page = page_of(client, row)
    assert 'href="?file=1"' in page and "Kündigung 1.pdf" in page and 'href="?file=3"' not in page
    path = f"/communications/{row.public_id}-1"
    first, _second, third = parse_mail(mail()).attachments
    shown = client.get(f"{path}/content?file=1")
    assert_sandboxed(shown)
    assert (shown["Content-Type"], body_of(shown)) == ("application/pdf", first.payload)
    part = client.get(f"{path}/content?file=1", headers={"Range": "bytes=1-3"})
    assert (part.status_code, body_of(part)) == (206, first.payload[1:4])
    taken = client.get(f"{path}/download?file=3")
    assert body_of(taken) == third.payload
    assert (taken["Content-Type"], taken["X-Content-Type-Options"]) == ("application/zip", "nosniff")
    assert taken["Content-Disposition"] == "attachment; filename=\"all.zip\"; filename*=UTF-8''all.zip"
    downloads = events("variant.downloaded")
    details = read_leaf(downloads[0])["details"]
    assert (len(downloads), details["part"], details["file"], details["bytes"]) == (1, "1", 3, len(third.payload))
    assert len(events("variant.viewed")) == 1
    reading = page_of(client, row, "?file=1")
    assert f'src="{path}/content?file=1"' in reading and "back-to-mail" in reading


@pytest.mark.parametrize("file", ["4", "0", "-1", "x", "9999999", "1e1"])
def test_a_file_that_is_not_there_is_absent(archive: Archive, agent: Any, client: Any, file: str) -> None:
    row = add(archive, mail())
    asked = {"content": 404, "download": 404, "page/1": 404, "print": 404}
    if file == "0":  # the message itself
        asked = {"content": 200, "download": 200, "page/1": 404, "print": 200}
    for what, status in asked.items():
        assert client.get(f"/communications/{row.public_id}-1/{what}?file={file}").status_code == status, what
    assert page_of(client, row, f"?file={file}")


def test_only_e_mails_have_files_and_only_who_may_sees_them(
    archive: Archive, agent: Any, client: Any, user_of: Any
) -> None:
    pdf = archive.add_file("pdf", "a.pdf", b"%PDF", "application/pdf", index={"branch": "012"})
    hidden = add(archive, mail(), index={"branch": "099"})
    for row in (pdf, hidden):
        for what in ("content", "download", "print"):
            assert client.get(f"/communications/{row.public_id}-1/{what}?file=1").status_code == 404
    client.force_login(user_of("admin"))
    assert client.get(f"/communications/{hidden.public_id}-1/download?file=1").status_code == 403
    assert events(*READS) == []


def test_a_hostile_message_is_text_in_the_page_and_what_it_asked_for_is_said(
    archive: Archive, agent: Any, client: Any
) -> None:
    row = add(archive, hostile_mail(9))
    page = page_of(client, row)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert" not in page
    assert "This document asked for 5 things from the network; they are not loaded." in page
    assert "It has scripts; none of them runs." in page and "It may look different from what was seen." in page
    for query in ("", "?file=1"):
        assert_sandboxed(client.get(f"/communications/{row.public_id}-1/content{query}"))


def test_a_message_without_html_is_text_in_the_page(archive: Archive, agent: Any, client: Any) -> None:
    row = add(archive, b"From: a@b.example\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nDear <b>Eva</b>\n")
    page = page_of(client, row)
    assert "Grüße" in page and "Dear &lt;b&gt;Eva&lt;/b&gt;" in page and "<iframe" not in page
    assert client.get(f"/communications/{row.public_id}-1/content").status_code == 404


def test_messages_that_are_broken_in_every_way_are_shown_as_far_as_they_go(
    archive: Archive, agent: Any, client: Any, real_files: Path
) -> None:
    paths = sorted(
        path for folder in ("email", "bounce") for path in (real_files / folder).rglob("*") if path.is_file()
    )
    for path in paths[::12]:
        row = add(archive, path.read_bytes() or b" ")
        page = page_of(client, row)
        assert "v-mail-head" in page or 'role="alert"' in page, path
        if "<iframe" in page:
            assert_sandboxed(client.get(f"/communications/{row.public_id}-1/content"))


def test_a_message_nested_beyond_reason_is_an_honest_message(archive: Archive, agent: Any, client: Any) -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000))
    row = add(archive, nested)
    page = page_of(client, row)
    assert "v-mail-head" in page or "This email cannot be shown: it is broken" in page


def test_headers_that_are_made_to_take_long_end_in_a_process_of_their_own(
    archive: Archive, agent: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limited, "TIMEOUT_SECONDS", 1)
    row = add(archive, b"From: a@b.example\nTo: " + b'"' * 50_000 + b"\n\nDear Eva\n")
    assert "This email cannot be shown: it is broken" in page_of(client, row)


def test_a_message_with_many_recipients_is_read_in_that_process_as_it_is_here(
    archive: Archive, agent: Any, client: Any
) -> None:
    to = b"To: " + b",\n ".join(b"eva%d@example.org" % number for number in range(200)) + b"\n"
    row = add(archive, to + mail())
    page = page_of(client, row)
    assert "eva199@example.org" in page and "Kündigung 1.pdf" in page
    assert from_plain(to_plain(parse_mail(mail()))) == parse_mail(mail())
