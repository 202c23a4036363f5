"""How many pages a TIFF has. Pure.

Source: TIFF 6.0 §2 (header, a chain of directories); BigTIFF for files with 64-bit offsets.
"""

from __future__ import annotations

import struct

MOST_PAGES = 10_000
_ORDERS = {b"II": "<", b"MM": ">"}


def count_pages(payload: bytes) -> int:
    """Return the number of pages; 0 for what is no TIFF, and those before the break where the chain is broken."""
    order = _ORDERS.get(payload[:2])
    if order is None or len(payload) < 8:
        return 0
    (version,) = struct.unpack_from(f"{order}H", payload, 2)
    if version not in (42, 43):
        return 0
    count_form, entry, offset_form, first = ("H", 12, "I", 4) if version == 42 else ("Q", 20, "Q", 8)
    seen: set[int] = set()
    at = first
    while len(seen) < MOST_PAGES:
        try:
            (place,) = struct.unpack_from(f"{order}{offset_form}", payload, at)
            (entries,) = struct.unpack_from(f"{order}{count_form}", payload, place)
        except struct.error:
            break
        if not place or place in seen:
            break
        seen.add(place)
        at = place + struct.calcsize(f"{order}{count_form}") + entries * entry
    return len(seen)
