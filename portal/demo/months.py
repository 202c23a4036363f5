"""Months as plain numbers, counted from year 0: what a plan over two years steps through. Pure."""

from __future__ import annotations

import datetime

DAY = datetime.timedelta(days=1)


def month_of(day: datetime.date) -> int:
    """Return the number of a day's month."""
    return day.year * 12 + day.month - 1


def first_day(month: int) -> datetime.date:
    """Return the first day of a month."""
    return datetime.date(month // 12, month % 12 + 1, 1)


def last_day(month: int) -> datetime.date:
    """Return the last day of a month."""
    return first_day(month + 1) - DAY


def day_in(month: int, number: int) -> datetime.date:
    """Return a day of a month, its last where the month is shorter."""
    return min(first_day(month) + DAY * (number - 1), last_day(month))


def end_of_year_from(day: datetime.date) -> datetime.date:
    """Return the last day of the year that begins with a day."""
    return day_in(month_of(day) + 12, day.day) - DAY


def whole_months_before(day: datetime.date, count: int) -> range:
    """Return the `count` months before the month of a day."""
    month = month_of(day)
    return range(month - count, month)
