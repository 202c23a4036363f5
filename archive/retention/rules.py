"""How long something is kept: one pure function, whose inputs are stored beside its result.

Source: model.md §5; requirements R-02, R-06: arithmetic never shortens.
"""

from __future__ import annotations

import calendar
import datetime
from dataclasses import dataclass


class RetentionOverflowError(ValueError):
    """The date would lie beyond the year 9999."""


@dataclass(frozen=True, slots=True)
class RetentionDecision:
    """Until when, and why.

    Units: legal dates in the unit's zone. It is kept through the whole of `retain_until`, in that zone.
    """

    trigger: str
    trigger_on: datetime.date
    cut_off_on: datetime.date
    retain_until: datetime.date


def retain_until(
    issued_on: datetime.date, *, years: int, cut_off: str, fiscal_year_end: str = "12-31"
) -> RetentionDecision:
    """Compute until when a communication is kept: years from the cut-off that follows its issue date.

    Shapes: `cut_off` is none, month, quarter, calendar_year or fiscal_year; `fiscal_year_end` "MM-DD".
    Errors: RetentionOverflowError; ValueError for an unknown cut-off or a negative number of years.
    """
    if years < 0:
        raise ValueError(f"{years} years cannot be a retention period.")
    cut_off_on = cut_off_day(issued_on, cut_off, fiscal_year_end)
    return RetentionDecision("issued", issued_on, cut_off_on, add_years(cut_off_on, years))


def cut_off_day(day: datetime.date, cut_off: str, fiscal_year_end: str = "12-31") -> datetime.date:
    """Return the first cut-off on or after a day.

    Errors: ValueError for an unknown cut-off; RetentionOverflowError.
    """
    if cut_off == "none":
        return day
    if cut_off == "month":
        return _month_end(day.year, day.month)
    if cut_off == "quarter":
        return _month_end(day.year, (day.month + 2) // 3 * 3)
    if cut_off == "calendar_year":
        return datetime.date(day.year, 12, 31)
    if cut_off == "fiscal_year":
        return _fiscal_year_end(day, fiscal_year_end)
    raise ValueError(f"{cut_off!r} is no cut-off. Use none, month, quarter, calendar_year or fiscal_year.")


def add_years(day: datetime.date, years: int) -> datetime.date:
    """Add years; 29 February becomes 1 March where there is none, since an earlier day would shorten.

    Errors: RetentionOverflowError.
    """
    year = day.year + years
    if year > datetime.MAXYEAR:
        raise RetentionOverflowError(f"{day} and {years} years lie beyond the year {datetime.MAXYEAR}.")
    if (day.month, day.day) == (2, 29) and not calendar.isleap(year):
        return datetime.date(year, 3, 1)
    return day.replace(year=year)


def _month_end(year: int, month: int) -> datetime.date:
    return datetime.date(year, month, calendar.monthrange(year, month)[1])


def _fiscal_year_end(day: datetime.date, fiscal_year_end: str) -> datetime.date:
    month, _, last = fiscal_year_end.partition("-")
    for year in (day.year, day.year + 1):
        if year > datetime.MAXYEAR:
            raise RetentionOverflowError(f"The fiscal year of {day} ends beyond the year {datetime.MAXYEAR}.")
        # A fiscal year that ends on 29 February ends on the 28th in other years.
        end = datetime.date(year, int(month), min(int(last), calendar.monthrange(year, int(month))[1]))
        if end >= day:
            return end
    raise AssertionError("a day lies in this fiscal year or the next")
