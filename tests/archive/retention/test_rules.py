"""Until when something is kept: one pure function of schedules and dates, which never shortens (R-02, R-06)."""

from __future__ import annotations

import calendar
import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archive.retention.rules import RetentionOverflowError, add_years, cut_off_day, retain_until

CUT_OFFS = ("none", "month", "quarter", "calendar_year", "fiscal_year")
DAY = datetime.timedelta(days=1)
date = datetime.date
DATES = st.dates(date(1900, 1, 1), date(9990, 12, 31))
YEARS = st.integers(0, 120)
FISCAL_ENDS = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: day.strftime("%m-%d"))


@given(DATES, YEARS, st.sampled_from(CUT_OFFS), FISCAL_ENDS)
def test_the_result_never_shortens_and_is_the_same_again(issued: date, years: int, cut_off: str, end: str) -> None:
    assume(issued.year + years < 9998)
    found = retain_until(issued, years=years, cut_off=cut_off, fiscal_year_end=end)
    assert found == retain_until(issued, years=years, cut_off=cut_off, fiscal_year_end=end)
    assert (found.trigger, found.trigger_on) == ("issued", issued)
    assert issued <= found.cut_off_on <= found.retain_until
    # As many whole years as promised have gone by since the cut-off, on the last day at the latest.
    assert found.retain_until.year - found.cut_off_on.year == years
    assert (found.retain_until.month, found.retain_until.day) >= (found.cut_off_on.month, found.cut_off_on.day)
    # What is stored beside the result is enough to compute it again.
    assert add_years(found.cut_off_on, years) == found.retain_until
    assert cut_off_day(found.trigger_on, cut_off, end) == found.cut_off_on


@given(DATES, DATES, YEARS, st.sampled_from(CUT_OFFS), FISCAL_ENDS)
def test_a_later_letter_is_not_kept_shorter(one: date, other: date, years: int, cut_off: str, end: str) -> None:
    first, second = sorted((one, other))
    assume(second.year + years < 9998)
    until = [
        retain_until(day, years=years, cut_off=cut_off, fiscal_year_end=end).retain_until for day in (first, second)
    ]
    assert until[0] <= until[1]


@given(DATES, YEARS, st.sampled_from(CUT_OFFS), FISCAL_ENDS)
def test_a_year_more_keeps_longer(issued: date, years: int, cut_off: str, end: str) -> None:
    assume(issued.year + years < 9997)
    less, more = (
        retain_until(issued, years=count, cut_off=cut_off, fiscal_year_end=end).retain_until
        for count in (years, years + 1)
    )
    assert more - less >= datetime.timedelta(days=365)


@given(DATES, st.sampled_from(CUT_OFFS), FISCAL_ENDS)
def test_a_cut_off_is_the_first_of_its_kind_on_or_after_the_day(issued: date, cut_off: str, end: str) -> None:
    found = cut_off_day(issued, cut_off, end)
    longest = {"none": 0, "month": 31, "quarter": 92, "calendar_year": 366, "fiscal_year": 366}[cut_off]
    assert issued <= found <= issued + datetime.timedelta(days=longest)
    assert cut_off_day(found, cut_off, end) == found, "a cut-off day is its own cut-off"
    if cut_off != "none":
        assert cut_off_day(found + DAY, cut_off, end) > found
        assert all(cut_off_day(issued + n * DAY, cut_off, end) == found for n in range((found - issued).days))


@given(DATES)
def test_cut_offs_nest(issued: date) -> None:
    month, quarter, year = (cut_off_day(issued, kind) for kind in ("month", "quarter", "calendar_year"))
    assert issued <= month <= quarter <= year == date(issued.year, 12, 31)
    assert (month + DAY).day == 1 and (quarter + DAY).day == 1 and quarter.month in (3, 6, 9, 12)
    assert cut_off_day(issued, "fiscal_year", "12-31") == year


