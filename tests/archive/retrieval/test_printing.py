"""What goes to a printer is the document alone, recorded each time; it runs nothing there either."""

from __future__ import annotations

from typing import Any

import pytest

from archive.audit.services import read_leaf
from archive.documents.models import Communication
from tests.archive.documents.archives import Archive, body_of, events
from tests.archive.retrieval.test_damaged_documents import spoil
from tests.browser.installation import HOSTILE, PNG, pdf_of
from tests.browser.reading_cases import fax, mail

SEEN = {"index": {"branch": "012"}}
CLOSED = (
    "sandbox allow-same-origin allow-modals; default-src 'none'; img-src data:; font-src data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'"
)


@pytest.fixture
def agent(archive: Archive, user_of: Any, client: Any) -> Any:
    """Return an agent who is signed in."""
    user = user_of("agent")
    client.force_login(user)
    return user


def printed(client: Any, row: Communication, query: str = "") -> Any:
    """Return what a printer gets."""
    return client.get(f"/communications/{row.public_id}-1/print{query}")


def test_a_pdf_is_printed_as_it_is_and_each_time_is_recorded(archive: Archive, agent: Any, client: Any) -> None:
    pdf = pdf_of(["x"])
    row = archive.add_file("p", "a.pdf", pdf, "application/pdf", **SEEN)
    for _time in range(2):
        answer = printed(client, row)
        assert (answer["Content-Type"], body_of(answer)) == ("application/pdf", pdf)
    assert answer["Content-Disposition"].startswith("inline; filename=")
    assert "script" not in answer["Content-Security-Policy"] and answer["X-Frame-Options"] == "SAMEORIGIN"
    told = events("variant.printed")
    assert len(told) == 2 and read_leaf(told[0])["details"]["bytes"] == len(pdf)


def test_html_is_printed_without_script_form_or_request(archive: Archive, agent: Any, client: Any) -> None:
    row = archive.add_file("h", "a.html", HOSTILE.encode(), "text/html", **SEEN)
    answer = printed(client, row)
    assert answer["Content-Security-Policy"] == CLOSED and answer["X-Content-Type-Options"] == "nosniff"
    assert "Hostile letter" in answer.content.decode()


def test_an_e_mail_is_printed_with_its_headers_above(archive: Archive, agent: Any, client: Any) -> None:
    answer = printed(client, archive.add_file("m", "m.eml", mail(), "message/rfc822", **SEEN))
    body = answer.content.decode()
    assert answer["Content-Security-Policy"] == CLOSED
    assert "Eva Müller &lt;eva@example.org&gt;" in body and "<h1>Good day</h1>" in body and "Kündigung 1.pdf" in body
    assert 'src="data:image/png;base64,' in body


def test_texts_and_pictures_are_printed(archive: Archive, agent: Any, client: Any) -> None:
    text = archive.add_file("t", "a.txt", b"1 < 2", "text/plain", **SEEN)
    assert "<pre>1 &lt; 2</pre>" in printed(client, text).content.decode()
    picture = archive.add_file("i", "a.png", PNG, "image/png", **SEEN)
    assert f'src="/communications/{picture.public_id}-1/content"' in printed(client, picture).content.decode()
    pages = printed(client, archive.add_file("f", "f.tif", fax(2), "image/tiff", **SEEN))
    assert pages.content.decode().count("<img") == 2 and "img-src 'self'" in pages["Content-Security-Policy"]


def test_what_cannot_be_printed_is_absent_and_what_is_refused_is_no_read(
    archive: Archive, agent: Any, client: Any, user_of: Any
) -> None:
    afp = archive.add_file("a", "a.afp", b"Z", "application/vnd.ibm.modcap", **SEEN)
    hidden = archive.add_file("x", "a.txt", b"x", "text/plain", index={"branch": "099"})
    assert printed(client, afp).status_code == printed(client, hidden).status_code == 404
    damaged = archive.add_file("d", "a.txt", b"secret", "text/plain", **SEEN)
    spoil(damaged)
    answer = printed(client, damaged)
    assert answer.status_code == 503 and "secret" not in answer.content.decode()
    client.force_login(user_of("admin"))
    assert printed(client, damaged).status_code == 403
    assert events("variant.printed") == []
    assert 'id="print"' not in client.get(f"/communications/{afp.public_id}/").content.decode()
