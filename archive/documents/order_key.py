"""The order key: 64 bits, the issue day above and a number below, so that key order is issue order."""

from __future__ import annotations

import datetime

NUMBER_BITS = 43
_NUMBER_MASK = (1 << NUMBER_BITS) - 1
LAST_DAY = datetime.date(2870, 12, 31)


def make_order_key(issued_on: datetime.date, number: int) -> int:
    """Put the issue day and an allocated number into one integer.

    Errors: ValueError when the day or the number does not fit.
    """
    if not 0 < number <= _NUMBER_MASK or issued_on > LAST_DAY:
        raise ValueError(f"No order key for {issued_on} and {number}.")
    return (issued_on.toordinal() << NUMBER_BITS) | number


def issue_day(order_key: int) -> datetime.date:
    """Return the issue day of a key."""
    return datetime.date.fromordinal(order_key >> NUMBER_BITS)


def first_key(day: datetime.date) -> int:
    """Return the smallest key of a day: keys of that day and later are equal or greater."""
    return day.toordinal() << NUMBER_BITS


def last_key(day: datetime.date) -> int:
    """Return the greatest key of a day."""
    return first_key(day) | _NUMBER_MASK
