"""Ranges: one is answered, a wrong or empty one refused, several ignored (RFC 9110 §14)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.retrieval.ranges import RangeNotSatisfiableError, parse_range
from tests.archive.documents.archives import Archive, body_of

PDF = bytes(range(200)) * 5
READ = [
    ("bytes=0-9", (0, 10)),
    ("bytes=990-", (990, 1000)),
    ("bytes=0-", (0, 1000)),
    ("bytes=999-999", (999, 1000)),
    ("bytes=990-5000", (990, 1000)),
    ("bytes=-10", (990, 1000)),
    ("bytes=-5000", (0, 1000)),
    ("Bytes = 0 - 9", (0, 10)),
    ("bytes=0-9,20-29", None),
    ("bytes=0-9, -5", None),
    ("pages=1-2", None),
    ("bytes=-", None),
    ("bytes=a-b", None),
    ("bytes=1-x", None),
    ("bytes=٣-٤", None),
    ("bytes=" + "9" * 30 + "-", None),
    ("", None),
    ("bytes", None),
]
REFUSED = ["bytes=1000-", "bytes=1000-1001", "bytes=999999999999999999-", "bytes=10-9", "bytes=-0", "bytes=-00"]


def test_ranges_are_read() -> None:
    assert [(header, parse_range(header, 1000)) for header, _range in READ] == READ


@pytest.mark.parametrize("header", REFUSED)
def test_a_range_that_holds_nothing_is_refused(header: str) -> None:
    with pytest.raises(RangeNotSatisfiableError):
        parse_range(header, 1000)


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_an_empty_file_has_no_range(header: str) -> None:
    with pytest.raises(RangeNotSatisfiableError):
        parse_range(header, 0)


@given(st.text(alphabet="bytes=0123456789-, x", max_size=25), st.integers(0, 2000))
def test_whatever_is_asked_a_range_lies_within_the_file(header: str, size: int) -> None:
    try:
        found = parse_range(header, size)
    except RangeNotSatisfiableError:
        return
    assert found is None or 0 <= found[0] < found[1] <= size


@pytest.fixture
def url(archive: Archive, user_of: Any, client: Any) -> str:
    """Return where a PDF of a thousand bytes is read, by an agent."""
    row = archive.add_file("pdf", "a.pdf", PDF, "application/pdf", index={"branch": "012"})
    client.force_login(user_of("agent"))
    return f"/communications/{row.public_id}-1/content"


def test_a_range_is_answered_with_its_bytes_and_place(url: str, client: Any) -> None:
    for header, found in READ:
        if found is None or not header.isascii():
            continue
        start, end = found
        answer = client.get(url, headers={"Range": header})
        assert answer.status_code == 206
        assert answer["Content-Range"] == f"bytes {start}-{end - 1}/1000"
        assert (int(answer["Content-Length"]), body_of(answer)) == (end - start, PDF[start:end])


def test_what_is_no_single_range_gets_everything(url: str, client: Any) -> None:
    for header in ("bytes=0-9,20-29", "pages=1-2", "bytes=-", ""):
        answer = client.get(url, headers={"Range": header})
        assert (answer.status_code, body_of(answer)) == (200, PDF)
        assert not answer.has_header("Content-Range") and answer["Content-Length"] == "1000"


def test_a_range_beyond_the_end_says_how_long_the_file_is_and_sends_nothing(url: str, client: Any) -> None:
    for header in REFUSED:
        answer = client.get(url, headers={"Range": header})
        assert (answer.status_code, answer["Content-Range"], body_of(answer)) == (416, "bytes */1000", b"")
        assert answer["X-Content-Type-Options"] == "nosniff" and answer["Cache-Control"] == "no-store"


def test_if_range_never_matches_and_gets_everything(url: str, client: Any) -> None:
    for validator in ('"abc"', 'W/"abc"', "Wed, 21 Oct 2026 07:28:00 GMT"):
        answer = client.get(url, headers={"Range": "bytes=0-9", "If-Range": validator})
        assert (answer.status_code, body_of(answer)) == (200, PDF)
        assert not answer.has_header("ETag") and not answer.has_header("Last-Modified")


def test_head_tells_the_size_of_everything_and_sends_nothing(url: str, client: Any) -> None:
    answer = client.head(url, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer["Content-Length"], answer["Accept-Ranges"]) == (200, "1000", "bytes")
    assert body_of(answer) == b""


def test_an_empty_file_is_sent_as_it_is(archive: Archive, user_of: Any, client: Any) -> None:
    row = archive.add_file("empty", "a.pdf", b"", "application/pdf", index={"branch": "012"})
    client.force_login(user_of("agent"))
    url = f"/communications/{row.public_id}-1/content"
    whole = client.get(url)
    assert (whole.status_code, whole["Content-Length"], body_of(whole)) == (200, "0", b"")
    assert client.get(url, headers={"Range": "bytes=0-"}).status_code == 416
