"""HTTP ranges. Pure.

Source: RFC 9110 §14: one range of bytes is answered; several, or other units, are ignored and all is sent. A range
that holds no byte of the document, such as the last none of it, cannot be satisfied.
"""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


class RangeNotSatisfiableError(ValueError):
    """The range holds no byte: it begins after the end, or is empty."""


def parse_range(header: str, size_bytes: int) -> tuple[int, int] | None:
    """Return first byte and the one after the last, or None when everything is to be sent.

    Errors: RangeNotSatisfiableError.
    """
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if first:
        start, end = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    else:
        start, end = max(size_bytes - int(last), 0), size_bytes
    if end <= start:
        raise RangeNotSatisfiableError
    return start, end
