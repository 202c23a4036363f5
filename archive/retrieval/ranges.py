"""HTTP ranges. Pure.

Source: RFC 9110 §14: one range of bytes is answered; several, or other units, are ignored and all is sent.
"""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class RangeNotSatisfiableError(ValueError):
    """The range begins after the end."""


def parse_range(header: str, size_bytes: int) -> tuple[int, int] | None:
    """Return first byte and the one after the last, or None when everything is to be sent.

    Errors: RangeNotSatisfiableError.
    """
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return max(size_bytes - int(last), 0), size_bytes
    start = int(first)
    end = min(int(last) + 1, size_bytes) if last else size_bytes
    if start >= size_bytes or end <= start:
        raise RangeNotSatisfiableError
    return start, end
