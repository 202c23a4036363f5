"""Which PDFs the viewer may fetch by ranges alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archive.retrieval.pdf_layout import is_compact


def reading(data: bytes, asked: list[tuple[int, int]] | None = None) -> Callable[[int, int], bytes]:
    """Return a function that reads ranges and remembers which."""

    def read(start: int, end: int) -> bytes:
        assert 0 <= start <= end <= len(data)
        if asked is not None:
            asked.append((start, end))
        return data[start:end]

    return read


def pdf(cross_reference: bytes, *, padding: int = 50_000) -> bytes:
    """Return the outline of a PDF that ends with a cross-reference."""
    body = b"%PDF-1.7\n" + b"x" * padding + b"\n"
    return body + cross_reference + b"\nstartxref\n%d\n%%%%EOF\n" % len(body)


@pytest.mark.parametrize(
    ("data", "compact"),
    [
        (pdf(b"12 0 obj\n<< /Type /XRef /W [1 3 1] >>\nstream\nendstream"), True),
        (pdf(b"  12 0 obj << /Type /XRef >>"), True),
        (pdf(b"xref\n0 1\n0000000000 65535 f\ntrailer << >>"), False),
        (b"%PDF-1.4\nstartxref\n999999999\n%%EOF", False),
        (b"%PDF-1.4\nstartxref\n0\n%%EOF", False),
        (b"%PDF-1.4\nstartxref\n" + b"9" * 40 + b"\n%%EOF", False),
        (b"no PDF at all", False),
        (b"", False),
    ],
)
def test_a_cross_reference_stream_makes_a_file_compact(data: bytes, compact: bool) -> None:
    assert is_compact(reading(data), len(data)) is compact


def test_the_last_of_several_revisions_counts() -> None:
    first = pdf(b"xref\n0 1\ntrailer << >>")
    data = first + b"7 0 obj << /Type /XRef >>\nstartxref\n%d\n%%%%EOF" % len(first)
    assert is_compact(reading(data), len(data))


def test_only_a_little_is_read() -> None:
    data = pdf(b"12 0 obj << /Type /XRef >>", padding=5_000_000)
    asked: list[tuple[int, int]] = []
    is_compact(reading(data, asked), len(data))
    assert len(asked) == 2 and sum(end - start for start, end in asked) < 2_000