@pytest.mark.parametrize(
    ("issued", "years", "cut_off", "end", "expected"),
    [
        # 29 February: a day earlier would shorten.
        ("2024-02-29", 7, "none", "12-31", "2031-03-01"),
        ("2024-02-29", 4, "none", "12-31", "2028-02-29"),
        ("2024-02-29", 0, "none", "12-31", "2024-02-29"),
        ("2024-02-10", 1, "month", "12-31", "2025-03-01"),
        ("2096-02-29", 4, "none", "12-31", "2100-03-01"),
        ("1996-02-29", 4, "none", "12-31", "2000-02-29"),
        # Ends of months and quarters.
        ("2023-02-01", 1, "month", "12-31", "2024-02-28"),
        ("2026-01-31", 1, "month", "12-31", "2027-01-31"),
        ("2026-04-01", 1, "month", "12-31", "2027-04-30"),
        ("2026-01-01", 2, "quarter", "12-31", "2028-03-31"),
        ("2026-03-31", 2, "quarter", "12-31", "2028-03-31"),
        ("2026-04-01", 2, "quarter", "12-31", "2028-06-30"),
        ("2026-12-31", 2, "quarter", "12-31", "2028-12-31"),
        # Calendar years.
        ("2026-01-01", 10, "calendar_year", "12-31", "2036-12-31"),
        ("2026-12-31", 10, "calendar_year", "12-31", "2036-12-31"),
        # Fiscal years.
        ("2026-06-30", 6, "fiscal_year", "06-30", "2032-06-30"),
        ("2026-07-01", 6, "fiscal_year", "06-30", "2033-06-30"),
        ("2026-03-31", 6, "fiscal_year", "03-31", "2032-03-31"),
        ("2026-04-01", 6, "fiscal_year", "03-31", "2033-03-31"),
        ("2026-02-28", 1, "fiscal_year", "02-29", "2027-02-28"),
        ("2026-03-01", 1, "fiscal_year", "02-29", "2028-02-28"),
        ("2028-02-29", 1, "fiscal_year", "02-29", "2029-03-01"),
        ("2028-02-29", 1, "fiscal_year", "02-28", "2030-02-28"),
        ("2026-10-01", 1, "fiscal_year", "09-30", "2028-09-30"),
        # Years that calendars and clocks have trouble with.
        ("2037-12-31", 1, "none", "12-31", "2038-12-31"),
        ("2038-01-19", 1, "none", "12-31", "2039-01-19"),
        ("2099-06-15", 1, "calendar_year", "12-31", "2100-12-31"),
        ("9999-12-31", 0, "calendar_year", "12-31", "9999-12-31"),
    ],
)
def test_dates_that_must_come_out(issued: str, years: int, cut_off: str, end: str, expected: str) -> None:
    found = retain_until(date.fromisoformat(issued), years=years, cut_off=cut_off, fiscal_year_end=end)
    assert found.retain_until.isoformat() == expected


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC", "Europe/Berlin", "Pacific/Pago_Pago"])
def test_seven_years_from_29_february_are_over_in_every_zone_before_the_end_of_the_day(zone: str) -> None:
    """The whole of `retain_until` is kept, in the unit's zone: also where the day begins last."""
    until = retain_until(date(2024, 2, 29), years=7, cut_off="none").retain_until
    end = datetime.datetime.combine(until + DAY, datetime.time.min, ZoneInfo(zone))
    assert end >= datetime.datetime(2031, 3, 1, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize("cut_off", CUT_OFFS)
@pytest.mark.parametrize("years", [1, 100, 9_999, 10**9, 2**63])
def test_a_year_beyond_9999_is_refused_and_not_wrapped(cut_off: str, years: int) -> None:
    with pytest.raises(RetentionOverflowError, match="9999"):
        retain_until(date(9999, 5, 31), years=years, cut_off=cut_off)


def test_a_fiscal_year_that_ends_beyond_9999_is_refused() -> None:
    with pytest.raises(RetentionOverflowError, match="9999"):
        retain_until(date(9999, 7, 1), years=0, cut_off="fiscal_year", fiscal_year_end="06-30")


@pytest.mark.parametrize("years", [-1, -10_000])
def test_fewer_than_no_years_are_refused(years: int) -> None:
    with pytest.raises(ValueError, match="cannot be a retention period"):
        retain_until(date(2026, 1, 1), years=years, cut_off="none")


@pytest.mark.parametrize("cut_off", ["", "week", "NONE", "fiscal"])
def test_an_unknown_cut_off_is_refused_with_those_there_are(cut_off: str) -> None:
    with pytest.raises(ValueError, match="fiscal_year"):
        retain_until(date(2026, 1, 1), years=1, cut_off=cut_off)


@given(DATES, st.integers(0, 400))
def test_years_are_added_on_the_calendar(day: date, years: int) -> None:
    assume(day.year + years <= 9999)
    found = add_years(day, years)
    if (day.month, day.day) == (2, 29) and not calendar.isleap(day.year + years):
        assert found == date(day.year + years, 3, 1)
    else:
        assert found == day.replace(year=day.year + years)
