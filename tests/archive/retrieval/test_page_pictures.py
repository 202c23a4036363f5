"""Pages of a PDF as pictures, for those who read without JavaScript; hostile files fail alone."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfWriter

from tests.archive.documents.archives import Archive, body_of


def pdf(pages: int = 2, password: str = "") -> bytes:
    """Return a PDF of blank pages."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 100)
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.fixture
def picture(archive: Archive, user_of: Any, client: Any) -> Any:
    """Return a function: the answer for a page of a file."""
    client.force_login(user_of("agent"))

    def get(content: bytes, page: int | str, name: str = "a.pdf", **headers: str) -> Any:
        row = archive.add_file(f"file-{archive.packages}", name, content, "application/pdf", index={"branch": "012"})
        return client.get(f"/communications/{row.public_id}-1/page/{page}", headers=headers)

    return get


def test_a_page_is_a_picture_that_nobody_keeps(picture: Any) -> None:
    answer = picture(pdf(), 2)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert body_of(answer).startswith(b"\x89PNG\r\n\x1a\n")
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("page", ["0", "3", "999999999999"])
def test_a_page_that_is_not_there_is_no_picture(picture: Any, page: str) -> None:
    assert picture(pdf(), page).status_code == 404


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 cut off", b"<html>", pdf(password="secret")])
def test_a_broken_empty_or_locked_file_is_an_honest_message(picture: Any, content: bytes) -> None:
    answer = picture(content, 1)
    assert answer.status_code == 503
    assert "cannot be drawn: the file is broken or encrypted" in answer.content.decode()


def test_where_only_a_picture_is_shown_the_message_is_one(picture: Any) -> None:
    answer = picture(b"%PDF-1.7 cut off", 1, accept="image/avif,image/webp,image/png,*/*;q=0.8")
    assert (answer.status_code, answer["Content-Type"]) == (503, "image/png")
    with Image.open(io.BytesIO(answer.content)) as shown:
        shades = shown.convert("L").getextrema()
    assert shown.width == 1_000 and shades == (0, 255)
