"""When packs expire and how long they are locked. Pure.

Source: model.md §4: the grouping is a placement hint, the truth is `retain_until` of each communication.
"""

from __future__ import annotations

import datetime

ROLLING_DAYS = 7
FULL_PACK_BYTES = 64 * 1024 * 1024
ROLLING_MONTHS_AS_DAYS = 365


def expiry_bucket(retain_until: datetime.date, granularity: str) -> str:
    """Return the bucket of a date: "2036", "2036Q4", "2036-12", or "open" for schedules that wait for an event.

    Errors: ValueError for a granularity that is none of year, quarter, month, open.
    """
    if granularity == "year":
        return f"{retain_until.year}"
    if granularity == "quarter":
        return f"{retain_until.year}Q{(retain_until.month + 2) // 3}"
    if granularity == "month":
        return f"{retain_until.year}-{retain_until.month:02}"
    if granularity == "open":
        return "open"
    raise ValueError(f"{granularity!r} is no bucket. Use year, quarter, month or open.")


def lock_until(
    *, lock_mode: str, latest_retain_until: datetime.date, size_bytes: int, today: datetime.date
) -> datetime.date:
    """Return until when a pack is locked: small ones for a week, until they are merged; others by their lock mode."""
    if size_bytes < FULL_PACK_BYTES:
        return today + datetime.timedelta(days=ROLLING_DAYS)
    if lock_mode == "full":
        return latest_retain_until
    return today + datetime.timedelta(days=ROLLING_MONTHS_AS_DAYS)


def renewed_lock(*, lock_mode: str, size_bytes: int, today: datetime.date) -> datetime.date | None:
    """Return until when a rolling lock is renewed today; nothing for a large pack that is locked to its end."""
    if lock_mode == "full" and size_bytes >= FULL_PACK_BYTES:
        return None
    return lock_until(lock_mode=lock_mode, latest_retain_until=today, size_bytes=size_bytes, today=today)
