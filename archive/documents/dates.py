"""Dates in queries: a year, a month or a day, each meaning its whole range. Pure."""

from __future__ import annotations

import calendar
import datetime
import re

from django.utils.translation import gettext as _

from archive.query import Comparison, QueryError

_FORM = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
FIRST_DAY = datetime.date(1, 1, 1)
LAST_DAY = datetime.date(2870, 12, 31)

Days = tuple[datetime.date, datetime.date]


def day_range(text: str, comparison: Comparison) -> Days:
    """Return the first and last day that a written date means.

    Errors: QueryError says whether the form or the day is wrong, and what would be right.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        message = _('"%(text)s" is not a date. Write 2026, 2026-02 or 2026-02-28.')
        raise QueryError(message % {"text": text[:40]}, *comparison.span)
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    if not 1 <= year <= LAST_DAY.year or (month is not None and not 1 <= month <= 12):
        raise QueryError(
            _("%(text)s does not exist. Write a date such as 2026-02-28.") % {"text": text}, *comparison.span
        )
    if month is None:
        return datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    last = calendar.monthrange(year, month)[1]
    if day is None:
        return datetime.date(year, month, 1), datetime.date(year, month, last)
    if not 1 <= day <= last:
        right = datetime.date(year, month, last).isoformat()
        message = _("%(text)s does not exist. Enter a date such as %(right)s.")
        raise QueryError(message % {"text": text, "right": right}, *comparison.span, right)
    return datetime.date(year, month, day), datetime.date(year, month, day)


def days_of(comparison: Comparison) -> list[Days]:
    """Return the ranges of days that a comparison means, first and last included; an impossible one is empty.

    Errors: QueryError.
    """
    op, values = comparison.op, comparison.values
    if op == "in":
        return [day_range(value, comparison) for value in values]
    if op == "range":
        first = day_range(values[0], comparison)[0] if values[0] else FIRST_DAY
        last = day_range(values[1], comparison)[1] if values[1] else LAST_DAY
        if first > last:
            message = _("The first date, %(first)s, is after the last, %(last)s. Exchange them.")
            raise QueryError(message % {"first": values[0], "last": values[1]}, *comparison.span)
        return [(first, last)]
    start, end = day_range(values[0], comparison)
    one = datetime.timedelta(days=1)
    if op == "<":
        if start == FIRST_DAY:
            raise QueryError(_("Nothing lies before %(day)s.") % {"day": values[0]}, *comparison.span)
        return [(FIRST_DAY, start - one)]
    if op == "<=":
        return [(FIRST_DAY, end)]
    return [(end + one if op == ">" else start, LAST_DAY)]
