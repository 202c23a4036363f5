"""CSV that no spreadsheet executes and no control character breaks. Pure.

Source: RFC 4180; OWASP ASVS 5.0 1.2.10; requirements E-12, E-13.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\x00", "\n")


def neutral(value: object) -> str:
    """Return a cell's text: a beginning that a spreadsheet would execute gets an apostrophe before it.

    Shapes: control characters become their escapes, lone surrogates the replacement character. Bytes are UTF-8 text
    that is hashed elsewhere, so nothing inside it is changed.
    """
    if isinstance(value, bytes):
        text = value.decode()
        return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
    text = "" if value is None else str(value)
    risky = text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)
    return f"'{text}" if risky else text


def csv_rows(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yield a CSV file piece by piece: UTF-8, comma, CRLF."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    for number, row in enumerate(rows, 1):
        writer.writerow([neutral(cell) for cell in row])
        if number % 200 == 0:
            yield _take(buffer)
    yield _take(buffer)


def _take(buffer: io.StringIO) -> bytes:
    data = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return data
