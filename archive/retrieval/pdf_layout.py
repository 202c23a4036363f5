"""How a large PDF is laid out, which decides how the viewer fetches it. Pure.

Where the cross-reference is a stream, page objects lie together in object streams: page 900 needs a few ranges, and no
byte more should be sent. Elsewhere they lie all over the file, and asking for each is slower than letting it stream.
Source: ISO 32000-1 §7.5.5 (trailer), §7.5.7 (object streams), §7.5.8 (cross-reference streams).
"""

from __future__ import annotations

import re
from collections.abc import Callable

TAIL_BYTES = 1_024
HEAD_BYTES = 64
_START = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
_OBJECT = re.compile(rb"\s*\d{1,10}\s+\d{1,5}\s+obj\b")


def is_compact(read: Callable[[int, int], bytes], size_bytes: int) -> bool:
    """Tell whether a PDF's cross-reference is a stream; False for what cannot be told.

    Shapes: `read` takes (start, end) and returns those bytes; it is called at most twice, for little.
    Errors: those of `read`.
    """
    found = _START.findall(read(max(0, size_bytes - TAIL_BYTES), size_bytes))
    if not found:
        return False
    start = int(found[-1])
    if not 0 < start < size_bytes:
        return False
    return _OBJECT.match(read(start, min(start + HEAD_BYTES, size_bytes))) is not None
