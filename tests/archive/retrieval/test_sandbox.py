"""What a stored document may do in a browser: draw itself, nothing else (requirements S-08, S-09)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from archive.documents.models import Variant
from archive.retrieval.html_view import INLINE_LIMIT_BYTES
from archive.retrieval.services import resources_of
from tests.archive.documents.archives import Archive, body_of, variant_of

SANDBOX = (
    "sandbox; default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
HTML = b"""<html><head><base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example">
<link rel="stylesheet" href="css/a.css"><link rel="stylesheet" href="https://evil.example/x.css"></head>
<body onload="alert(1)"><img src="logo.png"><img src="https://evil.example/beacon.gif"><script>alert(1)</script>
<form action="https://evil.example"><input name="a"></form><svg><script>alert(2)</script></svg></body></html>"""
SEEN = {"index": {"branch": "012"}}


@pytest.fixture
def agent(archive: Archive, user_of: Any, client: Any) -> Any:
    """Return an agent who is signed in."""
    user = user_of("agent")
    client.force_login(user)
    return user


def content_of(client: Any, row: Any) -> Any:
    """Return the answer that a viewer gets."""
    return client.get(f"/communications/{row.public_id}-1/content")


def download_of(client: Any, row: Any) -> Any:
    """Return the answer that a download gets."""
    return client.get(f"/communications/{row.public_id}-1/download")


def assert_sandboxed(answer: Any) -> None:
    """Hold an answer to the headers of S-08, exactly."""
    assert answer["Content-Security-Policy"] == SANDBOX
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-DNS-Prefetch-Control"] == "off"
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_html_is_shown_in_a_sandbox_with_its_resources_inlined(archive: Archive, agent: Any, client: Any) -> None:
    resources = {"logo.png": b"\x89PNG logo", "css/a.css": b"p{background:url(../logo.png)}"}
    row = archive.add_file("html", "a.html", HTML, "text/html", resources=resources, **SEEN)
    answer = content_of(client, row)
    assert_sandboxed(answer)
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    text = answer.content.decode()
    assert text.count("data:image/png;base64,") == 2
    assert "<style>p{background" in text and "x.css" not in text
    assert "<script>alert(1)</script>" in text  # as it was sent; the sandbox runs none of it


def test_pdf_and_images_are_sent_as_they_are_in_the_same_sandbox(archive: Archive, agent: Any, client: Any) -> None:
    for name, content_type in (("a.pdf", "application/pdf"), ("a.gif", "image/gif")):
        row = archive.add_file(name, name, b"stored " + name.encode(), content_type, **SEEN)
        answer = content_of(client, row)
        assert_sandboxed(answer)
        assert (answer["Content-Type"], body_of(answer)) == (content_type, b"stored " + name.encode())


POLYGLOTS = [
    ("gif-js", "a.gif", b"GIF89a/*\x00*/=1;alert(1)//", "image/gif", "image/gif"),
    ("pdf-html", "a.pdf", b"%PDF-1.7\n<html><script>alert(1)</script>", "application/pdf", "application/pdf"),
    ("html-pdf", "b.html", b"<!--%PDF-1.7--><script>alert(1)</script>", "text/html", "text/html"),
    ("js", "a.js", b"alert(1)", "text/javascript", "application/octet-stream"),
    ("css", "a.css", b"*{color:red}", "text/css", "application/octet-stream"),
    ("svg", "a.svg", b"<svg onload='alert(1)'/>", "image/svg+xml", "image/svg+xml"),
]


def test_polyglots_are_what_they_were_declared_as_and_scripts_are_nothing(
    archive: Archive, agent: Any, client: Any
) -> None:
    for external_id, name, content, declared, sent in POLYGLOTS:
        row = archive.add_file(external_id, name, content, declared, **SEEN)
        answer = download_of(client, row)
        assert (answer["Content-Type"], body_of(answer)) == (sent, content)
        assert answer["Content-Disposition"].startswith("attachment; ")
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "no-store")
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"


def test_what_cannot_be_shown_is_no_content_and_the_page_says_so(archive: Archive, agent: Any, client: Any) -> None:
    for external_id, name, content, declared, _sent in POLYGLOTS[3:]:
        row = archive.add_file(external_id, name, content, declared, **SEEN)
        assert content_of(client, row).status_code == 404
        page = client.get(f"/communications/{row.public_id}/").content.decode()
        assert f"Files of the type {declared} cannot be shown here" in page


def test_the_name_of_a_download_is_ours_whatever_the_file_was_called(archive: Archive, agent: Any, client: Any) -> None:
    for number, name in enumerate(('"\r\nX: y";.html', "a\u202egpj.exe", "x" * 150 + ".pdf", "Eva Müller.pdf")):
        row = archive.add_file(f"named-{number}", "a.pdf", b"%PDF", "application/pdf", **SEEN)
        Variant.objects.filter(order_key=row.order_key).update(file_name=name)
        answer = download_of(client, row)
        wanted = f"{row.record_number}-web.pdf"
        assert answer["Content-Disposition"] == f"attachment; filename=\"{wanted}\"; filename*=UTF-8''{wanted}"
        assert not answer.has_header("X")


def test_more_than_twenty_mebibytes_of_resources_are_not_inlined(archive: Archive, agent: Any, client: Any) -> None:
    half = INLINE_LIMIT_BYTES // 2
    resources = {"a.png": b"a" * half, "b.png": b"b" * half, "c.png": b"c"}
    html = b'<img src="a.png"><img src="b.png"><img src="c.png">'
    row = archive.add_file("large", "a.html", html, "text/html", resources=resources, **SEEN)
    text = content_of(client, row).content.decode()
    assert re.findall(r'src="(data:image/png|[abc]\.png)', text) == ["data:image/png", "data:image/png", "c.png"]
    # What is beyond the limit is not even read.
    assert list(resources_of(variant_of(row))) == ["a.png", "b.png"]


def test_a_text_is_written_into_the_page_and_not_run(archive: Archive, agent: Any, client: Any) -> None:
    text = "<script>alert(1)</script> & charset=undefined"
    row = archive.add("sms", variants=[{"channel": "sms", "text": text}], **SEEN)
    page = client.get(f"/communications/{row.public_id}/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; charset=undefined" in page and "<script>alert" not in page
    assert content_of(client, row).status_code == 404


def test_only_the_beginning_of_a_very_long_text_is_shown(archive: Archive, agent: Any, client: Any) -> None:
    row = archive.add_file("long", "a.txt", b"x" * (5 << 20), "text/plain", **SEEN)
    page = client.get(f"/communications/{row.public_id}/").content.decode()
    assert page.count("x" * 1000) < 5000 and "Only the beginning is shown here" in page
